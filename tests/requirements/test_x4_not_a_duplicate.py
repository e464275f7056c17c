"""X4: "not a duplicate" is remembered, and what is on too many records, or is no contact at all, joins nobody."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from clientportal import Reason, RecordRef
from clientportal.records import Dismissal
from watching import at_once, reason_of, refusal_of
from world import World, client

pytestmark = pytest.mark.requirement("X4")


def groups(world: World) -> list[list[str]]:
    """The duplicate report: the ids of each group."""
    return [[ref.id for ref in group.refs] for group in world.staff().duplicates().groups]


def mother_and_daughter(world: World) -> tuple[RecordRef, RecordRef]:
    """Two people, one email."""
    return (
        world.add_client("mere", "Mere Kingi", email="kingi@example.com"),
        world.add_client("ana", "Ana Kingi", email="kingi@example.com"),
    )


# --- remembered ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True])
def test_not_a_duplicate_is_one_fact_whichever_way_round(world: World, turned: bool) -> None:
    """Said of (Mere, Ana) or of (Ana, Mere): the group is gone, a merge is refused either way, and it is said once."""
    mere, ana = mother_and_daughter(world)
    assert groups(world) == [["ana", "mere"]]
    said, round_ = ((ana, mere), (mere, ana)) if turned else ((mere, ana), (ana, mere))
    staff = world.staff()
    assert staff.dismiss(*said) is True
    assert staff.dismiss(*round_) is False, "known already"
    assert groups(world) == []
    for pair in (said, round_):
        refused = refusal_of(lambda pair=pair: staff.merge(*pair))
        assert refused.reason is Reason.NOT_DUPLICATES
        assert "client:ana and client:mere" in refused.staff_text
        assert reason_of(lambda pair=pair: staff.plan_merge(*pair)) is Reason.NOT_DUPLICATES
    assert len(world.all_stored(Dismissal, "first")) == 1
    assert staff.restore_pair(*round_) is True
    assert staff.restore_pair(*said) is False
    assert groups(world) == [["ana", "mere"]]
    assert staff.merge(*said).survivor == said[0]


def test_it_is_remembered_whatever_the_contacts_become(world: World) -> None:
    """Months later, after a new walk over all contacts and with a second contact in common: still two people."""
    mere, ana = mother_and_daughter(world)
    world.staff().dismiss(mere, ana)
    world.clock.advance(timedelta(days=400))
    for ref in (mere, ana):
        (row,) = world.ask("clients", [ref])
        world.add_client(ref.id, row.name, email="kingi@example.com", mobile="021 123 4567")
    world.portal.walk_contacts(world.tenant, restart=True)
    world.portal.purge(world.tenant)
    assert groups(world) == []


def test_who_says_so_is_a_matter_of_record(world: World) -> None:
    """It is audited and kept with its author; itself or nobody is no pair, and it needs the permission."""
    mere, ana = mother_and_daughter(world)
    staff = world.staff(reason="mother and daughter")
    staff.dismiss(mere, ana)
    (kept,) = world.all_stored(Dismissal, "first")
    assert (kept.actor, kept.at) == ("staff:mia", world.clock())
    (line,) = [one for one in staff.audit().items if one.action == "dismiss"]
    assert (line.reason, line.subject) == ("mother and daughter", "client:mere and client:ana")
    assert reason_of(lambda: staff.dismiss(ana, ana)) is Reason.SAME_RECORD
    assert reason_of(lambda: staff.dismiss(ana, client("nobody"))) is Reason.NOT_FOUND
    assert reason_of(lambda: world.staff(permissions=()).dismiss(mere, ana)) is Reason.PERMISSION


def test_two_staff_who_say_it_at_once_say_it_once(world: World) -> None:
    """Mia from one side and Tom from the other."""
    mere, ana = mother_and_daughter(world)
    everything = (world.staff()._awaited if world.awaited else world.staff())._caller.permissions
    ended = at_once(
        world,
        lambda portal: portal.staff(world.tenant, actor="mia", permissions=everything).dismiss(mere, ana),
        lambda portal: portal.staff(world.tenant, actor="tom", permissions=everything).dismiss(ana, mere),
    )
    assert sorted(ended) == [False, True]


# --- closure -------------------------------------------------------------------------------------------------------


def chain(world: World) -> dict[str, RecordRef]:
    """a and b share a mobile, b and c an email, c and d another mobile."""
    contacts: dict[str, dict[str, Any]] = {
        "a": {"mobile": "021 123 4567"},
        "b": {"mobile": "021 123 4567", "email": "bc@example.com"},
        "c": {"email": "bc@example.com", "mobile": "027 555 0001"},
        "d": {"mobile": "027 555 0001"},
    }
    return {id: world.add_client(id, id.upper(), **fields) for id, fields in contacts.items()}


def test_closure_is_transitive_with_the_evidence_for_every_link(world: World) -> None:
    """A chain of four is one group; each link says by what."""
    chain(world)
    (group,) = world.staff().duplicates().groups
    assert [ref.id for ref in group.refs] == ["a", "b", "c", "d"]
    assert group.names == ("A", "B", "C", "D")
    assert sorted(map(str, group.evidence)) == [
        "client:a and client:b: same mobile +64211234567",
        "client:b and client:c: same email bc@example.com",
        "client:c and client:d: same mobile +64275550001",
    ]
    assert group.blocked == ()


@pytest.mark.parametrize(("first", "second"), list(permutations("abcd", 2)))
def test_no_chain_joins_a_dismissed_pair(world: World, first: str, second: str) -> None:
    """Whichever two of the four were told apart, near or far along the chain: never in one group, and said why."""
    refs = chain(world)
    world.staff().dismiss(refs[first], refs[second])
    report = world.staff().duplicates().groups
    assert not [group for group in report if {refs[first], refs[second]} <= set(group.refs)]
    neighbours = abs(ord(first) - ord(second)) == 1
    joined = [ref.id for group in report for ref in group.refs]
    assert len(joined) == len(set(joined)) >= 3 - neighbours
    if not neighbours:
        assert [link for group in report for link in group.blocked], "the link that was left out is shown"


def test_of_three_with_one_number_only_the_pair_is_kept_apart(world: World) -> None:
    """Ana twice and her mother share a number; telling the mother from one Ana leaves the other pairs possible."""
    for id in ("ana", "anna", "mere"):
        world.add_client(id, id.title(), mobile="021 123 4567")
    world.staff().dismiss(client("ana"), client("mere"))
    (group,) = groups(world)
    assert len(group) == 2
    assert group != ["ana", "mere"]


def test_it_survives_the_merge_of_either_of_them(world: World) -> None:
    """Ana was told from Mere; Ana is absorbed by Anna, Mere by Mary: Anna and Mary are two people still."""
    for id in ("ana", "anna"):
        world.add_client(id, id.title(), mobile="021 123 4567", email="kingi@example.com")
    for id in ("mere", "mary"):
        world.add_client(id, id.title(), mobile="027 555 0001", email="kingi@example.com")
    staff = world.staff()
    staff.dismiss(client("ana"), client("mere"))
    first = staff.merge(client("anna"), client("ana")).merges[0]
    assert reason_of(lambda: staff.merge(client("anna"), client("mere"))) is Reason.NOT_DUPLICATES
    assert not [group for group in groups(world) if {"anna", "mere"} <= set(group)]
    second = staff.merge(client("mary"), client("mere")).merges[0]
    assert groups(world) == []
    for survivor, absorbed in (("anna", "mary"), ("mary", "anna")):
        assert reason_of(lambda s=survivor, a=absorbed: staff.merge(client(s), client(a))) is Reason.NOT_DUPLICATES
    staff.undo(first)
    staff.undo(second)
    assert not [group for group in groups(world) if {"ana", "mere"} <= set(group)]
    assert reason_of(lambda: staff.merge(client("ana"), client("mere"))) is Reason.NOT_DUPLICATES


# --- what joins nobody -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("records", "joined"), [(4, True), (5, False)])
def test_a_contact_on_more_records_than_the_policy_says_joins_nobody(world: World, records: int, joined: bool) -> None:
    """At most four: the number of a family of four makes a group, the switchboard of five does not."""
    world.change_policy("contacts", shared_by_at_most=4)
    for number in range(records):
        world.add_client(f"c{number}", f"Client {number}", mobile="021 123 4567")
    assert groups(world) == ([[f"c{number}" for number in range(records)]] if joined else [])


def test_merged_records_count_as_one_person(world: World) -> None:
    """Five records with one number, two of them merged: four people, and within the policy's four."""
    world.change_policy("contacts", shared_by_at_most=4)
    for number in range(5):
        world.add_client(f"c{number}", f"Client {number}", mobile="021 123 4567")
    world.staff().merge(client("c0"), client("c4"))
    assert groups(world) == [["c0", "c1", "c2", "c3"]]


def test_a_switchboard_does_not_join_two_groups_that_are_there_for_other_reasons(world: World) -> None:
    """Six clients have the office's email; two share a mobile, two others another: two groups, without that email."""
    world.change_policy("contacts", shared_by_at_most=4)
    for number in range(6):
        mobile = "021 123 4567" if number < 2 else "027 555 0001" if number < 4 else None
        world.add_client(f"c{number}", f"Client {number}", mobile=mobile, email="office@example.com")
    report = world.staff().duplicates().groups
    assert [[ref.id for ref in group.refs] for group in report] == [["c0", "c1"], ["c2", "c3"]]
    assert not [link for group in report for link in group.evidence if "office" in str(link)]


def test_a_placeholder_joins_nobody_until_it_is_unflagged(world: World) -> None:
    """Everybody without an address got the front desk's: once flagged it says nothing, in any spelling."""
    for id in ("ana", "ben"):
        world.add_client(id, id.title(), email="Desk@Example.com")
    staff = world.staff()
    assert groups(world) == [["ana", "ben"]]
    assert staff.flag_placeholder("desk@example.com") is True
    assert staff.flag_placeholder("DESK@example.com") is False
    assert groups(world) == []
    assert staff.flag_placeholder("desk@example.com", flagged=False) is True
    assert groups(world) == [["ana", "ben"]]


def test_what_is_typed_where_people_have_nothing_joins_nobody(world: World) -> None:
    """Two who were in a hurry: none@none.com and 021 000 0000 make no person of them, and nobody flagged either."""
    for id in ("ana", "ben"):
        world.add_client(id, id.title(), mobile="021 000 0000", email="None@None.com")
    assert groups(world) == []


def test_a_flagged_number_leaves_the_other_evidence(world: World) -> None:
    """The salon's own number was typed for everybody; Ana and Anna still share an email."""
    for id, email in (("ana", "a@example.com"), ("anna", "a@example.com"), ("ben", None)):
        world.add_client(id, id.title(), mobile="021 555 0100", email=email)
    world.staff().flag_placeholder("021 555 0100")
    (group,) = world.staff().duplicates().groups
    assert [ref.id for ref in group.refs] == ["ana", "anna"]
    assert [str(link) for link in group.evidence] == ["client:ana and client:anna: same email a@example.com"]


def test_a_flagged_contact_opens_nobodys_record(world: World) -> None:
    """The desk's number stands on three records. Whoever answers that phone is none of the three: no code is sent
    there, and one that was sent before opens nothing any more.
    """
    for id in ("ana", "ben", "cy"):
        world.add_client(id, id.title(), mobile="021 555 0142")
    assert world.log_in("021 555 0142").profile().first_name == "Cy", "of those who never booked, the greatest id"
    world.clock.advance(timedelta(minutes=11))
    sent, code = world.get_code("021 555 0142")
    world.staff().flag_placeholder("021 555 0142")
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.CONTACT_BUSINESS
    explained = world.staff().explain_contact("021 555 0142")
    assert explained.record is None
    assert "flagged as nobody's by staff" in explained.because
    world.clock.advance(timedelta(minutes=11))
    before = len(world.box.messages)
    world.visitor().request_code("021 555 0142")
    world.deliver()
    assert len(world.box.messages) == before
    world.staff().flag_placeholder("021 555 0142", flagged=False)
    assert world.log_in("021 555 0142").profile().first_name == "Cy"
