"""By what could a record be the same person as another? The keys under which the contact index holds it (T5).

A pair of records is looked at only where both have a key in common, so that the search costs what the collisions cost
and not every pair. The contacts are always keys, for people log in with them; a custom field or a birthday is one where
the policy gives it a weight. A birthday alone would throw thousands together in a large business: it goes with the
initials of the first and the last word of the name, in either order.

A key is a hint and proves nothing; what two records have in common is read from their rows again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from hashlib import blake2b
from typing import Protocol

from attrs import frozen

from clientportal.errors import InvalidContact
from clientportal.policy import Policy
from clientportal.policy.client_fields import CUSTOM
from clientportal.rules.evidence import folded_words
from clientportal.values import ClientDraft, ContactKey, ContactKind, MatchKey, email_key, phone_key

__all__ = ["DEMO", "IndexKeys", "Said", "demo_key", "index_keys", "proposing_keys"]

DEMO = "demo"
"""What stands before a contact of a demo client in the index (V12): it leads to a login, and to nothing else."""

_LONGEST = 80
"""A custom value up to here is its own key; of a longer one there is a digest: databases limit what they index."""


class Said(Protocol):
    """What a record says of somebody: a client, or what the walk over all contacts reads of one."""

    @property
    def mobile(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...
    @property
    def birthday(self) -> date | None: ...
    @property
    def custom(self) -> Mapping[str, str]: ...
    @property
    def demo(self) -> bool: ...


@frozen
class IndexKeys:
    """The keys of one record, and the contacts that cannot be read, each with the problem."""

    keys: frozenset[MatchKey]
    unreadable: tuple[tuple[ContactKind, str], ...] = ()


def index_keys(said: Said, policy: Policy) -> IndexKeys:
    """Everything that the contact index is to hold of one record.

    A demo client shares no key with anybody: it is nobody's duplicate, matches no booking, and makes no contact look as
    if several people had it (V12).
    """
    found = set(_proposing(said.name, said.birthday, said.custom, policy))
    bad: list[tuple[ContactKind, str]] = []
    for kind, text in (
        (ContactKind.MOBILE, said.mobile),
        (ContactKind.PHONE, said.phone),
        (ContactKind.EMAIL, said.email),
    ):
        if not text:
            continue
        try:
            if kind is ContactKind.EMAIL:
                found.add(MatchKey.of(email_key(text)))
            else:
                found.add(MatchKey.of(phone_key(text, region=policy.contacts.region, kind=kind)))
        except InvalidContact as error:
            bad.append((kind, error.problem))
    if said.demo:
        contacts = [key.contact for key in found if key.contact is not None]
        return IndexKeys(frozenset(map(demo_key, contacts)), tuple(bad))
    return IndexKeys(frozenset(found), tuple(bad))


def demo_key(contact: ContactKey) -> MatchKey:
    """Under what the index holds a contact of a demo client."""
    return MatchKey(DEMO, str(contact))


def proposing_keys(draft: ClientDraft, policy: Policy) -> frozenset[MatchKey]:
    """What the index is to hold of a new client beyond the contacts."""
    name = " ".join(part for part in (draft.first_name, draft.last_name) if part)
    return _proposing(name, draft.birthday, draft.custom, policy)


def _proposing(
    name: str | None, birthday: date | None, custom: Mapping[str, str], policy: Policy
) -> frozenset[MatchKey]:
    """The keys beyond the contacts: nobody logs in with them, and they are there only where they have a weight."""
    found: set[MatchKey] = set()
    for fact in policy.matching.weights:
        if fact == "birthday" and birthday is not None and (block := _initials(name or "")):
            found.add(MatchKey(fact, f"{birthday.isoformat()}|{block}"))
        elif fact.startswith(CUSTOM) and (value := folded_words(custom.get(fact.removeprefix(CUSTOM), ""))):
            found.add(MatchKey(fact, _indexable(value)))
    return frozenset(found)


def _initials(name: str) -> str:
    """What "Ana Kingi", "KINGI, Āna" and "Ana Maria Kingi" have in common: "ak"."""
    letters = [first for word in folded_words(name).split() if (first := next(filter(str.isalnum, word), ""))]
    return "".join(sorted((letters[0], letters[-1]))) if letters else ""


def _indexable(value: str) -> str:
    if len(value) <= _LONGEST and value.isprintable():
        return value
    return "#" + blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
