"""V10, V13: what a client is told of, and where the email of it goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Policy, RecordRef
from clientportal.policy import VisibilityPolicy
from clientportal.policy.portal import PortalPolicy
from clientportal.records import HostWrite, Intent, MessageKind, Notice, NoticeKind, OutboxMessage, Put
from clientportal.rules.notifying import (
    NOTICE_LIFE,
    News,
    Noticing,
    as_told,
    keeps_notices,
    noticed,
    where_to_notify,
)
from clientportal.rules.whom_to_tell import Drop, Reachable, Tell, to_owner
from clientportal.values import AnswerKind, Appointment, HostAnswer
from clientportal.values.preferences import Preferences

pytestmark = pytest.mark.requirement("V10", "V13")

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ANA = RecordRef.client("ana")
MAILED = Policy(portal=PortalPolicy(notices_by_email=True))
LISTED = Policy(visibility=VisibilityPolicy(sections=("notifications",)))
NEITHER = Policy()
IDS = ("n1", "m1")


def appointment(**more: Any) -> Appointment:
    """Ana's cut, on Monday the 30th at nine in Auckland."""
    given: dict[str, Any] = {
        "id": "a1",
        "ref": ANA,
        "service_id": "cut",
        "start": datetime(2026, 11, 29, 20, 0, tzinfo=UTC),
        "end": datetime(2026, 11, 29, 20, 45, tzinfo=UTC),
        "zone": "Pacific/Auckland",
        "status": "confirmed",
        "made_at": NOW,
        "service_name": "Cut",
        "booked_as": "www.evil.example",
        **more,
    }
    return Appointment(**given)


def intent(write: HostWrite, **more: Any) -> Intent:
    """What the host was asked for."""
    given: dict[str, Any] = {"appointment": appointment(), **more}
    return Intent(id="i1", write=write, actor="client:ana", asked_at=NOW, due_at=NOW, **given)


def told(write: HostWrite, answer: HostAnswer, policy: Policy = LISTED, **more: Any) -> list[Any]:
    """The records that follow."""
    writes = noticed(intent(write, **more), answer, policy, IDS)
    assert all(isinstance(one, Put) for one in writes)
    return [one.record for one in writes]


def test_whether_anybody_would_read_it() -> None:
    """Listed or mailed: one of the two will do."""
    assert (keeps_notices(MAILED), keeps_notices(LISTED), keeps_notices(NEITHER)) == (True, True, False)


@pytest.mark.parametrize(
    ("write", "kind"),
    [
        (HostWrite.MOVE, NoticeKind.APPOINTMENT_MOVED),
        (HostWrite.CANCEL, NoticeKind.APPOINTMENT_CANCELLED),
        (HostWrite.BOOK, NoticeKind.APPOINTMENT_BOOKED),
    ],
)
def test_what_the_host_has_done_is_told(write: HostWrite, kind: NoticeKind) -> None:
    """With the service and the wall clock of the appointment, and nothing that anybody typed."""
    after = appointment(start=datetime(2026, 12, 1, 21, 0, tzinfo=UTC), end=datetime(2026, 12, 1, 22, 0, tzinfo=UTC))
    (notice,) = told(write, HostAnswer(appointment=after))
    assert (notice.kind, notice.ref, notice.at, notice.section, notice.item, notice.booking) == (
        kind,
        "client:ana",
        NOW,
        "bookings",
        "a1",
        "a1",
    )
    assert notice.facts == {"service": "Cut", "when": "2026-12-02 10:00"}
    assert (notice.title, notice.text, notice.unread, notice.forget_at) == ("", "", "client:ana", NOW + NOTICE_LIFE)
    assert "evil" not in repr(notice)


def test_a_platform_that_answers_without_the_appointment() -> None:
    """It deletes what is cancelled: the notice is about the appointment as it was; a booking is told to whom it is
    for."""
    (cancelled,) = told(HostWrite.CANCEL, HostAnswer())
    assert (cancelled.item, cancelled.facts["when"]) == ("a1", "2026-11-30 09:00")
    ben = RecordRef.client("ben")
    (booked,) = told(HostWrite.BOOK, HostAnswer(), for_ref=ben, appointment=appointment(service_name=""))
    assert (booked.ref, booked.facts["service"]) == ("client:ben", "cut")


def test_what_waits_and_what_came_to_nothing() -> None:
    """Asked for; or not told at all: declined, taken, of another kind, without an appointment, for nobody."""
    (asked,) = told(HostWrite.MOVE, HostAnswer(AnswerKind.WAITS))
    assert asked.kind is NoticeKind.CHANGE_REQUESTED
    for answer in (HostAnswer(AnswerKind.DECLINED), HostAnswer(AnswerKind.TAKEN)):
        assert told(HostWrite.MOVE, answer) == []
    assert told(HostWrite.UPDATE_CLIENT, HostAnswer()) == []
    assert told(HostWrite.CANCEL, HostAnswer(), appointment=None) == []
    assert told(HostWrite.CANCEL, HostAnswer(), NEITHER) == []


def test_the_mail_is_queued_with_the_notice_and_has_no_words_of_it() -> None:
    """One commit for both; the mail names the notice and the record, and is worth sending for two days."""
    notice, mail = told(HostWrite.MOVE, HostAnswer(), MAILED)
    assert isinstance(notice, Notice)
    assert isinstance(mail, OutboxMessage)
    assert (mail.id, mail.kind, mail.ref, mail.facts) == ("m1", MessageKind.NOTICE, "client:ana", {"notice": "n1"})
    assert mail.expires_at == NOW + MAILED.messages.notice_life


def test_only_what_is_about_an_appointment_is_found_by_it() -> None:
    """A document's notice, and one that leads to the list of bookings, are the record's alone."""
    for section, item in (("documents", "d1"), ("bookings", "")):
        news = News(ref=ANA, kind=NoticeKind.OTHER, title="T", section=section, item=item)
        (write,) = as_told(news, LISTED, NOW, IDS)
        assert isinstance(write.record, Notice)
        assert write.record.booking is None
        assert evolve(write.record, read_at=NOW).unread is None


# --- when the mail leaves --------------------------------------------------------------------------------------------


def leaving(**more: Any) -> Noticing:
    """The mail of one notice, a minute after it was queued."""
    notice, mail = told(HostWrite.MOVE, HostAnswer(), MAILED)
    given: dict[str, Any] = {"notice": notice, "person": Reachable(ANA, "+64211234567", "Ana@Example.com"), **more}
    return Noticing(message=mail, wants=given.pop("wants", Preferences()), **given)


def test_it_goes_to_the_email_and_never_to_the_mobile() -> None:
    """As the record has it now."""
    tell = where_to_notify(leaving(), MAILED, NOW)
    assert isinstance(tell, Tell)
    assert (tell.by_sms, tell.address.lower(), tell.diverted) == (False, "ana@example.com", False)


@pytest.mark.parametrize(
    ("more", "note", "shown"),
    [
        ({"notice": None}, "the notice or the record is gone", False),
        ({"person": None}, "the notice or the record is gone", False),
        ({"wants": Preferences(transactional_email=False)}, "the client wants no such mail", False),
        ({"person": Reachable(ANA, "+64211234567", None)}, "the record has no email", False),
        ({"person": Reachable(ANA, None, "")}, "the record has no email", False),
        (
            {"person": Reachable(ANA, None, "ana at example")},
            "the record's email is no address that mail can go to",
            True,
        ),
    ],
)
def test_why_it_does_not_go(more: dict[str, Any], note: str, shown: bool) -> None:
    """Only an address that is none is for staff to see: all else is as somebody wanted it."""
    assert where_to_notify(leaving(**more), MAILED, NOW) == Drop(note, shown_to_staff=shown)


def test_it_does_not_go_too_late_or_where_the_business_has_stopped_mailing() -> None:
    """At the moment at which it expires it has expired; marketing preferences are not asked."""
    expires = leaving().message.expires_at
    assert where_to_notify(leaving(), MAILED, expires) == Drop("expired before it could be sent")
    assert isinstance(where_to_notify(leaving(), MAILED, expires - timedelta(microseconds=1)), Tell)
    assert where_to_notify(leaving(), LISTED, NOW) == Drop("notices go by email no longer")
    unloved = Preferences(transactional_sms=False, marketing_email=False)
    assert isinstance(where_to_notify(leaving(wants=unloved), MAILED, NOW), Tell)


@pytest.mark.requirement("V12")
def test_a_demo_clients_message_goes_to_the_owner() -> None:
    """By email whatever it was; what was not to be sent is not sent; without an address nothing is."""
    owner = Policy(portal=PortalPolicy(demo_address="Mia@kowhai.example"))
    by_sms = Tell(by_sms=True, address="+64219998888", diverted=True, instead=MessageKind.ALREADY_REGISTERED)
    found = to_owner(by_sms, owner)
    assert isinstance(found, Tell)
    assert (found.by_sms, found.address.lower(), found.diverted, found.instead) == (
        False,
        "mia@kowhai.example",
        True,
        MessageKind.ALREADY_REGISTERED,
    )
    assert to_owner(Drop("no"), owner) == Drop("no")
    assert isinstance(to_owner(by_sms, Policy()), Drop)
