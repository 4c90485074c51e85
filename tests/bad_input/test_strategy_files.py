"""A strategy file that cannot be read, or is no strategy file, is one line with its place, and nothing is written."""

from __future__ import annotations

from typing import Any

import pytest

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_the_good_file_runs(desk: Any, good: str) -> None:
    told = desk.run(good)
    assert (told.code, told.err) == (0, "")
    assert desk.statuses() == ["finished"]
    assert desk.trials() == 1


def test_a_missing_file_is_met_with_the_one_that_may_be_meant(desk: Any, good: str) -> None:
    desk.write("quick.yaml", good)
    desk.check_refusal(desk.fw("run", "quik.yaml"), 2, "quik.yaml: does not exist", "Did you mean 'quick.yaml'?")


def test_a_folder_in_place_of_the_file(desk: Any) -> None:
    desk.check_refusal(desk.fw("run", "."), 2, "is a folder", "name the strategy file in it")


def test_a_file_below_a_file_cannot_be_read(desk: Any, good: str) -> None:
    desk.write("s.yaml", good)
    desk.check_refusal(desk.fw("run", "s.yaml/t.yaml"), 2, "s.yaml/t.yaml", "cannot be read", "Not a directory")


def test_links_that_lead_to_themselves_cannot_be_read(desk: Any) -> None:
    (desk.files / "s.yaml").symlink_to("s.yaml")
    desk.check_refusal(desk.fw("run", "s.yaml"), 2, "s.yaml", "cannot be read", "symbolic links")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("risk: [a, b\nseed: }\n", ("s.yaml:8:5", "is not YAML")),
        ("risk:\n\t- max_exposure\n", ("s.yaml:8:1", "a tab stands here", "spaces")),
        ("seed: 1\nseed: 2\n", ("s.yaml:8:1", "seed: stands twice", "first in line 7")),
        ("seed: !!python/object/apply:os.system ['touch hacked']\n", ("s.yaml:7:7", "tags", "write the plain value")),
        ("seed: !vault 5\n", ("s.yaml:7:7", "tags (!vault)", "write the plain value")),
        ("<<: {seed: 1}\n", ("s.yaml:7:1", "merge keys", "profiles")),
        ("---\nname: second\n", ("s.yaml:7:1", "a second document begins")),
        ("riks: [max_exposure]\n", ("s.yaml:7:1", "riks: unknown setting", "Did you mean 'risk'?")),
        ("simulation: {slipage: {bps: 1}}\n", ("s.yaml:7:14", "simulation.slipage", "Did you mean 'slippage'?")),
        ("plugins: [./absent.py]\n", ("s.yaml:7:11", "plugins[0]", "'./absent.py' does not exist")),
    ],
)
def test_a_mistake_of_form_has_its_line_and_column(desk: Any, good: str, more: str, words: tuple[str, ...]) -> None:
    desk.refused(good + more, 4 if "plugins" in more else 2, *words)
    assert not (desk.files / "hacked").exists()


def test_an_alias_bomb_is_refused_before_it_grows(desk: Any, good: str) -> None:
    told = desk.run(BOMB + good)
    desk.check_refusal(told, 2, "s.yaml:1:4: a: anchors (&a) are not read", lines=len(told.err.splitlines()))
    assert len(told.err.splitlines()) <= 2 * 9


def test_fifty_megabytes_are_no_strategy_file(desk: Any) -> None:
    desk.refused(b"#" + b"x" * 50_000_000, 2, "s.yaml", "is larger than 1 MB", "no strategy file")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("is empty", "instruments, bar, source, strategy")),
        (b"# only a remark\n", ("is empty",)),
        (b"[1, 2]", ("s.yaml:1:1", "wants settings (name: value)")),
        (b"open_time,open,high\n1,2,3\n", ("s.yaml:1:1", "wants settings (name: value)")),
        (b"PK\x03\x04\x00\x00", ("s.yaml:1:3", "which YAML does not allow")),
        ("name: t".encode("utf-16"), ("s.yaml:1:1", "is not UTF-8", "save the file as UTF-8")),
        ("name: tést".encode("latin-1"), ("s.yaml:1:8", "is not UTF-8", "save the file as UTF-8")),
    ],
)
def test_what_is_no_strategy_file_at_all(desk: Any, content: bytes, words: tuple[str, ...]) -> None:
    desk.refused(content, 2, *words)


def test_every_mistake_is_told_at_once(desk: Any, good: str) -> None:
    text = good.replace("bar: 1h", "bar: 7m").replace("fast: 5", "fsat: 5").replace("capital: 10000", "capital: -1")
    desk.check_refusal(desk.run(text), 2, "s.yaml:3:6: bar", "s.yaml:4:20: account.capital", "s.yaml:6:28", lines=3)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: test", "name: test\napi_key: hunter2-and-more"),
        ("use: synthetic", "use: synthetic, api_secret: hunter2-and-more"),
        ("name: test", "name: test\ndatabase: postgres://me:hunter2-and-more@host/db"),
        ("name: test", f"name: test\nkey: {b'hunter2-and-more'.hex() * 2}"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_never_repeated(desk: Any, wrong: Any, old: str, new: str) -> None:
    told = desk.run(wrong(old, new))
    desk.check_refusal(told, 2, "a secret must never stand in settings", "environment variable", lines=1)
    assert "hunter2" not in told.err
    assert b"hunter2".hex() not in told.err


def test_a_secret_in_an_option_is_not_repeated_either(desk: Any, good: str) -> None:
    told = desk.run(good, "--set", "source.api_key=hunter2-and-more")
    desk.check_refusal(told, 2, "a secret must never stand in settings")
    assert "hunter2" not in told.err


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("strategy.fast", ("--set strategy.fast", "wants PATH=VALUE, like strategy.fast=5")),
        ("", ("wants PATH=VALUE",)),
        ("=5", ("wants PATH=VALUE",)),
        ("strategy.fsat=5", ("--set strategy.fsat=5", "Did you mean 'fast'?")),
        ("strategy.fast=five", ("--set strategy.fast=five", "wants a whole number, not 'five'")),
        ("risk.max_exposure.limit=3", ("names no part 'max_exposure'", "risk=[max_exposure]")),
        ("instruments.0=ETHUSDT", ("instruments is a list", "instruments=[…]")),
    ],
)
def test_a_set_that_cannot_be(desk: Any, good: str, option: str, words: tuple[str, ...]) -> None:
    desk.refused(good, 2, *words, arguments=("--set", option))


def test_a_profile_that_is_not_there(desk: Any, good: str) -> None:
    text = good + "profiles: {paper: {broker: paper}}\n"
    desk.refused(text, 2, "there is no profile 'papre'", "Did you mean 'paper'?", arguments=("--profile", "papre"))


def test_a_variable_that_cannot_be(desk: Any, good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FW__STRATEGY__FAST", "five")
    desk.refused(good, 2, "FW__STRATEGY__FAST", "strategy.fast: wants a whole number, not 'five'")
