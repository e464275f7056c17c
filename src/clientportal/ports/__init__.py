"""What a host plugs in, with what each method promises."""

from clientportal.ports.driving import awaited_host, step
from clientportal.ports.host import (
    AnswerKind,
    AsyncHost,
    BaseHost,
    Capabilities,
    ContactPage,
    Host,
    HostAdapter,
    HostAnswer,
    RawContacts,
)
from clientportal.ports.messenger import AsyncSender, Channel, OutgoingMessage, Sender
from clientportal.ports.state import Collision, Page, State, Store, Unit

__all__ = [
    "AnswerKind",
    "AsyncHost",
    "AsyncSender",
    "BaseHost",
    "Capabilities",
    "Channel",
    "Collision",
    "ContactPage",
    "Host",
    "HostAdapter",
    "HostAnswer",
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
