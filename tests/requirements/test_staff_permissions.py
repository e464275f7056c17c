"""What staff may do is named, what they do or look at is audited, and a view as the client is what the client sees."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import InvalidInput, Permission, Reason, RecordRef, StoreError
from clientportal.policy import SeenBy, SeveralRecords
from clientportal.records import Account, AccountLink, Assignment, AuditEntry, LinkEvidence, Put, Session, Stage
from clientportal.testing.stepping import Call, Stepper, SteppingStore
from clientportal.values import When
from security.attacking import ANA
from security.test_objects import STAFF, WITHOUT_THINGS, own_things, said
from stores.test_joined import rolled_back, transaction
from watching import everything_stored, reason_of, refusal_of
from world import World, at, client, make_world

BEN = "021 765 4321"
TOLD = "our staff has looked at your client portal"


def entries(world: World) -> list[AuditEntry]:
    """The whole audit, oldest first."""
    return world.all_stored(AuditEntry, "time")


def since(world: World, before: list[AuditEntry]) -> list[AuditEntry]:
    """What was added to it."""
    known = {entry.id for entry in before}
    return [entry for entry in entries(world) if entry.id not in known]


def told(entry: AuditEntry) -> tuple[str, str, str, str, str]:
    """One entry as staff read it."""
    return entry.actor, entry.action, entry.subject, entry.outcome, entry.reason


# --- every method of the door ----------------------------------------------------------------------------------------


def permission_for(world: World, call: Callable[[Any], Any]) -> Permission:
    """The permission that a call is refused for want of."""
    refused = refusal_of(lambda: call(world.staff([], reason="Ana rang")))
    assert refused.reason is Reason.PERMISSION
    return Permission(refused.refusal.facts["permission"])


_STREAMED = ("replay", "import_clients", "export_clients", "scan_duplicates", "rehearse_matching")
"""They have done nothing before something is taken from them."""


@pytest.mark.parametrize("name", STAFF)
def test_each_method_needs_one_permission_and_leaves_an_entry(memory_world: World, name: str) -> None:
    """Without any it is refused; with exactly the one that it names it is not, and either way the audit says by whom
    and why. The methods are those of the door, by introspection: see ``security/test_objects.py``.
    """
    world = memory_world
    ana, ben = own_things(world, "ana", ANA), own_things(world, "ben", BEN)
    for cell in STAFF[name] or (WITHOUT_THINGS[name],):

        def call(door: Any, cell: Any = cell) -> Any:
            answer = cell(door, ana, ben)
            return list(answer) if name in _STREAMED else answer

        # Erasing is not done without saying why at the call itself.
        why = "asked to be forgotten" if name == "erase" else "Ana rang"
        before = entries(world)
        needed = permission_for(world, call)
        (entry,) = since(world, before)
        assert (entry.actor, entry.outcome) == ("staff:mia", "permission")
        assert entry.reason == why
        assert f"needed {needed.value}" in entry.because
        others = world.staff(set(Permission) - {needed})
        assert reason_of(lambda call=call, door=others: call(door)) is Reason.PERMISSION
        before = entries(world)
        granted = world.staff([needed], reason="Ana rang")
        answer = said(lambda call=call, door=granted: call(door), ben)
        assert "Reason.PERMISSION" not in answer
        added = since(world, before)
        assert added, f"{name} left nothing in the audit: {answer[:200]}"
        assert {(entry.actor, entry.reason) for entry in added} == {("staff:mia", why)}


def test_a_permission_that_does_not_exist_is_said_to_be_none(world: World) -> None:
    """With all that there are."""
    with pytest.raises(InvalidInput, match=r"'see_everything' is not a valid Permission; there are see_clients, "):
        world.staff(["see_everything"])  # type: ignore[list-item]


# --- what the audit says of looks and refusals -----------------------------------------------------------------------


def test_looks_and_refusals_are_audited_with_actor_subject_and_reason(world: World) -> None:
    """Mia looks at Ana, then for a client that is none, and tries what she may not: three lines, newest last."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    before = entries(world)
    staff = world.staff([Permission.SEE_CLIENTS], reason="Ana rang")
    staff.client(client("ana"))
    world.clock.advance(timedelta(seconds=1))
    assert reason_of(lambda: staff.client(client("nobody"))) is Reason.NOT_FOUND
    world.clock.advance(timedelta(seconds=1))
    assert reason_of(lambda: staff.end_sessions(client("ana"))) is Reason.PERMISSION
    assert [told(entry) for entry in since(world, before)] == [
        ("staff:mia", "client", "client:ana", "done", "Ana rang"),
        ("staff:mia", "client", "client:nobody", "not_found", "Ana rang"),
        ("staff:mia", "end_sessions", "client:ana", "permission", "Ana rang"),
    ]


def test_a_preview_is_audited_as_one(world: World) -> None:
    """A look shows the same in a preview, and is the same; what a change would come to is shown, and nothing else is
    another afterwards.
    """
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.book("a1", ana, "2026-12-01 09:00")
    before = entries(world)
    world.staff().preview.client(ana)
    (entry,) = since(world, before)
    assert told(entry)[:4] == ("staff:mia", "client", "client:ana", "done")
    before, stored = entries(world), everything_stored(world)
    world.staff().preview.cancel("a1")
    (entry,) = since(world, before)
    assert told(entry)[:4] == ("staff:mia", "staff_cancel", "a1", "previewed")
    assert {**everything_stored(world), "cp_audit": ()} == {**stored, "cp_audit": ()}


def test_who_reads_the_audit_stands_in_it(world: World) -> None:
    """Every page of it; about one client it is a look at that client."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    staff = world.staff()
    world.clock.advance(timedelta(seconds=1))
    staff.client(ana)
    for _ in range(2):
        world.clock.advance(timedelta(seconds=1))
        staff.audit(subject=str(ana))
    assert [line.action for line in staff.audit(subject=str(ana)).items[:3]] == ["audit", "audit", "client"]


class Unwritable:
    """A store in which nothing can be written any more."""

    async def around(self, call: Call, perform: Callable[[], Any]) -> Any:
        """Every commit fails; everything can be read."""
        if call.commits:
            raise StoreError("the disk is full")
        return await perform()

    async def ending(self, call: Call) -> None:
        """A unit ends without commit."""

    async def wait(self, held: Callable[[], bool]) -> None:
        """Nobody waits."""


def test_what_cannot_be_audited_is_not_shown(memory_world: World) -> None:
    """The disk is full: a look is an error, not an answer; and a refusal does not become an answer either."""
    world = memory_world
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    stepper = Stepper()
    portal = world.make_portal(store=SteppingStore(world.store, stepper))
    stepper.use(Unwritable())
    for granted in ([Permission.SEE_CLIENTS], []):
        with pytest.raises(StoreError, match="the disk is full"):
            portal.staff(world.tenant, actor="mia", permissions=granted).client(ana)


# --- in the host's transaction ---------------------------------------------------------------------------------------


def test_a_look_in_the_hosts_transaction_is_audited_in_it(world: World) -> None:
    """Committed with it, or undone with it; and a refusal in between breaks nothing of it."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    before = entries(world)
    with rolled_back(world) as connection:
        world.portal.on(connection).staff(world.tenant, actor="mia", permissions=list(Permission)).client(ana)
    assert since(world, before) == []
    with transaction(world) as connection:
        door = world.portal.on(connection).staff(world.tenant, actor="mia", permissions=[Permission.SEE_CLIENTS])
        assert reason_of(lambda: door.merges(ana)) is Reason.PERMISSION
        assert door.client(ana).root == ana
    assert {told(entry)[1:4] for entry in since(world, before)} == {
        ("merges", "client:ana", "permission"),
        ("client", "client:ana", "done"),
    }


def test_a_refusal_in_a_transaction_that_cannot_write_is_still_that_refusal(tmp_path: Any) -> None:
    """A host that only reads there is told "permission", not that its transaction cannot be written; a look is not
    shown, for nobody would know of it.
    """
    world = make_world("sqlite-plain", tmp_path)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    with world.store.engine.connect() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("PRAGMA query_only = ON")
        door = world.portal.on(connection).staff(world.tenant, actor="mia", permissions=[Permission.SEE_CLIENTS])
        assert reason_of(lambda: door.merges(ana)) is Reason.PERMISSION
        with pytest.raises(StoreError):
            door.client(ana)
        assert isinstance(connection.connection.driver_connection, sqlite3.Connection)
        connection.exec_driver_sql("PRAGMA query_only = OFF")
    world.close()


# --- viewing as a client ---------------------------------------------------------------------------------------------


def everything_seen(door: Any) -> list[Any]:
    """All that a client can look at."""
    return [
        door.profile(),
        *(door.appointments(when) for when in When),
        door.appointment("a1"),
        door.change_terms("a1"),
        door.slots("a1", at("2026-11-24 00:00"), at("2026-12-20 00:00")),
        door.past_changes(),
        door.start_booking(),
        door.profiles(),
        door.preview.cancel("a1"),
    ]


def test_a_view_shows_exactly_what_the_client_sees(world: World) -> None:
    """Ana's profile, both lists, terms, free times, changes, and what a cancellation would come to; also after the
    policy is another one. Her twin's record leads to the same.
    """
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    twin = world.add_client("twin", "Ana K.")
    world.staff().merge(ana, twin)
    world.book("a1", ana, "2026-12-01 09:00")
    world.book("a0", twin, "2026-10-01 09:00", made="2026-09-01 09:00")
    world.add_slots("2026-12-02 10:00")
    own = world.log_in(ANA)
    for ref in (ana, twin):
        view = world.client(world.staff().view_as(ref))
        assert everything_seen(view) == everything_seen(own)
        world.change_policy("changes", enabled=False)
        assert [view.change_terms("a1"), view.profile()] == [own.change_terms("a1"), own.profile()]
        world.change_policy("changes", enabled=True)
    world.change_policy("login", enabled=False)
    assert reason_of(view.profile) is Reason.DISABLED


def test_a_look_through_the_view_is_audited_as_the_staff_members(world: World) -> None:
    """The view with its reason, then each look: by Mia as Ana, about the appointment or else about Ana."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.book("a1", ana, "2026-12-01 09:00")
    before = entries(world)
    view = world.client(world.staff(reason="Ana cannot find it").view_as(ana))
    for look in (
        view.profile,
        view.profiles,
        lambda: view.appointment("a1"),
        lambda: view.preview.cancel("a1"),
        lambda: reason_of(lambda: view.cancel("a1")),
    ):
        world.clock.advance(timedelta(seconds=1))
        look()
    assert [told(entry) for entry in since(world, before)] == [
        ("staff:mia", "view_as", "client:ana", "done", "Ana cannot find it"),
        ("staff:mia as client:ana", "profile", "client:ana", "done", ""),
        ("staff:mia as client:ana", "profiles", "client:ana", "done", ""),
        ("staff:mia as client:ana", "appointment", "a1", "done", ""),
        ("staff:mia as client:ana", "cancel", "a1", "previewed", ""),
        ("staff:mia as client:ana", "cancel", "a1", "look_only", ""),
    ]


def test_the_client_is_told_at_most_once_a_day(world: World) -> None:
    """Three views on one day are one message, the next day's is another; to whichever of Ana's records it was."""
    ana, twin = world.add_client("ana", "Ana Kingi", mobile=ANA), world.add_client("twin", "Ana K.")
    world.staff().merge(ana, twin)
    announced = []
    for hours in (0, 1, 22, 1):
        world.clock.advance(timedelta(hours=hours))
        announced.append(world.staff().view_as(twin if hours else ana).announced)
        world.deliver()
        world.portal.purge(world.tenant)
    assert announced == [True, False, False, True]
    assert [message.to for message in world.box.messages] == ["+64211234567"] * 2
    assert all(TOLD in message.text for message in world.box.messages)
    world.clock.advance(timedelta(days=2))
    world.change_policy("clients", announce_viewing=False)
    assert not world.staff().view_as(ana).announced
    world.deliver()
    assert len(world.box.messages) == 2


def test_staff_see_the_view_and_end_it_and_the_client_does_neither(world: World) -> None:
    """Ana sees her one session, and logging out everywhere leaves Mia's; Mia's colleague sees both and ends both."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    own = world.log_in(ANA)
    viewing = world.staff().view_as(ana)
    assert len(own.sessions()) == 1
    view = world.client(viewing)
    assert [line.current for line in view.sessions()] == [False]
    lines = {line.viewer: line for line in world.staff().sessions(ana)}
    assert lines.keys() == {None, "mia"}
    assert lines["mia"].ends_at == viewing.expires_at
    assert reason_of(lambda: own.end_session(lines["mia"].id)) is Reason.NOT_FOUND
    assert own.log_out_everywhere().sessions == 1
    assert view.profile().first_name == "Ana"
    assert world.staff().end_sessions(ana).sessions == 1
    assert reason_of(view.profile) is Reason.SESSION_ENDED


def test_it_ends_itself_and_with_the_record(world: World) -> None:
    """By logging out, and when the platform says that the record is not to be used any more."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    view = world.client(world.staff().view_as(ana))
    assert view.log_out().sessions == 1
    assert reason_of(view.profile) is Reason.SESSION_ENDED
    view = world.client(world.staff().view_as(ana))
    (row,) = world.ask("clients", [ana])
    world.change_client(evolve(row, usable=False))
    assert reason_of(view.profile) is Reason.SESSION_ENDED
    assert reason_of(lambda: world.staff().view_as(ana)) is Reason.NOT_FOUND


# --- accounts --------------------------------------------------------------------------------------------------------


def put(world: World, *records: Any) -> None:
    """Store records as an import would."""

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            await unit.commit(tuple(Put(record) for record in records))

    world.run(go())


def an_account(world: World, *links: RecordRef, proved: bool = True) -> str:
    """Ana's account, linked to those records."""
    world.change_policy("registration", accounts=True)
    now = world.clock()
    account = Account(
        id="acc-ana",
        email="email:ana@example.com",
        address="ana@example.com",
        created_at=now,
        proved_at=now if proved else None,
        first_name="Ana",
    )
    held = [
        AccountLink(
            id=AccountLink.id_of("acc-ana", ref),
            account="acc-ana",
            ref=str(ref),
            evidence=LinkEvidence.STAFF,
            made_at=now,
            actor="staff:mia",
        )
        for ref in links
    ]
    put(world, account, *held)
    return account.id


def assign(world: World, appointment: str, ref: RecordRef) -> None:
    """One appointment is Ana's account's."""
    put(
        world,
        Assignment(
            id=appointment, account="acc-ana", ref=str(ref), at=world.clock(), actor="staff:mia", own_booking=True
        ),
    )


def test_a_view_of_an_account_shows_its_assigned_appointments(world: World) -> None:
    """Under assigned visibility: the one of two that is assigned, though both are the record's; also where the email is
    not proved yet and the account has no record.
    """
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    for id, day in (("a1", "2026-12-01 09:00"), ("a2", "2026-12-02 09:00")):
        world.book(id, ana, day)
    account = an_account(world, ana)
    assign(world, "a2", ana)
    world.change_policy("visibility", appointments=SeenBy.ASSIGNED)
    before = entries(world)
    view = world.client(world.staff().view_as_account(account))
    assert [one.id for one in view.appointments().items] == ["a2"]
    assert reason_of(lambda: view.appointment("a1")) is Reason.NOT_FOUND
    assert {entry.actor for entry in since(world, before)} == {"staff:mia", "staff:mia as account:acc-ana"}
    world.change_policy("visibility", appointments=SeenBy.RECORD)
    assert [one.id for one in view.appointments().items] == ["a1", "a2"]


def test_a_view_of_an_unproved_account_shows_what_was_booked_with_it(world: World) -> None:
    """Nothing of the record that has the email; and its address, which nobody has proved, is not written to."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    for id, day in (("a1", "2026-12-01 09:00"), ("a2", "2026-12-02 09:00")):
        world.book(id, ana, day)
    account = an_account(world, proved=False)
    assign(world, "a1", ana)
    view = world.client(world.staff().view_as_account(account))
    assert [one.id for one in view.appointments().items] == ["a1"]
    world.deliver()
    assert world.box.messages == []


def test_of_a_household_the_view_shows_the_choice_until_one_is_asked_for(world: World) -> None:
    """Ana's account is for her and for Moana: the view stands at the choice, as her login would."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    moana = world.add_client("moana", "Moana Kingi")
    account = an_account(world, ana, moana)
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    viewing = world.staff().view_as_account(account)
    view = world.client(viewing)
    assert {option.label for option in view.profiles()} == {"Ana K.", "Moana K."}
    assert reason_of(view.profile) is Reason.CHOOSE_FIRST
    assert reason_of(lambda: view.switch("client:moana")) is Reason.LOOK_ONLY
    chosen = world.client(world.staff().view_as_account(account, ref=moana))
    assert chosen.profile().first_name == "Moana"
    stages = {session.entry: session.stage for session in world.all_stored(Session, "account", account)}
    assert stages == {None: Stage.CHOOSING, "client:moana": Stage.OPEN}
    world.deliver()
    assert [message.to for message in world.box.messages] == ["ana@example.com"]


def test_an_account_that_is_none_is_not_found(world: World) -> None:
    """Nor a record that is not the account's; and where the business has no accounts, all of it is switched off."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    ben = world.add_client("ben", "Ben Ngata", mobile=BEN)
    account = an_account(world, ana)
    assert reason_of(lambda: world.staff().view_as_account("nobody")) is Reason.NOT_FOUND
    assert reason_of(lambda: world.staff().view_as_account(account, ref=ben)) is Reason.NOT_FOUND
    world.change_policy("registration", accounts=False)
    assert reason_of(lambda: world.staff().view_as_account(account)) is Reason.DISABLED


@pytest.mark.parametrize("given", [None, 7], ids=["nothing", "a number"])
def test_where_several_or_a_reason_belong_nothing_else_is_taken(world: World, given: Any) -> None:
    """A framework that hands ``None`` or a number through is told what belongs there, in the library's own error."""
    staff = world.staff()
    for call in (
        lambda: staff.delete_clients(given),
        lambda: staff.end_sessions_of(given),
        lambda: staff.assign_many(given, "account"),
        lambda: list(staff.import_clients(given, name="spring")),
        lambda: staff.erase(client("ana"), reason=given),
        lambda: world.portal.import_accounts(world.tenant, given),
        lambda: world.staff(reason=given),
    ):
        with pytest.raises(InvalidInput):
            call()
