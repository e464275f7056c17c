"""Clients change their own details, and replace a contact by a proof of the new one (M7). Rules:
``rules/own_details.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import InvalidField, InvalidInput, MissingCapability
from clientportal.keyring import digest, new_secret
from clientportal.operations.adding_clients import index_after
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.people import Group, Principal, group_of, principal, records_of
from clientportal.operations.portraits import portrait
from clientportal.operations.sections import require_section
from clientportal.operations.signing_in import code_request, fresh_session, read_any_contact
from clientportal.operations.typed_codes import TypedCode, judge_typed
from clientportal.outcomes import CodeSent
from clientportal.outcomes.own import ContactReplaced, DetailsChanged
from clientportal.policy import Policy
from clientportal.records import (
    AccountLink,
    ContactChange,
    ContactEntry,
    ContactHistory,
    Purpose,
    Receipt,
    Session,
)
from clientportal.rules.client_fields import read_change
from clientportal.rules.matching_keys import index_keys
from clientportal.rules.own_details import (
    CONTACT_LINK,
    ChangingDetails,
    Replacing,
    TakingBackContact,
    change_details,
    judge_field,
    judge_freshness,
    put_back,
    replace_contact,
)
from clientportal.rules.signing_in import CodeRequest, SignIn, refuse_code, request_code, spend_code
from clientportal.rules.whose_contact import contact_key
from clientportal.values import (
    CLIENT_FIELDS,
    ClientRecord,
    ContactKey,
    ContactKind,
    FieldValue,
    RecordRef,
    Secret,
    mask,
)

__all__ = [
    "CHANGE_DETAILS",
    "CONFIRM_CONTACT_CHANGE",
    "LOOK_AT_CONTACT_CHANGE",
    "REQUEST_CONTACT_CHANGE",
    "REVERT_CONTACT_CHANGE",
    "AskContactChange",
    "ByContactLink",
    "ChangeDetails",
]

T = TypeVar("T")

_MOST = 10_000
_NOBODY = ContactKey(ContactKind.EMAIL, "")
"""Proving a new contact makes no device a known one."""


# --- typed details ---------------------------------------------------------------------------------------------------


def _plain(value: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    given = cast("object", value)
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in cast("Mapping[object, Any]", given)):
        raise InvalidInput("changes is a mapping from the names of fields, such as {'first_name': 'Ana'}")
    return dict(cast("Mapping[str, FieldValue]", given))


@frozen
class ChangeDetails:
    """What was typed, by the names of the six fields."""

    changes: Mapping[str, FieldValue] = field(repr=False, converter=_plain)


@frozen
class _Index:
    """The rows that may be written, and what the contact index says of them."""

    rows: tuple[ClientRecord, ...]
    entries: tuple[ContactEntry, ...]
    one_commit: bool


@frozen
class _Changing:
    seen: ChangingDetails
    index: _Index


def _need(reading: Reading) -> None:
    if not reading.setup.host.capabilities.update_client:
        raise MissingCapability("changing one's details needs a host that declares update_client", (), "update_client")


async def _own_group(reading: Reading, action: str) -> tuple[Principal, Group]:
    caller = await principal(reading)
    await require_section(reading, "account", action)
    _need(reading)
    if caller.group is None:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("own_details.own_group", (("record", "none is shown"),))))
    return caller, caller.group


async def _details(
    reading: Reading, caller: Principal, group: Group, fields: Mapping[str, FieldValue]
) -> ChangingDetails:
    seen = await portrait(reading, group)
    return ChangingDetails(
        root=group.root,
        records=seen.records,
        ways=seen.ways,
        fields=fields,
        session=caller.session,
        actor=reading.actor,
        intent_id=reading.fresh_id(),
    )


async def _indexed(reading: Reading, rows: Sequence[ClientRecord]) -> _Index:
    entries = await reading.state.find_any(ContactEntry, "ref", sorted(str(one.ref) for one in rows), limit=_MOST)
    return _Index(tuple(rows), tuple(entries), reading.setup.host.shares_transaction)


async def _load_changing(reading: Reading, asked: ChangeDetails) -> _Changing:
    caller, group = await _own_group(reading, "change_details")
    for name in asked.changes:
        if name not in CLIENT_FIELDS:
            raise InvalidField(f"{name!r:.60}", f"there is no such field; there are {', '.join(CLIENT_FIELDS)}")
        no = judge_field(name, reading.policy, proved=False)
        if no is not None:
            raise Denied(no)
    change, _ = read_change("", asked.changes, {}, reading.policy)
    seen = await _details(reading, caller, group, change.fields)
    return _Changing(seen, await _indexed(reading, seen.records))


def _and_index(decision: Decision[T], index: _Index, policy: Policy, now: datetime) -> Decision[T]:
    """The same decision with the contact index as it is after the write."""
    intent = decision.asks
    if intent is None or intent.for_ref is None or intent.change is None:
        return decision
    row = next(one for one in index.rows if one.ref == intent.for_ref)
    wanted = index_keys(intent.change.applied_to(row, now), policy).keys
    known = [one for one in index.entries if one.ref == str(row.ref)]
    return decision.and_also(*index_after(row.ref, wanted, known, forget=index.one_commit))


def _decide_changing(seen: _Changing, _asked: ChangeDetails, policy: Policy, now: datetime) -> Decision[DetailsChanged]:
    return _and_index(change_details(seen.seen, policy, now), seen.index, policy, now)


async def _replay_changing(_reading: Reading, _asked: ChangeDetails, receipt: Receipt) -> Decision[DetailsChanged]:
    outcome = DetailsChanged(RecordRef.parse(receipt.result["ref"]), tuple(receipt.result["fields"].split("\n")))
    return grant(outcome, Because("performing.perform", (("receipt", "found"),)))


CHANGE_DETAILS = Operation[ChangeDetails, _Changing, DetailsChanged](
    name="update_profile",
    load=_load_changing,
    decide=_decide_changing,
    keyed=Keyed(
        lambda outcome: {"ref": str(outcome.ref), "fields": "\n".join(outcome.fields)},
        _replay_changing,
        admit=principal,
    ),
)


# --- a new contact, proved by a code ---------------------------------------------------------------------------------


@frozen
class AskContactChange:
    """The new mobile or email, as its holder types it."""

    contact: str = field(repr=False)


def _lane(session: Session) -> str:
    """Budgets of its own, one for each contact that was proved: logging in again gives no further tries."""
    return f"contact:{digest(session.identity)[:32]}"


async def _load_request(reading: Reading, asked: AskContactChange) -> CodeRequest:
    caller, group = await _own_group(reading, "change_contact")
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
        None,
        new_secret(),
        None,
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
    index: _Index | None = None


async def _load_confirming(reading: Reading, typed: TypedCode) -> _Typed:
    caller, group = await _own_group(reading, "change_contact")
    sign_in = await judge_typed(
        reading,
        typed,
        accepts=lambda one: one.purpose is Purpose.CHANGE_CONTACT and one.bound_to == caller.session.id,
        fresh=lambda _: fresh_session(reading, _NOBODY),
    )
    challenge = sign_in.challenge
    because = Because("own_details.replace_contact")
    if challenge is None or refuse_code(sign_in, because, reading.policy, reading.now) is not None:
        return _Typed(sign_in)
    new = ContactKey.parse(challenge.identity)
    await reading.state.hold(f"contact:{new}")
    seen = await portrait(reading, group)
    before = seen.fields[new.kind.value].value
    details = await _details(reading, caller, group, {new.kind.value: new.value})
    replacing = Replacing(
        details=details,
        refs=frozenset(group.refs),
        new=new,
        before=before,
        history=await reading.state.get(ContactHistory, str(new)),
        others=await _opened_by(reading, group, new.kind, before, caller.session),
        spent=spend_code(sign_in, challenge, reading.policy, reading.now),
        change_id=reading.fresh_id(),
        message_id=reading.fresh_id(),
        key_id=reading.setup.keys.signing_id,
    )
    reading.session = None
    return _Typed(sign_in, replacing, await _indexed(reading, details.records))


async def _opened_by(
    reading: Reading, group: Group, kind: ContactKind, before: str | None, mine: Session
) -> tuple[Session, ...]:
    """The other sessions that the earlier contact has opened for this client."""
    earlier = contact_key(kind, before, reading.policy.contacts.region) if before else None
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
    return _and_index(replace_contact(seen.replacing, policy, now), seen.index, policy, now)


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
    index: _Index


async def _load_putting_back(reading: Reading, asked: ByContactLink) -> _PuttingBack:
    _need(reading)
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
    return _PuttingBack(seen, await _indexed(reading, tuple(rows.values())))


REVERT_CONTACT_CHANGE = Operation[ByContactLink, _PuttingBack, ContactReplaced](
    name="revert_contact_change",
    load=_load_putting_back,
    decide=lambda seen, _asked, policy, now: _and_index(put_back(seen.seen, now), seen.index, policy, now),
    durable=True,
    previewable=False,
)
