"""The reporter `html`: one page with everything about a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from fw_report.writing import write_whole

if TYPE_CHECKING:
    from fw import Result, Run, SavedRun


@attrs.frozen
class Html:
    """Writes `report.html`, one page that works offline: charts, trades, costs, a sober judgement, settings.

    Needs the extra `report` (plotly, jinja2).
    """

    def build(self, run: Run) -> HtmlReporter:
        """The reporter; ImportError names what is missing before anything is run."""
        import jinja2  # noqa: F401  only a look whether it is there
        import plotly  # noqa: F401

        return HtmlReporter()

    def compare(self, runs: Sequence[SavedRun], path: Path) -> None:
        """Write one page on several finished runs; ImportError names what is missing."""
        from fw_report.html.compare import compare_page

        page = compare_page(runs).encode("utf-8", "replace")
        write_whole(path, lambda beside: beside.write_bytes(page))


@attrs.frozen
class HtmlReporter:
    """Writes the page."""

    def report(self, result: Result, folder: Path | None) -> str | None:
        """Write `report.html` and say where; nothing where nothing is to be written."""
        if folder is None:
            return None
        from fw_report.html.page import page_of

        page = page_of(result, folder).encode("utf-8", "replace")
        write_whole(folder / "report.html", lambda path: path.write_bytes(page))
        return f"report: {folder / 'report.html'}"
