"""A plugin for the runs that a page shows: SQLite keeps nothing safe from a loss of power, and waits for no disk.

A reader does without it. The pages make a database for every promise of the contract, thousands of commits in all; what
the contract says of an adapter does not hang on when a disk has written.
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import Engine, event


def _say(connection: object, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


event.listen(Engine, "connect", _say)
