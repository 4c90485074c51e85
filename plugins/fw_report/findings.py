"""Sentences that people can act on, made of a run's evidence.

A verdict is one of good, doubtful, bad, and unknown, where the run is too small to say or there is nothing to judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import attrs

from fw import Unmeasured
from fw_report.curve import RUINED
from fw_report.evidence import CONFIDENCE, Concentration, Edge, Luck, Z
from fw_report.text import MINUS, count, money, plain, ratio, shorten

if TYPE_CHECKING:
    from fw import Result

Verdict = Literal["good", "doubtful", "bad", "unknown"]

FEW_TRADES = 10
"""Below it, the scatter of trades is itself too uncertain to judge their mean."""
FEW_WEEKS = 8
"""Below it, one week's share of the profit is large however even the profit."""
LARGE_SHARE = 0.25
"""Of the profit, in one week or one trade: more is doubtful."""
HEAVY_COSTS = 0.5
"""Of what trades made before costs: more is doubtful, because a little more cost ends it."""


@attrs.frozen(kw_only=True)
class Finding:
    """One sentence or two about one question, and the verdict in a word."""

    about: str
    verdict: Verdict
    sentence: str


def of_trades(edge: Edge | Unmeasured) -> Iterator[Finding]:
    if isinstance(edge, Unmeasured):
        yield Finding(about="Edge and costs", verdict="unknown", sentence=f"There is no edge to judge: {edge.reason}.")
        return
    yield _costs(edge)
    yield _certainty(edge)


def _costs(edge: Edge) -> Finding:
    about = "Edge and costs"
    bps = f"{_bps(abs(edge.gross))} basis points (hundredths of a percent) of its value"
    of_costs = f"fees took {_bps(edge.fees)}, slippage {_bps(edge.slippage)}, funding {_bps(-edge.funding)}"
    if edge.gross <= 0.0:
        verdict: Verdict = "bad"
        text = f"Before any cost the mean trade lost {bps}: the market paid nothing that costs could have taken"
        if edge.net > 0.0:
            verdict = "doubtful"
            text = f"Before costs the mean trade lost {bps}; only funding, {_bps(edge.funding)}, made up for it"
    elif edge.cost <= 0.0:
        verdict = "good"
        text = f"The market paid the mean trade {bps} before costs, and funding brought more than costs took"
    elif edge.net <= 0.0:
        verdict = "bad"
        text = f"The market paid the mean trade {bps} before costs, and costs of {_bps(edge.cost)} took all of it"
    else:
        share = edge.cost / edge.gross
        verdict = "doubtful" if share > HEAVY_COSTS else "good"
        text = (
            f"The market paid the mean trade {bps} before costs; costs took {_bps(edge.cost)} of them, "
            f"{_whole_percent(share)}, and {_bps(edge.net)} were left"
        )
    return Finding(about=about, verdict=verdict, sentence=f"{text} ({of_costs}).")


def _certainty(edge: Edge) -> Finding:
    about = "Enough trades"
    trades = _many(edge.trades, "trade")
    if edge.trades < FEW_TRADES:
        text = f"{trades}: too few to tell an edge from luck."
        return Finding(about=about, verdict="unknown", sentence=text)
    if edge.errors is None or edge.deviation is None:
        text = f"All {trades} made the same, so there is no scatter to judge their mean by."
        return Finding(about=about, verdict="unknown", sentence=text)
    scatter = f"{trades} scatter by {_bps(edge.deviation)} basis points around their mean"
    if edge.trades_needed is None:
        text = f"{scatter}, which is not above zero after costs: more such trades would not help."
        return Finding(about=about, verdict="bad", sentence=text)
    errors = f"which is {edge.errors:.1f} standard errors above zero"
    if edge.errors >= Z:
        text = f"{scatter}, {errors}: more than luck would often give, had this been the only try."
        return Finding(about=about, verdict="good", sentence=text)
    needed = _many(edge.trades_needed, "such trade")
    text = f"{scatter}, {errors}: luck alone often gives as much. It would take about {needed} to tell them apart."
    return Finding(about=about, verdict="doubtful", sentence=text)


def of_weeks(concentration: Concentration | Unmeasured, currency: str) -> Iterator[Finding]:
    about = "What the profit rests on"
    if isinstance(concentration, Unmeasured):
        text = f"There is no profit to look into: {concentration.reason}."
        yield Finding(about=about, verdict="unknown", sentence=text)
        return
    share = concentration.share(concentration.best_week)
    if share is None or concentration.enough_weeks is None:
        lost = f"lost {money(-concentration.profit)} {currency}".rstrip()
        text = f"The run {lost if concentration.profit else 'made nothing'}, so there is no profit to look into."
        yield Finding(about=about, verdict="unknown", sentence=text)
        return
    if concentration.weeks < FEW_WEEKS:
        weeks = _many(concentration.weeks, "calendar week")
        text = f"The run touches only {weeks}: too few to say whether it would have earned in others."
        yield Finding(about=about, verdict="unknown", sentence=text)
    else:
        yield Finding(about=about, verdict=_share_verdict(share), sentence=_best_week(concentration, share, currency))
    of_trade = concentration.share(concentration.best_trade or 0.0)
    if of_trade and concentration.trades >= FEW_TRADES:
        text = f"The best trade made {_whole_percent(of_trade)} of the profit"
        text += ": without it the run would have lost." if of_trade > 1.0 else "."
        yield Finding(about="The best trade", verdict=_share_verdict(of_trade), sentence=text)


def _share_verdict(share: float) -> Verdict:
    return "bad" if share >= 1.0 else "doubtful" if share > LARGE_SHARE else "good"


def _best_week(concentration: Concentration, share: float, currency: str) -> str:
    from fw.domain.time import format_time

    monday = format_time(concentration.best_week_start)[:10]
    week = f"The best of {count(concentration.weeks)} weeks, that of {monday},"
    if concentration.without_best_week <= 0.0:
        return f"{week} made more than the whole profit: without it the run would have lost."
    rest = f"{money(concentration.without_best_week)} {currency}".rstrip()
    enough = f"the best {count(concentration.enough_weeks or 0)} weeks made all of it, and the others cancel out"
    return f"{week} made {_whole_percent(share)} of the profit, and {rest} would remain without it; {enough}."


def of_luck(luck: Luck | Unmeasured) -> Iterator[Finding]:
    if isinstance(luck, Unmeasured):
        text = f"There is no Sharpe ratio to hold against luck: {luck.reason}."
        yield Finding(about="Luck", verdict="bad" if luck == RUINED else "unknown", sentence=text)
        return
    yield _length(luck)
    yield _trying(luck)


def _length(luck: Luck) -> Finding:
    about, sharpe = "Long enough", f"A Sharpe ratio of {ratio(luck.sharpe)} a year"
    if luck.sharpe <= 0.0:
        return Finding(about=about, verdict="bad", sentence=f"{sharpe} is not above zero: no length of run would help.")
    length, needed = _span(luck.length), _span(luck.needed)
    odds = _odds(1.0 - luck.probabilistic)
    text = f"{sharpe} over {length}: without any edge, {odds} such runs would show as much."
    if luck.probabilistic >= CONFIDENCE:
        return Finding(about=about, verdict="good", sentence=f"{text} {needed} would have been enough to say so.")
    return Finding(about=about, verdict="doubtful", sentence=f"{text} It would take {needed} to tell it from luck.")


def _trying(luck: Luck) -> Finding:
    about = "Luck of trying"
    if luck.expected_best is None or luck.deflated is None:
        known = "no other trial" if luck.trials == 1 else "only one other trial"
        text = (
            f"The trial ledger of this workspace knows {known} on this data to compare with. If more was tried "
            "elsewhere, by hand or in the head, the run looks better than it is, and nothing here shows by how much."
        )
        return Finding(about=about, verdict="unknown", sentence=text)
    trials = f"{count(luck.trials)} different trials were made on this data"
    best = f"the best of so many without any edge would show a Sharpe ratio of about {ratio(luck.expected_best)}"
    score = f"deflated Sharpe ratio {luck.deflated:.2f}"
    if luck.deflated >= CONFIDENCE:
        verdict: Verdict = "good"
        ending = f"This run's {ratio(luck.sharpe)} is clearly outside that noise ({score})."
    elif luck.deflated > 0.5:
        verdict = "doubtful"
        ending = f"This run's {ratio(luck.sharpe)} is more, but not clearly ({score}; {CONFIDENCE} would be clear)."
    else:
        verdict = "bad"
        ending = f"This run's {ratio(luck.sharpe)} is inside that noise ({score}; {CONFIDENCE} would be clear of it)."
    return Finding(about=about, verdict=verdict, sentence=f"{trials}; {best}. {ending}")


def currency_of(result: Result) -> str:
    """The settlement currency, where the settings say it."""
    account = result.settings.get("account")
    return shorten(plain(str(account.get("settle", ""))), cells=12) if isinstance(account, Mapping) else ""


def _bps(value: float) -> str:
    """A number of basis points; small ones keep a digit that counts."""
    size = abs(value)
    text = f"{size:,.0f}" if size >= 100.0 else f"{size:.1f}" if size >= 0.095 or size < 1e-4 else f"{size:.1g}"
    return MINUS + text if value < 0.0 and text.strip("0.") else text


def _whole_percent(share: float) -> str:
    """`37 %`; below one percent, one digit that counts."""
    hundredfold = share * 100.0
    return f"{hundredfold:,.0f} %" if hundredfold >= 0.95 else f"{hundredfold:.1g} %"


def _many(number: int, noun: str) -> str:
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def _span(ns: float) -> str:
    """`3.9 years`, `41 days`, `9 hours`."""
    from fw.domain.time import DAY, HOUR, YEAR

    if ns >= 1_000 * YEAR:
        return "more than a thousand years"
    if ns >= YEAR:
        return f"{ns / YEAR:,.1f} years"
    if ns >= 2 * DAY:
        return f"{ns / DAY:,.0f} days"
    return f"{ns / HOUR:,.0f} hours" if ns >= 2 * HOUR else "less than two hours"


def _odds(chance: float) -> str:
    """`3 in 100`; rounded to a number of runs that people can picture."""
    for runs in (100, 1_000, 10_000):
        if chance * runs >= 0.95:
            return f"{chance * runs:,.0f} in {runs:,}"
    return "fewer than 1 in 10,000"
