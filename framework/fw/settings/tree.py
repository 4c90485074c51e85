"""Settings as a tree of texts, each with its place; what no settings file may hold is refused while it grows.

YAML events, not YAML's values, make the tree: nothing is guessed about a text until the type wanted is known.
Refused: tags, anchors, aliases and merge keys (so no alias bomb can be written), duplicate keys, secrets, several
documents, nesting beyond `DEEPEST`, more values than `MOST`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import yaml

from fw.domain.time import BarSize, Duration, Length
from fw.errors import Problem
from fw.settings.secrets import ADVICE, looks_secret, names_a_secret

DEEPEST = 32
MOST = 20_000
NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@attrs.frozen
class Place:
    """Where something was written; line 0: not in a file."""

    file: str
    line: int = 0
    column: int = 0

    def problem(self, path: str, text: str) -> Problem:
        """What is wrong here, as one printable line."""
        path = path if len(path) <= 120 else path[:117] + "..."
        return Problem(_printable(self.file), self.line, self.column, _printable(path), _printable(text))


@attrs.frozen
class Scalar:
    """One value as its text; `quoted` says that quotes (or a block, or Python's str) make it text for certain."""

    place: Place
    text: str
    quoted: bool = False

    @property
    def is_null(self) -> bool:
        return not self.quoted and self.text in NULLS


@attrs.frozen
class Given:
    """A Python object given in place of settings, such as a spec already built."""

    place: Place
    value: Any


@attrs.frozen
class Refused:
    """What stood here was reported already; readers pass over it in silence."""

    place: Place


@attrs.frozen
class Items:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@attrs.frozen
class Entry:
    """One `name: value` of a table; `place` is the name's."""

    place: Place
    node: Node


@attrs.frozen
class Table:
    """Settings by name, in the order written."""

    place: Place
    entries: Mapping[str, Entry]

    def get(self, name: str) -> Node | None:
        entry = self.entries.get(name)
        return None if entry is None else entry.node

    def with_entry(self, name: str, entry: Entry) -> Table:
        """The same table with one entry set."""
        return Table(self.place, {**self.entries, name: entry})


Node = Scalar | Given | Refused | Items | Table
Pair = tuple[Place, str | None, Node]


def from_yaml(text: str, file: str, problems: list[Problem], *, at: Place | None = None, path: str = "") -> Node | None:
    """The tree of one YAML document, None when it has nothing; `at` places everything there instead of at its line."""
    grower = _Grower(file, problems, at)
    try:
        events = yaml.parse(text, Loader=yaml.SafeLoader)
        return grower.document(events, path)
    except _Stop as stop:
        grower.refuse(stop.place, stop.path, stop.text)
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        grower.refuse(grower.place(mark), path, _syntax(problem))
    except yaml.reader.ReaderError as problem:
        before = text[: problem.position]
        place = at or Place(file, before.count("\n") + 1, problem.position - before.rfind("\n"))
        grower.refuse(place, path, f"holds the character {chr(problem.character)!a}, which YAML does not allow")
    except (ValueError, OverflowError):  # PyYAML lets these through from escapes like "\UFFFFFFFF" and from %YAML
        grower.refuse(at or Place(file), path, "is not YAML: an escape or directive holds an impossible number")
    return Refused(at or Place(file))


def from_python(value: Any, file: str, problems: list[Problem], path: str = "") -> Node:
    """The tree of plain Python data; objects that are no data stay as they are (`Given`)."""
    grower = _Grower(file, problems, Place(file))
    try:
        return grower.python(value, path, 0)
    except _Stop as stop:
        return grower.refuse(stop.place, stop.path, stop.text)


def joined(path: str, name: str) -> str:
    """The path of a setting under another."""
    return f"{path}.{name}" if path else name


class _Stop(Exception):
    """Reading on would be of no use."""

    def __init__(self, place: Place, path: str, text: str) -> None:
        super().__init__(text)
        self.place, self.path, self.text = place, path, text


class _Grower:
    """Mutable while the tree grows: it counts values and collects problems."""

    def __init__(self, file: str, problems: list[Problem], at: Place | None) -> None:
        self.file, self.problems, self.at, self.count = file, problems, at, 0
        self.anchors: set[str] = set()

    def place(self, mark: Any) -> Place:
        if self.at is not None or mark is None:
            return self.at or Place(self.file)
        return Place(self.file, mark.line + 1, mark.column + 1)

    def refuse(self, place: Place, path: str, text: str) -> Refused:
        self.problems.append(place.problem(path, text))
        return Refused(place)

    def enter(self, place: Place, path: str, depth: int) -> None:
        self.count += 1
        if self.count > MOST:
            raise _Stop(place, path, f"the settings hold more than {MOST} values")
        if depth > DEEPEST:
            raise _Stop(place, "", f"the settings are nested deeper than {DEEPEST} levels")

    def document(self, events: Iterator[yaml.Event], path: str) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Stop(
                        self.place(event.start_mark), path, "a second document begins: one file is one strategy"
                    )
            elif isinstance(event, yaml.NodeEvent):
                root = self.node(event, events, path, 0)
        return root

    def node(self, event: yaml.Event, events: Iterator[yaml.Event], path: str, depth: int) -> Node:
        place = self.place(event.start_mark)
        self.enter(place, path, depth)
        if isinstance(event, yaml.AliasEvent):
            if _name(event) in self.anchors:  # reported where it stands
                return Refused(place)
            return self.refuse(
                place, path, f"aliases (*{_name(event)}) are not read: write the value again, or quote it"
            )
        faults = len(self.problems)
        if _name(event):
            self.anchors.add(_name(event))
            self.refuse(place, path, f"anchors (&{_name(event)}) are not read: write the value again, or quote it")
        if tag := getattr(event, "tag", None):
            self.refuse(place, path, f"tags ({_shown_tag(tag)}) are not read: write the plain value, or quote it")
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self.scalar(place, event.value, event.style not in (None, ""), path)
        elif isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self.node(event, events, f"{path}[{len(items)}]", depth + 1))
            node = Items(place, tuple(items))
        else:
            node = self.table(place, self._pairs(events, path, depth), path)
        # what a tag makes of a list or of settings is not known; under an anchor they are what they look like
        told = len(self.problems) > faults and (isinstance(node, Scalar) or tag is not None)
        return Refused(place) if told else node

    def _pairs(self, events: Iterator[yaml.Event], path: str, depth: int) -> Iterator[Pair]:
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            place = self.place(event.start_mark)
            key = self.node(event, events, path, depth + 1)
            name = key.text if isinstance(key, Scalar) else None
            if not isinstance(key, Scalar | Refused):
                self.refuse(place, path, "the name of a setting must be plain text, not a list or settings")
            secret = name is not None and looks_secret(name)
            yield place, name, self.node(next(events), events, path if secret else joined(path, name or "?"), depth + 1)

    def _python_pairs(self, value: Mapping[Any, Any], path: str, depth: int) -> Iterator[Pair]:
        place = self.place(None)
        for key, item in value.items():
            if isinstance(key, str):
                yield place, key, self.python(item, joined(path, key), depth + 1)
            else:
                self.refuse(place, path, f"the name of a setting must be text, not {key!r:.60}")

    def python(self, value: Any, path: str, depth: int) -> Node:
        place = self.place(None)
        self.enter(place, path, depth)
        if isinstance(value, Mapping):
            return self.table(place, self._python_pairs(value, path, depth), path)
        if isinstance(value, list | tuple):
            return Items(place, tuple(self.python(v, f"{path}[{i}]", depth + 1) for i, v in enumerate(value)))
        if isinstance(value, str):
            return self.scalar(place, value, True, path)
        text = _as_text(value)
        return Given(place, value) if text is None else self.scalar(place, text, False, path)

    def scalar(self, place: Place, text: str, quoted: bool, path: str) -> Node:
        if looks_secret(text):
            return self.refuse(place, path, f"looks like a secret key: {ADVICE}")
        if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text):
            return self.refuse(place, path, "holds a character that is no text (NUL or half of a surrogate pair)")
        return Scalar(place, text, quoted)

    def table(self, place: Place, pairs: Iterable[Pair], path: str) -> Table:
        entries: dict[str, Entry] = {}
        for at, name, node in pairs:
            if name is None:
                continue
            if name in entries:
                first = entries[name].place.line
                self.refuse(at, joined(path, name), "stands twice" + (f" (first in line {first})" if first else ""))
            elif name == "<<":
                self.refuse(at, path, "merge keys (<<) are not read: write the settings again, or use profiles")
            else:
                entries[name] = Entry(
                    at, self.refuse(at, joined(path, name), ADVICE) if is_secret(name, node) else node
                )
        return Table(place, entries)


def is_secret(name: str, node: Node) -> bool:
    """Whether an entry holds a secret, by its name."""
    return names_a_secret(name) and isinstance(node, Scalar) and not node.is_null


def _as_text(value: Any) -> str | None:
    """The text YAML would have for a Python value, None for what has no text form."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**30 else "a number of more than 30 digits"
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, Path | Duration | BarSize | Length):
        return str(value)
    if isinstance(value, date):  # datetime is a date
        return value.isoformat()
    item = getattr(value, "item", None)  # numpy's scalars
    if callable(item) and getattr(value, "shape", None) == ():
        return _as_text(item())
    return None


def _printable(text: str) -> str:
    # a name may hold line breaks or the codes that move a terminal's cursor
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _name(event: yaml.Event) -> str:
    return str(getattr(event, "anchor", None) or "")[:60]


def _shown_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")[:60]


def _syntax(problem: yaml.MarkedYAMLError) -> str:
    text = problem.problem or "it cannot be read"
    if "'\\t'" in text:
        return "a tab stands here: YAML is indented and spaced with spaces"
    if text == "mapping values are not allowed here":
        return "is not YAML: a `name: value` cannot begin here; check the indentation, or quote text that holds ': '"
    if problem.context in ("while scanning an alias", "while scanning an anchor"):
        return "is not YAML: quote a text that begins with * or &"
    context = f" ({problem.context})" if problem.context else ""
    braces = "; quote a text that holds { or }" if "got '{'" in text else ""
    return f"is not YAML: {text}{context}{braces}"


def listed(node: Node | None) -> Sequence[Node]:
    """The items of a list; of anything else none."""
    return node.items if isinstance(node, Items) else ()
