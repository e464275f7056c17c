"""Phones and emails: parsed strictly at the edge, with one canonical key each; the raw text is kept.

A *key* is what two spellings of the same contact share: E.164 for numbers, the address in lower case for emails.
Keys are compared, indexed and limited on; messages go to the stored address, never to a key (a key of an email
has lost the case of its local part).
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

import phonenumbers
from attrs import field, frozen
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberType

from clientportal.errors import InvalidContact, InvalidInput
from clientportal.values.field_checks import quoted
from clientportal.values.quick_keys import quick_email, quick_number

__all__ = [
    "ContactKey",
    "ContactKind",
    "Email",
    "NumberType",
    "Phone",
    "email_key",
    "is_region",
    "mask",
    "parse_email",
    "parse_phone",
    "phone_key",
]

MAX_PHONE = 40
"""Longest text that is looked at as a number, in characters: E.164 has 15 digits, the rest is punctuation."""

MAX_EMAIL = 254
"""Longest email address, in characters (RFC 5321, 4.5.3.1.3 less the angle brackets)."""


class ContactKind(StrEnum):
    """Which field of a client a contact stands in. ``mobile`` and ``phone`` are different fields (T11)."""

    MOBILE = "mobile"
    PHONE = "phone"
    EMAIL = "email"


class NumberType(StrEnum):
    """What a number is, as far as its numbering plan tells."""

    MOBILE = "mobile"
    FIXED = "fixed"
    FIXED_OR_MOBILE = "fixed_or_mobile"
    """Plans such as that of the US do not tell the two apart."""
    PREMIUM = "premium"
    OTHER = "other"
    UNKNOWN = "unknown"


@frozen(order=True)
class ContactKey:
    """One canonical contact, in one field: what the contact index is keyed by."""

    kind: ContactKind
    value: str

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> ContactKey:
        """Read back what ``str`` wrote."""
        kind, _, value = text.partition(":")
        return cls(ContactKind(kind), value)


@frozen
class Phone:
    """A number as it was written, and what it means.

    ``e164`` is the canonical form (``+64211234567``); ``region`` is the ISO 3166 region of the number itself.
    """

    raw: str = field(repr=False)
    e164: str
    region: str
    type: NumberType

    @property
    def can_text(self) -> bool:
        """Whether an SMS may be sent there: a mobile, or a number of a plan that cannot tell."""
        return self.type in (NumberType.MOBILE, NumberType.FIXED_OR_MOBILE)

    def key(self, kind: ContactKind = ContactKind.MOBILE) -> ContactKey:
        """Its key in the given field."""
        return ContactKey(kind, self.e164)


@frozen
class Email:
    """An address as it was written, as mail goes to it, and its key (NFC, lower case, domain in Unicode)."""

    raw: str = field(repr=False)
    address: str
    key_text: str

    def key(self) -> ContactKey:
        """Its key in the email field."""
        return ContactKey(ContactKind.EMAIL, self.key_text)


# Spaces, hyphens, dots, slashes and brackets are how people group digits, at full width too; all of them vanish.
_GROUPING = re.compile("[\\s\\-./()\\[\\]\u00b7\u2010-\u2015\u2212\uff0d\uff0e\uff0f\uff08\uff09\uff3b\uff3d]")
_EXTENSION = re.compile(r"(?i)(?:extension|extn|ext|x|#|;|,)[\s.:=]*(?:ext=)?\d*$")
_DIALLABLE = re.compile(r"\+?[0-9]+")

# What pasting from messages and web pages leaves behind: soft hyphen, zero-width space, bidi marks and isolates, word
# joiner, byte-order mark. The zero-width (non-)joiners are not here: they are letters of some domain names.
_PASTED = frozenset("\u00ad\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")

_TYPES = {
    PhoneNumberType.MOBILE: NumberType.MOBILE,
    PhoneNumberType.FIXED_LINE: NumberType.FIXED,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberType.FIXED_OR_MOBILE,
    PhoneNumberType.PREMIUM_RATE: NumberType.PREMIUM,
    PhoneNumberType.SHARED_COST: NumberType.PREMIUM,
    PhoneNumberType.UNKNOWN: NumberType.UNKNOWN,
}


def _without_pasted(raw: str) -> str:
    return "".join(character for character in raw if character not in _PASTED).strip()


def _plain(raw: str) -> str:
    """Map every script's digits to ASCII; controls stay, to be refused: nobody types NUL into a number."""
    kept: list[str] = []
    for character in _without_pasted(raw):
        category = unicodedata.category(character)
        if category == "Nd":
            kept.append(str(unicodedata.digit(character)))
        elif category in ("Cc", "Cs") and character != "\t":
            raise InvalidContact("not_a_number", "a phone number has no control characters or broken text in it")
        else:
            kept.append("+" if character == "\uff0b" else character)
    return "".join(kept)


def parse_phone(raw: str, *, region: str) -> Phone:
    """Read a number in any usual spelling: national in ``region``, ``00…``, or ``+…``.

    ``region`` is the ISO 3166 code that national spellings are read in. Stricter than the library underneath:
    letters (vanity numbers) and extensions are refused rather than guessed at, since both would let one text
    stand for a number that nobody typed. Raises :class:`~clientportal.errors.InvalidContact`.
    """
    if len(raw) > MAX_PHONE:
        raise InvalidContact("too_long", f"a phone number has at most {MAX_PHONE} characters; this has {len(raw)}")
    text = _plain(raw)
    if text.lower().startswith("tel:"):  # what a phone hands over (RFC 3966)
        text = text[4:].lstrip()
    if not text:
        raise InvalidContact("empty", "a phone number is needed, such as 021 123 4567 or +64 21 123 4567")
    if _EXTENSION.search(text):
        raise InvalidContact("extension", "a phone number without its extension is needed")
    digits = _GROUPING.sub("", text)
    if any(character.isalpha() for character in digits):
        raise InvalidContact("letters", "a phone number is written in digits, without letters")
    if not _DIALLABLE.fullmatch(digits):
        raise InvalidContact("not_a_number", "this is not a phone number: use digits, spaces and a leading +")
    number = _dial(digits, region)
    if number is None:
        raise InvalidContact("not_a_number", f"no such phone number exists (read as a number of region {region})")
    return Phone(
        raw=raw,
        e164=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        region=phonenumbers.region_code_for_number(number) or "",
        type=_TYPES.get(phonenumbers.number_type(number), NumberType.OTHER),
    )


def _dial(digits: str, region: str) -> phonenumbers.PhoneNumber | None:
    # The region's own plan goes first: it knows its trunk prefix and its way abroad (011 in the US, 0011 in Australia,
    # 001 in Korea). Only what means nothing there is read with "00", the prefix that ITU-T E.164 recommends: a client
    # from abroad writes it whatever the salon's region dials.
    spellings = [digits]
    if digits.startswith("00"):
        spellings.append("+" + digits[2:])
    for spelling in spellings:
        try:
            number = phonenumbers.parse(spelling, region)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number
    return None


def phone_key(raw: str, *, region: str, kind: ContactKind) -> ContactKey:
    """The key of a number in the given field: that of :func:`parse_phone`, which raises as it does.

    Common spellings are not read in full (``values/quick_keys.py`` says why that is right): over ten times as fast.
    """
    number = quick_number(raw, region)
    return parse_phone(raw, region=region).key(kind) if number is None else ContactKey(kind, number)


def email_key(raw: str) -> ContactKey:
    """The key of an address: that of :func:`parse_email`, which raises as it does; plain ones are not read in full."""
    address = quick_email(raw)
    return parse_email(raw).key() if address is None else ContactKey(ContactKind.EMAIL, address)


def is_region(_instance: object, _attribute: object, value: str) -> None:
    """An attrs validator: the field names a region whose numbering plan is known."""
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput(f"{quoted(value)} is not a region code of ISO 3166 such as 'NZ'")


def parse_email(raw: str) -> Email:
    """Read an email address. No look-up is made; the address need only be well-formed.

    The key folds case in the local part too: no provider that clients use tells ``Ana@`` and ``ana@`` apart,
    and two clients who differ in that alone are one. It folds case and nothing else: full case folding would make
    one key of ``straße.de`` and ``strasse.de``, which are two domains with two owners, and a proof of the one would
    open the records of the other. Raises :class:`~clientportal.errors.InvalidContact`.
    """
    if len(raw) > 4 * MAX_EMAIL:
        raise InvalidContact("too_long", f"an email address has at most {MAX_EMAIL} characters; this has {len(raw)}")
    text = _without_pasted(raw)
    if not text:
        raise InvalidContact("empty", "an email address is needed, such as ana@example.com")
    if len(text) > MAX_EMAIL:
        raise InvalidContact("too_long", f"an email address has at most {MAX_EMAIL} characters; this has {len(text)}")
    try:
        valid = validate_email(text, check_deliverability=False)
    except (EmailNotValidError, UnicodeError) as error:
        raise InvalidContact("not_an_address", f"this is not an email address: {error}") from error
    local = unicodedata.normalize("NFC", "".join(_lower(character) for character in valid.local_part))
    return Email(raw=raw, address=valid.normalized, key_text=f"{local}@{valid.domain}")


def _lower(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 else character


def mask(contact: str) -> str:
    """A contact as logs and screens may show it: ``+64•••••567``, ``a•••@example.com``.

    >>> mask("+64211234567")
    '+64••••••567'
    >>> mask("ana@example.com")
    'a•••@example.com'
    """
    if "@" in contact:
        local, _, domain = contact.rpartition("@")
        return f"{local[:1]}•••@{domain}"
    if len(contact) <= 7:
        return "•" * len(contact)
    return contact[:3] + "•" * (len(contact) - 6) + contact[-3:]
