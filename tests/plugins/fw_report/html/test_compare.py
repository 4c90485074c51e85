"""The page that puts finished runs side by side: what it says, what it marks, and that it survives odd runs."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fw
from fw import Result, SavedRun
from fw.domain.time import DAY, HOUR
from fw.testing.results import results
from fw_report.html.compare import compare_page
from fw_report.html.compare_columns import columns_of, letter_of
from fw_report.html.compare_tables import (
    alike,
    made_with,
    metric_groups,
    months,
    reasons,
    remarks,
    setting_rows,
    trade_rows,
    warnings_of,
    years,
)
from fw_report.metrics import METRICS

Make = Callable[..., SavedRun]


@pytest.fixture(scope="module")
def saved() -> Make:
    """A finished run read back: of a result, with what is to be different in its files."""

    def make(result: Result, *, run: str = "20240101-000000-x-0001", settings: Any = None, **more: Any) -> SavedRun:
        values = {name: metric().measure(result) for name, metric in METRICS.items()}
        missing = {name: value.reason for name, value in values.items() if isinstance(value, fw.Unmeasured)}
        times = result.equity["time"]
        told: dict[str, Any] = {
            "name": result.name,
            "instruments": list(result.instruments),
            "bar": str(result.bar),
            "bars": len(times),
            "start": int(times[0]) - result.bar.ns,
            "end": int(times[-1]),
            "capital": result.capital,
            "data": "d" * 64,
            "metrics": {name: None if name in missing else value for name, value in values.items()},
            "unmeasured": missing,
            "units": {name: metric.unit for name, metric in METRICS.items()},
            "notes": [],
        }
        frames = {"equity": result.equity, "trades": result.trades}
        manifest = {"settings": settings or {"account": {"settle": "USDT"}}, "seed": 0, "packages": {"numpy": "2.4"}}
        manifest.update(more.pop("manifest", {}))
        return SavedRun(
            id=run, folder=Path("/runs") / run, result={**told, **more}, manifest=manifest, read=frames.__getitem__
        )

    return make


@pytest.fixture(scope="module")
def grown(by_hand: ModuleType) -> Callable[..., Result]:
    """A run of these closing equities on daily bars from 2024-01-01, at a capital of 1,000."""

    def make(*equity: float, **more: Any) -> Result:
        result: Result = by_hand.result_of_equity(equity, capital=1000.0, **more)
        return result

    return make


def columns(*runs: SavedRun) -> Any:
    from fw.domain.saved import differences

    return columns_of(runs, differences([run.settings for run in runs]))


def strategy(**settings: Any) -> dict[str, Any]:
    return {"account": {"settle": "USDT"}, "strategy": {"use": "sma_cross", **settings}}


def rows_of(groups: Any) -> dict[str, Any]:
    return {row.label: row.cells for _, rows in groups for row in rows}


def data_of(page: str) -> Any:
    (text,) = re.findall(r'<script type="application/json" id="fw-data">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def unpacked(column: Mapping[str, str]) -> Any:
    return np.frombuffer(base64.b64decode(column["bdata"]), dtype=f"<{column['dtype']}")


def text_of(page: str) -> str:
    """What a reader sees."""
    body = page[page.index('<main id="main"') : page.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_every_run_has_a_letter_of_its_own() -> None:
    letters = [letter_of(place) for place in range(60)]
    assert letters[:3] == ["A", "B", "C"]
    assert letters[26] == "A2"
    assert len(set(letters)) == 60


def test_a_run_is_named_by_what_sets_it_apart(saved: Make, grown: Callable[..., Result]) -> None:
    result = grown(1010.0, 1020.0)
    runs = [saved(result, settings=strategy(fast=fast, slow=200, report="html")) for fast in (10, 20, 30)]
    assert [column.label for column in columns(*runs)] == ["fast 10", "fast 20", "fast 30"]
    named = [saved(result, name=name, settings=strategy(fast=10)) for name in ("one", "two")]
    assert [column.label for column in columns(*named)] == ["one", "two"]
    twice = [saved(result, settings={"a": {"span": n}, "b": {"span": 5 - n}}) for n in (1, 2)]
    assert columns(*twice)[0].label == "a.span 1, b.span 4"
    assert columns(saved(result))[0].label == "by hand"


def test_the_settings_that_tell_most_runs_apart_come_first(saved: Make, grown: Callable[..., Result]) -> None:
    odd = {"q": 1, "r": 2, "s": 3, "t": 4}
    runs = [saved(grown(1010.0), settings={**(odd if fast == 3 else {}), **strategy(fast=fast)}) for fast in range(5)]
    labels = [column.label for column in columns(*runs)]
    assert labels[:3] == ["fast 0", "fast 1", "fast 2"]
    assert "fast 3" in labels[3]


def test_from_the_seventh_run_on_lines_are_dashed(saved: Make, grown: Callable[..., Result]) -> None:
    found = columns(*[saved(grown(1010.0)) for _ in range(12)])
    assert len({(column.hue, column.dashed) for column in found}) == 12
    assert not any(column.dashed for column in found[:6])


def test_runs_on_the_same_ground_get_no_warning(saved: Make, grown: Callable[..., Result]) -> None:
    result = grown(1010.0, 1020.0)
    assert warnings_of(columns(saved(result), saved(result))) == []


@pytest.mark.parametrize(("changed", "words", "bars_best"), [
    ({"instruments": ["ETHUSDT"]}, "different instruments: A BTCUSDT; B ETHUSDT", True),
    ({"start": 0}, "different periods, and no strategy earns the same in all of them: A 2024-01-01 to", True),
    ({"capital": 500.0}, "different accounts, so amounts of money are not comparable: A 1,000.00 USDT; B 500.00", True),
    ({"bar": "4h"}, "different bars: A 1d; B 4h", False),
    ({"data": "e" * 64}, "the data are not: candles, funding or marks changed: A dddddddd; B eeeeeeee", False),
])  # fmt: skip
def test_runs_on_other_ground_are_warned_of(
    saved: Make, grown: Callable[..., Result], changed: dict[str, Any], words: str, bars_best: bool
) -> None:
    result = grown(1010.0, 1020.0)
    (warning,) = warnings_of(columns(saved(result), saved(result, **changed)))
    assert words in warning.text
    assert warning.bars_best is bars_best
    page = compare_page([saved(result), saved(result, **changed)])
    assert words in text_of(page)
    assert ("None is marked as the best" in text_of(page)) is bars_best


def test_the_best_is_marked_where_one_direction_is_better(saved: Make, grown: Callable[..., Result]) -> None:
    rising, falling = grown(1010.0, 1030.0, 1050.0), grown(1040.0, 900.0, 1020.0)
    runs = columns(saved(falling), saved(rising), saved(rising))
    rows = rows_of(metric_groups(runs, comparable=True))
    assert [cell.best for cell in rows["Total return"]] == [False, True, True]
    assert [cell.text for cell in rows["Total return"]] == ["2.00 %", "5.00 %", "5.00 %"]
    assert [cell.best for cell in rows["Max drawdown"]] == [False, True, True]  # lower is better
    for neutral in ("Trades", "Volatility a year", "Turnover a year", "Fees paid", "Time in the market"):
        assert not any(cell.best for cell in rows[neutral]), neutral
    assert not any(cell.best for cells in rows_of(metric_groups(runs, comparable=False)).values() for cell in cells)
    alike = rows_of(metric_groups(columns(saved(rising), saved(rising)), comparable=True))
    assert not any(cell.best for cells in alike.values() for cell in cells), "the same is not better"


def test_a_missing_number_is_a_dash_with_its_reason(saved: Make, grown: Callable[..., Result]) -> None:
    flat, rising = saved(grown(1000.0, 1000.0)), saved(grown(1010.0, 1030.0))
    older = saved(grown(1010.0, 1030.0))
    del older.result["metrics"]["sharpe"]  # type: ignore[attr-defined]
    runs = columns(flat, rising, older)
    sharpe = rows_of(metric_groups(runs, comparable=True))["Sharpe"]
    notes = reasons(runs)
    assert sharpe[0].text == "–"
    assert sharpe[0].note == notes["returns do not vary"]
    assert sharpe[2].note == notes["the run was made without this metric"]
    assert sharpe[1].note is None
    assert sorted(notes.values()) == list(range(1, len(notes) + 1))
    page = compare_page([flat, rising, older])
    for reason, number in notes.items():
        assert f'id="reason-{number}" value="{number}">{reason}' in page
        assert f'href="#reason-{number}"' in page


def test_metrics_of_other_plugins_stand_last(saved: Make, grown: Callable[..., Result]) -> None:
    run = saved(grown(1010.0, 1030.0))
    run.result["metrics"]["ulcer_index"] = 0.25
    title, rows = metric_groups(columns(run), comparable=True)[-1]
    assert (title, rows[0].label, rows[0].cells[0].text) == ("Others", "Ulcer index", "0.25")


def test_runs_with_ambiguous_bars_show_their_return_by_both_rules(saved: Make, grown: Callable[..., Result]) -> None:
    plain = results()["ambiguous bars"]
    assert plain.bounds is not None
    open_run = saved(plain, bounds=plain.bounds.plain(), totals=dict(plain.totals))
    calm = saved(grown(0.01), bounds=None, totals={"ambiguous_bars": 0})
    older = saved(grown(0.01))
    title, rows = metric_groups(columns(open_run, calm, older), comparable=True)[-1]
    assert title == "Ambiguous bars"
    assert [cell.text for cell in rows[0].cells] == ["1", "0", "–"]
    assert [row.label for row in rows[1:]] == ["Total return if pessimistic", "Total return if optimistic"]
    for row, bound in zip(rows[1:], (plain.bounds.pessimistic, plain.bounds.optimistic), strict=True):
        assert [cell.text for cell in row.cells] == [f"{100 * bound.total_return:.2f} %".replace("-", "−"), "–", "–"]
    assert "Total return if optimistic" in compare_page([open_run, older])
    assert "Ambiguous" not in compare_page([calm, older])


def test_settings_that_differ_are_shown_as_a_strategy_file_has_them(saved: Make, grown: Callable[..., Result]) -> None:
    from fw.domain.saved import differences

    one = {"a": True, "b": None, "c": [1, 2], "d": 0.1, "e": "same", "risk": [{"use": "stop", "limit": 0.4}]}
    two = {"a": False, "b": "8h", "c": [], "d": 1e-7, "e": "same", "risk": []}
    runs = columns(saved(grown(1010.0), settings=one), saved(grown(1010.0), settings=two))
    found = {row.label: [cell.text for cell in row.cells] for row in setting_rows(differences([one, two]), runs)}
    assert found["a"] == ["true", "false"]
    assert found["b"] == ["–", "8h"]
    assert found["c"] == ["1, 2", "none"]
    assert found["d"] == ["0.1", "1e-07"]
    assert found["risk.stop.limit"] == ["0.4", "–"]
    assert "e" not in found


def test_what_is_written_about_a_run_is_no_difference(saved: Make, grown: Callable[..., Result]) -> None:
    runs = [
        saved(grown(1010.0), settings={**strategy(fast=10), "report": report}) for report in (["html"], ["summary"])
    ]
    assert "None: the runs have the same settings." in text_of(compare_page(runs))


def test_runs_that_are_equal_in_every_number_are_named(saved: Make, grown: Callable[..., Result]) -> None:
    rising, other = grown(1010.0, 1030.0), grown(1020.0, 1030.0)
    runs = [saved(result, settings=strategy(fast=k)) for k, result in enumerate((rising, other, rising, rising))]
    assert [[column.letter for column in group] for group in alike(columns(*runs))] == [["A", "C", "D"]]
    assert alike(columns(*runs[:2])) == []
    page = compare_page(runs)
    assert "A, C and D are equal in every number" in text_of(page)
    assert "equal in every number" not in text_of(compare_page(runs[:2]))
    for chart, step in (("growth", 2), ("falls", 1)):
        dashes = [trace["line"]["dash"] for trace in data_of(page)["charts"][chart]["data"][::step]]
        assert dashes == ["solid", "solid", "9px,9px", "9px,18px"], "the lines under it are seen between its dashes"


def test_equal_curves_of_different_trades_are_not_equal(saved: Make, by_hand: ModuleType) -> None:
    def traded(lots: int) -> SavedRun:
        fills = [
            by_hand.HandFill(bar=0, lots=lots, price=100.0),
            by_hand.HandFill(bar=1, lots=-lots, price=100.0),
        ]
        return saved(by_hand.result_by_hand([100.0] * 3, fills), metrics={})

    assert alike(columns(traded(1), traded(2))) == []
    assert len(alike(columns(traded(1), traded(1)))) == 1


def test_one_run_alone_is_compared_with_nothing(saved: Make, grown: Callable[..., Result]) -> None:
    page = text_of(compare_page([saved(grown(1010.0, 1020.0), name="alone")]))
    assert "Settings that differ" not in page
    assert "best of several" not in page


def test_versions_and_seeds_that_differ_are_told(saved: Make, grown: Callable[..., Result]) -> None:
    new = {"packages": {"numpy": "2.5"}, "seed": 7}
    runs = columns(saved(grown(1010.0)), saved(grown(1010.0), manifest=new))
    found = {row.label: [cell.text for cell in row.cells] for row in made_with(runs)}
    assert found == {"packages.numpy": ["2.4", "2.5"], "seed": ["0", "7"]}
    assert "Made with" in text_of(compare_page([column.run for column in runs]))


def test_months_and_years_of_all_runs_stand_in_one_table(saved: Make, grown: Callable[..., Result]) -> None:
    equity = np.full(80, 1000.0)
    equity[31:] = 1100.0  # from the first of February 2024
    equity[60:] = 880.0  # from the first of March
    long, short = saved(grown(*equity)), saved(grown(*[1050.0] * 31))
    ((year, rows),) = months(columns(long, short))
    assert year == 2024
    assert [(row.label, *[cell.text for cell in row.cells]) for row in rows] == [
        ("Jan", "0.00 %", "5.00 %"),
        ("Feb", "10.00 %", "–"),
        ("Mar", "−20.00 %", "–"),
    ]
    assert [cell.shade for cell in rows[1].cells] == ["up-3", ""]
    assert rows[2].cells[0].shade == "down-3"
    (whole,) = years(columns(long, short))
    assert [cell.text for cell in whole.cells] == ["−12.00 %", "5.00 %"]


def test_trades_are_counted_by_side_and_by_how_they_ended(saved: Make, by_hand: ModuleType) -> None:
    fills = [
        by_hand.HandFill(bar=0, lots=1000, price=100.0),
        by_hand.HandFill(bar=1, lots=-1000, price=130.0, reason="take_profit"),
        by_hand.HandFill(bar=2, lots=-1000, price=100.0),
        by_hand.HandFill(bar=3, lots=1000, price=110.0, reason="stop"),
        by_hand.HandFill(bar=3, lots=1000, price=100.0, inside=True),
    ]
    traded = saved(by_hand.result_by_hand([100.0] * 5, fills))
    idle = saved(by_hand.result_by_hand([100.0] * 5))
    found = {row.label: [(cell.text, cell.more) for cell in row.cells] for row in trade_rows(columns(traded, idle))}
    assert found["All trades"] == [("3", "20.00"), ("0", "")]
    assert found["Long"] == [("2", "30.00"), ("0", "")]
    assert found["Short"] == [("1", "−10.00"), ("0", "")]
    assert found["Ended by take profit"][0] == ("1", "30.00")
    assert found["Ended by stop"][0] == ("1", "−10.00")
    assert found["Open at the end"][0] == ("1", "0.00")
    assert trade_rows(columns(idle, idle)) == []


def test_notes_that_most_runs_share_are_not_repeated(saved: Make, grown: Callable[..., Result]) -> None:
    usual = ["tiers of 2024"]
    runs = [saved(grown(1010.0), notes=usual) for _ in range(3)]
    runs.append(saved(grown(1010.0), notes=[*usual, "a", "b", "c", "trading ended"]))
    assert remarks(columns(*runs)) == [([], 0)] * 3 + [(["trading ended", "c", "b"], 1)]
    assert remarks(columns(runs[0])) == [(["tiers of 2024"], 0)]


def test_lines_are_drawn_from_few_points_that_keep_the_extremes(saved: Make, grown: Callable[..., Result]) -> None:
    rng = np.random.default_rng(2)
    equity = 1000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.002, 200_000)))
    equity[77_777] *= 3.0
    run = saved(grown(*equity, bar="1m"))
    page = compare_page([run, run])
    growth = data_of(page)["charts"]["growth"]["data"]
    line, letter = growth[0], growth[1]
    drawn = unpacked(line["y"])
    assert len(drawn) <= 3000
    assert drawn.max() == equity.max() / 1000.0
    assert drawn.min() == equity.min() / 1000.0
    assert (letter["text"], letter["y"]) == (["A"], [equity[-1] / 1000.0])
    assert unpacked(line["x"])[-1] == run.result["end"] / 1e6
    falls = unpacked(data_of(page)["charts"]["falls"]["data"][0]["y"])
    peak = np.maximum(np.maximum.accumulate(equity), 1000.0)
    assert falls.min() == pytest.approx((equity / peak - 1.0).min(), rel=1e-12)


def test_names_and_settings_cannot_write_markup(saved: Make, grown: Callable[..., Result]) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    runs = [
        saved(
            grown(1010.0, 1020.0),
            name=f"{evil} \u202eתיק 🚀",
            run="<b>id</b>",
            notes=[evil],
            settings={"strategy": {f"<i>{k}</i>": evil + str(k)}},
        )
        for k in range(2)
    ]
    runs[0].result["unmeasured"]["sharpe"] = evil
    runs[0].result["metrics"]["sharpe"] = None
    page = compare_page(runs)
    assert evil not in page
    assert "<img" not in page
    assert "<b>id</b>" not in page
    assert page.count("alert(1)") > 0
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', page[: page.index("<script>")]), (
        "nothing is loaded from elsewhere"
    )


@pytest.mark.parametrize("name", list(results()))
def test_odd_runs_stand_beside_a_usual_one(saved: Make, name: str) -> None:
    page = compare_page([saved(results()["some trades"]), saved(results()[name])])
    assert " nan" not in text_of(page).lower()
    assert "None" not in text_of(page).replace("None is marked", "").replace("None: the runs", "")
    assert data_of(page)["charts"]["growth"]["data"]


@pytest.mark.parametrize("many", [1, 2, 12, 30])
def test_any_number_of_runs_makes_a_page(saved: Make, many: int) -> None:
    runs = [saved(results()["some trades"], settings=strategy(fast=k), run=f"run-{k}") for k in range(many)]
    page = compare_page(runs)
    assert f"{many} runs of made-up" in page or (many == 1 and "One run of made-up" in page)
    assert all(f"run-{k}<" in page for k in range(many))
    assert len(data_of(page)["charts"]["growth"]["data"]) == 2 * many


def test_a_run_that_lacks_a_file_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = fw.load(Path(__file__).parents[4] / "examples" / "quickstart.yaml").run()
    assert result.folder is not None
    (result.folder / "trades.parquet").unlink()
    with pytest.raises(fw.DataError, match=r"lacks its trades\.parquet"):
        compare_page([fw.open_run(result.folder)])


def test_the_reporter_writes_the_page(saved: Make, grown: Callable[..., Result], tmp_path: Path) -> None:
    from fw_report.html.reporter import Html

    run = saved(grown(1010.0, 1020.0), name="half a pair \ud83d")
    Html().compare([run], tmp_path / "compare.html")
    assert "half a pair" in (tmp_path / "compare.html").read_text(encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["compare.html"]


def test_hours_and_days_may_stand_side_by_side(saved: Make, grown: Callable[..., Result]) -> None:
    by_day, by_hour = grown(1010.0, 1020.0), grown(*[1000.0 + k for k in range(48)], bar="1h")
    runs = columns(saved(by_day), saved(by_hour))
    assert [(column.end - column.start) // DAY for column in runs] == [2, 2]
    assert [column.bar.ns for column in runs] == [DAY, HOUR]
    assert [warning.bars_best for warning in warnings_of(runs)] == [False]
