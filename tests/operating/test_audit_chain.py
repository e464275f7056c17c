"""The audit is sealed by the pump, verified by anybody who may, and found out by it where somebody has touched it.

An attacker here has the database and no key: rows are changed past the library.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import text

from clientportal import InvalidInput, KeyRing, RecordRef
from clientportal.operations.vouching import vouched
from clientportal.outcomes import AuditBreak, AuditHead, BreakKind, Health, HealthState
from clientportal.records import AuditChain, AuditEntry, AuditSeal, Put, Remove
from watching import at_once
from world import World, client, make_world

ANA = "021 123 4567"


@pytest.fixture
def salon(world: World) -> World:
    """Ana is a client; Mia of the staff has looked her up, three times, and three entries tell of it."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    for _ in range(3):
        world.staff(reason="on the phone").explain_contact(ANA)
    return world


def write(world: World, *changes: Put | Remove) -> None:
    """What somebody does who has the database."""

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            await unit.commit(changes)

    world.run(go())


def entries(world: World) -> list[Any]:
    """The audit, oldest first."""
    return world.all_stored(AuditEntry, "time")


def verdict(world: World, **more: Any) -> Any:
    """What verifying says."""
    return world.portal.verify_audit(world.tenant, **more)


def broken(world: World, **more: Any) -> BreakKind | None:
    """The kind of the first thing that does not hold."""
    found = verdict(world, **more).broken
    return None if found is None else found.kind


def seal(world: World) -> Any:
    """Seal what is open."""
    return world.portal.seal_audit(world.tenant)


def test_the_pump_seals_what_is_older_than_a_minute(salon: World) -> None:
    """At once nothing is sealed; a minute later the pump has done it, and all of it holds."""
    many = len(entries(salon))
    salon.deliver()
    assert (verdict(salon).unsealed, verdict(salon).entries) == (many, 0)
    salon.clock.advance(timedelta(minutes=1))
    salon.deliver()
    seen = verdict(salon)
    assert seen.intact
    assert (seen.entries, seen.seals, seen.unsealed) == (many, 1, 0)
    assert seen.upto == max(one.at for one in entries(salon))


def test_every_entry_that_the_library_writes_is_vouched_for(salon: World) -> None:
    """Looks, refusals, changes: each has a salt and a mark, and is sealed as that."""
    salon.book("a1", client("ana"), "2026-12-01 09:00")
    door = salon.client(salon.sign_in(ANA))
    door.cancel("a1")
    with pytest.raises(Exception, match="permission"):
        salon.staff(permissions=[]).audit()
    assert all(one.salt and one.mark and one.key_id == "k1" for one in entries(salon))
    seal(salon)
    assert verdict(salon).intact


def test_a_changed_entry_is_found(salon: World) -> None:
    """Somebody puts the blame on Tama."""
    seal(salon)
    one = entries(salon)[0]
    write(salon, Put(evolve(one, actor="staff:tama")))
    assert verdict(salon).broken == AuditBreak(BreakKind.CHANGED, 1, one.id)


def test_a_removed_entry_is_found(salon: World) -> None:
    """Somebody removes what they did."""
    seal(salon)
    one = entries(salon)[1]
    write(salon, Remove(one))
    assert verdict(salon).broken == AuditBreak(BreakKind.REMOVED, 1, one.id)


def test_all_entries_of_a_seal_are_missed(salon: World) -> None:
    """Also where the seal after it is whole, and where it was the last."""
    first = entries(salon)
    seal(salon)
    write(salon, *(Remove(one) for one in entries(salon)))
    assert verdict(salon).broken == AuditBreak(BreakKind.REMOVED, 1, min(one.id for one in first))
    salon.staff().audit()
    seal(salon)
    assert broken(salon) is BreakKind.REMOVED


@pytest.mark.parametrize("seal_of_it", ["000000000001", "000000000009", "zzz", "", AuditEntry.OPEN])
def test_an_inserted_entry_is_found(salon: World, seal_of_it: str) -> None:
    """Whatever seal it claims to be in: none at all, one that there is, one that there is not."""
    seal(salon)
    made = AuditEntry(
        id="x",
        at=salon.clock(),
        actor="staff:tama",
        action="erase",
        subject="client:ana",
        outcome="done",
        seal=seal_of_it,
    )
    write(salon, Put(made))
    assert broken(salon) in {BreakKind.INSERTED, BreakKind.FORGED}


def test_what_is_changed_before_it_was_sealed_is_found(salon: World) -> None:
    """Its mark does not fit: verifying says so at once, and after the pump has sealed it as well."""
    one = entries(salon)[0]
    write(salon, Put(evolve(one, actor="staff:tama")))
    assert verdict(salon).broken == AuditBreak(BreakKind.FORGED, 0, one.id)
    seal(salon)
    assert verdict(salon).broken == AuditBreak(BreakKind.FORGED, 1, one.id)


@pytest.mark.parametrize(
    ("column", "sealed"),
    [("subject", True), ("subject", False), ("at", True), ("at", False), ("id", True)],
)
def test_an_entry_that_is_found_by_something_else_than_it_says_is_found_out(
    tmp_path: Path, column: str, sealed: bool
) -> None:
    """Somebody leaves the entry as it is, and changes the column that staff find it by: the subject, the time, the id.
    It is told as forged or changed, is sealed as what nobody vouches for, and is not forgotten as if it held.
    """
    salon = make_world("sqlite-plain", tmp_path)
    salon.add_client("ana", "Ana Kingi", mobile=ANA)
    salon.staff(reason="on the phone").explain_contact(ANA)
    if sealed:
        seal(salon)
    one = entries(salon)[0]

    async def go() -> None:
        async with salon.store.begin(salon.tenant, salon.host, writes=True) as unit:
            unit.connection.execute(text(f"UPDATE cp_audit SET {column} = '0' WHERE id = :id"), {"id": one.id})
            await unit.commit(())

    salon.run(go())
    kind = BreakKind.CHANGED if sealed else BreakKind.FORGED
    assert verdict(salon).broken == AuditBreak(kind, int(sealed), one.id)
    seal(salon)
    assert verdict(salon).broken == AuditBreak(kind, 1, one.id)
    salon.clock.advance(timedelta(days=400))
    assert not salon.portal.purge(salon.tenant, audit_older_than=timedelta(days=30)).kinds.get("audit")
    salon.close()


def test_a_tail_that_was_cut_off_is_found(salon: World) -> None:
    """With the seal; and where the end of the chain was put back to an older one, by an anchor kept elsewhere."""
    seal(salon)
    older = salon.stored(AuditChain, AuditChain.CHAIN)
    salon.staff().audit()
    seal(salon)
    anchor = AuditHead.from_json(salon.portal.audit_head(salon.tenant).to_json())
    assert verdict(salon, anchor=anchor).anchored is True
    late = [one for one in entries(salon) if one.seal == "000000000002"]
    write(salon, Remove(salon.stored(AuditSeal, "000000000002")), *map(Remove, late))
    assert broken(salon) is BreakKind.SEAL_REMOVED
    now = salon.stored(AuditChain, AuditChain.CHAIN)
    write(salon, Put(evolve(older, version=now.version)))
    assert verdict(salon).intact, "an older copy of everything: only an anchor can tell"
    assert verdict(salon, anchor=anchor).broken == AuditBreak(BreakKind.TRUNCATED, 2)


def test_an_anchor_of_another_business_is_refused(salon: World) -> None:
    """Held against the wrong chain it would say something wrong."""
    seal(salon)
    anchor = evolve(salon.portal.audit_head(salon.tenant), business="yoga")
    with pytest.raises(InvalidInput, match="yoga"):
        verdict(salon, anchor=anchor)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"seal": 1}', "[" * 100_000])
def test_what_is_no_anchor_is_refused(text: str) -> None:
    """With a sentence that says what would be one."""
    with pytest.raises(InvalidInput, match="audit_head"):
        AuditHead.from_json(text)


def test_nothing_is_added_to_a_chain_that_does_not_hold(salon: World) -> None:
    """The pump does not bless it: entries stay open, and the health check says why; until an operator accepts it."""
    seal(salon)
    chain = salon.stored(AuditChain, AuditChain.CHAIN)
    write(salon, Put(evolve(chain, entries=99)))
    salon.staff().audit()
    said = seal(salon)
    assert (said.entries, said.broken) == (0, AuditBreak(BreakKind.HEAD, 1))
    assert broken(salon) is BreakKind.HEAD
    health: Health = salon.portal.health(salon.tenant)
    assert health.part("audit").state is HealthState.FAILED
    assert salon.portal.purge(salon.tenant, audit_older_than=timedelta(days=1)).kinds.get("audit") is None
    accepted = salon.portal.seal_audit(salon.tenant, accept=True)
    assert accepted.entries == 1
    assert verdict(salon).intact
    assert "accept_audit" in {one.action for one in entries(salon)}


def test_a_chain_whose_end_was_lost_goes_on_when_that_is_accepted(salon: World) -> None:
    """From the seals that are there."""
    seal(salon)
    write(salon, Remove(salon.stored(AuditChain, AuditChain.CHAIN)))
    assert broken(salon) is BreakKind.HEAD
    salon.portal.seal_audit(salon.tenant, accept=True)
    seal(salon)
    assert verdict(salon).intact
    assert verdict(salon).seals == 2


def test_an_erasure_does_not_break_the_chain(salon: World) -> None:
    """Words and salt are gone, sealed before and after; the rest is as it was, and the erased are counted."""
    ana = RecordRef.client("ana")
    salon.staff().client(ana)
    seal(salon)
    salon.staff(reason="to be erased with her").sessions(ana)
    salon.staff().erase(ana, reason="she asked")
    words = [one for one in entries(salon) if one.words]
    assert words
    assert not any(one.because or one.reason or one.salt for one in words)
    seal(salon)
    seen = verdict(salon)
    assert seen.intact
    assert seen.erased == len(words)


def test_what_is_older_than_a_business_keeps_is_summarised(salon: World) -> None:
    """Sealed entries of before go, and the rest verifies; an anchor of before cannot be held against it any more."""
    seal(salon)
    old, many = salon.portal.audit_head(salon.tenant), len(entries(salon))
    salon.clock.advance(timedelta(days=365))
    salon.staff().audit()
    seal(salon)
    gone = salon.portal.purge(salon.tenant, audit_older_than=timedelta(days=90))
    assert gone.kinds["audit"] == many
    seen = verdict(salon, anchor=old)
    assert seen.intact
    assert (seen.pruned, seen.entries, seen.anchored) == (many, 1, True)
    salon.clock.advance(timedelta(days=365))
    salon.portal.purge(salon.tenant, audit_older_than=timedelta(days=90))
    assert verdict(salon, anchor=old).anchored is None
    assert verdict(salon).intact
    salon.staff().audit()
    seal(salon)
    assert (verdict(salon).entries, verdict(salon).pruned) == (1, many + 1)


def test_a_part_that_does_not_hold_is_not_forgotten(salon: World) -> None:
    """It is evidence."""
    seal(salon)
    write(salon, Put(evolve(entries(salon)[0], actor="staff:tama")))
    salon.clock.advance(timedelta(days=365))
    assert "audit" not in salon.portal.purge(salon.tenant, audit_older_than=timedelta(days=90)).kinds
    assert broken(salon) is BreakKind.CHANGED


@pytest.mark.parametrize("kept", [timedelta(hours=1), timedelta(0), 90])
def test_an_audit_is_kept_a_day_at_least(memory_world: World, kept: Any) -> None:
    """And for how long is a length of time."""
    with pytest.raises(InvalidInput, match="a day"):
        memory_world.portal.purge(memory_world.tenant, audit_older_than=kept)


@pytest.fixture
def secrets() -> dict[str, str]:
    """Two keys: the one of before and the one that takes its place."""
    return {"k1": KeyRing.generate_secret(), "k2": KeyRing.generate_secret()}


def test_keys_are_rotated_under_a_chain(world: World, secrets: dict[str, str]) -> None:
    """A new key in front signs the end anew; then the old one can go, and everything still verifies."""
    old = KeyRing.from_secrets({"k1": secrets["k1"]})
    both = KeyRing.from_secrets({"k2": secrets["k2"], "k1": secrets["k1"]})
    new = KeyRing.from_secrets({"k2": secrets["k2"]})
    world.portal = world.make_portal(keys=old)
    world.staff().audit()
    seal(world)
    world.portal = world.make_portal(keys=both)
    assert world.portal.keys_in_use(world.tenant).key("k1").counts == {"audit_end": 1}
    assert seal(world).entries == 0
    assert world.portal.keys_in_use(world.tenant).key("k1").nothing_counted
    world.portal = world.make_portal(keys=new)
    assert verdict(world).intact
    world.staff().audit()
    assert seal(world).entries == 1
    assert verdict(world).intact


def test_what_a_newer_key_has_marked_waits_for_a_pump_that_knows_it(world: World, secrets: dict[str, str]) -> None:
    """While a new key is rolled out, one process signs with it before another has it: nothing is taken for forged."""
    pump = world.make_portal(keys=KeyRing.from_secrets({"k1": secrets["k1"]}))
    world.portal = world.make_portal(keys=KeyRing.from_secrets(dict(reversed(secrets.items()))))
    world.staff().audit()
    assert (pump.seal_audit(world.tenant).entries, pump.seal_audit(world.tenant).waiting) == (0, 1)
    assert pump.verify_audit(world.tenant).intact
    assert seal(world).entries == 1
    assert verdict(world).intact


@pytest.mark.parametrize("at", [timedelta(days=-2), timedelta(0), timedelta(days=400)])
def test_an_entry_that_names_a_key_nobody_has_is_not_passed_over(salon: World, at: timedelta) -> None:
    """Somebody writes an entry whose key is in no ring, so that it is never sealed: it is told as one that waits, and
    once a new key would have come, or where it is dated ahead, as one that nothing can be said of.
    """
    seal(salon)
    forged = AuditEntry(
        id="forged", at=salon.clock() + at, actor="staff:tama", action="merge", subject="client:ana", outcome="done",
        key_id="k9", mark="f" * 64,
    )  # fmt: skip
    write(salon, Put(forged))
    gone = AuditBreak(BreakKind.KEY_GONE, 0, "forged")
    assert (verdict(salon).broken, verdict(salon).waiting) == (gone if at else None, 1)
    salon.clock.advance(timedelta(days=1))
    seal(salon)
    assert verdict(salon).broken == gone


def test_a_key_that_is_gone_is_said_to_be_gone(world: World, secrets: dict[str, str]) -> None:
    """It leaked and was removed at once: nothing can be said of the end, until an operator accepts it."""
    world.portal = world.make_portal(keys=KeyRing.from_secrets({"k1": secrets["k1"]}))
    world.staff().audit()
    seal(world)
    world.staff().audit()
    world.portal = world.make_portal(keys=KeyRing.from_secrets({"k2": secrets["k2"]}))
    assert broken(world) is BreakKind.KEY_GONE
    assert world.portal.health(world.tenant).part("audit").state is HealthState.WARNING
    assert seal(world).broken == AuditBreak(BreakKind.KEY_GONE, 1)
    assert world.portal.seal_audit(world.tenant, accept=True).entries == 1
    seal(world)
    assert verdict(world).intact


def test_many_pumps_seal_every_entry_once(salon: World) -> None:
    """Four at once: one chain, each entry in it once, nothing refused."""
    many = len(entries(salon))
    salon.clock.advance(timedelta(minutes=2))
    tenant = salon.tenant
    ended = at_once(salon, *[lambda portal: portal.deliver(tenant)] * 4)
    assert not [one for one in ended if isinstance(one, Exception)]
    salon.deliver()
    seen = verdict(salon)
    assert seen.intact
    assert (seen.entries, seen.unsealed) == (many, 0)


def test_more_than_one_batch_and_more_than_one_page(memory_world: World) -> None:
    """A thousand entries: six seals, read in three pages, and progress is told after each but the last."""
    world = memory_world
    setup = world.portal._setup
    made = [
        AuditEntry(id=f"e{at:04d}", at=world.clock(), actor="x", action="y", subject="z", outcome="done")
        for at in range(1_001)
    ]
    write(world, *(Put(vouched(setup, world.tenant, one)) for one in made))
    said = seal(world)
    assert (said.entries, said.seals) == (1_001, 6)
    told: list[Any] = []
    seen = verdict(world, progress=told.append)
    assert (seen.intact, seen.entries, len(told)) == (True, 1_001, 2)
