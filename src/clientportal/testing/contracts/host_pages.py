"""The part of the host contract about pages: their order, what changes between two of them, and their cursors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from clientportal.errors import InvalidCursor
from clientportal.operations.trusting import CheckedHost
from clientportal.testing.contracts.host_frame import DAY, HOUR, NOW, HostFrame, booked
from clientportal.testing.contracts.host_ground import HostGround
from clientportal.values import RecordRef, When

__all__ = ["PagingHost"]

_MADE_UP = (
    "x",
    "💥",
    "made up",
    "0x",
    "5.",
    "[]",
    "[1]",
    "{}",
    "null",
    '["a","b"]',
    "a" * 3000,
    "\x00",
    "%00",
    "--",
)
_SEALED = ("", "0", "1", "5", "AAAA")
"""These may be cursors of a platform that does not seal them."""


def by_id(ids: Sequence[str]) -> list[list[str]]:
    """The orders that "by id" may mean: as text, or as numbers where they are all numbers."""
    orders = [sorted(ids)]
    if all(id.isascii() and id.isdecimal() for id in ids):
        orders.append(sorted(ids, key=int))
    return orders


class PagingHost(HostFrame):
    """Pages of any size give the same list; what comes and goes meanwhile doubles nothing and hides nothing."""

    @pytest.mark.parametrize("when", list(When), ids=lambda when: when.value)
    def test_order(self, ground: HostGround, when: When) -> None:
        """Upcoming are earliest first, past are latest first, ties by id, in pages of whatever size over all refs."""
        service = self.add_service(ground)
        refs = [self.add_client(ground, f"c{at}", first_name=f"C{at}") for at in range(3)]
        sign = 1 if when is When.UPCOMING else -1
        ids: dict[int, list[str]] = {day: [] for day in (1, 2, 3)}
        for at, day in enumerate([2, 3, 1, 2, 2, 1, 3, 2, 1, 2, 2, 3]):
            wanted = booked(f"o{(at * 7) % 12}", refs[at % 3], NOW + sign * day * DAY, service_id=service)
            ids[day].append(self.add_booked(ground, wanted))
        self.add_booked(ground, booked("other side", refs[0], NOW - sign * DAY, service_id=service))
        orders = [[id for day in (1, 2, 3) for id in by_id(ids[day])[way]] for way in range(len(by_id(ids[2])))]
        for limit in (1, 2, 5, 11, 12, 13):
            assert [one.id for one in self.all_of(ground, refs, when, limit=limit)] in orders, f"pages of {limit}"
        page = self.ask(ground, lambda host: host.appointments(refs, when, NOW, None, 12))
        assert page.next is None, "after the last page there is none"
        assert self.ask(ground, lambda host: host.appointments([], when, NOW, None, 5)).items == ()

    @pytest.mark.parametrize("when", list(When), ids=lambda when: when.value)
    def test_appointments_meanwhile(self, ground: HostGround, when: When) -> None:
        """An appointment that is booked or deleted between two pages is seen once or not at all; no other is missed."""
        service, sign = self.add_service(ground), 1 if when is When.UPCOMING else -1
        ref = self.add_client(ground, "busy", first_name="Busy")

        def add(id: str, hours: int) -> str:
            return self.add_booked(ground, booked(id, ref, NOW + sign * (24 + hours) * HOUR, service_id=service))

        old = [add(f"m{at:02}", at * 2) for at in range(10)]
        if not self.can(ground).delete_appointment:
            self.untried("delete_appointment")

        def ids(after: str | None) -> tuple[list[str], str | None]:
            page = self.ask(ground, lambda host: host.appointments([ref], when, NOW, after, 2))
            return [one.id for one in page.items], page.next

        def come_and_go(turn: int) -> tuple[list[str], list[str]]:
            gone: list[str] = []
            if self.can(ground).delete_appointment:
                gone = [old[turn], old[-1 - turn]] if turn < 2 else []
                for id in gone:
                    self.delete(ground, id)
            return [add(f"n{turn}a", turn * 2 - 23), add(f"n{turn}b", turn * 2 + 5)], gone

        self.through(ids, come_and_go, old)

    def delete(self, ground: HostGround, id: str) -> None:
        """That appointment's row goes."""

        async def work(host: CheckedHost) -> None:
            one = await host.appointment(id)
            assert one is not None
            await host.delete_appointment(one, self.key())

        self.do(ground, work)

    def test_contacts_meanwhile(self, ground: HostGround) -> None:
        """A record that comes or goes during the walk over contacts is seen once or not at all; no other is missed."""
        old = [str(self.add_client(ground, f"m{at:02}", first_name="Old", mobile="021 555 0142")) for at in range(10)]

        def refs(after: str | None) -> tuple[list[str], str | None]:
            page = self.ask(ground, lambda host: host.contacts(after, 2))
            return [str(one.ref) for one in page.items], page.next

        self.through(refs, lambda turn: self.clients_come_and_go(ground, turn, old), old)

    def test_client_list_meanwhile(self, ground: HostGround) -> None:
        """A client who comes or goes between two pages of the list is seen once or not at all; no other is missed."""
        self.needs(ground, "client_list")
        old = [str(self.add_client(ground, f"m{at:02}", first_name="Old", last_name=f"M{at:02}")) for at in range(10)]

        def refs(after: str | None) -> tuple[list[str], str | None]:
            page = self.ask(ground, lambda host: host.client_list(None, after, 2))
            return [str(one.ref) for one in page.items], page.next

        self.through(refs, lambda turn: self.clients_come_and_go(ground, turn, old), old)

    def clients_come_and_go(self, ground: HostGround, turn: int, old: Sequence[str]) -> tuple[list[str], list[str]]:
        """Two new ones, before and behind; one that was seen goes, and one that was not."""
        if not self.can(ground).delete_client:
            self.untried("delete_client")
        gone = [old[turn], old[-1 - turn]] if turn < 2 and self.can(ground).delete_client else []
        for ref in gone:
            self.change(ground, "delete_client", RecordRef.parse(ref), self.key())
        new = [("a", "A"), ("z", "Zz")]
        return [str(self.add_client(ground, f"{id}{turn}", first_name="New", last_name=f"{last}{turn}"))
                for id, last in new], gone  # fmt: skip

    def through(
        self,
        page: Callable[[str | None], tuple[list[str], str | None]],
        change: Callable[[int], tuple[list[str], list[str]]],
        old: Sequence[str],
    ) -> None:
        """Walk through the pages, with a change after each of the first four."""
        seen: list[str] = []
        after: str | None = None
        changed: set[str] = set()
        turn = 0
        while True:
            items, after = page(after)
            seen += items
            if after is None:
                break
            if turn < 4:
                new, gone = change(turn)
                changed.update(new, gone)
                turn += 1
            assert turn <= 4
            assert len(seen) < 200, "these pages never end"
        doubled = sorted({one for one in seen if seen.count(one) > 1})
        missed = [one for one in old if one not in changed and one not in seen]
        assert (doubled, missed) == ([], []), "listed twice, never listed"

    @pytest.mark.parametrize("listing", ["contacts", "appointments", "client_list"])
    def test_cursors(self, ground: HostGround, listing: str) -> None:
        """A cursor that was made up, cut, or made for another list or business is refused as ``InvalidCursor``."""
        if listing == "client_list":
            self.needs(ground, "client_list")
        mine, theirs = (self.salon(ground, business) for business in ground.businesses)
        extra = booked("more", mine.ana, NOW + 9 * DAY, service_id=mine.service)
        self.add_booked(ground, extra)

        def page(after: str | None, *, when: When = When.UPCOMING, business: str | None = None) -> Any:
            refs = [theirs.ana, theirs.ben] if business else [mine.ana, mine.ben]
            asks: dict[str, Callable[[CheckedHost], Any]] = {
                "contacts": lambda host: host.contacts(after, 1),
                "appointments": lambda host: host.appointments(refs, when, NOW, after, 1),
                "client_list": lambda host: host.client_list(None, after, 1),
            }
            return self.ask(ground, asks[listing], business)

        good = page(None).next
        assert good
        bad = list(_MADE_UP)
        if self.has(ground, "sealed_cursors"):
            bad += [*_SEALED, good[:-1], good[:-4], good[1:], good + "x", good[::-1], good.swapcase()]
            with pytest.raises(InvalidCursor):
                page(good, business=ground.businesses[1])
            if listing == "appointments":
                with pytest.raises(InvalidCursor):
                    page(good, when=When.PAST)
        else:
            for cursor in _SEALED:
                with contextlib.suppress(InvalidCursor):
                    page(cursor)  # any page of its own list, and no other error
        for cursor in bad:
            if cursor != good:
                with pytest.raises(InvalidCursor):
                    page(cursor)
