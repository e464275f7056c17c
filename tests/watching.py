"""What the scenarios look at: refusals, everything that is stored, races, and platforms that work another way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from clientportal import Reason, Refused
from clientportal.records import RECORD_TYPES
from clientportal.stores.memory import MemoryHost, MemoryStore
from world import World

BOTH_COLOURS = pytest.mark.parametrize("awaited", [False, True], ids=["plain", "async"])


def refusal_of(call: Callable[[], Any]) -> Refused:
    """What a call is refused with; it fails where it is granted."""
    with pytest.raises(Refused) as caught:
        call()
    return caught.value


def reason_of(call: Callable[[], Any]) -> Reason:
    """The reason that a call is refused with."""
    return refusal_of(call).reason


@contextmanager
def platform(awaited: bool = False, **ways: Any) -> Iterator[World]:
    """A world over the in-memory host with some of its ways turned: ``platform(move_makes_new_id=True)``."""
    host = type("OddHost", (MemoryHost,), ways)
    world = World(MemoryStore(), host, awaited=awaited, close=lambda: None)
    host.clock = world.clock  # type: ignore[attr-defined]
    try:
        yield world
    finally:
        world.close()


@contextmanager
def far_away(awaited: bool = False) -> Iterator[World]:
    """A world whose platform keeps its tables in a database of its own."""
    host = MemoryHost.elsewhere()
    world = World(MemoryStore(), host, awaited=awaited, close=lambda: None)
    host.clock = world.clock  # type: ignore[method-assign,assignment]
    try:
        yield world
    finally:
        world.close()


def at_once(world: World, *attempts: Callable[[Any], Any]) -> list[Any]:
    """Run the attempts together, each on the portal itself: in threads, or as tasks of one loop.

    Answers what each gave back or raised, in order.
    """
    if world.awaited:
        portal = world.portal._awaited

        async def together() -> list[Any]:
            return list(await asyncio.gather(*(attempt(portal) for attempt in attempts), return_exceptions=True))

        return list(world.run(together()))
    ended: list[Any] = [None] * len(attempts)
    start = threading.Barrier(len(attempts))

    def run(place: int, attempt: Callable[[Any], Any]) -> None:
        start.wait()
        try:
            ended[place] = attempt(world.portal)
        except Exception as error:
            ended[place] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(attempts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "an attempt hangs"
    return ended


def everything_stored(world: World) -> dict[str, list[str]]:
    """Every row of this business, the portal's and the host's, table by table."""
    if isinstance(world.store, MemoryStore):
        tables = world.store._tables
        with tables.mutex:
            found = {
                f"cp_{table}": sorted(map(repr, records.values()))
                for (tenant, table), records in tables._records.items()
                if tenant == world.tenant
            }
            for (tenant, table), rows in tables._rows.items():
                if tenant == world.tenant:
                    found[f"host_{table}"] = sorted(map(repr, rows.items()))
        if world.host.shares_transaction:
            assert found.keys() - {f"cp_{kind.TABLE}" for kind in RECORD_TYPES}, "the host's rows are among them"
        return found
    return _rows_in_sql(world)


def _rows_in_sql(world: World) -> dict[str, list[str]]:
    from sqlalchemy import select
    from sqlalchemy.ext.asyncio import AsyncEngine

    from clientportal.stores.sql.tables import METADATA

    engine = world.store.async_engine if world.awaited else world.store.engine  # type: ignore[attr-defined]
    queries = {
        table.name: select(table).where(table.c.tenant == world.tenant)
        for table in METADATA.tables.values()
        if "tenant" in table.c
    }
    if not isinstance(engine, AsyncEngine):
        with engine.connect() as connection:
            return {name: _in_full(connection.execute(query).all()) for name, query in queries.items()}

    async def read() -> dict[str, list[str]]:
        async with engine.connect() as connection:
            return {name: _in_full((await connection.execute(query)).all()) for name, query in queries.items()}

    return dict(world.run(read()))


def _in_full(rows: Iterable[Any]) -> list[str]:
    # A row of SQLAlchemy's leaves out the middle of long texts where it is printed, and with it what is looked for.
    return sorted(str(tuple(row)) for row in rows)
