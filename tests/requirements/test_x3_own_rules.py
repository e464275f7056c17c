"""X3: which value survives: the contact that was proved, texts put together, and the platform's own rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from clientportal import ClientRecord, HostError, InvalidInput, PolicyError, RecordRef
from clientportal.policy import MergePolicy
from clientportal.records import Merge
from clientportal.testing.laws import check_survivorship
from world import World, at, client

pytestmark = pytest.mark.requirement("X3")


def longest(name: str, records: Sequence[ClientRecord]) -> ClientRecord | None:
    """The longest value; of equally long ones that of the greater text, then of the greater ref."""
    some = [record for record in records if said(record, name) or name in record.cleared]
    return max(some, key=lambda record: (len(said(record, name)), said(record, name), record.ref), default=None)


def said(record: ClientRecord, name: str) -> str:
    """What a record says."""
    return str(getattr(record, name) or "")


def sisters(world: World) -> tuple[RecordRef, RecordRef]:
    """Ana under her long name of before, and under the short one of today."""
    before = world.add_client("ana", "Ana Kingi-Hoani", mobile="021 123 4567", created="2026-01-05 09:00")
    today = world.add_client("twin", "Ana Kingi", mobile="027 555 0001", created="2026-02-05 09:00")
    return before, today


def with_rules(world: World, **rules: Any) -> None:
    """The portal is built anew, with rules of the platform's own."""
    world.portal = world.make_portal(survivorship=rules)


def choice(world: World, ref: RecordRef, name: str = "last_name") -> Any:
    """One field as staff see it."""
    return next(one for one in world.staff().client(ref).fields if one.field == name)


# --- the platform's own rule -----------------------------------------------------------------------------------------


def test_the_rule_of_the_example_keeps_the_laws() -> None:
    """It can be proved before it is used."""
    check_survivorship(longest)


def test_a_platforms_own_rule_decides_its_field_alone(world: World) -> None:
    """The longest last name, over what the policy says; first names are decided as ever, and clients see the result."""
    with_rules(world, last_name=longest)
    ana, twin = sisters(world)
    plan = world.staff().plan_merge(twin, ana)
    merged = world.staff().merge(twin, ana)
    assert world.staff().client(twin).fields == plan.fields
    assert (choice(world, twin).value, choice(world, twin).rule) == ("Kingi-Hoani", "own:longest")
    assert choice(world, twin, "first_name").rule == "most_recent"
    assert world.log_in("027 555 0001").profile().last_name == "Kingi-Hoani"
    assert world.stored(Merge, merged.merges[0]).rules["last_name"] == "own:longest"


def test_a_group_keeps_the_rule_that_it_was_merged_by_for_as_long_as_there_is_one(world: World) -> None:
    """Registered no longer, or under another name: the most recent, and staff are told. There again, it decides."""
    with_rules(world, last_name=longest)
    ana, twin = sisters(world)
    world.staff().merge(twin, ana)
    with_rules(world)
    fallen_back = choice(world, twin)
    assert (fallen_back.value, fallen_back.rule, fallen_back.instead_of) == ("Kingi", "most_recent", "own:longest")
    third = world.add_client("third", "Annie King", mobile="021 999 8888", created="2026-03-05 09:00")
    assert world.staff().plan_merge(twin, third).remarks == (
        "last_name was decided by own:longest, which is not registered any more",
        "nothing that the duplicate report goes by says that client:third is one person with client:twin",
    )
    with_rules(world, last_name=longest)
    assert choice(world, twin).value == "Kingi-Hoani"


def test_a_rule_that_is_registered_later_changes_no_merge_of_before(world: World) -> None:
    """The next merge is by it; its undo brings the rules of before back."""
    ana, twin = sisters(world)
    world.staff().merge(twin, ana)
    with_rules(world, last_name=longest)
    assert choice(world, twin).value == "Kingi"
    third = world.add_client("third", "Annie King", mobile="021 999 8888", created="2026-03-05 09:00")
    world.clock.advance(timedelta(minutes=1))
    (id,) = world.staff().merge(twin, third).merges
    assert choice(world, twin).value == "Kingi-Hoani"
    world.staff().undo(id)
    assert choice(world, twin).value == "Kingi"


def test_an_answer_that_is_none_of_the_records_is_the_platforms_error(world: World) -> None:
    """It names the field and the rule; nothing was merged."""

    def invents(_name: str, records: Sequence[ClientRecord]) -> Any:
        return ClientRecord(client("nobody"), records[0].created_at, last_name="Queen")

    with_rules(world, last_name=invents)
    ana, twin = sisters(world)
    with pytest.raises(HostError, match=r"survivorship\['last_name'\] \(own:invents\) .* this is client:nobody"):
        world.staff().merge(twin, ana)
    with_rules(world)
    assert world.staff().client(ana).members == (ana,)


async def reads(_name: str, _records: Sequence[ClientRecord]) -> ClientRecord | None:
    """No rule: it would have to be awaited."""
    return None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"shoe_size": longest}, "no field 'shoe_size'; choose from first_name"),
        ({"consents": longest}, "no field 'consents'"),
        ({7: longest}, "no field 7"),
        ({"last_name": lambda _name, records: records[0]}, "has no name, and the journal of a merge keeps it"),
        ({"last_name": reads}, "is a plain function"),
        ({"last_name": "longest"}, "is a plain function"),
        ([longest], "a mapping from field to your rule"),
    ],
)
def test_what_is_no_rule_is_refused_when_the_portal_is_built(memory_world: World, given: Any, message: str) -> None:
    """Not at the first merge."""
    with pytest.raises(InvalidInput, match=message):
        memory_world.make_portal(survivorship=given)


# --- the contact that was proved -------------------------------------------------------------------------------------


def test_the_number_that_was_proved_last_is_shown(world: World) -> None:
    """Somebody typed the new record's number; Ana has logged in with the old one. Then she logs in with the new."""
    world.change_policy("merging", survivorship={"mobile": "verified", "email": "verified"})
    ana, twin = sisters(world)
    world.sign_in("021 123 4567")
    plan = world.staff().plan_merge(ana, twin)
    world.staff().merge(ana, twin)
    assert world.staff().client(ana).fields == plan.fields
    mobile = choice(world, ana, "mobile")
    assert (mobile.value, mobile.source, mobile.rule) == ("021 123 4567", ana, "verified")
    world.sign_in("027 555 0001")
    assert choice(world, ana, "mobile").source == twin


def test_where_nothing_was_proved_the_most_recent_is_shown(world: World) -> None:
    """And the rule that decided says so."""
    world.change_policy("merging", survivorship={"mobile": "verified"})
    ana, twin = sisters(world)
    world.staff().merge(ana, twin)
    assert (choice(world, ana, "mobile").source, choice(world, ana, "mobile").rule) == (twin, "most_recent")


# --- texts put together ----------------------------------------------------------------------------------------------


def test_notes_that_staff_correct_are_not_doubled(world: World) -> None:
    """Staff see the notes of both, add a line, and save that in the head's row: each paragraph stands once."""
    for id, notes, created in (("ana", "Prefers Mia", "2026-01-05 09:00"), ("twin", "Latex!", "2026-02-05 09:00")):
        world.change_client(ClientRecord(client(id), at(created), first_name="Ana", notes=notes))
    staff = world.staff()
    staff.merge(client("ana"), client("twin"))
    seen = staff.client(client("ana"))
    assert seen.notes == "Prefers Mia\n\nLatex!"
    staff.change_client(client("ana"), seen.versions[client("ana")], {"notes": f"{seen.notes}\n\nPays cash"})
    again = staff.client(client("ana"))
    assert sorted(again.notes.split("\n\n")) == ["Latex!", "Pays cash", "Prefers Mia"]


# --- nonsense --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("survivorship", "message"),
    [
        ({"first_name": "verified"}, "first_name cannot be decided by verified, for only a mobile"),
        ({"notes": "verified"}, "choose from most_recent, oldest, most_complete, union"),
        ({"mobile": "union"}, "mobile cannot be decided by union, for two of them put together are neither one"),
        ({"birthday": "most_complete"}, "birthday cannot be decided by most_complete, for one day is as long"),
        ({"custom.": "union"}, "no field 'custom.'"),
        ({"consents": "oldest"}, "no field 'consents'"),
    ],
)
def test_rules_that_cannot_decide_a_field_are_refused(survivorship: Any, message: str) -> None:
    """When the policy is built, with what would be right."""
    with pytest.raises(PolicyError, match=message):
        MergePolicy(survivorship=survivorship)
