"""A value is read by the type wanted, from its text; YAML's own guesses never come into it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import fw
from fw.domain.time import BarSize, Duration, Length

HOUR = 3_600_000_000_000

GOOD = [
    ("number", "1e-4", 0.0001),
    ("number", "1E5", 100_000.0),
    ("number", ".5", 0.5),
    ("number", "5.", 5.0),
    ("number", "+5", 5.0),
    ("number", "-0.0", 0.0),
    ("number", "1_000.5", 1000.5),
    ("number", "7", 7.0),
    ("whole", "+5", 5),
    ("whole", "1_000", 1000),
    ("whole", "-0", 0),
    ("flag", "true", True),
    ("flag", "False", False),
    ("flag", "TRUE", True),
    ("text", "no", "no"),
    ("text", "12:30:00", "12:30:00"),
    ("text", "0x10", "0x10"),
    ("text", "2024-01-01", "2024-01-01"),
    ("text", "1e-4", "1e-4"),
    ("text", "true", "true"),
    ("text", "'~'", "~"),
    ("text", "''", ""),
    ("text", "'null'", "null"),
    ("text", "grüße 币 🚀", "grüße 币 🚀"),
    ("text", "|\n    two\n    lines", "two\nlines\n"),
    ("path", "./a b/{x}.csv", Path("a b/{x}.csv")),
    ("duration", "90s", Duration(90 * 10**9)),
    ("duration", "'8h'", Duration(8 * HOUR)),
    ("size", "1m", BarSize(60 * 10**9)),
    ("size", "1w", BarSize(7 * 24 * HOUR)),
    ("length", "24", Length(bars=24)),
    ("length", "8h", Length(duration=Duration(8 * HOUR))),
    ("choice", "right", "right"),
    ("level", "2", 2),
    ("either", "5", 5),
    ("either", "five", "five"),
    ("either", "null", None),
    ("either", "~", None),
    ("either", "", None),
    ("pair", "[1, 2.5]", (1, 2.5)),
    ("table", "{a: 1, no: 2}", {"a": 1, "no": 2}),
    ("curves", "[{knots: [1, .5]}, {smooth: false}]", None),
]


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_the_text_is_read_by_the_type_wanted(everything, name, text, value):
    read = everything(name, text)
    if value is None and name == "curves":
        assert [(c.knots, c.smooth) for c in read] == [((1.0, 0.5), True), ((), False)]
    else:
        assert read == value
        assert type(read) is type(value) or isinstance(value, Path)


BAD = [
    ("flag", "no", "wants true or false, not 'no'"),
    ("flag", "1", "wants true or false, not '1'"),
    ("flag", "tRUE", "wants true or false, not 'tRUE'"),
    ("flag", "'true'", "wants true or false, not the text 'true': remove the quotes"),
    ("flag", "~", "is empty: it wants true or false"),
    ("whole", "0x10", "wants a whole number, not '0x10': write it in decimal digits"),
    ("whole", "0o17", "wants a whole number, not '0o17': write it in decimal digits"),
    ("whole", "017", "wants a whole number, not '017': write it in decimal digits"),
    ("whole", "12:30:00", "wants a whole number, not '12:30:00'"),
    ("whole", "5.0", "wants a whole number, not '5.0'"),
    ("whole", "1e3", "wants a whole number, not '1e3'"),
    ("whole", "1__0", "wants a whole number, not '1__0'"),
    ("whole", "٣", "wants a whole number, not '٣'"),
    ("whole", "'5'", "wants a whole number, not the text '5': remove the quotes"),
    ("whole", "true", "wants a whole number, not 'true'"),
    ("whole", "", "is empty: it wants a whole number"),
    ("whole", "null", "is empty: it wants a whole number"),
    ("whole", "[5]", "wants a whole number, not a list of 1"),
    ("whole", "{a: 5}", "wants a whole number, not settings (name: value)"),
    ("whole", "1001", "must be at most 1000, not 1001"),
    ("whole", "9223372036854775808", "'9223372036854775808' is too large: whole numbers end at 9223372036854775807"),
    ("number", ".nan", "wants a finite number, not '.nan'"),
    ("number", "nan", "wants a finite number, not 'nan'"),
    ("number", ".inf", "wants a finite number, not '.inf'"),
    ("number", "-Infinity", "wants a finite number, not '-Infinity'"),
    ("number", "1e999", "wants a finite number; '1e999' is too large"),
    ("number", "0x1p3", "wants a number, not '0x1p3'"),
    ("number", "5%", "wants a number, not '5%': write 0.05"),
    ("number", "1,5", "wants a number, not '1,5': write thousands as 10000 or 10_000, decimals as 0.5"),
    ("number", "10 000", "wants a number, not '10 000'"),
    ("number", '"0.5"', "wants a number, not the text '0.5': remove the quotes"),
    ("number", "ten", "wants a number, not 'ten'"),
    ("text", "", "is empty: it wants text"),
    ("text", "[a]", "wants text, not a list of 1"),
    ("path", "''", "wants a path, not an empty text"),
    ("duration", "8", "wants a duration like 30s, 15m, 8h or 30d, not '8'"),
    ("duration", "1M", "wants a duration like 30s, 15m, 8h or 30d, not '1M'"),
    ("duration", "٣h", "wants a duration like 30s, 15m, 8h or 30d, not '٣h'"),
    ("duration", "999999w", "wants a duration like 30s, 15m, 8h or 30d, not '999999w'"),
    ("size", "7m", "'7m' is not a bar size offered: 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 1w"),
    ("size", "1M", "1M is a month, whose length varies, and is not offered; 1m is a minute"),
    ("length", "'24'", "wants a number of bars or a duration like 8h, not the text '24': remove the quotes"),
    ("length", "-3", "wants a number of bars or a duration like 8h, not '-3'"),
    ("moment", "2024-02-30", "wants a date like 2024-01-31 or a time like 2024-01-31T08:00Z, not '2024-02-30'"),
    (
        "moment",
        "2024-01-01T08:00",
        "the clock time '2024-01-01T08:00' needs a zone: end it with Z for UTC, or with +02:00",
    ),
    ("moment", "1704067200", "wants a date like 2024-01-31 or a time like 2024-01-31T08:00Z, not '1704067200'"),
    ("moment", "0001-01-01", "wants a time from 1970 to 2262, not '0001-01-01'"),
    ("moment", "9999-01-01", "wants a time from 1970 to 2262, not '9999-01-01'"),
    ("choice", "rigth", "wants one of left, right, not 'rigth'. Did you mean 'right'?"),
    ("level", "3", "wants one of 1, 2, not '3'"),
    ("either", "[1]", "wants a whole number or text or null, not a list of 1"),
    ("pair", "[1]", "wants a list of a whole number, a number, not a list of 1"),
    ("table", "[1]", "wants whole numbers by name, not a list of 1"),
    ("curve", "5", "wants settings, not '5'"),
]


@pytest.mark.parametrize(("name", "text", "message"), BAD)
def test_a_text_that_does_not_fit_is_told_what_is_wanted(everything, name, text, message):
    with pytest.raises(fw.SettingsError) as caught:
        everything(name, text)
    (problem,) = caught.value.problems
    assert (problem.line, problem.path, problem.text) == (6, f"strategy.{name}", message)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-01", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-01-01T08:30Z", datetime(2024, 1, 1, 8, 30, tzinfo=UTC)),
        ("2024-01-01 08:30:15+05:30", datetime(2024, 1, 1, 3, 0, 15, tzinfo=UTC)),
        ("'2024-02-29'", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_times_are_utc(everything, text, moment):
    assert everything("moment", text) == int(moment.timestamp()) * 10**9


def test_a_long_text_is_cut_in_the_message(everything):
    with pytest.raises(fw.SettingsError) as caught:
        everything("whole", "x" * 5000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("name", ["whole", "number", "duration", "length", "size", "moment"])
def test_a_number_of_ten_thousand_digits_is_a_problem_and_no_crash(everything, name):
    with pytest.raises(fw.SettingsError):
        everything(name, "9" * 10_000)
