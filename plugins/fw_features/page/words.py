"""What to know before a number of the page is believed, in sentences made from the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMED = 4


def believed(study: Mapping[str, Any]) -> list[str]:
    """The sentences, those that weigh most first."""
    said = []
    if study["made_up"]:
        said.append("The market is made up, not a real one: whatever is found here says nothing about real prices.")
    said.append(_luck(study))
    said.append(_alike(study))
    said.append(_overlap(study))
    said += _slow(study)
    said += _priced(study)
    said.append(
        "What stands is a rank correlation before fees, funding and slippage. A column that turns over every bar pays "
        "costs every bar: a coefficient of 0.05 over one bar can still lose money."
    )
    said.append(
        "All numbers are of the bars that you are looking at. Choose here, then judge the choice once on a period "
        "that this page has not shown."
    )
    return [one for one in said if one]


def by_luck(tests: int) -> str:
    """How many of so many tests look significant at 5 % where there is nothing to find."""
    expected = tests * 0.05
    return f"about {expected:.0f}" if expected >= 0.5 else "less than 1"


def _luck(study: Mapping[str, Any]) -> str:
    tests, beyond, stand = study["tests"], study["below_5_percent"], study["stand"]
    if not tests:
        return "There are too few bars for any horizon: nothing is said about what the columns foresee."
    tried = f"{tests} coefficients were tried" if tests != 1 else "One coefficient was tried"
    judged = (
        f"{tried}. If no column knew anything, {by_luck(tests)} would still look significant at 5 %; "
        f"{beyond} {'does' if beyond == 1 else 'do'}. Counted together (Holm's correction), "
        f"{stand} {'stands' if stand == 1 else 'stand'}: "
        "those carry a star."
    )
    names = _standing(study)
    return f"{judged} They are {names}." if names and stand <= NAMED else judged


def _standing(study: Mapping[str, Any]) -> str:
    several = len(study["instruments"]) > 1
    found = [
        f"{column['name']} over {horizon}" + (f" ({instrument['symbol']})" if several else "")
        for instrument in study["instruments"]
        for column, measured in zip(study["columns"], instrument["measured"], strict=True)
        for horizon, one in zip(study["horizons"], measured["foresight"], strict=True)
        if one is not None and one["stands"]
    ]
    return ", ".join(found)


def _alike(study: Mapping[str, Any]) -> str:
    columns = len(study["columns"])
    groups = max((len(one["groups"]) for one in study["instruments"]), default=0)
    if groups >= columns:
        return ""
    return (
        f"The {columns} columns form {groups} {'groups' if groups != 1 else 'group'} that say different things. "
        "Several of one group with the same sign are one finding, not several."
    )


def _overlap(study: Mapping[str, Any]) -> str:
    longest = max(study["horizons"])
    bars = max((one["bars"] for one in study["instruments"]), default=0)
    if longest == 1 or not bars:
        return ""
    apart = bars // longest
    few = (
        ""
        if apart >= 100
        else " Long horizons are judged on few cases."
        if apart >= 10
        else " That is too few to judge."
    )
    return (
        f"Returns over {longest} bars overlap: {bars:,} bars hold {apart:,} that do not.{few} Errors are Newey-West "
        "with lags of twice the overlap."
    )


def _slow(study: Mapping[str, Any]) -> list[str]:
    names = _warned(study, "slow")
    if not names:
        return []
    return [
        f"{_some(names)} hardly {'changes' if len(names) == 1 else 'change'} over {max(study['horizons'])} bars. Such "
        "columns go along with any trend of prices, and their errors come out too small; trust none of their long "
        "horizons."
    ]


def _priced(study: Mapping[str, Any]) -> list[str]:
    names = _warned(study, "moves with the price")
    if not names:
        return []
    return [
        f"{_some(names)} {'is' if len(names) == 1 else 'are'} in units of price. What they correlate with is the "
        "height of the price in this period; a ratio or a distance, such as close over average, is a fairer column."
    ]


def _warned(study: Mapping[str, Any], word: str) -> list[str]:
    return [
        told["name"]
        for place, told in enumerate(study["columns"])
        if any(word in one["measured"][place]["warnings"] for one in study["instruments"])
    ]


def _some(names: list[str]) -> str:
    if len(names) <= NAMED:
        return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]
    return f"{', '.join(names[: NAMED - 1])} and {len(names) - NAMED + 1} more"
