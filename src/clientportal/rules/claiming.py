"""Which of these records may this account see, on this evidence?

Two attacks come first:

* **The shared address.** Ana and Ben, two adults, have one family email, or one landline. Whoever reads the mailbox
  can prove it, and has proved nothing about whose record it is; nor does the name that they registered under, for they
  chose it. So a contact that several people have links to all of them only where the business lets those who share
  choose, and to the newest alone where the newest booking decides (T4). Elsewhere each record needs a contact that
  nobody else of those has: its own confirmation (X5).
* **The recycled contact.** Numbers and addresses are handed on. Where ``login.recycled_after`` is set, a contact that
  had been quiet for longer than that opens no record by itself: a second contact of the same record has to be proved
  as well (X6). Nor does the old owner's record stand in the way of the new owner's: where the newest booking decides,
  it is the newest of those for whom the contact had not been quiet.

A link that was taken away ("this is not me", or staff) never comes back by itself: the evidence is the same as the day
before. Staff bring it back, and answer for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from attrs import field, frozen

from clientportal.decisions import Because
from clientportal.errors import HostError
from clientportal.policy import Policy, SeveralRecords
from clientportal.rules.whose_contact import Candidate, may_be_recycled, name_key, newest_booking
from clientportal.values import ContactKey, RecordRef, mask

__all__ = [
    "AskForProof",
    "Asserter",
    "LinkFacts",
    "Leave",
    "Link",
    "LinkRule",
    "LinkVerdict",
    "decide_link",
    "held_to_the_laws",
]


# --- what is known ---------------------------------------------------------------------------------------------------


class Asserter(StrEnum):
    """Who says that a record is an account's."""

    CLIENT = "client"
    STAFF = "staff"
    HOST = "host"


@frozen(kw_only=True)
class LinkFacts:
    """Everything that a link can rest on. Nothing in it was merely typed.

    * ``asserted_by``: a client must prove; what staff or the platform say, they answer for.
    * ``proved``: the contacts that this account has shown to be its holder's, each with when: the email of the account,
      and what was confirmed by a code or a mail. ``contact`` is the one that the question is about.
    * ``holders``: which records have each of them today; not those from which "this is not me" took it.
    * ``proved_before``: when each of them was last proved before that, by anybody.
    * ``first_name``: the account's, as its holder typed it: it proves nothing, and staff read it in the reason.
    * ``revoked``: records that were taken off this account before.
    """

    account: str
    asserted_by: Asserter
    contact: ContactKey | None = None
    proved: Mapping[ContactKey, datetime] = field(factory=dict[ContactKey, datetime])
    holders: Mapping[ContactKey, frozenset[RecordRef]] = field(factory=dict[ContactKey, frozenset[RecordRef]])
    proved_before: Mapping[ContactKey, datetime] = field(factory=dict[ContactKey, datetime])
    first_name: str | None = None
    revoked: frozenset[RecordRef] = frozenset()

    def proves(self, candidate: Candidate) -> frozenset[ContactKey]:
        """The contacts of this person that were proved."""
        members = {member.ref for member in candidate.members} | {candidate.ref}
        return frozenset(key for key in self.proved if not members.isdisjoint(self.holders.get(key, ())))

    def was_revoked(self, candidate: Candidate) -> bool:
        """Whether this person, or anything merged into them, was taken off the account before."""
        return not self.revoked.isdisjoint(member.ref for member in candidate.members)

    def is_named_alike(self, candidate: Candidate) -> bool:
        """Whether the account has the first name of this person: equal but for case, accents and spaces."""
        name = name_key(self.first_name)
        return bool(name) and any(name == name_key(member.first_name) for member in candidate.members)


# --- what is decided -------------------------------------------------------------------------------------------------


@frozen
class Link:
    """The account may see these; several: its holder chooses among them. ``further`` need a proof of their own."""

    refs: tuple[RecordRef, ...]
    because: Because
    further: tuple[RecordRef, ...] = ()


@frozen
class AskForProof:
    """Not on this evidence alone: another contact of the same record must be proved as well."""

    refs: tuple[RecordRef, ...]
    because: Because


@frozen
class Leave:
    """There is nothing to link."""

    because: Because


LinkVerdict = Link | AskForProof | Leave


class LinkRule(Protocol):
    """What a platform may put in the place of :func:`decide_link`: ``Portal(..., decide_link=mine)``.

    It is pure (no clock, no reading) and keeps what every account relies on; all but the last are checked after it has
    answered, and breaking one is a ``HostError``:

    * it links nothing that it was not given, so nothing of another business;
    * for a client it links no record of which no contact was proved;
    * for a client it links no record that was taken off the account before;
    * its answer does not depend on the order of ``candidates``.
    """

    def __call__(self, facts: LinkFacts, candidates: Sequence[Candidate], policy: Policy, /) -> LinkVerdict: ...


def decide_link(facts: LinkFacts, candidates: Sequence[Candidate], policy: Policy, /) -> LinkVerdict:
    """Decide what an account is linked to (X5, X6). ``candidates`` are all people who have one of the proved contacts,
    or the one record that staff or the platform name and answer for.
    """
    usable = sorted((one for one in candidates if one.speaker.usable), key=lambda one: one.ref)
    because = _because(facts, usable, policy)
    if facts.asserted_by is not Asserter.CLIENT:
        return Link(_refs(usable), because) if usable else Leave(because)
    people = [one for one in usable if facts.proves(one) and not facts.was_revoked(one)]
    if not people:
        return Leave(because)
    fresh = [one for one in people if not _may_be_recycled(facts, one, policy)]
    confirmed = {one.ref for one in fresh if _has_its_own(facts, one, usable)}
    by_sharing = {one.ref for one in _of_several(facts, people, policy)}
    allowed = confirmed | (by_sharing & {one.ref for one in fresh})
    refs = tuple(one.ref for one in people if one.ref in allowed)
    waiting = tuple(one.ref for one in people if one.ref not in allowed)
    return Link(refs, because, waiting) if refs else AskForProof(waiting, because)


def _may_be_recycled(facts: LinkFacts, person: Candidate, policy: Policy) -> bool:
    """Whether the one contact that was proved had been quiet for too long when it was (X6). Two are enough."""
    proofs = facts.proves(person)
    if len(proofs) > 1:
        return False
    (only,) = proofs
    return _was_quiet(facts, person, only, policy)


def _was_quiet(facts: LinkFacts, person: Candidate, key: ContactKey, policy: Policy) -> bool:
    """Whether this contact may be somebody else's than this person's by now, whatever else was proved of them."""
    before = facts.proved_before.get(key)
    return may_be_recycled([person], before, policy.login.recycled_after, facts.proved[key])


def _has_its_own(facts: LinkFacts, person: Candidate, everybody: Sequence[Candidate]) -> bool:
    """Whether a contact was proved that is this person's and nobody else's (X5)."""
    shared = {key for other in everybody if other.ref != person.ref for key in facts.proves(other)}
    return bool(facts.proves(person) - shared)


def _of_several(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> Sequence[Candidate]:
    """Whom of those who share a contact the policy opens to whoever proves it: all (``choose``), the newest, nobody.
    Those are left out afterwards whose contact may be recycled.
    """
    if policy.login.several is SeveralRecords.CHOOSE:
        return people
    if policy.login.several is SeveralRecords.NEWEST_BOOKING:
        sharers = {key: [one for one in people if key in facts.proves(one)] for key in facts.proved}
        return [_newest(facts, each, key, policy) for key, each in sharers.items() if each]
    return ()


def _newest(facts: LinkFacts, sharers: Sequence[Candidate], key: ContactKey, policy: Policy) -> Candidate:
    """The newest of those for whom the contact had not been quiet (T4, X6), and where it was quiet for all, of all.

    Which one that is depends on this contact alone. Were it the newest of all who may be opened, a second proof could
    wake an old record that then takes the place of a new one: who proves more would see less (law 11). And were it the
    newest of all, the record that a handed-on number has from its old owner would shut the new owner out of theirs.
    """
    awake = [one for one in sharers if not _was_quiet(facts, one, key, policy)]
    return newest_booking(awake or sharers)


def _refs(people: Sequence[Candidate]) -> tuple[RecordRef, ...]:
    return tuple(one.ref for one in people)


def _because(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> Because:
    said = (
        ("asserted by", facts.asserted_by.value),
        ("contact", "none" if facts.contact is None else mask(facts.contact.value)),
        ("contacts proved", str(len(facts.proved))),
        ("records", str(len(people))),
        ("named alike", str(sum(facts.is_named_alike(one) for one in people))),
        ("taken off before", str(len(facts.revoked))),
    )
    settings = (
        ("login.several", policy.login.several.value),
        ("login.recycled_after", str(policy.login.recycled_after)),
    )
    return Because("claiming.decide_link", said, settings)


def held_to_the_laws(rule: LinkRule, facts: LinkFacts, candidates: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    """Ask the rule, ours or the platform's, and hold its answer against what no rule may do."""
    said = rule(facts, tuple(candidates), policy)
    if not isinstance(said, Link | AskForProof | Leave):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise HostError(f"decide_link answers with Link, AskForProof or Leave; this is {type(said).__name__}")
    if not isinstance(said, Link):
        return said
    given = {one.ref: one for one in candidates}
    for ref in said.refs:
        if ref not in given:
            raise HostError(f"decide_link linked {ref}, which it was not asked about")
        if facts.asserted_by is not Asserter.CLIENT:
            continue
        if not facts.proves(given[ref]):
            raise HostError(f"decide_link linked {ref}, of which no contact was proved")
        if facts.was_revoked(given[ref]):
            raise HostError(f"decide_link linked {ref}, which was taken off this account before")
    return said
