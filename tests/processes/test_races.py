"""Codes, links, resets, moves, merges: whatever may happen once is tried by several real processes at one moment."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from clientportal import AppointmentStatus, Reason, RecordRef
from clientportal.records import GuessCounter, Pointer, Session
from mails import ANOTHER, link_in, register, reset_link, timetap
from processes.crew import Answer, Crew, Ground
from security.attacking import ANA, patient
from world import World

pytestmark = pytest.mark.slow

EIGHT = range(8)
BEN = "027 555 0163"


def ana_and_ben(world: World) -> tuple[RecordRef, RecordRef]:
    """Two clients, quiet since January."""
    patient(world)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com", created="2026-01-05 09:00")
    return ana, world.add_client("ben", "Ben Ngata", mobile=BEN, created="2026-01-05 09:00")


def token_of(world: World, contact: str = ANA) -> str:
    """A client has logged in."""
    return str(world.sign_in(contact).token.reveal())


def said(answers: Iterable[Answer]) -> Counter[str]:
    """What they came to: ``done``, or the reason of a refusal. An error that no client should see fails the test."""
    found = list(answers)
    assert [one for one in found if one.failed] == []
    return Counter(one.refused or "done" for one in found)


def sessions(world: World, record: str = "client:ana") -> list[Any]:
    """The sessions of one record that are open."""
    return world.all_stored(Session, "entry", record)


# --- proofs


def test_one_right_code_typed_by_eight_processes_opens_one_session(crew: Crew, ground: Ground) -> None:
    """The other seven are told that the code is gone, or to try again."""
    world = ground.world
    ana_and_ben(world)
    sent, code = world.get_code(ANA)
    typed = {"handle": sent.handle.reveal(), "code": code}
    ended = said(crew.at_once(ground, [("type_code", typed) for _ in EIGHT]))
    assert ended["done"] == 1
    assert set(ended) <= {"done", Reason.CODE_GONE, Reason.BUSY}
    assert len(sessions(world)) == 1


def test_one_right_code_under_one_key_is_one_session_for_all_who_ask(crew: Crew, ground: Ground) -> None:
    """A double click that reaches eight processes: all who are answered were let into the one session, by the token
    that was handed out last.
    """
    world = ground.world
    ana_and_ben(world)
    sent, code = world.get_code(ANA)
    typed = {"handle": sent.handle.reveal(), "code": code, "key": "click-1"}
    answers = crew.at_once(ground, [("type_code", typed) for _ in EIGHT])
    assert set(said(answers)) <= {"done", Reason.BUSY}
    assert len(sessions(world)) == 1
    first = crew.members(1)[0]
    assert sum(first.do(ground, "see", token=one.got).done for one in answers if one.done) == 1


def test_eight_guessing_processes_learn_five_answers(crew: Crew, ground: Ground) -> None:
    """Each tries three other codes; "wrong" is said five times at most, and each was counted."""
    world = ground.world
    ana_and_ben(world)
    sent, code = world.get_code(ANA)
    wrong = [f"{(int(code) + step) % 10**6:06}" for step in range(1, 25)]
    jobs = [("guess", {"handle": sent.handle.reveal(), "codes": wrong[3 * at : 3 * at + 3]}) for at in EIGHT]
    told = Counter(word for answer in crew.at_once(ground, jobs) for word in answer.got)
    assert 1 <= told[Reason.CODE_WRONG] <= 5
    assert set(told) <= {Reason.CODE_WRONG, Reason.TOO_MANY_TRIES, Reason.WAIT, Reason.BUSY}
    (counter,) = world.all_stored(GuessCounter, "identity", "mobile:+64211234567")
    assert counter.day_count == told[Reason.CODE_WRONG]


def test_a_reset_link_is_used_by_one_process(crew: Crew, ground: Ground) -> None:
    """Eight passwords are chosen with one link; the one that was taken is the one that logs in."""
    world = ground.world
    timetap(world)
    world.client(register(world)).verify_email(link_in(world, "ana@example.com"))
    link = reset_link(world)
    chosen = [f"{ANOTHER} {at}" for at in EIGHT]
    answers = crew.at_once(ground, [("reset_password", {"link": link, "password": one}) for one in chosen])
    ended = said(answers)
    assert ended["done"] == 1
    assert set(ended) <= {"done", Reason.LINK_GONE, Reason.BUSY}
    taken = chosen[[one.done for one in answers].index(True)]
    world.clock.advance(timedelta(minutes=11))
    assert world.visitor().log_in("ana@example.com", taken).token


def test_what_one_process_has_ended_is_over_in_the_next(crew: Crew, ground: Ground) -> None:
    """Each of four has just been shown the session's appointments; one ends it, and none is shown any more."""
    world = ground.world
    ana, _ = ana_and_ben(world)
    world.book("a1", ana, "2026-12-01 09:00")
    token = token_of(world)
    members = crew.members(4)
    for member in members:
        assert member.do(ground, "see", token=token).got == {"name": "Ana", "appointments": ["a1"]}
    assert members[0].do(ground, "log_out_everywhere", token=token).done
    assert [member.do(ground, "see", token=token).refused for member in members] == [Reason.SESSION_ENDED] * 4


# --- appointments


def test_a_link_in_a_message_cancels_once(crew: Crew, ground: Ground) -> None:
    """Eight processes use it at once; one cancels."""
    world = ground.world
    ana, _ = ana_and_ben(world)
    world.book("a1", ana, "2026-12-01 09:00")
    link = world.staff().appointment_link("a1").reveal()
    ended = said(crew.at_once(ground, [("cancel_by_link", {"link": link}) for _ in EIGHT]))
    assert ended["done"] == 1
    assert set(ended) <= {"done", Reason.LINK_GONE, Reason.ALREADY_OVER, Reason.BUSY}
    assert world.ask("appointment", "a1").status is AppointmentStatus.CANCELLED


def test_a_link_in_a_message_moves_once(crew: Crew, ground: Ground) -> None:
    """Four processes use it for nine o'clock, four for eleven: one moves, and the other time is free."""
    world = ground.world
    ana, _ = ana_and_ben(world)
    world.book("a1", ana, "2026-12-01 14:00")
    slots = world.add_slots("2026-12-02 09:00", "2026-12-02 11:00")
    link = world.staff().appointment_link("a1").reveal()
    answers = crew.at_once(ground, [("move_by_link", {"link": link, "slot": slots[at % 2]}) for at in EIGHT])
    ended = said(answers)
    assert ended["done"] == 1
    assert set(ended) <= {"done", Reason.LINK_GONE, Reason.SLOT_TAKEN, Reason.BUSY}
    (moved,) = (at for at in EIGHT if answers[at].done)
    assert taken_by(world, *slots) == {slots[moved % 2]: "a1", slots[1 - moved % 2]: None}


def test_an_appointment_that_is_moved_to_two_times_stands_at_one(crew: Crew, ground: Ground) -> None:
    """Four processes move it to nine o'clock, four to eleven: it ends at one of them, and the other time is free."""
    world = ground.world
    ana, _ = ana_and_ben(world)
    world.book("a1", ana, "2026-12-01 14:00")
    slots = world.add_slots("2026-12-02 09:00", "2026-12-02 11:00")
    token = token_of(world)
    jobs = [("move", {"token": token, "appointment": "a1", "slot": slots[at % 2]}) for at in EIGHT]
    answers = crew.at_once(ground, jobs)
    assert said(answers)["done"] >= 1
    stands = world.ask("appointment", "a1").start
    assert {one.got for one in answers if one.done} >= {stands.isoformat()}
    taken = {id: row for id, row in taken_by(world, *slots).items() if row is not None}
    assert list(taken.values()) == ["a1"]


def taken_by(world: World, *slots: str) -> dict[str, str | None]:
    """Which appointment stands at each of those times."""
    from sqlalchemy import select

    from clientportal.stores.sql.host_tables import SLOTS

    engine: Any = world.store.engine  # type: ignore[attr-defined]
    with engine.connect() as connection:
        asked = select(SLOTS.c.id, SLOTS.c.taken_by).where(SLOTS.c.tenant == world.tenant, SLOTS.c.id.in_(slots))
        return {row[0]: row[1] for row in connection.execute(asked)}


def test_two_clients_want_one_time_and_one_has_it(crew: Crew, ground: Ground) -> None:
    """Four processes move Ana's appointment there, four Ben's: one of the two stands there, the other where it was."""
    world = ground.world
    ana, ben = ana_and_ben(world)
    world.book("a1", ana, "2026-12-01 14:00")
    world.book("b1", ben, "2026-12-01 16:00")
    (slot,) = world.add_slots("2026-12-02 09:00")
    before = {id: world.ask("appointment", id).start for id in ("a1", "b1")}
    asked = [
        {"token": token_of(world), "appointment": "a1", "slot": slot},
        {"token": token_of(world, BEN), "appointment": "b1", "slot": slot},
    ]
    answers = crew.at_once(ground, [("move", asked[at % 2]) for at in EIGHT])
    assert said(answers)["done"] >= 1
    there = taken_by(world, slot)[slot]
    assert there in ("a1", "b1")
    assert {at % 2 for at in EIGHT if answers[at].done} == {("a1", "b1").index(there)}
    stays = {"a1": "b1", "b1": "a1"}[there]
    assert world.ask("appointment", stays).start == before[stays]
    assert world.ask("appointment", there).start != before[there]


def test_a_key_that_eight_processes_use_at_once_cancels_once(crew: Crew, ground: Ground) -> None:
    """Everybody who is answered is told the same, and the audit has one cancelling."""
    world = ground.world
    ana, _ = ana_and_ben(world)
    world.book("a1", ana, "2026-12-01 09:00")
    asked = {"token": token_of(world), "appointment": "a1", "key": "tap-1"}
    answers = crew.at_once(ground, [("cancel", asked) for _ in EIGHT])
    ended = said(answers)
    assert set(ended) <= {"done", Reason.BUSY}
    assert {one.got for one in answers if one.done} == {"cancelled"}
    lines = [line for line in world.staff().audit(limit=50).items if (line.action, line.outcome) == ("cancel", "done")]
    # The first cancelled; the others were answered from the key, and the audit says that of each.
    assert len(lines) == ended["done"]
    assert len([message for message in deliver_all(world) if "cancel" in message.text.lower()]) <= 1


def deliver_all(world: World) -> list[Any]:
    """Everything that leaves now."""
    before = len(world.box.messages)
    world.deliver()
    return world.box.messages[before:]


# --- merging


def family(world: World, size: int) -> list[RecordRef]:
    """One person, many times in the list."""
    patient(world)
    return [
        world.add_client(f"c{at}", "Ana Kingi", mobile=ANA, created=f"2026-01-0{at + 1} 09:00") for at in range(size)
    ]


def root_of(world: World, ref: RecordRef) -> str:
    """Which record a record leads to."""
    return str(world.staff().client(ref).root)


def test_merges_of_one_group_by_six_processes_make_one_group(crew: Crew, ground: Ground) -> None:
    """Each merges another pair of the same seven: at the end each record leads to one survivor, without a cycle."""
    world = ground.world
    refs = family(world, 7)
    pairs = list(itertools.pairwise(refs))
    jobs = [("merge", {"survivor": str(one), "absorbed": str(other)}) for one, other in pairs]
    answers = crew.at_once(ground, jobs)
    for answer, (one, other) in zip(answers, pairs, strict=True):
        assert not answer.failed, answer
        # Whoever was refused is told by the staff's page who the survivor is by now, and merges that.
        roots = root_of(world, one), root_of(world, other)
        if not answer.done and roots[0] != roots[1]:
            world.staff().merge(RecordRef.parse(roots[0]), RecordRef.parse(roots[1]))
    assert len({root_of(world, ref) for ref in refs}) == 1
    pointers = {ref: world.stored(Pointer, str(ref)) for ref in refs}
    assert sum(pointer is None for pointer in pointers.values()) == 1


def test_the_same_merge_by_eight_processes_is_made_once(crew: Crew, ground: Ground) -> None:
    """A key makes one merge of it; the journal has one entry."""
    world = ground.world
    refs = family(world, 2)
    asked = {"survivor": str(refs[0]), "absorbed": str(refs[1]), "key": "merge-1"}
    answers = crew.at_once(ground, [("merge", asked) for _ in EIGHT])
    assert set(said(answers)) <= {"done", Reason.BUSY}
    assert len({tuple(one.got) for one in answers if one.done}) == 1
    assert len(world.staff().merges(refs[0])) == 1


def test_an_undo_beside_more_merges_takes_back_its_own_alone(crew: Crew, ground: Ground) -> None:
    """One process undoes a merge while three merge others into the same survivor: the rest of the group stands."""
    world = ground.world
    refs = family(world, 5)
    merged = world.staff().merge(refs[0], refs[1]).merges[0]
    more = [("merge", {"survivor": str(refs[0]), "absorbed": str(ref)}) for ref in refs[2:]]
    answers = crew.at_once(ground, [("undo", {"merge_id": merged}), *more])
    assert set(said(answers)) <= {"done", Reason.BUSY}
    expected = {str(ref): answer.done for ref, answer in zip(refs[1:], [answers[0], *answers[1:]], strict=True)}
    leads = {str(ref): root_of(world, ref) == str(refs[0]) for ref in refs[1:]}
    undone = expected.pop(str(refs[1]))
    assert leads.pop(str(refs[1])) is not undone
    assert leads == expected


def test_a_login_beside_a_merge_sees_what_its_record_leads_to(crew: Crew, ground: Ground) -> None:
    """Whichever came first, the session that was opened shows the appointments of both records afterwards."""
    world = ground.world
    patient(world)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, created="2026-01-05 09:00")
    twin = world.add_client("twin", "Ana Kingi", mobile="027 555 0001", created="2026-01-06 09:00")
    world.book("a1", ana, "2026-12-01 09:00")
    world.book("t1", twin, "2026-12-02 09:00")
    sent, code = world.get_code(ANA)
    jobs = [
        ("type_code", {"handle": sent.handle.reveal(), "code": code}),
        ("merge", {"survivor": str(twin), "absorbed": str(ana)}),
        ("merge", {"survivor": str(twin), "absorbed": str(ana), "key": "again"}),
    ]
    login, *merges = crew.at_once(ground, jobs)
    assert [one for one in (login, *merges) if one.failed] == []
    assert login.done
    assert len({tuple(one.got) for one in merges if one.done}) == 1
    assert len(world.staff().merges(twin)) == 1
    seen = crew.members(1)[0].do(ground, "see", token=login.got)
    assert seen.got["appointments"] == ["a1", "t1"]


# --- pumps


def test_eight_pumps_send_each_message_once(crew: Crew, ground: Ground) -> None:
    """Twenty codes wait; whichever process takes one, it leaves once."""
    world = ground.world
    patient(world)
    for at in range(20):
        contact = f"021 555 {at + 100:04}"
        world.add_client(f"c{at}", "Ana Kingi", mobile=contact, created="2026-01-05 09:00")
        world.visitor().request_code(contact)
    answers = crew.at_once(ground, [("deliver", {}) for _ in EIGHT])
    assert [one for one in answers if one.failed or one.refused] == []
    world.clock.advance(timedelta(minutes=2))
    crew.members(1)[0].do(ground, "deliver")
    left = Counter(message["id"] for message in ground.sent())
    assert len(left) == 20
    assert set(left.values()) == {1}
