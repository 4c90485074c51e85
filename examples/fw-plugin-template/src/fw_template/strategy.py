"""Buy what rises above its recent range, and let go when it falls below."""

import attrs
import fw


@attrs.frozen
class Template:
    """Long from a close above the last `span` highs until a close below the last `span` lows; never short."""

    span: int = fw.setting(48, ge=2, help="bars in the range")

    @property
    def lookback(self) -> int:
        """How many bars the view shows."""
        return self.span + 1

    def decide(self, view: fw.View) -> float | None:
        bars = view.bars
        if len(bars) <= self.span:
            return None  # keep everything as it is
        if bars.close[-1] > bars.high[:-1].max():
            return fw.LONG
        if bars.close[-1] < bars.low[:-1].min():
            return fw.FLAT
        return None
