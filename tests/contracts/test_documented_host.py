"""The adapter that the how-to writes keeps its contract: a platform with integer ids, wall clocks and few columns."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from clientportal.ports import RawContacts
from clientportal.stores.sql import SqlStore
from clientportal.testing import FixedClock
from clientportal.testing.contracts import HostContract, HostGround
from clientportal.testing.contracts.host_frame import NOW
from clientportal.values import Appointment, ClientRecord, RecordRef, Slot
from docs.pages import ROOT, blocks
from stores.sql_ground import database_url

PAGE = ROOT / "docs" / "howto" / "host_adapter.md"
_WANTED = ("class Platform", "class Changing", "class Listed")


def documented() -> dict[str, Any]:
    """The classes of the page, and what they are made with."""
    names: dict[str, Any] = {"clock": FixedClock(NOW), "text": text}
    for block in blocks(PAGE):
        if block.language == "python" and any(word in block.text for word in _WANTED):
            exec(compile(block.text, f"{PAGE.name}:{block.line}", "exec"), names)
    return names


def tables() -> list[str]:
    """The statements with which the page makes its tables."""
    first = next(block.text for block in blocks(PAGE) if "CREATE TABLE salons" in block.text)
    made: list[str] = []

    class Connection:
        def execute(self, statement: Any) -> None:
            made.append(str(statement))

    loop = first[first.index("    for statement in") :].replace("\n    ", "\n").lstrip()
    exec(compile(loop, PAGE.name, "exec"), {"connection": Connection(), "text": text})
    return [one for one in made if one.startswith("CREATE")]


class PlatformGround(HostGround):
    """Rows of that platform, as its own screens write them."""

    precision = timedelta(minutes=1)
    lacks = frozenset({
        "guests", "phone", "address", "custom", "birthday", "consents", "changed_at", "booked_as", "staff", "price",
        "services", "zones", "second_hour", "sealed_cursors",
    })  # fmt: skip

    def __init__(self, store: SqlStore, names: dict[str, Any]) -> None:
        super().__init__(store, names["Listed"])
        self.engine, self.wall = store.engine, names["wall"]
        self.states = {status: state for state, status in names["STATES"].items()}
        for statement in tables():
            self.write(statement)
        self.write("INSERT INTO salons VALUES ('kowhai', 'Kōwhai Hair'), ('rata', 'Rātā Nails')")

    def write(self, statement: str, **values: Any) -> str:
        """One statement, committed; gives the id of a new row."""
        with self.engine.begin() as connection:
            return str(connection.execute(text(statement), values).lastrowid)

    def add_client(self, business: str, client: ClientRecord) -> RecordRef:
        id = self.write(
            """INSERT INTO people (salon, full_name, cell, mail, added, note)
               VALUES (:salon, :name, :cell, :mail, :added, :note)""",
            salon=business,
            name=f"{client.first_name or ''} {client.last_name or ''}",
            cell=client.mobile,
            mail=client.email,
            added=self.wall(client.created_at),
            note=client.notes,
        )
        return RecordRef.client(id)

    def add_appointment(self, business: str, appointment: Appointment, contacts: RawContacts | None) -> str:
        return self.write(
            """INSERT INTO bookings (salon, person, what, starts, minutes, state, booked_on)
               VALUES (:salon, :person, :what, :starts, :minutes, :state, :booked_on)""",
            salon=business,
            person=int(appointment.ref.id),
            what=appointment.service_id,
            starts=self.wall(appointment.start),
            minutes=(appointment.end - appointment.start) // timedelta(minutes=1),
            state=self.states[appointment.status],
            booked_on=self.wall(appointment.made_at),
        )

    def add_slot(self, business: str, slot: Slot) -> str:
        return self.write(
            "INSERT INTO openings (salon, what, starts, minutes) VALUES (:salon, :what, :starts, :minutes)",
            salon=business,
            what=slot.service_id,
            starts=self.wall(slot.start),
            minutes=(slot.end - slot.start) // timedelta(minutes=1),
        )


class TestDocumented(HostContract):
    """The page's last adapter, which has all of the others in it."""

    @pytest.fixture
    def ground(self, tmp_path: Path) -> Generator[HostGround, None, None]:
        """The page's tables, empty."""
        store = SqlStore.open(database_url("sqlite", tmp_path))
        store.upgrade()
        yield PlatformGround(store, documented())
        store.close()
