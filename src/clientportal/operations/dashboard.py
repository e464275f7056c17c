"""What is seen first: a session's dashboard (V4), and the public page (V11). Rules: ``rules/dashboard.py``."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from typing import Any

from clientportal.decisions import Because, Decision, grant
from clientportal.operations.documents import count_new
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.notices import UNREAD
from clientportal.operations.payments import TOTAL_DUE
from clientportal.operations.people import Principal, principal
from clientportal.operations.sections import LIST_SECTIONS, open_section
from clientportal.operations.sessions import Nothing
from clientportal.outcomes.dashboard import Dashboard, NewDocuments, Welcome
from clientportal.policy import Policy
from clientportal.rules.dashboard import calls_now, in_menu_order, opens_first, own_texts, registers_here
from clientportal.values import Appointment, When

__all__ = ["DASHBOARD", "WELCOME"]

_FEW = 3
"""So many of the next bookings and of the newest documents: what there is besides stands on their own pages."""


def _given(seen: Any, _asked: object, _policy: Policy, _now: datetime) -> Decision[Any]:
    return grant(seen, Because("who_may_see.own"))


async def _load_dashboard(reading: Reading, asked: Nothing) -> Dashboard:
    """Each part only where its section is open, by that section's own loader: nothing is judged here once more."""
    caller = await principal(reading)
    entries = await LIST_SECTIONS.load(reading, asked)
    menu = in_menu_order(entries, reading.policy)
    names = frozenset(one.name for one in entries)
    return Dashboard(
        business=await reading.host.business(),
        menu=menu,
        opens_with=opens_first(menu, reading.policy),
        calls=calls_now(entries, reading.policy),
        due=await TOTAL_DUE.load(reading, asked) if "payments" in names else None,
        documents=await _new_documents(reading) if "documents" in names else None,
        upcoming=await _upcoming(reading, caller, names),
        unread=await UNREAD.load(reading, asked) if "notifications" in names else None,
    )


async def _upcoming(reading: Reading, caller: Principal, names: Set[str]) -> tuple[Appointment, ...] | None:
    if "bookings" not in names:
        return None
    page = await reading.host.appointments(list(caller.refs), When.UPCOMING, reading.now, None, _FEW)
    return tuple(page.items)


async def _new_documents(reading: Reading) -> NewDocuments:
    opened = await open_section(reading, "documents")
    count = await count_new(reading, opened) if opened.refs else 0
    if not count:
        return NewDocuments(0)
    # Latest shared first, so that what is new stands before what is not.
    page = await opened.port.page(opened.refs, None, min(count, _FEW))
    return NewDocuments(count, page.items)


DASHBOARD = Operation[Nothing, Dashboard, Dashboard](
    name="dashboard", load=_load_dashboard, decide=_given, writes=False
)


async def _load_welcome(reading: Reading, _asked: Nothing) -> Welcome:
    policy = reading.policy
    language = policy.portal.language_for(reading.setup.language)
    return Welcome(
        business=await reading.host.business(),
        login=policy.login.enabled,
        by=policy.login.proof.value,
        identifiers=tuple(sorted(kind.value for kind in policy.login.identifiers)),
        sign_in_links=policy.login.enabled and policy.accounts.sign_in_links,
        register=policy.login.enabled and registers_here(policy),
        language=language,
        languages=policy.portal.offered,
        texts=own_texts(policy, language),
    )


WELCOME = Operation[Nothing, Welcome, Welcome](
    name="welcome",
    load=_load_welcome,
    decide=lambda seen, _asked, _policy, _now: grant(seen, Because("dashboard.welcome")),
    writes=False,
)
