"""Databases that keep what they have acknowledged: SQLite as it ships, and a PostgreSQL of its own that syncs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import servers

__all__ = ["database"]


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of a new database; the server is stopped, and gone, in the end."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'portal.db'}"
        return
    # The tests' own server does not sync: they crash clients. This one has to keep its word.
    with mock.patch.object(servers, "_SETTINGS", ("fsync=on", "synchronous_commit=on", "max_connections=50")):
        state = servers._start()
    try:
        yield state["url"]
    finally:
        servers._run([f"{state['bin']}/pg_ctl", "stop", "-m", "fast", "-D", state["data"]])
        shutil.rmtree(state["folder"], ignore_errors=True)
