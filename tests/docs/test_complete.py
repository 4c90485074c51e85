"""Whatever a user may write or meet has a place in the built documentation, and no page of it leads nowhere."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
Site = Mapping[str, "Page"]

HIDDEN = {"fw.Result": {"measure", "trade", "recall", "write"}, "fw.Plan": {"plugins", "workspace", "bench"}}
"""Members that are the kernel's own affair, as docs/reference/python-api.md leaves them out."""


class Page(HTMLParser):
    """One built page: what it is called in code, where it leads, what it shows. Mutable: it is read by parsing."""

    VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.code: set[str] = set()
        self.links: list[str] = []
        self.navigation: list[str] = []
        self.images: list[tuple[str, str]] = []
        self._within: list[tuple[str, bool]] = []
        """Open tags, and whether each is the navigation."""
        self._code: list[str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
            if any(is_navigation for _, is_navigation in self._within):
                self.navigation.append(given["href"])
        if tag == "img":
            self.images.append((given.get("src", ""), given.get("alt", "")))
        if tag == "code":
            self._code = []
        if tag not in self.VOID:
            self._within.append((tag, tag == "nav" and "md-nav--primary" in given.get("class", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "code" and self._code is not None:
            self.code.add("".join(self._code).strip())
            self._code = None
        while self._within:
            if self._within.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._code is not None:
            self._code.append(data)


def read(folder: Path) -> dict[str, Page]:
    """The pages of a built site by their path, `reference/parts/index.html`."""
    return {
        file.relative_to(folder).as_posix(): Page(file.read_text(encoding="utf-8"))
        for file in sorted(folder.rglob("*.html"))
        if file.name != "404.html"
    }


def dead_ends(folder: Path) -> list[str]:
    """Links and images that lead nowhere, images without a word for those who cannot see them, pages out of reach."""
    site = read(folder)
    problems = []
    reached = {"index.html"}
    for path, page in site.items():
        for link in page.links:
            if (target := _target(path, link)) is None:
                continue
            to, anchor = target
            if to in site and anchor and anchor not in site[to].ids:
                problems.append(f"{path}: {link} has no such heading")
            elif to not in site and not (folder / to).is_file():
                problems.append(f"{path}: {link} is not there")
        reached |= {target[0] for link in page.navigation if (target := _target(path, link)) is not None}
        for source, said in page.images:
            target = _target(path, source)
            if target is not None and not (folder / target[0]).is_file():
                problems.append(f"{path}: the image {source} is not there")
            if not said.strip():
                problems.append(f"{path}: the image {source} has no alt text")
    return problems + [f"{path}: no navigation leads there" for path in site if path not in reached]


def _target(page: str, link: str) -> tuple[str, str] | None:
    """File and anchor of a link within the site; None for one that leads out of it."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    path = normpath(join(dirname(page), unquote(parts.path))) if parts.path else page
    if parts.path.endswith("/") or path == "." or not Path(path).suffix:
        path = normpath(join(path, "index.html"))
    return path, unquote(parts.fragment)


def without_a_place(names: Iterable[str], site: Site, *pages: str) -> list[str]:
    """The names that stand in code font on none of these pages of the reference."""
    said: set[str] = set().union(*(site[f"reference/{page}/index.html"].code for page in pages))
    return sorted(set(names) - said)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `mkdocs build --strict` makes it."""
    folder = tmp_path_factory.mktemp("site")
    # without --quiet, which hides warnings from --strict
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, check=False, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"mkdocs build --strict said:\n{done.stdout}{done.stderr}"
    return folder


@pytest.fixture(scope="module")
def site(built: Path) -> Site:
    return read(built)


def test_no_page_leads_nowhere(built: Path) -> None:
    assert not dead_ends(built)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md"])
def test_links_outside_the_site_lead_somewhere(name: str) -> None:
    page = REPOSITORY / name
    links = re.findall(r"(?:\]\(|src=\")([^)#\s\"]+)", page.read_text(encoding="utf-8"))
    dead = [link for link in links if not urlsplit(link).scheme and not (page.parent / link).exists()]
    assert not dead, f"{name} links to {', '.join(dead)}"


def test_every_hook_has_a_place(site: Site) -> None:
    from fw.hookspecs import Hooks

    hooks = [name for name in vars(Hooks) if name.startswith("fw_")]
    assert len(hooks) > 10
    assert not without_a_place(hooks, site, "hooks")


def _commands(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    yield context.command_path, group
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _commands(command, inner)
        else:
            yield inner.command_path, command


def test_every_command_and_option_has_a_place(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from fw.cli import main

    monkeypatch.setenv("FW_PLUGINS", "backtest")  # whatever else is installed has documentation of its own
    commands = dict(_commands(main, click.Context(main, info_name="fw")))
    assert "fw plugins install" in commands
    assert not without_a_place(commands, site, "commands")
    options = {
        ", ".join(option.opts + option.secondary_opts)
        for command in commands.values()
        for option in command.params
        if isinstance(option, click.Option)
    }
    assert "--over" in options
    assert not without_a_place(options, site, "commands")


def test_every_setting_of_a_strategy_file_has_a_place(site: Site) -> None:
    from fw.settings.describe import describe
    from fw.settings.strategy import FeatureEntry, ModelEntry, SourceEntry, StrategyFile

    settings = [row.name for kind in (StrategyFile, SourceEntry, FeatureEntry, ModelEntry) for row in describe(kind)]
    assert "account.capital" in settings
    assert not without_a_place(settings, site, "strategy-yaml")


def test_every_bundled_part_and_its_settings_have_a_place(site: Site) -> None:
    from fw.hookspecs import KINDS
    from fw.plugins import load
    from fw.settings.describe import describe

    registry = load(only=()).registry
    offers = [offer for kind in KINDS for offer in registry.offers(kind)]
    assert len(offers) > 20
    names = [offer.name for offer in offers] + [row.name for offer in offers for row in describe(offer.spec)]
    assert not without_a_place(names, site, "parts", "metrics")


def test_every_bundled_metric_has_a_place(site: Site) -> None:
    from fw_report.metrics import METRICS

    assert not without_a_place(METRICS, site, "metrics")


def _errors(error: type[Exception]) -> Iterator[type[Any]]:
    yield error
    for below in error.__subclasses__():
        yield from _errors(below)


def test_every_error_and_exit_code_has_a_place(site: Site) -> None:
    import fw.errors
    from fw.cli.check import FOUND
    from fw.cli.failure import INTERRUPTED, OUR_BUG

    page = site["reference/errors/index.html"]
    errors = [error for error in _errors(fw.errors.FwError) if error.__module__ == "fw.errors"]
    assert len(errors) > 15
    assert not [error.__name__ for error in errors if f"fw.{error.__name__}" not in page.ids]
    codes = {0, FOUND, OUR_BUG, INTERRUPTED, 128 + signal.SIGTERM, 128 + signal.SIGHUP, 128 + signal.SIGPIPE}
    codes |= {error.exit_code for error in errors}
    assert not without_a_place(map(str, codes), site, "errors")
    families = [error.__name__ for error in errors if error.__base__ is fw.errors.FwError]
    assert not without_a_place(families, site, "errors"), "name the error beside its exit code"
    tree = (fw.errors.__doc__ or "").partition("\n\n")[2].strip()
    assert tree in page.code, "the tree on the page is that of the docstring of fw.errors"


def test_every_public_name_and_member_has_a_place(site: Site) -> None:
    import fw
    import fw.ledger
    import fw.testing

    ids = site["reference/python-api/index.html"].ids | site["reference/errors/index.html"].ids
    code = site["reference/python-api/index.html"].code
    names = [f"fw.{name}" for name in fw.__all__]
    names += [f"fw.ledger.{name}" for name in fw.ledger.__all__] + [f"fw.testing.{name}" for name in fw.testing.__all__]
    missing = [name for name in names if name not in ids | code]
    assert not missing, f"add to docs/reference/python-api.md: {', '.join(missing)}"
    classes = {name: getattr(fw, name) for name in fw.__all__ if isinstance(getattr(fw, name), type)}
    for name, found in classes.items():
        if not issubclass(found, Exception):
            members = {member for member in vars(found) if not member.startswith("_")}
            shown = {member for member in members if f"fw.{name}.{member}" in ids}
            assert members - shown <= HIDDEN.get(f"fw.{name}", set()), f"fw.{name}: {sorted(members - shown)}"


def test_every_member_of_what_strategies_are_shown_is_explained() -> None:
    import griffe

    package = griffe.GriffeLoader(search_paths=[REPOSITORY / "framework"]).load("fw")
    page = (REPOSITORY / "docs" / "reference" / "python-api.md").read_text(encoding="utf-8")
    shown = [
        line.removeprefix("::: fw.")
        for title in ("## Decide", "## See")
        for line in page.partition(f"{title}\n")[2].partition("\n## ")[0].splitlines()
        if line.startswith("::: ")
    ]
    assert {"View", "Signal"} <= set(shown)
    silent = [
        f"{name}.{member}"
        for name in shown
        if (found := package[name]).is_class
        for member, value in found.members.items()
        if not member.startswith("_") and not value.is_alias and not value.has_docstring
    ]
    assert not [name for name in silent if not name.endswith(".check")], silent


def test_every_file_of_a_run_has_a_place(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fw

    monkeypatch.setenv("FW_HOME", str(tmp_path))
    short = {"source.start": "2024-01-01", "source.end": "2024-02-01"}
    folder = fw.load(REPOSITORY / "examples" / "quickstart.yaml", overrides=short).run().folder
    assert folder is not None
    assert not without_a_place([file.name for file in folder.iterdir()], site, "files-of-a-run")


# these tests can fail: the same looks at a site that is made up


def made_up_site(folder: Path, home: str, **pages: str) -> Path:
    """A site of a home page and others, whose navigation leads to `listed` only."""
    navigation = '<nav class="md-nav md-nav--primary"><a href="{up}listed/">Listed</a></nav>'
    for name, body in {"": home, **pages}.items():
        file = folder / name / "index.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(navigation.format(up="../" if name else "") + body, encoding="utf-8")
    return folder


def test_dead_ends_of_a_made_up_site_are_found(tmp_path: Path) -> None:
    (tmp_path / "there.png").touch()
    made_up_site(
        tmp_path,
        '<a href="listed/#part">fine</a><a href="listed/#nothing">no heading</a><a href="gone/">gone</a>'
        '<a href="https://example.org/x">outside</a><img src="there.png" alt="A bar"><img src="there.png">'
        '<img src="lost.png" alt="Lost">',
        listed='<h2 id="part">Part</h2><a href="..">home</a><a href="#part">here</a>',
        forgotten="<p>Nobody comes here.</p>",
    )
    assert dead_ends(tmp_path) == [
        "index.html: listed/#nothing has no such heading",
        "index.html: gone/ is not there",
        "index.html: the image there.png has no alt text",
        "index.html: the image lost.png is not there",
        "forgotten/index.html: no navigation leads there",
    ]


def test_a_name_without_a_place_is_found(tmp_path: Path) -> None:
    folder = made_up_site(
        tmp_path, "", **{"reference/parts": "<p>fast</p><code>slow</code><code><span>sma_20</span></code>"}
    )
    assert without_a_place(["slow", "sma_20", "fast", "sl"], read(folder), "parts") == ["fast", "sl"]
