"""The journal of an account: what a run was told and what it did, a line at a time; all of its state is what they give.

A line that tells something is on its way to disk before anything is made of it. A run that begins again is told all of
it once more, does the same, and is heard to do so: only then is anything appended.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from fw.domain.event import Event, Submitted
from fw.domain.time import format_time
from fw.engine.lines import DONE, HEARD, event_of, line_of, object_of, plain_event
from fw.errors import DataError, RunRefused

NAME = "journal.jsonl"
SHOWN = 5
"""Differences of one kind that are told one by one."""


class Journal:
    """One account's journal, to be replayed and then appended to. Mutable: it is where a run stands in it.

    Opened `only_to_read` it takes no lock, changes nothing, and gathers in `differences` what is done otherwise now;
    else the first difference is a DataError.
    """

    kinds = tuple(DONE.values())
    """What it keeps of what a run does."""

    def __init__(self, folder: Path, *, only_to_read: bool = False) -> None:
        self.file = folder / NAME
        self.differences: list[str] = []
        self.only_to_read = only_to_read
        self._descriptor = -1
        self._expected: list[bytes] = []
        self._met = 0
        self._at_end = False
        self._now = 0
        if not only_to_read:
            self._descriptor = _opened_alone(self.file)
        self._lines = _Lines(self.file, self._descriptor)
        self.head: Mapping[str, Any] | None = None
        """What the account began with; None: nothing has been written yet, or nothing whole."""
        first = next(self._lines, None)
        if first is not None:
            self.head = first[0]
            if self.head.get("event") != "begin":
                raise DataError(
                    f"{self.file} does not begin as a journal does; it is not one, or its beginning is lost"
                )

    def begin(self, head: Mapping[str, Any]) -> None:
        """Write down what a new account begins with."""
        self._write(line_of({"event": "begin", **head}))
        _on_disk(self._descriptor)
        self.head, _ = next(self._lines)

    def replayed(self) -> Iterator[tuple[Event, int]]:
        """Everything that the run was told, and when it heard of it (ns); what it does at each is compared."""
        told: dict[str, Any] | None = None
        for said, line in self._lines:
            if said["event"] in DONE:
                self._expected.append(line)
                continue
            if told is not None:
                yield event_of(told), self._heard(told)
                self._compare_rest()
            told, self._expected, self._met = said, [], 0
        self._at_end = True
        if told is not None:
            yield event_of(told), self._heard(told)
            self._compare_rest()

    def _heard(self, said: Mapping[str, Any]) -> int:
        self._now = int(said["now"])
        return self._now

    def hear(self, event: Event, now: int) -> None:
        """Write down what the run is told next."""
        self._expected, self._met, self._now = [], 0, now
        self._write(line_of({**plain_event(event), "now": now}))

    @property
    def is_new(self) -> bool:
        """Whether what the run does now was never done before; else it is only told again."""
        return self._at_end and not self.only_to_read and self._met >= len(self._expected)

    def put(self, event: Event) -> None:
        """Write down what the run does; where it has done so before, only see that it is the same.

        An order is on disk when this returns: only then may it be sent.
        """
        line = line_of(plain_event(event))
        if self._met < len(self._expected):
            if line != self._expected[self._met]:
                self._differs(self._expected[self._met], line)
            self._met += 1
        elif not self._at_end:
            self._differs(None, line)
        elif not self.only_to_read:
            self._write(line)
            if isinstance(event, Submitted):
                _on_disk(self._descriptor)

    def _compare_rest(self) -> None:
        for line in self._expected[self._met :]:
            self._differs(line, None)
        self._met = len(self._expected)

    def _differs(self, before: bytes | None, now: bytes | None) -> None:
        said = _difference(before, now, self._now)
        if not self.only_to_read:
            raise DataError(
                f"{self.file} gives other decisions now than when it was written: {said}. The strategy, a plugin or "
                "the program has changed; bring back what it was, or begin a new account under another name"
            )
        self.differences.append(said)

    def _write(self, line: bytes) -> None:
        written = 0
        try:
            while written < len(line):
                written += os.write(self._descriptor, line[written:])
        except OSError as error:
            error.filename = str(self.file)  # what is torn now is dropped when it is opened again
            raise

    def sync(self) -> None:
        """Have all of it on disk."""
        if self._descriptor >= 0:
            _on_disk(self._descriptor)

    def close(self) -> None:
        """Let it go; another process may then take it."""
        self._lines.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def told(self) -> list[str]:
        """The first differences, in sentences."""
        more = len(self.differences) - SHOWN
        return [*self.differences[:SHOWN], *([f"and {more} more"] if more > 0 else [])]


class _Lines:
    """The whole lines of a journal with their objects; a torn last one is dropped. An iterator, so it is mutable."""

    def __init__(self, file: Path, descriptor: int) -> None:
        self._path, self._descriptor = file, descriptor
        self._file = file.open("rb")
        self._number = 0
        self._end = 0

    def __iter__(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        return self

    def __next__(self) -> tuple[dict[str, Any], bytes]:
        line = self._file.readline()
        if not line:
            raise StopIteration
        self._number += 1
        try:
            said = object_of(line)
            if said["event"] != "begin" and said["event"] not in HEARD and said["event"] not in DONE:
                raise ValueError(f"it tells of {said['event']!r}, which this version of fw does not know")
        except (ValueError, KeyError) as problem:
            if self._file.read(1) or line.endswith(b"\n"):
                raise DataError(f"{self._path}, line {self._number}, is damaged: {problem}; restore it") from None
            if self._descriptor >= 0:  # the process was killed while it wrote; nothing was made of this line yet
                os.ftruncate(self._descriptor, self._end)
                self._file.seek(self._end)
                self._number -= 1
            raise StopIteration from None
        self._end += len(line)
        return said, line

    def close(self) -> None:
        self._file.close()


def _opened_alone(file: Path) -> int:
    """A descriptor that appends, under a lock that ends with the process; RunRefused where another one has it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        _lock(descriptor)
    except OSError:
        os.close(descriptor)
        raise RunRefused(
            f"another run uses the account {file.parent.name}: end it first, or give this file another `name`"
        ) from None
    return descriptor


def _lock(descriptor: int) -> None:
    """Lock an open file for this process; OSError where another one has it."""
    try:
        import fcntl
    except ImportError:  # not a Unix
        windows: Any = import_module("msvcrt")
        windows.locking(descriptor, windows.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_on_disk = getattr(os, "fdatasync", os.fsync)
"""Returns when what was written to a descriptor is on disk; not every system has the cheaper one."""


def _difference(before: bytes | None, now: bytes | None, heard: int) -> str:
    """How what was done differs, in one sentence."""
    old, new = (None if line is None else object_of(line) for line in (before, now))
    either = old if old is not None else new
    assert either is not None
    moment = format_time(int(either.get("time", heard)))
    if old is None or new is None:
        there, gone = ("in the journal", "not now") if new is None else ("now", "not in the journal")
        return f"{_named(either)} at {moment} is {there} and {gone}"
    if old["event"] != new["event"]:
        return f"{_named(old)} at {moment} is {_named(new)} now"
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    changed = ", ".join(f"{name} was {old.get(name)!r} and is {new.get(name)!r}" for name in names)
    return f"{_named(old)} at {moment}: {changed}"


def _named(said: Mapping[str, Any]) -> str:
    """What a line tells of, as `signal of BTCUSDT`."""
    of = said.get("instrument") or said.get("order", {}).get("instrument")
    return f"{said['event']} of {of}" if of else str(said["event"])
