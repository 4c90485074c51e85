"""Try many settings at once, and keep a period that no try has seen."""

from pathlib import Path

import fw

HERE = Path(__file__).parent

seen = fw.load(HERE / "quickstart.yaml", overrides={"source.end": "2024-01-01"})
table = seen.sweep({"strategy.fast": [12, 24, 48], "strategy.slow": [96, 192]}).to_pandas()
best = table.sort_values("sharpe", ascending=False).iloc[0]
print(table[["strategy.fast", "strategy.slow", "sharpe"]])

unseen = fw.load(
    HERE / "quickstart.yaml",
    overrides={
        "source.start": "2024-01-01",
        "strategy.fast": int(best["strategy.fast"]),
        "strategy.slow": int(best["strategy.slow"]),
    },
)
print(f"the best of six: {best['sharpe']:.2f}; the year after: {unseen.run(write=False).metrics['sharpe']}")
