"""A run that is stopped in the middle says `interrupted`, and nothing of it passes for a whole one."""

from __future__ import annotations

import signal
from typing import Any

import pytest

SLOW = """\
print('deciding', file=sys.stderr, flush=True)
time.sleep(0.05)
return 1.0"""
"""A strategy that takes its time over every bar: the whole run would last 17 seconds."""


def stop(process: Any, number: int) -> str:
    """Send a signal once the strategy decides; give what was told after that."""
    for line in process.stderr:
        if line == "deciding\n":
            break
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    return str(told).replace("deciding\n", "").strip()


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "interrupted by SIGTERM"),
        (signal.SIGHUP, 129, "interrupted by SIGHUP"),
    ],
)
def test_a_signal_in_mid_run_leaves_a_folder_that_says_so(desk: Any, number: int, code: int, words: str) -> None:
    desk.write("s.yaml", desk.strategy(SLOW))
    process = desk.begin("run", "s.yaml")
    assert stop(process, number) == f"{words}; {desk.runs()[0]} stays, and says that it was interrupted"
    assert process.returncode == code
    assert desk.statuses() == ["interrupted"]
    assert "ended" in desk.manifests()[0]
    desk.check_nothing_half_written()
    told = desk.fw("show", desk.runs()[0].name)
    assert (told.code, told.out) == (3, "")
    assert "has no result to show: it was interrupted" in told.err
    assert "interrupted" in desk.fw("replay", desk.runs()[0].name).err


def test_a_stopped_sweep_ends_soon_and_counts_no_trial(desk: Any) -> None:
    text = desk.strategy(SLOW.replace("0.05", "0.002"))
    desk.write("s.yaml", text)
    process = desk.begin("sweep", "s.yaml", "--over", "seed=1:400:1", "--out", "all.csv")
    assert stop(process, signal.SIGINT).splitlines()[-1] == "interrupted"
    assert process.returncode == 130
    assert desk.trials() == 0
    assert not (desk.workspace / "all.csv").exists()
    desk.check_nothing_half_written()


def test_ctrl_c_while_the_data_is_read(desk: Any, good: str) -> None:
    source = "class Slow:\n    def history(self, want): raise KeyboardInterrupt\n"
    hook = "@fw.hookimpl\ndef fw_sources():\n    return {'slow': Slow}\n"
    desk.write("slow.py", f"import attrs, fw\n@attrs.frozen\n{source}{hook}")
    told = desk.run(good.replace("synthetic", "slow") + "plugins: [./slow.py]\n")
    assert (told.code, told.out) == (130, "")
    assert told.err.strip() == f"interrupted; {desk.runs()[0]} stays, and says that it was interrupted"
    assert desk.statuses() == ["interrupted"]
    desk.check_nothing_half_written()


def test_ctrl_c_while_results_are_written_hides_what_is_there_already(desk: Any, good: str) -> None:
    reporter = "class Slow:\n    def report(self, result, folder): raise KeyboardInterrupt\n"
    hook = "@fw.hookimpl\ndef fw_reporters():\n    return {'slow': Slow}\n"
    desk.write("slow.py", f"import attrs, fw\n@attrs.frozen\n{reporter}{hook}")
    told = desk.run(f"{good}report: [slow]\nplugins: [./slow.py]\n")
    assert (told.code, told.out) == (130, "")
    assert desk.statuses() == ["interrupted"]
    assert desk.trials() == 0
    assert desk.fw("show", desk.runs()[0].name).code == 3
    assert desk.fw("replay", desk.runs()[0].name).code == 3


def test_a_killed_run_never_says_that_it_is_finished(desk: Any) -> None:
    desk.write("s.yaml", desk.strategy(SLOW))
    process = desk.begin("run", "s.yaml")
    stop(process, signal.SIGKILL)
    assert desk.statuses() == ["running"]
    assert desk.trials() == 0
    assert "it is still running, or was cut off" in desk.fw("show", desk.runs()[0].name).err
    assert desk.run(desk.strategy("return 1.0")).code == 0  # and the next run is not hindered by it


def test_a_run_under_nohup_is_not_stopped_by_a_closing_terminal(desk: Any) -> None:
    desk.write("s.yaml", desk.strategy("time.sleep(0.01)\n" + SLOW.replace("0.05", "0.0")))
    process = desk.begin("run", "s.yaml", prepare=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    assert stop(process, signal.SIGHUP) == ""
    assert process.returncode == 0
    assert desk.statuses() == ["finished"]
