"""Budgets and lifetimes. Every number is a control of the standards or a default of this project (marked †)."""

from __future__ import annotations

from datetime import timedelta

from attrs import field, frozen
from attrs.validators import ge, gt, instance_of

__all__ = ["GuessPolicy", "MessagePolicy", "SendPolicy", "SessionPolicy"]

_positive = gt(timedelta(0))


@frozen(kw_only=True)
class GuessPolicy:
    """How often a wrong code may be typed (V6.6.3; NIST SP 800-63B-4 3.2.2).

    ``per_code`` holds for one handle, resends included. ``per_day``† for one identity in one lane (a device that has
    logged in before, or the strangers). After ``stop_after`` consecutive failures the lane stops until staff lift it
    (``staff.unblock``). Strangers wait ``first_wait``† after ``free_tries``† consecutive failures, doubling up to
    ``longest_wait``†. The owner is told at ``warn_at``†. With d digits and G guesses a day the chance is at most
    1 − (1 − 10⁻ᵈ)ᴳ: 2.0 × 10⁻⁵ for 6 and 20.
    """

    per_code: int = field(default=5, validator=ge(1))
    per_day: int = field(default=20, validator=ge(1))
    stop_after: int = field(default=100, validator=ge(1))
    free_tries: int = field(default=5, validator=ge(1))
    first_wait: timedelta = field(default=timedelta(seconds=30), validator=_positive)
    longest_wait: timedelta = field(default=timedelta(hours=1), validator=_positive)
    warn_at: int = field(default=10, validator=ge(1))


@frozen(kw_only=True)
class SendPolicy:
    """How often a message may be sent (V2.4.1, toll fraud). All numbers are this project's (†).

    Per destination: ``first_gap`` between two, doubling while they go on, ``per_ten_minutes``, ``per_day``. Per source
    address and per number prefix: ``per_source_hour``, ``per_prefix_hour``; and ``per_tenant_hour`` for the business.
    ``prefix_digits`` is how many digits after the ``+`` make a prefix. Windows begin with the first send in them.
    """

    first_gap: timedelta = field(default=timedelta(seconds=30), validator=_positive)
    per_ten_minutes: int = field(default=3, validator=ge(1))
    per_day: int = field(default=10, validator=ge(1))
    per_source_hour: int = field(default=20, validator=ge(1))
    per_prefix_hour: int = field(default=20, validator=ge(1))
    prefix_digits: int = field(default=8, validator=ge(3))
    per_tenant_hour: int = field(default=600, validator=ge(1))


@frozen(kw_only=True)
class SessionPolicy:
    """How long a session lives (V7): idle ``idle_for``†, at most ``lives_for`` in all.

    Its last use is written at most every ``noted_every``. ``device_known_for``† is how long a device that has logged in
    keeps a lane of its own for guesses (OWASP device cookies).
    """

    idle_for: timedelta = field(default=timedelta(days=14), validator=_positive)
    lives_for: timedelta = field(default=timedelta(days=30), validator=_positive)
    noted_every: timedelta = field(default=timedelta(minutes=5), validator=_positive)
    device_known_for: timedelta = field(default=timedelta(days=365), validator=_positive)


@frozen(kw_only=True)
class MessagePolicy:
    """How messages leave: ``tries`` with doubling gaps from ``first_retry``, then visibly abandoned (I5).

    ``send_timeout`` is how long one send may take; ``notice_life`` how long a notice is still worth sending;
    ``link_life`` how long a signed link works. ``fall_back``: what could not be delivered by one channel goes by the
    other, where that proves the same: what is sent to a record by its other contact, and a code that was asked for by
    email, and that ``login.delivery = "sms_else_email"`` had sent to the mobile, by that very email.
    """

    tries: int = field(default=5, validator=ge(1))
    first_retry: timedelta = field(default=timedelta(seconds=15), validator=_positive)
    send_timeout: timedelta = field(default=timedelta(seconds=20), validator=_positive)
    notice_life: timedelta = field(default=timedelta(days=2), validator=_positive)
    link_life: timedelta = field(default=timedelta(days=90), validator=_positive)
    fall_back: bool = field(default=True, validator=instance_of(bool))
