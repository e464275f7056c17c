"""Sessions: what is stored, how they end, and that an end is an end in every process at once (ASVS V7; I7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Reason
from clientportal.keyring import digest
from clientportal.outcomes import SignInStage
from clientportal.policy import SeveralRecords
from clientportal.records import Session
from security.attacking import ANA, Neighbour, patient
from watching import at_once, everything_stored, reason_of
from world import World, client

SECOND = timedelta(seconds=1)


def two_of_one_number(world: World) -> None:
    """Ana and her daughter Mere share a mobile, and choose after the proof."""
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    world.add_client("mere", "Mere Kingi", mobile=ANA)


def choose(world: World, signed_in: Any, id: str) -> Any:
    """Choose a profile; answers the session that comes of it."""
    return world.client(signed_in).switch(f"client:{id}")


def test_of_a_token_only_its_digest_is_stored(world: World) -> None:
    """The row is found by the digest; the token stands nowhere, and the digest opens nothing."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    token = world.sign_in(ANA).token.reveal()
    assert world.stored(Session, digest(token)) is not None
    secret = token.partition(".")[2]
    assert len(secret) >= 43, "256 bits"
    assert not any(secret in row for rows in everything_stored(world).values() for row in rows)
    tenant = token.partition(".")[0]
    for made_up in (digest(token), f"{tenant}.{digest(token)}", token[:-1], token + "A", f"{tenant}.", secret):
        assert reason_of(lambda made_up=made_up: world.portal.client(made_up).profile()) is Reason.SESSION_ENDED


def test_a_token_is_worthless_at_another_business(world: World) -> None:
    """Its name of the business proves nothing: with another name in front it is no token."""
    other = Neighbour(world)
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    mine = world.sign_in(ANA).token.reveal()
    elsewhere = other.sign_in(ANA).token.reveal()
    forged = f"{elsewhere.partition('.')[0]}.{mine.partition('.')[2]}"
    assert reason_of(lambda: world.portal.client(forged).profile()) is Reason.SESSION_ENDED


@pytest.mark.parametrize(
    "made_up", ["", ".", "a.b", "AA.x", "/w.x", "x" * 5000, "\x00", "\ud800.\ud800", "LQ.x", "é.ü"]
)
def test_a_text_that_is_no_token_is_an_ended_session(world: World, made_up: str) -> None:
    """Whatever it names, NUL and bytes that are no text included: nobody is looked up and nothing breaks."""
    assert reason_of(lambda: world.portal.client(made_up).profile()) is Reason.SESSION_ENDED


def test_a_made_up_business_in_a_token_reaches_no_policy(world: World) -> None:
    """A host that looks its policies up by name raises for a stranger's word; the client sees an ended session."""

    def policy_of(business: str) -> Any:
        return {world.tenant: world.policy}[business]

    portal = world.make_portal(policy=policy_of)
    for made_up in ("", "LQ.x", "bm9zdWNo.x"):
        assert reason_of(lambda made_up=made_up: portal.client(made_up).profile()) is Reason.SESSION_ENDED


def test_the_token_changes_when_a_profile_is_chosen(world: World) -> None:
    """The one before is worthless at once, with the same rights or fewer."""
    two_of_one_number(world)
    choosing = world.sign_in(ANA)
    ana = choose(world, choosing, "ana")
    mere = choose(world, ana, "mere")
    for old in (choosing, ana):
        assert reason_of(lambda old=old: world.client(old).profiles()) is Reason.SESSION_ENDED
        assert reason_of(lambda old=old: world.client(old).switch("client:ana")) is Reason.SESSION_ENDED
    assert world.client(mere).profile().first_name == "Mere"
    assert len(everything_stored(world)["cp_sessions"]) == 1


def test_of_many_hands_that_choose_at_once_one_gets_the_session(world: World) -> None:
    """Sixteen switch with one token: one new token, the others find theirs ended."""
    two_of_one_number(world)
    token = world.sign_in(ANA).token
    ended = at_once(world, *[lambda portal: portal.client(token).switch("client:ana")] * 16)
    assert sum(not isinstance(one, Exception) for one in ended) == 1
    assert {one.reason for one in ended if isinstance(one, Exception)} <= {Reason.SESSION_ENDED, Reason.BUSY}  # type: ignore[attr-defined]
    assert len(everything_stored(world)["cp_sessions"]) == 1


@pytest.mark.parametrize("made_up", ["client:nobody", "client:ben", "", "client:", "ana", "client:ana\x00", "\ud800"])
def test_nothing_but_ones_own_profiles_can_be_chosen(world: World, made_up: str) -> None:
    """Somebody else's record and one that does not exist are the same: not found, and the session stays."""
    two_of_one_number(world)
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    door = world.log_in(ANA)
    assert reason_of(lambda: door.switch(made_up)) is Reason.NOT_FOUND
    assert len(door.profiles()) == 2


# --- their ends ------------------------------------------------------------------------------------------------------


def test_a_session_ends_after_fourteen_idle_days(world: World) -> None:
    """A second before it is alive, and its use counts; at fourteen days it is over."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    door = world.log_in(ANA)
    world.clock.advance(timedelta(days=14) - SECOND)
    door.profile()
    world.clock.advance(timedelta(days=14))
    assert reason_of(door.profile) is Reason.SESSION_ENDED
    world.clock.advance(timedelta(days=-10))
    assert door.profile().first_name == "Ana", "by its own last mark it had not been idle for that long"


def test_a_session_ends_after_thirty_days_however_busy(world: World) -> None:
    """Used every day, it lives for thirty; switching profiles does not make it younger."""
    two_of_one_number(world)
    signed_in = world.sign_in(ANA)
    began = world.clock()
    signed_in = choose(world, signed_in, "ana")
    for day in range(29):
        world.clock.set(began + timedelta(days=day))
        world.client(signed_in).profile()
    signed_in = choose(world, signed_in, "mere")
    assert signed_in.expires_at == began + timedelta(days=30)
    world.clock.set(began + timedelta(days=30) - SECOND)
    world.client(signed_in).profile()
    world.clock.set(began + timedelta(days=30))
    assert reason_of(world.client(signed_in).profile) is Reason.SESSION_ENDED


def test_a_revoke_in_one_process_holds_in_the_next_call_of_another(world: World) -> None:
    """Two portals on one store: what A ends is over in B, with nothing in between that would have to expire."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    first, second = world.sign_in(ANA), world.sign_in(ANA)
    elsewhere = world.make_portal()
    assert elsewhere.client(second.token).profile().first_name == "Ana"
    (other,) = [one for one in world.client(first).sessions() if not one.current]
    assert world.client(first).end_session(other.id).sessions == 1
    assert reason_of(elsewhere.client(second.token).profile) is Reason.SESSION_ENDED
    assert reason_of(lambda: world.client(first).end_session(other.id)) is Reason.NOT_FOUND
    world.client(first).log_out()
    assert reason_of(elsewhere.client(first.token).profile) is Reason.SESSION_ENDED


def test_a_sign_in_that_was_ended_is_not_replayed(world: World) -> None:
    """The idempotency key of the login brings no session back that was logged out, or that has expired."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    sent, code = world.get_code(ANA)
    signed_in = world.visitor().verify_code(sent.handle, code, key="k")
    world.client(signed_in).log_out()
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code, key="k")) is Reason.CODE_GONE


def test_logging_out_everywhere_ends_every_session_that_could_show_the_record(world: World) -> None:
    """Whoever has Ana's phone stands before the choice of a profile; Ana logs out everywhere: so there is no choice."""
    two_of_one_number(world)
    ana = choose(world, world.sign_in(ANA), "ana")
    thief = world.sign_in(ANA)
    other = choose(world, world.sign_in(ANA), "mere")
    assert world.client(ana).log_out_everywhere().sessions == 3
    for one in (ana, thief, other):
        assert reason_of(world.client(one).profiles) is Reason.SESSION_ENDED
    assert not everything_stored(world)["cp_sessions"]


def test_staff_end_every_session_of_a_client(world: World) -> None:
    """Open ones, those still choosing, and those before a second proof; of Ben none."""
    two_of_one_number(world)
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    ben = world.sign_in("021 765 4321")
    chosen, choosing = choose(world, world.sign_in(ANA), "ana"), world.sign_in(ANA)
    world.change_policy("login", recycled_after=timedelta(days=1))
    world.clock.advance(timedelta(days=2))
    proving = world.sign_in(ANA)
    assert proving.stage.value == "second_proof"
    assert world.staff().end_sessions(client("ana")).sessions == 3
    for one in (chosen, choosing, proving):
        assert reason_of(world.client(one).profiles) is Reason.SESSION_ENDED
    assert world.client(ben).profile().first_name == "Ben"


def test_a_number_that_was_taken_off_the_record_cannot_choose_it_any_more(world: World) -> None:
    """A thief with Ana's phone stands before the choice; the salon changes her number: hers is not to be chosen."""
    two_of_one_number(world)
    thief = world.sign_in(ANA)
    (ana,) = world.ask("clients", [client("ana")])
    world.change_client(evolve(ana, mobile="021 999 4321", version="2"))
    assert reason_of(lambda: choose(world, thief, "ana")) is Reason.NOT_FOUND
    assert world.client(choose(world, thief, "mere")).profile().first_name == "Mere"


def test_switching_login_off_refuses_the_sessions_that_are_open(world: World) -> None:
    """Every door of a client is shut, and opens again with the switch; nobody had to log out."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    door = world.log_in(ANA)
    world.change_policy("login", enabled=False)
    for call in (door.profile, door.appointments, door.profiles, door.sessions, door.start_booking, door.not_me):
        assert reason_of(call) is Reason.DISABLED
    world.change_policy("login", enabled=True)
    assert door.profile().first_name == "Ana"


def test_a_record_that_staff_have_deactivated_opens_no_new_session(world: World) -> None:
    """Ana's record is not usable any more: her number is as good as unknown."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    (ana,) = world.ask("clients", [client("ana")])
    world.change_client(evolve(ana, usable=False, version="2"))
    signed_in = world.sign_in(ANA)
    assert signed_in.record != client("ana")
    assert signed_in.new_record


def test_this_is_not_me_ends_the_sessions_of_that_number_in_the_same_commit(world: World) -> None:
    """X6: the records are somebody else's; whoever else had come in with the number is out."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    patient(world)
    first, second = world.sign_in(ANA), world.sign_in(ANA)
    detached = world.client(first).not_me()
    for one in (first, second):
        assert reason_of(world.client(one).profile) is Reason.SESSION_ENDED
    assert detached.signed_in is not None
    assert world.client(detached.signed_in).profile().first_name is None


def test_a_middleware_learns_who_it_is_in_one_look(world: World) -> None:
    """The survivor speaks after a merge; a session that was ended, or a text that is no token, is nobody's."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.add_client("anna", "Anna Kingi", mobile="+64275550163")
    signed_in = world.sign_in(ANA)
    door = world.client(signed_in)
    assert door.current_session().record == client("ana")
    assert door.current_session().stage is SignInStage.DONE
    world.staff().merge(client("anna"), client("ana"))
    assert door.current_session().record == client("anna")
    other = world.sign_in(ANA)
    assert world.client(other).current_session().record == client("anna")
    door.log_out()
    assert reason_of(door.current_session) is Reason.SESSION_ENDED
    assert reason_of(world.portal.client("made.up").current_session) is Reason.SESSION_ENDED
    assert world.client(other).current_session().ends_at > world.clock()
