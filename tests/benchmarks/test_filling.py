"""The tables that the benchmarks measure on hold what the library itself would have written, and all methods agree."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from clientportal import Channel, KeyRing, Portal, presets
from clientportal.ports import step
from clientportal.records import ContactEntry
from clientportal.stores.sql import SqlHost, SqlStore
from clientportal.stores.sql.host_tables import CLIENTS
from clientportal.stores.sql.tables import record_table

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
MANY = 1500

pytestmark = pytest.mark.slow


@pytest.fixture
def duplicates(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The benchmark, imported as its own command imports it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import duplicates

    yield duplicates
    for name in ("duplicates", "filling", "people", "names"):
        sys.modules.pop(name, None)


def contents(store: SqlStore) -> list[Any]:
    """The contact index and the client rows."""
    with store.engine.connect() as connection:
        tables = (record_table(ContactEntry).table, CLIENTS)
        return [connection.execute(select(table).order_by(table.c.id)).all() for table in tables]


def test_what_is_laid_out_is_what_a_walk_writes(duplicates: ModuleType, tmp_path: Path) -> None:
    """The same rows, whether they come through the doors or in one go."""
    import filling

    url = duplicates.base(tmp_path, MANY)
    walked = filling.open_store(f"sqlite:///{tmp_path / 'walked.db'}")

    async def seed() -> None:
        async with walked.begin(filling.TENANT, SqlHost, writes=True) as unit:
            await unit.host.add_clients([filling._client(one) for one in duplicates.people(MANY, duplicates.SEED)])
            await unit.commit(())

    step(seed())
    keys = KeyRing.from_secrets({"k": KeyRing.generate_secret()})
    senders = {Channel.SMS: duplicates.Nobody()}
    portal = Portal(store=walked, host=SqlHost, policy=presets.timely(region="NZ"), keys=keys, senders=senders)
    portal.walk_contacts(filling.TENANT)
    laid_out = SqlStore.open(url)
    assert contents(laid_out) == contents(walked)
    for store in (laid_out, walked):
        store.engine.dispose()


def test_every_method_finds_as_many_groups(duplicates: ModuleType, tmp_path: Path) -> None:
    """Closing over the index, the whole report, plain Python and Splink agree; else their seconds mean nothing."""
    import filling
    import people

    url = f"sqlite:///{tmp_path / 'few.db'}"
    # Among few, what is no contact stands on few enough records that only we recognise it.
    nothing = {f"email:{one}" for one in people.NO_ADDRESSES} | {f"mobile:{one}" for one, _ in people.NO_NUMBERS}
    real = (one for one in duplicates.people(MANY, 1) if nothing.isdisjoint(one.keys))
    filling.fill(filling.open_store(url), real, rows=True)
    duplicates.prepare_splink(url)
    found = {
        method.__name__: method(url)
        for method in (duplicates.ours, duplicates.ours_whole, duplicates.union_find, duplicates.splink)
    }
    assert len(set(found.values())) == 1, found
    assert found["ours"] > MANY / 50
