"""The shipped in-memory host keeps its contract, in the shapes that it can be turned into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

import pytest
from attrs import evolve

from clientportal.errors import InvalidContact
from clientportal.ports import ContactPage
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.testing.contracts import HostContract, HostGround, ShippedGround
from clientportal.values import (
    Appointment,
    AppointmentPage,
    AppointmentStatus,
    ClientPage,
    ClientRecord,
    ContactKey,
    ContactKind,
    RecordRef,
    When,
    parse_email,
    parse_phone,
)
from own_sections import MemoryStampCards, example_of_a_card


class _Memory(HostContract):
    host: ClassVar[Any] = MemoryHost

    @pytest.fixture
    def ground(self) -> HostGround:
        """A fresh platform in a fresh store."""
        return ShippedGround(MemoryStore(), self.host)


class TestMemory(_Memory):
    """As it is shipped."""


class TestMemoryOnALoop(_Memory):
    """Awaited, with tasks of one event loop."""

    asynchronous = True


class TestElsewhere(_Memory):
    """With tables in a database of its own: every write is committed at once, and remembered under its key."""

    @pytest.fixture
    def ground(self) -> HostGround:
        """Portal and platform in two stores."""
        return ShippedGround(MemoryStore(), self.host.elsewhere())


class TestNewIds(_Memory):
    """A platform that books anew where it moves, and deletes what is cancelled."""

    host = type("NewIds", (MemoryHost,), {"move_makes_new_id": True, "cancel_deletes": True})


class TestApproval(_Memory):
    """A platform whose businesses agree to each change first."""

    host = type("Approving", (MemoryHost,), {"needs_approval": True})


class Unmarked(MemoryHost):
    """No column for a mobile, and nothing of the state of an appointment: what is cancelled is deleted."""

    cancel_deletes = True

    def clients(self, refs: Sequence[RecordRef]) -> Sequence[ClientRecord]:
        return [evolve(one, mobile=None) for one in super().clients(refs)]

    def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage:
        page = super().client_list(search, after, limit)
        return evolve(page, items=tuple(evolve(one, mobile=None) for one in page.items))

    def contacts(self, after: str | None, limit: int) -> ContactPage:
        page = super().contacts(after, limit)
        return evolve(page, items=tuple(evolve(one, mobile=None) for one in page.items))

    def appointment(self, id: str) -> Appointment | None:
        found = super().appointment(id)
        return None if found is None else evolve(found, status=AppointmentStatus.CONFIRMED)

    def appointments(
        self, refs: Sequence[RecordRef], when: When, now: datetime, after: str | None, limit: int
    ) -> AppointmentPage:
        page = super().appointments(refs, when, now, after, limit)
        return evolve(page, items=tuple(evolve(one, status=AppointmentStatus.CONFIRMED) for one in page.items))


class _UnmarkedGround(ShippedGround):
    lacks = frozenset({"mobile", "completed", "cancelled"})


class TestUnmarked(_Memory):
    """A platform with neither mobiles nor states keeps the rest of the contract."""

    @pytest.fixture
    def ground(self) -> HostGround:
        return _UnmarkedGround(MemoryStore(), Unmarked)


class Finding(MemoryHost):
    """Looks contacts up in its own rows."""

    capabilities = evolve(MemoryHost.capabilities, by_contact=True)

    def by_contact(self, key: ContactKey) -> Sequence[RecordRef]:
        """Read every contact as the portal would."""
        return [one.ref for one in self.contacts(None, 10_000).items if key in (self._keys(one))]

    def _keys(self, one: Any) -> list[ContactKey]:
        found: list[ContactKey] = []
        for kind in ContactKind:
            raw = getattr(one, kind.value)
            try:
                if raw:
                    key = (
                        parse_email(raw).key() if kind is ContactKind.EMAIL else parse_phone(raw, region="NZ").key(kind)
                    )
                    found.append(key)
            except InvalidContact:
                continue
        return found


class TestFinding(_Memory):
    """A platform that declares ``by_contact``."""

    host = Finding


class _CoffeeGround(ShippedGround):
    examples: ClassVar[Any] = {"stamp_cards": example_of_a_card}
    acts: ClassVar[Any] = {"stamp_cards.redeem": {}}


class TestOwnSection(_Memory):
    """A platform with a section of its own next to those that ship."""

    host = type("CoffeeBar", (MemoryHost,), {"sections": (*MemoryHost.sections, MemoryStampCards)})

    @pytest.fixture
    def ground(self) -> HostGround:
        """With cards to collect stamps on."""
        return _CoffeeGround(MemoryStore(), self.host)


class TestWithoutSections(_Memory):
    """A platform that has none: everything about them is not declared."""

    host = type("Plain", (MemoryHost,), {"sections": ()})
