"""Accounts attacked a second time, through the doors alone: what came of it, each as the story of the attack."""

from __future__ import annotations

import pickle
from datetime import timedelta

import pytest

from clientportal import Reason, Refused
from clientportal.outcomes import ImportedAccount
from clientportal.records import GuessCounter
from password_ground import RIGHT, WRONG, add_account, with_passwords
from watching import everything_stored, reason_of
from world import World, client

ANA = "ana@example.com"
EVES = "eve knows this one well"


@pytest.fixture(autouse=True)
def _ana(request: pytest.FixtureRequest) -> None:
    """Ana has an account."""
    for name in ("world", "memory_world"):
        if name in request.fixturenames:
            world = request.getfixturevalue(name)
            with_passwords(world)
            add_account(world)


# --- guessing --------------------------------------------------------------------------------------------------------


def test_logging_in_to_a_registration_of_ones_own_ends_no_run_of_wrong_guesses(world: World) -> None:
    """Eve registers with Ana's email, and logs in to that after every fourth guess at Ana's password: she waits all
    the same after the fifth, is stopped after a hundred, and Ana is warned."""
    mine = world.visitor().register(ANA, EVES)
    said: list[Reason] = []
    for number in range(1, 8):
        world.clock.advance(timedelta(seconds=2))
        said.append(reason_of(lambda: world.visitor().log_in(ANA, WRONG)))
        if number % 4 == 0:
            assert world.visitor(device=mine.device).log_in(ANA, EVES).stage.value == "done"
    assert said == [Reason.LOGIN_FAILED] * 5 + [Reason.WAIT] * 2
    counter = world.stored(GuessCounter, f"email:{ANA}|strangers")
    assert (counter.day_count, counter.consecutive) == (5, 5)


def test_wrong_guesses_at_ones_own_registration_keep_nobody_else_waiting(memory_world: World) -> None:
    """Eve's guesses at her own registration with Ana's email count there, and Ana logs in from a new browser."""
    world = memory_world
    mine = world.visitor().register(ANA, EVES)
    for _ in range(20):
        world.clock.advance(timedelta(seconds=2))
        assert reason_of(lambda: world.visitor(device=mine.device).log_in(ANA, WRONG)) is Reason.LOGIN_FAILED
    assert reason_of(lambda: world.visitor(device=mine.device).log_in(ANA, EVES)) is Reason.TOO_MANY_TRIES
    assert world.visitor().log_in(ANA, RIGHT).stage.value == "done"


def test_a_session_that_the_platform_vouched_for_ends_no_run_of_strangers(memory_world: World) -> None:
    """The platform lets Eve in to her registration with Ana's email; she shows her password there after every fourth
    guess at Ana's."""
    world = memory_world
    world.change_policy("registration", host_assertions=True)
    mine = world.visitor().register(ANA, EVES)
    said: list[Reason] = []
    for number in range(1, 8):
        world.clock.advance(timedelta(seconds=2))
        said.append(reason_of(lambda: world.visitor().log_in(ANA, WRONG)))
        if number % 4 == 0:
            let_in = world.portal.assert_account(world.tenant, mine.account, how="its own login")
            assert world.client(let_in).confirm_password(EVES).stage.value == "done"
    assert said == [Reason.LOGIN_FAILED] * 5 + [Reason.WAIT] * 2


# --- asking who is a client ------------------------------------------------------------------------------------------


def test_a_reset_by_staff_is_not_counted_among_the_links_that_strangers_ask_for(world: World) -> None:
    """Staff reset everybody's password after a leak. Eve asks for resets until she has to wait: as often, and until
    the same moment, for Ana as for an address that nobody has."""
    world.staff().reset_passwords(["ana"])
    answers: dict[str, list[object]] = {ANA: [], "nobody@example.com": []}
    for _ in range(4):
        for email, told in answers.items():
            try:
                told.append(world.visitor().request_reset(email).resend_at)
            except Refused as refused:
                told.append((refused.reason, refused.retry_at))
        world.clock.advance(timedelta(minutes=1, seconds=1))
    assert answers[ANA] == answers["nobody@example.com"]
    assert isinstance(answers[ANA][2], type(world.clock())), "three links, as for anybody"


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_a_hash_that_is_imported_is_in_no_repr_and_no_pickle() -> None:
    """A queue between the platform's table and the portal would keep it."""
    row = ImportedAccount(email=ANA, password_hash="$2b$12$abcdefghijklmnopqrstuu")
    assert "abcdefghij" not in repr(row)
    with pytest.raises(TypeError):
        pickle.dumps(row)


# --- filling the disk ------------------------------------------------------------------------------------------------


def test_what_is_asked_for_is_not_kept_whole_in_the_audit(memory_world: World) -> None:
    """Eve registers, and switches to a profile with a name of a megabyte, again and again: the audit keeps a line."""
    world = memory_world
    door = world.client(world.visitor().register("eve@example.com", EVES))
    assert reason_of(lambda: door.switch("q" * 1_000_000)) is Reason.NOT_FOUND
    assert reason_of(lambda: world.staff().link("q" * 1_000_000, client("ana"))) is Reason.NOT_FOUND
    assert max(len(repr(line)) for line in world.staff().audit().items) < 2_000


# --- what is left of somebody who was erased -------------------------------------------------------------------------


def test_an_email_that_the_platform_never_had_is_forgotten_too(world: World) -> None:
    """Ana logs in with another email than her record has: wrong passwords, a reset and an invitation have left that
    address, and hers, in counters, budgets and mails. Nothing of either is there when she was erased."""
    ana = world.add_client("ana", "Anahera Kingi", email=ANA)
    signed_in = world.visitor().log_in(ANA, RIGHT)
    world.client(signed_in).change_email("zephyr@example.org")
    world.deliver()
    link = world.box.messages[-1].text.split("/change_email/")[1].split()[0]
    world.client(signed_in).confirm_email_change(link)
    assert reason_of(lambda: world.visitor().log_in("zephyr@example.org", WRONG)) is Reason.LOGIN_FAILED
    world.clock.advance(timedelta(minutes=20))
    world.visitor().request_reset("zephyr@example.org")
    world.staff().invite(ana)
    world.deliver()
    world.staff().erase(ana, reason="she asked for it")
    stored = everything_stored(world)
    left = [row for table, rows in stored.items() if table[:3] == "cp_" for row in rows]
    assert [row for row in left if "zephyr" in row or ANA in row] == []


def test_a_familys_login_is_not_erased_with_one_child(world: World) -> None:
    """A mother, whose email no record has, is linked to two children: one is erased, and she still sees the other."""
    tui, moa = world.add_client("tui", "Tui Kingi"), world.add_client("moa", "Moa Kingi")
    add_account(world, id="mother", email="mother@example.org", ref=tui)
    world.staff().link("mother", moa)
    world.staff().erase(tui, reason="asked for")
    door = world.client(world.visitor().log_in("mother@example.org", RIGHT))
    assert [option.id for option in door.profiles()] == ["client:moa"]
