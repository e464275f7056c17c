"""Pages for the business's own staff: the client list, a client, the duplicate report, a merge side by side, its undo.

Who sits at the screen the host says (``PortalPages(staff=…)``), and what they may do: every page calls the staff's
door, which asks for the permission and writes the audit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from clientportal.errors import InvalidInput, MissingCapability, Refused
from clientportal.outcomes import DuplicateGroup, FieldChoice, MergePlan
from clientportal.rules.who_may_manage import Permission
from clientportal.values import RecordRef
from clientportal.web.messages import Response
from clientportal.web.pages_staff_acts import may
from clientportal.web.refusals import status_of
from clientportal.web.routing import Needs, Route, path_of
from clientportal.web.visits import Visit

__all__ = ["ROUTES", "Cell", "Row", "rows_of"]

_PER_PAGE = 20
_MOST_RECORDS = 50
_ACTS = (
    ("end-sessions", "end_sessions", Permission.END_SESSIONS),
    ("reset-password", "reset_password", Permission.RESET_PASSWORDS),
)


def _ref(text: str) -> RecordRef:
    return RecordRef.parse(text)


# --- the client list ------------------------------------------------------------------------------------------------


async def clients(visit: Visit) -> Response:
    """All clients, in pages, or those that a search finds by name, contact or number (TT5, TT9)."""
    search = visit.get("search")
    try:
        page = await visit.staff.clients(search, after=visit.get("after"), limit=_PER_PAGE)
    except MissingCapability:
        # A platform without a list has duplicates all the same, and this is the address that staff begin at.
        return visit.redirect("/staff/duplicates")
    more = None if page.next is None else visit.url("/staff", search=search, after=page.next)
    return visit.render("staff_clients.html", page=page, search=search or "", more=more)


async def client(visit: Visit) -> Response:
    """One client: contacts with the record that each comes from, bookings, duplicates, and what was merged."""
    ref = _ref(visit.arguments["ref"])
    seen = await visit.staff.client(ref)
    merges = await visit.staff.merges(ref)
    group = await visit.staff.duplicates_of(ref)
    acts = [
        (visit.words(f"staff.{text}"), visit.url(f"{path_of('staff', 'clients', str(ref))}/{act}"))
        for act, text, permission in _ACTS
        if may(visit, permission)
    ]
    compare = _compare_url(visit, group)
    return visit.render("staff_client.html", seen=seen, merges=merges, group=group, compare=compare, acts=acts)


# --- duplicates -----------------------------------------------------------------------------------------------------


async def duplicates(visit: Visit) -> Response:
    """The report: one group for each set of records that look like one person, with why (T5)."""
    page = await visit.staff.duplicates(after=visit.get("after"), limit=_PER_PAGE)
    groups = [(group, _compare_url(visit, group)) for group in page.groups]
    more = None if page.next is None else visit.url("/staff/duplicates", after=page.next)
    return visit.render("staff_duplicates.html", groups=groups, more=more)


def _compare_url(visit: Visit, group: DuplicateGroup | None) -> str | None:
    if group is None:
        return None
    refs = {f"r{number}": str(ref) for number, ref in enumerate(group.refs[:_MOST_RECORDS])}
    return visit.url("/staff/merge", **refs)


async def dismiss(visit: Visit) -> Response:
    """ "Not a duplicate" (X4)."""
    first, second = (_ref(visit.request.form.get(name, "")) for name in ("first", "second"))
    await visit.staff.dismiss(first, second)
    return visit.redirect("/staff/duplicates", notice="staff.dismissed")


# --- merging --------------------------------------------------------------------------------------------------------


@frozen
class Cell:
    """What one record says in one field."""

    ref: RecordRef
    value: str | None
    chosen: bool


@frozen
class Row:
    """One field, record by record, and what the merged client shows."""

    choice: FieldChoice
    cells: tuple[Cell, ...]


def rows_of(plan: MergePlan, choices: Sequence[FieldChoice]) -> tuple[Row, ...]:
    """Those fields of a plan side by side: the survivor's record first."""
    refs = (plan.survivor, *plan.absorbed)
    rows: list[Row] = []
    for choice in choices:
        said = {other.ref: other.value for other in choice.others}
        for part in choice.parts:
            said.update(dict.fromkeys(part.sources, part.value))
        if choice.source is not None and choice.value is not None:
            said[choice.source] = choice.value
        cells = tuple(Cell(ref, said.get(ref), ref == choice.source) for ref in refs)
        rows.append(Row(choice, cells))
    return tuple(rows)


def _asked(visit: Visit) -> tuple[RecordRef, tuple[RecordRef, ...], Mapping[str, RecordRef]]:
    """The survivor, the others, and staff's picks: of the form that was sent, or of the address."""
    given = visit.request.form if visit.request.method == "POST" else visit.request.query
    refs = [_ref(given[name]) for number in range(_MOST_RECORDS) if (name := f"r{number}") in given]
    if len(refs) < 2:
        raise InvalidInput("a merge needs two records or more, as r0, r1 …")
    survivor = _ref(given["survivor"]) if given.get("survivor") else refs[0]
    picks = {
        name.removeprefix("pick_"): _ref(value) for name, value in given.items() if name.startswith("pick_") and value
    }
    return survivor, tuple(ref for ref in refs if ref != survivor), picks


async def preview(visit: Visit) -> Response:
    """The records side by side, what the merged client would show and from which record, and what is left behind."""
    survivor, absorbed, picks = _asked(visit)
    plan = await visit.staff.plan_merge(survivor, absorbed, choices=picks)
    return _plan(visit, plan, picks)


def _plan(visit: Visit, plan: MergePlan, picks: Mapping[str, RecordRef], *, refused: str = "") -> Response:
    return visit.render(
        "staff_merge.html",
        409 if refused else 200,
        plan=plan,
        records=sorted((plan.survivor, *plan.absorbed)),
        rows=rows_of(plan, plan.fields),
        internal=rows_of(plan, plan.internal),
        picks=picks,
        refused=refused,
    )


async def merge(visit: Visit) -> Response:
    """Merge them as the preview has shown."""
    survivor, absorbed, picks = _asked(visit)
    try:
        done = await visit.staff.merge(survivor, absorbed, choices=picks, key=visit.once)
    except Refused as error:
        return visit.render(
            "error.html", status_of(error.reason), title=visit.words("staff.not_merged"), text=error.staff_text
        )
    return visit.redirect(path_of("staff", "clients", str(done.survivor)), notice="staff.merged")


async def undo(visit: Visit) -> Response:
    """Take one merge back."""
    try:
        done = await visit.staff.undo(visit.request.form.get("merge", ""), key=visit.once)
    except Refused as error:
        return visit.render(
            "error.html", status_of(error.reason), title=visit.words("staff.not_undone"), text=error.staff_text
        )
    return visit.redirect(path_of("staff", "clients", str(done.absorbed)), notice="staff.undone")


ROUTES: tuple[Route, ...] = tuple(
    Route(method, path, page, Needs.STAFF)
    for method, path, page in (
        ("GET", "/staff", clients),
        ("GET", "/staff/clients/{ref}", client),
        ("GET", "/staff/duplicates", duplicates),
        ("POST", "/staff/dismiss", dismiss),
        ("GET", "/staff/merge", preview),
        ("POST", "/staff/merge/preview", preview),
        ("POST", "/staff/merge", merge),
        ("POST", "/staff/undo", undo),
    )
)
"""Every address of staff's; all of them need somebody whom the host names."""
