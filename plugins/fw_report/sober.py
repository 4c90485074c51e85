"""What to believe of a run, in plain sentences: what its bars leave open, its edge after costs, its profit, and luck.

Sentences that count trials change as more is tried, so they stand in reports and on the screen only, never in a file
that the same inputs must give byte by byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from fw_report.bounds import of_bounds
from fw_report.evidence import Concentration, Edge, Luck, concentration_of, edge_of, luck_of
from fw_report.findings import Finding, Verdict, currency_of, of_luck, of_trades, of_weeks

if TYPE_CHECKING:
    from fw import Result, Unmeasured


@attrs.frozen(kw_only=True)
class Sober:
    """The numbers, `Unmeasured` with the reason where there are none, and what they say."""

    edge: Edge | Unmeasured
    concentration: Concentration | Unmeasured
    luck: Luck | Unmeasured
    findings: tuple[Finding, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """In the order to read them."""
        return tuple(finding.sentence for finding in self.findings)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """One for each sentence."""
        return tuple(finding.verdict for finding in self.findings)


def sober(result: Result) -> Sober:
    """Judge a run; the trial ledger is read once, when this is called."""
    edge, concentration, luck = edge_of(result), concentration_of(result), luck_of(result)
    findings = (*of_bounds(result), *of_trades(edge), *of_weeks(concentration, currency_of(result)), *of_luck(luck))
    return Sober(edge=edge, concentration=concentration, luck=luck, findings=findings)
