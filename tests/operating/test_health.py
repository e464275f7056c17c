"""How the portal is: one question, answered part by part, whatever of it has failed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import InvalidInput, KeyRing, SendFailed
from clientportal.outcomes import HealthState
from clientportal.ports import StoreProbe
from clientportal.records import AuditEntry, Intent, MessageKind, OutboxMessage, Put
from clientportal.stores.memory import MemoryStore
from watching import BOTH_COLOURS, far_away, platform
from world import World, at

ANA = "021 123 4567"


def part(world: World, name: str, business: str | None = "here") -> Any:
    """One part of the answer."""
    return world.portal.health(world.tenant if business == "here" else business).part(name)


def write(world: World, *changes: Any) -> None:
    """Put something there."""

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            await unit.commit(changes)

    world.run(go())


def test_a_portal_that_is_well(world: World) -> None:
    """Every part is, and all of it is values that JSON knows, without a contact or a name."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.sign_in(ANA)
    seen = world.portal.health(world.tenant)
    names = [one.name for one in seen.parts]
    assert [name for name in names if name != "clock"] == [
        *("store", "host", "contacts", "outbox", "intents", "audit", "keys"),
    ]
    wrong = [one for one in seen.parts if one.state is not HealthState.OK and one.name != "clock"]
    assert wrong == []
    said = json.dumps(seen.as_json())
    assert not any(text in said for text in ("4567", "Ana", "Kōwhai"))
    assert json.loads(said)["business"] == world.tenant


def test_without_a_business_the_store_alone_is_asked(world: World) -> None:
    """What a load balancer asks."""
    seen = world.portal.health()
    assert {one.name for one in seen.parts} <= {"store", "clock"}
    assert part(world, "store", None).state is HealthState.OK
    assert seen.business is None
    with pytest.raises(KeyError):
        seen.part("host")


@BOTH_COLOURS
def test_a_store_that_does_not_answer(awaited: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is raised, nothing of its text is told, and what waits in it is not known."""
    with platform(awaited) as world:

        def fail(*_args: Any, **_more: Any) -> Any:
            raise OSError("connection to db.internal as portal failed")

        monkeypatch.setattr(world.store, "begin", fail)
        seen = world.portal.health(world.tenant)
        assert (seen.works, seen.state) == (False, HealthState.FAILED)
        assert seen.part("store").facts == {"error": "OSError"}
        assert seen.part("outbox").problem == "the store does not answer"
        assert "db.internal" not in json.dumps(seen.as_json())


@BOTH_COLOURS
def test_a_platform_that_does_not_answer(awaited: bool) -> None:
    """The rest is looked at all the same."""

    def fail(_host: Any) -> Any:
        raise ConnectionError("crm.internal is away")

    with platform(awaited) as world:
        world.host.business = fail
        seen = world.portal.health(world.tenant)
        assert (seen.part("host").state, seen.part("host").facts) == (HealthState.FAILED, {"error": "ConnectionError"})
        assert seen.part("outbox").state is HealthState.OK


def test_a_portal_that_has_not_walked(memory_world: World) -> None:
    """Nobody is found until it has: that is said before the first client asks."""
    host, store = memory_world.host, MemoryStore()
    portal = memory_world.make_portal(store=store, host=host)
    assert portal.health(memory_world.tenant).part("contacts").state is HealthState.FAILED


def test_messages_that_nobody_sends(world: World) -> None:
    """After ten minutes the pump is missed."""
    message = OutboxMessage(
        id="m1",
        kind=MessageKind.LOGIN_CODE,
        created_at=world.clock(),
        due_at=world.clock(),
        expires_at=world.clock() + timedelta(days=1),
    )
    write(world, Put(message))
    assert part(world, "outbox").state is HealthState.OK
    world.clock.advance(timedelta(minutes=11))
    late = part(world, "outbox")
    assert (late.state, late.facts["oldest_due_seconds"]) == (HealthState.FAILED, 660)
    assert "pump" in late.problem


def test_messages_that_were_given_up(memory_world: World) -> None:
    """Staff should look, and nothing is broken."""
    memory_world.add_client("ana", "Ana Kingi", mobile=ANA)
    memory_world.box.fails = [SendFailed("no such number", permanent=True)]
    memory_world.visitor().request_code(ANA)
    memory_world.deliver()
    seen = part(memory_world, "outbox")
    assert (seen.state, seen.facts["abandoned"]) == (HealthState.WARNING, 1)
    assert memory_world.portal.health(memory_world.tenant).works


def test_writes_of_the_platform_that_were_never_finished() -> None:
    """The platform keeps its tables elsewhere, and has not answered for a while."""
    with far_away() as world:
        now = world.clock()
        write(world, Put(Intent(id="i1", write="move", actor="client", asked_at=now, due_at=now)))  # type: ignore[arg-type]
        assert part(world, "intents").state is HealthState.OK
        world.clock.advance(timedelta(minutes=11))
        assert (part(world, "intents").state, part(world, "intents").facts) == (
            HealthState.WARNING,
            {"oldest_seconds": 660},
        )


def test_an_audit_that_nobody_seals(memory_world: World) -> None:
    """The pump does that, too."""
    memory_world.staff().audit()
    memory_world.clock.advance(timedelta(hours=2))
    assert part(memory_world, "audit").state is HealthState.WARNING
    memory_world.deliver()
    assert part(memory_world, "audit").state is HealthState.OK
    one = memory_world.all_stored(AuditEntry, "time")[0]
    write(memory_world, Put(evolve(one, actor="staff:tama")))
    assert part(memory_world, "audit").state is HealthState.OK, "every entry is verify_audit's business"


def test_messages_whose_key_is_gone(memory_world: World) -> None:
    """A code waits that nobody can derive any more."""
    memory_world.add_client("ana", "Ana Kingi", mobile=ANA)
    memory_world.visitor().request_code(ANA)
    other = memory_world.make_portal(keys=KeyRing.from_secrets({"k2": KeyRing.generate_secret()}))
    seen = other.health(memory_world.tenant).part("keys")
    assert (seen.state, seen.facts) == (HealthState.WARNING, {"signs_with": "k2", "missing": "k1"})


class Probed(MemoryStore):
    """A store that says of itself what it is told to."""

    said = StoreProbe(1, 1)

    async def probe(self) -> StoreProbe:
        """What it says."""
        return self.said


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, HealthState.OK), (-6, HealthState.WARNING), (61, HealthState.FAILED)]
)
def test_two_clocks_that_are_apart(memory_world: World, seconds: int, state: HealthState) -> None:
    """Codes would live too long, or too short."""
    store = Probed()
    store.said = StoreProbe(1, 1, memory_world.clock() + timedelta(seconds=seconds))
    assert memory_world.make_portal(store=store).health().part("clock").state is state


def test_tables_that_are_too_old(memory_world: World) -> None:
    """Somebody forgot to upgrade."""
    store = Probed()
    store.said = StoreProbe(1, 2)
    seen = memory_world.make_portal(store=store).health().part("store")
    assert (seen.state, seen.facts) == (HealthState.FAILED, {"version": 1, "needed": 2})


def test_a_clock_that_fails(memory_world: World) -> None:
    """Even then there is an answer."""

    def broken() -> datetime:
        raise OSError("no clock")

    portal = memory_world.make_portal(clock=broken)
    assert not portal.health(memory_world.tenant).works
    assert portal.health().at.tzinfo is UTC


def test_a_business_that_is_none_is_refused(memory_world: World) -> None:
    """That is no state of health."""
    with pytest.raises(InvalidInput):
        memory_world.portal.health("")
    assert at("2026-11-21 10:00") == memory_world.clock()


def test_a_database_says_its_version_and_its_clock(world: World) -> None:
    """SQLite has no clock of its own, PostgreSQL has one; the memory store says nothing."""
    seen = world.portal.health()
    if isinstance(world.store, MemoryStore):
        assert seen.part("store").facts == {}
        return
    assert seen.part("store").facts == {"version": 1, "needed": 1}
    if "postgresql" in type(world.store).__module__ or getattr(world.store, "_sqlite", True) is False:
        apart = seen.part("clock").facts["seconds_apart"]
        assert isinstance(apart, float)
        assert apart > 0, "the clock of these scenarios stands still"
