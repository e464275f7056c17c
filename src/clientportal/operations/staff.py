"""What else staff do: explain, unblock, give a number back, send links, read the audit, try another policy."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.operations.accounts import account_by_email
from clientportal.operations.changing import load_changes, load_changing
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.paging import Paged, check_limit
from clientportal.operations.people import group_of, load_candidates
from clientportal.operations.requesting_codes import read_any_contact
from clientportal.outcomes import AuditLine, ChangeExplained, ChangeTerms, ContactExplained
from clientportal.policy import Policy
from clientportal.ports import Page
from clientportal.records import (
    AccountLink,
    AuditEntry,
    ContactHistory,
    GuessCounter,
    LinkEvidence,
    MessageKind,
    OutboxMessage,
    Put,
    Remove,
    Write,
)
from clientportal.rules import who_may_change
from clientportal.rules.links import APPOINTMENT_LINK, LinkClaims
from clientportal.rules.who_may_change import Changing, terms
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.whose_contact import Candidate, Found, is_flagged, whose_contact
from clientportal.values import ChangeKind, ContactKey, RecordRef, Secret, mask

__all__ = [
    "APPOINTMENT_LINK_FOR",
    "AUDIT",
    "EXPLAIN_CHANGE",
    "EXPLAIN_CONTACT",
    "REATTACH",
    "UNBLOCK",
    "AboutAppointment",
    "AboutContact",
    "LinkFor",
    "ListAudit",
    "Reattach",
]


# --- explaining ----------------------------------------------------------------------------------------------------


@frozen
class AboutAppointment:
    """Which appointment."""

    id: str


@frozen
class _Explained:
    cancel: Changing
    move: Changing
    rebook: Changing


async def _load_explained(reading: Reading, asked: AboutAppointment) -> _Explained:
    loaded = await load_changes(reading, asked.id, tuple(ChangeKind), mine=None)
    as_client = {kind: evolve(seen, staff=False) for kind, seen in loaded.items()}
    return _Explained(as_client[ChangeKind.CANCEL], as_client[ChangeKind.MOVE], as_client[ChangeKind.REBOOK])


def _decide_explained(
    seen: _Explained, _asked: AboutAppointment, policy: Policy, now: datetime
) -> Decision[ChangeExplained]:
    cancel = who_may_change.judge(seen.cancel, ChangeKind.CANCEL, policy, now)
    if seen.cancel.appointment is None:
        return refuse(Reason.NOT_FOUND, cancel.because)
    move = who_may_change.judge(seen.move, ChangeKind.MOVE, policy, now)
    rebook = who_may_change.judge_rebooking(seen.rebook, policy, now)
    explained = ChangeExplained(
        ChangeTerms(
            seen.cancel.appointment,
            cancel=terms(seen.cancel, ChangeKind.CANCEL, policy, now),
            move=terms(seen.move, ChangeKind.MOVE, policy, now),
            rebook=terms(seen.rebook, ChangeKind.REBOOK, policy, now),
        ),
        {"cancel": str(cancel.because), "move": str(move.because), "rebook": str(rebook.because)},
    )
    return grant(explained, cancel.because)


EXPLAIN_CHANGE = Operation[AboutAppointment, _Explained, ChangeExplained](
    name="explain_change",
    load=_load_explained,
    decide=_decide_explained,
    subject=lambda asked: asked.id[:200],
    writes=False,
    permission=Permission.EXPLAIN,
)


@frozen
class AboutContact:
    """A contact as staff type it."""

    contact: str


@frozen
class _Whose:
    key: ContactKey
    candidates: tuple[Candidate, ...]
    hits: int
    flagged: bool


async def _load_whose(reading: Reading, asked: AboutContact) -> _Whose:
    _, key = read_any_contact(asked.contact, reading.policy)
    history = await reading.state.get(ContactHistory, str(key))
    candidates, hits = await load_candidates(reading, key, history)
    return _Whose(key, candidates, hits, is_flagged(history))


def _decide_whose(seen: _Whose, _asked: AboutContact, policy: Policy, _now: datetime) -> Decision[ContactExplained]:
    whose = whose_contact(seen.key, seen.candidates, seen.hits, policy, flagged=seen.flagged)
    record = whose.candidate.ref if isinstance(whose, Found) else None
    return grant(ContactExplained(mask(seen.key.value), record, str(whose.because)), whose.because)


EXPLAIN_CONTACT = Operation[AboutContact, _Whose, ContactExplained](
    name="explain_contact",
    load=_load_whose,
    decide=_decide_whose,
    subject=lambda asked: mask(asked.contact.strip()[:254]),
    writes=False,
    permission=Permission.EXPLAIN,
)


# --- lifting blocks ------------------------------------------------------------------------------------------------


async def _load_counters(reading: Reading, asked: AboutContact) -> tuple[GuessCounter, ...]:
    _, key = read_any_contact(asked.contact, reading.policy)
    return tuple(await reading.state.find(GuessCounter, "identity", [str(key)], lock=True))


def _decide_unblock(
    seen: tuple[GuessCounter, ...], _asked: AboutContact, _policy: Policy, _now: datetime
) -> Decision[bool]:
    """Let everybody try again, in every lane: the run of failures ends, the day's count stays (V6.6.3)."""
    held = [counter for counter in seen if counter.stopped or counter.wait_until]
    because = Because("signing_in.unblock", (("lanes held", str(len(held))),))
    lifted = tuple(Put(evolve(one, consecutive=0, stopped=False, wait_until=None)) for one in held)
    return grant(bool(lifted), because, lifted)


UNBLOCK = Operation[AboutContact, tuple[GuessCounter, ...], bool](
    name="unblock",
    load=_load_counters,
    decide=_decide_unblock,
    subject=lambda asked: mask(asked.contact.strip()[:254]),
    durable=True,
    previewable=False,
    permission=Permission.UNBLOCK,
)


@frozen
class Reattach:
    """A contact that "this is not me" took off a record, and the record that it belongs to after all."""

    contact: str
    ref: RecordRef


@frozen
class _Detached:
    history: ContactHistory | None
    links: tuple[AccountLink, ...]


async def _load_detached(reading: Reading, asked: Reattach) -> _Detached:
    _, key = read_any_contact(asked.contact, reading.policy)
    account = await account_by_email(reading, key)
    links: dict[str, AccountLink] = {}
    if account is not None:
        refs = (asked.ref, *(await group_of(reading, asked.ref)).refs)
        ids = sorted({AccountLink.id_of(account.id, ref) for ref in refs})
        links = dict(await reading.state.get_many(AccountLink, ids, lock=True))
    return _Detached(await reading.state.get(ContactHistory, str(key), lock=True), tuple(links.values()))


def _decide_reattach(seen: _Detached, asked: Reattach, _policy: Policy, _now: datetime) -> Decision[bool]:
    """Give the contact back to the record, and the record to the account that has proved this very email."""
    because = Because("whose_contact.reattach", (("record", str(asked.ref)),))
    changes: list[Write] = [
        # What remains is the email itself: the account sees the record as long as both have it.
        Remove(link)
        for link in seen.links
        if link.revoked_at is not None and link.evidence is LinkEvidence.PROVED_EMAIL
    ]
    if seen.history is not None and asked.ref in seen.history.detached:
        left = tuple(ref for ref in seen.history.detached if ref != asked.ref)
        changes.append(Put(evolve(seen.history, detached=left)))
    return grant(bool(changes), because, tuple(changes))


REATTACH = Operation[Reattach, _Detached, bool](
    name="reattach",
    load=_load_detached,
    decide=_decide_reattach,
    subject=lambda asked: str(asked.ref),
    permission=Permission.UNBLOCK,
)


# --- links ---------------------------------------------------------------------------------------------------------


@frozen
class LinkFor:
    """A signed link for one appointment; ``send`` puts it in the outbox for the client, else it is only returned."""

    appointment_id: str
    send: bool = False


@frozen
class _Link:
    link: Secret
    claims: LinkClaims
    key_id: str
    message_id: str


async def _load_link_for(reading: Reading, asked: LinkFor) -> _Link:
    changing = await load_changing(reading, asked.appointment_id, ChangeKind.CANCEL, mine=None)
    appointment = changing.appointment
    if appointment is None:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("links.make")))
    claims = LinkClaims(
        appointment_id=appointment.id,
        version=appointment.version,
        # Not whoever speaks for it today: link and message follow a merge, and its undo, by the record's own name.
        client=appointment.ref,
        expires_at=(reading.now + reading.policy.messages.link_life).replace(microsecond=0),
        link_id=reading.fresh_id(),
    )
    keys = reading.setup.keys
    return _Link(
        keys.sign(APPOINTMENT_LINK, reading.tenant, claims.as_mapping()), claims, keys.signing_id, reading.fresh_id()
    )


def _decide_link_for(seen: _Link, asked: LinkFor, policy: Policy, now: datetime) -> Decision[Secret]:
    because = Because(
        "links.make",
        (("appointment", seen.claims.appointment_id), ("until", seen.claims.expires_at.isoformat())),
        (("messages.link_life", str(policy.messages.link_life)),),
    )
    if not asked.send:
        return grant(seen.link, because)
    facts = {name: str(value) for name, value in seen.claims.as_mapping().items()}
    message = OutboxMessage(
        id=seen.message_id,
        kind=MessageKind.APPOINTMENT_LINK,
        ref=str(seen.claims.client),
        facts={**facts, "key": seen.key_id},
        created_at=now,
        due_at=now,
        expires_at=now + policy.messages.notice_life,
    )
    writes: tuple[Write, ...] = (Put(message),)
    return grant(seen.link, because, writes)


APPOINTMENT_LINK_FOR = Operation[LinkFor, _Link, Secret](
    name="appointment_link",
    load=_load_link_for,
    decide=_decide_link_for,
    subject=lambda asked: asked.appointment_id[:200],
    # A link works once it was handed out: a preview of it would be a link that no audit knows of.
    previewable=False,
    permission=Permission.SEND_LINKS,
)


# --- the audit -----------------------------------------------------------------------------------------------------


@frozen
class ListAudit(Paged):
    """From where, how many, newest first; ``subject`` narrows it to what is about one thing."""

    subject: str | None = None
    after: str | None = None
    limit: int = field(default=50, converter=check_limit)


async def _load_audit(reading: Reading, asked: ListAudit) -> Page[AuditEntry]:
    if asked.subject is not None:
        return await reading.state.page(
            AuditEntry, "subject", [asked.subject], after=asked.after, limit=asked.limit, newest_first=True
        )
    return await reading.state.page(AuditEntry, "time", after=asked.after, limit=asked.limit, newest_first=True)


def _decide_audit(
    seen: Page[AuditEntry], _asked: ListAudit, _policy: Policy, _now: datetime
) -> Decision[Page[AuditLine]]:
    lines = tuple(
        AuditLine(one.at, one.actor, one.action, one.subject, one.outcome, one.because, one.reason)
        for one in seen.items
    )
    return grant(Page(lines, seen.next), Because("who_may_manage.audit"))


AUDIT = Operation[ListAudit, Page[AuditEntry], Page[AuditLine]](
    name="audit",
    load=_load_audit,
    decide=_decide_audit,
    # Whoever reads what was done with a client reads about that client; every page is a look of its own.
    subject=lambda asked: (asked.subject or "")[:200],
    writes=False,
    permission=Permission.SEE_AUDIT,
)
