"""Accounts attacked a third time: locking the owner out, by guesses and by mails, and what a session is told to own."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest

from accounts_ground import write
from clientportal import Reason
from clientportal.errors import InvalidInput, Refused
from clientportal.outcomes import PasswordReset
from clientportal.policy import RegisterFrom
from clientportal.records import GuessCounter, Put, Session
from password_ground import NEW, RIGHT, WRONG, add_account, with_passwords
from watching import everything_stored, reason_of
from world import World

ANA = "ana@example.com"
EVES = "eve knows this one well"
STRANGERS = f"email:{ANA}|strangers"


@pytest.fixture(autouse=True)
def _ana(request: pytest.FixtureRequest) -> None:
    """Ana has an account."""
    for name in ("world", "memory_world"):
        if name in request.fixturenames:
            world = request.getfixturevalue(name)
            with_passwords(world)
            add_account(world)


def stopped(world: World, lane: str = "strangers") -> None:
    """What five days of twenty wrong guesses leave behind: the day used up, and the lane stopped."""
    held = GuessCounter(
        id=f"email:{ANA}|{lane}",
        identity=f"email:{ANA}",
        day_began=world.clock(),
        day_count=20,
        consecutive=100,
        stopped=True,
    )
    write(world, Put(held))


def link_to(world: World, purpose: str, email: str = ANA) -> str:
    """The newest link of this kind in a mailbox."""
    world.deliver()
    texts = [mail.text for mail in world.box.messages if mail.to == email and f"/{purpose}/" in mail.text]
    found = re.search(rf"/{purpose}/(\S+)", texts[-1])
    assert found is not None
    return found[1]


# --- locked out by guesses -------------------------------------------------------------------------------------------


def test_five_days_of_guesses_stop_the_lane_of_strangers(memory_world: World) -> None:
    """Twenty wrong passwords a day: on the fifth evening nobody without a known device logs in, Ana included."""
    world = memory_world
    for _ in range(100):
        world.clock.advance(timedelta(hours=1, minutes=13))
        assert reason_of(lambda: world.visitor().log_in(ANA, WRONG)) is Reason.LOGIN_FAILED
    world.clock.advance(timedelta(days=2))
    assert reason_of(lambda: world.visitor().log_in(ANA, RIGHT)) is Reason.STOPPED
    world.visitor().request_reset(ANA)
    world.visitor().reset_password(link_to(world, "reset"), NEW)
    assert world.visitor().log_in(ANA, NEW).stage.value == "done", "and from any browser"


@pytest.mark.parametrize("lane", ["strangers", "device:n1"])
def test_a_reset_by_mail_ends_what_strangers_have_stopped(world: World, lane: str) -> None:
    """In the same commit; the day's guesses stay used up (V6.6.3: another proved identifier lifts it)."""
    stopped(world, lane)
    world.visitor().request_reset(ANA)
    world.visitor().reset_password(link_to(world, "reset"), NEW)
    counter = world.stored(GuessCounter, f"email:{ANA}|{lane}")
    assert (counter.stopped, counter.consecutive, counter.wait_until, counter.day_count) == (False, 0, None, 20)


def test_who_has_reset_a_password_logs_in_at_once_from_this_browser(world: World) -> None:
    """Strangers have used the day up as well; the reset's browser is a known device, and in nobody else's account."""
    stopped(world)
    world.visitor().request_reset(ANA)
    done = world.visitor().reset_password(link_to(world, "reset"), NEW)
    assert done.account == "ana"
    assert reason_of(lambda: world.visitor().log_in(ANA, NEW)) is Reason.TOO_MANY_TRIES
    assert world.visitor(device=done.device).log_in(ANA, NEW).stage.value == "done"


def test_a_device_token_of_a_reset_is_nobody_elses_and_no_session(memory_world: World) -> None:
    """It opens no session, is in no repr, pickle or table, and makes nothing of Ben's account easier."""
    world = memory_world
    add_account(world, id="ben", email="ben@example.com")
    world.visitor().request_reset(ANA)
    done = world.visitor().reset_password(link_to(world, "reset"), NEW, key="once")
    assert world.all_stored(Session, "account", "ana") == []
    assert reason_of(lambda: world.portal.client(done.device).profiles()) is Reason.SESSION_ENDED
    assert reason_of(lambda: world.visitor(device=done.device).log_in("ben@example.com", WRONG)) is Reason.LOGIN_FAILED
    assert world.stored(GuessCounter, "email:ben@example.com|strangers").day_count == 1
    text = done.device.reveal()
    assert text not in repr(done)
    assert text not in repr(everything_stored(world))
    with pytest.raises(TypeError):
        pickle.dumps(done)


def test_asking_again_under_its_key_gives_no_further_lanes_to_guess_in(memory_world: World) -> None:
    """Somebody asks a hundred times with the link, the key and the password: it is one and the same device."""
    world = memory_world
    world.visitor().request_reset(ANA)
    link = link_to(world, "reset")
    world.visitor().reset_password(link, NEW, key="once")
    for number in range(3):
        here = world.visitor(device=world.visitor().reset_password(link, NEW, key="once").device)
        assert reason_of(partial(here.log_in, ANA, WRONG)) is Reason.LOGIN_FAILED
        lanes = {one.id: one.day_count for one in world.all_stored(GuessCounter, "identity", f"email:{ANA}")}
        assert list(lanes.values()) == [number + 1], "three guesses in one lane"


def test_a_reset_ends_no_run_of_wrong_codes_of_the_app(memory_world: World) -> None:
    """Whoever reads the mailbox would have as many guesses at the second factor as they like."""
    world = memory_world
    stopped(world, "second-factor:ana")
    world.visitor().request_reset(ANA)
    world.visitor().reset_password(link_to(world, "reset"), NEW)
    assert world.stored(GuessCounter, f"email:{ANA}|second-factor:ana").stopped


def test_a_sign_in_link_ends_it_too(world: World) -> None:
    """The same proof, and the browser is a known device for the next password."""
    world.change_policy("accounts", sign_in_links=True)
    stopped(world)
    world.visitor().request_sign_in_link(ANA)
    signed_in = world.visitor().sign_in_by_link(link_to(world, "sign_in"))
    assert not world.stored(GuessCounter, STRANGERS).stopped
    assert world.visitor(device=signed_in.device).log_in(ANA, RIGHT).stage.value == "done"


def test_an_invitation_that_is_accepted_ends_it_too(memory_world: World) -> None:
    """Eve has guessed at an address before its owner had an account."""
    world = memory_world
    ben = world.add_client("ben", "Ben Kingi", email="ben@example.com")
    key = "email:ben@example.com"
    held = GuessCounter(
        id=f"{key}|strangers", identity=key, day_began=world.clock(), day_count=3, consecutive=100, stopped=True
    )
    write(world, Put(held))
    world.staff().invite(ben)
    world.visitor().accept_invitation(link_to(world, "invitation", "ben@example.com"), NEW)
    assert world.visitor().log_in("ben@example.com", NEW).stage.value == "done"


# --- locked out by mails ---------------------------------------------------------------------------------------------


def goes_through(way: Callable[[], object]) -> bool:
    """Whether a mail was asked for, or somebody has to wait."""
    try:
        way()
    except Refused as refused:
        if refused.reason is not Reason.WAIT:
            raise
        return False
    return True


def used_up(world: World, ask: Callable[[int], object]) -> int:
    """How many mails somebody brings about in an afternoon, and the next must wait: an attempt every ten minutes."""
    asked = 0
    for number in range(30):
        world.clock.advance(timedelta(minutes=10))
        asked += goes_through(partial(ask, number))
    assert asked < 30
    return asked


@pytest.mark.parametrize("name", ["ana", "ana+{}"])
def test_registering_with_an_address_keeps_its_owner_from_no_reset(memory_world: World, name: str) -> None:
    """Eve registers as often as she may, with Ana's address or aliases of it: Ana's reset is mailed all the same."""
    world = memory_world
    assert used_up(world, lambda n: world.visitor().register(f"{name.format(n)}@example.com", EVES)) > 0
    world.visitor().request_reset(ANA)
    assert world.visitor().reset_password(link_to(world, "reset"), NEW).account == "ana"


def test_one_registration_after_another_leaves_the_owners_reset_alone(world: World) -> None:
    """The gap after a mail to a typed address is not the owner's."""
    world.visitor().register(ANA, EVES)
    world.visitor().request_reset(ANA)
    assert reason_of(lambda: world.visitor().register(ANA, EVES)) is Reason.WAIT


def test_changing_an_email_to_an_address_keeps_its_owner_from_no_reset(memory_world: World) -> None:
    """Nor does it leave registering a budget of its own: what is typed shares one."""
    world = memory_world
    add_account(world, id="eve", email="eve@example.com", password=EVES)

    def change(_number: int) -> None:
        world.client(world.visitor().log_in("eve@example.com", EVES)).change_email(ANA)

    assert used_up(world, change) > 0
    assert not goes_through(lambda: world.visitor().register("ana+x@example.com", EVES))
    world.visitor().request_reset(ANA)


def test_at_most_twice_as_many_mails_reach_a_mailbox(memory_world: World) -> None:
    """By registering, asking again, changing an email, and asking for resets, all day long."""
    world = memory_world
    world.change_policy("accounts", sign_in_links=True)
    world.add_client("ana", "Ana Kingi", email=ANA)
    eves = add_account(world, id="eve", email="eve@example.com", password=EVES)
    sends = world.policy.sends.per_day
    began = world.clock()
    while world.clock() - began < timedelta(hours=23):
        door = world.client(world.visitor().log_in(eves.address, EVES))
        ways = (
            lambda: world.visitor().register(ANA, EVES),
            lambda: world.visitor().register("ana+1@example.com", EVES),
            lambda door=door: door.change_email(ANA),
            lambda: world.visitor().request_reset(ANA),
            lambda: world.visitor().request_sign_in_link(ANA),
        )
        for way in ways:
            goes_through(way)
        world.deliver()
        world.clock.advance(timedelta(minutes=29))
    mails = [mail for mail in world.box.messages if mail.to.startswith("ana") and mail.to.endswith("@example.com")]
    assert sends < len(mails) <= 2 * sends


# --- somebody else's appointment -------------------------------------------------------------------------------------


def test_a_session_that_is_kept_open_for_a_month_is_not_given_what_others_book(world: World) -> None:
    """Eve makes the platform name appointments that were booked logged out while her session lay open."""
    world.change_policy("registration", consents={}, register_from=RegisterFrom.ANYWHERE)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    door = world.client(world.visitor().register("eve@example.com", EVES))
    world.book("a1", ana, "2026-12-20 14:00")
    world.clock.advance(timedelta(hours=1, seconds=1))
    assert reason_of(lambda: door.booked("a1")) is Reason.NOT_FOUND
    assert world.staff().assignment("a1").assigned is None
    own = world.book("e1", ana, "2026-12-21 14:00")
    world.clock.advance(timedelta(minutes=59))
    assert door.booked(own).account is not None
    world.clock.advance(timedelta(hours=5))
    assert door.booked(own).account is not None, "telling twice is no harm, however late"


# --- resets by staff -------------------------------------------------------------------------------------------------


def test_whoever_may_not_reset_has_no_row_read(memory_world: World) -> None:
    """A generator of a million rows, each from the platform's database, is not begun."""
    world = memory_world
    read: list[str] = []

    def rows() -> Iterator[str]:
        read.append("row")
        yield "ana"

    assert reason_of(lambda: world.staff([]).reset_passwords(rows())) is Reason.PERMISSION
    assert reason_of(lambda: world.staff([]).reset_passwords("ana")) is Reason.PERMISSION
    assert read == []
    done = world.staff().reset_passwords(rows())
    assert [type(row.reset) for row in done] == [PasswordReset]


@pytest.mark.parametrize("who", ["ana", b"ana", 7, None])
def test_one_id_is_no_list_of_ids(memory_world: World, who: object) -> None:
    """Its letters are nobody's accounts: one error says so, and nobody's password is reset."""
    with pytest.raises(InvalidInput, match="list of accounts' ids"):
        memory_world.staff().reset_passwords(who)
    assert memory_world.visitor().log_in(ANA, RIGHT).stage.value == "done"


# --- a thief with the password ---------------------------------------------------------------------------------------


def test_a_thief_who_voids_the_owners_links_is_ended_by_staff(memory_world: World) -> None:
    """With session and password the thief changes the password whenever Ana asks for a reset; staff end that."""
    world = memory_world
    thief = world.visitor().log_in(ANA, RIGHT)
    world.visitor().request_reset(ANA)
    link = link_to(world, "reset")
    thief = world.client(thief).change_password("a password of the thief's", old=RIGHT)
    assert reason_of(lambda: world.visitor().reset_password(link, NEW)) is Reason.LINK_GONE
    world.staff().reset_password("ana")
    assert reason_of(lambda: world.client(thief).change_password(NEW)) is Reason.SESSION_ENDED
    assert reason_of(lambda: world.visitor().log_in(ANA, "a password of the thief's")) is Reason.LOGIN_FAILED
    world.visitor().reset_password(link_to(world, "reset"), NEW)
    assert world.visitor().log_in(ANA, NEW).stage.value == "done"
