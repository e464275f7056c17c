"""V10, V13: what the portal notifies of is listed, and goes to the client's email as well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Channel, InvalidCursor, InvalidInput, Permission, PolicyError, Reason, RecordRef, presets
from clientportal.policy.portal import PortalPolicy
from clientportal.records import MessageState, Notice, NoticeKind, OutboxMessage
from clientportal.values.preferences import Preference
from own_sections import open_sections
from watching import BOTH_COLOURS, far_away, platform, reason_of
from world import World, at

pytestmark = pytest.mark.requirement("V10", "V13")

ANA = "ana@example.com"


@pytest.fixture
def salon(world: World) -> World:
    """A business of vcita's kind that lists and mails notices; it is Saturday, 21 November 2026, 10:00 in Auckland."""
    return opened(world)


def opened(world: World) -> World:
    """vcita's policy, with notices listed and mailed."""
    world.use(presets.vcita(region="NZ"))
    world.change_policy("portal", notices_by_email=True)
    open_sections(world, "notifications")
    return world


def titles(door: Any, **more: Any) -> list[str]:
    """The titles, newest first."""
    return [one.title for one in door.notices(**more).items]


def logged_in(world: World, email: str) -> Any:
    """A session, once everything that was on its way has left."""
    world.deliver()
    return world.log_in(email)


def tell(world: World, ref: RecordRef, kind: str = "other", **more: Any) -> Any:
    """The platform tells a client something."""
    return world.portal.notify(world.tenant, ref, kind, **more)


def mails(world: World, address: str = ANA) -> list[tuple[str, str]]:
    """The notices that were mailed there since the last look: (subject, text)."""
    world.deliver()
    found = [(one.subject, one.text) for one in world.box.to(address) if "code" not in one.subject.lower()]
    world.box.messages.clear()
    return found


# --- the list ------------------------------------------------------------------------------------------------------


def test_what_the_platform_tells_is_listed_newest_first_and_mailed(salon: World) -> None:
    """A form with the usual words, an hour later a document with the platform's own: each leads where it is."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    told = tell(salon, ana, "form_sent", section="forms", item="f1")
    salon.clock.advance(timedelta(hours=1))
    tell(salon, ana, NoticeKind.DOCUMENT_SHARED, title="Your\nplan", text="Two pages.\nPlease read both.")
    assert told.by_email
    assert mails(salon) == [
        ("There is a form for you (Kōwhai Hair)", FORM),
        ("Your plan (Kōwhai Hair)", "Your plan\n\nTwo pages.\nPlease read both."),
    ]
    document, form = logged_in(salon, ANA).notices().items
    assert (document.title, document.text, document.section) == ("Your plan", "Two pages.\nPlease read both.", "")
    assert (form.id, form.kind, form.section, form.item) == (told.id, NoticeKind.FORM_SENT, "forms", "f1")
    assert (form.title, form.at, form.read_at) == ("There is a form for you", at("2026-11-21 10:00"), None)


FORM = "There is a form for you\n\nKōwhai Hair asks you to fill in a form. You find it in your client portal."


def test_a_hidden_list_is_refused_and_the_mails_go_on(salon: World) -> None:
    """Notifications are not among the sections any more: refused at the next call, and Ana is told by email all the
    same; with neither, the portal remembers nothing of what happens."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    salon.book("a1", ana, "2026-11-30 09:00")
    door = logged_in(salon, ANA)
    salon.change_policy("visibility", sections=("bookings", "account"))
    for call in (door.notices, door.unread_notices, door.mark_read):
        assert reason_of(call) is Reason.DISABLED
    (slot, later) = salon.add_slots("2026-12-01 10:00", "2026-12-02 10:00")
    door.move("a1", slot)
    assert len(mails(salon)) == 1
    salon.change_policy("portal", notices_by_email=False)
    door.move("a1", later)
    assert mails(salon) == []
    open_sections(salon, "notifications")
    assert len(door.notices().items) == 1


def test_read_is_read_and_counted(salon: World) -> None:
    """Three unread, one is read, then all; a foreign id is not found, and an action that is not named is refused."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    ben = salon.add_client("ben", "Ben Moana", email="ben@example.com")
    told = [tell(salon, ana, "other", title=f"News {n}") for n in range(3)]
    bens = tell(salon, ben, "other", title="For Ben")
    door = logged_in(salon, ANA)
    assert door.unread_notices() == 3
    assert door.mark_read(told[1].id).count == 1
    assert door.mark_read(told[1].id).count == 0
    assert door.unread_notices() == 2
    for id in (bens.id, "no-notice", "\x00"):
        assert reason_of(lambda id=id: door.mark_read(id)) is Reason.NOT_FOUND
    salon.change_policy("portal", actions=frozenset({"bookings.cancel"}))
    assert reason_of(door.mark_read) is Reason.DISABLED
    salon.change_policy("portal", actions=None)
    assert (door.mark_read().count, door.unread_notices()) == (2, 0)
    assert {one.read_at for one in door.notices().items} == {salon.clock()}
    assert logged_in(salon, "ben@example.com").unread_notices() == 1


def test_counting_stops_and_marking_goes_in_portions(memory_world: World) -> None:
    """Two hundred and thirty unread notices: a badge says 100, and reading all takes two calls."""
    world = opened(memory_world)
    world.change_policy("portal", notices_by_email=False)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    for n in range(230):
        tell(world, ana, "other", title=f"News {n}")
    door = logged_in(world, ANA)
    assert door.unread_notices() == 100
    first = door.mark_read()
    assert (first.count, first.more) == (200, True)
    second = door.mark_read()
    assert (second.count, second.more, door.unread_notices()) == (30, False, 0)


def test_pages_show_everything_once_also_within_one_moment(salon: World) -> None:
    """Twenty-five notices, five at each moment, in pages of three: all of them, newest first, none twice; what comes
    meanwhile moves nothing, and a cursor that was made up is refused as such."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    for n in range(25):
        if n % 5 == 0:
            salon.clock.advance(timedelta(minutes=1))
        tell(salon, ana, "other", title=f"News {n // 5}")
    door = logged_in(salon, ANA)
    page = door.notices(limit=3)
    shown = list(page.items)
    tell(salon, ana, "other", title="Meanwhile")
    while page.next is not None:
        page = door.notices(after=page.next, limit=3)
        shown += page.items
    assert [one.title for one in shown] == [f"News {n}" for n in (4, 3, 2, 1, 0) for _ in range(5)]
    assert len({one.id for one in shown}) == 25
    for made_up in ("x", "W10", "WyJ4IiwgMV0", page.items[0].id):
        with pytest.raises(InvalidCursor):
            door.notices(after=made_up)


def test_a_merge_lists_all_and_an_undo_tells_them_apart(salon: World) -> None:
    """The old record's notices follow the survivor, are counted and read there, and come apart again."""
    old = salon.add_client("old", "Ana Kingi", email="old@example.com")
    new = salon.add_client("new", "Ana Kingi", email=ANA)
    tell(salon, old, "other", title="For the old one")
    tell(salon, new, "other", title="For the new one")
    (merge,) = salon.staff().merge(new, old).merges
    door = logged_in(salon, ANA)
    assert sorted(titles(door)) == ["For the new one", "For the old one"]
    assert door.unread_notices() == 2
    tell(salon, old, "other", title="Told to the old name")
    salon.staff().undo(merge)
    assert titles(door) == ["For the new one"]
    assert titles(logged_in(salon, "old@example.com")) == ["Told to the old name", "For the old one"]


def test_ten_merged_records_are_one_list(memory_world: World) -> None:
    """Beyond a few records their notices are read at once; the pages are the same."""
    world = opened(memory_world)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    others = [world.add_client(f"r{n}", "Ana Kingi", email=f"r{n}@example.com") for n in range(10)]
    for n, ref in enumerate((ana, *others)):
        world.clock.advance(timedelta(minutes=1))
        tell(world, ref, "other", title=f"News {n}")
    world.staff().merge(ana, others)
    door = logged_in(world, ANA)
    page = door.notices(limit=6)
    assert [one.title for one in page.items] == [f"News {n}" for n in (10, 9, 8, 7, 6, 5)]
    assert titles(door, after=page.next, limit=6) == [f"News {n}" for n in (4, 3, 2, 1, 0)]


# --- what the portal tells by itself -------------------------------------------------------------------------------


def test_what_is_moved_cancelled_and_booked_is_told_whoever_did_it(salon: World) -> None:
    """Ana moves, Mia cancels, Ana books again: three notices with the service and the time by the clock of the salon,
    three mails, each in the commit of the change; a refused change and a merge tell nothing."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    twin = salon.add_client("twin", "Ana Kingi", email="twin@example.com")
    salon.book("a1", ana, "2026-11-30 09:00")
    door = logged_in(salon, ANA)
    first, second = salon.add_slots("2026-12-01 10:00", "2026-12-08 10:00")
    assert reason_of(lambda: door.move("a1", "no such slot")) is Reason.SLOT_TAKEN
    door.preview.move("a1", first)
    door.move("a1", first, key="k")
    door.move("a1", first, key="k")
    salon.clock.advance(timedelta(minutes=1))
    salon.staff().cancel("a1")
    salon.clock.advance(timedelta(minutes=1))
    booked = door.rebook("a1", second).appointment
    again, cancelled, moved = door.notices().items
    assert (moved.kind, moved.text, moved.section, moved.item) == (
        NoticeKind.APPOINTMENT_MOVED,
        "Cut: now 2026-12-01 10:00.",
        "bookings",
        "a1",
    )
    assert (cancelled.kind, cancelled.text) == (
        NoticeKind.APPOINTMENT_CANCELLED,
        "Cut: 2026-12-01 10:00 is cancelled.",
    )
    assert (again.kind, again.item) == (NoticeKind.APPOINTMENT_BOOKED, booked.id)
    assert [text for _, text in mails(salon)] == [
        "Your appointment was moved\n\nCut: now 2026-12-01 10:00.",
        "Your appointment was cancelled\n\nCut: 2026-12-01 10:00 is cancelled.",
        "Your appointment is booked\n\nCut: 2026-12-08 10:00.",
    ]
    salon.staff().merge(ana, twin)
    assert len(door.notices().items) == 3


@BOTH_COLOURS
def test_what_waits_for_the_business_is_told_as_asked_for(awaited: bool) -> None:
    """The platform has to agree first: the notice says so, and no time that does not hold yet."""
    with platform(awaited, needs_approval=True) as world:
        opened(world)
        ana = world.add_client("ana", "Ana Kingi", email=ANA)
        world.book("a1", ana, "2026-11-30 09:00")
        (slot,) = world.add_slots("2026-12-01 10:00")
        door = logged_in(world, ANA)
        assert door.move("a1", slot).waits
        (notice,) = door.notices().items
        assert (notice.kind, notice.text) == (
            NoticeKind.CHANGE_REQUESTED,
            "Cut: Kōwhai Hair will answer what you asked for.",
        )


@BOTH_COLOURS
def test_a_platform_elsewhere_tells_once_it_has_answered(awaited: bool) -> None:
    """Its tables are in another database: the notice is committed with its answer, once."""
    with far_away(awaited) as world:
        opened(world)
        ana = world.add_client("ana", "Ana Kingi", email=ANA)
        world.book("a1", ana, "2026-11-30 09:00")
        (slot,) = world.add_slots("2026-12-01 10:00")
        door = logged_in(world, ANA)
        door.move("a1", slot, key="k")
        door.move("a1", slot, key="k")
        assert titles(door) == ["Your appointment was moved"]
        assert len(mails(world)) == 1


def test_an_account_that_sees_single_appointments_sees_their_notices_alone(salon: World) -> None:
    """A7: what is told of an assigned appointment is listed, what is told of the rest of that record is not."""
    from accounts_ground import a_session, an_account
    from clientportal.policy import SeenBy

    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    salon.book("a1", ana, "2026-11-30 09:00")
    salon.change_policy("registration", accounts=True)
    account = an_account(salon, "mum@example.com", salon.clock(), proved=salon.clock())
    salon.staff().assign("a1", getattr(account, "id", account))
    salon.change_policy("visibility", appointments=SeenBy.ASSIGNED)
    tell(salon, ana, "invoice_due")
    salon.staff().cancel("a1")
    door = salon.portal.client(a_session(salon, account))
    assert titles(door) == ["Your appointment was cancelled"]
    assert door.unread_notices() == 1
    assert door.mark_read().count == 1
    assert door.unread_notices() == 0


# --- by email ------------------------------------------------------------------------------------------------------


def test_a_notice_goes_to_the_email_of_the_moment_of_sending(salon: World) -> None:
    """The address is changed after the event and before the pump runs: the new one gets it, by email also where codes
    go by SMS (V3)."""
    ana = salon.add_client("ana", "Ana Kingi", email="old@example.com", mobile="021 123 4567")
    tell(salon, ana, "invoice_due")
    (record,) = salon.ask("clients", [ana])
    salon.change_client(evolve(record, email=ANA))
    assert [subject for subject, _ in mails(salon)] == ["There is an invoice to pay (Kōwhai Hair)"]
    assert salon.box.messages == []


def test_whoever_wants_no_such_mail_gets_none_and_finds_it_in_the_list(salon: World) -> None:
    """M11: transactional email is off on one of two merged records: the strictest holds; the list is not mail."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    twin = salon.add_client("twin", "Ana Kingi", email="twin@example.com")
    salon.staff().merge(ana, twin)
    off = Preference(id="p1", ref=twin, category="transactional", channel="email", on=False)
    salon.seed("add_items", [off])
    tell(salon, ana, "invoice_due")
    assert mails(salon) == []
    (message,) = salon.all_stored(OutboxMessage, "record", str(ana))
    assert (message.state, message.note) == (MessageState.DROPPED, "the client wants no such mail")
    assert titles(logged_in(salon, ANA)) == ["There is an invoice to pay"]


@pytest.mark.parametrize(
    ("email", "state", "note"),
    [
        (None, MessageState.DROPPED, "the record has no email"),
        ("ana at example", MessageState.ABANDONED, "the record's email is no address that mail can go to"),
    ],
)
def test_an_address_that_is_none_is_shown_to_staff(
    salon: World, email: str | None, state: MessageState, note: str
) -> None:
    """Nobody else would ever learn of it; who has no email is no mistake."""
    ana = salon.add_client("ana", "Ana Kingi", email=email, mobile="021 123 4567")
    tell(salon, ana, "invoice_due")
    salon.deliver()
    assert [(line.kind, line.note) for line in salon.staff().outbox(state)] == [("notice", note)]


def test_what_bounces_is_tried_again_and_then_shown(salon: World) -> None:
    """I5: the same id at every try, at least once, and visibly given up where the address does not exist."""
    from clientportal import SendFailed

    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    tell(salon, ana, "invoice_due")
    salon.box.fails = [SendFailed("greylisted")]
    salon.deliver()
    salon.clock.advance(timedelta(minutes=1))
    salon.deliver()
    (sent,) = salon.box.to(ANA)
    (message,) = salon.all_stored(OutboxMessage, "record", str(ana))
    assert (sent.id, message.state, message.tries) == (message.id, MessageState.SENT, 2)
    tell(salon, ana, "invoice_due")
    salon.box.fails = [SendFailed("no such mailbox", permanent=True)]
    salon.deliver()
    assert [(line.kind, line.note) for line in salon.staff().outbox()] == [("notice", "no such mailbox")]


def test_a_notice_is_told_once_under_its_key_and_within_the_platforms_transaction(memory_world: World) -> None:
    """A platform that tells of its own change in its own transaction is believed when that commits, and not before."""
    world = opened(memory_world)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    first = tell(world, ana, "form_sent", key="form:f1")
    assert tell(world, ana, "form_sent", key="form:f1") == first
    assert reason_of(lambda: tell(world, ana, "invoice_due", key="form:f1")) is Reason.KEY_REUSED
    assert len(mails(world)) == 1
    assert len(world.all_stored(Notice, "ref", str(ana))) == 1


def test_staff_tell_with_their_permission_alone(salon: World) -> None:
    """Mia may; somebody without the permission is refused; a client that there is not is not found."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    salon.staff({Permission.NOTIFY}).notify(ana, "other", title="We have moved", text="To number 7.")
    assert titles(logged_in(salon, ANA)) == ["We have moved"]
    assert reason_of(lambda: salon.staff(()).notify(ana, "form_sent")) is Reason.PERMISSION
    nobody = RecordRef.client("nobody")
    assert reason_of(lambda: salon.staff().notify(nobody, "form_sent")) is Reason.NOT_FOUND


def test_what_is_no_notice_is_said_at_once(salon: World) -> None:
    """A kind that there is not, no title of one's own, too long, no text."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    wrong: list[dict[str, Any]] = [
        {"kind": "gossip"},
        {"kind": "other"},
        {"kind": "other", "title": " "},
        {"kind": "other", "title": "x" * 201},
        {"kind": "form_sent", "text": "x" * 2001},
        {"kind": "form_sent", "item": 7},
    ]
    for more in wrong:
        with pytest.raises(InvalidInput, match=r"notice|notify"):
            tell(salon, ana, **more)


def test_nothing_that_a_client_typed_is_in_a_mail(salon: World) -> None:
    """Ana has a session and a name full of promises: the mail about her move says none of it, and markup and marks in
    what the platform tells are text."""
    ana = salon.add_client("ana", "WIN €1000 www.evil.example", email=ANA)
    salon.book("a1", ana, "2026-11-30 09:00", booked_as="www.evil.example")
    (slot,) = salon.add_slots("2026-12-01 10:00")
    logged_in(salon, ANA).move("a1", slot)
    salon.clock.advance(timedelta(minutes=1))
    tell(salon, ana, "other", title="<i>\u202eevil</i> {business}", text="{code}\x00 & more")
    moved, own = mails(salon)
    assert "evil" not in "".join(moved)
    assert own == ("<i> evil</i> {business} (Kōwhai Hair)", "<i> evil</i> {business}\n\n{code} & more")


def test_notices_go_with_the_client_and_after_a_year(salon: World) -> None:
    """X7: an export has them, erasing removes them; and nobody keeps what has been listed for a year."""
    ana = salon.add_client("ana", "Ana Kingi", email=ANA)
    tell(salon, ana, "other", title="A private matter")
    assert [one["title"] for one in salon.staff().export_person(ana).held["notices"]] == ["A private matter"]
    salon.staff().erase(ana, reason="asked to be forgotten")
    assert salon.all_stored(Notice, "ref", str(ana)) == []
    ben = salon.add_client("ben", "Ben Moana", email="ben@example.com")
    tell(salon, ben, "invoice_due")
    salon.clock.advance(timedelta(days=366))
    salon.portal.purge(salon.tenant)
    assert salon.all_stored(Notice, "ref", str(ben)) == []


def test_notices_by_email_need_somebody_who_sends_email(memory_world: World) -> None:
    """Said when the portal is built, with both names; vcita mails them and the other products do not."""
    world = opened(memory_world)
    world.use(evolve(presets.timely(region="NZ"), portal=PortalPolicy(notices_by_email=True)))
    portal = world.make_portal(senders={Channel.SMS: world.box})
    with pytest.raises(PolicyError, match="notices_by_email") as error:
        portal.visitor(world.tenant).start_booking()
    assert error.value.settings == ("portal.notices_by_email", "senders.email")
    every = (presets.vcita(), presets.timely(), presets.mytime(), presets.acuity(), presets.timetap())
    assert [one.portal.notices_by_email for one in every] == [True, False, False, False, False]
