"""Looking at the portal through a client's eyes. Rules: ``rules/viewing.py``."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from clientportal.decisions import Decision
from clientportal.operations.accounts import load_sight
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.fresh_sessions import fresh_session
from clientportal.operations.leaving import held_group
from clientportal.operations.people import records_of
from clientportal.operations.setting import Client, Staff
from clientportal.outcomes.viewing import Viewing
from clientportal.policy import Policy
from clientportal.records import Account, Allowance, Pointer, Session
from clientportal.rules.viewing import NOBODYS, AccountView, Looker, RecordView, view_account, view_record
from clientportal.rules.who_may_manage import Permission
from clientportal.values import RecordRef

__all__ = ["VIEW_AS", "VIEW_AS_ACCOUNT", "ViewAccount", "ViewRecord", "open_session"]


_LINKED = {"entry": Pointer, "account": Account}


async def open_session(reading: Reading, *, writes: bool) -> None:
    """Read the caller's session before anything else, and note whether staff look with it.

    Every operation of a session does this, so that none that reads sessions in its own way can overlook a viewer.
    """
    if not isinstance(reading.caller, Client):
        return
    if writes:
        # What it does not need it should not be checked for at its commit.
        session = await reading.state.get(Session, reading.caller.session_id)
    else:
        session, reading.linked = await reading.state.get_with(Session, reading.caller.session_id, _LINKED)
    reading.opened = session
    if session is None or session.viewer is None or not session.alive_at(reading.now):
        return
    reading.viewer = session.viewer
    whose = f"account:{session.account}" if session.account is not None else session.entry
    reading.actor = whose or reading.actor


@frozen
class ViewRecord:
    """Which client, by any of their records."""

    ref: RecordRef


@frozen
class ViewAccount:
    """Which account; where it is for several records, ``ref`` says which of them."""

    account_id: str
    ref: RecordRef | None = None


async def _looker(reading: Reading, whose: str) -> Looker:
    assert isinstance(reading.caller, Staff)
    told_id = f"viewed:{whose}"
    return Looker(
        name=reading.caller.actor,
        fresh=fresh_session(reading, NOBODYS),
        told_id=told_id,
        told=await reading.state.get(Allowance, told_id, lock=True),
    )


async def _load_record(reading: Reading, asked: ViewRecord) -> RecordView:
    # Held against whoever deletes or erases the client just now: they would not see the session that this opens.
    group = await held_group(reading, asked.ref)
    rows = await records_of(reading, [group.root])
    return RecordView(await _looker(reading, str(group.root)), asked.ref, rows.get(group.root))


async def _load_account(reading: Reading, asked: ViewAccount) -> AccountView:
    # Whoever takes a record off the account waits, and then finds this view among the sessions to end.
    account = await reading.state.get(Account, asked.account_id, lock=True)
    sight = None if account is None else await load_sight(reading, account)
    return AccountView(await _looker(reading, f"account:{asked.account_id}"), sight, asked.ref)


def _decide_record(seen: RecordView, _asked: ViewRecord, policy: Policy, now: datetime) -> Decision[Viewing]:
    return view_record(seen, policy, now)


def _decide_account(seen: AccountView, _asked: ViewAccount, policy: Policy, now: datetime) -> Decision[Viewing]:
    return view_account(seen, policy, now)


VIEW_AS = Operation[ViewRecord, RecordView, Viewing](
    name="view_as",
    load=_load_record,
    decide=_decide_record,
    subject=lambda asked: str(asked.ref),
    # The token works once it was handed out: a preview of it would be a view that no audit knows of.
    previewable=False,
    permission=Permission.VIEW_AS_CLIENT,
)
VIEW_AS_ACCOUNT = Operation[ViewAccount, AccountView, Viewing](
    name="view_as_account",
    load=_load_account,
    decide=_decide_account,
    subject=lambda asked: f"account:{asked.account_id[:200]}",
    previewable=False,
    permission=Permission.VIEW_AS_CLIENT,
)
