"""A kind of part as a word of the command line; another word is told with what was probably meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click


def completing(kinds: Sequence[str]) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """What a shell is offered."""
    return lambda ctx, parameter, incomplete: [kind for kind in kinds if kind.startswith(incomplete)]


def refusal(kind: str, known: Sequence[str]) -> click.UsageError:
    """What to say of a word that is none of those known."""
    from fw.registry import nearest

    close = nearest(kind.lower(), known)
    hint = f"Did you mean {close!r}?" if close else f"There are {', '.join(known)}"
    return click.UsageError(f"there is no kind {kind!r}. {hint}", click.get_current_context(silent=True))
