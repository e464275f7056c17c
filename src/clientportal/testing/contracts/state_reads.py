"""The part of the store contract about reading."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

import pytest
from attrs import evolve

from clientportal.errors import Conflict, InvalidCursor
from clientportal.ports.state import Collision, Page, Store
from clientportal.records import (
    RECORD_TYPES,
    Account,
    AuditEntry,
    ClientNumber,
    ContactEntry,
    GuessCounter,
    MessageKind,
    MessageState,
    OutboxMessage,
    Put,
    Remove,
    Session,
    Stored,
)
from clientportal.testing.contracts.state_ground import START, Ground, audit, contact, counter, session
from clientportal.testing.examples import example_records

__all__ = ["ReadingContract"]

T = TypeVar("T")


def _mixed(items: list[T]) -> list[T]:
    """Neither forwards nor backwards."""
    return items[1::2][::-1] + items[::2]


class ReadingContract(Ground):
    """Get, find, page and collisions: what they give, and in which order."""

    @pytest.mark.parametrize("kind", RECORD_TYPES, ids=lambda kind: kind.TABLE)
    def test_round_trip(self, store: Store, kind: type[Stored]) -> None:
        """Every record type comes back as it was stored, in version 1."""
        for record in example_records(kind):
            self.put(store, record)
            assert self.get(store, kind, record.id) == evolve(record, version=1)  # type: ignore[misc]

    def test_versions_count(self, store: Store) -> None:
        """Every write raises the version by one."""
        self.put(store, counter("a"))
        self.put(store, evolve(counter("a", 5), version=1))
        assert self.get(store, GuessCounter, "a") == evolve(counter("a", 5), version=2)

    def test_absent(self, store: Store) -> None:
        """What is not there is None, and left out of many."""
        self.put(store, counter("a"), counter("b"))

        async def read() -> dict[str, int]:
            async with self.unit(store, writes=False) as unit:
                found = await unit.state.get_many(GuessCounter, ["b", "nobody", "a", "b"])
                assert await unit.state.get_many(GuessCounter, []) == {}
                return {id: record.version for id, record in found.items()}

        assert self.run(read()) == {"a": 1, "b": 1}
        assert self.get(store, GuessCounter, "nobody") is None

    def test_linked(self, store: Store) -> None:
        """A record comes with those that its attributes name; what is absent, or somebody else's, is left out."""
        leads = ClientNumber(id="client:1", number=7)
        self.put(store, session("s1", "client:1"), session("s2", "client:2"), session("s3", None), leads)
        self.put(store, ClientNumber(id="client:2", number=8), tenant="another")

        async def read(id: str, tenant: str | None = None) -> tuple[Session | None, Mapping[str, Stored]]:
            async with self.unit(store, writes=False, tenant=tenant) as unit:
                return await unit.state.get_with(Session, id, {"entry": ClientNumber, "account": Account})

        def first(entry: str | None, id: str) -> Session:
            return evolve(session(id, entry), version=1)

        assert self.run(read("s1")) == (first("client:1", "s1"), {"entry": evolve(leads, version=1)})
        assert self.run(read("s2")) == (first("client:2", "s2"), {})
        assert self.run(read("s3")) == (first(None, "s3"), {})
        assert self.run(read("nobody")) == (None, {})
        assert self.run(read("s1", "another")) == (None, {})

    def test_find_order(self, store: Store) -> None:
        """Found in the order of the rest of the key, then of the ids, up to the limit."""
        self.put(
            store, audit("c", minute=1), audit("b", minute=1), audit("z", minute=0), audit("x", subject="client:2")
        )
        assert self.find(store, AuditEntry, "subject", "client:1") == ["z", "b", "c"]
        assert self.find(store, AuditEntry, "subject", "client:1", limit=2) == ["z", "b"]
        assert self.find(store, AuditEntry, "subject", "client") == []

    def test_find_any(self, store: Store) -> None:
        """Any of several values, asked in any order and twice: found in the order of the key, up to the limit."""
        self.put(store, *(contact(f"client:{at}", f"k{at % 3}") for at in range(6)))
        self.put(store, contact("client:9", "k1"), tenant="other")

        async def read(*values: str, limit: int = 10) -> list[str]:
            async with self.unit(store, writes=False) as unit:
                return [entry.ref for entry in await unit.state.find_any(ContactEntry, "key", values, limit=limit)]

        expected = ["client:1", "client:4", "client:2", "client:5"]
        assert self.run(read("k2", "k1", "nothing", "k2")) == expected
        assert self.run(read("k2", "k1", limit=3)) == expected[:3]
        assert self.run(read()) == []

    def test_find_typed(self, store: Store) -> None:
        """Numbers and choices are found by their text; text that is no such value finds nothing."""
        self.put(store, ClientNumber(id="client:1", number=7), ClientNumber(id="client:2", number=17))
        assert self.find(store, ClientNumber, "number", "7") == ["client:1"]
        for text in ("seven", "", " 7", "٧", "7.0"):
            assert self.find(store, ClientNumber, "number", text) == []
        later = START + timedelta(hours=1)
        message = OutboxMessage(
            id="m",
            kind=MessageKind.LOGIN_CODE,
            state=MessageState.SENT,
            created_at=START,
            due_at=START,
            expires_at=later,
        )
        self.put(store, message)
        assert self.find(store, OutboxMessage, "due", "sent") == ["m"]
        assert self.find(store, OutboxMessage, "due", "queued") == []

    def test_find_follows_changes(self, store: Store) -> None:
        """A record is found under the key that it has now, and not at all once it is removed."""
        self.put(store, session("s", "client:1"))
        self.put(store, evolve(session("s", "client:2"), version=1))
        assert self.find(store, Session, "entry", "client:1") == []
        assert self.find(store, Session, "entry", "client:2") == ["s"]
        self.drop(store, evolve(session("s", "client:2"), version=2))
        assert self.find(store, Session, "entry", "client:2") == []

    def test_code_points(self, store: Store) -> None:
        """Text is ordered by code points, not by a language: no folding, no UTF-16."""
        keys = ["Z", "a", "aa", "é", "\ufb01", "\U0001f600"]
        self.put(store, *(contact(f"client:{key}", key) for key in _mixed(keys)))
        page = self.page(store, ContactEntry, "key")
        assert [entry.key for entry in page.items] == keys
        assert self.walk(store, ContactEntry, "key", limit=1) == [f"client:{key}|{key}" for key in keys]

    def test_pages(self, store: Store) -> None:
        """Pages of any size give the same list, from either end; ties go by id."""
        entries = [audit(f"{at:02}", minute=at // 3) for at in range(10)]
        self.put(store, *_mixed(entries))
        self.put(store, audit("other", subject="client:2"))
        expected = [entry.id for entry in entries]
        for limit in (1, 3, 10, 11):
            assert self.walk(store, AuditEntry, "subject", "client:1", limit=limit) == expected
            turned = self.walk(store, AuditEntry, "subject", "client:1", limit=limit, newest_first=True)
            assert turned == expected[::-1]
        assert self.page(store, AuditEntry, "subject", "client:1", limit=10).next is None
        assert list(self.page(store, AuditEntry, "subject", "nobody").items) == []

    def test_upto(self, store: Store) -> None:
        """``upto`` bounds the first attribute after the values, itself included, in both directions."""
        self.put(store, *(audit(str(at), minute=at) for at in range(6)))
        upto = START + timedelta(minutes=3)
        for key, values in (("time", ()), ("subject", ("client:1",))):
            assert self.walk(store, AuditEntry, key, *values, upto=upto, limit=2) == ["0", "1", "2", "3"]
            turned = self.walk(store, AuditEntry, key, *values, upto=upto, limit=3, newest_first=True)
            assert turned == ["3", "2", "1", "0"]
        before = START - timedelta(microseconds=1)
        assert self.walk(store, AuditEntry, "time", upto=before) == []

    def test_pages_under_inserts(self, store: Store) -> None:
        """Records that come and go meanwhile are seen once or not at all; all others exactly once."""
        for newest_first in (False, True):
            subject = f"client:{newest_first}"
            stay = [audit(f"{subject}{at}", minute=10 * at, subject=subject) for at in range(6)]
            self.put(store, *stay)
            seen: list[str] = []
            after: str | None = None
            while True:
                page: Page[AuditEntry] = self.page(
                    store, AuditEntry, "subject", subject, limit=2, after=after, newest_first=newest_first
                )
                seen += [entry.id for entry in page.items]
                after = page.next
                if after is None:
                    break
                assert len(seen) < 20, "these pages never end"
                for minute in (-5, 25, 95):
                    self.put(store, audit(f"{subject}+{len(seen)}{minute}", minute=minute, subject=subject))
            assert len(seen) == len(set(seen))
            assert set(seen) >= {entry.id for entry in stay}

    def test_collisions(self, store: Store) -> None:
        """Values that two or more hold, in order, with their ids in order, at most so many, in pages."""
        self.put(store, *(contact(f"client:{at}", "mobile:b") for at in (3, 1, 2)))
        self.put(store, *(contact(f"client:{at}", "mobile:a") for at in (9, 8)))
        self.put(store, contact("client:7", "mobile:alone"), session("s1", None), session("s2", None))
        self.put(store, contact("client:6", "mobile:alone"), tenant="other")

        async def read(after: str | None, limit: int, most: int) -> Page[Collision]:
            async with self.unit(store, writes=False) as unit:
                assert list((await unit.state.collisions(Session, "entry")).items) == []
                return await unit.state.collisions(ContactEntry, "key", after=after, limit=limit, most=most)

        a = Collision("mobile:a", ("client:8|mobile:a", "client:9|mobile:a"))
        b = Collision("mobile:b", tuple(f"client:{at}|mobile:b" for at in (1, 2, 3)))
        every = self.run(read(None, 10, 10))
        assert (list(every.items), every.next) == ([a, b], None)
        first = self.run(read(None, 1, 2))
        assert list(first.items) == [a]
        second = self.run(read(first.next, 1, 2))
        assert (list(second.items), second.next) == ([evolve(b, ids=b.ids[:2])], None)

    def test_absent_attribute(self, store: Store) -> None:
        """A record whose key attribute is absent is found under no value of it, and kept all the same."""
        self.put(store, session("s", None))
        assert self.find(store, Session, "entry", "") == []
        assert self.find(store, Session, "entry", "None") == []
        assert self.get(store, Session, "s") == evolve(session("s", None), version=1)

    def test_bad_cursors(self, store: Store) -> None:
        """A cursor that was cut, made up, or made for another list is refused as ``InvalidCursor``."""
        self.put(store, *(audit(str(at), minute=at) for at in range(4)), *(contact(f"c{at}", "k") for at in range(4)))
        good = self.page(store, AuditEntry, "time", limit=2).next
        assert good is not None
        for bad in ("", "x", "💥", "AAAA", good[:-4], good[3:], good + "x", "%00", "0"):
            with pytest.raises(InvalidCursor):
                self.page(store, AuditEntry, "time", after=bad)
        self.put(store, *(audit(str(at), minute=at) for at in range(4)), tenant="other")
        with pytest.raises(InvalidCursor):
            self.page(store, AuditEntry, "time", after=good, tenant="other")
        for kind, key, values in (
            (ContactEntry, "key", ()),
            (AuditEntry, "subject", ("client:1",)),
        ):
            with pytest.raises(InvalidCursor):
                self.page(store, kind, key, *values, after=good)

        async def collisions() -> None:
            async with self.unit(store, writes=False) as unit:
                await unit.state.collisions(ContactEntry, "key", after="x")

        with pytest.raises(InvalidCursor):
            self.run(collisions())

    def test_tenants(self, store: Store) -> None:
        """No method reads or writes what another tenant has, even under the same id."""
        mine, theirs = counter("a", 1), counter("a", 2)
        self.put(store, mine, audit("x"), contact("client:1", "k"))
        assert self.get(store, GuessCounter, "a", tenant="other") is None
        assert self.find(store, AuditEntry, "subject", "client:1", tenant="other") == []
        assert list(self.page(store, AuditEntry, "time", tenant="other").items) == []
        for write in (Put(evolve(theirs, version=1)), Remove(evolve(theirs, version=1))):
            with pytest.raises(Conflict):
                self.run(self.write(store, write, tenant="other"))
        self.put(store, theirs, contact("client:2", "k"), tenant="other")
        assert self.get(store, GuessCounter, "a") == evolve(mine, version=1)
        assert self.get(store, GuessCounter, "a", tenant="other") == evolve(theirs, version=1)

        async def look() -> None:
            async with self.unit(store, writes=False, tenant="other") as unit:
                assert await unit.state.get_many(AuditEntry, ["x"]) == {}
                assert list((await unit.state.collisions(ContactEntry, "key")).items) == []

        self.run(look())
