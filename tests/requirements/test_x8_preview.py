"""X8: whatever judges no proof and spends no budget can be tried without effect; nothing else can."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from accounts_ground import an_account
from clientportal import PolicyError, presets
from clientportal.doors.client import ClientDoor
from clientportal.doors.staff import StaffDoor
from clientportal.policy import ChangePolicy, Override, SeveralRecords, Window
from held import holds_one_of_each
from keeping import keeps_a_pet
from own_sections import add_card, with_stamp_cards
from papers import holds_papers
from paying_ground import DUE, owes_and_has_paid
from telling import is_told
from watching import everything_stored
from world import World, at, client

pytestmark = pytest.mark.requirement("X8")

Call = Callable[[Any, dict[str, Any]], Any]
SINCE, UNTIL = at("2026-11-22 00:00"), at("2026-12-20 00:00")

BY_CLIENT: dict[str, Call] = {
    "profile": lambda door, _: door.profile(),
    "codes": lambda door, _: door.codes(),
    "appointments": lambda door, _: door.appointments(),
    "appointment": lambda door, _: door.appointment("a1"),
    "past_changes": lambda door, _: door.past_changes(),
    "start_booking": lambda door, _: door.start_booking(),
    "change_terms": lambda door, _: door.change_terms("a1"),
    "slots": lambda door, _: door.slots("a1", SINCE, UNTIL),
    "move": lambda door, on: door.move("a1", on["slot"], key="k"),
    "cancel": lambda door, _: door.cancel("a1", key="k"),
    "rebook": lambda door, on: door.rebook("a1", on["slot"], key="k"),
    "profiles": lambda door, _: door.profiles(),
    "current_session": lambda door, _: door.current_session(),
    "sessions": lambda door, _: door.sessions(),
    "booked": lambda door, _: door.booked("fresh"),
    "sections": lambda door, _: door.sections(),
    "dashboard": lambda door, _: door.dashboard(),
    "notices": lambda door, _: door.notices(),
    "unread_notices": lambda door, _: door.unread_notices(),
    "mark_read": lambda door, _: door.mark_read(),
    "messages": lambda door, _: door.messages(),
    "section": lambda door, _: door.section("stamp_cards"),
    "section_item": lambda door, _: door.section_item("stamp_cards", "card"),
    "documents": lambda door, _: door.documents(),
    "new_documents": lambda door, _: door.new_documents(),
    "download": lambda door, _: door.download("card"),
    "forms": lambda door, _: door.forms(),
    "form": lambda door, _: door.form("card"),
    "save_draft": lambda door, _: door.save_draft("card", {"story": "long"}, key="k"),
    "submit_form": lambda door, _: door.submit_form("card", {"story": "long"}, key="k"),
    "act": lambda door, _: door.act("stamp_cards", "redeem", item="card", key="k"),
    "pets": lambda door, _: door.pets(),
    "save_pet": lambda door, _: door.save_pet({"species": "cat"}, id="card", key="k"),
    "delete_pet": lambda door, _: door.delete_pet("card", key="k"),
    "preferences": lambda door, _: door.preferences(),
    "set_preference": lambda door, _: door.set_preference("marketing", "email", True, key="k"),
    "referrals": lambda door, _: door.referrals(),
    "update_profile": lambda door, _: door.update_profile({"first_name": "Anna"}, key="k"),
    "memberships": lambda door, _: door.memberships(),
    "membership": lambda door, _: door.membership("card"),
    "packages": lambda door, _: door.packages(),
    "gift_cards": lambda door, _: door.gift_cards(),
    "gift_card_shop": lambda door, _: door.gift_card_shop(),
    "rewards": lambda door, _: door.rewards(),
    "cards": lambda door, _: door.cards(),
    "remove_card": lambda door, _: door.remove_card("card", key="k"),
    "payments": lambda door, _: door.payments(),
    "transactions": lambda door, _: door.transactions(),
    "total_due": lambda door, _: door.total_due(),
    "payment": lambda door, _: door.payment("card"),
    "pay": lambda door, _: door.pay("card", DUE, key="k"),
}
BY_STAFF: dict[str, Call] = {
    "duplicates": lambda door, _: door.duplicates(),
    "duplicates_of": lambda door, _: door.duplicates_of(client("ana")),
    "scan_duplicates": lambda door, _: list(door.scan_duplicates()),
    "rehearse_matching": lambda door, _: list(door.rehearse_matching(presets.timely(region="AU"))),
    "plan_merge": lambda door, _: door.plan_merge(client("ana"), client("anna")),
    "merge": lambda door, _: door.merge(client("ana"), client("anna"), key="k"),
    "undo": lambda door, on: door.undo(on["merge"], key="k"),
    "merges": lambda door, _: door.merges(client("zoe")),
    "dismiss": lambda door, _: door.dismiss(client("ana"), client("anna")),
    "restore_pair": lambda door, _: door.restore_pair(client("ana"), client("zoe")),
    "flag_placeholder": lambda door, _: door.flag_placeholder("ana@example.com"),
    "client": lambda door, _: door.client(client("ana")),
    "clients": lambda door, _: door.clients("kingi"),
    "by_number": lambda door, _: door.by_number(1),
    "client_fields": lambda door, _: door.client_fields(),
    "add_client": lambda door, _: door.add_client({"first_name": "Mere"}, key="k"),
    "change_client": lambda door, on: door.change_client(client("ana"), on["version"], {"first_name": "Anna"}),
    "delete_client": lambda door, _: door.delete_client(client("ana"), key="k"),
    "delete_clients": lambda door, _: door.delete_clients([client("anna")], key="k"),
    "delete_appointment": lambda door, _: door.delete_appointment("rae2", key="k"),
    "sessions": lambda door, _: door.sessions(client("ana")),
    "reattach": lambda door, _: door.reattach("021 222 3333", client("rae")),
    "move": lambda door, on: door.move("a1", on["slot"], key="k"),
    "cancel": lambda door, _: door.cancel("a1", key="k"),
    "explain_change": lambda door, _: door.explain_change("a1"),
    "notify": lambda door, _: door.notify(client("ana"), "form_sent", key="k"),
    "explain_contact": lambda door, _: door.explain_contact("021 123 4567"),
    "replay": lambda door, _: list(door.replay(presets.timely(region="NZ"))),
    "import_clients": lambda door, _: list(door.import_clients(["first_name,email", "Mia,mia@example.com"], name="x")),
    "export_person": lambda door, _: door.export_person(client("ana")),
    "erase": lambda door, _: door.erase(client("ana"), reason="asked"),
    "audit": lambda door, _: door.audit(),
    "payments": lambda door, _: door.payments(),
    "payment_handled": lambda door, _: door.payment_handled("card"),
    "outbox": lambda door, _: door.outbox(),
    "booked": lambda door, _: door.booked("fresh"),
    "assign": lambda door, on: door.assign("a1", on["account"]),
    "assign_many": lambda door, on: door.assign_many(["a1", "fresh"], on["account"]),
    "clear_assignment": lambda door, _: door.clear_assignment("assigned"),
    "may_assign_all": lambda door, _: door.may_assign_all(client("rae")),
    "link": lambda door, on: door.link(on["account"], client("rae")),
    "links": lambda door, _: door.links(client("rae")),
    "explain_booking": lambda door, _: door.explain_booking("Ana Kingi", mobile="021 123 4567"),
    "assign_all": lambda door, _: door.assign_all(client("rae")),
    "assignment": lambda door, _: door.assignment("assigned"),
    "assignments": lambda door, _: door.assignments(client("rae")),
    "find_accounts": lambda door, _: door.find_accounts("ana@example.com"),
}
# What judges a proof, spends a budget or ends a session.
NEVER_CLIENT: dict[str, Call] = {
    "confirm_password": lambda door, _: door.confirm_password("kereru over the harbour"),
    "change_password": lambda door, _: door.change_password("kereru over the harbour"),
    "second_factor": lambda door, _: door.second_factor("123456"),
    "begin_second_factor": lambda door, _: door.begin_second_factor(),
    "confirm_second_factor": lambda door, _: door.confirm_second_factor("123456"),
    "new_recovery_codes": lambda door, _: door.new_recovery_codes(),
    "remove_second_factor": lambda door, _: door.remove_second_factor(),
    "verify_email": lambda door, _: door.verify_email("link"),
    "verify_email_code": lambda door, _: door.verify_email_code("handle", "123456"),
    "request_email_code": lambda door, _: door.request_email_code(),
    "resend_verification": lambda door, _: door.resend_verification(),
    "switch": lambda door, _: door.switch("client:ana"),
    "request_second_proof": lambda door, _: door.request_second_proof("ana@example.com"),
    "not_me": lambda door, _: door.not_me(),
    "change_email": lambda door, _: door.change_email("ana@new.example"),
    "confirm_email_change": lambda door, _: door.confirm_email_change("link"),
    "request_contact_change": lambda door, _: door.request_contact_change("021 765 4321"),
    "confirm_contact_change": lambda door, _: door.confirm_contact_change("handle", "123456"),
    "claim": lambda door, _: door.claim("021 765 4321"),
    "finish_claim": lambda door, _: door.finish_claim("handle", "123456"),
    "request_claim_link": lambda door, _: door.request_claim_link("ana@example.com"),
    "claim_by_link": lambda door, _: door.claim_by_link("link"),
    "leave": lambda door, _: door.leave("client:ana"),
    "end_session": lambda door, _: door.end_session("x"),
    "send_message": lambda door, _: door.send_message("Hello"),
    "log_out": lambda door, _: door.log_out(),
    "log_out_everywhere": lambda door, _: door.log_out_everywhere(),
}
NEVER_STAFF: dict[str, Call] = {
    "form_link": lambda door, _: door.form_link("card"),
    "invite": lambda door, _: door.invite(client("ana")),
    "reset_password": lambda door, on: door.reset_password(on["account"]),
    "reset_passwords": lambda door, on: door.reset_passwords([on["account"]]),
    "set_password": lambda door, on: door.set_password(on["account"], "kereru over the harbour"),
    "remove_second_factor": lambda door, on: door.remove_second_factor(on["account"]),
    "merge_accounts": lambda door, _: door.merge_accounts("one", "other"),
    "end_sessions": lambda door, _: door.end_sessions(client("ana")),
    "end_sessions_of": lambda door, _: door.end_sessions_of([client("ana")]),
    "unblock": lambda door, _: door.unblock("021 123 4567"),
    "unlink": lambda door, on: door.unlink(on["account"], client("rae")),
    # A link that was handed out works: to make one without a trace would be to go round the audit.
    "appointment_link": lambda door, _: door.appointment_link("a1"),
    # The list would be out of the house, whatever it is called.
    "export_clients": lambda door, _: list(door.export_clients()),
    "view_as": lambda door, _: door.view_as(client("ana")),
    "view_as_account": lambda door, _: door.view_as_account("ana"),
}


def stage(world: World) -> tuple[Any, dict[str, Any]]:
    """Everything that the calls above need; Ana's door, and what was made."""
    with_stamp_cards(world)
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    add_card(world, "card", ana)
    is_told(world, ana)
    holds_one_of_each(world, ana, "card")
    holds_papers(world, ana, "card")
    owes_and_has_paid(world, ana, "card")
    keeps_a_pet(world, ana, "card")
    world.add_client("anna", "Anna Kingi", mobile="021 123 4567", email="ana@example.com")
    for id, mobile in (("zoe", "021 999 8888"), ("zoë", "021 999 8888"), ("rae", "021 222 3333")):
        world.add_client(id, id.title(), mobile=mobile)
    world.book("a1", ana, "2026-11-30 09:00")
    staff = world.staff()
    merged = staff.merge(client("zoe"), client("zoë"))
    staff.dismiss(client("ana"), client("zoe"))
    world.log_in("021 222 3333").not_me()
    door = world.log_in("021 123 4567")
    (slot,) = world.add_slots("2026-12-01 10:00")
    account = an_account(world, "rae@example.com", world.clock())
    world.book("assigned", client("rae"), "2026-12-03 09:00")
    world.book("rae2", client("rae"), "2026-12-04 09:00")
    staff.assign("assigned", account)
    world.clock.advance(timedelta(minutes=20))  # so that a use of the session would be noted
    world.book("fresh", ana, "2026-12-02 09:00")
    version = staff.client(ana).versions[ana]
    return door, {"slot": slot, "merge": merged.merges[0], "account": account, "version": version}


def public(door: type) -> set[str]:
    """The operations of a door."""
    return {name for name, _ in inspect.getmembers(door, inspect.isfunction) if not name.startswith("_")}


def test_every_operation_of_both_doors_is_tried_below() -> None:
    """A new operation has to say whether it can be previewed."""
    assert public(ClientDoor) == BY_CLIENT.keys() | NEVER_CLIENT.keys()
    assert public(StaffDoor) == BY_STAFF.keys() | NEVER_STAFF.keys()


def test_a_preview_leaves_no_trace_whatever_is_previewed(world: World) -> None:
    """Not one row of any table is another afterwards, the audit and the session's last use included.

    What staff were shown stands in the audit all the same, once: a preview is no way round it.
    """
    door, made = stage(world)
    staff = world.staff()
    before = everything_stored(world)
    for who, calls in ((door.preview, BY_CLIENT), (staff.preview, BY_STAFF)):
        for name, call in calls.items():
            assert call(who, made) is not None, name
            after = everything_stored(world)
            if calls is BY_STAFF:
                assert len(after["cp_audit"]) == len(before["cp_audit"]) + 1, name
                before = {**before, "cp_audit": after["cp_audit"]}
            assert after == before, f"{name} left something"
    assert world.box.messages[-1].channel.value == "sms"


def test_what_cannot_be_previewed_says_so_and_leaves_no_trace_either(world: World) -> None:
    """It would be an oracle, or hand something out."""
    door, made = stage(world)
    before = everything_stored(world)
    for who, calls in ((door.preview, NEVER_CLIENT), (world.staff().preview, NEVER_STAFF)):
        for name, call in calls.items():
            with pytest.raises(PolicyError, match=name):
                call(who, made)
            assert everything_stored(world) == before, f"{name} left something"
    assert door.profile().first_name == "Ana", "the session goes on"


def test_the_same_calls_without_preview_do_leave_a_trace(world: World) -> None:
    """So that the test above proves something."""
    door, made = stage(world)
    staff = world.staff()
    changing = {
        "client": ("move", "cancel", "rebook"),
        "staff": (
            *("merge", "undo", "dismiss", "restore_pair", "flag_placeholder", "reattach"),
            *("assign", "assign_many", "assign_all", "clear_assignment", "link"),
        ),
    }
    for name in changing["staff"]:
        if name == "merge":
            continue  # it would be in the way of "dismiss"; it has tests of its own
        before = everything_stored(world)
        BY_STAFF[name](staff, made)
        assert everything_stored(world) != before, name
    for name in changing["client"]:
        before = everything_stored(world)
        made["slot"] = world.add_slots(f"2026-12-0{2 + changing['client'].index(name)} 10:00")[0]
        if name != "rebook":
            BY_CLIENT[name](door, made)
        else:
            door.rebook("a1", made["slot"], key="other")
        assert everything_stored(world) != before, name


# --- another policy, tried before it is switched on ------------------------------------------------------------------


def without_audit(world: World) -> dict[str, Any]:
    """Everything that is stored, but for who looked."""
    return {table: rows for table, rows in everything_stored(world).items() if table != "cp_audit"}


def replayed(world: World, other: Any) -> list[tuple[str, str, str, str, str, bool]]:
    """Every difference, in words."""
    return sorted(
        (one.kind.value, str(one.ref), one.subject, one.before, one.after, one.gain)
        for one in world.staff().replay(other)
    )


def test_a_changed_window_lists_exactly_who_loses_and_who_gains(world: World) -> None:
    """From 24 hours to 48, and one hour for a colour: Ana in 30 hours loses, Ben's colour in 10 gains, Zoë nothing."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    zoe = world.add_client("zoe", "Zoë Reed", mobile="021 999 8888")
    world.book("a1", ana, "2026-11-22 16:00")
    world.book("b1", ben, "2026-11-21 20:00", service="colour")
    world.book("z1", zoe, "2026-12-10 09:00")
    world.book("z0", zoe, "2026-10-10 09:00", made="2026-10-01 09:00")
    changes = ChangePolicy(
        cancel=Window(amount=48),
        move=world.policy.changes.move,
        services={"colour": Override(cancel=Window(amount=1))},
    )
    before = without_audit(world)
    assert replayed(world, evolve(world.policy, changes=changes)) == [
        ("cancel", "client:ana", "a1", "yes", "no: too_late", False),
        ("cancel", "client:ben", "b1", "no: too_late", "yes", True),
    ]
    assert without_audit(world) == before
    assert replayed(world, world.policy) == []


def test_a_changed_login_lists_whose_number_opens_something_else(world: World) -> None:
    """Choosing instead of the newest booking concerns the two who share; switching login off concerns everybody."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.add_client("mere", "Mere Kingi", mobile="0211234567")
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321", created="2024-01-05 09:00")
    world.book("a1", ana, "2026-10-10 09:00", made="2026-10-01 09:00")
    choose = evolve(world.policy, login=evolve(world.policy.login, several=SeveralRecords.CHOOSE))
    assert [(kind, ref, was, will) for kind, ref, _, was, will, _ in replayed(world, choose)] == [
        ("login", "client:ana", "opens client:ana", "a choice of client:ana, client:mere"),
        ("login", "client:mere", "opens client:ana", "a choice of client:ana, client:mere"),
    ]
    off = evolve(world.policy, login=evolve(world.policy.login, enabled=False))
    assert {(ref, gain) for _, ref, _, _, _, gain in replayed(world, off)} == {
        ("client:ana", False),
        ("client:mere", False),
        ("client:ben", False),
    }
    recycled = evolve(world.policy, login=evolve(world.policy.login, recycled_after=timedelta(days=365)))
    assert [(ref, will) for _, ref, _, _, will, _ in replayed(world, recycled)] == [
        ("client:ben", "no: a second proof comes first")
    ]
    world.staff().flag_placeholder("0211234567")
    assert replayed(world, choose) == [], "staff have said that it is nobody's, under any policy"
    assert {(ref, was) for _, ref, _, was, _, _ in replayed(world, off)} == {
        ("client:ana", "no: flagged as nobody's by staff"),
        ("client:mere", "no: flagged as nobody's by staff"),
        ("client:ben", "opens client:ben"),
    }


def test_a_replay_needs_its_permission(world: World) -> None:
    """It shows everybody's standing, so it is not for everybody."""
    from clientportal import Reason
    from watching import reason_of

    door = world.staff(permissions=())
    assert reason_of(lambda: list(door.replay(world.policy))) is Reason.PERMISSION
