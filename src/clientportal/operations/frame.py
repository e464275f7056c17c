"""What every operation is made of: a loader, a pure rule, and what is known about the two.

Doors are one line per operation above this; stores and hosts are below. ``performing.py`` carries operations out, and
``elsewhere.py`` finishes those that need a host which keeps its tables in another database.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from attrs import field, frozen

from clientportal.decisions import Decision, Refusal
from clientportal.errors import Conflict, DurableOperation, HostError
from clientportal.messages.texts import Catalogue
from clientportal.operations.setting import Caller, Client, Setup, Staff, fresh_id
from clientportal.operations.trusting import CheckedHost
from clientportal.operations.vouching import fresh_salt
from clientportal.policy import Policy
from clientportal.ports import Unit
from clientportal.records import AuditEntry, HostWrite, Intent, Receipt, Session, Stored
from clientportal.rules.who_may_manage import Permission
from clientportal.values import AnswerKind, HostAnswer, RecordRef
from clientportal.values.spending import Spending

__all__ = [
    "BEGUN",
    "INTENT_LEASE",
    "TRIES",
    "Denied",
    "Keyed",
    "Operation",
    "Reading",
    "Unfinished",
    "alone",
    "ask_host",
    "audit_entry",
    "client_session",
]

Q = TypeVar("Q")
V = TypeVar("V")
T = TypeVar("T")

TRIES = 3
INTENT_LEASE = timedelta(minutes=1)
BEGUN = "begun"
"""In the receipt of a write that a host elsewhere was asked for and has not answered: the id of the intent."""


class Denied(Exception):
    """Raised by a loader that already knows the answer (no such session): becomes the operation's refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason.value)
        self.refusal = refusal


class Unfinished(Exception):
    """Raised where all depends on what a host elsewhere was asked for before, and nobody has recorded its answer yet:
    an earlier try with this key, another first login with this number. It is finished first.
    """

    def __init__(self, intent_id: str) -> None:
        super().__init__(intent_id)
        self.intent_id = intent_id


class Reading:
    """One try of one operation: the unit, the one moment that counts as *now*, and who asks."""

    def __init__(
        self,
        setup: Setup,
        unit: Unit,
        caller: Caller,
        now: datetime,
        *,
        human: bool = True,
        spending: Spending | None = None,
    ) -> None:
        self.setup = setup
        self.unit = unit
        self.state = unit.state
        self.caller = caller
        self.now = now
        self.tenant = caller.tenant
        self.human = human
        self.spending = spending
        """What budgets outside of the store have answered, once they were asked."""
        self.policy: Policy = setup.policy_here(caller.tenant)
        self.actor = caller.word
        self.session: Session | None = None
        self.opened: Session | None = None
        """The caller's session as it was read before the loader began."""
        self.linked: Mapping[str, Stored] | None = None
        """What was read with it, where the operation only reads: the account that it was opened for, and the pointer of
        the record that it was opened for, where that was merged.
        """
        self.viewer: str | None = None
        """The member of staff who looks through the client's eyes with that session."""

    @property
    def host(self) -> CheckedHost:
        """The host's awaited face, opened when first used; every answer is held against its contract."""
        return CheckedHost(self.unit.host, self.setup.branch, self.policy.franchise.shares)

    @property
    def texts(self) -> Catalogue:
        """The texts that the caller reads."""
        return self.setup.texts_for(self.policy)

    def fresh_id(self) -> str:
        """128 random bits, drawn anew for every try."""
        return fresh_id()


@frozen
class Keyed(Generic[Q, T]):
    """How an operation with an idempotency key is remembered, and answered again (I2).

    ``scope`` says whose keys these are where the caller does not: all visitors are one caller, so one could use up
    another's. ``judges_proof``: the parameters are a proof, and a replay hands out what it opened; other parameters
    under the key are a guess at it, so the first of them is the last: nothing is replayed after it. ``admit`` checks
    the caller's session before an answer is given again: a session that has ended reads nothing any more (I7).
    """

    remember: Callable[[T], Mapping[str, str]]
    replay: Callable[[Reading, Q, Receipt], Awaitable[Decision[T]]]
    scope: Callable[[Q], str] = field(default=lambda _request: "")
    judges_proof: bool = False
    admit: Callable[[Reading], Awaitable[object]] | None = None


@frozen(kw_only=True, eq=False)
class Operation(Generic[Q, V, T]):
    """One thing that somebody can ask for.

    * ``load`` reads everything the rule needs; ``decide`` is the rule, pure.
    * ``durable``: judges a proof, spends a budget or revokes access, so it begins its own unit and has committed before
      it returns or raises; inside a host's open transaction it refuses. What takes access away because its object goes
      (a client is deleted, an appointment is nobody's any more) is not durable: the host deletes or changes its own row
      in the same transaction, and the one must not be without the other.
    * ``writes``: whether it can change anything. ``previewable``: whether it may be tried without effect.
    * ``humans_only``: the host's bot check is asked, once, before the unit begins: it is slow, its proofs are good for
      one use, and a conflict runs the loader again.
    * ``subject``: what the audit says it was about (contacts masked).
    """

    name: str
    load: Callable[[Reading, Q], Awaitable[V]]
    decide: Callable[[V, Q, Policy, datetime], Decision[T]]
    subject: Callable[[Q], str] = field(default=lambda _request: "")
    durable: bool = False
    writes: bool = True
    previewable: bool = True
    permission: Permission | None = None
    audited: bool = True
    humans_only: bool = False
    keyed: Keyed[Q, T] | None = None


def alone(setup: Setup, name: str) -> None:
    """Refuse inside a host's transaction; also where its connection has none open, for nobody would commit there."""
    if setup.connection is not None:
        raise DurableOperation(
            f"{name} must commit by itself: a rollback of the surrounding transaction would hand out free tries, or "
            f"send a message that was never committed. {setup.leave_transaction}"
        )


async def ask_host(host: CheckedHost, intent: Intent) -> HostAnswer:
    """Make the one write that an intent names."""
    match intent.write:
        case HostWrite.CREATE_CLIENT if intent.draft is not None:
            return await host.create_client(intent.draft, intent.id)
        case HostWrite.MOVE if intent.appointment is not None and intent.slot is not None:
            return await host.move(intent.appointment, intent.slot, intent.fee, intent.id)
        case HostWrite.CANCEL if intent.appointment is not None:
            return await host.cancel(intent.appointment, intent.fee, intent.id)
        case HostWrite.BOOK if (
            intent.slot is not None and intent.for_ref is not None and intent.appointment is not None
        ):
            return await host.book(intent.for_ref, intent.slot, intent.appointment.booked_as, intent.id)
        case HostWrite.UPDATE_CLIENT if intent.for_ref is not None and intent.change is not None:
            return await host.update_client(intent.for_ref, intent.change, intent.id)
        case HostWrite.DELETE_CLIENT if intent.for_ref is not None:
            return await _delete_client(host, intent, intent.for_ref)
        case HostWrite.ERASE_CLIENT if intent.refs:
            return await host.erase_client(intent.refs, intent.id)
        case HostWrite.REASSIGN if intent.for_ref is not None:
            return await host.reassign(intent.refs, intent.for_ref, intent.id)
        case HostWrite.RESTORE if intent.for_ref is not None:
            return await host.restore(intent.refs, intent.for_ref, intent.id)
        case HostWrite.SECTION | HostWrite.SETTLE if intent.section is not None:
            return await host.write_section(intent.section, intent.id)
        case HostWrite.DELETE_APPOINTMENT if intent.appointment is not None:
            return await host.delete_appointment(intent.appointment, intent.id)
        case _:
            raise HostError(f"the intent {intent.id} lacks what {intent.write.value} needs")


async def _delete_client(host: CheckedHost, intent: Intent, ref: RecordRef) -> HostAnswer:
    """All that goes with a client, and the client's own row last: when that is gone, the rest is, too.

    So after a crash a host elsewhere, which says of ``intent.id`` that it never came, is asked for all of it again,
    each write under the key that it had. Where the rest has been written and the last is refused, everything is read
    and decided again.
    """
    for place, appointment in enumerate(intent.cancels):
        said = await host.cancel(appointment, None, f"{intent.id}-c{place}")
        if said.kind not in (AnswerKind.DONE, AnswerKind.WAITS):
            raise Conflict(f"the platform would not cancel {appointment.id} after all: {said.note}")
    for place, other in enumerate(intent.refs):
        await host.delete_client(other, f"{intent.id}-r{place}")
    answer = await host.delete_client(ref, intent.id)
    if answer.kind is not AnswerKind.DONE and (intent.cancels or intent.refs):
        raise Conflict(f"the platform would not delete {ref} after all: {answer.note}")
    return answer


_MOST_BECAUSE = 5_000
"""More than any rule says in words; a fact that somebody else filled with a book is cut (V16)."""


def audit_entry(reading: Reading, action: str, subject: str, outcome: str, because: str) -> AuditEntry:
    """One line of the audit. A look through a client's eyes is the staff member's, and about that client at least."""
    caller = reading.caller
    actor = reading.actor
    if reading.viewer is not None:
        actor, subject = f"staff:{reading.viewer} as {actor}", subject or actor
    return AuditEntry(
        id=f"{reading.now:%Y%m%d%H%M%S%f}-{reading.fresh_id()}",
        at=reading.now,
        actor=_storable(actor),
        action=action,
        subject=_storable(subject),
        outcome=outcome,
        because=_storable(because[:_MOST_BECAUSE]),
        reason=_storable(caller.reason) if isinstance(caller, Staff) else "",
        salt=fresh_salt(),
    )


def _storable(text: str) -> str:
    """What no column holds (NUL, a lone surrogate) is replaced: what was typed is audited, not refused for that."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def client_session(caller: Caller) -> Client:
    """The caller, where only a client's session may ask."""
    if not isinstance(caller, Client):
        raise TypeError("only the client's door leads here")
    return caller
