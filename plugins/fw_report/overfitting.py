"""How much of a Sharpe ratio luck explains: in one run, and in the best of many tries.

Sharpe ratios here are per bar, never annualised; `kurtosis` is the plain one, 3 for a normal distribution. All of it
takes returns of different bars as independent of one another.

Sources: D. H. Bailey and M. López de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2), 2012, and
"The Deflated Sharpe Ratio", Journal of Portfolio Management 40(5), 2014.
"""

from __future__ import annotations

import math
from statistics import NormalDist

NORMAL = NormalDist()
EULER = 0.5772156649015329  # Euler–Mascheroni constant
TINY = 1e-18


def standard_error(sharpe: float, *, bars: int, skew: float, kurtosis: float) -> float:
    """The standard error of a measured Sharpe ratio, whatever the shape of the returns; needs two bars.

    `√((1 − γ₃ SR + (γ₄ − 1)/4 SR²) / (n − 1))` (2012, after Mertens 2002).
    """
    spread = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe
    return math.sqrt(max(spread, TINY) / (bars - 1))  # a distribution of two values comes to exactly zero


def probabilistic_sharpe(sharpe: float, *, bars: int, skew: float, kurtosis: float, benchmark: float = 0.0) -> float:
    """The confidence with which the true Sharpe ratio is above `benchmark`, from 0 to 1 (PSR; 2012)."""
    return NORMAL.cdf((sharpe - benchmark) / standard_error(sharpe, bars=bars, skew=skew, kurtosis=kurtosis))


def expected_best(trials: float, deviation: float) -> float:
    """The Sharpe ratio expected of the best of so many independent trials none of which has an edge (2014, appendix 1).

    `σ ((1 − γ) Z⁻¹[1 − 1/N] + γ Z⁻¹[1 − 1/(N e)])`, where σ is the deviation of the trials' Sharpe ratios. One trial
    is no choice: 0. The approximation is 8 % too low for two trials, and within 3 % of the exact value from three on.
    """
    if trials <= 1:
        return 0.0
    upper, far = NORMAL.inv_cdf(1.0 - 1.0 / trials), NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return deviation * ((1.0 - EULER) * upper + EULER * far)


def deflated_sharpe(
    sharpe: float, *, bars: int, skew: float, kurtosis: float, trials: float, deviation: float
) -> float:
    """The confidence that the true Sharpe ratio is above what the best of `trials` by luck would show (DSR; 2014)."""
    best = expected_best(trials, deviation)
    return probabilistic_sharpe(sharpe, bars=bars, skew=skew, kurtosis=kurtosis, benchmark=best)


def minimum_track_record(
    sharpe: float, *, skew: float, kurtosis: float, benchmark: float = 0.0, confidence: float = 0.95
) -> float:
    """How many bars it takes to tell a Sharpe ratio from a lower one (MinTRL; 2012); inf for none lower.

    `1 + (1 − γ₃ SR + (γ₄ − 1)/4 SR²) (Z⁻¹[confidence] / (SR − SR*))²`.
    """
    if sharpe <= benchmark:
        return math.inf
    of_one_bar = standard_error(sharpe, bars=2, skew=skew, kurtosis=kurtosis)
    return 1.0 + (of_one_bar * NORMAL.inv_cdf(confidence) / (sharpe - benchmark)) ** 2
