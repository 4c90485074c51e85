"""Try many settings at once, and keep a period that no try has seen."""

from pathlib import Path

import fw

HERE = Path(__file__).parent

seen = fw.load(HERE / "quickstart.yaml", overrides=["source.end=2024-01-01"])
table = seen.sweep({"strategy.fast": [12, 24, 48], "strategy.slow": [96, 192]}).to_pandas()
best = table.sort_values("sharpe", ascending=False).iloc[0]
print(table[["strategy.fast", "strategy.slow", "sharpe"]])

unseen = fw.load(
    HERE / "quickstart.yaml",
    overrides=[
        "source.start=2024-01-01",
        f"strategy.fast={best['strategy.fast']:.0f}",
        f"strategy.slow={best['strategy.slow']:.0f}",
    ],
)
print(f"the best of six: {best['sharpe']:.2f}; the year after: {unseen.run(write=False).metrics['sharpe']}")
