"""What a table of more clients costs the search for duplicates, as the database and the interpreter count it.

Seconds are the benchmarks' business. Here it is counted: statements, whether each is answered from an index, and bytes.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import event

from clientportal import Channel, KeyRing, Permission, Portal, RecordRef, presets
from clientportal.ports import step
from clientportal.stores.sql import SqlHost, SqlStore

pytestmark = pytest.mark.requirement("T5", "X4")

TENANT = "salon"
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
TWICE = 20
"""So many clients were entered twice, in the small business and in the large one."""
FEW, MANY = 400, 8000


class Nobody:
    """Nothing is sent."""

    def send(self, message: Any) -> None:
        raise AssertionError("nothing is to be sent")


@pytest.fixture
def lay_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[int], SqlStore]]:
    """A business of so many clients on SQLite, laid out as a walk would have it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import filling
    import people

    stores: list[SqlStore] = []

    def records(count: int) -> Iterable[Any]:
        for at in range(count):
            # The first so many are there a second time, under their mobile; everybody has an email of their own.
            person = at - TWICE if TWICE <= at < 2 * TWICE else at
            mobile, email = f"+6421{2_345_000 + person}", f"c{at}@example.com"
            keys = (f"mobile:{mobile}", f"email:{email}")
            yield people.Record(
                f"c{at:05}", person, "Ana", f"Kingi {person}", mobile, None, email, date(1990, 4, 7), keys
            )

    def made(count: int) -> SqlStore:
        store = filling.open_store(f"sqlite:///{tmp_path / f'{count}.db'}")
        filling.fill(store, records(count), rows=True)
        stores.append(store)
        return store

    yield made
    for store in stores:
        store.engine.dispose()
    for name in ("filling", "people", "names"):
        sys.modules.pop(name, None)


def portal_over(store: SqlStore) -> Portal:
    """Timely's policy."""
    keys = KeyRing.from_secrets({"k": KeyRing.generate_secret()})
    return Portal(
        store=store, host=SqlHost, policy=presets.timely(region="NZ"), keys=keys, senders={Channel.SMS: Nobody()}
    )


def staff_of(portal: Portal) -> Any:
    """Who may see duplicates."""
    return portal.staff(TENANT, actor="mia", permissions=frozenset(Permission), reason="the report")


@contextmanager
def statements(store: SqlStore) -> Iterator[list[tuple[str, Any]]]:
    """Every statement that reaches the driver, with its parameters; those of transactions and of the version aside."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        bounds = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
        if sql.split()[0].upper() not in bounds and "cp_schema" not in sql:
            seen.append((sql, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def scans(store: SqlStore, seen: Iterable[tuple[str, Any]]) -> list[str]:
    """The statements for which SQLite would walk over a whole table or index, by its own plan."""
    found: list[str] = []
    with store.engine.connect() as connection:
        for sql, parameters in seen:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()
            found += [
                f"{line.detail}: {sql}" for line in plan if line.detail.startswith("SCAN") and "cp_" in line.detail
            ]
    return found


def a_new_client(portal: Portal, store: SqlStore) -> None:
    """Somebody is entered by the platform, with a mobile that is there already; the portal is told, and looks."""

    async def enter() -> None:
        async with store.begin(TENANT, SqlHost, writes=True) as unit:
            (row,) = await unit.host.clients([RecordRef.client("c00300")])
            await unit.host.add_clients([evolve(row, ref=RecordRef.client("new"), email="new@example.com")])
            await unit.commit(())

    step(enter())
    portal.contact_changed(TENANT, RecordRef.client("new"))
    group = staff_of(portal).duplicates_of(RecordRef.client("new"))
    assert [ref.id for ref in group.refs] == ["c00300", "new"]


def test_a_new_client_costs_lookups_whatever_the_size_of_the_business(lay_out: Callable[[int], SqlStore]) -> None:
    """The same statements among 400 clients and among 8,000, and not one of them walks over a table or an index."""
    counts: list[list[str]] = []
    for count in (FEW, MANY):
        store = lay_out(count)
        portal = portal_over(store)
        with statements(store) as seen:
            a_new_client(portal, store)
        assert scans(store, seen) == []
        counts.append([sql for sql, _ in seen])

    assert counts[0] == counts[1]
    assert len(counts[0]) < 30


def peak(run: Callable[[], int]) -> tuple[int, int]:
    """What it counts, and the most bytes that it held above what was there before."""
    run()  # whatever is made once, such as compiled statements, is there
    tracemalloc.start()
    try:
        found = run()
        return found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize("what", ["scan", "pages", "rehearsal"])
def test_memory_does_not_grow_with_the_table(lay_out: Callable[[int], SqlStore], what: str) -> None:
    """Twenty times the clients and as many who are there twice: the report and a rehearsal hold as many bytes."""

    def looked_at(count: int) -> tuple[int, int]:
        portal = portal_over(lay_out(count))
        staff = staff_of(portal)
        policy = presets.timely(region="NZ")
        alone = evolve(policy, matching=evolve(policy.matching, weights={"email": 1}))

        def pages() -> int:
            after, groups = None, 0
            while True:
                page = staff.duplicates(after=after, limit=5)
                groups, after = groups + len(page.groups), page.next
                if after is None:
                    return groups

        runs = {
            "scan": lambda: sum(1 for _ in staff.scan_duplicates()),
            "pages": pages,
            "rehearsal": lambda: sum(1 for _ in staff.rehearse_matching(alone)),
        }
        return peak(runs[what])

    (few, small), (many, large) = looked_at(FEW), looked_at(MANY)

    assert few == many == TWICE
    assert large < small + 150_000, f"{small:,} bytes for {FEW} clients, {large:,} for {MANY}"
