"""How a portal is, and what hangs on its keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

__all__ = ["Health", "HealthPart", "HealthState", "KeyUse", "KeysInUse"]


class HealthState(StrEnum):
    """How a part is, the best first."""

    OK = "ok"
    WARNING = "warning"
    """It works, and somebody should look before long."""
    FAILED = "failed"
    """It does not work: somebody should look now."""


_ORDER = tuple(HealthState)


@frozen
class HealthPart:
    """One part: ``store``, ``clock`` and ``budgets`` (where they are counted outside of the store); of a business
    ``host``, ``contacts``, ``outbox``, ``intents``, ``audit``, ``keys``.

    ``problem`` says in words of this library what is wrong, and is empty where nothing is; ``facts`` are numbers and
    words, nobody's name or contact, and no text of a database or a platform.
    """

    name: str
    state: HealthState
    problem: str = ""
    facts: Mapping[str, str | int | float | bool | None] = field(factory=dict[str, "str | int | float | bool | None"])


@frozen
class Health:
    """How a portal is, part by part, at one moment; ``as_json()`` is what a ``/healthz`` answers."""

    at: datetime
    parts: tuple[HealthPart, ...]
    business: str | None = None

    @property
    def state(self) -> HealthState:
        """The worst of the parts."""
        return max((part.state for part in self.parts), key=_ORDER.index, default=HealthState.OK)

    @property
    def works(self) -> bool:
        """Whether no part has failed: what a load balancer asks."""
        return self.state is not HealthState.FAILED

    def part(self, name: str) -> HealthPart:
        """The part of that name; ``KeyError`` where it was not looked at."""
        for one in self.parts:
            if one.name == name:
                return one
        raise KeyError(name)

    def as_json(self) -> dict[str, object]:
        """The same in values that JSON knows."""
        parts = {
            one.name: {"state": one.state.value, "problem": one.problem, "facts": dict(one.facts)} for one in self.parts
        }
        return {"state": self.state.value, "at": self.at.isoformat(), "business": self.business, "parts": parts}


@frozen
class KeyUse:
    """What hangs on one key, counted: what can be without it is gone, or has to be made anew, when the key is removed.

    ``counts``: ``codes`` on their way, ``mailed_links`` and ``messages`` that are not used, sent or expired yet,
    ``apps`` (authenticator apps), ``audit_entries`` that are not sealed, ``audit_end``, ``receipts`` (on the oldest key
    of the ring alone).
    """

    key_id: str
    in_ring: bool
    signs: bool
    counts: Mapping[str, int]

    @property
    def nothing_counted(self) -> bool:
        """Whether nothing that the database knows of hangs on it."""
        return not any(self.counts.values())


@frozen
class KeysInUse:
    """What hangs on the keys, the signing one first; a key that is not in the ring is here where something needs it.

    What left the house is not in the database, and so is not counted: ``not_counted`` says how long each lives at most
    after the key has stopped signing; ``None`` is for ever.
    """

    keys: tuple[KeyUse, ...]
    not_counted: Mapping[str, float | None]
    """What → the days that it lives."""

    def key(self, key_id: str) -> KeyUse:
        """What hangs on that key; ``KeyError`` where it is neither in the ring nor needed."""
        for one in self.keys:
            if one.key_id == key_id:
                return one
        raise KeyError(key_id)
