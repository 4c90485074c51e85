"""Finds and loads plugins; one that breaks is a recorded problem, never the end of the program."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pluggy

from fw.errors import FwError, PluginError
from fw.hookcheck import inspect_hooks, not_a_spec, what
from fw.hookspecs import API, GROUP, KINDS, Hooks
from fw.installed import Installed, installed
from fw.registry import BUNDLED, Offer, PluginProblem, Registry, extra_of, missing_module, nearest, one_line

if TYPE_CHECKING:
    from fw.domain.result import Result
    from fw.parts.given import Run

FIRST_ANSWER = "fw_secret"
"""The one hook that pluggy answers with a value instead of a list."""


@attrs.frozen
class Plugin:
    """A plugin that was loaded."""

    name: str
    module: Any = attrs.field(repr=False)
    distribution: str = ""
    """Empty for a plugin loaded from a file."""
    version: str = ""
    file: Path | None = None

    @property
    def bundled(self) -> bool:
        """Whether it came with the kernel."""
        return self.distribution == BUNDLED


class Plugins:
    """The plugins of this process. Mutable, because a hook that is called later may still break."""

    def __init__(self, trace: Callable[[str], None] | None = None) -> None:
        self.loaded: list[Plugin] = []
        self.problems: list[PluginProblem] = []
        self._offers: list[Offer] = []
        self._unread: list[Plugin] = []
        self._registry: tuple[tuple[int, int], Registry] | None = None
        self._manager = _Manager(trace)

    @property
    def registry(self) -> Registry:
        """Every part these plugins offer; the same object until one more is offered, or a plugin breaks."""
        self._read_bundled()
        counts = len(self._offers), len(self.problems)
        if self._registry is None or self._registry[0] != counts:
            self._registry = counts, Registry(self._offers, self.problems)
        return self._registry[1]

    def offers_of(self, plugin: str) -> tuple[Offer, ...]:
        """What one plugin brings."""
        self._read_bundled()
        return tuple(offer for offer in self._offers if offer.plugin == plugin)

    def having(self, hook: str) -> tuple[Plugin, ...]:
        """The loaded plugins that implement a hook, those loaded last first, as pluggy calls them."""
        modules = [impl.plugin for impl in getattr(self._manager.hook, hook).get_hookimpls()]
        return tuple(plugin for plugin in reversed(self.loaded) if any(plugin.module is module for module in modules))

    def call(self, plugin: Plugin, hook: str, **arguments: Any) -> Any:
        """What one plugin's hook returns; whatever it raises passes."""
        others = [other.module for other in self.loaded if other is not plugin]
        # a plugin that prints must not spoil output that another program reads
        with redirect_stdout(sys.stderr):
            answers = self._manager.subset_hook_caller(hook, others)(**arguments)
        if hook == FIRST_ANSWER:
            return answers
        return answers[0] if answers else None

    def try_call(self, plugin: Plugin, hook: str, **arguments: Any) -> Any:
        """The same, but what it raises is recorded, and the answer then None."""
        try:
            return self.call(plugin, hook, **arguments)
        except KeyboardInterrupt:
            raise
        # a plugin may raise anything, SystemExit included, and must not take the program down
        except BaseException as error:
            self.record(plugin, f"{hook} raised {one_line(error)}")
            return None

    def run_starting(self, run: Run) -> None:
        """Tell every plugin; RunRefused passes, and a plugin that breaks here stops the run too: it may be a guard."""
        for plugin in self.having("fw_run_starting"):
            try:
                self.call(plugin, "fw_run_starting", run=run)
            except (FwError, KeyboardInterrupt):
                raise
            # whatever a guard dies of, the run it guards does not start
            except BaseException as error:
                text = f"the run does not start: fw_run_starting of plugin {plugin.name!r} raised {one_line(error)}"
                raise PluginError(text) from error

    def run_finished(self, run: Run, result: Result | None) -> None:
        """Tell every plugin; one that breaks here is recorded, and the result stands."""
        for plugin in self.having("fw_run_finished"):
            self.try_call(plugin, "fw_run_finished", run=run, result=result)

    def secret(self, name: str) -> str | None:
        """The first plugin's answer, or None; plugins of others are asked before bundled ones."""
        for plugin in self.having("fw_secret"):
            if (found := self.try_call(plugin, "fw_secret", name=name)) is not None:
                return str(found)
        return None

    def record(self, plugin: Plugin, text: str, mend: str | None = None) -> None:
        """Note a problem; one of a file the user named is an error at once."""
        if plugin.file is not None:
            raise PluginError(f"{plugin.file}: {text}")
        command = _upgrade(plugin.distribution) if mend is None else mend
        source = getattr(plugin.module, "__file__", None)
        found = PluginProblem(
            plugin.name, plugin.distribution, plugin.version, text, command, Path(source) if source else None
        )
        if found not in self.problems:
            self.problems.append(found)

    def add(self, plugin: Plugin) -> None:
        """Check a plugin's hooks, register the good ones, and read what it offers, of a bundled one later."""
        api = getattr(plugin.module, "__fw_api__", API)
        if api != API:
            older = isinstance(api, int) and api < API
            text = f"is written for version {api!r} of the plugin interface; this fw has version {API}"
            self.record(plugin, text, _upgrade(plugin.distribution if older else BUNDLED))
            return
        good, mistakes = inspect_hooks(plugin.module)
        for text in mistakes:
            self.record(plugin, text)
        if not good:
            if not mistakes:
                self.record(plugin, "has no function marked with @fw.hookimpl, so it adds nothing")
            return
        try:
            self._manager.register_only(plugin.module, plugin.name, good)
        except (ValueError, pluggy.PluginValidationError) as error:
            self.record(plugin, f"cannot be registered: {' '.join(str(error).splitlines()[0].split())}")
            return
        self.loaded.append(plugin)
        if plugin.bundled:
            self._unread.append(plugin)
        else:
            self._read(plugin)

    def _read_bundled(self) -> None:
        """Read what bundled plugins offer, which takes a tenth of a second and is not asked for by every command."""
        while self._unread:
            self._read(self._unread.pop(0))

    def _read(self, plugin: Plugin) -> None:
        for kind, hook in KINDS.items():
            if plugin in self.having(hook):
                self._read_offers(plugin, kind, hook)

    def _read_offers(self, plugin: Plugin, kind: str, hook: str) -> None:
        before = len(self.problems)
        found = self.try_call(plugin, hook)
        if len(self.problems) > before:
            return
        if not isinstance(found, Mapping):
            self.record(plugin, f"{hook} must return a mapping from names to classes, not {what(found)}")
            return
        for name, spec in found.items():
            if mistake := not_a_spec(name, spec):
                self.record(plugin, f"{hook} {mistake}")
            else:
                self._offers.append(Offer(kind, name, spec, plugin.name, plugin.distribution, plugin.version))


def load(
    *, files: Sequence[Path] = (), only: Sequence[str] | None = None, environ: Mapping[str, str] | None = None
) -> Plugins:
    """Load every installed plugin, then these files; raises PluginError only for a file.

    `only` (or FW_PLUGINS, by commas) names the plugins of others to load; bundled ones always are. FW_TRACE=1 tells
    on stderr what is loaded, in how many milliseconds, and every hook call.
    """
    environ = os.environ if environ is None else environ
    if only is None and "FW_PLUGINS" in environ:
        only = [name.strip() for name in environ["FW_PLUGINS"].split(",") if name.strip()]
    trace = _to_stderr if environ.get("FW_TRACE", "0") not in ("", "0") else None
    plugins = Plugins(trace)
    present = installed(plugins.problems)
    if only is not None:
        plugins.problems += _unknown_names(only, present)
        present = [found for found in present if found.distribution == BUNDLED or found.entry.name in only]
    for found in present:
        _load_installed(plugins, found, trace)
    for file in files:
        _load_file(plugins, Path(file), trace)
    return plugins


def _unknown_names(only: Sequence[str], present: Sequence[Installed]) -> list[PluginProblem]:
    known = {found.entry.name for found in present}
    problems = []
    for name in only:
        if name not in known:
            close = nearest(name, known)
            hint = f". Did you mean {close!r}?" if close else ""
            problems.append(PluginProblem(name, "", "", f"is asked for, but not installed{hint}"))
    return problems


def _load_installed(plugins: Plugins, found: Installed, trace: Callable[[str], None] | None) -> None:
    if twin := next((p for p in plugins.loaded if p.name == found.entry.name), None):
        text = f"is not loaded, because {twin.distribution} {twin.version} has a plugin of the same name"
        plugins.problems.append(found.problem(text, f"fw plugins uninstall {found.distribution}"))
        return
    began = time.perf_counter()
    if trace:
        trace(f"plugin {found.entry.name} ({found.distribution} {found.version}): importing {found.entry.value}")
    try:
        with redirect_stdout(sys.stderr):
            module = found.entry.load()
    except KeyboardInterrupt:
        raise
    # a plugin may raise anything, SystemExit included, and must not take the program down
    except BaseException as error:
        plugins.problems.append(_import_problem(found, error))
    else:
        plugins.add(Plugin(found.entry.name, module, found.distribution, found.version))
    if trace:
        trace(f"plugin {found.entry.name}: {(time.perf_counter() - began) * 1e3:.1f} ms")


def _import_problem(found: Installed, error: BaseException) -> PluginProblem:
    module = missing_module(error)
    if module is not None and (extra := extra_of(module, found.distribution)):
        return found.problem(f"needs {module}", f'pip install "{found.distribution}[{extra}]"')
    return found.problem(f"cannot be imported: {one_line(error)}", _upgrade(found.distribution))


def _load_file(plugins: Plugins, file: Path, trace: Callable[[str], None] | None) -> None:
    """Run a plugin file under a module name of its own; every problem is an error, because the user named it."""
    path = file.resolve()
    if not path.is_file():
        raise PluginError(f"{file}: there is no such plugin file")
    taken = {plugin.name for plugin in plugins.loaded}
    name = next(form for form in (path.stem, path.name, str(path)) if form not in taken)
    began = time.perf_counter()
    plugins.add(Plugin(name, _run_file(file, path), file=file))
    if trace:
        trace(f"plugin file {file}: {(time.perf_counter() - began) * 1e3:.1f} ms")


def _run_file(file: Path, path: Path) -> Any:
    module_name = f"fw_file_{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}"
    if (before := sys.modules.get(module_name)) is not None and before.__file__ != str(path):
        module_name += "_" + hashlib.sha256(str(path).encode()).hexdigest()[:8]
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{file}: a plugin file is Python and ends in .py")
    module = importlib.util.module_from_spec(spec)
    # classes look up their module by name, for annotations among others
    sys.modules[module_name] = module
    try:
        with redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[module_name]
        if isinstance(error, KeyboardInterrupt | FwError):
            raise
        raise PluginError(f"{file}: the plugin cannot be run: {one_line(error)}") from error
    return module


def _upgrade(distribution: str) -> str:
    return f"pip install --upgrade {distribution}" if distribution else ""


def _to_stderr(line: str) -> None:
    print(f"fw: {line}", file=sys.stderr)


class _Manager(pluggy.PluginManager):
    """Registers those hooks of a plugin that were found good, and leaves its others alone."""

    def __init__(self, trace: Callable[[str], None] | None) -> None:
        super().__init__(GROUP)
        self.add_hookspecs(Hooks)
        self._wanted: set[str] = set()
        if trace:
            self.trace.root.setwriter(lambda text: trace(text.rstrip()))
            self.enable_tracing()

    def register_only(self, module: Any, name: str, hooks: set[str]) -> None:
        self._wanted = hooks
        self.register(module, name)

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        options = super().parse_hookimpl_opts(plugin, name)
        return options if options and (options.get("specname") or name) in self._wanted else None
