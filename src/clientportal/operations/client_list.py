"""The client list: a page of it, a search in it, a client by their number. Rules: ``rules/client_numbers.py``.

Looking and numbering are two operations. A look writes nothing but that it was made; whoever it shows without a number
gets one right after it, a page in one commit (TT9): the counter is one row of the business, and a list that locked it
to look would let one person look at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import Conflict, InvalidInput, MissingCapability, Refused
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.paging import Paged, check_limit
from clientportal.operations.people import group_of, groups_of, pointers_to, records_of
from clientportal.operations.performing import perform
from clientportal.operations.portraits import portrait
from clientportal.operations.setting import Caller, Setup
from clientportal.outcomes import FieldChoice
from clientportal.outcomes.client_list import ClientLine, ClientLines, FormField, NumberFound
from clientportal.policy import Policy
from clientportal.records import ClientNumber, NumberCounter, Pointer
from clientportal.rules.client_fields import form_fields
from clientportal.rules.client_numbers import COUNTER, MOST_NUMBER, assign_numbers, find_number, read_number
from clientportal.rules.erasing import is_blank
from clientportal.rules.who_may_manage import Permission
from clientportal.values import ClientRecord, RecordKind, RecordRef

__all__ = [
    "ASSIGN_NUMBERS",
    "BY_NUMBER",
    "CLIENT_FIELDS",
    "LIST_CLIENTS",
    "ByNumber",
    "ListClients",
    "NumberThese",
    "TheForm",
    "list_clients",
    "need",
    "numbers_given",
]

_MOST_SEARCH = 100
_ROUNDS = 5
"""How often the platform is asked for one page: who was merged or erased is left out, and others fill the page."""


def _is_search(text: str) -> bool:
    return len(text) <= _MOST_SEARCH and not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in text)


@frozen
class ListClients(Paged):
    """What is searched for, from where, how many."""

    search: str | None = field(default=None, repr=False)
    after: str | None = None
    limit: int = field(default=50, converter=check_limit)


def need(reading: Reading, capability: str, what: str) -> None:
    """Refuse what this host cannot do, in the words of whoever writes its adapter."""
    if not getattr(reading.setup.host.capabilities, capability):
        raise MissingCapability(
            f"{what} needs the host capability {capability!r}, which the host does not declare: implement it and "
            "declare it in Capabilities",
            (),
            capability,
        )


# --- a page ----------------------------------------------------------------------------------------------------------


async def _load_page(reading: Reading, asked: ListClients) -> ClientLines:
    need(reading, "client_list", "the client list")
    search = (asked.search or "").strip()
    if not _is_search(search):
        raise InvalidInput(f"a search has at most {_MOST_SEARCH} characters, without NUL and lone surrogates")
    typed = read_number(search)
    numbered = None
    if typed is not None and asked.after is None:
        numbered = await _numbered(reading, typed.number)
    if typed is not None and typed.alone:
        return ClientLines((), None, numbered)
    lines: list[ClientLine] = []
    after = asked.after
    for _ in range(_ROUNDS):
        page = await reading.host.client_list(search or None, after, asked.limit - len(lines))
        lines += await _lines(reading, page.items, searched=bool(search))
        after = page.next
        if after is None or len(lines) == asked.limit:
            break
    return ClientLines(tuple(lines), after, numbered)


async def _numbered(reading: Reading, number: int) -> ClientLine | None:
    """The line of whoever has that number today."""
    decision = await _whose_number(reading, number)
    if isinstance(decision.outcome, Refusal) or decision.outcome.ref is None:
        return None
    rows = await records_of(reading, [decision.outcome.ref])
    return (await _lines(reading, list(rows.values()), searched=True))[0]


async def _lines(reading: Reading, rows: Sequence[ClientRecord], *, searched: bool) -> list[ClientLine]:
    """One line for each of the platform's rows, less those that are nobody's line (see ``_is_line``)."""
    refs = [str(row.ref) for row in rows]
    absorbed = await reading.state.get_many(Pointer, refs)
    shown = [row for row in rows if _is_line(row, absorbed.get(str(row.ref)), searched=searched)]
    numbers = await reading.state.get_many(ClientNumber, refs)
    merged = await _merged(reading, [row.ref for row in shown if str(row.ref) not in absorbed])
    return [_line(row, absorbed.get(str(row.ref)), numbers.get(str(row.ref)), merged.get(row.ref, {})) for row in shown]


def _is_line(row: ClientRecord, pointer: Pointer | None, *, searched: bool) -> bool:
    """Nobody is listed twice: a merged client stands in the list once, where the record that speaks does. A search also
    finds the records behind it, by what is in them; each is a line of its own that says into whom it was merged.

    That depends on the row and its pointer alone, so pages stay stable whatever their size. A client who was merged
    into a guest's booking has no other line. Whoever was erased has none.
    """
    into_client = pointer is not None and pointer.root_ref.kind is RecordKind.CLIENT
    return not is_blank(row) and (searched or not into_client)


async def _merged(reading: Reading, refs: Sequence[RecordRef]) -> dict[RecordRef, Mapping[str, FieldChoice]]:
    """What those of them show into whom others were merged (T8)."""
    pointers = await pointers_to(reading, refs)
    heads = {pointer.root_ref for pointer in pointers}
    groups = await groups_of(reading, sorted(heads)) if heads else {}
    return {ref: (await portrait(reading, group)).fields for ref, group in groups.items()}


def _line(
    row: ClientRecord, pointer: Pointer | None, number: ClientNumber | None, fields: Mapping[str, FieldChoice]
) -> ClientLine:
    def value(name: str) -> str | None:
        found: str | None = fields[name].value if name in fields else getattr(row, name)
        return found

    return ClientLine(
        ref=row.ref,
        number=None if number is None else number.number,
        name=" ".join(filter(None, (value("first_name"), value("last_name")))),
        email=value("email"),
        mobile=value("mobile"),
        usable=row.usable,
        merged_into=None if pointer is None else pointer.root_ref,
        demo=row.demo,
    )


def _decide_page(seen: ClientLines, asked: ListClients, _policy: Policy, _now: datetime) -> Decision[ClientLines]:
    facts = (("lines", str(len(seen.lines))), ("search", "yes" if asked.search else "no"))
    return grant(seen, Because("who_may_manage.clients", facts))


LIST_CLIENTS = Operation[ListClients, ClientLines, ClientLines](
    name="clients", load=_load_page, decide=_decide_page, writes=False, permission=Permission.SEE_CLIENTS
)


# --- numbers ---------------------------------------------------------------------------------------------------------


@frozen
class NumberThese:
    """Records that were shown without a number."""

    refs: tuple[RecordRef, ...]


@frozen
class _Numbering:
    numbers: Mapping[str, ClientNumber]
    counter: NumberCounter | None


async def _load_numbering(reading: Reading, asked: NumberThese) -> _Numbering:
    # The counter first: whoever waits for it then sees the numbers that were given meanwhile.
    counter = await reading.state.get(NumberCounter, COUNTER, lock=True)
    return _Numbering(await reading.state.get_many(ClientNumber, [str(ref) for ref in asked.refs]), counter)


def _decide_numbering(
    seen: _Numbering, asked: NumberThese, _policy: Policy, _now: datetime
) -> Decision[Mapping[RecordRef, int]]:
    writes = assign_numbers([ref for ref in asked.refs if str(ref) not in seen.numbers], seen.counter)
    given = {one.record.id: one.record.number for one in writes if isinstance(one.record, ClientNumber)}
    numbers = {**{id: one.number for id, one in seen.numbers.items()}, **given}
    because = Because("client_numbers.assign_numbers", (("new", str(len(given))),))
    return grant({ref: numbers[str(ref)] for ref in asked.refs}, because, writes)


ASSIGN_NUMBERS = Operation[NumberThese, _Numbering, Mapping[RecordRef, int]](
    name="assign_numbers",
    load=_load_numbering,
    decide=_decide_numbering,
    permission=Permission.SEE_CLIENTS,
    audited=False,
)


async def numbers_given(setup: Setup, caller: Caller, refs: Sequence[RecordRef]) -> Mapping[RecordRef, int]:
    """Number those records, in a commit of its own, or in the host's transaction where there is one.

    Where too many are at it none is given: the next look does it. In a host's transaction that shows as a conflict, for
    nothing is tried again there; its savepoint is rolled back by then, and the transaction goes on.
    """
    if not refs:
        return {}
    try:
        return await perform(setup, caller, ASSIGN_NUMBERS, NumberThese(tuple(dict.fromkeys(refs))))
    except Conflict:
        return {}
    except Refused as refused:
        if refused.reason is not Reason.BUSY:
            raise
        return {}


async def list_clients(setup: Setup, caller: Caller, asked: ListClients, *, preview: bool) -> ClientLines:
    """A page of the list, everybody on it with their number."""
    page = await perform(setup, caller, LIST_CLIENTS, asked, preview=preview)
    every = (*page.lines, *((page.numbered,) if page.numbered is not None else ()))
    lacking = [line.ref for line in every if line.number is None and line.merged_into is None and not line.demo]
    given: Mapping[RecordRef, int] = {} if preview else await numbers_given(setup, caller, lacking)
    return evolve(
        page,
        lines=tuple(evolve(line, number=given.get(line.ref, line.number)) for line in page.lines),
        numbered=page.numbered and evolve(page.numbered, number=given.get(page.numbered.ref, page.numbered.number)),
    )


# --- one client by number --------------------------------------------------------------------------------------------


@frozen
class ByNumber:
    """Which number."""

    number: int

    def __attrs_post_init__(self) -> None:
        number = cast("object", self.number)
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= MOST_NUMBER:
            raise InvalidInput(f"a client number is a whole number from 1 to {MOST_NUMBER}")


async def _whose_number(reading: Reading, number: int) -> Decision[NumberFound]:
    found = await reading.state.find(ClientNumber, "number", [str(number)], limit=1)
    if not found:
        return find_number(number, None, None, there=False, erased=False)
    root = (await group_of(reading, RecordRef.parse(found[0].id))).root
    row = (await records_of(reading, [root])).get(root)
    return find_number(number, found[0], root, there=row is not None, erased=row is not None and is_blank(row))


async def _load_number(reading: Reading, asked: ByNumber) -> Decision[NumberFound]:
    return await _whose_number(reading, asked.number)


BY_NUMBER = Operation[ByNumber, Decision[NumberFound], NumberFound](
    name="by_number",
    load=_load_number,
    decide=lambda seen, _asked, _policy, _now: seen,
    subject=lambda asked: f"number:{asked.number}",
    writes=False,
    permission=Permission.SEE_CLIENTS,
)


# --- the form --------------------------------------------------------------------------------------------------------


@frozen
class TheForm:
    """Which fields there are."""


async def _load_form(_reading: Reading, _asked: TheForm) -> None:
    return None


def _decide_form(_seen: None, _asked: TheForm, policy: Policy, _now: datetime) -> Decision[tuple[FormField, ...]]:
    return grant(form_fields(policy), Because("client_fields.form_fields"))


CLIENT_FIELDS = Operation[TheForm, None, tuple[FormField, ...]](
    name="client_fields",
    load=_load_form,
    decide=_decide_form,
    writes=False,
    permission=Permission.SEE_CLIENTS,
)
