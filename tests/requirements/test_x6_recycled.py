"""X6: a number that was quiet for long may be somebody else's by now; one proof of it opens nothing old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clientportal import Reason, presets
from clientportal.outcomes import SignInStage
from clientportal.policy import SeveralRecords
from clientportal.values import mask
from watching import reason_of
from world import World, at, client

pytestmark = pytest.mark.requirement("X6")

NUMBER = "021 123 4567"
HALF_A_YEAR = timedelta(days=180)


def quiet(world: World, *, last_booked: str = "2025-01-15 10:00", **more: Any) -> Any:
    """Ana, who last booked in January 2025, at a business that asks again after half a year; ``a1`` is to come."""
    world.change_policy("login", recycled_after=HALF_A_YEAR)
    ana = world.add_client(
        "ana", "Ana Kingi", mobile=NUMBER, email="ana@example.com", created="2024-01-05 09:00", **more
    )
    world.book("a1", ana, "2026-12-24 09:00", made=last_booked)
    return ana


def second_code(world: World, door: Any, contact: str) -> tuple[Any, str]:
    """Ask for the second proof, let it be sent, read it."""
    before = len(world.box.messages)
    sent = door.request_second_proof(contact)
    world.deliver()
    assert len(world.box.messages) == before + 1
    return sent, world.code_in(world.box.messages[-1])


# --- what counts as quiet --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["timely", "vcita", "acuity", "timetap", "mytime"])
def test_it_is_off_in_every_preset(preset: str) -> None:
    """No product of the five asks for it by itself."""
    assert getattr(presets, preset)().login.recycled_after is None


def test_off_a_quiet_number_opens_its_record(world: World) -> None:
    """Without the setting nearly two years of silence mean nothing."""
    ana = quiet(world)
    world.change_policy("login", recycled_after=None)
    assert world.sign_in(NUMBER).record == ana


def test_a_quiet_number_opens_nothing_by_itself(world: World) -> None:
    """The proof is accepted, and shows nothing: no name, no appointment, no choice, no way round."""
    quiet(world)
    world.change_policy("login", in_booking_flow=True)
    signed_in = world.sign_in(NUMBER)
    assert (signed_in.stage, signed_in.record) == (SignInStage.SECOND_PROOF, None)
    door = world.client(signed_in)
    (slot,) = world.add_slots("2026-12-20 10:00")
    for call in (
        door.profile,
        door.appointments,
        door.profiles,
        door.start_booking,
        door.sessions,
        lambda: door.appointment("a1"),
        lambda: door.change_terms("a1"),
        lambda: door.cancel("a1"),
        lambda: door.move("a1", slot),
        lambda: door.rebook("a1", slot),
    ):
        assert reason_of(call) is Reason.SECOND_PROOF_FIRST
    assert reason_of(lambda: door.switch("client:ana")) is Reason.NOT_FOUND
    assert world.sign_in(NUMBER).stage is SignInStage.SECOND_PROOF, "trying again does not make it fresh"


@pytest.mark.parametrize(("microseconds", "stage"), [(0, SignInStage.DONE), (1, SignInStage.SECOND_PROOF)])
def test_quiet_is_longer_than_the_age_to_the_microsecond(world: World, microseconds: int, stage: SignInStage) -> None:
    """Exactly 180 days after the last booking was made it is not yet quiet; a microsecond later it is."""
    quiet(world, last_booked="2026-06-01 10:00")
    world.clock.set(at("2026-06-01 10:00") + HALF_A_YEAR - timedelta(minutes=5))
    sent, code = world.get_code(NUMBER)
    world.clock.set(at("2026-06-01 10:00") + HALF_A_YEAR + timedelta(microseconds=microseconds))
    assert world.visitor().verify_code(sent.handle, code).stage is stage


def test_a_booking_or_a_proof_keeps_a_number_fresh(world: World) -> None:
    """Ana booked in October: fresh. And her proof of today keeps it fresh for another half year."""
    ana = quiet(world, last_booked="2026-10-01 10:00")
    assert world.sign_in(NUMBER).record == ana
    world.clock.advance(timedelta(days=170))
    assert world.sign_in(NUMBER).record == ana, "proved 170 days ago, last booked 220 days ago"
    world.clock.advance(timedelta(days=181))
    assert world.sign_in(NUMBER).stage is SignInStage.SECOND_PROOF


def test_a_record_without_any_booking_counts_from_when_it_was_made(world: World) -> None:
    """Added by staff yesterday: fresh. Added two years ago and never seen since: quiet."""
    world.change_policy("login", recycled_after=HALF_A_YEAR)
    new = world.add_client("new", "New", mobile="027 555 0001", created="2026-11-20 09:00")
    world.add_client("old", "Old", mobile="027 555 0002", created="2024-11-20 09:00")
    assert world.sign_in("027 555 0001").record == new
    assert world.sign_in("027 555 0002").stage is SignInStage.SECOND_PROOF


# --- the second proof ------------------------------------------------------------------------------------------------


def test_a_second_proof_by_email_opens_the_record(world: World) -> None:
    """The real Ana types her email, gets a code there, and is in; the number is fresh from now on."""
    ana = quiet(world)
    waiting = world.client(first := world.sign_in(NUMBER))
    sent, code = second_code(world, waiting, "Ana@Example.com")
    assert [(one.channel.value, one.to) for one in world.box.messages[-1:]] == [("email", "ana@example.com")]
    opened = world.visitor().verify_code(sent.handle, code)
    assert (opened.stage, opened.record) == (SignInStage.DONE, ana)
    assert world.client(opened).profile().first_name == "Ana"
    assert [one.id for one in world.client(opened).appointments().items] == ["a1"]
    assert opened.token != first.token
    assert reason_of(waiting.profile) is Reason.SESSION_ENDED, "the waiting session is used up"
    assert world.sign_in(NUMBER).record == ana


def test_a_wrong_second_contact_gets_the_same_reply_and_no_message(world: World) -> None:
    """Whoever has the number now guesses an address: nothing tells a wrong one from Ana's, and nothing leaves."""
    quiet(world)
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321", email="ben@example.com")
    replies = []
    for contact in ("ana@example.com", "ben@example.com", "nobody@example.com", "027 000 0000"):
        world.clock.advance(timedelta(hours=1))
        door = world.log_in(NUMBER)
        before = len(world.box.messages)
        sent = door.request_second_proof(contact)
        world.deliver()
        assert (len(world.box.messages) > before) == (contact == "ana@example.com")
        replies.append((sent.digits, sent.expires_at - world.clock(), sent.resend_at - world.clock()))
        assert reason_of(lambda sent=sent: world.visitor().verify_code(sent.handle, "000000")) is Reason.CODE_WRONG
    assert len(set(replies)) == 1


def test_the_same_number_is_no_second_proof(world: World) -> None:
    """Proving the number twice proves it once: the code that arrives there is a wrong one."""
    quiet(world)
    door = world.log_in(NUMBER)
    world.clock.advance(timedelta(minutes=11))
    sent = door.request_second_proof(NUMBER)
    world.deliver()
    code = world.code_in(world.box.messages[-1])
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.CODE_WRONG


def test_a_second_proof_is_for_its_own_session_alone(world: World) -> None:
    """An open session needs none; one that has ended cannot use its code any more."""
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321", email="ben@example.com")
    assert ben == world.sign_in("021 765 4321").record
    assert reason_of(lambda: world.log_in("021 765 4321").request_second_proof("ben@example.com")) is Reason.NOT_FOUND
    quiet(world)
    door = world.log_in(NUMBER)
    sent, code = second_code(world, door, "ana@example.com")
    door.log_out()
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.SESSION_ENDED


# --- "this is not me" ------------------------------------------------------------------------------------------------


def test_not_me_detaches_the_number_and_gives_a_fresh_record(world: World) -> None:
    """Rawiri has Ana's old number: he says so, and is a new client; Ana's record is out of his reach for good."""
    ana = quiet(world)
    detached = world.log_in(NUMBER).not_me()
    assert detached.contact == mask("+64211234567")
    assert (detached.signed_in.stage, detached.signed_in.new_record) == (SignInStage.DONE, True)
    fresh = detached.signed_in.record
    assert fresh not in (None, ana)
    profile = world.client(detached.signed_in).profile()
    assert (profile.first_name, profile.email, profile.mobile) == (None, None, "+64211234567")
    assert world.client(detached.signed_in).appointments().items == ()

    again = world.sign_in(NUMBER)
    assert (again.record, again.new_record, again.stage) == (fresh, False, SignInStage.DONE)
    assert world.staff().explain_contact(NUMBER).record == fresh
    assert world.staff().duplicates().groups == (), "it is not the number of both"


def test_not_me_ends_every_session_of_that_number(world: World) -> None:
    """A session that the number had opened for Ana's record, left on an old phone, is over."""
    quiet(world)
    world.change_policy("login", recycled_after=None)
    old_phone = world.log_in(NUMBER)
    assert old_phone.profile().first_name == "Ana"
    new_owner = world.log_in(NUMBER)
    new_owner.not_me()
    assert reason_of(old_phone.profile) is Reason.SESSION_ENDED
    assert reason_of(new_owner.profile) is Reason.SESSION_ENDED, "its token was changed"


def test_the_old_owner_still_has_the_email(world: World) -> None:
    """With a policy of emails, Ana's own address opens her record, and never the new owner's."""
    ana = quiet(world)
    world.log_in(NUMBER).not_me()
    world.use(presets.vcita(region="NZ"))
    (row,) = world.ask("clients", [ana])
    assert row.mobile == NUMBER, "the platform's row is the platform's"
    assert world.staff().explain_contact("ana@example.com").record == ana


def test_staff_give_the_number_back(world: World) -> None:
    """It was Ana after all: staff give it back, once; until then her record is not found by it."""
    ana = quiet(world)
    fresh = world.log_in(NUMBER).not_me().signed_in.record
    staff = world.staff()
    assert staff.reattach(NUMBER, client("nobody")) is False
    assert reason_of(lambda: world.staff(permissions=()).reattach(NUMBER, ana)) is Reason.PERMISSION
    assert staff.reattach("0064 21 123 4567", ana) is True
    assert staff.reattach(NUMBER, ana) is False
    assert [set(group.refs) for group in staff.duplicates().groups] == [{ana, fresh}]
    staff.merge(ana, fresh)
    assert world.sign_in(NUMBER).record == ana


def test_where_unknown_numbers_get_no_record_not_me_ends_in_nothing(world: World) -> None:
    """Under a policy that knows existing clients only, Rawiri is a stranger: no session, no record."""
    ana = quiet(world)
    world.use(presets.vcita(region="NZ"))
    world.change_policy("login", recycled_after=HALF_A_YEAR)
    door = world.log_in("ana@example.com")
    detached = door.not_me()
    assert detached.signed_in is None
    assert reason_of(door.profiles) is Reason.SESSION_ENDED
    assert world.staff().explain_contact("ana@example.com").record is None
    assert world.staff().reattach("ana@example.com", ana) is True
    assert world.staff().explain_contact("ana@example.com").record == ana


def test_of_several_quiet_records_the_second_proof_opens_its_own(world: World) -> None:
    """Ana and Mere share a number that was quiet, and clients choose: Mere's email opens Mere, and offers no Ana."""
    quiet(world)
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    mere = world.add_client("mere", "Mere Kingi", mobile=NUMBER, email="mere@example.com", created="2023-01-01 09:00")
    waiting = world.log_in(NUMBER)
    sent, code = second_code(world, waiting, "mere@example.com")
    opened = world.visitor().verify_code(sent.handle, code)
    assert (opened.stage, opened.record) == (SignInStage.DONE, mere)
    assert [option.id for option in world.client(opened).profiles()] == ["client:mere"]


def test_an_email_that_both_have_leaves_the_choice_between_both(world: World) -> None:
    """The household's email is a second proof for both: the client chooses, and only among them."""
    quiet(world)
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    world.add_client("mere", "Mere Kingi", mobile=NUMBER, email="ana@example.com", created="2023-01-01 09:00")
    world.add_client("zoe", "Zoë Reed", mobile="021 999 8888", email="ana@example.com", created="2023-01-01 09:00")
    waiting = world.log_in(NUMBER)
    sent, code = second_code(world, waiting, "ana@example.com")
    opened = world.visitor().verify_code(sent.handle, code)
    assert opened.stage is SignInStage.CHOOSE
    assert {option.id for option in world.client(opened).profiles()} == {"client:ana", "client:mere"}
    chosen = world.client(opened).switch("client:mere")
    assert world.client(chosen).profile().first_name == "Mere"


def test_what_is_detached_survives_the_merge_of_the_record(world: World) -> None:
    """Ana is merged into her other record later: the new owner still does not get in."""
    ana = quiet(world)
    anna = world.add_client("anna", "Anna Kingi", email="ana@example.com", created="2026-01-05 09:00")
    fresh = world.log_in(NUMBER).not_me().signed_in.record
    world.staff().merge(anna, ana)
    assert world.sign_in(NUMBER).record == fresh
