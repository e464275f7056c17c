"""Which of several records' values does a merged client show, and where does each come from?

Computed from all records behind the client, every time: so nothing depends on the order in which they were merged.
Whatever a rule is, the platform's own ones included, a record whose field was never set has no say in it, and one whose
field was *cleared* on purpose says "nothing", at the time when it was cleared (law 6). Ties fall to (time, value, id),
so every answer is the same for every order of the records (laws 2, 3 and 5), and names the records that it is from
(law 4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import cast

from attrs import evolve, field, frozen

from clientportal.errors import HostError
from clientportal.outcomes import ConsentChoice, FieldChoice, Part, Source
from clientportal.policy import MergedCards, Policy, Survivorship
from clientportal.policy.client_fields import CUSTOM
from clientportal.policy.merging import MERGED_FIELDS, rules_for, usual_rule
from clientportal.records import Merge
from clientportal.rules.whose_contact import contact_key
from clientportal.values import CLIENT_FIELDS, Address, ClientRecord, ContactKey, ContactKind, RecordRef

__all__ = [
    "OWN",
    "STAFF_CHOICE",
    "SurvivorshipRule",
    "Ways",
    "address_of",
    "choices_of",
    "choose",
    "choose_fields",
    "choose_internal",
    "own_name",
    "proving_keys",
    "rules_of",
    "rules_today",
    "shows_all_cards",
    "strictest",
]

SurvivorshipRule = Callable[[str, Sequence[ClientRecord]], ClientRecord | None]
"""A platform's own rule for one field: the field's name and all records of one person -> the record whose value is
shown, ``None`` where none has one. Pure, and true to the laws: ``clientportal.testing.laws.check_survivorship``."""

OWN = "own:"
"""What the journal calls a platform's own rule: this, and the name of the function."""
STAFF_CHOICE = "staff_choice"


@frozen
class Ways:
    """What the values of one person are decided by, besides the records themselves.

    * ``rules``: field -> the rule, as the journal calls it; what is not named is decided by its usual rule.
    * ``choices``: staff's own picks, field -> record; they hold while that record has something to say.
    * ``proofs``: when each contact was proved last; ``own``: the platform's rules, by field.
    * ``region``: numbers without a country are of this one; ``None`` compares no contacts.
    """

    rules: Mapping[str, str] = field(factory=dict[str, str])
    choices: Mapping[str, str] = field(factory=dict[str, str])
    region: str | None = None
    proofs: Mapping[ContactKey, datetime] = field(factory=dict[ContactKey, datetime])
    own: Mapping[str, SurvivorshipRule] = field(factory=dict[str, SurvivorshipRule])


def own_name(rule: SurvivorshipRule) -> str:
    """The name that the journal keeps of a platform's own rule."""
    return f"{OWN}{getattr(rule, '__name__', type(rule).__name__)}"


# --- what a record says ----------------------------------------------------------------------------------------------


def _text(record: ClientRecord, name: str) -> str | None:
    value = record.custom.get(name.removeprefix(CUSTOM)) if name.startswith(CUSTOM) else getattr(record, name)
    text = None if value is None else str(value)
    return text or None


def _changed(record: ClientRecord, name: str) -> datetime:
    """When the value was last changed; a host that does not say falls through to when the record was made."""
    return (record.changed_at or {}).get(name, record.created_at)


def _speaking(name: str, records: Sequence[ClientRecord]) -> list[ClientRecord]:
    """The records that have something to say, by their ref, each once."""
    by_ref = {record.ref: record for record in records}
    return [by_ref[ref] for ref in sorted(by_ref) if _text(by_ref[ref], name) or name in by_ref[ref].cleared]


def _latest(name: str, record: ClientRecord) -> tuple[float, str, RecordRef]:
    return (_changed(record, name).timestamp(), _text(record, name) or "", record.ref)


# --- choosing ---------------------------------------------------------------------------------------------------------


def choose_fields(
    records: Sequence[ClientRecord],
    rules: Mapping[str, str],
    choices: Mapping[str, str],
    region: str | None = None,
    *,
    proofs: Mapping[ContactKey, datetime] | None = None,
    own: Mapping[str, SurvivorshipRule] | None = None,
) -> dict[str, FieldChoice]:
    """Decide the six fields that a client may see, from all its records (laws 2–6).

    With ``region`` contacts that differ in their spelling alone are marked.
    """
    return choose(records, Ways(rules, choices, region, proofs or {}, own or {}), CLIENT_FIELDS)


def choose_internal(records: Sequence[ClientRecord], ways: Ways) -> dict[str, FieldChoice]:
    """The same of what only staff see: birthday, notes, and every custom field that any of the records has."""
    custom = sorted({f"{CUSTOM}{name}" for record in records for name in record.custom})
    return choose(records, ways, (*MERGED_FIELDS[len(CLIENT_FIELDS) :], *custom))


def choose(records: Sequence[ClientRecord], ways: Ways, names: Sequence[str]) -> dict[str, FieldChoice]:
    """Decide these fields from all records of one person, each by its rule."""
    chosen = {name: _choose(name, records, ways) for name in names}
    region = ways.region
    if region is None:
        return chosen
    return {name: evolve(choice, alike=_alike(choice, region)) for name, choice in chosen.items()}


def _choose(name: str, records: Sequence[ClientRecord], ways: Ways) -> FieldChoice:
    speaking = _speaking(name, records)
    rule, gone = _rule_of(name, ways)
    picked = next((record for record in speaking if str(record.ref) == ways.choices.get(name)), None)
    if picked is not None:
        return _told(name, picked, STAFF_CHOICE, speaking)
    if not speaking:
        return FieldChoice(name, None, None, rule, instead_of=gone)
    if rule == Survivorship.UNION:
        return evolve(_union(name, speaking), instead_of=gone)
    if rule.startswith(OWN):
        return _told(name, _by_own(name, records, ways.own[name]), rule, speaking)
    if rule == Survivorship.VERIFIED:
        proved = _proved_last(name, speaking, ways)
        if proved is not None:
            return evolve(_told(name, proved, rule, speaking), instead_of=gone)
        rule = Survivorship.MOST_RECENT.value
    return evolve(_told(name, _by_rule(name, speaking, rule), rule, speaking), instead_of=gone)


def _rule_of(name: str, ways: Ways) -> tuple[str, str]:
    """The rule that decides, and the one in whose place it does: a group keeps the rules of its latest merge, and one
    that nobody knows any more, or that cannot decide this field, falls back to the field's usual one.
    """
    kept = str(ways.rules.get(name) or usual_rule(name))
    there = name in ways.own and own_name(ways.own[name]) == kept if kept.startswith(OWN) else kept in rules_for(name)
    return (kept, "") if there else (usual_rule(name).value, kept)


def _told(name: str, chosen: ClientRecord | None, by: str, speaking: Sequence[ClientRecord]) -> FieldChoice:
    value = None if chosen is None else _text(chosen, name)
    source = chosen.ref if chosen is not None and chosen.ref in {record.ref for record in speaking} else None
    others = tuple(Source(record.ref, _text(record, name) or "") for record in speaking if record.ref != source)
    return FieldChoice(name, value, source, str(by), others)


def _by_rule(name: str, speaking: Sequence[ClientRecord], rule: str) -> ClientRecord:
    if rule == Survivorship.MOST_RECENT:
        return max(speaking, key=lambda record: _latest(name, record))
    if rule == Survivorship.OLDEST:
        return min(speaking, key=lambda record: (record.created_at.timestamp(), _text(record, name) or "", record.ref))
    return max(speaking, key=lambda record: (len(_text(record, name) or ""), *_latest(name, record)))


def _by_own(name: str, records: Sequence[ClientRecord], rule: SurvivorshipRule) -> ClientRecord | None:
    """Ask the platform's rule, and hold its answer against law 4: it chooses among what it was given, and makes up
    nothing. It is given the records by their ref, so that not even a careless rule depends on the order of merging;
    of one record alone there is nothing to choose.
    """
    given = {record.ref: record for record in sorted(records, key=lambda record: record.ref)}
    if len(given) == 1:
        return records[0]
    said = cast("object", rule(name, tuple(given.values())))
    if said is None:
        return None
    if not isinstance(said, ClientRecord) or said.ref not in given:
        raise HostError(
            f"survivorship[{name!r}] ({own_name(rule)}) answers with one of the records that it is given, or None; "
            f"this is {said.ref if isinstance(said, ClientRecord) else type(said).__name__}"
        )
    return given[said.ref]


def _key(name: str, record: ClientRecord, region: str | None) -> ContactKey | None:
    text = _text(record, name)
    return None if text is None or region is None else contact_key(ContactKind(name), text, region)


def _proved_last(name: str, speaking: Sequence[ClientRecord], ways: Ways) -> ClientRecord | None:
    """Whose contact its holder has proved last: a proof says more than the day on which somebody typed a number."""
    proofs = {record.ref: ways.proofs.get(key) for record in speaking if (key := _key(name, record, ways.region))}
    proved = [(at.timestamp(), record) for record in speaking if (at := proofs.get(record.ref)) is not None]
    return max(proved, key=lambda one: (one[0], *_latest(name, one[1])))[1] if proved else None


def proving_keys(records: Sequence[ClientRecord], rules: Mapping[str, str], region: str) -> frozenset[ContactKey]:
    """The contacts of which it matters when they were proved: none where no rule asks, or nothing is to be chosen."""
    asking = [kind.value for kind in ContactKind if rules.get(kind.value) == Survivorship.VERIFIED]
    if len(records) < 2:
        return frozenset()
    keys = (_key(name, record, region) for record in records for name in asking)
    return frozenset(key for key in keys if key is not None)


# --- putting together -------------------------------------------------------------------------------------------------

_BLANK_LINES = re.compile(r"\n\s*\n")


def _parts(name: str, text: str) -> list[str]:
    """A note's paragraphs, a custom field's entries: so that staff who correct what they were shown, which is saved
    whole in one record, do not double what the others say.
    """
    found = _BLANK_LINES.split(text.replace("\r\n", "\n")) if name == "notes" else text.split(";")
    return [part.strip() for part in found if part.strip()]


def _union(name: str, speaking: Sequence[ClientRecord]) -> FieldChoice:
    """Every distinct part, the oldest record's first, each with all records that say it; one text alone stays as it
    was written.
    """
    ordered = sorted(speaking, key=lambda record: _latest(name, record))
    sources: dict[str, list[RecordRef]] = {}
    for record in ordered:
        for part in dict.fromkeys(_parts(name, _text(record, name) or "")):
            sources.setdefault(part, []).append(record.ref)
    texts = {text for record in ordered if (text := _text(record, name)) is not None}
    value = texts.pop() if len(texts) == 1 else ("\n\n" if name == "notes" else "; ").join(sources) or None
    exactly = [record.ref for record in ordered if _text(record, name) == value]
    parts = tuple(Part(part, tuple(sorted(refs))) for part, refs in sources.items())
    return FieldChoice(name, value, exactly[-1] if exactly else None, Survivorship.UNION.value, parts=parts)


def strictest(records: Sequence[ClientRecord], journal: Sequence[Merge] = ()) -> tuple[ConsentChoice, ...]:
    """What a client has agreed to (law 11): one "no" among the records is a "no", whoever said "yes" later; a record
    that was never asked has no say. So no merge ever sends anybody what they did not want.

    Nor does a deletion: where the platform has no row of an absorbed record any more, the journal says what it refused.
    """
    answers: dict[str, dict[RecordRef, bool]] = {}
    for record in records:
        for name, answer in record.consents.items():
            answers.setdefault(name, {})[record.ref] = answer
    here = {str(record.ref) for record in records}
    for entry in journal:
        for name in () if entry.absorbed in here else entry.refused:
            answers.setdefault(name, {})[RecordRef.parse(entry.absorbed)] = False
    found: list[ConsentChoice] = []
    for name, said in sorted(answers.items()):
        given = all(said.values())
        same = tuple(sorted(ref for ref, answer in said.items() if answer is given))
        found.append(ConsentChoice(name, given, same, tuple(sorted(said.keys() - set(same)))))
    return tuple(found)


def address_of(fields: Mapping[str, FieldChoice], records: Sequence[ClientRecord]) -> Address | None:
    """The chosen address, whole: lines of two addresses are never mixed."""
    chosen = fields["address"]
    return next((record.address for record in records if record.ref == chosen.source and chosen.value), None)


def _alike(choice: FieldChoice, region: str) -> bool:
    """Whether everybody names the same contact: ``021 555 0142`` and ``+64 21 555 0142`` are no disagreement."""
    if choice.field not in tuple(ContactKind) or not choice.others:
        return False
    kind = ContactKind(choice.field)
    keys = {contact_key(kind, text, region) for text in (choice.value or "", *(one.value for one in choice.others))}
    return len(keys) == 1 and None not in keys


# --- what a group keeps -----------------------------------------------------------------------------------------------


def _latest_of(journal: Sequence[Merge]) -> Merge | None:
    return max(journal, key=lambda entry: (entry.merged_at, entry.id), default=None)


def choices_of(journal: Sequence[Merge]) -> dict[str, str]:
    """Staff's picks of a group: of two for one field the later merge's, then the greater id's."""
    choices: dict[str, str] = {}
    for merge in sorted(journal, key=lambda entry: (entry.merged_at, entry.id)):
        choices.update(merge.choices)
    return choices


def rules_today(policy: Policy, own: Mapping[str, SurvivorshipRule]) -> dict[str, str]:
    """The rules of a merge that is made now: the policy's, and over them the platform's own, by their names."""
    named = {name: rule.value for name, rule in policy.merging.survivorship.items()}
    return named | {name: own_name(rule) for name, rule in own.items()}


def rules_of(
    journal: Sequence[Merge], policy: Policy, own: Mapping[str, SurvivorshipRule] | None = None
) -> Mapping[str, str]:
    """The survivorship that a group keeps: that of its latest merge, or today's where nothing was merged."""
    latest = _latest_of(journal)
    return rules_today(policy, own or {}) if latest is None else latest.rules


def shows_all_cards(journal: Sequence[Merge], policy: Policy) -> bool:
    """Whether the cards of every record are the client's: where the latest merge promised that, and the business still
    wants it. A policy that changes later hands nobody a card that the plan had left with its own record.
    """
    latest = _latest_of(journal)
    everybody = MergedCards.ALL.value
    return policy.merging.cards == everybody and (latest is None or latest.cards == everybody)
