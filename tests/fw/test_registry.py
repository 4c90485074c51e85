"""Parts are found by kind and name, and a name that is not found says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

import fw
from fw.plugins import load
from fw.registry import Offer, PluginProblem, Registry, build_part

RUN: Any = object()


@attrs.frozen
class Part:
    """A part.

    It has a second paragraph.
    """


def offers(*names: str) -> list[Offer]:
    """Offers from `plugin/kind/name`."""
    return [Offer(kind, name, Part, plugin) for plugin, kind, name in (text.split("/") for text in names)]


def test_a_part_is_found_by_its_name_and_by_its_plugins() -> None:
    registry = Registry(offers("mine/strategy/x", "mine/sizer/x"))
    assert registry.find("strategy", "x") is registry.find("strategy", "mine:x")
    assert registry.find("strategy", "x").kind == "strategy"
    assert registry.find("strategy", "x").summary == "A part."


def test_offers_are_listed_by_kind_and_name() -> None:
    registry = Registry(offers("b/strategy/y", "a/strategy/x", "a/sizer/z"))
    assert [offer.name for offer in registry.offers()] == ["z", "x", "y"]
    assert [offer.qualified for offer in registry.offers("strategy")] == ["a:x", "b:y"]


def test_a_name_that_two_plugins_offer_lists_the_forms_to_write() -> None:
    registry = Registry(offers("b/strategy/x", "a/strategy/x"))
    with pytest.raises(fw.AmbiguousName) as caught:
        registry.find("strategy", "x")
    assert str(caught.value) == "2 plugins offer a strategy called 'x': write a:x or b:x"
    assert registry.find("strategy", "b:x").plugin == "b"


def test_no_plugin_takes_the_place_of_a_part_that_files_need_not_name() -> None:
    ours, theirs = offers("sizing/sizer/fixed_fraction", "mine/sizer/fixed_fraction")
    registry = Registry([attrs.evolve(ours, distribution="futures-framework"), theirs])
    assert registry.find("sizer", "fixed_fraction").plugin == "sizing"
    assert registry.find("sizer", "mine:fixed_fraction").plugin == "mine"


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("strategy", "smacross", "no plugin offers a strategy called 'smacross'. Did you mean 'sma_cross'?"),
        ("strategy", "kelly", "no plugin offers a strategy called 'kelly'; mine:kelly is a sizer"),
        ("strategy", "zzz", "no plugin offers a strategy called 'zzz'; there are buy, sma_cross"),
        ("strategy", "other:buy", "no plugin offers a strategy called 'other:buy', but there is mine:buy"),
        (
            "features",
            "rsi",
            "no plugin offers a feature set called 'rsi', nor any other feature set: see fw plugins list",
        ),
    ],
)
def test_an_unknown_name_says_what_there_is(kind: str, name: str, text: str) -> None:
    registry = Registry(offers("mine/strategy/sma_cross", "mine/strategy/buy", "mine/sizer/kelly"))
    with pytest.raises(fw.UnknownPart) as caught:
        registry.find(kind, name)
    assert str(caught.value) == text


def test_a_name_whose_plugin_is_broken_says_what_is_wrong_with_it(site: Any) -> None:
    code = "import nowhere_at_all, fw\n@fw.hookimpl\ndef fw_models():\n    return {'tft': 1}\n"
    site.add("deep", code, needs=["nowhere-at-all; extra == 'models'"])
    with pytest.raises(fw.UnknownPart) as caught:
        load().registry.find("model", "tft")
    assert str(caught.value) == (
        "no plugin offers a model called 'tft'; "
        "plugin 'deep' (fw-deep 1.0) needs nowhere_at_all: pip install \"fw-deep[models]\""
    )


def test_a_qualified_name_asks_only_its_own_plugin() -> None:
    problem = PluginProblem("mine", "fw-mine", "1.0", "cannot be imported: ImportError")
    registry = Registry([], [problem])
    with pytest.raises(fw.UnknownPart, match=r"plugin 'mine' \(fw-mine 1\.0\) cannot be imported"):
        registry.find("strategy", "mine:x")
    with pytest.raises(fw.UnknownPart, match="nor any other strategy"):
        registry.find("strategy", "other:x")


def test_a_spec_without_build_is_the_part() -> None:
    spec = Part()
    assert build_part(offers("mine/strategy/x")[0], spec, RUN) is spec


def test_build_makes_the_part() -> None:
    @attrs.frozen
    class Spec:
        def build(self, run: Any) -> str:
            return "the part"

    assert build_part(offers("mine/strategy/x")[0], Spec(), RUN) == "the part"


@attrs.frozen
class Failing:
    """Raises what it was given when it is built."""

    error: BaseException

    def build(self, run: Any) -> Any:
        raise self.error


@attrs.frozen
class NeedsTorch:
    """Imports, when it is built, a module that is nowhere."""

    def build(self, run: Any) -> Any:
        import nowhere_at_all.nn  # type: ignore[import-not-found]

        return nowhere_at_all.nn


def test_a_missing_extra_is_one_sentence_with_the_command(site: Any) -> None:
    site.add("deep", needs=["Nowhere_At.All (>=2) ; extra == 'all'", "nowhere-at-all>=2; extra == 'models'"])
    offer = Offer("model", "tft", NeedsTorch, "deep", "fw-deep", "1.0")
    with pytest.raises(fw.MissingExtra) as caught:
        build_part(offer, NeedsTorch(), RUN)
    assert str(caught.value) == "model 'tft' needs nowhere_at_all: pip install \"fw-deep[models]\""


def test_a_module_that_no_extra_brings_is_named_alone(site: Any) -> None:
    site.add("deep", needs=["numpy"])
    with pytest.raises(fw.MissingExtra, match="model 'tft' needs the module nowhere_at_all, which is not installed"):
        build_part(Offer("model", "tft", NeedsTorch, "deep", "fw-deep", "1.0"), NeedsTorch(), RUN)
    with pytest.raises(fw.MissingExtra, match="nowhere_at_all, which is not installed"):
        build_part(Offer("model", "tft", NeedsTorch, "file"), NeedsTorch(), RUN)


def test_a_name_missing_from_an_installed_module_is_no_missing_extra() -> None:
    error = ImportError("cannot import name 'nothing' from 'json'", name="json")
    with pytest.raises(fw.PluginError) as caught:
        build_part(offers("mine/model/x")[0], Failing(error), RUN)
    assert not isinstance(caught.value, fw.MissingExtra)
    assert "cannot import name 'nothing' from 'json'" in str(caught.value)


def test_any_other_failure_names_the_part_and_who_brought_it() -> None:
    offer = Offer("model", "x", Failing, "mine", "fw-mine", "1.0")
    for error in (KeyError("k"), SystemExit(3)):
        with pytest.raises(fw.PluginError, match=r"^model 'x' of plugin 'mine' \(fw-mine 1\.0\) raised \w+: "):
            build_part(offer, Failing(error), RUN)


def test_errors_of_the_tree_and_ctrl_c_pass_as_they_are() -> None:
    offer = offers("mine/model/x")[0]
    for error in (fw.SettingsError("both cannot be"), KeyboardInterrupt()):
        with pytest.raises(type(error)):
            build_part(offer, Failing(error), RUN)


def test_two_files_that_offer_one_name_are_told_apart(tmp_path: Path) -> None:
    code = (
        "import attrs, fw\n@attrs.frozen\nclass Part:\n    ''\n@fw.hookimpl\ndef fw_sizers():\n    return {'x': Part}\n"
    )
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text(code)
    registry = load(files=[tmp_path / "one.py", tmp_path / "two.py"]).registry
    with pytest.raises(fw.AmbiguousName, match="write one:x or two:x"):
        registry.find("sizer", "x")
