"""Say how large and how far: sizers, risk checks, leverage and margin modes side by side."""

from pathlib import Path

import fw

HERE = Path(__file__).parent

plans = {
    "half the equity": [],
    "a tenth": ["sizer.fraction=0.1"],
    "three times, at most two": ["account.leverage=4", "sizer.fraction=3", "risk.max_exposure.limit=2"],
}
for name, overrides in plans.items():
    result = fw.load(HERE / "quickstart.yaml", overrides=overrides).run(write=False)
    print(
        f"{name:28} end {result.equity['equity'][-1]:>12,.2f}"
        f"  deepest fall {result.metrics['max_drawdown']:>7.1%}"
        f"  liquidations {result.totals['liquidations']:.0f}"
    )


# A risk check of one's own: nothing is opened on Sundays.
class NoSundays:
    """Refuses new positions on Sundays; what is held may be changed and closed."""

    def review(self, targets, view):
        sunday = (view.time // 86_400_000_000_000 + 4) % 7 == 0  # 1970-01-01 was a Thursday
        return {
            name: fw.Veto("it is Sunday") if sunday and target.size and not view.of(name).position.lots else target
            for name, target in targets.items()
        }


market = fw.load(HERE / "quickstart.yaml").market()
result = fw.backtest(market, {"use": "sma_cross", "fast": 24, "slow": 120}, risk=[NoSundays()])
print(f"{result.vetoes.rows} refusals, in the {result.engine}: {result.engine_reason}")
