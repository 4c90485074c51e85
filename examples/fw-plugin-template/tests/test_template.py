"""What the strategy template promises."""

import fw.testing
from fw.testing.markets import trend

from fw_template.plugin import fw_strategies
from fw_template.strategy import Template


def test_the_plugin_offers_it() -> None:
    assert fw_strategies() == {"template": Template}


def test_it_keeps_the_contract_of_strategies() -> None:
    fw.testing.check_strategy(Template())


def test_it_earns_in_a_steady_rise_and_is_never_short() -> None:
    result = fw.backtest(trend(rise=1.0, noise=0.001), Template(span=24))
    assert result.equity["equity"][-1] > result.capital
    assert set(result.trades["side"]) == {1}


def test_it_stays_out_of_a_steady_fall() -> None:
    result = fw.backtest(trend(rise=-0.5, noise=0.0), Template(span=24))
    assert result.fills.rows == 0
