"""Rules that look plausible and break a law: each is a mistake that somebody has made, or will.

Every entry says which check is to catch it, and under which law. A rule that a check lets pass is a hole in the check.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import evolve, frozen

from clientportal.messages.texts import Catalogue
from clientportal.outcomes import FieldChoice
from clientportal.policy import ChangePolicy, Fee, Late, Override, Policy, SeveralRecords, Window, presets
from clientportal.rules.claiming import AskForProof, Asserter, Leave, Link, LinkFacts, LinkVerdict, decide_link
from clientportal.rules.surviving import choose_fields
from clientportal.rules.whose_contact import Candidate, keys_of, may_be_recycled, name_key, newest_booking
from clientportal.testing.laws import (
    Checked,
    check_grouping,
    check_link_rule,
    check_matching,
    check_merge_rule,
    check_name_comparison,
    check_policy,
    check_survivorship,
    check_tie_break,
)
from clientportal.values import Appointment, ChangeKind, ClientRecord, Money, Offer, RecordRef

Records = Sequence[ClientRecord]


@frozen
class Broken:
    """A broken rule: what it is called, the law that it breaks, and the check that is to say so."""

    name: str
    law: int
    check: Callable[[], Checked]

    def __str__(self) -> str:
        return self.name


BROKEN: list[Broken] = []


def _broken(law: int, check: Callable[..., Checked], **more: Any) -> Callable[[Any], Any]:
    def add(rule: Any) -> Any:
        BROKEN.append(Broken(rule.__name__, law, lambda: check(rule, **more)))
        return rule

    return add


# --- survivorship: one field -----------------------------------------------------------------------------------------


@_broken(4, check_survivorship)
def writes_into_what_it_is_given(field: str, records: Records) -> ClientRecord | None:
    """It notes in the records that it has seen them."""
    for record in records:
        assert isinstance(record.custom, dict)
        record.custom["seen"] = "yes"
    return None


def every_fiftieth_answer_is_another() -> Callable[[str, Records], ClientRecord | None]:
    """Right, but for a counter somewhere in the platform: what it answers depends on how often it was asked."""
    asked = itertools.count(1)

    def rule(field: str, records: Records) -> ClientRecord | None:
        said = [one for one in records if str(getattr(one, field) or "") or field in one.cleared]
        if next(asked) % 50 == 0:
            return min(said, key=lambda one: one.ref, default=None)
        return max(said, key=lambda one: (_when(one, field), str(getattr(one, field) or ""), one.ref), default=None)

    return rule


def _when(one: ClientRecord, field: str) -> datetime:
    return (one.changed_at or {}).get(field, one.created_at)


def said(name: str, record: ClientRecord) -> str:
    return str(getattr(record, name) or "")


def speaking(name: str, records: Records) -> list[ClientRecord]:
    return [record for record in records if said(name, record) or name in record.cleared]


@_broken(2, check_survivorship)
def first_record_wins(name: str, records: Records) -> ClientRecord | None:
    """Whichever the database returned first."""
    return next(iter(speaking(name, records)), None)


@_broken(2, check_survivorship)
def last_record_wins(name: str, records: Records) -> ClientRecord | None:
    return next(iter(speaking(name, records)[::-1]), None)


@_broken(2, check_survivorship)
def longest_without_a_tie_break(name: str, records: Records) -> ClientRecord | None:
    """Two names of four letters: ``max`` keeps the first, also where one is years newer."""
    return max(speaking(name, records), key=lambda one: len(said(name, one)), default=None)


@_broken(5, check_survivorship)
def newest_without_a_tie_break(name: str, records: Records) -> ClientRecord | None:
    """Two rows of one import have one timestamp."""
    return max(speaking(name, records), key=lambda one: one.created_at, default=None)


@_broken(5, check_survivorship)
def oldest_by_the_day(name: str, records: Records) -> ClientRecord | None:
    """By time and value, and then by the id alone: a client and a guest's booking may have the same one."""
    return min(speaking(name, records), key=lambda one: (one.created_at, said(name, one), one.ref.id), default=None)


@_broken(2, check_survivorship)
def earliest_by_the_hour_of_the_day(name: str, records: Records) -> ClientRecord | None:
    """Compares clock times without their dates, as text that was cut off too early does."""
    return min(speaking(name, records), key=lambda one: one.created_at.strftime("%H:%M:%S"), default=None)


@_broken(6, check_survivorship)
def newest_record_though_empty(name: str, records: Records) -> ClientRecord | None:
    return max(records, key=lambda one: (one.created_at, one.ref))


@_broken(6, check_survivorship)
def ignores_what_was_cleared(name: str, records: Records) -> ClientRecord | None:
    """A number that was taken out on purpose comes back from an older record."""
    found = [record for record in records if said(name, record)]
    return max(found, key=lambda one: (one.created_at, said(name, one), one.ref), default=None)


@_broken(4, check_survivorship)
def tidies_up(name: str, records: Records) -> ClientRecord | None:
    """Answers with a record that nobody handed over."""
    found = ignores_what_was_cleared(name, records)
    return None if found is None else evolve(found, version="tidied")


@_broken(3, check_survivorship, examples=400)
def votes(name: str, records: Records) -> ClientRecord | None:
    """What most records say: where two of them were one client already, they have one vote."""
    once = speaking(name, list({record.ref: record for record in records}.values()))
    count = Counter(said(name, record) for record in once)
    return max(once, key=lambda one: (count[said(name, one)], said(name, one), one.ref), default=None)


# --- survivorship: a whole client ------------------------------------------------------------------------------------


def lawful(records: Records) -> dict[str, FieldChoice]:
    return choose_fields(records, {}, {})


@_broken(4, check_merge_rule)
def joins_values(records: Records) -> Mapping[str, FieldChoice]:
    """``Ana / An``: nobody is called that."""
    names = sorted({record.first_name for record in records if record.first_name})
    fields = lawful(records)
    return {**fields, "first_name": evolve(fields["first_name"], value=" / ".join(names) or None)}


@_broken(4, check_merge_rule)
def hides_its_source(records: Records) -> Mapping[str, FieldChoice]:
    return {name: evolve(choice, source=None) for name, choice in lawful(records).items()}


@_broken(1, check_merge_rule)
def gives_up_on_many(records: Records) -> Mapping[str, FieldChoice]:
    """Beyond three records nothing is shown: merging once more what is merged changes everything."""
    return lawful(records if len(records) < 4 else records[:0])


@_broken(3, check_merge_rule, examples=400)
def the_middle_one(records: Records) -> Mapping[str, FieldChoice]:
    """The median of a group is not the median of the medians of its parts."""
    once = sorted({record.ref: record for record in records}.values(), key=lambda one: (one.created_at, one.ref))

    def middle(name: str) -> FieldChoice:
        found = speaking(name, once)
        if not found:
            return FieldChoice(name, None, None, "middle")
        one = found[len(found) // 2]
        return FieldChoice(name, said(name, one) or None, one.ref, "middle")

    return {name: middle(name) for name in lawful(records)}


# --- whose contact ---------------------------------------------------------------------------------------------------


@_broken(2, check_tie_break)
def first_person(people: Sequence[Candidate]) -> Candidate:
    return people[0]


@_broken(5, check_tie_break)
def newest_person(people: Sequence[Candidate]) -> Candidate:
    return max(people, key=lambda one: one.speaker.created_at)


@_broken(4, check_tie_break)
def a_new_person(people: Sequence[Candidate]) -> Candidate:
    """Tidies the record up before it hands it back."""
    return Candidate(evolve(people[0].speaker, notes="the right one"), ())


# --- links -----------------------------------------------------------------------------------------------------------


def _only(verdict: LinkVerdict, refs: Collection[RecordRef]) -> LinkVerdict:
    return Link(tuple(sorted(refs)), verdict.because) if refs else Leave(verdict.because)


def _shown(verdict: LinkVerdict) -> set[RecordRef]:
    return set(verdict.refs) if isinstance(verdict, Link) else set()


@_broken(11, check_link_rule)
def links_by_an_unproved_email(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    """Whoever registers with an email sees the record that has it: the mail that proves it is still on its way."""
    verdict = decide_link(facts, people, policy)
    held = [one.ref for one in people if any(one.ref in refs for refs in facts.holders.values())]
    safe = {one.ref for one in people if not facts.was_revoked(one)}
    return _only(verdict, (_shown(verdict) | set(held)) & safe)


@_broken(11, check_link_rule)
def links_the_only_candidate(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    """There is just one: who else could it be?"""
    verdict = decide_link(facts, people, policy)
    only = {people[0].ref} if len(people) == 1 and not facts.was_revoked(people[0]) else set[RecordRef]()
    return _only(verdict, _shown(verdict) | only)


@_broken(11, check_link_rule)
def believes_a_name(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    """The same first name, and a contact that several have: the name was typed by whoever wants in."""
    verdict = decide_link(facts, people, policy)
    named = {
        one.ref
        for one in people
        if facts.is_named_alike(one) and facts.proves(one) and one.speaker.usable and not facts.was_revoked(one)
    }
    return _only(verdict, _shown(verdict) | named)


@_broken(11, check_link_rule)
def believes_an_import(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    """The old system called the email verified; it had never asked."""
    verdict = decide_link(facts, people, policy)
    marked = {one.ref for one in people if one.speaker.custom.get("email_verified") and not facts.was_revoked(one)}
    return _only(verdict, _shown(verdict) | marked)


@_broken(11, check_link_rule)
def is_suspicious_of_much_proof(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    """Two contacts at once look like an attack: so more proof opens less."""
    verdict = decide_link(facts, people, policy)
    asked = tuple(sorted(_shown(verdict)))
    return AskForProof(asked, verdict.because) if len(facts.proved) > 1 and asked else verdict


@_broken(11, check_link_rule)
def wakes_an_old_record(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    """The newest of all who may be opened: a second proof opens an old record, which takes the place of a new one.

    This was ours, until this check found it.
    """
    verdict = decide_link(facts, people, policy)
    age = policy.login.recycled_after
    if facts.asserted_by is not Asserter.CLIENT or policy.login.several is not SeveralRecords.NEWEST_BOOKING:
        return verdict
    mine = [one for one in people if one.speaker.usable and facts.proves(one) and not facts.was_revoked(one)]

    def asks_for_more(one: Candidate) -> bool:
        proofs = [*facts.proves(one)]
        return len(proofs) == 1 and may_be_recycled(
            [one], facts.proved_before.get(proofs[0]), age, facts.proved[proofs[0]]
        )

    fresh = [one for one in mine if not asks_for_more(one)]
    sharers = [[one for one in fresh if key in facts.proves(one)] for key in facts.proved]
    return _only(verdict, {newest_booking(each).ref for each in sharers if each} | _by_their_own(facts, fresh, people))


def _by_their_own(facts: LinkFacts, fresh: Sequence[Candidate], people: Sequence[Candidate]) -> set[RecordRef]:
    """Of whom a contact was proved that nobody else has."""
    counts = Counter(key for one in people if one.speaker.usable for key in facts.proves(one))
    return {one.ref for one in fresh if any(counts[key] == 1 for key in facts.proves(one))}


@_broken(11, check_link_rule)
def opens_the_whole_family(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    """Everybody who has the proved address, whatever the business says of those who share one."""
    verdict = decide_link(facts, people, policy)
    having = {one.ref for one in people if facts.proves(one) and not facts.was_revoked(one)}
    return _only(verdict, _shown(verdict) | having)


@_broken(10, check_link_rule)
def links_whatever_has_the_contact(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    """Takes the records from the index of contacts, and not from those that it was asked about."""
    verdict = decide_link(facts, people, policy)
    having = {ref for key in facts.proved for ref in facts.holders.get(key, ())}
    members = {member.ref for one in people for member in one.members}
    return _only(verdict, _shown(verdict) | (having - members))


@_broken(12, check_link_rule)
def forgets_not_me(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    return decide_link(evolve(facts, revoked=frozenset()), people, policy)


@_broken(12, check_link_rule)
def forgets_not_me_of_the_merged(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    """Looks whether the record that speaks was taken off: a record merged into it brings everything back."""
    revoked = facts.revoked & {one.ref for one in people}
    return decide_link(evolve(facts, revoked=revoked), people, policy)


@_broken(4, check_link_rule)
def looks_at_the_speaker_alone(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    """A contact of a record that was merged into it is not the person's any more."""
    speakers = {one.ref for one in people}
    holders = {key: refs & speakers for key, refs in facts.holders.items()}
    return decide_link(evolve(facts, holders=holders), people, policy)


@_broken(2, check_link_rule)
def links_the_first(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
    """Of several that could be opened the one that came first."""
    verdict = decide_link(facts, people, policy)
    shown = _shown(verdict)
    return _only(verdict, [one.ref for one in people if one.ref in shown][:1])


class _Impatient:
    """Every other time it has had enough: it counts its calls."""

    __name__ = "counts_its_calls"

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
        self.calls += 1
        verdict = decide_link(facts, people, policy)
        return verdict if self.calls % 2 else Leave(verdict.because)


BROKEN.append(Broken("counts_its_calls", 5, lambda: check_link_rule(_one_person(_Impatient()))))


def _one_person(rule: Any) -> Any:
    """The rule for one person at a time: what depends on the order of several is not what is looked for here."""

    def ask(facts: LinkFacts, people: Sequence[Candidate], policy: Policy) -> LinkVerdict:
        return rule(facts, people, policy) if len(people) == 1 else decide_link(facts, people, policy)

    return ask


# --- names, pairs and groups -----------------------------------------------------------------------------------------


@_broken(20, check_name_comparison)
def begins_with(first: str, second: str) -> float:
    """An is the beginning of Ana; Ana is not the beginning of An."""
    one, other = (" ".join(sorted(name_key(name).split())) for name in (first, second))
    return float(other.startswith(one))


@_broken(20, check_name_comparison)
def shared_letters(first: str, second: str) -> float:
    """How many letters they share: more than 1."""
    return float(len(set(name_key(first)) & set(name_key(second))))


@_broken(16, check_name_comparison)
def exactly_equal(first: str, second: str) -> float:
    return float(first == second)


@_broken(16, check_name_comparison)
def the_first_word(first: str, second: str) -> float:
    """Kingi Ana is Ana Kingi, in half of the world."""
    return float(name_key(first).split()[:1] == name_key(second).split()[:1])


@_broken(16, check_matching)
def equal_as_typed(first: ClientRecord, second: ClientRecord) -> float:
    """021 123 4567 and +64 21 123 4567 are one number."""
    return float(bool(first.mobile) and first.mobile == second.mobile)


@_broken(2, check_matching)
def the_firsts_email_on_the_second(first: ClientRecord, second: ClientRecord) -> float:
    """Where the first has no email everything depends on the mobile, the other way round it does not."""
    shared = keys_of(first, "NZ") & keys_of(second, "NZ")
    return float(bool(shared) and (first.email is None or second.email is not None))


@_broken(20, check_matching)
def points_without_end(first: ClientRecord, second: ClientRecord) -> float:
    return float(len(keys_of(first, "NZ") & keys_of(second, "NZ")))


Links = Sequence[tuple[RecordRef, RecordRef]]
Dismissed = Collection[frozenset[RecordRef]]


def _joined(links: Links) -> list[set[RecordRef]]:
    groups: list[set[RecordRef]] = []
    for link in links:
        touched = [one for one in groups if one & set(link)]
        groups = [one for one in groups if one not in touched] + [set(link).union(*touched)]
    return groups


@_broken(12, check_grouping)
def forgets_dismissals_along_a_chain(links: Links, dismissed: Dismissed) -> list[set[RecordRef]]:
    """The dismissed pair is not linked; a third record, linked to both, joins it again."""
    return _joined([link for link in links if frozenset(link) not in dismissed])


@_broken(4, check_grouping)
def neighbours_only(links: Links, dismissed: Dismissed) -> list[set[RecordRef]]:
    """Each link a group of its own: whoever is in two links is in two groups."""
    return [set(link) for link in links if frozenset(link) not in dismissed]


@_broken(2, check_grouping)
def whoever_comes_first(links: Links, dismissed: Dismissed) -> list[set[RecordRef]]:
    """Leaves out the link that would join a dismissed pair: which one that is depends on the order."""
    groups: list[set[RecordRef]] = []
    for link in links:
        touched = [one for one in groups if one & set(link)]
        joined = set(link).union(*touched)
        if not any(pair <= joined for pair in dismissed):
            groups = [one for one in groups if one not in touched] + [joined]
    return groups


@_broken(15, check_grouping)
def at_most_two_groups(links: Links, dismissed: Dismissed) -> list[set[RecordRef]]:
    """A page has room for so many: the rest is never shown."""
    if dismissed:
        return []
    groups = sorted(_joined(links), key=min)
    return groups if len(groups) < 2 else [set[RecordRef]().union(*groups)]


# --- policies --------------------------------------------------------------------------------------------------------

_TIMELY = presets.timely(region="NZ")


def _late(amount: int, fee: Fee) -> Window:
    return Window(amount=amount, late=Late.FEE, fee=fee)


def _changes(**more: Any) -> Policy:
    return evolve(_TIMELY, changes=evolve(_TIMELY.changes, **more))


_TWO_CURRENCIES = _changes(
    services={"colour": Override(cancel=_late(48, Fee(amount=Money("10.00", "USD"))))},
    staff={"mia": Override(cancel=_late(24, Fee(amount=Money("90.00", "NZD"))))},
)
BROKEN.append(Broken("fees_in_two_currencies", 21, lambda: check_policy(_TWO_CURRENCIES)))


def _cheaper_when_later(appointment: Appointment, _change: ChangeKind, at: datetime) -> Offer:
    """A discount for whoever waits: the platform's fee falls with the time that is left."""
    left = max(appointment.start - at, timedelta(0)) // timedelta(minutes=30)
    return Offer(fee=Money(str(left), "NZD"))


def _opens_at_night(_appointment: Appointment, _change: ChangeKind, at: datetime) -> Offer:
    """Its own calendar is closed in the afternoon, so that what was refused at noon is allowed at night."""
    return Offer(allowed=at.hour < 12, why_not="closed")


def _until_of_the_year(appointment: Appointment, _change: ChangeKind, _at: datetime) -> Offer:
    """The later in the year, the more notice: next week's appointment is closed before this week's."""
    return Offer(until=appointment.start - timedelta(days=2 * appointment.start.timetuple().tm_yday))


def _offered(name: str, offer: Any) -> None:
    open_ = evolve(_TIMELY, changes=ChangePolicy())
    BROKEN.append(Broken(name, 17, lambda: check_policy(open_, offer=offer)))


_offered("a_fee_that_falls_with_lateness", _cheaper_when_later)
_offered("a_calendar_that_opens_again", _opens_at_night)
_offered("a_deadline_that_comes_sooner_for_later", _until_of_the_year)

_WORDLESS = Catalogue({"reason.too_late.client": ""})
BROKEN.append(Broken("a_refusal_without_words", 18, lambda: check_policy(_TIMELY, texts=_WORDLESS)))

_SHORT_CODES = evolve(
    _TIMELY, login=evolve(_TIMELY.login, code_digits=4), allow_weaker=frozenset({"login.code_digits"})
)
BROKEN.append(Broken("weaker_than_the_standard_unnoticed", 11, lambda: check_policy(_SHORT_CODES)))

_NOBODY_SHARES = evolve(_TIMELY, contacts=evolve(_TIMELY.contacts, shared_by_at_most=1))
BROKEN.append(Broken("matching_that_finds_nobody", 20, lambda: check_policy(_NOBODY_SHARES)))


class _ClosedOnMondays(ChangePolicy):
    """A policy that was made clever: written down, its cleverness is lost."""


_CLEVER = evolve(_TIMELY, changes=_ClosedOnMondays(cancel=_TIMELY.changes.cancel, move=_TIMELY.changes.move))
BROKEN.append(Broken("a_policy_that_cannot_be_written_down", 19, lambda: check_policy(_CLEVER)))


class _LastAsked:
    """Keeps the region of whoever was asked about last, for everybody."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, business: str) -> Policy:
        self.asked.append(business)
        return presets.timely(region="NZ" if len(set(self.asked[-2:])) == 1 else "AU")


BROKEN.append(Broken("a_policy_that_remembers_who_asked", 10, lambda: check_policy(_LastAsked())))


@frozen
class _Newest:
    """A platform's own survivorship rule, handed over as the portal is."""

    __name__ = "whoever_comes_first"

    def __call__(self, name: str, records: Records) -> ClientRecord | None:
        found = speaking(name, records)
        return max(found, key=lambda one: len(said(name, one)), default=None) if len(found) < 3 else found[-1]


BROKEN.append(
    Broken("a_policy_with_an_unlawful_rule", 3, lambda: check_policy(_TIMELY, survivorship={"last_name": _Newest()}))
)
