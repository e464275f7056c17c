"""One client, as staff see it (TT7, TT8): fields, notes, number, appointments with whose they are, linked accounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.operations.appointments import ListAppointments
from clientportal.operations.assigning import ASSIGNMENTS, AssignmentsOf
from clientportal.operations.client_list import numbers_given
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.linking import LINKS, LinksOf
from clientportal.operations.people import group_of
from clientportal.operations.performing import perform
from clientportal.operations.portraits import portrait
from clientportal.operations.setting import Caller, Setup
from clientportal.outcomes import FieldChoice
from clientportal.outcomes.client_list import StaffProfile
from clientportal.policy import Policy
from clientportal.policy.client_fields import CUSTOM
from clientportal.records import ClientNumber
from clientportal.rules.client_fields import custom_of, form_fields, shown
from clientportal.rules.who_may_manage import Permission
from clientportal.values import RecordKind, RecordRef, When, mask

__all__ = ["STAFF_PROFILE", "ProfileOf", "see_client"]

_FIRST_PAGE = 20


@frozen
class ProfileOf:
    """Which client, by any of their records."""

    ref: RecordRef


async def _load(reading: Reading, asked: ProfileOf) -> StaffProfile | None:
    group = await group_of(reading, asked.ref)
    seen = await portrait(reading, group)
    head = next((record for record in seen.records if record.ref == group.root), None)
    if head is None:
        return None
    form = form_fields(reading.policy)
    visible = {one.name for one in form}
    internal = {name: choice for name, choice in seen.internal.items() if name in visible}
    number = await reading.state.get(ClientNumber, str(group.root))
    pages = {
        when: await ASSIGNMENTS.load(reading, AssignmentsOf(group.root, ListAppointments(when, None, _FIRST_PAGE)))
        for when in When
    }
    # Whoever may see clients need not be the one who links accounts: only ``links()`` shows whole addresses.
    links = [evolve(one, address=mask(one.address)) for one in await LINKS.load(reading, LinksOf(group.root))]
    return StaffProfile(
        root=group.root,
        members=group.refs,
        fields=shown(seen.fields, reading.policy),
        notes=internal["notes"].value if "notes" in internal else None,
        birthday=_day(internal["birthday"].value) if "birthday" in internal else None,
        number=None if number is None else number.number,
        custom=custom_of(evolve(head, custom=_chosen(internal)), reading.policy),
        internal=tuple(internal.values()),
        consents=seen.consents,
        labels={one.name: one.label for one in form},
        versions={one.ref: one.version for one in seen.records if one.ref.kind is RecordKind.CLIENT},
        upcoming=pages[When.UPCOMING],
        past=pages[When.PAST],
        accounts=tuple(links),
        demo=head.demo,
    )


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _chosen(internal: Mapping[str, FieldChoice]) -> dict[str, str]:
    """The custom fields as the client has them, from whichever record."""
    values = ((name.removeprefix(CUSTOM), one.value) for name, one in internal.items() if name.startswith(CUSTOM))
    return {name: value for name, value in values if value is not None}


def _decide(seen: StaffProfile | None, asked: ProfileOf, _policy: Policy, _now: datetime) -> Decision[StaffProfile]:
    because = Because("who_may_manage.client", (("asked", str(asked.ref)),))
    return refuse(Reason.NOT_FOUND, because) if seen is None else grant(seen, because)


STAFF_PROFILE = Operation[ProfileOf, StaffProfile | None, StaffProfile](
    name="client",
    load=_load,
    decide=_decide,
    subject=lambda asked: str(asked.ref),
    writes=False,
    permission=Permission.SEE_CLIENTS,
)


async def see_client(setup: Setup, caller: Caller, ref: RecordRef, *, preview: bool) -> StaffProfile:
    """The profile, with the number that the client gets when it is first looked at (TT9)."""
    seen = await perform(setup, caller, STAFF_PROFILE, ProfileOf(ref), preview=preview)
    if preview or seen.number is not None or seen.demo or seen.root.kind is not RecordKind.CLIENT:
        return seen
    return evolve(seen, number=(await numbers_given(setup, caller, [seen.root])).get(seen.root))
