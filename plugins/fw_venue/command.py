"""`fw venue`: the practice exchange in a terminal, until it is interrupted."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import click

from fw.domain.time import DAY, MILLISECOND, MINUTE, SECOND, BarSize, Duration, format_time, parse_time
from fw.errors import DataError, MissingExtra, SettingsError

if TYPE_CHECKING:
    from rich.table import Table

    from fw import Plan
    from fw.domain.market import Market
    from fw.parts.broker import Terms
    from fw_venue.server import Venue

MADE_UP = {"BTCUSDT": 40_000.0, "ETHUSDT": 2_500.0, "SOLUSDT": 100.0}
"""Contracts of the made-up market, and their prices in 2022."""
PAST = 60 * DAY
"""History of the made-up market before its clock begins."""

LONGEST = 120 * DAY
"""What is made up of the time after it, at most."""

WORKING_DAY = 12 * 60 * MINUTE
"""How long of this machine's time the made-up market lasts."""


@click.command("venue")
@click.argument("file", required=False, type=click.Path(path_type=Path, readable=False))
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes any free one.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="How many times as fast its time runs.")
@click.option("--start", metavar="TIME", help="When its clock begins, as 2024-01-31 or 2024-01-31T08:00Z.")
@click.option("--profile", metavar="NAME", help="Merge this profile of FILE.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a setting of FILE; may stand often."
)
@click.option("--for", "lasting", metavar="DURATION", help="Stop by itself after so long, such as 10m.")
def command(
    file: Path | None,
    port: int,
    speed: float,
    start: str | None,
    profile: str | None,
    overrides: tuple[str, ...],
    lasting: str | None,
) -> None:
    """Run a practice exchange on this machine.

    It speaks the protocol of Binance's USD-M futures and trades the market of FILE, a strategy file, beginning in the
    middle of its period; without FILE it makes a market up, beginning now. Only programs on this machine reach it.
    Ctrl+C ends it.
    """
    from importlib.util import find_spec

    if find_spec("aiohttp") is None:
        raise MissingExtra('fw venue needs aiohttp: pip install "futures-framework[binance]"')
    from fw_venue.clock import Clock
    from fw_venue.server import Venue
    from fw_venue.trading.accounts import CAPITAL, USUAL

    until = None if lasting is None else time.monotonic() + _duration("--for", lasting).ns / SECOND
    begins = None if start is None else _time(start)
    rules, capital, terms = None, CAPITAL, USUAL
    if not 0 < speed <= 100_000:
        raise SettingsError(f"--speed: wants a number above 0, at most 100000, not {speed:g}")
    if file is None:
        begins = time.time_ns() if begins is None else begins
        market = made_up(begins, speed)
    else:
        import fw

        plan = fw.load(file, profile=profile, overrides=list(overrides))
        market, rules = plan.market(), plan.settings.account.rules
        capital, terms = plan.settings.account.capital, terms_of(plan)
        first, end = market.period
        traded, _ = plan.period()
        begins = traded + (end - traded) // 2 if begins is None else begins
        if not first <= begins < end:
            raise DataError(
                f"--start: the market of {file} is from {format_time(first)} to {format_time(end)}; its clock cannot "
                f"begin on {format_time(begins)}"
            )
    venue = Venue(
        market,
        clock=Clock(begins // MILLISECOND, speed=speed),
        port=port,
        pace=pace(market, speed),
        rules=rules,
        capital=capital,
        terms=terms,
    )
    with venue:
        click.echo(told(venue, file))
        with contextlib.suppress(KeyboardInterrupt):
            watch(venue, until)


def terms_of(plan: Plan) -> Terms:
    """Fees, slippage and fill rules of a strategy file; leverage and margin are for the client to set."""
    import attrs

    from fw.ledger import LedgerBroker
    from fw.parts.broker import Slippage
    from fw_venue.trading.accounts import USUAL

    file: Any = SimpleNamespace(settings=plan.settings, period=plan.period(), bar=plan.settings.bar)
    terms = LedgerBroker().terms(file)
    lost = terms.slippage if isinstance(terms.slippage, Slippage) else Slippage(share=terms.slippage)
    return attrs.evolve(
        USUAL,
        maker=terms.maker,
        taker=terms.taker,
        through=terms.through,
        # what is measured on bars with volumes is left out: a moment has none
        slippage=Slippage(share=lost.share, half_spread=lost.half_spread),
    )


def made_up(start: int, speed: float) -> Market:
    """A market of one-minute bars around `start`, ns, long enough for half a day at this speed."""
    import fw

    spec = fw.catalog().find("source", "synthetic").spec
    first = start - start % DAY - PAST
    last = start - start % DAY + min(LONGEST, int(max(3 * DAY, WORKING_DAY * speed)) // DAY * DAY)
    needs = ("bars", "funding", "mark", "index", "premium", "open_interest", "long_short", "taker_ratio")
    series = {}
    for symbol, price in MADE_UP.items():
        source = spec(price=price).build(None)  # it asks nothing of its run
        want = fw.Want(instruments=(symbol,), bar=BarSize.parse("1m"), start=first, end=last, needs=needs)
        series[symbol] = source.history(want).series[symbol]
    return fw.Market(series=series, focus=next(iter(series)), made_up=True)


def pace(market: Market, speed: float) -> int:
    """ms of the exchange's time between two prices: four a second of this machine's, at most as many as are real."""
    return max(250, min(int(250 * speed), market.bars.size.ns // MILLISECOND // 4))


def told(venue: Venue, file: Path | None) -> str:
    """Where it is to be found, and how a strategy is pointed at it."""
    bar, what = venue.market.bars.size, "a made-up market" if file is None else f"the market of {file}"
    first, end = (format_time(moment * MILLISECOND) for moment in (venue.begins, venue.ends))
    setting = ", ".join(f"{name}: {url}" for name, url in venue.hosts.items())
    key, secret = next(iter(venue.keys.items()))
    return "\n".join(
        [
            f"practice exchange: {what}, {', '.join(venue.tapes)} in bars of {bar} from {first} to {end}",
            f"its clock: {format_time(venue.clock.now * MILLISECOND)}, at speed {venue.clock.speed:g}",
            "",
            f"  REST       {venue.rest}/fapi/v1/…",
            f"  streams    {venue.ws}/public, /market, /private",
            f"  archive    {venue.archive}/data/futures/um/…",
            f"  API key    {key}, its secret {secret}",
            "",
            "in a strategy file:",
            "",
            f"  source: {{use: binance, environment: {{{setting}}}}}",
            "",
        ]
    )


def watch(venue: Venue, until: float | None) -> None:
    """Show a table of the market that lives, where somebody looks; else only wait."""
    pause = 0.25

    def over() -> bool:
        if venue.problem is not None:
            raise venue.problem
        return until is not None and time.monotonic() >= until

    if not sys.stdout.isatty():
        while not over():
            time.sleep(pause)
        return
    from rich.live import Live

    with Live(table(venue), refresh_per_second=4, transient=True) as live:
        while not over():
            time.sleep(pause)
            live.update(venue.call(lambda: table(venue)))


def table(venue: Venue) -> Table:
    """The market as it is now."""
    from rich.table import Table

    from fw_venue.tickers import day

    now = venue.clock.now // 1000 * 1000
    ended = ", the market has ended: restart it with --start" if now >= venue.ends else ""
    drawn = Table(title=f"{format_time(now * MILLISECOND)} UTC{ended}", title_justify="left", caption=busy(venue))
    for name in ("symbol", "last", "24 h", "bid", "ask", "mark", "funding", "in"):
        drawn.add_column(name, justify="left" if name == "symbol" else "right")
    for symbol, tape in venue.tapes.items():
        its, quote = day(tape, now), tape.quote(tape.ordinal(now))
        after, rate = tape.next_funding(now)
        drawn.add_row(
            symbol,
            its["lastPrice"],
            f"{float(its['priceChangePercent']):+.2f} %",
            quote.bid,
            quote.ask,
            f"{tape.mark.price(now):.{tape.contract.price_digits}f}",
            f"{float(rate):.4%}",
            f"{(after - now) // 60_000} min",
        )
    return drawn


def busy(venue: Venue) -> str:
    """Who is there."""
    hub = venue.hub
    return (
        f"{len(hub.connections)} connections hear {len(hub.listeners)} streams · {venue.served} requests · "
        f"{venue.limits.used()} of {venue.limits.weight} weight this minute"
    )


def _time(text: str) -> int:
    try:
        return parse_time(text)
    except ValueError as problem:
        raise SettingsError(f"--start: {problem}") from None


def _duration(option: str, text: str) -> Duration:
    try:
        return Duration.parse(text)
    except ValueError as problem:
        raise SettingsError(f"{option}: {problem}") from None
