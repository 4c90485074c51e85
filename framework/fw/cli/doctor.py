"""`fw doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from fw.cli.tables import show_json

if TYPE_CHECKING:
    from fw.doctor import Finding

WIDTH = 80
MENDS, TEXTS = 11, 24
"""Columns in which the mending of a problem begins, and a second line of what was seen."""

TITLE, WIDEST_TITLE = 12, 20
"""Columns of what was looked at: at least, and at most; a section's titles share them."""

FOUND = 1
WORDS = {"ok": "ok", "note": "note", "problem": "PROBLEM"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Look for what is wrong with this installation.

    Looks at Python, libraries, extras, plugins, compiled kernels, workspace, clock and disk, and says how to mend what
    is wrong. It changes nothing and asks no other machine. Ends with 1 where there is a problem.
    """
    from fw.cli.others import commands_of_plugins, plugins_of
    from fw.doctor import examine

    commands_of_plugins(ctx)  # what is wrong with a plugin's commands shows only when they are asked for
    findings = examine(plugins=plugins_of(ctx))
    problems = sum(finding.state == "problem" for finding in findings)
    if as_json:
        show_json({"problems": problems, "findings": [finding.plain() for finding in findings]})
    else:
        for line in lines(findings):
            click.echo(line)
    if problems:
        ctx.exit(FOUND)


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """The findings for people, none wider than 80 columns, and the sum of them."""
    for section, group in groupby(findings, key=lambda finding: finding.section):
        yield section.capitalize()
        some = list(group)
        width = min(max(TITLE, *(len(finding.title) for finding in some)), WIDEST_TITLE)
        for finding in some:
            begin = f"  {WORDS[finding.state]:<8} {finding.title:<{width}} "
            yield from _wrapped(begin, finding.text)
            if finding.mend and finding.state != "ok":
                yield from _wrapped(" " * MENDS + "-> ", finding.mend)
        yield ""
    counts = {state: sum(finding.state == state for finding in findings) for state in WORDS}
    yield f"{_count(counts['problem'], 'problem')}, {_count(counts['note'], 'note')}"


def _wrapped(begin: str, text: str) -> list[str]:
    begin, text = ("".join(letter if letter.isprintable() else " " for letter in part) for part in (begin, text))
    indent = " " * min(len(begin), TEXTS)
    return textwrap.wrap(begin + text, WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def _count(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'s' * (count != 1)}"
