"""Log lines are readable, are JSON in the run's folder, and never hold a secret."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from fw.log import Secret, know_secret, mask_text, masked, run_logger

VALUE = 'hunter2-öß/+"quoted"'


@attrs.frozen
class Clock:
    now: int


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "run.log").read_text(encoding="utf-8").splitlines()]


def test_a_secret_reads_as_stars_however_it_is_written() -> None:
    secret = Secret(VALUE)
    written = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r:>8}",
        f"{secret:>8}",
        "%s" % secret,  # noqa: UP031 the old way must not leak either
        secret + "",
        "".join([secret]),
        json.dumps({"a": secret}),
        repr([secret]),
        secret.encode().decode(),
        secret[:],
        secret.upper(),
    ]
    assert all("***" in text and "hunter2" not in text for text in written)
    assert secret.reveal() == VALUE


def test_secrets_compare_by_value_and_are_never_pickled() -> None:
    assert Secret("abcd") == Secret("abcd")
    assert Secret("abcd") != Secret("abce")
    assert Secret("abcd") != "abcd"
    assert not Secret("")
    assert copy.deepcopy(Secret("abcd")).reveal() == "abcd"
    assert Secret(Secret("abcd")).reveal() == "abcd"
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(Secret("abcd"))


def test_a_known_value_is_masked_in_every_quoting() -> None:
    know_secret(VALUE)
    know_secret("-----BEGIN-----\nMC4CAQAwBQYD\n-----END-----")
    for text in (
        f"sent {VALUE} to the venue",
        f"GET /?key={'hunter2-%C3%B6%C3%9F%2F%2B%22quoted%22'}",
        json.dumps({"body": VALUE}),
        "line MC4CAQAwBQYD of the key",
    ):
        assert "***" in mask_text(text)
        assert "hunter2" not in mask_text(text)
        assert "MC4CAQAwBQYD" not in mask_text(text)


@pytest.mark.parametrize(
    "key",
    ["api_key", "apiKey", "X-MBX-APIKEY", "secret", "password", "Authorization", "signature", "listenKey", "token"],
)
def test_a_key_that_looks_secret_hides_its_value_at_any_depth(key: str) -> None:
    assert masked({"request": [{"headers": {key: "plain"}}]}) == {"request": [{"headers": {key: "***"}}]}


def test_ordinary_values_stay_as_they_are() -> None:
    event = {"lots": 3, "price": 0.5, "side": None, "ok": True, "key": "x", "tokens": 5, "list": ["a", 1]}
    assert masked(event) == event
    assert masked({"n": np.int64(3), "x": np.float64(0.5), "bad": float("nan")}) == {"n": 3, "x": 0.5, "bad": "nan"}


def test_objects_bytes_and_cycles_are_masked_as_text() -> None:
    @attrs.frozen
    class Order:
        note: str

    know_secret("s3cr3t-in-object")
    cycle: list[Any] = ["s3cr3t-in-object"]
    cycle.append(cycle)
    text = json.dumps(
        masked({"order": Order("s3cr3t-in-object"), "raw": b"s3cr3t-in-object", "cycle": cycle, "n": 10**400})
    )
    assert "s3cr3t" not in text


def test_the_run_log_is_json_with_wall_time_and_the_runs_time(tmp_path: Path) -> None:
    log = run_logger(tmp_path, console=False, name="quick", clock=Clock(1_704_067_200_000_000_000))
    log.info("filled", lots=3)
    log.bind(instrument="BTCUSDT").debug("thinking")
    first, second = lines(tmp_path)
    assert first.pop("wall").endswith("+00:00")
    assert first == {"level": "info", "time": "2024-01-01 00:00", "event": "filled", "run": "quick", "lots": 3}
    assert (second["level"], second["instrument"]) == ("debug", "BTCUSDT")


def test_the_console_shows_info_and_above_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = run_logger(None, console=True, name="quick", clock=Clock(86_400_000_000_000))
    log.debug("thinking")
    log.warning("late bar", seconds=2.5)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("warning 1970-01-02 00:00 late bar seconds=2.5\n")
    assert "thinking" not in captured.err


def test_neither_console_nor_file_shows_a_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = Secret("k3y-of-the-venue")
    log = run_logger(tmp_path, console=True, name="quick")
    log.info("connecting", key=secret, url=f"https://venue/?k={secret.reveal()}", headers={"X-MBX-APIKEY": "other"})
    log.info(f"said {secret.reveal()}")
    try:
        raise ValueError(f"refused {secret.reveal()}")
    except ValueError:
        log.exception("failed")
    written = capsys.readouterr().err + (tmp_path / "run.log").read_text()
    assert "k3y-of-the-venue" not in written
    assert "other" not in written
    assert lines(tmp_path)[2]["exception"].endswith("ValueError: refused ***")


def test_importing_the_log_imports_no_structlog(run_python: Any) -> None:
    assert run_python("import sys, fw.log; print('structlog' in sys.modules)") == "False"
