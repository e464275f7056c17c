"""How often may be guessed: five on a handle, twenty a day, and a hundred in a row (ASVS V6.6.3, SP 800-63B)."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from clientportal import Permission, Reason
from clientportal.records import Challenge, GuessCounter, MessageKind
from security.attacking import (
    ANA,
    PATHS,
    Neighbour,
    another_second_code,
    counter_of,
    guess_path,
    miss,
    patient,
    second_proof,
    wrong,
)
from watching import at_once, reason_of, refusal_of
from world import World

MICROSECOND = timedelta(microseconds=1)


def fresh_handle(world: World, **visitor: Any) -> tuple[Any, str]:
    """A new code for Ana, once the earlier ones have expired."""
    world.deliver()  # a warning may still be there
    world.clock.advance(timedelta(minutes=11))
    return world.get_code(ANA, **visitor)


def miss_five(world: World, **visitor: Any) -> None:
    """Use one handle up."""
    sent, code = fresh_handle(world, **visitor)
    assert [miss(world, sent.handle, code, **visitor) for _ in range(5)] == [Reason.CODE_WRONG] * 5


# --- five on a handle ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
def test_after_five_wrong_tries_the_right_code_is_refused_as_well(world: World, path: str) -> None:
    """The sixth answer reveals nothing, right or wrong; each wrong try was counted exactly once."""
    sent, code = guess_path(world, path)
    assert [miss(world, sent.handle, code) for _ in range(5)] == [Reason.CODE_WRONG] * 5
    world.clock.advance(timedelta(minutes=1))
    for typed in (code, wrong(code)):
        assert reason_of(lambda typed=typed: world.visitor().verify_code(sent.handle, typed)) is Reason.TOO_MANY_TRIES
    (counter,) = [one for one in counters(world) if one.day_count]
    assert (counter.day_count, counter.consecutive) == (5, 5)


def counters(world: World) -> list[GuessCounter]:
    """Every counter of wrong tries at Ana's contacts."""
    asked = [
        one
        for identity in ("mobile:+64211234567", "email:ana@example.com")
        for one in world.all_stored(Challenge, "lane", identity)
    ]
    found = [world.stored(GuessCounter, id) for id in sorted({f"{one.identity}|{one.lane}" for one in asked})]
    return [one for one in found if one is not None]


@pytest.mark.parametrize("path", PATHS)
def test_sixty_four_parallel_guesses_reveal_at_most_five_answers(world: World, path: str) -> None:
    """Each guesses another code at once: "wrong" is said five times at most, and the count says as many."""
    sent, code = guess_path(world, path)

    def guess(step: int) -> Any:
        return lambda portal: portal.visitor(world.tenant).verify_code(sent.handle, wrong(code, step))

    ended = at_once(world, *map(guess, range(1, 65)))
    said = Counter(one.reason for one in ended)
    assert 1 <= said[Reason.CODE_WRONG] <= 5
    assert said.keys() <= {Reason.CODE_WRONG, Reason.TOO_MANY_TRIES, Reason.WAIT, Reason.BUSY}
    (counter,) = [one for one in counters(world) if one.day_count]
    assert counter.day_count == said[Reason.CODE_WRONG]


def test_a_key_that_was_used_is_no_way_to_guess_the_code(world: World) -> None:
    """Somebody who has Ana's handle and idempotency key, but not her code, gets one guess at the replay."""
    sent, code = guess_path(world, "login")
    first = world.visitor().verify_code(sent.handle, code, key="try-1")
    again = world.visitor().verify_code(sent.handle, code, key="try-1")
    assert again.token != first.token
    assert again.record == first.record
    for step in range(1, 7):
        typed = wrong(code, step)
        refused = refusal_of(lambda typed=typed: world.visitor().verify_code(sent.handle, typed, key="try-1"))
        assert refused.reason is Reason.KEY_REUSED
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code, key="try-1")) is Reason.CODE_GONE
    assert world.client(again).profile().first_name == "Ana"


def test_visitors_do_not_share_their_idempotency_keys(world: World) -> None:
    """Ana and Ben both call their try "1": each is let in."""
    ana_sent, ana_code = guess_path(world, "login")
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    ben_sent, ben_code = world.get_code("021 765 4321")
    assert world.visitor().verify_code(ana_sent.handle, ana_code, key="1").record == world.ana  # type: ignore[attr-defined]
    assert world.visitor().verify_code(ben_sent.handle, ben_code, key="1").record == ben


# --- twenty a day ----------------------------------------------------------------------------------------------------


def test_after_twenty_wrong_tries_the_day_is_used_up(world: World) -> None:
    """New codes bring no new tries: the twenty-first answer comes a day after the first; ``retry_at`` is exact."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    patient(world)
    for _ in range(4):
        miss_five(world)
    assert counter_of(world).day_count == 20
    sent, code = fresh_handle(world)
    refused = refusal_of(lambda: world.visitor().verify_code(sent.handle, code))
    assert refused.reason is Reason.TOO_MANY_TRIES
    assert refused.retry_at == counter_of(world).day_began + timedelta(days=1)
    assert miss(world, sent.handle, code) is Reason.TOO_MANY_TRIES
    assert counter_of(world).day_count == 20, "what reveals nothing costs nothing"

    world.clock.set(refused.retry_at - timedelta(minutes=5))
    sent, code = world.get_code(ANA)
    world.clock.set(refused.retry_at - MICROSECOND)
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.TOO_MANY_TRIES
    world.clock.set(refused.retry_at)
    assert world.visitor().verify_code(sent.handle, code).record is not None


def test_logging_in_again_brings_no_new_tries_at_the_second_proof(world: World) -> None:
    """Whoever holds a recycled number has twenty tries a day at the other contact, however many sessions they open."""
    sent, code = guess_path(world, "second proof")
    said: Counter[Reason] = Counter()
    for _ in range(6):
        said.update(miss(world, sent.handle, code) for _ in range(5))
        world.clock.advance(timedelta(minutes=11))
        _, door = second_proof(world)
        sent, code = another_second_code(world, door)
    assert said[Reason.CODE_WRONG] == 20
    assert said[Reason.TOO_MANY_TRIES] == 10


def test_guesses_at_another_business_or_number_count_apart(world: World) -> None:
    """Ana's day is used up here: not at the salon next door, and not for Ben."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    other = Neighbour(world)
    other.add_client("ana", "Ana Kingi", mobile=ANA)
    patient(world)
    patient(other)
    for _ in range(4):
        miss_five(world)
    for place, contact in ((world, "021 765 4321"), (other, ANA)):
        sent, code = place.get_code(contact)
        assert place.visitor().verify_code(sent.handle, code).record is not None


# --- a hundred in a row ----------------------------------------------------------------------------------------------


def test_a_hundred_in_a_row_stop_the_lane_until_staff_lift_it(world: World) -> None:
    """No code is sent or judged any more, tomorrow neither; ``staff.unblock`` lifts it, and nobody else may."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    patient(world, per_day=1000)
    for _ in range(19):
        miss_five(world)
    open_sent, open_code = fresh_handle(world)
    world.clock.advance(timedelta(seconds=2))
    last_sent, last_code = world.get_code(ANA)
    assert [miss(world, last_sent.handle, last_code) for _ in range(4)] == [Reason.CODE_WRONG] * 4
    assert not counter_of(world).stopped
    assert miss(world, last_sent.handle, last_code) is Reason.CODE_WRONG
    assert counter_of(world).stopped

    world.clock.advance(timedelta(seconds=2))
    assert reason_of(lambda: world.visitor().verify_code(open_sent.handle, open_code)) is Reason.STOPPED
    assert reason_of(lambda: world.visitor().request_code(ANA)) is Reason.STOPPED
    assert reason_of(lambda: world.visitor().resend_code(open_sent.handle)) is Reason.STOPPED
    world.clock.advance(timedelta(days=30))
    assert reason_of(lambda: world.visitor().request_code(ANA)) is Reason.STOPPED

    assert reason_of(lambda: world.staff([Permission.EXPLAIN]).unblock(ANA)) is Reason.PERMISSION
    assert world.staff([Permission.UNBLOCK]).unblock("+64 21 123 4567") is True
    assert world.staff().unblock(ANA) is False, "it is lifted already"
    sent, code = fresh_handle(world)
    assert world.visitor().verify_code(sent.handle, code).record is not None


def test_a_new_code_never_resets_a_counter(world: World) -> None:
    """Asking and asking again leave every count as it was; a success ends the run, and not the day's count."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    patient(world)
    miss_five(world)
    before = counter_of(world)
    sent, _ = fresh_handle(world)
    world.clock.advance(timedelta(minutes=1))
    world.visitor().resend_code(sent.handle)
    assert counter_of(world) == before
    world.deliver()
    world.visitor().verify_code(sent.handle, world.code_in(world.box.messages[-1]))
    after = counter_of(world)
    assert (after.consecutive, after.day_count) == (0, 5)


def test_strangers_wait_longer_and_longer_up_to_an_hour(world: World) -> None:
    """From the fifth wrong try in a row 30 seconds, doubling; ``retry_at`` says until when, and then it works."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    patient(world)
    world.change_policy("guesses", first_wait=timedelta(seconds=30), longest_wait=timedelta(hours=1), per_day=1000)
    waits = []
    for _ in range(3):
        sent, code = fresh_handle(world)
        for _ in range(5):
            counter = world.stored(GuessCounter, "mobile:+64211234567|strangers")
            if counter is not None and counter.wait_until is not None and counter.wait_until > world.clock():
                waits.append(counter.wait_until - world.clock())
                refused = refusal_of(lambda sent=sent, code=code: world.visitor().verify_code(sent.handle, code))
                assert (refused.reason, refused.retry_at) == (Reason.WAIT, counter.wait_until)
                world.clock.set(counter.wait_until)
                if world.clock() >= sent.expires_at:
                    sent, code = world.get_code(ANA)
            typed = wrong(code)
            refused = refusal_of(lambda sent=sent, typed=typed: world.visitor().verify_code(sent.handle, typed))
            assert refused.reason is Reason.CODE_WRONG
    minute = timedelta(minutes=1)
    assert max(waits) <= timedelta(hours=1)
    assert counter_of(world).wait_until is not None
    assert any(wait == minute for wait in waits), waits
    assert sorted(waits) == waits or max(waits) == timedelta(hours=1)


# --- lockout is no weapon --------------------------------------------------------------------------------------------


def test_a_known_device_logs_in_while_strangers_have_used_their_guesses_up(world: World) -> None:
    """Strangers have guessed twenty times today, and are stopped after a hundred: Ana's own browser is let in."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    signed_in = world.sign_in(ANA)
    patient(world)
    for _ in range(4):
        miss_five(world)
    sent, code = fresh_handle(world)
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.TOO_MANY_TRIES
    sent, code = world.get_code(ANA, device=signed_in.device)
    assert world.visitor(device=signed_in.device).verify_code(sent.handle, code).record == ana
    assert counter_of(world).day_count == 20, "a success on a device clears nothing of the strangers' lane"

    patient(world, per_day=1000)
    for _ in range(16):
        miss_five(world)
    assert counter_of(world).stopped
    sent, code = fresh_handle(world, device=signed_in.device)
    assert world.visitor(device=signed_in.device).verify_code(sent.handle, code).record == ana


def test_forged_foreign_and_expired_device_tokens_are_strangers(world: World) -> None:
    """Only the token that this business gave to this browser for this number, within a year, has a lane of its own."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    other = Neighbour(world)
    other.add_client("ana", "Ana Kingi", mobile=ANA)
    mine = world.sign_in(ANA).device.reveal()
    bens = world.sign_in("021 765 4321").device
    elsewhere = other.sign_in(ANA).device
    session = world.sign_in(ANA)
    body = mine.split(".")
    forged = [".".join((*body[:2], "A" * len(body[2]))), mine[:-1], mine + "A", body[1], "", "x", "k1..", "\ud800.a.b"]
    swapped = ".".join((bens.reveal().split(".")[0], bens.reveal().split(".")[1], body[2]))
    patient(world)
    world.change_policy("login", live_codes=1)
    world.clock.advance(timedelta(minutes=11))
    world.get_code(ANA)
    for device in (*forged, swapped, bens, elsewhere, session.token, mine.upper()):
        asked = world.visitor(device=device)
        assert reason_of(lambda asked=asked: asked.request_code(ANA)) is Reason.TOO_MANY_CODES
    world.clock.advance(timedelta(seconds=1))
    assert world.visitor(device=mine).request_code(ANA).handle

    world.clock.advance(timedelta(days=366))
    world.get_code(ANA)
    world.clock.advance(timedelta(seconds=1))
    assert reason_of(lambda: world.visitor(device=mine).request_code(ANA)) is Reason.TOO_MANY_CODES


def test_the_owner_is_told_at_the_tenth_wrong_try_in_a_row(world: World) -> None:
    """One message, to the number itself, without anything that whoever guessed has chosen."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    patient(world)
    miss_five(world)
    miss_five(world)
    before = len(world.box.messages)
    world.deliver()
    (told,) = world.box.messages[before:]
    assert told.to == "+64211234567"
    assert "wrong codes" in told.text
    assert "Kōwhai Hair" in told.text
    miss_five(world)
    world.deliver()
    kinds = [one.kind for one in world.staff().outbox("sent")]
    assert kinds.count(MessageKind.GUESSES_WARNING.value) == 1


def test_nobody_is_told_where_nobody_has_the_number(world: World) -> None:
    """Ten wrong tries at a number of no client: the warning is dropped in the outbox, where no guesser can look."""
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    patient(world)
    miss_five(world)
    miss_five(world)
    before = len(world.box.messages)
    assert world.deliver().dropped == 1
    assert len(world.box.messages) == before
