"""Accounts: where they come from, what they agree to, and how long what is mailed about them works."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import cast

from attrs import field, frozen
from attrs.validators import ge, gt, instance_of, le

from clientportal.errors import PolicyError

__all__ = ["WHOLE", "AccountPolicy", "RegisterFrom", "RegistrationPolicy", "SecondFactorUse", "StaffReset"]

WHOLE = "whole"
"""In the metadata of a setting: its table is one value, which a policy file replaces and never adds to."""

_flag = instance_of(bool)
_positive = gt(timedelta(0))


class RegisterFrom(StrEnum):
    """Where a client may register an account."""

    NOWHERE = "nowhere"
    CONFIRMATION_PAGE = "confirmation_page"
    """Only from the confirmation page of a booking, or from a signed link to one (A1, A2)."""
    ANYWHERE = "anywhere"


class StaffReset(StrEnum):
    """Whether staff may reset a client's password."""

    NEVER = "never"
    SINGLE = "single"
    SINGLE_AND_BULK = "single_and_bulk"


class SecondFactorUse(StrEnum):
    """Whether an authenticator app is asked for besides the password (RFC 6238)."""

    OFF = "off"
    OFFERED = "offered"
    REQUIRED = "required"


def _editions(value: Mapping[str, str]) -> Mapping[str, str]:
    if not isinstance(cast("object", value), Mapping):
        raise PolicyError(
            'registration.consents is a mapping, document to edition, such as {"terms": "2026-01"}',
            ("registration.consents",),
        )
    for name, edition in value.items():
        if not name or not edition or len(name) > 100 or len(edition) > 100:
            raise PolicyError(
                "registration.consents names each document and its edition in 1 to 100 characters, such as "
                '{"terms": "2026-01"}',
                ("registration.consents",),
            )
    return MappingProxyType(dict(value))


@frozen(kw_only=True)
class RegistrationPolicy:
    """Who may register, and with whose help.

    * ``accounts``: whether there are accounts with a login of their own.
    * ``consents``: document -> edition; each must be agreed to, and is kept with its edition and time (A1).
    * ``staff_may_register``: staff may make an account for a client, who sets the password by an invitation.
    * ``host_assertions``: a client whom the platform itself has authenticated is let in by its word, audited (A4: off).
    """

    accounts: bool = field(default=False, validator=_flag)
    register_from: RegisterFrom = field(default=RegisterFrom.NOWHERE, converter=RegisterFrom)
    consents: Mapping[str, str] = field(factory=dict[str, str], converter=_editions, hash=False, metadata={WHOLE: True})
    staff_may_register: bool = field(default=False, validator=_flag)
    staff_reset: StaffReset = field(default=StaffReset.NEVER, converter=StaffReset)
    host_assertions: bool = field(default=False, validator=_flag)


@frozen(kw_only=True)
class AccountPolicy:
    """Accounts once they exist. Lengths of time are this project's (†) unless a standard is named.

    * ``sign_in_links``: logging in by a link in a mail. ``second_factor``: an authenticator app.
    * ``reset_life``† (V6.4.3), ``verify_life``†, ``sign_in_link_life``†, ``change_life``†, ``invitation_life``†: how
      long such a mail's link works. ``revert_for``†: how long a changed email can be taken back from the old address.
    * ``step_up_for`` (V7.5.1): how long a password that was shown again allows changes of the account itself.
    * ``unproved_for``†: a registration whose email nobody has proved is forgotten after this.
    * ``recovery_codes``: how many are handed out with an authenticator app.
    """

    sign_in_links: bool = field(default=False, validator=_flag)
    second_factor: SecondFactorUse = field(default=SecondFactorUse.OFF, converter=SecondFactorUse)
    reset_life: timedelta = field(default=timedelta(minutes=30), validator=_positive)
    verify_life: timedelta = field(default=timedelta(days=3), validator=_positive)
    sign_in_link_life: timedelta = field(default=timedelta(minutes=10), validator=_positive)
    change_life: timedelta = field(default=timedelta(hours=1), validator=_positive)
    invitation_life: timedelta = field(default=timedelta(days=14), validator=_positive)
    revert_for: timedelta = field(default=timedelta(days=7), validator=_positive)
    step_up_for: timedelta = field(default=timedelta(minutes=10), validator=_positive)
    unproved_for: timedelta = field(default=timedelta(days=30), validator=_positive)
    recovery_codes: int = field(default=10, validator=[ge(1), le(20)])
