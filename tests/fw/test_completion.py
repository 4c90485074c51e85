"""Shells complete commands, kinds and names of parts, runs, plugins and files."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def completions(run_fw: Any, words: str) -> list[tuple[str, str]]:
    """What would be offered for the last word of a line, as (kind, text)."""
    done = run_fw(_FW_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(words.count(" ")))
    assert done.stderr == ""
    return [(kind, text) for kind, text in (line.split(",", 1) for line in done.stdout.split())]


def plain(run_fw: Any, words: str) -> list[str]:
    return [text for kind, text in completions(run_fw, words) if kind == "plain"]


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "complete -o nosort -F _fw_completion fw"),
        ("zsh", "compdef _fw_completion fw"),
        ("fish", "complete --no-files --command fw"),
    ],
)
def test_a_script_for_each_shell_is_printed(run_fw: Any, shell: str, line: str) -> None:
    done = run_fw(_FW_COMPLETE=f"{shell}_source")
    assert (done.returncode, done.stderr) == (0, "")
    assert line in done.stdout


def test_bash_completes_with_that_script(tmp_path: Path, run_fw: Any) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    here = tmp_path / "bin"
    here.mkdir()
    here.joinpath("fw").write_text(f'#!/bin/sh\nexec {sys.executable} -m fw.cli "$@"\n')
    here.joinpath("fw").chmod(0o755)
    script = (
        'eval "$(_FW_COMPLETE=bash_source fw)"\n'
        'COMP_WORDS=(fw parts strat); COMP_CWORD=2; _fw_completion fw strat parts; echo "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        [bash, "--norc", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": f"{here}:/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    assert (done.stdout, done.stderr) == ("strategy\n", "")


def test_commands_and_options_are_offered(run_fw: Any) -> None:
    assert {"parts", "plugins"} <= set(plain(run_fw, "fw p"))
    assert plain(run_fw, "fw plugins un") == ["uninstall"]
    assert plain(run_fw, "fw run --prof") == ["--profile"]
    assert plain(run_fw, "fw run --engine l") == ["loop"]


def test_runs_are_offered_newest_first(run_fw: Any, tmp_path: Path) -> None:
    for name in ("20240101-a", "20240102-b", "other"):
        (tmp_path / "workspace" / "runs" / name).mkdir(parents=True)
    assert plain(run_fw, "fw show 2024") == ["20240102-b", "20240101-a"]
    assert plain(run_fw, "fw show other 20240102-b 2") == ["20240102-b", "20240101-a"]
    assert plain(run_fw, "fw replay o") == ["other"]


def test_kinds_and_names_of_parts_are_offered_those_of_others_too(run_fw: Any, site: Any) -> None:
    site.add("good")
    site.add("broken", "1 / 0")
    assert plain(run_fw, "fw parts s") == ["source", "strategy", "sizer"]
    assert plain(run_fw, "fw parts strategy al") == ["always"]
    assert plain(run_fw, "fw parts sizer al") == []
    assert "buy_and_hold" in plain(run_fw, "fw parts strategy b")


def test_plugins_of_others_are_offered_for_removal_broken_ones_too(run_fw: Any, site: Any) -> None:
    site.add("good")
    site.add("broken", "1 / 0")
    assert plain(run_fw, "fw plugins uninstall ") == ["broken", "good"]


FILE = """\
instruments: [BTCUSDT]
bar: 1h
source: {use: synthetic, start: 2024-01-01, end: 2024-01-15}
strategy: sma_cross
risk: [{use: max_exposure, limit: 2}]
"""


@pytest.mark.parametrize("line", ["fw run s.yaml --set", "fw check s.yaml --set", "fw sweep s.yaml --over"])
def test_settings_of_the_file_are_offered(run_fw: Any, tmp_path: Path, line: str) -> None:
    (tmp_path / "workspace" / "s.yaml").write_text(FILE)
    assert {"strategy.fast", "strategy.slow"} <= set(plain(run_fw, f"{line} strategy."))
    assert plain(run_fw, f"{line} risk.max_exposure.l") == ["risk.max_exposure.limit"]
    assert plain(run_fw, f"{line.replace('s.yaml', 'absent.yaml')} strategy.") == []


@pytest.mark.parametrize("words", ["fw run ", "fw check str", "fw sweep ", "fw schema ", "fw schema --out "])
def test_files_are_left_to_the_shell(run_fw: Any, words: str) -> None:
    assert [kind for kind, _ in completions(run_fw, words)] == ["file"]


def test_completion_in_a_folder_that_is_gone_offers_nothing(run_fw: Any, tmp_path: Path) -> None:
    assert plain(run_fw, "fw show 2") == []
    done = run_fw(_FW_COMPLETE="bash_complete", COMP_WORDS="fw show 2", COMP_CWORD="2", FW_HOME="~nobody-at-all/x")
    assert (done.stdout.strip(), done.stderr) == ("", "")
