"""To whom does this message go, by which channel; or why not?

Decided when a message leaves, not when it was asked for: that is how asking for a code can look the same for everybody,
and how the channel is the one that the record has *at the time of sending* (V3).

The attack on the other channel, where the first one fails: whoever has one contact of a client, an old mailbox perhaps,
waits for the moment in which the other cannot be reached. So what proves a certain contact goes there or nowhere: a
code that was asked for by number never goes to an email. A code that was asked for by email, and went to the record's
mobile, may go to that email, which is what was typed, where the policy says "SMS, else email". What is sent to a
record, and proves nothing, may go to its other contact, if that has not been changed since the first try.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, frozen

from clientportal.errors import InvalidContact
from clientportal.policy import Delivery, Policy, UnknownIdentity
from clientportal.records import Challenge, MessageKind, OutboxMessage
from clientportal.values import ContactKey, ContactKind, Email, Phone, RecordRef, parse_email, parse_phone
from clientportal.values.channels import Channel

__all__ = [
    "Drop",
    "Reachable",
    "Tell",
    "Telling",
    "may_be_sent_to",
    "other_way",
    "to_owner",
    "way_left",
    "whom_to_tell",
]


@frozen
class Reachable:
    """One person whom the message may be for: the record that speaks, and its contacts as stored."""

    ref: RecordRef
    mobile: str | None
    email: str | None
    demo: bool = False


@frozen
class Telling:
    """Everything read about one message that is about to leave.

    ``too_many`` and ``flagged``: the contact identifies nobody; it is on too many records, or staff have said so (X4).
    """

    message: OutboxMessage
    people: tuple[Reachable, ...]
    challenge: Challenge | None = None
    too_many: bool = False
    flagged: bool = False


@frozen
class Tell:
    """Send it there. ``diverted`` says that this is not the contact that was typed: its own budget is spent then.

    ``instead`` is another text than the one that was asked for: whoever typed somebody else's email is told nothing,
    and its owner that this was tried.
    """

    by_sms: bool
    address: str
    diverted: bool
    instead: MessageKind | None = None

    @property
    def channel(self) -> Channel:
        """By which it goes."""
        return Channel.SMS if self.by_sms else Channel.EMAIL


@frozen
class Drop:
    """Do not send it; ``note`` is for staff. ``shown_to_staff``: among what could not be delivered."""

    note: str
    shown_to_staff: bool = False


def to_owner(tell: Tell | Drop, policy: Policy) -> Tell | Drop:
    """Where a message to a demo client goes after all: to the owner's own address, whatever contact the row has (V12).

    What stands in the row may be anybody's: an owner who tries a number out must not write to a stranger.
    """
    if isinstance(tell, Drop):
        return tell
    owner = policy.portal.demo_address
    if owner is None:
        return Drop("a demo client is reached at portal.demo_address alone, and there is none")
    return evolve(tell, by_sms=False, address=parse_email(owner).address)


def whom_to_tell(seen: Telling, policy: Policy, now: datetime) -> Tell | Drop:
    """Decide where one message goes.

    A code is dropped where it could not be used any more: spent, expired, or replaced by a later one of the same
    handle. A code for a contact that nobody has is sent only where unknown clients get a record of their own (T6); else
    it is dropped here, where nobody is waiting for the answer (V1).
    """
    message = seen.message
    if now >= message.expires_at:
        return Drop("expired before it could be sent")
    if message.challenge_id is not None:
        challenge = seen.challenge
        if challenge is None or not challenge.open_at(now):
            return Drop("the code is used or expired")
        if challenge.send_number != message.send_number:
            return Drop("a newer code replaced this one")
    if seen.flagged:
        return Drop("flagged as nobody's by staff")
    if seen.too_many:
        return Drop("on too many records to be anybody's")
    identity = ContactKey.parse(message.to) if message.to is not None else None
    if identity is None:
        return _reach(seen.people, policy)
    if message.kind in _TO_THIS_CONTACT:
        return Tell(by_sms=identity.kind is not ContactKind.EMAIL, address=identity.value, diverted=False)
    unknown_get_codes = message.kind is MessageKind.LOGIN_CODE and policy.login.unknown is UnknownIdentity.CREATE_EMPTY
    if not seen.people and not unknown_get_codes:
        return Drop("nobody has this contact")
    if identity.kind is not ContactKind.EMAIL:
        return Tell(by_sms=True, address=identity.value, diverted=False)
    by_sms = policy.login.delivery in (Delivery.SMS, Delivery.SMS_ELSE_EMAIL)
    # These prove one certain contact; a code that went elsewhere would prove nothing of it.
    if by_sms and message.kind not in (MessageKind.SECOND_PROOF_CODE, MessageKind.CLAIM_CODE):
        mobile = _shared_mobile(seen.people, policy)
        if mobile is not None:
            return Tell(by_sms=True, address=mobile.e164, diverted=True)
        if policy.login.delivery is Delivery.SMS:
            return Drop("codes go by SMS alone, and there is no mobile that all of these records have")
    return Tell(by_sms=False, address=_stored_address(identity, seen.people), diverted=False)


_TO_THIS_CONTACT = frozenset({MessageKind.CHANGE_CONTACT_CODE, MessageKind.CONTACT_CHANGED})
"""These go to a contact that no record has yet, or any more (M7)."""


def may_be_sent_to(contact: Phone | Email, policy: Policy) -> bool:
    """Whether the business sends there at all.

    Premium, unknown and foreign numbers cost it money on a stranger's word (toll fraud).
    """
    if isinstance(contact, Email):
        return True
    regions = policy.contacts.allowed_regions
    return contact.type in policy.contacts.allowed_types and (not regions or contact.region in regions)


def _texted(raw: str | None, policy: Policy) -> Phone | None:
    """The number, if it is a valid mobile that the policy lets us send to."""
    if not raw:
        return None
    try:
        phone = parse_phone(raw, region=policy.contacts.region)
    except InvalidContact:
        return None
    return phone if phone.can_text and may_be_sent_to(phone, policy) else None


def _shared_mobile(people: Sequence[Reachable], policy: Policy) -> Phone | None:
    """The mobile of the record; of several records under one email only one that they all have (V3)."""
    phones = [_texted(person.mobile, policy) for person in people]
    if not phones or phones[0] is None or any(phone is None or phone.e164 != phones[0].e164 for phone in phones):
        return None
    return phones[0]


def _stored_address(identity: ContactKey, people: Sequence[Reachable]) -> str:
    """The address as it is stored, not as a visitor typed it: look-alikes of it are other keys and never get here."""
    for person in sorted(people, key=lambda one: one.ref):
        if person.email:
            try:
                email = parse_email(person.email)
            except InvalidContact:
                continue
            if email.key() == identity:
                return email.address
    return identity.value


def _reach(people: Sequence[Reachable], policy: Policy) -> Tell | Drop:
    """A message to a record, not to a contact: by SMS where codes go by SMS and there is a mobile, else by email."""
    if not people:
        return Drop("the record is gone")
    ways = _ways_to(people[0], policy)
    return ways[0] if ways else Drop("the record has no contact that can be reached")


def _ways_to(person: Reachable, policy: Policy) -> tuple[Tell, ...]:
    """Both contacts of a record that can be reached, the better one first."""
    ways: list[Tell] = []
    phone = _texted(person.mobile, policy)
    if phone is not None:
        ways.append(Tell(by_sms=True, address=phone.e164, diverted=True))
    if person.email:
        try:
            ways.append(Tell(by_sms=False, address=parse_email(person.email).address, diverted=True))
        except InvalidContact:
            return tuple(ways)
    return tuple(reversed(ways)) if policy.login.delivery is Delivery.EMAIL else tuple(ways)


# --- when the first way fails ----------------------------------------------------------------------------------------


def other_way(seen: Telling, first: Tell, policy: Policy) -> Tell | None:
    """By what else a message may go that cannot be delivered the first way; ``None`` where that would prove less."""
    if not policy.messages.fall_back:
        return None
    if seen.message.to is None:
        return next((way for way in _ways_to(seen.people[0], policy) if way.by_sms != first.by_sms), None)
    if first.diverted and policy.login.delivery is Delivery.SMS_ELSE_EMAIL:
        return Tell(
            by_sms=False, address=_stored_address(ContactKey.parse(seen.message.to), seen.people), diverted=False
        )
    return None


def way_left(message: OutboxMessage, first: Tell | Drop, other: Tell | None) -> Tell | Drop:
    """The way that has not failed yet. Where there is none, staff are shown that the message did not arrive."""
    if isinstance(first, Drop):
        return first
    for way in (first, other):
        if way is not None and way.channel.value not in message.failed:
            return way
    return Drop(f"{message.note or 'it did not arrive'}; there is no other way to this client", shown_to_staff=True)
