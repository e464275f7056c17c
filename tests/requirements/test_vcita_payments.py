"""vcita: invoices, what is due, and paying (V8, V4, T10), on every store behind both portals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from clientportal import InvalidInput, Money, Permission, Reason, RecordRef, Refused, presets
from clientportal.errors import DurableOperation
from clientportal.records import AuditEntry, Payment, PaymentStage, PaymentState
from clientportal.testing.fake_provider import Behaviour, FakeProvider
from clientportal.values.cards import Card
from clientportal.values.invoices import Invoice, InvoicePurpose, InvoiceStatus, Transaction, TransactionStatus
from watching import reason_of
from world import World, at

NZD = "NZD"


class Shop:
    """Kōwhai Hair with invoices, a provider, and Ana who owes something."""

    def __init__(self, world: World, *script: Behaviour) -> None:
        self.world = world
        self.provider = FakeProvider(*script)
        world.use(presets.vcita(region="NZ"))
        world.change_policy("bookings", payments=True)
        world.change_policy("visibility", sections=("bookings", "payments", "payment_methods"))
        world.portal = world.make_portal(payments=self.provider)
        self.ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.co.nz")
        self.ben = world.add_client("ben", "Ben Tait", email="ben@example.co.nz")
        self.door = world.log_in("ana@example.co.nz")

    def invoice(self, id: str, due: str, currency: str = NZD, ref: RecordRef | None = None, **more: Any) -> str:
        amount = Money(due, currency)
        more.setdefault("name", f"Invoice {id}")
        more.setdefault("issued_at", self.world.clock())
        more.setdefault("total", amount)
        self.world.seed("add_items", [Invoice(id=id, ref=ref or self.ana, due=amount, **more)])
        return id

    def card(self, id: str, ref: RecordRef | None = None, token: str = "tok_visa_4242") -> str:
        card = Card(
            id=id,
            ref=ref or self.ana,
            token=token,
            brand="visa",
            last_four="4242",
            expires_month=11,
            expires_year=2029,
            saved_at=at("2026-05-01 09:00"),
        )
        self.world.seed("add_items", [card])
        return id

    def now(self, id: str) -> Invoice:
        async def go() -> Any:
            async with self.world.store.begin(self.world.tenant, self.world.host, writes=False) as unit:
                section = unit.host.section("payments")
                found = (await section if hasattr(section, "__await__") else section).one(id)
                return await found if hasattr(found, "__await__") else found

        found: Invoice = self.world.run(go())
        return found

    def stored(self, id: str) -> Payment:
        found: Payment = self.world.stored(Payment, id)
        return found

    def pump(self, minutes: int = 2) -> Any:
        self.world.clock.advance(timedelta(minutes=minutes))
        return self.world.deliver()


@pytest.fixture
def shop(world: World) -> Iterator[Shop]:
    """On every store, behind both portals."""
    return Shop(world)


@pytest.fixture
def memory_shop(memory_world: World) -> Shop:
    """On the reference store, for what no store can change."""
    return Shop(memory_world)


# --- looking ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("V8")
def test_what_is_owed_comes_first_and_every_currency_is_summed_by_itself(shop: Shop) -> None:
    """Two invoices in NZ dollars and one in Australian ones: 90.10 NZD and 20.00 AUD are due, exactly."""
    shop.invoice("i1", "65.05", issued_at=at("2026-09-01 09:00"), due_day=date(2026, 12, 1))
    shop.invoice("i2", "25.05", purpose=InvoicePurpose.DEPOSIT, appointment="a1", issued_at=at("2026-10-01 09:00"))
    shop.invoice("i3", "20.00", "AUD", purpose=InvoicePurpose.FEE, issued_at=at("2026-10-02 09:00"))
    paid = Money("0", NZD)
    shop.world.seed(
        "add_items",
        [
            Invoice(
                id="i4",
                ref=shop.ana,
                name="Invoice i4",
                status=InvoiceStatus.PAID,
                issued_at=at("2026-11-01 09:00"),
                total=Money("300", NZD),
                due=paid,
            )
        ],
    )
    shop.invoice("b1", "999.00", ref=shop.ben)
    page = shop.door.payments()
    assert [one.id for one in page.invoices.items] == ["i3", "i2", "i1", "i4"]
    assert page.due == (Money("20.00", "AUD"), Money("90.10", NZD))
    assert page.can_pay
    assert page.under_way == ()
    assert shop.door.total_due() == page.due
    assert shop.door.payments(limit=2).invoices.next is not None
    again = shop.door.payments(after=shop.door.payments(limit=2).invoices.next, limit=2)
    assert [one.id for one in again.invoices.items] == ["i1", "i4"]


@pytest.mark.requirement("V8")
def test_past_and_pending_transactions_are_listed_latest_first(shop: Shop) -> None:
    """What was paid in October, and the bank debit that is on its way; nobody else's."""
    entries = [
        Transaction(id="t1", ref=shop.ana, what="Cut", at=at("2026-10-03 10:00"), amount=Money("65", NZD)),
        Transaction(
            id="t2",
            ref=shop.ana,
            what="Colour",
            at=at("2026-11-20 10:00"),
            amount=Money("180", NZD),
            status=TransactionStatus.PENDING,
        ),
        Transaction(id="t3", ref=shop.ben, what="Cut", at=at("2026-11-20 11:00"), amount=Money("65", NZD)),
    ]
    shop.world.seed("add_items", entries)
    page = shop.door.transactions()
    assert [(one.id, one.status) for one in page.items] == [
        ("t2", TransactionStatus.PENDING),
        ("t1", TransactionStatus.DONE),
    ]
    first = shop.door.transactions(limit=1)
    assert [one.id for one in shop.door.transactions(after=first.next, limit=1).items] == ["t1"]


@pytest.mark.requirement("V4", "T10")
def test_where_payments_are_off_nothing_is_due_rather_than_zero(shop: Shop) -> None:
    """Taking payments turns the updated flow on; without them section and total are absent, and paying is refused."""
    shop.invoice("i1", "65.00")
    assert shop.world.policy.bookings.effective_flow.value == "updated"
    assert shop.door.total_due() == (Money("65.00", NZD),)
    shop.world.change_policy("bookings", payments=False)
    assert shop.door.total_due() is None
    assert "payments" not in [one.name for one in shop.door.sections()]
    for call in (
        shop.door.payments,
        shop.door.transactions,
        lambda: shop.door.pay("i1", Money("65", NZD)),
        lambda: shop.door.section("payments"),
    ):
        assert reason_of(call) is Reason.DISABLED
    assert shop.provider.begun == []


@pytest.mark.requirement("V4")
def test_nothing_due_is_nothing_and_not_absent(shop: Shop) -> None:
    """Payments are on and Ana owes nothing: an empty sum; a closed section is absent; a dead session hears nothing."""
    assert shop.door.total_due() == ()
    shop.world.change_policy("visibility", sections=("bookings",))
    assert shop.door.total_due() is None
    shop.door.log_out()
    assert reason_of(shop.door.total_due) is Reason.SESSION_ENDED


@pytest.mark.requirement("V8")
def test_without_a_provider_invoices_are_listed_and_nothing_can_be_paid(world: World) -> None:
    """The section is there; the action is not."""
    shop = Shop(world)
    shop.invoice("i1", "65.00")
    world.portal = world.make_portal()
    door = world.log_in("ana@example.co.nz")
    assert not door.payments().can_pay
    assert [one.actions for one in door.sections() if one.name == "payments"] == [()]
    assert reason_of(lambda: door.pay("i1", Money("65.00", NZD))) is Reason.DISABLED
    assert world.all_stored(Payment, "time") == []


# --- paying -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("V8")
def test_an_invoice_is_paid_once_in_one_commit_with_the_books(shop: Shop) -> None:
    """65.00 is charged; the invoice is paid, the transaction is there, nothing is due, and paying again is refused."""
    shop.invoice("i1", "65.00", appointment="a1")
    paid = shop.door.pay("i1", Money("65", NZD), key="k1")
    assert paid.state is PaymentState.PAID
    assert paid.paid
    assert shop.now("i1").status is InvoiceStatus.PAID
    assert shop.door.total_due() == ()
    assert [(one.id, one.amount, one.invoice) for one in shop.door.transactions().items] == [
        (paid.id, Money("65.00", NZD), "i1")
    ]
    assert shop.provider.charged == {paid.id: Money("65.00", NZD)}
    assert shop.door.pay("i1", Money("65", NZD), key="k1") == paid
    assert reason_of(lambda: shop.door.pay("i1", Money("65", NZD))) is Reason.NOTHING_DUE
    assert len(shop.provider.begun) == 1
    said = [entry for entry in shop.world.all_stored(AuditEntry, "time") if entry.action == "pay"]
    assert sorted((one.subject, one.outcome) for one in said) == [("i1", "done"), ("i1", "done"), ("i1", "nothing_due")]


@pytest.mark.requirement("V8")
def test_nothing_is_charged_that_was_not_agreed_to(shop: Shop) -> None:
    """The page showed 65.00, and it is 70.00 by now: refused with what is due; another currency likewise."""
    shop.invoice("i1", "70.00")
    with pytest.raises(Refused) as refused:
        shop.door.pay("i1", Money("65.00", NZD))
    assert refused.value.reason is Reason.AMOUNT_CHANGED
    assert "70.00 NZD" in refused.value.client_text
    assert reason_of(lambda: shop.door.pay("i1", Money("70.00", "AUD"))) is Reason.AMOUNT_CHANGED
    with pytest.raises(InvalidInput, match="amount is Money"):
        shop.door.pay("i1", 70)
    assert shop.provider.begun == []
    assert shop.world.all_stored(Payment, "time") == []


@pytest.mark.requirement("V8")
def test_only_ones_own_and_only_what_the_business_lets_clients_do(shop: Shop) -> None:
    """Ben's invoice is not found; a business that does not name payments.pay refuses it, from the next call on."""
    shop.invoice("b1", "20.00", ref=shop.ben)
    shop.invoice("i1", "65.00")
    for id in ("b1", "none", "", "x" * 300, "a\x00b"):
        assert reason_of(lambda id=id: shop.door.pay(id, Money("20.00", NZD))) is Reason.NOT_FOUND
    shop.world.change_policy("portal", actions=frozenset({"bookings.cancel"}))
    assert reason_of(lambda: shop.door.pay("i1", Money("65.00", NZD))) is Reason.DISABLED
    assert not shop.door.payments().can_pay
    assert shop.provider.begun == []


@pytest.mark.requirement("V8")
def test_a_saved_card_pays_by_its_token_which_is_stored_nowhere(shop: Shop) -> None:
    """The provider gets the token; no record, no decision and no text of ours has it. Ben's card is not found."""
    shop.invoice("i1", "65.00")
    shop.card("c1")
    shop.card("c2", ref=shop.ben)
    assert reason_of(lambda: shop.door.pay("i1", Money("65.00", NZD), card="c2")) is Reason.NOT_FOUND
    paid = shop.door.pay("i1", Money("65.00", NZD), card="c1")
    charge = shop.provider.begun[0]
    assert charge.card is not None
    assert charge.card.reveal() == "tok_visa_4242"
    assert (charge.key, charge.business, charge.invoice) == (paid.id, shop.world.tenant, "i1")
    told = repr(
        (charge, paid, shop.world.observed.all, shop.stored(paid.id), shop.world.all_stored(AuditEntry, "time"))
    )
    assert "tok_visa" not in told


@pytest.mark.requirement("V8")
def test_a_declined_payment_can_be_tried_again(world: World) -> None:
    """The first card is declined: nothing is charged, the client is not told why, staff are; the second try pays."""
    shop = Shop(world, Behaviour.DECLINES)
    shop.invoice("i1", "65.00")
    no = shop.door.pay("i1", Money("65.00", NZD), key="k1")
    assert no.state is PaymentState.DECLINED
    assert not no.paid
    assert "insufficient" not in repr(no)
    line = world.staff().payments("done").items[0]
    assert (line.state, line.note) == (PaymentState.DECLINED, "insufficient_funds")
    assert shop.door.pay("i1", Money("65.00", NZD), key="k1").state is PaymentState.DECLINED
    assert shop.door.pay("i1", Money("65.00", NZD), key="k2").state is PaymentState.PAID
    assert len(shop.provider.charged) == 1


@pytest.mark.requirement("V8")
def test_a_client_goes_to_the_provider_s_page_and_comes_back(world: World) -> None:
    """The address is handed on and stored nowhere; whoever comes back early sees the same page; then it is paid."""
    shop = Shop(world, Behaviour.REDIRECTS)
    shop.invoice("i1", "65.00")
    begun = shop.door.pay("i1", Money("65.00", NZD))
    assert begun.state is PaymentState.REDIRECTED
    assert begun.page is not None
    assert begun.page.reveal() == f"https://pay.example/checkout/{begun.id}"
    assert "pay.example" not in repr((begun, shop.stored(begun.id)))
    again = shop.door.pay("i1", Money("65.00", NZD))
    assert (again.id, again.page) == (begun.id, begun.page)
    assert [one.id for one in shop.door.payments().under_way] == [begun.id]
    shop.provider.complete(begun.id)
    assert shop.door.payment(begun.id).state is PaymentState.PAID
    assert shop.now("i1").status is InvoiceStatus.PAID
    assert shop.door.payments().under_way == ()


@pytest.mark.requirement("V8")
@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour.CHARGES_AND_RAISES,
        Behaviour.CHARGES_AND_HANGS,
        Behaviour.TALKS_NONSENSE,
        Behaviour.RAISES,
        Behaviour.HANGS,
        Behaviour.FORGETS,
    ],
)
def test_an_unknown_outcome_is_no_failure_and_is_resolved_by_asking(world: World, behaviour: Behaviour) -> None:
    """Charged or not: the answer is lost, a second try begins nothing, and the pump finds out; charged once."""
    shop = Shop(world, behaviour)
    shop.invoice("i1", "65.00")
    unknown = shop.door.pay("i1", Money("65.00", NZD))
    assert unknown.state is PaymentState.UNKNOWN
    assert not unknown.paid
    assert world.staff().payments("open").items[0].note.startswith("the provider")
    assert shop.pump().finished == 1
    assert shop.door.payment(unknown.id).state is PaymentState.PAID
    assert shop.now("i1").status is InvoiceStatus.PAID
    assert shop.provider.charged == {unknown.id: Money("65.00", NZD)}
    assert shop.pump().finished == 0


@pytest.mark.requirement("V8")
def test_what_the_provider_has_never_heard_of_expires(memory_shop: Shop) -> None:
    """The provider is away for an hour; the charge is not sent after that, and the invoice can be paid again."""
    shop = memory_shop
    shop.invoice("i1", "65.00")
    shop.provider.away = True
    begun = shop.door.pay("i1", Money("65.00", NZD))
    for _ in range(8):
        shop.pump(15)
    assert shop.stored(begun.id).state is PaymentState.UNKNOWN
    shop.provider.away = False
    shop.pump(60)
    assert shop.stored(begun.id).state is PaymentState.EXPIRED
    assert shop.provider.charged == {}
    assert shop.door.pay("i1", Money("65.00", NZD)).state is PaymentState.PAID


@pytest.mark.requirement("V8")
@pytest.mark.parametrize(
    ("behaviour", "charged"), [(Behaviour.WRONG_AMOUNT, "66.00 NZD"), (Behaviour.WRONG_CURRENCY, "65.00 XTS")]
)
def test_what_was_charged_wrongly_is_in_no_book_and_staff_see_it(
    world: World, behaviour: Behaviour, charged: str
) -> None:
    """Nothing of it is booked, nobody pays again before staff have dealt with it, and then it can be paid."""
    shop = Shop(world, behaviour)
    shop.invoice("i1", "65.00")
    wrong = shop.door.pay("i1", Money("65.00", NZD))
    assert wrong.state is PaymentState.OVERPAID
    assert shop.now("i1").due == Money("65.00", NZD)
    line = world.staff().payments().items[0]
    assert (str(line.charged), line.stage) == (charged, PaymentStage.STAFF)
    assert "instead of 65.00 NZD" in line.note
    assert reason_of(lambda: shop.door.pay("i1", Money("65.00", NZD))) is Reason.PAYMENT_UNDER_WAY
    done = world.staff().payment_handled(wrong.id)
    assert (done.stage, done.handled_by) == (PaymentStage.DONE, "staff:mia")
    assert shop.door.pay("i1", Money("65.00", NZD)).state is PaymentState.PAID


@pytest.mark.requirement("V8")
def test_an_invoice_that_was_paid_otherwise_meanwhile_is_overpaid(world: World) -> None:
    """Ana pays at the desk while the provider's page is open: the second money is staff's to refund, and is visible."""
    shop = Shop(world, Behaviour.REDIRECTS)
    shop.invoice("i1", "65.00")
    begun = shop.door.pay("i1", Money("65.00", NZD))
    shop.invoice("i1", "0.00", status=InvoiceStatus.PAID, total=Money("65.00", NZD))
    shop.provider.complete(begun.id)
    assert world.portal.payment_changed(world.tenant, begun.id) is PaymentState.OVERPAID
    assert world.staff().payments().items[0].note == "the invoice is paid by now"
    assert shop.door.payment(begun.id).paid
    assert shop.door.transactions().items == ()


@pytest.mark.requirement("V8")
def test_a_webhook_is_not_believed_but_asked_about(world: World) -> None:
    """Whoever calls: nothing changes unless the provider says so itself; by its own name for it, too."""
    shop = Shop(world, Behaviour.PENDS)
    shop.invoice("i1", "65.00")
    begun = shop.door.pay("i1", Money("65.00", NZD))
    changed = world.portal.payment_changed
    assert changed(world.tenant, begun.id) is PaymentState.PENDING
    assert changed(world.tenant, "nobody's") is None
    assert changed(world.tenant, "a\x00b") is None
    assert changed(world.tenant, "") is None
    shop.provider.complete(begun.id)
    assert changed(world.tenant, shop.stored(begun.id).provider_ref) is PaymentState.PAID
    assert changed(world.tenant, begun.id) is PaymentState.PAID
    assert len(shop.door.transactions().items) == 1


@pytest.mark.requirement("V8")
def test_a_yes_after_a_no_is_believed_and_a_no_after_a_yes_is_not(world: World) -> None:
    """A provider that contradicts itself loses nobody's money: the first was charged, and so was the second."""
    shop = Shop(world, Behaviour.CHARGES_AND_SAYS_NO, Behaviour.SAYS_YES_THEN_NO)
    shop.invoice("i1", "65.00")
    shop.invoice("i2", "20.00")
    no = shop.door.pay("i1", Money("65.00", NZD))
    assert no.state is PaymentState.DECLINED
    assert world.portal.payment_changed(world.tenant, no.id) is PaymentState.PAID
    yes = shop.door.pay("i2", Money("20.00", NZD))
    assert world.portal.payment_changed(world.tenant, yes.id) is PaymentState.PAID
    assert (shop.now("i1").due, shop.now("i2").due) == (Money("0.00", NZD), Money("0.00", NZD))


def test_another_amount_or_card_waits_for_what_is_under_way(memory_world: World) -> None:
    """One invoice has one open payment; the same again is the same, anything else is refused until it is over."""
    shop = Shop(memory_world, Behaviour.PENDS)
    shop.invoice("i1", "65.00")
    shop.card("c1")
    begun = shop.door.pay("i1", Money("65.00", NZD))
    assert shop.door.pay("i1", Money("65.00", NZD), key="other").id == begun.id
    assert reason_of(lambda: shop.door.pay("i1", Money("65.00", NZD), card="c1")) is Reason.PAYMENT_UNDER_WAY
    shop.invoice("i1", "70.00")
    assert reason_of(lambda: shop.door.pay("i1", Money("70.00", NZD))) is Reason.PAYMENT_UNDER_WAY


def test_a_preview_shows_what_would_be_paid_and_charges_nobody(memory_shop: Shop) -> None:
    """Nothing is committed, and the provider hears nothing."""
    memory_shop.invoice("i1", "65.00")
    seen = memory_shop.door.preview.pay("i1", Money("65.00", NZD))
    assert (seen.amount, seen.state) == (Money("65.00", NZD), PaymentState.BEGUN)
    assert memory_shop.provider.begun == []
    assert memory_shop.world.all_stored(Payment, "time") == []


def test_nothing_is_paid_inside_the_platform_s_own_transaction(memory_shop: Shop) -> None:
    """A rollback there would forget a charge that was made."""
    world = memory_shop.world
    memory_shop.invoice("i1", "65.00")
    signed_in = world.sign_in("ana@example.co.nz")

    async def go() -> None:
        async with world.store.begin(world.tenant, world.host, writes=True) as unit:
            joined = world.portal.on(unit.connection)
            with pytest.raises(DurableOperation):
                joined.client(signed_in.token).pay("i1", Money("65.00", NZD))
            with pytest.raises(DurableOperation):
                joined.payment_changed(world.tenant, "x")

    world.run(go())
    assert memory_shop.provider.begun == []


def test_staff_need_the_permission_and_a_payment_that_there_is(memory_shop: Shop) -> None:
    """Least by default; a stage that does not exist is told what would be right."""
    staff = memory_shop.world.staff({Permission.SEE_CLIENTS})
    assert reason_of(staff.payments) is Reason.PERMISSION
    assert reason_of(lambda: staff.payment_handled("x")) is Reason.PERMISSION
    assert reason_of(lambda: memory_shop.world.staff().payment_handled("x")) is Reason.NOT_FOUND
    with pytest.raises(InvalidInput, match="open, staff, done"):
        memory_shop.world.staff().payments("stuck")


def test_a_stranger_s_payment_is_not_found(memory_world: World) -> None:
    """Ben asks for Ana's payment by its id: absent and foreign are one answer, and the provider is not asked."""
    shop = Shop(memory_world, Behaviour.PENDS)
    shop.invoice("i1", "65.00")
    begun = shop.door.pay("i1", Money("65.00", NZD))
    ben = memory_world.log_in("ben@example.co.nz")
    shop.provider.asked.clear()
    for id in (begun.id, "none", "", "a\x00b"):
        assert reason_of(lambda id=id: ben.payment(id)) is Reason.NOT_FOUND
    assert shop.provider.asked == []


def test_an_erased_client_s_open_payment_is_not_lost(memory_world: World) -> None:
    """Money that is under way is not forgotten: the invoice stays in the business's books, so what is charged for it
    goes there as well. Once it has, erasing takes the payment, too."""
    shop = Shop(memory_world, Behaviour.PENDS)
    shop.invoice("i1", "65.00")
    begun = shop.door.pay("i1", Money("65.00", NZD))
    assert [one["id"] for one in memory_world.staff().export_person(shop.ana).held["payments"]] == [begun.id]
    memory_world.staff().erase(shop.ana, reason="asked for by mail")
    shop.provider.complete(begun.id)
    shop.pump()
    assert shop.stored(begun.id).state is PaymentState.PAID
    memory_world.staff().erase(shop.ana, reason="asked for by mail")
    assert shop.stored(begun.id) is None


def test_each_business_of_a_franchise_shows_and_takes_its_own(world: World) -> None:
    """Ponsonby has its own invoice, which is not found at Takapuna; the parent has one that is shown at both."""
    shop = Shop(world)
    shop.invoice("p1", "65.00", business="ponsonby")
    shop.invoice("t1", "20.00", business="takapuna")
    shop.invoice("all", "5.00")
    shop.world.seed(
        "add_items",
        [
            Transaction(
                id="old", ref=shop.ana, business="ponsonby", what="Cut", at=world.clock(), amount=Money("9", NZD)
            )
        ],
    )
    token = world.sign_in("ana@example.co.nz").token
    here, there = (world.portal.client(token, branch=name) for name in ("ponsonby", "takapuna"))
    assert here.total_due() == (Money("70.00", NZD),)
    assert there.total_due() == (Money("25.00", NZD),)
    assert {one.id for one in there.payments().invoices.items} == {"t1", "all"}
    assert [one.id for one in here.transactions().items] == ["old"]
    assert there.transactions().items == ()
    assert reason_of(lambda: there.pay("p1", Money("65.00", NZD))) is Reason.NOT_FOUND
    paid = here.pay("p1", Money("65.00", NZD))
    assert paid.state is PaymentState.PAID
    assert here.payment(paid.id).paid
    assert reason_of(lambda: there.payment(paid.id)) is Reason.NOT_FOUND
