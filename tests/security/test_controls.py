"""The table of controls in the documentation: complete, true, and up to date."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"

EVERY_CONTROL = {
    *("code_strength", "code_life", "code_binding", "guess_budget", "send_budget", "limiter_keys"),
    *("lockout_no_weapon", "no_enumeration", "password_policy", "password_storage", "hash_flood", "reset", "sessions"),
    *("contact_change", "linking", "merge", "objects_tenants", "signed_links", "host_redirect", "messages"),
    *("normalising", "documents", "export", "sql_types_timing", "audit_redaction", "sizes", "clock", "keys", "totp"),
    "seeded_defects",
}


@cache
def generator() -> ModuleType:
    """The script that writes the table."""
    spec = importlib.util.spec_from_file_location("generate_security_controls", DOCS / "generate_security_controls.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_control_is_in_the_table() -> None:
    """Each with what would break it; none twice."""
    assert {control["id"] for control in generator().read_controls()} == EVERY_CONTROL


@pytest.mark.parametrize("id", sorted(EVERY_CONTROL))
def test_every_control_is_proved_by_tests_on_every_store(id: str) -> None:
    """Each of its tests is there, and one of them at least is given every shipped store, unless it says why none is."""
    (control,) = (one for one in generator().read_controls() if one["id"] == id)
    generator().check(control)


def test_the_page_is_up_to_date() -> None:
    """If this fails: run python docs/generate_security_controls.py."""
    made = generator()
    page = made.make_page(made.read_controls())
    assert made.PAGE.read_text(encoding="utf-8") == page, "run python docs/generate_security_controls.py"


def test_a_test_that_is_not_there_and_a_control_without_one_are_errors(tmp_path: Path) -> None:
    """A slip of the pen, a test that was renamed, a control that only memory is asked about."""
    made = generator()
    (tmp_path / "test_it.py").write_text(
        "import pytest\n@pytest.fixture\ndef shop(world): ...\n"
        "def test_on_each(shop): ...\ndef test_in_memory(memory_world): ...\n",
        encoding="utf-8",
    )
    assert made.find("test_it.py::test_on_each", tmp_path) == {"test_on_each": True}
    assert made.find("test_it.py::*", tmp_path) == {"test_on_each": True, "test_in_memory": False}
    for named in ("test_it.py::test_nowhere", "test_gone.py::test_it", "test_it.py::test_in*x"):
        with pytest.raises(made.ControlError):
            made.find(named, tmp_path)
    control = {"id": "one", "bites": [{"what": "it", "tests": ["test_it.py::test_in_memory"]}]}
    with pytest.raises(made.ControlError, match="every store"):
        made.check(control, tmp_path)
    made.check({**control, "store": "it is a rule"}, tmp_path)
    (tmp_path / "controls.toml").write_text('[[controls]]\nid = "one"\nbites = []\n', encoding="utf-8")
    with pytest.raises(made.ControlError, match="nothing that tries it"):
        made.read_controls(tmp_path / "controls.toml")
