"""On which stores and behind which portals a scenario runs, and which of them the usual command leaves out.

Everything else than the scenarios of ``tests/requirements``, ``tests/security`` and ``tests/operating`` and the pages
of ``tests/web`` runs everywhere. Those run on every shipped store too, in memory behind both portals, on SQLite and on
PostgreSQL behind one portal each: the plain one here, the async one there.
Which way round, the name of the test decides, so that it is the same in every run, and half of them go each way. What
the other two would add is told elsewhere: that the portals do not differ, by the same scenario in memory and by
``tests/doors/test_colours.py``; that the databases do not, by ``tests/contracts`` and ``tests/stores``.
Where several act at once, threads and tasks are not the same: these scenarios run everywhere, as does every test of a
file that starts threads of its own. ``--every-variant`` runs
everything everywhere, and so does whoever names a test or narrows by ``-k``.
"""

from __future__ import annotations

import hashlib

import pytest

__all__ = ["PORTALS", "STORES", "VARIANTS", "is_left_out", "sampled"]

STORES = ("memory", "sqlite", "postgres")
"""Every shipped store."""

PORTALS = ("plain", "async")
"""Both colours."""

VARIANTS = [f"{store}-{portal}" for store in STORES for portal in PORTALS]

_SAMPLED = frozenset({"operating", "requirements", "security", "web"})
_AT_ONCE = frozenset({"at_once", "threading", "gather"})


def sampled(test: str) -> frozenset[str]:
    """The variants of one scenario that the usual command runs; ``test`` is its name, without the variant."""
    way = hashlib.sha256(test.encode()).digest()[0] % 2
    return frozenset({"memory-plain", "memory-async", f"sqlite-{PORTALS[way]}", f"postgres-{PORTALS[1 - way]}"})


def is_left_out(item: pytest.Item) -> bool:
    """Whether the usual command leaves this one out."""
    if not isinstance(item, pytest.Function) or not _SAMPLED & frozenset(item.path.parts[-2:-1]):
        return False
    variant = item.callspec.params.get("world") if hasattr(item, "callspec") else None
    named = frozenset(item.function.__code__.co_names)
    if variant not in VARIANTS or _AT_ONCE & named or hasattr(item.module, "threading"):
        return False
    return variant not in sampled(f"{item.path.name}::{item.name.replace(variant, '')}")
