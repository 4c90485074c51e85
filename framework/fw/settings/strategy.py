"""What strategy.yaml holds, as frozen classes; their fields are the file's settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import attrs

from fw.domain.time import SECOND, BarSize, Duration, Length
from fw.registry import DEFAULT_PARTS
from fw.setting import setting
from fw.settings.fields import ABOUT, Distinct, Part
from fw.settings.scalars import Label, Symbol, Time, Title

if TYPE_CHECKING:
    from fw.registry import Offer


HIGH_LEVERAGE = 3.0
"""Above it a file has to say that it is meant."""


@attrs.frozen
class Account:
    """The account all instruments share."""

    capital: float = setting(10_000.0, gt=0, help="money at the start, in settlement currency")
    settle: str = setting("USDT", help="settlement currency")
    venue: str = setting("binance_usdm", help="whose rules hold: tiers, fees, steps")
    margin: Literal["isolated", "cross"] = setting("isolated", help="whether positions share their margin")
    position_mode: Literal["one_way", "hedge"] = setting(
        "one_way", help="one position an instrument; hedge, a long and a short at once, is not simulated"
    )
    leverage: float = setting(1.0, ge=1, le=125, help="sets initial margin only; exposure comes from the sizer")
    allow_high_leverage: bool = setting(False, help="let leverage be above 3")
    reserve: float = setting(0.01, ge=0, lt=1, help="share of equity new exposure leaves free as margin")
    fees: str = setting("vip0", help="fee tier of the venue")
    mark: Literal["last", "required"] = setting(
        "last", help="judge liquidation on traded prices, or on mark prices and refuse to run without"
    )
    funding: Literal["required", "zero"] = setting(
        "required", help="refuse to run without funding rates, or pay none at all"
    )
    rules: Path | None = setting(None, help="a file of contract rules that override the venue's")

    def __attrs_post_init__(self) -> None:
        if self.position_mode == "hedge":
            raise ValueError(
                "position_mode: a run holds one position an instrument, not a long and a short at once; leave it out, "
                "or one_way. The margin arithmetic of hedge mode is in fw.ledger.formulas"
            )
        if self.leverage > HIGH_LEVERAGE and not self.allow_high_leverage:
            away = 1.0 / self.leverage
            raise ValueError(
                f"leverage: {self.leverage:g} is above {HIGH_LEVERAGE:g}: a move of less than {away:.1%} can take an "
                "isolated position's whole margin; say account.allow_high_leverage: true if that is meant"
            )


@attrs.frozen
class Slippage:
    """What market and stop orders lose against the price they saw; the terms sum up."""

    bps: float = setting(1.0, ge=0, le=9000, help="hundredths of a percent of the price")
    half_spread: float = setting(0.0, ge=0, help="ticks from the middle of the book to its best price")
    volatility: float = setting(0.0, ge=0, help="times the standard deviation of a bar's return")
    impact: float = setting(
        0.0, ge=0, help="times that deviation and the square root of the order's share of a bar's volume"
    )
    span: int = setting(60, ge=2, help="bars before the fill that deviation and volume are taken of")


@attrs.frozen
class Simulation:
    """How a simulated venue fills; backtest and paper read it."""

    slippage: Slippage = setting(factory=Slippage, help="what market and stop orders lose")
    bar_path: Literal["pessimistic", "optimistic", "ohlc", "adaptive"] = setting(
        "pessimistic",
        help="inside a bar: in doubt the worse or the better came first, or its prices were walked open, high, low, "
        "close (ohlc), or to the extreme nearer to the open first (adaptive)",
    )
    finer: BarSize | None = setting(
        None, help="a smaller bar on which fills are found; the clock's bars are then made of these"
    )
    latency: Duration = setting(Duration(0), help="time an order takes to the venue, rounded up to bars")
    participation: float | None = setting(
        None,
        gt=0,
        le=1,
        help="largest share of a bar's volume that may be traded; the rest of an order works on",
    )
    through: int = setting(1, ge=0, help="ticks by which the price must trade through a resting order to fill it")
    quotes: Duration | None = setting(
        Duration(SECOND), help="live: time between two quotes that move the account; null, closed bars alone move it"
    )


@attrs.frozen
class Train:
    """When a model is fitted inside the run, and on what."""

    every: Length = setting(help="how often it is fitted anew")
    window: Length = setting(help="how much it learns from each time")
    embargo: Length | None = setting(None, help="left out between what it learns from and what it is tested on")


@attrs.frozen(kw_only=True)
class PartEntry:
    """One part the file names, its settings read: `spec.build(run)` gives the live part."""

    kind: str = attrs.field(metadata=ABOUT)
    use: str = attrs.field(metadata=ABOUT)
    """The name as written; may be `plugin:name`."""
    name: str = attrs.field(metadata=ABOUT)
    """What columns, problems and `--set` call it; of a listed part its own, else its `use`."""
    spec: Any = attrs.field(metadata=ABOUT)
    """The built settings class of the plugin."""
    line: int = attrs.field(default=0, eq=False, metadata=ABOUT)
    column: int = attrs.field(default=0, eq=False, metadata=ABOUT)
    provenance: Offer = attrs.field(metadata=ABOUT)
    """Which plugin of which distribution offers it."""


@attrs.frozen(kw_only=True)
class SourceEntry(PartEntry):
    """The source; times are nanoseconds UTC, on the bars' open times."""

    start: Time | None = setting(None, help="first instant of the run, inclusive")
    end: Time | None = setting(None, help="end of the run, exclusive")
    gaps: Literal["error", "skip", "flat"] = setting("error", help="missing bars: refuse, leave out, or fill flat")
    live: bool = setting(False, help="whether bars are streamed as they happen")
    patience: Duration = setting(
        Duration(2 * SECOND), help="live: time after a close by which its bars are there; later nothing new is risked"
    )


@attrs.frozen(kw_only=True)
class FeatureEntry(PartEntry):
    """A feature set."""

    bar: BarSize | None = setting(None, help="compute on this larger bar; columns end in @4h")
    on: Symbol | None = setting(None, help="compute on this instrument for all; columns begin with ETHUSDT:")
    missing: Literal["error", "skip"] = setting(
        "error", help="data it needs and the source lacks: refuse, or leave the set out and say so"
    )


@attrs.frozen(kw_only=True)
class ModelEntry(PartEntry):
    """A model; it has its own bar, and its forecasts are columns `name.mean_24`."""

    bar: BarSize | None = setting(None, help="the bar it sees and forecasts; the clock where left out")
    features: tuple[Label, ...] = setting((), help="names of the feature sets it learns from")
    weights: str | None = setting(None, help="a trained model to load: name@version")
    train: Train | None = setting(None, help="fit inside the run")


Source = Annotated[SourceEntry, Part("source", SourceEntry)]
Feature = Annotated[FeatureEntry, Part("features", FeatureEntry)]
Model = Annotated[ModelEntry, Part("model", ModelEntry)]
Strategy = Annotated[PartEntry, Part("strategy", PartEntry)]
Sizer = Annotated[PartEntry, Part("sizer", PartEntry)]
RiskCheck = Annotated[PartEntry, Part("risk", PartEntry)]
Broker = Annotated[PartEntry, Part("broker", PartEntry)]
Metric = Annotated[PartEntry, Part("metric", PartEntry)]
Reporter = Annotated[PartEntry, Part("reporter", PartEntry)]
Observer = Annotated[PartEntry, Part("observer", PartEntry)]


@attrs.frozen(kw_only=True)
class StrategyFile:
    """One strategy file, read and checked; every part's settings are built."""

    name: Title = setting("", help="names the run folders; the file's own name where left out")
    seed: int = setting(0, ge=0, help="of all randomness but that of a made-up market, which has a seed of its own")
    instruments: Annotated[tuple[Symbol, ...], Distinct] = setting(help="perpetuals traded, such as [BTCUSDT]")
    bar: BarSize = setting(help="the clock: decisions happen when a bar of this size closes")
    account: Account = setting(factory=Account, help="the account all instruments share")
    simulation: Simulation = setting(factory=Simulation, help="how a simulated venue fills")
    rebalance: float | None = setting(None, gt=0, help="share of its target a position may drift before it is resized")
    source: Source = setting(help="where market data comes from")
    features: tuple[Feature, ...] = setting((), help="columns computed from the market")
    models: Mapping[str, Model] = setting(factory=dict, help="what turns windows into forecasts, by name")
    strategy: Strategy = setting(help="what turns features and forecasts into signals")
    sizer: Sizer = setting(help="how large positions are")
    risk: tuple[RiskCheck, ...] = setting((), help="what may shrink or veto targets")
    broker: Broker = setting(help="where orders go")
    metrics: tuple[Metric, ...] = setting((), help="more numbers measured on the finished run")
    report: tuple[Reporter, ...] = setting((), help="what is written and shown about the finished run")
    observers: tuple[Observer, ...] = setting((), help="what is fed the events of the run")
    plugins: tuple[Path, ...] = setting((), help="plugin files that are not installed, such as [./momentum.py]")

    profiles: tuple[str, ...] = attrs.field(default=(), metadata=ABOUT)
    """The profiles the file offers."""
    profile: str | None = attrs.field(default=None, metadata=ABOUT)
    """The profile in force."""
    notes: tuple[str, ...] = attrs.field(default=(), metadata=ABOUT, eq=False)
    """What is to be changed in the file before long; a run's notes repeat it."""
    raw: Mapping[str, Any] = attrs.field(factory=dict, metadata=ABOUT, eq=False, repr=False)
    """Everything above as plain data with defaults filled in: the same meaning gives the same data, whatever the
    spelling; `strategy_from(raw, …)` gives the same settings again."""
    path: Path | None = attrs.field(default=None, metadata=ABOUT, eq=False)
    """The file; relative paths in it count from its folder."""


DEFAULTS: Mapping[str, Any] = {
    "sizer": DEFAULT_PARTS["sizer"],
    "broker": DEFAULT_PARTS["broker"],
    "report": [DEFAULT_PARTS["reporter"]],
}
"""Parts taken where the file names none."""
