"""The memory store keeps every promise of the port, and is strict where databases are."""

from __future__ import annotations

import pytest

from clientportal.stores.memory import MemoryStore
from clientportal.testing.contracts import StateContract


class TestMemoryStepped(StateContract):
    """Without an event loop, and with real threads."""

    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


class TestMemoryOnALoop(StateContract):
    """Awaited, with tasks of one event loop."""

    asynchronous = True

    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()
