"""Paying, crashed at every call of every port, and against itself, the webhook and the pump: charged once, lost never.

A provider is a port like the others, asked between units: its calls are announced here, so that processes die before
and after them as well.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from clientportal import Money, RecordRef, Refused, presets
from clientportal.doors.dispatching import dispatch_blocking
from clientportal.errors import StoreError
from clientportal.operations.delivery import deliver
from clientportal.operations.paying import payment_changed
from clientportal.operations.providers import PaymentDesk
from clientportal.ports import step
from clientportal.records import AuditEntry, Intent, Payment, PaymentStage, PaymentState
from clientportal.testing.fake_provider import Behaviour, FakeProvider
from clientportal.testing.stepping import Call, Stepper, crash_points, interleavings
from clientportal.values.invoices import Invoice, sums
from steps.stages import Ground, Scene, Stage, answered

Counted = Callable[[str, str, object], None]
Grounds = Callable[[str], Ground]

DUE = Money("65.00", "NZD")
EMAIL = "ana@example.co.nz"
ANA = RecordRef.client("ana")

LOSING = (
    Behaviour.PAYS,
    Behaviour.DECLINES,
    Behaviour.CHARGES_AND_RAISES,
    Behaviour.FORGETS,
    Behaviour.RAISES,
    Behaviour.TALKS_NONSENSE,
)


def prepare(scene: Scene) -> None:
    """Ana owes 65.00 NZD, and is logged in."""
    world = scene.world
    world.use(presets.vcita(region="NZ"))
    world.change_policy("bookings", payments=True)
    world.change_policy("visibility", sections=("bookings", "payments"))
    ana = world.add_client("ana", "Ana Kingi", email=EMAIL)
    owed = Invoice(id="i1", ref=ana, name="Invoice 118", issued_at=world.clock(), total=DUE, due=DUE)
    world.seed("add_items", [owed])
    scene["session"] = world.sign_in(EMAIL).token


class Till:
    """A scene with a provider of its own, whose calls are announced like those of the other ports."""

    def __init__(self, scene: Scene, *script: Behaviour) -> None:
        self.scene = scene
        self.provider = FakeProvider(*script)
        self._open()

    def _open(self) -> None:
        portal = self.scene.portal

        async def ask(method: Callable[[Any], Any], argument: Any, _timeout: timedelta) -> Any:
            # A provider that fails has been asked all the same: it fails once the call is over.
            async def perform() -> tuple[Any, Exception | None]:
                try:
                    return method(argument), None
                except (ConnectionError, TimeoutError) as error:
                    return None, error

            everything = frozenset({"provider"})
            call = Call(f"provider.{method.__name__}", reads=everything, writes=everything)
            answer, failed = await self.scene.stepper.call(call, perform)
            if failed is not None:
                raise failed
            return answer

        portal._setup = evolve(portal._setup, payments=PaymentDesk(self.provider, ask))

    def restarted(self) -> Till:
        """The next process; the provider has not noticed anything."""
        self.scene.restarted()
        self._open()
        return self

    # --- what is done

    def pay(self, key: str | None = "k1") -> Any:
        """Ana pays what is due."""
        return self.scene.client().pay("i1", DUE, key=key)

    def webhook(self) -> Any:
        """Somebody says that every payment has changed."""
        setup, tenant = self.scene.portal._setup, self.scene.world.tenant

        async def go() -> list[Any]:
            async with setup.store.begin(tenant, setup.host, writes=False) as unit:
                page = await unit.state.page(Payment, "time", limit=100)
            return [await payment_changed(setup, tenant, one.id) for one in page.items]

        return go() if self.scene.awaited else step(go())

    def pump(self) -> Any:
        """The pump."""
        run = deliver(self.scene.portal._setup, self.scene.world.tenant, dispatch_blocking, 100)
        return run if self.scene.awaited else step(run)

    def settle_down(self) -> None:
        """Time goes by: whatever is open is finished by the pump, and the webhook comes at last."""
        plain = self.scene.portal
        for _ in range(8):
            self.scene.world.clock.advance(timedelta(minutes=9))
            self._finished(plain)

    def _finished(self, portal: Any) -> None:
        step(deliver(portal._setup, self.scene.world.tenant, dispatch_blocking, 100))
        for one in self.payments():
            step(payment_changed(portal._setup, self.scene.world.tenant, one.id))

    # --- what is there

    def payments(self) -> list[Payment]:
        """Every payment."""
        return list(self.scene.world.all_stored(Payment, "time"))

    def books(self) -> tuple[Invoice, list[Money]]:
        """The invoice as it is, and what was booked for it."""
        world = self.scene.world

        async def go() -> Any:
            async with world.store.begin(world.tenant, world.host, writes=False) as unit:
                section = unit.host.section("payments")
                section = await section if hasattr(section, "__await__") else section
                owed, page = section.one("i1"), section.transactions([ANA], None, 100)
                owed = await owed if hasattr(owed, "__await__") else owed
                page = await page if hasattr(page, "__await__") else page
                return owed, [one.amount for one in page.items]

        found: tuple[Invoice, list[Money]] = world.run(go())
        return found


def balanced(till: Till) -> None:
    """Whatever was taken is in the books or waits for staff; nothing is booked twice; nothing is left open."""
    owed, booked = till.books()
    payments = till.payments()
    overpaid = [one.charged for one in payments if one.state is PaymentState.OVERPAID and one.charged is not None]
    assert sums(till.provider.charged.values()) == sums([*booked, *overpaid])
    assert len(booked) <= 1
    assert owed.due == (Money(0, "NZD") if booked else DUE)
    assert [one.state for one in payments if one.stage is PaymentStage.OPEN] == []
    assert till.scene.world.all_stored(Intent, "state", "open") == []


# --- crashes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["memory", "elsewhere", pytest.param("sqlite", marks=pytest.mark.slow)])
@pytest.mark.parametrize("behaviour", [LOSING[0], *(pytest.param(one, marks=pytest.mark.slow) for one in LOSING[1:])])
@pytest.mark.parametrize("again", [True, False], ids=["and tries again", "and goes away"])
def test_a_crash_at_any_call_loses_nothing_and_charges_once(
    where: str, behaviour: Behaviour, again: bool, grounds: Grounds, counted: Counted
) -> None:
    """The client tries again with the same key, or never comes back: once all is quiet, it was charged at most once,
    and what was charged is in the books."""
    stage = Stage(grounds(where), prepare)

    def retry(till: Till) -> None:
        if again:
            answered(till.pay)

    def check(till: Till) -> None:
        till.settle_down()
        balanced(till)
        assert len(till.payments()) <= 1
        assert len(till.provider.charged) <= 1
        if again and behaviour is Behaviour.RAISES and not till.provider.charged:
            # It failed when it was asked again, and ten minutes later nobody asks any more.
            assert till.payments()[0].state is PaymentState.EXPIRED
        elif again and behaviour is not Behaviour.DECLINES:
            assert len(till.provider.charged) == 1
            assert till.payments()[0].state is PaymentState.PAID

    report = crash_points(
        lambda stepper: Till(stage.scene(stepper), behaviour),
        lambda till: answered(till.pay),
        check,
        retry=retry,
        restart=Till.restarted,
    )
    counted(f"pay, {behaviour.value}", where, report)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["memory", "elsewhere"])
def test_a_crash_of_the_pump_or_the_webhook_loses_nothing(where: str, grounds: Grounds, counted: Counted) -> None:
    """The answer of a charge was lost; whoever finds out what became of it dies as well, and the next one finishes."""
    stage = Stage(grounds(where), prepare)

    def make(stepper: Stepper) -> Till:
        till = Till(stage.scene(stepper), Behaviour.CHARGES_AND_RAISES)
        answered(till.pay)
        till.scene.world.clock.advance(timedelta(minutes=2))
        return till

    def check(till: Till) -> None:
        till.settle_down()
        balanced(till)
        assert till.payments()[0].state is PaymentState.PAID

    for name, operation in (("pump", Till.pump), ("webhook", Till.webhook)):
        report = crash_points(make, operation, check, restart=Till.restarted, during_recovery=True, limit=60)
        counted(f"{name} of a lost answer", where, report)


# --- at the same time -------------------------------------------------------------------------------------------------


def _both(
    where: Ground, one: Callable[[Till], Any], other: Callable[[Till], Any], counted: Counted, name: str, limit: int
) -> None:
    stage = Stage(where, prepare, awaited=True)

    def make(stepper: Stepper) -> Till:
        return Till(stage.scene(stepper), Behaviour.PAYS)

    def check(till: Till, *said: Any) -> None:
        for answer in said:
            assert not isinstance(answer, StoreError), answer
            if isinstance(answer, Refused):
                assert answer.reason.value in ("payment_under_way", "nothing_due", "busy"), answer
        till.settle_down()
        balanced(till)
        assert len(till.provider.charged) == 1
        assert [one.state for one in till.payments()] == [PaymentState.PAID]

    counted(name, where.name, interleavings(make, one, other, check, limit=limit))


def _two_keys(till: Till) -> Any:
    return till.pay("k2")


@pytest.mark.slow
@pytest.mark.parametrize("where", ["memory", "elsewhere"])
@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("pay × pay", _two_keys),
        ("pay × the same pay", Till.pay),
        ("pay × webhook", Till.webhook),
        ("pay × pump", Till.pump),
    ],
)
def test_two_at_once_charge_once(
    where: str, name: str, other: Callable[[Till], Any], grounds: Grounds, counted: Counted
) -> None:
    """Two clients of one record, the same one twice, the provider's webhook, the pump: whatever the order."""
    _both(grounds(where), Till.pay, other, counted, name, 150)


def test_a_few_orders_of_two_clients_who_pay_at_once(grounds: Grounds, counted: Counted) -> None:
    """The same with fewer orders, for the inner loop."""
    _both(grounds("memory"), Till.pay, _two_keys, counted, "pay × pay, a few", 15)


# --- any sequence -----------------------------------------------------------------------------------------------------

ACTS = ("pay", "webhook", "pump", "complete", "fail", "desk", "away", "back", "wait")


@pytest.mark.parametrize("where", ["memory", "elsewhere"])
@settings(max_examples=60)
@given(
    script=st.lists(st.sampled_from(list(Behaviour)), max_size=4),
    acts=st.lists(st.sampled_from(ACTS), max_size=12),
)
def test_whatever_a_provider_does_the_sums_agree(
    where: str, script: list[Behaviour], acts: list[str], grounds_once: Grounds
) -> None:
    """For any provider, webhook, pump and desk: what was charged is what is in the books and what waits for staff."""
    till = Till(_stage(where, grounds_once).scene(Stepper()), *script)
    paid_at_desk = False
    for act in acts:
        match act:
            case "pay":
                answered(lambda: till.pay(None))
            case "webhook" | "pump":
                getattr(till, act)()
            case "complete" | "fail":
                for one in till.payments():
                    if one.stage is PaymentStage.OPEN and one.state in (PaymentState.REDIRECTED, PaymentState.PENDING):
                        gave_up(till, act, one.id)
            case "desk":
                owed, booked = till.books()
                if owed.due and not booked:
                    paid_at_desk = True
                    scene = till.scene
                    scene.world.seed("add_items", [evolve(owed, due=Money(0, "NZD"), status="paid")])
            case "away" | "back":
                till.provider.away = act == "away"
            case _:
                till.scene.world.clock.advance(timedelta(minutes=7))
    till.provider.away = False
    till.settle_down()
    for one in till.payments():
        # Whoever stands on a page now, or waits for the bank, does so in vain.
        if one.state in (PaymentState.REDIRECTED, PaymentState.PENDING):
            gave_up(till, "fail", one.id)
    till.settle_down()
    owed, booked = till.books()
    overpaid = [
        one.charged for one in till.payments() if one.state is PaymentState.OVERPAID and one.charged is not None
    ]
    known = {one.id for one in till.payments()}
    assert set(till.provider.charged) <= known
    assert sums(till.provider.charged.values()) == sums([*booked, *overpaid])
    assert len(booked) <= 1
    assert not (booked and paid_at_desk)
    assert owed.due == (Money(0, "NZD") if booked or paid_at_desk else DUE)
    assert [one.state for one in till.payments() if one.stage is PaymentStage.OPEN] == []
    told = repr([till.payments(), till.scene.world.all_stored(AuditEntry, "time")])
    assert "pay.example" not in told


def gave_up(till: Till, act: str, id: str) -> None:
    """The client comes to an end on the provider's page, unless the provider has it otherwise by now."""
    try:
        getattr(till.provider, act)(id)
    except LookupError:
        return


_STAGES: dict[str, Stage] = {}


def _stage(where: str, grounds: Grounds) -> Stage:
    if where not in _STAGES:
        _STAGES[where] = Stage(grounds(where), prepare)
    return _STAGES[where]


@pytest.fixture(scope="module")
def grounds_once(grounds: Grounds) -> Grounds:
    """The grounds, for a law that is asked of many examples."""
    return grounds
