"""The README's first command on a machine that has nothing else: the extras bring everything that is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.slow

PROGRAM = """
import importlib.metadata, json, sys
for module in sys.argv[1:]:
    __import__(module)
owners = importlib.metadata.packages_distributions()
loaded = {name.partition(".")[0] for name in sys.modules}
print(json.dumps(sorted({owner for name in loaded for owner in owners.get(name, [])})))
"""


def brought_by(requirement: str) -> set[str]:
    """The distributions that pip installs for a requirement, itself included."""
    found: set[tuple[str, str]] = set()
    left = [Requirement(requirement)]
    while left:
        wanted = left.pop()
        for extra in ("", *wanted.extras):
            if (canonicalize_name(wanted.name), extra) in found:
                continue
            found.add((canonicalize_name(wanted.name), extra))
            for line in metadata.requires(wanted.name) or ():
                needed = Requirement(line)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    left.append(needed)
    return {name for name, _ in found}


@pytest.mark.parametrize(
    ("requirement", "modules"),
    [
        ("clientportal", ["clientportal", "clientportal.stores.memory", "clientportal.senders.smtp"]),
        ("clientportal[sql]", ["clientportal", "clientportal.stores.sql"]),
        ("clientportal[web]", ["clientportal", "clientportal.web", "clientportal.web.portal_pages"]),
        (
            "clientportal[sql,web]",
            ["clientportal.stores.sql", "clientportal.web", "clientportal.testing.fake_provider"],
        ),
    ],
)
def test_nothing_is_imported_that_was_not_asked_for(requirement: str, modules: list[str]) -> None:
    """Whatever these modules load from elsewhere is among what pip installs for that line of the README."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *modules], capture_output=True, encoding="utf-8", check=True, timeout=60
    )
    # What Python itself runs at its start (.pth files of coverage, setuptools) is not the library's.
    bare = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, encoding="utf-8", check=True, timeout=60
    )
    loaded = set(json.loads(done.stdout)) - set(json.loads(bare.stdout))
    assert {canonicalize_name(name) for name in loaded} - brought_by(requirement) == set()
