"""What a second look at the doors found, each as the attack or the mishap that it was."""

from __future__ import annotations

import pytest
from attrs import evolve

from clientportal import InvalidInput, Reason, Refused, SendFailed, presets
from clientportal.records import AuditEntry, Dismissal
from clientportal.values import RecordRef
from watching import reason_of
from world import World, client


def test_a_dead_session_reads_nothing_by_repeating_itself(world: World) -> None:
    """The attack: a stolen token, its session ended, and a call with a key that was used before (I7)."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.book("a1", ana, "2026-11-30 09:00")
    door = world.log_in("021 123 4567")
    assert door.cancel("a1", key="k1").status.value == "cancelled"
    assert door.cancel("a1", key="k1").status.value == "cancelled", "while it lives, the answer is given again"

    door.log_out()

    assert reason_of(lambda: door.cancel("a1", key="k1")) is Reason.SESSION_ENDED


def test_forged_tokens_leave_no_trace(world: World) -> None:
    """Ten made-up tokens for a real business: ten refusals, and not a line more in the audit."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    head = world.sign_in("021 123 4567").token.reveal().partition(".")[0]
    before = len(world.all_stored(AuditEntry, "time"))
    for number in range(10):
        forged = world.portal.client(f"{head}.forged-{number}")
        assert reason_of(lambda forged=forged: forged.cancel("a1", key="k")) is Reason.SESSION_ENDED
    assert len(world.all_stored(AuditEntry, "time")) == before


def test_a_closed_section_is_closed_at_every_door(world: World) -> None:
    """Bookings are switched off: no list, no look, no change, and the booking flow starts without a history (V5)."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.book("a1", ana, "2026-11-30 09:00")
    world.book("a0", ana, "2026-10-30 09:00")
    (slot,) = world.add_slots("2026-12-01 10:00")
    world.change_policy("login", in_booking_flow=True)
    door = world.log_in("021 123 4567")
    assert [one.id for one in door.start_booking().recent] == ["a0"]

    world.change_policy("visibility", sections=("account",))
    for look in (
        door.appointments,
        door.past_changes,
        lambda: door.appointment("a1"),
        lambda: door.change_terms("a1"),
        lambda: door.slots("a1", world.clock(), world.clock().replace(month=12, day=10)),
        lambda: door.cancel("a1"),
        lambda: door.move("a1", slot),
        lambda: door.rebook("a1", slot),
    ):
        assert reason_of(look) is Reason.DISABLED
    start = door.start_booking()
    assert (start.recent, start.profile.first_name) == ((), "Ana")

    world.change_policy("visibility", sections=("bookings",))
    start = door.start_booking()
    assert ([one.id for one in start.recent], start.profile) == (["a0"], None)


def test_a_session_does_not_switch_to_a_record_that_has_lost_the_contact(world: World) -> None:
    """Ana may switch to her daughter's record until the daughter has an address of her own."""
    world.use(presets.vcita(region="NZ"))
    ana = world.add_client("ana", "Ana Kingi", email="kingi@example.com")
    kaia = world.add_client("kaia", "Kaia Kingi", email="kingi@example.com")
    chosen = world.log_in("kingi@example.com").switch(str(ana))
    door = world.portal.client(chosen.token)

    (record,) = world.ask("clients", [kaia])
    world.change_client(evolve(record, email="kaia@example.com"))

    assert reason_of(lambda: door.switch(str(kaia))) is Reason.NOT_FOUND
    assert door.switch(str(ana)).record == ana


def test_free_times_are_shown_for_booking_again_where_moving_is_locked(world: World) -> None:
    """An appointment that the platform locks cannot move; its service can be booked again, so its times are shown."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.book("a1", ana, "2026-11-30 09:00", locked="the deposit is being checked")
    (slot,) = world.add_slots("2026-12-01 10:00")
    door = world.log_in("021 123 4567")
    assert door.change_terms("a1").rebook.allowed
    assert not door.change_terms("a1").move.allowed
    shown = door.slots("a1", world.clock(), world.clock().replace(month=12, day=10))
    assert [one.id for one in shown] == [slot]
    assert door.rebook("a1", slot).appointment.service_id == "cut"


def test_a_handle_without_tries_left_sends_no_more_codes(world: World) -> None:
    """After five wrong codes another code on the same handle could never be right: it is not sent, and says so."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    sent, code = world.get_code("021 123 4567")
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        assert reason_of(lambda: world.visitor().verify_code(sent.handle, wrong)) is Reason.CODE_WRONG
    world.clock.set(sent.resend_at)
    assert reason_of(lambda: world.visitor().resend_code(sent.handle)) is Reason.CODE_GONE


def test_pairs_of_odd_ids_are_told_apart() -> None:
    """Ids are opaque: a bar inside one does not make two pairs the same."""
    one = Dismissal.pair_id(client("a"), client("b|client:c"))
    other = Dismissal.pair_id(client("a|client:b"), client("c"))
    assert one != other
    assert Dismissal.pair_id(client("b"), client("a")) == Dismissal.pair_id(client("a"), client("b"))


@pytest.mark.parametrize("permanent", [False, True])
def test_a_sender_that_fails_without_a_word_has_failed(world: World, permanent: bool) -> None:
    """``SendFailed("")`` is no success: the message is put off, or abandoned, and staff see it."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.visitor().request_code("021 123 4567")
    world.box.fails.append(SendFailed("", permanent=permanent))
    done = world.deliver()
    assert (done.sent, done.put_off, done.abandoned) == (0, int(not permanent), int(permanent))
    (line,) = world.staff().outbox("abandoned" if permanent else "queued")
    assert line.note == "no reason was given"


def test_what_a_framework_hands_through_is_never_a_crash(world: World) -> None:
    """A missing cookie is a session that has ended; a number, or nothing, where text belongs is one typed error."""
    assert reason_of(world.portal.client(None).profile) is Reason.SESSION_ENDED
    sent = world.visitor().request_code("021 123 4567")
    for call in (
        lambda: world.visitor().request_code(None),
        lambda: world.visitor().verify_code(sent.handle, None),
        lambda: world.visitor().verify_code(None, "123456"),
        lambda: world.visitor().look_at_link(7),
        lambda: world.portal.client("x.y").cancel(None),
        lambda: world.portal.client("x.y").cancel("a1", key=7),
        lambda: world.staff().undo(None),
        lambda: world.staff(permissions=["nonsense"]),
        lambda: world.portal.staff(world.tenant, actor="mia", permissions="merge"),
        lambda: world.portal.staff(world.tenant, actor=None, permissions=[]),
    ):
        with pytest.raises(InvalidInput):
            call()


def test_nobody_merges_fifty_one_records_by_accident(world: World) -> None:
    """More than a person can have looked at is refused as what it is."""
    refs = [RecordRef.client(str(number)) for number in range(60)]
    with pytest.raises(InvalidInput, match="at most 50"):
        world.staff().merge(refs[0], refs[1:])
    with pytest.raises(Refused):
        world.staff().merge(refs[0], refs[1:3])
