"""Pages of invoices and payments: what is due, paying it, what was paid (V8)."""

from __future__ import annotations

from clientportal.decisions import Reason
from clientportal.errors import InvalidInput, Refused
from clientportal.values.cards import Card
from clientportal.web.messages import Response
from clientportal.web.pages_bookings import typed_money
from clientportal.web.pages_held import more_of
from clientportal.web.refusals import NOT_ON_THE_PAGE, status_of
from clientportal.web.routing import Route, path_of
from clientportal.web.visits import Visit

__all__ = ["ROUTES"]


async def payments(visit: Visit) -> Response:
    """What is due altogether, every invoice with what is owed of it, payments under way."""
    return await _payments(visit)


async def _payments(visit: Visit, refused: str = "", status: int = 200) -> Response:
    page = await visit.client.payments(after=visit.get("after"))
    more = more_of(visit, "/payments", page.invoices.next)
    return visit.render("payments.html", status, page=page, more=more, refused=refused)


async def transactions(visit: Visit) -> Response:
    """Money that has moved, latest first."""
    page = await visit.client.transactions(after=visit.get("after"))
    return visit.render("transactions.html", page=page, more=more_of(visit, "/payments/past", page.next))


async def pay_first(visit: Visit) -> Response:
    """The amount, before anything is charged; with a saved card, or at the provider's own page."""
    invoice = await visit.client.section_item("payments", visit.arguments["id"])
    cards: tuple[Card, ...] = ()
    try:
        cards = (await visit.client.cards()).items
    except Refused as error:
        if error.reason is not Reason.DISABLED:
            raise
    return visit.render("pay.html", invoice=invoice, cards=cards, zone=visit.business.zone)


async def pay(visit: Visit) -> Response:
    """Pay exactly the amount that was shown.

    Where the client goes on at the provider's page, ours leads there by a link: browsers do not let a form of ours end
    at another site (``form-action 'self'``), and that is how it should stay.
    """
    amount = typed_money(visit, "amount")
    if amount is None:
        raise InvalidInput("amount is what the page has shown, such as '25.00 NZD'")
    card = visit.request.form.get("card") or None
    try:
        begun = await visit.client.pay(visit.arguments["id"], amount, card=card, key=visit.once)
    except Refused as error:
        if error.reason in NOT_ON_THE_PAGE:
            raise
        return await _payments(visit, visit.says(error), status_of(error.reason))
    return visit.redirect(path_of("payments", "attempts", begun.id))


async def attempt(visit: Visit) -> Response:
    """What became of a payment: the provider is asked again each time, so that nobody pays twice."""
    return visit.render("payment.html", seen=await visit.client.payment(visit.arguments["id"]))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/payments", payments, section="payments", menu="menu.payments"),
    Route("GET", "/payments/past", transactions, section="payments"),
    Route("GET", "/payments/{id}/pay", pay_first, section="payments"),
    Route("POST", "/payments/{id}/pay", pay, section="payments"),
    Route("GET", "/payments/attempts/{id}", attempt, section="payments"),
)
"""Every address of payments."""
