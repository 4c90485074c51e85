"""What turns windows of columns into forecasts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from fw.domain.forecast import Forecasts, Windows


@runtime_checkable
class Fitted(Protocol):
    """A trained model; predicting before fitting cannot be written."""

    def predict(self, windows: Windows) -> Forecasts:
        """One row of forecasts a window; live passes a batch of one."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything `Model.load` needs into an empty folder."""
        ...


@runtime_checkable
class Model(Protocol):
    """An untrained model."""

    @property
    def context(self) -> int:
        """Bars a window holds."""
        ...

    @property
    def horizon(self) -> int:
        """Bars the forecast reaches ahead."""
        ...

    def fit(self, train: Windows, valid: Windows) -> Fitted:
        """Learn from `train`, stop early by `valid`, which lies after it with an embargo between."""
        ...

    def load(self, folder: Path) -> Fitted:
        """Read what `Fitted.save` wrote."""
        ...
