"""Which of several records' values is shown: the laws for every field and rule, on records that collide on purpose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import HostError
from clientportal.outcomes import ConsentChoice, FieldChoice, Part, Source
from clientportal.policy import Survivorship, presets
from clientportal.policy.merging import MERGED_FIELDS, rules_for
from clientportal.records import Merge
from clientportal.rules.surviving import (
    OWN,
    Ways,
    choose,
    choose_internal,
    own_name,
    proving_keys,
    rules_of,
    rules_today,
    shows_all_cards,
    strictest,
)
from clientportal.rules.whose_contact import contact_key
from clientportal.testing.strategies import record_groups
from clientportal.values import CLIENT_FIELDS, Address, ClientRecord, ContactKey, ContactKind, RecordRef

pytestmark = pytest.mark.requirement("X3")

Records = tuple[ClientRecord, ...]
EARLY, LATE = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
NAMES = (*MERGED_FIELDS, "custom.tags", "custom.shoe")
POLICY = presets.timely(region="NZ")

# Few values, so that they meet: parts within parts, in other orders, blank, and with other line ends.
NOTES = st.sampled_from(
    (None, "", "  ", "Latex", "Mia", "Latex\n\nMia", "Mia\n \nLatex", "Latex\r\n\r\nMia", "Latex\nMia", " Mia ")
)
TAGS = st.sampled_from((None, "", ";", "vip", "vip; late", "late;vip", "late", " vip"))
DAYS = st.sampled_from((None, date(1984, 2, 29), date(2001, 5, 4)))
TIMES = st.sampled_from((EARLY, EARLY + timedelta(days=1), LATE))
CONSENTS = st.dictionaries(st.sampled_from(("marketing_email", "marketing_sms")), st.booleans())


@st.composite
def people(draw: st.DrawFn, min_size: int = 1, max_size: int = 4) -> Records:
    """Several records of one person, with everything that staff note down besides."""
    found: list[ClientRecord] = []
    for record in draw(record_groups(min_size=min_size, max_size=max_size)):
        custom = {name: text for name in ("tags", "shoe") if (text := draw(TAGS)) is not None}
        changed = {name: draw(TIMES) for name in ("notes", "birthday", "custom.tags") if draw(st.booleans())}
        cleared = {name for name in ("notes", "birthday", "custom.shoe") if draw(st.integers(0, 4)) == 0}
        found.append(
            evolve(
                record,
                notes=None if "notes" in cleared else draw(NOTES),
                birthday=None if "birthday" in cleared else draw(DAYS),
                custom=custom if "custom.shoe" not in cleared else {k: v for k, v in custom.items() if k != "shoe"},
                consents=draw(CONSENTS),
                changed_at={**(record.changed_at or {}), **changed},
                cleared=record.cleared | cleared,
            )
        )
    return tuple(found)


def longest(name: str, records: Sequence[ClientRecord]) -> ClientRecord | None:
    """A platform's own rule: the longest value of a usable record, else of any; ties by the ref."""
    some = [record for record in records if said(record, name) or name in record.cleared]
    return max(some, key=lambda one: (one.usable, len(said(one, name)), one.ref), default=None)


def said(record: ClientRecord, name: str) -> str:
    """What a record says in a field."""
    value = record.custom.get(name[7:]) if name.startswith("custom.") else getattr(record, name)
    return "" if value is None else str(value)


def speaks(record: ClientRecord, name: str) -> bool:
    """Whether it has something to say: a value, or that there is none on purpose."""
    return bool(said(record, name)) or name in record.cleared


@st.composite
def ways_for(draw: st.DrawFn, records: Records) -> Ways:
    """Any rule for every field, the platform's own ones for some, proofs of some contacts, picks of staff."""
    own = {name: longest for name in NAMES if draw(st.integers(0, 5)) == 0}
    rules = {name: draw(st.sampled_from(rules_for(name))).value for name in NAMES} | dict.fromkeys(
        own, own_name(longest)
    )
    keys = sorted(
        {
            key
            for record in records
            for kind in ContactKind
            if (text := said(record, kind)) and (key := contact_key(kind, text, "NZ")) is not None
        }
    )
    proofs = {key: draw(TIMES) for key in keys if draw(st.booleans())}
    picks = {name: str(draw(st.sampled_from(records)).ref) for name in NAMES if draw(st.integers(0, 9)) == 0}
    return Ways(rules, picks, "NZ", proofs, own)


CASES = people().flatmap(lambda records: st.tuples(st.just(records), ways_for(records)))


def shown(records: Sequence[ClientRecord], ways: Ways) -> dict[str, FieldChoice]:
    """Every field."""
    return choose(records, ways, NAMES)


# --- the laws, for every rule ----------------------------------------------------------------------------------------


@given(CASES, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(case: tuple[Records, Ways], random: Any) -> None:
    """Laws 1, 2, 3 and 5: also of what is said about the sources."""
    records, ways = case
    expected = shown(records, ways)
    again = [*records, records[0]]
    random.shuffle(again)
    assert shown(again, ways) == expected
    assert shown(records[::-1], ways) == expected


@given(CASES)
def test_every_value_and_every_part_is_what_its_source_says(case: tuple[Records, Ways]) -> None:
    """Law 4: nothing is made up, and what is put together names the record of each part."""
    records, ways = case
    by_ref = {record.ref: record for record in records}
    for name, choice in shown(records, ways).items():
        if choice.source is not None:
            assert choice.value == (said(by_ref[choice.source], name) or None)
        else:
            assert choice.value is None or len(choice.parts) > 1 or choice.rule == "union"
        for part in choice.parts:
            assert part.sources
            for ref in part.sources:
                assert part.value in said(by_ref[ref], name).replace("\r\n", "\n")
            assert part.value in (choice.value or "").replace("\r\n", "\n")
        for other in choice.others:
            assert other.value == said(by_ref[other.ref], name)


@given(CASES)
def test_everybody_who_speaks_is_named(case: tuple[Records, Ways]) -> None:
    """Law 4 from the other side: whoever says something is the source, among the others, or in a part."""
    records, ways = case
    for name, choice in shown(records, ways).items():
        named = {choice.source, *(other.ref for other in choice.others), *(r for p in choice.parts for r in p.sources)}
        blank = {one.ref for one in records if not said(one, name).strip("; \n\r")}
        speaking = {record.ref for record in records if speaks(record, name)}
        assert speaking - named <= (blank if choice.rule == "union" else set())
        assert named - {None} <= speaking


@given(CASES)
def test_who_says_nothing_changes_nothing(case: tuple[Records, Ways]) -> None:
    """Law 6: a record whose fields were never set is neutral for every rule, however new it is."""
    records, ways = case
    silent = ClientRecord(RecordRef.client("silent"), LATE + timedelta(days=9), changed_at=dict.fromkeys(NAMES, LATE))
    assert shown([*records, silent], ways) == shown(records, ways)


@given(people(min_size=2), st.randoms(use_true_random=False))
def test_a_proof_says_more_than_the_day_of_typing(records: Records, random: Any) -> None:
    """Verified: whose contact was proved last; nobody's proved, the most recent."""
    kinds = [kind.value for kind in ContactKind]
    keys = {
        (record.ref, name): contact_key(ContactKind(name), said(record, name), "NZ")
        for record in records
        for name in kinds
        if said(record, name)
    }
    proofs = {
        key: EARLY + timedelta(days=random.randrange(3)) for key in keys.values() if key and random.random() < 0.6
    }
    verified = choose(records, Ways(dict.fromkeys(kinds, "verified"), region="NZ", proofs=proofs), kinds)
    recent = choose(records, Ways(dict.fromkeys(kinds, "most_recent"), region="NZ"), kinds)
    for name in kinds:
        at = {ref: proofs[key] for (ref, field), key in keys.items() if field == name and key in proofs}
        if at:
            source = verified[name].source
            assert source is not None
            assert at[source] == max(at.values())
            assert verified[name].rule == "verified"
        else:
            assert evolve(verified[name], rule="most_recent") == recent[name]


def test_of_two_proved_at_once_the_one_changed_last() -> None:
    """One key in two spellings has one proof: the later spelling is shown. What was cleared was not proved."""
    key = ContactKey(ContactKind.MOBILE, "+64211234567")
    old = ClientRecord(RecordRef.client("b"), EARLY, mobile="021 123 4567")
    new = ClientRecord(RecordRef.client("a"), LATE, mobile="+64 21 123 4567")
    gone = ClientRecord(RecordRef.client("c"), LATE + timedelta(days=1), cleared=frozenset({"mobile"}))
    ways = Ways({"mobile": "verified"}, region="NZ", proofs={key: EARLY})
    assert choose([old, new, gone], ways, ["mobile"])["mobile"].source == new.ref
    unproved = evolve(ways, proofs={})
    assert choose([old, new, gone], unproved, ["mobile"])["mobile"].source == gone.ref
    unreadable = ClientRecord(RecordRef.client("d"), LATE + timedelta(days=2), mobile="ask her")
    assert choose([old, unreadable], ways, ["mobile"])["mobile"].source == old.ref
    nowhere = evolve(ways, region=None)
    assert choose([old, new], nowhere, ["mobile"])["mobile"].rule == "most_recent", "no region, no keys"


# --- union -----------------------------------------------------------------------------------------------------------

UNION = Ways(dict.fromkeys(("notes", "custom.tags"), "union"))


def together(records: Sequence[ClientRecord], name: str = "notes") -> FieldChoice:
    """What is put together."""
    return choose(records, UNION, [name])[name]


def parts(choice: FieldChoice) -> set[str]:
    """Its parts."""
    return {part.value for part in choice.parts}


def put_back(record: ClientRecord, name: str, text: str | None) -> ClientRecord:
    """Staff save what they were shown in one record."""
    if name == "notes":
        return evolve(record, notes=text)
    return evolve(record, custom={**record.custom, "tags": text or ""})


@pytest.mark.parametrize("name", ["notes", "custom.tags"])
@given(people(min_size=2))
def test_what_was_put_together_and_saved_again_is_not_doubled(name: str, records: Records) -> None:
    """Idempotent: the parts stay the same, in whichever record the whole is saved."""
    before = together(records, name)
    for place in range(len(records)):
        saved = [*records[:place], put_back(records[place], name, before.value), *records[place + 1 :]]
        assert parts(together(saved, name)) == parts(before)


@pytest.mark.parametrize("name", ["notes", "custom.tags"])
@given(people(min_size=2), st.integers(1, 3))
def test_putting_together_is_associative(name: str, records: Records, cut: int) -> None:
    """The union of two unions has the parts of the union of all."""
    one, other = records[:cut], records[cut:]
    steps = [put_back(group[0], name, together(group, name).value) for group in (one, other) if group]
    assert parts(together(steps, name)) == parts(together(records, name))


def paragraphs(text: str) -> set[str]:
    """What stands between blank lines."""
    return {one.strip() for one in re.split(r"\n\s*\n", text.replace("\r\n", "\n"))} - {""}


@given(people())
def test_nothing_that_was_written_down_is_lost(records: Records) -> None:
    """Every paragraph of every record stands in what is shown; of one text alone not a space is changed."""
    choice = together(records)
    texts = {record.notes for record in records if record.notes}
    for text in texts:
        assert paragraphs(text) <= paragraphs(choice.value or "")
    if len(texts) == 1:
        assert {choice.value} == texts


def test_parts_stand_in_the_order_in_which_they_were_written() -> None:
    """The oldest record's first; what two records say stands once, and names both."""
    old = ClientRecord(RecordRef.client("b"), EARLY, notes="Allergic to latex\n\nPrefers Mia")
    new = ClientRecord(RecordRef.client("a"), LATE, notes="Prefers Mia\n\nPays cash")
    choice = together([new, old])
    assert choice.value == "Allergic to latex\n\nPrefers Mia\n\nPays cash"
    assert choice.parts == (
        Part("Allergic to latex", (old.ref,)),
        Part("Prefers Mia", (new.ref, old.ref)),
        Part("Pays cash", (new.ref,)),
    )
    assert (choice.source, choice.conflict, choice.others) == (None, False, ())
    whole = evolve(old, notes=choice.value)
    assert together([new, whole]).source == old.ref, "one record says exactly this"


def test_a_custom_field_is_put_together_entry_by_entry() -> None:
    """Tags of two records, in one line."""
    old = ClientRecord(RecordRef.client("b"), EARLY, custom={"tags": "vip;late"})
    new = ClientRecord(RecordRef.client("a"), LATE, custom={"tags": "late; cash"})
    assert together([new, old], "custom.tags").value == "vip; late; cash"


def test_cleared_notes_say_nothing_and_hide_nothing() -> None:
    """Union keeps what others say; where all were cleared, the last clearing is the source."""
    old = ClientRecord(RecordRef.client("b"), EARLY, notes="Latex")
    cleared = ClientRecord(RecordRef.client("a"), LATE, cleared=frozenset({"notes"}))
    again = ClientRecord(RecordRef.client("c"), EARLY, cleared=frozenset({"notes"}))
    assert (together([old, cleared]).value, together([old, cleared]).conflict) == ("Latex", False)
    assert (together([cleared, again]).value, together([cleared, again]).source) == (None, cleared.ref)


# --- the platform's own rules ----------------------------------------------------------------------------------------

ANA = ClientRecord(RecordRef.client("ana"), EARLY, last_name="Kingi")
ANNA = ClientRecord(RecordRef.client("anna"), LATE, last_name="Kingi-Hoani")
SILENT = ClientRecord(RecordRef.client("silent"), LATE)


def by_own(rule: Any, *records: ClientRecord, kept: str = "", **more: Any) -> FieldChoice:
    """The last name, decided by a platform's rule."""
    ways = Ways({"last_name": kept or own_name(rule)}, own={"last_name": rule}, **more)
    return choose(records, ways, ["last_name"])["last_name"]


def test_a_platforms_rule_chooses_a_record() -> None:
    """It is given all records, by their ref, and its name is the rule's; staff's pick comes before it."""
    seen: list[Any] = []

    def first(name: str, records: Sequence[ClientRecord]) -> ClientRecord | None:
        seen.append((name, [record.ref.id for record in records]))
        return records[0]

    choice = by_own(first, SILENT, ANNA, ANA)
    assert (choice.value, choice.source, choice.rule) == ("Kingi", ANA.ref, "own:first")
    assert choice.others == (Source(ANNA.ref, "Kingi-Hoani"),)
    assert seen == [("last_name", ["ana", "anna", "silent"])]
    picked = by_own(first, ANA, ANNA, choices={"last_name": "client:anna"})
    assert (picked.value, picked.rule) == ("Kingi-Hoani", "staff_choice")


def test_a_platforms_rule_may_say_that_there_is_nothing() -> None:
    """None, or a record that has none: empty, and what the records say is among the others."""
    for rule in (lambda _name, _records: None, lambda _name, records: records[-1]):
        rule.__name__ = "nothing"
        choice = by_own(rule, ANA, ANNA, SILENT)
        assert (choice.value, choice.source, len(choice.others)) == (None, None, 2)


def test_of_one_record_there_is_nothing_to_choose() -> None:
    """A client who was never merged is shown without asking the platform's rule."""

    def refuses(_name: str, _records: Sequence[ClientRecord]) -> ClientRecord | None:
        raise AssertionError("asked")

    assert by_own(refuses, ANA).value == "Kingi"
    assert by_own(refuses, SILENT, evolve(SILENT, ref=RecordRef.client("too"))).value is None, "nobody has one"


@pytest.mark.parametrize("answer", [evolve(ANA, ref=RecordRef.client("else")), "Kingi", 7])
def test_an_answer_that_is_none_of_the_records_is_the_platforms_error(answer: Any) -> None:
    """Law 4: it chooses, and makes up nothing; the error names the field and the rule."""

    def invents(_name: str, _records: Sequence[ClientRecord]) -> Any:
        return answer

    with pytest.raises(HostError, match=r"survivorship\['last_name'\] \(own:invents\) answers with one of the records"):
        by_own(invents, ANA, ANNA)


def test_a_changed_copy_of_a_record_is_read_as_the_record() -> None:
    """What a rule has done to its copy is not shown."""

    def embellishes(_name: str, records: Sequence[ClientRecord]) -> ClientRecord | None:
        return evolve(records[0], last_name="Queen")

    assert by_own(embellishes, ANA, ANNA).value == "Kingi"


@pytest.mark.parametrize("kept", ["own:of_last_year", "verified", "by_moonlight"])
def test_a_rule_that_is_not_there_any_more_falls_back_and_says_so(kept: str) -> None:
    """Renamed by the platform, no rule for this field, or of another version: most recent, and what it stands for."""
    choice = by_own(longest, ANA, ANNA, kept=kept)
    assert (choice.value, choice.rule, choice.instead_of) == ("Kingi-Hoani", "most_recent", kept)
    nobody = choose([SILENT], Ways({"last_name": kept}), ["last_name"])["last_name"]
    assert (nobody.rule, nobody.instead_of) == ("most_recent", kept)
    notes = choose([evolve(ANA, notes="Latex")], Ways({"notes": "own:gone"}), ["notes"])["notes"]
    assert (notes.value, notes.rule, notes.instead_of) == ("Latex", "union", "own:gone")


def test_a_rule_without_a_name_is_called_by_its_kind() -> None:
    """An object that can be called: its class names it."""

    class Oldest:
        def __call__(self, _name: str, records: Sequence[ClientRecord]) -> ClientRecord | None:
            return records[0]

    assert own_name(Oldest()) == f"{OWN}Oldest"


# --- what only staff see, and what was agreed to ---------------------------------------------------------------------


def test_birthday_notes_and_every_custom_field_are_decided_with_their_source() -> None:
    """The six that a client may see are not among them."""
    a = ClientRecord(RecordRef.client("a"), EARLY, birthday=date(1984, 2, 29), notes="Latex", custom={"shoe": "39"})
    b = ClientRecord(RecordRef.client("b"), LATE, custom={"tags": "vip", "shoe": ""})
    found = choose_internal([b, a], Ways(region="NZ"))
    assert [(name, one.value, one.source) for name, one in found.items()] == [
        ("birthday", "1984-02-29", a.ref),
        ("notes", "Latex", a.ref),
        ("custom.shoe", "39", a.ref),
        ("custom.tags", "vip", b.ref),
    ]
    assert found.keys().isdisjoint(CLIENT_FIELDS)


@given(people(max_size=4), people(max_size=2))
def test_consents_are_as_strict_as_the_strictest(records: Records, more: Records) -> None:
    """Law 11: one "no" is a "no", whatever comes along; never asked has no say; the order does not matter."""
    found = {one.name: one for one in strictest(records)}
    for name, one in found.items():
        answers = {record.ref: record.consents[name] for record in records if name in record.consents}
        assert one.given is all(answers.values())
        assert {answers[ref] for ref in one.sources} == {one.given}
        assert {answers[ref] for ref in one.others} <= {not one.given}
        assert {*one.sources, *one.others} == answers.keys()
    assert found.keys() == {name for record in records for name in record.consents}
    assert strictest(records[::-1]) == strictest(records)
    with_more = {one.name: one.given for one in strictest([*records, *(one for one in more if one not in records)])}
    stricter = [name for name, one in found.items() if one.given < with_more[name]]
    assert [name for name in stricter if not any(m.ref == r.ref for m in more for r in records)] == []


def test_a_no_of_long_ago_is_a_no() -> None:
    """She said no in one record and yes in the other: no, with who said what."""
    a = ClientRecord(RecordRef.client("a"), EARLY, consents={"marketing_email": False, "photos": True})
    b = ClientRecord(RecordRef.client("b"), LATE, consents={"marketing_email": True})
    assert strictest([b, a]) == (
        ConsentChoice("marketing_email", False, (a.ref,), (b.ref,)),
        ConsentChoice("photos", True, (a.ref,)),
    )


@given(people(max_size=4), st.data())
def test_a_row_that_is_deleted_makes_no_yes_of_a_no(records: Records, data: st.DataObject) -> None:
    """Law 11: what was absorbed and refused by an entry of its own is refused whichever rows the platform keeps."""
    journal = [
        entry(
            f"m{at}",
            absorbed=str(one.ref),
            refused=tuple(sorted(name for name, yes in one.consents.items() if not yes)),
        )
        for at, one in enumerate(records)
    ]
    before = {one.name: one for one in strictest(records, journal)}
    assert tuple(before.values()) == strictest(records), "while the rows are there they speak for themselves"
    left = data.draw(st.lists(st.sampled_from(records), unique_by=lambda one: one.ref)) if records else []
    after = {one.name: one for one in strictest(left, journal)}
    for name, one in before.items():
        if not one.given:
            assert (after[name].given, after[name].sources) == (False, one.sources)


def test_a_no_that_was_taken_back_in_the_row_itself_is_none() -> None:
    """She has agreed since in that very record: the row says so as long as it is there."""
    journal = [entry(refused=("marketing_email",))]
    (choice,) = strictest([ClientRecord(RecordRef.client("b"), LATE, consents={"marketing_email": True})], journal)
    assert choice.given
    assert strictest([], journal) == (ConsentChoice("marketing_email", False, (RecordRef.client("b"),)),)


# --- what a group keeps ----------------------------------------------------------------------------------------------


def entry(id: str = "m", at: datetime = EARLY, **more: Any) -> Merge:
    """A journal entry."""
    return Merge(**{"id": id, "survivor": "client:a", "absorbed": "client:b", "merged_at": at, "actor": "mia"} | more)


def test_a_merge_made_now_is_by_the_policy_and_over_it_the_platforms_rules() -> None:
    """By their names: that is what the journal keeps."""
    policy = evolve(POLICY, merging=evolve(POLICY.merging, survivorship={"custom.tags": "union", "mobile": "verified"}))
    rules = rules_today(policy, {"last_name": longest, "custom.shoe": longest})
    assert rules == {
        **dict.fromkeys(CLIENT_FIELDS, "most_recent"),
        "mobile": "verified",
        "last_name": "own:longest",
        "birthday": "most_recent",
        "notes": "union",
        "custom.tags": "union",
        "custom.shoe": "own:longest",
    }
    assert rules_of([], policy, {"last_name": longest})["last_name"] == "own:longest"
    assert rules_of([entry(rules={"last_name": "oldest"})], policy, {"last_name": longest}) == {"last_name": "oldest"}


@pytest.mark.parametrize(
    ("promised", "today", "shown"),
    [("all", "all", True), ("all", "survivors", False), ("survivors", "all", False), (None, "all", True)],
)
def test_a_card_comes_along_where_the_plan_said_so_and_the_business_still_wants_it(
    promised: str | None, today: str, shown: bool
) -> None:
    """A policy that is changed later hands nobody another record's card; the latest merge's promise counts."""
    policy = evolve(POLICY, merging=evolve(POLICY.merging, cards=today))
    earlier = entry("0", EARLY, cards="survivors" if promised == "all" else "all")
    journal = [] if promised is None else [entry("1", LATE, cards=promised), earlier]
    assert shows_all_cards(journal, policy) is shown


def test_proofs_are_asked_for_only_where_a_rule_chooses_by_them() -> None:
    """Of one record there is nothing to choose; unreadable contacts and other kinds have no proof that matters."""
    a = ClientRecord(RecordRef.client("a"), EARLY, mobile="021 123 4567", email="ana@example.com")
    b = ClientRecord(RecordRef.client("b"), EARLY, mobile="ask her")
    rules = {"mobile": "verified", "email": "most_recent"}
    assert proving_keys([a, b], rules, "NZ") == {ContactKey(ContactKind.MOBILE, "+64211234567")}
    assert proving_keys([a], rules, "NZ") == proving_keys([a, b], {}, "NZ") == frozenset()


def test_an_address_is_decided_like_any_field() -> None:
    """By the longest text, by the platform's rule: whole, from one record."""
    a = ClientRecord(RecordRef.client("a"), EARLY, address=Address("12 Queen Street", "Auckland"))
    b = ClientRecord(RecordRef.client("b"), LATE, address=Address(city="Napier"))
    assert choose([a, b], Ways({"address": "most_complete"}), ["address"])["address"].source == a.ref
    own = Ways({"address": own_name(longest)}, own={"address": longest})
    assert choose([a, b], own, ["address"])["address"].source == a.ref


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_rules_and_most_recent_is_one(name: str) -> None:
    """A field that nothing could decide would be shown by chance."""
    assert {Survivorship.MOST_RECENT, Survivorship.OLDEST} <= set(rules_for(name))
