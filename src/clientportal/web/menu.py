"""The menu of a client's portal: the open sections that have a page, in the business's order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from clientportal.web.routing import Route

__all__ = ["MenuEntry", "menu_of"]


@frozen
class MenuEntry:
    """One line of the menu: where it leads, and the key of its text."""

    path: str
    text: str
    current: bool = False


def menu_of(routes: Iterable[Route], open_sections: Sequence[str], here: Route) -> tuple[MenuEntry, ...]:
    """Pages with a place in the menu: those of no section first, then those of open sections, in their order."""
    found: list[tuple[int, MenuEntry]] = []
    for route in routes:
        if route.menu is None:
            continue
        current = route.path == here.path or (here.section is not None and here.section == route.section)
        if route.section is None:
            found.append((-1, MenuEntry(route.path, route.menu, current)))
        elif route.section in open_sections:
            found.append((open_sections.index(route.section), MenuEntry(route.path, route.menu, current)))
    return tuple(entry for _, entry in sorted(found, key=lambda pair: pair[0]))
