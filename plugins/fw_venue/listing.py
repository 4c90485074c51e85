"""Listings of the archive as its storage writes them: keys and folders under a prefix, a thousand at a time."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

KEYS = 1000
"""That one listing gives at most."""

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def listing(paths: Iterable[str], prefix: str, delimiter: str, marker: str) -> str:
    """It is what lies under a prefix after a marker: files, and folders as far as the first delimiter."""
    entries = sorted(_entries(paths, prefix, delimiter))
    entries = [entry for entry in entries if entry[0] > marker]
    shown, more = entries[:KEYS], len(entries) > KEYS
    rows = [
        f"<CommonPrefixes><Prefix>{escape(key)}</Prefix></CommonPrefixes>"
        if is_folder
        else f"<Contents><Key>{escape(key)}</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified></Contents>"
        for key, is_folder in shown
    ]
    after = f"<NextMarker>{escape(shown[-1][0])}</NextMarker>" if more else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<ListBucketResult xmlns="{NAMESPACE}"><Name>data.binance.vision</Name>'
        f"<Prefix>{escape(prefix)}</Prefix><Marker>{escape(marker)}</Marker>{after}<MaxKeys>{KEYS}</MaxKeys>"
        f"<Delimiter>{escape(delimiter)}</Delimiter><IsTruncated>{str(more).lower()}</IsTruncated>"
        f"{''.join(rows)}</ListBucketResult>"
    )


def _entries(paths: Iterable[str], prefix: str, delimiter: str) -> set[tuple[str, bool]]:
    """Each key, and whether it is a folder."""
    found = set()
    for path in paths:
        if path.startswith(prefix):
            rest = path[len(prefix) :]
            is_folder = bool(delimiter) and delimiter in rest
            found.add((prefix + rest.partition(delimiter)[0] + delimiter if is_folder else path, is_folder))
    return found
