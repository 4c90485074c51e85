"""`fw plugins`: what is installed, what is wrong with it, and how to change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from fw.cli.tables import show_json, show_table

NAMED = 6
"""Parts of one kind that a table names; where there are more it says how many."""

PLURAL = {"strategy": "strategies", "features": "feature sets", "risk": "risk checks"}


def _installed(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Plugins of others that begin so; none is imported."""
    from fw.installed import installed
    from fw.registry import BUNDLED

    return [
        found.entry.name
        for found in installed()
        if found.distribution != BUNDLED and found.entry.name.startswith(incomplete)
    ]


@click.group("plugins", invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List, install and remove plugins.

    Without more words it lists them.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_plugins)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_plugins(ctx: click.Context, as_json: bool) -> None:
    """Show every plugin, the parts it offers, and what is wrong with it."""
    from fw.cli.others import commands_of_plugins, plugins_of

    plugins = plugins_of(ctx)
    commands_of_plugins(ctx)  # what is wrong with a plugin's commands shows only when they are asked for
    described: list[dict[str, Any]] = []
    for plugin in plugins.loaded:
        parts: dict[str, list[str]] = {}
        for offer in plugins.offers_of(plugin.name):
            parts.setdefault(offer.kind, []).append(offer.name)
        described.append(
            {"name": plugin.name, "version": plugin.version, "distribution": plugin.distribution, "parts": parts}
        )
    if as_json:
        fields = ("plugin", "distribution", "version", "text", "mend")
        problems = [{field: getattr(problem, field) for field in fields} for problem in plugins.problems]
        show_json({"plugins": described, "problems": problems})
        return
    keepers = {plugin.name for plugin in plugins.having("fw_secret")}
    show_table(
        ("plugin", "version", "distribution", "parts"),
        (
            (
                one["name"],
                one["version"],
                one["distribution"],
                "; ".join((*_offered(one["parts"]), *["keeps secrets"] * (one["name"] in keepers))),
            )
            for one in described
        ),
    )
    for problem in plugins.problems:
        click.echo(f"\n{problem}" if problem is plugins.problems[0] else str(problem))


def _offered(parts: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What a plugin offers of each kind: the names, or how many where they are many."""
    for kind, names in parts.items():
        yield f"{kind}: {', '.join(names)}" if len(names) <= NAMED else f"{len(names)} {PLURAL.get(kind, kind + 's')}"


@command.command("install")
@click.argument("requirement")
@click.option("--upgrade", is_flag=True, help="Replace an older version.")
def install_plugin(requirement: str, upgrade: bool) -> None:
    """Install a plugin: a distribution's name, a wheel, a folder or an address, as pip takes it."""
    from fw.install import install

    for line in install(requirement, upgrade=upgrade).lines():
        click.echo(line)


@command.command("uninstall")
@click.argument("name", shell_complete=_installed)
def uninstall_plugin(name: str) -> None:
    """Remove a plugin, by its own name or its distribution's; it works on a broken one too."""
    from fw.install import uninstall

    for line in uninstall(name).lines():
        click.echo(line)
