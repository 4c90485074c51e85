"""`pytest --fw-contract PLUGIN`: one test for each part of a plugin, which runs the suite of its kind.

Without the option it does nothing, and imports nothing either.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fw.registry import Offer
    from fw.testing.discovery import Found


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("fw").addoption(
        "--fw-contract",
        action="append",
        default=[],
        metavar="PLUGIN",
        help="try every part of this plugin against the contract of its kind; a file, an installed plugin, a "
        "distribution or a module; may stand often",
    )


@pytest.hookimpl(tryfirst=True)  # so that -k and -m choose among these too
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    for target in session.config.getoption("--fw-contract"):
        from fw.testing.discovery import find

        try:
            found = find(target)
        except LookupError as error:
            raise pytest.UsageError(f"--fw-contract: {error.args[0]}") from error
        items.extend(Contract.beside(session, target, found).collect())


class Contract(pytest.File):
    """The parts of one plugin."""

    target: str
    found: Found

    @classmethod
    def beside(cls, session: pytest.Session, target: str, found: Found) -> Contract:
        node: Contract = cls.from_parent(session, path=found.where)
        node.target, node.found = target, found
        return node

    def collect(self) -> Iterator[pytest.Item]:
        yield Loads.from_parent(self, name=f"contract: plugin {Path(self.target).stem!r} loads")
        for offer in self.found.offers:
            item: Keeps = Keeps.from_parent(self, name=f"contract: {offer.title}")
            item.offer = offer
            yield item


class _Item(pytest.Item):
    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        return self.path, None, self.name

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        # the message says all; where in the suite it was found helps nobody
        return str(excinfo.value) if excinfo.errisinstance(AssertionError) else super().repr_failure(excinfo, style)


class Loads(_Item):
    """The plugin's hooks are sound, and it offers something."""

    parent: Contract

    def runtest(self) -> None:
        found = self.parent.found
        assert not found.problems, "fw would leave out what is wrong here:\n" + "\n".join(found.problems)
        assert found.offers, f"{self.parent.target} offers no part, so there is nothing to try"


class Keeps(_Item):
    """One part keeps the contract of its kind."""

    offer: Offer

    def runtest(self) -> None:
        from fw.testing.discovery import Untried, check

        try:
            check(self.offer)
        except Untried as why:
            pytest.skip(str(why))
