"""The answer of a rule: an outcome or a refusal, the changes that follow, and why.

A rule is a pure function that returns a :class:`Decision`. Nothing here reads a clock, draws a random number or knows
a store; the same values are previewed, explained, committed or thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast

from attrs import evolve, field, frozen
from attrs.validators import instance_of

from clientportal.records import Intent, Write
from clientportal.values import Money
from clientportal.values.instants import as_utc_or_none
from clientportal.values.spending import Charge

__all__ = ["Because", "Decision", "HostEvent", "Reason", "Refusal", "grant", "refuse"]

T = TypeVar("T")
U = TypeVar("U")


class Reason(StrEnum):
    """Why not: stable codes. Each has a text for the client and one for staff in the message catalogue."""

    # what the business chose
    DISABLED = "disabled"
    CONTACT_BUSINESS = "contact_business"
    PERMISSION = "permission"
    # proofs
    CODE_GONE = "code_gone"
    CODE_WRONG = "code_wrong"
    TOO_MANY_TRIES = "too_many_tries"
    WAIT = "wait"
    STOPPED = "stopped"
    TOO_MANY_CODES = "too_many_codes"
    CONTACT_NOT_ALLOWED = "contact_not_allowed"
    BOT_SUSPECTED = "bot_suspected"
    LINK_GONE = "link_gone"
    # accounts
    LOGIN_FAILED = "login_failed"
    SECOND_FACTOR_WRONG = "second_factor_wrong"
    BOOKING_FIRST = "booking_first"
    CONSENT_MISSING = "consent_missing"
    ALREADY_REGISTERED = "already_registered"
    NO_PASSWORD = "no_password"  # noqa: S105
    STEP_UP_FIRST = "step_up_first"
    # choosing passwords
    PASSWORD_TOO_SHORT = "password_too_short"  # noqa: S105
    PASSWORD_TOO_COMMON = "password_too_common"  # noqa: S105
    PASSWORD_BREACHED = "password_breached"  # noqa: S105
    # sessions
    SESSION_ENDED = "session_ended"
    CHOOSE_FIRST = "choose_first"
    SECOND_PROOF_FIRST = "second_proof_first"
    SECOND_FACTOR_FIRST = "second_factor_first"
    ENROL_FIRST = "enrol_first"
    LOOK_ONLY = "look_only"
    # things
    NOT_FOUND = "not_found"
    # changes
    TOO_LATE = "too_late"
    TOO_MANY_MOVES = "too_many_moves"
    FEE_NOT_ACCEPTED = "fee_not_accepted"
    ALREADY_OVER = "already_over"
    NOT_CHANGEABLE = "not_changeable"
    SLOT_TAKEN = "slot_taken"
    SAME_SLOT = "same_slot"
    CARD_NEEDED = "card_needed"
    # records
    SAME_RECORD = "same_record"
    ALREADY_MERGED = "already_merged"
    NOT_DUPLICATES = "not_duplicates"
    UNDO_TOO_LATE = "undo_too_late"
    UNDONE_ALREADY = "undone_already"
    ERASED = "erased"
    # accounts, records and appointments
    NOTHING_ASSIGNED = "nothing_assigned"
    SEVERAL_ACCOUNTS = "several_accounts"
    NOT_LINKED = "not_linked"
    PROOF_NEEDED = "proof_needed"
    # one's own details
    PROVE_CONTACT_FIRST = "prove_contact_first"
    FRESH_LOGIN_FIRST = "fresh_login_first"
    # paying
    NOTHING_DUE = "nothing_due"
    AMOUNT_CHANGED = "amount_changed"
    PAYMENT_UNDER_WAY = "payment_under_way"
    # forms
    FORM_DONE = "form_done"
    FORM_WITHDRAWN = "form_withdrawn"
    # the client list
    PLAN = "plan"
    CHANGED_MEANWHILE = "changed_meanwhile"
    # the machinery
    KEY_REUSED = "key_reused"
    BUSY = "busy"


def _named_texts(_instance: object, attribute: Any, value: Any) -> None:
    # A rule that explains itself with what is no text would fail where it is shown, too late to see which rule it was.
    # Every decision comes by here, several times at each request: a plain loop, for its speed.
    if isinstance(value, tuple):
        for pair in cast("tuple[object, ...]", value):
            if not isinstance(pair, tuple):
                break
            parts = cast("tuple[object, ...]", pair)
            if len(parts) != 2 or not isinstance(parts[0], str) or not isinstance(parts[1], str):
                break
        else:
            return
    raise TypeError(f"Because.{attribute.name} is a tuple of (name, value), both text; this is {value!r}")


@frozen
class Because:
    """The rule, the facts and the policy settings that led to a decision, in words. For staff.

    ``rule`` is ``file.what``: the file of ``rules`` (of ``operations``, for a plain reading) that answers the question,
    and the function or step that said it; ``facts`` are (name, value) with contacts masked; ``settings`` are the dotted
    names of the policy settings that were read, with their values.
    """

    rule: str = field(validator=instance_of(str))
    facts: tuple[tuple[str, str], ...] = field(default=(), validator=_named_texts)
    settings: tuple[tuple[str, str], ...] = field(default=(), validator=_named_texts)

    def __str__(self) -> str:
        parts = [self.rule]
        if self.facts:
            parts.append("facts: " + ", ".join(f"{name} {value}" for name, value in self.facts))
        if self.settings:
            parts.append("policy: " + ", ".join(f"{name} = {value}" for name, value in self.settings))
        return "; ".join(parts)


@frozen
class Refusal:
    """A "no" with its reason.

    ``retry_at`` (aware UTC) is set where time heals it. ``fee`` is what would have to be accepted. ``facts`` fill the
    texts' placeholders. ``uniform`` marks a reply that must look the same whatever the cause: the client is then told
    ``shown_as`` and the true reason goes to the audit alone.
    """

    reason: Reason = field(validator=instance_of(Reason))
    because: Because = field(validator=instance_of(Because))
    retry_at: datetime | None = field(default=None, converter=as_utc_or_none)
    fee: Money | None = None
    facts: Mapping[str, str] = field(factory=dict[str, str])
    shown_as: Reason | None = None

    def as_shown(self) -> Refusal:
        """The refusal as a client may see it: the uniform reason, with nothing that tells the causes apart."""
        if self.shown_as is None:
            return self
        # Not even the rule is named: it would be one of the causes.
        return Refusal(self.shown_as, Because("decisions.as_shown"))


@frozen
class HostEvent:
    """Something the host may want to follow on its own screens; told in the same commit."""

    kind: str
    facts: tuple[tuple[str, str], ...]


@frozen
class Decision(Generic[T]):
    """What a rule decided.

    ``changes`` are written all or not at all, also when the outcome is a refusal (a wrong try is counted). ``asks`` is
    at most one write by the host: its answer is settled into the final decision by the rule that asked; until then
    ``outcome`` is the forecast, which is what a preview shows. ``spends`` are budgets that are counted outside of the
    store: until they have answered, nothing of this is done, and then it is decided again.
    """

    outcome: T | Refusal
    because: Because = field(validator=instance_of(Because))
    changes: tuple[Write, ...] = ()
    events: tuple[HostEvent, ...] = ()
    asks: Intent | None = None
    spends: tuple[Charge, ...] = ()

    @property
    def granted(self) -> bool:
        """Whether the outcome is not a refusal."""
        return not isinstance(self.outcome, Refusal)

    def and_also(self, *changes: Write) -> Decision[T]:
        """The same decision with more changes."""
        return evolve(self, changes=(*self.changes, *changes))


def grant(
    outcome: T,
    because: Because,
    changes: tuple[Write, ...] = (),
    *,
    events: tuple[HostEvent, ...] = (),
    asks: Intent | None = None,
    spends: tuple[Charge, ...] = (),
) -> Decision[T]:
    """Say yes."""
    return Decision(outcome, because, changes, events, asks, spends)


def refuse(
    reason: Reason,
    because: Because,
    *,
    after: tuple[Write, ...] = (),
    retry_at: datetime | None = None,
    fee: Money | None = None,
    shown_as: Reason | None = None,
    **facts: str,
) -> Decision[Any]:
    """Say no; ``after`` is written all the same (a wrong try is counted, a refusal is audited)."""
    refusal = Refusal(reason, because, retry_at, fee, facts, shown_as)
    return Decision(refusal, because, after)
