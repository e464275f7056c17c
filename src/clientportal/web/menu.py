"""The menu of a client's portal, and the page that opens first (M2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from clientportal.decisions import Reason
from clientportal.errors import Refused
from clientportal.policy.portal import DASHBOARD, PortalPolicy
from clientportal.web.routing import path_of
from clientportal.web.shown_items import as_words

if TYPE_CHECKING:
    from clientportal.outcomes import SectionEntry
    from clientportal.web.visits import Visit

__all__ = ["MenuEntry", "first_page", "menu_for"]

_LAST = 10_000


@frozen
class MenuEntry:
    """One line of the menu: where it leads, and what stands there; ``section`` is what it belongs to.

    What is ``within`` another section, as pets are within the account, stands on that section's page instead (M8).
    """

    path: str
    text: str
    section: str
    current: bool = False
    within: str | None = None


async def menu_for(visit: Visit) -> tuple[MenuEntry, ...]:
    """The open sections that have a page, in the business's order; nothing, where something has to come first."""
    try:
        entries = await visit.client.sections()
    except Refused as error:
        if error.reason is Reason.SESSION_ENDED:
            raise
        return ()
    visit.sections = entries
    return _in_order(visit, entries, visit.policy.portal)


def _in_order(visit: Visit, entries: Sequence[SectionEntry], portal: PortalPolicy) -> tuple[MenuEntry, ...]:
    """The dashboard first unless the menu names it, what the menu names, other open sections, then everything else."""
    names = [DASHBOARD] if DASHBOARD not in portal.menu else []
    within = {entry.name: entry.within for entry in entries}
    open_sections = list(within)
    names += [name for name in portal.menu if name == DASHBOARD or name in open_sections]
    names += [name for name in open_sections if name not in names]
    lines: list[tuple[int, MenuEntry]] = []
    here = visit.found.route
    for route in visit.site.table.routes:
        if route.menu is None:
            continue
        section = route.section or (DASHBOARD if route.path == "/home" else "")
        if section and section not in names:
            continue
        current = route.path == here.path or (here.section is not None and here.section == route.section)
        place = names.index(section) if section else _LAST
        lines.append((place, MenuEntry(route.path, visit.words(route.menu), section, current, within.get(section))))
    with_pages = {entry.section for _, entry in lines}
    for name in within:
        if name not in with_pages:
            text = visit.words.or_else(f"section.{name}", as_words(name))
            current = here.path.startswith("/sections/") and visit.arguments.get("name") == name
            own = MenuEntry(path_of("sections", name), text, name, current, within[name])
            lines.append((names.index(name), own))
    return tuple(entry for _, entry in sorted(lines, key=lambda line: line[0]))


def first_page(visit: Visit) -> str:
    """What opens after signing in: what the policy names, else the account, else what stands first in the menu."""
    wanted = visit.policy.portal.opens_with or "account"
    found = next((entry for entry in visit.menu if entry.section == wanted), None)
    if found is None:
        found = next((entry for entry in visit.menu if entry.within is None), None)
    return "/home" if found is None else found.path
