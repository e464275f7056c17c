"""The part of the host contract about sections: whose items are listed, in which order, and what is said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from attrs import evolve

from clientportal.operations.trusting import CheckedHost
from clientportal.ports.host import RawContacts
from clientportal.testing.contracts.host_frame import DAY, NOW, booked
from clientportal.testing.contracts.host_ground import HostGround
from clientportal.testing.contracts.host_reads import ODD
from clientportal.testing.contracts.section_examples import NEEDS_ONE
from clientportal.testing.contracts.section_frame import SectionFrame
from clientportal.values import Money, RecordRef
from clientportal.values.documents import Document
from clientportal.values.invoices import Invoice, sums
from clientportal.values.referrals import ReferralCredit

__all__ = ["SectionsHost"]

_LETTERS = bytes(range(256)) * 2500 + b"the end"
"""More than two pieces of whatever size somebody keeps contents in."""


class SectionsHost(SectionFrame):
    """What a section lists, finds and adds up."""

    def test_sections(self, ground: HostGround) -> None:
        """A section is found by its own name, says whether it is active, and there is none by any other name."""
        for name in self.all_sections(ground):

            async def look(host: CheckedHost, name: str = name) -> None:
                one = await self.section(host, name)
                assert one.name == name
                assert await one.active() in (True, False)
                assert set(one.actions) == set(map(str, one.actions)), "actions are texts"

            self.ask(ground, look)
        for name in ODD:
            assert self.read(ground, "section", name) is None, f"section({name!r:.40})"

    def test_section_pages(self, ground: HostGround) -> None:
        """Pages of any size list each item of the union of the refs once, in the section's order, and no other."""
        salon = self.salon(ground)
        for name in self.listed_sections(ground):
            whose = [salon.ana, salon.ben, salon.ana, salon.ana, salon.ben, salon.ana, salon.ana]
            mixed = [3, 6, 1, 5, 2, 0, 4]
            given = {place: self.add_example(ground, name, f"{name}-{place}", whose[place], place) for place in mixed}
            every = [given[place] for place in sorted(given, reverse=True)]
            both = [salon.ana, salon.ben]
            assert self.items(ground, name, []) == [], f"{name}.page([])"
            for refs in (both, [salon.ben, salon.ana, salon.ben]):
                for limit in (1, 2, 3, 6, 7, 8, 50):
                    assert self.ids(ground, name, refs, limit) == every, f"{name}.page() in pages of {limit}"
            for ref in both:
                own = [given[place] for place in sorted(given, reverse=True) if whose[place] == ref]
                assert self.ids(ground, name, [ref], 2) == own, f"{name}.page() of one record"
                assert {one.ref for one in self.items(ground, name, [ref])} == {ref}

    def test_section_ties(self, ground: HostGround) -> None:
        """What stands in the same place is listed once each, in an order that does not change from page to page."""
        salon = self.salon(ground)
        for name in self.listed_sections(ground):
            given = {self.add_example(ground, name, f"{name}-{at}", salon.ana, 5) for at in (3, 1, 4, 2, 5)}
            whole = self.ids(ground, name, [salon.ana])
            assert set(whole) == given
            for limit in (1, 2, 3):
                assert self.ids(ground, name, [salon.ana], limit) == whole, f"{name}.page() in pages of {limit}"

    def test_section_inserts(self, ground: HostGround) -> None:
        """What is added while somebody turns the pages makes nothing appear twice, or not at all."""
        salon = self.salon(ground)
        for name in self.listed_sections(ground):
            places = [10, 20, 30, 40, 50, 60]
            given = [self.add_example(ground, name, f"{name}-{at}", salon.ana, at) for at in reversed(places)]

            async def turn(after: str | None, name: str = name) -> Any:
                async with ground.store.begin(salon.business, ground.host, writes=False) as unit:
                    return await (await self.section(CheckedHost(unit.host), name)).page([salon.ana], after, 2)

            first = self.run(turn(None))
            for at in (65, 55, 45, 5):
                self.add_example(ground, name, f"{name}-late-{at}", salon.ana, at)
            seen, after = [one.id for one in first.items], first.next
            while after is not None:
                page = self.run(turn(after))
                seen += [one.id for one in page.items]
                after = page.next
                assert len(seen) < 50, f"the pages of {name} never end"
            assert [id for id in seen if id in given] == given, f"{name}.page() while items are added"
            assert max(Counter(seen).values()) == 1, f"{name}.page() while items are added"

    def test_section_refs(self, ground: HostGround) -> None:
        """A client's items come for that client among any number of refs, and for no booking of theirs."""
        salon = self.salon(ground)
        many = [RecordRef.client(f"98765{at}") for at in range(1500)]
        odd = [RecordRef.client(id) for id in ODD if id and len(id) <= 200 and not set(id) & {"\x00", "\ud800"}]
        for name in self.listed_sections(ground):
            given = self.add_example(ground, name, f"{name}-1", salon.ana)
            self.add_example(ground, name, f"{name}-2", salon.ben)
            assert self.ids(ground, name, [RecordRef.booking(salon.next), *many[:3]]) == [], f"{name}.page()"
            assert self.ids(ground, name, [*many, *odd, salon.ana]) == [given], f"{name}.page() of many refs"

    def test_section_after_deleting(self, ground: HostGround) -> None:
        """What a client has is still listed for them after their row is gone."""
        self.needs(ground, "delete_client")
        salon, names = self.salon(ground), self.listed_sections(ground)
        given = {name: self.add_example(ground, name, f"{name}-1", salon.ana) for name in names}
        self.do(ground, lambda host: host.delete_client(salon.ana, self.key()))
        for name in names:
            assert self.ids(ground, name, [salon.ana]) == [given[name]], f"{name}.page()"

    def test_section_one(self, ground: HostGround) -> None:
        """An item is found by its id just as it is listed; text that is no id of one is simply absent."""
        salon = self.salon(ground)
        for name in self.listed_sections(ground):
            id = self.add_example(ground, name, f"{name}-1", salon.ana)
            (listed,) = self.items(ground, name, [salon.ana])
            found = self.found(ground, name, id)
            assert found == listed or (found is None and name not in NEEDS_ONE), f"{name}.one()"
            for odd in (*ODD, f"{id} ", f"{id}x", id.upper() if id.upper() != id else "no such id"):
                assert self.found(ground, name, odd) is None, f"{name}.one({odd!r:.40})"

    def test_section_amounts(self, ground: HostGround) -> None:
        """An item says to the cent and to the second what was put there: its money, its credits, its place."""
        salon = self.salon(ground)
        for name in self.listed_sections(ground):
            wanted = self.example(ground, name, f"{name}-1", salon.ana, 7)
            self.add_item(ground, wanted)
            (listed,) = self.items(ground, name, [salon.ana])
            assert isinstance(listed, type(wanted))
            assert (listed.counted_as, listed.listed_by) == (wanted.counted_as, wanted.listed_by), name

    def test_section_branches(self, ground: HostGround) -> None:
        """At one business of a franchise its own items and the parent's are listed, and pages are full of those."""
        self.keeps(ground, "franchises")
        salon = self.salon(ground)
        for name in self.listed_sections(ground):
            given = [
                self.add_example(ground, name, f"{name}-{at}", salon.ana, at, business=("", "north", "south")[at % 3])
                for at in range(9)
            ]
            north = [given[at] for at in reversed(range(9)) if at % 3 != 2]
            for limit in (1, 2, 50):
                found = [one.id for one in self.items(ground, name, [salon.ana], limit, branch="north")]
                assert found == north, f"{name}.page() at one business, in pages of {limit}"
            assert self.ids(ground, name, [salon.ana], 4) == given[::-1], f"{name}.page() at the parent"

    # --- what some sections say besides

    def test_documents_chunks(self, ground: HostGround) -> None:
        """A piece of a document has exactly the bytes that were asked for, wherever it begins and ends."""
        self.needs_section(ground, "documents")
        salon = self.salon(ground)
        one = self.example(ground, "documents", "plan", salon.ana)
        document: Document = self.found(ground, "documents", self.add_item(ground, one, content=_LETTERS))
        size = len(_LETTERS)
        assert document.size == size
        middle = 256 * 1024
        for begin, count in (
            (0, 1), (0, size), (1, size - 1), (size - 1, 1), (middle - 1, 2), (middle, 1), (3, 2 * middle),
            (70_000, 65_536),
        ):  # fmt: skip
            piece = self.asks(ground, "documents", "chunk", document, begin, count)
            # Not left to the assert: pytest would look for what differs in half a million bytes, for minutes.
            exact: bool = piece == _LETTERS[begin : begin + count]
            assert exact, f"documents.chunk({begin}, {count}) has other bytes, or another number of them"

    def test_documents_newer(self, ground: HostGround) -> None:
        """Documents that are newer than a moment are as many as the list has that were shared after it."""
        self.needs_section(ground, "documents")
        salon = self.salon(ground)
        for at, ref in ((1, salon.ana), (2, salon.ben), (3, salon.ana), (3, salon.ana)):
            self.add_example(ground, "documents", f"d{at}-{ref.id}-{self.key()}", ref, at)
        for refs in ([salon.ana], [salon.ben], [salon.ben, salon.ana, salon.ana], [RecordRef.booking(salon.next)], []):
            shared = [one.shared_at for one in self.items(ground, "documents", refs)]
            assert self.asks(ground, "documents", "newer", refs, None) == len(shared)
            for since in (*shared, *(one - ground.precision for one in shared), NOW):
                counted = sum(one > since for one in shared)
                assert self.asks(ground, "documents", "newer", refs, since) == counted, f"newer({since})"

    def test_due(self, ground: HostGround) -> None:
        """What is owed is the exact sum of the open invoices that are listed, one for each currency."""
        self.needs_section(ground, "payments")
        salon = self.salon(ground)
        for at in range(10):
            self._owes(ground, f"ana-{at}", salon.ana, "0.10")
        self._owes(ground, "aud", salon.ana, "12.35", currency="AUD")
        self._owes(ground, "paid", salon.ana, "70.00", status="paid")
        self._owes(ground, "void", salon.ana, "9.00", status="void")
        self._owes(ground, "ben", salon.ben, "999999999.99")
        owed = {Money("1.00", "NZD"), Money("12.35", "AUD")}
        assert set(self.asks(ground, "payments", "due", [salon.ana])) == owed
        for refs in ([salon.ana, salon.ana], [salon.ana, salon.ben], [salon.ben], [RecordRef.booking(salon.next)], []):
            told = self.asks(ground, "payments", "due", refs)
            assert sorted(told, key=str) == sorted(self._listed_due(ground, refs), key=str), "due() is what is listed"

    def _owes(
        self, ground: HostGround, id: str, ref: RecordRef, amount: str, *, currency: str = "NZD", status: str = "open"
    ) -> None:
        total = Money(amount, currency)
        due = total if status == "open" else Money(0, currency)
        self.add_item(
            ground, Invoice(id=id, ref=ref, name=id, issued_at=NOW - DAY, total=total, due=due, status=status)
        )

    def _listed_due(self, ground: HostGround, refs: Iterable[RecordRef]) -> tuple[Money, ...]:
        return sums(one.due for one in self.items(ground, "payments", list(refs)))

    def test_credits(self, ground: HostGround) -> None:
        """What was earned by recommending adds up to what was put there, by currency and in points."""
        self.needs_section(ground, "referrals")
        salon = self.salon(ground)
        earned = [Money("10.10", "NZD"), Money("5.05", "NZD"), Money("7.00", "AUD")]
        for at, amount in enumerate(earned):
            self.add_item(ground, ReferralCredit(id=f"m{at}", ref=salon.ana, earned_at=NOW - at * DAY, amount=amount))
        self.add_item(ground, ReferralCredit(id="p", ref=salon.ana, earned_at=NOW - DAY, points=40))
        self.add_item(ground, ReferralCredit(id="b", ref=salon.ben, earned_at=NOW - DAY, points=3))
        for refs, amounts, points in (
            ([salon.ana], sums(earned), 40),
            ([salon.ben], (), 3),
            ([salon.ben, salon.ana, salon.ben], sums(earned), 43),
            ([RecordRef.booking(salon.next)], (), 0),
            ([], (), 0),
        ):
            told = self.asks(ground, "referrals", "credits", refs)
            assert sums(one.amount for one in told if one.amount is not None) == amounts
            assert sum(one.points or 0 for one in told) == points

    # --- what happens to a whole client

    def test_sections_erased(self, ground: HostGround) -> None:
        """Of an erased client's items nothing personal is left in any section; everybody else's stay."""
        self.needs(ground, "erase_client")
        salon, names = self.salon(ground), self.all_sections(ground)
        for name in names:
            self.add_example(ground, name, f"{name}-1", salon.ana)
            self.add_example(ground, name, f"{name}-2", salon.ben)
        kept = {name: self.items(ground, name, [salon.ben]) for name in names}
        self.do(ground, lambda host: host.erase_client([salon.ana], self.key()))
        for name in names:
            left = self.items(ground, name, [salon.ana])
            assert [one.erased() for one in left] == left, f"{name}: what is left says something of an erased client"
            assert self.items(ground, name, [salon.ben]) == kept[name], f"{name}: somebody else was erased, too"

    def test_sections_reassigned(self, ground: HostGround) -> None:
        """A merge moves what a client holds to the survivor, each item once, and an undo takes it back whole."""
        self.needs(ground, "reassign")
        salon, names = self.salon(ground), self.listed_sections(ground)
        for name in names:
            self.add_example(ground, name, f"{name}-1", salon.ana, 1)
            self.add_example(ground, name, f"{name}-2", salon.ben, 2)
        both = [salon.ana, salon.ben]
        before = {name: (self.items(ground, name, both), self.items(ground, name, [salon.ben])) for name in names}
        self.do(ground, lambda host: host.reassign([salon.ben], salon.ana, self.key()))
        for name in names:
            moves = self.ask(ground, partial(self._moves, name=name))
            raw = self.asks(ground, name, "page", both, None, 9).items
            whose = {one.id: (one.ref, one.moved_from) for one in raw}
            (bens,) = (one.id for one in before[name][1])
            expected = (salon.ana, salon.ben) if moves else (salon.ben, None)
            assert whose[bens] == expected, f"{name}: whose it is after a merge"
            assert self.items(ground, name, both) == before[name][0], f"{name}: nothing else has changed"
        self.do(ground, lambda host: host.restore([salon.ben], salon.ben, self.key()))
        for name in names:
            assert self.items(ground, name, both) == before[name][0], name
            assert self.items(ground, name, [salon.ben]) == before[name][1], name

    async def _moves(self, host: CheckedHost, name: str) -> bool:
        return (await self.section(host, name)).port.moves

    def test_demo_client(self, ground: HostGround) -> None:
        """The demo client stands first in the list, says that it is one, and nobody else says so."""
        self.needs(ground, "client_list")
        self.keeps(ground, "demo")
        self.salon(ground)
        you = self.add_client(ground, "you", first_name="Zoë", last_name="Zz You", mobile="021 555 0100", demo=True)
        first, *others = self.read(ground, "client_list", None, None, 9).items
        assert (first.ref, first.demo) == (you, True)
        assert not any(one.demo for one in others)
        assert len(others) == 2
        told = {one.ref: one.demo for one in self.run(self.walked(ground))}
        assert told[you] is True
        assert sum(told.values()) == 1
        page = self.read(ground, "client_list", None, None, 1)
        rest = self.read(ground, "client_list", None, page.next, 9)
        assert [one.ref for one in rest.items] == [one.ref for one in others]

    def test_guest_items(self, ground: HostGround) -> None:
        """What came with one booking is listed by that booking's ref, and for nobody else."""
        self.keeps(ground, "guests", "booking_items")
        salon = self.salon(ground)
        typed = RawContacts(RecordRef.booking("gus"), **self.reached(ground, "021 555 0199", guest=True))
        wanted = booked("gus", typed.ref, NOW + timedelta(days=2), service_id=salon.service, booked_as="Gus")
        gus = RecordRef.booking(self.add_booked(ground, wanted, contacts=typed))
        for name in self.listed_sections(ground):
            given = self.add_item(ground, evolve(self.example(ground, name, f"{name}-g", gus)))
            assert self.ids(ground, name, [gus]) == [given], name
            assert self.ids(ground, name, [salon.ana, salon.ben]) == [], name
