"""Timely: the duplicate report, and merging from it (T5)."""

from __future__ import annotations

import pytest

from clientportal import Permission, Reason, Refused
from clientportal.outcomes import Duplicates
from world import World


def groups(report: Duplicates) -> list[set[str]]:
    """The ids of each group."""
    return [{ref.id for ref in group.refs} for group in report.groups]


@pytest.mark.requirement("T5")
def test_one_group_for_each_set_of_records_that_share_a_contact(world: World) -> None:
    """By mobile in two spellings, by email in two cases, across both; who shares nothing is in no group.

    Ana, Anna and A. are one group: the first two share a mobile, the last two an email. Ben and Benny share an email.
    Mere shares nothing.
    """
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.add_client("anna", "Anna Kingi", mobile="+64 21 123 4567", email="Ana@Example.com")
    world.add_client("a", "A. Kingi", email="ana@example.com")
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321", email="ben@example.com")
    world.add_client("benny", "Benny Ngata", email="BEN@example.com")
    world.add_client("mere", "Mere Kingi", mobile="021 999 8888", email="mere@example.com")

    report = world.staff().duplicates()

    assert groups(report) == [{"a", "ana", "anna"}, {"ben", "benny"}]
    first, second = report.groups
    assert {str(key) for one in first.evidence for key in one.shared} == {
        "mobile:+64211234567",
        "email:ana@example.com",
    }
    assert {str(key) for one in second.evidence for key in one.shared} == {"email:ben@example.com"}
    assert set(first.names) == {"Ana Kingi", "Anna Kingi", "A. Kingi"}


@pytest.mark.requirement("T5")
def test_two_records_that_share_both_are_one_group(world: World) -> None:
    """The same mobile and the same email: one group, with both as its evidence."""
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    world.add_client("anna", "Anna Kingi", mobile="0211234567", email="ana@example.com")
    (group,) = world.staff().duplicates().groups
    (link,) = group.evidence
    assert [str(key) for key in link.shared] == ["email:ana@example.com", "mobile:+64211234567"]


@pytest.mark.requirement("T5", "X3")
def test_staff_merge_from_the_report_and_the_group_is_gone(world: World) -> None:
    """Plan, merge, look again: the merged group is not reported any more, the other one is; undone, it is back."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", created="2026-01-01 09:00")
    twin = world.add_client("twin", "Anna Kingi", mobile="+64 21 123 4567", created="2026-02-01 09:00")
    world.add_client("ben", "Ben Ngata", email="ben@example.com")
    world.add_client("benny", "Benny Ngata", email="ben@example.com")
    staff = world.staff()
    (_, group) = staff.duplicates().groups
    assert set(group.refs) == {ana, twin}

    plan = staff.plan_merge(ana, twin)
    assert [choice.field for choice in plan.conflicts] == ["first_name"], "two spellings of one number are no conflict"
    assert len(groups(staff.duplicates())) == 2, "a plan has no effect"
    merged = staff.merge(ana, twin)
    assert groups(staff.duplicates()) == [{"ben", "benny"}]

    staff.undo(merged.merges[0])
    assert groups(staff.duplicates()) == [{"ben", "benny"}, {"ana", "twin"}], "in the order of what they share"


@pytest.mark.requirement("T5", "X3")
def test_of_a_group_that_was_merged_in_part_the_rest_is_left(world: World) -> None:
    """Three share a number, two of them are merged: the group is the survivor and the third; then it is gone."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    twin = world.add_client("twin", "Anna Kingi", mobile="021 123 4567", email="anna@example.com")
    third = world.add_client("third", "A. Kingi", email="anna@example.com")
    staff = world.staff()
    staff.merge(ana, twin)
    assert groups(staff.duplicates()) == [{"ana", "third"}], "what matched the absorbed one matches the survivor"
    staff.merge(ana, third)
    assert staff.duplicates().groups == ()


@pytest.mark.requirement("T5")
def test_a_whole_group_is_merged_in_one_go(world: World) -> None:
    """Several absorbed at once: one commit, one journal entry each, no group left."""
    refs = [world.add_client(f"ana-{n}", "Ana Kingi", mobile="021 123 4567") for n in range(4)]
    merged = world.staff().merge(refs[0], refs[1:])
    assert len(merged.merges) == 3
    assert world.staff().duplicates().groups == ()
    assert world.sign_in("021 123 4567").record == refs[0]


@pytest.mark.requirement("T5", "X4")
def test_what_is_no_merge_key_makes_no_group(world: World) -> None:
    """A number on eleven records, a flagged placeholder, a dismissed pair: none of them is in the report."""
    for n in range(11):
        world.add_client(f"office-{n:02d}", f"Person {n}", mobile="021 700 1234")
    for n in range(3):
        world.add_client(f"desk-{n}", f"Guest {n}", email="desk@example.com")
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    mere = world.add_client("mere", "Mere Kingi", mobile="021 123 4567")
    staff = world.staff()
    assert groups(staff.duplicates()) == [{"desk-0", "desk-1", "desk-2"}, {"ana", "mere"}]
    staff.flag_placeholder("desk@example.com")
    staff.dismiss(ana, mere)
    assert staff.duplicates().groups == ()

    world.change_policy("contacts", shared_by_at_most=11)
    assert [len(group) for group in groups(staff.duplicates())] == [11]


@pytest.mark.requirement("T5")
def test_the_report_is_staffs_alone(world: World) -> None:
    """Without the permission neither the report nor a merge; what was not granted by name is refused."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    twin = world.add_client("twin", "Anna Kingi", mobile="021 123 4567")
    for granted, call in (
        ({Permission.MERGE}, lambda door: door.duplicates()),
        ({Permission.SEE_DUPLICATES}, lambda door: door.merge(ana, twin)),
        ({Permission.SEE_DUPLICATES}, lambda door: door.plan_merge(ana, twin)),
    ):
        with pytest.raises(Refused) as refused:
            call(world.staff(granted))
        assert refused.value.reason is Reason.PERMISSION
    assert groups(world.staff().duplicates()) == [{"ana", "twin"}]


@pytest.mark.requirement("T5")
def test_the_report_is_paged_without_losing_or_repeating_a_group(world: World) -> None:
    """Five groups, two a page."""
    for n in range(5):
        for side in ("a", "b"):
            world.add_client(f"{n}{side}", f"Client {n}", mobile=f"021 123 456{n}")
    found: list[set[str]] = []
    after = None
    for _ in range(5):
        page = world.staff().duplicates(after=after, limit=2)
        found.extend(groups(page))
        after = page.next
        if after is None:
            break
    assert found == [{f"{n}a", f"{n}b"} for n in range(5)]
