"""The business whose portal this is, and what it looks like."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen

from clientportal.errors import InvalidContact, InvalidInput
from clientportal.values.contacts import parse_email
from clientportal.values.instants import is_zone

__all__ = ["Branding", "Business"]

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def _wrong(attribute: Any, needed: str, value: object) -> InvalidInput:
    return InvalidInput(f"Branding.{attribute.name} is {needed}, or None; this is {value!r}")


def _colour(_instance: object, attribute: Any, value: Any) -> None:
    if value is not None and (not isinstance(value, str) or not _COLOUR.fullmatch(value)):
        raise _wrong(attribute, "a colour written as #rrggbb, such as '#1f4e6b'", value)


def _address_of_a_page(_instance: object, attribute: Any, value: Any) -> None:
    """An address that a page may link to or load from: https, and nothing that could end an attribute or a header."""
    if value is None:
        return
    plain = isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= 500
    if plain and not any(c in value for c in " ;,'\"<>\\*"):
        try:
            parts = urlsplit(value)
            if parts.scheme == "https" and parts.hostname and parts.username is None and parts.port != 0:
                return
        except ValueError:  # no port, no host: told below
            parts = None
    raise _wrong(attribute, "an address that begins with https://", value)


def _line(_instance: object, attribute: Any, value: Any) -> None:
    if value is not None and (not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 200):
        raise _wrong(attribute, "one line of 1 to 200 characters", value)


def _mailbox(_instance: object, attribute: Any, value: Any) -> None:
    if value is None:
        return
    try:
        parse_email(value)
    except (InvalidContact, TypeError, AttributeError) as error:
        raise _wrong(attribute, "an email address", value) from error


@frozen
class Branding:
    """How a business looks and where it is reached: shown to everybody, on pages and in messages; never markup.

    ``colour`` is what its buttons have, ``second_colour`` what goes with it, each as ``#rrggbb``. ``logo_url``,
    ``favicon_url`` and ``website`` begin with ``https://``. ``phone``, ``email`` and ``address`` are the public ones.
    """

    logo_url: str | None = field(default=None, validator=_address_of_a_page)
    colour: str | None = field(default=None, validator=_colour)
    phone: str | None = field(default=None, validator=_line)
    email: str | None = field(default=None, validator=_mailbox)
    second_colour: str | None = field(default=None, validator=_colour)
    address: str | None = field(default=None, validator=_line)
    website: str | None = field(default=None, validator=_address_of_a_page)
    favicon_url: str | None = field(default=None, validator=_address_of_a_page)


@frozen
class Business:
    """One business. ``zone`` is the IANA zone that its calendar days are counted in."""

    id: str
    name: str
    zone: str = field(validator=is_zone)
    branding: Branding = field(factory=Branding)
