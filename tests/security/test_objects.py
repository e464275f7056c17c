"""Every public operation × who asks × whose thing it is: foreign is the same as absent (ASVS V8.2, V8.4.1).

The matrix is checked against the doors: an operation that is missing from it fails here.
"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from attrs import asdict, evolve, frozen

from accounts_ground import an_account
from clientportal import ClientPortalError, InvalidCursor, Permission, Reason, RecordRef, Refused, presets
from clientportal.doors import (
    AsyncClientDoor,
    AsyncStaffDoor,
    AsyncVisitorDoor,
    ClientDoor,
    StaffDoor,
    VisitorDoor,
)
from clientportal.policy import SeveralRecords
from clientportal.values import Slot, When
from held import holds_one_of_each
from keeping import keeps_a_pet
from own_sections import add_card, with_stamp_cards
from papers import holds_papers
from paying_ground import DUE, owes_and_has_paid
from security.attacking import ANA, Neighbour
from telling import is_told
from watching import everything_stored, reason_of
from world import AUCKLAND, World, at, client


@frozen
class Things:
    """One of each thing that can be named: somebody's, or nobody's."""

    ref: RecordRef
    appointment: str
    slot: str
    session: str
    merge: str
    contact: str
    link: str
    handle: str
    account: str
    item: str
    notice: str


NOBODYS = Things(
    ref=client("nobody"),
    appointment="no-appointment",
    slot="no-slot",
    session="0" * 64,
    merge="0" * 32,
    contact="021 999 4321",
    link="k1.e30.AAAA",
    handle="no-handle",
    account="no-account",
    item="no-item",
    notice="no-notice",
)

Cell = Callable[[Any, Things, Things], Any]
"""What is done at a door, with things of one's own and things that are not."""

NO_THING: tuple[Cell, ...] = ()
"""It names nothing: what it shows is the session's or the business's own, and the scenarios below look at it."""


def week(door: Any) -> Any:
    """Some days in which to look for free times."""
    return at("2026-11-24 00:00"), at("2026-12-20 00:00")


VISITOR: dict[str, tuple[Cell, ...]] = {
    "welcome": NO_THING,
    "log_in": NO_THING,
    "request_code": NO_THING,
    "request_sign_in_link": NO_THING,
    "look_at_sign_in_link": (lambda door, _mine, its: door.look_at_sign_in_link(its.link),),
    "sign_in_by_link": (lambda door, _mine, its: door.sign_in_by_link(its.link),),
    "look_at_email_link": (lambda door, _mine, its: door.look_at_email_link(its.link),),
    "revert_email_change": (lambda door, _mine, its: door.revert_email_change(its.link),),
    "register": NO_THING,
    "request_reset": NO_THING,
    "look_at_verification": (lambda door, _mine, its: door.look_at_verification(its.link),),
    "look_at_reset": (lambda door, _mine, its: door.look_at_reset(its.link),),
    "look_at_invitation": (lambda door, _mine, its: door.look_at_invitation(its.link),),
    "verify_email": (lambda door, _mine, its: door.verify_email(its.link, PASSWORD),),
    "claim_email": (lambda door, _mine, its: door.claim_email(its.link, PASSWORD),),
    "reset_password": (lambda door, _mine, its: door.reset_password(its.link, PASSWORD),),
    "accept_invitation": (lambda door, _mine, its: door.accept_invitation(its.link, PASSWORD),),
    "start_booking": NO_THING,
    "resend_code": (lambda door, _mine, its: door.resend_code(its.handle),),
    "verify_code": (lambda door, _mine, its: door.verify_code(its.handle, "123456"),),
    "look_at_link": (lambda door, _mine, its: door.look_at_link(its.link),),
    "look_at_form_link": (lambda door, _mine, its: door.look_at_form_link(its.link),),
    "look_at_unsubscribe": (lambda door, _mine, its: door.look_at_unsubscribe(its.link),),
    "unsubscribe": (lambda door, _mine, its: door.unsubscribe(its.link),),
    "look_at_contact_change": (lambda door, _mine, its: door.look_at_contact_change(its.link),),
    "revert_contact_change": (lambda door, _mine, its: door.revert_contact_change(its.link),),
    "link_slots": (lambda door, _mine, its: door.link_slots(its.link, *week(door)),),
    "cancel_by_link": (lambda door, _mine, its: door.cancel_by_link(its.link),),
    "move_by_link": (
        lambda door, mine, its: door.move_by_link(its.link, mine.slot),
        lambda door, mine, its: door.move_by_link(mine.link, its.slot),
    ),
    "booked": (lambda door, _mine, its: door.booked(its.appointment),),
}

PASSWORD = "kereru over the harbour"

CLIENT: dict[str, tuple[Cell, ...]] = {
    # These name nothing but what only the session's owner knows.
    "confirm_password": (lambda door, _mine, _its: door.confirm_password(PASSWORD),),
    "change_password": (lambda door, _mine, _its: door.change_password(PASSWORD),),
    "second_factor": (lambda door, _mine, _its: door.second_factor("123456"),),
    "confirm_second_factor": (lambda door, _mine, _its: door.confirm_second_factor("123456"),),
    "verify_email": (lambda door, _mine, its: door.verify_email(its.link),),
    "verify_email_code": (lambda door, _mine, its: door.verify_email_code(its.handle, "123456"),),
    "request_email_code": NO_THING,
    "resend_verification": NO_THING,
    "begin_second_factor": NO_THING,
    "new_recovery_codes": NO_THING,
    "remove_second_factor": NO_THING,
    "profile": NO_THING,
    "codes": NO_THING,
    "change_email": (lambda door, _mine, _its: door.change_email("somebody@example.com"),),
    "confirm_email_change": (lambda door, _mine, its: door.confirm_email_change(its.link),),
    "appointments": NO_THING,
    "past_changes": NO_THING,
    "start_booking": NO_THING,
    "profiles": NO_THING,
    "not_me": NO_THING,
    "current_session": NO_THING,
    "sessions": NO_THING,
    "log_out": NO_THING,
    "log_out_everywhere": NO_THING,
    "appointment": (lambda door, _mine, its: door.appointment(its.appointment),),
    "change_terms": (lambda door, _mine, its: door.change_terms(its.appointment),),
    "slots": (lambda door, _mine, its: door.slots(its.appointment, *week(door)),),
    "move": (
        lambda door, mine, its: door.move(its.appointment, mine.slot),
        lambda door, mine, its: door.move(mine.appointment, its.slot),
    ),
    "cancel": (lambda door, _mine, its: door.cancel(its.appointment),),
    "rebook": (
        lambda door, mine, its: door.rebook(its.appointment, mine.slot),
        lambda door, mine, its: door.rebook(mine.appointment, its.slot),
    ),
    "switch": (lambda door, _mine, its: door.switch(str(its.ref)),),
    "request_second_proof": (lambda door, _mine, its: door.request_second_proof(its.contact),),
    "end_session": (lambda door, _mine, its: door.end_session(its.session),),
    "claim": (lambda door, _mine, its: door.claim(its.contact),),
    "finish_claim": (lambda door, _mine, its: door.finish_claim(its.handle, "123456"),),
    "request_claim_link": (lambda door, _mine, _its: door.request_claim_link("somebody@example.com"),),
    "claim_by_link": (lambda door, _mine, its: door.claim_by_link(its.link),),
    "leave": (lambda door, _mine, its: door.leave(str(its.ref)),),
    "booked": (lambda door, _mine, its: door.booked(its.appointment),),
    "sections": NO_THING,
    "dashboard": NO_THING,
    "section": (lambda door, _mine, _its: door.section("stamp_cards"),),
    "documents": NO_THING,
    "new_documents": NO_THING,
    "download": (lambda door, _mine, its: door.download(its.item),),
    "forms": NO_THING,
    "form": (
        lambda door, _mine, its: door.form(its.item),
        lambda door, mine, its: door.form(its.item, link=mine.link),
        lambda door, mine, its: door.form(mine.item, link=its.link),
    ),
    "save_draft": (
        lambda door, _mine, its: door.save_draft(its.item, {"story": "long"}),
        lambda door, _mine, its: door.save_draft(its.item, {"story": "long"}, link=its.link),
    ),
    "submit_form": (
        lambda door, _mine, its: door.submit_form(its.item, {"story": "long"}),
        lambda door, _mine, its: door.submit_form(its.item, {"story": "long"}, link=its.link),
    ),
    "notices": NO_THING,
    "unread_notices": NO_THING,
    "mark_read": (lambda door, _mine, its: door.mark_read(its.notice),),
    "messages": NO_THING,
    "send_message": NO_THING,
    "section_item": (lambda door, _mine, its: door.section_item("stamp_cards", its.item),),
    "act": (lambda door, _mine, its: door.act("stamp_cards", "redeem", item=its.item),),
    "pets": NO_THING,
    "save_pet": (lambda door, _mine, its: door.save_pet({"species": "cat"}, id=its.item),),
    "delete_pet": (lambda door, _mine, its: door.delete_pet(its.item),),
    "preferences": NO_THING,
    "set_preference": (lambda door, _mine, _its: door.set_preference("marketing", "email", True),),
    "referrals": NO_THING,
    "update_profile": (lambda door, _mine, _its: door.update_profile({"first_name": "Ana"}),),
    "request_contact_change": (lambda door, _mine, its: door.request_contact_change(its.contact),),
    "confirm_contact_change": (lambda door, _mine, its: door.confirm_contact_change(its.handle, "123456"),),
    "memberships": NO_THING,
    "membership": (lambda door, _mine, its: door.membership(its.item),),
    "packages": NO_THING,
    "gift_cards": NO_THING,
    "gift_card_shop": NO_THING,
    "rewards": NO_THING,
    "cards": NO_THING,
    "remove_card": (lambda door, _mine, its: door.remove_card(its.item),),
    "payments": NO_THING,
    "transactions": NO_THING,
    "total_due": NO_THING,
    "payment": (lambda door, _mine, its: door.payment(its.item),),
    "pay": (
        lambda door, _mine, its: door.pay(its.item, DUE),
        lambda door, mine, its: door.pay(mine.item, DUE, card=its.item),
    ),
}

STAFF: dict[str, tuple[Cell, ...]] = {
    "invite": (lambda door, _mine, its: door.invite(its.ref),),
    "duplicates": NO_THING,
    "scan_duplicates": NO_THING,
    "rehearse_matching": NO_THING,
    "outbox": NO_THING,
    "replay": NO_THING,
    "clients": NO_THING,
    "client_fields": NO_THING,
    "add_client": NO_THING,
    # Numbers are each business's own: what is 1 here is another client next door.
    "by_number": NO_THING,
    "import_clients": NO_THING,
    "export_clients": NO_THING,
    # First, for it would show what the others leave: one's own tries.
    "audit": (lambda door, _mine, its: door.audit(subject=str(its.ref)),),
    "reset_password": (
        lambda door, _mine, its: door.reset_password(its.ref),
        lambda door, _mine, its: door.reset_password(its.account),
    ),
    "reset_passwords": (lambda door, _mine, its: door.reset_passwords([its.ref, its.account]),),
    "set_password": (
        lambda door, _mine, its: door.set_password(its.ref, PASSWORD),
        lambda door, _mine, its: door.set_password(its.account, PASSWORD),
    ),
    "remove_second_factor": (
        lambda door, _mine, its: door.remove_second_factor(its.ref),
        lambda door, _mine, its: door.remove_second_factor(its.account),
    ),
    "plan_merge": (
        lambda door, mine, its: door.plan_merge(mine.ref, its.ref),
        lambda door, mine, its: door.plan_merge(its.ref, mine.ref),
    ),
    "merge": (
        lambda door, mine, its: door.merge(mine.ref, its.ref),
        lambda door, mine, its: door.merge(its.ref, [mine.ref]),
    ),
    "merge_accounts": (
        lambda door, mine, its: door.merge_accounts(mine.account, its.account),
        lambda door, mine, its: door.merge_accounts(its.account, mine.account),
    ),
    "undo": (lambda door, _mine, its: door.undo(its.merge),),
    "merges": (lambda door, _mine, its: door.merges(its.ref),),
    "duplicates_of": (lambda door, _mine, its: door.duplicates_of(its.ref),),
    "dismiss": (
        lambda door, mine, its: door.dismiss(mine.ref, its.ref),
        lambda door, mine, its: door.dismiss(its.ref, mine.ref),
    ),
    "restore_pair": (lambda door, mine, its: door.restore_pair(mine.ref, its.ref),),
    "flag_placeholder": (lambda door, _mine, its: door.flag_placeholder(its.contact),),
    "client": (lambda door, _mine, its: door.client(its.ref),),
    "change_client": (lambda door, _mine, its: door.change_client(its.ref, "1", {"first_name": "Anna"}),),
    "delete_client": (lambda door, _mine, its: door.delete_client(its.ref),),
    "delete_clients": (lambda door, _mine, its: [one.reason for one in door.delete_clients([its.ref])],),
    "delete_appointment": (lambda door, _mine, its: door.delete_appointment(its.appointment),),
    "end_sessions_of": (lambda door, _mine, its: [one.sessions for one in door.end_sessions_of([its.ref])],),
    "sessions": (lambda door, _mine, its: door.sessions(its.ref),),
    "end_sessions": (lambda door, _mine, its: door.end_sessions(its.ref),),
    "unblock": (lambda door, _mine, its: door.unblock(its.contact),),
    "reattach": (
        lambda door, mine, its: door.reattach(mine.contact, its.ref),
        lambda door, mine, its: door.reattach(its.contact, mine.ref),
    ),
    "move": (
        lambda door, mine, its: door.move(its.appointment, mine.slot),
        lambda door, mine, its: door.move(mine.appointment, its.slot),
    ),
    "cancel": (lambda door, _mine, its: door.cancel(its.appointment),),
    "notify": (lambda door, _mine, its: door.notify(its.ref, "form_sent"),),
    "appointment_link": (
        lambda door, _mine, its: door.appointment_link(its.appointment),
        lambda door, _mine, its: door.appointment_link(its.appointment, send=True),
    ),
    "form_link": (lambda door, _mine, its: door.form_link(its.item),),
    "explain_change": (lambda door, _mine, its: door.explain_change(its.appointment),),
    "explain_contact": (lambda door, _mine, its: door.explain_contact(its.contact),),
    "booked": (lambda door, _mine, its: door.booked(its.appointment),),
    "assign": (
        lambda door, mine, its: door.assign(its.appointment, mine.account),
        lambda door, mine, its: door.assign(mine.appointment, its.account),
    ),
    "assign_many": (
        lambda door, mine, its: door.assign_many([its.appointment], mine.account),
        lambda door, mine, its: door.assign_many([mine.appointment], its.account),
    ),
    "clear_assignment": (lambda door, _mine, its: door.clear_assignment(its.appointment),),
    "may_assign_all": (lambda door, _mine, its: door.may_assign_all(its.ref),),
    "assign_all": (lambda door, _mine, its: door.assign_all(its.ref),),
    "link": (
        lambda door, mine, its: door.link(its.account, mine.ref),
        lambda door, mine, its: door.link(mine.account, its.ref),
    ),
    "unlink": (
        lambda door, mine, its: door.unlink(its.account, mine.ref),
        lambda door, mine, its: door.unlink(mine.account, its.ref),
    ),
    "links": (lambda door, _mine, its: door.links(its.ref),),
    "find_accounts": (lambda door, _mine, _its: door.find_accounts("ana@example.com"),),
    "explain_booking": (lambda door, _mine, its: door.explain_booking("Ana Kingi", mobile=its.contact),),
    "assignment": (lambda door, _mine, its: door.assignment(its.appointment),),
    "assignments": (lambda door, _mine, its: door.assignments(its.ref),),
    "payments": NO_THING,
    "payment_handled": (lambda door, _mine, its: door.payment_handled(its.item),),
    "export_person": (lambda door, _mine, its: door.export_person(its.ref),),
    "erase": (lambda door, _mine, its: door.erase(its.ref, reason="asked to be forgotten"),),
    "view_as": (lambda door, _mine, its: door.view_as(its.ref),),
    "view_as_account": (
        lambda door, _mine, its: door.view_as_account(str(its.ref)),
        lambda door, mine, its: door.view_as_account(str(mine.ref), ref=its.ref),
    ),
}

WITHOUT_THINGS: dict[str, Cell] = {
    "pets": lambda door, _mine, _its: door.pets(),
    "preferences": lambda door, _mine, _its: door.preferences(),
    "referrals": lambda door, _mine, _its: door.referrals(),
    "duplicates": lambda door, _mine, _its: door.duplicates(),
    "scan_duplicates": lambda door, _mine, _its: door.scan_duplicates(),
    "rehearse_matching": lambda door, _mine, _its: door.rehearse_matching(presets.timely(region="AU")),
    "outbox": lambda door, _mine, _its: door.outbox(),
    "clients": lambda door, _mine, _its: door.clients(),
    "client_fields": lambda door, _mine, _its: door.client_fields(),
    "add_client": lambda door, _mine, _its: door.add_client({"first_name": "Zoë"}),
    "by_number": lambda door, _mine, _its: door.by_number(1),
    "replay": lambda door, _mine, _its: door.replay(presets.timely(region="NZ")),
    "import_clients": lambda door, _mine, _its: door.import_clients(["number,email", "1,x"], name="spring"),
    "export_clients": lambda door, _mine, _its: door.export_clients(),
    **{
        name: lambda door, _mine, _its, name=name: getattr(door, name)()  # type: ignore[misc]
        for name, cells in CLIENT.items()
        if not cells
    },
    "send_message": lambda door, _mine, _its: door.send_message("Hello"),
}


def operations_of(door: type) -> set[str]:
    """The names of all that can be done at a door."""
    return {name for name, _ in inspect.getmembers(door, inspect.isfunction) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("matrix", "doors"),
    [
        (VISITOR, (VisitorDoor, AsyncVisitorDoor)),
        (CLIENT, (ClientDoor, AsyncClientDoor)),
        (STAFF, (StaffDoor, AsyncStaffDoor)),
    ],
    ids=["visitor", "client", "staff"],
)
def test_every_operation_of_every_door_is_in_the_matrix(matrix: dict[str, Any], doors: tuple[type, ...]) -> None:
    """A new operation must say here what it names, before it can be forgotten."""
    for door in doors:
        assert operations_of(door) == set(matrix)


# --- what is compared ------------------------------------------------------------------------------------------------


def said(call: Callable[[], Any], its: Things) -> str:
    """Everything that a caller sees of an answer, with the things that they named themselves taken out."""
    try:
        answer = call()
        if isinstance(answer, Iterator):
            answer = list(answer)
        seen = f"gave {answer!r}"
    except Refused as refused:
        refusal = refused.refusal
        seen = "|".join(
            map(repr, (refused.reason, refused.client_text, refused.staff_text, str(refused), refusal.facts, refusal))
        )
    except ClientPortalError as error:
        seen = f"raised {type(error).__name__}: {error}"
    for thing in asdict(its, recurse=False).values():
        seen = seen.replace(str(thing), "<named>")
    return re.sub(r"\+\d\d•+\d{3}", "<masked>", seen)


def own_things(world: World, name: str, number: str) -> Things:
    """A client with one of everything: a record with a twin that was merged, an appointment, a free time, a link."""
    with_stamp_cards(world)
    ref = world.add_client(name, f"{name.title()} Kingi", mobile=number, email=f"{name}@example.com")
    add_card(world, f"{name}-card", ref)
    holds_one_of_each(world, ref, f"{name}-card")
    holds_papers(world, ref, f"{name}-card")
    owes_and_has_paid(world, ref, f"{name}-card")
    keeps_a_pet(world, ref, f"{name}-card")
    twin = world.add_client(f"{name}-twin", f"{name.title()} Kingi")
    world.book(f"{name}-1", ref, "2026-12-01 09:00")
    slot = Slot(f"{name}-slot", "cut", at("2026-12-02 09:00"), at("2026-12-02 09:45"), AUCKLAND, "mia", "Mia")
    world.seed("add_slots", [slot])
    signed_in = world.sign_in(number)
    (line,) = world.client(signed_in).sessions()
    world.clock.advance(timedelta(minutes=11))
    sent = world.visitor().request_code(number)
    return Things(
        ref=ref,
        appointment=f"{name}-1",
        slot=slot.id,
        session=line.id,
        merge=world.staff().merge(ref, twin).merges[0],
        contact=number,
        link=world.staff().appointment_link(f"{name}-1").reveal(),
        handle=sent.handle.reveal(),
        account=an_account(world, f"{name}@example.com", world.clock(), proved=world.clock()),
        item=f"{name}-card",
        notice=is_told(world, ref),
    )


def compare(matrix: dict[str, tuple[Cell, ...]], door: Any, mine: Things, theirs: Things, owner: World) -> None:
    """Whatever is done with somebody else's things looks as with nobody's, and changes nothing of theirs."""
    before = everything_stored(owner)
    for name, cells in matrix.items():
        for cell in cells:
            foreign = said(lambda cell=cell: cell(door, mine, theirs), theirs)
            absent = said(lambda cell=cell: cell(door, mine, NOBODYS), NOBODYS)
            assert foreign == absent, name
    if owner.tenant != door_tenant(door):
        assert everything_stored(owner) == before


def door_tenant(door: Any) -> str:
    """The business that a door belongs to."""
    inner = getattr(door, "_awaited", door)
    return str(inner._caller.tenant)


# --- actors ----------------------------------------------------------------------------------------------------------


def test_another_client_of_the_same_business_finds_nothing(world: World) -> None:
    """Ben names Ana's appointment, record, session: not found, as if there were none; and Ana has them still."""
    ana = own_things(world, "ana", ANA)
    ben = own_things(world, "ben", "021 765 4321")
    # A free time is everybody's; one that is taken is nobody's.
    compare(CLIENT, world.log_in("021 765 4321"), ben, evolve(ana, slot="taken-slot"), world)
    anas = world.log_in(ANA)
    assert [one.id for one in anas.appointments().items] == ["ana-1"]
    assert ana.session in {one.id for one in anas.sessions()}


def test_a_client_of_another_business_finds_nothing(world: World) -> None:
    """Cleo is a client next door: all of Ana's ids are nothing to her, and nothing of this business is touched."""
    other = Neighbour(world)
    ana = own_things(world, "ana", ANA)
    cleo = own_things(other, "cleo", "021 765 4321")
    compare(CLIENT, other.log_in("021 765 4321"), cleo, ana, world)


def test_a_visitor_of_another_business_finds_nothing(world: World) -> None:
    """Handles and links of this business are nothing at the other one's door."""
    other = Neighbour(world)
    ana = own_things(world, "ana", ANA)
    cleo = own_things(other, "cleo", "021 765 4321")
    compare(VISITOR, other.visitor(), cleo, ana, world)


def test_staff_of_another_business_find_nothing(world: World) -> None:
    """With every permission there, they have none here: refs, appointments, merges, contacts are absent."""
    other = Neighbour(world)
    ana = own_things(world, "ana", ANA)
    cleo = own_things(other, "cleo", "021 765 4321")
    compare(STAFF, other.staff(reason="she showed both mailboxes"), cleo, ana, world)


def test_without_a_session_nothing_is_shown_or_done(world: World) -> None:
    """A made-up token, none at all, and one that was logged out: the same refusal from every operation."""
    ana = own_things(world, "ana", ANA)
    ended = world.sign_in(ANA)
    world.client(ended).log_out()
    before = everything_stored(world)
    for name, cells in CLIENT.items():
        for cell in cells or (WITHOUT_THINGS[name],):
            answers = {
                said(lambda cell=cell, token=token: cell(world.portal.client(token), ana, ana), ana)
                for token in (ended.token, "made-up", "", f"{ended.token.reveal()}x", ana.session)
            }
            assert len(answers) == 1, name
            assert "SESSION_ENDED" in answers.pop(), name
    kept = {table: rows for table, rows in everything_stored(world).items() if table != "cp_audit"}
    assert kept == {table: rows for table, rows in before.items() if table != "cp_audit"}


@pytest.mark.parametrize("permission", [None, *Permission], ids=lambda one: str(one or "none"))
def test_staff_may_do_what_they_were_given_by_name_and_nothing_else(
    memory_world: World, permission: Permission | None
) -> None:
    """With one permission or none: everything else is refused, for what exists and what does not alike."""
    world = memory_world
    ana, ben = own_things(world, "ana", ANA), own_things(world, "ben", "021 765 4321")
    door = world.staff([] if permission is None else [permission])
    allowed = set()
    for name, cells in STAFF.items():
        for cell in cells or (WITHOUT_THINGS[name],):
            for seen_through in (door, door.preview):
                answer = said(lambda cell=cell, d=seen_through: cell(d, ben, NOBODYS), NOBODYS)
                if answer.startswith("raised PolicyError"):
                    continue  # it has no preview, for anybody
                if "Reason.PERMISSION" not in answer:
                    allowed.add(name)
                    continue
                assert said(lambda cell=cell, d=seen_through: cell(d, ben, ana), ana) == answer, name
    assert allowed == _MAY.get(permission, set())


_MAY: dict[Permission | None, set[str]] = {
    Permission.SEE_CLIENTS: {
        "client",
        "clients",
        "client_fields",
        "by_number",
        "assignment",
        "assignments",
        "find_accounts",
    },
    Permission.SEE_DUPLICATES: {"duplicates", "duplicates_of", "scan_duplicates", "rehearse_matching", "merges"},
    Permission.MERGE: {"plan_merge", "merge", "undo", "dismiss", "restore_pair", "flag_placeholder", "merge_accounts"},
    Permission.CHANGE_APPOINTMENTS: {"move", "cancel", "booked"},
    Permission.ASSIGN: {"assign", "assign_many", "clear_assignment", "may_assign_all", "assign_all"},
    Permission.LINK_ACCOUNTS: {"link", "unlink", "links"},
    Permission.SEND_LINKS: {"appointment_link", "form_link"},
    Permission.ADD_CLIENTS: {"add_client"},
    Permission.CHANGE_CLIENTS: {"change_client"},
    Permission.DELETE_CLIENTS: {"delete_client", "delete_clients", "delete_appointment"},
    Permission.INVITE: {"invite"},
    Permission.RESET_PASSWORDS: {"reset_password", "reset_passwords", "set_password", "remove_second_factor"},
    Permission.END_SESSIONS: {"end_sessions", "end_sessions_of"},
    Permission.UNBLOCK: {"unblock", "reattach"},
    Permission.EXPLAIN: {"explain_booking", "explain_change", "explain_contact", "sessions"},
    Permission.SEE_AUDIT: {"audit", "outbox"},
    Permission.REPLAY_POLICY: {"replay"},
    Permission.IMPORT_CLIENTS: {"import_clients"},
    Permission.EXPORT_CLIENTS: {"export_clients"},
    Permission.EXPORT_PERSON: {"export_person"},
    Permission.ERASE: {"erase"},
    Permission.NOTIFY: {"notify"},
    Permission.PAYMENTS: {"payments", "payment_handled"},
    Permission.VIEW_AS_CLIENT: {"view_as", "view_as_account"},
}


# --- lists -----------------------------------------------------------------------------------------------------------


def test_lists_hold_ones_own_things_alone(world: World) -> None:
    """Appointments, changes, profiles and sessions of Ben: none of Ana's, and none of the business next door."""
    other = Neighbour(world)
    own_things(other, "cleo", "021 765 4321")
    own_things(world, "ana", ANA)
    own_things(world, "ben", "021 765 4321")
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    world.log_in(ANA).cancel("ana-1")
    door = world.log_in("021 765 4321")
    shown = repr([door.appointments(when) for when in When])
    shown += repr([door.past_changes(), door.profiles(), door.profile(), door.start_booking()])
    assert "ben" in shown
    assert "ana" not in shown
    assert "cleo" not in shown
    staff = repr([world.staff().audit(limit=200), world.staff().outbox("sent"), world.staff().duplicates()])
    assert "ana" in staff
    assert "cleo" not in staff


def test_a_cursor_of_somebody_elses_list_shows_nothing_of_it(world: World) -> None:
    """Ana's place in her own list, handed in by Ben: refused, or a page of Ben's."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    for day in range(1, 5):
        world.book(f"ana-{day}", ana, f"2026-12-0{day} 09:00")
        world.book(f"ben-{day}", ben, f"2026-12-0{day} 11:00")
    cursor = world.log_in(ANA).appointments(limit=2).next
    assert cursor is not None
    door = world.log_in("021 765 4321")
    with contextlib.suppress(InvalidCursor):
        assert {one.id.partition("-")[0] for one in door.appointments(after=cursor).items} <= {"ben"}
    assert reason_of(lambda: door.appointment("ana-1")) is Reason.NOT_FOUND
