"""Every part the plugins offer, found by kind and name; a name that cannot be found says what to do about it."""

from __future__ import annotations

import difflib
import errno
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from fw.errors import AmbiguousName, FwError, MissingExtra, PluginError, UnknownPart
from fw.parts.spec import build

if TYPE_CHECKING:
    from fw.parts.given import Run
    from fw.settings.describe import Row

BUNDLED = "futures-framework"
"""The distribution that holds the kernel and the bundled plugins."""

DEFAULT_PARTS: Mapping[str, str] = {"sizer": "fixed_fraction", "broker": "backtest", "reporter": "summary"}
"""Parts that a file need not name, by kind."""

WORDS = {"features": "feature set", "risk": "risk check"}
"""Kinds whose word in a sentence is not their key in the file."""

IMPORT_NAMES = {"sklearn": "scikit-learn", "yaml": "pyyaml", "talib": "ta-lib", "google": "protobuf"}
"""Modules that are called otherwise than the distribution they come in."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
IMPORT_MACHINERY = ("importlib", "importlib_metadata")
KERNEL = Path(__file__).parent
NOT_FOR_USERS = ("all", "dev", "docs", "test", "tests")


@attrs.frozen
class Offer:
    """One part that can be named in a strategy file: its settings class and who brings it."""

    kind: str
    name: str
    spec: type[Any]
    plugin: str
    distribution: str = ""
    """Empty for a plugin loaded from a file."""
    version: str = ""

    @property
    def qualified(self) -> str:
        """The name that is never ambiguous: `plugin:name`."""
        return f"{self.plugin}:{self.name}"

    @property
    def summary(self) -> str:
        """The first line of the settings class's docstring."""
        return (self.spec.__doc__ or "").strip().partition("\n")[0]

    @property
    def settings(self) -> tuple[Row, ...]:
        """Its settings in words: name, type, default, bounds and help of each."""
        from fw.settings.describe import describe

        return describe(self.spec)

    @property
    def file(self) -> Path | None:
        """The file its settings class is written in; None for one that was typed in."""
        source = getattr(sys.modules.get(self.spec.__module__), "__file__", None)
        return Path(source) if source else None

    @property
    def origin(self) -> str:
        """Who brings it, in a word or two: `bundled`, `fw-momentum 1.2`, or the file it was loaded from."""
        if self.distribution == BUNDLED:
            return "bundled"
        return f"{self.distribution} {self.version}" if self.distribution else str(self.file or "a file")

    @property
    def title(self) -> str:
        """How sentences call it: `model 'tft'`."""
        return f"{word(self.kind)} {self.name!r}"


@attrs.frozen
class PluginProblem:
    """What is wrong with one plugin, and the command that mends it."""

    plugin: str
    distribution: str
    version: str
    text: str
    mend: str = ""
    source: Path | None = attrs.field(default=None, repr=False)
    """Where its code is, if that is known."""

    def __str__(self) -> str:
        brought = f" ({self.distribution} {self.version})" if self.distribution else ""
        mend = f": {self.mend}" if self.mend else ""
        return f"plugin {self.plugin!r}{brought} {self.text}{mend}"

    def may_have_offered(self, plugin: str, name: str) -> bool:
        """Whether a part of this name was lost with it, judged by names and by the text of its source."""
        if plugin:
            return plugin == self.plugin
        try:
            code = self.source.read_text("utf-8", "replace") if self.source else ""
        except OSError:
            code = ""
        return name in (self.plugin, canonical(self.distribution)) or bool(
            re.search(rf"['\"]{re.escape(name)}['\"]", code)
        )


class Registry:
    """All offers of one loading of plugins, and what was wrong with the plugins that are missing."""

    def __init__(self, offers: Iterable[Offer], problems: Iterable[PluginProblem] = ()) -> None:
        self._offers = tuple(sorted(offers, key=lambda offer: (offer.kind, offer.name, offer.plugin)))
        self._of_kind: dict[str, tuple[Offer, ...]] = {}
        for offer in self._offers:
            self._of_kind[offer.kind] = (*self._of_kind.get(offer.kind, ()), offer)
        self.problems = tuple(problems)

    def offers(self, kind: str | None = None) -> tuple[Offer, ...]:
        """Every offer, or those of one kind, by name."""
        return self._offers if kind is None else self._of_kind.get(kind, ())

    def find(self, kind: str, name: str) -> Offer:
        """The one offer of this name; `plugin:name` picks among several.

        The names that stand in where a file says nothing always mean the bundled parts: no plugin can stop the files
        that rely on them. Raises AmbiguousName where several plugins offer another name, UnknownPart where none does.
        """
        plugin, colon, bare = name.rpartition(":")
        found = [o for o in self.offers(kind) if o.name == bare and (not colon or o.plugin == plugin)]
        if len(found) > 1 and DEFAULT_PARTS.get(kind) == name:
            found = [offer for offer in found if offer.distribution == BUNDLED] or found
        if len(found) > 1:
            forms = " or ".join(offer.qualified for offer in found)
            raise AmbiguousName(f"{len(found)} plugins offer a {word(kind)} called {bare!r}: write {forms}")
        if not found:
            raise UnknownPart(self._nothing_called(kind, name))
        return found[0]

    def _nothing_called(self, kind: str, name: str) -> str:
        plugin, _, bare = name.rpartition(":")
        says = f"no plugin offers a {word(kind)} called {name!r}"
        if culprits := [problem for problem in self.problems if problem.may_have_offered(plugin, bare)]:
            return f"{says}; " + "; ".join(map(str, culprits))
        if elsewhere := [offer for offer in self._offers if offer.name == bare and offer.kind != kind]:
            return f"{says}; {elsewhere[0].qualified} is a {word(elsewhere[0].kind)}"
        known = self.offers(kind)
        if plugin and any(offer.name == bare for offer in known):
            forms = " or ".join(offer.qualified for offer in known if offer.name == bare)
            return f"{says}, but there is {forms}"
        if close := nearest(bare, (offer.name for offer in known)):
            return f"{says}. Did you mean {close!r}?"
        if not known:
            return f"{says}, nor any other {word(kind)}: see fw plugins list"
        return f"{says}; there are {', '.join(sorted({offer.name for offer in known}))}"


def build_part(offer: Offer, spec: Any, run: Run) -> Any:
    """The part that `spec`, read from this offer, stands for; any failure names the part and who brought it."""
    if not hasattr(spec, "build"):
        return spec
    with blame(offer):
        return build(spec, run)


@attrs.frozen
class blame:
    """Turn what goes wrong inside into one sentence about this offer.

    A missing optional dependency becomes MissingExtra, any other surprise PluginError; errors of the tree pass.
    """

    offer: Offer

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, FwError | KeyboardInterrupt):
            return
        if isinstance(error, OSError) and error.errno in FULL:
            return  # no part is to blame for a full disk
        if isinstance(error, ImportError):
            raise _import_failed(self.offer, error) from error
        # a plugin may raise anything, SystemExit included, and must not take the program down
        raise _broken(self.offer, error) from error


def _broken(offer: Offer, error: BaseException) -> PluginError:
    brought = f"{offer.distribution} {offer.version}".strip() or "a file"
    return PluginError(f"{offer.title} of plugin {offer.plugin!r} ({brought}) raised {one_line(error)}")


def _import_failed(offer: Offer, error: ImportError) -> PluginError:
    module = missing_module(error)
    if module is None:
        return PluginError(f"{offer.title} of plugin {offer.plugin!r} cannot be imported: {one_line(error)}")
    if extra := extra_of(module, offer.distribution):
        return MissingExtra(f'{offer.title} needs {module}: pip install "{offer.distribution}[{extra}]"')
    return MissingExtra(f"{offer.title} needs the module {module}, which is not installed")


def missing_module(error: BaseException) -> str | None:
    """The top-level module whose absence caused this error; None when something else did."""
    if not isinstance(error, ImportError) or not error.name:
        return None
    module = error.name.partition(".")[0]
    try:
        return None if importlib.util.find_spec(module) else module
    except (ImportError, ValueError):
        return module


def extra_of(module: str, distribution: str) -> str | None:
    """The extra of an installed distribution that brings this module, the most particular one; None: none does."""
    import importlib_metadata

    try:
        metadata = importlib_metadata.distribution(distribution).metadata
    except (importlib_metadata.PackageNotFoundError, ValueError):
        return None
    wanted = canonical(IMPORT_NAMES.get(module, module))
    found = []
    for line in metadata.get_all("Requires-Dist") or ():
        requirement = re.match(r"[\w.-]+", line)
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", line)
        if requirement and extra and canonical(requirement[0]) == wanted:
            found.append(extra[1])
    return min(found, key=lambda extra: extra in NOT_FOR_USERS, default=None)


def word(kind: str) -> str:
    """What a sentence calls this kind of part."""
    return WORDS.get(kind, kind)


def canonical(name: str) -> str:
    """A distribution's name in the one form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant; None when none is near."""
    return next(iter(difflib.get_close_matches(name, sorted(set(known)), n=1)), None)


def one_line(error: BaseException) -> str:
    """An exception as `Type: message (file.py:12)`: its last line outside the kernel, where the author can mend it."""
    text = " ".join(str(error).split())
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {text}"
    place, ours, step = "", "", error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        at = f" ({Path(file).name}:{step.tb_lineno})"
        if Path(file).is_relative_to(KERNEL):
            ours = at
        elif not (file.startswith("<") or Path(file).parent.name in IMPORT_MACHINERY):
            place = at
        step = step.tb_next
    return f"{type(error).__name__}{': ' * bool(text)}{text[:300]}{place or ours}"
