"""Pages of bookings: all upcoming and past ones, what may be done with each, and doing it (M3, V6, V7, X1, X2).

What a change costs is shown before it is confirmed, and confirmed with that very amount: had the price changed in the
meantime, the new one is shown and asked for again.
"""

from __future__ import annotations

from clientportal.decisions import Reason
from clientportal.errors import InvalidInput, Refused
from clientportal.outcomes import ChangeTerms, Terms
from clientportal.values import ChangeKind, Money, Slot, When
from clientportal.web.free_times import MOST_SLOTS, around_day, shown_week, week_of
from clientportal.web.messages import Response
from clientportal.web.refusals import LEADS_TO, status_of
from clientportal.web.routing import Route, path_of
from clientportal.web.visits import Visit

__all__ = ["ROUTES", "typed_money"]

_PER_PAGE = 20


async def bookings(visit: Visit) -> Response:
    """Upcoming bookings, or past ones: every status is listed, with its name."""
    when = When.PAST if visit.get("when") == "past" else When.UPCOMING
    page = await visit.client.appointments(when, after=visit.get("after"), limit=_PER_PAGE)
    more = None if page.next is None else visit.url("/bookings", when=when.value, after=page.next)
    return visit.render("bookings.html", page=page, when=when.value, more=more, first=visit.get("after") is None)


async def booking(visit: Visit) -> Response:
    """One booking, and what may be done with it right now, each with its last moment and its price."""
    terms = await visit.client.change_terms(visit.arguments["id"])
    return _one(visit, terms)


def _one(visit: Visit, terms: ChangeTerms) -> Response:
    refused = {
        each.change.value: visit.words.reason(each.refusal, visit.setup.texts.for_client(each.refusal))
        for each in (terms.cancel, terms.move, terms.rebook)
        if each.refusal is not None
    }
    return visit.render("booking.html", terms=terms, appointment=terms.appointment, refused=refused)


# --- cancelling -----------------------------------------------------------------------------------------------------


async def cancel_first(visit: Visit) -> Response:
    """What cancelling costs, before it is done; why not, where it cannot be."""
    terms = await visit.client.change_terms(visit.arguments["id"])
    if terms.cancel.refusal is not None:
        return _refused(visit, terms.cancel, terms)
    return visit.render("cancel.html", terms=terms.cancel, appointment=terms.appointment)


async def cancel(visit: Visit) -> Response:
    """Cancel it, for the price that was shown."""
    id = visit.arguments["id"]
    try:
        done = await visit.client.cancel(id, accept_fee=typed_money(visit, "fee"), key=visit.once)
    except Refused as error:
        return await _no(visit, error, ChangeKind.CANCEL)
    return visit.redirect(path_of("bookings", id), notice="booking.asked" if done.waits else "booking.cancelled")


# --- other times ----------------------------------------------------------------------------------------------------


async def times(visit: Visit) -> Response:
    """A week of free times for moving a booking, or for booking the same again."""
    kind = _kind(visit)
    id = visit.arguments["id"]
    terms = await visit.client.change_terms(id)
    wanted = terms.move if kind is ChangeKind.MOVE else terms.rebook
    if wanted.refusal is not None:
        return _refused(visit, wanted, terms)
    return await _times(visit, kind, terms)


async def _times(visit: Visit, kind: ChangeKind, terms: ChangeTerms, *, taken: str = "", status: int = 200) -> Response:
    week = week_of(visit)
    slots = await visit.client.slots(visit.arguments["id"], week.since, week.until, limit=MOST_SLOTS)
    base = path_of("bookings", visit.arguments["id"], kind.value)
    return visit.render(
        "times.html",
        status,
        kind=kind.value,
        appointment=terms.appointment,
        terms=terms.move if kind is ChangeKind.MOVE else terms.rebook,
        taken=taken,
        **shown_week(visit, base, week, slots),
    )


async def time_first(visit: Visit) -> Response:
    """The chosen time beside the present one, with the price, before it is taken."""
    kind = _kind(visit)
    terms = await visit.client.change_terms(visit.arguments["id"])
    wanted = terms.move if kind is ChangeKind.MOVE else terms.rebook
    if wanted.refusal is not None:
        return _refused(visit, wanted, terms)
    slot = await _chosen(visit)
    if slot is None:
        return await _times(visit, kind, terms, taken=visit.words("times.taken"), status=409)
    return visit.render("time.html", kind=kind.value, appointment=terms.appointment, terms=wanted, slot=slot)


async def _chosen(visit: Visit) -> Slot | None:
    """The slot that the address names, where it is among the free ones of its day."""
    around = around_day(visit)
    if around is None:
        return None
    wanted = visit.get("slot") or visit.request.form.get("slot")
    slots = await visit.client.slots(visit.arguments["id"], *around, limit=MOST_SLOTS)
    return next((one for one in slots if one.id == wanted), None)


async def take_time(visit: Visit) -> Response:
    """Take it: move the booking there, or book the same again."""
    kind = _kind(visit)
    id, slot_id = visit.arguments["id"], visit.request.form.get("slot", "")
    try:
        if kind is ChangeKind.MOVE:
            moved = await visit.client.move(id, slot_id, accept_fee=typed_money(visit, "fee"), key=visit.once)
            after, waits, said = moved.appointment, moved.waits, "booking.moved"
        else:
            booked = await visit.client.rebook(id, slot_id, key=visit.once)
            after, waits, said = booked.appointment, booked.waits, "booking.booked"
    except Refused as error:
        if error.reason in (Reason.SLOT_TAKEN, Reason.SAME_SLOT):
            terms = await visit.client.change_terms(id)
            return await _times(visit, kind, terms, taken=visit.says(error), status=409)
        return await _no(visit, error, kind)
    return visit.redirect(path_of("bookings", after.id), notice="booking.asked" if waits else said)


# --- what they share ------------------------------------------------------------------------------------------------


def _kind(visit: Visit) -> ChangeKind:
    return ChangeKind.MOVE if visit.found.route.path.startswith("/bookings/{id}/move") else ChangeKind.REBOOK


def typed_money(visit: Visit, name: str) -> Money | None:
    """The amount that the client has confirmed: what stood in the form that was shown."""
    typed = visit.request.form.get(name, "")
    if not typed:
        return None
    amount, _, currency = typed.partition(" ")
    return Money(amount, currency)


async def _no(visit: Visit, error: Refused, kind: ChangeKind) -> Response:
    """Why it was not done. A price that is not the one shown is shown now, to be confirmed."""
    if error.reason is not Reason.FEE_NOT_ACCEPTED:
        if error.reason in LEADS_TO or error.reason is Reason.NOT_FOUND:
            raise error
        terms = await visit.client.change_terms(visit.arguments["id"])
        return visit.with_retry(
            visit.render(
                "refused.html",
                status_of(error.reason),
                appointment=terms.appointment,
                kind=kind.value,
                why=visit.says(error),
            ),
            error,
        )
    terms = await visit.client.change_terms(visit.arguments["id"])
    if kind is ChangeKind.CANCEL:
        return visit.render("cancel.html", 409, terms=terms.cancel, appointment=terms.appointment)
    wanted = terms.move if kind is ChangeKind.MOVE else terms.rebook
    slot = await _chosen(visit)
    if slot is None:
        return await _times(visit, kind, terms, taken=visit.words("times.taken"), status=409)
    return visit.render("time.html", 409, kind=kind.value, appointment=terms.appointment, terms=wanted, slot=slot)


def _refused(visit: Visit, terms: Terms, whole: ChangeTerms) -> Response:
    """A change that cannot be made: the reason in words, and what can be done instead."""
    if terms.refusal is None:
        raise InvalidInput("this change is allowed")
    why = visit.words.reason(terms.refusal, visit.setup.texts.for_client(terms.refusal))
    status = status_of(terms.refusal.reason)
    return visit.render("refused.html", status, appointment=whole.appointment, kind=terms.change.value, why=why)


_CHANGES = ("move", "rebook")

ROUTES: tuple[Route, ...] = (
    Route("GET", "/bookings", bookings, section="bookings", menu="menu.bookings"),
    Route("GET", "/bookings/{id}", booking, section="bookings"),
    Route("GET", "/bookings/{id}/cancel", cancel_first, section="bookings"),
    Route("POST", "/bookings/{id}/cancel", cancel, section="bookings"),
    *(Route("GET", f"/bookings/{{id}}/{kind}", times, section="bookings") for kind in _CHANGES),
    *(Route("GET", f"/bookings/{{id}}/{kind}/time", time_first, section="bookings") for kind in _CHANGES),
    *(Route("POST", f"/bookings/{{id}}/{kind}", take_time, section="bookings") for kind in _CHANGES),
)
"""Every address of bookings; all of them need a session."""
