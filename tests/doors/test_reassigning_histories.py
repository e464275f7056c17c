"""Whether the platform's rows follow a merge or stay: nobody can tell, whatever happens, and an undo is exact."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from clientportal import Appointment, ClientRecord, RecordRef
from clientportal.policy import MergedCards
from clientportal.ports import HostAnswer
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.stores.memory.host_rows import AppointmentRow, owned_rows, rows_of
from clientportal.values import HeldThing
from doors.histories import STEPS, Step, live
from world import World, at, make_world

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""A history takes a while: one that fails is shown as it was drawn."""


def memory_worlds(**host: Any) -> tuple[World, World]:
    """Two businesses on stores of their own."""
    made = [
        World(MemoryStore(), type("Host", (MemoryHost,), dict(host)), awaited=False, close=lambda: None)
        for _ in range(2)
    ]
    for world in made:
        world.host.clock = world.clock
    return made[0], made[1]


@settings(phases=PHASES, max_examples=4)
@given(steps=STEPS, cards=st.sampled_from(MergedCards))
def test_nobody_can_tell_whether_rows_follow(steps: list[Step], cards: MergedCards) -> None:
    """After every step of a history every door shows the same; when all is undone every row is where it was (law 8)."""
    live(*memory_worlds(), steps, cards)


@pytest.mark.slow
@settings(phases=PHASES, max_examples=30)
@given(steps=STEPS, cards=st.sampled_from(MergedCards))
def test_nobody_can_tell_in_many_more_histories(steps: list[Step], cards: MergedCards) -> None:
    """The same, many more."""
    live(*memory_worlds(), steps, cards)


@pytest.mark.slow
@settings(phases=PHASES, max_examples=25)
@given(steps=STEPS, cards=st.sampled_from(MergedCards))
def test_nobody_can_tell_on_a_platform_that_books_anew(steps: list[Step], cards: MergedCards) -> None:
    """A move makes another row there: it is whose the old one was first."""
    live(*memory_worlds(move_makes_new_id=True), steps, cards)


@pytest.mark.parametrize("variant", ["sqlite-plain", "postgres-plain"])
@settings(phases=PHASES, max_examples=2)
@given(steps=STEPS, cards=st.sampled_from(MergedCards))
def test_nobody_can_tell_on_a_database(variant: str, steps: list[Step], cards: MergedCards) -> None:
    """A sample of the same."""
    worlds = [make_world(variant) for _ in range(2)]
    try:
        live(worlds[0], worlds[1], steps, cards)
    finally:
        for world in worlds:
            world.close()


# --- the comparison bites --------------------------------------------------------------------------------------------


class LosesTheFirst(MemoryHost):
    """A reassign that notes where a row comes from now, and not whose it was first."""

    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        with self.rows() as tx:
            for row in list(rows_of(tx, "appointments", AppointmentRow)):
                if row.appointment.ref in refs:
                    forgotten = evolve(row.appointment, moved_from=None)
                    tx.put("appointments", forgotten.id, evolve(row, appointment=forgotten))
        return super().reassign(refs, to, key)


class RestoresWhatIsThere(MemoryHost):
    """A restore that takes every row of the survivor's, whoever's it was first."""

    def restore(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        with self.rows() as tx:
            for row in list(rows_of(tx, "appointments", AppointmentRow)):
                if row.appointment.moved_from is not None:
                    taken = evolve(row.appointment, ref=to, moved_from=None)
                    tx.put("appointments", taken.id, evolve(row, appointment=taken))
        return super().restore(refs, to, key)


class RestoresNothing(MemoryHost):
    """A restore that says it is done."""

    def restore(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        return HostAnswer()


class HandsOnCards(MemoryHost):
    """A reassign that gives the survivor the saved cards as well."""

    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        with self.rows() as tx:
            for id, row in list(owned_rows(tx, "holdings", HeldThing)):
                if row.ref in refs:
                    tx.put("holdings", id, evolve(row, ref=to, moved_from=None))
        return super().reassign(refs, to, key)


class DropsTheGuest(MemoryHost):
    """A guest's booking that was moved is no record of its own any more."""

    def clients(self, refs: Sequence[RecordRef]) -> Sequence[ClientRecord]:
        moved = {one.id for one in map(self.appointment, (ref.id for ref in refs)) if one and one.moved_from}
        return [one for one in super().clients(refs) if one.ref.id not in moved]


class CountsUp(MemoryHost):
    """A reassign that is a change of the appointment."""

    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        with self.rows() as tx:
            for row in list(rows_of(tx, "appointments", AppointmentRow)):
                if row.appointment.ref in refs:
                    changed = evolve(row.appointment, version=f"{row.appointment.version}1")
                    tx.put("appointments", changed.id, evolve(row, appointment=changed))
        return super().reassign(refs, to, key)


# Annie into Anna into Ana, the guest into Ben; then the merges are undone, the lower one first.
CHAIN: list[Step] = [("merge", 1, 2), ("merge", 0, 1), ("merge", 3, 4), ("undo", 0, 0), ("undo", 1, 0), ("undo", 2, 0)]


@pytest.mark.parametrize(
    "broken", [LosesTheFirst, RestoresWhatIsThere, RestoresNothing, HandsOnCards, DropsTheGuest, CountsUp]
)
def test_a_platform_that_moves_rows_wrongly_is_caught(broken: type[MemoryHost]) -> None:
    """Each of these is an adapter that somebody could write."""
    staying, _ = memory_worlds()
    moving = World(MemoryStore(), type("Broken", (broken,), {}), awaited=False, close=lambda: None)
    moving.host.clock = moving.clock
    with pytest.raises(AssertionError, match=r"after|stays"):
        live(staying, moving, CHAIN, MergedCards.SURVIVORS)
    live(*memory_worlds(), CHAIN, MergedCards.SURVIVORS)


# --- what it costs ---------------------------------------------------------------------------------------------------


def statements_of_a_merge(world: World, booked: int) -> tuple[int, int]:
    """How many statements a merge of two records with so many appointments each takes, and its undo."""
    world.change_policy("merging", reassign=True)
    refs = [world.add_client(name, f"{name.title()} Kingi", email="kingi@example.com") for name in ("ana", "anna")]
    for ref in refs:
        start = at("2027-01-01 09:00")
        rows = [
            Appointment(
                id=f"{ref.id}-{n}",
                ref=ref,
                service_id="cut",
                start=start,
                end=start,
                zone="Pacific/Auckland",
                status="confirmed",
                made_at=start,
            )
            for n in range(booked)
        ]
        world.seed("add_appointments", rows)
    ran: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "cp_schema" not in statement:  # that is asked every five seconds, whatever else is
            ran.append(statement)

    event.listen(world.store.engine, "before_cursor_execute", note)
    merged = world.staff().merge(*refs)
    asked, ran[:] = len(ran), []
    undone = world.staff().undo(merged.merges[0])
    event.remove(world.store.engine, "before_cursor_execute", note)
    assert merged.moved == undone.moved == {"appointments": booked}
    return asked, len(ran)


@pytest.mark.parametrize("variant", ["sqlite-plain", "postgres-plain"])
def test_a_merge_with_its_rows_is_a_constant_number_of_statements(variant: str, tmp_path: Path) -> None:
    """With ten appointments on each record or with ten thousand."""
    found = []
    for booked in (10, 10_000):
        folder = tmp_path / str(booked)
        folder.mkdir()
        world = make_world(variant, folder)
        found.append(statements_of_a_merge(world, booked))
        world.close()
    assert found[0] == found[1]
    assert max(found[0]) < 60
