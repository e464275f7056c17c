"""Listing sessions and ending them. Rules: ``rules/sessions.py``."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from clientportal.decisions import Because, Decision, grant
from clientportal.operations.accounts import MOST
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.people import Principal, group_of, principal, records_of, session_of
from clientportal.operations.sessions import Nothing
from clientportal.outcomes import Ended, SessionLine
from clientportal.policy import Policy, SeenBy
from clientportal.records import AccountLink, Assignment, Identifier, Session
from clientportal.rules.sessions import Ending, end_sessions
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.whose_contact import keys_of
from clientportal.values import RecordRef

__all__ = [
    "END_SESSION",
    "END_SESSIONS_OF",
    "LIST_SESSIONS",
    "LIST_SESSIONS_OF",
    "LOG_OUT",
    "LOG_OUT_EVERYWHERE",
    "EndSession",
    "SessionsOf",
]


@frozen
class EndSession:
    """Which session, by the id that the list shows."""

    id: str


@frozen
class SessionsOf:
    """Whose sessions staff see or end."""

    ref: RecordRef


async def _sessions_of(reading: Reading, refs: tuple[RecordRef, ...]) -> dict[str, Session]:
    found = await reading.state.find_any(Session, "entry", [str(ref) for ref in refs], limit=MOST)
    return {session.id: session for session in found}


async def _own_sessions(reading: Reading, caller: Principal) -> dict[str, Session]:
    """The sessions that the caller may see and end: an account's own, never another's that sees the same record, and
    none in which staff look through the client's eyes: it is theirs.
    """
    if caller.account is None:
        found = await _sessions_of(reading, caller.refs)
        own = [session for session in found.values() if session.account is None]
    else:
        own = list(await reading.state.find(Session, "account", [caller.account.id], limit=MOST))
    return {session.id: session for session in own if session.viewer is None}


async def _load_list(reading: Reading, _request: Nothing) -> tuple[SessionLine, ...]:
    caller = await principal(reading)
    sessions = await _own_sessions(reading, caller)
    lines = [
        SessionLine(
            id=session.id,
            opened_at=session.opened_at,
            used_at=session.used_at,
            ends_at=min(session.ends_at, session.idle_until),
            current=session.id == caller.session.id,
        )
        for session in sessions.values()
        if session.alive_at(reading.now)
    ]
    return tuple(sorted(lines, key=lambda line: (line.opened_at, line.id), reverse=True))


def _decide_list(
    seen: tuple[SessionLine, ...], _request: Nothing, _policy: Policy, _now: datetime
) -> Decision[tuple[SessionLine, ...]]:
    return grant(seen, Because("sessions.list", (("sessions", str(len(seen))),)))


LIST_SESSIONS = Operation[Nothing, tuple[SessionLine, ...], tuple[SessionLine, ...]](
    name="sessions", load=_load_list, decide=_decide_list, writes=False
)


async def _load_list_of(reading: Reading, asked: SessionsOf) -> tuple[SessionLine, ...]:
    group = await group_of(reading, asked.ref)
    sessions = {**await _sessions_of(reading, group.refs), **await _sessions_of_accounts(reading, group.refs)}
    lines = [
        SessionLine(
            one.id,
            one.opened_at,
            one.used_at,
            min(one.ends_at, one.idle_until),
            because=one.because,
            viewer=one.viewer,
        )
        for one in sessions.values()
        if one.alive_at(reading.now)
    ]
    return tuple(sorted(lines, key=lambda line: (line.opened_at, line.id), reverse=True))


LIST_SESSIONS_OF = Operation[SessionsOf, tuple[SessionLine, ...], tuple[SessionLine, ...]](
    name="sessions_of",
    load=_load_list_of,
    decide=lambda seen, _asked, _policy, _now: grant(seen, Because("sessions.list")),
    subject=lambda asked: str(asked.ref),
    writes=False,
    permission=Permission.EXPLAIN,
)


async def _load_log_out(reading: Reading, _request: Nothing) -> Ending:
    session = await session_of(reading, needs_record=False, needs_factor=False)
    reading.session = None
    return Ending({session.id: session})


async def _load_end_one(reading: Reading, request: EndSession) -> Ending:
    caller = await principal(reading)
    return Ending(await _own_sessions(reading, caller), by_id=request.id)


async def _load_end_all(reading: Reading, _request: Nothing) -> Ending:
    caller = await principal(reading)
    if caller.account is not None:
        sessions = await _own_sessions(reading, caller)
    else:
        # An account that sees this record is logged out by its own holder, or by staff: it may be another adult's (X5).
        reached = await _sessions_that_reach(reading, caller.refs)
        own = (one for one in reached.values() if one.viewer is None and one.account is None)
        sessions = {session.id: session for session in own}
    return Ending({**sessions, caller.session.id: caller.session})


async def _load_end_of(reading: Reading, request: SessionsOf) -> Ending:
    group = await group_of(reading, request.ref)
    reached = await _sessions_that_reach(reading, group.refs)
    return Ending({**reached, **await _sessions_of_accounts(reading, group.refs)})


async def _sessions_of_accounts(reading: Reading, refs: tuple[RecordRef, ...]) -> dict[str, Session]:
    """The sessions of accounts that may be for one of those records by a link, whomever they are for just now (X5).

    Where single appointments are shown, no session is for a record (A7): there they are those of the accounts that have
    an appointment of the client, or an email of theirs.
    """
    state, texts = reading.state, [str(ref) for ref in refs]
    if reading.policy.visibility.appointments is SeenBy.RECORD:
        links = await state.find_any(AccountLink, "ref", texts, limit=MOST)
        accounts = {link.account for link in links if link.revoked_at is None}
    else:
        owners = await state.get_many(Identifier, await _identities(reading, refs))
        accounts = {one.account for one in owners.values()}
        accounts.update(one.account for one in await state.find_any(Assignment, "ref", texts, limit=MOST))
    if not accounts:
        return {}
    found = await state.find_any(Session, "account", sorted(accounts), limit=MOST)
    by_record = reading.policy.visibility.appointments is SeenBy.RECORD
    return {one.id: one for one in found if not by_record or set(one.own) & set(refs)}


async def _sessions_that_reach(reading: Reading, refs: tuple[RecordRef, ...]) -> dict[str, Session]:
    """The sessions that are for one of those records, and those that could still become so.

    One that is choosing, waits for a second proof, or is for another of several records has no entry among them; it is
    found by what it proved.
    """
    sessions = await _sessions_of(reading, refs)
    for session in await reading.state.find_any(Session, "identity", await _identities(reading, refs), limit=MOST):
        if set(session.own) & set(refs):
            sessions[session.id] = session
    return sessions


async def _identities(reading: Reading, refs: tuple[RecordRef, ...]) -> list[str]:
    rows = await records_of(reading, refs)
    region = reading.policy.contacts.region
    return sorted({str(key) for record in rows.values() for key in keys_of(record, region)})


def _decide_end(seen: Ending, _request: object, policy: Policy, now: datetime) -> Decision[Ended]:
    return end_sessions(seen, policy, now)


LOG_OUT = Operation[Nothing, Ending, Ended](
    name="log_out", load=_load_log_out, decide=_decide_end, durable=True, previewable=False
)
END_SESSION = Operation[EndSession, Ending, Ended](
    name="end_session", load=_load_end_one, decide=_decide_end, durable=True, previewable=False
)
LOG_OUT_EVERYWHERE = Operation[Nothing, Ending, Ended](
    name="log_out_everywhere", load=_load_end_all, decide=_decide_end, durable=True, previewable=False
)
END_SESSIONS_OF = Operation[SessionsOf, Ending, Ended](
    name="end_sessions",
    load=_load_end_of,
    decide=_decide_end,
    subject=lambda asked: str(asked.ref),
    durable=True,
    previewable=False,
    permission=Permission.END_SESSIONS,
)
