"""One writer of a series at a time, whatever process it is in; a writer that dies lets go."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from fw.errors import DataError

NAME = ".lock"
PAUSE = 0.02
"""Seconds between two tries."""


class Locks:
    """The locks one store holds. Mutable: a lock taken twice in one thread is taken once."""

    def __init__(self, patience: float, waiting: Callable[[str], None] | None = None) -> None:
        """`patience` in seconds; `waiting` is told once that, and for whom, it waits."""
        self._patience = patience
        self._waiting = waiting
        self._held = threading.local()

    @contextmanager
    def hold(self, folder: Path, what: str) -> Iterator[bool]:
        """Hold the folder's lock, and say whether that is new; DataError where another does not let go of it."""
        held: set[Path] = self._held.__dict__.setdefault("folders", set())
        if folder in held:
            yield False
            return
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / NAME).open("a+b") as file:
            self._take(file, what)
            held.add(folder)
            try:
                yield True
            finally:
                held.discard(folder)
                _let_go(file)

    def _take(self, file: IO[bytes], what: str) -> None:
        until = time.monotonic() + self._patience
        told = False
        while not _try(file):
            if not told and self._waiting is not None:
                self._waiting(f"{what} is being written by {_holder(file)}; waiting for it")
            told = True
            if time.monotonic() >= until:
                raise DataError(
                    f"{what} is still being written by {_holder(file)} after {self._patience:g} s; "
                    "try again when it has ended"
                )
            time.sleep(PAUSE)
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()


def _holder(file: IO[bytes]) -> str:
    file.seek(0)
    number = file.read(20).decode(errors="replace")
    return f"process {number}" if number and number != str(os.getpid()) else "another part of this program"


if os.name == "nt":
    import msvcrt

    FAR = 1 << 30  # the bytes locked must not be those that others read

    def _try(file: IO[bytes]) -> bool:
        file.seek(FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True

    def _let_go(file: IO[bytes]) -> None:
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]

else:
    import fcntl

    def _try(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _let_go(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
