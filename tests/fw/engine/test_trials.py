"""The trial ledger counts every run ever made on data that meets."""

from __future__ import annotations

from pathlib import Path

from fw.engine.trials import note_trials, trials_like


def test_trials_count_together_where_instruments_and_periods_meet(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "trials.jsonl"
    note_trials(file, [])
    assert not file.exists()
    trials = [
        {"run": "a", "instruments": ["BTCUSDT"], "start": 0, "end": 10},
        {"run": "b", "instruments": ["ETHUSDT", "BTCUSDT"], "start": 5, "end": 15},
        {"run": "c", "instruments": ["ETHUSDT"], "start": 5, "end": 15},
        {"run": "d", "instruments": ["BTCUSDT"], "start": 10, "end": 20},
        {"run": "f", "instruments": ["BTCUSDT"], "start": 0, "end": 20, "made_up": True},
    ]
    note_trials(file, trials[:2])
    note_trials(file, trials[2:])
    with file.open("a") as torn:
        torn.write('{"run": "e", "instruments": ["BTCU\n[]\n')

    def like(instruments: list[str], start: int, end: int, **rest: bool) -> list[str]:
        return [trial["run"] for trial in trials_like(file, instruments=instruments, start=start, end=end, **rest)]

    assert like(["BTCUSDT"], 0, 10) == ["a", "b"]
    assert like(["ETHUSDT"], 0, 6) == ["b", "c"]
    assert like(["BTCUSDT"], 15, 30) == ["d"]
    assert like(["SOLUSDT"], 0, 30) == []
    assert like(["BTCUSDT"], 15, 30, made_up=True) == ["f"]
    assert trials_like(tmp_path / "none.jsonl", instruments=["BTCUSDT"], start=0, end=1) == []
