"""What a host plugs in, with what each method promises."""

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
from clientportal.ports.state import Collision, Page, State, Store, Unit
from clientportal.values import AnswerKind, AppointmentPage, ClientChange, ClientPage, HostAnswer, Offer

__all__ = [
    "AnswerKind",
    "AppointmentPage",
    "AsyncBaseHost",
    "AsyncHost",
    "AsyncSender",
    "BaseHost",
    "Capabilities",
    "Channel",
    "ClientChange",
    "ClientPage",
    "Collision",
    "ContactPage",
    "Host",
    "HostAdapter",
    "HostAnswer",
    "Offer",
    "OutgoingMessage",
    "Page",
    "RawContacts",
    "Sender",
    "State",
    "Store",
    "Unit",
    "awaited_host",
    "step",
]
