"""What the command line says and ends with when a command fails: a sentence, and never a traceback unasked."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

import click

from fw import __version__
from fw.errors import FwError, SettingsError
from fw.log import mask_text
from fw.workspace import Workspace

OUR_BUG = 70
INTERRUPTED = 130


def exit_code(error: Exception) -> int:
    """Say what happened on stderr, and give the code to end with."""
    if isinstance(error, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if os.environ.get("FW_TRACE", "0") not in ("", "0"):
        click.echo(_traceback(error), err=True)
    if isinstance(error, FwError):
        places = isinstance(error, SettingsError) and error.problems
        click.echo(mask_text(str(error) if places else f"Error: {error}"), err=True)
        return error.exit_code
    click.echo(
        f"Error: fw itself failed ({type(error).__name__}); this is a bug of fw or of a plugin. "
        f"The full story is in {_write(error)}; FW_TRACE=1 shows it at once.",
        err=True,
    )
    return OUR_BUG


def _traceback(error: Exception) -> str:
    return mask_text("".join(traceback.format_exception(error)))


def _write(error: Exception) -> Path:
    """Into the workspace, or the temporary folder where the workspace cannot be written."""
    name = f"crash-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.log"
    story = f"fw {__version__}, Python {sys.version}\n{mask_text(' '.join(sys.argv))}\n\n{_traceback(error)}"
    for folder in (Workspace.here().private, Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(story, encoding="utf-8")
        except OSError:
            continue
        return folder / name
    return Path("no file, as none could be written")
