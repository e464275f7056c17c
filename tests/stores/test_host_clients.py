"""The client list, and what staff do with a client: the same on every shipped host."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import asdict, evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text

from clientportal.errors import Conflict, InvalidCursor, InvalidInput
from clientportal.operations.trusting import CheckedHost
from clientportal.ports import AnswerKind, RawContacts, step
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.stores.sql import SqlHost
from clientportal.testing import FixedClock
from clientportal.values import (
    Address,
    Appointment,
    AppointmentStatus,
    Business,
    ClientChange,
    ClientDraft,
    ClientPage,
    ClientRecord,
    HostAnswer,
    Money,
    RecordRef,
    Service,
    Slot,
    When,
)
from stores.sql_ground import SITES, Site

T = TypeVar("T")

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANA, BEN = RecordRef.client("ana"), RecordRef.client("ben")
GUEST = RecordRef.booking("g1")
KEYS = count(1)
ALL_OF_ANA = ("Anahera", "Kīngi", "anahera@example.com", "021 123 4567", "09 300 1234", "12 Kauri St", "nuts", "A note")
BORN_AND_ASKED = ("1948", "marketing_email")
"""Of her birthday, which is written in one way here and in another there, the year."""


class Still(SqlHost):
    """The SQL host with a clock that stands still."""

    def now(self) -> datetime:
        return NOW


class Ground:
    """One host of a kind on a store that is empty."""

    def __init__(self, name: str, folder: Path) -> None:
        self.site = Site(name, folder) if name in SITES else None
        self.host: Any = Still
        if self.site is None:
            memory: Any = type("Still", (MemoryHost,), {"clock": FixedClock(NOW)})
            self.host = memory if name == "memory" else memory.elsewhere()
        self.store: Any = MemoryStore() if self.site is None else self.site.store

    def run(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Work with the host, held to its contract, in a unit of its own, committed."""

        async def unit() -> T:
            async with self.store.begin("salon", self.host, writes=True) as begun:
                answer = await work(begun.host)
                await begun.commit([])
            return answer

        return step(unit()) if self.site is None else self.site.run(unit())

    def ask(self, method: str, *args: Any) -> Any:
        """One method of the host, every answer checked as the library does."""
        return self.run(lambda host: getattr(CheckedHost(host), method)(*args))

    def write(self, method: str, *args: Any) -> HostAnswer:
        """One write, under a key of its own."""
        answer: HostAnswer = self.ask(method, *args, f"key-{next(KEYS)}")
        return answer

    def add(self, *clients: ClientRecord) -> None:
        """Rows, as the platform's own screens make them."""
        self.run(lambda host: host.add_clients(clients))

    def book(self, *appointments: Appointment, **extras: Any) -> None:
        """Appointments alike."""
        self.run(lambda host: host.add_appointments(appointments, **extras))

    def record(self, ref: RecordRef = ANA) -> ClientRecord:
        """One record as it is now."""
        [found] = self.ask("clients", [ref])
        return found  # type: ignore[no-any-return]

    def found(self, search: str | None) -> list[str]:
        """The ids that a search finds, in order."""
        return [one.ref.id for one in self.ask("client_list", search, None, 100).items]

    def booked(self, *refs: RecordRef, limit: int = 100) -> list[str]:
        """Ids of all upcoming appointments of those refs, page by page."""
        ids: list[str] = []
        after = None
        while True:
            page = self.ask("appointments", refs, When.UPCOMING, NOW, after, limit)
            ids += [one.id for one in page.items]
            after = page.next
            if after is None:
                return ids

    def everything(self) -> str:
        """All that stands in the host's tables, in one text."""
        if self.site is None:
            home = self.host.home or self.store
            with home.transaction("salon") as tx:
                # Not the rows' own repr, which leaves out what is for staff.
                names = ("clients", "appointments", "slots", "answers", "events", "services")
                return repr([asdict(one) for name in names for _, one in tx.scan(name)])

        async def read() -> str:
            assert self.site is not None
            async with self.site.connected() as connection:
                tables = ("clients", "appointments", "slots", "services", "businesses")
                return repr(
                    [
                        (await self.site.said(connection.execute(text(f"SELECT * FROM cp_host_{name}")))).all()
                        for name in tables
                    ]
                )

        told: str = self.site.run(read())
        return told


@pytest.fixture(params=["memory", "elsewhere", *SITES])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    """Every shipped host, on every store, with a business and a service in it."""
    ground = Ground(request.param, tmp_path)
    ground.run(lambda host: host.add_business(Business("salon", "Kōwhai Hair", "Pacific/Auckland")))
    ground.run(lambda host: host.add_services([Service("cut", "Cut", HOUR)]))
    yield ground
    if ground.site is not None:
        ground.site.close()


def row(id: str, first: str | None = None, last: str | None = None, **more: Any) -> ClientRecord:
    return ClientRecord(RecordRef.client(id), NOW - 100 * HOUR, first, last, **more)


def appointment(id: str, ref: RecordRef, hours: int = 24, **more: Any) -> Appointment:
    start = NOW + hours * HOUR
    given: dict[str, Any] = {"booked_as": "Ana", "price": Money("65.00", "NZD")} | more
    return Appointment(
        id, ref, "cut", start, start + HOUR, "Pacific/Auckland", AppointmentStatus.CONFIRMED, NOW - HOUR, **given
    )


def ana() -> ClientRecord:
    """Somebody of whom everything is known."""
    return row(
        "ana", "Anahera", "Kīngi", email="anahera@example.com", mobile="021 123 4567", phone="09 300 1234",
        address=Address("12 Kauri St", "Auckland"), notes="A note", custom={"Allergies": "nuts"},
        birthday=date(1948, 2, 29), consents={"marketing_email": False},
    )  # fmt: skip


# --- the list


@pytest.mark.requirement("TT5")
def test_the_list_is_in_order_of_names(ground: Ground) -> None:
    """By last name, first name, id, without regard to case and accents; who has no name is last; unusable ones too."""
    ground.add(
        row("1", "Zoë", "adams"),
        row("2", "amy", "Ådams"),
        row("3", None, "Adams"),
        row("4", "Cher"),
        row("5"),
        row("6", "Amy", "Adams", usable=False),
        row("7", "Ben", "ADAMSON"),
    )
    ground.book(appointment("g1", GUEST))
    assert ground.found(None) == ground.found("") == ground.found("  ") == ["2", "6", "1", "3", "7", "4", "5"]
    page = ground.ask("client_list", None, None, 100)
    assert [one.usable for one in page.items] == [True, False, True, True, True, True, True]
    assert page.next is None


@pytest.mark.requirement("TT5")
def test_rows_of_the_list_are_whole_records(ground: Ground) -> None:
    """As ``clients`` hands them over, with the time of the newest booking."""
    ground.add(ana(), row("ben", "Ben"))
    ground.book(appointment("a1", ANA))
    [first, second] = ground.ask("client_list", None, None, 100).items
    assert first == ground.record(ANA)
    assert first.last_booked_at == NOW - HOUR
    assert second.last_booked_at is None


@pytest.mark.requirement("TT5")
@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ZOE", ["zoe"]),
        ("zoë", ["zoe"]),
        ("kōwh", ["zoe"]),
        ("kowhai zo", ["zoe"]),
        ("zo nobody", []),
        ("EXAMPLE.com", ["wild", "zoe"]),
        ("100%", ["wild"]),
        ("%", ["wild"]),
        ("_", ["wild"]),
        ("z_e", []),
        ("\\", []),
        ("\\ or'--", []),
        ("O'NEIL", ["wild"]),
        ("strasse", ["sharp"]),
        ("STRAßE", ["sharp"]),
        ("soren", ["sharp"]),
        ("Βασίλης", ["greek"]),
        ("ΒΑΣΙΛΗΣ", ["greek"]),
        ("a\x00b", []),
        ("\ud800", []),
    ],
)
def test_search(ground: Ground, search: str, found: list[str]) -> None:
    """Every word occurs, without regard to case and accents, beyond ASCII as well; wildcards are themselves."""
    ground.add(
        row("zoe", "Zoë", "Kōwhai", email="Zoe@Example.com"),
        row("wild", "100%", "O'Neil", email="under_score@example.com"),
        row("sharp", "Søren", "Straße"),
        row("greek", "Βασίλης"),
    )
    assert sorted(ground.found(search)) == found


@pytest.mark.requirement("TT5")
@pytest.mark.parametrize(
    "search",
    ["021 123 4567", "0211234567", "+64 21 123 4567", "(021) 123-4567", "0064211234567", "123 45", "０２１１２３"],
)
def test_a_number_is_found_in_any_spelling(ground: Ground, search: str) -> None:
    """By its digits, with a country code and without."""
    ground.add(row("local", "L", mobile="021 123-4567"), row("abroad", "A", phone="+64 (21) 1234567"), row("no", "N"))
    expected = {"abroad", "local"} if "０" not in search and not search.startswith("021") else {"local"}
    assert expected <= set(ground.found(search)) <= {"abroad", "local"}


@pytest.mark.requirement("TT5")
def test_a_name_and_a_number_are_words_alike(ground: Ground) -> None:
    """A part of the number narrows a name down."""
    ground.add(row("1", "Ana", "Kingi", mobile="021 555 0142"), row("2", "Ana", "Kingi", mobile="021 555 0199"))
    assert ground.found("kingi 0142") == ["1"]


@pytest.mark.requirement("TT5")
def test_search_follows_changes(ground: Ground) -> None:
    """A row is found by what stands in it now, in the place where it now belongs, however it was changed."""
    ground.add(row("ana", "Ana", "Zed"), row("ben", "Ben", "Young"))
    ground.write("update_client", ANA, ClientChange(ground.record().version, {"last_name": "Adams"}))
    assert (ground.found("zed"), ground.found(None)) == ([], ["ana", "ben"])
    before = ground.record(BEN)
    ground.run(lambda host: host.change_client(evolve(before, last_name="Aa")))
    assert (ground.found("young"), ground.found(None)) == ([], ["ben", "ana"])
    ground.add(row("ben", "Ben", "Zulu"))
    assert ground.found(None) == ["ana", "ben"]


@pytest.mark.requirement("TT5")
def test_paging_while_others_insert_and_delete(ground: Ground) -> None:
    """Whoever was there before the first page and stays is listed exactly once."""
    ground.add(*(row(f"c{n}", "Ana", f"Name {n:02}") for n in range(9)))
    seen: list[str] = []
    after = None
    for number in range(20):
        page: ClientPage = ground.ask("client_list", "ana", after, 2)
        seen += [one.ref.id for one in page.items]
        after = page.next
        if after is None:
            break
        ground.add(row(f"new{number}", "Ana", "Name 00"))
        ground.write("delete_client", page.items[-1].ref)
    assert [id for id in seen if id.startswith("c")] == [f"c{n}" for n in range(9)]
    assert len(seen) == len(set(seen))


@pytest.mark.requirement("TT5")
def test_a_cursor_belongs_to_its_search(ground: Ground) -> None:
    """A cursor of another list, or one that was changed, is refused."""
    ground.add(*(row(f"c{n}", "Ana") for n in range(3)))
    cursor = ground.ask("client_list", "ana", None, 1).next
    assert [one.ref.id for one in ground.ask("client_list", "ANA ", cursor, 1).items] == ["c1"]
    for search, wrong in (("an", cursor), (None, cursor), ("ana", cursor[:-2]), ("ana", "?")):
        with pytest.raises(InvalidCursor):
            ground.ask("client_list", search, wrong, 1)


def test_the_list_knows_its_tenant(ground: Ground) -> None:
    """No other business's clients are in it."""

    async def of_another() -> ClientPage:
        async with ground.store.begin("barber", ground.host, writes=False) as unit:
            page: ClientPage = await unit.host.client_list(None, None, 10)
            return page

    ground.add(ana())
    page = step(of_another()) if ground.site is None else ground.site.run(of_another())
    assert page == ClientPage(())


NAMES = st.text(alphabet="aAäÅzZß İ'", max_size=4)


@given(st.lists(st.tuples(NAMES, NAMES), max_size=8), st.integers(1, 3))
def test_pages_are_the_list(names: list[tuple[str, str]], limit: int) -> None:
    """Whatever the names, the pages together are the whole list, once each."""
    ground = Ground("memory", Path())
    ground.add(*(row(str(n), first, last) for n, (first, last) in enumerate(names)))
    seen: list[str] = []
    after = None
    while True:
        page = ground.ask("client_list", None, after, limit)
        seen += [one.ref.id for one in page.items]
        after = page.next
        if after is None:
            break
    assert seen == ground.found(None)
    assert sorted(seen) == sorted(str(n) for n in range(len(names)))


# --- adding


@pytest.mark.requirement("TT10")
def test_a_draft_becomes_a_record_with_all_of_it(ground: Ground) -> None:
    """Notes and custom fields too."""
    draft = ClientDraft(
        "Anahera", "Kīngi", "a@example.com", "09 1", "021 1", Address("12 Kauri St"), "A note", {"Allergies": "nuts"},
        date(1948, 2, 29),
    )  # fmt: skip
    ref = ground.write("create_client", draft).ref
    made = ground.record(ref)  # type: ignore[arg-type]
    names = ("first_name", "last_name", "email", "phone", "mobile", "address", "notes", "custom", "birthday")
    assert [getattr(made, name) for name in names] == [getattr(draft, name) for name in names]
    assert made.created_at == NOW
    assert ground.found("kingi") == [made.ref.id]


@pytest.mark.requirement("TT10")
def test_a_thousand_clients_at_once(ground: Ground) -> None:
    """An answer for each, in their order; on a database in a handful of statements."""
    drafts = [(ClientDraft(f"N{n:04}", email=f"n{n}@example.com"), f"import-{n}") for n in range(1000)]
    statements: list[str] = []

    def count_one(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    engine: Any = None
    if ground.site is not None:
        engine = ground.store.async_engine.sync_engine if ground.store.needs_loop else ground.store.engine
    if engine is not None:
        event.listen(engine, "before_cursor_execute", count_one)
    answers = ground.ask("create_clients", drafts)
    if engine is not None:
        event.remove(engine, "before_cursor_execute", count_one)
        assert len(statements) < 10
    assert len({answer.ref for answer in answers}) == 1000
    for number in (0, 499, 999):
        assert ground.record(answers[number].ref).first_name == f"N{number:04}"
    assert ground.ask("create_clients", []) == []


# --- changing


@pytest.mark.requirement("TT7")
def test_what_is_not_named_stays(ground: Ground) -> None:
    """A change writes its fields, clears those that are None, and leaves every other as it is."""
    ground.add(ana())
    before = ground.record()
    fields = {"first_name": "Ana", "phone": None, "address": Address("1 Queen St"), "notes": None}
    answer = ground.write("update_client", ANA, ClientChange(before.version, fields, {"Allergies": None, "Door": "3"}))
    after = ground.record()
    assert answer.ref == ANA
    assert after.version != before.version
    assert after == evolve(
        before,
        first_name="Ana",
        phone=None,
        address=Address("1 Queen St"),
        notes=None,
        custom={"Door": "3"},
        cleared=frozenset({"phone", "notes"}),
        version=after.version,
    )
    assert after.changed_at == dict.fromkeys(fields, NOW)
    ground.write("update_client", ANA, ClientChange(after.version, {"phone": "09 2"}))
    assert ground.record().cleared == frozenset({"notes"})


@pytest.mark.requirement("TT7")
def test_a_birthday_is_written_and_cleared_as_other_fields_are(ground: Ground) -> None:
    """A day, without a zone that could move it; what was agreed to stays as it was, whatever staff write."""
    ground.add(ana(), row("ben", "Ben", birthday=date(2000, 2, 29)))
    assert ground.record().birthday == date(1948, 2, 29)
    ground.write("update_client", ANA, ClientChange(ground.record().version, {"birthday": date(1900, 1, 1)}))
    changed = ground.record()
    assert (changed.birthday, changed.cleared) == (date(1900, 1, 1), frozenset())
    assert (changed.changed_at or {})["birthday"] == NOW
    ground.write("update_client", ANA, ClientChange(changed.version, {"birthday": None}))
    cleared = ground.record()
    assert (cleared.birthday, cleared.cleared) == (None, frozenset({"birthday"}))
    assert cleared.consents == {"marketing_email": False}
    assert ground.record(BEN).birthday == date(2000, 2, 29)
    assert ground.record(BEN).consents == {}


def test_the_walk_over_contacts_says_who_they_are_of(ground: Ground) -> None:
    """Name, birthday and custom fields come with the contacts; of a guest's booking the name that was typed there."""
    ground.add(ana(), row("ben", None, None, email="ben@example.com"))
    contacts = {"g1": RawContacts(GUEST, "021 123 4567", name="not asked at a booking", birthday=date(1990, 1, 1))}
    ground.book(appointment("g1", GUEST, booked_as="Hera " + "x" * 200), contacts=contacts)
    found = {one.ref: one for one in ground.ask("contacts", None, 100).items}
    whole, booked = found[ANA], found[GUEST]
    assert (whole.name, whole.birthday, whole.custom) == ("Anahera Kīngi", date(1948, 2, 29), {"Allergies": "nuts"})
    assert (found[BEN].name, found[BEN].birthday, found[BEN].custom) == (None, None, {})
    assert (booked.mobile, booked.birthday, booked.custom) == ("021 123 4567", None, {})
    assert booked.name == ground.record(GUEST).name
    assert "1948" not in repr(whole)


@pytest.mark.requirement("TT7")
def test_a_change_of_another_version_conflicts(ground: Ground) -> None:
    """Two members of staff have the same profile open: the second is told, and nothing of theirs is written."""
    ground.add(ana())
    seen = ground.record().version
    ground.write("update_client", ANA, ClientChange(seen, {"first_name": "Ana"}))
    for version in (seen, "", "99999999999999999999", "x"):
        with pytest.raises(Conflict):
            ground.write("update_client", ANA, ClientChange(version, {"first_name": "Anna"}))
    assert ground.record().first_name == "Ana"


def test_only_so_many_custom_fields(ground: Ground) -> None:
    """A change that would go beyond the limit is refused and writes nothing."""
    ground.add(row("ana", custom={f"f{n}": "x" for n in range(50)}))
    version = ground.record().version
    with pytest.raises(InvalidInput, match="at most 50 custom fields"):
        ground.write("update_client", ANA, ClientChange(version, {}, {"one more": "x"}))
    ground.write("update_client", ANA, ClientChange(version, {}, {"f0": None, "one more": "x"}))
    assert "one more" in ground.record().custom


@pytest.mark.parametrize("ref", [RecordRef.client("nobody"), GUEST, RecordRef.booking("a1"), RecordRef.booking("ana")])
def test_only_client_rows_are_changed_and_deleted(ground: Ground, ref: RecordRef) -> None:
    """Anybody else is declined, with a note; a booking is no client row."""
    ground.add(ana())
    ground.book(appointment("a1", ANA), appointment("g1", GUEST))
    before = ground.everything()
    for answer in (
        ground.write("update_client", ref, ClientChange("1", {"first_name": "Eve"})),
        ground.write("delete_client", ref),
    ):
        assert (answer.kind, answer.note) == (AnswerKind.DECLINED, "there is no such client")
    after = ground.everything()
    assert ground.record().first_name == "Anahera"
    if ground.host.shares_transaction:
        assert after == before


# --- deleting


@pytest.mark.requirement("TT4")
def test_deleting_a_client_leaves_the_appointments(ground: Ground) -> None:
    """They keep their ref and the name they were booked under; deleting again does nothing."""
    ground.add(ana(), row("ben", "Ben"))
    ground.book(appointment("a1", ANA), appointment("b1", BEN))
    before = ground.ask("appointment", "a1")
    assert ground.write("delete_client", ANA).kind is AnswerKind.DONE
    assert ground.ask("clients", [ANA]) == []
    assert ground.found(None) == ["ben"]
    assert ground.ask("appointment", "a1") == before
    assert ground.booked(ANA) == ["a1"]
    assert ground.write("delete_client", ANA) == HostAnswer(AnswerKind.DECLINED, note="there is no such client")


@pytest.mark.requirement("TT4")
def test_appointments_are_deleted_separately(ground: Ground) -> None:
    """An open one's time is free again, a cancelled one's is not offered twice; another version conflicts."""
    times = (NOW + 5 * HOUR, NOW + 6 * HOUR)
    ground.run(lambda host: host.add_slots([Slot("s1", "cut", *times, "Pacific/Auckland")]))
    ground.add(ana())
    ground.book(appointment("a1", ANA), appointment("a2", ANA, 48))

    def free() -> list[datetime]:
        return [one.start for one in ground.ask("slots", "cut", None, NOW, NOW + 100 * HOUR, 10)]

    first, second = ground.ask("appointment", "a1"), ground.ask("appointment", "a2")
    with pytest.raises(Conflict):
        ground.write("delete_appointment", evolve(first, version="7"))
    assert ground.write("delete_appointment", first) == HostAnswer()
    assert ground.booked(ANA) == ["a2"]
    assert free() == [NOW + 5 * HOUR, NOW + 24 * HOUR]
    cancelled = ground.write("cancel", second, None).appointment
    with pytest.raises(Conflict):
        ground.write("delete_appointment", second)
    assert free() == [NOW + 5 * HOUR, NOW + 24 * HOUR, NOW + 48 * HOUR]
    assert ground.write("delete_appointment", cancelled) == HostAnswer()
    assert free() == [NOW + 5 * HOUR, NOW + 24 * HOUR, NOW + 48 * HOUR]
    assert ground.ask("appointment", "a2") is None
    assert ground.write("delete_appointment", cancelled).kind is AnswerKind.DECLINED
    booked = ground.write("book", ANA, ground.ask("slot", "s1"), "Ana").appointment
    assert free() == [NOW + 24 * HOUR, NOW + 48 * HOUR]
    ground.write("delete_appointment", booked)
    assert free() == [NOW + 5 * HOUR, NOW + 24 * HOUR, NOW + 48 * HOUR]


# --- erasing


@pytest.mark.requirement("X7")
def test_erasing_leaves_no_byte(ground: Ground) -> None:
    """Nothing that was known of the person is in any column of any table; times, services and prices stay."""
    ground.run(lambda host: host.add_slots([Slot("s1", "cut", NOW + HOUR, NOW + 2 * HOUR, "Pacific/Auckland")]))
    ground.add(ana(), row("ben", "Benedict", "Tamihana", notes="Other"))
    whole = "Anahera Kīngi"
    ground.book(
        appointment("a1", ANA, booked_as=whole),
        appointment("b1", BEN, booked_as="Benedict"),
        appointment("g1", GUEST, booked_as=whole),
        contacts={"g1": RawContacts(GUEST, "021 123 4567", "09 300 1234", "anahera@example.com")},
    )
    ground.write("book", ANA, ground.ask("slot", "s1"), whole)
    ground.write("update_client", ANA, ClientChange(ground.record().version, {"first_name": "Anahera"}))
    before = {id: ground.ask("appointment", id) for id in ("a1", "b1", "g1")}
    version = ground.record().version
    assert all(some in ground.everything() for some in (*ALL_OF_ANA, *BORN_AND_ASKED))

    assert ground.write("erase_client", [ANA, GUEST]) == HostAnswer()

    left = ground.everything()
    folded = ("anahera", "kingi", "0211234567", "093001234")
    assert [some for some in (*ALL_OF_ANA, *BORN_AND_ASKED, *folded) if some in left] == []
    assert "Benedict" in left
    nobody = ground.record()
    assert nobody == ClientRecord(
        ANA, NOW - 100 * HOUR, usable=False, version=nobody.version, last_booked_at=nobody.last_booked_at
    )
    assert nobody.changed_at is None
    assert nobody.version != version
    for id in ("a1", "g1"):
        after = ground.ask("appointment", id)
        assert after == evolve(before[id], booked_as="", version=after.version)
        assert after.version != before[id].version
    assert ground.ask("appointment", "b1") == before["b1"]
    assert ground.record(GUEST) == ClientRecord(
        GUEST, NOW - HOUR, last_booked_at=NOW - HOUR, version=ground.record(GUEST).version
    )
    assert ground.found("anahera") == []
    assert ground.found(None) == ["ben", "ana"]
    assert ground.write("erase_client", [ANA, GUEST]) == HostAnswer()


@pytest.mark.requirement("X7", "TT4")
def test_what_a_deleted_client_left_is_erased_too(ground: Ground) -> None:
    """The row is gone; the name on the bookings goes with the erasure, and so it does on one that is named alone."""
    ground.add(ana(), row("ben", "Ben"))
    ground.book(appointment("a1", ANA), appointment("b1", BEN), appointment("b2", BEN))
    ground.write("delete_client", ANA)
    ground.write("erase_client", [ANA, RecordRef.booking("b1")])
    assert [ground.ask("appointment", id).booked_as for id in ("a1", "b1", "b2")] == ["", "", "Ana"]
    assert ground.record(BEN).first_name == "Ben"


@pytest.mark.requirement("X7")
def test_whoever_decided_before_an_erasure_is_told(ground: Ground) -> None:
    """Neither a profile nor an appointment that was read before it can bring anything back."""
    ground.add(ana())
    ground.book(appointment("a1", ANA))
    seen, appointment_seen = ground.record(), ground.ask("appointment", "a1")
    ground.write("erase_client", [ANA])
    with pytest.raises(Conflict):
        ground.write("update_client", ANA, ClientChange(seen.version, {"first_name": "Anahera"}))
    with pytest.raises(Conflict):
        ground.write("cancel", appointment_seen, None)


# --- single appointments


@pytest.mark.requirement("A7")
def test_a_booking_ref_names_that_one_appointment(ground: Ground) -> None:
    """Whoever's row it is; together with its client it is listed once; another client's are not."""
    ground.add(ana(), row("ben"))
    ground.book(
        appointment("a1", ANA, 1), appointment("a2", ANA, 2), appointment("b1", BEN, 3), appointment("g1", GUEST, 4)
    )
    single = RecordRef.booking("a1")
    assert ground.booked(single) == ["a1"]
    assert ground.booked(single, BEN, GUEST) == ["a1", "b1", "g1"]
    for limit in (1, 2, 100):
        assert ground.booked(ANA, single, RecordRef.booking("b1"), limit=limit) == ["a1", "a2", "b1"]
    assert ground.booked(RecordRef.booking("ana"), RecordRef.client("a1")) == []
    assert ground.ask("clients", [single]) == []
    past = ground.ask("appointments", [single], When.PAST, NOW + 100 * HOUR, None, 10)
    assert [one.id for one in past.items] == ["a1"]


@pytest.mark.slow
def test_thousands_of_refs(ground: Ground) -> None:
    """More than a database takes as single parameters; the pages stay in order and of the size asked for."""
    ids = [f"x{n:05}" for n in range(40_000)]
    ground.add(row("ben"))
    ground.book(*(appointment(id, BEN, 1 + n % 7) for n, id in enumerate(ids[:60])), appointment("other", ANA, 1))
    single = [RecordRef.booking(id) for id in ids]
    assert len(single[:5000]) == 5000
    expected = sorted(range(60), key=lambda n: (n % 7, ids[n]))
    assert ground.booked(*single[:5000], limit=25) == [ids[n] for n in expected]
    clients = [RecordRef.client(f"c{n}") for n in range(40_000)]
    assert ground.booked(*single, *clients, ANA) == ground.booked(BEN, ANA)
    assert len(ground.ask("clients", [*clients, BEN])) == 1
    assert ground.write("erase_client", [*single, *clients]) == HostAnswer()
