"""Makes the environments of peers that have none yet: `python tests/peers/environments.py [vectorbt …]`.

Their pins exclude one another, so each lives in a folder of its own under FW_PEERS (default: the user's cache). It is
made anew when the pins change.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = ("vectorbt", "backtesting", "nautilus", "pandas_ta", "ta")


def root() -> Path:
    """The folder that holds them."""
    return Path(os.environ.get("FW_PEERS") or Path.home() / ".cache" / "fw" / "peers")


def python_of(peer: str) -> Path:
    """Where the peer's interpreter is, or would be."""
    return root() / peer / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_ready(peer: str) -> bool:
    """Whether the environment is there, whole, and has today's pins."""
    pins, done = HERE / f"{peer}.txt", root() / peer / "made-from.txt"
    return python_of(peer).exists() and done.exists() and done.read_bytes() == pins.read_bytes()


def make(peer: str) -> Path:
    """The peer's interpreter, its environment made from `<peer>.txt` where it is not ready."""
    python, pins = python_of(peer), HERE / f"{peer}.txt"
    if not is_ready(peer):
        print(f"making {python.parents[1]}", file=sys.stderr)
        venv.create(python.parents[1], with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", pins]
        subprocess.run(install, check=True)
        shutil.copyfile(pins, root() / peer / "made-from.txt")  # last, so that half an environment is made again
    return python


if __name__ == "__main__":
    wanted = sys.argv[1:] or PEERS
    if unknown := set(wanted) - set(PEERS):
        raise SystemExit(f"no peer is called {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    with ThreadPoolExecutor() as pool:
        for made in pool.map(make, wanted):
            print(made)
