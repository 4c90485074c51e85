"""Follow the trend over a fixed span: a whole plugin in one file."""

import attrs

import fw


@attrs.frozen
class Momentum:
    """Long when the last `span` bars rose, short when they fell."""

    span: int = fw.setting(20, ge=2, help="bars to look back")

    def decide(self, view: fw.View) -> fw.Signal | None:
        close = view.bars.close
        if len(close) <= self.span:
            return None
        return fw.Signal(strength=1.0 if close[-1] > close[-1 - self.span] else -1.0)


@fw.hookimpl
def fw_strategies():
    return {"my_momentum": Momentum}
