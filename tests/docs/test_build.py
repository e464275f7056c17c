"""The documentation as a whole: what is generated, and the site."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve

from clientportal import Channel, KeyRing, Portal, presets
from clientportal.senders.console import ConsoleSender
from clientportal.stores.memory import MemoryHost, MemoryStore
from docs.pages import ROOT


def test_the_generated_pages_are_those_of_the_code() -> None:
    """Settings, reasons, errors and operations in the reference are today's."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate_reference.py"), "--check"],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"run docs/generate_reference.py: {done.stdout}{done.stderr}"


def test_the_page_of_settings_says_what_choices_mean_and_what_has_no_effect_yet() -> None:
    """Each choice has its sentence from the source; a setting that is not carried out carries a sign, others do not."""
    page = (ROOT / "docs" / "reference" / "policy.md").read_text(encoding="utf-8")
    assert "| `newest_booking` | The record that most recently made a booking (T4). |" in page
    assert "| `clients.card_removal` ‡ |" in page
    assert "`optional`, `never`, `required` ‡" in page
    assert "| `login.delivery` | `none`, `sms`, `email`, `sms_else_email` |" in page


@pytest.mark.parametrize(
    ("group", "changes"),
    [
        ("clients", {"card_removal": "unless_prepaid_future"}),
        ("login", {"to_book": "required"}),
    ],
)
def test_settings_that_are_said_to_have_no_effect_yet_are_taken(group: str, changes: dict[str, object]) -> None:
    """What the page "Not built yet" says of them holds: a portal is built, and nothing is refused."""
    policy = presets.timely(region="NZ")
    Portal(
        store=MemoryStore(),
        host=MemoryHost,
        policy=evolve(policy, **{group: evolve(getattr(policy, group), **changes)}),
        keys=KeyRing.from_secrets({"k": KeyRing.generate_secret()}),
        senders={Channel.SMS: ConsoleSender()},
    )


@pytest.mark.slow
@pytest.mark.timeout(630)
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Every page is reached from the first, every reference is resolved.

    The menu of each page names the pages alone here, and not also the thousands of methods on them, which Sphinx copies
    anew for every page: that is a third of the time, and no reference hangs on it.
    """
    sphinx = (sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-D", "toc_object_entries=0")
    done = subprocess.run(
        [*sphinx, str(ROOT / "docs"), str(tmp_path / "site")],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "explanation" / "who_may_cancel.html").exists()
