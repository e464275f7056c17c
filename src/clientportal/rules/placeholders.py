"""Is this typed only because the form wanted something (X4)?

A booking form that insists on an email or a number gets ``none@none.com`` and ``000 000 0000``. Taken at their word,
they would make one person of everybody who was in a hurry. What is recognised here says nothing about who somebody is;
it stays a contact otherwise. Where staff have flagged a contact, or cleared it, their word counts and nobody asks here.

Nothing is said about a domain: a mailbox of ``example.com`` is as good as any in a test of yours. And in doubt it is a
real contact: the pattern has to be one that next to nobody was given by a provider.
"""

from __future__ import annotations

import re
from datetime import date

from clientportal.values import ContactKind, MatchKey
from clientportal.values.searching import folded

__all__ = ["is_empty_birthday", "is_empty_text", "says_nothing"]

_NO_MAILBOX = re.compile(
    # "none@", "nil@", "nobody@", "unknown@": a word for nothing, and nothing else.
    r"(?:none|nil|null|nobody|noone|nothing|unknown|notknown|anonymous|keine|niemand|aucun|aucune|ninguno|nessuno|geen"
    # "noemail@", "no-email-address@", "ohnemail@", "keinemail@", "sincorreo@", "pasdemail@", "geenemail@": no + email.
    r"|(?:no|non|without|dont?have(?:an?)?|doesnthave|hasno|not|kein|keine|ohne|sin|sans|pasd|pasde|geen|ingen|senza|sem)"
    r"(?:e?mails?|e?mailadd?ress?e?|add?ress?e?|correo|indirizzo)"
    # "notprovided@", "notgiven@", "notavailable@", "notapplicable@", "declined@", "refused@": no, in an office's words.
    r"|not(?:provided|given|supplied|available|applicable)|declined|refused"
    # "xx@", "xxx@", "aaaa@", "000@", "11111@": one key held down. Two letters are initials, but for "xx".
    r"|xx|(.)\1{2,}"
    # "asdf@", "qwerty@", "12345@": the finger drawn over the keyboard.
    r"|asdf(?:ghjkl?|gh?)?|qwert[yz]?(?:uiop)?|123(?:4(?:5(?:6(?:7(?:8(?:90?)?)?)?)?)?)?"
    # "test@", "dummy@", "fake@", "noreply@": a word that says itself what it is, or that nobody reads it.
    r"|test(?:ing|er)?|placeholder|dummy|fake(?:e?mail)?|noreply|donotreply|nope)"
)
_BOTH_SIDES = re.compile(r"(\w{1,4})@\1\.[\w.]+")
"""The same few letters twice, "na@na.com", "a@a.co.nz": typed twice, or a firm's address, and no one person's."""
_BETWEEN = re.compile(r"[._\-]")
"""What people put between the words of a local part: "no.email", "no-email" and "no_email" are one."""

_ONE_DIGIT = re.compile(r"(\d)\1{6}$|0{6}$")
"""Seven times the same digit at the end ("021 999 9999"), or six zeros: less often given out than typed."""
_RUN = 8
"""So many digits in a row, up or down, at the end: "0123456789", "12345678", "87654321". Seven of them are a number
that people choose ("021 123 4567")."""
_UP, _DOWN = "01234567890123456789", "98765432109876543210"

_EMPTY_DAYS = frozenset(
    {
        # What programs write where there is no day: the first of year one (.NET), of 1900 (Excel, SQL Server) and the
        # day before, Excel's zero; of 1970 (Unix). Whoever was really born in 1970 on New Year's Day loses one proof.
        date(1, 1, 1),
        date(1899, 12, 30),
        date(1899, 12, 31),
        date(1900, 1, 1),
        date(1970, 1, 1),
        # What people type to get past a field.
        date(1901, 1, 1),
        date(1911, 11, 11),
        date(9999, 12, 31),
    }
)

_EMPTY_TEXTS = frozenset(
    {
        # The field is empty, or was filled with what stands for it: in signs, in English, and as programs write it.
        *("", "-", "--", "---", ".", "?", "0", "x", "xx", "xxx", "/"),
        *("n/a", "na", "n.a.", "none", "nil", "nothing", "unknown", "not known", "not provided", "tbc", "tbd", "no"),
        *("null", "nan", "undefined", "(none)", "keine", "keiner", "unbekannt", "ninguno", "aucun"),
    }
)


def says_nothing(key: MatchKey) -> bool:
    """Whether a key is one that people share because nobody has it."""
    if key.kind == ContactKind.EMAIL:
        return _is_no_mailbox(key.value)
    if key.kind in tuple(ContactKind):
        return _is_no_number(key.value)
    if key.kind == "birthday":
        return _is_no_day(key.value)
    return is_empty_text(key.value)


def is_empty_birthday(day: date) -> bool:
    """Whether a day stands for "no day" in programs and on forms."""
    return day in _EMPTY_DAYS


def is_empty_text(text: str) -> bool:
    """Whether a custom field says in words that it is empty."""
    return " ".join(folded(text).split()) in _EMPTY_TEXTS


def _is_no_mailbox(address: str) -> bool:
    if _BOTH_SIDES.fullmatch(address):
        return True
    local = address.rpartition("@")[0].partition("+")[0]
    return _NO_MAILBOX.fullmatch(_BETWEEN.sub("", folded(local))) is not None


def _is_no_number(e164: str) -> bool:
    digits = e164.removeprefix("+")
    end = digits[-_RUN:]
    in_a_row = len(end) == _RUN and (end in _UP or end in _DOWN)
    return in_a_row or _ONE_DIGIT.search(digits) is not None


def _is_no_day(value: str) -> bool:
    try:
        return is_empty_birthday(date.fromisoformat(value.partition("|")[0]))
    except ValueError:
        return False
