"""A link sent before two moves acts on the appointment as it is now, though each made a new one."""

from __future__ import annotations

from clientportal.stores.memory import MemoryHost, MemoryStore
from world import World


class NewIdsHost(MemoryHost):
    """A platform that cancels and books anew at a move."""

    move_makes_new_id = True


def test_a_trail_is_followed_to_its_end() -> None:
    """Ana moves her cut twice; what the first appointment was is still found where it is (X1)."""
    world = World(MemoryStore(), NewIdsHost, awaited=False, close=lambda: None)
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    first = world.book("a1", ana, "2026-11-27 14:00")
    client = world.log_in("021 123 4567")
    thursday, friday = world.add_slots("2026-11-26 09:00", "2026-11-26 11:00")

    second = client.move(first, thursday).appointment.id
    third = client.move(second, friday).appointment.id

    assert len({first, second, third}) == 3
    assert client.change_terms(first).appointment.id == third
    assert client.change_terms(second).appointment.id == third
