"""Clients replace a contact of their own by a proof of the new one, and the earlier one puts itself back (M7). Rules:
``rules/own_details.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import Conflict
from clientportal.keyring import digest
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.fresh_sessions import NOBODY, fresh_session
from clientportal.operations.own_details import IndexedRows, and_index, details_of, indexed, need_update, own_group
from clientportal.operations.people import Group, group_of, records_of
from clientportal.operations.portraits import Portrait, portrait
from clientportal.operations.requesting_codes import code_request, read_any_contact
from clientportal.operations.typed_codes import TypedCode, judge_typed
from clientportal.outcomes import CodeSent
from clientportal.outcomes.own import ContactReplaced
from clientportal.policy import Policy
from clientportal.records import AccountLink, ContactChange, ContactHistory, Purpose, Session
from clientportal.rules.own_details import (
    CONTACT_LINK,
    Replacing,
    TakingBackContact,
    judge_field,
    judge_freshness,
    put_back,
    replace_contact,
)
from clientportal.rules.signing_in import CodeRequest, SignIn, refuse_code, request_code, spend_code
from clientportal.rules.whose_contact import contact_key
from clientportal.values import ContactKey, RecordRef, Secret, mask

__all__ = [
    "CONFIRM_CONTACT_CHANGE",
    "LOOK_AT_CONTACT_CHANGE",
    "REQUEST_CONTACT_CHANGE",
    "REVERT_CONTACT_CHANGE",
    "AskContactChange",
    "ByContactLink",
]

_MOST = 10_000


# --- a new contact, proved by a code ---------------------------------------------------------------------------------


@frozen
class AskContactChange:
    """The new mobile or email, as its holder types it."""

    contact: str = field(repr=False)


def _lane(session: Session) -> str:
    """Budgets of its own, one for each contact that was proved: logging in again gives no further tries."""
    return f"contact:{digest(session.identity)[:32]}"


async def _load_request(reading: Reading, asked: AskContactChange) -> CodeRequest:
    caller, group = await own_group(reading, "change_contact")
    contact, new = read_any_contact(asked.contact, reading.policy)
    no = judge_field(new.kind.value, reading.policy, proved=True)
    no = no or judge_freshness(caller.session, reading.policy, reading.now)
    if no is not None:
        raise Denied(no)
    if any(row.demo for row in (await records_of(reading, group.refs)).values()):
        # What is typed into a client that nobody is may be anybody's number.
        raise Denied(Refusal(Reason.CONTACT_NOT_ALLOWED, Because("own_details.request", (("demo client", "yes"),))))
    session = caller.session
    return await code_request(
        reading,
        contact,
        new,
        _lane(session),
        purpose=Purpose.CHANGE_CONTACT,
        bound_to=session.id,
    )


REQUEST_CONTACT_CHANGE = Operation[AskContactChange, CodeRequest, CodeSent](
    name="request_contact_change",
    load=_load_request,
    decide=lambda seen, _asked, policy, now: request_code(seen, policy, now),
    subject=lambda asked: mask(asked.contact.strip()[:254]),
    durable=True,
    previewable=False,
)


@frozen
class _Typed:
    sign_in: SignIn
    replacing: Replacing | None = None
    index: IndexedRows | None = None


async def _load_confirming(reading: Reading, typed: TypedCode) -> _Typed:
    caller, group = await own_group(reading, "change_contact")
    sign_in = await judge_typed(
        reading,
        typed,
        accepts=lambda one: one.purpose is Purpose.CHANGE_CONTACT and one.bound_to == caller.session.id,
        fresh=lambda _: fresh_session(reading, NOBODY),
    )
    challenge = sign_in.challenge
    because = Because("own_details.replace_contact")
    if challenge is None or refuse_code(sign_in, because, reading.policy, reading.now) is not None:
        return _Typed(sign_in)
    new = ContactKey.parse(challenge.identity)
    earlier = _earlier(reading, await portrait(reading, group), new)
    # The earlier one as well: a login that it is about to open is among the sessions that end here, or finds it gone.
    for key in sorted({new, earlier or new}):
        await reading.state.hold(f"contact:{key}")
    seen = await portrait(reading, group)
    before = seen.fields[new.kind.value].value
    if _earlier(reading, seen, new) != earlier:
        raise Conflict("the contact was changed meanwhile")
    details = await details_of(reading, caller, group, {new.kind.value: new.value})
    replacing = Replacing(
        details=details,
        refs=frozenset(group.refs),
        new=new,
        before=before,
        history=await reading.state.get(ContactHistory, str(new)),
        others=await _opened_by(reading, group, earlier, caller.session),
        spent=spend_code(sign_in, challenge, reading.policy, reading.now),
        change_id=reading.fresh_id(),
        message_id=reading.fresh_id(),
        key_id=reading.setup.keys.signing_id,
    )
    reading.session = None
    return _Typed(sign_in, replacing, await indexed(reading, details.records))


def _earlier(reading: Reading, seen: Portrait, new: ContactKey) -> ContactKey | None:
    """What the new contact takes the place of."""
    before = seen.fields[new.kind.value].value
    return contact_key(new.kind, before, reading.policy.contacts.region) if before else None


async def _opened_by(reading: Reading, group: Group, earlier: ContactKey | None, mine: Session) -> tuple[Session, ...]:
    """The other sessions that the earlier contact has opened for this client."""
    if earlier is None:
        return ()
    found = await reading.state.find_any(Session, "identity", [str(earlier)], limit=_MOST)
    return tuple(one for one in found if one.id != mine.id and _shows(one, group.refs))


def _shows(session: Session, refs: Sequence[RecordRef]) -> bool:
    return session.entry_ref in refs or not frozenset(refs).isdisjoint(session.own)


def _decide_confirming(seen: _Typed, _typed: TypedCode, policy: Policy, now: datetime) -> Decision[ContactReplaced]:
    if seen.replacing is None or seen.index is None:
        no = refuse_code(
            seen.sign_in, Because("own_details.replace_contact", (("code", seen.sign_in.verdict.value),)), policy, now
        )
        assert no is not None
        return no
    return and_index(replace_contact(seen.replacing, policy, now), seen.index, policy, now)


CONFIRM_CONTACT_CHANGE = Operation[TypedCode, _Typed, ContactReplaced](
    name="confirm_contact_change",
    load=_load_confirming,
    decide=_decide_confirming,
    durable=True,
    previewable=False,
)


# --- the earlier contact puts itself back ----------------------------------------------------------------------------


@frozen
class ByContactLink:
    """What the earlier contact got."""

    link: Secret = field(repr=False)


def _gone(why: str) -> Denied:
    return Denied(Refusal(Reason.LINK_GONE, Because("own_details.put_back", (("link", why),))))


async def _read_link(reading: Reading, link: Secret, *, lock: bool) -> ContactChange:
    claims = reading.setup.keys.verify(CONTACT_LINK, link.reveal())
    if claims is None or claims.get("t") != reading.tenant:
        raise _gone("not one of this business")
    change = await reading.state.get(ContactChange, str(claims["i"]), lock=lock)
    if change is None or change.spent or reading.now >= change.expires_at:
        raise _gone("used, or too old")
    return change


async def _load_look(reading: Reading, asked: ByContactLink) -> ContactReplaced:
    change = await _read_link(reading, asked.link, lock=False)
    return ContactReplaced(change.field, mask(change.before))


LOOK_AT_CONTACT_CHANGE = Operation[ByContactLink, ContactReplaced, ContactReplaced](
    name="look_at_contact_change",
    load=_load_look,
    decide=lambda seen, _asked, _policy, _now: grant(seen, Because("own_details.put_back", (("only", "looked at"),))),
    writes=False,
)


@frozen
class _PuttingBack:
    seen: TakingBackContact
    index: IndexedRows


async def _load_putting_back(reading: Reading, asked: ByContactLink) -> _PuttingBack:
    need_update(reading)
    change = await _read_link(reading, asked.link, lock=True)
    reading.actor = f"link:{change.ref}"
    group = await group_of(reading, change.record_ref)
    rows = await records_of(reading, [change.record_ref])
    refs = sorted(map(str, group.refs))
    sessions = {one.id: one for one in await reading.state.find_any(Session, "entry", refs, limit=_MOST)}
    for one in await reading.state.find_any(Session, "identity", [change.after], limit=_MOST):
        if _shows(one, group.refs):
            sessions[one.id] = one
    changes = await reading.state.find(ContactChange, "ref", [change.ref], limit=_MOST)
    links = await reading.state.find_any(AccountLink, "ref", refs, limit=_MOST)
    seen = TakingBackContact(
        change=change,
        row=rows.get(change.record_ref),
        sessions=tuple(sessions[id] for id in sorted(sessions)),
        later=tuple(one for one in changes if one.field == change.field and one.at >= change.at),
        links=tuple(one for one in links if one.revoked_at is None and one.made_at >= change.at),
        intent_id=reading.fresh_id(),
    )
    return _PuttingBack(seen, await indexed(reading, tuple(rows.values())))


REVERT_CONTACT_CHANGE = Operation[ByContactLink, _PuttingBack, ContactReplaced](
    name="revert_contact_change",
    load=_load_putting_back,
    decide=lambda seen, _asked, policy, now: and_index(put_back(seen.seen, now), seen.index, policy, now),
    durable=True,
    previewable=False,
)
