"""Makes the environment of each peer that has none yet: `python tests/peers/environments.py`.

Their pins exclude one another, so each lives in a folder of its own under FW_PEERS (default: the user's cache).
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = ("vectorbt", "backtesting", "nautilus")


def root() -> Path:
    """The folder that holds them."""
    return Path(os.environ.get("FW_PEERS") or Path.home() / ".cache" / "fw" / "peers")


def python_of(peer: str) -> Path:
    """Where the peer's interpreter is, or would be."""
    return root() / peer / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make(peer: str) -> Path:
    """The peer's interpreter, its environment made from `<peer>.txt` where it is absent."""
    python = python_of(peer)
    if not python.exists():
        print(f"making {python.parents[1]}", file=sys.stderr)
        venv.create(python.parents[1], with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", HERE / f"{peer}.txt"], check=True)
    return python


if __name__ == "__main__":
    for peer in PEERS:
        print(make(peer))
