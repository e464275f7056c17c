"""How the client list is searched and ordered: the same on every store, because no two databases fold text alike.

SQLite's ``lower()`` knows ASCII alone, and what PostgreSQL does depends on the collation that it was built with. So
text is folded here, once, when it is written, and what is searched for is folded the same way.
"""

from __future__ import annotations

import unicodedata

from clientportal.values.clients import ClientDraft, ClientRecord

__all__ = ["folded", "list_place", "search_words", "searched_text"]

# Letters of their own by Unicode, an accent or a ligature to whoever types a name from memory.
_LIKE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "’": "'"}
)
_TAIL = 8
"""A country code or a leading zero stands before these digits of a number, in whatever spelling."""


def folded(text: str) -> str:
    """Without case, accents and width: "Žoë  Kōwhai" is "zoe  kowhai"."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold().translate(_LIKE)


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())


def searched_text(record: ClientRecord | ClientDraft) -> str:
    """What the words of a search are looked for in: name, email, and the digits of both numbers, a line each."""
    name = " ".join(part for part in (record.first_name, record.last_name) if part)
    lines = (folded(name), folded(record.email or ""), _digits(record.phone or ""), _digits(record.mobile or ""))
    return "\n".join(lines)


def search_words(search: str) -> tuple[str, ...]:
    """What must occur in a record's :func:`searched_text`, every one of it; nothing: every record is found.

    What looks like a number (digits with the signs that people write between them) is one word, however it is
    spaced; of a whole number the last eight digits, which are the same with a country code and without.
    """
    number = _digits(search)
    if len(number) > 2 and all(c.isdecimal() or c in "+-()./ \u00a0\u2011\u2013" for c in search.strip()):
        return (number[-_TAIL:] if len(number) > _TAIL else number,)
    return tuple(dict.fromkeys(folded(search).split()))


def list_place(record: ClientRecord | ClientDraft) -> tuple[str, str]:
    """Where a client stands in the list: by last name, then first name; who has none comes after all who have. A demo
    client comes before everybody (V12).
    """
    if isinstance(record, ClientRecord) and record.demo:
        return "", ""
    return _place(record.last_name), _place(record.first_name)


def _place(name: str | None) -> str:
    plain = folded(name or "").strip()
    return f"0{plain}" if plain else "1"
