"""What can go wrong, as one tree; a message says what was wrong, where, and what to do next.

FwError
├── SettingsError        the strategy file or an option is wrong            exit 2
├── DataError            the market data is missing, broken or too short    exit 3
│   ├── Gap              bars are missing in the middle
│   ├── Stale            the newest data is too old to act on
│   └── OutOfOrder       times do not ascend, or stand twice
├── PluginError          a plugin or part is missing, broken, or broke its contract   exit 4
│   ├── MissingExtra     an optional dependency is not installed
│   ├── AmbiguousName    two plugins offer the same name
│   └── UnknownPart      no plugin offers this name
├── ModelError           a model cannot be trained, loaded or asked         exit 5
│   ├── NotFitted
│   └── ShapeMismatch
├── RunRefused           a risk rule or a plugin refused the run            exit 6
├── BrokerError          the venue refused or did not answer                exit 7
│   ├── Disconnected
│   ├── RateLimited
│   └── Unauthorized
└── Drift                the venue's account and our ledger disagree        exit 8
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import attrs


class FwError(Exception):
    """Any error this program expects; `exit_code` is what the command line ends with."""

    exit_code: ClassVar[int] = 70


@attrs.frozen(order=True)
class Problem:
    """One mistake in a settings file, at its place (line and column count from 1; 0: not from a file)."""

    file: str
    line: int
    column: int
    path: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        what = f"{self.path}: {self.text}" if self.path else self.text
        return f"{place}: {what}"


class SettingsError(FwError):
    """Every problem found in the settings at once, in the order of the file."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems: tuple[Problem, ...] = () if isinstance(problems, str) else tuple(sorted(problems))
        super().__init__(problems if isinstance(problems, str) else "\n".join(map(str, self.problems)))


class DataError(FwError):
    """The market data is missing, broken or too short."""

    exit_code = 3


class Gap(DataError):
    """Bars are missing in the middle of the asked range."""


class Stale(DataError):
    """The newest data is too old to act on."""


class OutOfOrder(DataError):
    """Times do not ascend, or one stands twice."""


class PluginError(FwError):
    """A plugin or a part is missing or broken, or a part broke its contract."""

    exit_code = 4


class MissingExtra(PluginError):
    """A part needs an optional dependency that is not installed."""


class AmbiguousName(PluginError):
    """Two plugins offer a part of the same kind and name."""


class UnknownPart(PluginError):
    """No installed plugin offers this part."""


class ModelError(FwError):
    """A model cannot be trained, loaded or asked."""

    exit_code = 5


class NotFitted(ModelError):
    """A forecast was asked of a model that was never trained."""


class ShapeMismatch(ModelError):
    """A model was given windows of another shape than it was trained on."""


class RunRefused(FwError):
    """A risk rule or a plugin refused to let the run start or go on."""

    exit_code = 6


class BrokerError(FwError):
    """The venue refused, or did not answer."""

    exit_code = 7


class Disconnected(BrokerError):
    """The connection to the venue is lost."""


class RateLimited(BrokerError):
    """The venue asks for fewer requests."""


class Unauthorized(BrokerError):
    """The venue does not accept the keys."""


class Drift(FwError):
    """The venue's account and our ledger disagree."""

    exit_code = 8
