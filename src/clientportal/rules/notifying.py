"""What is a client told of, in the list and by email; and where does such an email go? (V10, V13)

The attacks: somebody who has a client's session for a moment makes the business mail words of theirs to the client: so
the portal's own notices say what happened in the catalogue's words, with the service and the time, and nothing that a
client has typed. Somebody changes the email of a record to read along: so the address is looked up when the mail
leaves, as codes do (V3), and what guards an account is no notice and asks nobody's preference (M11).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from attrs import field, frozen

from clientportal.errors import InvalidContact
from clientportal.policy import Policy
from clientportal.records import HostWrite, Intent, MessageKind, Notice, NoticeKind, OutboxMessage, Put, Write
from clientportal.rules.preferring import may_send
from clientportal.rules.whom_to_tell import Drop, Reachable, Tell
from clientportal.values import AnswerKind, Appointment, HostAnswer, RecordRef, in_zone, parse_email
from clientportal.values.channels import Channel
from clientportal.values.preferences import Preferences

__all__ = ["NOTICE_LIFE", "News", "Noticing", "as_told", "keeps_notices", "noticed", "where_to_notify"]

NOTICE_LIFE = timedelta(days=365)
"""How long a notice is listed†: what it leads to is there without it."""


@frozen(kw_only=True)
class News:
    """What a record is to be told. ``title`` and ``text`` are a platform's own words; else ``facts`` fill the usual."""

    ref: RecordRef
    kind: NoticeKind
    title: str = ""
    text: str = field(default="", repr=False)
    section: str = ""
    item: str = ""
    business: str = ""
    facts: Mapping[str, str] = field(factory=dict[str, str])


def keeps_notices(policy: Policy) -> bool:
    """Whether anybody would ever read what happens: nothing is kept of a client for nobody."""
    return policy.portal.notices_by_email or "notifications" in policy.visibility.sections


def as_told(news: News, policy: Policy, at: datetime, ids: tuple[str, str]) -> tuple[Write, ...]:
    """The notice, and its email where the business mails them, in one commit (I5). ``ids`` are of the two."""
    notice = Notice(
        id=ids[0],
        ref=str(news.ref),
        at=at,
        kind=news.kind,
        title=news.title,
        text=news.text,
        section=news.section,
        item=news.item,
        booking=news.item if news.section == "bookings" and news.item else None,
        business=news.business,
        facts=news.facts,
        forget_at=at + NOTICE_LIFE,
    )
    if not policy.portal.notices_by_email:
        return (Put(notice),)
    mail = OutboxMessage(
        id=ids[1],
        kind=MessageKind.NOTICE,
        ref=notice.ref,
        facts={"notice": notice.id},
        created_at=at,
        due_at=at,
        expires_at=at + policy.messages.notice_life,
    )
    return (Put(notice), Put(mail))


_OF_APPOINTMENTS: Mapping[HostWrite, NoticeKind] = {
    HostWrite.MOVE: NoticeKind.APPOINTMENT_MOVED,
    HostWrite.CANCEL: NoticeKind.APPOINTMENT_CANCELLED,
    HostWrite.BOOK: NoticeKind.APPOINTMENT_BOOKED,
}


def noticed(intent: Intent, answer: HostAnswer, policy: Policy, ids: tuple[str, str]) -> tuple[Write, ...]:
    """What follows from a write of the host's that a client hears of: an appointment booked, moved or cancelled through
    the portal, by themself or by staff.

    The record is told whose appointment it is, by its own name. What the business has still to agree to is told as
    asked for, and nothing of what the host declined.
    """
    kind = _OF_APPOINTMENTS.get(intent.write)
    about = answer.appointment or intent.appointment
    if kind is None or about is None or not keeps_notices(policy):
        return ()
    if answer.kind is AnswerKind.WAITS:
        kind = NoticeKind.CHANGE_REQUESTED
    elif answer.kind is not AnswerKind.DONE:
        return ()
    ref = (intent.for_ref if answer.appointment is None else None) or about.ref
    news = News(ref=ref, kind=kind, section="bookings", item=about.id, business=about.business, facts=_facts(about))
    return as_told(news, policy, intent.asked_at, ids)


def _facts(about: Appointment) -> dict[str, str]:
    return {
        "service": about.service_name or about.service_id,
        "when": f"{in_zone(about.start, about.zone):%Y-%m-%d %H:%M}",
    }


# --- when the mail leaves ------------------------------------------------------------------------------------------


@frozen
class Noticing:
    """Everything read about one notice that is about to leave by email.

    ``notice`` is ``None`` where it was forgotten or erased meanwhile, ``person`` where the record is gone.
    """

    message: OutboxMessage
    notice: Notice | None
    person: Reachable | None
    wants: Preferences


def where_to_notify(seen: Noticing, policy: Policy, now: datetime) -> Tell | Drop:
    """Decide where one notice goes: to the email that the client has now, if they want such mail and have not read it.

    An address that is none is shown to staff: nobody else would ever learn that this client hears of nothing.
    """
    if now >= seen.message.expires_at:
        return Drop("expired before it could be sent")
    if not policy.portal.notices_by_email:
        return Drop("notices go by email no longer")
    if seen.notice is None or seen.person is None:
        return Drop("the notice or the record is gone")
    if not may_send(seen.message.kind, Channel.EMAIL, seen.wants):
        return Drop("the client wants no such mail")
    if not seen.person.email:
        return Drop("the record has no email")
    try:
        return Tell(by_sms=False, address=parse_email(seen.person.email).address, diverted=False)
    except InvalidContact:
        return Drop("the record's email is no address that mail can go to", shown_to_staff=True)
