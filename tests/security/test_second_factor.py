"""The authenticator app, attacked: codes used twice, guessed, and doors that would lead round it (RFC 6238, V6.5.1)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pyotp import TOTP

from clientportal import InvalidCode, KeyRing, Permission, Reason
from clientportal.records import SecondFactor, Session
from password_ground import NEW, RIGHT, add_account, log_in, with_passwords
from watching import at_once, everything_stored, reason_of
from world import World

ANA = "ana@example.com"
HALF = timedelta(seconds=30)


def salon(world: World, use: str = "offered") -> None:
    """A business with authenticator apps, and Ana's account."""
    with_passwords(world)
    world.change_policy("accounts", second_factor=use)
    add_account(world)


def app_code(world: World, secret: Any, steps: int = 0) -> str:
    """What Ana's app shows now, or some steps from now."""
    return TOTP(secret.reveal()).at(world.clock() + steps * HALF)


def other(code: str) -> str:
    """A code that it does not show."""
    return f"{(int(code) + 1) % 10**6:06}"


def enrol(world: World, door: Any) -> tuple[Any, Any]:
    """Set an app up: its secret, and what was handed out with it."""
    begun = door.begin_second_factor()
    done = door.confirm_second_factor(app_code(world, begun.secret))
    world.clock.advance(timedelta(minutes=1))
    return begun.secret, done


def test_an_app_is_set_up_and_asked_for_at_the_next_login(world: World) -> None:
    """The address of the QR code says whose it is and of what; the secret is nowhere in the store."""
    salon(world)
    world.change_policy("accounts", second_factor="off")
    door = world.client(log_in(world))
    assert reason_of(door.begin_second_factor) is Reason.DISABLED
    world.change_policy("accounts", second_factor="offered")
    begun = door.begin_second_factor()
    uri = urlsplit(begun.uri.reveal())
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/K%C5%8Dwhai%20Hair:ana@example.com")
    assert parse_qs(uri.query) == {"secret": [begun.secret.reveal()], "issuer": ["Kōwhai Hair"]}
    assert log_in(world).stage.value == "done", "nothing is asked of it before a code of it was typed"
    assert reason_of(lambda: door.confirm_second_factor(other(app_code(world, begun.secret)))) is (
        Reason.SECOND_FACTOR_WRONG
    )
    done = door.confirm_second_factor(app_code(world, begun.secret))
    assert len({code.reveal() for code in done.codes}) == 10
    assert reason_of(door.sessions) is Reason.SESSION_ENDED, "the token was rotated"
    assert len(world.client(done.signed_in).sessions()) == 2
    kept = [row for rows in everything_stored(world).values() for row in rows]
    for secret in (begun.secret, *done.codes):
        assert not [row for row in kept if secret.reveal() in row or secret.reveal().replace("-", "") in row]
    world.clock.advance(timedelta(minutes=1))
    half = log_in(world)
    assert half.stage.value == "second_factor"
    whole = world.client(half).second_factor(app_code(world, begun.secret))
    assert whole.stage.value == "done"
    assert reason_of(world.client(half).sessions) is Reason.SESSION_ENDED
    world.deliver()
    assert [one.subject for one in world.box.messages] == ["Your authenticator app at Kōwhai Hair"]


def test_a_code_is_used_once_and_so_is_its_step(world: World) -> None:
    """Seen over a shoulder it is worth nothing; the neighbouring steps are taken for clocks that differ, once each."""
    salon(world)
    secret, _ = enrol(world, world.client(log_in(world)))
    code = app_code(world, secret)
    assert world.client(log_in(world)).second_factor(code).stage.value == "done"
    assert reason_of(lambda: world.client(log_in(world)).second_factor(code)) is Reason.SECOND_FACTOR_WRONG
    earlier = app_code(world, secret, -1)
    assert reason_of(lambda: world.client(log_in(world)).second_factor(earlier)) is Reason.SECOND_FACTOR_WRONG
    late = app_code(world, secret, 1)
    assert world.client(log_in(world)).second_factor(f"{late[:3]} {late[3:]}").stage.value == "done"
    world.clock.advance(5 * HALF)
    for far in (-2, 2):
        stale = app_code(world, secret, far)
        assert reason_of(lambda stale=stale: world.client(log_in(world)).second_factor(stale)) is (
            Reason.SECOND_FACTOR_WRONG
        )


def test_two_at_once_with_one_code_are_one_login(world: World) -> None:
    """Whoever is second is refused."""
    salon(world)
    secret, _ = enrol(world, world.client(log_in(world)))
    code = app_code(world, secret)
    tokens = [log_in(world).token for _ in range(4)]

    def use(token: Any) -> Any:
        return lambda portal: portal.client(token).second_factor(code)

    ended = at_once(world, *map(use, tokens))
    assert sum(hasattr(one, "stage") for one in ended) == 1
    assert {one.reason for one in ended if hasattr(one, "reason")} <= {Reason.SECOND_FACTOR_WRONG, Reason.BUSY}


def test_twenty_wrong_codes_a_day_however_many_sessions(world: World) -> None:
    """Whoever has the password guesses in one lane; staff lift a stop by the email; the right code waits."""
    salon(world)
    secret, _ = enrol(world, world.client(log_in(world)))
    said: Counter[Reason] = Counter()
    for _ in range(5):
        door = world.client(log_in(world))
        for _ in range(5):
            wrong = other(app_code(world, secret, 3))
            said[reason_of(lambda door=door, wrong=wrong: door.second_factor(wrong))] += 1
    assert said == {Reason.SECOND_FACTOR_WRONG: 20, Reason.TOO_MANY_TRIES: 5}
    door = world.client(log_in(world))
    assert reason_of(lambda: door.second_factor(app_code(world, secret))) is Reason.TOO_MANY_TRIES
    for never in ("12345", "letters", "x" * 65, "0123-4567-89ab-cde", ""):
        with pytest.raises(InvalidCode):
            door.second_factor(never)
    world.clock.advance(timedelta(days=1))
    door = world.client(log_in(world))
    assert door.second_factor(app_code(world, secret)).stage.value == "done"


def test_sixty_four_parallel_guesses_reveal_at_most_twenty_answers(world: World) -> None:
    """Each guesses another code at once, from one session."""
    salon(world)
    secret, _ = enrol(world, world.client(log_in(world)))
    token = log_in(world).token
    shown = {app_code(world, secret, near) for near in (-1, 0, 1)}
    wrong = [code for code in (f"{n:06}" for n in range(70)) if code not in shown][:64]

    def guess(code: str) -> Any:
        return lambda portal: portal.client(token).second_factor(code)

    said = Counter(one.reason for one in at_once(world, *map(guess, wrong)))
    assert 1 <= said[Reason.SECOND_FACTOR_WRONG] <= 20
    assert said.keys() <= {Reason.SECOND_FACTOR_WRONG, Reason.TOO_MANY_TRIES, Reason.BUSY}


def test_the_password_alone_leads_nowhere(world: World) -> None:
    """Before its code a session shows nothing, chooses nothing, changes nothing; it can be logged out."""
    salon(world)
    world.add_client("ana", "Ana Kingi", email=ANA)
    world.add_client("mere", "Mere Kingi", email=ANA)
    secret, done = enrol(world, world.client(log_in(world)))
    half = log_in(world)
    door = world.client(half)
    for call in (
        door.profile,
        door.profiles,
        door.sessions,
        door.not_me,
        door.appointments,
        lambda: door.switch("client:ana"),
        lambda: door.change_password(NEW),
        lambda: door.confirm_password(RIGHT),
        door.begin_second_factor,
        lambda: door.confirm_second_factor("123456"),
        door.new_recovery_codes,
        door.remove_second_factor,
    ):
        assert reason_of(call) is Reason.SECOND_FACTOR_FIRST
    assert door.log_out().sessions == 1
    again = world.client(log_in(world)).second_factor(done.codes[0])
    assert again.stage.value == "choose"
    assert secret


def test_a_recovery_code_lets_in_once_without_the_app(world: World) -> None:
    """However it was typed; new ones make the others worthless."""
    salon(world)
    _, done = enrol(world, world.client(log_in(world)))
    typed = f" {done.codes[3].reveal().upper().replace('-', ' ')} ".replace("0", "O")
    signed_in = world.client(log_in(world)).second_factor(typed)
    assert signed_in.stage.value == "done"
    assert reason_of(lambda: world.client(log_in(world)).second_factor(typed)) is Reason.SECOND_FACTOR_WRONG
    fresh = world.client(signed_in).new_recovery_codes().codes
    assert reason_of(lambda: world.client(log_in(world)).second_factor(done.codes[4])) is Reason.SECOND_FACTOR_WRONG
    assert world.client(log_in(world)).second_factor(fresh[0]).stage.value == "done"


def test_where_it_is_required_the_first_login_sets_it_up(world: World) -> None:
    """And nothing else is possible; it cannot be taken off, but replaced: the old one counts until the new one does."""
    salon(world, "required")
    begins = log_in(world)
    assert begins.stage.value == "enrol"
    door = world.client(begins)
    assert reason_of(door.sessions) is Reason.ENROL_FIRST
    secret, done = enrol(world, door)
    assert done.signed_in.stage.value == "done"
    door = world.client(done.signed_in)
    assert reason_of(door.remove_second_factor) is Reason.DISABLED
    begun = door.begin_second_factor()
    world.clock.advance(HALF)
    assert world.client(log_in(world)).second_factor(app_code(world, secret)).stage.value == "done"
    world.clock.advance(HALF)
    door.confirm_second_factor(app_code(world, begun.secret))
    world.clock.advance(2 * HALF)
    door = world.client(log_in(world))
    assert reason_of(lambda: door.second_factor(app_code(world, secret))) is Reason.SECOND_FACTOR_WRONG
    assert door.second_factor(app_code(world, begun.secret)).stage.value == "done"


def test_a_session_left_open_cannot_take_the_app_off(world: World) -> None:
    """Ten minutes after the login the password is asked for; then it goes, and the owner is told."""
    salon(world)
    _, done = enrol(world, world.client(log_in(world)))
    world.clock.advance(timedelta(minutes=10))
    door = world.client(done.signed_in)
    for call in (door.remove_second_factor, door.begin_second_factor, door.new_recovery_codes):
        assert reason_of(call) is Reason.STEP_UP_FIRST
    again = world.client(door.confirm_password(RIGHT))
    again.remove_second_factor()
    assert log_in(world).stage.value == "done"
    assert reason_of(again.remove_second_factor) is Reason.NOT_FOUND
    world.deliver()
    assert len(world.box.messages) == 2


def test_a_key_that_is_removed_takes_every_app_with_it_and_not_the_recovery_codes(world: World) -> None:
    """Rotated, the app goes on; removed, its codes are wrong; a recovery code lets in, and a new app is set up."""
    salon(world, "required")
    secret, done = enrol(world, world.client(log_in(world)))
    old = world.keys
    both = KeyRing([*KeyRing.from_secrets({"k2": KeyRing.generate_secret()})._keys, *old._keys])
    world.keys = both
    world.portal = world.make_portal()
    assert world.client(log_in(world)).second_factor(app_code(world, secret)).stage.value == "done"
    world.clock.advance(2 * HALF)
    world.keys = KeyRing(both._keys[:1])
    world.portal = world.make_portal()
    half = log_in(world)
    assert reason_of(lambda: world.client(half).second_factor(app_code(world, secret))) is Reason.SECOND_FACTOR_WRONG
    door = world.client(world.client(half).second_factor(done.codes[0]))
    new, _ = enrol(world, door)
    assert world.client(log_in(world)).second_factor(app_code(world, new)).stage.value == "done"


def test_staff_take_a_lost_app_off_and_the_client_is_told(world: World) -> None:
    """By name of the permission; sessions that waited for its code end; the password is asked for as before."""
    salon(world)
    enrol(world, world.client(log_in(world)))
    half = log_in(world)
    assert reason_of(lambda: world.staff([Permission.END_SESSIONS]).remove_second_factor("ana")) is Reason.PERMISSION
    assert world.staff([Permission.RESET_PASSWORDS]).remove_second_factor("ana").sessions == 1
    assert reason_of(lambda: world.client(half).second_factor("123456")) is Reason.SESSION_ENDED
    assert reason_of(lambda: world.staff().remove_second_factor("ana")) is Reason.NOT_FOUND
    assert log_in(world).stage.value == "done"


def test_a_reset_and_a_change_of_the_password_keep_the_second_factor(world: World) -> None:
    """Else the mailbox, or staff, would be a way round it (security, "Reset")."""
    salon(world)
    secret, done = enrol(world, world.client(log_in(world)))
    world.client(done.signed_in).change_password(NEW, old=RIGHT)
    assert log_in(world, password=NEW).stage.value == "second_factor"
    world.staff().set_password("ana", RIGHT)
    half = log_in(world)
    assert half.stage.value == "second_factor"
    assert world.client(half).second_factor(app_code(world, secret)).stage.value == "done"
    world.staff().reset_password("ana")
    assert world.stored(SecondFactor, "ana").confirmed_at is not None
    assert world.all_stored(Session, "account", "ana") == []


def test_the_platform_s_word_passes_no_second_factor(world: World) -> None:
    """It stands for the password, and for nothing else (A4)."""
    salon(world)
    ref = world.add_client("ana", "Ana Kingi", email=ANA)
    world.change_policy("registration", host_assertions=True)
    secret, _ = enrol(world, world.client(log_in(world)))
    asserted = world.portal.assert_account(world.tenant, "ana", how="SAML")
    assert asserted.stage.value == "second_factor"
    assert world.client(asserted).second_factor(app_code(world, secret)).stage.value == "done"
    world.change_policy("accounts", second_factor="required")
    assert reason_of(lambda: world.portal.assert_client(world.tenant, ref, how="SAML")) is Reason.SECOND_FACTOR_FIRST


def test_a_retry_with_its_key_is_the_same_session(world: World) -> None:
    """I2: the step is used once, and so is its answer given once more, under a new token."""
    salon(world)
    secret, _ = enrol(world, world.client(log_in(world)))
    half = log_in(world)
    code = app_code(world, secret)
    first = world.client(half).second_factor(code, key="k")
    again = world.client(half).second_factor(code, key="k")
    assert first.token != again.token
    assert reason_of(world.client(first).sessions) is Reason.SESSION_ENDED
    assert world.client(again).sessions()
