"""Columns that most strategies begin with: returns, moving averages, volatility, average true range."""

from __future__ import annotations

from typing import Any

import fw
from fw_features.bands import Bollinger, NormalisedAtr
from fw_features.derivatives import Basis, Funding, OpenInterest
from fw_features.expression import Expression
from fw_features.liquidity import (
    Amihud,
    ChaikinOscillator,
    CorwinSchultz,
    MoneyFlow,
    ObvSlope,
    RollSpread,
    TakerImbalance,
    TradeIntensity,
    VolumeScore,
    Vroc,
    Vwap,
)
from fw_features.sets import Atr, Ema, Returns, Sma, Volatility
from fw_features.volatility import (
    EwmaVolatility,
    GarmanKlass,
    Har,
    Hurst,
    Parkinson,
    Realised,
    RogersSatchell,
    VolatilityOfVolatility,
    YangZhang,
)

__fw_api__ = 1


@fw.hookimpl
def fw_features() -> dict[str, type[Any]]:
    return {
        "returns": Returns,
        "sma": Sma,
        "ema": Ema,
        "volatility": Volatility,
        "atr": Atr,
        "natr": NormalisedAtr,
        "bollinger": Bollinger,
        "parkinson": Parkinson,
        "garman_klass": GarmanKlass,
        "rogers_satchell": RogersSatchell,
        "yang_zhang": YangZhang,
        "realised": Realised,
        "vol_of_vol": VolatilityOfVolatility,
        "ewma_volatility": EwmaVolatility,
        "har": Har,
        "hurst": Hurst,
        "volume_z": VolumeScore,
        "vwap": Vwap,
        "obv_slope": ObvSlope,
        "vroc": Vroc,
        "chaikin": ChaikinOscillator,
        "money_flow": MoneyFlow,
        "amihud": Amihud,
        "roll_spread": RollSpread,
        "corwin_schultz": CorwinSchultz,
        "taker_imbalance": TakerImbalance,
        "trade_intensity": TradeIntensity,
        "funding": Funding,
        "open_interest": OpenInterest,
        "basis": Basis,
        "expression": Expression,
    }
