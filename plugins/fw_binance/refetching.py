"""What a repair of the store needs of the exchange: series at hand, from one instant to another, fetched again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fw_binance.archive import Archive
from fw_binance.client import Client
from fw_binance.download import in_loop
from fw_binance.environment import Environment
from fw_binance.fetching import fill
from fw_binance.listed import Listed
from fw_binance.shop import Progress, Shop, together
from fw_binance.store import Series, Store

Asked = Sequence[tuple[Series, int, int]]


def fetcher(
    environment: Environment, store: Store, *, shown: Callable[[str, int, int], None] | None = None
) -> Callable[[Asked], None]:
    """Give a function that fetches what the store lacks of each series between two instants (ns).

    It raises BrokerError where the exchange does not answer; `shown` is told what is fetched, rows done and in all.
    """
    return lambda asked: in_loop(_fetch(environment, store, asked, Progress(shown)))


async def _fetch(environment: Environment, store: Store, asked: Asked, progress: Progress) -> None:
    async with Client(environment) as client, Archive(environment) as archive:
        listed = Listed.of(await client.exchange_info())
        gone = listed.unknown(tuple(dict.fromkeys(series.symbol for series, _, _ in asked)))
        shop = Shop(client, archive, store, await client.now(), progress)

        async def one(series: Series, start: int, end: int) -> None:
            await fill(shop, series, start, end, archive_only=series.symbol in gone)

        try:
            await together(one(*what) for what in asked)
        finally:
            shop.threads.shutdown()
