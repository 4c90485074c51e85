"""The doors: a strategy file, or plain data, to frozen settings; or every problem at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs

from fw.errors import PluginError, Problem, SettingsError
from fw.registry import Registry
from fw.settings.checks import check
from fw.settings.fields import Setting, settings_of
from fw.settings.merge import merged, with_defaults, with_environment, with_overrides
from fw.settings.plain import plain, plain_default
from fw.settings.reader import BAD, Reader
from fw.settings.strategy import StrategyFile
from fw.settings.tree import Entry, Node, Place, Refused, Scalar, Table, from_python, from_yaml, listed
from fw.settings.words import near

LARGEST_FILE = 1_000_000  # bytes; a strategy file has a few thousand

TOO_LARGE = f"is larger than {LARGEST_FILE // 1_000_000} MB, so it is no strategy file"


def read_strategy(
    path_or_text: Path | str,
    registry: Registry,
    *,
    profile: str | None = None,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> StrategyFile:
    """Read a file (a Path, or a str of one line) or a text of several lines; later wins: file, profile, `FW__…`, --set.

    Raises SettingsError with every problem; where only plugins are to blame it is also the plugin error.
    """
    return Draft(path_or_text, registry, profile=profile, environ=environ).finished(overrides)


class Draft:
    """A strategy file that was opened once, to be finished with many sets of overrides.

    Mutable only in what it remembers: the values of settings that no override has changed.
    """

    def __init__(
        self,
        path_or_text: Path | str,
        registry: Registry,
        *,
        profile: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.registry, self.profile = registry, profile
        self._problems: list[Problem] = []
        self._known: Known = {}
        self._last: tuple[Table, StrategyFile] | None = None
        self.path, file, root = _opened(path_or_text, self._problems)
        reader = self._reader(self._problems)
        if root is None:
            reader.finish()
        root, self._profiles = _without_profiles(root or Table(Place(file), {}), self._problems)
        for name in self._profiles:
            if name != profile:
                _check_shape(reader, self._profiles[name], name)
        root = _with_profile(root, self._profiles, profile, self._problems)
        self._root = with_environment(root, environ or {}, self._problems)
        self._causes = reader.causes

    def _reader(self, problems: list[Problem]) -> Reader:
        return Reader(self.registry, problems, folder=self.path.parent if self.path else None)

    def finished(self, overrides: Sequence[str] = ()) -> StrategyFile:
        """The settings with these overrides, in order; SettingsError with every problem."""
        problems = list(self._problems)
        root = with_overrides(self._root, overrides, problems)
        evolved = None if problems else self._evolved(root)
        if evolved is not None:
            return evolved
        reader = self._reader(problems)
        reader.causes |= self._causes
        file = _finished(
            reader,
            root,
            name=self.path.stem if self.path else "strategy",
            path=self.path,
            profiles=tuple(self._profiles),
            profile=self.profile,
            known=self._known,
        )
        self._last = root, file
        return file

    def _evolved(self, root: Table) -> StrategyFile | None:
        """The settings that were finished last, with those whose entries are others now; None where that is not all.

        The combinations of a sweep differ in few settings, mostly in those of the strategy.
        """
        if self._last is None:
            return None
        last, file = self._last
        changed = [name for name, entry in root.entries.items() if last.entries.get(name) is not entry]
        if file.notes or len(root.entries) != len(last.entries) or not BY_THEMSELVES.issuperset(changed):
            return None
        reader = self._reader([])
        values: dict[str, Any] = {}
        data = dict(file.raw)
        for name in changed:
            node = root.entries[name].node
            if name not in last.entries or (isinstance(node, Scalar) and node.is_null):
                return None
            found = _value(reader, root.place, name, root.entries[name])
            if reader.problems or found.notes:
                return None
            values |= found.values
            data |= found.data
        return attrs.evolve(file, **values, raw=data)


BY_THEMSELVES = frozenset(("seed", "account", "rebalance", "strategy", "risk"))
"""Settings that no other one is judged by, and that have no default part."""


@attrs.frozen
class _Read:
    """What reading one setting at the top came to; one without an entry is left to its default."""

    entry: Entry | None
    values: Mapping[str, Any]
    written: Mapping[Path, str]
    notes: Sequence[str]
    data: Mapping[str, Any]
    """The values as JSON has them."""


Known = dict[str, _Read]
"""Settings that were read without a problem, by name; true as long as their entry is the very same."""


def plugins_of(
    path_or_text: Path | str,
    *,
    profile: str | None = None,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> tuple[Path, ...]:
    """The plugin files a strategy file names, so that they are loaded before the rest is read.

    Of a file with problems it gives what it can: `read_strategy` is the one to report.
    """
    unreported: list[Problem] = []
    path, _, root = _opened(path_or_text, unreported)
    if root is None:
        return ()
    root, profiles = _without_profiles(root, unreported)
    root = _with_profile(root, profiles, profile, unreported)
    root = with_overrides(with_environment(root, environ or {}, unreported), overrides, unreported)
    node = root.get("plugins")
    reader = Reader(Registry(()), unreported, folder=path.parent if path else None)
    files = BAD if node is None else reader.read(node, settings_of(StrategyFile)["plugins"].hint, "plugins")
    return () if files is BAD else tuple(files or ())


def look_at(path: Path) -> None:
    """Raise SettingsError for a file that is not there or cannot be read; what stands in it is not judged."""
    problems: list[Problem] = []
    if _text_of(path, str(path), problems) is None:
        raise SettingsError(problems)


def strategy_from(
    settings: Mapping[str, Any],
    registry: Registry,
    *,
    folder: Path | None = None,
    overrides: Sequence[str] = (),
    file: str = "settings",
) -> StrategyFile:
    """Read plain Python data by the file's rules; a part may be an object, such as `strategy=SmaCross(fast=20)`.

    Relative paths count from `folder`, or from the current one; problems are told of `file`.
    """
    problems: list[Problem] = []
    tree = from_python(settings, file, problems)
    reader = Reader(registry, problems, folder=folder)
    if not isinstance(tree, Table):
        _refuse(problems, tree, "", "wants settings by name")
        reader.finish()
    root, profiles = _without_profiles(tree if isinstance(tree, Table) else Table(Place(file), {}), problems)
    root = with_overrides(with_defaults(root), overrides, problems)
    return _finished(reader, root, name="strategy", path=None, profiles=tuple(profiles), profile=None)


def _finished(
    reader: Reader,
    root: Table,
    *,
    name: str,
    path: Path | None,
    profiles: tuple[str, ...],
    profile: str | None,
    known: Known | None = None,
) -> StrategyFile:
    """The settings of a merged tree; raises what was found."""
    root = with_defaults(root)
    before = len(reader.problems)
    values, data = _values(reader, root, {} if known is None else known)
    if path is not None:
        _check_plugins(reader, root, values)
    check(reader, root, values)
    if reader.problems or before:
        reader.finish()
    values["name"] = values.get("name") or _title(name)
    data["name"] = values["name"]
    raw = {name: data[name] for name in settings_of(StrategyFile)}
    notes = tuple(dict.fromkeys(reader.notes))
    return StrategyFile(**values, raw=raw, path=path, profiles=profiles, profile=profile, notes=notes)


def _values(reader: Reader, root: Table, known: Known) -> tuple[dict[str, Any], dict[str, Any]]:
    """Every setting by name, and what is known of them as plain data.

    Those with problems are BAD, so that the rest can still be checked.
    """
    settings = settings_of(StrategyFile)
    values: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for name, entry in root.entries.items():
        found = known.get(name)
        if found is None or found.entry is not entry:
            found = _value(reader, root.place, name, entry)
            if all(value is not BAD for value in found.values.values()):
                known[name] = found
        values |= found.values
        data |= found.data
        reader.written |= found.written
        reader.notes += found.notes
    missing = {name: setting for name, setting in settings.items() if name not in values}
    required = {name: setting for name, setting in missing.items() if setting.is_required}
    reader.values(Table(root.place, {}), required, "")
    for name in missing.keys() - required.keys():
        found = known.get(name)
        if found is None or found.entry is not None:
            found = known[name] = _Read(None, {}, {}, (), {name: plain_default(name)})
        data |= found.data
    return values, data


def _value(reader: Reader, place: Place, name: str, entry: Entry) -> _Read:
    """One setting at the top."""
    settings, alone = settings_of(StrategyFile), _alone(name)
    own = Reader(reader.registry, reader.problems, folder=reader.folder)
    read = own.values(Table(place, {name: entry}), alone, "", also=(*settings, "profiles"))
    reader.causes |= own.causes
    values = dict.fromkeys(alone or (name,), BAD) if read is BAD else read
    data = {} if read is BAD else {n: plain(value, own.written, settings[n].hint) for n, value in values.items()}
    return _Read(entry, values, own.written, own.notes, data)


@lru_cache(maxsize=256)
def _alone(name: str) -> dict[str, Setting]:
    """The one setting that this name, or its old one, stands for; none for a name that is unknown."""
    return {own: setting for own, setting in settings_of(StrategyFile).items() if name in (own, setting.bounds.was)}


def _opened(path_or_text: Path | str, problems: list[Problem]) -> tuple[Path | None, str, Table | None]:
    """(path, its name in problems, settings); None for settings that cannot be read at all."""
    if isinstance(path_or_text, str) and "\n" in path_or_text:
        path, file, text = None, "<text>", path_or_text
        if len(text) > LARGEST_FILE:
            problems.append(Place(file).problem("", TOO_LARGE))
            return None, file, None
    else:
        path = Path(path_or_text)
        file = str(path)
        content = _text_of(path, file, problems)
        if content is None:
            return path, file, None
        text = content
    root = from_yaml(text, file, problems)
    if root is None or (isinstance(root, Scalar) and root.is_null):
        problems.append(
            Place(file).problem("", "is empty: a strategy file names at least instruments, bar, source, strategy")
        )
    elif not isinstance(root, Table | Refused):
        at = root.place
        problems.append(at.problem("", "wants settings (name: value) at the top"))
    return path, file, root if isinstance(root, Table) else None


def _text_of(path: Path, file: str, problems: list[Problem]) -> str | None:
    def refuse(text: str, line: int = 0, column: int = 0) -> None:
        problems.append(Place(file, line, column).problem("", text))

    try:
        with path.open("rb") as handle:
            content = handle.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        refuse(f"does not exist{_similar(path)}")
    except IsADirectoryError:
        refuse("is a folder: name the strategy file in it")
    except (OSError, ValueError) as problem:  # ValueError: a NUL in the name
        refuse(f"cannot be read: {getattr(problem, 'strerror', None) or problem}")
    else:
        if len(content) > LARGEST_FILE:
            refuse(TOO_LARGE)
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            before = content[: problem.start]
            line, column = before.count(b"\n") + 1, problem.start - before.rfind(b"\n")
            refuse(
                f"is not UTF-8: byte 0x{content[problem.start]:02x} stands here; save the file as UTF-8", line, column
            )
    return None


def _similar(path: Path) -> str:
    try:
        there = sorted(p.name for p in path.parent.iterdir() if p.suffix in (".yaml", ".yml"))
    except OSError:
        return f", nor does its folder {path.parent}{_seen_from(path)}"
    close = difflib.get_close_matches(path.name, there, 1)
    return f". Did you mean {str(path.with_name(close[0]))!r}?" if close else _seen_from(path)


def _seen_from(path: Path) -> str:
    """The folder that a relative path counts from, which may not be the one its writer thought of."""
    try:
        return "" if path.is_absolute() else f"; you are in {Path.cwd()}"
    except OSError:  # it was removed
        return ""


def _without_profiles(root: Table, problems: list[Problem]) -> tuple[Table, dict[str, Table]]:
    """The settings and their profiles apart."""
    node = root.get("profiles")
    rest = attrs.evolve(root, entries={n: e for n, e in root.entries.items() if n != "profiles"})
    if node is None or isinstance(node, Refused) or (isinstance(node, Scalar) and node.is_null):
        return rest, {}
    if not isinstance(node, Table):
        _refuse(problems, node, "profiles", "wants settings by profile name")
        return rest, {}
    profiles: dict[str, Table] = {}
    for name, entry in node.entries.items():
        if isinstance(entry.node, Table):
            profiles[name] = entry.node
        elif isinstance(entry.node, Scalar) and entry.node.is_null:
            profiles[name] = Table(entry.place, {})
        elif not isinstance(entry.node, Refused):
            _refuse(problems, entry.node, f"profiles.{name}", "wants settings (name: value)")
    return rest, profiles


def _with_profile(root: Table, profiles: Mapping[str, Table], profile: str | None, problems: list[Problem]) -> Table:
    root = with_defaults(root)
    if profile is None:
        return root
    if profile not in profiles:
        known = near(profile, profiles) if profiles else "The file has none"
        problems.append(Place(root.place.file).problem("profiles", f"there is no profile {profile!r}. {known}"))
        return root
    over = merged(root, profiles[profile])
    assert isinstance(over, Table)
    return with_defaults(over)


def _check_shape(reader: Reader, profile: Table, name: str) -> None:
    """Report what could not stand in a profile that is not in force; its parts are left unread."""
    partial = Reader(reader.registry, reader.problems, folder=reader.folder, partial=True)
    partial.values(profile, settings_of(StrategyFile), f"profiles.{name}")


def _check_plugins(reader: Reader, root: Table, values: Mapping[str, Any]) -> None:
    files = values.get("plugins", ())
    nodes = listed(root.get("plugins"))
    for i, file in enumerate(() if files is BAD else files):
        if not file.is_file():
            what = "is a folder: name the .py file in it" if file.is_dir() else "does not exist"
            text = f"the plugin file {reader.written.get(file, str(file))!r} {what}"
            reader.report(nodes[i].place, f"plugins[{i}]", text, PluginError(text))


def _refuse(problems: list[Problem], node: Node, path: str, text: str) -> None:
    problems.append(node.place.problem(path, text))


def _title(stem: str) -> str:
    """A file's stem as a name that can name a folder."""
    return re.sub(r"^[\s.]+", "", re.sub(r'[/\\:*?"<>|\x00-\x1f]', "-", stem))[:100] or "strategy"
