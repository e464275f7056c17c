"""TimeTap: deleting clients, one and many, and appointments by themselves; MyTime cancels what is to come (TT4)."""

from __future__ import annotations

from typing import Any

import pytest

from accounts_ground import a_session, an_account
from clientportal import AppointmentStatus, InvalidInput, PolicyError, Reason, presets
from clientportal.outcomes import AppointmentDeleted, Deleted, DeletedRow
from clientportal.policy import OnDelete
from clientportal.ports import Offer
from clientportal.records import AccountLink, Assignment, ContactEntry, Merge, MessageState, OutboxMessage, Snapshot
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.values import HostAnswer
from stores.test_joined import rolled_back
from watching import BOTH_COLOURS, everything_stored, platform, reason_of, refusal_of
from world import World, client

pytestmark = pytest.mark.requirement("TT4")

ANA, ANNA, BEN = client("ana"), client("anna"), client("ben")
NUMBER = "021 123 4567"


def salon(world: World, *, on_delete: OnDelete = OnDelete.KEEP) -> None:
    """Ana with an appointment last month, one next week and one cancelled; Ben with one."""
    world.use(presets.timely(region="NZ"))
    world.change_policy("clients", on_delete=on_delete)
    world.add_client("ana", "Ana Kingi", mobile=NUMBER, email="ana@example.com")
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.book("past", ANA, "2026-10-30 09:00")
    world.book("next", ANA, "2026-11-30 09:00")
    world.book("later", ANA, "2026-12-30 09:00")
    world.book("off", ANA, "2026-12-02 09:00", status=AppointmentStatus.CANCELLED)
    world.book("bens", BEN, "2026-11-30 11:00")


def status(world: World, id: str) -> Any:
    """How an appointment stands; ``None`` where it is gone."""
    found = world.ask("appointment", id)
    return None if found is None else found.status


# --- one client ------------------------------------------------------------------------------------------------------


def test_the_client_goes_and_the_appointments_stay(world: World) -> None:
    """The row is gone; every appointment stands as it stood, and is deleted by itself."""
    salon(world)
    assert world.staff().delete_client(ANA) == Deleted(ANA, (ANA,))
    assert world.ask("clients", [ANA]) in ((), [])
    assert [status(world, id) for id in ("past", "next", "off")] == ["confirmed", "confirmed", "cancelled"]
    assert reason_of(lambda: world.staff().client(ANA)) is Reason.NOT_FOUND
    assert [line.ref for line in world.staff().clients().lines] == [BEN]
    assert world.staff().delete_appointment("next") == AppointmentDeleted("next")
    assert status(world, "next") is None
    assert reason_of(lambda: world.staff().delete_appointment("next")) is Reason.NOT_FOUND


def test_nobody_goes_on_as_a_client_who_is_deleted(world: World) -> None:
    """Open sessions end at once, the number finds nobody, links in old messages are gone, nothing more is sent."""
    salon(world)
    token = world.sign_in(NUMBER).token
    link = world.staff().appointment_link("next", send=True)
    deleted = world.staff().delete_client(ANA)
    assert (deleted.sessions, deleted.cancelled) == (1, ())
    assert reason_of(lambda: world.portal.client(token).appointments()) is Reason.SESSION_ENDED
    assert world.all_stored(ContactEntry, "ref", str(ANA)) == []
    assert world.staff().explain_contact(NUMBER).record is None
    for use in (world.visitor().look_at_link, world.visitor().cancel_by_link):
        assert reason_of(lambda use=use: use(link)) is Reason.LINK_GONE
    (message,) = world.all_stored(OutboxMessage, "record", str(ANA))
    assert (message.state, message.note) == (MessageState.DROPPED, "whom it was for was deleted")
    assert world.log_in(NUMBER).appointments().items == (), "a new client, who has nothing of hers"


def test_a_familys_session_goes_on_with_the_others(world: World) -> None:
    """A mother who looks at her own appointments is not logged out when her daughter's record is deleted."""
    salon(world)
    world.change_policy("login", several="choose")
    world.add_client("mere", "Mere Kingi", mobile=NUMBER)
    choosing = world.sign_in(NUMBER)
    mother = world.client(world.client(choosing).switch("client:ana"))
    daughter = world.client(world.client(world.sign_in(NUMBER)).switch("client:mere"))
    undecided = world.log_in(NUMBER)
    assert world.staff().delete_client(client("mere")).sessions == 1
    assert [one.id for one in mother.appointments().items] == ["next", "off", "later"]
    assert reason_of(daughter.appointments) is Reason.SESSION_ENDED
    assert [one.id for one in undecided.profiles()] == ["client:ana"]


def test_the_links_of_accounts_are_revoked_and_their_assignments_stay(world: World) -> None:
    """An account keeps what was assigned to it: the appointments are there still; the record opens nothing any more."""
    salon(world)
    world.use(presets.timetap(region="NZ"))
    account = an_account(world, "ana@example.com", "2026-10-01 09:00", proved="2026-10-01 09:05")
    world.staff().link(account, ANA)
    world.staff().assign("next", account)
    token = a_session(world, account, entry=ANA, own=[ANA])
    deleted = world.staff().delete_client(ANA)
    assert (deleted.links, deleted.sessions) == (1, 1)
    link = world.stored(AccountLink, AccountLink.id_of(account, ANA))
    assert (link.revoked_at, link.revoked_by) == (world.clock(), "staff:mia")
    assert reason_of(world.portal.client(token).appointments) is Reason.SESSION_ENDED
    assert world.stored(Assignment, "next").account == account
    assert world.staff().delete_appointment("next").account == account
    assert world.stored(Assignment, "next") is None


def test_deleting_twice_and_under_one_key(world: World) -> None:
    """Again with the key: the same answer. Without: there is no such client."""
    salon(world, on_delete=OnDelete.KEEP_PAST_CANCEL_FUTURE)
    first = world.staff().delete_client(ANA, key="k")
    assert world.staff().delete_client(ANA, key="k") == first
    assert reason_of(lambda: world.staff().delete_client(ANA)) is Reason.NOT_FOUND
    gone = world.staff().delete_appointment("past", key="k")
    assert world.staff().delete_appointment("past", key="k") == gone


def test_inside_the_platforms_transaction_it_is_undone_with_it(world: World) -> None:
    """Rolled back: everything is as it was, the session included."""
    salon(world, on_delete=OnDelete.KEEP_PAST_CANCEL_FUTURE)
    world.sign_in(NUMBER)
    before = everything_stored(world)
    with rolled_back(world) as connection:
        world.portal.on(connection).staff(world.tenant, actor="mia", permissions=["delete_clients"]).delete_client(ANA)
    assert everything_stored(world) == before


# --- what is to come -------------------------------------------------------------------------------------------------


def test_where_the_policy_says_so_what_is_to_come_is_cancelled(world: World) -> None:
    """MyTime: next week's and December's, whatever the window and the fee; the past and other people's stay."""
    salon(world, on_delete=OnDelete.KEEP_PAST_CANCEL_FUTURE)
    world.book("today", ANA, "2026-11-21 11:00")
    preview = world.staff().preview.delete_client(ANA)
    assert status(world, "next") == "confirmed"
    deleted = world.staff().delete_client(ANA)
    assert deleted == preview
    assert deleted.cancelled == ("today", "next", "later")
    assert [status(world, id) for id in ("past", "today", "next", "later", "bens")] == [
        *("confirmed", "cancelled", "cancelled", "cancelled", "confirmed"),
    ]
    snapshots = world.all_stored(Snapshot, "ref", str(ANA))
    assert sorted(one.appointment_id for one in snapshots) == ["later", "next", "today"]
    assert {one.actor for one in snapshots} == {"staff:mia"}


@BOTH_COLOURS
def test_what_the_platform_does_not_let_go_of_stops_it_all(awaited: bool) -> None:
    """Named, with its own words; and where it says so only when asked to, nothing is half done."""
    said: list[str] = []

    def offer(_host: Any, appointment: Any, _change: Any) -> Offer:
        return Offer(allowed=appointment.id not in said, why_not="it is paid for")

    def cancel(host: Any, appointment: Any, fee: Any, key: str) -> HostAnswer:
        if appointment.id == "later":
            said.append("later")
            return HostAnswer("declined", note="it is paid for")
        return MemoryHost.cancel(host, appointment, fee, key)

    with platform(awaited, offer=offer, cancel=cancel) as world:
        salon(world, on_delete=OnDelete.KEEP_PAST_CANCEL_FUTURE)
        refused = refusal_of(lambda: world.staff().delete_client(ANA))
        assert refused.reason is Reason.NOT_CHANGEABLE
        assert "later: it is paid for" in refused.staff_text
        assert status(world, "next") == "confirmed", "the one that was cancelled first is rolled back"
        assert len(world.ask("clients", [ANA])) == 1


# --- merged clients --------------------------------------------------------------------------------------------------


def test_a_merged_client_is_deleted_whole_by_the_record_that_speaks(world: World) -> None:
    """The absorbed record is refused, naming the other; that one takes both rows with it, and no undo brings one back.

    Why whole: the list shows one client. Had only the speaking row gone, the other would be a person in the platform's
    tables whom no list finds.
    """
    salon(world)
    world.add_client("anna", "Anna King", email="anna@example.com")
    world.book("annas", ANNA, "2026-11-30 15:00")
    staff = world.staff()
    merge = staff.merge(ANA, ANNA).merges[0]
    refused = refusal_of(lambda: staff.delete_client(ANNA))
    assert refused.reason is Reason.ALREADY_MERGED
    assert "client:ana" in refused.staff_text
    assert staff.delete_client(ANA).refs == (ANA, ANNA)
    assert len(world.ask("clients", [ANA, ANNA])) == 0
    assert status(world, "annas") == "confirmed"
    assert reason_of(lambda: staff.undo(merge)) is Reason.ERASED
    assert world.stored(Merge, merge).undone_at is None
    assert [one.id for one in staff.merges(ANA)] == [merge], "the journal is kept"


# --- many ------------------------------------------------------------------------------------------------------------


def test_many_are_deleted_one_by_one_with_a_report(world: World) -> None:
    """In their order, each with its reason; who is not there, or was merged, holds up nobody."""
    salon(world)
    world.add_client("anna", "Anna King")
    world.add_client("zoe", "Zoë Reed")
    staff = world.staff()
    staff.merge(BEN, ANNA)
    rows = staff.delete_clients([ANA, client("nobody"), ANNA, client("zoe"), ANA], key="press-1")
    assert [(one.ref.id, one.deleted is not None, one.reason) for one in rows] == [
        ("ana", True, None),
        ("nobody", False, "not_found"),
        ("anna", False, "already_merged"),
        ("zoe", True, None),
    ]
    assert "client:ben" in rows[2].text
    assert [line.ref for line in staff.clients().lines] == [BEN]
    again = staff.delete_clients([ANA, client("nobody"), ANNA, client("zoe")], key="press-1")
    assert [one.deleted for one in again] == [one.deleted for one in rows], "a retry is told what was done"
    assert isinstance(again[0], DeletedRow)


def test_each_of_many_is_audited_by_itself(world: World) -> None:
    """The audit of one client does not depend on how many were picked with it."""
    salon(world)
    world.staff(reason="moved away").delete_clients([ANA, BEN])
    for ref in (ANA, BEN):
        (line,) = (one for one in world.staff().audit(subject=str(ref)).items if one.action == "delete_client")
        assert (line.actor, line.outcome, line.reason) == ("staff:mia", "done", "moved away")


def test_many_are_logged_out_one_by_one(world: World) -> None:
    """How many sessions each had."""
    salon(world)
    world.sign_in(NUMBER)
    world.sign_in(NUMBER)
    rows = world.staff().end_sessions_of([ANA, BEN])
    assert [(one.ref, one.sessions) for one in rows] == [(ANA, 2), (BEN, 0)]


def test_what_cannot_be_many(world: World) -> None:
    """Nobody, too many, or no records at all; without the permission it is refused once, for all."""
    salon(world)
    for wrong in ([], [ANA] * 3 + [client(str(n)) for n in range(201)], ["client:ana"]):
        with pytest.raises(InvalidInput, match="refs are 1 to 200 records"):
            world.staff().delete_clients(wrong)
    for refused in ("delete_clients", "end_sessions_of"):
        assert reason_of(lambda name=refused: getattr(world.staff(()), name)([ANA, BEN])) is Reason.PERMISSION
    with pytest.raises(PolicyError, match="end_sessions_of cannot be previewed"):
        world.staff().preview.end_sessions_of([ANA])


# --- a platform that keeps its tables elsewhere ----------------------------------------------------------------------


@BOTH_COLOURS
def test_a_platform_elsewhere_cancels_first_and_deletes_then(awaited: bool) -> None:
    """Each cancellation by itself, remembered like any other; then the client."""
    host = MemoryHost.elsewhere()
    world = World(MemoryStore(), host, awaited=awaited, close=lambda: None)
    host.clock = world.clock
    try:
        salon(world, on_delete=OnDelete.KEEP_PAST_CANCEL_FUTURE)
        world.add_client("anna", "Anna King")
        world.staff().merge(ANA, ANNA)
        added = world.staff().add_client({"first_name": "Mere", "mobile": "021 555 0142"}, key="k")
        assert world.staff().add_client({"first_name": "Mere", "mobile": "021 555 0142"}, key="k") == added
        version = world.staff().client(added.ref).versions[added.ref]
        world.staff().change_client(added.ref, version, {"mobile": "021 555 0143"})
        assert world.staff().explain_contact("021 555 0143").record == added.ref
        assert world.staff().explain_contact("021 555 0142").record is None, "what the index holds is a hint"
        assert world.staff().by_number(added.number).ref == added.ref
        deleted = world.staff().delete_client(ANA)
        assert (deleted.cancelled, deleted.refs) == (("next", "later"), (ANA, ANNA))
        assert [status(world, id) for id in ("past", "next", "later")] == ["confirmed", "cancelled", "cancelled"]
        assert len(world.ask("clients", [ANA, ANNA])) == 0
        assert sorted(one.appointment_id for one in world.all_stored(Snapshot, "ref", str(ANA))) == ["later", "next"]
        assert world.staff().delete_appointment("past").appointment_id == "past"
    finally:
        world.close()
