"""What any process must bear: being told to stop, readers that go away, terminals that lack letters."""

from __future__ import annotations

import codecs
import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from types import FrameType
from typing import Any

STOPPING = ("SIGTERM", "SIGHUP")
"""Signals by which other programs end this one: `kill`, `timeout`, a container, a terminal that closes."""

PLAIN = dict(zip("−–—─│•×", "----|*x", strict=True)) | {"…": "...", "≥": ">=", "≤": "<="}
"""How letters of ours are written where the terminal's encoding has none of them; a minus sign must never be lost."""


class Stopped(KeyboardInterrupt):
    """A signal told the process to stop; it ends the work as Ctrl-C does."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextmanager
def stopping_in_order() -> Iterator[None]:
    """Let other programs' signals end the work as Ctrl-C does, so that a run folder says `interrupted`.

    A signal that was set to be ignored, as by nohup, stays ignored.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in STOPPING if hasattr(signal, name)):
            if signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(number)


@contextmanager
def output_kept() -> Iterator[None]:
    """Have what parts print go to stderr, so that it spoils nothing that another program reads."""
    with redirect_stdout(sys.stderr):
        yield


def reader_left(end: SystemExit, output: object) -> bool:
    """Whether the program ends because what it printed to `output` has no reader any more, as after `| head`."""
    cause = end.__context__
    by_rich = isinstance(cause, OSError) and cause.errno == errno.EPIPE
    by_click = sys.stdout is not output  # which puts another in its place, to keep Python quiet at its end
    return by_rich or by_click


def speak_plainly() -> None:
    """Have letters that the terminal's encoding lacks written as near ones, rather than fail at the end of a run."""
    codecs.register_error("fw.plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and not (stream.encoding or "").lower().startswith("utf"):
            reconfigure(errors="fw.plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


def leave_output() -> None:
    """Give up output that cannot be written, so that Python does not try once more at its end and complain."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            _to_nowhere(stream)


def _to_nowhere(stream: Any) -> None:
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError, AttributeError):
        return
