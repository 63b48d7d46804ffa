"""How a long command ends before its time: at Ctrl-C, when it is told to, when its terminal closes; and what libraries below may say."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

_STDERR = 2
_TOLD_TO_END = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_like_ctrl_c() -> Iterator[threading.Event]:
    """SIGTERM and a closed terminal end what runs within as Ctrl-C does; the event tells that one of them did.

    While a library below Python is at work, Python's own handlers wait for it; SIGINT alone does it look for.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    heard, told = socket.socketpair()
    told.setblocking(False)
    before = {number: signal.signal(number, _wait) for number in _TOLD_TO_END if signal.getsignal(number) is not signal.SIG_IGN}
    woken = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_pass_on, args=(heard, asked), daemon=True).start()
    try:
        yield asked
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        told.close()


def ignore_ctrl_c() -> None:
    """From here on the command is ending anyway."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def own_words_only() -> Iterator[None]:
    """Keeps from standard error what libraries below Python write there: when one breaks it may repeat what cells hold."""
    try:
        own = os.dup(_STDERR)
    except OSError:  # standard error is closed: no file of ours may get its number
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDERR)
        yield
        return
    with open(own, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False) as words, open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), _STDERR)
        try:
            with redirect_stderr(words if _is_standard() else sys.stderr):
                yield
        finally:
            os.dup2(own, _STDERR)
            os.close(own)


def _is_standard() -> bool:
    """Whether words go to the standard error of the process."""
    try:
        return sys.stderr is not None and sys.stderr.fileno() == _STDERR
    except OSError:
        return False


def _wait(*_: object) -> None:
    """The signal is passed on by the thread that hears it."""


def _pass_on(heard: socket.socket, asked: threading.Event) -> None:
    with heard:
        while number := heard.recv(1):
            if number[0] in (signal.SIGINT, *_TOLD_TO_END):
                asked.set()
            if number[0] in _TOLD_TO_END:
                os.kill(os.getpid(), signal.SIGINT)
