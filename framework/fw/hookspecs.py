"""The fourteen hooks of a plugin; part hooks return `{name: spec class}`, plain data and nothing more.

No hook runs per bar. A plugin is a module (or an object) with any of these functions, each marked with
`@fw.hookimpl`, and one entry point in the group `fw`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from fw.domain.result import Result
    from fw.parts.given import Run

GROUP = "fw"
API = 1
"""What a plugin may declare as `__fw_api__`; another number is a recorded problem."""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Hooks:
    """Everything a plugin can add to `fw`; each docstring's example is run by a test."""

    @hookspec
    def fw_sources(self) -> Mapping[str, type[Any]]:
        """Offer places market data comes from (`fw.Source`).

        ```python
        import attrs, fw

        @attrs.frozen
        class Nowhere:
            "A source without data."
            def history(self, want):
                raise fw.DataError(f"nowhere has no {want.instruments[0]}")

        @fw.hookimpl
        def fw_sources():
            return {"nowhere": Nowhere}
        ```
        """
        raise NotImplementedError

    @hookspec
    def fw_features(self) -> Mapping[str, type[Any]]:
        """Offer columns computed from the market (`fw.FeatureSet`).

        ```python
        import attrs, fw

        @attrs.frozen
        class Spread:
            "High less low, in price."
            needs = ("bars",)
            lookback = 1
            def compute(self, market):
                return fw.Frame.of({"spread": market.bars.high - market.bars.low})

        @fw.hookimpl
        def fw_features():
            return {"spread": Spread}
        ```
        """
        raise NotImplementedError

    @hookspec
    def fw_models(self) -> Mapping[str, type[Any]]:
        """Offer models that turn windows into forecasts (`fw.Model`).

        ```python
        import attrs, fw

        @attrs.frozen
        class NoChange:
            "Forecasts that the price stays where it is."
            context: int = fw.setting(1, ge=1, help="bars in a window")
            horizon: int = fw.setting(1, ge=1, help="bars ahead")
            def fit(self, train, valid):
                return self
            def load(self, folder):
                return self
            def save(self, folder):
                pass
            def predict(self, windows):
                return fw.Forecasts(origin=windows.origin, columns={"mean_1": 0.0 * windows.origin})

        @fw.hookimpl
        def fw_models():
            return {"no_change": NoChange}
        ```
        """
        raise NotImplementedError

    @hookspec
    def fw_strategies(self) -> Mapping[str, type[Any]]:
        """Offer strategies, which turn features and forecasts into signals (`fw.Strategy`).

        ```python
        import attrs, fw

        @attrs.frozen
        class AlwaysLong:
            "Buys and keeps."
            def decide(self, view):
                return fw.LONG

        @fw.hookimpl
        def fw_strategies():
            return {"always_long": AlwaysLong}
        ```
        """
        raise NotImplementedError

    @hookspec
    def fw_sizers(self) -> Mapping[str, type[Any]]:
        """Offer sizers, which say how large positions are (`fw.Sizer`).

        ```python
        import attrs, fw

        @attrs.frozen
        class OneLot:
            "One lot per signal."
            def size(self, signals, view):
                return {name: fw.Target(lots=int(signal.strength), signal=signal) for name, signal in signals.items()}

        @fw.hookimpl
        def fw_sizers():
            return {"one_lot": OneLot}
        ```
        """
        raise NotImplementedError

    @hookspec
    def fw_risk_checks(self) -> Mapping[str, type[Any]]:
        """Offer risk checks, which may shrink or veto targets (`fw.RiskCheck`).

        ```python
        import attrs, fw

        @attrs.frozen
        class LongOnly:
            "Refuses short targets."
            def review(self, targets, view):
                return {name: target if target.size >= 0 else fw.Veto("long only") for name, target in targets.items()}

        @fw.hookimpl
        def fw_risk_checks():
            return {"long_only": LongOnly}
        ```
        """
        raise NotImplementedError

    @hookspec
    def fw_brokers(self) -> Mapping[str, type[Any]]:
        """Offer brokers: where orders go and facts come from (`fw.Broker`).

        ```python
        import attrs, fw

        @attrs.frozen
        class DryRun:
            "Swallows every order."
            real_money = False
            def open(self, inbox): pass
            def submit(self, order): pass
            def amend(self, order_id, *, lots, price): pass
            def cancel(self, order_id): pass
            def account(self): return fw.AccountReport(time=0, wallet=0.0, equity=0.0, positions={})
            def close(self): pass

        @fw.hookimpl
        def fw_brokers():
            return {"dry_run": DryRun}
        ```
        """
        raise NotImplementedError

    @hookspec
    def fw_metrics(self) -> Mapping[str, type[Any]]:
        """Offer numbers measured on a finished run (`fw.Metric`).

        ```python
        import attrs, fw

        @attrs.frozen
        class Bars:
            "How many bars the run had."
            unit = "count"
            def measure(self, result):
                return result.equity.rows

        @fw.hookimpl
        def fw_metrics():
            return {"bars": Bars}
        ```
        """
        raise NotImplementedError

    @hookspec
    def fw_reporters(self) -> Mapping[str, type[Any]]:
        """Offer reporters, which write files about a finished run (`fw.Reporter`).

        ```python
        import attrs, fw

        @attrs.frozen
        class OneLine:
            "Says the final equity."
            def report(self, result, folder):
                return f"{result.name}: {result.equity['equity'][-1]:.2f}"

        @fw.hookimpl
        def fw_reporters():
            return {"one_line": OneLine}
        ```
        """
        raise NotImplementedError

    @hookspec
    def fw_observers(self) -> Mapping[str, type[Any]]:
        """Offer observers, which are fed the event kinds they declare (`fw.Observer`).

        ```python
        import attrs, fw

        @attrs.frozen
        class CountFills:
            "Counts fills."
            kinds = (fw.Filled,)
            seen: list = attrs.field(factory=list, init=False)
            def notice(self, event):
                self.seen.append(event)

        @fw.hookimpl
        def fw_observers():
            return {"count_fills": CountFills}
        ```
        """
        raise NotImplementedError

    @hookspec
    def fw_commands(self, cli: click.Group) -> None:
        """Add commands to `fw`.

        ```python
        import click, fw

        @fw.hookimpl
        def fw_commands(cli):
            @cli.command()
            def hello():
                "Say hello."
                click.echo("hello")
        ```
        """

    @hookspec
    def fw_run_starting(self, run: Run) -> None:
        """Notice that a run starts; raise `fw.RunRefused` to stop it.

        ```python
        import fw

        @fw.hookimpl
        def fw_run_starting(run):
            if "forbidden" in run.name:
                raise fw.RunRefused(f"{run.name} is not allowed here")
        ```
        """

    @hookspec
    def fw_run_finished(self, run: Run, result: Result | None) -> None:
        """Notice that a run ended; `result` is None when it failed.

        ```python
        import fw

        @fw.hookimpl
        def fw_run_finished(run, result):
            run.log.info("finished", complete=result is not None)
        ```
        """

    @hookspec(firstresult=True)
    def fw_secret(self, name: str) -> str | None:
        """Look a secret up by name; the first plugin that knows it answers.

        The bundled plugin that reads `FW_SECRET_<NAME>` and `<NAME>` from the environment is asked last.

        ```python
        import pathlib, fw

        @fw.hookimpl
        def fw_secret(name):
            file = pathlib.Path("/run/secrets") / name
            return file.read_text().strip() if file.is_file() else None
        ```
        """


KINDS: dict[str, str] = {
    "source": "fw_sources",
    "features": "fw_features",
    "model": "fw_models",
    "strategy": "fw_strategies",
    "sizer": "fw_sizers",
    "risk": "fw_risk_checks",
    "broker": "fw_brokers",
    "metric": "fw_metrics",
    "reporter": "fw_reporters",
    "observer": "fw_observers",
}
"""Kind of part, in the words of strategy.yaml, to the hook that offers it."""
