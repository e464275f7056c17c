"""One small business on every shipped store, behind both portals: what the scenarios of the tests happen in.

Another store is one line here and one in ``variants.py``. A scenario says what happens in names, numbers and times, and
reads the same whichever store and portal it runs on: async doors are driven to their end by a private loop.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import re
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from attrs import evolve

from clientportal import (
    Appointment,
    AppointmentStatus,
    AsyncPortal,
    Business,
    Channel,
    ClientRecord,
    KeyRing,
    Money,
    OutgoingMessage,
    Permission,
    Policy,
    Portal,
    RecordRef,
    Service,
    Slot,
    presets,
)
from clientportal.outcomes import SignedIn
from clientportal.ports import RawContacts, Store, step
from clientportal.ports.observing import Begun, Ended, Happened, Observer
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.testing.clock import FixedClock

AUCKLAND = "Pacific/Auckland"
EVERYTHING = frozenset(Permission)
_ids = itertools.count(1)

Run = Callable[[Coroutine[Any, Any, Any]], Any]
"""Drives a coroutine to its end."""


def at(text: str, zone: str = AUCKLAND) -> datetime:
    """``"2026-11-23 09:00"`` by the wall clock of a zone, as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def client(id: str) -> RecordRef:
    """A client row of the host."""
    return RecordRef.client(id)


class Phonebox:
    """Takes every message, of every channel, and keeps it; fails in whatever way it is told to."""

    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []
        self.fails: list[BaseException] = []

    def send(self, message: OutgoingMessage) -> None:
        """Take it, or raise the next of ``fails``."""
        if self.fails:
            raise self.fails.pop(0)
        self.messages.append(message)

    def to(self, address: str) -> list[OutgoingMessage]:
        """What was sent there."""
        return [message for message in self.messages if message.to == address]


class Observed(Observer):
    """Keeps what an observer is told."""

    def __init__(self) -> None:
        self.operations: list[Ended] = []
        self.all: list[Any] = []

    def began(self, begun: Begun) -> object:
        """An operation begins; its place in the list comes back with its end."""
        self.all.append(begun)
        return len(self.all)

    def ended(self, ended: Ended, token: object) -> None:
        """An operation has ended."""
        self.operations.append(ended)
        self.all.append(ended)

    def happened(self, happened: Happened) -> None:
        """Something else."""
        self.all.append(happened)


class Driven:
    """An async object whose coroutines are run to their end at once, so that one scenario serves both colours."""

    def __init__(self, awaited: Any, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._awaited = awaited
        self._run = run

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._awaited, name)
        if type(found).__name__.endswith("Door"):
            return Driven(found, self._run)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            answer = found(*args, **kwargs)
            if inspect.iscoroutine(answer):
                return self._run(answer)
            if inspect.isasyncgen(answer):

                async def collect() -> list[Any]:
                    return [item async for item in answer]

                return iter(self._run(collect()))
            if type(answer).__name__.endswith(("Door", "Portal")):
                return Driven(answer, self._run)
            return answer

        return call


class World:
    """A business, its platform and its portal, at a moment that stands still until it is moved.

    It is Saturday, 21 November 2026, 10:00 in Auckland, unless a scenario says otherwise.
    """

    def __init__(
        self, store: Store, host: Any, *, awaited: bool, close: Callable[[], None], run: Run | None = None
    ) -> None:
        self.tenant = f"business-{next(_ids)}"
        self.store = store
        self.host = host
        self.awaited = awaited
        self.clock = FixedClock(at("2026-11-21 10:00"))
        self.box = Phonebox()
        self.keys = KeyRing.from_secrets({"k1": KeyRing.generate_secret()})
        self.policy: Policy = presets.timely(region="NZ")
        self.observed = Observed()
        self.decisions = self.observed.operations
        # Whoever brings connections to a loop brings what runs on it.
        self._run = run
        self._runner = asyncio.Runner() if awaited and run is None else None
        self._close = close
        self._numbers = itertools.count(1)
        self.seed("add_business", Business(id=self.tenant, name="Kōwhai Hair", zone=AUCKLAND))
        self.seed(
            "add_services",
            [
                Service("cut", "Cut", timedelta(minutes=45), price=Money("65.00", "NZD")),
                Service("colour", "Colour", timedelta(minutes=120), price=Money("180.00", "NZD")),
            ],
        )
        self.portal: Any = self.make_portal()
        self.portal.walk_contacts(self.tenant)

    # --- the machinery

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Drive a coroutine to its end: stepped for the plain portal, on a loop for the async one."""
        if self._run is not None:
            return self._run(coroutine)
        return step(coroutine) if self._runner is None else self._runner.run(coroutine)

    def make_portal(self, *, keys: KeyRing | None = None, **more: Any) -> Any:
        """A portal over this world; ``policy`` is looked up, so that assigning ``world.policy`` switches it."""
        given: dict[str, Any] = {
            "store": self.store,
            "host": self.host,
            "policy": lambda _business: self.policy,
            "keys": keys or self.keys,
            "senders": {Channel.SMS: self.box, Channel.EMAIL: self.box},
            "clock": self.clock,
            "base_url": "https://kowhai.example/change/",
            "observer": self.observed,
            **more,
        }
        if self.awaited:
            return Driven(AsyncPortal(**given), self.run)
        return Portal(**given)

    def close(self) -> None:
        """Give everything back."""
        if self._runner is not None:
            self._runner.close()
        self._close()

    def seed(self, method: str, *args: Any, **kwargs: Any) -> None:
        """Call a seeding method of the shipped host in a transaction of its own."""

        async def go() -> None:
            async with self.store.begin(self.tenant, self.host, writes=True) as unit:
                await getattr(unit.host, method)(*args, **kwargs)
                await unit.commit(())

        self.run(go())

    def ask(self, method: str, *args: Any) -> Any:
        """Call a method of the host, as the platform itself would."""

        async def go() -> Any:
            async with self.store.begin(self.tenant, self.host, writes=False) as unit:
                return await getattr(unit.host, method)(*args)

        return self.run(go())

    def stored(self, kind: type[Any], id: str) -> Any:
        """One of the portal's own records."""

        async def go() -> Any:
            async with self.store.begin(self.tenant, self.host, writes=False) as unit:
                return await unit.state.get(kind, id)

        return self.run(go())

    def all_stored(self, kind: type[Any], key: str, *values: str) -> list[Any]:
        """The portal's own records of one type under one key."""

        async def go() -> Any:
            async with self.store.begin(self.tenant, self.host, writes=False) as unit:
                return (await unit.state.page(kind, key, list(values), limit=1000)).items

        return list(self.run(go()))

    # --- the business

    def add_client(
        self,
        id: str,
        name: str = "",
        *,
        mobile: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        created: str = "2026-01-05 09:00",
        **more: Any,
    ) -> RecordRef:
        """A client row, known to the contact index: ``add_client("ana", "Ana Kingi", mobile="021 123 4567")``."""
        first, _, last = name.partition(" ")
        record = ClientRecord(
            ref=client(id),
            created_at=at(created),
            first_name=first or None,
            last_name=last or None,
            mobile=mobile,
            email=email,
            phone=phone,
            **more,
        )
        self.seed("add_clients", [record])
        self.portal.contact_changed(self.tenant, record.ref)
        return record.ref

    def change_client(self, record: ClientRecord) -> None:
        """The platform changes a row, and tells the portal."""
        self.seed("add_clients", [record])
        self.portal.contact_changed(self.tenant, record.ref)

    def book(
        self,
        id: str,
        ref: RecordRef,
        start: str,
        *,
        made: str | datetime | None = None,
        service: str = "cut",
        zone: str = AUCKLAND,
        status: AppointmentStatus = AppointmentStatus.CONFIRMED,
        minutes: int = 45,
        deposit: Money | None = None,
        locked: str = "",
        contacts: RawContacts | None = None,
        **more: Any,
    ) -> str:
        """An appointment: ``book("a1", ana, "2026-11-25 14:00")`` by the clock of ``zone``; made now unless said."""
        begins = at(start, zone)
        made_at = at(made) if isinstance(made, str) else (made or self.clock())
        more.setdefault("price", Money("65.00", "NZD"))
        appointment = Appointment(
            id=id,
            ref=ref,
            service_id=service,
            start=begins,
            end=begins + timedelta(minutes=minutes),
            zone=zone,
            status=status,
            made_at=made_at,
            service_name=service.title(),
            **more,
        )
        extra: dict[str, Mapping[str, Any]] = {}
        if deposit is not None:
            extra["deposits"] = {id: deposit}
        if locked:
            extra["locked"] = {id: locked}
        if contacts is not None:
            extra["contacts"] = {id: contacts}
        self.seed("add_appointments", [appointment], **extra)
        return id

    def add_slots(self, *starts: str, service: str = "cut", zone: str = AUCKLAND, minutes: int = 45) -> list[str]:
        """Free times; answers their ids, in order."""
        slots = [
            Slot(
                id=f"slot-{next(self._numbers)}",
                service_id=service,
                start=at(start, zone),
                end=at(start, zone) + timedelta(minutes=minutes),
                zone=zone,
                staff_id="mia",
                staff_name="Mia",
            )
            for start in starts
        ]
        self.seed("add_slots", slots)
        return [slot.id for slot in slots]

    # --- people doing things

    def visitor(self, **more: Any) -> Any:
        """The visitor's door of this business."""
        return self.portal.visitor(self.tenant, **more)

    def staff(self, permissions: Iterable[Permission] = EVERYTHING, **more: Any) -> Any:
        """The staff's door, with every permission unless said."""
        return self.portal.staff(self.tenant, actor="mia", permissions=frozenset(permissions), **more)

    def client(self, signed_in: SignedIn) -> Any:
        """The door of a session."""
        return self.portal.client(signed_in.token)

    def deliver(self) -> Any:
        """Run the pump once."""
        return self.portal.deliver(self.tenant)

    def code_in(self, message: OutgoingMessage) -> str:
        """The code that a message carries."""
        found = re.search(r"\b(\d{6,8})\b", message.text)
        assert found is not None, "the message carries no code"
        return found[1]

    def get_code(self, contact: str, **more: Any) -> tuple[Any, str]:
        """Ask for a code, let it be sent, and read it: (what was answered, the code)."""
        before = len(self.box.messages)
        sent = self.visitor(**more).request_code(contact)
        self.deliver()
        assert len(self.box.messages) == before + 1, f"{len(self.box.messages) - before} messages left, not one"
        return sent, self.code_in(self.box.messages[-1])

    def sign_in(self, contact: str, **more: Any) -> SignedIn:
        """The whole login; the clock moves on a minute first, so that send budgets do not get in the way."""
        self.clock.advance(timedelta(minutes=11))
        sent, code = self.get_code(contact, **more)
        signed_in: SignedIn = self.visitor(**more).verify_code(sent.handle, code)
        return signed_in

    def log_in(self, contact: str, **more: Any) -> Any:
        """The whole login, as the client's door."""
        return self.client(self.sign_in(contact, **more))

    def use(self, policy: Policy) -> None:
        """Switch the business to another policy, in the middle of everything."""
        self.policy = policy

    def change_policy(self, group: str, **settings: Any) -> None:
        """Change some settings of one group: ``change_policy("changes", enabled=False)``."""
        self.use(evolve(self.policy, **{group: evolve(getattr(self.policy, group), **settings)}))


# --- the stores --------------------------------------------------------------------------------------------------


def _memory(folder: Path | None, awaited: bool) -> World:
    return World(MemoryStore(), MemoryHost, awaited=awaited, close=lambda: None)


def _sql(kind: str, folder: Path | None, awaited: bool) -> World:
    from clientportal.stores.sql import SqlHost
    from databases import lent, open_database

    if folder is None or kind == "postgres":
        database, close = lent(kind, awaited=awaited)
    else:
        database = open_database(kind, awaited=awaited, folder=folder)
        close = database.close
    store, run = database.world()
    return World(store, SqlHost, awaited=awaited, close=close, run=run)


def _own_postgres(awaited: bool) -> World:
    from clientportal.stores.sql import SqlHost
    from databases import Database
    from servers import drop_database, fresh_database

    url = fresh_database()
    database = Database(url, awaited=awaited)

    def close() -> None:
        database.close()
        drop_database(url)

    store, run = database.world()
    return World(store, SqlHost, awaited=awaited, close=close, run=run)


_MAKERS: dict[str, Callable[[Path | None, bool], World]] = {
    "memory": _memory,
    "sqlite": partial(_sql, "sqlite"),
    "postgres": partial(_sql, "postgres"),
}


def make_world(variant: str, folder: Path | None = None, *, own: bool = False) -> World:
    """A world on one store, behind one portal: ``"sqlite-async"``; an SQLite file of its own, given a ``folder``, and a
    PostgreSQL database of its own where ``own`` says so.
    """
    store, _, portal = variant.partition("-")
    if own and store == "postgres":
        return _own_postgres(portal == "async")
    return _MAKERS[store](folder, portal == "async")
