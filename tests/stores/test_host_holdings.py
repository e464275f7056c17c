"""What the shipped hosts' clients hold besides appointments: counted, and added up to the cent."""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from clientportal import RecordRef
from clientportal.errors import InvalidInput
from clientportal.stores.memory import MemoryHost
from clientportal.stores.sql import SqlHost, SqlStore
from clientportal.values import (
    ActiveCode,
    Answer,
    CardSummary,
    HeldThing,
    Holding,
    HoldingKind,
    Money,
    Prefill,
)
from world import World, at, client

ANA, BEN, GUEST = client("ana"), client("ben"), RecordRef.booking("g1")
VISA = CardSummary("Visa", "4242", 9, 2029)


def thing(id: str, ref: RecordRef, kind: str, amount: str | None = None, **more: Any) -> HeldThing:
    """One thing: ``thing("i1", ANA, "invoice", "80.00 NZD")``."""
    money = None if amount is None else Money(*amount.split(" "))
    return HeldThing(id=id, ref=ref, kind=kind, amount=money, **more)


def answers(*forms: str) -> tuple[Answer, ...]:
    """Two questions of each form."""
    return tuple(Answer(form, question, "no", at("2026-10-01 09:00")) for form in forms for question in ("q1", "q2"))


def held(world: World, *refs: RecordRef) -> list[Holding]:
    """What the host counts, as the library is given it."""
    return list(world.ask("holdings", refs))


@contextmanager
def statements(world: World) -> Any:
    """What a database is asked meanwhile."""
    said: list[str] = []

    def one(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "cp_schema" not in statement:
            said.append(statement)

    engine: Any = None
    if isinstance(world.store, SqlStore):
        engine = world.store.async_engine.sync_engine if world.store.needs_loop else world.store.engine
    if engine is None:
        yield said
        return
    event.listen(engine, "before_cursor_execute", one)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", one)


def test_everything_that_somebody_has_is_counted(world: World) -> None:
    """Forms and a card, codes by what they stand for, and documents, memberships, balances and invoices."""
    world.seed("add_prefill", ANA, Prefill(answers("intake", "consent", "intake"), VISA))
    codes = (
        ActiveCode(id="c1", ref=ANA, kind="package", code="CUT-5", name="Five cuts", credits_left=3),
        ActiveCode(id="c2", ref=ANA, kind="package", code="DYE-2", name="Two dyes", credits_left=2),
        ActiveCode(id="c3", ref=ANA, kind="gift", code="GIFT", name="Voucher", balance=Money("12.50", "NZD")),
        ActiveCode(id="c4", ref=ANA, kind="subscription", code="SUB", name="Gold", last_day=date(2020, 1, 1)),
    )
    world.seed("add_codes", codes)
    world.seed(
        "add_holdings",
        [
            thing("d1", ANA, "document", label="Passport"),
            thing("d2", ANA, "document"),
            thing("m1", ANA, "membership", credits=None),
            thing("b1", ANA, "balance", "-7.25 NZD"),
            thing("i1", ANA, "invoice", "80.00 NZD"),
            thing("i2", ANA, "invoice", "0.1 NZD"),
            thing("i3", ANA, "invoice", "19.99 EUR"),
        ],
    )
    assert held(world, ANA) == [
        Holding(ANA, HoldingKind.BALANCE, 1, Money("-7.25", "NZD")),
        Holding(ANA, HoldingKind.CARD, 1),
        Holding(ANA, HoldingKind.DOCUMENT, 2),
        Holding(ANA, HoldingKind.FORM, 2),
        Holding(ANA, HoldingKind.GIFT_CARD, 1, Money("12.50", "NZD")),
        Holding(ANA, HoldingKind.INVOICE, 1, Money("19.99", "EUR")),
        Holding(ANA, HoldingKind.INVOICE, 2, Money("80.10", "NZD")),
        Holding(ANA, HoldingKind.MEMBERSHIP, 2),
        Holding(ANA, HoldingKind.PACKAGE, 2, None, 5),
    ]


def test_each_record_is_counted_by_itself(world: World) -> None:
    """Bookings that are their own record too; who has nothing, and who was not asked for, is left out."""
    world.seed("add_holdings", [thing("i1", ANA, "invoice", "80.00 NZD"), thing("i2", BEN, "invoice", "5.00 NZD")])
    world.seed("add_prefill", GUEST, Prefill(answers("intake")))
    assert held(world, GUEST, ANA, client("nobody")) == [
        Holding(GUEST, HoldingKind.FORM, 1),
        Holding(ANA, HoldingKind.INVOICE, 1, Money("80.00", "NZD")),
    ]
    assert held(world) == []
    world.seed("add_prefill", GUEST, Prefill())
    assert held(world, GUEST) == []


def test_one_salon_s_things_are_not_another_s(world: World) -> None:
    """The same client id, and the same thing's id, in two businesses."""
    world.seed("add_holdings", [thing("i1", ANA, "invoice", "80.00 NZD")])
    world.seed("add_prefill", ANA, Prefill((), VISA))
    world.seed("add_codes", [ActiveCode(id="c1", ref=ANA, kind="package", code="X", name="X", credits_left=3)])
    there, world.tenant = world.tenant, f"{world.tenant}-spa"
    assert held(world, ANA) == []
    world.seed("add_holdings", [thing("i1", ANA, "invoice", "1.00 NZD"), thing("i2", ANA, "invoice", "1.00 NZD")])
    assert held(world, ANA) == [Holding(ANA, HoldingKind.INVOICE, 2, Money("2.00", "NZD"))]
    world.tenant = there
    assert [(one.kind, one.count) for one in held(world, ANA)] == [
        (HoldingKind.CARD, 1), (HoldingKind.INVOICE, 1), (HoldingKind.PACKAGE, 1),
    ]  # fmt: skip


def test_a_thousand_things_cost_as_much_as_ten(world: World) -> None:
    """One statement, whatever there is and for however many records; the sum is right to the cent."""
    refs = [client(f"c{n:03}") for n in range(100)]
    world.seed("add_holdings", [thing(f"i{n}", refs[n], "invoice", "0.10 NZD") for n in range(10)])
    with statements(world) as few:
        assert len(held(world, *refs)) == 10
    more = [thing(f"i{n}", refs[n % 100], "invoice", ("0.10 NZD", "0.1 EUR")[n % 2], credits=1) for n in range(1000)]
    world.seed("add_holdings", more)
    with statements(world) as many:
        counted = held(world, *refs)
    assert len(few) == len(many)
    assert len([one for one in many if "cp_host_holdings" in one]) <= 1
    assert {(one.count, str(one.amount), one.credits) for one in counted} == {
        (10, "1.00 NZD", 10), (10, "1.0 EUR", 10),
    }  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.decimals(allow_nan=False, allow_infinity=False, min_value=-9_999_999, max_value=9_999_999, places=5)
            | st.sampled_from([Decimal("1E+3"), Decimal("-0.00"), Decimal("0.1"), Decimal("0.001"), Decimal(7)]),
            st.sampled_from(["NZD", "EUR", "JPY"]),
        ),
        max_size=12,
    )
)
@pytest.mark.slow
def test_sums_are_exact_whatever_the_amounts(world: World, drawn: list[tuple[Decimal, str]]) -> None:
    """Decimals of any length, negative ones, powers of ten: as Python's decimals add them up, also where the caller's
    own arithmetic is set to round."""
    whose = client(f"drawn-{id(drawn)}-{world.clock().timestamp()}-{next(_NUMBERS)}")
    things = [
        HeldThing(id=f"{whose.id}-{n}", ref=whose, kind="balance", amount=Money(*one)) for n, one in enumerate(drawn)
    ]
    world.seed("add_holdings", things)
    sums: dict[str, Decimal] = {}
    for amount, currency in drawn:
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    with decimal.localcontext(prec=3):
        found = held(world, whose)
    assert {one.amount.currency: one.amount.amount for one in found if one.amount is not None} == sums
    assert sum(one.count for one in found) == len(drawn)


_NUMBERS = iter(range(10**9))


def test_a_number_that_is_too_long_to_be_added_up_is_refused() -> None:
    """A database would round it, or fall over at the sum; the table says so when it is written."""
    from clientportal.stores.sql.host_rows import summed_row

    assert summed_row("amount", Money("9" * 15, "NZD"))["amount_amount"] == "9" * 15
    for amount in ("9" * 16, "1E+15", "0.0000000000000001"):
        with pytest.raises(InvalidInput, match="at most 15 digits"):
            summed_row("amount", Money(amount, "NZD"))


@pytest.mark.parametrize("form", ["", "\x00", "\ud800", 'a"b', "ü", "1", "null", "[0]"])
def test_a_form_may_be_called_anything(world: World, form: str) -> None:
    """Its name is the platform's id, and is counted whatever stands in it."""
    world.seed("add_prefill", ANA, Prefill(answers(form, form + "x", form)))
    assert held(world, ANA) == [Holding(ANA, HoldingKind.FORM, 2)]


def test_a_thing_is_replaced_by_its_id(world: World) -> None:
    """As staff would: what it was worth before counts no more."""
    first = thing("i1", ANA, "invoice", "80.00 NZD")
    world.seed("add_holdings", [first])
    world.seed("add_holdings", [evolve(first, amount=Money("30.00", "NZD"))])
    assert held(world, ANA) == [Holding(ANA, HoldingKind.INVOICE, 1, Money("30.00", "NZD"))]


@pytest.mark.requirement("X7")
def test_what_somebody_held_is_called_nothing_once_they_are_erased(world: World) -> None:
    """Invoices stay in the books, with their sums; what they were called, and the forms and the card, are gone."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.book("a1", ana, "2026-12-01 09:00")
    of_booking = RecordRef.booking("a1")
    world.seed("add_prefill", ana, Prefill(answers("intake"), VISA))
    labelled = [
        thing("d1", ana, "document", label="Referral of Ana Kingi"),
        thing("d2", of_booking, "document", label="Scan of Ana Kingi"),
        thing("i1", ana, "invoice", "80.00 NZD", label="Mrs Kingi"),
        thing("d3", BEN, "document", label="Ben's own"),
    ]
    world.seed("add_holdings", labelled)
    world.staff().erase(ana, reason="asked")
    assert held(world, ana, of_booking) == [
        Holding(of_booking, HoldingKind.DOCUMENT, 1),
        Holding(ana, HoldingKind.DOCUMENT, 1),
        Holding(ana, HoldingKind.INVOICE, 1, Money("80.00", "NZD")),
    ]
    left = labels(world)
    assert sorted(left) == ["", "", "", "Ben's own"]


def labels(world: World) -> Sequence[str]:
    """What every thing is called, past the port."""
    if issubclass(world.host, MemoryHost):
        with (getattr(world.host, "home", None) or world.store).transaction(world.tenant) as tx:
            return [row.thing.label for _, row in tx.scan("holdings")]
    from sqlalchemy import select

    from clientportal.stores.sql.host_tables import HOLDINGS

    async def read() -> Any:
        async with world.store.begin(world.tenant, world.host, writes=False) as unit:
            return await unit.host._rows(select(HOLDINGS.c.label).where(HOLDINGS.c.tenant == world.tenant))

    assert issubclass(world.host, SqlHost)
    return [row.label for row in world.run(read())]


def test_both_shipped_hosts_say_that_they_count() -> None:
    """The capability that a plan of a merge asks for."""
    assert MemoryHost.capabilities.holdings
    assert SqlHost.capabilities.holdings


def test_two_sums_of_one_kind_are_one() -> None:
    """Counts, amounts and credits; what is not counted in one is as it is in the other."""
    first = Holding(ANA, "gift_card", 2, Money("12.50", "NZD"), 3)
    assert first.joined(Holding(ANA, "gift_card", 1, Money("0.5", "NZD"))) == Holding(
        ANA, "gift_card", 3, Money("13.00", "NZD"), 3
    )
    assert Holding(ANA, "document", 1).joined(Holding(ANA, "document", 4)) == Holding(ANA, "document", 5)
