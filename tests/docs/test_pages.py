"""Every block of the documentation runs: Python, console, shell and YAML, page by page, in a copy of the examples."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md")),
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]
RUN = ("python", "console", "bash", "yaml")
SHOWN = ("text", "toml", "json", "mermaid")
"""Languages that only show something; text right after Python is what it prints."""

INSTALLS = "it installs packages; tests/kit runs it in an environment of its own"

NOT_RUN = {
    ("README.md", "it makes a virtual environment of its own; .ci/run runs it"): 2,
    ("docs/index.md", "it installs this checkout; .ci/run does"): 1,
    ("CONTRIBUTING.md", "it makes a virtual environment of its own"): 1,
    ("CONTRIBUTING.md", "it fetches other libraries"): 1,
    ("examples/README.md", "it needs real candles; tests/docs/test_examples.py runs it where they are"): 1,
    ("docs/tutorials/write-and-publish-a-plugin.md", INSTALLS): 2,
    ("docs/how-to/install-and-remove-plugins.md", INSTALLS): 1,
    ("docs/explanation/performance.md", "it makes the peers' environments and takes some twenty minutes"): 1,
}
"""Page and reason of the blocks that cannot run, and how many there are: ten at most in all."""

MINIMAL = {
    "name": "minimal",
    "instruments": "[BTCUSDT]",
    "bar": "1h",
    "account": "{capital: 10000}",
    "source": "{use: synthetic, start: 2024-01-01, end: 2024-02-01}",
    "strategy": "buy_and_hold",
    "sizer": "{use: fixed_fraction, fraction: 0.5}",
    "broker": "backtest",
}
"""What a fragment of a strategy file is completed with."""


@attrs.frozen
class Block:
    """One fenced block, without its indentation; `line` is that of its first line of text, from 1."""

    page: str
    line: int
    language: str
    text: str
    title: str = ""
    not_run: str = ""


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    reason, inside, start = "", None, 0
    for number, line in enumerate(lines, 1):
        fence = re.fullmatch(r"( *)```(\w*)(.*)", line)
        if inside is not None:
            if fence and fence[1] == inside[1] and not fence[2]:
                body = [text.removeprefix(inside[1]) for text in lines[start : number - 1]]
                title = re.search(r'title="([^"]+)"', inside[3])
                name = str(page.relative_to(REPOSITORY))
                yield Block(name, start + 1, inside[2], "\n".join(body) + "\n", title[1] if title else "", reason)
                inside, reason = None, ""
        elif fence:
            inside, start = fence, number
        elif marked := re.fullmatch(r" *<!-- not run: (.+) -->", line):
            reason = marked[1]
        elif line.strip():
            reason = ""
    assert inside is None, f"{page}:{start}: this block does not end"


def matches(expected: str, actual: str) -> bool:
    """Whether the output is what a page shows: `...` stands for anything, spaces and table lines count for nothing."""

    def plain(text: str) -> str:
        return " ".join(re.sub(r"[\u2500-\u257f]+", " ", text).split())

    first, *between = (piece.strip() for piece in plain(expected).split("..."))
    text = plain(actual)
    if not between:
        return text == first
    *between, last = between
    if not text.startswith(first) or not text.endswith(last):
        return False
    place, end = len(first), len(text) - len(last)
    for piece in between:
        place = text.find(piece, place, end)
        if place < 0:
            return False
        place += len(piece)
    return place <= end


class Page:
    """Runs the blocks of one page, in order, in one folder and one Python namespace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.namespace: dict[str, object] = {"__name__": "__main__"}
        self.printed: str | None = None
        self.count = 0

    def run(self, block: Block) -> None:
        printed, self.printed = self.printed, None
        if block.not_run:
            return
        if block.title and block.language in ("python", "yaml"):
            (self.folder / block.title).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / block.title).write_text(block.text, encoding="utf-8")
        if block.language == "text" and printed is not None:
            assert matches(block.text, printed), f"it printed:\n{printed}\nand the page shows:\n{block.text}"
        elif block.language == "python":
            self.python(block)
        elif block.language in ("console", "bash"):
            self.shell(block)
        elif block.language == "yaml":
            self.yaml(block)

    def python(self, block: Block) -> None:
        """A block with a title is a module of its own; the others share one namespace."""
        code = compile("\n" * (block.line - 1) + block.text, block.page, "exec", dont_inherit=True)
        namespace = {"__name__": Path(block.title).stem} if block.title else self.namespace
        output = io.StringIO()
        try:
            with contextlib.redirect_stdout(output):
                exec(code, namespace)
        except Exception:
            pytest.fail(f"{block.page}:{block.line}\n{block.text}\n{traceback.format_exc()}", pytrace=False)
        self.printed = output.getvalue()

    def shell(self, block: Block) -> None:
        for command, expected in commands(block):
            environment = {name: value for name, value in os.environ.items() if not name.startswith("FW_")}
            environment |= {
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "COLUMNS": "120",
                "NO_COLOR": "1",
                "PYTHONWARNINGS": "error",
            }
            done = subprocess.run(
                ["bash", "-c", command],
                check=False,
                cwd=self.folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=300,
            )
            assert done.returncode == 0, f"$ {command}\nended with {done.returncode}:\n{done.stdout}"
            if expected.strip():
                assert matches(expected, done.stdout), f"$ {command}\nprinted:\n{done.stdout}\nthe page:\n{expected}"

    def yaml(self, block: Block) -> None:
        """A whole strategy file is read as it stands; a fragment is completed first."""
        import fw

        self.count += 1
        given = top_level_keys(block.text)
        path = self.folder / (block.title or f"block_{self.count}.yaml")
        rest = {} if {"source", "strategy"} <= given else MINIMAL
        path.write_text(
            block.text + "".join(f"{key}: {value}\n" for key, value in rest.items() if key not in given),
            encoding="utf-8",
        )
        fw.load(path)


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Each command of a block and the output shown under it; a shell block is commands only."""
    if block.language == "bash":
        yield block.text, ""
        return
    command, output = "", ""
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, output
            command, output = line[2:], ""
        elif command.endswith("\\"):
            command += "\n" + line.removeprefix("> ")
        else:
            output += line + "\n"
    assert command, f"{block.page}:{block.line}: a console block has a line that begins with `$ `"
    yield command, output


def top_level_keys(text: str) -> set[str]:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(node, yaml.MappingNode)
    return {key.value for key, _ in node.value}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_blocks_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = REPOSITORY / "examples"
    shutil.copytree(examples, tmp_path / "examples", ignore=shutil.ignore_patterns("runs", ".fw", "__pycache__"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as for a script that lies beside the modules a page makes
    for name in [name for name in os.environ if name.startswith("FW_")]:
        monkeypatch.delenv(name)
    run = Page(tmp_path)
    before = set(sys.modules)
    try:
        for block in blocks(page):
            run.run(block)
    finally:
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
                del sys.modules[name]


def test_every_block_names_a_known_language() -> None:
    unknown = [
        f"{block.page}:{block.line}: {block.language or 'no language'}"
        for page in PAGES
        for block in blocks(page)
        if block.language not in (*RUN, *SHOWN)
    ]
    assert not unknown, f"say one of {', '.join((*RUN, *SHOWN))}:\n" + "\n".join(unknown)


def test_blocks_that_cannot_run_are_few_and_listed_here() -> None:
    found: dict[tuple[str, str], int] = {}
    for page in PAGES:
        for block in blocks(page):
            if block.not_run:
                key = (block.page, block.not_run)
                found[key] = found.get(key, 0) + 1
    assert found == NOT_RUN
    assert sum(found.values()) <= 10


def test_blocks_are_found_with_their_titles_reasons_and_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "REPOSITORY", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "Text.\n\n<!-- not run: needs a key -->\n```bash\nfw run x\n```\n\n"
        '    ```python title="a.py"\n    def a():\n        pass\n    ```\n'
    )
    first, second = blocks(page)
    assert (first.language, first.not_run, first.line, first.text) == ("bash", "needs a key", 5, "fw run x\n")
    assert (second.title, second.not_run, second.line, second.text) == ("a.py", "", 9, "def a():\n    pass\n")


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("sharpe 1.2", "  sharpe   1.2\n", True),
        ("sharpe ...", "sharpe 1.2", True),
        ("...sharpe...", "sharpe", True),
        ("... sharpe ...", "a\nsharpe\nb", True),
        ("│ sharpe │ 1.2 │\n└──┘", "┃ sharpe ┃ 1.2 ┃", True),
        ("sharpe 1.2", "sharpe 1.3", False),
        ("sharpe", "sharpe 1.3", False),
    ],
)
def test_shown_output_is_compared_loosely(expected: str, actual: str, same: bool) -> None:
    assert matches(expected, actual) is same


def test_a_page_whose_output_differs_is_caught(tmp_path: Path) -> None:
    page = Page(tmp_path)
    with pytest.raises(AssertionError, match="printed"):
        page.run(Block("page.md", 1, "console", "$ echo one\ntwo\n"))
    with pytest.raises(AssertionError, match="ended with 3"):
        page.run(Block("page.md", 1, "bash", "exit 3\n"))
    page.run(Block("page.md", 1, "python", "print('one')\n"))
    with pytest.raises(AssertionError, match="it printed"):
        page.run(Block("page.md", 3, "text", "two\n"))
