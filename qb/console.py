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
def in_sentences() -> Iterator[None]:
    """End the program in a sentence, with 1, where the work within cannot be done."""
    try:
        if sys.stdout is None:
            raise QbError("标准输出是关着的，结果无处可写。请接到终端或文件后再运行。")
        yield
        sys.stdout.flush()
    except DataError as error:
        from qb.data.checks import refusal

        sys.exit(plain(f"错误：{refusal(error)}"))
    except QbError as error:
        sys.exit(plain(f"错误：{error}"))
    except KeyboardInterrupt:
        sys.exit("已中断。已完成的部分都保留；再次运行同一命令，从停下的地方继续。")
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        place = f"（{plain(str(error.filename or '输出'))}）"
        sys.exit(f"错误：{why(error)}{place}。{REMEDIES.get(error.errno, '请检查磁盘空间与权限。')}")
    except MemoryError:
        sys.exit("错误：内存不足，没有写出结果。请关闭其他程序，或分县区处理后再运行。")
    except ImportError as error:  # where there are too few handles or there is no memory for a library
        sys.exit(
            f"错误：不能装载程序的一部分（{plain(str(error))}）。"
            "请检查内存和可打开文件数的限制；都够用时，请重新安装 qb。"
        )


REMEDIES = {
    errno.EMFILE: "请提高限额（ulimit -n），或减少同时运行的进程（--jobs）。",
    errno.ENFILE: "请关闭其他程序后再运行。",
    errno.ENOMEM: "请关闭其他程序后再运行。",
    errno.ENOENT: "请检查路径；当前文件夹可能已被删去，请换一个文件夹运行。",
}
