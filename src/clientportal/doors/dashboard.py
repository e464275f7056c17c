"""What is seen first, with a session and without: one topic of the doors, in both colours.

What each method promises is said at the plain one; the awaited twin has its docstring.
"""

from __future__ import annotations

from clientportal.doors.base import AsyncDoor, Door, describe
from clientportal.operations import dashboard
from clientportal.operations.sessions import Nothing
from clientportal.outcomes.dashboard import Dashboard, Welcome

__all__ = ["AsyncClientDashboard", "AsyncVisitorWelcome", "ClientDashboard", "VisitorWelcome"]


class VisitorWelcome(Door):
    """What is seen without a session."""

    def welcome(self) -> Welcome:
        """The public page: the business with its branding, the ways to log in and register, the languages (V11).

        Nothing personal, whoever asks.
        """
        return self._do(dashboard.WELCOME, Nothing())


class ClientDashboard(Door):
    """What is seen first with one."""

    def dashboard(self) -> Dashboard:
        """What is due, new documents, the next bookings, unread notices, the menu and the calls to action (V4).

        It is there whatever sections are open; what is closed is ``None`` in it. Opening it marks nothing as seen.
        """
        return self._do(dashboard.DASHBOARD, Nothing())


class AsyncVisitorWelcome(AsyncDoor):
    """The twin of :class:`VisitorWelcome`, awaited."""

    async def welcome(self) -> Welcome:
        return await self._do(dashboard.WELCOME, Nothing())


class AsyncClientDashboard(AsyncDoor):
    """The twin of :class:`ClientDashboard`, awaited."""

    async def dashboard(self) -> Dashboard:
        return await self._do(dashboard.DASHBOARD, Nothing())


describe(AsyncVisitorWelcome, VisitorWelcome)
describe(AsyncClientDashboard, ClientDashboard)
