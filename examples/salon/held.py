"""What the salon's clients hold, owe and are asked: every section of the portal has something in it.

Days count from the salon's today; money is exact and in NZ dollars; moments are what the clock in Auckland says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from clientportal import Money, RecordRef
from clientportal.ports import step
from clientportal.stores.sql import SqlHost
from clientportal.values import SectionItem
from clientportal.values.cards import Card
from clientportal.values.codes import ActiveCode, CodeKind
from clientportal.values.documents import Document
from clientportal.values.forms import Condition, FormRequest, Question
from clientportal.values.gift_cards import GiftCard
from clientportal.values.invoices import Invoice, Transaction
from clientportal.values.memberships import CreditBatch, Membership
from clientportal.values.messages import Message
from clientportal.values.packages import Package, PackageCredits
from clientportal.values.pets import Pet, Weight
from clientportal.values.referrals import ReferralCredit
from clientportal.values.rewards import RewardBalance

AROHA, AROHA_AGAIN, MERE = RecordRef.client("C-0001"), RecordRef.client("C-0002"), RecordRef.client("C-0003")
DAY = timedelta(days=1)
GIFT_CODE = "KOWHAI-7F3Q"


def nzd(amount: str) -> Money:
    """New Zealand dollars."""
    return Money(amount, "NZD")


def fill_sections(host: SqlHost, today: date) -> None:
    """Put it all into the salon's tables, unless it is there: what clients have done with it since stays."""
    memberships = host.section("memberships")
    if memberships is None or step(memberships.one("m-1")) is not None:
        return
    step(host.add_items([*bought(host, today), *owed(host, today), *written(host, today)]))
    gift = ActiveCode(id="g-1", ref=AROHA, kind=CodeKind.GIFT, name="Gift card", code=GIFT_CODE, balance=nzd("40.00"))
    step(host.add_codes([gift]))
    for document, content in papers(host, today):
        step(host.add_document(document, content.encode()))


def bought(host: SqlHost, today: date) -> Iterator[SectionItem]:
    """Memberships, packages, gift cards, points, cards, and what a recommendation has earned."""
    now = host.now()
    yield Membership(
        id="m-1",
        ref=AROHA_AGAIN,
        name="Kōwhai Gold",
        status="active",
        bought_at=now - 150 * DAY,
        first_day=today - 150 * DAY,
        price=nzd("89.00"),
        last_charge=now - 11 * DAY,
        last_charged=nzd("89.00"),
        next_charge=now + 19 * DAY,
        credits=(
            CreditBatch(for_what="Cut and blow-wave", credits=2, last_day=today + 19 * DAY),
            CreditBatch(for_what="Cut and blow-wave", credits=1, last_day=today - 11 * DAY),
            CreditBatch(for_what="Products", value=nzd("15.50")),
        ),
    )
    yield Membership(
        id="m-0", ref=AROHA, name="Silver", status="cancelled", bought_at=now - 900 * DAY, last_day=today - 500 * DAY
    )
    yield Package(
        id="p-1",
        ref=AROHA_AGAIN,
        name="Five fringe trims",
        bought_at=now - 60 * DAY,
        price=nzd("85.00"),
        credits=(PackageCredits(for_what="Fringe trim", bought=5, left=2),),
        last_day=today + 120 * DAY,
    )
    yield Package(
        id="p-0",
        ref=AROHA,
        name="Three treatments",
        bought_at=now - 400 * DAY,
        credits=(PackageCredits(for_what="Keratin treatment", bought=3, left=0),),
    )
    yield GiftCard(
        id="g-1",
        ref=AROHA,
        side="received",
        bought_at=now - 40 * DAY,
        balance=nzd("40.00"),
        worth=nzd("100.00"),
        code=GIFT_CODE,
        giver="Nanny Rua",
        message="Ngā mihi o te rā huritau!",
    )
    yield GiftCard(
        id="g-2",
        ref=AROHA_AGAIN,
        side="given",
        bought_at=now - 20 * DAY,
        balance=nzd("50.00"),
        worth=nzd("50.00"),
        receiver="Hana",
        last_day=today + 345 * DAY,
    )
    yield RewardBalance(id="r-1", ref=AROHA_AGAIN, name="Feathers", points=120, changed_at=now - 28 * DAY)
    yield RewardBalance(
        id="r-2", ref=AROHA_AGAIN, name="Store credit", balance=nzd("12.50"), last_day=today + 200 * DAY
    )
    for id, brand, last_four, required in (("c-1", "Visa", "4242", True), ("c-2", "Mastercard", "4444", False)):
        yield Card(
            id=id,
            ref=AROHA_AGAIN,
            token=f"tok_{id}",
            brand=brand,
            last_four=last_four,
            expires_month=11,
            expires_year=today.year + 2,
            saved_at=now - 30 * DAY,
            required=required,
        )
    yield ReferralCredit(
        id="rc-1", ref=AROHA_AGAIN, earned_at=now - 50 * DAY, amount=nzd("20.00"), for_what="A friend's first visit"
    )


def owed(host: SqlHost, today: date) -> Iterator[SectionItem]:
    """Two invoices and a deposit to pay, and what was paid before."""
    now = host.now()
    for id, name, purpose, amount, days, due in (
        ("i-118", f"Invoice {today.year}-118", "invoice", "165.00", -3, 11),
        ("i-109", f"Invoice {today.year}-109", "invoice", "20.50", -40, -26),
        ("i-d7", "Deposit for your full colour", "deposit", "47.50", -9, 6),
    ):
        yield Invoice(
            id=id,
            ref=AROHA_AGAIN,
            name=name,
            purpose=purpose,
            issued_at=now + days * DAY,
            due_day=today + due * DAY,
            total=nzd(amount),
            due=nzd(amount),
            appointment="A-0007" if purpose == "deposit" else None,
        )
    yield Invoice(id="i-m1", ref=MERE, name="Invoice 2026-121", issued_at=now, total=nzd("90.00"), due=nzd("90.00"))
    for id, what, amount, days in (("t-1", "Cut and blow-wave", "75.00", 28), ("t-2", "Kōwhai Gold", "89.00", 11)):
        yield Transaction(id=id, ref=AROHA_AGAIN, what=what, at=now - days * DAY, amount=nzd(amount))


def written(host: SqlHost, today: date) -> Iterator[SectionItem]:
    """A form, a conversation, and the dog that comes along."""
    now = host.now()
    for id, who in (("f-1", AROHA_AGAIN), ("f-m1", MERE)):
        yield FormRequest(
            id=id,
            ref=who,
            title="Before your colour",
            sent_at=now - 2 * DAY,
            due=now + 5 * DAY,
            intro="Two minutes, so that nothing itches.",
            questions=(
                Question(name="allergic", label="Are you allergic to anything?", kind="yes_no", required=True),
                Question(name="to", label="To what?", kind="text", required=True, when=Condition("allergic", "yes")),
                Question(
                    name="weeks", label="Weeks since your last colour", kind="number", least=Decimal(0), decimals=1
                ),
                Question(
                    name="feel",
                    label="How should it look?",
                    kind="choice",
                    options=("Natural", "Copper", "Surprise me"),
                ),
                Question(
                    name="patch", label="I agree to a patch test", kind="consent", edition="2026-03", required=True
                ),
                Question(name="signed", label="Your name", kind="signature", required=True),
            ),
        )
    for id, days, by, text, author in (
        ("w-1", 6, "client", "Kia ora! May I bring our dog along next week?", ""),
        ("w-2", 5, "business", "Of course, we have a bowl for him.\nSee you then!", "Mia"),
    ):
        yield Message(id=id, ref=AROHA_AGAIN, at=now - days * DAY, written_by=by, text=text, author=author)
    yield Pet(
        id="d-1",
        ref=AROHA_AGAIN,
        name="Kurī",
        species="dog",
        breed="Huntaway",
        birthday=date(today.year - 5, 3, 14),
        weight=Weight("31.5", "kg"),
        neutered=True,
    )


def papers(host: SqlHost, today: date) -> Iterator[tuple[Document, str]]:
    """Documents with what stands in them; an empty size, for it follows from the content."""
    now = host.now()
    for id, name, days, text in (
        ("doc-1", "After your colour – ngā tohutohu.txt", 27, "Wait 48 hours before you wash it.\nRinse cool.\n"),
        ("doc-2", f"Patch test {today.year}.txt", 2, "Patch test behind the left ear: no reaction after 48 hours.\n"),
    ):
        yield (
            Document(
                id=id,
                ref=AROHA_AGAIN,
                name=name,
                media_type="text/plain; charset=utf-8",
                size=0,
                shared_at=now - days * DAY,
                uploaded_by="Priyanka",
            ),
            text,
        )
