"""What the doors answer with about the sections of the portal."""

from __future__ import annotations

from attrs import frozen

__all__ = ["SectionChanged", "SectionEntry"]


@frozen
class SectionEntry:
    """One open section: its name, on whose page it stands (itself, or another's), and what may be done in it."""

    name: str
    within: str | None = None
    actions: tuple[str, ...] = ()


@frozen
class SectionChanged:
    """What became of an action: ``item`` is what it was about, or what it has made; ``waits`` where the business has to
    agree first.
    """

    section: str
    action: str
    item: str = ""
    waits: bool = False
