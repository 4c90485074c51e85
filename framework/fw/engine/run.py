"""One run's identity: what its parts are given, and what they may use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from fw.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np

    from fw.domain.instrument import Instrument
    from fw.domain.time import BarSize
    from fw.log import Secret
    from fw.settings.strategy import StrategyFile


class RunClock:
    """The run's time: it follows whoever drives the run. Mutable: time passes."""

    def __init__(self) -> None:
        self._read: Callable[[], int] = lambda: 0

    @property
    def now(self) -> int:
        """This moment, ns; 0 before the data is read."""
        return self._read()

    def follow(self, read: Callable[[], int]) -> None:
        """From now on the time is what `read` says."""
        self._read = read


@attrs.define(eq=False, kw_only=True)
class EngineRun:
    """The `fw.Run` that parts are given. Mutable until the data is read: the instruments come with it."""

    settings: StrategyFile
    workspace: Path
    log: Any
    ask_secret: Callable[[str], str | None] = attrs.field(repr=False)
    clock: RunClock = attrs.field(factory=RunClock)
    instruments: Mapping[str, Instrument] = attrs.field(factory=dict)
    period: tuple[int, int] = (0, 0)
    _random: Any = attrs.field(default=None, init=False, repr=False)

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def bar(self) -> BarSize:
        return self.settings.bar

    @property
    def random(self) -> np.random.Generator:
        """Seeded by the run; made when it is first used."""
        if self._random is None:
            import numpy as np

            self._random = np.random.default_rng(self.settings.seed)
        generator: np.random.Generator = self._random
        return generator

    def secret(self, name: str) -> Secret:
        """A secret by name, masked in every log from now on; SettingsError where nobody has it."""
        from fw.log import Secret

        found = self.ask_secret(name)
        if found is None:
            raise SettingsError(f"no secret {name!r}: set the environment variable {variable_of(name)}")
        return Secret(found)


def variable_of(name: str) -> str:
    """The environment variable in which a secret is looked for first, by the bundled plugin that reads them."""
    return "FW_SECRET_" + re.sub(r"\W", "_", name).upper()
