"""`fw parts`: what a strategy file may name, and the settings of each part."""

from __future__ import annotations

from typing import Any, NoReturn

import click

from fw.cli.kinds import completing, refusal
from fw.cli.tables import show_json, show_table
from fw.hookspecs import KINDS
from fw.registry import Offer, Registry, word


def _names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from fw.cli.others import plugins_of

    offers = plugins_of(ctx).registry.offers(ctx.params.get("kind"))
    return sorted({offer.name for offer in offers if offer.name.startswith(incomplete)})


@click.command("parts")
@click.argument("kind", required=False, shell_complete=completing(list(KINDS)))
@click.argument("name", required=False, shell_complete=_names)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, kind: str | None, name: str | None, as_json: bool) -> None:
    """List what a strategy file may name.

    All parts, those of one KIND, or the settings of one part. KIND is source, features, model, strategy, sizer, risk,
    broker, metric, reporter or observer.
    """
    from fw.cli.others import plugins_of, told_problems

    registry = plugins_of(ctx).registry
    if kind is not None and kind not in KINDS:
        _refuse(kind, registry)
    if kind is not None and name is not None:
        _show_part(registry.find(kind, name), as_json)
        return
    offers = registry.offers(kind)
    if as_json:
        show_json([_plain(offer) for offer in offers])
        return
    show_table(
        ("kind", "name", "plugin", "from", "what it is"),
        ((offer.kind, offer.name, offer.plugin, offer.origin, offer.summary) for offer in offers),
        whole=(0, 1),
    )
    if registry.problems:
        click.echo(f"\n{told_problems(registry.problems)}", err=True)


def _refuse(kind: str, registry: Registry) -> NoReturn:
    """Say what the word is that stands where a kind of part should."""
    from fw.settings.words import an

    parts = [offer for offer in registry.offers() if offer.name == kind]
    if not parts:
        raise refusal(kind, list(KINDS))
    said = " or ".join(f"{an(word(one.kind))}: fw parts {one.kind} {kind}" for one in parts)
    raise click.UsageError(f"{kind} is {said}", click.get_current_context())


def _plain(offer: Offer) -> dict[str, Any]:
    return {
        "kind": offer.kind,
        "name": offer.name,
        "plugin": offer.plugin,
        "distribution": offer.distribution,
        "version": offer.version,
        "file": str(offer.file) if offer.file is not None else None,
        "help": offer.summary,
    }


def _show_part(offer: Offer, as_json: bool) -> None:
    from inspect import cleandoc

    fields = ("name", "type", "default", "bounds", "help")
    rows = [{field: getattr(row, field) for field in fields} for row in offer.settings]
    if as_json:
        show_json(_plain(offer) | {"settings": rows})
        return
    brought = f"{offer.distribution} {offer.version}".strip() or "a file"
    click.echo(f"{offer.title}, of plugin {offer.plugin!r} ({brought})")
    if offer.file is not None:
        click.echo(str(offer.file))
    click.echo(f"\n{cleandoc(offer.spec.__doc__ or '')}\n")
    if rows:
        show_table(("setting", "type", "default", "bounds", "help"), (tuple(row.values()) for row in rows))
    else:
        click.echo("It has no settings.")
