"""How often may something be sent? Counting in windows that begin with their first use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from clientportal.policy import SendPolicy
from clientportal.records import Allowance, Put, Write
from clientportal.values import ContactKey, ContactKind
from clientportal.values.spending import Charge, Spending

__all__ = [
    "TYPED",
    "Allowances",
    "Charge",
    "Elsewhere",
    "Spent",
    "charge_all",
    "destination_charge",
    "in_all",
    "mailbox",
    "next_use",
    "request_charges",
    "spend",
]

TYPED = "typed"
"""The lane of what an address is sent because somebody, who is perhaps not its owner, says that it is theirs.

The attack: strangers register with a client's address, or change their own email to it, until no more mails may go to
it; then its owner asks for a new password in vain. So registering, asking for that mail again, and changing an email
share this lane, and leave alone what a reset or a sign-in link needs: at most twice as many mails reach a mailbox.
"""


@frozen
class Elsewhere:
    """Budgets of which some or all are counted outside of the store, and asked between two units of work.

    Before they were asked there is no ``answer``, and what they count is taken to be free: what the rule then grants
    is only done once they have said yes. ``held`` is what the store counts nevertheless; ``None`` is nothing.
    """

    answer: Spending | None = None
    held: Mapping[str, Allowance] | None = None


Allowances = Mapping[str, Allowance] | Elsewhere
"""What is known of the budgets where they are judged."""


@frozen
class Spent:
    """All was spent: what the store writes down of it, and what is still to be spent outside.

    ``again_at`` is when the first charge may be used again.
    """

    again_at: datetime
    changes: tuple[Write, ...] = ()
    elsewhere: tuple[Charge, ...] = field(default=())


_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_TENANT = "tenant"


def destination_charge(id: str, policy: SendPolicy) -> Charge:
    """What one message to one destination costs."""
    limits = ((timedelta(minutes=10), policy.per_ten_minutes), (_DAY, policy.per_day))
    return Charge(id, limits, policy.first_gap)


def request_charges(identity: ContactKey, lane: str, source: str | None, policy: SendPolicy) -> tuple[Charge, ...]:
    """Every axis that one request for a code uses. Keys are normalised, so that all spellings share one budget.

    The lane is part of the destination's key: strangers who use an owner's budget up leave a known device its own. The
    wider axes are counted once for all known devices and once for everybody else: a stranger who asks for codes to
    twenty neighbouring numbers, or to six hundred of the business, keeps other strangers out for an hour, and no client
    who has logged in on this device before.
    """
    known = "|known" if lane.startswith("device:") else ""
    charges = [destination_charge(f"to:{mailbox(identity)}|{lane}", policy)]
    if source is not None:
        charges.append(Charge(f"from:{source}{known}", ((_HOUR, policy.per_source_hour),)))
    if identity.kind is not ContactKind.EMAIL:
        prefix = identity.value[: policy.prefix_digits + 1]
        charges.append(Charge(f"prefix:{prefix}{known}", ((_HOUR, policy.per_prefix_hour),)))
    charges.append(Charge(f"{_TENANT}{known}", ((_HOUR, policy.per_tenant_hour),)))
    return tuple(charges)


def mailbox(identity: ContactKey) -> str:
    """What a destination is counted under: ``ana+1@…``, ``ana+2@…`` and so on mostly fill one and the same mailbox."""
    local, at, domain = str(identity).rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}" if identity.kind is ContactKind.EMAIL else str(identity)


def in_all(charges: Sequence[Charge], at_most: int | None) -> Charge | None:
    """What the same request costs of the cap for all businesses together (V2.4.1), where there is one.

    Whatever has no cap for its business has none for all. Known devices have a cap of their own here, too.
    """
    ids = [charge.id for charge in charges if charge.id.partition("|")[0] == _TENANT]
    if at_most is None or not ids:
        return None
    return Charge(ids[0].replace(_TENANT, "all", 1), ((_HOUR, at_most),))


def charge_all(allowances: Allowances, charges: Sequence[Charge], now: datetime) -> Spent | datetime:
    """Spend all charges, wherever they are counted, or say when (aware UTC) it is worth trying again."""
    outside = allowances if isinstance(allowances, Elsewhere) else None
    held = allowances.held if isinstance(allowances, Elsewhere) else allowances
    answer = None if outside is None else outside.answer
    if answer is not None and not answer.spent:
        return answer.at
    elsewhere = tuple(charges) if outside is not None else ()
    if held is None:
        return Spent(now if answer is None else answer.at, elsewhere=elsewhere)
    used = spend(held, charges, now)
    if isinstance(used, datetime):
        return used
    return Spent(next_use(used[0], charges[0], now), tuple(map(Put, used)), elsewhere)


def next_use(used: Allowance, charge: Charge, now: datetime) -> datetime:
    """When the axis may be used again, just after it was used: for "send again in 30 seconds"."""
    wait, _ = _use(used, charge, now)
    return now if wait is None else wait


def spend(held: Mapping[str, Allowance], charges: Sequence[Charge], now: datetime) -> tuple[Allowance, ...] | datetime:
    """Spend all charges, or say when (aware UTC) it is worth trying again; nothing is spent then.

    A clock set back revives nothing: a window that began a little ahead of ``now`` counts on. One that began further
    ahead than it is long was begun by a clock that was wrong: it begins again, so that nobody is locked out for ever.
    """
    used_up: list[Allowance] = []
    latest: datetime | None = None
    for charge in charges:
        allowance = held.get(charge.id)
        wait, used = _use(allowance, charge, now)
        if wait is not None and (latest is None or wait > latest):
            latest = wait
        used_up.append(used)
    return tuple(used_up) if latest is None else latest


def _use(allowance: Allowance | None, charge: Charge, now: datetime) -> tuple[datetime | None, Allowance]:
    longest = max(length for length, _ in charge.limits)
    if allowance is None:
        fresh = tuple((int(length.total_seconds()), now, 1) for length, _ in charge.limits)
        return None, Allowance(id=charge.id, windows=fresh, last_at=now, forget_at=now + longest)
    windows: list[tuple[int, datetime, int]] = []
    waits: list[datetime] = []
    for (length, at_most), (_, began, count) in zip(charge.limits, allowance.windows, strict=True):
        if not -length <= now - began < length:
            began, count = now, 0
        if count >= at_most:
            waits.append(began + length)
        if charge.gap is not None and length == longest and count:
            # The gap doubles with every use in the longest window, and is forgotten with it. The exponent is capped
            # before it is used: 2 ** 95 seconds is no length of time.
            gap = min(charge.gap * 2 ** min(count - 1, 20), began + length - allowance.last_at)
            if -gap <= now - allowance.last_at < gap:
                waits.append(allowance.last_at + gap)
        windows.append((int(length.total_seconds()), began, count + 1))
    forget_at = max(began + timedelta(seconds=seconds) for seconds, began, _ in windows)
    used = evolve(allowance, windows=tuple(windows), last_at=now, forget_at=forget_at)
    return max(waits, default=None), used
