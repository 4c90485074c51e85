"""What a run gives its parts: identity, clock, randomness, logger, workspace, secrets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from fw.domain.instrument import Instrument
    from fw.domain.time import BarSize
    from fw.log import Secret


class Clock(Protocol):
    """The only source of time: simulated over history, real when live."""

    @property
    def now(self) -> int:
        """This moment, ns."""
        ...


class Run(Protocol):
    """What a part may use of the run it belongs to."""

    @property
    def name(self) -> str:
        """The strategy file's name for it."""
        ...

    @property
    def bar(self) -> BarSize:
        """The clock: decisions happen when bars of this size close."""
        ...

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The contracts traded, with their rules; empty until the data is read."""
        ...

    @property
    def period(self) -> tuple[int, int]:
        """Open of the first bar traded and close of the last, ns; empty until the data is read."""
        ...

    @property
    def clock(self) -> Clock:
        """The run's time; a part never asks the machine for it."""
        ...

    @property
    def random(self) -> np.random.Generator:
        """Seeded by the run; the only source of randomness."""
        ...

    @property
    def log(self) -> Any:
        """A structlog logger bound to the run."""
        ...

    @property
    def workspace(self) -> Path:
        """Outputs go under this folder only."""
        ...

    @property
    def settings(self) -> Any:
        """The whole strategy file as read (`fw.settings.strategy.StrategyFile`)."""
        ...

    def secret(self, name: str) -> Secret:
        """A secret by name: it reads `***` everywhere but for `reveal()`; SettingsError where no plugin has it."""
        ...
