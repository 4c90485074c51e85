"""A secret in the settings is refused with the right place named, and is never repeated."""

# ruff: noqa: E501  a message stands in one line

from __future__ import annotations

import pytest

import fw
from fw.settings.secrets import looks_secret, names_a_secret

HIDDEN = "hunter2correcthorse"
KEY_LIKE = "aB3" * 21 + "x"  # 64 letters and digits, as exchanges give out


@pytest.mark.parametrize(
    "name",
    ["api_key", "apiKey", "API-KEY", "api_secret", "secret", "secretKey", "password", "passphrase", "token", "bot_token",
     "access_token", "private_key", "listen_key", "mnemonic", "BINANCE_API_KEY", "credentials"],
)  # fmt: skip
def test_names_of_secrets(name, faults):
    assert names_a_secret(name)
    (problem,) = faults(f"broker: {{use: binance, {name}: {HIDDEN}}}")
    assert problem.startswith(
        f"5:24: broker.{name}: a secret must never stand in settings: keep it in an environment variable"
    )
    assert "fw_secret" in problem
    assert HIDDEN not in problem


@pytest.mark.parametrize(
    "name",
    [
        "key",
        "keys",
        "tokens_per_day",
        "max_tokens_length",
        "monkey",
        "secretary_problem",
        "hidden",
        "keyboard",
        "use",
        "name",
    ],
)
def test_names_of_no_secrets(name):
    assert not names_a_secret(name)


@pytest.mark.parametrize(
    "text",
    [KEY_LIKE, "0x" + "0123456789abcdef" * 4, f"  {KEY_LIKE} ", "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
     "socks5://me:hunter2@proxy:1080", "https://:hunter2@host/x"],
)  # fmt: skip
def test_values_that_look_like_secrets(text):
    assert looks_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 64,
        "1" * 64,
        KEY_LIKE[:-1],
        KEY_LIKE + "x",
        f"data/{KEY_LIKE}/bars.csv",
        "https://host:8080/x",
        "timing@champion",
    ],
)
def test_values_that_do_not(text):
    assert not looks_secret(text)


@pytest.mark.parametrize(
    "text",
    [f"name: {KEY_LIKE}", f"features: [{KEY_LIKE}]", f"{KEY_LIKE}: 5", f"account: {{fees: {KEY_LIKE}}}",
     f"seed: {KEY_LIKE}", f"profiles: {{live: {{broker: {{use: binance, note: {KEY_LIKE}}}}}}}",
     f"strategy: {{use: {KEY_LIKE}}}", f"profiles: {{live: {{broker: {{token: {HIDDEN}}}}}}}"],
)  # fmt: skip
def test_a_secret_anywhere_is_refused_and_not_repeated(faults, text):
    said = "\n".join(faults(text))
    assert "fw_secret" in said
    assert KEY_LIKE not in said
    assert HIDDEN not in said


@pytest.mark.parametrize(
    "override",
    [f"broker.api_key={HIDDEN}", f"broker.note={KEY_LIKE}", f"name={KEY_LIKE}", f"broker={{use: binance, secret: {HIDDEN}}}",
     f"broker={{use: binance, note: {KEY_LIKE}}}", f"broker.{KEY_LIKE}", f"broker.{KEY_LIKE}=5", f"api_key:{HIDDEN}"],
)  # fmt: skip
def test_a_secret_on_the_command_line_is_not_repeated(faults, override):
    said = "\n".join(faults(overrides=[override]))
    assert KEY_LIKE not in said
    assert HIDDEN not in said


@pytest.mark.parametrize(
    ("name", "value"), [("FW__BROKER__API_KEY", HIDDEN), ("FW__NAME", KEY_LIKE), ("FW__BROKER", f"{{token: {HIDDEN}}}")]
)
def test_a_secret_in_a_settings_variable_is_not_repeated(faults, name, value):
    (problem,) = faults(environ={name: value})
    assert problem.startswith(name)
    assert "fw_secret" in problem
    assert value not in problem
    assert HIDDEN not in problem


def test_a_secret_beside_broken_yaml_is_not_repeated(registry):
    from fw.settings.read import read_strategy

    with pytest.raises(fw.SettingsError) as caught:
        read_strategy(f"broker: {{api_key: {HIDDEN}\nseed: {KEY_LIKE}: x\n", registry)
    assert HIDDEN not in str(caught.value)
    assert KEY_LIKE not in str(caught.value)


def test_a_setting_without_a_value_is_no_secret(faults):
    assert faults("broker: {use: binance, api_key: ~}") == [
        "5:24: broker.api_key: unknown setting. Known: environment, use"
    ]
