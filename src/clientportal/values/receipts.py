"""What a provider says, later, of a message that it took: is it on its way, has it arrived, will it never?"""

from __future__ import annotations

from enum import StrEnum

from attrs import Attribute, field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.channels import Channel

__all__ = ["DeliveryReceipt", "DeliveryState"]


class DeliveryState(StrEnum):
    """How far a message has come, in the words of no provider."""

    TAKEN = "taken"
    """It is the provider's, or its carrier's: on the way."""
    DELIVERED = "delivered"
    """It has arrived."""
    FAILED = "failed"
    """It has not arrived, and will not."""


def _line(_instance: object, attribute: Attribute[str], value: object) -> None:
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise InvalidInput(f"{attribute.name} of a receipt is one line of at most 200 characters, without controls")


@frozen(kw_only=True)
class DeliveryReceipt:
    """One report about one message.

    * ``message_id``: the ``id`` of the :class:`~clientportal.OutgoingMessage` that the sender handed over.
    * ``channel``: by which it was sent; another channel's receipt says nothing about what has gone by this one since.
    * ``permanent``: of a failure, that no other try by this channel can work.
    * ``note``: why, in a few words for staff: never a text, never a contact.
    * ``provider_id``: the provider's own id of this sending, which tells two sendings of one message apart.
    """

    message_id: str = field(validator=_line)
    state: DeliveryState = field(converter=DeliveryState)
    channel: Channel = field(default=Channel.SMS, converter=Channel)
    permanent: bool = False
    note: str = field(default="", validator=_line)
    provider_id: str = field(default="", validator=_line)
