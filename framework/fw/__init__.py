"""A plugin-based strategy framework for perpetual futures: `fw.backtest`, `fw.load`, and what plugins need.

Names are imported on first use, so `import fw` costs milliseconds.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from fw.hookspecs import hookimpl
from fw.setting import setting

if TYPE_CHECKING:
    from fw.domain.account import AccountReport, Position
    from fw.domain.bars import Bars
    from fw.domain.decision import FLAT, LONG, SHORT, Amend, Cancel, Orders, Place, Signal, Target, Veto
    from fw.domain.event import (
        Accepted,
        Amended,
        BarsClosed,
        Cancelled,
        Decided,
        Event,
        Expired,
        Filled,
        Funding,
        Liquidated,
        Rejected,
        Submitted,
        Triggered,
        Vetoed,
    )
    from fw.domain.forecast import Forecasts, Windows
    from fw.domain.frame import Frame
    from fw.domain.instrument import Instrument, Tier
    from fw.domain.market import Market, Series
    from fw.domain.order import Order
    from fw.domain.received import BarReceived, FeedLost, FeedRestored, QuoteReceived, StampReceived
    from fw.domain.result import Result
    from fw.domain.saved import SavedRun, Trial
    from fw.domain.stamps import Stamps
    from fw.domain.time import BarSize, Duration, Length
    from fw.engine.saved import open_run
    from fw.errors import (
        AmbiguousName,
        BrokerError,
        DataError,
        Disconnected,
        Drift,
        FwError,
        Gap,
        MissingExtra,
        ModelError,
        NotFitted,
        OutOfOrder,
        PluginError,
        RateLimited,
        RunRefused,
        SettingsError,
        ShapeMismatch,
        Stale,
        Unauthorized,
        UnknownPart,
    )
    from fw.log import Secret
    from fw.parts.broker import Broker, Inbox, SimulatedBroker, Slippage, Terms
    from fw.parts.features import DerivedColumn, FeatureSet, WrittenFeatures
    from fw.parts.given import Run
    from fw.parts.metric import Metric, Unmeasured
    from fw.parts.model import Fitted, Model
    from fw.parts.observer import Observer
    from fw.parts.reporter import Reporter
    from fw.parts.risk import RiskCheck
    from fw.parts.sizer import Sizer
    from fw.parts.source import LiveSource, Source, Stream, Want
    from fw.parts.strategy import History, SignalArrays, Strategy
    from fw.parts.view import View
    from fw.plan import Plan, backtest, catalog, load
    from fw.progress import shown_progress
    from fw.workspace import Workspace

__version__ = "0.1.0"

_HOMES = {
    "fw.domain.account": "AccountReport Position",
    "fw.domain.bars": "Bars",
    "fw.domain.decision": "FLAT LONG SHORT Amend Cancel Orders Place Signal Target Veto",
    "fw.domain.event": "Accepted Amended BarsClosed Cancelled Decided Event Expired Filled Funding Liquidated Rejected "
    "Submitted Triggered Vetoed",
    "fw.domain.forecast": "Forecasts Windows",
    "fw.domain.frame": "Frame",
    "fw.domain.instrument": "Instrument Tier",
    "fw.domain.market": "Market Series",
    "fw.domain.order": "Order",
    "fw.domain.received": "BarReceived FeedLost FeedRestored QuoteReceived StampReceived",
    "fw.domain.result": "Result",
    "fw.domain.saved": "SavedRun Trial",
    "fw.domain.stamps": "Stamps",
    "fw.domain.time": "BarSize Duration Length",
    "fw.engine.saved": "open_run",
    "fw.errors": "AmbiguousName BrokerError DataError Disconnected Drift FwError Gap MissingExtra ModelError NotFitted "
    "OutOfOrder PluginError RateLimited RunRefused SettingsError ShapeMismatch Stale Unauthorized UnknownPart",
    "fw.log": "Secret",
    "fw.parts.broker": "Broker Inbox SimulatedBroker Slippage Terms",
    "fw.parts.features": "DerivedColumn FeatureSet WrittenFeatures",
    "fw.parts.given": "Run",
    "fw.parts.metric": "Metric Unmeasured",
    "fw.parts.model": "Fitted Model",
    "fw.parts.observer": "Observer",
    "fw.parts.reporter": "Reporter",
    "fw.parts.risk": "RiskCheck",
    "fw.parts.sizer": "Sizer",
    "fw.parts.source": "LiveSource Source Stream Want",
    "fw.parts.strategy": "History SignalArrays Strategy",
    "fw.parts.view": "View",
    "fw.plan": "Plan backtest catalog load",
    "fw.progress": "shown_progress",
    "fw.workspace": "Workspace",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [
    "FLAT",
    "LONG",
    "SHORT",
    "Accepted",
    "AccountReport",
    "AmbiguousName",
    "Amend",
    "Amended",
    "BarReceived",
    "BarSize",
    "Bars",
    "BarsClosed",
    "Broker",
    "BrokerError",
    "Cancel",
    "Cancelled",
    "DataError",
    "Decided",
    "DerivedColumn",
    "Disconnected",
    "Drift",
    "Duration",
    "Event",
    "Expired",
    "FeatureSet",
    "FeedLost",
    "FeedRestored",
    "Filled",
    "Fitted",
    "Forecasts",
    "Frame",
    "Funding",
    "FwError",
    "Gap",
    "History",
    "Inbox",
    "Instrument",
    "Length",
    "Liquidated",
    "LiveSource",
    "Market",
    "Metric",
    "MissingExtra",
    "Model",
    "ModelError",
    "NotFitted",
    "Observer",
    "Order",
    "Orders",
    "OutOfOrder",
    "Place",
    "Plan",
    "PluginError",
    "Position",
    "QuoteReceived",
    "RateLimited",
    "Rejected",
    "Reporter",
    "Result",
    "RiskCheck",
    "Run",
    "RunRefused",
    "SavedRun",
    "Secret",
    "Series",
    "SettingsError",
    "ShapeMismatch",
    "Signal",
    "SignalArrays",
    "SimulatedBroker",
    "Sizer",
    "Slippage",
    "Source",
    "Stale",
    "StampReceived",
    "Stamps",
    "Strategy",
    "Stream",
    "Submitted",
    "Target",
    "Terms",
    "Tier",
    "Trial",
    "Triggered",
    "Unauthorized",
    "UnknownPart",
    "Unmeasured",
    "Veto",
    "Vetoed",
    "View",
    "Want",
    "Windows",
    "Workspace",
    "WrittenFeatures",
    "__version__",
    "backtest",
    "catalog",
    "hookimpl",
    "load",
    "open_run",
    "setting",
    "shown_progress",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'fw' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
