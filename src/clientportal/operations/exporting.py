"""The client list as a file (TT6), page by page, and everything that is held about one client (X7).

The file has the platform's rows as they stand, absorbed ones each by itself: what a merge shows is computed, and a file
of computed rows, read again, would not be what was there. So a re-import of an export changes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from datetime import datetime
from typing import cast

from attrs import field, frozen

from clientportal.client_files import CUSTOM, FileWriter, values_of
from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.errors import InvalidInput, MissingCapability, PolicyError
from clientportal.operations.auditing import note_action, note_refusal
from clientportal.operations.demo_client import counted
from clientportal.operations.erasing import OnePerson, load_person
from clientportal.operations.frame import Operation, Reading, alone
from clientportal.operations.performing import perform
from clientportal.operations.setting import Setup, Staff
from clientportal.outcomes import PersonExport
from clientportal.policy import Policy
from clientportal.records import ClientNumber, NumberCounter, Write
from clientportal.rules.client_numbers import COUNTER, assign_numbers
from clientportal.rules.erasing import Held, exported, is_blank
from clientportal.rules.who_may_manage import Permission, may
from clientportal.values import ClientPage, ClientRecord

__all__ = ["EXPORT_PERSON", "ExportClients", "export_clients"]

_PAGE = 200


def _names(names: Iterable[str] | None) -> tuple[str, ...] | None:
    if isinstance(names, str):
        raise InvalidInput("custom is a list of the names of custom fields, not one text")
    return None if names is None else tuple(names)


@frozen
class ExportClients:
    """How the file is to be written; without ``custom``, every custom field that any client has is a column."""

    delimiter: str = ","
    mark: bool = False
    custom: tuple[str, ...] | None = field(default=None, converter=_names)


# --- pages of the list -----------------------------------------------------------------------------------------------


@frozen
class _ListPage:
    after: str | None


@frozen
class _Listed:
    page: ClientPage
    numbers: dict[str, int]
    counter: NumberCounter | None


@frozen
class _Numbered:
    clients: tuple[tuple[ClientRecord, int], ...]
    next: str | None


async def _load_page(reading: Reading, asked: _ListPage) -> _Listed:
    page = await reading.host.client_list(None, asked.after, _PAGE)
    refs = [str(one.ref) for one in page.items]
    found = await reading.state.get_many(ClientNumber, sorted(refs))
    numbers = {id: one.number for id, one in found.items()}
    counter = None
    if len(numbers) < len(refs):
        counter = await reading.state.get(NumberCounter, COUNTER, lock=True)
    return _Listed(page, numbers, counter)


def _decide_page(seen: _Listed, _asked: _ListPage, _policy: Policy, _now: datetime) -> Decision[_Numbered]:
    """Every client has a number (TT9), and by it the file is recognised when it comes back: who has none, gets one."""
    listed = [one for one in counted(seen.page.items) if not is_blank(one)]
    lacking = [one.ref for one in listed if str(one.ref) not in seen.numbers]
    writes: tuple[Write, ...] = assign_numbers(lacking, seen.counter)
    numbers = {**seen.numbers, **_given(writes)}
    clients = tuple((one, numbers[str(one.ref)]) for one in listed)
    because = Because("client_numbers.assign_numbers", (("clients", str(len(listed))), ("new", str(len(lacking)))))
    return grant(_Numbered(clients, seen.page.next), because, writes)


def _given(writes: tuple[Write, ...]) -> dict[str, int]:
    return {one.record.id: one.record.number for one in writes if isinstance(one.record, ClientNumber)}


_EXPORT_PAGE = Operation[_ListPage, _Listed, _Numbered](
    name="export_page",
    load=_load_page,
    decide=_decide_page,
    permission=Permission.EXPORT_CLIENTS,
    previewable=False,
    audited=False,
    durable=True,
)


async def export_clients(
    setup: Setup, staff: Staff, asked: ExportClients, *, preview: bool = False
) -> AsyncGenerator[str, None]:
    """Yield the file, a page of clients at a time; refused before the first chunk, or not at all."""
    alone(setup, "export_clients")
    if preview:
        raise PolicyError("export_clients cannot be previewed: it hands out the list")
    no = may(staff.permissions, Permission.EXPORT_CLIENTS) or _judge_plan(setup.policy_of(staff.tenant))
    if no is not None:
        await note_refusal(setup, staff, "export_clients", "", no)
        raise setup.refused(no, staff.tenant)
    if not setup.host.capabilities.client_list:
        raise MissingCapability("exporting needs a host that declares client_list", (), "client_list")
    writer = FileWriter(asked.custom or (), asked.delimiter, asked.mark)
    # That somebody takes the list away is known before they have any of it, and how much they got afterwards.
    await note_action(setup, staff, "export_clients", Because("exporting.export_clients", (("begun", "yes"),)))
    if asked.custom is None:
        writer = FileWriter(await _custom_fields(setup, staff), asked.delimiter, asked.mark)
    yield writer.header()
    count, whole = 0, False
    try:
        after: str | None = None
        while not whole:
            page = await perform(setup, staff, _EXPORT_PAGE, _ListPage(after))
            count += len(page.clients)
            if page.clients:
                yield "".join(writer.line(values_of(one, str(number))) for one, number in page.clients)
            after = page.next
            whole = after is None
    finally:
        facts = (("clients", str(count)), ("to the end", "yes" if whole else "no"))
        await note_action(setup, staff, "end_export", Because("exporting.export_clients", facts))


def _judge_plan(policy: Policy) -> Refusal | None:
    if policy.clients.export:
        return None
    return Refusal(Reason.PLAN, Because("exporting.export_clients", (), (("clients.export", "False"),)))


async def _custom_fields(setup: Setup, staff: Staff) -> tuple[str, ...]:
    """Those that the policy defines, in its order, then whatever else any client has.

    A walk over the list for the names alone: the header stands before the first client.
    """
    defined = [name for name in setup.policy_of(staff.tenant).clients.fields if name.startswith(CUSTOM)]
    first = tuple(name.removeprefix(CUSTOM) for name in defined)
    names: set[str] = set()
    after: str | None = None
    while True:
        async with setup.store.begin(staff.tenant, setup.host, writes=False) as unit:
            reading = Reading(setup, unit, staff, setup.clock())
            page = await reading.host.client_list(None, after, _PAGE)
        names.update(name for one in counted(page.items) for name in one.custom)
        after = page.next
        if after is None:
            return (*first, *sorted(names.difference(first)))


# --- one person ------------------------------------------------------------------------------------------------------


def _decide_person(seen: Held, _asked: OnePerson, _policy: Policy, _now: datetime) -> Decision[PersonExport]:
    because = Because("erasing.exported", (("records", str(len(seen.refs))),))
    if not seen.anything:
        return cast("Decision[PersonExport]", refuse(Reason.NOT_FOUND, because))
    return grant(PersonExport(seen.root, exported(seen)), because)


EXPORT_PERSON = Operation[OnePerson, Held, PersonExport](
    name="export_person",
    load=load_person,
    decide=_decide_person,
    subject=lambda asked: str(asked.ref),
    writes=False,
    permission=Permission.EXPORT_PERSON,
)
