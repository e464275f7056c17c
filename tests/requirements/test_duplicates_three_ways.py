"""Law 15: the pages of the report, the whole scan and one record after the other show the same groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from clientportal import RecordRef, Refused
from clientportal.operations import components, duplicate_report, rehearsing
from clientportal.outcomes import DuplicateGroup, RehearsedKind
from clientportal.policy import MatchingPolicy
from clientportal.records import ContactHistory, Put
from clientportal.stores.memory import MemoryHost, MemoryStore
from world import World, client

pytestmark = pytest.mark.requirement("T5", "X4")

IDS = "abcdefghi"
MOBILES = [None, "021 555 0101", "021 555 0102", "021 555 0103", "0491 570 156"]
EMAILS = [None, "kingi@example.com", "ngata@example.com", "desk@example.com"]
NAMES = ["", "Ana Kingi", "Anna Kingi", "Ben Ngata"]
BORN = [None, date(1990, 4, 7), date(1991, 5, 8)]
MATCHING = {
    "T5": MatchingPolicy(),
    "mobile alone": MatchingPolicy(weights={"mobile": 1}),
    "names": MatchingPolicy(weights={"email": 1, "mobile": 1, "name": 0.5}, vetoes={"name"}, enough=1),
    "birthdays": MatchingPolicy(
        weights={"email": 1, "birthday": 0.6, "name": 0.5, "custom.member": 1}, vetoes={"birthday"}, enough=1
    ),
}


@frozen
class Scene:
    """What there is, and what staff and clients did about it."""

    rows: tuple[dict[str, Any], ...]
    merges: tuple[tuple[int, int], ...]
    dismissed: tuple[tuple[int, int], ...]
    detached: tuple[tuple[str, int], ...]
    flagged: tuple[tuple[str, bool], ...]
    behind: tuple[tuple[int, str], ...]
    gone: tuple[int, ...]
    matching: str
    cap: int


_place = st.integers(0, len(IDS) - 1)
_pairs = st.lists(st.tuples(_place, _place).filter(lambda two: two[0] != two[1]), max_size=4).map(tuple)
_contact = st.sampled_from([*filter(None, MOBILES), *filter(None, EMAILS)])
ROW = st.fixed_dictionaries(
    {
        "mobile": st.sampled_from(MOBILES),
        "email": st.sampled_from(EMAILS),
        "name": st.sampled_from(NAMES),
        "birthday": st.sampled_from(BORN),
        "custom": st.sampled_from([{}, {"member": "A-17"}, {"member": "a-17 "}, {"member": "B"}]),
        "usable": st.sampled_from([True, True, True, False]),
    }
)
SCENES = st.builds(
    Scene,
    rows=st.lists(ROW, min_size=2, max_size=len(IDS)).map(tuple),
    merges=_pairs,
    dismissed=_pairs,
    detached=st.lists(st.tuples(_contact, _place), max_size=2).map(tuple),
    flagged=st.lists(st.tuples(_contact, st.booleans()), max_size=2).map(tuple),
    behind=st.lists(st.tuples(_place, st.sampled_from(["021 555 0101", "021 555 0109"])), max_size=2).map(tuple),
    gone=st.lists(_place, max_size=1).map(tuple),
    matching=st.sampled_from(sorted(MATCHING)),
    cap=st.integers(2, 4),
)


def key_of(contact: str) -> str:
    """The key of one of the contacts above."""
    return f"email:{contact}" if "@" in contact else "mobile:+64" + contact.replace(" ", "").removeprefix("0")


def a_world(scene: Scene) -> World:
    """A salon in which all of that has happened."""
    world = World(MemoryStore(), MemoryHost, awaited=False, close=lambda: None)
    world.use(
        evolve(
            world.policy,
            matching=MATCHING[scene.matching],
            contacts=evolve(world.policy.contacts, shared_by_at_most=scene.cap),
        )
    )
    refs = [world.add_client(id, **row) for id, row in zip(IDS, scene.rows, strict=False)]
    staff = world.staff()
    for first, second in scene.dismissed:
        if max(first, second) < len(refs):
            staff.dismiss(refs[first], refs[second])
    for first, second in scene.merges:
        if max(first, second) < len(refs):
            with suppress(Refused):  # merged already, or told apart
                staff.merge(refs[first], refs[second])
    for contact, flagged in scene.flagged:
        if "0491" not in contact:
            staff.flag_placeholder(contact, flagged=flagged)
    for contact, place in scene.detached:
        if place < len(refs):
            detach(world, key_of(contact), refs[place])
    for place, mobile in scene.behind:
        if place < len(refs):
            (row,) = world.ask("clients", [refs[place]])
            world.seed("add_clients", [evolve(row, mobile=mobile)])
    return world


def detach(world: World, key: str, ref: RecordRef) -> None:
    """ "This is not me" has taken the record off the contact (X6)."""

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            history = await unit.state.get(ContactHistory, key) or ContactHistory(id=key)
            await unit.commit([Put(evolve(history, detached=(*history.detached, ref)))])

    world.run(go())


@contextmanager
def beyond(limits: components.Limits, keys: int) -> Iterator[None]:
    """Other limits than those that a real business has: what is looked up, and how many keys at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(components, "LIMITS", limits)
        patch.setattr(components, "KEYS_A_PAGE", keys + 1)
        patch.setattr(duplicate_report, "KEYS_AT_ONCE", keys)
        patch.setattr(duplicate_report, "COMPONENTS_AT_ONCE", keys)
        yield


def paged(world: World, limit: int) -> list[DuplicateGroup]:
    """Page after page."""
    found: list[DuplicateGroup] = []
    after: str | None = None
    while True:
        page = world.staff().duplicates(after=after, limit=limit)
        assert len(page.groups) <= limit
        assert page.next is None or len(page.groups) == limit, "a page that is not the last is full"
        found.extend(page.groups)
        after = page.next
        if after is None:
            return found


def one_by_one(world: World, refs: Sequence[RecordRef]) -> set[tuple[RecordRef, ...]]:
    """The groups of every record there is."""
    staff = world.staff()
    found: set[tuple[RecordRef, ...]] = set()
    for ref in refs:
        group = staff.duplicates_of(ref)
        if group is not None:
            found.add(group.refs)
    return found


@settings(max_examples=40)
@given(SCENES, st.integers(1, 3), st.integers(1, 5), st.integers(0, 5), st.integers(1, 4))
def test_three_ways_to_the_same_groups(scene: Scene, limit: int, keys: int, records: int, levels: int) -> None:
    """Whatever the size of a page, and wherever looking up gives way to the whole scan; evidence and all."""
    world = a_world(scene)
    refs = [client(id) for id in IDS[: len(scene.rows)]]

    scanned = list(world.staff().scan_duplicates())

    with beyond(components.Limits(records, levels), keys):
        assert list(world.staff().scan_duplicates()) == scanned
        assert paged(world, limit) == scanned
        assert one_by_one(world, refs) == {group.refs for group in scanned}
    assert paged(world, limit) == scanned
    assert one_by_one(world, refs) == {group.refs for group in scanned}


@settings(max_examples=40)
@given(SCENES, st.sampled_from(sorted(MATCHING)), st.sampled_from(["NZ", "AU"]), st.integers(2, 4))
def test_a_rehearsal_foresees_the_report(scene: Scene, matching: str, region: str, cap: int) -> None:
    """What it says would form, change and fall apart is what does, once the policy is switched and walked again."""
    world = a_world(evolve(scene, behind=()))
    contacts = evolve(world.policy.contacts, region=region, shared_by_at_most=cap)
    other = evolve(world.policy, matching=MATCHING[matching], contacts=contacts)
    before = {group.refs for group in world.staff().scan_duplicates()}

    lines = list(world.staff().rehearse_matching(other))

    assert {group.refs for group in world.staff().scan_duplicates()} == before, "without effect"
    world.use(other)
    world.portal.walk_contacts(world.tenant, restart=True)
    after = {group.refs for group in world.staff().scan_duplicates()}
    told = {kind: {one.refs for one in lines if one.kind is kind} for kind in RehearsedKind}
    assert told[RehearsedKind.FORMS] | told[RehearsedKind.CHANGES] == after - before
    assert told[RehearsedKind.FALLS_APART] == {
        refs for refs in before if not any(set(refs) & set(others) for others in after)
    }
    assert list(world.staff().rehearse_matching(other)) == [], "of the policy in force there is nothing to say"


def test_keys_that_fall_on_one_place_of_the_sieve_lose_nothing() -> None:
    """A sieve of eight places for a hundred keys: every key that came twice passes."""
    sieve = rehearsing.Sieve(8)
    for n in range(100):
        sieve.put(f"mobile:+6421555{n:04d}")
    for n in range(0, 100, 7):
        sieve.put(f"mobile:+6421555{n:04d}")
    assert all(sieve.shared(f"mobile:+6421555{n:04d}") for n in range(0, 100, 7))
    fresh = rehearsing.Sieve()
    fresh.put("email:ana@example.com")
    assert not fresh.shared("email:ana@example.com")
