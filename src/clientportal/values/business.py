"""The business whose portal this is."""

from __future__ import annotations

from attrs import field, frozen

from clientportal.values.instants import is_zone

__all__ = ["Branding", "Business"]


@frozen
class Branding:
    """How a business looks: shown on pages and in messages, never trusted as markup."""

    logo_url: str | None = None
    colour: str | None = None
    phone: str | None = None
    email: str | None = None


@frozen
class Business:
    """One business. ``zone`` is the IANA zone that its calendar days are counted in."""

    id: str
    name: str
    zone: str = field(validator=is_zone)
    branding: Branding = field(factory=Branding)
