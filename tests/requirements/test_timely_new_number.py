"""Timely: a number that is on no record (T6)."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Business, ClientRecord, HostError, Reason, RecordRef, Refused
from clientportal.records import Session
from world import World, at, client

NEW = "027 555 0001"
KEY = "+64275550001"


def rows(world: World) -> int:
    """How many people the platform's tables have."""
    return len(world.ask("contacts", None, 200).items)


def at_once(world: World, tries: list[tuple[Any, str]]) -> list[Any]:
    """Type several codes in at the same moment: in threads, or as tasks of one loop."""
    if world.awaited:
        door = world.portal._awaited.visitor(world.tenant)

        async def race() -> list[Any]:
            return list(
                await asyncio.gather(
                    *(door.verify_code(handle, code) for handle, code in tries), return_exceptions=True
                )
            )

        return list(world.run(race()))
    answers: list[Any] = [None] * len(tries)
    ready = threading.Barrier(len(tries))

    def run(place: int) -> None:
        ready.wait()
        try:
            answers[place] = world.visitor().verify_code(*tries[place])
        except Exception as error:
            answers[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(tries))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.requirement("T6")
def test_an_unknown_number_gets_one_new_empty_record_and_a_session_for_it(world: World) -> None:
    """After the proof, and only then, a record is made with that mobile and nothing else; the session is for it."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.book("a1", ana, "2026-11-30 09:00")
    assert rows(world) == 1

    sent, code = world.get_code(NEW)
    assert rows(world) == 1, "asking for a code makes nobody"
    signed_in = world.visitor().verify_code(sent.handle, code)

    assert signed_in.new_record
    assert isinstance(signed_in.record, RecordRef)
    assert signed_in.record != ana
    assert rows(world) == 2
    (record,) = world.ask("clients", [signed_in.record])
    fields = ("first_name", "last_name", "email", "phone", "mobile", "address", "notes", "last_booked_at")
    assert {name: getattr(record, name) for name in fields if getattr(record, name) is not None} == {"mobile": KEY}
    assert record.custom == {}

    door = world.client(signed_in)
    profile = door.profile()
    assert (profile.first_name, profile.last_name, profile.email, profile.mobile) == (None, None, None, KEY)
    assert door.appointments().items == ()
    assert door.appointments("past").items == ()


@pytest.mark.requirement("T6")
@pytest.mark.parametrize("typed", [NEW, "+64 27 555 0001", "0064 27 5550001"])
def test_the_next_login_reaches_the_same_record(world: World, typed: str) -> None:
    """In any spelling, without the platform telling the index anything: the same record, not a second one."""
    first = world.sign_in(NEW)
    again = world.sign_in(typed)
    assert again.record == first.record
    assert not again.new_record
    assert rows(world) == 1


@pytest.mark.requirement("T6")
def test_a_wrong_code_makes_no_record(world: World) -> None:
    """Without the proof nobody is made, however often a stranger tries."""
    sent, code = world.get_code(NEW)
    for step in range(1, 3):
        with pytest.raises(Refused) as refused:
            world.visitor().verify_code(sent.handle, f"{(int(code) + step) % 1_000_000:06d}")
        assert refused.value.reason is Reason.CODE_WRONG
    assert rows(world) == 0


def slow(world: World) -> Any:
    """The platform, taking its time to make a client: whoever looks meanwhile finds nobody."""
    plain = world.host

    class Slow(plain):  # type: ignore[misc, valid-type]
        """Waits before it writes."""

        def create_client(self, draft: Any, key: str) -> Any:
            if world.awaited:
                return self._after_a_while(draft, key)
            time.sleep(0.1)
            return super().create_client(draft, key)

        async def _after_a_while(self, draft: Any, key: str) -> Any:
            await asyncio.sleep(0.1)
            answer = super().create_client(draft, key)
            return await answer if inspect.isawaitable(answer) else answer

    return Slow


@pytest.mark.requirement("T6")
def test_two_first_logins_at_once_make_one_record(world: World) -> None:
    """Two devices have a code each for a number that nobody has, and send it at the same moment: one record."""
    world.host = slow(world)
    world.portal = world.make_portal()
    tries = []
    for _ in range(2):
        tries.append(world.get_code(NEW))
        world.clock.advance(timedelta(minutes=2))

    answers = at_once(world, [(sent.handle, code) for sent, code in tries])

    assert [type(answer).__name__ for answer in answers] == ["SignedIn", "SignedIn"], answers
    assert answers[0].record == answers[1].record
    assert sorted(answer.new_record for answer in answers) == [False, True]
    assert rows(world) == 1
    assert len(world.all_stored(Session, "entry", str(answers[0].record))) == 2


@pytest.mark.requirement("T6")
def test_one_code_sent_twice_at_once_makes_one_record_and_one_session(world: World) -> None:
    """The same code typed in on eight devices at once opens one session, for one record."""
    sent, code = world.get_code(NEW)
    answers = at_once(world, [(sent.handle, code)] * 8)
    opened = [answer for answer in answers if not isinstance(answer, Exception)]
    assert len(opened) == 1
    for answer in answers:
        if isinstance(answer, Exception):
            assert isinstance(answer, Refused), answer
            assert answer.reason in (Reason.CODE_GONE, Reason.BUSY)
    assert rows(world) == 1


# --- merged onto the real record -------------------------------------------------------------------------------------


def merged_world(world: World) -> tuple[RecordRef, RecordRef, Any, str]:
    """Ana has a record with her old number, and logged in with a new one that made an empty record; staff merged it.

    Answers her real record, the empty one, the open session's door and the merge.
    """
    ana = world.add_client(
        "ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com", created="2020-01-05 09:00"
    )
    world.book("a1", ana, "2026-12-01 09:00", made="2026-11-01 09:00")
    signed_in = world.sign_in(NEW)
    door = world.client(signed_in)
    assert door.profile().first_name is None
    assert door.appointments().items == ()
    merged = world.staff().merge(ana, signed_in.record)
    return ana, signed_in.record, door, merged.merges[0]


@pytest.mark.requirement("T6", "X3")
def test_merged_onto_the_real_record_the_number_moves_along(world: World) -> None:
    """The open session shows Ana's record from its next call on; later logins with either number find Ana."""
    ana, _, door, _ = merged_world(world)

    profile = door.profile()
    assert (profile.first_name, profile.email, profile.mobile) == ("Ana", "ana@example.com", KEY)
    assert [one.id for one in door.appointments().items] == ["a1"]
    for number in (NEW, "021 123 4567"):
        again = world.sign_in(number)
        assert again.record == ana
        assert not again.new_record
    assert rows(world) == 2


@pytest.mark.requirement("T6", "X3")
def test_its_own_undo_brings_the_absorbed_record_back(world: World) -> None:
    """Undone, the session and the number are for the empty record again."""
    ana, empty, door, merge = merged_world(world)
    world.staff().undo(merge)
    assert door.profile().first_name is None
    assert door.appointments().items == ()
    assert world.sign_in(NEW).record == empty
    assert world.sign_in("021 123 4567").record == ana


@pytest.mark.requirement("T6", "X3")
def test_the_undo_of_another_merge_does_not(world: World) -> None:
    """A twin was merged into Ana, Ana into her mother by mistake; both are undone: the number stays Ana's."""
    ana, _, door, _ = merged_world(world)
    staff = world.staff()
    twin = world.add_client("twin", "Ana Kingi", email="ana@example.com", created="2020-02-05 09:00")
    mere = world.add_client("mere", "Mere Kingi", mobile="021 765 4321", created="2019-01-05 09:00")
    into_ana = staff.merge(ana, twin).merges[0]
    into_mere = staff.merge(mere, ana).merges[0]
    assert world.sign_in(NEW).record == mere

    staff.undo(into_ana)
    assert world.sign_in(NEW).record == mere
    staff.undo(into_mere)
    assert world.sign_in(NEW).record == ana
    assert door.profile().first_name == "Ana"


@pytest.mark.requirement("T6", "X3")
def test_nothing_else_brings_the_absorbed_record_back(world: World) -> None:
    """Not a booking, not a new walk over the contacts, not a change of either row, not "not a duplicate", not time."""
    ana, empty, door, _ = merged_world(world)

    def still_ana(after: str) -> None:
        assert door.profile().first_name == "Ana", after
        signed_in = world.sign_in(NEW)
        assert signed_in.record == ana, after
        assert not signed_in.new_record, after

    world.book("e1", empty, "2026-12-05 09:00")
    still_ana("a booking on the absorbed row")
    assert {one.id for one in door.appointments().items} == {"a1", "e1"}

    world.portal.walk_contacts(world.tenant, restart=True)
    still_ana("a walk")

    (row,) = world.ask("clients", [empty])
    world.change_client(evolve(row, first_name="Anna", email="anna@example.com"))
    world.portal.contact_changed(world.tenant, empty)
    (real,) = world.ask("clients", [ana])
    world.change_client(evolve(real, mobile="021 999 8888"))
    assert world.sign_in(NEW).record == ana, "changed rows"

    world.clock.advance(timedelta(days=8))
    world.staff().dismiss(ana, empty)
    world.portal.purge(world.tenant)
    assert world.sign_in(NEW).record == ana, "dismissed, and a week later"
    assert rows(world) == 2


@pytest.mark.requirement("T6", "X3")
def test_the_number_stays_with_the_survivor_when_the_platform_deletes_the_absorbed_row(world: World) -> None:
    """The desk clears the empty row away and the portal is told: the number still finds Ana, and makes nobody."""
    ana, empty, door, _ = merged_world(world)
    plain = world.host

    class Cleared(plain):  # type: ignore[misc, valid-type]
        """The same platform without the empty row."""

        def clients(self, refs: Sequence[RecordRef]) -> Any:
            return super().clients([ref for ref in refs if ref != empty])

    world.host = Cleared
    world.portal = world.make_portal()
    world.portal.contact_changed(world.tenant, empty)
    assert door.profile().first_name == "Ana"
    again = world.sign_in(NEW)
    assert (again.record, again.new_record) == (ana, False)


@pytest.mark.requirement("T6")
def test_a_number_that_left_its_record_is_unknown_again(world: World) -> None:
    """The empty record was given another number by staff: whoever proves the old one gets a record of their own."""
    first = world.sign_in(NEW)
    (row,) = world.ask("clients", [first.record])
    world.change_client(evolve(row, mobile="021 999 8888"))
    second = world.sign_in(NEW)
    assert second.new_record
    assert second.record != first.record


@pytest.mark.requirement("T6")
def test_nobody_is_new_before_the_contacts_were_walked(world: World) -> None:
    """A platform that forgot the first walk is told so; no empty twin is made, and the code still works afterwards."""
    other = world.tenant + "-b"
    forgetful = world.portal.visitor(other)

    async def open_branch() -> None:
        async with world.store.begin(other, world.host, writes=True) as unit:
            await unit.host.add_business(Business(id=other, name="Branch", zone="Pacific/Auckland"))
            await unit.host.add_clients(
                [ClientRecord(client("ana"), at("2026-01-05 09:00"), "Ana", mobile="021 123 4567")]
            )
            await unit.commit(())

    world.run(open_branch())
    sent = forgetful.request_code("021 123 4567")
    world.portal.deliver(other)
    code = world.code_in(world.box.messages[-1])

    with pytest.raises(HostError, match=r"walk_contacts\(business\) once"):
        forgetful.verify_code(sent.handle, code)

    world.portal.walk_contacts(other)
    signed_in = forgetful.verify_code(sent.handle, code)
    assert (signed_in.record, signed_in.new_record) == (client("ana"), False)
