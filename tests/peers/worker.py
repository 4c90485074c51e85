"""A process that waits for jobs, so that rivals can be timed in turns: a line of JSON in, a line of JSON out."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Job = Callable[[], Any]
"""Does the whole work once and returns the fills, {"bar": [...], "quantity": [...]}, or other plain data."""

SLICE = 0.25
"""Seconds of CPU that one timing lasts at least; quick jobs are repeated until they take that long."""

LONG = 30.0
"""Seconds of CPU of a first call after which nobody needs a second one to see that it lasts longer than a slice."""


def serve(prepare: Mapping[str, Callable[[Path], Job]], versions: Mapping[str, str]) -> None:
    """Answer on the standard output; what libraries print goes to the standard error."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    job: Job | None = None
    repeats = 1
    for line in sys.stdin:
        order = json.loads(line)
        answer: dict[str, Any] = {}
        if order["do"] == "prepare":
            job = prepare[order["case"]](Path(order["bars"]))
            answer = {"first": cpu_of(job), "versions": dict(versions)}
            is_long = answer["first"] > LONG
            repeats = 1 if is_long else max(1, round(SLICE / max(cpu_of(job), 1e-6)))
        elif order["do"] == "time":
            assert job is not None
            started, worked = time.perf_counter(), time.process_time()
            for _ in range(repeats):
                job()
            answer = {
                "cpu": (time.process_time() - worked) / repeats,
                "wall": (time.perf_counter() - started) / repeats,
            }
        elif order["do"] == "answer":
            assert job is not None
            found = job()
            # an answer may be costly to put into words, which is no part of the job
            answer = {"answer": found.complete() if hasattr(found, "complete") else found}
        elif order["do"] == "peak":
            answer = {"bytes": peak_memory()}
        answers.write(json.dumps(answer, default=plain) + "\n")


def peak_memory() -> int:
    """The most resident bytes this process ever had; getrusage would count those of the process that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def cpu_of(job: Job) -> float:
    before = time.process_time()
    job()
    return time.process_time() - before


def plain(value: Any) -> Any:
    """Numpy's numbers and arrays as JSON has them."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


class Worker:
    """The other end: one process, started when it is made, ended by `with`. Mutable: it holds a live process."""

    def __init__(self, name: str, python: Path, script: Path) -> None:
        self.name = name
        self.versions: dict[str, str] = {}
        self.process = subprocess.Popen(
            [str(python), str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=script.parent
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """Its answer to one order; RuntimeError when it died, its traceback is on the standard error."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps({"do": do, **more}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with {self.process.wait()} at {do!r}; see above")
        answer: dict[str, Any] = json.loads(line)
        self.versions |= answer.get("versions", {})
        return answer
