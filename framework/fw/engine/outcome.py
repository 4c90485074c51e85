"""From the ledger's rows to a Result: frames with names and times in place of numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fw.domain.frame import Frame
from fw.domain.result import Result
from fw.domain.time import format_time
from fw.engine.remarks import rejections, too_small, too_thin
from fw.engine.trades import trades_of
from fw.errors import PluginError
from fw.ledger import kinds
from fw.parts.metric import Unmeasured
from fw.registry import Offer, blame, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fw.domain.saved import Trial
    from fw.engine.assemble import Scene
    from fw.ledger.simulation import Simulation
    from fw.settings.strategy import StrategyFile

Vetoes = Sequence[tuple[int, str, str, str]]


class Measured(Mapping[str, Any]):
    """Metrics by name, each measured when it is first asked for.

    The result remembers them, not this view of it: a result that referred to itself would outlive its last user, and
    keep its arrays from the next run.
    """

    def __init__(self, result: Result, metrics: Mapping[str, tuple[Offer, Any]]) -> None:
        self._result = result
        self._metrics = metrics
        self._values = result.once(_values)

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            if name not in self._metrics:
                close = nearest(name, self._metrics)
                raise KeyError(f"there is no metric {name!r}." + (f" Did you mean {close!r}?" if close else ""))
            offer, part = self._metrics[name]
            with blame(offer):
                value = part.measure(self._result)
            if not isinstance(value, Unmeasured) and not (isinstance(value, Real) and math.isfinite(value)):
                raise PluginError(f"{offer.title} gave {value!r:.60}; a metric is a number, or fw.Unmeasured and why")
            self._values[name] = value
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._metrics)

    def __contains__(self, name: object) -> bool:
        return name in self._metrics

    def __len__(self) -> int:
        return len(self._metrics)

    def __repr__(self) -> str:
        return f"<metrics: {', '.join(self._metrics)}>"


def _values(result: Result) -> dict[str, Any]:
    """What was measured of a result so far."""
    return {}


def result_of(
    simulation: Simulation,
    scene: Scene,
    settings: StrategyFile,
    *,
    engine: str,
    engine_reason: str,
    metrics: Mapping[str, tuple[Offer, Any]],
    tags: Sequence[str] = (),
    order_tags: Mapping[int, str] | None = None,
    vetoes: Vetoes = (),
    write: Callable[[Result, Path], None] | None = None,
    recall: Callable[[Result], tuple[Trial, ...]] | None = None,
    notes: Sequence[str] = (),
) -> Result:
    """The result of a simulation that has reached its last bar."""
    market = scene.stage.market
    symbols = scene.stage.symbols
    first = scene.tape.first
    row = simulation.account[0]
    closes = simulation.tape.closes
    equity = simulation.equity[first:] if closes is None else simulation.equity[closes[first:] - 1]
    halted = int(row["halted"])
    said = list(vetoes)
    ended: tuple[str, ...] = ()
    moment: int | None = None
    if halted:
        name, reason = _why_halted(settings, simulation)
        moment = simulation.close_time(halted - 1)
        ended = (f"trading ended at {format_time(moment)}: {name}: {reason}",)
        said += [(moment, symbol, name, reason) for symbol in market.instruments]
    return Result(
        name=settings.name,
        engine=engine,
        engine_reason=engine_reason,
        bar=settings.bar,
        capital=settings.account.capital,
        instruments=market.instruments,
        market=scene.stage.market_from(first),
        equity=Frame.lazily(
            len(equity),
            lambda: {"time": lambda: market.bars.open_time[first:] + market.bars.size.ns, "equity": lambda: equity},
        ),
        fills=fills_frame(simulation, symbols, tags, order_tags or {}),
        funding=funding_frame(simulation, symbols),
        charged=_charged(simulation),
        signals=signals_frame(simulation, symbols, tags),
        orders=orders_frame(simulation, symbols),
        vetoes=vetoes_frame(said),
        totals={
            "realised": float(row["realised"]),
            "unrealised": float(row["equity"]) - simulation.wallet,
            "fees": float(row["fees"]),
            "funding": float(row["funding"]),
            "slippage": float(row["slippage"]),
            "shortfall": float(row["shortfall"]),
            "liquidations": int(row["liquidations"]),
            "ambiguous_bars": int(row["ambiguous"]),
            "exposure_bars": _exposed(simulation),
            "rejected": int(row["rejected"]),
        },
        ended=moment,
        notes=(*scene.notes, *notes, *ended, *_refusals(vetoes), *_remarks(simulation)),
        settings=settings.raw,
        units={name: part.unit for name, (_, part) in metrics.items()},
        measure=lambda result: Measured(result, metrics),
        trade=trades_of,
        write=write,
        recall=recall,
    )


def _exposed(simulation: Simulation) -> int:
    """Clock bars of all instruments that ended with a position; the ledger itself counts bars of the tape."""
    tape, fills = simulation.tape, simulation.fills
    if tape.closes is None:
        return int(simulation.account["exposed"][0])
    count = 0
    for k in range(len(simulation.instruments)):
        mine = fills[fills["instrument"] == k]
        held = np.concatenate(([0], np.cumsum(mine["lots"])))
        at_close = np.searchsorted(mine["bar"], tape.closes[tape.first :] - 1, side="right")
        count += int((held[at_close] != 0).sum())
    return count


def _why_halted(settings: StrategyFile, simulation: Simulation) -> tuple[str, str]:
    """The check that ended trading, and what it saw."""
    row = simulation.account[0]
    bar = int(row["halted"]) - 1
    if simulation.equity[bar] <= 0.0 or not np.isfinite(row["drawdown_limit"]):
        return "account", "the wallet is used up"
    peak = float(simulation.equity[simulation.first : bar + 1].max(initial=float(row["capital"])))
    fall = 1.0 - float(simulation.equity[bar]) / peak
    name = next((entry.name for entry in settings.risk if entry.use.endswith("drawdown_stop")), "drawdown")
    return name, f"equity fell {fall:.1%} from its peak; the limit is {float(row['drawdown_limit']):.1%}"


def _remarks(simulation: Simulation) -> Iterator[str]:
    """What a reader must know of how the run went."""
    row = simulation.account[0]
    if not row["decisions"] and not row["orders"]:
        yield f"the strategy decided nothing in {simulation.tape.clock_bars - simulation.tape.first:,} bars"
    yield from rejections(simulation)
    yield from too_small(simulation)
    yield from too_thin(simulation)
    if row["ambiguous"]:
        bars = "bar" if row["ambiguous"] == 1 else "bars"
        if simulation.tape.closes is not None:
            bars = f"{bars} of {simulation.tape.size}"
        said = "it is unknown what came first, such as stop or take-profit; simulation.bar_path decided"
        yield f"in {int(row['ambiguous'])} {bars} {said}"


def _refusals(vetoes: Vetoes) -> Iterator[str]:
    """How often each check refused, and why first."""
    if not vetoes:
        return
    first: dict[str, tuple[int, str, str, str]] = {}
    counts = Counter(veto[2] for veto in vetoes)
    for veto in vetoes:
        first.setdefault(veto[2], veto)
    for name, (time, instrument, _, reason) in first.items():
        times = "once" if counts[name] == 1 else f"{counts[name]} times, the first"
        yield f"{name} refused a target {times} at {format_time(time)} for {instrument}: {reason}"


def _times(simulation: Simulation, bars: NDArray[np.int64], *, closed: bool) -> NDArray[np.int64]:
    tape = simulation.tape
    times: NDArray[np.int64] = tape.close_time(bars) if closed else tape.open_time[bars]
    return times


def _words(names: Sequence[str], codes: NDArray[np.int64]) -> NDArray[Any]:
    known = int(codes.max()) + 1 if len(codes) else 1
    return np.array(names[:known])[codes]  # no wider than the longest word in use


def _tag_rows(tags: Sequence[str], rows: NDArray[np.int64]) -> NDArray[Any]:
    """The tag of each decision row; empty for -1."""
    if not any(tags):
        return np.zeros(len(rows), dtype="U1")
    words = np.array([*tags, ""])
    return words[np.where((rows >= 0) & (rows < len(tags)), rows, len(tags))]


def fills_frame(
    simulation: Simulation, symbols: NDArray[Any], tags: Sequence[str], order_tags: Mapping[int, str]
) -> Frame:
    """Every fill; a protection's or the venue's own has order -1, and the tag of the signal in force."""
    count = simulation.count("fills")

    def columns() -> dict[str, Callable[[], Any]]:
        rows = simulation.fills[:count]

        def quantity() -> Any:
            lot = np.array([instrument.lot for instrument in simulation.instruments])
            return rows["lots"] * lot[rows["instrument"]]

        def tag() -> NDArray[Any]:
            words = _tag_rows(tags, _signal_behind(simulation, rows)) if any(tags) else _tag_rows((), rows["order"])
            if not order_tags:
                return words
            mixed = [order_tags.get(int(order), str(text)) for order, text in zip(rows["order"], words, strict=True)]
            return np.array(mixed, dtype=np.str_)  # of no fills it would be an array of numbers

        return {
            "time": lambda: _times(simulation, rows["bar"], closed=False),
            "instrument": lambda: symbols[rows["instrument"]],
            "lots": lambda: rows["lots"],
            "quantity": quantity,
            "price": lambda: rows["price"],
            "fee": lambda: rows["fee"],
            "realised": lambda: rows["realised"],
            "slippage": lambda: rows["slippage"],
            "reason": lambda: _words(kinds.REASONS, rows["reason"]),
            "order": lambda: rows["order"],
            "tag": tag,
        }

    return Frame.lazily(count, columns)


def _signal_behind(simulation: Simulation, rows: NDArray[Any]) -> NDArray[np.int64]:
    """The decision row behind each fill: its order's, or the one in force of its instrument when it filled."""
    orders, decisions = simulation.orders, simulation.decisions
    signal = np.full(len(rows), -1, dtype=np.int64)
    by_order = rows["order"] >= 0
    signal[by_order] = orders["signal"][rows["order"][by_order]]
    for k in range(len(simulation.instruments)):
        mine = np.flatnonzero(decisions["instrument"] == k)
        chosen = np.flatnonzero(~by_order & (rows["instrument"] == k))
        if len(mine) and len(chosen):
            at = np.searchsorted(decisions["bar"][mine], rows["bar"][chosen]) - 1
            signal[chosen] = np.where(at >= 0, mine[np.maximum(at, 0)], -1)
    return signal


def funding_frame(simulation: Simulation, symbols: NDArray[Any]) -> Frame:
    """Every funding settlement; amount received, negative: paid."""
    count = simulation.count("payments")

    def columns() -> dict[str, Callable[[], Any]]:
        rows = simulation.payments[:count]
        return {
            "time": lambda: simulation.stamps["time"][rows["stamp"]],
            "instrument": lambda: symbols[rows["instrument"]],
            "lots": lambda: rows["lots"],
            "rate": lambda: simulation.stamps["rate"][rows["stamp"]],
            "amount": lambda: rows["amount"],
        }

    return Frame.lazily(count, columns)


def _charged(simulation: Simulation) -> NDArray[np.int64] | None:
    """The opening of the bar in which each settlement was charged, where that is not a clock bar."""
    if simulation.tape.closes is None:
        return None
    rows = simulation.payments[: int(simulation.account["payments"][0])]
    return _times(simulation, rows["bar"], closed=False)


def signals_frame(simulation: Simulation, symbols: NDArray[Any], tags: Sequence[str]) -> Frame:
    """Every changed signal; NaN: none."""
    count = simulation.count("decisions")

    def columns() -> dict[str, Callable[[], Any]]:
        rows = simulation.decisions[:count]
        return {
            "time": lambda: _times(simulation, rows["bar"], closed=True),
            "instrument": lambda: symbols[rows["instrument"]],
            "strength": lambda: rows["strength"],
            "stop_loss": lambda: _price_or_nan(rows["stop"]),
            "take_profit": lambda: _price_or_nan(rows["take"]),
            "trailing": lambda: _price_or_nan(rows["trail"]),
            "limit": lambda: _price_or_nan(rows["limit"]),
            "expiry": lambda: rows["expiry"],
            "tag": lambda: _tag_rows(tags, np.arange(len(rows))),
        }

    return Frame.lazily(count, columns)


def _price_or_nan(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ledger's 0 for none as NaN."""
    return np.where(column > 0.0, column, np.nan)


def orders_frame(simulation: Simulation, symbols: NDArray[Any]) -> Frame:
    """Every order, with how it ended."""
    count = simulation.count("orders")

    def columns() -> dict[str, Callable[[], Any]]:
        rows = simulation.orders[:count]
        return {
            "time": lambda: _times(simulation, rows["bar"], closed=True),
            "instrument": lambda: symbols[rows["instrument"]],
            "id": lambda: np.arange(len(rows)),
            "kind": lambda: _words(kinds.ORDER_KINDS, rows["kind"]),
            "lots": lambda: rows["lots"],
            "filled": lambda: rows["filled"],
            "price": lambda: _price_or_nan(rows["price"]),
            "trigger": lambda: _price_or_nan(_triggers(rows)),
            "trigger_by": lambda: _trigger_words(rows),
            "limit": lambda: _price_or_nan(rows["limit"]),
            "time_in_force": lambda: _words(kinds.TIMES_IN_FORCE, rows["time_in_force"]),
            "reduce_only": lambda: rows["reduce_only"].astype(bool),
            "close_position": lambda: rows["close_all"].astype(bool),
            "group": lambda: rows["group"],
            "reason": lambda: _words(kinds.REASONS, rows["reason"]),
            "state": simulation.states,
            "fault": lambda: _words(kinds.FAULTS, rows["fault"]),
        }

    return Frame.lazily(count, columns)


def _waits(rows: NDArray[Any]) -> NDArray[np.bool_]:
    """Which orders wait for a trigger."""
    return np.isin(rows["kind"], kinds.CONDITIONAL)


def _triggers(rows: NDArray[Any]) -> NDArray[np.float64]:
    """The price that an order waits for, as it was given or amended; 0: none."""
    plain = np.isin(rows["kind"], (kinds.STOP, kinds.TAKE_PROFIT))
    return np.where(_waits(rows), np.where(plain & (rows["trigger"] == 0.0), rows["price"], rows["trigger"]), 0.0)


def _trigger_words(rows: NDArray[Any]) -> NDArray[Any]:
    """Which price triggers an order; empty where none does."""
    return np.where(_waits(rows), np.where(rows["by_mark"] != 0, "mark", "last"), "")


def vetoes_frame(vetoes: Vetoes) -> Frame:
    """Every refusal of a risk check."""
    return Frame.lazily(
        len(vetoes),
        lambda: {
            "time": lambda: np.array([veto[0] for veto in vetoes], dtype=np.int64),
            "instrument": lambda: np.array([veto[1] for veto in vetoes], dtype=np.str_),
            "check": lambda: np.array([veto[2] for veto in vetoes], dtype=np.str_),
            "reason": lambda: np.array([veto[3] for veto in vetoes], dtype=np.str_),
        },
    )
