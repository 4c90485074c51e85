"""Say how large and how far: sizes and leverage side by side, and a risk check of one's own."""

from collections.abc import Mapping
from pathlib import Path

import attrs

import fw

HERE = Path(__file__).parent
DAY = 86_400_000_000_000

plans = {
    "half the equity": [],
    "a tenth": ["sizer.fraction=0.1"],
    "three times, at most two": ["account.leverage=3", "sizer.fraction=3", "risk.max_exposure.limit=2"],
}
for name, overrides in plans.items():
    result = fw.load(HERE / "quickstart.yaml", overrides=overrides).run(write=False)
    print(
        f"{name:28} end {result.equity['equity'][-1]:>12,.2f}"
        f"  deepest fall {result.metrics['max_drawdown']:>7.1%}"
        f"  liquidations {result.totals['liquidations']:.0f}"
    )


@attrs.frozen
class NoSundays:
    """Refuses to open on Sundays; what is held may be changed and closed."""

    every_bar: bool = fw.setting(False, help="ask again at each bar, so that what was refused may open on Monday")

    def review(self, targets: Mapping[str, fw.Target], view: fw.View) -> Mapping[str, fw.Target | fw.Veto]:
        if (view.time // DAY + 4) % 7 != 0:  # 1970-01-01 was a Thursday
            return targets
        return {name: self.judge(target, view.of(name).position.lots) for name, target in targets.items()}

    def judge(self, target: fw.Target, lots: int) -> fw.Target | fw.Veto:
        """A veto for what opens or turns; a vetoed turn closes what is held, and no more."""
        opens = target.size != 0 and target.size * lots <= 0
        return fw.Veto("it is Sunday") if opens else target


market = fw.load(HERE / "quickstart.yaml").run(write=False).market  # the bars of the run, without its warm-up
cross = {"use": "sma_cross", "fast": 24, "slow": 120}
half = {"use": "fixed_fraction", "fraction": 0.5}
checks = {"no check": [], "no Sundays": [NoSundays()], "no Sundays, asked again": [NoSundays(every_bar=True)]}
for name, risk in checks.items():
    result = fw.backtest(market, cross, sizer=half, account={"leverage": 2}, risk=risk)
    print(
        f"{name:28} end {result.equity['equity'][-1]:>12,.2f}  trades {result.trades.rows:3}"
        f"  vetoes {result.vetoes.rows:3}  in the market {result.metrics['exposure']:.0%}"
    )
print(result.vetoes.to_pandas().head(3))
