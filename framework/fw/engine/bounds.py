"""A run once more under the other rule for its ambiguous bars: same settings, same market, same features."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import attrs

from fw.domain.bounds import Bounds, bound_of
from fw.engine.assemble import build_parts
from fw.errors import FwError, PluginError

if TYPE_CHECKING:
    from fw.domain.bounds import Rule
    from fw.domain.result import Result
    from fw.engine.assemble import Ready
    from fw.engine.bench import Bench
    from fw.progress import Progress
    from fw.settings.strategy import PartEntry, StrategyFile

OTHER: dict[str, Rule] = {"pessimistic": "optimistic", "optimistic": "pessimistic"}
"""A rule that is not here leaves nothing open."""


@attrs.frozen(eq=False, kw_only=True)
class Again:
    """A finished run that can be made once more; called with its result it gives both bounds.

    None where no bar was ambiguous, or where the run cannot be repeated: then a note of the result says why.
    """

    bench: Bench
    settings: StrategyFile | PluginError
    """As they were before the first run."""
    first: Ready
    progress: Progress | None = None

    def __call__(self, result: Result) -> Bounds | None:
        """Both bounds; one of them is the run itself."""
        hidden = OTHER.get(self.first.terms.bar_path)
        if hidden is None or not result.totals["ambiguous_bars"]:
            return None
        try:
            other = self.under(hidden)
        except FwError as error:
            result.notes = (*result.notes, f"the result if {hidden} is not known: {error}")
            return None
        both = {OTHER[hidden]: bound_of(result), hidden: bound_of(other)}
        return Bounds(shown=OTHER[hidden], pessimistic=both["pessimistic"], optimistic=both["optimistic"])

    def under(self, rule: Rule) -> Result:
        """The run by this rule, with new parts: strategies may remember, and draw random numbers.

        Nobody watches it: observers were told of the run itself.
        """
        if isinstance(self.settings, PluginError):
            raise self.settings
        settings = as_before(self.settings)
        if isinstance(settings, PluginError):
            raise settings
        run = self.bench.make_run(console=False)
        run.instruments, run.period = self.first.run.instruments, self.first.run.period
        run.clock.follow(lambda: run.period[1])
        parts = attrs.evolve(build_parts(settings, run, self.bench.plugins.registry), observers=())
        terms = attrs.evolve(self.first.terms, bar_path=rule)
        shown = self.progress
        told = None if shown is None else lambda _, share: shown(f"if {rule}", share)
        ready = attrs.evolve(
            self.first, run=run, parts=parts, terms=terms, reason="the run's own", metrics=self.bench.metrics(run)
        )
        return self.bench.driven(ready, progress=told)


def as_before(settings: StrategyFile) -> StrategyFile | PluginError:
    """Settings whose parts have not run yet.

    A spec with `build` makes a new part for every run. One without is the part itself, and may remember: it is copied.
    """
    try:
        return attrs.evolve(
            settings,
            strategy=_unused(settings.strategy),
            sizer=_unused(settings.sizer),
            risk=tuple(_unused(entry) for entry in settings.risk),
            broker=_unused(settings.broker),
        )
    except PluginError as error:
        return error


def _unused(entry: PartEntry) -> Any:
    if hasattr(entry.spec, "build"):
        return entry
    try:
        return attrs.evolve(entry, spec=copy.deepcopy(entry.spec))
    except Exception as error:  # an object of the user's own may refuse to be copied in any way
        raise PluginError(f"{entry.provenance.title} cannot be copied ({type(error).__name__}: {error})") from error
