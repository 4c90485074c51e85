"""Files and tables written about a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from fw.domain.result import Result


@runtime_checkable
class Reporter(Protocol):
    """Writes about a run; `folder` is None when nothing is to be written, only shown. May also have:

    - `compare(runs: Sequence[SavedRun], path: Path)`: write one page on several finished runs (`fw show --html`).
    """

    def report(self, result: Result, folder: Path | None) -> str | None:
        """Write files under `folder`; return text for the console, or None."""
        ...
