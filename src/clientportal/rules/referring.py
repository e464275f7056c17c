"""Does this booking count as a friend's first, and who counts today? (M10)

The attacks, all of them for money:

* Somebody books by their own link: as themselves, from a second record, or from a second account. So whoever is the
  same person by the merges, is seen by the same account, or has a contact that one of them has proved, is oneself.
* A regular client books by a friend's link, or a new one books again and again. So only the first of all bookings of a
  person counts, and every record with the same name and a common contact is that person.
* Two bookings at once, or a host that tells twice. The friend's record is the id of what is stored: there is one.
* Staff find out later that the friend is the referrer, and merge the two. From then on the friend does not count; after
  an undo, again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import frozen

from clientportal.decisions import Because, Decision, HostEvent, grant
from clientportal.outcomes.own import Friend, ReferralCounted
from clientportal.records import Put, Referral
from clientportal.values import ClientRecord, ContactKey, RecordRef

__all__ = ["REFERRAL_LINK", "Referring", "counting", "refer", "shown_as"]

REFERRAL_LINK = "referral"
"""What a personal link is sealed for."""


@frozen
class Referring:
    """What is read when a platform tells of a booking by somebody's link.

    ``friend`` is everybody's record who has booked here: the ref that speaks, ``friend_refs`` all that are the same
    person. ``shared`` are proved contacts that friend and referrer have in common, ``accounts`` accounts that see both.
    ``earlier`` says that the person has booked before; ``known`` what is stored of any of their records.
    """

    appointment_id: str
    friend: RecordRef
    friend_refs: frozenset[RecordRef]
    referrer: RecordRef
    referrer_refs: frozenset[RecordRef]
    shared: frozenset[ContactKey]
    accounts: frozenset[str]
    earlier: bool
    known: tuple[Referral, ...]


def refer(seen: Referring, now: datetime) -> Decision[ReferralCounted]:
    """Count the friend, or say why not. Told twice of one booking, it answers the same and does nothing more."""
    facts = (
        ("friend", str(seen.friend)),
        ("referrer", str(seen.referrer)),
        ("same person", _yes(bool(seen.friend_refs & seen.referrer_refs))),
        ("proved contacts in common", str(len(seen.shared))),
        ("accounts in common", str(len(seen.accounts))),
        ("booked before", _yes(seen.earlier)),
        ("referred before", _yes(bool(seen.known))),
    )
    because = Because("referring.refer", facts)
    same = [one for one in seen.known if one.appointment_id == seen.appointment_id]
    if same:
        # By whichever link it was told the first time: that one holds.
        return grant(ReferralCounted(True, seen.friend, same[0].referrer_ref, already=True), because)
    why = _why_not(seen)
    if why:
        return grant(ReferralCounted(False, seen.friend, seen.referrer, why), because)
    record = Referral(id=str(seen.friend), referrer=str(seen.referrer), appointment_id=seen.appointment_id, at=now)
    event = HostEvent(
        "referred",
        (("referrer", str(seen.referrer)), ("friend", str(seen.friend)), ("appointment", seen.appointment_id)),
    )
    return grant(ReferralCounted(True, seen.friend, seen.referrer), because, (Put(record),), events=(event,))


def _why_not(seen: Referring) -> str:
    if seen.friend_refs & seen.referrer_refs or seen.shared or seen.accounts:
        return "oneself"
    if seen.known:
        return "referred_already"
    return "not_first" if seen.earlier else ""


def counting(
    told: Sequence[Referral], roots: Mapping[RecordRef, RecordRef], mine: frozenset[RecordRef]
) -> tuple[Referral, ...]:
    """Those that count today, latest first: each friend once, whoever speaks for them by now, and never oneself."""
    people: dict[RecordRef, Referral] = {}
    for one in sorted(told, key=lambda one: (one.at, one.id)):
        person = roots.get(one.friend_ref, one.friend_ref)
        if person not in mine:
            people.setdefault(person, one)
    return tuple(sorted(people.values(), key=lambda one: (one.at, one.id), reverse=True))


def shown_as(record: ClientRecord | None) -> Friend:
    """A friend as the one who recommended may know them: the first name, and the initial of the last."""
    words = record.name.split() if record is not None else []
    return Friend(" ".join([*words[:1], *(f"{last[0]}." for last in words[1:][-1:])]))


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
