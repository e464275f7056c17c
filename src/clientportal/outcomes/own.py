"""What the doors answer with about what clients keep themselves: preferences, referrals, their details."""

from __future__ import annotations

from attrs import field, frozen

from clientportal.values import Money, RecordRef, Secret
from clientportal.values.channels import Channel
from clientportal.values.preferences import Category

__all__ = ["ContactReplaced", "DetailsChanged", "Friend", "ReferralCounted", "Referrals", "Unsubscribing"]


@frozen
class Unsubscribing:
    """What a link in a mailing turns off, and whether it just did."""

    category: Category
    channel: Channel
    done: bool = False


@frozen
class Friend:
    """Somebody who came by a client's link, as that client may know: the first name and an initial; empty where the
    platform does not know them any more.
    """

    name: str


@frozen
class Referrals:
    """What a client's recommendations have brought (M10).

    ``money`` are the credits earned, one sum for each currency, ``points`` those in points. ``referred`` is how many
    friends count; ``friends`` a page of them, latest first, with ``next`` as the cursor of the page after it. ``link``
    is the client's own: append it to the address of your booking page.
    """

    link: Secret
    referred: int
    money: tuple[Money, ...] = ()
    points: int = 0
    friends: tuple[Friend, ...] = field(default=(), converter=tuple[Friend, ...])
    next: str | None = None


@frozen
class ReferralCounted:
    """Whether a booking counts as a friend's first. ``why`` is empty where it does, else a stable word:
    ``oneself``, ``not_first``, ``referred_already``. ``already``: this very booking was counted before.
    """

    counted: bool
    friend: RecordRef
    referrer: RecordRef
    why: str = ""
    already: bool = False


@frozen
class DetailsChanged:
    """Which fields were written, into which record."""

    ref: RecordRef
    fields: tuple[str, ...]


@frozen
class ContactReplaced:
    """Which contact was replaced, or put back, and by what (masked)."""

    field: str
    contact: str
