"""T5 and X4 on every store: the report page by page, of one record, at once; by more than contacts; rehearsed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
from attrs import evolve

from clientportal import ClientRecord, InvalidCursor, Reason, RecordRef, Refused
from clientportal.operations import components, duplicate_report
from clientportal.outcomes import RehearsedKind
from clientportal.policy import FieldDefinition, MatchingPolicy
from clientportal.records import AuditEntry, ContactEntry, ContactHistory, Put
from clientportal.testing.crashing import _Counting
from clientportal.testing.port_calls import Stepper, SteppingStore
from watching import reason_of
from world import World, at, client

pytestmark = pytest.mark.requirement("T5")

BORN = date(1990, 4, 7)


def ids(group: Any) -> list[str]:
    """Who is in a group."""
    return [] if group is None else [ref.id for ref in group.refs]


def pages(world: World, limit: int, between: Callable[[int], None] = lambda _page: None) -> list[list[str]]:
    """Page after page, with something done between them."""
    found: list[list[str]] = []
    after: str | None = None
    for page in range(50):
        report = world.staff().duplicates(after=after, limit=limit)
        found += [ids(group) for group in report.groups]
        after = report.next
        if after is None:
            return found
        between(page)
    raise AssertionError("the pages never end")


def pair(world: World, n: int) -> None:
    """Two records with one mobile."""
    for side in "ab":
        world.add_client(f"{n:02d}{side}", f"Client {n}", mobile=f"021 555 {n + 100:04d}")


# --- one record ------------------------------------------------------------------------------------------------------


def test_what_looks_like_one_record_is_looked_up(world: World) -> None:
    """Ana's group, from either end of its chain and from a record that was merged; nobody's, where there is none."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    anna = world.add_client("anna", "Anna Kingi", mobile="+64 21 123 4567", email="ana@example.com")
    third = world.add_client("third", "A. Kingi", email="Ana@Example.com")
    mere = world.add_client("mere", "Mere Kingi", mobile="021 999 8888")
    staff = world.staff()
    for ref in (ana, anna, third):
        group = staff.duplicates_of(ref)
        assert ids(group) == ["ana", "anna", "third"]
        assert [str(link) for link in group.evidence] == [
            "client:ana and client:anna: same mobile +64211234567",
            "client:anna and client:third: same email ana@example.com",
        ]
    assert staff.duplicates_of(mere) is None
    staff.merge(ana, anna)
    assert ids(staff.duplicates_of(anna)) == ["ana", "third"], "what anna matches, whoever she was merged into matches"
    assert reason_of(lambda: staff.duplicates_of(client("nobody"))) is Reason.NOT_FOUND


def test_the_last_of_a_group_is_seen_to_leave_it(world: World) -> None:
    """A number is changed and the portal told of that one record: the group is gone at once, without a walk."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.add_client("anna", "Anna Kingi", mobile="021 123 4567")
    assert ids(world.staff().duplicates_of(client("ana"))) == ["ana", "anna"]
    (row,) = world.ask("clients", [client("anna")])
    world.change_client(evolve(row, mobile="021 999 8888"))
    assert world.staff().duplicates_of(client("ana")) is None
    assert world.staff().duplicates().groups == ()


def test_a_row_that_changed_behind_the_index_counts_as_it_is_now(world: World) -> None:
    """The platform has not told us: the index still names Anna, her row does not."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.add_client("anna", "Anna Kingi", mobile="021 123 4567")
    (row,) = world.ask("clients", [client("anna")])
    world.seed("add_clients", [evolve(row, mobile="021 999 8888")])
    assert world.staff().duplicates().groups == ()
    assert world.staff().duplicates_of(client("ana")) is None
    assert list(world.staff().scan_duplicates()) == []


def test_one_record_costs_the_same_in_a_large_business(memory_world: World) -> None:
    """Ten clients or a thousand: looking Ana up makes the same calls, and so does telling of a change of hers."""
    world = memory_world
    stepper = Stepper()
    world.store = SteppingStore(world.store, stepper)
    world.portal = world.make_portal()
    for id in ("ana", "anna"):
        world.add_client(id, "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    costs: list[list[str]] = []
    size = 2
    for wanted in (10, 1000):
        world.seed("add_clients", [_numbered(n) for n in range(size, wanted)])
        world.portal.walk_contacts(world.tenant, restart=True)
        size = wanted
        counting = _Counting()
        stepper.use(counting)
        assert ids(world.staff().duplicates_of(client("ana"))) == ["ana", "anna"]
        world.portal.contact_changed(world.tenant, client("ana"))
        stepper.use(None)
        costs.append([call.name for call in counting.calls])
    assert costs[0] == costs[1]
    assert 10 < len(costs[0]) < 40


def _numbered(n: int) -> Any:
    """One of many; every tenth shares a number with the one before."""
    return ClientRecord(
        ref=client(f"c{n:04d}"),
        created_at=at("2026-01-05 09:00"),
        first_name=f"Client {n}",
        mobile=f"+64215{n // 2 if n % 10 == 0 else n:06d}",
    )


# --- all at once, and page by page -----------------------------------------------------------------------------------


def test_the_scan_yields_what_the_pages_show(world: World) -> None:
    """Seven groups, in the same order; it is audited once, before the first is handed out."""
    for n in range(7):
        pair(world, n)
    staff = world.staff(reason="the yearly tidying up")
    groups = staff.scan_duplicates()
    assert [ids(group) for group in groups] == pages(world, 3) == [[f"{n:02d}a", f"{n:02d}b"] for n in range(7)]
    (line,) = [one for one in staff.audit().items if one.action == "scan_duplicates"]
    assert (line.actor, line.outcome, line.reason) == ("staff:mia", "done", "the yearly tidying up")
    with pytest.raises(Refused):
        list(world.staff(()).scan_duplicates())


def test_what_is_added_meanwhile_is_seen_once_or_not_at_all(world: World) -> None:
    """A pair before the place reached, one after it, and a third record of a group that was shown."""

    def between(page: int) -> None:
        if page == 0:
            pair(world, 0)
            pair(world, 9)
            world.add_client("02c", "Client 2", mobile="021 555 0102")

    for n in (2, 4, 6, 8):
        pair(world, n)
    found = pages(world, 2, between)
    assert found == [["02a", "02b"], ["04a", "04b"], ["06a", "06b"], ["08a", "08b"], ["09a", "09b"]]
    assert pages(world, 2)[:2] == [["00a", "00b"], ["02a", "02b", "02c"]], "from the beginning, everything is there"


def test_merging_while_turning_pages_loses_nothing(world: World) -> None:
    """Staff merge what they see: the next page goes on behind it."""
    for n in range(5):
        pair(world, n)

    def between(page: int) -> None:
        world.staff().merge(client(f"{page:02d}a"), client(f"{page:02d}b"))

    assert pages(world, 1, between) == [[f"{n:02d}a", f"{n:02d}b"] for n in range(5)]
    assert pages(world, 1) == [["04a", "04b"]]


def test_several_groups_of_one_number_are_paged_too(world: World) -> None:
    """Four have one number; by what staff have said they are two pairs: one a page, none lost and none repeated."""
    for id in "abcd":
        world.add_client(id, id.title(), mobile="021 555 0101")
    for first, second in (("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")):
        world.staff().dismiss(client(first), client(second))
    assert pages(world, 1) == [["a", "b"], ["c", "d"]]


@pytest.mark.parametrize("cursor", ["", "client:ana", "nonsense", "W10", "bnVsbA", "é", "MTI", "A" * 5])
def test_a_cursor_that_the_report_never_made(world: World, cursor: str) -> None:
    """One of another list, of an older version, cut or made up: told as such, whatever it is."""
    pair(world, 1)
    with pytest.raises(InvalidCursor):
        world.staff().duplicates(after=cursor)


def test_a_cursor_with_other_things_in_it(world: World) -> None:
    """Well-formed, and yet none: a number for a key, a record that is none, a place of another list of the store."""
    pair(world, 1)
    made: Sequence[list[object]] = ([None, 1, "client:a"], [None, "mobile:1", "nobody"], ["x", "mobile:1", "client:a"])
    for parts in made:
        cursor = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")
        with pytest.raises(InvalidCursor):
            world.staff().duplicates(after=cursor)


def test_a_number_of_the_whole_town_hides_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty have the salon's own number, more than are looked at: the groups beside it are found, every way."""
    monkeypatch.setattr(components, "MOST_HOLDERS", 20)
    for n in range(30):
        world.add_client(
            f"c{n:02d}", f"Client {n}", mobile="021 555 0000" if n < 28 else None, email=f"{n // 2}@example.com"
        )
    expected = sorted([f"c{n:02d}", f"c{n + 1:02d}"] for n in range(0, 30, 2))
    assert sorted(pages(world, 4)) == expected
    assert sorted(ids(group) for group in world.staff().scan_duplicates()) == expected
    assert ids(world.staff().duplicates_of(client("c00"))) == ["c00", "c01"]


def test_a_long_chain_is_one_group_in_every_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty records, each tied to the next by another contact: further than is looked up level by level."""
    monkeypatch.setattr(components, "LIMITS", components.Limits(levels=3))
    monkeypatch.setattr(duplicate_report, "KEYS_AT_ONCE", 4)
    for n in range(20):
        world.add_client(
            f"c{n:02d}", f"Client {n}", mobile=f"021 555 {100 + (n + 1) // 2:04d}", email=f"{n // 2}@example.com"
        )
    pair(world, 50)
    whole = [f"c{n:02d}" for n in range(20)]
    assert pages(world, 1) == [whole, ["50a", "50b"]]
    assert ids(world.staff().duplicates_of(client("c11"))) == whole
    assert [ids(group) for group in world.staff().scan_duplicates()] == [whole, ["50a", "50b"]]


@pytest.mark.requirement("X6")
def test_a_record_that_was_taken_off_a_number_does_not_count(world: World) -> None:
    """ "This is not me" took Ben off the number that he once had: it makes nobody of him and Ana any more."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.add_client("ben", "Ben Ngata", mobile="021 123 4567")

    async def detach() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            await unit.commit([Put(ContactHistory(id="mobile:+64211234567", detached=(client("ben"),)))])

    world.run(detach())
    assert pages(world, 5) == []
    assert world.staff().duplicates_of(client("ben")) is None
    assert list(world.staff().scan_duplicates()) == []


@pytest.mark.requirement("X4")
def test_what_is_recognised_as_no_contact_can_be_cleared(world: World) -> None:
    """noreply@ is what people type who have none. Ana's salon really has it: staff say so, and it counts."""
    for id in ("ana", "anna"):
        world.add_client(id, "Ana Kingi", email="noreply@example.com")
    staff = world.staff()
    assert pages(world, 5) == []
    assert staff.flag_placeholder("noreply@example.com", flagged=False) is True
    assert staff.flag_placeholder("noreply@example.com", flagged=False) is False
    assert pages(world, 5) == [["ana", "anna"]]
    assert staff.flag_placeholder("noreply@example.com") is True
    assert pages(world, 5) == []


# --- more than contacts ----------------------------------------------------------------------------------------------


def by_more(world: World) -> None:
    """A policy that goes by birthdays and the number of a member's card, too."""
    world.use(
        evolve(
            world.policy,
            matching=MatchingPolicy(
                weights={"email": 1, "mobile": 1, "birthday": 0.5, "name": 0.5, "custom.member": 1}, enough=1
            ),
            clients=evolve(world.policy.clients, fields={"custom.member": FieldDefinition(label="Card")}),
        )
    )


def test_people_are_found_by_birthday_and_card(world: World) -> None:
    """Two Anas with one birthday and no contact in common, two with one card: two groups; one look finds each."""
    by_more(world)
    world.add_client("ana", "Ana Kingi", mobile="021 555 0101", birthday=BORN)
    world.add_client("anna", "ĀNA  KINGI", mobile="021 555 0102", birthday=BORN)
    world.add_client("abe", "Abe Kura", mobile="021 555 0103", birthday=BORN)
    world.add_client("ben", "Ben Ngata", custom={"member": "A-17"})
    world.add_client("benny", "Benjamin N.", custom={"member": "a-17"})
    assert pages(world, 5) == [["ana", "anna"], ["ben", "benny"]]
    assert ids(world.staff().duplicates_of(client("benny"))) == ["ben", "benny"]


def test_every_way_in_puts_them_into_the_index(world: World) -> None:
    """Quick add, an import, a change at the desk, and the platform's word: each is found by its card at once."""
    by_more(world)
    world.add_client("ana", "Ana Kingi", email="ana@example.com", custom={"member": "A-17"})
    staff = world.staff()
    added = staff.add_client({"first_name": "Anna", "mobile": "021 555 0102"}, custom={"member": "a-17"}).ref
    assert added in staff.duplicates_of(client("ana")).refs
    file = ["first_name,mobile,member", "Anahera,021 555 0103,A-17"]
    (line,) = staff.import_clients(file, name="spring", custom={"member": "member"})
    assert line.ref in staff.duplicates_of(client("ana")).refs, line
    ben = world.add_client("ben", "Ben Ngata", email="ben@example.com")
    (row,) = world.ask("clients", [ben])
    staff.change_client(ben, row.version, {}, custom={"member": "A-17"})
    assert ben in staff.duplicates_of(client("ana")).refs
    before = world.all_stored(ContactEntry, "ref")
    world.portal.walk_contacts(world.tenant, restart=True)
    assert world.all_stored(ContactEntry, "ref") == before, "a walk finds nothing to add"
    (row,) = world.ask("clients", [ben])
    staff.change_client(ben, row.version, {}, custom={"member": None})
    assert ben not in staff.duplicates_of(client("ana")).refs


def test_who_is_deleted_or_erased_leaves_no_key(world: World) -> None:
    """Neither a contact nor a card of theirs stays in the index."""
    by_more(world)
    for id in ("ana", "ben"):
        world.add_client(id, id.title(), email=f"{id}@example.com", birthday=BORN, custom={"member": "A-17"})
    world.staff(reason="asked for it").erase(client("ana"), reason="asked for it")
    world.staff().delete_client(client("ben"))
    assert world.all_stored(ContactEntry, "ref") == []


def test_without_the_weight_the_walk_takes_them_out_again(world: World) -> None:
    """Switched off, birthdays and cards count for nothing at once, and are gone from the index after a walk."""
    plain = world.policy
    by_more(world)
    for id in ("ana", "anna"):
        world.add_client(id, "Ana Kingi", birthday=BORN, custom={"member": "A-17"})
    assert len(pages(world, 5)) == 1
    world.use(plain)
    assert pages(world, 5) == []
    report = world.portal.walk_contacts(world.tenant, restart=True)
    assert (report.contacts, report.shared) == (0, 0)
    assert world.all_stored(ContactEntry, "ref") == []


# --- rehearsing ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("X8")
def test_another_region_is_rehearsed(world: World) -> None:
    """From New Zealand to Australia: who would be found by which number, what could be read, which groups there are."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.add_client("anna", "Anna Kingi", mobile="+64 21 123 4567")
    world.add_client("ben", "Ben Ngata", mobile="0491 570 156")
    world.add_client("benny", "Benny Ngata", mobile="+61 491 570 156", email="ben@example.com")
    world.add_client("mere", "Mere Kingi", mobile="021 555 012")
    stored = world.all_stored(ContactEntry, "ref")
    other = evolve(world.policy, contacts=evolve(world.policy.contacts, region="AU"))
    staff = world.staff(reason="we have moved to Sydney")

    lines = list(staff.rehearse_matching(other))

    told = [(one.kind, [ref.id for ref in one.refs], one.before, one.after) for one in lines]
    assert (RehearsedKind.READABLE, ["ben"], ("mobile: not_a_number",), ()) in told
    assert (RehearsedKind.KEYS, ["ben"], (), ("mobile:+61491570156",)) in told
    assert [one.refs for one in lines if one.kind is RehearsedKind.FORMS] == [(client("ben"), client("benny"))]
    unreadable = {ref.id for one in lines if one.kind is RehearsedKind.UNREADABLE for ref in one.refs}
    falls = [one.refs for one in lines if one.kind is RehearsedKind.FALLS_APART]
    assert (unreadable, falls) == ({"mere"}, [(client("ana"), client("anna"))])
    assert world.all_stored(ContactEntry, "ref") == stored, "without effect"
    entries = [one for one in world.all_stored(AuditEntry, "time") if one.action == "rehearse_matching"]
    assert [(one.actor, one.reason) for one in entries] == [("staff:mia", "we have moved to Sydney")]


@pytest.mark.requirement("X8")
def test_other_weights_are_rehearsed(world: World) -> None:
    """Without the email, a chain of three is a pair; nothing of a policy that is in force already."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.add_client("anna", "Anna Kingi", mobile="021 123 4567", email="kingi@example.com")
    world.add_client("mere", "Mere Kingi", email="kingi@example.com")
    staff = world.staff()
    assert list(staff.rehearse_matching(world.policy)) == []
    (line,) = staff.rehearse_matching(evolve(world.policy, matching=MatchingPolicy(weights={"mobile": 1})))
    assert (line.kind, line.before, line.after) == (
        RehearsedKind.CHANGES,
        ("client:ana, client:anna, client:mere",),
        ("client:ana, client:anna",),
    )
    with pytest.raises(Refused):
        list(world.staff(()).rehearse_matching(world.policy))


def test_a_merged_record_whose_row_is_gone_is_rehearsed_as_it_was_known(world: World) -> None:
    """The platform deletes the row of the absorbed: its number still leads to the survivor, today and afterwards."""
    ana = world.add_client("ana", "Ana Kingi", email="ana@example.com")
    old = world.add_client("old", "Ana K.", mobile="021 123 4567")
    world.add_client("twin", "Ana Kingi", mobile="021 123 4567")
    world.staff().merge(ana, old)
    plain = world.host

    class Cleared(plain):  # type: ignore[misc, valid-type]
        """The same platform without the absorbed row."""

        def clients(self, refs: Sequence[RecordRef]) -> Any:
            return super().clients([ref for ref in refs if ref != old])

    world.host = Cleared
    world.portal = world.make_portal()
    assert ids(world.staff().duplicates_of(client("twin"))) == ["ana", "twin"]
    assert [ids(group) for group in world.staff().scan_duplicates()] == [["ana", "twin"]]
    assert list(world.staff().rehearse_matching(world.policy)) == []
