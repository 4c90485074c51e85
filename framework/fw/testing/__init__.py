"""What authors of plugins test with: the leak contract, a conformance suite per kind of part, made-up markets.

`fw.testing.markets` has markets with one trait each, `fw.testing.fakes` a run and views without an engine,
`fw.testing.results` finished runs. Every `check_...` raises AssertionError that says what the contract is for.
"""

from fw.engine.leaks import Leak, feature_contract
from fw.testing.data import check_features, check_model, check_source
from fw.testing.decisions import check_risk_check, check_sizer, check_strategy
from fw.testing.outputs import check_broker, check_metric, check_observer, check_reporter

__all__ = [
    "Leak",
    "check_broker",
    "check_features",
    "check_metric",
    "check_model",
    "check_observer",
    "check_reporter",
    "check_risk_check",
    "check_sizer",
    "check_source",
    "check_strategy",
    "feature_contract",
]
