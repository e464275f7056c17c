"""A client base as businesses have them, invented, with the truth: ``python benchmarks/people.py [--count 1000]``.

``people(count, seed)`` gives the same records for the same two numbers, on every machine, one after the other, so that
a million of them need no memory. Each record says which person it is: that is the truth a duplicate report is measured
against. What is in it, and how often, is in ``SHARES``; tests/benchmarks holds the generator to it.

The business is in New Zealand. Most numbers are from there and written in a dozen ways, some are from Australia, the
United Kingdom and the United States. ``Record.keys`` are the contacts in their normal form *by construction*: a
benchmark of grouping needs no minute of reading numbers first, and a test shows that reading them gives the same.
"""

from __future__ import annotations

import argparse
import random
import unicodedata
from collections import deque
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import chain, count, islice
from math import gcd
from typing import NamedTuple

from names import FIRST, LAST, NICKNAMES

SHARES = {
    # Of all persons.
    "two records": 0.062,
    "three records": 0.010,
    "four records": 0.0015,
    "has a mobile": 0.88,
    "has a landline": 0.20,
    "has an email": 0.62,
    "mobile was somebody else's before": 0.003,
    "shares the mobile of a household": 0.014,
    "shares the landline of a household": 0.04,
    "gives the address of their office": 0.0005,
    # Of households.
    "the email is shared as well": 0.4,
    "parent and child of one name": 0.015,
    "somebody has another last name": 0.15,
    # Of all records.
    "birthday known": 0.4,
    "an address that is none": 0.006,
    "a number that is none": 0.003,
    "the reception's number": 0.002,
    "the reception's address": 0.0015,
    # Of three records of one person.
    "a chain": 0.3,
}
"""How often what happens. Duplicates, the second to fourth records of a person, are 8 % of all records."""

NO_ADDRESSES = ("none@none.co.nz", "noemail@noemail.com", "none@example.com", "na@na.com", "test@test.com")
NO_NUMBERS = (("+64210000000", "021 000 0000"), ("+64211111111", "0211111111"), ("+64229999999", "022 999 9999"))
RECEPTION = ("+6493550100", "reception@kowhai-hair.co.nz")
_SPREAD = 7_368_787
_MAILS = ("gmail.com", "gmail.com", "xtra.co.nz", "outlook.com", "icloud.com", "yahoo.co.nz", "example.org")


class Record(NamedTuple):
    """One client record as the business typed it; ``keys`` are its contacts normalised, ``person`` is the truth."""

    id: str
    person: int
    first_name: str | None
    last_name: str | None
    mobile: str | None
    phone: str | None
    email: str | None
    birthday: date | None
    keys: tuple[str, ...]


class Person(NamedTuple):
    """Somebody: what they are called, how they are reached."""

    number: int
    first: str
    last: str
    born: date
    mobile: str | None
    phone: str | None
    email: str | None


class Draft(NamedTuple):
    """What one record says of a person; contacts are normalised, or ``(normalised, as typed)``."""

    first: str | None
    last: str | None
    mobile: str | None
    phone: str | None
    email: str | None
    birthday: date | None


# --- contacts ------------------------------------------------------------------------------------------------------


def a_mobile(number: int, region: str) -> str:
    """The E.164 number of that place in a plan: no two places give the same."""
    place = number * _SPREAD
    if region == "NZ":
        return f"+64{('21', '22', '27', '29')[number % 4]}{2_000_000 + place % 7_900_000:07}"
    if region == "AU":
        return f"+6141{place % 10_000_000:07}"
    if region == "GB":
        return f"+4473{place % 100_000_000:08}"
    return f"+1212{2_000_000 + place % 8_000_000:07}"


def a_landline(number: int) -> str:
    """A landline of Auckland or Wellington."""
    return f"+64{'94'[number % 2]}{3_600_000 + number * _SPREAD % 4_000_000:07}"


def spelt(e164: str, draw: random.Random) -> str:
    """The number as somebody may have typed it, at a business in New Zealand."""
    code, rest = _split(e164)
    area, number = (rest[:1], rest[1:]) if code == "64" and rest[0] != "2" else (rest[:2], rest[2:])
    cut = len(number) - 4
    a, b = number[:cut], number[cut:]
    abroad = (f"+{code} {area} {a} {b}", f"00{code} {area}{a}{b}", e164, f"+{code} ({area}) {a}-{b}")
    if code != "64":
        return draw.choice(abroad)
    home = (f"0{area} {a} {b}", f"0{rest}", f"(0{area}) {a}-{b}", f"0{area}-{a}-{b}", f"0{area} {a}{b}")
    return draw.choice((*home, *home, *abroad, f"+64 (0){area} {a} {b}"))


def _split(e164: str) -> tuple[str, str]:
    length = 1 if e164.startswith("+1") else 2
    return e164[1 : 1 + length], e164[1 + length :]


def an_email(person: int, first: str, last: str, draw: random.Random) -> str:
    """An address of that person alone."""
    local = draw.choice((f"{first}.{last}", f"{first[0]}{last}", f"{last}{first[0]}", first))
    return f"{plain(local)}{person}@{draw.choice(_MAILS)}"


def plain(text: str) -> str:
    """Without accents, spaces and case."""
    letters = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in letters if letter.isascii() and (letter.isalnum() or letter == ".")).lower()


# --- names ---------------------------------------------------------------------------------------------------------


def mistyped(text: str, draw: random.Random) -> str:
    """One letter left out, doubled, exchanged for another, or two swapped; never the first."""
    if len(text) < 3:
        return text
    at = draw.randrange(1, len(text) - 1)
    letter = draw.choice("aeiounrst")
    return draw.choice(
        (
            text[:at] + text[at + 1 :],
            text[:at] + text[at] + text[at:],
            text[:at] + letter + text[at + 1 :],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        )
    )


_Names = tuple[str | None, str | None]
_SPELLINGS: tuple[tuple[int, Callable[[str, str, random.Random], _Names]], ...] = (
    (58, lambda first, last, _draw: (first, last)),
    (4, lambda first, last, _draw: (first.upper(), last.upper())),
    (6, lambda first, last, _draw: (plain(first).title(), plain(last).title())),
    (6, lambda first, last, draw: (mistyped(first, draw), last)),
    (4, lambda first, last, draw: (first, mistyped(last, draw))),
    (4, lambda first, last, _draw: (last, first)),
    (7, lambda first, last, draw: (draw.choice(NICKNAMES.get(first, (first,))), last)),
    (4, lambda first, last, _draw: (f"{first[0]}.", last)),
    (3, lambda first, _last, _draw: (first, None)),
    (4, lambda first, _last, draw: (first, draw.choice(LAST))),
)


def renamed(first: str, last: str, draw: random.Random) -> _Names:
    """The name as another hand may have put it down: misspelt, swapped, short, or after a wedding."""
    (spelling,) = draw.choices([how for _, how in _SPELLINGS], [weight for weight, _ in _SPELLINGS])
    return spelling(first, last, draw)


# --- persons and their records ---------------------------------------------------------------------------------------


class _World:
    """What persons draw from: one stream of chance, numbers that are used once, mobiles that were given up."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.persons = count(1)
        self.numbers = count(1)
        self.given_up: deque[str] = deque(maxlen=500)

    def happens(self, what: str) -> bool:
        return self.draw.random() < SHARES[what]

    def mobile(self) -> str:
        region = self.draw.choices(("NZ", "AU", "GB", "US"), (88, 6, 4, 2))[0]
        return a_mobile(next(self.numbers), region)

    def person(self, last: str | None = None, born: date | None = None) -> Person:
        draw, number = self.draw, next(self.persons)
        first, last = draw.choice(FIRST), last or draw.choice(LAST)
        mobile = self.mobile() if self.happens("has a mobile") else None
        if mobile is not None and len(self.given_up) > 100 and self.happens("mobile was somebody else's before"):
            mobile = draw.choice(self.given_up)
        elif mobile is not None:
            self.given_up.append(mobile)
        return Person(
            number,
            first,
            last,
            born or date(1940, 1, 1) + timedelta(days=draw.randrange(365 * 70)),
            mobile,
            a_landline(next(self.numbers)) if self.happens("has a landline") else None,
            an_email(number, first, last, draw) if self.happens("has an email") else None,
        )

    def unit(self) -> list[Person]:
        """One person, or several who share something."""
        chance = self.draw.random()
        for what, size in (
            ("shares the mobile of a household", 2.6),
            ("shares the landline of a household", 2.6),
            ("gives the address of their office", 6.0),
        ):
            # A unit is begun as often as it takes for its persons to be that share of all.
            if chance < SHARES[what] / size:
                return self.office() if "office" in what else self.household("mobile" if "mobile" in what else "phone")
            chance -= SHARES[what] / size
        return [self.person()]

    def office(self) -> list[Person]:
        address = f"office{next(self.numbers)}@firm.co.nz"
        return [self.person()._replace(email=address) for _ in range(self.draw.randint(3, 9))]

    def household(self, shared: str) -> list[Person]:
        """A parent, and partner or children: one number, mostly one last name, the first names their own."""
        parent = self.person()
        number = (
            parent.mobile or self.mobile() if shared == "mobile" else parent.phone or a_landline(next(self.numbers))
        )
        common = {shared: number}
        if self.happens("the email is shared as well"):
            common["email"] = parent.email or an_email(parent.number, "family", parent.last, self.draw)
        members, born = [parent], parent.born + timedelta(days=365 * 27 + self.draw.randrange(4000))
        for _ in range(self.draw.choice((1, 1, 1, 2, 2, 3))):
            other = self.person(None if self.happens("somebody has another last name") else parent.last, born)
            while other.first in {one.first for one in members}:
                other = other._replace(first=self.draw.choice(FIRST))
            members.append(other)
            # Now and then twins.
            born += timedelta(days=self.draw.choice((0, 400, 700, 700, 1100, 1100)))
        if self.happens("parent and child of one name"):
            members[1] = members[1]._replace(first=parent.first, last=parent.last)
        return [member._replace(**common) for member in members]

    # --- records

    def drafts(self, person: Person) -> list[Draft]:
        first = Draft(person.first, person.last, person.mobile, person.phone, person.email, person.born)
        chance = self.draw.random()
        if chance < SHARES["two records"]:
            return [first, self.again(person)]
        chance -= SHARES["two records"]
        if chance < SHARES["three records"]:
            if self.happens("a chain") and person.mobile is not None and person.email is not None:
                return [first._replace(email=None), first, self.again(person)._replace(mobile=None, email=person.email)]
            return [first, self.again(person), self.again(person)]
        chance -= SHARES["three records"]
        return [first, *(self.again(person) for _ in range(3 if chance < SHARES["four records"] else 0))]

    def again(self, person: Person) -> Draft:
        """The same person, entered a second time."""
        draw = self.draw
        first, last = renamed(person.first, person.last, draw)
        mobile = person.mobile and draw.choices((person.mobile, None, self.mobile()), (78, 12, 10))[0]
        other = an_email(person.number, person.last, person.first, draw)
        local, _, domain = (person.email or "").partition("@")
        slip = f"{mistyped(local, draw)}@{domain}"
        email = person.email and draw.choices((person.email, None, other, slip), (76, 15, 7, 2))[0]
        born = person.born
        if draw.random() < 0.01 and born.day <= 12:
            born = date(born.year, born.day, born.month)
        phone = person.phone if draw.random() < 0.7 else None
        return Draft(first, last, mobile, phone, email, born)

    def record(self, person: Person, draft: Draft) -> Record:
        """The draft as it stands in the list: numbers and addresses in some spelling, some of them no one's."""
        draw = self.draw
        mobile, email = draft.mobile, draft.email
        typed = spelt(mobile, draw) if mobile else None
        if self.happens("a number that is none"):
            mobile, typed = draw.choice(NO_NUMBERS)
        elif self.happens("the reception's number"):
            mobile = RECEPTION[0]
            typed = spelt(mobile, draw)
        if self.happens("an address that is none"):
            email = draw.choice(NO_ADDRESSES)
        elif self.happens("the reception's address"):
            email = RECEPTION[1]
        written = email and draw.choices((email, email.capitalize(), email.upper(), f" {email}"), (85, 9, 4, 2))[0]
        keys = (("mobile", mobile), ("phone", draft.phone), ("email", email))
        return Record(
            "",
            person.number,
            draft.first,
            draft.last,
            typed,
            spelt(draft.phone, draw) if draft.phone else None,
            written,
            draft.birthday if self.happens("birthday known") else None,
            tuple(f"{kind}:{value}" for kind, value in keys if value),
        )

    def records(self) -> Iterator[Record]:
        while True:
            for person in self.unit():
                for draft in self.drafts(person):
                    yield self.record(person, draft)


def people(count: int, seed: int = 1) -> Iterator[Record]:
    """That many records; those of one person lie far apart by their ids."""
    # A step that shares no divisor with the count visits every number once.
    step = next(step for step in chain((int(count * 0.618) | 1,), range(1, count + 2)) if gcd(step, count) == 1)
    for at, record in enumerate(islice(_World(seed).records(), count)):
        yield record._replace(id=f"c{at * step % count:07}")


def main() -> None:
    """Print them, tab-separated."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    print("\t".join(Record._fields))
    for record in people(given.count, given.seed):
        parts = (*record[:-1], " ".join(record.keys))
        print("\t".join("" if part is None else str(part) for part in parts))


if __name__ == "__main__":
    main()
