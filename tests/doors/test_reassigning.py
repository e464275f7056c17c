"""The rows follow a merge where a business wants them to: what staff are told, and that nobody sees a difference."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Money, Permission, RecordRef, Refused
from clientportal.decisions import Reason
from clientportal.errors import MissingCapability
from clientportal.policy import MergePolicy
from clientportal.ports import Capabilities, RawContacts
from clientportal.records import Merge, Snapshot
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.values import ActiveCode, Answer, CardSummary, HeldThing, HoldingKind, Prefill
from world import World, at

ANAS, GUEST = "021 123 4567", RecordRef.booking("g1")


def family_of_records(world: World, **merging: Any) -> tuple[RecordRef, RecordRef, RecordRef]:
    """Ana is in the list three times, and once as a guest; each record has an appointment and a gift code."""
    world.change_policy("merging", reassign=True, **merging)
    refs = (
        world.add_client("ana", "Ana Kingi", mobile=ANAS),
        world.add_client("anna", "Anna Kingi", mobile="+64 21 123 4567"),
        world.add_client("annie", "Annie Kingi", mobile="0211234567"),
    )
    for day, ref in enumerate(refs, start=1):
        world.book(f"{ref.id}-1", ref, f"2026-12-0{day} 09:00", made="2026-11-01 09:00")
        world.seed("add_codes", [code(ref)])
    world.book(
        "g1",
        GUEST,
        "2026-12-04 09:00",
        made="2026-11-02 09:00",
        booked_as="A. Kingi",
        contacts=RawContacts(GUEST, ANAS),
    )
    world.portal.contact_changed(world.tenant, GUEST)
    return refs


def code(ref: RecordRef) -> ActiveCode:
    """A gift certificate over fifty dollars."""
    gift = Money("50.00", "NZD")
    return ActiveCode(id=f"gift-{ref.id}", ref=ref, kind="gift", code=f"GIFT{ref.id}", name="Gift", balance=gift)


def owner(world: World, id: str) -> tuple[RecordRef, RecordRef | None]:
    """Whose an appointment's row is on the platform, and whose it was first."""
    found = world.ask("appointment", id)
    return found.ref, found.moved_from


def test_the_rows_of_a_merged_record_are_the_survivors(world: World) -> None:
    """Appointments, guests' bookings and codes are moved in one go; ids, versions and names on bookings stay."""
    ana, anna, _ = family_of_records(world)
    before = {id: world.ask("appointment", id) for id in ("anna-1", "g1")}
    merged = world.staff().merge(ana, [anna, GUEST])
    assert merged.moved == {"appointments": 2, "codes": 1}
    assert merged.left == ()
    assert owner(world, "anna-1") == (ana, anna)
    assert owner(world, "g1") == (ana, GUEST)
    for id, one in before.items():
        assert evolve(world.ask("appointment", id), ref=one.ref, moved_from=None) == one
    assert {one.ref for one in world.ask("active_codes", [ana, anna])} == {ana}


def test_the_journal_and_the_audit_say_what_was_moved(world: World) -> None:
    """And which stayed, in the platform's words."""
    ana, anna, _ = family_of_records(world)
    world.seed("add_prefill", anna, Prefill((Answer("intake", "Allergies?", "Nuts", at("2026-11-01 09:00")),)))
    world.seed("add_holdings", [HeldThing(id="card-1", ref=anna, kind=HoldingKind.CARD)])
    merged = world.staff().merge(ana, anna)
    left = (
        "client:anna: answers in booking forms, one row a record",
        "client:anna: saved cards, which are their holder's alone",
    )
    assert merged.left == left
    entry = world.stored(Merge, merged.merges[0])
    assert (entry.reassigned, dict(entry.moved), entry.left) == (True, {"appointments": 1, "codes": 1}, left)
    line = next(one for one in world.staff().audit().items if one.action == "merge")
    assert "moved 1 appointments, 1 codes" in line.because
    assert "one row a record" in line.because
    undone = world.staff().undo(merged.merges[0])
    assert (undone.moved, undone.left) == ({"appointments": 1, "codes": 1}, ())
    assert dict(world.stored(Merge, merged.merges[0]).restored) == {"appointments": 1, "codes": 1}


def test_the_same_key_is_told_the_same_again(world: World) -> None:
    """Of a merge and of its undo, with the rows (I2)."""
    ana, anna, _ = family_of_records(world)
    first = world.staff().merge(ana, anna, key="k")
    again = world.staff().merge(ana, anna, key="k")
    assert (again.merges, again.moved, again.left) == (first.merges, first.moved, first.left)
    undone = world.staff().undo(first.merges[0], key="u")
    assert world.staff().undo(first.merges[0], key="u") == undone
    assert undone.moved == {"appointments": 1, "codes": 1}


def test_a_chain_comes_apart_in_any_order(world: World) -> None:
    """Annie into Anna into Ana: the first record stays with each row, so whichever merge is undone first, all rows are
    where they were once both are."""
    ana, anna, annie = family_of_records(world)
    for first, second in ((0, 1), (1, 0)):
        merges = [world.staff().merge(anna, annie).merges[0], world.staff().merge(ana, anna).merges[0]]
        assert owner(world, "annie-1") == (ana, annie)
        world.staff().undo(merges[first])
        # Annie alone, or Anna with what was merged into her.
        assert owner(world, "annie-1") == ((annie, None) if first == 0 else (anna, annie))
        assert owner(world, "anna-1") == ((ana, anna) if first == 0 else (anna, None))
        world.staff().undo(merges[second])
        assert [owner(world, f"{ref.id}-1") for ref in (ana, anna, annie)] == [
            (ref, None) for ref in (ana, anna, annie)
        ]


def test_a_merge_below_one_that_moved_rows_brings_them_back_too(world: World) -> None:
    """Annie was merged into Anna while rows stayed, and came along when Anna's were moved."""
    ana, anna, annie = family_of_records(world)
    world.change_policy("merging", reassign=False)
    below = world.staff().merge(anna, annie)
    assert (below.moved, owner(world, "annie-1")) == ({}, (annie, None))
    world.change_policy("merging", reassign=True)
    world.staff().merge(ana, anna)
    assert owner(world, "annie-1") == (ana, annie)
    world.staff().undo(below.merges[0])
    assert owner(world, "annie-1") == (annie, None)
    assert owner(world, "anna-1") == (ana, anna)


def test_an_undo_goes_by_the_journal_not_by_todays_policy(world: World) -> None:
    """A business that has switched it off since gets its rows back all the same."""
    ana, anna, _ = family_of_records(world)
    merged = world.staff().merge(ana, anna)
    world.change_policy("merging", reassign=False)
    assert world.staff().undo(merged.merges[0]).moved == {"appointments": 1, "codes": 1}
    assert owner(world, "anna-1") == (anna, None)


def test_merging_the_other_way_round_leaves_no_trace_of_the_first(world: World) -> None:
    """A row that comes to the record that it began with is as if it had never been moved."""
    ana, anna, _ = family_of_records(world)
    first = world.staff().merge(ana, anna)
    world.staff().undo(first.merges[0])
    second = world.staff().merge(anna, ana)
    assert owner(world, "anna-1") == (anna, None)
    assert owner(world, "ana-1") == (anna, ana)
    world.staff().undo(second.merges[0])
    assert owner(world, "ana-1") == (ana, None)


def test_a_single_booking_has_room_for_nothing_else(world: World) -> None:
    """Where a guest's booking survives the rows stay, and it says so; everything is shown all the same."""
    _, anna, _ = family_of_records(world)
    merged = world.staff().merge(GUEST, anna)
    assert (merged.moved, merged.left) == (
        {},
        ("everything: booking:g1 is a single booking, and has room for nothing but itself",),
    )
    assert owner(world, "anna-1") == (anna, None)
    on_top = world.staff().merge(RecordRef.client("ana"), GUEST)
    assert on_top.moved == {"appointments": 2, "codes": 1}
    world.staff().undo(on_top.merges[0])
    assert owner(world, "anna-1") == (anna, None)
    assert owner(world, "g1") == (GUEST, None)


def test_what_is_booked_meanwhile_stays_with_the_survivor(world: World) -> None:
    """A later booking is the survivor's own row, before and after the undo."""
    ana, anna, _ = family_of_records(world)
    merged = world.staff().merge(ana, anna)
    world.book("later", ana, "2026-12-10 09:00")
    world.staff().undo(merged.merges[0])
    assert owner(world, "later") == (ana, None)


@pytest.mark.requirement("X1")
def test_a_change_that_is_made_meanwhile_is_remembered_with_the_first_record(world: World) -> None:
    """The snapshot of a moved row names the record that the appointment was booked for: an undo takes it along."""
    ana, anna, annie = family_of_records(world)
    merged = world.staff().merge(ana, [anna, annie, GUEST])
    session = world.log_in(ANAS)
    session.cancel("anna-1")
    world.staff().undo(merged.merges[0])
    assert [one.appointment_id for one in world.all_stored(Snapshot, "ref", str(anna))] == ["anna-1"]
    assert world.all_stored(Snapshot, "ref", str(ana)) == []
    assert owner(world, "anna-1") == (anna, None)


def test_a_link_follows_wherever_the_row_is(world: World) -> None:
    """A link in a message names the appointment; moving its row to another record changes nothing for who has it."""
    ana, anna, _ = family_of_records(world)
    link = world.staff().appointment_link("anna-1")
    merged = world.staff().merge(ana, anna)
    seen = world.visitor().look_at_link(link)
    world.staff().undo(merged.merges[0])
    assert world.visitor().look_at_link(link) == seen


@pytest.mark.requirement("TT4")
def test_deleting_the_merged_client_deletes_every_row_and_keeps_the_appointments(world: World) -> None:
    """As without moving: the appointments are the business's books."""
    ana, anna, _ = family_of_records(world)
    world.staff().merge(ana, anna)
    world.staff().delete_client(ana)
    assert world.ask("clients", [ana, anna]) == []
    assert owner(world, "anna-1") == (ana, anna)


@pytest.mark.requirement("X7")
def test_erasing_an_absorbed_record_finds_the_rows_that_were_moved_away(world: World) -> None:
    """Whichever of the records is named: nobody's name is left on any booking, and an undo is refused."""
    ana, anna, _ = family_of_records(world)
    merged = world.staff().merge(ana, [anna, GUEST])
    world.staff().erase(anna, reason="She asked us to.")
    assert {world.ask("appointment", id).booked_as for id in ("ana-1", "anna-1", "g1")} == {""}
    assert [one.mobile for one in world.ask("clients", [GUEST])] == [None]
    with pytest.raises(Refused) as no:
        world.staff().undo(merged.merges[0])
    assert no.value.reason is Reason.ERASED
    assert world.stored(Merge, merged.merges[0]).left == ()


@pytest.mark.requirement("X7")
def test_erasing_after_an_undo_leaves_the_other_alone(world: World) -> None:
    """The rows are back, so nothing of the survivor's is taken for the erased one's."""
    ana, anna, _ = family_of_records(world)
    world.book("ana-2", ana, "2026-12-08 09:00", booked_as="Ana Kingi")
    world.book("anna-2", anna, "2026-12-09 09:00", booked_as="Anna Kingi")
    merged = world.staff().merge(ana, anna)
    world.staff().undo(merged.merges[0])
    world.staff().erase(anna, reason="She asked us to.")
    assert world.ask("appointment", "anna-2").booked_as == ""
    assert world.ask("appointment", "ana-2").booked_as == "Ana Kingi"


def test_a_guests_booking_stays_a_record_of_its_own(world: World) -> None:
    """Its typed contacts are still found by a walk and a look, wherever its row is."""
    ana, _, _ = family_of_records(world)
    world.staff().merge(ana, GUEST)
    (row,) = world.ask("clients", [GUEST])
    assert (row.ref, row.first_name, row.mobile) == (GUEST, "A. Kingi", ANAS)
    walked = world.ask("contacts", None, 100).items
    assert [one.mobile for one in walked if one.ref == GUEST] == [ANAS]


def test_a_plan_on_top_counts_record_by_record_as_before(world: World) -> None:
    """What each record brings to the next merge does not depend on where its rows are."""
    ana, anna, annie = family_of_records(world)
    world.seed("add_holdings", [HeldThing(id="m1", ref=anna, kind=HoldingKind.MEMBERSHIP, label="Gold")])
    world.change_policy("merging", reassign=False)
    undo_me = world.staff().merge(ana, anna).merges[0]
    without = world.staff().plan_merge(annie, ana)
    world.staff().undo(undo_me)
    world.change_policy("merging", reassign=True)
    world.staff().merge(ana, anna)
    assert world.staff().plan_merge(annie, ana) == without
    assert without.appointments == {"client:annie": 1, "client:ana": 2}


def test_it_is_staffs_permission_to_merge_that_moves_rows(world: World) -> None:
    """Whoever may not merge moves nothing."""
    ana, anna, _ = family_of_records(world)
    with pytest.raises(Refused):
        world.staff(permissions=[Permission.SEE_DUPLICATES]).merge(ana, anna)
    assert owner(world, "anna-1") == (anna, None)


def test_a_host_that_cannot_is_refused_with_the_policy() -> None:
    """Naming both sides, when the portal is built."""

    class Fixed(MemoryHost):
        capabilities = evolve(MemoryHost.capabilities, reassign=False)

    world = World(MemoryStore(), Fixed, awaited=False, close=lambda: None)
    policy = evolve(world.policy, merging=MergePolicy(reassign=True))
    with pytest.raises(MissingCapability, match=r"merging\.reassign = true needs the host capability 'reassign'") as no:
        world.make_portal(policy=policy)
    assert (no.value.capability, no.value.settings) == ("reassign", ("merging.reassign",))


def test_undoing_needs_the_capability_that_moved_the_rows() -> None:
    """A platform that has taken the capability back since is told what is missing; nothing is half undone."""
    world = World(MemoryStore(), type("Once", (MemoryHost,), {}), awaited=False, close=lambda: None)
    ana, anna, _ = family_of_records(world)
    merged = world.staff().merge(ana, anna)
    world.change_policy("merging", reassign=False)
    world.host.capabilities = Capabilities()
    with pytest.raises(MissingCapability, match="needs the host capability 'reassign'"):
        world.staff().undo(merged.merges[0])
    world.host.capabilities = MemoryHost.capabilities
    world.staff().undo(merged.merges[0])
    assert owner(world, "anna-1") == (anna, None)


def test_a_card_is_shown_to_its_holder_alone_wherever_rows_go(world: World) -> None:
    """The booking form starts with the same answers and the same card, moved rows or not."""
    ana, anna, _ = family_of_records(world)
    answers = (Answer("intake", "Allergies?", "Nuts", at("2026-11-01 09:00")),)
    world.seed("add_prefill", anna, Prefill(answers, CardSummary("visa", "4242", 12, 2028)))
    world.change_policy("merging", reassign=False)
    first = world.staff().merge(ana, anna).merges[0]
    session = world.log_in(ANAS)
    shown = session.start_booking()
    world.staff().undo(first)
    world.change_policy("merging", reassign=True)
    world.staff().merge(ana, anna)
    assert session.start_booking() == shown


def test_the_version_of_a_row_is_the_same_after_all_that(world: World) -> None:
    """Whoever had the appointment open may go on: nothing has changed for them."""
    ana, anna, _ = family_of_records(world)
    before = world.ask("appointment", "anna-1").version
    merged = world.staff().merge(ana, anna)
    world.clock.advance(timedelta(minutes=5))
    world.staff().undo(merged.merges[0])
    assert world.ask("appointment", "anna-1").version == before
