"""Looking for the smallest example on which a law is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Generic, TypeVar

from attrs import frozen
from hypothesis import Phase, find, settings
from hypothesis.errors import Flaky, NoSuchExample
from hypothesis.strategies import SearchStrategy

from clientportal.testing.laws.statements import Checked, LawBroken
from clientportal.values import ClientRecord

__all__ = ["SILENT", "Breaks", "Search", "look"]

W = TypeVar("W")

SILENT = ""
"""A law's answer to an example that it says nothing about: not broken, and not counted as kept either."""

Breaks = Callable[[W], str | None]
"""An example -> in words, how the law is broken on it; ``None`` where it is kept, :data:`SILENT` where it is silent."""

_PHASES = (Phase.generate, Phase.shrink)
"""Not ``explain``: it traces every line that runs, and what it would tell is told here in words."""

_BY_CHANCE = "Asked again, the answer was another: it depends on more than what was given."
_CHANGED = "It changed what it was given: whoever is shown next would see what is in no record."


@frozen
class Search(Generic[W]):
    """One strategy of examples, and the laws that are asked of each, in this order.

    ``tell`` puts an example into lines of text. ``records`` are its client records, where it is made of those.
    """

    examples: SearchStrategy[W]
    laws: Mapping[int, Breaks[W]]
    tell: Callable[[W], Sequence[str]]
    records: Callable[[W], Sequence[ClientRecord]] = lambda _example: ()


def look(subject: str, search: Search[W], examples: int) -> Checked:
    """Ask every law of so many examples. The first law that is found broken is the one whose example is made small.

    The examples are the same every time, so that a failure stays one.
    """
    asked = dict.fromkeys(search.laws, 0)
    broken: int | None = None
    last: list[W] = []

    def answer(law: int, example: W) -> str | None:
        given = _mappings(search.records(example))
        try:
            said = search.laws[law](example)
        except Exception as error:
            return f"It raised {type(error).__name__}: {error}"
        return said or (_CHANGED if given != _mappings(search.records(example)) else said)

    def breaks_one(example: W) -> bool:
        nonlocal broken
        if broken is not None:
            if found := bool(answer(broken, example)):
                last[:] = [example]
            return found
        for law in search.laws:
            said = answer(law, example)
            if said:
                broken = law
                last[:] = [example]
                return True
            asked[law] += said is None
        return False

    quiet = settings(max_examples=examples, phases=_PHASES, database=None, deadline=None)
    try:
        smallest = find(search.examples, breaks_one, settings=quiet, random=Random(1))  # noqa: S311
    except NoSuchExample:
        return Checked(subject, asked)
    except Flaky:
        # It was broken on this example, and was not when it was asked again: that is what is wrong with it.
        assert broken is not None
        raise LawBroken(broken, search.tell(last[0]), _BY_CHANCE, search.records(last[0])) from None
    assert broken is not None
    found = answer(broken, smallest) or _BY_CHANCE
    raise LawBroken(broken, search.tell(smallest), found, search.records(smallest))


def _mappings(records: Sequence[ClientRecord]) -> list[tuple[dict[str, object], ...]]:
    """All of a record that could be written into; the rest of it is frozen."""
    return [(dict(one.custom), dict(one.consents), dict(one.changed_at or {})) for one in records]
