"""Decide a finished run again from what it wrote down, bar by bar, and compare every row of the journal."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fw.domain.time import format_time
from fw.engine.folder import JOURNAL, _table, read_journal
from fw.engine.journal import NAME, Journal
from fw.engine.saved import HOW_IT_ENDED
from fw.errors import DataError

if TYPE_CHECKING:
    from fw.domain.result import Result

SHOWN = 5


def replay(folder: Path) -> list[str]:
    """What differs, in sentences; an empty list: the journal gives the same decisions.

    The Python driver decides, whichever engine made the run, so that one checks the other. DataError where the data
    is no longer what it was, or the run did not finish.
    """
    from fw.plan import plan_of_run

    manifest = read_manifest(folder)
    if (folder / NAME).exists():
        return told_again(folder, manifest)
    if manifest.get("status") != "finished":
        said = HOW_IT_ENDED.get(str(manifest.get("status")), "it says not how it ended")
        raise DataError(f"the run in {folder} cannot be replayed: {said}")
    plan = plan_of_run(manifest)
    if plan.fingerprint() != manifest.get("data"):
        raise DataError(f"the data of {folder.name} has changed since: it is {plan.fingerprint()[:12]} now")
    result = plan.run(write=False, engine="loop")
    # arrays carry no tags: a scan writes none, however the strategy names its signals bar by bar
    return differences(result, folder / "journal.parquet", without={"tag"} if manifest.get("engine") == "scan" else ())


def told_again(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """What the journal of an account gives otherwise now; it may be running."""
    from fw.engine.feed import Pace
    from fw.engine.session import Session
    from fw.plan import plan_of_run

    bench = plan_of_run(manifest).bench
    with closing(Journal(folder, only_to_read=True)) as journal:
        if journal.head is None:
            raise DataError(f"the journal {journal.file} is empty: the account has not begun")
        Session(bench, bench.make_run(console=False), journal, Pace()).go()
        return journal.told()


def read_manifest(folder: Path) -> dict[str, Any]:
    """A run's manifest; DataError where there is none."""
    try:
        found: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{folder} is no run folder: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{folder} is no run folder: its manifest.json holds no object")
    return found


def differences(result: Result, file: Path, *, without: Collection[str] = ()) -> list[str]:
    """Rows in which a journal and a result differ, `without` some columns: the first few of every kind."""
    try:
        journal = read_journal(file)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"the journal {file} cannot be read: {error}") from error
    said: list[str] = []
    for name in JOURNAL:
        now = _table(getattr(result, name))
        now = now.drop_columns([column for column in without if column in now.column_names])
        absent = set(now.column_names) - set(journal[name].column_names)
        if absent:
            raise DataError(
                f"the journal {file} has no {', '.join(sorted(absent))} of {name}: another version wrote it"
            )
        before = journal[name].select(now.column_names).cast(now.schema)
        if now.equals(before):
            continue
        if now.num_rows != before.num_rows:
            said.append(f"{name}: {before.num_rows} in the journal, {now.num_rows} now")
        old, new = before.to_pylist(), now.to_pylist()
        unequal = [i for i, (a, b) in enumerate(zip(old, new, strict=False)) if _key(a) != _key(b)]
        for i in unequal[:SHOWN]:
            moment = format_time(before["time"].cast("int64")[i].as_py())
            changed = {key: (old[i][key], new[i][key]) for key in old[i] if _key(old[i][key]) != _key(new[i][key])}
            words = ", ".join(f"{key} was {was!r} and is {now_is!r}" for key, (was, now_is) in changed.items())
            said.append(f"{name} at {moment}: {words}")
        if len(unequal) > SHOWN:
            said.append(f"{name}: and {len(unequal) - SHOWN} more")
    return said


def _key(value: Any) -> Any:
    """A value that equals itself, which NaN does not; the journal holds none as null."""
    if isinstance(value, dict):
        return {name: _key(item) for name, item in value.items()}
    return None if isinstance(value, float) and value != value else value
