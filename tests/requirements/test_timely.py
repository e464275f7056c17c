"""Timely: a client logs in with the mobile number on the record (T1, T11); the booking flow (T10)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from attrs import evolve

from clientportal import InvalidContact, PolicyError, Reason, Refused, presets
from clientportal.policy import BookingFlow, BookingPolicy
from clientportal.values import ContactKind
from world import World

# --- T1: one client, one number --------------------------------------------------------------------------------------


@pytest.mark.requirement("T1")
@pytest.mark.parametrize("stored", ["+64211234567", "021-123 4567"])
@pytest.mark.parametrize("typed", ["021 123 4567", "0064 21 123 4567", "+64 21 123 4567", "(021) 123-4567"])
def test_a_client_logs_in_with_any_usual_spelling_of_the_number(world: World, typed: str, stored: str) -> None:
    """Ana's record has the mobile; she types it in some spelling, gets a code by SMS, and sees her own record."""
    ana = world.add_client("ana", "Ana Kingi", mobile=stored, email="ana@example.com")
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.book("a1", ana, "2026-11-30 09:00")
    world.book("b1", ben, "2026-11-30 10:00")

    signed_in = world.sign_in(typed)

    assert [(one.channel.value, one.to) for one in world.box.messages] == [("sms", "+64211234567")]
    assert signed_in.record == ana
    assert not signed_in.new_record
    door = world.client(signed_in)
    profile = door.profile()
    assert (profile.first_name, profile.last_name, profile.email) == ("Ana", "Kingi", "ana@example.com")
    assert [one.id for one in door.appointments().items] == ["a1"]


@pytest.mark.requirement("T1")
def test_the_code_is_the_only_way_in_and_opens_the_record_once(world: World) -> None:
    """Six digits; a wrong code opens nothing, the right one opens the record, and not a second time."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    sent, code = world.get_code("021 123 4567")
    assert re.fullmatch(r"\d{6}", code)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    with pytest.raises(Refused) as refused:
        world.visitor().verify_code(sent.handle, wrong)
    assert refused.value.reason is Reason.CODE_WRONG

    assert world.visitor().verify_code(sent.handle, code).record == ana
    with pytest.raises(Refused) as refused:
        world.visitor().verify_code(sent.handle, code)
    assert refused.value.reason is Reason.CODE_GONE


@pytest.mark.requirement("T1")
def test_a_session_is_needed_to_see_the_record(world: World) -> None:
    """A token that nobody was given shows nothing, not even with Ana's code already on its way."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    sent, _ = world.get_code("021 123 4567")
    for token in ("", "made-up", sent.handle):
        with pytest.raises(Refused) as refused:
            world.portal.client(token).profile()
        assert refused.value.reason is Reason.SESSION_ENDED


# --- T11: only the mobile field identifies ---------------------------------------------------------------------------


@pytest.mark.requirement("T11")
def test_a_number_in_the_plain_phone_field_does_not_log_in(world: World) -> None:
    """Ana has 021 123 4567 as her *phone*: whoever proves that number gets a new, empty record, not Ana's."""
    ana = world.add_client("ana", "Ana Kingi", phone="021 123 4567", email="ana@example.com")

    signed_in = world.sign_in("021 123 4567")

    assert signed_in.record != ana
    assert signed_in.new_record
    assert world.client(signed_in).profile().first_name is None


@pytest.mark.requirement("T11")
def test_a_mobile_that_is_somebody_elses_phone_opens_the_mobiles_record_alone(world: World) -> None:
    """The number is Ben's mobile and stands as a phone with Ana, who booked later: it opens Ben's record."""
    ana = world.add_client("ana", "Ana Kingi", phone="021 123 4567")
    ben = world.add_client("ben", "Ben Ngata", mobile="021 123 4567")
    world.book("b1", ben, "2026-12-01 09:00", made="2026-11-01 09:00")
    world.book("a1", ana, "2026-12-01 10:00", made="2026-11-20 09:00")

    assert world.sign_in("021 123 4567").record == ben


@pytest.mark.requirement("T11")
def test_a_number_in_the_plain_phone_field_groups_nobody(world: World) -> None:
    """Two records with one phone, and a third with it as its mobile, are no duplicates; two mobiles are."""
    world.add_client("ana", "Ana Kingi", phone="021 123 4567")
    world.add_client("anna", "Anna Kingi", phone="+64 21 123 4567")
    ben = world.add_client("ben", "Ben Ngata", mobile="021 123 4567")
    assert world.staff().duplicates().groups == ()

    twin = world.add_client("benny", "Benny Ngata", mobile="0211234567")
    (group,) = world.staff().duplicates().groups
    assert set(group.refs) == {ben, twin}


@pytest.mark.requirement("T11")
def test_a_number_that_was_moved_to_the_phone_field_stops_logging_in(world: World) -> None:
    """Ana's number was her mobile, and the index knows it as that; the platform made it her phone and told nobody."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    assert world.sign_in("021 123 4567").record == ana
    (record,) = world.ask("clients", [ana])
    world.seed("add_clients", [evolve(record, mobile=None, phone="021 123 4567")])
    assert world.sign_in("021 123 4567").record != ana


@pytest.mark.requirement("T11")
def test_an_email_does_not_identify_at_timely(world: World) -> None:
    """Only the mobile is asked for: an email address is no number, and no code goes anywhere."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    assert world.policy.login.identifiers == {ContactKind.MOBILE}
    with pytest.raises(InvalidContact):
        world.visitor().request_code("ana@example.com")
    assert world.deliver().sent == 0


# --- T10: payments and the booking flow ------------------------------------------------------------------------------


@pytest.mark.requirement("T10")
def test_taking_payments_turns_the_updated_flow_on_by_itself() -> None:
    """Nobody says anything about the flow: without payments it is the classic one, with payments the updated one."""
    timely = presets.timely()
    assert timely.bookings.effective_flow is BookingFlow.CLASSIC
    paying = evolve(timely, bookings=evolve(timely.bookings, payments=True))
    assert paying.bookings.effective_flow is BookingFlow.UPDATED


@pytest.mark.requirement("T10")
def test_payments_with_the_classic_flow_are_refused_naming_both_settings() -> None:
    """Asking for both is refused when the policy is built, with a message that names both."""
    timely = presets.timely()
    with pytest.raises(PolicyError) as refused:
        evolve(timely, bookings=BookingPolicy(payments=True, flow=BookingFlow.CLASSIC))
    assert refused.value.settings == ("bookings.payments", "bookings.flow")
    assert "bookings.payments" in str(refused.value)
    assert "bookings.flow" in str(refused.value)


@pytest.mark.requirement("T10")
def test_each_flow_may_be_asked_for_where_nothing_contradicts_it() -> None:
    """Classic without payments, updated with them, and updated without them are all fine."""
    timely = presets.timely()
    for payments, flow in ((False, "classic"), (True, "updated"), (False, "updated")):
        policy = evolve(timely, bookings=BookingPolicy(payments=payments, flow=flow))
        assert policy.bookings.effective_flow.value == flow


# --- the point on the axes that Timely is ----------------------------------------------------------------------------


@pytest.mark.requirement("T1", "T2", "T4", "T6")
def test_timely_is_one_value_of_the_policy() -> None:
    """Code by SMS, mobile, create empty, newest booking, login not offered in the booking flow, edge late."""
    timely = presets.timely(region="NZ")
    login = timely.login
    said = (login.proof, login.delivery, login.unknown, login.several, timely.changes.cancel.edge)
    assert [one.value for one in said] == ["code", "sms", "create_empty", "newest_booking", "late"]
    assert login.in_booking_flow is False
    assert login.recycled_after is None
    assert timely.changes.cancel.amount * timedelta(hours=1) == timedelta(hours=24)
