"""Every bundled feature set by name and family."""

from __future__ import annotations

from typing import Any

from fw_features.averages import Dema, Ema, Hull, Kama, Sma, Tema, Wma
from fw_features.bands import Bollinger
from fw_features.bar_oscillators import Cci, Mfi, Stochastic, Ultimate, WilliamsR
from fw_features.book import DepthImbalance, Microprice, OrderFlow, QuotedSpread
from fw_features.calendar import Calendar
from fw_features.channels import Donchian, Keltner
from fw_features.cross import Against, Rank
from fw_features.derivatives import Funding, OpenInterest
from fw_features.expression import Expression
from fw_features.liquidity import Amihud, CorwinSchultz, RollSpread, TakerImbalance, TradeIntensity
from fw_features.oscillators import Awesome, Cmo, Fisher, Rsi, StochRsi, Trix
from fw_features.positioning import LongShort, TakerRatio
from fw_features.premiums import Basis, Premium
from fw_features.price import Distance, Gap, Momentum, RateOfChange, Returns, SimpleReturns
from fw_features.range_volatility import GarmanKlass, Parkinson, RogersSatchell, YangZhang
from fw_features.shape import Candle, FractionalDifference, ZScore
from fw_features.trades import SignedVolume, TradeFlow
from fw_features.trend import Adx, Aroon, Macd, Regression, Supertrend, Swings
from fw_features.true_range import Atr, NormalisedAtr
from fw_features.volatility import EwmaVolatility, Har, Hurst, Realised, Volatility, VolatilityOfVolatility
from fw_features.volume import ChaikinOscillator, MoneyFlow, ObvSlope, VolumeScore, Vroc, Vwap

PRICE = {
    "returns": Returns,
    "simple_returns": SimpleReturns,
    "momentum": Momentum,
    "roc": RateOfChange,
    "gap": Gap,
    "distance": Distance,
    "candle": Candle,
    "zscore": ZScore,
    "fracdiff": FractionalDifference,
    "calendar": Calendar,
}
TREND = {
    "sma": Sma,
    "ema": Ema,
    "wma": Wma,
    "dema": Dema,
    "tema": Tema,
    "hull": Hull,
    "kama": Kama,
    "macd": Macd,
    "adx": Adx,
    "aroon": Aroon,
    "supertrend": Supertrend,
    "regression": Regression,
    "swings": Swings,
    "donchian": Donchian,
    "keltner": Keltner,
}
OSCILLATORS = {
    "rsi": Rsi,
    "stoch_rsi": StochRsi,
    "cmo": Cmo,
    "trix": Trix,
    "awesome": Awesome,
    "fisher": Fisher,
    "stochastic": Stochastic,
    "williams_r": WilliamsR,
    "cci": Cci,
    "mfi": Mfi,
    "ultimate": Ultimate,
}
VOLATILITY = {
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
}
LIQUIDITY = {
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
}
DERIVATIVES = {
    "funding": Funding,
    "open_interest": OpenInterest,
    "basis": Basis,
    "premium": Premium,
    "long_short": LongShort,
    "taker_ratio": TakerRatio,
}
BOOK = {
    "quoted_spread": QuotedSpread,
    "depth_imbalance": DepthImbalance,
    "microprice": Microprice,
    "order_flow": OrderFlow,
    "signed_volume": SignedVolume,
    "trade_flow": TradeFlow,
}
CROSS = {
    "against": Against,
    "rank": Rank,
}
COMPOSED = {
    "expression": Expression,
}

FAMILIES: dict[str, dict[str, type[Any]]] = {
    "Price": PRICE,
    "Trend": TREND,
    "Oscillators": OSCILLATORS,
    "Volatility": VOLATILITY,
    "Liquidity": LIQUIDITY,
    "Derivatives": DERIVATIVES,
    "Order book and trades": BOOK,
    "Across instruments": CROSS,
    "Composed": COMPOSED,
}
"""Every set by the name that strategy.yaml calls it, by family; the documentation lists them in this order."""
