"""One business in which nearly everything can be done, by code or by account, with all that people have in their hands.

Each deed is an operation that writes; all deeds of one house begin in the same state, so any two can be done at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from attrs import frozen
from pyotp import TOTP

from accounts_ground import a_link, a_session, an_account
from clientportal import ClientRecord
from clientportal.outcomes import ImportedAccount
from clientportal.policy import OnDelete, SeveralRecords, VisibilityPolicy
from held import card, holds_one_of_each
from keeping import keeps_a_pet
from mails import PASSWORD, link_in, links_to, register, timetap
from own_sections import add_card, with_stamp_cards
from papers import holds_papers
from paying_ground import has_paid
from steps.stages import Scene
from telling import is_told
from world import EVERYTHING, client

__all__ = ["HOUSES", "Deed", "House"]

Act = Callable[[Scene], Any]
EARLY = "2026-11-01 09:00"


@frozen
class Deed:
    """Something that is done. ``again``: what comes of doing it once more, for lack of an answer.

    * ``"same"``: nothing more, under its key or by its nature;
    * ``"told"``: nothing more, but the audit says that it was asked for twice;
    * ``"another"``: one more of it, and rightly so (a link that is handed out, a look through a client's eyes);
    * ``"steps"``: it is several commits, so some of it may be there; done again it goes on, and ends the same.
    """

    act: Act
    again: str = "same"
    later: timedelta = timedelta()
    """How much later the next process tries: a message that was taken waits for its lease."""


def _read(scene: Scene, who: str = "session") -> None:
    """That a session was used is noted now: what is read in it later notes nothing in a commit of its own."""
    scene.world.portal.client(scene[who]).profile()


def by_code(scene: Scene) -> None:
    """Ana is logged in and has one of everything, Ben as well; a twin, a merge, somebody detached; links and codes."""
    world = scene.world
    with_stamp_cards(world)
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321", email="ben@example.com")
    for name in ("zoe", "hana"):
        world.add_client(name, f"{name.title()} Hart", mobile="021 555 0142", email=f"{name}@example.com")
    twin = world.add_client("twin", "Ana Kingi", email="ana@example.com")
    world.add_client("late", "Late Comer", mobile="021 555 0177")
    holds_one_of_each(world, ana, "its")
    add_card(world, "stamps", ana)
    holds_papers(world, ana, "its")
    keeps_a_pet(world, ana, "its")
    has_paid(world, ana, "its")
    world.seed("add_items", [card("c2", ana)])
    world.change_policy("visibility", editable=VisibilityPolicy().fields)
    world.change_policy("clients", on_delete=OnDelete.KEEP_PAST_CANCEL_FUTURE)
    world.change_policy("registration", host_assertions=True)
    for place, (id, ref) in enumerate({"a1": ana, "a2": ana, "a3": ana, "b1": ben, "t1": twin}.items()):
        world.book(id, ref, f"2026-11-30 {8 + place:02}:00", made=EARLY)
    scene["slots"] = world.add_slots(*(f"2026-12-0{day} 10:00" for day in range(1, 8)))
    scene["merge"] = world.staff().merge(client("zoe"), client("hana")).merges[0]
    world.staff().dismiss(client("ben"), client("late"))
    scene["session"], scene["session2"], scene["ben"] = (
        world.sign_in(number).token for number in ("021 123 4567", "021 123 4567", "021 765 4321")
    )
    lines = world.portal.client(scene["session"]).sessions()
    scene["other"] = next(line.id for line in lines if not line.current)
    world.log_in("021 555 0177").not_me()
    scene["friend"] = world.portal.client(scene["ben"]).referrals().link
    world.add_client("friend", "Fred Friend", mobile="021 555 0111")
    world.book("f1", client("friend"), "2026-12-09 09:00")
    scene["link"], scene["link2"] = (world.staff().appointment_link(id).reveal() for id in ("a1", "a2"))
    scene["form"] = world.staff().form_link("its").reveal()
    scene["foot"] = world.portal.unsubscribe_link(world.tenant, ana).reveal()
    scene["notice"] = is_told(world, ana)
    fresh = world.sign_in("021 123 4567").token
    scene["fresh"] = fresh
    asked, scene["typed"] = _code(
        scene, lambda: world.portal.client(fresh).request_contact_change("021 555 0123"), wait=timedelta(minutes=1)
    )
    scene["new contact"] = asked.handle
    sent, scene["code"] = _code(scene, lambda: world.visitor().request_code("021 123 4567"), wait=timedelta(minutes=2))
    scene["handle"] = sent.handle
    world.clock.advance(timedelta(minutes=4))
    _read(scene)
    _read(scene, "fresh")
    world.visitor().request_code("021 555 0142")
    # A client who is written by the platform alone: the index learns of them when it is told, or walks.
    world.seed("add_clients", [ClientRecord(client("new"), world.clock(), "New", mobile="021 555 0199")])


def _code(scene: Scene, ask: Callable[[], Any], *, wait: timedelta = timedelta(minutes=11)) -> tuple[Any, str]:
    """Ask for a code some time later, let it be sent, and read it."""
    scene.world.clock.advance(wait)
    sent = ask()
    scene.world.deliver()
    return sent, scene.world.code_in(scene.world.box.messages[-1])


def _tenant(scene: Scene) -> str:
    return scene.world.tenant


def _staff(call: Callable[[Any, Scene], Any]) -> Act:
    return lambda scene: call(scene.staff(), scene)


def _client(call: Callable[[Any, Scene], Any], who: str = "session") -> Act:
    return lambda scene: call(scene.client(who), scene)


def _wrong(scene: Scene) -> Any:
    return scene.visitor().verify_code(scene["handle"], "000000" if scene["code"] != "000000" else "111111")


DEEDS_BY_CODE: dict[str, Deed] = {
    "request_code": Deed(lambda on: on.visitor().request_code("021 765 4321")),
    "resend_code": Deed(lambda on: on.visitor().resend_code(on["handle"])),
    "verify_code": Deed(lambda on: on.visitor().verify_code(on["handle"], on["code"], key="k")),
    "move": Deed(_client(lambda door, on: door.move("a1", on["slots"][0], key="k"))),
    "cancel": Deed(_client(lambda door, _: door.cancel("a1", key="k"))),
    "rebook": Deed(_client(lambda door, on: door.rebook("a2", on["slots"][1], key="k"))),
    "staff_move": Deed(_staff(lambda door, on: door.move("a1", on["slots"][2], key="k"))),
    "staff_cancel": Deed(_staff(lambda door, _: door.cancel("a1", key="k"))),
    "cancel_by_link": Deed(lambda on: on.visitor().cancel_by_link(on["link"])),
    "move_by_link": Deed(lambda on: on.visitor().move_by_link(on["link"], on["slots"][0])),
    "visitor_booked": Deed(lambda on: on.visitor().booked("f1"), "told"),
    "staff_booked": Deed(_staff(lambda door, _: door.booked("f1")), "told"),
    "act": Deed(_client(lambda door, _: door.act("stamp_cards", "redeem", item="stamps", key="k"))),
    "remove_card": Deed(_client(lambda door, _: door.remove_card("c2", key="k"))),
    "save_draft": Deed(_client(lambda door, _: door.save_draft("its", {"story": "short"}, key="k"))),
    "submit_form": Deed(_client(lambda door, _: door.submit_form("its", {"story": "long"}, key="k"))),
    "form_by_link": Deed(_client(lambda door, on: door.form("its", link=on["form"])), "told"),
    "form_link": Deed(_staff(lambda door, _: door.form_link("its")), "another"),
    "documents_seen": Deed(_client(lambda door, _: door.documents()), "told"),
    "save_pet": Deed(_client(lambda door, _: door.save_pet({"species": "cat", "name": "Tui"}, key="k"))),
    "delete_pet": Deed(_client(lambda door, _: door.delete_pet("its", key="k"))),
    "set_preference": Deed(_client(lambda door, _: door.set_preference("marketing", "email", False, key="k"))),
    "unsubscribe": Deed(lambda on: on.visitor().unsubscribe(on["foot"]), "told"),
    "update_profile": Deed(_client(lambda door, _: door.update_profile({"first_name": "Anahera"}, key="k"))),
    "request_contact_change": Deed(
        _client(lambda door, _: door.request_contact_change("anahera@example.com"), "fresh")
    ),
    "confirm_contact_change": Deed(
        _client(lambda door, on: door.confirm_contact_change(on["new contact"], on["typed"]), "fresh")
    ),
    "mark_read": Deed(_client(lambda door, on: door.mark_read(on["notice"])), "told"),
    "send_message": Deed(_client(lambda door, _: door.send_message("At ten?", key="k"))),
    "notify": Deed(lambda on: on.portal.notify(_tenant(on), client("ana"), "invoice_due", section="payments", key="k")),
    "staff_notify": Deed(_staff(lambda door, _: door.notify(client("ana"), "form_sent", section="forms", key="k"))),
    "profiles": Deed(_client(lambda door, _: door.profiles()), "told"),
    "not_me": Deed(_client(lambda door, _: door.not_me(), "ben")),
    "log_out": Deed(_client(lambda door, _: door.log_out())),
    "end_session": Deed(_client(lambda door, on: door.end_session(on["other"])), "told"),
    "log_out_everywhere": Deed(_client(lambda door, _: door.log_out_everywhere())),
    "end_sessions": Deed(_staff(lambda door, _: door.end_sessions(client("ana"))), "told"),
    "unblock": Deed(_staff(lambda door, _: door.unblock("021 123 4567")), "told"),
    "reattach": Deed(_staff(lambda door, _: door.reattach("021 555 0177", client("late"))), "told"),
    "appointment_link": Deed(_staff(lambda door, _: door.appointment_link("a1", send=True)), "another"),
    "merge": Deed(_staff(lambda door, _: door.merge(client("ana"), client("twin"), key="k"))),
    "undo": Deed(_staff(lambda door, on: door.undo(on["merge"], key="k"))),
    "dismiss": Deed(_staff(lambda door, _: door.dismiss(client("ana"), client("twin"))), "told"),
    "restore_pair": Deed(_staff(lambda door, _: door.restore_pair(client("ben"), client("late"))), "told"),
    "flag_placeholder": Deed(_staff(lambda door, _: door.flag_placeholder("021 555 0142")), "told"),
    "add_client": Deed(
        _staff(lambda door, _: door.add_client({"first_name": "Mere", "mobile": "021 555 0100"}, key="k"))
    ),
    "change_client": Deed(_staff(lambda door, _: door.change_client(client("ben"), "1", {"last_name": "N"}, key="k"))),
    "delete_client": Deed(_staff(lambda door, _: door.delete_client(client("ben"), key="k"))),
    "delete_appointment": Deed(_staff(lambda door, _: door.delete_appointment("a3", key="k"))),
    "erase": Deed(_staff(lambda door, _: door.erase(client("ben"), reason="asked")), "told"),
    "assign_numbers": Deed(_staff(lambda door, _: door.clients()), "steps"),
    "payment_handled": Deed(_staff(lambda door, _: door.payment_handled("its")), "told"),
    "view_as": Deed(_staff(lambda door, _: door.view_as(client("ana"))), "another"),
    "assert_client": Deed(
        lambda on: on.portal.assert_client(_tenant(on), client("ben"), how="the app of the salon"), "another"
    ),
    "referred": Deed(lambda on: on.portal.referred(_tenant(on), link=on["friend"], appointment_id="f1"), "told"),
    "contact_changed": Deed(lambda on: on.portal.contact_changed(_tenant(on), client("new")), "told"),
    "contact_walk": Deed(lambda on: on.portal.walk_contacts(_tenant(on), restart=True), "steps"),
    "take_message": Deed(Scene.pump, "steps", timedelta(seconds=40)),
    "seal_audit": Deed(lambda on: on.portal.seal_audit(_tenant(on))),
}


def by_account(scene: Scene) -> None:
    """Ana has an account of old with an app, and one of her work; somebody has just registered; records to claim."""
    world = scene.world
    timetap(world)
    world.change_policy("accounts", sign_in_links=True, second_factor="offered")
    world.change_policy("login", several=SeveralRecords.ACCOUNTS)
    world.change_policy("registration", host_assertions=True)
    ana = world.add_client("ana", "Ana Kingi", email="ana@example.com")
    world.add_client("mere", "Mere Kingi", mobile="021 123 4567")
    world.add_client("rua", "Rua Kingi", email="rua@example.com")
    world.add_client("ben", "Ben Ngata", email="ben@example.com")
    for place, id in enumerate(("a1", "a2")):
        world.book(id, ana, f"2026-12-01 {9 + place:02}:00", made=EARLY)
    scene["slots"] = world.add_slots("2026-12-02 10:00", "2026-12-03 10:00")
    scene["account"] = an_account(world, "ana@example.com", EARLY, proved=EARLY, password=PASSWORD)
    scene["work"] = an_account(world, "work@example.com", EARLY, proved=EARLY, password=PASSWORD)
    a_link(world, scene["account"], client("rua"))
    scene["new"] = register(world, "zoe@example.com").token
    scene["verify"] = link_in(world, "zoe@example.com")
    world.clock.advance(timedelta(minutes=11))
    guarded = an_account(world, "app@example.com", EARLY, proved=EARLY, password=PASSWORD)
    scene["guarded"], scene["app"] = guarded, a_session(world, guarded)
    door = world.portal.client(world.visitor().log_in("app@example.com", PASSWORD).token)
    begun = door.begin_second_factor()
    door.confirm_second_factor(TOTP(begun.secret.reveal()).at(world.clock()))
    world.clock.advance(timedelta(minutes=1))
    half = world.visitor().log_in("app@example.com", PASSWORD).token
    scene["half"] = half
    world.visitor().request_reset("ana@example.com")
    scene["reset"] = link_in(world, "ana@example.com", "reset")
    world.staff().invite(client("ben"))
    scene["invitation"] = link_in(world, "ben@example.com", "invitation")
    scene["third"] = an_account(world, "third@example.com", EARLY, proved=EARLY, password=PASSWORD)
    _more_of_accounts(scene)
    scene["app code"] = TOTP(begun.secret.reveal()).at(world.clock())


def _more_of_accounts(scene: Scene) -> None:
    world = scene.world
    for name in ("session", "second"):
        scene[name] = world.visitor().log_in("ana@example.com", PASSWORD).token
    scene["works"] = world.visitor().log_in("work@example.com", PASSWORD).token
    works = world.portal.client(scene["works"])
    works.change_email("work@new.example")
    scene["works"] = works.confirm_email_change(link_in(world, "work@new.example", "change_email")).token
    scene["back"] = links_to(world, "work@example.com", "revert_email")[-1]
    door = world.portal.client(scene["session"])
    door.change_email("ana@new.example")
    scene["change"] = link_in(world, "ana@new.example", "change_email")
    door.request_claim_link("rua@example.com")
    claims = links_to(world, "rua@example.com", "claim")
    scene["claim link"] = claims[-1] if claims else ""
    door.begin_second_factor()
    world.clock.advance(timedelta(minutes=1))
    world.visitor().request_sign_in_link("third@example.com")
    scene["sign in"] = link_in(world, "third@example.com", "sign_in")
    sent, scene["email code"] = _code(
        scene, lambda: world.portal.client(scene["new"]).request_email_code(), wait=timedelta(minutes=1)
    )
    scene["email handle"] = sent.handle
    world.clock.advance(timedelta(minutes=2))
    _read(scene)


DEEDS_BY_ACCOUNT: dict[str, Deed] = {
    "register": Deed(
        lambda on: on.visitor().register(
            "hana@example.com", PASSWORD, consents=dict(on.world.policy.registration.consents), key="k"
        )
    ),
    "resend_verification": Deed(_client(lambda door, _: door.resend_verification(key="k"), "new")),
    "request_email_code": Deed(_client(lambda door, _: door.request_email_code(), "new")),
    "verify_email": Deed(_client(lambda door, on: door.verify_email(on["verify"], key="k"), "new")),
    "verify_email_code": Deed(
        _client(lambda door, on: door.verify_email_code(on["email handle"], on["email code"], key="k"), "new")
    ),
    "verify_with_password": Deed(lambda on: on.visitor().verify_email(on["verify"], PASSWORD, key="k"), "steps"),
    "claim_email": Deed(lambda on: on.visitor().claim_email(on["verify"], PASSWORD, key="k"), "steps"),
    "log_in": Deed(lambda on: on.visitor().log_in("ana@example.com", PASSWORD, key="k"), "steps"),
    "confirm_password": Deed(_client(lambda door, _: door.confirm_password(PASSWORD)), "steps"),
    "request_reset": Deed(lambda on: on.visitor().request_reset("app@example.com", key="k")),
    "reset_password": Deed(lambda on: on.visitor().reset_password(on["reset"], PASSWORD, key="k"), "steps"),
    "accept_invitation": Deed(lambda on: on.visitor().accept_invitation(on["invitation"], PASSWORD, key="k"), "steps"),
    "invite": Deed(_staff(lambda door, _: door.invite(client("rua"), key="k"))),
    "change_password": Deed(
        _client(lambda door, _: door.change_password("some other few words", old=PASSWORD)), "steps"
    ),
    "request_sign_in_link": Deed(lambda on: on.visitor().request_sign_in_link("app@example.com")),
    "sign_in_by_link": Deed(lambda on: on.visitor().sign_in_by_link(on["sign in"], key="k")),
    "change_email": Deed(_client(lambda door, _: door.change_email("ana@other.example"), "second")),
    "confirm_email_change": Deed(_client(lambda door, on: door.confirm_email_change(on["change"], key="k"))),
    "revert_email_change": Deed(lambda on: on.visitor().revert_email_change(on["back"])),
    "second_factor": Deed(_client(lambda door, on: door.second_factor(on["app code"], key="k"), "half")),
    "begin_second_factor": Deed(_client(lambda door, _: door.begin_second_factor(), "second"), "another"),
    "staff_remove_second_factor": Deed(_staff(lambda door, on: door.remove_second_factor(on["guarded"])), "told"),
    "claim": Deed(_client(lambda door, _: door.claim("021 123 4567"))),
    "request_claim_link": Deed(_client(lambda door, _: door.request_claim_link("ben@example.com"))),
    "link": Deed(_staff(lambda door, on: door.link(on["account"], client("mere"))), "told"),
    "unlink": Deed(_staff(lambda door, on: door.unlink(on["account"], client("rua"))), "told"),
    "leave": Deed(_client(lambda door, _: door.leave("client:rua"))),
    "reset_passwords": Deed(_staff(lambda door, on: door.reset_passwords([on["account"], on["work"]])), "another"),
    "set_password": Deed(_staff(lambda door, on: door.set_password(on["account"], "some other few words")), "another"),
    "merge_accounts": Deed(
        lambda on: on.portal.staff(
            on.world.tenant, actor="mia", permissions=EVERYTHING, reason="she showed both mailboxes"
        ).merge_accounts(on["account"], on["third"])
    ),
    "view_as_account": Deed(_staff(lambda door, on: door.view_as_account(on["account"], ref=client("rua"))), "another"),
    "assert_account": Deed(
        lambda on: on.portal.assert_account(_tenant(on), on["account"], how="the app of the salon"), "another"
    ),
    "import_account": Deed(
        lambda on: on.portal.import_accounts(_tenant(on), [ImportedAccount(email="old@example.com")]), "told"
    ),
    "assign": Deed(_staff(lambda door, on: door.assign("a1", on["account"])), "told"),
    "clear_assignment": Deed(_staff(lambda door, _: door.clear_assignment("a1")), "told"),
    "assign_many": Deed(_staff(lambda door, on: door.assign_many(["a1", "a2"], on["account"])), "told"),
    "log_out_everywhere": Deed(_client(lambda door, _: door.log_out_everywhere())),
}


@frozen
class House:
    """A business, and what is done in it."""

    prepare: Callable[[Scene], None]
    deeds: Mapping[str, Deed]


HOUSES = {"by code": House(by_code, DEEDS_BY_CODE), "by account": House(by_account, DEEDS_BY_ACCOUNT)}
