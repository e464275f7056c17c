"""X3: what the survivor of a merge takes over, one thing after the other, and what is never joined.

Ana Kingi is at Kōwhai Hair twice: as ``ana`` since January, and as ``twin`` since February, under a new number.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from attrs import evolve

from accounts_ground import a_link, an_account
from clientportal import Money, Permission, Reason, RecordRef, When
from clientportal.policy import FieldDefinition, SeenBy
from clientportal.ports import RawContacts
from clientportal.records import Credential
from clientportal.values import ActiveCode, Answer, CardSummary, HeldThing, HoldingKind, Prefill
from held import shows
from mails import ANOTHER, PASSWORD, acuity, timetap
from watching import reason_of
from world import World, at

pytestmark = pytest.mark.requirement("X3")

ANAS, TWINS = "021 123 4567", "027 555 0001"
VISA, AMEX = CardSummary("visa", "4242", 12, 2029), CardSummary("amex", "0005", 7, 2028)


def twins(world: World, **more: Any) -> tuple[RecordRef, RecordRef]:
    """Both records; the twin's fields may be given more. Booking forms start filled in."""
    world.change_policy("login", in_booking_flow=True)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANAS, email="ana@example.com", created="2026-01-05 09:00")
    twin = world.add_client("twin", "Anna Kingi", mobile=TWINS, created="2026-02-05 09:00", **more)
    return ana, twin


def merge(world: World, survivor: RecordRef, absorbed: RecordRef) -> str:
    """Mia merges them; the journal's entry."""
    (id,) = world.staff().merge(survivor, absorbed).merges
    return str(id)


# --- appointments, and what was done to them -------------------------------------------------------------------------


def test_appointments(world: World) -> None:
    """Upcoming and past ones of both, in one list, each once; the undo parts them again."""
    ana, twin = twins(world)
    world.book("a-next", ana, "2026-12-01 09:00")
    world.book("t-next", twin, "2026-11-30 09:00")
    world.book("t-last", twin, "2026-10-30 09:00", made="2026-10-01 09:00")
    door = world.log_in(ANAS)
    id = merge(world, ana, twin)
    assert [one.id for one in door.appointments().items] == ["t-next", "a-next"]
    assert [one.id for one in door.appointments(When.PAST).items] == ["t-last"]
    world.staff().undo(id)
    assert [one.id for one in door.appointments().items] == ["a-next"]


def test_past_changes(world: World) -> None:
    """What the twin cancelled is in Ana's history: the snapshots follow."""
    ana, twin = twins(world)
    world.book("t-next", twin, "2026-12-01 09:00")
    world.log_in(TWINS).cancel("t-next")
    door = world.log_in(ANAS)
    assert door.past_changes() == ()
    merge(world, ana, twin)
    assert [(one.change.value, one.before.id) for one in door.past_changes()] == [("cancel", "t-next")]


def test_client_numbers(world: World) -> None:
    """The twin's number leads to Ana from now on, for ever, and is given to nobody else (TT9)."""
    ana, twin = twins(world)
    staff = world.staff()
    numbers = {ref: staff.client(ref).number for ref in (ana, twin)}
    merge(world, ana, twin)
    for ref in (ana, twin):
        assert staff.by_number(numbers[ref]).ref == ana
    assert staff.client(twin).number == numbers[ana]


# --- what they hold --------------------------------------------------------------------------------------------------


def fill(world: World, ana: RecordRef, twin: RecordRef) -> None:
    """Intake forms, and a saved card each."""
    world.seed("add_prefill", ana, Prefill((Answer("health", "allergies", "none", at("2026-03-01 09:00")),), VISA))
    answers = (
        Answer("health", "allergies", "latex", at("2026-05-01 09:00")),
        Answer("hair", "dyed", "yes", at("2026-05-01 09:00")),
    )
    world.seed("add_prefill", twin, Prefill(answers, AMEX))


def test_forms(world: World) -> None:
    """Every question with its latest answer, whoever's record it was given under (A14)."""
    ana, twin = twins(world)
    fill(world, ana, twin)
    merge(world, ana, twin)
    start = world.log_in(ANAS).start_booking()
    assert [(one.question, one.answer) for one in start.answers] == [("dyed", "yes"), ("allergies", "latex")]


def test_cards_stay_with_the_survivor_by_default(world: World) -> None:
    """Ana pays with her own card, from either session; the twin's is told beforehand, and back after the undo."""
    ana, twin = twins(world)
    fill(world, ana, twin)
    doors = [world.log_in(ANAS), world.log_in(TWINS)]
    plan = world.staff().plan_merge(ana, twin)
    assert plan.cards == (ana,)
    assert [(one.ref, one.kind) for one in plan.holdings.left] == [(twin, HoldingKind.CARD)]
    assert plan.left_behind == (
        "1 saved card of client:twin: a card stays with its own record (merging.cards = survivors)",
    )
    id = merge(world, ana, twin)
    assert [door.start_booking().card for door in doors] == [VISA, VISA]
    world.staff().undo(id)
    assert [door.start_booking().card for door in doors] == [VISA, AMEX]


def test_a_survivor_without_a_card_has_none(world: World) -> None:
    """Nobody pays with another record's card because they have none."""
    ana, twin = twins(world)
    world.seed("add_prefill", twin, Prefill((), AMEX))
    merge(world, ana, twin)
    assert world.log_in(ANAS).start_booking().card is None


def test_cards_of_every_record_where_the_business_wants_that(world: World) -> None:
    """The plan says so; a business that changes its mind is obeyed at once, and never the other way round."""
    ana, twin = twins(world)
    world.seed("add_prefill", twin, Prefill((), AMEX))
    door = world.log_in(ANAS)
    world.change_policy("merging", cards="all")
    plan = world.staff().plan_merge(ana, twin)
    assert (plan.cards, plan.holdings.left, plan.left_behind) == ((ana, twin), (), ())
    id = merge(world, ana, twin)
    assert door.start_booking().card == AMEX
    world.change_policy("merging", cards="survivors")
    assert door.start_booking().card is None
    world.staff().undo(id)
    merge(world, ana, twin)
    world.change_policy("merging", cards="all")
    assert door.start_booking().card is None, "the plan of that merge had left it with its record"


def test_cards_of_a_guest(world: World) -> None:
    """A guest's booking is merged into Ana, with the card that paid for it: it is not hers. Her own bookings as a guest
    are one person without any merge, and their card is.
    """
    world.change_policy("login", in_booking_flow=True)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANAS)
    for id, number in (("b1", "027 555 0009"), ("b2", TWINS), ("b3", TWINS)):
        ref = RecordRef.booking(id)
        contacts = RawContacts(ref, mobile=number)
        world.book(id, ref, "2026-12-01 09:00", booked_as="Mere Reti", contacts=contacts)
        world.portal.contact_changed(world.tenant, ref)
    world.seed("add_prefill", RecordRef.booking("b1"), Prefill((), AMEX))
    world.seed("add_prefill", RecordRef.booking("b2"), Prefill((), VISA))
    merge(world, ana, RecordRef.booking("b1"))
    door = world.log_in(ANAS)
    assert [one.id for one in door.appointments().items] == ["b1"]
    assert door.start_booking().card is None
    guest = world.log_in(TWINS)
    assert {one.id for one in guest.appointments().items} == {"b2", "b3"}
    assert guest.start_booking().card == VISA


def code(id: str, ref: RecordRef, kind: str, **more: Any) -> ActiveCode:
    """A code named by its id."""
    return ActiveCode(id=id, ref=ref, kind=kind, code=f"SECRET-{id}", name=id.title(), **more)


def test_packages_gift_cards_and_memberships(world: World) -> None:
    """What was bought under either record is hers to use (A15), whatever becomes of the cards: it is paid for."""
    shows(world, "codes")
    ana, twin = twins(world)
    world.seed(
        "add_codes",
        [
            code("ten", ana, "package", credits_left=7),
            code("five", twin, "package", credits_left=2),
            code("voucher", twin, "gift", balance=Money("40.00", "NZD")),
            code("club", twin, "subscription", last_day=date(2027, 1, 31)),
        ],
    )
    door = world.log_in(ANAS)
    assert [one.id for one in door.codes().codes] == ["ten"]
    plan = world.staff().plan_merge(ana, twin)
    sums = {one.kind: (one.count, one.amount, one.credits) for one in plan.holdings.together}
    assert sums == {
        HoldingKind.GIFT_CARD: (1, Money("40.00", "NZD"), None),
        HoldingKind.MEMBERSHIP: (1, None, None),
        HoldingKind.PACKAGE: (2, None, 9),
    }
    id = merge(world, ana, twin)
    assert {one.id for one in door.codes().codes} == {"ten", "five", "voucher", "club"}
    world.staff().undo(id)
    assert [one.id for one in door.codes().codes] == ["ten"]


def test_documents_balances_and_invoices(world: World) -> None:
    """Counted, and added up to the cent, in one currency each; the same after the merge as in its plan."""
    ana, twin = twins(world)
    world.seed(
        "add_holdings",
        [
            HeldThing(id="d1", ref=ana, kind=HoldingKind.DOCUMENT, label="Consent to a patch test"),
            HeldThing(id="d2", ref=twin, kind=HoldingKind.DOCUMENT, label="Photo"),
            HeldThing(id="b1", ref=ana, kind=HoldingKind.BALANCE, amount=Money("0.10", "NZD")),
            HeldThing(id="b2", ref=twin, kind=HoldingKind.BALANCE, amount=Money("0.20", "NZD")),
            HeldThing(id="i1", ref=twin, kind=HoldingKind.INVOICE, amount=Money("65.00", "NZD")),
            HeldThing(id="i2", ref=twin, kind=HoldingKind.INVOICE, amount=Money("40.00", "AUD")),
        ],
    )
    staff = world.staff()
    plan = staff.plan_merge(ana, twin)
    assert {one.ref for one in plan.holdings.each} == {ana, twin}
    assert [(one.kind.value, one.count, one.amount) for one in plan.holdings.together] == [
        ("balance", 2, Money("0.30", "NZD")),
        ("document", 2, None),
        ("invoice", 1, Money("40.00", "AUD")),
        ("invoice", 1, Money("65.00", "NZD")),
    ]
    staff.merge(ana, twin)
    assert staff.plan_merge(ana, twin).holdings.together == plan.holdings.together, "asked again once they are one"


# --- what is known about them ----------------------------------------------------------------------------------------


def test_notes_birthday_and_custom_fields(world: World) -> None:
    """What staff wrote down under either record is there, with where it comes from; clients see none (T8, TT8)."""
    named = {name: FieldDefinition(label=name.title()) for name in ("birthday", "custom.colour")}
    ana, twin = twins(world, notes="Allergic to latex", birthday=date(1984, 2, 29), custom={"colour": "7.1"})
    row = world.ask("clients", [ana])[0]
    world.change_client(evolve(row, notes="Prefers Mia"))
    world.change_policy("clients", fields=named)
    plan = world.staff().plan_merge(ana, twin)
    id = merge(world, ana, twin)
    profile = world.staff().client(ana)
    assert profile.notes == "Prefers Mia\n\nAllergic to latex"
    assert profile.birthday == date(1984, 2, 29)
    assert [(one.name, one.value) for one in profile.custom] == [("custom.colour", "7.1")]
    assert {one.field: one for one in profile.internal} == {one.field: one for one in plan.internal}
    (notes,) = [one for one in profile.internal if one.field == "notes"]
    assert [(part.value, part.sources) for part in notes.parts] == [
        ("Prefers Mia", (ana,)),
        ("Allergic to latex", (twin,)),
    ]
    assert not hasattr(world.log_in(ANAS).profile(), "notes")
    world.staff().undo(id)
    assert (world.staff().client(ana).notes, world.staff().client(ana).birthday) == ("Prefers Mia", None)


def test_consents(world: World) -> None:
    """She said no to mails under one record: no. Photos were asked of one alone: yes. The plan says who said what."""
    ana, twin = twins(world, consents={"marketing_email": False, "photos": True})
    world.change_client(evolve(world.ask("clients", [ana])[0], consents={"marketing_email": True}))
    plan = world.staff().plan_merge(ana, twin)
    assert [(one.name, one.given, one.sources, one.others) for one in plan.consents] == [
        ("marketing_email", False, (twin,), (ana,)),
        ("photos", True, (twin,), ()),
    ]
    id = merge(world, ana, twin)
    assert world.staff().client(twin).consents == plan.consents
    world.staff().undo(id)
    assert [(one.name, one.given) for one in world.staff().client(ana).consents] == [("marketing_email", True)]


# --- what is on its way ----------------------------------------------------------------------------------------------


def test_signed_links(world: World) -> None:
    """A link that was mailed to the twin still opens its appointment, and acts for Ana."""
    ana, twin = twins(world)
    world.book("t-next", twin, "2026-12-01 09:00")
    link = world.staff().appointment_link("t-next")
    merge(world, ana, twin)
    assert world.visitor().look_at_link(link).appointment.id == "t-next"
    assert world.visitor().cancel_by_link(link).appointment.status.value == "cancelled"


def test_a_message_that_waits(world: World) -> None:
    """Queued for the twin before the merge: it goes where Ana is reached."""
    ana, twin = twins(world)
    world.book("t-next", twin, "2026-12-01 09:00")
    world.staff().appointment_link("t-next", send=True)
    world.staff().merge(ana, twin, choices={"mobile": ana})
    world.deliver()
    assert [message.to for message in world.box.messages] == ["+64211234567"]


def test_a_code_that_was_asked_for(world: World) -> None:
    """The twin asked for a code, Mia merged, the code is typed: the session is Ana's."""
    ana, twin = twins(world)
    sent, typed = world.get_code(TWINS)
    merge(world, ana, twin)
    assert world.visitor().verify_code(sent.handle, typed).record == ana


# --- logins: led to the survivor, and never joined -------------------------------------------------------------------


def test_sessions_stay_and_follow(world: World) -> None:
    """Both phones stay logged in and see Ana; neither had to prove anything again, and nothing was handed over."""
    ana, twin = twins(world)
    phones = [world.log_in(ANAS), world.log_in(TWINS)]
    id = merge(world, ana, twin)
    assert [len(phone.sessions()) for phone in phones] == [2, 2]
    assert {phone.profile().first_name for phone in phones} == {"Anna"}
    world.staff().undo(id)
    assert [phone.profile().first_name for phone in phones] == ["Ana", "Anna"]
    assert [len(phone.sessions()) for phone in phones] == [1, 1]


def accounts(world: World, ana: RecordRef, twin: RecordRef) -> tuple[str, str]:
    """An account linked to each record, with a password each."""
    one = an_account(world, "ana@home.example", "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD)
    two = an_account(world, "ana@work.example", "2026-04-01 09:00", proved="2026-04-01 09:05", password=ANOTHER)
    a_link(world, one, ana)
    a_link(world, two, twin)
    return one, two


def test_links_of_accounts(world: World) -> None:
    """The account that was linked to the twin leads to Ana, and back again after the undo; the plan names both."""
    timetap(world)
    ana, twin = twins(world)
    one, two = accounts(world, ana, twin)
    plan = world.staff().plan_merge(ana, twin)
    assert {(login.account, login.refs, login.sees) for login in plan.logins} == {
        (one, (ana,), ana),
        (two, (twin,), ana),
    }
    assert "ana@" not in str(plan.logins)
    assert [text[:10] for text in plan.remarks] == ["2 accounts", "nothing th"]
    id = merge(world, ana, twin)
    door = world.client(world.visitor().log_in("ana@work.example", ANOTHER))
    assert [option.id for option in door.profiles()] == [str(ana)]
    assert {line.account for line in world.staff().links(ana)} == {one, two}
    world.staff().undo(id)
    assert [option.id for option in door.profiles()] == [str(twin)]


def test_passwords_are_never_joined(world: World) -> None:
    """Law 11: two accounts lead to one client, and each is opened by its own password alone."""
    timetap(world)
    ana, twin = twins(world)
    one, two = accounts(world, ana, twin)
    before = [world.stored(Credential, id) for id in (one, two)]
    merge(world, ana, twin)
    assert [world.stored(Credential, id) for id in (one, two)] == before
    world.visitor().log_in("ana@home.example", PASSWORD)
    for email, password in (("ana@home.example", ANOTHER), ("ana@work.example", PASSWORD)):
        assert reason_of(lambda email=email, password=password: world.visitor().log_in(email, password)) is (
            Reason.LOGIN_FAILED
        )


def test_accounts_whose_email_alone_opens_the_record_are_named_too(world: World) -> None:
    """TT11: nobody has linked it, and its proved email is the twin's: the plan says that it will see Ana. Where single
    appointments are shown an equal email opens nothing (A7), and one that was taken off the record does not either.
    """
    timetap(world)
    ana, twin = twins(world, email="ana@work.example")
    account = an_account(world, "ana@work.example", "2026-04-01 09:00", proved="2026-04-01 09:05")
    assert [(one.account, one.refs) for one in world.staff().plan_merge(ana, twin).logins] == [(account, (twin,))]
    a_link(world, account, twin)
    world.staff().unlink(account, twin)
    assert world.staff().plan_merge(ana, twin).logins == ()
    other = world.add_client("other", "Ana K", email="ana@work.example")
    assert [one.refs for one in world.staff().plan_merge(ana, other).logins] == [(other,)]
    acuity(world)
    assert world.policy.visibility.appointments is SeenBy.ASSIGNED
    assert world.staff().plan_merge(ana, other).logins == ()


def test_the_plan_is_for_those_who_may_merge(world: World) -> None:
    """It shows notes, holdings and accounts of two clients: no other permission is enough."""
    ana, twin = twins(world)
    door = world.staff(frozenset(Permission) - {Permission.MERGE})
    assert reason_of(lambda: door.plan_merge(ana, twin)) is Reason.PERMISSION
