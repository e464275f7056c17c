"""Every axis is settable by itself, and any policy survives being written as TOML."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import Any

import pytest
from attrs import evolve, fields_dict
from hypothesis import given
from hypothesis import strategies as st

from clientportal import policy as axes
from clientportal.errors import PolicyError
from clientportal.policy import (
    Fee,
    FieldDefinition,
    Override,
    Policy,
    Window,
    policy_from_toml,
    policy_to_toml,
    presets,
)
from clientportal.policy.merging import MERGED_FIELDS, rules_for
from clientportal.values import CLIENT_FIELDS, ContactKind, Money, NumberType

LENGTHS = st.timedeltas(timedelta(microseconds=1), timedelta(days=4000))
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TITLES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
WORDS = st.sampled_from(["client", "patients", "Mitglied", "élèves"])
MONEY = st.builds(
    Money, st.decimals(0, 1000, places=2).map(str) | st.integers(0, 10**20), st.sampled_from(["NZD", "USD", "JPY"])
)
FEES = st.builds(Fee, amount=MONEY) | st.builds(
    Fee, percent=st.decimals("0.01", 100, allow_nan=False, allow_infinity=False).filter(lambda percent: percent > 0)
)


def one_of(choices: type[Enum]) -> st.SearchStrategy[Any]:
    """Any value of an enumeration."""
    return st.sampled_from(list(choices))


def _choices(value: object) -> list[Any]:
    if isinstance(value, bool):
        return [False, True]
    return list(type(value)) if isinstance(value, Enum) else []


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """A window, with a fee where a late change has its price."""
    fee = draw(st.none() | FEES)
    return Window(
        amount=draw(st.integers(0, 10_000)),
        unit=draw(one_of(axes.WindowUnit)),
        edge=draw(one_of(axes.Edge)),
        late="refused" if fee is None else "fee",  # type: ignore[arg-type]
        fee=fee,
    )


OVERRIDES = st.dictionaries(
    NAMES, st.builds(Override, cancel=st.none() | windows(), move=st.none() | windows()), max_size=3
)

LABELS = st.sampled_from(["Mobile number", "Geburtstag", "Allergies", "Nº de carte"])
DEFINITIONS = st.builds(FieldDefinition, label=LABELS, required=st.booleans()) | st.builds(
    FieldDefinition, label=LABELS, visible=st.booleans()
)
FIELDS = st.sampled_from([*CLIENT_FIELDS, "notes"]) | st.sampled_from(["birthday", "Größe", "a.b", '"', " "]).map(
    lambda name: f"custom.{name}"
)

COMPARED = st.sampled_from(["name", "birthday", "custom.card", "custom.Größe", 'custom."'])
CONTACT_WEIGHTS = st.dictionaries(
    st.sampled_from(ContactKind).map(str), st.floats(0, 100, exclude_min=True), min_size=1
)
WEIGHTS = st.builds(
    lambda contacts, others: contacts | others,
    CONTACT_WEIGHTS,
    st.dictionaries(COMPARED, st.floats(0, 100, exclude_min=True) | st.integers(1, 100), max_size=3),
)

ACTIONS = st.sampled_from(["payments.pay", "bookings.cancel", "stamp_cards.redeem"])
SECTION_NAMES = st.sampled_from(["dashboard", "bookings", "account", "payments", "stamp_cards"])
LANGUAGES = st.sampled_from(["en", "de", "pt-BR"])
CALLS = st.builds(axes.CallToAction, action=ACTIONS | SECTION_NAMES, label=st.none() | LABELS) | st.builds(
    axes.CallToAction, url=st.just("https://kowhai.example/book?from=portal"), label=LABELS
)

# (section, setting): the values that it may take by itself
AXES: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    ("login", "enabled"): st.booleans(),
    ("login", "proof"): one_of(axes.Proof),
    ("login", "identifiers"): st.frozensets(one_of(ContactKind), min_size=1),
    ("login", "delivery"): one_of(axes.Delivery),
    ("login", "unknown"): one_of(axes.UnknownIdentity),
    ("login", "several"): one_of(axes.SeveralRecords),
    ("login", "in_booking_flow"): st.booleans(),
    ("login", "to_book"): one_of(axes.LoginToBook),
    ("login", "code_digits"): st.sampled_from([6, 7, 8]),
    ("login", "code_life"): st.timedeltas(timedelta(seconds=30), timedelta(minutes=10)),
    ("login", "live_codes"): st.integers(1, 20),
    ("login", "recycled_after"): st.none() | st.timedeltas(timedelta(days=1), timedelta(days=4000)),
    ("contacts", "region"): st.sampled_from(["NZ", "US", "GB"]),
    ("contacts", "allowed_regions"): st.frozensets(st.sampled_from(["NZ", "AU", "US"])),
    ("contacts", "allowed_types"): st.frozensets(one_of(NumberType)),
    ("contacts", "shared_by_at_most"): st.integers(1, 100),
    ("guesses", "per_code"): st.integers(1, 5),
    ("guesses", "per_day"): st.integers(1, 1000),
    ("guesses", "stop_after"): st.integers(1, 100),
    ("guesses", "free_tries"): st.integers(1, 100),
    ("guesses", "first_wait"): LENGTHS,
    ("guesses", "longest_wait"): LENGTHS,
    ("guesses", "warn_at"): st.integers(1, 100),
    ("sends", "first_gap"): LENGTHS,
    ("sends", "per_ten_minutes"): st.integers(1, 100),
    ("sends", "per_day"): st.integers(1, 100),
    ("sends", "per_source_hour"): st.integers(1, 100),
    ("sends", "per_prefix_hour"): st.integers(1, 100),
    ("sends", "prefix_digits"): st.integers(3, 15),
    ("sends", "per_tenant_hour"): st.integers(1, 10**9),
    ("sessions", "idle_for"): LENGTHS,
    ("sessions", "lives_for"): LENGTHS,
    ("sessions", "noted_every"): LENGTHS,
    ("sessions", "device_known_for"): LENGTHS,
    ("messages", "tries"): st.integers(1, 100),
    ("messages", "first_retry"): LENGTHS,
    ("messages", "send_timeout"): LENGTHS,
    ("messages", "notice_life"): LENGTHS,
    ("messages", "link_life"): LENGTHS,
    ("messages", "fall_back"): st.booleans(),
    ("changes", "enabled"): st.booleans(),
    ("changes", "cancel"): windows(),
    ("changes", "move"): windows(),
    ("changes", "services"): OVERRIDES,
    ("changes", "staff"): OVERRIDES,
    ("changes", "max_moves"): st.none() | st.integers(0, 100),
    ("changes", "rebooking"): st.booleans(),
    ("visibility", "appointments"): one_of(axes.SeenBy),
    ("visibility", "fields"): st.lists(st.sampled_from(CLIENT_FIELDS), unique=True).map(tuple),
    ("visibility", "editable"): st.lists(st.sampled_from(CLIENT_FIELDS), unique=True).map(tuple),
    ("visibility", "sections"): st.lists(NAMES, max_size=3).map(tuple),
    ("portal", "actions"): st.none() | st.frozensets(ACTIONS, max_size=3),
    ("portal", "opens_with"): st.sampled_from([None, "dashboard", "account", "payments"]),
    ("portal", "menu"): st.lists(SECTION_NAMES, unique=True, max_size=4).map(tuple),
    ("portal", "calls_to_action"): st.lists(CALLS, max_size=3).map(tuple),
    ("portal", "words"): st.dictionaries(st.sampled_from(["appointment", "de.appointment", "staff"]), WORDS),
    ("portal", "language"): LANGUAGES,
    ("portal", "languages"): st.lists(LANGUAGES, unique=True, max_size=3).map(tuple),
    ("portal", "home"): st.dictionaries(st.sampled_from(["title", "welcome", "de.welcome"]), TITLES.filter(str.strip)),
    ("franchise", "shares"): st.frozensets(SECTION_NAMES),
    ("portal", "messages_per_day"): st.integers(1, 1000),
    ("portal", "notices_by_email"): st.booleans(),
    ("portal", "demo_address"): st.none() | st.just("owner@kowhai.example"),
    ("registration", "accounts"): st.booleans(),
    ("registration", "register_from"): one_of(axes.RegisterFrom),
    ("registration", "staff_may_register"): st.booleans(),
    ("registration", "staff_reset"): one_of(axes.StaffReset),
    ("registration", "consents"): st.dictionaries(TITLES, TITLES, max_size=3),
    ("registration", "host_assertions"): st.booleans(),
    ("accounts", "sign_in_links"): st.booleans(),
    ("accounts", "second_factor"): one_of(axes.SecondFactorUse),
    ("accounts", "reset_life"): st.timedeltas(timedelta(microseconds=1), timedelta(hours=1)),
    ("accounts", "verify_life"): LENGTHS,
    ("accounts", "sign_in_link_life"): LENGTHS,
    ("accounts", "change_life"): LENGTHS,
    ("accounts", "invitation_life"): LENGTHS,
    ("accounts", "revert_for"): LENGTHS,
    ("accounts", "step_up_for"): LENGTHS,
    ("accounts", "unproved_for"): LENGTHS,
    ("accounts", "recovery_codes"): st.integers(1, 20),
    ("passwords", "min_length"): st.integers(15, 64),
    ("passwords", "min_length_with_second"): st.integers(8, 15),
    ("passwords", "max_bytes"): st.integers(640, 65_536),
    ("passwords", "blocklist"): st.just(True),
    ("passwords", "context_words"): st.lists(TITLES.filter(str.strip), max_size=3).map(tuple),
    ("passwords", "memory_kib"): st.integers(19_456, 100_000),
    ("passwords", "passes"): st.integers(2, 10),
    ("passwords", "lanes"): st.integers(1, 4),
    ("bookings", "online"): st.booleans(),
    ("bookings", "logged_out"): one_of(axes.LoggedOutMatch),
    ("bookings", "by_staff"): one_of(axes.StaffBooking),
    ("bookings", "payments"): st.booleans(),
    ("bookings", "flow"): st.none() | one_of(axes.BookingFlow),
    ("clients", "noun"): WORDS,
    ("clients", "nouns"): WORDS,
    ("clients", "export"): st.booleans(),
    ("clients", "announce_viewing"): st.booleans(),
    ("clients", "on_delete"): one_of(axes.OnDelete),
    ("clients", "card_removal"): one_of(axes.CardRemoval),
    ("clients", "fields"): st.dictionaries(FIELDS, DEFINITIONS, max_size=4),
    ("matching", "weights"): WEIGHTS,
    ("matching", "enough"): st.floats(0, 100, exclude_min=True),
    ("matching", "vetoes"): st.frozensets(COMPARED, max_size=3),
    ("matching", "names"): one_of(axes.NameComparison),
    ("matching", "alike_from"): st.floats(0.5, 1),
    ("merging", "survivorship"): st.sets(st.sampled_from((*MERGED_FIELDS, "custom.shoe size", "custom.a.b"))).flatmap(
        lambda names: st.fixed_dictionaries({name: st.sampled_from(rules_for(name)) for name in sorted(names)})
    ),
    ("merging", "cards"): one_of(axes.MergedCards),
    ("merging", "reassign"): st.booleans(),
    ("merging", "undo_for"): LENGTHS,
}


def change(policy: Policy, section: str, setting: str, value: Any) -> Policy:
    """The same policy with one setting changed."""
    return evolve(policy, **{section: evolve(getattr(policy, section), **{setting: value})})


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A preset with any number of axes changed; a change that contradicts the others is left out."""
    policy: Policy = getattr(presets, draw(st.sampled_from(presets.__all__)))()
    for section, setting in draw(st.lists(st.sampled_from(list(AXES)), max_size=12, unique=True)):
        try:
            policy = change(policy, section, setting, draw(AXES[section, setting]))
        except PolicyError:
            continue
    if draw(st.booleans()):
        policy = evolve(
            policy,
            login=evolve(policy.login, code_digits=4, code_life=timedelta(minutes=45)),
            allow_weaker=frozenset({"login.code_digits", "login.code_life"}),
        )
    return policy


CHOICES = [
    (section, setting, value)
    for section, cls in (
        (name, type(getattr(Policy(), name))) for name in fields_dict(Policy) if name != "allow_weaker"
    )
    for setting in fields_dict(cls)
    for value in _choices(getattr(getattr(Policy(), section), setting))
]


def _presets() -> list[Policy]:
    return [getattr(presets, name)() for name in presets.__all__]


def _named(error: PolicyError) -> set[str]:
    return {setting.partition(" = ")[0] for setting in error.settings}


def test_every_setting_of_the_policy_is_an_axis_here() -> None:
    """A new setting must be given its values in this file, and is then written, read and changed at random."""
    settings = {
        (section, setting)
        for section in fields_dict(Policy)
        if section != "allow_weaker"
        for setting in fields_dict(type(getattr(Policy(), section)))
    }
    assert settings == set(AXES)


@pytest.mark.parametrize(("section", "setting", "value"), CHOICES)
def test_every_choice_is_settable_by_itself(section: str, setting: str, value: Any) -> None:
    """At least one product takes it with nothing else changed; where one does not, the refusal names this setting."""
    taken = []
    for policy in _presets():
        try:
            taken.append(getattr(getattr(change(policy, section, setting, value), section), setting))
        except PolicyError as error:
            assert f"{section}.{setting}" in _named(error)  # noqa: PT017
            assert f"{section}.{setting}" in str(error)  # noqa: PT017
    if (section, setting, value) == ("passwords", "blocklist", False):
        assert not taken, "weaker than its standard: it takes allow_weaker"
    else:
        assert {value} == set(taken)


@given(st.data())
def test_changing_one_axis_changes_nothing_else(data: st.DataObject) -> None:
    """Where one setting is changed in a product, all the others are as they were, or the change is refused."""
    policy = data.draw(st.sampled_from(_presets()))
    section, setting = data.draw(st.sampled_from(list(AXES)))
    value = data.draw(AXES[section, setting])
    try:
        changed = change(policy, section, setting, value)
    except PolicyError:
        return
    assert policy == change(changed, section, setting, getattr(getattr(policy, section), setting))


@given(policies())
def test_a_policy_written_in_full_reads_back_equal(policy: Policy) -> None:
    """Everything is in the text, exactly: lengths of time to the microsecond, money and percentages to the digit."""
    assert policy == policy_from_toml(policy_to_toml(policy))


@given(policies(), st.sampled_from(presets.__all__))
def test_a_policy_written_as_differences_reads_back_equal(policy: Policy, preset: str) -> None:
    """Whatever preset it is told against."""
    assert policy == policy_from_toml(policy_to_toml(policy, preset=preset))


@given(policies())
def test_equal_policies_are_written_alike(policy: Policy) -> None:
    """The text is a normal form: reading and writing it again changes no character."""
    text = policy_to_toml(policy)
    assert text == policy_to_toml(policy_from_toml(text))


def test_a_preset_written_against_itself_is_two_lines() -> None:
    """Only what differs is written."""
    assert policy_to_toml(presets.timely(), preset="timely") == 'preset = "timely"\nregion = "NZ"\n'
