"""What a business chooses, question by question; :mod:`presets` has five live products as values.

``policy_from_toml`` and ``policy_to_toml`` are loaded when they are first asked for.
"""

from typing import TYPE_CHECKING, Any

from clientportal.policy.accounts import AccountPolicy, RegisterFrom, RegistrationPolicy, SecondFactorUse, StaffReset
from clientportal.policy.changes import ChangePolicy, Edge, Fee, Late, Override, Window, WindowUnit
from clientportal.policy.client_fields import FieldDefinition
from clientportal.policy.franchise import FranchisePolicy
from clientportal.policy.limits import GuessPolicy, MessagePolicy, SendPolicy, SessionPolicy
from clientportal.policy.login import (
    ContactPolicy,
    Delivery,
    LoginPolicy,
    LoginToBook,
    Proof,
    SeveralRecords,
    UnknownIdentity,
)
from clientportal.policy.matching import MatchingPolicy, NameComparison
from clientportal.policy.merging import MergedCards, MergePolicy, Survivorship
from clientportal.policy.passwords import PasswordPolicy
from clientportal.policy.people import (
    BookingFlow,
    BookingPolicy,
    CardRemoval,
    ClientListPolicy,
    LoggedOutMatch,
    OnDelete,
    SeenBy,
    StaffBooking,
    VisibilityPolicy,
)
from clientportal.policy.policy import Policy
from clientportal.policy.portal import CallToAction, PortalPolicy

if TYPE_CHECKING:
    from clientportal.policy.toml import policy_from_toml, policy_to_toml

__all__ = [
    "AccountPolicy",
    "BookingFlow",
    "BookingPolicy",
    "CallToAction",
    "CardRemoval",
    "ChangePolicy",
    "ClientListPolicy",
    "ContactPolicy",
    "Delivery",
    "Edge",
    "Fee",
    "FieldDefinition",
    "FranchisePolicy",
    "GuessPolicy",
    "Late",
    "LoggedOutMatch",
    "LoginPolicy",
    "LoginToBook",
    "MatchingPolicy",
    "MergePolicy",
    "MergedCards",
    "MessagePolicy",
    "NameComparison",
    "OnDelete",
    "Override",
    "PasswordPolicy",
    "Policy",
    "PortalPolicy",
    "Proof",
    "RegisterFrom",
    "RegistrationPolicy",
    "SecondFactorUse",
    "SeenBy",
    "SendPolicy",
    "SessionPolicy",
    "SeveralRecords",
    "StaffBooking",
    "StaffReset",
    "Survivorship",
    "UnknownIdentity",
    "VisibilityPolicy",
    "Window",
    "WindowUnit",
    "policy_from_toml",
    "policy_to_toml",
]


def __getattr__(name: str) -> Any:
    if name not in ("policy_from_toml", "policy_to_toml"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from clientportal.policy import toml

    return getattr(toml, name)
