"""The clinic's adapter keeps the contract of the client portal's hosts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from django.db import connections
from ground import ClinicGround

from clientportal.testing.contracts import HostContract


class TestClinic(HostContract):
    """On whichever database the settings name."""

    @pytest.fixture
    def ground(self) -> ClinicGround:
        """Empty tables; the connection of this thread stays open from one test to the next."""
        return ClinicGround()

    def together(self, *operations: Callable[[], Coroutine[Any, Any, object]]) -> list[object]:
        """In threads, each of which closes the connection that Django opened for it."""

        async def closing(operation: Callable[[], Coroutine[Any, Any, object]]) -> object:
            try:
                return await operation()
            finally:
                connections.close_all()

        return super().together(*(lambda one=one: closing(one) for one in operations))
