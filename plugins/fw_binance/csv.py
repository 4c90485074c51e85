"""The text of an archive file as columns: with or without a header line, in whatever unit its times are."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fw.domain.time import MILLISECOND, SECOND
from fw_binance.archive import Unusable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[Any]]

OHLC = {name: name for name in ("open", "high", "low", "close")}
VOLUMES = {
    "volume": "volume",
    "quote_volume": "quote_volume",
    "trades": "count",
    "taker_buy_volume": "taker_buy_volume",
    "taker_buy_quote_volume": "taker_buy_quote_volume",
}
CANDLES = (
    *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count"),
    *("taker_buy_volume", "taker_buy_quote_volume", "ignore"),
)


@attrs.frozen
class Form:
    """How the files of a kind are written."""

    order: tuple[str, ...]
    """Of the columns where a file has no header line."""
    time: str
    columns: Mapping[str, str]
    """Theirs by our names."""
    integers: tuple[str, ...] = ()
    truths: tuple[str, ...] = ()


FORMS = {
    "klines": Form(CANDLES, "open_time", {**OHLC, **VOLUMES}),
    **{kind: Form(CANDLES, "open_time", OHLC) for kind in ("mark", "index", "premium")},
    "funding": Form(
        ("calc_time", "funding_interval_hours", "last_funding_rate"),
        "calc_time",
        {"funding_rate": "last_funding_rate", "interval_hours": "funding_interval_hours"},
    ),
    "metrics": Form(
        (
            *("create_time", "symbol", "sum_open_interest", "sum_open_interest_value"),
            *("count_toptrader_long_short_ratio", "sum_toptrader_long_short_ratio"),
            *("count_long_short_ratio", "sum_taker_long_short_vol_ratio"),
        ),
        "create_time",
        {
            "open_interest": "sum_open_interest",
            "open_interest_value": "sum_open_interest_value",
            "top_accounts": "count_toptrader_long_short_ratio",
            "top_positions": "sum_toptrader_long_short_ratio",
            "accounts": "count_long_short_ratio",
            "taker_ratio": "sum_taker_long_short_vol_ratio",
        },
    ),
    "agg_trades": Form(
        (
            *("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id"),
            *("transact_time", "is_buyer_maker"),
        ),
        "transact_time",
        {
            name: name
            for name in ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "is_buyer_maker")
        },
        integers=("agg_trade_id", "first_trade_id", "last_trade_id"),
        truths=("is_buyer_maker",),
    ),
}


def parse(kind: str, text: bytes) -> Columns:
    """The columns of one file, times first, in ns; Unusable says what is wrong with it."""
    import pyarrow as pa
    from pyarrow import csv

    form = FORMS[kind]
    first = text[: text.find(b"\n") + 1 or len(text)].decode("utf-8", "replace").strip()
    fields = [field.strip().strip('"') for field in first.split(",")]
    has_header = not _is_number(fields[0]) and fields[0].lower() in form.order
    names = [field.lower() for field in fields] if has_header else list(form.order)[: len(fields)]
    lacking = {form.time, *form.columns.values()} - set(names)
    if lacking or len(names) != len(fields):
        raise Unusable(f"its columns are not those known: it begins with {first[:80]!r}")
    try:
        table = csv.read_csv(
            io.BytesIO(text),
            read_options=csv.ReadOptions(column_names=names, skip_rows=int(has_header), use_threads=False),
            convert_options=csv.ConvertOptions(
                include_columns=[form.time, *form.columns.values()], column_types=_types(form, kind)
            ),
        )
    except pa.ArrowInvalid as problem:
        raise Unusable(f"it cannot be read: {str(problem).splitlines()[0]}") from None
    if not table.num_rows:
        raise Unusable("it has no row")
    time = {"open_time" if form.time == "open_time" else "time": _times(table.column(form.time))}
    columns = {ours: _numpy(table.column(theirs)) for ours, theirs in form.columns.items()}
    if kind == "funding":
        columns["mark_price"] = np.full(table.num_rows, np.nan)
    return time | columns


def _types(form: Form, kind: str) -> dict[str, Any]:
    import pyarrow as pa

    types: dict[str, Any] = dict.fromkeys(form.columns.values(), pa.float64())
    types |= dict.fromkeys(form.integers, pa.int64()) | dict.fromkeys(form.truths, pa.bool_())
    return types | {form.time: pa.timestamp("s") if kind == "metrics" else pa.int64()}


def _times(column: Any) -> NDArray[np.int64]:
    """Whole numbers of any unit, told by their size, or text; in ns."""
    import pyarrow as pa

    if column.null_count:
        raise Unusable("it has rows without a time")
    if pa.types.is_timestamp(column.type):
        seconds: NDArray[np.int64] = _numpy(column.cast(pa.int64()))
        return seconds * SECOND
    return nanoseconds(_numpy(column))


def nanoseconds(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Times in s, ms, µs or ns as ns, each told by its size: from 1973 to 5138 no two units overlap."""
    factor = np.select(
        [times < 100_000_000_000, times < 100_000_000_000_000, times < 100_000_000_000_000_000],
        [SECOND, MILLISECOND, MILLISECOND // 1000],
        1,
    )
    found: NDArray[np.int64] = times * factor
    return found


def _numpy(column: Any) -> NDArray[Any]:
    """Without a copy where there is one chunk; empty numbers are NaN."""
    import math

    import pyarrow as pa

    if pa.types.is_floating(column.type) and column.null_count:
        column = column.fill_null(math.nan)
    if column.null_count:
        raise Unusable("it has rows with empty fields")
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
        return np.concatenate([np.from_dlpack(chunk) for chunk in column.chunks]).view(bool)
    pieces = [np.from_dlpack(chunk) for chunk in column.chunks]  # pyarrow's own to_numpy imports pandas
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
