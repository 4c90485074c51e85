"""What a run's own numbers say for and against it: its trades after costs, its best week, and the luck of trying."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs

from fw import Unmeasured
from fw_report import overfitting
from fw_report.metrics import METRICS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fw import Result, Trial

CONFIDENCE = 0.95
"""One-sided, wherever something is told from zero or from luck."""
Z = overfitting.NORMAL.inv_cdf(CONFIDENCE)
BASIS_POINTS = 10_000.0
ROUNDING = 1e-9
"""A deviation below this share of a basis point is the rounding of sums."""


@attrs.frozen(kw_only=True)
class Edge:
    """Means over trades, each trade counted once, in basis points of all that it entered (quantity × entry price)."""

    trades: int
    gross: float
    """Before every cost: at the prices that were there before slippage."""
    fees: float
    slippage: float
    funding: float
    """Received; negative: paid."""
    deviation: float | None
    """Of trades after costs (n − 1); None for one trade."""

    @property
    def cost(self) -> float:
        """Fees and slippage less the funding received; negative where funding brought more than they took."""
        return self.fees + self.slippage - self.funding

    @property
    def net(self) -> float:
        """What was left."""
        return self.gross - self.cost

    @property
    def errors(self) -> float | None:
        """How many standard errors `net` is above zero (its t-statistic); takes trades as independent."""
        if self.deviation is None or self.deviation <= ROUNDING:
            return None
        return self.net / self.deviation * math.sqrt(self.trades)

    @property
    def trades_needed(self) -> int | None:
        """With how many such trades their mean would be told from zero; None where it is not above zero."""
        if self.errors is None or self.errors <= 0.0:
            return None
        return math.ceil(self.trades * (Z / self.errors) ** 2)


def edge_of(result: Result) -> Edge | Unmeasured:
    """Trades before and after costs."""
    import numpy as np

    trades = result.trades
    if not trades.rows:
        return Unmeasured("no trades")
    worth = trades["quantity"] * trades["entry_price"] / BASIS_POINTS
    net, fees, funding = (trades[name] / worth for name in ("profit", "fees", "funding"))
    slippage = slippage_by_trade(result) / worth
    return Edge(
        trades=trades.rows,
        gross=float(np.mean(net + fees - funding + slippage)),
        fees=float(np.mean(fees)),
        slippage=float(np.mean(slippage)),
        funding=float(np.mean(funding)),
        deviation=float(np.std(net, ddof=1)) if trades.rows > 1 else None,
    )


def slippage_by_trade(result: Result) -> NDArray[np.float64]:
    """Slippage of the fills that made each trade; a fill that turns a position around is shared by its lots."""
    import numpy as np

    trades, fills = result.trades, result.fills
    slippage = np.zeros(trades.rows)
    for symbol in result.instruments:
        mine = np.flatnonzero(trades["instrument"] == symbol)  # in order of their fills
        rows = np.flatnonzero(fills["instrument"] == symbol) if fills.rows else np.empty(0, np.int64)
        if not len(mine) or not len(rows):
            continue
        lots = fills["lots"][rows].astype(np.int64)
        lost = fills["slippage"][rows]
        after = np.cumsum(lots)
        before = after - lots
        opened = np.cumsum((after != 0) & ((before == 0) | (before * after < 0)))
        turned = before * after < 0
        closing = np.where(turned, np.abs(before) / np.abs(lots), (np.abs(after) < np.abs(before)).astype(np.float64))
        old, new = opened - 1 - turned, opened - 1
        by_trade = np.bincount(np.maximum(old, 0), weights=lost * closing, minlength=len(mine))
        by_trade += np.bincount(np.maximum(new, 0), weights=lost * (1.0 - closing), minlength=len(mine))
        slippage[mine] = by_trade[: len(mine)]
    return slippage


@attrs.frozen(kw_only=True)
class Concentration:
    """On how few weeks and trades the result rests; weeks are ISO weeks of UTC, by the bars that open in them."""

    profit: float
    """Change of equity over the run, in settlement currency."""
    weeks: int
    best_week: float
    """The largest change of equity of one week."""
    best_week_start: int
    """Its Monday, ns."""
    enough_weeks: int | None
    """The fewest weeks that together made the whole profit; None where there was none."""
    trades: int
    best_trade: float | None
    """Profit of the best one; None without trades."""

    @property
    def without_best_week(self) -> float:
        """What the run would have made without it."""
        return self.profit - self.best_week

    def share(self, amount: float) -> float | None:
        """An amount as a share of the profit; None where there was none."""
        return amount / self.profit if self.profit > 0.0 else None


def concentration_of(result: Result) -> Concentration | Unmeasured:
    """The profit by week."""
    import numpy as np

    from fw.domain.time import WEEK, BarSize

    if not result.equity.rows:
        return Unmeasured("no bars")
    equity = result.equity["equity"]
    opens = result.equity["time"] - result.bar.ns  # the bar that closes as Monday begins is the old week's
    mondays = BarSize(WEEK).floor(opens)
    last = np.append(np.flatnonzero(np.diff(mondays)), len(mondays) - 1)
    changes = np.diff(equity[last], prepend=result.capital)
    best = int(np.argmax(changes))
    profit = float(equity[-1]) - result.capital
    running = np.cumsum(np.sort(changes)[::-1])
    best_trade = measured(result, "best_trade")
    return Concentration(
        profit=profit,
        weeks=len(last),
        best_week=float(changes[best]),
        best_week_start=int(mondays[last[best]]),
        enough_weeks=int(np.argmax(running >= profit - ROUNDING * result.capital)) + 1 if profit > 0.0 else None,
        trades=result.trades.rows,
        best_trade=None if isinstance(best_trade, Unmeasured) else float(best_trade),
    )


@attrs.frozen(kw_only=True)
class Luck:
    """How far luck explains the Sharpe ratio; Sharpe ratios are a year of 365 days, lengths are ns."""

    sharpe: float
    probabilistic: float
    """Confidence that the true Sharpe ratio is above zero (PSR), had this been the only try."""
    length: int
    """Of the run."""
    needed: float
    """Length of run that would tell this Sharpe ratio from zero (MinTRL); inf where it is not above zero."""
    trials: int
    """Different trials on the same data that have a Sharpe ratio, this run among them."""
    left_out: int
    """Trials not counted: repetitions, and those without a Sharpe ratio."""
    expected_best: float | None
    """Sharpe ratio that the best of so many worthless trials would show; None where fewer than three are known."""
    deflated: float | None
    """Confidence that the true Sharpe ratio is above even that (DSR)."""


def luck_of(result: Result) -> Luck | Unmeasured:
    """The run's Sharpe ratio against zero, and against the trials made on its data.

    A trial repeats another where Sharpe ratio, bar size, number of bars and period are the same: the same settings
    on the same bars give the same bits, and two different ideas do not. A trial over another length or on other bars
    is brought to this run's length by its standard errors, `SR √n`: without an edge those are spread alike
    whatever n is, while the Sharpe ratio of a few days is large by chance. Where all trials share bars and period
    this is the published formula.
    """
    shape = shape_of(result)
    if isinstance(shape, Unmeasured):
        return shape
    a_year, bars = result.bar.bars_per_year, result.equity.rows
    sharpe = measured(result, "sharpe")
    per_bar = sharpe / math.sqrt(a_year)
    others, left_out = different(result.trials, result)
    best = deflated = None
    if len(others) >= 2:
        scores = [_score(trial) for trial in others] + [per_bar * math.sqrt(bars)]
        deviation = _deviation(scores) / math.sqrt(bars)
        best = overfitting.expected_best(len(scores), deviation) * math.sqrt(a_year)
        deflated = overfitting.deflated_sharpe(per_bar, bars=bars, trials=len(scores), deviation=deviation, **shape)
    return Luck(
        sharpe=float(sharpe),
        probabilistic=overfitting.probabilistic_sharpe(per_bar, bars=bars, **shape),
        length=bars * result.bar.ns,
        needed=overfitting.minimum_track_record(per_bar, confidence=CONFIDENCE, **shape) * result.bar.ns,
        trials=len(others) + 1,
        left_out=left_out,
        expected_best=best,
        deflated=deflated,
    )


def confidence_of(result: Result) -> float | Unmeasured:
    """Confidence that the true Sharpe ratio is above zero (PSR), had this been the only try."""
    shape = shape_of(result)
    if isinstance(shape, Unmeasured):
        return shape
    per_bar = measured(result, "sharpe") / math.sqrt(result.bar.bars_per_year)
    return overfitting.probabilistic_sharpe(per_bar, bars=result.equity.rows, **shape)


def shape_of(result: Result) -> dict[str, float] | Unmeasured:
    """Skew and kurtosis (3 for a normal sample) of returns, where these and the Sharpe ratio exist."""
    sharpe, skew, excess = (measured(result, name) for name in ("sharpe", "skew", "kurtosis"))
    for value in (sharpe, skew, excess):
        if isinstance(value, Unmeasured):
            return value
    return {"skew": float(skew), "kurtosis": float(excess) + 3.0}


def different(trials: tuple[Trial, ...], result: Result) -> tuple[list[Trial], int]:
    """The trials that count beside a run, and how many do not."""
    times = result.equity["time"]
    own = (measured(result, "sharpe"), str(result.bar), len(times), int(times[0]) - result.bar.ns, int(times[-1]))
    seen: dict[tuple[Any, ...], Trial] = {}
    for trial in trials:
        key = (trial.sharpe, trial.bar, trial.bars, trial.start, trial.end)
        if trial.sharpe is not None and math.isfinite(trial.sharpe) and key != own:
            seen.setdefault(key, trial)
    return list(seen.values()), len(trials) - len(seen)


def _score(trial: Trial) -> float:
    """How many standard errors a trial's mean return is from zero: its Sharpe ratio per bar × √bars."""
    from fw.domain.time import BarSize

    assert trial.sharpe is not None
    return trial.sharpe / math.sqrt(BarSize.parse(trial.bar).bars_per_year) * math.sqrt(trial.bars)


def _deviation(values: list[float]) -> float:
    """The sample's (n − 1)."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def measured(result: Result, name: str) -> Any:
    """A metric as the run has it; where the run was made without it, as this plugin measures it."""
    value = result.metrics.get(name)
    return METRICS[name]().measure(result) if value is None else value
