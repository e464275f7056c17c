"""Recommendations: what a client has earned, and counting a friend (M10). Rules: ``rules/referring.py``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import HostError, InvalidCursor
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.leaving import held_group
from clientportal.operations.paging import Paged, check_limit
from clientportal.operations.people import group_of, load_candidates, records_of, roots_of, trail_from
from clientportal.operations.sections import OpenSection, open_section, require_section
from clientportal.outcomes.own import ReferralCounted, Referrals
from clientportal.policy import Policy
from clientportal.records import AccountLink, Assignment, ContactHistory, Identifier, Referral
from clientportal.rules.referring import REFERRAL_LINK, Referring, counting, refer, shown_as
from clientportal.rules.whose_contact import is_flagged, keys_of, name_key
from clientportal.values import Appointment, ClientRecord, ContactKey, Money, RecordRef, Secret, When
from clientportal.values.referrals import ReferralCredit

__all__ = ["REFERRALS", "REFERRED", "ByRecommendation", "ListReferrals"]

SECTION = "referrals"
_MOST = 10_000
_PAGE = 200


# --- one's own -------------------------------------------------------------------------------------------------------


@frozen
class ListReferrals(Paged):
    """From which friend on, how many of them."""

    after: str | None = None
    limit: int = field(default=20, converter=check_limit)


async def _load_own(reading: Reading, asked: ListReferrals) -> Referrals:
    opened = await open_section(reading, SECTION)
    if not opened.refs:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("who_may_see.own", (("records", "none"),))))
    told = await reading.state.find_any(Referral, "referrer", sorted(map(str, opened.refs)), limit=_MOST)
    roots = await roots_of(reading, [one.friend_ref for one in told])
    friends = counting(told, roots, frozenset(opened.refs))
    page = _page(friends, asked)
    rows = await records_of(reading, [roots[one.friend_ref] for one in page])
    money, points = await _earned(opened)
    return Referrals(
        link=reading.setup.keys.seal(REFERRAL_LINK, reading.tenant, str(opened.refs[0])),
        referred=len(friends),
        money=money,
        points=points,
        friends=tuple(shown_as(rows.get(roots[one.friend_ref])) for one in page),
        next=str(len(friends) - friends.index(page[-1])) if page and page[-1] is not friends[-1] else None,
    )


def _page(friends: Sequence[Referral], asked: ListReferrals) -> Sequence[Referral]:
    """The friends after the cursor: how many had come by then and including it, counted from the first, so that one
    who comes meanwhile moves nothing.
    """
    if asked.after is None:
        return friends[: asked.limit]
    if not asked.after.isascii() or not asked.after.isdigit() or len(asked.after) > len(str(_MOST)):
        raise InvalidCursor("this is no cursor of this list: hand in the last page's next, as it is")
    start = max(len(friends) - int(asked.after) + 1, 0)
    return friends[start : start + asked.limit]


async def _earned(opened: OpenSection) -> tuple[tuple[Money, ...], int]:
    """The sums: one for each currency, in order, and the points."""
    found: Any = await opened.port.ask("credits", opened.refs)
    if not isinstance(cast("object", found), Sequence):
        raise HostError(f"{SECTION}.credits() answers with a sequence of credits; this is {type(found).__name__}")
    earned: tuple[ReferralCredit, ...] = opened.port.those(found, opened.refs, "credits")
    sums: dict[str, Money] = {}
    for one in earned:
        if one.amount is not None:
            before = sums.get(one.amount.currency, Money(Decimal(0), one.amount.currency))
            sums[one.amount.currency] = before + one.amount
    return tuple(sums[currency] for currency in sorted(sums)), sum(one.points or 0 for one in earned)


def _shown(seen: Referrals, _asked: ListReferrals, _policy: Policy, _now: datetime) -> Decision[Referrals]:
    return grant(seen, Because("referring.counting", (("friends", str(seen.referred)),)))


REFERRALS = Operation[ListReferrals, Referrals, Referrals](
    name="referrals", load=_load_own, decide=_shown, writes=False
)


# --- a friend books --------------------------------------------------------------------------------------------------


@frozen
class ByRecommendation:
    """Which booking, and the link that its visitor came by."""

    appointment_id: str
    link: Secret = field(repr=False)


@frozen
class _Person:
    """Everybody's records who is one person, with their contacts."""

    root: RecordRef
    refs: frozenset[RecordRef]
    rows: Mapping[RecordRef, ClientRecord]
    keys: frozenset[ContactKey]


async def _load_referring(reading: Reading, asked: ByRecommendation) -> Referring:
    await require_section(reading, SECTION)
    referrer = await _referrer(reading, asked.link)
    ids, _ = await trail_from(reading, asked.appointment_id)
    appointment = await reading.host.appointment(ids[-1])
    if appointment is None:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("referring.refer", (("appointment", "none"),))))
    # Held before anything is counted: of two bookings of one person that come at once, the second finds the first's.
    friend = await _person(reading, appointment.ref)
    for name in sorted(map(str, (friend.root, *friend.keys))):
        await reading.state.hold(f"referral:{name}")
    friend = await _with_namesakes(reading, friend)
    known = await reading.state.get_many(Referral, sorted(map(str, friend.refs)))
    return Referring(
        appointment_id=asked.appointment_id,
        friend=friend.root,
        friend_refs=friend.refs,
        referrer=referrer.root,
        referrer_refs=referrer.refs,
        shared=await _proved(reading, friend.keys & referrer.keys),
        accounts=await _accounts(reading, friend, ids) & await _accounts(reading, referrer, ()),
        earlier=await _booked_earlier(reading, friend, appointment, frozenset(ids)),
        known=tuple(known[id] for id in sorted(known)),
    )


def _gone(why: str) -> Denied:
    return Denied(Refusal(Reason.LINK_GONE, Because("referring.refer", (("link", why),))))


async def _referrer(reading: Reading, link: Secret) -> _Person:
    text = reading.setup.keys.unseal(REFERRAL_LINK, reading.tenant, link.reveal())
    if text is None:
        raise _gone("not one of this business")
    # Held against whoever erases the referrer just now: no recommendation of theirs is left behind.
    group = await held_group(reading, RecordRef.parse(text))
    person = await _as_person(reading, group.root, frozenset(group.refs))
    speaker = person.rows.get(person.root)
    if speaker is None or not speaker.usable:
        raise _gone("the client is not there any more")
    return person


async def _person(reading: Reading, ref: RecordRef) -> _Person:
    group = await group_of(reading, ref)
    return await _as_person(reading, group.root, frozenset(group.refs))


async def _as_person(reading: Reading, root: RecordRef, refs: frozenset[RecordRef]) -> _Person:
    rows = await records_of(reading, sorted(refs))
    region = reading.policy.contacts.region
    return _Person(root, refs, rows, frozenset(key for row in rows.values() for key in keys_of(row, region)))


async def _with_namesakes(reading: Reading, person: _Person) -> _Person:
    """The person with every record that has the same name and one of the same contacts: a guest who books again is a
    new record each time.
    """
    names = {name_key(row.name) for row in person.rows.values()} - {""}
    refs = person.refs
    for key in sorted(person.keys):
        found, _ = await load_candidates(reading, key, await reading.state.get(ContactHistory, str(key)))
        for one in found:
            if names & {name_key(member.name) for member in one.members}:
                refs |= one.refs | {member.ref for member in one.members}
    return person if refs == person.refs else await _as_person(reading, person.root, refs)


async def _proved(reading: Reading, keys: frozenset[ContactKey]) -> frozenset[ContactKey]:
    """Those that somebody has proved, and that staff have not flagged as nobody's."""
    found = await reading.state.get_many(ContactHistory, sorted(map(str, keys)))
    return frozenset(
        ContactKey.parse(id) for id, one in found.items() if one.proved_at is not None and not is_flagged(one)
    )


async def _accounts(reading: Reading, person: _Person, appointments: Sequence[str]) -> frozenset[str]:
    """The accounts that see a person: by a link, by an assignment, or by an email that they have proved."""
    refs = sorted(map(str, person.refs))
    links = await reading.state.find_any(AccountLink, "ref", refs, limit=_MOST)
    held = await reading.state.find_any(Assignment, "ref", refs, limit=_MOST)
    owners = await reading.state.get_many(Identifier, sorted(map(str, person.keys)))
    own = await reading.state.get_many(Assignment, sorted(appointments))
    return frozenset(
        (
            *(one.account for one in links if one.revoked_at is None),
            *(one.account for one in held),
            *(one.account for one in owners.values() if one.proved_at is not None),
            *(one.account for one in own.values()),
        )
    )


async def _booked_earlier(reading: Reading, person: _Person, this: Appointment, ids: frozenset[str]) -> bool:
    """Whether the person has made another booking before this one; of two made at one moment the lesser id is first."""
    for when in When:
        after: str | None = None
        while True:
            page = await reading.host.appointments(sorted(person.refs), when, reading.now, after, _PAGE)
            if any((one.made_at, one.id) < (this.made_at, this.id) for one in page.items if one.id not in ids):
                return True
            after = page.next
            if after is None:
                break
    return False


def _decide_referring(
    seen: Referring, _asked: ByRecommendation, _policy: Policy, now: datetime
) -> Decision[ReferralCounted]:
    return refer(seen, now)


REFERRED = Operation[ByRecommendation, Referring, ReferralCounted](
    name="referred",
    load=_load_referring,
    decide=_decide_referring,
    subject=lambda asked: asked.appointment_id[:200],
)
