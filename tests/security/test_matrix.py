"""More of the matrix of ``test_objects.py``: through the eyes of a view, and what the ports are asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from attrs import asdict, evolve

from security.attacking import ANA, Neighbour, Trace
from security.test_objects import CLIENT, NOBODYS, STAFF, VISITOR, Cell, Things, compare, own_things
from world import EVERYTHING, World

BEN = "021 765 4321"


def test_a_view_of_another_client_finds_nothing(world: World) -> None:
    """Mia looks through Ben's eyes and names what is Ana's: absent, as it would be for him."""
    ana, ben = own_things(world, "ana", ANA), own_things(world, "ben", BEN)
    view = world.client(world.staff().view_as(ben.ref))
    cells = {name: asked for name, asked in CLIENT.items() if name not in {"log_out", "log_out_everywhere"}}
    compare(cells, view, ben, evolve(ana, slot="taken-slot"), world)


def shape(calls: list[str], its: Things) -> list[str]:
    """Which method of which port was asked, in order, without what was asked about."""
    found = []
    for call in calls:
        text = call
        for thing in asdict(its, recurse=False).values():
            text = text.replace(str(thing), "<named>")
        found.append(re.sub(r"[\W\d].*", "", text.replace(".", "_")) if not text.startswith("raised") else text)
    return found


def costs(
    trace: Trace, door: Callable[[], Any], matrix: Mapping[str, tuple[Cell, ...]], mine: Things, theirs: Things
) -> dict[str, tuple[list[str], list[str]]]:
    """The operations whose calls for somebody else's things are other than those for nobody's."""
    other = {}
    # Accounts are locked in the order of their ids: nobody's stands where theirs does.
    nobodys = evolve(NOBODYS, account=f"{theirs.account}x")
    for name, cells in matrix.items():
        for cell in cells:
            foreign, absent = (
                shape(trace.of(lambda cell=cell, its=its: cell(door(), mine, its)), its)  # type: ignore[misc]
                for its in (theirs, nobodys)
            )
            if foreign != absent:
                other[name] = (foreign, absent)
    return other


def test_what_is_foreign_costs_the_calls_of_what_is_absent(memory_world: World) -> None:
    """A client, a visitor and staff of another business, each operation that names something: whether it is there
    cannot be told from what the ports are asked, nor so from the time that it takes.
    """
    world, other = memory_world, Neighbour(memory_world)
    ana, ben = own_things(world, "ana", ANA), own_things(world, "ben", BEN)
    cleo = own_things(other, "cleo", BEN)
    here, there = Trace(world), Trace(other)
    bens = world.sign_in(BEN).token
    # What is one's own anyway names nothing; the second time there is nothing left to set, or to end.
    own = {"set_preference", "log_out", "log_out_everywhere"}
    named = {name: asked for name, asked in CLIENT.items() if name not in own}
    assert costs(here, lambda: here.portal.client(bens), named, ben, evolve(ana, slot="taken-slot")) == {}
    assert costs(there, lambda: there.portal.visitor(other.tenant), VISITOR, cleo, ana) == {}
    mia = {"actor": "mia", "permissions": EVERYTHING, "reason": "she showed both mailboxes"}
    assert costs(there, lambda: there.portal.staff(other.tenant, **mia), STAFF, cleo, ana) == {}
