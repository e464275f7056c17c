"""How often may something be sent? Counting in windows that begin with their first use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve, frozen

from clientportal.policy import SendPolicy
from clientportal.records import Allowance
from clientportal.values import ContactKey, ContactKind

__all__ = ["Charge", "destination_charge", "next_use", "request_charges", "spend"]


@frozen
class Charge:
    """One use of one axis: ``limits`` are (window, at most); ``gap`` is the wait after a use, doubling in a window."""

    id: str
    limits: tuple[tuple[timedelta, int], ...]
    gap: timedelta | None = None


_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def destination_charge(id: str, policy: SendPolicy) -> Charge:
    """What one message to one destination costs."""
    limits = ((timedelta(minutes=10), policy.per_ten_minutes), (_DAY, policy.per_day))
    return Charge(id, limits, policy.first_gap)


def request_charges(identity: ContactKey, lane: str, source: str | None, policy: SendPolicy) -> tuple[Charge, ...]:
    """Every axis that one request for a code uses. Keys are normalised, so that all spellings share one budget.

    The lane is part of the destination's key: strangers who use an owner's budget up leave a known device its own.
    """
    charges = [destination_charge(f"to:{identity}|{lane}", policy)]
    if source is not None:
        charges.append(Charge(f"from:{source}", ((_HOUR, policy.per_source_hour),)))
    if identity.kind is not ContactKind.EMAIL:
        prefix = identity.value[: policy.prefix_digits + 1]
        charges.append(Charge(f"prefix:{prefix}", ((_HOUR, policy.per_prefix_hour),)))
    charges.append(Charge("tenant", ((_HOUR, policy.per_tenant_hour),)))
    return tuple(charges)


def next_use(used: Allowance, charge: Charge, now: datetime) -> datetime:
    """When the axis may be used again, just after it was used: for "send again in 30 seconds"."""
    wait, _ = _use(used, charge, now)
    return now if wait is None else wait


def spend(held: Mapping[str, Allowance], charges: Sequence[Charge], now: datetime) -> tuple[Allowance, ...] | datetime:
    """Spend all charges, or say when (aware UTC) it is worth trying again; nothing is spent then.

    A window that begins in the future begins now: a clock that jumped ahead and back locks nobody out for ever.
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
    forget = now + max(length for length, _ in charge.limits)
    if allowance is None:
        fresh = tuple((int(length.total_seconds()), now, 1) for length, _ in charge.limits)
        return None, Allowance(id=charge.id, windows=fresh, last_at=now, forget_at=forget)
    windows: list[tuple[int, datetime, int]] = []
    waits: list[datetime] = []
    count = 0
    for (length, at_most), (_, began, count) in zip(charge.limits, allowance.windows, strict=True):
        if began > now or now >= began + length:
            began, count = now, 0
        if count >= at_most:
            waits.append(began + length)
        windows.append((int(length.total_seconds()), began, count + 1))
    # ``count`` is now that of the longest window: how often the gap has doubled.
    if charge.gap is not None and count and allowance.last_at <= now:
        open_again = allowance.last_at + charge.gap * 2 ** (count - 1)
        if now < open_again:
            waits.append(open_again)
    used = evolve(allowance, windows=tuple(windows), last_at=now, forget_at=forget)
    return (max(waits) if waits else None), used
