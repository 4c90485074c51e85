"""Recognises a secret in a settings file by its name or its looks, and never repeats it."""

from __future__ import annotations

import re

ADVICE = (
    "a secret must never stand in settings: keep it in an environment variable or in a plugin with the "
    "`fw_secret` hook, and replace it at the venue if this file was ever shared"
)

_SECRET_NAME = re.compile(
    r"(api|private|secret|listen|access|signing|auth|account)keys?(id)?$"
    r"|secrets?$|passw(or)?d$|passphrase$|mnemonic$|seedphrase$|credentials?$"
    r"|(^|api|auth|access|bearer|bot|refresh|session|security)tokens?$"
)
_KEY_LIKE = re.compile(r"(0x)?(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{64}")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_PASSWORD_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE)


def names_a_secret(name: str) -> bool:
    """Whether a setting of this name would hold a secret: `api_key`, `apiKey`, `BINANCE-SECRET`, `password` …"""
    return _SECRET_NAME.search(re.sub(r"[^a-z0-9]", "", name.lower())) is not None


def looks_secret(text: str) -> bool:
    """Whether a text is shaped like a key: 64 letters and digits, a PEM private key, or a password in a URL."""
    text = text.strip()
    return bool(_KEY_LIKE.fullmatch(text) or _PRIVATE_KEY.search(text) or _PASSWORD_IN_URL.search(text))
