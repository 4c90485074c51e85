"""Every metric of this plugin under its name, in the order that people read them."""

from __future__ import annotations

from typing import Any

from fw_report import returns, trading

METRICS: dict[str, type[Any]] = {
    "final_equity": returns.FinalEquity,
    "total_return": returns.TotalReturn,
    "cagr": returns.Cagr,
    "volatility": returns.Volatility,
    "sharpe": returns.Sharpe,
    "sortino": returns.Sortino,
    "calmar": returns.Calmar,
    "max_drawdown": returns.MaxDrawdown,
    "max_drawdown_duration": returns.MaxDrawdownDuration,
    "skew": returns.Skew,
    "kurtosis": returns.Kurtosis,
    "value_at_risk": returns.ValueAtRisk,
    "conditional_value_at_risk": returns.ConditionalValueAtRisk,
    "trades": trading.Trades,
    "win_rate": trading.WinRate,
    "profit_factor": trading.ProfitFactor,
    "expectancy": trading.Expectancy,
    "payoff_ratio": trading.PayoffRatio,
    "best_trade": trading.BestTrade,
    "worst_trade": trading.WorstTrade,
    "longest_winning_streak": trading.LongestWinningStreak,
    "longest_losing_streak": trading.LongestLosingStreak,
    "average_holding": trading.AverageHolding,
    "exposure": trading.Exposure,
    "turnover": trading.Turnover,
    "fees": trading.Fees,
    "funding": trading.Funding,
    "slippage": trading.Slippage,
    "liquidations": trading.Liquidations,
}
