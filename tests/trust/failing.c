/* A layer under the C library's calls on files: those in one folder are counted, and the n-th fails or is cut.

   qb_arm(folder, n, error, lasting): the n-th call fails with this error, and all after it where it lasts;
   an error of 0 cuts instead: half of what was to be written is written, and the process is killed.
   Loaded before the C library (LD_PRELOAD). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[4096];
static long at, seen;
static int error_number, lasts;

void qb_arm(const char *name, long n, int error, int lasting) {
    snprintf(folder, sizeof folder, "%s", name);
    at = n;
    seen = 0;
    error_number = error;
    lasts = lasting;
}

long qb_seen(void) { return seen; }

static int is_path(const char *path) { return folder[0] && path && !strncmp(path, folder, strlen(folder)); }

static int is_descriptor(int number) {
    char link[64], path[4096];
    if (!folder[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", number);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_path(path);
}

static int fails(void) {
    seen++;
    if (!at || seen < at || (seen > at && !lasts)) return 0;
    if (!error_number) kill(getpid(), SIGKILL);
    errno = error_number;
    return 1;
}

static int cuts(void) { return at && !error_number && seen + 1 == at; }

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = dlsym(RTLD_NEXT, #name)

#define OPEN(name, last, ...) \
    int name(__VA_ARGS__, int flags, ...) { \
        REAL(name); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && is_path(path) && fails()) return -1; \
        return last; \
    }

OPEN(open, real(path, flags, mode), const char *path)
OPEN(open64, real(path, flags, mode), const char *path)
OPEN(openat, real(at_folder, path, flags, mode), int at_folder, const char *path)
OPEN(openat64, real(at_folder, path, flags, mode), int at_folder, const char *path)

ssize_t write(int number, const void *bytes, size_t count) {
    REAL(write);
    if (is_descriptor(number)) {
        if (cuts()) real(number, bytes, count / 2);
        if (fails()) return -1;
    }
    return real(number, bytes, count);
}

ssize_t writev(int number, const struct iovec *parts, int count) {
    REAL(writev);
    return is_descriptor(number) && fails() ? -1 : real(number, parts, count);
}

ssize_t pwrite64(int number, const void *bytes, size_t count, off64_t place) {
    REAL(pwrite64);
    return is_descriptor(number) && fails() ? -1 : real(number, bytes, count, place);
}

#define ON_DESCRIPTOR(name) \
    int name(int number) { \
        REAL(name); \
        return is_descriptor(number) && fails() ? -1 : real(number); \
    }

ON_DESCRIPTOR(fsync)
ON_DESCRIPTOR(fdatasync)

int rename(const char *from, const char *to) {
    REAL(rename);
    return is_path(to) && fails() ? -1 : real(from, to);
}

int renameat2(int one, const char *from, int other, const char *to, unsigned flags) {
    REAL(renameat2);
    return is_path(to) && fails() ? -1 : real(one, from, other, to, flags);
}

int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    return is_path(path) && fails() ? -1 : real(path, mode);
}
