"""Acuity: logging in with email and password, what staff cannot do, and the switch (A3, A4, A6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clientportal import InvalidInput, Permission, Reason, presets
from clientportal.records import Credential, GuessCounter
from password_ground import NEW, RIGHT, WRONG, add_account, log_in, with_passwords
from watching import reason_of, refusal_of
from world import World

ANA = "ana@example.com"


def acuity(world: World) -> World:
    """A business with Acuity's policy, and Ana's account."""
    with_passwords(world, presets.acuity(region="NZ"))
    add_account(world)
    return world


@pytest.mark.requirement("A3")
def test_the_right_password_opens_a_session(world: World) -> None:
    """However the email is spelt, and wherever an accent was composed."""
    acuity(world)
    signed_in = log_in(world, " ANA@Example.com ")
    assert signed_in.stage.value == "done"
    assert [line.current for line in world.client(signed_in).sessions()] == [True]
    add_account(world, "zoe", "zoe@example.com", "wh\u0101nau over the harbour")
    assert log_in(world, "zoe@example.com", "wha\u0304nau over the harbour").stage.value == "done"


@pytest.mark.requirement("A3")
def test_unknown_email_wrong_and_blank_password_give_one_and_the_same_alert(world: World) -> None:
    """Word for word, for the client and for whoever reads the refusal; it offers the reset."""
    acuity(world)
    add_account(world, "bare", "bare@example.com", None)
    heard: set[Any] = set()
    for email, password in (
        (ANA, WRONG),
        (ANA, ""),
        (ANA, "   "),
        ("nobody@example.com", RIGHT),
        ("nobody@example.com", ""),
        ("bare@example.com", RIGHT),
    ):
        refused = refusal_of(lambda email=email, password=password: world.visitor().log_in(email, password))
        assert refused.reason is Reason.LOGIN_FAILED
        heard.add((str(refused), refused.client_text, refused.staff_text, repr(refused.refusal), refused.retry_at))
    assert len(heard) == 1
    assert "new password by email" in heard.pop()[1]


@pytest.mark.requirement("A3")
def test_what_cannot_be_a_password_is_said_to_be_none_and_costs_no_try(world: World) -> None:
    """Over-long, half of a surrogate pair, a NUL, no text at all: an error that says what is wrong."""
    acuity(world)
    for never in ("x" * 1025, "\ud800 over the harbour", "kereru\x00", None, 15):
        with pytest.raises(InvalidInput):
            world.visitor().log_in(ANA, never)
    for never in ("", "ana", "a@b@c", None):
        with pytest.raises(InvalidInput):
            world.visitor().log_in(never, RIGHT)
    assert world.stored(GuessCounter, "email:ana@example.com|strangers") is None


@pytest.mark.requirement("A3")
def test_no_code_is_sent_where_clients_log_in_with_a_password(world: World) -> None:
    """``disabled``: there is one way in, and that is it."""
    acuity(world)
    assert reason_of(lambda: world.visitor().request_code(ANA)) is Reason.DISABLED


@pytest.mark.requirement("A4")
def test_staff_cannot_reset_a_password(world: World) -> None:
    """Neither one nor many, by mail or by hand, whatever permissions they have; the refusal is in the audit."""
    acuity(world)
    before = world.stored(Credential, "ana")
    staff = world.staff(reason="asked on the phone")
    for call in (
        lambda: staff.reset_password("ana"),
        lambda: staff.reset_passwords(["ana"]),
        lambda: staff.set_password("ana", NEW),
    ):
        refused = refusal_of(call)
        assert refused.reason is Reason.DISABLED
        assert "registration.staff_reset = never" in str(refused.refusal.because)
    assert world.stored(Credential, "ana") == before
    lines = [(line.action, line.outcome) for line in staff.audit().items]
    for action in ("reset_password", "reset_passwords", "set_password"):
        assert (action, "disabled") in lines


@pytest.mark.requirement("A4")
def test_an_identity_that_the_platform_asserts_is_refused(world: World) -> None:
    """``disabled``, for a record and for an account, and in the audit with how the platform knew."""
    acuity(world)
    ref = world.add_client("ana", "Ana Kingi", email=ANA)
    assert reason_of(lambda: world.portal.assert_client(world.tenant, ref, how="SAML")) is Reason.DISABLED
    assert reason_of(lambda: world.portal.assert_account(world.tenant, "ana", how="SAML")) is Reason.DISABLED
    said = [line for line in world.staff().audit().items if line.action.startswith("assert_")]
    assert [line.outcome for line in said] == ["disabled", "disabled"]
    assert all("how SAML" in line.because for line in said)
    with pytest.raises(InvalidInput, match="how you know"):
        world.portal.assert_client(world.tenant, ref, how="")


@pytest.mark.requirement("A6")
def test_off_nobody_logs_in_and_open_sessions_are_refused_and_on_again_all_is_as_it_was(world: World) -> None:
    """Switched off at noon and on again at one: Ana's password and session are as they were."""
    acuity(world)
    door = world.client(log_in(world))
    world.change_policy("login", enabled=False)
    assert reason_of(lambda: log_in(world)) is Reason.DISABLED
    assert reason_of(lambda: log_in(world, "nobody@example.com")) is Reason.DISABLED
    assert reason_of(door.sessions) is Reason.DISABLED
    assert reason_of(lambda: door.confirm_password(RIGHT)) is Reason.DISABLED
    world.clock.advance(timedelta(hours=1))
    world.change_policy("login", enabled=True)
    assert len(door.sessions()) == 1
    assert log_in(world).stage.value == "done"


@pytest.mark.requirement("A3")
def test_a_stopped_lane_is_lifted_by_staff(world: World) -> None:
    """By the email that the client names on the phone, whether or not it has an account."""
    acuity(world)
    world.change_policy("guesses", stop_after=3)
    for email in (ANA, "nobody@example.com"):
        for _ in range(3):
            assert reason_of(lambda email=email: log_in(world, email, WRONG)) is Reason.LOGIN_FAILED
        assert reason_of(lambda email=email: log_in(world, email)) is Reason.STOPPED
        assert world.staff([Permission.UNBLOCK]).unblock(email) is True
    assert log_in(world).stage.value == "done"


@pytest.mark.requirement("A7")
def test_staff_see_and_end_the_sessions_of_a_client_whose_appointments_are_assigned(world: World) -> None:
    """No session is for a record there. Ana's laptop was stolen: staff find her session by her email, and that of the
    account which her appointment is assigned to, and end both; Ben's goes on."""
    acuity(world)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    world.book("a1", ana, "2026-12-01 09:00")
    for id in ("mere", "ben"):
        add_account(world, id, f"{id}@example.com")
    world.staff().assign("a1", "mere")
    hers, meres, bens = (log_in(world, email) for email in (ANA, "mere@example.com", "ben@example.com"))
    assert len(world.staff().sessions(ana)) == 2
    assert world.staff().end_sessions(ana).sessions == 2
    for ended in (hers, meres):
        assert reason_of(lambda ended=ended: world.client(ended).appointments()) is Reason.SESSION_ENDED
    assert world.client(bens).appointments().items == ()
