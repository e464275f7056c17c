"""A family, a hasty receptionist, twins, and Ana twice: what the default policy shows of them, and what a careful one.

Every row is there because a business has it. Mere's mobile stands on her daughter's record (X5); two clients in a hurry
were given ``none@none.com`` (X4); the twins share a birthday and a mobile, and not their names; Ana was entered twice,
once with a slip of the finger.
"""

from __future__ import annotations

from datetime import date

import pytest

from clientportal.errors import Refused
from clientportal.outcomes import DuplicateGroup
from world import World, client

pytestmark = pytest.mark.requirement("T5", "X4", "X5")

TWINS_BORN = date(2009, 8, 30)
NAMES = ("mere", "aroha", "ben", "cy", "hana", "rewi", "ana", "anna")


def salon(world: World) -> None:
    """The rows."""
    world.add_client("mere", "Mere Kingi", mobile="021 555 0101", birthday=date(1962, 5, 17))
    world.add_client("aroha", "Aroha Kingi", mobile="021 555 0101", birthday=date(1990, 2, 3))
    world.add_client("ben", "Ben Ngata", mobile="021 555 0102", email="none@none.com")
    world.add_client("cy", "Cy Walker", mobile="021 555 0103", email="none@none.com")
    world.add_client("hana", "Hana Tamihana", mobile="021 555 0104", birthday=TWINS_BORN)
    world.add_client("rewi", "Rewi Tamihana", mobile="+64 21 555 0104", birthday=TWINS_BORN)
    world.add_client("ana", "Ana Moana", mobile="021 555 0105", email="ana@example.com", birthday=date(1985, 1, 9))
    world.add_client("anna", "Anna Moana", email="Ana@Example.com")


def be_careful(world: World) -> None:
    """Names and birthdays bring points, and rule out whom they differ for."""
    world.change_policy(
        "matching",
        weights={"mobile": 1, "email": 1, "name": 0.5, "birthday": 0.5},
        vetoes=("name", "birthday"),
        names="similar",
    )
    world.portal.walk_contacts(world.tenant)


def report(world: World) -> tuple[DuplicateGroup, ...]:
    """What staff see."""
    return tuple(world.staff().duplicates().groups)


def people(groups: tuple[DuplicateGroup, ...]) -> list[list[str]]:
    """Who is with whom."""
    return sorted([ref.id for ref in group.refs] for group in groups)


def test_by_default_whoever_shares_a_mobile_or_an_email_is_shown(world: World) -> None:
    """T5 as it stands: staff look, and decide. The address that nobody has joins nobody."""
    salon(world)
    found = report(world)
    assert people(found) == [["ana", "anna"], ["aroha", "mere"], ["hana", "rewi"]]
    assert sorted(str(group.weakest) for group in found) == [
        "client:ana and client:anna: same email ana@example.com",
        "client:aroha and client:mere: same mobile +64215550101",
        "client:hana and client:rewi: same mobile +64215550104",
    ]


def test_a_careful_policy_shows_ana_alone_and_says_why(world: World) -> None:
    """Names alike 0.93; the mother, the daughter and the twins are other people by their names."""
    salon(world)
    be_careful(world)
    (group,) = report(world)
    assert [ref.id for ref in group.refs] == ["ana", "anna"]
    assert group.names == ("Ana Moana", "Anna Moana")
    (link,) = group.evidence
    assert group.weakest == link
    assert str(link) == "client:ana and client:anna: same email ana@example.com, names alike 0.93"
    assert link.reckoning == "email 1.00 + name 0.46 = 1.46"
    assert group.blocked == ()


def test_in_a_group_staff_see_whom_the_evidence_keeps_out_of_it(world: World) -> None:
    """Mere was entered twice with her mobile, which Aroha has too; and a second Aroha has another birthday."""
    salon(world)
    be_careful(world)
    world.add_client("merry", "Merre Kingi", mobile="021 555 0101")
    world.add_client("aroha2", "Aroha Kingi", mobile="021 555 0101", birthday=date(2001, 6, 2))

    (_, group) = report(world)

    assert [ref.id for ref in group.refs] == ["mere", "merry"]
    assert str(group.weakest) == "client:mere and client:merry: same mobile +64215550101, names alike 0.94"
    said = [str(one) for one in group.blocked]
    assert len(said) == 4
    assert said[0] == (
        "client:aroha and client:mere: mobile +64215550101 is used under other names, names unlike 0.61, different "
        "birthdays: vetoed"
    )


def test_one_record_shows_what_the_whole_report_shows(world: World) -> None:
    """Whoever looks at Anna sees Ana; whoever looks at a twin sees nobody."""
    salon(world)
    be_careful(world)
    staff = world.staff()
    assert staff.duplicates_of(client("anna")) == report(world)[0]
    assert staff.duplicates_of(client("rewi")) is None


def test_a_host_may_compare_names_itself(world: World) -> None:
    """A platform that knows that Aroha is also called Mere in her family: its word counts, in both colours."""
    salon(world)
    be_careful(world)
    known = {frozenset(("Aroha Kingi", "Mere Kingi"))}
    portal = world.make_portal(
        names_alike=lambda one, other: 1.0 if one == other or frozenset((one, other)) in known else 0.0
    )
    world.change_policy("matching", vetoes=("name",))
    staff = portal.staff(world.tenant, actor="mia", permissions=["see_duplicates"], reason="looking for duplicates")

    assert people(staff.duplicates().groups) == [["aroha", "mere"]]


def test_whom_a_merge_has_made_one_speak_together(world: World) -> None:
    """Ana Moana was once Ana Ngata: merged, whoever is entered under either name is like her (law 4)."""
    salon(world)
    be_careful(world)
    world.add_client("married", "Ana Ngata", mobile="021 555 0199")
    world.staff().merge(client("ana"), client("married"))
    world.add_client("again", "Ana Ngata", mobile="021 555 0105")

    (group,) = report(world)

    assert [ref.id for ref in group.refs] == ["again", "ana", "anna"]
    assert [str(one) for one in group.evidence] == [
        "client:again and client:ana: same mobile +64215550105, names alike 1.00",
        "client:ana and client:anna: same email ana@example.com, names alike 0.93",
    ]
    assert group.weakest == group.evidence[1]


def test_evidence_is_for_staff_who_may_see_duplicates(world: World) -> None:
    """It names contacts in full."""
    salon(world)
    with pytest.raises(Refused):
        world.portal.staff(world.tenant, actor="mia", permissions=[], reason="curious").duplicates()


def test_the_plan_of_a_merge_says_what_the_report_says(world: World) -> None:
    """Word for word, for and against: also where a household's number is told by somebody who is not to be merged."""
    salon(world)
    be_careful(world)
    world.add_client("merry", "Merre Kingi", mobile="021 555 0101")
    staff = world.staff()
    (_, group) = report(world)

    same = staff.plan_merge(client("mere"), client("merry"))
    other = staff.plan_merge(client("mere"), client("aroha"))
    twins = staff.plan_merge(client("hana"), client("rewi"))

    assert same.evidence == group.evidence
    assert tuple(map(str, other.evidence)) == (
        "client:aroha and client:mere: mobile +64215550101 is used under other names, names unlike 0.61, different "
        "birthdays: vetoed",
    )
    assert other.evidence[0] in group.blocked
    assert tuple(map(str, twins.evidence)) == (
        "client:hana and client:rewi: mobile +64215550104 is used under other names, names unlike 0.50, same birthday: "
        "vetoed",
    )
    strangers = staff.plan_merge(client("ben"), client("cy"))
    assert strangers.evidence == (), "none@none.com speaks for nobody"
    nothing = "nothing that the duplicate report goes by says that client:cy is one person with client:"
    assert strangers.remarks == (f"{nothing}ben",)
    assert same.remarks == ()
    three = staff.plan_merge(client("mere"), [client("merry"), client("cy")])
    assert three.remarks == (f"{nothing}mere",), "of Merry the report says it"


def test_what_says_nothing_in_the_report_says_nothing_in_the_plan(world: World) -> None:
    """A contact that staff have flagged, and one of more persons than the policy takes for one."""
    world.add_client("ana", "Ana Moana", mobile="021 555 0105", email="desk@example.com")
    world.add_client("anna", "Anna Moana", mobile="021 555 0105", email="desk@example.com")
    world.add_client("ben", "Ben Ngata", mobile="021 555 0105")
    staff = world.staff()
    whole = staff.plan_merge(client("ana"), client("anna"))
    staff.flag_placeholder("desk@example.com")
    flagged = staff.plan_merge(client("ana"), client("anna"))
    world.change_policy("contacts", shared_by_at_most=2)
    crowded = staff.plan_merge(client("ana"), client("anna"))

    assert tuple(map(str, whole.evidence)) == (
        "client:ana and client:anna: same email desk@example.com, same mobile +64215550105",
    )
    assert tuple(map(str, flagged.evidence)) == ("client:ana and client:anna: same mobile +64215550105",)
    assert crowded.evidence == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [["ana", "anna"], ["aroha", "mere"], ["hana", "rewi"]]),
        ({"weights": {"email": 1}}, [["ana", "anna"]]),
        ({"weights": {"mobile": 1, "birthday": 1}, "enough": 2}, [["hana", "rewi"]]),
        ({"vetoes": ("birthday",)}, [["ana", "anna"], ["hana", "rewi"]]),
        ({"vetoes": ("name",)}, []),
        ({"vetoes": ("name",), "names": "similar"}, [["ana", "anna"]]),
        ({"vetoes": ("name",), "names": "similar", "alike_from": 0.95}, []),
    ],
    ids=["as it comes", "weights", "enough", "vetoes", "names folded", "names similar", "alike_from"],
)
def test_every_setting_of_matching_changes_the_report(
    world: World, changes: dict[str, object], expected: list[list[str]]
) -> None:
    """At the door, page and look-up alike: none of them is only written down."""
    salon(world)
    world.change_policy("matching", **changes)
    world.portal.walk_contacts(world.tenant)
    alone = {tuple(ref.id for ref in group.refs) for id in NAMES if (group := world.staff().duplicates_of(client(id)))}

    assert people(report(world)) == expected
    assert sorted(map(list, alone)) == expected
