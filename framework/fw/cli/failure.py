"""What the command line says and ends with when a command fails: a sentence, and never a traceback unasked."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

import click

from fw import __version__
from fw.cli.process import Stopped, leave_output
from fw.errors import DataError, FwError, SettingsError
from fw.log import mask_text
from fw.workspace import Workspace

OUR_BUG = 70
INTERRUPTED = 130

ADVICE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room, or set FW_HOME to a folder that has it"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "set FW_HOME to a folder you may write in"),
}
WRONG_KIND = {
    **dict.fromkeys((errno.EEXIST, errno.ENOTDIR), "a file stands where a folder should"),
    errno.EISDIR: "a folder stands where a file should",
    errno.ENOENT: "it cannot be made there",
}


def exit_code(error: Exception) -> int:
    """Say what happened on stderr, and give the code to end with."""
    if isinstance(error, click.Abort):
        by = error.__cause__
        said = f"interrupted by {by}" if isinstance(by, Stopped) else "interrupted"
        click.echo("; ".join((said, *getattr(by, "__notes__", ()))), err=True)
        return 128 + by.number if isinstance(by, Stopped) else INTERRUPTED
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if os.environ.get("FW_TRACE", "0") not in ("", "0"):
        click.echo(_traceback(error), err=True)
    if isinstance(error, FwError):
        problems = error.problems if isinstance(error, SettingsError) else ()
        for problem in problems or (error,):
            click.echo(mask_text(f"Error: {problem}"), err=True)
        return error.exit_code
    if (text := of_the_machine(error)) is not None:
        click.echo(mask_text(f"Error: {text}"), err=True)
        leave_output()
        return DataError.exit_code if isinstance(error, MemoryError) else SettingsError.exit_code
    click.echo(
        f"Error: fw itself failed ({type(error).__name__}); this is a bug of fw or of a plugin. "
        f"The full story is in {_write(error)}; FW_TRACE=1 shows it at once.",
        err=True,
    )
    return OUR_BUG


def of_the_machine(error: Exception) -> str | None:
    """What a full disk, a folder that may not be written or too little memory is called; None for all else."""
    if isinstance(error, MemoryError):
        return "there is not enough memory; take a shorter source.start to source.end, or larger bars"
    if not isinstance(error, OSError) or error.errno is None:
        return None
    place = error.filename if isinstance(error.filename, str) else None
    if error.errno in ADVICE:
        why = os.strerror(error.errno).lower()
        return f"{place or 'the output'} cannot be written: {why}; {ADVICE[error.errno]}"
    if error.errno in WRONG_KIND and place is not None and any(map(Path(place).is_relative_to, _workspace())):
        return f"{place} cannot be written: {WRONG_KIND[error.errno]}; move it away, or set FW_HOME to another folder"
    return None


def _workspace() -> list[Path]:
    """Its folder, or none where there is none."""
    try:
        return [Workspace.here().root]
    except SettingsError:
        return []


def _traceback(error: Exception) -> str:
    return mask_text("".join(traceback.format_exception(error)))


def _write(error: Exception) -> Path:
    """Into the workspace, or the temporary folder where the workspace cannot be written."""
    name = f"crash-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.log"
    story = f"fw {__version__}, Python {sys.version}\n{mask_text(' '.join(sys.argv))}\n\n{_traceback(error)}"
    for folder in (*(root / ".fw" for root in _workspace()), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(story, encoding="utf-8")
        except OSError:
            continue
        return folder / name
    return Path("no file, as none could be written")
