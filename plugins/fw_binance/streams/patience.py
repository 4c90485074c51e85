"""How long streams wait for what, and how often they ask again."""

from __future__ import annotations

import attrs

import fw
from fw.domain.time import HOUR, MILLISECOND, MINUTE, SECOND


@attrs.frozen
class Patience:
    """The waiting times of live streams, all by this machine's clock but `settle`, which is the exchange's."""

    connect: fw.Duration = fw.setting(fw.Duration(10 * SECOND), help="a connection must stand by then")
    acknowledge: fw.Duration = fw.setting(
        fw.Duration(10 * SECOND), help="and the exchange have answered what was subscribed"
    )
    silence: fw.Duration = fw.setting(
        fw.Duration(20 * SECOND), help="a connection on which nothing came for so long is given up"
    )
    quiet: fw.Duration = fw.setting(
        fw.Duration(90 * SECOND), help="quotes that rested so long are compared with what REST says"
    )
    ping: fw.Duration = fw.setting(
        fw.Duration(15 * SECOND), help="how often a ping is sent; two unanswered ones end the connection"
    )
    bar_late: fw.Duration = fw.setting(
        fw.Duration(2 * SECOND), help="a bar that has not come so long after its close is asked for over REST"
    )
    together: fw.Duration = fw.setting(
        fw.Duration(SECOND), help="how long a bar waits for the rows that a backtest would know at its close"
    )
    settle: fw.Duration = fw.setting(
        fw.Duration(2 * SECOND), help="the newest bar over REST counts as final so long after its close"
    )
    retry: fw.Duration = fw.setting(
        fw.Duration(500 * MILLISECOND), help="pause before the second try of what failed; it doubles from then on"
    )
    retry_at_most: fw.Duration = fw.setting(fw.Duration(30 * SECOND), help="the longest such pause")
    stable: fw.Duration = fw.setting(
        fw.Duration(MINUTE), help="a connection that stood so long begins with short pauses again"
    )
    rotate: fw.Duration = fw.setting(
        fw.Duration(23 * HOUR), help="a connection is replaced then: the exchange ends each after 24 h"
    )
    heal: fw.Duration = fw.setting(
        fw.Duration(15 * MINUTE), help="how long a bar is waited for that the exchange left out between two others"
    )
    look: fw.Duration = fw.setting(fw.Duration(250 * MILLISECOND), help="how often deadlines are looked at")


def seconds(span: fw.Duration) -> float:
    """A duration as asyncio wants it."""
    return span.ns / SECOND
