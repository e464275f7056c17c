"""What the doors answer with about the sections of the portal."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from clientportal.values.forms import Question

__all__ = ["SectionChanged", "SectionEntry"]


@frozen
class SectionEntry:
    """One open section: its name, on whose page it stands (itself, or another's), and what may be done in it.

    Of ``actions``, ``begins`` are those that are about no item; ``asks`` are the questions that come before one.
    ``details``: its items can be asked for one by one.
    """

    name: str
    within: str | None = None
    actions: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    asks: Mapping[str, tuple[Question, ...]] = field(factory=dict[str, tuple[Question, ...]], hash=False)
    details: bool = True


@frozen
class SectionChanged:
    """What became of an action: ``item`` is what it was about, or what it has made; ``waits`` where the business has to
    agree first.
    """

    section: str
    action: str
    item: str = ""
    waits: bool = False
