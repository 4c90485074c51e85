"""Finds every part of a plugin and tries each against the suite of its kind, by its default settings."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs

from fw.errors import DataError, MissingExtra, PluginError, SettingsError
from fw.installed import installed
from fw.parts.spec import build
from fw.plugins import Plugin, Plugins, load
from fw.registry import Offer, canonical, missing_module, one_line
from fw.testing.data import check_features, check_model, check_source
from fw.testing.decisions import check_risk_check, check_sizer, check_strategy
from fw.testing.fakes import FakeRun
from fw.testing.outputs import check_broker, check_metric, check_observer, check_reporter

SUITES: dict[str, Callable[[Any], None]] = {
    "source": check_source,
    "features": check_features,
    "model": check_model,
    "strategy": check_strategy,
    "sizer": check_sizer,
    "risk": check_risk_check,
    "broker": check_broker,
    "metric": check_metric,
    "reporter": check_reporter,
    "observer": check_observer,
}
"""The suite for each kind of part."""


@attrs.frozen
class Found:
    """What a plugin offers, and what is wrong with it before any part is tried."""

    where: Path
    """Its source, or the current folder where that is not known."""
    offers: tuple[Offer, ...] = ()
    problems: tuple[str, ...] = ()


class Untried(Exception):
    """A part that the suite of its kind cannot try by its defaults alone; the text says why, and what to do."""


def find(target: str) -> Found:
    """The parts of a plugin file, of an installed plugin or distribution, or of a module, by whichever is named.

    Raises LookupError where it is none of these.
    """
    path = Path(target)
    if path.suffix == ".py" or path.is_file():
        return _of_file(path)
    names = [one.entry.name for one in installed() if target in (one.entry.name, canonical(one.distribution))]
    if names:
        plugins = load(only=names, environ={})
        return _gathered(plugins, names)
    try:
        known = find_spec(target) is not None
    except (ImportError, ValueError):
        known = False
    if not known:
        raise LookupError(f"{target!r} is no file, no installed plugin and no module")
    plugins = Plugins()
    try:
        module = import_module(target)
    # a plugin may raise anything at import, SystemExit included
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return Found(Path.cwd(), problems=(f"{target} cannot be imported: {one_line(error)}",))
    plugins.add(Plugin(target, module))
    return attrs.evolve(_gathered(plugins, [target]), where=Path(module.__file__ or "."))


def _of_file(path: Path) -> Found:
    if not path.is_file():
        raise LookupError(f"there is no file {path}")
    try:
        plugins = load(files=[path], only=(), environ={})
    except PluginError as error:
        return Found(path.resolve(), problems=(str(error),))
    own = [plugin.name for plugin in plugins.loaded if plugin.file is not None]
    return attrs.evolve(_gathered(plugins, own), where=path.resolve())


def _gathered(plugins: Plugins, names: list[str]) -> Found:
    modules = [plugin.module for plugin in plugins.loaded if plugin.name in names]
    source = next((file for module in modules if (file := getattr(module, "__file__", None))), None)
    return Found(
        Path(source) if source else Path.cwd(),
        tuple(offer for name in names for offer in plugins.offers_of(name)),
        tuple(str(problem) for problem in plugins.problems if problem.plugin in names),
    )


def check(offer: Offer) -> None:
    """Try one part by its default settings against the suite of its kind.

    Raises AssertionError for a broken contract, Untried where the defaults are not enough to judge.
    """
    suite = SUITES[offer.kind]
    own = f"call fw.testing.{suite.__name__} in a test of your own"
    missing = [field.name for field in attrs.fields(offer.spec) if field.init and field.default is attrs.NOTHING]
    if missing:
        raise Untried(f"{', '.join(missing)} must be given: {own}")
    try:
        spec = offer.spec()
    except (TypeError, ValueError) as error:
        raise Untried(f"it does not stand by its defaults alone ({error}): {own}") from error
    try:
        if offer.kind == "broker" and not hasattr(build(spec, FakeRun()), "terms"):
            raise Untried(f"it is no simulated broker and might reach a venue: {own}")
        suite(spec)
    except (SettingsError, MissingExtra) as error:
        raise Untried(f"{error}: {own}") from error
    except ImportError as error:
        if (module := missing_module(error)) is None:
            raise
        raise Untried(f"it needs {module}, which is not installed") from error
    except DataError as error:
        if offer.kind != "source":
            raise
        raise Untried(f"{error}: {own}, with a fw.Want for what it has") from error
