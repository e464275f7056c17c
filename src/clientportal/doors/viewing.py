"""Looking at the portal through a client's eyes: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe
from clientportal.operations import viewing
from clientportal.outcomes.viewing import Viewing
from clientportal.values import RecordRef

__all__ = ["StaffViewing", "AsyncStaffViewing"]


class StaffViewing(Door):
    """What staff can do of it."""

    def view_as(self, ref: RecordRef) -> Viewing:
        """Look at the portal as the client with this record sees it today: ``portal.client(viewing.token)``.

        Everything can be looked at, and every look is audited as yours; whatever writes is refused as ``look_only``.
        It ends after an hour, at ``log_out()``, and with :meth:`end_sessions`. Where ``clients.announce_viewing`` says
        so the client is told, at most once a day. Where the business shows single appointments, a record by itself
        shows none: see :meth:`view_as_account`. Raises ``Refused`` with ``not_found``, ``disabled``.
        """
        return self._do(viewing.VIEW_AS, viewing.ViewRecord(ref))

    def view_as_account(self, account_id: str, *, ref: RecordRef | None = None) -> Viewing:
        """The same for a client account, which may have no record at all, or several: ``ref`` says which then.

        Without it the view stands where the client chooses: it shows the profiles. Raises ``Refused`` with
        ``not_found``, ``disabled``.
        """
        return self._do(viewing.VIEW_AS_ACCOUNT, viewing.ViewAccount(account_id, ref))


class AsyncStaffViewing(AsyncDoor):
    """The twin of :class:`StaffViewing`, awaited."""

    async def view_as(self, ref: RecordRef) -> Viewing:
        return await self._do(viewing.VIEW_AS, viewing.ViewRecord(ref))

    async def view_as_account(self, account_id: str, *, ref: RecordRef | None = None) -> Viewing:
        return await self._do(viewing.VIEW_AS_ACCOUNT, viewing.ViewAccount(account_id, ref))


describe(AsyncStaffViewing, StaffViewing)
