"""X3: a merge has a plan, a preview of conflicts, rules by field, one commit and a journal; everything follows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clientportal import Address, Conflict, Reason, RecordRef, When
from clientportal.policy import Survivorship
from clientportal.records import Merge, MessageState, OutboxMessage, Pointer
from clientportal.values import ClientRecord
from watching import at_once, everything_stored, reason_of, refusal_of
from world import World, at, client

pytestmark = pytest.mark.requirement("X3")


def twins(world: World) -> tuple[RecordRef, RecordRef]:
    """Ana, and Ana once more under a new number, with the email that both have; an appointment each."""
    ana = world.add_client(
        "ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com", created="2026-01-01 09:00"
    )
    twin = world.add_client("twin", "Anna", mobile="027 555 0001", email="Ana@Example.com", created="2026-02-01 09:00")
    world.book("a1", ana, "2026-11-30 09:00")
    world.book("a0", ana, "2026-10-30 09:00", made="2026-10-01 09:00")
    world.book("t1", twin, "2026-12-01 09:00")
    return ana, twin


def shown(plan: Any) -> dict[str, tuple[str | None, RecordRef | None]]:
    """Field -> value and where it comes from."""
    return {choice.field: (choice.value, choice.source) for choice in plan.fields}


# --- the plan ------------------------------------------------------------------------------------------------------


def test_the_plan_says_what_will_be_shown_from_where_and_where_they_disagree(world: World) -> None:
    """The newest value wins; the last name, which only one has, is no conflict; the evidence is named."""
    ana, twin = twins(world)
    plan = world.staff().plan_merge(ana, twin)
    assert (plan.survivor, plan.absorbed) == (ana, (twin,))
    assert shown(plan) == {
        "first_name": ("Anna", twin),
        "last_name": ("Kingi", ana),
        "email": ("Ana@Example.com", twin),
        "phone": (None, None),
        "mobile": ("027 555 0001", twin),
        "address": (None, None),
    }
    assert [choice.field for choice in plan.conflicts] == ["first_name", "mobile"], "one address, in two spellings"
    (first_name,) = [choice for choice in plan.fields if choice.field == "first_name"]
    assert [(other.ref, other.value) for other in first_name.others] == [(ana, "Ana")]
    assert dict(plan.appointments) == {str(ana): 2, str(twin): 1}
    assert tuple(map(str, plan.evidence)) == ("client:ana and client:twin: same email ana@example.com",)


def test_planning_and_previewing_change_nothing(world: World) -> None:
    """Not a row of the portal's or the host's; that staff were shown both records is audited."""
    ana, twin = twins(world)
    before = everything_stored(world)
    world.clock.advance(timedelta(seconds=1))
    world.staff().plan_merge(ana, twin)
    world.clock.advance(timedelta(seconds=1))
    world.staff().preview.merge(ana, twin, choices={"first_name": ana})
    assert {**everything_stored(world), "cp_audit": ()} == {**before, "cp_audit": ()}
    lines = [line for line in world.staff().audit(subject=str(ana)).items if line.actor == "staff:mia"]
    assert [(line.action, line.outcome) for line in lines] == [("merge", "previewed"), ("plan_merge", "done")]


@pytest.mark.parametrize("choices", [{}, {"first_name": client("ana"), "mobile": client("ana")}])
def test_the_preview_equals_the_result(world: World, choices: dict[str, RecordRef]) -> None:
    """Planned again after a preview it is the same, and that is what staff and the client see after the merge."""
    ana, twin = twins(world)
    staff = world.staff()
    plan = staff.plan_merge(ana, twin, choices=choices)
    forecast = staff.preview.merge(ana, twin, choices=choices)
    assert (forecast.survivor, len(forecast.merges)) == (ana, 1)
    assert staff.plan_merge(ana, twin, choices=choices) == plan
    staff.merge(ana, twin, choices=choices)
    for ref in (ana, twin):
        profile = staff.client(ref)
        assert (profile.root, profile.members) == (ana, (ana, twin))
        assert profile.fields == plan.fields
    seen = world.log_in("021 123 4567").profile()
    assert (seen.first_name, seen.mobile) == (shown(plan)["first_name"][0], shown(plan)["mobile"][0])


def test_staff_choose_a_value_by_its_record(world: World) -> None:
    """Mia knows that she is Ana; a choice of a strange record or field is refused."""
    ana, twin = twins(world)
    zoe = world.add_client("zoe", "Zoë Reed", mobile="021 999 8888")
    staff = world.staff()
    plan = staff.plan_merge(ana, twin, choices={"first_name": ana})
    (choice,) = [one for one in plan.fields if one.field == "first_name"]
    assert (choice.value, choice.source, choice.rule) == ("Ana", ana, "staff_choice")
    for wrong in ({"first_name": zoe}, {"shoe_size": ana}):
        assert reason_of(lambda wrong=wrong: staff.merge(ana, twin, choices=wrong)) is Reason.NOT_FOUND


def test_of_two_choices_for_one_field_the_later_counts_even_within_one_moment(world: World) -> None:
    """Two merges while the clock stands still: what the second plan showed is what there is."""
    ana, twin = twins(world)
    third = world.add_client("third", "Annie", email="ana@example.com", created="2026-03-01 09:00")
    staff = world.staff()
    for _ in range(4):  # ids are random, and must not decide
        first = staff.merge(ana, twin, choices={"first_name": ana})
        plan = staff.plan_merge(ana, third, choices={"first_name": third})
        second = staff.merge(ana, third, choices={"first_name": third})
        assert staff.client(ana).fields == plan.fields
        assert shown(plan)["first_name"] == ("Annie", third)
        staff.undo(first.merges[0])
        staff.undo(second.merges[0])


# --- survivorship --------------------------------------------------------------------------------------------------


def three(world: World) -> list[RecordRef]:
    """The same person three times; what differs is when each was made and changed, and how much it says."""
    rows = [
        ClientRecord(
            client("old"),
            at("2024-01-01 09:00"),
            first_name="Ana",
            last_name="Kingi",
            email="a@example.com",
            changed_at={"first_name": at("2026-06-01 09:00"), "email": at("2024-01-01 09:00")},
        ),
        ClientRecord(
            client("mid"),
            at("2025-01-01 09:00"),
            first_name="Ana Maria",
            last_name="Kingi-Hoani",
            email="a@example.com",
            address=Address(street="12 Queen Street", city="Auckland"),
            changed_at={"first_name": at("2025-06-01 09:00")},
        ),
        ClientRecord(
            client("new"),
            at("2026-01-01 09:00"),
            first_name="Anna",
            email="a@example.com",
            address=Address(city="Napier"),
            changed_at={"first_name": at("2026-01-01 09:00")},
        ),
    ]
    for row in rows:
        world.change_client(row)
    return [row.ref for row in rows]


RULES = {
    # the value changed last; without a time, the newest record's
    Survivorship.MOST_RECENT: {"first_name": "Ana", "last_name": "Kingi-Hoani", "address": "Napier"},
    Survivorship.OLDEST: {"first_name": "Ana", "last_name": "Kingi", "address": "12 Queen Street, Auckland"},
    Survivorship.MOST_COMPLETE: {
        "first_name": "Ana Maria",
        "last_name": "Kingi-Hoani",
        "address": "12 Queen Street, Auckland",
    },
}


@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_every_rule_decides_alike_in_whatever_order_records_are_merged(
    world: World, rule: Survivorship, order: tuple[int, ...]
) -> None:
    """The same three values, by each rule, whoever survives and whoever came first."""
    refs = three(world)
    world.change_policy("merging", survivorship=dict.fromkeys(("first_name", "last_name", "address"), rule))
    survivor, *absorbed = [refs[place] for place in order]
    staff = world.staff()
    for ref in absorbed:
        staff.merge(survivor, ref)
    fields = {choice.field: choice.value for choice in staff.client(survivor).fields}
    assert {name: fields[name] for name in RULES[rule]} == RULES[rule]


@pytest.mark.parametrize(
    ("rule", "name"),
    [(Survivorship.MOST_RECENT, "Anna"), (Survivorship.OLDEST, "Ana"), (Survivorship.MOST_COMPLETE, "Ana Maria")],
)
def test_rules_by_the_age_of_the_record_on_every_store(world: World, rule: Survivorship, name: str) -> None:
    """Where no field says when it was changed, the age of the record does."""
    for id, first, created in (
        ("old", "Ana", "2024-01-01 09:00"),
        ("mid", "Ana Maria", "2025-01-01 09:00"),
        ("new", "Anna", "2026-01-01 09:00"),
    ):
        world.change_client(ClientRecord(client(id), at(created), first_name=first, email="a@example.com"))
    world.change_policy("merging", survivorship={"first_name": rule})
    staff = world.staff()
    staff.merge(client("mid"), [client("new"), client("old")])
    (choice,) = [one for one in staff.client(client("old")).fields if one.field == "first_name"]
    assert (choice.value, choice.rule) == (name, rule.value)


def test_cleared_on_purpose_differs_from_never_set(world: World) -> None:
    """Ana had her address taken out last week: it stays out. Her phone was simply never asked for."""
    for row in (
        ClientRecord(client("old"), at("2024-01-01 09:00"), address=Address(city="Napier"), phone="09 555 0100"),
        ClientRecord(
            client("new"),
            at("2026-01-01 09:00"),
            cleared=frozenset({"address"}),
            changed_at={"address": at("2026-11-14 09:00")},
        ),
    ):
        world.change_client(row)
    staff = world.staff()
    staff.merge(client("old"), client("new"))
    assert shown(staff.client(client("old")))["address"] == (None, client("new"))
    assert shown(staff.client(client("old")))["phone"] == ("09 555 0100", client("old"))


def test_a_merge_after_the_clock_was_set_back_is_still_the_latest(world: World) -> None:
    """The server's clock was an hour ahead for the first merge: the second one's rules and choices count."""
    ana, twin = twins(world)
    third = world.add_client("third", "Annie", email="ana@example.com", created="2026-03-01 09:00")
    staff = world.staff()
    staff.merge(ana, twin, choices={"first_name": twin})
    world.clock.advance(timedelta(hours=-1))
    world.change_policy("merging", survivorship={"email": Survivorship.OLDEST})
    plan = staff.plan_merge(ana, third, choices={"first_name": third})
    staff.merge(ana, third, choices={"first_name": third})
    assert staff.client(ana).fields == plan.fields
    assert shown(plan)["first_name"] == ("Annie", third)
    assert [one.absorbed for one in staff.merges(ana)] == ["client:third", "client:twin"]


def test_an_address_survives_whole(world: World) -> None:
    """The newest address has only a city: it is shown as it is, never with the other one's street."""
    for id, created, address in (
        ("old", "2024-01-01 09:00", Address(street="12 Queen Street", city="Auckland")),
        ("new", "2026-01-01 09:00", Address(city="Napier")),
    ):
        world.change_client(
            ClientRecord(client(id), at(created), first_name="Ana", mobile="021 123 4567", address=address)
        )
    world.staff().merge(client("old"), client("new"))
    assert world.log_in("021 123 4567").profile().address == Address(city="Napier")


def test_a_group_keeps_the_rules_it_was_merged_under(world: World) -> None:
    """Another rule from tomorrow on changes no client that was merged today; the next merge uses it."""
    ana, twin = twins(world)
    staff = world.staff()
    staff.merge(ana, twin)
    world.change_policy("merging", survivorship={"first_name": Survivorship.OLDEST})
    assert shown(staff.client(ana))["first_name"] == ("Anna", twin)
    third = world.add_client("third", "Annie", email="ana@example.com", created="2026-03-01 09:00")
    world.clock.advance(timedelta(minutes=1))
    merged = staff.merge(ana, third)
    assert shown(staff.client(ana))["first_name"] == ("Ana", ana)
    staff.undo(merged.merges[0])
    assert shown(staff.client(ana))["first_name"] == ("Anna", twin), "the undo brings the earlier rules back"


# --- one commit, and the journal -----------------------------------------------------------------------------------


def test_the_journal_says_who_merged_what_when_and_why(world: World) -> None:
    """One entry per absorbed record, with staff's choices, the rules in force and the absorbed contacts."""
    ana, twin = twins(world)
    staff = world.staff(reason="she said so on the phone")
    (id,) = staff.merge(ana, twin, choices={"first_name": ana}).merges
    (entry,) = staff.merges(ana)
    assert entry == staff.merges(twin)[0] == world.stored(Merge, id)
    assert (entry.survivor, entry.absorbed) == ("client:ana", "client:twin")
    assert (entry.actor, entry.reason, entry.merged_at) == ("staff:mia", "she said so on the phone", world.clock())
    assert (dict(entry.choices), entry.rules["first_name"]) == ({"first_name": "client:ana"}, "most_recent")
    assert {key.value for key in entry.contacts} == {"+64275550001", "ana@example.com"}
    assert (entry.undone_at, entry.erased) == (None, False)
    (line,) = [one for one in staff.audit(subject=str(ana)).items if one.action == "merge"]
    assert (line.action, line.outcome, line.reason) == ("merge", "done", "she said so on the phone")


def test_several_are_merged_in_one_commit_or_not_at_all(world: World) -> None:
    """Three into one: an entry each. With one that does not exist among them, nothing is merged."""
    ana, twin = twins(world)
    third = world.add_client("third", "Annie", email="ana@example.com")
    before = [world.all_stored(kind, key) for kind, key in ((Merge, "time"), (Pointer, "root"))]
    staff = world.staff()
    assert reason_of(lambda: staff.merge(ana, [twin, client("nobody"), third])) is Reason.NOT_FOUND
    assert [world.all_stored(kind, key) for kind, key in ((Merge, "time"), (Pointer, "root"))] == before
    merged = staff.merge(ana, [twin, third])
    assert len(set(merged.merges)) == 2
    assert staff.client(third).members == (ana, third, twin)


def test_merging_again_is_no_second_merge(world: World) -> None:
    """The button pressed twice, with or without a key: one entry, and the same answer."""
    ana, twin = twins(world)
    staff = world.staff()
    first = staff.merge(ana, twin, key="press-1")
    assert staff.merge(ana, twin, key="press-1").merges == first.merges
    assert staff.merge(ana, twin).merges == first.merges
    assert len(staff.merges(ana)) == 1


def test_what_cannot_be_merged_is_refused_with_its_reason(world: World) -> None:
    """Itself; nobody; what was absorbed already; who is not allowed to."""
    ana, twin = twins(world)
    third = world.add_client("third", "Annie", email="ana@example.com")
    staff = world.staff()
    assert reason_of(lambda: staff.merge(ana, ana)) is Reason.SAME_RECORD
    assert reason_of(lambda: staff.merge(ana, [])) is Reason.SAME_RECORD
    assert reason_of(lambda: staff.merge(ana, client("nobody"))) is Reason.NOT_FOUND
    staff.merge(ana, twin)
    refused = refusal_of(lambda: staff.merge(third, twin))
    assert refused.reason is Reason.ALREADY_MERGED
    assert "client:twin was merged into client:ana" in refused.staff_text
    assert reason_of(lambda: world.staff(permissions=()).merge(ana, third)) is Reason.PERMISSION


def test_two_staff_merging_the_pair_both_ways_draw_no_circle(world: World) -> None:
    """Mia merges the twin into Ana while Tom merges Ana into the twin: one of the two is done."""
    ana, twin = twins(world)
    everything = world.staff()._awaited._caller.permissions if world.awaited else world.staff()._caller.permissions
    ended = at_once(
        world,
        lambda portal: portal.staff(world.tenant, actor="mia", permissions=everything).merge(ana, twin),
        lambda portal: portal.staff(world.tenant, actor="tom", permissions=everything).merge(twin, ana),
    )
    assert not [one for one in ended if isinstance(one, Conflict)]
    (entry,) = world.staff().merges(ana)
    head = RecordRef.parse(entry.survivor)
    assert world.staff().client(ana).root == world.staff().client(twin).root == head


# --- everything follows --------------------------------------------------------------------------------------------


def test_appointments_contacts_and_numbers_follow_the_survivor(world: World) -> None:
    """Ana by her old number sees both, by her new number too; the report is clean, and each contact finds her."""
    ana, twin = twins(world)
    staff = world.staff()
    assert len(staff.duplicates().groups) == 1
    staff.merge(ana, twin)
    assert staff.duplicates().groups == ()
    for number in ("021 123 4567", "027 555 0001"):
        signed_in = world.sign_in(number)
        assert signed_in.record == ana
        door = world.client(signed_in)
        assert [one.id for one in door.appointments().items] == ["a1", "t1"]
        assert [one.id for one in door.appointments(When.PAST).items] == ["a0"]
        assert door.appointment("t1").id == "t1"
    for contact in ("021 123 4567", "027 555 0001", "ana@example.com"):
        assert staff.explain_contact(contact).record == ana


def test_an_open_session_and_an_unopened_link_of_the_absorbed_follow(world: World) -> None:
    """The twin is logged in on a phone, with a mail unopened: after the merge both act for Ana, after the undo not."""
    ana, twin = twins(world)
    phone = world.log_in("027 555 0001")
    link = world.staff().appointment_link("t1")
    other = world.staff().appointment_link("t1")
    assert [one.id for one in phone.appointments().items] == ["t1"]
    merged = world.staff().merge(ana, twin)

    assert phone.profile().last_name == "Kingi"
    assert [one.id for one in phone.appointments().items] == ["a1", "t1"]
    assert world.visitor().look_at_link(link).appointment.id == "t1"
    (slot,) = world.add_slots("2026-12-03 10:00")
    assert world.visitor().move_by_link(link, slot).appointment.start == at("2026-12-03 10:00")
    assert phone.cancel("a1").appointment.ref == ana

    world.staff().undo(merged.merges[0])
    assert phone.profile().last_name is None
    assert [one.id for one in phone.appointments().items] == ["t1"]
    assert reason_of(lambda: phone.appointment("a1")) is Reason.NOT_FOUND
    assert world.visitor().cancel_by_link(other).appointment.start == at("2026-12-03 10:00")


def test_a_message_on_its_way_to_the_absorbed_goes_to_the_survivors_contact(world: World) -> None:
    """A link was queued for the twin; before it leaves, the merge chose Ana's number: it goes there."""
    ana, twin = twins(world)
    staff = world.staff()
    staff.appointment_link("t1", send=True)
    staff.merge(ana, twin, choices={"mobile": ana})
    world.deliver()
    (message,) = world.box.messages
    assert message.to == "+64211234567"
    (stored,) = world.all_stored(OutboxMessage, "due", MessageState.SENT.value)
    assert (stored.ref, stored.sent_to) == ("client:twin", "+64211234567")
    link = message.text.split("change/")[1].strip()
    assert world.visitor().look_at_link(link).appointment.id == "t1"


def test_a_code_on_its_way_opens_the_survivor(world: World) -> None:
    """The twin asked for a code, staff merged, the code is typed: the session is Ana's."""
    ana, twin = twins(world)
    sent, code = world.get_code("027 555 0001")
    world.staff().merge(ana, twin)
    assert world.visitor().verify_code(sent.handle, code).record == ana


def test_new_things_go_to_the_survivor_and_usable_is_the_survivors(world: World) -> None:
    """A rebooking from the twin's session is Ana's; a deactivated twin does not keep Ana out."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    twin = world.add_client("twin", "Anna", mobile="027 555 0001", usable=False)
    world.book("t1", twin, "2026-12-01 09:00")
    world.staff().merge(ana, twin)
    (slot,) = world.add_slots("2026-12-03 10:00")
    door = world.log_in("027 555 0001")
    assert door.rebook("t1", slot).appointment.ref == ana


def test_the_session_list_is_one_and_ends_as_one(world: World) -> None:
    """Ana's and the twin's devices are the devices of one client; ending all ends all."""
    ana, twin = twins(world)
    old, new = world.log_in("021 123 4567"), world.log_in("027 555 0001")
    assert len(old.sessions()) == 1
    world.staff().merge(ana, twin)
    assert len(old.sessions()) == len(new.sessions()) == 2
    assert world.staff().end_sessions(twin).sessions == 2
    for door in (old, new):
        assert reason_of(door.profile) is Reason.SESSION_ENDED
