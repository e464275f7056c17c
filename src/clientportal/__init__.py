"""A client portal for appointment-booking platforms: who is this client, what may they see, what may they change.

Begin with :class:`Portal` (or :class:`AsyncPortal`) and a preset::

    from clientportal import KeyRing, Portal, presets

Its three doors are ``portal.visitor(business)``, ``portal.client(token)`` and ``portal.staff(business, ...)``. What a
host plugs in is in :mod:`clientportal.ports`, what a business chooses in :mod:`clientportal.policy`, and the rules
themselves, one question a file, in :mod:`clientportal.rules`.
"""

from clientportal.decisions import Because, Decision, Reason, Refusal
from clientportal.doors import AsyncPortal, Portal
from clientportal.errors import (
    ClientPortalError,
    Conflict,
    DurableOperation,
    HostError,
    InvalidAnswers,
    InvalidCode,
    InvalidContact,
    InvalidCursor,
    InvalidField,
    InvalidFile,
    InvalidInput,
    MissingCapability,
    PolicyError,
    Refused,
    SendFailed,
    StoreError,
)
from clientportal.keyring import Key, KeyRing
from clientportal.messages.texts import Catalogue
from clientportal.outcomes import ImportedAccount, SignInStage
from clientportal.policy import Policy, presets
from clientportal.ports import AsyncBaseHost, BaseHost, Capabilities, Channel, OutgoingMessage
from clientportal.rules.who_may_manage import Permission
from clientportal.values import (
    Address,
    Appointment,
    AppointmentStatus,
    Business,
    ClientRecord,
    DeliveryReceipt,
    DeliveryState,
    Money,
    RecordRef,
    Secret,
    Service,
    Slot,
    When,
)

__version__ = "0.1.0"

__all__ = [
    "Address",
    "Appointment",
    "AppointmentStatus",
    "AsyncBaseHost",
    "AsyncPortal",
    "BaseHost",
    "Because",
    "Business",
    "Capabilities",
    "Catalogue",
    "Channel",
    "ClientPortalError",
    "ClientRecord",
    "Conflict",
    "Decision",
    "DeliveryReceipt",
    "DeliveryState",
    "DurableOperation",
    "HostError",
    "ImportedAccount",
    "InvalidAnswers",
    "InvalidCode",
    "InvalidContact",
    "InvalidCursor",
    "InvalidField",
    "InvalidFile",
    "InvalidInput",
    "Key",
    "KeyRing",
    "MissingCapability",
    "Money",
    "OutgoingMessage",
    "Permission",
    "Policy",
    "PolicyError",
    "Portal",
    "Reason",
    "RecordRef",
    "Refusal",
    "Refused",
    "Secret",
    "SendFailed",
    "Service",
    "SignInStage",
    "Slot",
    "StoreError",
    "When",
    "__version__",
    "presets",
]
