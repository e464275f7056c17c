"""What is seen first: the dashboard of a session, and the public page without one."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from clientportal.outcomes.sections import SectionEntry
from clientportal.values import Appointment, Business, Money
from clientportal.values.documents import Document

__all__ = ["Call", "Dashboard", "NewDocuments", "Welcome"]


@frozen
class Call:
    """A prominent button that the client may press now: what it does here, or where it leads.

    ``section`` and ``action`` name what it does (``action`` is ``None`` where it only opens the section); ``url`` is an
    https address of the business's. ``label`` is empty where the usual word is meant.
    """

    section: str | None = None
    action: str | None = None
    url: str | None = None
    label: str = ""


@frozen
class NewDocuments:
    """Documents that were shared since the client last opened the list: how many, and the newest few of the list."""

    count: int
    newest: tuple[Document, ...] = ()


@frozen(kw_only=True)
class Dashboard:
    """The first page of a session (V4). What is closed here is ``None``, which is not the same as nothing.

    * ``due``: what is to be paid, one sum for each currency; ``None`` where payments are off.
    * ``documents``: what was newly shared. ``upcoming``: the next bookings. ``unread``: notices, counted up to 100.
    * ``menu``: the open sections in the menu's order, ``"dashboard"`` among them; ``opens_with``: the first to show.
    * ``calls``: the buttons that can be pressed now.
    """

    business: Business
    menu: tuple[SectionEntry, ...]
    opens_with: str
    calls: tuple[Call, ...] = ()
    due: tuple[Money, ...] | None = None
    documents: NewDocuments | None = None
    upcoming: tuple[Appointment, ...] | None = None
    unread: int | None = None


@frozen(kw_only=True)
class Welcome:
    """The public page (V11): the business, the ways in, and nothing personal.

    ``login`` says whether there is a portal to log in to at all; ``by`` how one proves who one is (``code``,
    ``password``), ``identifiers`` with what; ``sign_in_links`` and ``register`` what else there is. ``texts`` are the
    business's own, in ``language``; ``languages`` are all that can be chosen.
    """

    business: Business
    login: bool
    by: str
    identifiers: tuple[str, ...]
    sign_in_links: bool
    register: bool
    language: str
    languages: tuple[str, ...]
    texts: Mapping[str, str]
