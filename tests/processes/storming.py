"""Everybody does everything: what one process does in a storm, and what of it was acknowledged."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from clientportal import ClientPortalError, RecordRef, Refused
from processes.here import Here

__all__ = ["SPEED", "storm"]

SPEED = 1.0
"""Time passes as it does: a pump that has taken a message has its thirty seconds to send it, whatever else goes on."""


@define
class Weather:
    """One process in the storm: its own clients to log in, everybody's slots, records and merges."""

    here: Here
    draw: random.Random
    contacts: Mapping[str, str]
    records: Sequence[str]
    slots: Sequence[str]
    done: Counter[str] = field(factory=Counter[str])
    refused: Counter[str] = field(factory=Counter[str])
    failed: Counter[str] = field(factory=Counter[str])
    tokens: list[str] = field(factory=list[str])
    merges: list[str] = field(factory=list[str])
    read: int = 0

    def log_in(self) -> None:
        """A code is asked for, sent by whichever pump takes it, and typed."""
        contact = self.draw.choice(sorted(self.contacts))
        sent = self.here.visitor().request_code(contact)
        self.done["request_code"] += 1
        until = time.time() + 2
        while time.time() < until:
            self.pump()
            code = self._code_to(self.contacts[contact])
            if code:
                signed_in = self.here.visitor().verify_code(sent.handle, code)
                self.done["verify_code"] += 1
                self.tokens.append(signed_in.token.reveal())
                return

    def _code_to(self, address: str) -> str:
        """The code that has come since this process looked last; its contacts are nobody else's."""
        if not self.here.mailbox.exists():
            return ""
        with self.here.mailbox.open(encoding="utf-8") as file:
            file.seek(self.read)
            lines = [line for line in file if line.endswith("\n")]
        self.read += sum(len(line.encode()) for line in lines)
        texts = [one["text"] for one in map(json.loads, lines) if one["to"] == address]
        found = re.search(r"\b(\d{6})\b", texts[-1]) if texts else None
        return found[1] if found else ""

    def move(self) -> None:
        """Some client's appointment goes to whatever time is drawn; others want that time as well."""
        if not self.tokens:
            return
        door = self.here.client(self.draw.choice(self.tokens))
        items = door.appointments().items
        if items:
            door.move(self.draw.choice(items).id, self.draw.choice(self.slots))
            self.done["move"] += 1

    def merge(self) -> None:
        """Two records become one client, if they are not yet."""
        one, other = self.draw.sample(sorted(self.records), 2)
        merged = self.here.staff().merge(RecordRef.parse(one), RecordRef.parse(other))
        self.done["merge"] += 1
        self.merges += merged.merges

    def undo(self) -> None:
        """... and are two again."""
        if self.merges:
            self.here.staff().undo(self.merges.pop(self.draw.randrange(len(self.merges))))
            self.done["undo"] += 1

    def log_out(self) -> None:
        """A session ends."""
        if len(self.tokens) > 3:
            self.here.client(self.tokens.pop(0)).log_out()
            self.done["log_out"] += 1

    def pump(self) -> None:
        """What waits leaves; there is a pump in every process."""
        self.here.portal.deliver(self.here.tenant)


def storm(here: Here, seconds: float, since: float, seed: int, now: str, **ground: Any) -> dict[str, Any]:
    """Go on for that long; answers what was acknowledged, how often what was refused, and what failed."""
    here.clock.set(now, since=since, speed=SPEED)
    weather = Weather(here, random.Random(seed), **ground)
    weather.read = here.mailbox.stat().st_size if here.mailbox.exists() else 0
    things = [weather.log_in, weather.move, weather.move, weather.merge, weather.undo, weather.pump, weather.log_out]
    until = time.time() + seconds
    while time.time() < until:
        try:
            weather.draw.choice(things)()
        except Refused as refused:
            weather.refused[refused.reason.value] += 1
        except ClientPortalError as error:
            weather.failed[f"{type(error).__name__}: {error}"] += 1
    return {"done": weather.done, "refused": weather.refused, "failed": weather.failed}
