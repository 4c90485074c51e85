"""Metrics, defined in the docstrings of their classes, and reporters that write a run down."""

from __future__ import annotations

from typing import Any

import fw


@fw.hookimpl
def fw_metrics() -> dict[str, type[Any]]:
    from fw_report.metrics import METRICS

    return METRICS


@fw.hookimpl
def fw_reporters() -> dict[str, type[Any]]:
    from fw_report.files import Files
    from fw_report.html.reporter import Html
    from fw_report.summary import Summary

    return {"summary": Summary, "files": Files, "html": Html}
