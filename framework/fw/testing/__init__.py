"""What authors of plugins test with: the leak contract, a conformance suite per kind of part, made-up markets.

`fw.testing.markets` has markets with one trait each, `fw.testing.fakes` a run and views without an engine,
`fw.testing.results` finished runs. Every `check_...` raises AssertionError that says what the contract is for.
`pytest --fw-contract FILE` tries all parts of a plugin without a test being written.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

# on first use: pytest imports this package at every start, for `fw.testing.pytest_plugin` lies in it
_HOMES = {
    "fw.engine.leaks": "Leak feature_contract",
    "fw.testing.data": "check_features check_model check_source",
    "fw.testing.decisions": "check_risk_check check_sizer check_strategy",
    "fw.testing.outputs": "check_broker check_metric check_observer check_reporter",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'fw.testing' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value
