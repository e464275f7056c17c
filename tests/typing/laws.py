"""A host's test file with the checks of ``clientportal.testing.laws``: checked as ``portal.py`` is, never run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import assert_type

from clientportal import Appointment, ClientRecord, Policy, Portal, RecordRef, presets
from clientportal.outcomes import FieldChoice
from clientportal.rules.claiming import LinkFacts, LinkVerdict, decide_link
from clientportal.rules.whose_contact import Candidate, newest_booking
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.testing.laws import (
    Checked,
    Ground,
    LawBroken,
    check_grouping,
    check_link_rule,
    check_matching,
    check_merge_rule,
    check_name_comparison,
    check_policy,
    check_survivorship,
    check_tie_break,
    check_world,
    over,
)
from clientportal.values import Business, ChangeKind, HeldThing, Offer


def our_choice(field: str, records: Sequence[ClientRecord]) -> ClientRecord | None:
    return max(records, key=lambda one: (one.created_at, str(getattr(one, field)), one.ref), default=None)


def our_fields(records: Sequence[ClientRecord]) -> Mapping[str, FieldChoice]:
    return {"last_name": FieldChoice("last_name", records[0].last_name, records[0].ref, "ours")}


def our_links(facts: LinkFacts, candidates: Sequence[Candidate], policy: Policy, /) -> LinkVerdict:
    return decide_link(facts, candidates, policy)


def our_names(first: str, second: str) -> float:
    return float(first.casefold() == second.casefold())


def our_pairs(first: ClientRecord, second: ClientRecord) -> float:
    return our_names(first.name, second.name)


def our_groups(
    links: Sequence[tuple[RecordRef, RecordRef]], dismissed: Collection[frozenset[RecordRef]]
) -> list[set[RecordRef]]:
    return [set(link) for link in links if frozenset(link) not in dismissed]


def our_offer(appointment: Appointment, change: ChangeKind, at: datetime) -> Offer:
    return Offer(until=appointment.start)


class OurPlatform:
    """A platform that is no shipped host."""

    def __init__(self, ground: Ground) -> None:
        self.portal = Portal(store=MemoryStore(), host=MemoryHost, **ground.settings())

    def add_business(self, business: Business) -> None: ...

    def put_client(self, business: str, record: ClientRecord) -> None: ...

    def put_appointment(self, business: str, appointment: Appointment) -> None: ...

    def put_holding(self, business: str, thing: HeldThing) -> None: ...

    def client(self, business: str, ref: RecordRef) -> ClientRecord | None:
        return None

    def close(self) -> None: ...


def test_our_rules() -> None:
    assert_type(check_survivorship(our_choice, fields=["last_name"]), Checked)
    assert_type(check_merge_rule(our_fields, examples=10), Checked)
    assert_type(check_tie_break(newest_booking), Checked)
    assert_type(check_link_rule(our_links, policies=[presets.timely()]), Checked)
    assert_type(check_name_comparison(our_names, any_order=False), Checked)
    assert_type(check_matching(our_pairs), Checked)
    assert_type(check_grouping(our_groups), Checked)
    checked = check_policy(presets.timely(), offer=our_offer, survivorship={"last_name": our_choice})
    assert_type(checked.examples, Mapping[int, int])
    check_policy(lambda business: presets.timely(), businesses=("a", "b"), allow_weaker={"login.code_digits"})


def test_our_platform() -> None:
    try:
        assert_type(check_world(OurPlatform, examples=5, steps=10), Checked)
        check_world(over(MemoryStore, MemoryHost), ground=Ground(policy=presets.timely()))
    except LawBroken as broken:
        assert_type(broken.law, int)
        assert_type(broken.world, tuple[str, ...])
