"""Secrets come from the environment unless another plugin has them, and are never shown."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

import fw
from fw.plugins import load

FLAT = (100.0, 100.0, 100.0, 100.0)


@attrs.frozen
class Asks:
    """A strategy that wants a key when it is built, and hands it to whoever made it."""

    name: str
    told: list[Any] = attrs.field(factory=list, eq=False)

    def build(self, run: fw.Run) -> Asks:
        self.told.append(run.secret(self.name))
        return self

    def decide(self, view: fw.View) -> None:
        return None


@pytest.fixture
def ask(make_plan: Any, made_up: Any) -> Any:
    """Ask for a secret in a run."""

    def asked(name: str) -> fw.Secret:
        strategy = Asks(name)
        make_plan(made_up.market_of([FLAT] * 3), strategy, account={"funding": "zero"}).run(write=False)
        found: fw.Secret = strategy.told[0]
        return found

    return asked


def test_the_variable_named_after_the_program_comes_before_the_plain_one(ask: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("VENUE_KEY", "from-the-plain-one")
    assert ask("venue_key").reveal() == "from-the-plain-one"
    monkeypatch.setenv("FW_SECRET_VENUE_KEY", "from-the-long-one")
    assert ask("venue_key").reveal() == "from-the-long-one"
    assert ask("venue.key").reveal() == "from-the-long-one"


def test_a_secret_reads_as_stars_until_it_is_revealed(ask: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("FW_SECRET_VENUE_KEY", "hunter2-and-more")
    secret = ask("venue_key")
    assert f"{secret} {secret!r} {secret + ''}" == "*** *** ***"


def test_an_absent_or_empty_variable_is_an_error_that_names_it(ask: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("FW_SECRET_VENUE_KEY", "")
    with pytest.raises(
        fw.SettingsError, match="no secret 'venue_key': set the environment variable FW_SECRET_VENUE_KEY"
    ):
        ask("venue_key")


def test_a_plugin_of_somebody_else_is_asked_before_the_environment(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("FW_SECRET_VENUE_KEY", "from-the-environment")
    vault = tmp_path / "vault.py"
    vault.write_text(
        "import fw\n@fw.hookimpl\ndef fw_secret(name):\n    return {'venue_key': 'from-a-vault'}.get(name)\n"
    )
    plugins = load(files=[vault], environ={})
    assert plugins.secret("venue_key") == "from-a-vault"
    assert load(environ={}).secret("venue_key") == "from-the-environment"
