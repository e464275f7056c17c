"""Which messages a client wants, and how: {transactional, marketing} x {email, SMS}, each on or off by itself (M11)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen
from attrs.validators import instance_of

from clientportal.values.channels import Channel
from clientportal.values.field_checks import as_member
from clientportal.values.instants import as_utc_or_none
from clientportal.values.sections import SectionItem

__all__ = ["Category", "Preference", "Preferences"]

_flag = instance_of(bool)


class Category(StrEnum):
    """What a message is about, as far as a client can choose."""

    TRANSACTIONAL = "transactional"
    """About something that the client has: an appointment, an invoice, a document, an answer."""
    MARKETING = "marketing"
    """Everything that wants to sell."""


def _category(value: Category | str) -> Category:
    return as_member(Category, value, "category of messages")


def _channel(value: Channel | str) -> Channel:
    return as_member(Channel, value, "channel")


@frozen(kw_only=True)
class Preference(SectionItem):
    """What one record has chosen for one category by one channel. What was never chosen has no item.

    ``chosen_at`` is when, where the platform knows it.
    """

    category: Category = field(converter=_category)
    channel: Channel = field(converter=_channel)
    on: bool = field(validator=_flag)
    chosen_at: datetime | None = field(default=None, converter=as_utc_or_none)

    @property
    def listed_by(self) -> str:
        """Transactional first, email first."""
        return f"{self.category.value} {'1' if self.channel is Channel.EMAIL else '0'}"


@frozen(kw_only=True)
class Preferences:
    """What a client wants to get, all records put together. Codes, resets and security notices are none of it: they
    are always sent.

    Where nobody has chosen: what is about the client's own things is sent, and what wants to sell is not.
    """

    transactional_email: bool = field(default=True, validator=_flag)
    transactional_sms: bool = field(default=True, validator=_flag)
    marketing_email: bool = field(default=False, validator=_flag)
    marketing_sms: bool = field(default=False, validator=_flag)

    def allows(self, category: Category | str, channel: Channel | str) -> bool:
        """Whether messages of that category may go by that channel."""
        wanted: bool = getattr(self, f"{_category(category).value}_{_channel(channel).value}")
        return wanted
