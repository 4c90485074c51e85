"""`fw show` keeps the summary's order and groups, breaks no name, and fits the columns there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

METRICS = {
    "conditional_value_at_risk": -0.012345,
    "fees": 1234.5,
    "funding": -301.24,
    "final_equity": 12345.678,
    "max_drawdown_duration": 617 * 86_400_000_000_000,
    "mine": 3,
    "sharpe": -3.833,
}
UNITS = {
    "conditional_value_at_risk": "percent",
    "fees": "money",
    "funding": "money",
    "max_drawdown_duration": "duration",
}


@pytest.fixture
def made(tmp_path: Path) -> Any:
    """Leave finished runs behind, with settings of their own."""

    def make(*settings: dict[str, Any], name: str = "20240101-000000-quickstart-{}") -> list[str]:
        names = [name.format(index) for index in range(len(settings))]
        for run, said in zip(names, settings, strict=True):
            folder = tmp_path / "workspace" / "runs" / run
            folder.mkdir(parents=True)
            folder.joinpath("result.json").write_text(json.dumps({"metrics": METRICS, "units": UNITS}))
            folder.joinpath("manifest.json").write_text(json.dumps({"settings": said, "status": "finished"}))
        return names

    return make


def lines(run_fw: Any, *arguments: str, **environ: str) -> list[str]:
    done = run_fw("show", *arguments, **environ)
    assert (done.returncode, done.stderr) == (0, "")
    return [line.rstrip() for line in done.stdout.splitlines()]


def test_metrics_stand_in_the_groups_and_order_of_the_summary(run_fw: Any, made: Any) -> None:
    first = [line.split("  ")[0] or line.split("  ")[1] for line in lines(run_fw, *made({})) if line.strip()]
    assert first[2:] == [
        *("Return", "Final equity"),
        *("Risk", "Sharpe", "Longest drawdown", "Expected shortfall"),
        *("Costs", "Fees paid", "Funding paid"),
        *("Others", "Mine"),
    ]


def test_numbers_and_labels_are_those_of_the_summary(run_fw: Any, made: Any) -> None:
    words = [line.split() for line in lines(run_fw, *made({}))]
    assert ["Expected", "shortfall", "−1.23", "%"] in words
    assert ["Longest", "drawdown", "617d"] in words
    assert ["Sharpe", "−3.83"] in words
    assert ["Funding", "paid", "301.24"] in words


def test_the_return_by_both_rules_for_ambiguous_bars_stands_last(run_fw: Any, made: Any, tmp_path: Path) -> None:
    one, older = made({}, {})
    bounds = {rule: {"total_return": share} for rule, share in (("pessimistic", -0.012), ("optimistic", 0.034))}
    said = {"metrics": METRICS, "totals": {"ambiguous_bars": 12}, "bounds": {"shown": "pessimistic", **bounds}}
    (tmp_path / "workspace" / "runs" / one / "result.json").write_text(json.dumps(said))
    words = [line.split() for line in lines(run_fw, one, older)]
    assert words[-3:] == [
        ["Ambiguous", "bars", "12", "–"],
        ["Return", "if", "pessimistic", "−1.20", "%", "–"],
        ["Return", "if", "optimistic", "3.40", "%", "–"],
    ]
    told = json.loads("\n".join(lines(run_fw, "--json", one, older)))["runs"]
    assert [run["bounds"] for run in told] == [said["bounds"], None]
    assert "Ambiguous bars" not in "\n".join(lines(run_fw, older))


def test_no_group_of_the_summary_is_empty_and_its_metrics_are_the_bundled_ones() -> None:
    from fw.plugins import load

    registry = load(environ={}).registry
    groups = registry.find("reporter", "summary").spec.groups  # type: ignore[attr-defined]
    bundled = {offer.name for offer in registry.offers("metric") if offer.plugin == "report"}
    assert {name for names in groups.values() for name in names} <= bundled
    assert all(groups.values())


def test_one_run_fits_80_columns_under_its_own_id(run_fw: Any, made: Any) -> None:
    (run,) = made({})
    shown = lines(run_fw, run)
    assert max(map(len, shown)) <= 80
    assert shown[0].strip() == run
    assert shown[-1].split() == ["Mine", "3"]


def test_ids_that_do_not_fit_become_numbers_and_names_are_never_broken(run_fw: Any, made: Any) -> None:
    runs = made({"seed": 1}, {"seed": 2})
    shown = lines(run_fw, *runs)
    assert max(map(len, shown)) <= 80
    assert shown[:2] == [f"[1] {runs[0]}", f"[2] {runs[1]}"]
    assert ["Expected", "shortfall", "−1.23", "%", "−1.23", "%"] in [line.split() for line in shown]
    assert ["seed", "1", "2"] in [line.split() for line in shown]


def test_a_wider_terminal_shows_the_ids(run_fw: Any, made: Any) -> None:
    runs = made({}, {})
    shown = lines(run_fw, *runs, COLUMNS="120")
    assert shown[0].split() == runs
    assert max(map(len, shown)) > 80


def test_more_runs_than_fit_come_in_several_tables(run_fw: Any, made: Any) -> None:
    shown = lines(run_fw, *made(*({"strategy": {"fast": n}} for n in range(8))))
    assert max(map(len, shown)) <= 80
    headings = [line.split() for line in shown if line.startswith("  ") and "[" in line]
    assert [title for heading in headings for title in heading] == [f"[{n}]" for n in range(1, 9)]
    assert sum("Final equity" in line for line in shown) == len(headings)


def test_a_long_setting_is_folded_and_its_name_is_not(run_fw: Any, made: Any) -> None:
    name = "a-setting-whose-name-is-long"
    shown = lines(run_fw, *made({"strategy": {name: "x " * 60}}, {"strategy": {name: "y " * 60}}))
    assert max(map(len, shown)) <= 80
    assert any(line.startswith(f"strategy.{name} ") for line in shown)


def test_names_of_parts_are_never_broken_in_a_narrow_terminal(run_fw: Any) -> None:
    shown = run_fw("parts", "metric", COLUMNS="80").stdout.splitlines()
    assert any(line.split()[:2] == ["metric", "conditional_value_at_risk"] for line in shown)
    assert max(map(len, shown)) <= 80


def test_headers_are_broken_rather_than_numbers(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    from fw.cli.tables import show_table

    monkeypatch.setenv("COLUMNS", "34")
    show_table(("strategy.fast", "total_return", "ended"), [["5", "−12.46 %", "2023-01-24"]], right=range(3))
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1].split() == ["5", "−12.46", "%", "2023-01-24"]
    assert max(map(len, shown)) <= 34
