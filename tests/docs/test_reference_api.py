"""Whatever a reader may call, hold or set is in the reference of the public modules."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import attrs
import pytest

import clientportal
from clientportal import Policy, outcomes, sections, values, web
from clientportal.doors import ClientDoor, Portal, StaffDoor, VisitorDoor

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "api"


def documented() -> dict[str, frozenset[str] | None]:
    """Module -> the names of it that are shown, ``None`` for all that are public."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in sorted(PAGES.glob("*.md")))
    found = re.findall(r"automodule:: (\S+)(?:\n +:members: (.+))?", text)
    return {module: frozenset(re.findall(r"\w+", members)) if members else None for module, members in found}


def is_shown(kind: type) -> bool:
    """Whether a class stands on one of the pages, under the module that it is written in."""
    pages = documented()
    shown = pages.get(kind.__module__, frozenset())
    return shown is None or kind.__name__ in shown


@pytest.mark.parametrize("door", [VisitorDoor, ClientDoor, StaffDoor, Portal])
def test_every_method_of_a_door_stands_in_the_reference(door: type) -> None:
    """Under the class that it is written in: the doors inherit what belongs to one topic."""
    methods = {name for name in dir(door) if not name.startswith("_")}
    written = {next(base for base in door.__mro__ if name in vars(base)) for name in methods}
    assert sorted(base.__qualname__ for base in written if not is_shown(base)) == []


def test_every_group_of_the_policy_stands_in_the_reference() -> None:
    """With what each setting means."""
    groups = {type(getattr(Policy(), field.name)) for field in attrs.fields(Policy)}
    written = {kind for kind in groups if attrs.has(kind)}
    assert sorted(kind.__name__ for kind in written if not is_shown(kind)) == []


def test_every_value_and_outcome_stands_in_the_reference() -> None:
    """What hosts hand over, and what doors give back."""
    kinds = {name: getattr(values, name) for name in values.__all__}
    lacking = [name for name, kind in kinds.items() if isinstance(kind, type) and not is_shown(kind)]
    assert lacking == []
    assert documented()[outcomes.__name__] is None


def test_what_the_package_exports_stands_in_the_reference() -> None:
    """``from clientportal import …``: no class without its page. Errors have a page of their own."""
    kinds = {name: getattr(clientportal, name) for name in clientportal.__all__}
    elsewhere = ("clientportal.errors", "clientportal.outcomes.")
    lacking = [
        name
        for name, kind in kinds.items()
        if isinstance(kind, type) and not kind.__module__.startswith(elsewhere) and not is_shown(kind)
    ]
    assert lacking == []


@pytest.mark.parametrize("package", [sections, web])
def test_what_hosts_subclass_and_mount_stands_in_the_reference(package: ModuleType) -> None:
    """The port of every section; what the pages are mounted with, and what pages of one's own are made of."""
    kinds = [getattr(package, name) for name in package.__all__]
    assert [kind.__name__ for kind in kinds if isinstance(kind, type) and not is_shown(kind)] == []


def test_every_item_of_a_section_stands_in_the_reference() -> None:
    """What a page of each shipped section is made of."""
    assert [kind.item.__name__ for kind in sections.SECTIONS.values() if not is_shown(kind.item)] == []
