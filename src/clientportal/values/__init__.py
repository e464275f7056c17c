"""What things are: contacts, clients, appointments, money, secrets. Frozen, validated, without behaviour."""

from clientportal.values.appointments import (
    AnswerKind,
    Appointment,
    AppointmentPage,
    AppointmentStatus,
    ChangeKind,
    HostAnswer,
    Offer,
    Service,
    Slot,
    When,
)
from clientportal.values.business import Branding, Business
from clientportal.values.clients import (
    CLIENT_FIELDS,
    STAFF_FIELDS,
    Address,
    ClientChange,
    ClientDraft,
    ClientPage,
    ClientRecord,
    FieldValue,
    RecordKind,
    RecordRef,
)
from clientportal.values.codes import ActiveCode, CodeKind
from clientportal.values.contacts import (
    ContactKey,
    ContactKind,
    Email,
    NumberType,
    Phone,
    email_key,
    mask,
    parse_email,
    parse_phone,
    phone_key,
)
from clientportal.values.holdings import HeldThing, Holding, HoldingKind
from clientportal.values.instants import as_utc, in_zone, zone
from clientportal.values.matching import MatchKey
from clientportal.values.money import Money
from clientportal.values.prefill import Answer, CardSummary, Prefill
from clientportal.values.receipts import DeliveryReceipt, DeliveryState
from clientportal.values.secret import Secret
from clientportal.values.sections import ItemPage, SectionItem, SectionWrite
from clientportal.values.sources import normalise_source

__all__ = [
    "CLIENT_FIELDS",
    "STAFF_FIELDS",
    "ActiveCode",
    "Address",
    "Answer",
    "AnswerKind",
    "Appointment",
    "AppointmentPage",
    "AppointmentStatus",
    "Branding",
    "Business",
    "CardSummary",
    "ChangeKind",
    "ClientChange",
    "ClientDraft",
    "ClientPage",
    "ClientRecord",
    "CodeKind",
    "ContactKey",
    "ContactKind",
    "DeliveryReceipt",
    "DeliveryState",
    "Email",
    "FieldValue",
    "HeldThing",
    "Holding",
    "HoldingKind",
    "HostAnswer",
    "ItemPage",
    "MatchKey",
    "Money",
    "NumberType",
    "Offer",
    "Phone",
    "Prefill",
    "RecordKind",
    "RecordRef",
    "Secret",
    "SectionItem",
    "SectionWrite",
    "Service",
    "Slot",
    "When",
    "as_utc",
    "email_key",
    "in_zone",
    "mask",
    "normalise_source",
    "parse_email",
    "parse_phone",
    "phone_key",
    "zone",
]
