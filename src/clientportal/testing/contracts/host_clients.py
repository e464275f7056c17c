"""The part of the host contract about client rows: create, change, delete, erase, and the list of them."""

from __future__ import annotations

from typing import Any

from clientportal.operations.trusting import CheckedHost
from clientportal.ports.host import RawContacts
from clientportal.testing.contracts.host_frame import DAY, NOW, Salon, booked
from clientportal.testing.contracts.host_ground import HostGround
from clientportal.testing.contracts.host_writes import WritingHost
from clientportal.values import (
    Address,
    Answer,
    AnswerKind,
    ClientChange,
    ClientDraft,
    ClientRecord,
    HostAnswer,
    Prefill,
    RecordRef,
    When,
)

__all__ = ["ClientsHost"]

_CONTACTS = ("mobile", "phone", "email")
_DRAFTED = ("first_name", "last_name", "email", "phone", "mobile", "address", "notes")


class ClientsHost(WritingHost):
    """What staff do with clients."""

    def test_create(self, ground: HostGround) -> None:
        """A new client has the fields of the draft and nothing else, and is walked like the others."""
        self.needs(ground, "create_client")
        given: dict[str, Any] = {
            "first_name": "Cleo", "last_name": "van Dyk", "mobile": "021 555-0177", "email": "Cleo@Example.com",
            "phone": "09 555 0177", "address": Address(city="Nelson"), "notes": "asks for tea",
        }  # fmt: skip
        kept = {name for name in _DRAFTED if self.has(ground, name)}
        if not self.has(ground, "client_mobile"):
            kept -= {"mobile"}
        given = {name: value for name, value in given.items() if name in kept}
        drafts: list[dict[str, Any]] = [given, {"first_name": "Bo"}, self.reached(ground, "021 555 0178")]
        for draft in drafts:
            answer = self.change(ground, "create_client", ClientDraft(**draft), self.key())
            assert answer.kind is AnswerKind.DONE
            ref = answer.ref
            assert ref is not None
            (record,) = self.read(ground, "clients", [ref])
            assert {name: getattr(record, name) for name in _DRAFTED} == {name: draft.get(name) for name in _DRAFTED}
            assert (record.last_booked_at, record.usable, bool(record.version)) == (None, True, True)
            walked = [one for one in self.run(self.walked(ground)) if one.ref == ref]
            contacts = tuple(draft.get(name) for name in _CONTACTS)
            told = [tuple(getattr(one, name) for name in _CONTACTS) for one in walked]
            assert told == ([contacts] if any(contacts) else [contacts] * len(walked))

    def test_create_several(self, ground: HostGround) -> None:
        """Several drafts are answered each, in their order, with records of their own."""
        self.needs(ground, "create_client")
        drafts = [(ClientDraft(f"N{at}", **self.reached(ground, f"021 555 02{at:02}")), self.key()) for at in range(25)]
        answers = self.do(ground, lambda host: host.create_clients(drafts))
        refs = [answer.ref for answer in answers if answer.ref is not None]
        assert len(set(refs)) == len(drafts)
        found = {one.ref: one for one in self.ask(ground, lambda host: host.clients(refs))}
        assert [found[ref].first_name for ref in refs] == [draft.first_name for draft, _ in drafts]
        assert list(self.do(ground, lambda host: host.create_clients([]))) == []

    def test_update(self, ground: HostGround) -> None:
        """A change writes the fields that it names and no other; the version is another afterwards."""
        self.needs(ground, "update_client")
        full: dict[str, Any] = {
            "first_name": "Ana", "last_name": "Kingi", "email": "ana@example.com", "mobile": "021 555 0142",
            "phone": "09 555 0142", "address": Address("1 High St", "Auckland"), "notes": "likes tea",
            "custom": {"shoe": "42"}, "consents": {"marketing_email": True},
        }  # fmt: skip
        ref = self.add_client(ground, "ana", **full)
        other = self.add_client(ground, "other", first_name="Other", mobile="021 555 0142")
        before = self.ask(ground, lambda host: self.record(host, ref))
        reach = next(iter(self.reached(ground, "021 555 0142")))
        for thing in ("mobile", "client_mobile"):
            self.has(ground, thing)
        again = self.reached(ground, "021 555 0999")
        for fields in (again, {"last_name": None}, {"first_name": "Anna", reach: None}):
            seen = self.ask(ground, lambda host: self.record(host, ref))
            change = ClientChange(seen.version, fields)
            answer = self.change(ground, "update_client", ref, change, self.key())
            assert answer.kind is AnswerKind.DONE
            after = self.ask(ground, lambda host: self.record(host, ref))
            self._changed(ground, seen, after, change)
        bystander = self.ask(ground, lambda host: self.record(host, other))
        assert (bystander.first_name, bystander.mobile) == ("Other", "021 555 0142" if reach == "mobile" else None)
        assert before.created_at == self.ask(ground, lambda host: self.record(host, ref)).created_at

    def _changed(self, ground: HostGround, before: ClientRecord, after: ClientRecord, change: ClientChange) -> None:
        wanted = change.applied_to(before, NOW)
        for name in (*_DRAFTED, "custom", "birthday", "consents", "usable", "last_booked_at"):
            assert getattr(after, name) == getattr(wanted, name), f"{name} after a change of {', '.join(change.fields)}"
        assert after.version != before.version
        if self.has(ground, "changed_at"):
            earlier, stamps = before.changed_at or {}, after.changed_at or {}
            assert set(stamps) == {*earlier, *change.fields}, "the time of each field that was written, and of no other"
            assert {name: stamps[name] for name in earlier.keys() - change.fields.keys()} == {
                name: at for name, at in earlier.items() if name not in change.fields
            }
            assert after.cleared == wanted.cleared

    def test_update_nobody(self, ground: HostGround) -> None:
        """A change of a client who is not there is ``DECLINED``."""
        self.needs(ground, "update_client")
        for nobody in (RecordRef.client("987654321"), RecordRef.booking("987654321")):
            change = ClientChange("1", {"first_name": "Nobody"})
            answer = self.change(ground, "update_client", nobody, change, self.key())
            assert answer.kind is AnswerKind.DECLINED

    def test_delete(self, ground: HostGround) -> None:
        """A deleted client's row is gone, the appointments are listed for that ref as before; twice does no harm."""
        self.needs(ground, "delete_client")
        salon = self.salon(ground)
        before = {when: self.all_of(ground, [salon.ana], when) for when in When}
        assert self.do(ground, lambda host: host.delete_client(salon.ana, self.key())).kind is AnswerKind.DONE
        found = self.ask(ground, lambda host: host.clients([salon.ana, salon.ben]))
        assert [one.ref for one in found] == [salon.ben]
        assert salon.ana not in [one.ref for one in self.run(self.walked(ground))]
        assert {when: self.all_of(ground, [salon.ana], when) for when in When} == before
        assert self.ask(ground, lambda host: host.appointment(salon.next)) == before[When.UPCOMING][0]
        again = self.do(ground, lambda host: host.delete_client(salon.ana, self.key()))
        assert again.kind is AnswerKind.DECLINED

    def test_erase(self, ground: HostGround) -> None:
        """Erasing leaves the row without a person in it, usable by nobody, and the business's books as they were."""
        self.needs(ground, "erase_client")
        salon, can = self.salon(ground), self.can(ground)
        if can.prefill:
            self.put(lambda: ground.add_prefill(salon.business, salon.ana, self._answered(salon)))
        books = {when: self.all_of(ground, [salon.ana], when) for when in When}
        ben = self.ask(ground, lambda host: self.record(host, salon.ben))
        for _ in range(2):
            answer = self.do(ground, lambda host: host.erase_client([salon.ana], self.key()))
            assert answer.kind is AnswerKind.DONE, "done also where there is nothing left"
            record = self.ask(ground, lambda host: self.record(host, salon.ana))
            assert not record.usable
            assert not any(getattr(record, name) for name in (*_DRAFTED, "custom", "birthday"))
            walked = [one for one in self.run(self.walked(ground)) if one.ref == salon.ana]
            assert not any(one.mobile or one.phone or one.email or one.name for one in walked)
            for when, listed in books.items():
                now = self.all_of(ground, [salon.ana], when)
                assert [(one.id, one.start, one.end, one.service_id, one.price, one.status) for one in now] == [
                    (one.id, one.start, one.end, one.service_id, one.price, one.status) for one in listed
                ]
                assert [one.booked_as for one in now] == [""] * len(now)
            if can.prefill:
                assert self.ask(ground, lambda host: host.prefill([salon.ana])) == Prefill()
        assert self.ask(ground, lambda host: self.record(host, salon.ben)) == ben, "nobody else"
        if self.has(ground, "booked_as"):
            assert self.ask(ground, lambda host: self.appointment(host, salon.bens)).booked_as == "bens"

    def _answered(self, salon: Salon) -> Prefill:
        return Prefill((Answer("intake", "allergies", "nuts", NOW),))

    def test_erase_after_deletion(self, ground: HostGround) -> None:
        """Erasing reaches the bookings of a client whose row is deleted."""
        self.needs(ground, "erase_client", "delete_client")
        self.keeps(ground, "booked_as")
        salon = self.salon(ground)
        self.do(ground, lambda host: host.delete_client(salon.ana, self.key()))
        self.do(ground, lambda host: host.erase_client([salon.ana], self.key()))
        found = self.all_of(ground, [salon.ana], When.UPCOMING)
        assert [one.booked_as for one in found] == [""]

    def test_erase_guests(self, ground: HostGround) -> None:
        """Erasing a booking without a client row takes the name and the contacts that were typed there."""
        self.needs(ground, "erase_client")
        self.keeps(ground, "guests")
        salon = self.salon(ground)
        typed = RawContacts(RecordRef.booking("gus"), mobile="021 555 0199", email="gus@example.com")
        wanted = booked("gus", typed.ref, NOW + DAY, service_id=salon.service, booked_as="Gus")
        ref = RecordRef.booking(self.add_booked(ground, wanted, contacts=typed))
        self.do(ground, lambda host: host.erase_client([ref], self.key()))
        for record in self.ask(ground, lambda host: host.clients([ref])):
            assert not any(getattr(record, name) for name in _DRAFTED)
        walked = [one for one in self.run(self.walked(ground)) if one.ref == ref]
        assert not any(one.mobile or one.email for one in walked)
        (one,) = self.all_of(ground, [ref], When.UPCOMING)
        assert (one.booked_as, one.start) == ("", wanted.start)
        if "booked_as" not in ground.lacks:
            assert self.ask(ground, lambda host: self.appointment(host, salon.next)).booked_as, "nobody else's"

    def test_erase_copies(self, ground: HostGround) -> None:
        """Elsewhere, the answers that are kept under their keys are erased with the rest."""
        self.needs(ground, "erase_client", "book", "slots")
        self.keeps(ground, "booked_as")
        if ground.host.shares_transaction:
            self.not_declared("tables elsewhere")
        salon, key = self.salon(ground), self.key()

        async def book(host: CheckedHost) -> HostAnswer:
            slot = await host.slot(salon.slots[0])
            assert slot is not None
            return await host.book(salon.ana, slot, "Ana's mum", key)

        self.do(ground, book)
        self.do(ground, lambda host: host.erase_client([salon.ana], self.key()))
        kept = self.ask(ground, lambda host: host.outcome(key))
        assert kept is None or kept.appointment is None or kept.appointment.booked_as == ""

    # --- the list

    def test_list(self, ground: HostGround) -> None:
        """Everybody is listed by last name, first name and id without regard to case; who lacks a name comes after."""
        self.needs(ground, "client_list")
        names = [("Zoe", "adams"), ("ana", "Baker"), ("Bo", "baker"), ("bo", "Clark"), (None, "Clark"), ("Amy", None),
                 ("eve", None)]  # fmt: skip
        for at in (3, 6, 0, 5, 2, 4, 1):
            first, last = names[at]
            self.add_client(ground, f"l{at}", first_name=first, last_name=last, mobile="021 555 0142")
        twins = [self.add_client(ground, f"twin{at}", first_name="Tui", last_name="Dean") for at in (2, 1, 3)]
        if self.has(ground, "guests"):
            service = self.add_service(ground)
            guest = booked("gus", RecordRef.booking("gus"), NOW + DAY, booked_as="Gus", service_id=service)
            self.add_booked(ground, guest, contacts=RawContacts(guest.ref, mobile="021 555 0199"))
        expected = [*names[:5], *[("Tui", "Dean")] * 3, *names[5:]]
        for limit in (1, 3, 9, 10, 11):
            found = self._list(ground, limit=limit)
            assert [(one.first_name, one.last_name) for one in found] == expected, f"pages of {limit}"
        ids = [one.ref for one in self._list(ground) if one.last_name == "Dean"]
        ordered = [sorted(twins)]
        if all(ref.id.isdecimal() for ref in twins):
            ordered.append(sorted(twins, key=lambda ref: int(ref.id)))
        assert ids in ordered

    def _list(self, ground: HostGround, search: str | None = None, limit: int = 50) -> list[ClientRecord]:
        found: list[ClientRecord] = []
        after: str | None = None
        while True:
            page = self.read(ground, "client_list", search, after, limit)
            found += page.items
            after = page.next
            if after is None:
                return found
            assert len(found) < 1000, "these pages never end"

    def test_list_shows_the_record(self, ground: HostGround) -> None:
        """A line of the list is the same record that ``clients`` gives, erased and shut ones among them."""
        self.needs(ground, "client_list")
        salon = self.salon(ground)
        if self.can(ground).erase_client:
            self.do(ground, lambda host: host.erase_client([salon.ben], self.key()))
        listed = {one.ref: one for one in self._list(ground)}
        assert set(listed) == {salon.ana, salon.ben}
        for one in self.ask(ground, lambda host: host.clients([salon.ana, salon.ben])):
            line = listed[one.ref]
            assert (line.name, line.mobile, line.email, line.usable, line.version) == (
                one.name, one.mobile, one.email, one.usable, one.version,
            )  # fmt: skip

    def test_search(self, ground: HostGround) -> None:
        """A search finds those in whose name, email or numbers every word occurs; ``%`` and ``_`` are themselves."""
        self.needs(ground, "client_list")
        given: list[dict[str, Any]] = [
            {"first_name": "Ana", "last_name": "Kingi", "mobile": "021 555 0142", "email": "ana.k@example.com"},
            {"first_name": "Ben", "last_name": "King_Lee", "mobile": "021 555 0163", "email": "ben@example.org"},
            {"first_name": "Cy", "last_name": "100%", "mobile": "021 555 0199"},
        ]
        refs = [self.add_client(ground, f"s{at}", **fields) for at, fields in enumerate(given)]
        searches = {
            "king": [0, 1], "KINGI": [0], "ana king": [0], "king ana": [0], "ben kingi": [], "g_l": [1], "_": [1],
            "%": [2], "0%": [2], "k%i": [], "'": [], "nobody": [], "in": [0, 1], "\\": [],
        }  # fmt: skip
        if self.has(ground, "email"):
            searches |= {"example.org": [1], "EXAMPLE": [0, 1]}
        for search, expected in searches.items():
            found = {one.ref for one in self._list(ground, search)}
            assert found == {refs[at] for at in expected}, f"search {search!r}"
        assert len(self._list(ground, "king", limit=1)) == 2
        assert len(self._list(ground, "")) == len(refs)
