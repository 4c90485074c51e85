"""Compile kernels once per version of the source: the disk cache is keyed by a hash of every file a kernel may call.

Numba's own key is the file of the function alone, so an edited callee in another module would be missed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config as numba_config
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

Function = TypeVar("Function", bound=Callable[..., Any])

LEDGER = Path(__file__).parent
KEPT_VERSIONS = 32


def cache_root() -> Path:
    """Where compiled kernels are kept: the user's cache folder, shared by all workspaces."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path.home() / ".cache")
    return Path(base) / "fw" / "kernels"


def source_hash(*sources: Path) -> str:
    """Sixteen hex digits of every Python source in these files and folders, and of what compiles them."""
    digest = hashlib.sha256(f"{numba.__version__} {sys.version}".encode())
    for source in sources:
        for file in sorted(source.rglob("*.py")) if source.is_dir() else (source,):
            digest.update(file.relative_to(source.parent).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def version_folder(source: Path = LEDGER) -> Path:
    """Where kernels of this version of `source` (and of the ledger) are, or would be."""
    return cache_root() / source_hash(*{LEDGER: None, source: None})


@cache
def cache_folder(source: Path = LEDGER) -> Path | None:
    """The folder for kernels of this version of `source` (and of the ledger); None where nothing is writable."""
    folder = version_folder(source)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError:
        return None
    _forget_old_versions(folder)
    return folder


def is_cold() -> bool:
    """Whether the ledger has to be compiled before it can run, which takes seconds."""
    folder = cache_folder()
    return folder is None or not any(folder.rglob("*.nbc"))


_warming: list[subprocess.Popen[bytes]] = []


def warm_elsewhere() -> bool:
    """Begin to compile the ledger in another process; False where there is no cache to hand it over in."""
    if cache_folder() is None or _warming:
        return False
    command = [sys.executable, "-m", "fw.ledger.warm"]
    _warming.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
    return True


def wait_until_warm(*, scanning: bool) -> None:
    """Let such a process come as far as a scan needs it, or to its end; where it failed, this one compiles."""
    for process in _warming:
        assert process.stdout is not None
        process.stdout.readline()
        if not scanning:
            process.wait()


def kernel(function: Function) -> Function:
    """Compile `function` at its first call, without the GIL, cached on disk under the hash of its package.

    Floating point is strict IEEE: never `fastmath`, so that every engine agrees to the last bit. A function
    typed into a prompt or a notebook has no file and is compiled anew in each process.
    """
    source = source_of(Path(function.__code__.co_filename))
    folder = cache_folder(source) if source is not None else None
    before = numba_config.CACHE_DIR
    numba_config.CACHE_DIR = str(folder or "")
    try:
        compiled = numba.njit(cache=folder is not None, nogil=True, error_model="numpy")(function)
    finally:
        numba_config.CACHE_DIR = before
    return compiled


class _Linked(JITCodeLibrary):  # type: ignore[misc]  # numba has no types
    """What an inner function is compiled to: code for kernels to link in.

    Numba would optimise it and make machine code of it, with all that it calls, only to do both again in each caller.
    """

    def _optimize_final_module(self) -> None:
        """Leave it to the kernel."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Nowhere: nobody but kernels can call it."""
        return 0

    @property
    def codegen(self) -> Any:
        return _NoMachineCode


class _NoMachineCode:
    """Stands in for what the compiler tells the machine code of a function."""

    @staticmethod
    def set_env(name: str, environment: Any) -> None:
        """Tell nobody: no machine code asks for it."""


class _InnerCompiler(Compiler):  # type: ignore[misc]
    """Numba's own compiler, that stops before machine code."""

    def compile_extra(self, function: Any) -> Any:
        self.state.library = _Linked(self.state.targetctx.codegen(), function.__qualname__)
        return super().compile_extra(function)


INNER = {
    "pipeline_class": _InnerCompiler if hasattr(JITCodeLibrary, "_verify_declare_only_symbols") else Compiler,
    "nogil": True,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
"""Another numba may have another compiler inside: then inner functions take the long way to the same code."""


def inner(function: Function) -> Function:
    """Compile `function` for calls from kernels only: into their machine code, without a door of its own.

    It makes and returns no arrays: there is no reference counting in it, which is half of its compile time.
    """
    return numba.njit(_nrt=False, **INNER)(function)


def pasted(function: Function) -> Function:
    """Compile `function` as if its text stood where it is called: for large ones that are called in one place.

    What an `inner` function says is worked out by itself, and then linked into each caller, text and all.
    """
    return numba.njit(inline="always", _nrt=False, **INNER)(function)


def source_of(file: Path) -> Path | None:
    """What a kernel in `file` may call: its whole package, or the file alone where it stands by itself."""
    if not file.is_file():
        return None
    folder = file.parent
    if not (folder / "__init__.py").exists():
        return file
    while (folder.parent / "__init__.py").exists() and folder != LEDGER:
        folder = folder.parent
    return folder


def _forget_old_versions(current: Path) -> None:
    """Keep the newest versions only; another process may be deleting the same ones."""
    versions = sorted((p for p in current.parent.iterdir() if p.is_dir()), key=lambda p: -p.stat().st_mtime)
    for old in versions[KEPT_VERSIONS:]:
        if old != current:
            shutil.rmtree(old, ignore_errors=True)
