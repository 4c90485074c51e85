"""The command `fw`: finds the command asked for, and turns every error into one message and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from fw import __version__
from fw.cli.process import reader_left, speak_plainly, stopping_in_order
from fw.registry import nearest

COMMANDS = ("check", "doctor", "new", "parts", "plugins", "replay", "run", "schema", "show", "sweep")
"""Built in: each is the module of its name in this folder, and is imported only when it is needed."""

NO_READER = 141
"""What a shell says of a program whose reader went away: 128 and the number of SIGPIPE."""


class Program(click.Group):
    """The group of all commands; those of plugins are looked for only where no built-in one is meant."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from fw.cli.others import commands_of_plugins

        return sorted({*COMMANDS, *commands_of_plugins(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            command: click.Command = import_module(f"fw.cli.{cmd_name}").command
            return command
        from fw.cli.others import commands_of_plugins

        return commands_of_plugins(ctx).get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            close = nearest(args[0], self.list_commands(ctx))
            raise click.UsageError(f"there is no command {args[0]!r}." + (f" Did you mean {close!r}?" if close else ""))
        return super().resolve_command(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from fw.cli.others import plugins_of, told_problems

        if problems := plugins_of(ctx).problems:
            formatter.write_paragraph()
            formatter.write_text(told_problems(problems))

    def invoke(self, ctx: click.Context) -> None:
        # what a command returns would otherwise be taken for an exit code
        super().invoke(ctx)

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, standalone_mode=False, **extra)
        plugins_asked_for = os.environ.get("FW_PLUGINS")
        speak_plainly()
        output = sys.stdout
        try:
            with stopping_in_order():
                code = super().main(args, prog_name="fw", standalone_mode=False)
        except SystemExit as end:
            if not reader_left(end, output):
                raise
            code = NO_READER
        # the last place where an error can become a sentence; sys.exit passes
        except Exception as error:
            from fw.cli.failure import exit_code

            code = exit_code(error)
        finally:
            _set_plugins(plugins_asked_for)
        sys.exit(code)


def _set_plugins(names: str | None) -> None:
    if names is None:
        os.environ.pop("FW_PLUGINS", None)
    else:
        os.environ["FW_PLUGINS"] = names


def _without_plugins(ctx: click.Context, parameter: click.Parameter, chosen: bool) -> None:
    if chosen:
        _set_plugins("")


@click.group(cls=Program, name="fw", context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--no-plugins",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_without_plugins,
    help="Load the bundled plugins only.",
)
@click.version_option(__version__, prog_name="fw", message="%(prog)s %(version)s")
def main() -> None:
    """Backtest, paper-trade and trade perpetual futures from one strategy file."""
