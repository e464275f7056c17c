"""Loaders and steps, one file per rule file. :data:`ALL` lists every operation, for tests that must not miss one."""

from __future__ import annotations

from typing import Any

from clientportal.operations import appointments, contact_index, duplicates, housekeeping, sessions, signing_in, staff
from clientportal.operations.frame import Operation

__all__ = ["ALL"]

ALL: tuple[Operation[Any, Any, Any], ...] = tuple(
    sorted(
        {
            value.name: value
            for module in (appointments, contact_index, duplicates, housekeeping, sessions, signing_in, staff)
            for value in vars(module).values()
            if isinstance(value, Operation)
        }.values(),
        key=lambda operation: operation.name,
    )
)
"""Every operation that a door can reach."""
