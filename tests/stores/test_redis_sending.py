"""Codes that are asked for while budgets are counted in Redis, and under a cap for all businesses: each axis exceeded
alone with a sender that counts, what fails, and what a crash leaves.

The scenarios of ``security/test_sends.py`` and of ``test_enumeration.py`` run here once more, on a real server.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
import redis
from attrs import evolve

from clientportal import InvalidInput, KeyRing, Reason, Refused, presets
from clientportal.errors import Conflict, StoreError
from clientportal.outcomes import HealthState
from clientportal.policy import Delivery, LoginPolicy, RegisterFrom, UnknownIdentity
from clientportal.ports.budgets import Charge, Spending
from clientportal.records import Allowance, GuessCounter, OutboxMessage
from clientportal.stores.redis import AsyncRedisBudgets, RedisBudgets
from clientportal.values import ContactKind
from security.attacking import ANA, Neighbour, by_email
from security.test_enumeration import test_a_number_says_nothing_either  # noqa: F401
from security.test_sends import (  # noqa: F401
    allow,
    exact,
    number,
    test_a_known_device_has_budgets_too,
    test_a_known_device_is_sent_codes_while_strangers_have_used_every_axis_up,
    test_a_refusal_charges_nothing,
    test_all_aliases_of_an_address_share_one_budget,
    test_all_spellings_of_a_number_share_one_budget,
    test_ten_a_day,
    test_thirty_seconds_lie_between_two_codes_then_sixty,
    test_three_in_ten_minutes,
    test_twenty_an_hour_from_one_source,
    test_twenty_an_hour_to_one_prefix,
)
from valkey_server import ValkeyServer
from watching import reason_of, refusal_of
from world import World, make_world


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ValkeyServer]:
    """One for all: each world has keys of its own, so none meets another's budgets."""
    with ValkeyServer() as started:
        yield started


@pytest.fixture
def server() -> Iterator[ValkeyServer]:
    """One to do anything with."""
    with ValkeyServer() as started:
        yield started


def on(world: World, server: ValkeyServer, **more: Any) -> Any:
    """Whatever portal this world makes from now on counts there; answers what is to be closed."""
    made = world.make_portal
    client: Any = redis.asyncio.Redis(**server.settings) if world.awaited else redis.Redis(**server.settings)
    budgets = AsyncRedisBudgets(client) if world.awaited else RedisBudgets(client)
    world.make_portal = lambda **given: made(**{"budgets": budgets, **more, **given})  # type: ignore[method-assign]
    world.portal = world.make_portal()
    return lambda: world.run(client.aclose()) if world.awaited else client.close()


@pytest.fixture(params=["memory-async", "sqlite-plain"])
def world(request: pytest.FixtureRequest, shared_server: ValkeyServer) -> Iterator[World]:
    """A small business whose sending is counted in Redis."""
    made = make_world(request.param)
    close = on(made, shared_server)
    yield made
    close()
    made.close()


# --- where it is counted ---------------------------------------------------------------------------------------------


def test_so_many_an_hour_for_one_business_and_its_neighbour_apart(world: World) -> None:
    """On one server, with one ring of keys: the cap of one business is its own."""
    other = Neighbour(world)
    other.make_portal = lambda **given: world.make_portal(**{"policy": lambda _: other.policy, **given})  # type: ignore[method-assign]
    other.portal = other.make_portal()
    allow(world, per_tenant_hour=5)
    for place in range(5):
        world.visitor().request_code(number(place))
    other.visitor().request_code(number(9))
    world.deliver()
    exact(world, lambda: world.visitor().request_code(number(6)), 5)


def test_nothing_of_it_stands_in_the_store_and_nothing_of_anybody_in_redis(server: ValkeyServer) -> None:
    """No number, no address, no source, no business can be read from the server; guesses are counted in the store."""
    world = make_world("memory-plain")
    close = on(world, server)
    world.use(by_email(world.policy))
    world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    sent = world.visitor(source="192.0.2.7").request_code("ana@example.com")
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, "000000")) is Reason.CODE_WRONG
    assert world.all_stored(Allowance, "expiry") == []
    assert world.stored(GuessCounter, "email:ana@example.com|strangers").consecutive == 1
    client = server.client()
    keys: list[bytes] = client.keys()
    kept = b"".join(key + repr(client.hgetall(key)).encode() for key in keys)
    assert len(keys) == 3
    for told in (b"ana", b"example", b"192.0", b"strangers", b"tenant", world.tenant.encode(), b"4567"):
        assert told not in kept
    assert all(0 < client.pttl(key) <= 86_401_000 for key in keys)
    close()
    world.close()


def test_two_businesses_that_share_a_server_but_no_keys_do_not_meet(world: World, shared_server: ValkeyServer) -> None:
    """Staging next to production: another ring is other keys."""
    world.visitor().request_code(ANA)
    staging = world.make_portal(keys=KeyRing.from_secrets({"s": KeyRing.generate_secret()}))
    assert staging.visitor(world.tenant).request_code(ANA).handle
    assert reason_of(lambda: world.visitor().request_code(ANA)) is Reason.WAIT


# --- what fails ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", ["memory-plain", "memory-async"])
def test_without_the_server_nothing_is_sent_and_no_try_is_counted(server: ValkeyServer, variant: str) -> None:
    """Down, silent, full, a replica: refused as busy, whoever asks; logging in with the code that was sent still works.

    The same answer for a number that is known and for one that is not.
    """
    world = make_world(variant)
    close = on(world, server)
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    sent, code = world.get_code(ANA)
    world.clock.advance(timedelta(minutes=1))
    client = server.client()

    def all_refused() -> None:
        for contact in (ANA, number(3)):
            refused = refusal_of(lambda contact=contact: world.visitor().request_code(contact))
            assert (refused.reason, refused.retry_at) == (Reason.BUSY, None)
        assert reason_of(lambda: world.visitor().resend_code(sent.handle)) is Reason.BUSY
        assert world.deliver().sent == 0
        assert world.stored(GuessCounter, "mobile:+64211234567|strangers") is None

    client.config_set("maxmemory", 1)
    all_refused()
    client.config_set("maxmemory", 0)
    client.replicaof("127.0.0.1", server.port)
    all_refused()
    client.replicaof("NO", "ONE")
    server.hang()
    refused = refusal_of(lambda: world.visitor().request_code(number(3)))
    assert refused.reason is Reason.BUSY
    server.go_on()
    server.stop()
    all_refused()
    assert world.visitor().verify_code(sent.handle, code).record is not None
    server.start()
    assert world.visitor().request_code(number(3)).handle
    close()
    world.close()


def test_the_health_check_says_when_nothing_can_be_sent(server: ValkeyServer) -> None:
    """Before the first client complains: down, or a replica that answers and may not write; and well again."""
    world = make_world("memory-plain")
    close = on(world, server)

    def budgets() -> HealthState:
        (part,) = (one for one in world.portal.health().parts if one.name == "budgets")
        return part.state

    assert budgets() is HealthState.OK
    client = server.client()
    client.replicaof("127.0.0.1", server.port)
    assert budgets() is HealthState.FAILED
    client.replicaof("NO", "ONE")
    assert budgets() is HealthState.OK
    assert world.visitor().request_code(ANA).handle
    server.stop()
    assert budgets() is HealthState.FAILED
    close()
    world.close()


class Counting:
    """Budgets that write down what they are asked, and always say yes."""

    def __init__(self) -> None:
        self.asked: list[tuple[Charge, ...]] = []
        self.looks: list[bool] = []

    def spend(self, charges: Any, now: Any, *, look: bool = False) -> Spending:
        """Yes."""
        self.asked.append(tuple(charges))
        self.looks.append(look)
        return Spending(True, now)


class Failing:
    """A store whose next commits fail: with whatever is in the list."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.fails: list[Exception] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def begin(self, *given: Any, **more: Any) -> Any:
        """A unit whose commit may fail."""

        @asynccontextmanager
        async def begun() -> Any:
            async with self.store.begin(*given, **more) as unit:
                commit = unit.commit

                async def failing(writes: Any) -> None:
                    if writes and self.fails:
                        raise self.fails.pop(0)
                    await commit(writes)

                unit.commit = failing
                yield unit

        return begun()


def test_a_unit_that_is_run_again_spends_once(memory_world: World) -> None:
    """Twice in conflict, then committed: one call of the budgets, and one message."""
    budgets, store = Counting(), Failing(memory_world.store)
    portal = memory_world.make_portal(store=store, budgets=budgets)
    store.fails = [Conflict("somebody was faster"), Conflict("and again")]
    assert portal.visitor(memory_world.tenant).request_code(ANA).handle
    assert [len(asked) for asked in budgets.asked] == [3]
    assert memory_world.deliver().sent == 1
    store.fails = [Conflict("for ever")] * 3
    assert reason_of(lambda: portal.visitor(memory_world.tenant).request_code(number(1))) is Reason.BUSY
    assert len(budgets.asked) == 2


def test_a_crash_after_spending_leaves_it_spent_and_nothing_sent(world: World) -> None:
    """The safe side: pulling the plug is no way to send for nothing, and no way to be sent two."""
    store = Failing(world.store)
    portal = world.make_portal(store=store)
    store.fails = [StoreError("the store is gone")]
    with suppress(StoreError):
        portal.visitor(world.tenant).request_code(ANA)
    assert world.deliver().sent == 0
    refused = refusal_of(lambda: world.visitor().request_code(ANA))
    assert refused.reason is Reason.WAIT
    assert refused.retry_at == world.clock() + timedelta(seconds=30)


def test_a_refusal_that_needs_no_budget_asks_for_none(memory_world: World) -> None:
    """A number that no SMS reaches, a fourth open code, a bot: judged before, and charged nothing."""
    budgets = Counting()
    portal = memory_world.make_portal(budgets=budgets)
    door = portal.visitor(memory_world.tenant)
    assert reason_of(lambda: door.request_code("0900 12345")) is Reason.CONTACT_NOT_ALLOWED
    for _ in range(3):
        door.request_code(ANA)
    assert reason_of(lambda: door.request_code(ANA)) is Reason.TOO_MANY_CODES
    assert len(budgets.asked) == 3
    bots = memory_world.make_portal(budgets=budgets, human=lambda _attempt: False)
    assert reason_of(lambda: bots.visitor(memory_world.tenant).request_code(number(1))) is Reason.BOT_SUSPECTED
    assert len(budgets.asked) == 3


@pytest.mark.parametrize("variant", ["memory-plain", "postgres-plain"])
def test_eight_requests_at_once_keep_to_the_open_codes(variant: str) -> None:
    """Where the store holds no budget, it still keeps two requests for one number apart: three codes, not eight."""
    world = make_world(variant)
    portal = world.make_portal(budgets=Counting())

    def ask(_place: int) -> Reason | None:
        try:
            portal.visitor(world.tenant).request_code(ANA)
        except Refused as error:
            return error.reason
        return None

    with ThreadPoolExecutor(8) as threads:
        said = list(threads.map(ask, range(8)))
    assert said.count(None) == 3
    assert set(said) <= {None, Reason.TOO_MANY_CODES, Reason.BUSY}
    world.close()


def test_a_known_number_and_an_unknown_one_ask_the_budgets_the_same(memory_world: World) -> None:
    """Whoever watches the counter, or its load, learns nothing about who is a client (V6.3.8)."""
    budgets = Counting()
    portal = memory_world.make_portal(budgets=budgets)
    memory_world.add_client("ana", "Ana Kingi", mobile=ANA)
    shapes: list[Any] = []
    for contact in (ANA, number(3)):
        budgets.asked.clear()
        sent = portal.visitor(memory_world.tenant, source="192.0.2.7").request_code(contact)
        reason_of(lambda sent=sent: portal.visitor(memory_world.tenant).verify_code(sent.handle, "000000"))
        shapes.append([[(one.limits, one.gap, len(one.id)) for one in asked] for asked in budgets.asked])
    assert shapes[0] == shapes[1]
    assert len(shapes[0]) == 1


def test_a_diverted_message_waits_for_the_budgets_and_loses_no_try(server: ValkeyServer) -> None:
    """The code goes to the phone of whoever has the address: counted when it leaves, and due again where nobody can
    say whether it may.
    """
    world = make_world("memory-plain")
    close = on(world, server)
    world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    login = LoginPolicy(
        identifiers=frozenset({ContactKind.EMAIL}),
        delivery=Delivery.SMS_ELSE_EMAIL,
        unknown=UnknownIdentity.REFUSE_SILENTLY,
    )
    world.use(evolve(world.policy, login=login))
    world.visitor().request_code("ana@example.com")
    server.stop()
    assert world.deliver().sent == 0
    (message,) = world.all_stored(OutboxMessage, "due")
    assert (message.tries, message.state.value) == (0, "queued")
    server.start()
    assert world.deliver().sent == 1
    assert [one.to for one in world.box.messages] == ["+64211234567"]
    close()
    world.close()


# --- registering looks first -----------------------------------------------------------------------------------------


def test_a_registration_that_would_wait_hashes_nothing(memory_world: World) -> None:
    """The budgets are looked at before the password is hashed, and spent once it was."""
    budgets = Counting()
    policy = presets.acuity(region="NZ")
    memory_world.use(evolve(policy, registration=evolve(policy.registration, register_from=RegisterFrom.ANYWHERE)))
    door = memory_world.make_portal(budgets=budgets).visitor(memory_world.tenant)
    given = {"password": "seven little kiwis", "first_name": "Ana", "last_name": "Kingi", "phone": ANA}
    door.register("ana@example.com", **given, consents=dict(policy.registration.consents))
    assert budgets.looks == [True, False]


# --- all businesses together -----------------------------------------------------------------------------------------


@pytest.fixture(params=["store-memory-async", "store-sqlite-plain", "redis-sqlite-plain"])
def capped(request: pytest.FixtureRequest, server: ValkeyServer) -> Iterator[World]:
    """A world whose installation sends five messages an hour at most."""
    counted, _, variant = request.param.partition("-")
    made = make_world(variant)
    close = on(made, server) if counted == "redis" else None
    make = made.make_portal
    made.make_portal = lambda **given: make(**{"sends_per_hour": 5, **given})  # type: ignore[method-assign]
    made.portal = made.make_portal()
    yield made
    if close is not None:
        close()
    made.close()


def test_a_cap_for_all_businesses_together(capped: World) -> None:
    """Three from one business and two from the other: the sixth waits at either, until the moment that is named."""
    other = Neighbour(capped)
    other.make_portal = lambda **given: capped.make_portal(**{"policy": lambda _: other.policy, **given})  # type: ignore[method-assign]
    other.portal = other.make_portal()
    allow(capped)
    for place in range(3):
        capped.visitor().request_code(number(place))
    for place in range(2):
        other.visitor().request_code(number(10 + place))
    began = capped.clock()
    assert refusal_of(lambda: other.visitor().request_code(number(20))).retry_at == began + timedelta(hours=1)
    capped.deliver()
    exact(capped, lambda: capped.visitor().request_code(number(20)), 3)


def test_strangers_who_use_the_cap_up_keep_no_known_device_out(capped: World) -> None:
    """A known device has a cap of its own, here as everywhere."""
    ana = capped.add_client("ana", "Ana Kingi", mobile=ANA)
    device = capped.sign_in(ANA).device
    capped.clock.advance(timedelta(hours=2))
    for place in range(5):
        capped.visitor().request_code(number(place))
    assert reason_of(lambda: capped.visitor().request_code(number(9))) is Reason.WAIT
    capped.deliver()
    sent, code = capped.get_code(ANA, device=device)
    assert capped.visitor(device=device).verify_code(sent.handle, code).record == ana


def test_a_portal_says_at_once_what_it_cannot_count_with(memory_world: World) -> None:
    """Budgets of the other colour, none at all, a cap that lets nothing through."""
    with redis.Redis(socket_timeout=1, retry=None) as client:
        for match, given in (
            ("plain: RedisBudgets", {"budgets": AsyncRedisBudgets(client)}),
            ("RedisBudgets", {"budgets": "redis://localhost"}),
            ("whole number", {"sends_per_hour": 0}),
            ("whole number", {"sends_per_hour": 2.5}),
        ):
            with pytest.raises(InvalidInput, match=match):
                memory_world.make_portal(**given)
        awaited = make_world("memory-async")
        with pytest.raises(InvalidInput, match="awaited: AsyncRedisBudgets"):
            awaited.make_portal(budgets=RedisBudgets(client))
        awaited.close()
