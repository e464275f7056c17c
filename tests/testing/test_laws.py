"""The kit for hosts: laws that are said once, reports that can be read, and failures that tell the whole story."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from attrs import evolve

from clientportal import Policy, presets
from clientportal.decisions import HostEvent
from clientportal.errors import InvalidInput
from clientportal.policy import Fee, Late, MatchingPolicy, NameComparison, Override, SeveralRecords, Window
from clientportal.ports import HostAnswer
from clientportal.similar_names import similar_names
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.testing.laws import (
    LAWS,
    LAWS_OF_RULES,
    Checked,
    Ground,
    LawBroken,
    check_policy,
    check_survivorship,
    check_world,
    law_in_words,
    over,
)
from clientportal.values import AppointmentPage, ClientRecord, HoldingKind, Money, RecordRef
from testing.broken_rules import BROKEN, first_record_wins

DOCS = Path(__file__).parents[2] / "docs"

Records = Sequence[ClientRecord]


# --- the laws themselves ---------------------------------------------------------------------------------------------


def test_the_documentation_lists_the_laws_word_for_word() -> None:
    """Sixteen of merging and five of what surrounds it: the page says what the kit says."""
    page = " ".join((DOCS / "explanation" / "merging.md").read_text(encoding="utf-8").split())
    assert list(LAWS) == list(range(1, 17))
    assert list(LAWS_OF_RULES) == list(range(17, 22))
    for law, words in {**LAWS, **LAWS_OF_RULES}.items():
        assert re.search(rf"{law}\. \*\*[A-Z][\w ]+\.\*\* {re.escape(words[0].upper() + words[1:])}\.", page), law


def test_every_law_is_said_once() -> None:
    """No two laws say the same, and none is in both lists."""
    assert len({law_in_words(law) for law in {*LAWS, *LAWS_OF_RULES}}) == 21


# --- reports ---------------------------------------------------------------------------------------------------------


def newest(name: str, records: Records) -> ClientRecord | None:
    """A lawful rule, as a host may write it."""
    found = [record for record in records if str(getattr(record, name) or "") or name in record.cleared]
    return max(found, key=lambda one: (one.created_at, str(getattr(one, name) or ""), one.ref), default=None)


def test_a_check_says_how_much_it_has_looked_at() -> None:
    """Law by law, on how many examples; what a law says nothing about is not counted."""
    checked = check_survivorship(newest, examples=40)
    assert checked.subject == "newest"
    assert set(checked.examples) == {1, 2, 3, 4, 5, 6}
    assert checked.examples[2] <= 40
    assert checked.examples[3] < checked.examples[1] == 40, "one record is no tree"
    assert str(checked).splitlines()[0] == "newest:"
    assert f"  law 5: {checked.examples[5]} examples (ties are always broken, and always the same way)" in str(checked)
    assert "  law 5: not asked, for want of examples (ties" in str(Checked("ours", {5: 0}))


def test_an_answer_that_is_no_record_and_a_field_that_is_not_drawn_are_named() -> None:
    """The likeliest mistake hands out the value itself; the second likeliest misspells a field."""
    with pytest.raises(LawBroken, match="answered with str; it answers with one of the records") as broken:
        check_survivorship(lambda name, records: str(getattr(records[0], name)), examples=20)  # type: ignore[arg-type,return-value]
    assert broken.value.law == 4
    with pytest.raises(InvalidInput, match="draws no records with 'surname'; there are first_name"):
        check_survivorship(newest, fields=["surname"])


def test_reports_add_up() -> None:
    """Examples of the same law are added, subjects named together."""
    both = Checked("ours", {2: 10}) + Checked("theirs", {2: 1, 5: 3})
    assert both == Checked("ours, theirs", {2: 11, 5: 3})
    assert "law 2: 11 examples" in str(both)
    assert "law 1: 1 example (" in str(Checked("ours", {1: 1}))


@pytest.mark.slow
def test_the_same_examples_are_used_every_time() -> None:
    """A failure stays a failure, and is told in the same words."""
    texts = []
    for _ in range(2):
        with pytest.raises(LawBroken) as caught:
            check_survivorship(first_record_wins)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_the_smallest_example_is_told_in_words() -> None:
    """Two records are enough to show that the first one given wins, and the text says everything about them."""
    with pytest.raises(LawBroken) as caught:
        check_survivorship(first_record_wins)

    first, second = (record.ref for record in caught.value.records)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"Law 2 is broken: {LAWS[2]}. The smallest example found:"
    assert [line.split(": ")[0].strip() for line in lines[1:3]] == [str(first), str(second)]
    assert all(": made 2024-0" in line for line in lines[1:3])
    assert lines[3].endswith(f"the rule chose {first}; in the order {second}, {first} it chose {second}.")
    assert caught.value.found == lines[3]
    assert [f"  {line}" for line in caught.value.world] == lines[1:3]


def test_a_rule_that_crashes_is_told_with_its_error() -> None:
    """The host's own exception is part of the sentence."""

    def crashes(name: str, records: Records) -> ClientRecord | None:
        return max((record for record in records if getattr(record, name)), key=lambda record: record.ref)

    with pytest.raises(LawBroken, match="It raised ValueError"):
        check_survivorship(crashes)


def test_a_broken_link_rule_is_told_with_its_people() -> None:
    """Who has which contact, what was proved, what the policy says, and what the rule answered."""
    broken = next(one for one in BROKEN if one.name == "links_the_only_candidate")
    with pytest.raises(LawBroken) as caught:
        broken.check()
    text = str(caught.value)
    assert "client:1: made " in text
    assert "asserted by client, proved nothing" in text
    assert "login.several = " in text
    assert "The rule answered Link(client:1), and no contact of client:1 was proved." in text


# --- policies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [presets.timely, presets.vcita, presets.acuity, presets.timetap, presets.mytime])
def test_every_preset_keeps_the_laws(make: Callable[[], Policy]) -> None:
    """Five live products, as one policy each."""
    checked = check_policy(make(), examples=20)
    assert set(checked.examples) >= {1, 2, 3, 4, 5, 6, 11, 12, 14, 17, 18, 19, 20, 21}


def test_a_policy_with_everything_keeps_the_laws() -> None:
    """Fees, overrides in days and hours, similar names, weights and vetoes; and a function from business to policy."""
    base = presets.timely(region="NZ")
    late = Window(amount=48, late=Late.FEE, fee=Fee(amount=Money("10.00", "NZD")))
    percent = Window(amount=2, unit="days", late=Late.FEE, fee=Fee(percent=50))
    policy = evolve(
        base,
        changes=evolve(
            base.changes,
            services={"colour": Override(cancel=late, move=percent)},
            staff={"mia": Override(cancel=percent)},
        ),
        matching=MatchingPolicy(
            weights={"mobile": 0.6, "email": 0.6, "name": 0.5, "custom.Member": 1.0},
            vetoes=frozenset({"birthday"}),
            names=NameComparison.SIMILAR,
        ),
    )
    checked = check_policy(lambda _business: policy, names_alike=similar_names(), examples=60)
    assert checked.examples[10] == 20
    assert checked.examples[12] == checked.examples[17] == 60


def test_a_weaker_number_is_named_in_the_test_too() -> None:
    """``allow_weaker`` in a policy is no secret: its test names it as well."""
    base = presets.timely(region="NZ")
    weak = evolve(base, login=evolve(base.login, code_digits=4), allow_weaker=frozenset({"login.code_digits"}))
    with pytest.raises(LawBroken, match=r"weaker than the standard: login\.code_digits"):
        check_policy(weak, examples=1)
    check_policy(weak, allow_weaker={"login.code_digits"}, examples=1)


# --- platforms that break a law --------------------------------------------------------------------------------------


class OnlyTheFirst(MemoryHost):
    """Asks its table for the first of the records alone."""

    def appointments(self, refs, when, now, after, limit):  # type: ignore[no-untyped-def]
        return super().appointments(refs[:1], when, now, after, limit)


class OneByOne(MemoryHost):
    """Reads record by record, and forgets that a page has an end."""

    def appointments(self, refs, when, now, after, limit):  # type: ignore[no-untyped-def]
        pages = [super(OneByOne, self).appointments([ref], when, now, None, limit) for ref in (*refs, refs[0])]
        return AppointmentPage(tuple(item for page in pages for item in page.items))


class Copies(MemoryHost):
    """Takes a merge for leave to copy the absorbed record's number into the survivor's row: nobody was shown that."""

    async def heard(self, event: HostEvent) -> None:
        if event.kind == "merged":
            facts = dict(event.facts)
            survivor, absorbed = (RecordRef.parse(facts[name]) for name in ("survivor", "absorbed"))
            rows = {row.ref: row for row in self.clients([survivor, absorbed])}
            with self.rows() as tx:
                tx.put("clients", survivor.id, evolve(rows[survivor], mobile=rows[absorbed].mobile, version="copied"))


class OneShop:
    """A store for several businesses that keeps them all in one."""

    def __init__(self) -> None:
        self._store = MemoryStore()

    def begin(self, tenant, host, *, writes, connection=None):  # type: ignore[no-untyped-def]
        return self._store.begin("everybody", host, writes=writes, connection=connection)

    def in_transaction(self, connection) -> bool:  # type: ignore[no-untyped-def]
        return self._store.in_transaction(connection)


class CountsTheFirst(MemoryHost):
    """Asks what the first of the records holds, and takes it for what all hold."""

    def holdings(self, refs):  # type: ignore[no-untyped-def]
        return super().holdings(refs[:1])


class CardsForAll(MemoryHost):
    """Counts every card as the survivor's: the rows have one owner, whoever brought them."""

    def holdings(self, refs):  # type: ignore[no-untyped-def]
        held = super().holdings(refs)
        return [evolve(one, ref=refs[0]) if one.kind is HoldingKind.CARD else one for one in held]


class MovesForGood(MemoryHost):
    """Moves rows at a merge, and leaves them where they are when it is undone."""

    def restore(self, refs, to, key):  # type: ignore[no-untyped-def]
        return HostAnswer()


class MovesAndForgets(MemoryHost):
    """Moves rows into a table that has one appointment a client, and loses the others."""

    def reassign(self, refs, to, key):  # type: ignore[no-untyped-def]
        answer = super().reassign(refs, to, key)
        with self.rows() as tx:
            for id, _ in [(id, row) for id, row in tx.scan("appointments") if row.appointment.ref == to][1:]:
                tx.remove("appointments", id)
        return answer


PLATFORMS: Mapping[str, tuple[object, type[MemoryHost], int]] = {
    "appointments of the first record alone": (MemoryStore, OnlyTheFirst, 7),
    "appointments twice": (MemoryStore, OneByOne, 7),
    "rows copied at a merge": (MemoryStore, Copies, 8),
    "businesses in one": (OneShop, MemoryHost, 10),
    "holdings of the first record alone": (MemoryStore, CountsTheFirst, 7),
    "cards of all for the first": (MemoryStore, CardsForAll, 7),
    "rows moved for good": (MemoryStore, MovesForGood, 7),
    "rows lost on the way": (MemoryStore, MovesAndForgets, 7),
}


@pytest.mark.slow
@pytest.mark.parametrize("broken", PLATFORMS)
def test_a_platform_that_breaks_a_law_is_caught(broken: str) -> None:
    """... with the history that shows it, step by step, in words."""
    store, host, law = PLATFORMS[broken]
    policy = Ground().policy
    ground = Ground(policy=evolve(policy, merging=evolve(policy.merging, reassign=broken.startswith("rows "))))
    with pytest.raises(LawBroken) as caught:
        check_world(over(store, host), ground=ground, examples=80, steps=10)  # type: ignore[arg-type]
    assert caught.value.law == law, str(caught.value)
    assert any("client:c1: made " in line for line in caught.value.world)
    print(f"\n{broken}\n{caught.value}")


def test_a_world_logs_in_as_the_model_does() -> None:
    """Another login is refused at once, with what may be changed."""
    base = Ground().policy
    other = evolve(base, login=evolve(base.login, several=SeveralRecords.CHOOSE))
    with pytest.raises(InvalidInput, match="leave its login as it is"):
        check_world(over(MemoryStore, MemoryHost), ground=Ground(policy=other))


def test_a_platform_is_closed_whatever_happens() -> None:
    """The store that was opened for a check is given back at its end."""
    closed: list[bool] = []

    class Counted(MemoryStore):
        def close(self) -> None:
            closed.append(True)

    check_world(over(Counted, MemoryHost), examples=1, steps=1)
    assert closed == [True]
