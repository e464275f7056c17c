"""The clinic's tests: in a database of their own, whose tables are made once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from django.core.management import call_command
from django.db import connections

_FOLDER = tempfile.TemporaryDirectory(prefix="clinic-")
os.environ["CLINIC_SQLITE"] = str(Path(_FOLDER.name) / "clinic.db")  # unless the settings name a PostgreSQL
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
django.setup()


@pytest.fixture(scope="session", autouse=True)
def _tables() -> Iterator[None]:
    """Migrated once. What a test leaves behind, the next one's ground clears away."""
    call_command("migrate", verbosity=0)
    yield
    connections.close_all()
    _FOLDER.cleanup()
