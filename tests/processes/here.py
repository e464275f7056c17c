"""What one process has opened: an engine, a store and a portal of its own."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from clientportal import Channel, KeyRing, OutgoingMessage, Permission, Portal
from clientportal.policy import policy_from_toml
from clientportal.stores.sql import SqlHost, SqlStore

__all__ = ["Here"]


class SharedMailbox:
    """A provider that all processes share: whoever hands it a message adds one line to a file."""

    def __init__(self, path: str) -> None:
        self._path = path

    def send(self, message: OutgoingMessage) -> None:
        """A line that is shorter than a block, appended by one call, is not torn apart."""
        line = json.dumps({"id": message.id, "to": message.to, "text": message.text, "by": os.getpid()}) + "\n"
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)


@cache
def _store(url: str, engine: str) -> SqlStore:
    """One for each database, as a process of a platform has."""
    settings = json.loads(engine)
    if settings is None:
        return SqlStore.open(url)
    return SqlStore(create_engine(url, hide_parameters=True, **settings))


class Clock:
    """The test's time, which stands still; or runs faster than anybody's, for all processes alike."""

    def __init__(self, now: str) -> None:
        self.set(now)

    def set(self, now: str, *, since: float = 0.0, speed: float = 0.0) -> None:
        """It was ``now`` at the moment ``since``, and every second takes ``speed`` seconds."""
        self._now, self._since, self._speed = datetime.fromisoformat(now), since, speed

    def __call__(self) -> datetime:
        passed = (time.time() - self._since) * self._speed if self._speed else 0.0
        return self._now + timedelta(seconds=passed)


class Here:
    """The portal of this process over the database that all share."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.tenant: str = told["tenant"]
        self.clock = Clock(told["now"])
        self.mailbox = Path(told["mailbox"])
        self.store = _store(told["url"], json.dumps(told.get("engine")))
        box = SharedMailbox(told["mailbox"])
        self.portal = Portal(
            store=self.store,
            host=SqlHost,
            policy=policy_from_toml(told["policy"]),
            keys=KeyRing.from_secrets({"k1": told["secret"]}),
            senders={Channel.SMS: box, Channel.EMAIL: box},
            clock=self.clock,
            base_url="https://kowhai.example/change/",
        )

    def connect(self) -> None:
        """What opening a connection takes is over before the common moment."""
        with self.store.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def visitor(self) -> Any:
        """A visitor of the business."""
        return self.portal.visitor(self.tenant)

    def client(self, token: str) -> Any:
        """Whoever holds that token."""
        return self.portal.client(token)

    def staff(self) -> Any:
        """Mia, who may do everything."""
        return self.portal.staff(self.tenant, actor="mia", permissions=frozenset(Permission))
