"""May staff look through this client's eyes, at what, and may a look touch anything?

The attack: a member of staff, or whoever finds their screen unlocked, takes the view of a client for a login: moves an
appointment in the client's name, has a code sent that proves the client's number, switches the session into one without
a viewer. So a view is marked in its session, a session with that mark is refused every operation that writes before
anything else is read, and none of the operations that make one session out of another can therefore carry it on.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.outcomes.viewing import Viewing
from clientportal.policy import Policy
from clientportal.records import Account, Allowance, MessageKind, OutboxMessage, Put, Session, Stage, Write
from clientportal.rules.account_sessions import AccountSight, open_session, own_records
from clientportal.rules.signing_in import FreshSession
from clientportal.values import ClientRecord, ContactKey, ContactKind, RecordRef

__all__ = [
    "ANNOUNCED_EVERY",
    "NOBODYS",
    "VIEW_LIFE",
    "AccountView",
    "Looker",
    "RecordView",
    "as_looked_at",
    "judge_look",
    "view_account",
    "view_record",
]

T = TypeVar("T")

VIEW_LIFE = timedelta(hours=1)
"""Staff sessions of an hour (V7), whether they are used or not."""
ANNOUNCED_EVERY = timedelta(days=1)
"""A client is told of looks at most once a day†: staff who help them open the view several times."""

NOBODYS = ContactKey(ContactKind.EMAIL, "")
"""What a view of a record has proved: no contact at all, so that it is found under none."""

_ENDS_ITSELF = "log_out"
_WRITES_BY_THE_WAY = frozenset({"profiles"})
"""Lists that number what they list: looked at without the numbering."""


def judge_look(viewer: str | None, operation: str, *, writes: bool) -> Refusal | None:
    """Refuse whatever would write in a session of staff who look through a client's eyes; it may end itself."""
    if viewer is None or not writes or operation == _ENDS_ITSELF or operation in _WRITES_BY_THE_WAY:
        return None
    return Refusal(Reason.LOOK_ONLY, Because("viewing.judge_look", (("viewer", viewer), ("operation", operation))))


def as_looked_at(decision: Decision[T], viewer: str | None, operation: str) -> Decision[T]:
    """What is left of a decision where it is only looked at: its outcome, and nothing that it would change."""
    if viewer is None or operation == _ENDS_ITSELF:
        return decision
    return evolve(decision, changes=(), events=(), asks=None, spends=())


# --- beginning to look -----------------------------------------------------------------------------------------------


@frozen
class Looker:
    """Who looks, what was drawn for the view, and when the client was last told of one.

    ``told_id`` is under which name the telling is remembered.
    """

    name: str
    fresh: FreshSession = field(repr=False)
    told_id: str
    told: Allowance | None


@frozen
class RecordView:
    """What is read to look at a record: the record that speaks for it today, if there is one."""

    looker: Looker
    asked: RecordRef
    speaker: ClientRecord | None


@frozen
class AccountView:
    """What is read to look at an account. ``chosen`` is the profile to look at where it is for several."""

    looker: Looker
    sight: AccountSight | None
    chosen: RecordRef | None


def view_record(seen: RecordView, policy: Policy, now: datetime) -> Decision[Viewing]:
    """Look at a client's portal as whoever logs in for this record sees it today.

    Nothing is proved by it and nothing asked: not the second proof of a recycled number (X6), and it is no login that
    would keep a number from counting as one. Where clients cannot log in there is nothing to look at.
    """
    because = _because(policy, ("record", str(seen.asked)))
    if not policy.login.enabled:
        return refuse(Reason.DISABLED, because)
    if seen.speaker is None or not seen.speaker.usable:
        return refuse(Reason.NOT_FOUND, because)
    session = Session(
        id=seen.looker.fresh.digest,
        entry=str(seen.asked),
        own=(seen.asked,),
        identity=str(NOBODYS),
        opened_at=now,
        used_at=now,
        idle_until=now + VIEW_LIFE,
        ends_at=now + VIEW_LIFE,
        viewer=seen.looker.name,
        because=str(because),
    )
    return _begin(seen.looker, session, policy, now, because, ref=str(seen.asked))


def view_account(seen: AccountView, policy: Policy, now: datetime) -> Decision[Viewing]:
    """Look at an account's portal: its records, or where the business shows single appointments those (A7).

    Of several records one has to be chosen, as the client has to; the view shows the choice until staff ask for the
    view of one. No password, second factor or step-up is asked for, and none counts as shown.
    """
    because = _because(policy, ("account", "none" if seen.sight is None else seen.sight.account.id))
    if not policy.login.enabled or not policy.registration.accounts:
        return refuse(Reason.DISABLED, because)
    if seen.sight is None:
        return refuse(Reason.NOT_FOUND, because)
    own = own_records(seen.sight, policy)
    session = evolve(
        open_session(seen.sight, seen.looker.fresh, policy, now, because, second_passed=True),
        device=None,
        idle_until=now + VIEW_LIFE,
        ends_at=now + VIEW_LIFE,
        viewer=seen.looker.name,
    )
    if seen.chosen is not None:
        found = next((one for one in own if seen.chosen in one.refs), None)
        if found is None:
            return refuse(Reason.NOT_FOUND, because)
        session = evolve(session, stage=Stage.OPEN, entry=str(found.entry))
    return _begin(seen.looker, session, policy, now, because, account=seen.sight.account)


def _because(policy: Policy, about: tuple[str, str]) -> Because:
    settings = (
        ("login.enabled", str(policy.login.enabled)),
        ("clients.announce_viewing", str(policy.clients.announce_viewing)),
    )
    return Because("viewing.view", (about,), settings)


def _begin(
    looker: Looker,
    session: Session,
    policy: Policy,
    now: datetime,
    because: Because,
    *,
    ref: str | None = None,
    account: Account | None = None,
) -> Decision[Viewing]:
    writes: list[Write] = [Put(session)]
    announced = policy.clients.announce_viewing and _due(looker.told, now)
    if announced:
        told = Allowance(id=looker.told_id, last_at=now, forget_at=now + ANNOUNCED_EVERY)
        writes.append(Put(told if looker.told is None else evolve(looker.told, last_at=now, forget_at=told.forget_at)))
        message = OutboxMessage(
            id=looker.fresh.message_id,
            kind=MessageKind.VIEWED_BY_STAFF,
            ref=ref,
            account=None if account is None else account.id,
            created_at=now,
            due_at=now,
            expires_at=now + policy.messages.notice_life,
        )
        writes.append(Put(message))
    return grant(Viewing(looker.fresh.token, session.ends_at, announced), because, tuple(writes))


def _due(told: Allowance | None, now: datetime) -> bool:
    """A telling that lies ahead was noted by a clock that was wrong: it silences nothing."""
    return told is None or not told.last_at <= now < told.last_at + ANNOUNCED_EVERY
