"""What things are: contacts, clients, appointments, money, secrets. Frozen, validated, without behaviour."""

from clientportal.values.appointments import (
    Appointment,
    AppointmentPage,
    AppointmentStatus,
    ChangeKind,
    Offer,
    Service,
    Slot,
    When,
)
from clientportal.values.business import Branding, Business
from clientportal.values.clients import CLIENT_FIELDS, Address, ClientDraft, ClientRecord, RecordKind, RecordRef
from clientportal.values.contacts import (
    ContactKey,
    ContactKind,
    Email,
    NumberType,
    Phone,
    mask,
    parse_email,
    parse_phone,
)
from clientportal.values.instants import as_utc, in_zone, zone
from clientportal.values.money import Money
from clientportal.values.secret import Secret

__all__ = [
    "CLIENT_FIELDS",
    "Address",
    "Appointment",
    "AppointmentPage",
    "AppointmentStatus",
    "Branding",
    "Business",
    "ChangeKind",
    "ClientDraft",
    "ClientRecord",
    "ContactKey",
    "ContactKind",
    "Email",
    "Money",
    "NumberType",
    "Offer",
    "Phone",
    "RecordKind",
    "RecordRef",
    "Secret",
    "Service",
    "Slot",
    "When",
    "as_utc",
    "in_zone",
    "mask",
    "parse_email",
    "parse_phone",
    "zone",
]
