"""What a host plugs in, with what each method promises."""

from clientportal.decisions import HostEvent
from clientportal.ports.async_host import AsyncBaseHost
from clientportal.ports.driving import awaited_host, step
from clientportal.ports.host import (
    AsyncHost,
    BaseHost,
    Capabilities,
    ContactPage,
    Host,
    HostAdapter,
    RawContacts,
)
from clientportal.ports.messenger import AsyncSender, Channel, OutgoingMessage, Sender
from clientportal.ports.state import Collision, Page, State, Store, StoreProbe, Unit
from clientportal.values import (
    ActiveCode,
    Answer,
    AnswerKind,
    AppointmentPage,
    CardSummary,
    ChangeKind,
    ClientChange,
    ClientDraft,
    ClientPage,
    CodeKind,
    ContactKey,
    Holding,
    HoldingKind,
    HostAnswer,
    Offer,
    Prefill,
)

__all__ = [
    "ActiveCode",
    "Answer",
    "AnswerKind",
    "AppointmentPage",
    "AsyncBaseHost",
    "AsyncHost",
    "AsyncSender",
    "BaseHost",
    "Capabilities",
    "CardSummary",
    "ChangeKind",
    "Channel",
    "ClientChange",
    "ClientDraft",
    "ClientPage",
    "CodeKind",
    "Collision",
    "ContactKey",
    "ContactPage",
    "Holding",
    "HoldingKind",
    "Host",
    "HostAdapter",
    "HostAnswer",
    "HostEvent",
    "Offer",
    "OutgoingMessage",
    "Page",
    "Prefill",
    "RawContacts",
    "Sender",
    "State",
    "Store",
    "StoreProbe",
    "Unit",
    "awaited_host",
    "step",
]
