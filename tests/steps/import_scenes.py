"""Small businesses in which somebody imports a file, or erases a client, to be crashed."""

from __future__ import annotations

from typing import Any

from clientportal.outcomes import ImportedRow, ImportReport
from steps.scenes import Case
from steps.stages import Scene

__all__ = ["CASES", "FILE", "imported"]

FILE = (
    "first_name,last_name,email,mobile\n",
    "Ana,Kingi,,021 123 4567\n",
    "Ben,Ngata,ben@example.com,\n",
    "Zoë,Hart,,021 12\n",
    "Ben,Ngata,ben@example.com,\n",
    "Dora,,,\n",
    "Dora,,,\n",
    "Carl,Kingi,,021 123 4567\n",
)
"""One who is there, new ones, one that is refused, twins within a batch and across batches, one with nothing to find
them by."""


def imported(scene: Scene, told: list[ImportReport] | None = None) -> list[ImportedRow]:
    """The import, run to its end."""
    tell = None if told is None else told.append
    return list(scene.staff().import_clients(FILE, name="spring", progress=tell))


def importing(scene: Scene) -> None:
    """Ana is a client; Mia has a file."""
    scene.world.add_client("ana", "Ana Kingi", mobile="021 123 4567")


def erasing(scene: Scene) -> None:
    """Ana was merged with Anna, has moved an appointment, is logged in, and has a link in the post."""
    world = scene.world
    ana = world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.com")
    anna = world.add_client("anna", "Anna Kingi", mobile="021 123 4567")
    world.book("a1", ana, "2026-11-30 09:00", made="2026-11-01 09:00", booked_as="Ana Kingi")
    (slot,) = world.add_slots("2026-12-01 10:00")
    world.log_in("021 123 4567").move("a1", slot)
    world.staff().merge(ana, anna)
    world.staff().appointment_link("a1", send=True)
    scene["ana"] = ana


def _erase(scene: Scene) -> Any:
    return scene.staff().erase(scene["ana"], reason="asked")


CASES = {
    case.name: case
    for case in (
        Case("import_clients", importing, imported),
        Case("erase", erasing, _erase),
    )
}
"""What is crashed, by name."""
