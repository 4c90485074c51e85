"""Arguments of the commands that cannot be meant: one message each, before hours of work rather than after."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run",), ("Missing argument 'FILE'", "fw run --help")),
        (("run", "s.yaml", "t.yaml"), ("unexpected extra argument (t.yaml)",)),
        (("run", "s.yaml", "--engine", "fast"), ("'--engine'", "'fast' is not one of 'scan', 'loop'")),
        (("run", "s.yaml", "--prfile", "x"), ("No such option '--prfile'", "'--profile'")),
        (("sweep", "s.yaml"), ("Missing option '--over'",)),
        (("parts", "strategies"), ("fw parts [OPTIONS] [KIND] [NAME]", "Did you mean 'strategy'?")),
        (("parts", "zzz"), ("there is no kind 'zzz'. There are source, features,",)),
        (("parts", "sma_cross"), ("sma_cross is a strategy: fw parts strategy sma_cross",)),
        (("new", "strategie", "foo"), ("fw new [OPTIONS] KIND NAME", "Did you mean 'strategy'?")),
        (("new", "plug-in", "foo"), ("there is no kind 'plug-in'. Did you mean 'plugin'?",)),
        (("plugins", "instal", "x"), ("No such command 'instal'", "'install'")),
    ],
)
def test_usage_that_cannot_be_is_told_with_the_way_to_help(
    desk: Any, good: str, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    desk.write("s.yaml", good)
    told = desk.fw(*arguments)
    desk.check_refusal(told, 2, *words, lines=len(told.err.splitlines()))


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--over", "strategy.fast"), 2, ("--over strategy.fast", "wants PATH=START:STOP:STEP or PATH=A,B,C")),
        (("--over", "strategy.fsat=5,9"), 2, ("Error: --over strategy.fsat=5: strategy.fsat", "Did you mean 'fast'?")),
        (("--over", "strategy.fast=30:40:5"), 2, ("fast must be less than slow",)),
        (("--over", "strategy.fast=1:9:-1"), 2, ("the step -1 does not lead from 1 to 9",)),
        (("--over", "strategy.fast=1:10000000000:1"), 2, ("10,000,000,000 values", "100,000 are the most")),
        (
            ("--over", "strategy.fast=5", "--by", "sharp"),
            2,
            ("--by sharp: there is no such column. Did you mean 'sharpe'?",),
        ),
        (("--over", "strategy.fast=5", "--out", "all.xlsx"), 2, ("--out all.xlsx", ".parquet or .csv")),
        (("--over", "strategy.fast=5", "--over", "strategy.fast=6"), 2, ("strategy.fast is given twice",)),
        (("--over", "strategy.use=sma_corss,momentm"), 4, ("'sma_corss'", "Did you mean 'sma_cross'?")),
    ],
)
def test_a_sweep_that_cannot_be(
    desk: Any, good: str, options: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    desk.write("s.yaml", good)
    desk.check_refusal(desk.fw("sweep", "s.yaml", "--quiet", *options), code, *words)
    assert not list(desk.workspace.iterdir())


def test_a_sweep_says_how_many_combinations_it_left_out(desk: Any, good: str) -> None:
    desk.write("s.yaml", good)
    told = desk.fw("sweep", "s.yaml", "--quiet", "--over", "strategy.fast=5,10,30")
    assert told.code == 0
    why = "fast must be less than slow, but 30 is not less than 20"
    assert told.err == f"1 combination left out: strategy.fast=30: {why}\n"
    assert desk.trials() == 2
    told = desk.fw("sweep", "s.yaml", "--over", "strategy.fast=5,30,40", "--over", "strategy.slow=20,25")
    assert told.err == f"4 combinations left out; the first: strategy.fast=30 strategy.slow=20: {why}\n"


@pytest.mark.parametrize("command", ["show", "replay"])
def test_a_run_that_is_not_there(desk: Any, good: str, command: str) -> None:
    no_run = ("there is no run 'nothing'", str(desk.workspace / "runs"), "`fw run FILE` makes one")
    desk.check_refusal(desk.fw(command, "nothing"), 3, *no_run)
    assert desk.run(good).code == 0
    told = desk.fw(command, "nothing")
    assert (told.code, told.out) == (3, "")
    assert f"the newest there is {desk.runs()[0].name}" in told.err


@pytest.mark.parametrize("command", ["show", "replay"])
def test_a_run_that_failed_is_told_to_have_failed(desk: Any, over_file: Any, command: str) -> None:
    desk.refused(over_file("absent.csv"), 3, "there is no file absent.csv")
    desk.check_refusal(desk.fw(command, desk.runs()[0].name), 3, desk.runs()[0].name, "it failed")


def test_a_run_without_result_hides_no_other(desk: Any, good: str, over_file: Any) -> None:
    desk.check_refusal(desk.fw("show"), 3, "no runs are in", "`fw run FILE` makes one")
    desk.refused(over_file("absent.csv"), 3, "there is no file absent.csv")
    assert desk.run(good).code == 0
    (failed,) = [folder for folder in desk.runs() if not (folder / "result.json").exists()]
    told = desk.fw("show", *map(str, desk.runs()))
    assert told.code == 0
    assert "Sharpe" in told.out
    assert told.err.splitlines() == [line for line in told.err.splitlines() if line.startswith("left out: the run in")]
    assert failed.name in told.err
    assert "it failed: " in told.err
    # a name that is mistyped is no run to leave out
    assert desk.fw("show", "nothing", *map(str, desk.runs())).code == 3


def test_without_words_the_newest_run_is_shown(desk: Any, good: str) -> None:
    for _ in range(2):
        assert desk.run(good).code == 0
    assert desk.fw("show").out == desk.fw("show", desk.runs()[-1].name).out


def test_a_quiet_run_says_only_where_it_was_written(desk: Any, good: str) -> None:
    told = desk.run(good)
    assert (told.out, told.err) == (f"written to {desk.runs()[0]}\n", "")


def test_a_schema_is_made_of_a_file_that_is_there(desk: Any) -> None:
    told = desk.fw("schema", "nosuch.yaml", "--out", "x.json")
    desk.check_refusal(told, 2, "Error: nosuch.yaml: does not exist", f"you are in {desk.files}")
    assert not (desk.workspace / "x.json").exists()


def test_a_file_that_is_not_there_is_told_with_the_folder_it_was_looked_for_in(desk: Any) -> None:
    missing = f"does not exist, nor does its folder examples; you are in {desk.files}"
    desk.check_refusal(desk.fw("run", "examples/quickstart.yaml"), 2, f"Error: examples/quickstart.yaml: {missing}")


@pytest.mark.parametrize(
    ("file", "content"),
    [("manifest.json", "{"), ("manifest.json", "[]"), ("journal.parquet", ""), ("journal.parquet", "PAR1 not")],
)
def test_a_run_folder_that_was_damaged_cannot_be_replayed(desk: Any, good: str, file: str, content: str) -> None:
    assert desk.run(good).code == 0
    (desk.runs()[0] / file).write_text(content)
    told = desk.fw("replay", desk.runs()[0].name)
    assert (told.code, told.out) == (3, ""), told.err
    assert desk.runs()[0].name in told.err
    assert len(told.err.splitlines()) == 1
    assert not list(desk.workspace.rglob("crash-*"))


def test_a_run_whose_data_has_changed_cannot_be_replayed(desk: Any, candles: Any, over_file: Any) -> None:
    candles.to_csv(desk.files / "btc.csv", index=False)
    assert desk.run(over_file()).code == 0
    candles.assign(volume=1.0).to_csv(desk.files / "btc.csv", index=False)
    told = desk.fw("replay", desk.runs()[0].name)
    assert (told.code, told.out) == (3, "")
    assert "has changed since" in told.err


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("bar: 1h", "bar: 7m", 2, "s.yaml:3:6: bar: '7m' is not a bar size offered"),
        ("sma_cross", "sma_corss", 4, "Did you mean 'sma_cross'?"),
        ("synthetic,", "files, bars: absent.csv,", 3, "there is no file absent.csv"),
    ],
)
def test_a_check_tells_what_a_run_would(desk: Any, wrong: Any, old: str, new: str, code: int, words: str) -> None:
    desk.write("s.yaml", wrong(old, new))
    desk.check_refusal(desk.fw("check", "s.yaml"), code, words)
    assert not list(desk.workspace.iterdir())
