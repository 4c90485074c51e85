"""The settings a shell offers after `--set` and `--over`, once the strategy file is given."""

from __future__ import annotations

import click

from fw.errors import FwError


def setting_paths(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Paths of the file's settings that begin so, those of its parts too; none where the file cannot be read."""
    # before a value that is still missing, click leaves the words unread
    file = ctx.params.get("file") or next((word for word in ctx.args if not word.startswith("-")), None)
    if file is None or "=" in incomplete:
        return []
    from fw.domain.saved import leaves
    from fw.plan import load

    try:
        settings = load(file, profile=ctx.params.get("profile")).settings.raw
    except FwError:  # no place to tell of it, between two words of a line
        return []
    return [path for path, _ in leaves(settings) if path.startswith(incomplete)]
