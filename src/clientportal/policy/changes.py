"""What clients may change about their appointments, until when, and at what price (X1, T7)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from attrs import field, frozen
from attrs.validators import ge, instance_of, le, optional

from clientportal.errors import PolicyError
from clientportal.values import Money

__all__ = ["ChangePolicy", "Edge", "Fee", "Late", "Override", "Window", "WindowUnit"]


class WindowUnit(StrEnum):
    """What a window is counted in."""

    HOURS = "hours"
    """Elapsed hours before the start, whatever the clocks do."""
    DAYS = "days"
    """Calendar days in the business's zone: ends at 24:00, that many dates before the appointment (X4)."""


class Edge(StrEnum):
    """At exactly the last moment."""

    ALLOWED = "allowed"
    LATE = "late"


class Late(StrEnum):
    """What a change after the window gets."""

    REFUSED = "refused"
    FEE = "fee"
    """It is allowed, for the window's fee, which the client must accept first."""


def _percent(value: Decimal | int | float | str | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@frozen(kw_only=True)
class Fee:
    """A late change's price: a fixed ``amount`` or a ``percent`` of the appointment's price (one of the two)."""

    amount: Money | None = None
    percent: Decimal | None = field(default=None, converter=_percent)

    def __attrs_post_init__(self) -> None:
        if (self.amount is None) == (self.percent is None):
            raise PolicyError("a fee has either an amount or a percent of the price", ("fee.amount", "fee.percent"))
        if self.percent is not None and not 0 < self.percent <= 100:
            raise PolicyError("a fee's percent is above 0 and at most 100", ("fee.percent",))

    def of(self, price: Money | None) -> Money | None:
        """The fee for an appointment of that price, rounded to two decimals; none where that is unknown."""
        if self.amount is not None:
            return self.amount
        if price is None or self.percent is None:
            return None
        return Money((price.amount * self.percent / 100).quantize(Decimal("0.01")), price.currency)


@frozen(kw_only=True)
class Window:
    """How long before its start an appointment may be changed.

    ``amount`` 0 in hours is "until it starts"; 0 in days is "until the end of its day", but never after its start.
    At most 100,000: beyond that there is no date.
    """

    amount: int = field(default=0, validator=[ge(0), le(100_000)])
    unit: WindowUnit = field(default=WindowUnit.HOURS, converter=WindowUnit)
    edge: Edge = field(default=Edge.ALLOWED, converter=Edge)
    late: Late = field(default=Late.REFUSED, converter=Late)
    fee: Fee | None = None

    def __attrs_post_init__(self) -> None:
        if (self.late is Late.FEE) != (self.fee is not None):
            raise PolicyError("late = 'fee' and a fee belong together: set both, or neither", ("late", "fee"))

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.value}, edge {self.edge.value}, late {self.late.value}"


@frozen(kw_only=True)
class Override:
    """Other windows for one service or one member of staff; ``None`` leaves the general one."""

    cancel: Window | None = None
    move: Window | None = None


@frozen(kw_only=True)
class ChangePolicy:
    """The change/cancel switch, and the windows behind it.

    ``cancel`` and ``move`` have separate windows. Where a service and a member of staff both have an override, the
    stricter (earlier) deadline wins. ``max_moves`` caps the reschedules of one appointment. ``rebooking`` lets clients
    book the same service again (T9). None of this binds staff.
    """

    enabled: bool = field(default=True, validator=instance_of(bool))
    cancel: Window = field(factory=Window)
    move: Window = field(factory=Window)
    services: Mapping[str, Override] = field(factory=dict[str, Override])
    staff: Mapping[str, Override] = field(factory=dict[str, Override])
    max_moves: int | None = field(default=None, validator=optional(ge(0)))
    rebooking: bool = field(default=True, validator=instance_of(bool))
