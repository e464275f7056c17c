"""Asking a payment provider in both colours, and what the platform's books do meanwhile."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from clientportal import HostError, InvalidInput, Money
from clientportal.doors.asking import ask_async, ask_blocking, make_desk
from clientportal.ports import AnswerKind, HostAnswer, step
from clientportal.records import PaymentState
from clientportal.testing.fake_provider import AsyncFakeProvider, FakeProvider
from clientportal.values.charging import ChargeAnswer
from clientportal.values.invoices import Invoice
from held import with_section
from paying_ground import DUE, owes_and_has_paid
from watching import reason_of
from world import World, make_world

BRIEF = timedelta(milliseconds=50)


def failing(_key: str) -> None:
    """A provider that is away."""
    raise ConnectionError("away")


@pytest.mark.parametrize("awaited", [False, True])
def test_a_provider_that_hangs_is_not_waited_for(awaited: bool) -> None:
    """It is left behind; what it answers too late disturbs nobody. What it raises comes through."""
    go_on = threading.Event()

    def hangs(key: str) -> str:
        go_on.wait(5)
        return key

    def ask(method: Any) -> Any:
        return asyncio.run(ask_async(method, "k", BRIEF)) if awaited else step(ask_blocking(method, "k", BRIEF))

    with pytest.raises(TimeoutError):
        ask(hangs)
    with pytest.raises(ConnectionError, match="away"):
        ask(failing)
    go_on.set()
    assert ask(hangs) == "k"


def test_an_async_provider_is_awaited_and_given_up_as_well() -> None:
    """Whether the method is async, or a plain one that hands something back to be awaited."""

    async def hangs(_key: str) -> None:
        await asyncio.sleep(5)

    async def answers(key: str) -> str:
        return key

    with pytest.raises(TimeoutError):
        asyncio.run(ask_async(hangs, "k", BRIEF))
    assert asyncio.run(ask_async(answers, "k", BRIEF)) == "k"
    assert asyncio.run(ask_async(lambda key: answers(key), "k", BRIEF)) == "k"


def test_what_is_no_provider_for_this_portal_is_refused_when_it_is_built() -> None:
    """With what would be right."""
    assert make_desk(None, loop=False) is None
    with pytest.raises(InvalidInput, match="it has no begin"):
        make_desk(object(), loop=True)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="use AsyncPortal"):
        make_desk(AsyncFakeProvider(), loop=False)
    assert make_desk(AsyncFakeProvider(), loop=True) is not None


@pytest.mark.parametrize(
    "page", ["http://pay.example/", "https://", "javascript:alert(1)", "https://bank.example@evil.example/", "//x", ""]
)
def test_a_client_is_sent_nowhere_but_by_https(page: str) -> None:
    """A provider that names another address has given no answer that can be understood."""
    with pytest.raises(InvalidInput, match="begins with https"):
        ChargeAnswer.redirect(page)


def test_words_of_a_provider_are_kept_without_what_may_be_a_card_s_number() -> None:
    """Staff read them, and the store keeps them."""
    said = ChargeAnswer.declined("card 4242 4242-4242 4242 is stolen, code 05")
    assert said.reason == "card … is stolen, code 05"
    assert len(ChargeAnswer.declined("no " * 500).reason) == 200
    with pytest.raises(InvalidInput, match="says what was charged"):
        ChargeAnswer("paid")
    with pytest.raises(InvalidInput, match="at most 200"):
        ChargeAnswer.pending(ref="x" * 201)
    with pytest.raises(InvalidInput, match="is no answer of a payment provider"):
        ChargeAnswer("perhaps")


def pays(world: World, **section: Any) -> tuple[Any, FakeProvider]:
    """Ana's door, where the books behave as said."""
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    with_section(world, "payments", **section)
    owes_and_has_paid(world, ana, "i1")
    provider = FakeProvider()
    world.portal = world.make_portal(payments=provider)
    return world.log_in("021 123 4567"), provider


def test_books_that_cannot_be_asked_are_asked_again(memory_world: World) -> None:
    """The money is taken, the platform fails: it is confirmed, staff see why it waits, and the pump books it."""
    broken = [True]
    kind = next(one for one in memory_world.host.sections if one.name == "payments")

    def settle(self: Any, payment: Any, key: str) -> Any:
        if broken[0]:
            raise RuntimeError("the accounts are locked for the night")
        return kind.settle(self, payment, key)

    door, provider = pays(memory_world, settle=settle)
    paid = door.pay("i1", DUE)
    assert (paid.state, paid.paid) == (PaymentState.CONFIRMED, True)
    assert memory_world.staff().payments("open").items[0].note == "the host failed: RuntimeError"
    broken[0] = False
    memory_world.clock.advance(timedelta(minutes=2))
    memory_world.deliver()
    assert door.payment(paid.id).state is PaymentState.PAID
    assert door.total_due() == ()
    assert len(provider.charged) == 1


def test_books_that_say_no_leave_it_to_staff(memory_world: World) -> None:
    """The platform's own rules do not take it, with a note: overpaid, and nothing more is charged meanwhile."""
    door, _ = pays(memory_world, settle=lambda *_: HostAnswer(AnswerKind.DECLINED, note="the period is closed"))
    paid = door.pay("i1", DUE)
    assert paid.state is PaymentState.OVERPAID
    assert memory_world.staff().payments().items[0].note == "the platform would not take it: the period is closed"
    assert reason_of(lambda: door.pay("i1", DUE)).value == "payment_under_way"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (7, "sequence of Money"),
        ([7], "sequence of Money"),
        ([Money("1", "NZD"), Money("2", "NZD")], "one sum for each currency"),
        ([Money("-1", "NZD")], "none of them negative"),
    ],
)
def test_a_sum_that_is_none_is_not_shown(memory_world: World, answer: Any, problem: str) -> None:
    """A platform that breaks its contract is told which part of it."""
    door, _ = pays(memory_world, due=lambda *_: answer)
    with pytest.raises(HostError, match=problem):
        door.total_due()


def test_a_page_takes_as_many_statements_for_three_invoices_as_for_six_hundred(tmp_path: Path) -> None:
    """The page, the sum, and what is under way."""
    world = make_world("sqlite-plain", tmp_path)
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    owes_and_has_paid(world, ana, "i1")
    door = world.log_in("021 123 4567")
    door.payments()

    def statements() -> int:
        seen: list[str] = []

        def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if "cp_schema" not in statement:  # that is asked every five seconds, whatever else is
                seen.append(statement)

        event.listen(world.store.engine, "before_cursor_execute", count)  # type: ignore[attr-defined]
        door.payments()
        event.remove(world.store.engine, "before_cursor_execute", count)  # type: ignore[attr-defined]
        return len(seen)

    few = statements()
    more = [Invoice(id=f"m{n}", ref=ana, name=f"M{n}", issued_at=world.clock(), total=DUE, due=DUE) for n in range(600)]
    world.seed("add_items", more)
    assert statements() == few <= 12
    assert door.total_due() == (Money("39065.00", "NZD"),)
    world.close()
