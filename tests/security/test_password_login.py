"""Logging in with a password, attacked: guessing, flooding, asking who is a client, racing, pulling the plug."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import asdict, evolve

from accounts_ground import write
from clientportal import HostError, KeyRing, Reason, Refused, Secret
from clientportal.passwords import BlockingGate, HashingLimits, Pbkdf2, hashing
from clientportal.records import (
    Account,
    Credential,
    GuessCounter,
    Identifier,
    MessageKind,
    OutboxMessage,
    Put,
    Remove,
    Session,
)
from password_ground import NEW, RIGHT, WRONG, add_account, count_hashes, log_in, with_passwords
from security.attacking import Trace, patient
from watching import at_once, everything_stored, reason_of, refusal_of
from world import World

ANA = "ana@example.com"
KEY = f"email:{ANA}"
LANE = f"{KEY}|strangers"


@pytest.fixture(autouse=True)
def _ana(request: pytest.FixtureRequest) -> None:
    """Ana has an account."""
    for name in ("world", "memory_world"):
        if name in request.fixturenames:
            world = request.getfixturevalue(name)
            with_passwords(world)
            add_account(world)


def counter(world: World, id: str = LANE) -> GuessCounter:
    """Wrong tries at Ana's email."""
    found = world.stored(GuessCounter, id)
    assert isinstance(found, GuessCounter)
    return found


# --- guessing --------------------------------------------------------------------------------------------------------


def test_sixty_four_parallel_guesses_reveal_at_most_five_answers(world: World) -> None:
    """ "Wrong" is said five times at most, then strangers wait; each that was said counts once."""

    def guess(portal: Any) -> Any:
        return portal.visitor(world.tenant).log_in(ANA, WRONG)

    said = Counter(one.reason for one in at_once(world, *[guess] * 64))
    assert 1 <= said[Reason.LOGIN_FAILED] <= 5
    assert said.keys() <= {Reason.LOGIN_FAILED, Reason.WAIT, Reason.BUSY, Reason.TOO_MANY_TRIES}
    assert said[Reason.LOGIN_FAILED] <= counter(world).day_count <= 5


def test_twenty_a_day_whoever_has_the_email(world: World) -> None:
    """The twenty-first is not looked at, right or wrong, and the next day it is; an unknown email says the same."""
    patient(world)
    for email in (ANA, "nobody@example.com"):
        for _ in range(20):
            world.clock.advance(timedelta(seconds=2))
            assert reason_of(lambda email=email: world.visitor().log_in(email, WRONG)) is Reason.LOGIN_FAILED
        world.clock.advance(timedelta(seconds=2))
        began = counter(world, f"email:{email}|strangers").day_began
        for typed in (RIGHT, WRONG):
            refused = refusal_of(lambda email=email, typed=typed: world.visitor().log_in(email, typed))
            assert (refused.reason, refused.retry_at) == (Reason.TOO_MANY_TRIES, began + timedelta(days=1))
    world.clock.set(began + timedelta(days=1))
    assert world.visitor().log_in(ANA, RIGHT).stage.value == "done"


def test_the_known_device_logs_in_while_strangers_are_stopped(world: World) -> None:
    """A hundred wrong passwords by strangers: Ana's own browser is let in, and clears nothing of theirs."""
    device = log_in(world).device
    patient(world, per_day=1000)
    for _ in range(100):
        world.clock.advance(timedelta(seconds=2))
        assert reason_of(lambda: world.visitor().log_in(ANA, WRONG)) is Reason.LOGIN_FAILED
    assert reason_of(lambda: log_in(world)) is Reason.STOPPED
    assert log_in(world, device=device).stage.value == "done"
    assert counter(world).stopped
    world.deliver()
    told = [one for one in world.box.messages if "Wrong codes or passwords" in (one.subject or "")]
    assert [one.to for one in told] == [ANA], "once for the run, to the address that was proved"


def test_registering_a_victim_s_email_a_hundred_times_is_no_hundred_lanes(world: World) -> None:
    """A device that another account was registered on is a stranger for Ana's, also once that account is gone."""
    add_account(world, "eve", ANA, WRONG, proved=False, owns=False)
    eves = device_of(world, "eve")
    assert log_in(world, password=WRONG, device=eves).stage.value == "done", "it logs in where it was made"
    assert reason_of(lambda: log_in(world, password=RIGHT, device=eves)) is Reason.LOGIN_FAILED
    eve = world.stored(Account, "eve")
    forget(world, eve)
    before = counter(world).day_count if world.stored(GuessCounter, LANE) else 0
    assert reason_of(lambda: log_in(world, password=NEW, device=eves)) is Reason.LOGIN_FAILED
    assert counter(world).day_count == before + 1


def device_of(world: World, account: str) -> Secret:
    """The token that the browser got on which somebody registered that account with Ana's email."""
    keys = world.keys
    return keys.sign(
        "device",
        world.tenant,
        {
            "n": f"{account}-browser",
            "k": keys.signing_id,
            "i": keys.fingerprint("device", world.tenant, KEY, key_id=keys.signing_id),
            "e": int((world.clock() + timedelta(days=365)).timestamp()),
            "a": account,
        },
    )


def forget(world: World, account: Account) -> None:
    """The account is gone, as a registration is that nobody has proved for long."""

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            there = await unit.state.get(Account, account.id)
            assert there is not None
            await unit.commit((Remove(there),))

    world.run(go())


def test_a_registration_logs_in_nowhere_but_where_it_was_made(world: World) -> None:
    """Else whoever registers learns whether the email had an account; Ana's own password opens Ana's all the while."""
    add_account(world, "eve", ANA, WRONG, proved=False, owns=False)
    assert reason_of(lambda: log_in(world, password=WRONG)) is Reason.LOGIN_FAILED
    add_account(world, "zoe", "zoe@example.com", RIGHT, proved=False, owns=False)
    assert reason_of(lambda: log_in(world, "zoe@example.com")) is Reason.LOGIN_FAILED
    opened = log_in(world)
    assert world.client(opened).sessions()[0].current


# --- who is a client -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A3")
def test_known_and_unknown_make_the_same_calls_and_cost_one_hash(world: World) -> None:
    """From a stranger, from a device that knows nobody, six times each: the same calls, the same texts, one argon2."""
    trace = Trace(world)
    gate = count_hashes(trace.portal)
    patient(world)
    known = "mere@example.com"
    add_account(world, "a" * 32, known)
    said: dict[str, Any] = {}
    for email in (known, "nobody@example.com"):
        door = trace.portal.visitor(world.tenant, source="192.0.2.7")
        said[email] = []
        for typed in (WRONG, "", WRONG):
            before = gate.checks
            said[email].append(trace.of(lambda email=email, typed=typed, door=door: door.log_in(email, typed)))
            assert gate.checks == before + 1
            world.clock.advance(timedelta(seconds=2))
    assert said[known] == said["nobody@example.com"]
    assert said[known][0][-1].startswith("raised login_failed")
    assert not [call for call in said[known][0] if "host." in call], "no client is read"


def test_a_warning_is_written_alike_for_known_and_unknown(world: World) -> None:
    """At the tenth in a row; who gets it, the pump finds out."""
    patient(world)
    for email in (ANA, "nobody@example.com"):
        for _ in range(10):
            world.clock.advance(timedelta(seconds=2))
            assert reason_of(lambda email=email: world.visitor().log_in(email, WRONG)) is Reason.LOGIN_FAILED
    queued = world.all_stored(OutboxMessage, "time")
    assert sorted((one.kind, one.to) for one in queued) == [
        (MessageKind.GUESSES_WARNING, KEY),
        (MessageKind.GUESSES_WARNING, "email:nobody@example.com"),
    ]
    done = world.deliver()
    assert (done.sent, done.dropped) == (1, 1)


# --- floods ----------------------------------------------------------------------------------------------------------


def crowded(world: World, **limits: Any) -> None:
    """A portal with one place to hash at, and no queue."""
    inner = getattr(world.portal, "_awaited", world.portal)
    gate = type(inner._setup.gate)(HashingLimits(at_once=1, queue=0, **limits))
    inner._setup = evolve(inner._setup, gate=gate)


def test_a_flood_is_turned_away_before_anybody_is_charged(memory_world: World) -> None:
    """``busy``, and no try is counted: nothing was judged."""
    world = memory_world
    crowded(world)
    gate = world.portal._setup.gate
    assert isinstance(gate, BlockingGate)
    gate.places.take(lambda: True)
    assert reason_of(lambda: world.visitor().log_in(ANA, RIGHT)) is Reason.BUSY
    assert world.stored(GuessCounter, LANE) is None
    gate.places.leave()
    assert world.visitor().log_in(ANA, RIGHT).stage.value == "done"


def test_what_could_not_be_judged_was_no_try(memory_world: World) -> None:
    """The memory for a hash was not to be had, a port of the platform's broke: the error comes out, the charge goes."""
    world = memory_world
    gate = count_hashes(world.portal)

    async def broken() -> None:
        raise MemoryError

    async def torn() -> None:
        raise HostError("the platform's verifier broke")

    for how in (broken, torn):
        gate.meanwhile.append(how)
        with pytest.raises((MemoryError, HostError)):
            world.visitor().log_in(ANA, WRONG)
        assert (counter(world).day_count, counter(world).consecutive) == (0, 0)


# --- races -----------------------------------------------------------------------------------------------------------


def meanwhile_set(world: World, password: str) -> Callable[[], Any]:
    """Between the two steps of a login, somebody sets another password."""

    async def go() -> None:
        made = hashing.make(Secret(password), world.policy.passwords)
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            had = await unit.state.get(Credential, "ana")
            assert had is not None
            await unit.commit((Put(evolve(had, hash=made)),))

    return go


def test_a_password_that_is_changed_meanwhile_wins(world: World) -> None:
    """The old one was right when it was compared, and opens nothing; the new one is compared with the new hash."""
    gate = count_hashes(world.portal)
    gate.meanwhile.append(meanwhile_set(world, NEW))
    assert reason_of(lambda: world.visitor().log_in(ANA, RIGHT)) is Reason.LOGIN_FAILED
    assert counter(world).day_count == 1
    gate.meanwhile.append(meanwhile_set(world, NEW))
    world.clock.advance(timedelta(seconds=1))
    assert world.visitor().log_in(ANA, NEW).stage.value == "done", "a rehash meanwhile is no change of the password"
    assert counter(world).day_count == 1, "the charge was given back"


def test_a_hash_is_replaced_once_and_a_change_meanwhile_survives(world: World) -> None:
    """The weak seed is upgraded under its version."""
    weak = hashing.make(Secret(RIGHT), evolve(world.policy.passwords, memory_kib=8))
    world.change_policy("passwords", memory_kib=16)
    had = world.stored(Credential, "ana")
    write(world, Put(evolve(had, hash=weak)))
    log_in(world)
    upgraded = world.stored(Credential, "ana")
    assert "m=16," in upgraded.hash.reveal()
    log_in(world)
    assert world.stored(Credential, "ana") == upgraded


def test_the_same_key_is_the_same_session_and_a_wrong_password_under_it_is_a_guess(world: World) -> None:
    """I2: a retry proves the password again, and kills the token before; others under the key get the alert."""
    first = world.visitor().log_in(ANA, RIGHT, key="try-1")
    again = world.visitor().log_in(ANA, RIGHT, key="try-1")
    assert again.token != first.token
    assert reason_of(world.client(first).sessions) is Reason.SESSION_ENDED
    assert len(world.client(again).sessions()) == 1
    assert counter(world).day_count == 0
    assert reason_of(lambda: world.visitor().log_in(ANA, WRONG, key="try-1")) is Reason.LOGIN_FAILED
    assert counter(world).day_count == 1
    assert world.visitor().log_in(ANA, RIGHT, key="try-1").token != again.token
    add_account(world, "ben", "ben@example.com")
    assert world.visitor().log_in("ben@example.com", RIGHT, key="try-1").stage.value == "done"
    world.staff().reset_password("ana")
    write(world, Put(Credential(id="ana", hash=weakly(world), set_at=world.clock(), set_by="client")))
    assert reason_of(lambda: world.visitor().log_in(ANA, RIGHT, key="try-1")) is Reason.SESSION_ENDED


def weakly(world: World) -> Secret:
    """A hash of the right password."""
    return hashing.make(Secret(RIGHT), world.policy.passwords)


def test_a_crash_between_the_steps_leaves_the_try_counted(world: World) -> None:
    """The plug is pulled while the hash is being made: one try is gone, right or wrong."""
    gate = count_hashes(world.portal)

    async def pulled() -> None:
        raise SystemExit

    gate.meanwhile.append(pulled)
    with pytest.raises(SystemExit):
        world.visitor().log_in(ANA, RIGHT)
    assert counter(world).day_count == 1
    assert not [one for one in world.staff().audit().items if one.action == "log_in"]


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_no_password_can_be_read_anywhere(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Right ones, wrong ones, new ones: in no row, log, repr, error, traceback, nor among its variables."""
    caplog.set_level(logging.DEBUG)
    secrets = [RIGHT, WRONG, NEW, KeyRing.generate_secret()]
    answers: list[Any] = [log_in(world)]
    door = world.client(answers[0])
    errors: list[Refused] = []
    for call in (
        lambda: world.visitor().log_in(ANA, Secret(WRONG)),
        lambda: door.confirm_password(Secret(WRONG)),
        lambda: door.change_password(Secret("short"), old=Secret(RIGHT)),
        lambda: door.change_password(Secret(NEW), old=Secret(WRONG)),
    ):
        errors.append(refusal_of(call))
    answers.append(door.change_password(NEW, old=RIGHT))
    world.deliver()
    answers += [world.staff().audit(limit=200), world.staff().outbox("sent"), world.portal]
    seen = [repr(one) for one in answers] + [repr(asdict(answers[0]))]
    seen += [record.getMessage() for record in caplog.records]
    for error in errors:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        seen += [str(error), repr(error.refusal), error.staff_text, "".join(report.format())]
    seen += [repr(one) for one in world.observed.all]
    seen += [row for rows in everything_stored(world).values() for row in rows]
    for secret in secrets:
        assert not [text for text in seen if secret in text]


def test_an_imported_account_pays_one_hash_like_any_other(memory_world: World) -> None:
    """Its wrong password is compared with the old hash, and costs one of ours on top."""
    world = memory_world
    world.portal = world.make_portal(past_hashes=[Pbkdf2()])
    gate = count_hashes(world.portal)
    assert world.stored(Identifier, KEY) is not None
    assert reason_of(lambda: world.visitor().log_in(ANA, WRONG)) is Reason.LOGIN_FAILED
    assert (gate.checks, gate.made) == (1, 0)


def test_however_many_sessions_a_thief_has_opened_all_of_them_end(memory_world: World) -> None:
    """Whoever has the password logs in a thousand times, so that the owner's list of sessions is full of theirs. The
    owner ends them all, staff end them all: not the first thousand."""
    world = memory_world
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    here = log_in(world)
    (mine,) = world.all_stored(Session, "account", "ana")
    theirs = [evolve(mine, id=f"{number:064d}", version=0) for number in range(1500)]
    write(world, *map(Put, theirs))
    assert world.client(here).log_out_everywhere().sessions == 1501
    write(world, *map(Put, theirs))
    assert world.staff().end_sessions(ana).sessions == 1500
    write(world, *map(Put, theirs))
    world.staff().unlink("ana", ana)
    log_in(world)
    assert [one.entry for one in world.all_stored(Session, "account", "ana")] == [None]
