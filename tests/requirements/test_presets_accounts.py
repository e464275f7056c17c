"""``presets.acuity()`` and ``presets.timetap()`` as a stranger uses them: through the doors alone, start to end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import InvalidContact, Permission, Policy, Reason, RecordRef, presets
from clientportal.outcomes import RowOutcome, SignInStage
from clientportal.policy import FieldDefinition
from clientportal.ports import RawContacts
from clientportal.values import ActiveCode, Answer, CardSummary, CodeKind, Prefill, When
from mails import ANOTHER, PASSWORD, link_in, quick, reset_link
from watching import reason_of, refusal_of
from world import World, at

NEW_YORK = "America/New_York"
MAYA, THEO, PARKER = "maya.ortiz@example.com", "theo.ortiz@example.com", "parker@example.com"
BOTH = {"terms": "1", "privacy": "1"}
EACH = pytest.mark.parametrize("preset", [presets.acuity, presets.timetap], ids=["acuity", "timetap"])


def in_new_york(world: World, policy: Policy, moment: str = "2026-11-23 09:00") -> None:
    """The business is there, with that policy; it is Monday, before Thanksgiving."""
    world.use(quick(policy))
    world.clock.set(at(moment, NEW_YORK))


def guest(world: World, id: str, email: str, start: str = "2026-12-07 10:00") -> str:
    """A booking made logged out, with its contacts on itself, told to the portal."""
    ref = RecordRef.booking(id)
    world.book(id, ref, start, zone=NEW_YORK, contacts=RawContacts(ref, email=email))
    world.portal.contact_changed(world.tenant, ref)
    assert world.visitor().booked(id).account is None
    return id


def booked(world: World, id: str, ref: RecordRef, door: Any, start: str = "2026-12-08 10:00") -> str | None:
    """A booking of that client, told at a door: whose account it is."""
    world.book(id, ref, start, zone=NEW_YORK)
    answer: str | None = door.booked(id).account
    return answer


def seen(door: Any) -> list[str]:
    """The ids of all that a session shows."""
    return sorted(one.id for when in When for one in door.appointments(when).items)


def whose(world: World, *ids: str) -> list[str | None]:
    """The account of each appointment, as staff see it (A13)."""
    found = [world.staff().assignment(id).assigned for id in ids]
    return [None if one is None else one.account for one in found]


def registered(world: World, email: str, came_from: Any = None, **names: str) -> Any:
    """Somebody registers with whatever the policy asks for."""
    consents = dict(world.policy.registration.consents)
    return world.visitor().register(email, PASSWORD, consents=consents, came_from=came_from, **names)


# --- Acuity --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A11", "A12", "A13", "A15", "A16")
def test_acuity_from_the_first_booking_to_the_last(world: World) -> None:
    """Maya and Theo Ortiz at a studio in New York, in the week of Thanksgiving 2026."""
    in_new_york(world, presets.acuity(region="US"))
    desk = world.staff(reason="at the desk")
    assert not world.visitor().start_booking().login_required, "A5"

    # Monday: a booking logged out, its confirmation page, an account (A1, A16).
    guest(world, "m1", MAYA, "2026-11-30 10:00")
    world.clock.advance(timedelta(minutes=5))
    page = world.portal.confirmation(world.tenant, "m1")
    assert reason_of(lambda: registered(world, MAYA)) is Reason.BOOKING_FIRST
    assert reason_of(lambda: world.visitor().register(MAYA, PASSWORD, came_from=page)) is Reason.CONSENT_MISSING
    maya = registered(world, MAYA, page, first_name="Maya", last_name="Ortiz")
    session = world.client(maya)
    assert seen(session) == [], "the session shows nothing that was booked by typing an email"
    guest(world, "m2", MAYA)  # A5: she may book logged out; A9: it waits for staff
    mayas_row = world.add_client("maya", "Maya Ortiz", email=MAYA)
    world.clock.advance(timedelta(minutes=1))
    assert booked(world, "m3", mayas_row, session) == maya.account, "A8a, before the email is proved"
    assert seen(session) == ["m3"]

    # Tuesday: the mail is answered (A8b, A9), the desk books for her (A8c, A10), and Theo is told of his booking (A2).
    world.clock.set(at("2026-11-24 09:00", NEW_YORK))
    session = world.client(session.verify_email(link_in(world, MAYA)))
    assert seen(session) == ["m1", "m3"]
    assert booked(world, "m4", mayas_row, desk) == maya.account
    theos_row = world.add_client("theo", "Theo Ortiz", email=THEO)
    assert booked(world, "t1", theos_row, desk) is None, "A10: nobody has proved that email"
    assert reason_of(lambda: desk.invite(theos_row)) is Reason.DISABLED, "A2"
    assert booked(world, "t2", theos_row, session) == maya.account, "she books for her brother"
    world.clock.advance(timedelta(minutes=1))
    theo = registered(world, THEO, desk.appointment_link("t1"), first_name="Theo", last_name="Ortiz")
    theos = world.client(world.client(theo).verify_email(link_in(world, THEO)))
    assert seen(theos) == ["t1"], "A7: t2 has his email and is hers"
    assert booked(world, "t3", theos_row, desk) is None, "A8c: his email's appointments are two accounts'"

    # Wednesday: staff decide (A11, A12, A13).
    world.clock.set(at("2026-11-25 09:00", NEW_YORK))
    assert reason_of(lambda: desk.assign_all(theos_row)) is Reason.SEVERAL_ACCOUNTS
    assert desk.assign("t2", theo.account).assigned.account == theo.account
    assert desk.assign_all(theos_row).newly == 1
    assert desk.clear_assignment("m4")
    assert whose(world, "m1", "m2", "m3", "m4") == [maya.account, None, maya.account, None]
    assert desk.assign_all(mayas_row).newly == 1
    assert (seen(session), seen(theos)) == (["m1", "m3", "m4"], ["t1", "t2", "t3"])
    nobody = world.add_client("noor", "Noor Haddad", email="noor@example.com")
    world.book("n1", nobody, "2026-12-09 10:00", zone=NEW_YORK)
    assert reason_of(lambda: desk.assign_all(nobody)) is Reason.NOTHING_ASSIGNED

    # Friday: passwords (A3, A4).
    world.clock.set(at("2026-11-27 09:00", NEW_YORK))
    texts = {
        refusal_of(lambda email=email, typed=typed: world.visitor().log_in(email, typed)).client_text
        for email, typed in ((MAYA, "something else entirely"), (MAYA, ""), ("nobody@example.com", PASSWORD))
    }
    assert len(texts) == 1
    assert "new password by email" in texts.pop()
    for refused in (
        lambda: desk.reset_password(maya.account),
        lambda: desk.reset_passwords([mayas_row]),
        lambda: desk.set_password(maya.account, ANOTHER),
        lambda: world.portal.assert_account(world.tenant, maya.account, how="SAML"),
        lambda: world.portal.assert_client(world.tenant, mayas_row, how="SAML"),
    ):
        assert reason_of(refused) is Reason.DISABLED
    world.visitor().reset_password(reset_link(world, MAYA), ANOTHER)
    assert reason_of(lambda: session.appointments()) is Reason.SESSION_ENDED
    assert reason_of(lambda: world.visitor().log_in(MAYA, PASSWORD)) is Reason.LOGIN_FAILED
    session = world.client(world.visitor().log_in(MAYA, ANOTHER))

    # The week after: past and upcoming, and what she has bought (A15); the switch (A6).
    world.clock.set(at("2026-12-01 09:00", NEW_YORK))
    code = ActiveCode(id="p1", ref=mayas_row, kind=CodeKind.PACKAGE, code="YOGA-77", name="Ten classes", credits_left=7)
    world.seed("add_codes", [code])
    assert [one.id for one in session.appointments(When.PAST).items] == ["m1"]
    assert [one.id for one in session.appointments().items] == ["m3", "m4"]
    assert session.codes().codes == (), "the account was never linked to that row: an equal email is not enough"
    desk.link(maya.account, mayas_row)
    assert [one.code.reveal() for one in session.codes().codes] == ["YOGA-77"]
    world.change_policy("login", enabled=False)
    assert not world.visitor().start_booking().login_offered
    for off in (session.appointments, lambda: world.visitor().log_in(MAYA, ANOTHER), lambda: registered(world, MAYA)):
        assert reason_of(off) is Reason.DISABLED
    world.change_policy("login", enabled=True)
    assert seen(session) == ["m1", "m3", "m4"]
    assert seen(world.client(world.visitor().log_in(THEO, PASSWORD))) == ["t1", "t2", "t3"]


@pytest.mark.requirement("A14")
def test_acuity_fills_in_the_form_for_a_session_and_for_nobody_else(world: World) -> None:
    """Maya's next booking starts with her name, phone, email, her answers and her card; logged out it starts empty."""
    in_new_york(world, presets.acuity(region="US"))
    world.book("m1", world.add_client("maya", "Maya Ortiz", email=MAYA), "2026-12-07 10:00", zone=NEW_YORK)
    card = CardSummary("Visa", "4242", 8, 2029)
    given = Prefill((Answer("health", "injuries", "left knee", world.clock()),), card)
    world.seed("add_prefill", RecordRef.booking("m1"), given)
    world.clock.advance(timedelta(minutes=1))
    page = world.portal.confirmation(world.tenant, "m1")
    account = registered(world, MAYA, page, first_name="Maya", last_name="Ortiz", phone="212 555 0142")
    start = world.client(account).start_booking()
    assert (start.profile.first_name, start.profile.email, start.profile.phone) == ("Maya", MAYA, "212 555 0142")
    assert (start.answers, start.card) == ((), None), "typed, not proved: nothing of what others gave"
    start = world.client(world.client(account).verify_email(link_in(world, MAYA))).start_booking()
    assert [(one.question, one.answer) for one in start.answers] == [("injuries", "left knee")]
    assert start.card == card
    out = world.visitor().start_booking()
    assert (out.profile, out.recent, out.answers, out.card) == (None, (), (), None)


# --- TimeTap -------------------------------------------------------------------------------------------------------


def students(policy: Policy) -> Policy:
    """Clients are students here, with a level and without an address."""
    fields = {
        "first_name": FieldDefinition(label="First name", required=True),
        "address": FieldDefinition(label="Address", visible=False),
        "custom.level": FieldDefinition(label="Level"),
    }
    return evolve(policy, clients=evolve(policy.clients, noun="student", nouns="students", fields=fields))


@pytest.mark.requirement("TT1", "TT2", "TT3", "TT4", "TT5", "TT6", "TT7", "TT8", "TT9", "TT10", "TT11")
def test_timetap_from_quick_add_to_the_export(world: World) -> None:
    """A school in New York: the Parkers share one email, Noor comes from a file, and staff reset passwords."""
    in_new_york(world, students(presets.timetap(region="US")))
    desk = world.staff(reason="at the desk")

    # The list (TT5, TT7, TT8, TT9, TT10).
    form = [(one.name, one.label, one.required) for one in desk.client_fields()]
    assert (form[0], form[-1]) == (("first_name", "First name", True), ("custom.level", "Level", False))
    assert "address" not in [name for name, _, _ in form]
    ann = desk.add_client({"first_name": "Ann", "last_name": "Parker", "email": PARKER}, custom={"level": "beginner"})
    bob = desk.add_client({"first_name": "Bob", "last_name": "Parker", "email": PARKER, "notes": "left knee"})
    assert (ann.number, bob.number, bob.alike) == (1, 2, (ann.ref,))
    file = "first_name,last_name,email,mobile\nNoor,Haddad,noor@example.com,212 555 0163\nSam,Okafor,,212 555\n"
    rows = list(desk.import_clients(file.splitlines(), name="autumn"))
    assert [row.outcome for row in rows] == [RowOutcome.ADDED, RowOutcome.REFUSED]
    assert next(row.outcome for row in desk.import_clients(file.splitlines(), name="winter")) is RowOutcome.MATCHED
    noor = rows[0].ref
    assert [(one.number, one.name) for one in desk.clients().lines] == [
        (3, "Noor Haddad"),
        (1, "Ann Parker"),
        (2, "Bob Parker"),
    ]
    assert [one.ref for one in desk.clients("parker").lines] == [ann.ref, bob.ref]
    assert desk.by_number(3).ref == noor
    assert desk.client(bob.ref).notes == "left knee"
    for id, ref in (("a1", ann.ref), ("b1", bob.ref), ("n1", noor)):
        booked(world, id, ref, desk)

    # Registering with an email that is a client's leads to that client by its proof, and to a choice of two (TT11).
    assert reason_of(lambda: world.visitor().log_in(PARKER, PASSWORD)) is Reason.LOGIN_FAILED, "TT3: no password yet"
    parker = registered(world, PARKER)
    assert (seen(world.client(parker)), world.client(parker).profiles()) == ([], ())
    chosen = world.client(parker).verify_email(link_in(world, PARKER))
    assert chosen.stage is SignInStage.CHOOSE
    labels = {one.label: one.id for one in world.client(chosen).profiles()}
    assert sorted(labels) == ["Ann P.", "Bob P."]
    as_bob = world.client(world.client(chosen).switch(labels["Bob P."]))
    assert seen(as_bob) == ["b1"]
    assert "left knee" not in repr((as_bob.profile(), as_bob.start_booking(), as_bob.appointments()))
    assert as_bob.start_booking().profile.first_name == "Bob", "TT2"
    as_ann = world.client(as_bob.switch(labels["Ann P."]))
    assert seen(as_ann) == ["a1"]
    assert len(desk.clients().lines) == 3, "nobody is there twice"

    # Passwords: the first one by mail, one by staff, many at once (TT3).
    assert world.visitor().reset_password(reset_link(world, "noor@example.com"), PASSWORD).first
    as_noor = world.client(world.visitor().log_in("noor@example.com", PASSWORD))
    assert seen(as_noor) == ["n1"]
    one = desk.reset_password(noor)
    assert (one.ended, one.mailed) == (1, True)
    assert reason_of(as_noor.appointments) is Reason.SESSION_ENDED
    assert reason_of(lambda: world.visitor().log_in("noor@example.com", PASSWORD)) is Reason.LOGIN_FAILED
    desk.set_password(noor, ANOTHER)
    as_noor = world.client(world.visitor().log_in("noor@example.com", ANOTHER))
    world.clock.advance(timedelta(minutes=11))
    rows = desk.reset_passwords([noor, parker.account])
    assert [row.reset is not None for row in rows] == [True, True]
    assert reason_of(as_ann.appointments) is Reason.SESSION_ENDED
    world.visitor().reset_password(link_in(world, PARKER, "reset"), ANOTHER)

    # Off and on (TT2), the plan (TT6), the noun (TT1), deleting (TT4, TT9).
    world.change_policy("login", enabled=False)
    assert world.visitor().start_booking().login_offered is False
    assert reason_of(lambda: world.visitor().log_in(PARKER, ANOTHER)) is Reason.DISABLED
    world.change_policy("login", enabled=True)
    assert "number,first_name" in (text := "".join(desk.export_clients()))
    assert "1,Ann,Parker,parker@example.com" in text
    assert "custom.level" in text
    world.change_policy("clients", export=False)
    assert reason_of(lambda: "".join(desk.export_clients())) is Reason.PLAN
    assert "student" in refusal_of(lambda: world.staff([Permission.ASSIGN]).assign_all(bob.ref)).staff_text
    gone = desk.delete_clients([ann.ref, RecordRef.client("nobody")])
    assert [row.deleted is not None for row in gone] == [True, False]
    assert world.ask("appointment", "a1").id == "a1"
    assert desk.delete_appointment("a1").appointment_id == "a1"
    assert desk.by_number(1).ref is None
    assert desk.add_client({"first_name": "Zoe"}).number == 4, "never again the 1"
    assert seen(world.client(world.visitor().log_in(PARKER, ANOTHER))) == ["b1"]


# --- the axes ------------------------------------------------------------------------------------------------------

AXES = {
    "login.in_booking_flow": (True, True),
    "login.proof": ("password", "password"),
    "login.identifiers": ({"email"}, {"email"}),
    "login.delivery": ("none", "none"),
    "login.unknown": ("same_alert", "same_alert"),
    "registration.register_from": ("confirmation_page", "anywhere"),
    "login.several": ("accounts", "choose"),
    "visibility.appointments": ("assigned", "record"),
    "registration.staff_reset": ("never", "single_and_bulk"),
    "registration.staff_may_register": (False, True),
    "bookings.logged_out": ("claim_only", "email"),
    "bookings.by_staff": ("unless_ambiguous", "chosen_client"),
    "login.to_book": ("never", "optional"),
    "clients.on_delete": ("keep", "keep"),
    "clients.card_removal": ("free", "free"),
    "changes.cancel.edge": ("allowed", "allowed"),
    "changes.move.edge": ("allowed", "allowed"),
}
"""The table of axes: Acuity's column, TimeTap's."""


@pytest.mark.requirement("A1", "A2", "A4", "A5", "A7", "A8", "TT3", "TT4", "TT11")
@pytest.mark.parametrize("axis", AXES)
def test_every_cell_of_the_table_is_what_the_preset_says(axis: str) -> None:
    """Cell by cell, both columns."""
    for policy, cell in zip((presets.acuity(), presets.timetap()), AXES[axis], strict=True):
        value: Any = policy
        for name in axis.split("."):
            value = getattr(value, name)
        assert value == cell, axis


@pytest.mark.parametrize(
    ("preset", "shown", "filed", "told", "invited", "reset"),
    [
        (presets.acuity, [], None, None, Reason.DISABLED, Reason.DISABLED),
        (presets.timetap, ["a1"], "maya", "account", None, None),
    ],
    ids=["acuity", "timetap"],
)
@pytest.mark.requirement("A2", "A3", "A4", "A5", "A7", "A9", "TT2", "TT3", "TT4", "TT11")
def test_the_business_does_what_its_column_says(
    memory_world: World, preset: Any, shown: object, filed: object, told: object, invited: object, reset: object
) -> None:
    """The same people, the same bookings, and at every axis the answer of that product."""
    world = memory_world
    in_new_york(world, preset(region="US"))
    desk = world.staff(reason="at the desk")
    row = world.add_client("maya", "Maya Ortiz", email=MAYA, mobile="212 555 0142")
    other = world.add_client("noor", "Noor Haddad", email="noor@example.com")
    world.clock.advance(timedelta(minutes=5))
    world.book("n1", other, "2026-12-07 10:00", zone=NEW_YORK)
    maya = registered(world, MAYA, world.portal.confirmation(world.tenant, "n1"))
    session = world.client(world.client(maya).verify_email(link_in(world, MAYA)))

    # In the booking flow, and to book: offered, and not required.
    start = world.visitor().start_booking()
    assert (start.login_offered, start.login_required) == (True, False)
    # Proof, delivery: no code is sent. Identifier: a mobile number is none.
    assert reason_of(lambda: world.visitor().request_code(MAYA)) is Reason.DISABLED
    with pytest.raises(InvalidContact, match="not an email address"):
        world.visitor().log_in("212 555 0142", PASSWORD)
    # Unknown identity: the same alert.
    assert reason_of(lambda: world.visitor().log_in("nobody@example.com", PASSWORD)) is Reason.LOGIN_FAILED
    assert world.visitor().log_in(MAYA, PASSWORD).stage is SignInStage.DONE
    # What is seen; a logged-out booking of a known contact; a booking by staff.
    world.book("a1", row, "2026-12-07 10:00", zone=NEW_YORK)
    assert seen(session) == shown
    match = world.portal.match_booking(world.tenant, name="Somebody Else", email=MAYA)
    assert (None if match.ref is None else match.ref.id) == filed
    world.staff().link(maya.account, other)
    world.book("n2", other, "2026-12-08 10:00", zone=NEW_YORK)
    assert desk.booked("n2").account == (None if told is None else maya.account)
    # Staff register, staff reset.
    for expected, call in (
        (invited, lambda: desk.invite(other)),
        (reset, lambda: desk.reset_password(maya.account)),
    ):
        if expected is None:
            call()
        else:
            assert reason_of(call) is expected
    # Deleting keeps the appointments.
    desk.delete_client(other)
    assert world.ask("appointment", "n1").status.open


@EACH
@pytest.mark.requirement("X1")
def test_at_exactly_twenty_four_hours_a_change_is_allowed(memory_world: World, preset: Any) -> None:
    """A microsecond later it is too late."""
    world = memory_world
    in_new_york(world, preset(region="US"))
    row = world.add_client("maya", "Maya Ortiz", email=MAYA)
    world.book("m1", row, "2026-12-07 10:00", zone=NEW_YORK)
    link = world.staff().appointment_link("m1")
    world.clock.set(at("2026-12-06 10:00", NEW_YORK))
    assert world.visitor().look_at_link(link).cancel.allowed
    world.clock.advance(timedelta(microseconds=1))
    assert reason_of(lambda: world.visitor().cancel_by_link(link)) is Reason.TOO_LATE


# --- one business, two products ------------------------------------------------------------------------------------


@pytest.mark.requirement("A6", "A7", "A8", "TT2", "TT11")
def test_a_running_business_goes_from_acuity_to_timetap_and_back_and_loses_nothing(world: World) -> None:
    """What is assigned and what stands under a record differ on purpose; each product shows its own, and sessions,
    passwords and assignments are afterwards as they were before."""
    in_new_york(world, presets.acuity(region="US"))
    desk = world.staff(reason="at the desk")
    maya_row = world.add_client("maya", "Maya Ortiz", email=MAYA)
    theo_row = world.add_client("theo", "Theo Ortiz", email=THEO)
    world.book("m1", maya_row, "2026-12-07 10:00", zone=NEW_YORK)
    world.clock.advance(timedelta(minutes=1))
    maya = registered(world, MAYA, world.portal.confirmation(world.tenant, "m1"))
    hers = world.client(world.client(maya).verify_email(link_in(world, MAYA)))
    world.clock.advance(timedelta(minutes=1))
    assert booked(world, "t1", theo_row, hers) == maya.account, "hers by account, his by record"
    world.book("m2", maya_row, "2026-12-09 10:00", zone=NEW_YORK)
    world.visitor().booked("m2")
    theo = registered(world, THEO, desk.appointment_link("t1"))
    his = world.client(world.client(theo).verify_email(link_in(world, THEO)))
    ids = ("m1", "m2", "t1")
    assert (seen(hers), seen(his)) == (["m1", "t1"], [])
    before = whose(world, *ids)

    world.use(quick(presets.timetap(region="US")))
    mine = world.client(world.visitor().log_in(MAYA, PASSWORD))
    theirs = world.client(world.visitor().log_in(THEO, PASSWORD))
    assert (seen(mine), seen(theirs)) == (["m1", "m2"], ["t1"])
    assert whose(world, *ids) == before, "what is shown by record stays assigned"
    assert booked(world, "m3", maya_row, mine) == maya.account, "and what is booked meanwhile is assigned as well"
    # Sessions that were open go on with what is assigned, until their owner chooses a record: no new login is needed.
    assert (seen(hers), seen(his)) == (["m1", "m3", "t1"], [])
    (option,) = his.profiles()
    assert option.label == "Theo O."
    his = world.client(his.switch(option.id))
    assert seen(his) == ["t1"]

    world.use(quick(presets.acuity(region="US")))
    assert whose(world, *ids) == before
    for door in (hers, mine, world.client(world.visitor().log_in(MAYA, PASSWORD))):
        assert seen(door) == ["m1", "m3", "t1"]
    for door in (his, theirs, world.client(world.visitor().log_in(THEO, PASSWORD))):
        assert seen(door) == []
    assert reason_of(lambda: desk.reset_password(maya.account)) is Reason.DISABLED
