"""The terminal's side of the command line: streams, signals, and every ending in a sentence."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from qb.errors import DataError, QbError, plain, why
from qb.language import Lang, Message, say, told


class Console(io.TextIOWrapper):
    """A stream in UTF-8, whatever the console's code page, to which no control character from data goes.

    Attributes
    ----------
    terminal : TextIO
        The stream itself, for what moves the cursor on purpose.
    """

    def __init__(self, terminal: io.TextIOWrapper) -> None:
        terminal.flush()
        buffered = {"line_buffering": terminal.line_buffering, "write_through": terminal.write_through}
        super().__init__(terminal.buffer, encoding="utf-8", errors="backslashreplace", **buffered)
        self.terminal = terminal

    def write(self, text: str) -> int:
        """Write a text; in a JSON document the numbers of characters stand for themselves all the same."""
        super().write(plain(text))
        return len(text)


@contextmanager
def console() -> Iterator[None]:
    """Print plainly, end in good order with the terminal, and let no file take a closed stream's place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free is this one
    before = sys.stdout, sys.stderr
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115  for as long as the process
    for name in ("stdout", "stderr"):
        if isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            setattr(sys, name, Console(stream))
    endings = [getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name)]
    mine = threading.current_thread() is threading.main_thread()
    heard = {one: signal.getsignal(one) for one in endings if mine}
    for one, handler in heard.items():
        if handler is signal.SIG_DFL:  # not under nohup
            signal.signal(one, signal.default_int_handler)
    try:
        yield
    finally:
        for one, handler in heard.items():
            signal.signal(one, handler)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, Console):
                with suppress(OSError, ValueError):
                    stream.flush()
                stream.detach()
        sys.stdout, sys.stderr = before


@contextmanager
def in_sentences(lang: Lang = "zh") -> Iterator[None]:
    """End the program in a sentence, with 1, where the work within cannot be done."""
    try:
        if sys.stdout is None:
            raise QbError(
                "标准输出是关着的，结果无处可写。请接到终端或文件后再运行。",
                "The standard output is closed, so there is nowhere to write. Connect it to a terminal or a file.",
            )
        yield
        sys.stdout.flush()
    except DataError as error:
        from qb.data.checks import line

        sys.exit(plain(told(Message("错误：{}", "Error: {}", error.with_lines(line)), lang)))
    except QbError as error:
        sys.exit(plain(told(Message("错误：{}", "Error: {}", error), lang)))
    except KeyboardInterrupt:
        zh = "已中断。已完成的部分都保留；再次运行同一命令，从停下的地方继续。"
        sys.exit(
            say(lang, zh, "Stopped. What is done is kept; run the same command again to go on from here.")
        )
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        place = Message("（{}）", " ({})", plain(str(error.filename or say(lang, "输出", "output"))))
        usual = Message("请检查磁盘空间与权限。", "Check the space on the disk and the permissions.")
        remedy = REMEDIES.get(error.errno, usual)
        sys.exit(told(Message("错误：{}{}。{}", "Error: {}{}. {}", why(error), place, remedy), lang))
    except MemoryError:
        zh = "错误：内存不足，没有写出结果。请关闭其他程序，或分县区处理后再运行。"
        en = "Error: not enough memory; no result was written. Close other programs, or work district by district."
        sys.exit(say(lang, zh, en))
    except ImportError as error:  # where there are too few handles or there is no memory for a library
        said = Message(
            "错误：不能装载程序的一部分（{}）。请检查内存和可打开文件数的限制；都够用时，请重新安装 qb。",
            "Error: a part of the program cannot be loaded ({}). Check the limits of memory and open files; if they are enough, install qb again.",
            plain(str(error)),
        )
        sys.exit(told(said, lang))


REMEDIES = {
    errno.EMFILE: Message(
        "请提高限额（ulimit -n），或减少同时运行的进程（--jobs）。",
        "Raise the limit (ulimit -n), or run fewer processes (--jobs).",
    ),
    errno.ENFILE: Message("请关闭其他程序后再运行。", "Close other programs and run it again."),
    errno.ENOMEM: Message("请关闭其他程序后再运行。", "Close other programs and run it again."),
    errno.ENOENT: Message(
        "请检查路径；当前文件夹可能已被删去，请换一个文件夹运行。",
        "Check the path; the working folder may have been deleted: run it in another.",
    ),
}
