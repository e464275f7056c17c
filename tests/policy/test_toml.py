"""A policy as a file: what differs from a preset, read and written."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from clientportal import policy as policy_package
from clientportal.errors import PolicyError
from clientportal.policy import Fee, MatchingPolicy, Override, Policy, Window, policy_from_toml, policy_to_toml, presets
from clientportal.values import Money

SALON = """\
preset = "timely"
region = "AU"

[login]
identifiers = ["phone", "mobile"]
code_life = "5 minutes"
recycled_after = "180 days"

[changes]
max_moves = 2

[changes.cancel]
amount = 48
late = "fee"
fee = { amount = { amount = "10.00", currency = "NZD" } }

[changes.services.colour.cancel]
amount = 3
unit = "days"

[changes.staff."Zoë O'Neil".move]
late = "fee"
fee = { percent = 12.5 }

[merging.survivorship]
email = "oldest"
"""


def _salon() -> Policy:
    base = presets.timely(region="AU")
    return evolve(
        base,
        login=evolve(
            base.login,
            identifiers={"phone", "mobile"},
            code_life=timedelta(minutes=5),
            recycled_after=timedelta(days=180),
        ),
        changes=evolve(
            base.changes,
            max_moves=2,
            cancel=evolve(base.changes.cancel, amount=48, late="fee", fee=Fee(amount=Money("10.00", "NZD"))),
            services={"colour": Override(cancel=Window(amount=3, unit="days"))},  # type: ignore[arg-type]
            staff={"Zoë O'Neil": Override(move=Window(late="fee", fee=Fee(percent="12.5")))},  # type: ignore[arg-type]
        ),
        merging=evolve(base.merging, survivorship={"email": "oldest"}),
    )


def test_a_file_starts_from_a_preset_and_names_what_differs() -> None:
    """A setting inside a table changes that setting alone; the rest stays the preset's."""
    assert _salon() == policy_from_toml(SALON)


def test_writing_names_only_what_differs_from_the_preset() -> None:
    """In a fixed order: what a person would have written, tables after the settings of their section."""
    expected = SALON.replace('["phone", "mobile"]', '["mobile", "phone"]').replace("percent = 12.5", 'percent = "12.5"')
    expected = expected.replace(
        '[changes.staff."Zoë O\'Neil".move]\n',
        '[changes.staff."Zoë O\'Neil".move]\namount = 0\nunit = "hours"\nedge = "allowed"\n',
    ).replace('amount = 3\nunit = "days"\n', 'amount = 3\nunit = "days"\nedge = "allowed"\nlate = "refused"\n')
    assert expected == policy_to_toml(_salon(), preset="timely")


def test_an_empty_file_is_the_default_policy() -> None:
    """Nothing chosen, nothing changed; a region may be given alone."""
    default = Policy()
    assert default == policy_from_toml("")
    assert evolve(default, contacts=evolve(default.contacts, region="NZ")) == policy_from_toml('region = "NZ"')


def test_a_path_is_a_file_and_text_is_text(tmp_path: Path) -> None:
    """A file is read as UTF-8, with or without the mark that some editors put in front."""
    file = tmp_path / "salon.toml"
    file.write_text(SALON, encoding="utf-8")
    assert _salon() == policy_from_toml(file)
    file.write_text(SALON, encoding="utf-8-sig")
    assert _salon() == policy_from_toml(file)
    with pytest.raises(PolicyError, match=r"pathlib\.Path"):
        policy_from_toml("salon.toml")


def test_a_missing_file_is_the_systems_own_error(tmp_path: Path) -> None:
    """That is no mistake in a policy."""
    with pytest.raises(FileNotFoundError):
        policy_from_toml(tmp_path / "none.toml")


def test_none_switches_an_optional_setting_off() -> None:
    """TOML has no null."""
    text = '[login]\nrecycled_after = "none"\n[changes]\nmax_moves = "none"\n[changes.cancel]\nfee = "none"'
    assert Policy() == policy_from_toml(text)


def test_a_preset_that_does_not_exist_cannot_be_written_against() -> None:
    """The error lists those that do."""
    with pytest.raises(PolicyError, match="acuity, mytime, timely, timetap, vcita"):
        policy_to_toml(Policy(), preset="timly")


@pytest.mark.parametrize("name", ["", "a.b", 'say "cut"', "back\\slash", "new\nline", "tab\t", "\x00\x7f", "日本", "'"])
def test_names_of_services_are_quoted_where_they_must_be(name: str) -> None:
    """A host's ids are opaque text."""
    policy = evolve(Policy(), changes=evolve(Policy().changes, services={name: Override(), "b": Override()}))
    assert policy == policy_from_toml(policy_to_toml(policy))


def test_the_core_needs_no_extra_to_read_or_write() -> None:
    """Neither cattrs nor tomli_w is imported, and the package loads its TOML only when it is asked for."""
    program = (
        "import sys, clientportal, clientportal.policy as p; assert 'clientportal.policy.toml' not in sys.modules;"
        "sys.modules['cattrs'] = sys.modules['tomli_w'] = None;"
        "assert p.policy_from_toml(p.policy_to_toml(p.Policy())) == p.Policy()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_package_names_what_it_exports() -> None:
    """Every public name is there, and no other is made up."""
    assert all(hasattr(policy_package, name) for name in policy_package.__all__)
    assert {"policy_from_toml", "policy_to_toml"} <= set(policy_package.__all__)
    with pytest.raises(AttributeError, match="policy_from_yaml"):
        _ = policy_package.policy_from_yaml


def test_weights_of_matching_are_one_table_and_replace_the_presets() -> None:
    """What is left out of it counts for nothing: there is no other way to say that an email does not (T5)."""
    policy = policy_from_toml('preset = "timely"\nmatching.weights = { mobile = 1, "custom.card" = 0.5 }')

    assert policy.matching.weights == {"mobile": 1.0, "custom.card": 0.5}
    assert 'weights = { "custom.card" = 0.5, mobile = 1.0 }' in policy_to_toml(policy, preset="timely")
    assert "weights = { email = 1.0, mobile = 1.0 }" in policy_to_toml(Policy())


@pytest.mark.requirement("T5", "T11")
@pytest.mark.parametrize("name", presets.__all__)
def test_every_product_finds_duplicates_by_mobile_and_email(name: str) -> None:
    """One of them is enough, a plain phone says nothing, nothing else is looked at, and nothing rules a pair out."""
    matching = getattr(presets, name)().matching

    assert matching == MatchingPolicy(weights={"mobile": 1, "email": 1}, enough=1, vetoes=(), names="folded")
