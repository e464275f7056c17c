"""The store over Django's own connection: the store contract, and what Django adds to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from clientportal.stores.sql.django import DjangoStore
from clientportal.testing.contracts import StateContract


async def _and_close(operation: Callable[[], Coroutine[Any, Any, object]]) -> object:
    try:
        return await operation()
    finally:
        connections["default"].close()


class _Contract(StateContract):
    @asynccontextmanager
    async def caller(self, store: Any, tenant: str) -> AsyncGenerator[Any, None]:
        """A transaction as a project's own code opens it."""
        with transaction.atomic():
            yield connections["default"]

    def together(self, *operations: Callable[[], Coroutine[Any, Any, object]]) -> list[object]:
        """Each thread closes the connection that Django has opened for it, as a project's own threads do."""
        return super().together(*(partial(_and_close, operation) for operation in operations))


class TestSqlite(_Contract):
    @pytest.fixture
    def store(self, on_sqlite: Path) -> Generator[DjangoStore, None, None]:
        """On an SQLite file."""
        yield DjangoStore()
        connections.close_all()


class TestPostgres(_Contract):
    @pytest.fixture
    def store(self, on_postgres: str) -> Generator[DjangoStore, None, None]:
        """On a real PostgreSQL."""
        yield DjangoStore()
        connections.close_all()
