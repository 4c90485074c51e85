"""The commands that plugins add, and the plugins as one command line sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import click

from fw.cli.failure import of_the_machine
from fw.errors import FwError, PluginError
from fw.plugins import Plugin, Plugins, load
from fw.registry import PluginProblem, one_line


def plugins_of(ctx: click.Context) -> Plugins:
    """The plugins, loaded once for a command line."""
    meta = ctx.find_root().meta
    if "fw.plugins" not in meta:
        meta["fw.plugins"] = load()
    return cast(Plugins, meta["fw.plugins"])


def commands_of_plugins(ctx: click.Context) -> Mapping[str, click.Command]:
    """Commands by name; a plugin cannot take the name of a built-in one, nor of another plugin's."""
    meta = ctx.find_root().meta
    if "fw.commands" not in meta:
        meta["fw.commands"] = collect(plugins_of(ctx))
    return cast(Mapping[str, click.Command], meta["fw.commands"])


def told_problems(problems: Sequence[PluginProblem]) -> str:
    """The problem, where there is one; where there are more, how many, and the command that lists them."""
    return str(problems[0]) if len(problems) == 1 else f"{len(problems)} problems with plugins: fw plugins list"


def collect(plugins: Plugins) -> dict[str, click.Command]:
    """Ask every plugin for its commands; what is wrong with one is recorded, and its other commands stand."""
    from fw.cli import COMMANDS

    found: dict[str, click.Command] = {}
    for plugin in reversed(plugins.having("fw_commands")):
        # an empty group for each, so that none can touch the built-in commands or another's
        own = click.Group("fw")
        plugins.try_call(plugin, "fw_commands", cli=own)
        for name, command in own.commands.items():
            if name in COMMANDS:
                plugins.record(plugin, f"may not replace the command {name!r}")
            elif name in found:
                plugins.record(plugin, f"adds the command {name!r}, which another plugin has")
            else:
                found[name] = _blamed(command, plugin)
    return found


def _blamed(command: click.Command, plugin: Plugin) -> click.Command:
    """The command, whose surprises are said to be its plugin's."""
    invoke = command.invoke

    def guarded(ctx: click.Context) -> object:
        try:
            return invoke(ctx)
        except (FwError, click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except BrokenPipeError:  # whoever read what it prints has left, as after `| head`: nobody's mistake
            raise
        except Exception as error:  # a plugin's command may raise anything; its plugin is named
            if of_the_machine(error) is not None:  # no plugin is to blame for a full disk
                raise
            raise PluginError(f"{ctx.command_path} of plugin {plugin.name!r} raised {one_line(error)}") from error

    command.invoke = guarded  # type: ignore[method-assign]
    return command
