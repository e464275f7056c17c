"""A policy file tells what is wrong in it: which setting, on which line, and what would be right."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import PolicyError
from clientportal.policy import Policy, policy_from_toml, policy_to_toml, presets

ERRORS = [
    (
        '[changes.cancel]\nunit = "weeks"',
        "changes.cancel.unit: 'weeks' is not one of hours, days (line 2)",
        "changes.cancel.unit",
    ),
    (
        '\n[login]\n# life\ncod_life = "9 minutes"',
        "login.cod_life: no such setting; did you mean login.code_life? (line 4)",
        "login.cod_life",
    ),
    ("[logins]", "logins: no such setting; did you mean login? (line 1)", "logins"),
    (
        "[login]\nshared_by_at_most = 3",
        "login.shared_by_at_most: no such setting; did you mean contacts.shared_by_at_most? (line 2)",
        "login.shared_by_at_most",
    ),
    (
        "[merging]\nzzz = 1",
        "merging.zzz: no such setting; there are survivorship, cards, reassign, undo_for (line 2)",
        "merging.zzz",
    ),
    (
        '[matching]\nweights = { mobile = "1" }',
        "matching.weights.mobile: a number such as 0.5 is needed, not '1' (line 2)",
        "matching.weights.mobile",
    ),
    (
        "[matching]\nweights = { mobile = 1, shoe_size = 1 }",
        "matching.weights: there is no fact 'shoe_size'; choose from mobile, phone, email, name, birthday, "
        "custom.<field> (line 2)",
        "matching.weights",
    ),
    (
        "[matching]\nalike_from = nan",
        "matching.alike_from: a number such as 0.5 is needed, not NaN (line 2)",
        "matching.alike_from",
    ),
    (
        'preset = "timly"',
        "preset: 'timly' is not one of the presets acuity, mytime, timely, timetap, vcita (line 1)",
        "preset",
    ),
    (
        "region = 64",
        "region: a region code of ISO 3166 in quotes such as 'NZ' is needed, not 64 (line 1)",
        "region",
    ),
    (
        'preset = "timely"\nregion = "nz"',
        "region: a region code of ISO 3166 in quotes such as 'NZ' is needed, not 'nz' (line 2)",
        "region",
    ),
    ('[login]\nenabled = "yes"', "login.enabled: true or false is needed, not 'yes' (line 2)", "login.enabled"),
    ("[login]\nenabled = 1", "login.enabled: true or false is needed, not 1 (line 2)", "login.enabled"),
    ("guesses.per_code = true", "guesses.per_code: a whole number is needed, not true (line 1)", "guesses.per_code"),
    ("[guesses]\nper_code = 2.5", "guesses.per_code: a whole number is needed, not 2.5 (line 2)", "guesses.per_code"),
    ("[guesses]\nper_code = 0", "guesses.per_code: must be at least 1, not 0 (line 2)", "guesses.per_code"),
    ("[login]\nlive_codes = 21", "login.live_codes: must be at most 20, not 21 (line 2)", "login.live_codes"),
    (
        "[login]\ncode_digits = 3",
        "login.code_digits: must be in (4, 5, 6, 7, 8), not 3 (line 2)",
        "login.code_digits",
    ),
    (
        "[login]\ncode_life = 600",
        "login.code_life: a length of time such as '1 hour 30 minutes' is needed, not 600 (line 2)",
        "login.code_life",
    ),
    (
        '[login]\ncode_life = "10 seconds"',
        "login.code_life: must be at least 30 seconds, not '10 seconds' (line 2)",
        "login.code_life",
    ),
    (
        '[sends]\nfirst_gap = "0 seconds"',
        "sends.first_gap: must be more than 0 seconds, not '0 seconds' (line 2)",
        "sends.first_gap",
    ),
    (
        '[login]\nidentifiers = "mobile"',
        "login.identifiers: an array is needed, such as [\"mobile\"], not 'mobile' (line 2)",
        "login.identifiers",
    ),
    (
        '[login]\nidentifiers = [\n  "mobile",\n  "fax",\n]',
        "login.identifiers: 'fax' is not one of mobile, phone, email (line 2)",
        "login.identifiers",
    ),
    (
        '[visibility]\nfields = ["notes"]',
        "visibility.fields: 'notes' cannot be shown; choose from first_name, last_name, email, phone, mobile, address"
        " (line 2)",
        "visibility.fields",
    ),
    (
        "[contacts]\nregion = 1979-05-27",
        "contacts.region: text in quotes is needed, not the date or time 1979-05-27 (line 2)",
        "contacts.region",
    ),
    (
        "[changes]\nservices = []",
        "changes.services: a table is needed, such as [changes.services.name], not an array (line 2)",
        "changes.services",
    ),
    (
        "[changes.services]\ncolour = 4",
        "changes.services.colour: a table of settings is needed (cancel, move), not 4 (line 2)",
        "changes.services.colour",
    ),
    (
        '[changes.services."cut.long".cancel]\namount = "x"',
        "changes.services.\"cut.long\".cancel.amount: a whole number is needed, not 'x' (line 2)",
        'changes.services."cut.long".cancel.amount',
    ),
    (
        '[changes.cancel]\nlate = "fee"\nfee = { amount = { amount = "1" } }',
        "changes.cancel.fee.amount.currency: missing (line 3)",
        "changes.cancel.fee.amount.currency",
    ),
    (
        '[changes.cancel]\nlate = "fee"\nfee = { amount = { amount = "1", currency = "nzd" } }',
        "changes.cancel.fee.amount.currency: 'nzd' is not a currency code of ISO 4217 such as 'NZD' (line 3)",
        "changes.cancel.fee.amount.currency",
    ),
    (
        '[changes.cancel]\nlate = "fee"\nfee = { percent = nan }',
        "changes.cancel.fee.percent: a number such as '12.50' is needed, not NaN (line 3)",
        "changes.cancel.fee.percent",
    ),
    (
        '[changes.cancel]\nlate = "fee"\n[changes.cancel.fee]\npercent = 500',
        "changes.cancel.fee: a fee's percent is above 0 and at most 100 (line 4)",
        "changes.cancel.fee.percent",
    ),
    (
        'allow_weaker = ["login.code_length"]',
        "allow_weaker: 'login.code_length' is no setting with a floor; those are accounts.reset_life, guesses.per_code,"
        " guesses.stop_after, login.code_digits, login.code_life, passwords.blocklist, passwords.memory_kib,"
        " passwords.min_length, passwords.min_length_with_second, passwords.passes (line 1)",
        "allow_weaker",
    ),
]


@pytest.mark.parametrize(("text", "message", "setting"), ERRORS)
def test_an_error_says_where_what_and_what_would_be_right(text: str, message: str, setting: str) -> None:
    """The dotted key first, then the mistake and the remedy, then the line."""
    with pytest.raises(PolicyError) as caught:
        policy_from_toml(text)
    assert (message, (setting,)) == (str(caught.value), caught.value.settings)


CLASHES = [
    (
        'preset = "timely"\n[login]\ndelivery = "none"',
        "login.proof = 'code' and login.delivery = 'none' contradict each other: a code needs a way to reach the client"
        " (login.proof from the preset 'timely'; line 3)",
        ("login.proof", "login.delivery"),
    ),
    (
        '[bookings]\nflow = "classic"\n\npayments = true',
        "bookings.payments = true and bookings.flow = 'classic' contradict each other: taking payments turns the"
        " updated flow on (T10) (line 4; line 2)",
        ("bookings.payments", "bookings.flow"),
    ),
    (
        '[login]\ncode_life = "11 minutes"',
        "login.code_life is weaker than its standard (at most 10 minutes, ASVS V6.5.5); name it in allow_weaker if it"
        " is meant (line 2; allow_weaker by default)",
        ("login.code_life", "allow_weaker"),
    ),
    (
        '[changes.move]\nlate = "fee"',
        "changes.move: late = 'fee' and a fee belong together: set both, or neither"
        " (line 2; changes.move.fee by default)",
        ("changes.move.late", "changes.move.fee"),
    ),
    (
        'region = "NZ"\n[contacts]\nregion = "AU"',
        "region and contacts.region contradict each other: they are one setting, name it once (line 1; line 3)",
        ("region", "contacts.region"),
    ),
]


@pytest.mark.parametrize(("text", "message", "settings"), CLASHES)
def test_a_contradiction_says_where_both_settings_come_from(text: str, message: str, settings: tuple[str, ...]) -> None:
    """One line of the file may contradict another, or what the preset brought along."""
    with pytest.raises(PolicyError) as caught:
        policy_from_toml(text)
    assert (message, settings) == (str(caught.value), caught.value.settings)


def test_all_problems_are_told_at_once() -> None:
    """Misspellings, wrong types and contradictions of other sections, in one error that names every setting."""
    text = """\
        preset = "timely"
        [login]
        prof = "code"
        code_life = "soon"
        [changes.cancel]
        unit = "weeks"
        amount = -1
        [sessions]
        idle_for = "40 days"
        [bookings]
        payments = true
        flow = "classic"
        """
    with pytest.raises(PolicyError) as caught:
        policy_from_toml(dedent(text))
    assert str(caught.value).splitlines() == [
        "the policy has 6 problems:",
        "- login.prof: no such setting; did you mean login.proof? (line 3)",
        "- login.code_life: a length of time such as '1 hour 30 minutes' is needed, not 'soon' (line 4)",
        "- changes.cancel.unit: 'weeks' is not one of hours, days (line 6)",
        "- changes.cancel.amount: must be at least 0, not -1 (line 7)",
        "- bookings.payments = true and bookings.flow = 'classic' contradict each other: taking payments turns the"
        " updated flow on (T10) (line 11; line 12)",
        "- sessions.idle_for and sessions.lives_for contradict each other: a session cannot be idle for longer than it"
        " lives (line 9; sessions.lives_for from the preset 'timely')",
    ]
    assert caught.value.settings == (
        "login.prof",
        "login.code_life",
        "changes.cancel.unit",
        "changes.cancel.amount",
        "bookings.payments",
        "bookings.flow",
        "sessions.idle_for",
        "sessions.lives_for",
    )


def test_several_weaknesses_are_told_at_once() -> None:
    """Each names its standard."""
    with pytest.raises(PolicyError) as caught:
        policy_from_toml('[login]\ncode_digits = 4\ncode_life = "1 hour"\n[guesses]\nper_code = 9\nstop_after = 900')
    assert caught.value.settings == (
        "login.code_digits",
        "allow_weaker",
        "login.code_life",
        "guesses.per_code",
        "guesses.stop_after",
    )


def test_a_mistake_makes_no_contradiction_that_nobody_wrote() -> None:
    """With proof misspelt, the preset's own proof must not be held against the rest of the file."""
    with pytest.raises(PolicyError) as caught:
        policy_from_toml('preset = "timely"\n[login]\nproof = "pasword"\n[registration]\nstaff_reset = "single"')
    assert caught.value.settings == ("login.proof",)


def test_one_contradiction_is_told_once() -> None:
    """Both lines are wrong together; putting one of them right in thought must not make it two problems."""
    with pytest.raises(PolicyError) as caught:
        policy_from_toml('[sessions]\nidle_for = "10 days"\nlives_for = "5 days"')
    assert str(caught.value).startswith("sessions.idle_for and sessions.lives_for contradict each other")


def test_an_error_in_a_file_names_the_file(tmp_path: Path) -> None:
    """Also where it is no TOML or no text at all."""
    file = tmp_path / "salon.toml"
    for content in (b"[login", b"\xff\xfe", b"[login]\nproof = 1", b"[login]\nproof = 1\nenabled = 1"):
        file.write_bytes(content)
        with pytest.raises(PolicyError, match=r"salon\.toml"):
            policy_from_toml(file)


def test_lines_are_counted_past_strings_that_look_like_settings() -> None:
    """A key inside a string of several lines is no key."""
    with pytest.raises(PolicyError, match=r"login\.proof: .*\(line 6\)"):
        policy_from_toml('[contacts]\nregion = """\n[login]\nproof = 0"""\n[login]\nproof = "x"')


@given(st.text(max_size=80) | st.text("[]{}=.\"'\n #abclogin019", max_size=80))
def test_any_text_is_a_policy_or_a_policy_error(text: str) -> None:
    """Nothing else comes out, whatever is in the file."""
    try:
        policy = policy_from_toml(text)
    except PolicyError:
        return
    assert isinstance(policy, Policy)


_leaves = st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@given(st.sampled_from([line for line in policy_to_toml(presets.acuity()).splitlines() if " = " in line]), _leaves)
def test_any_value_anywhere_is_accepted_or_refused_by_name(line: str, value: object) -> None:
    """A wrong value never surfaces as another error than the one that names its setting."""
    name = line.partition(" = ")[0]
    header, written = "", str(value).lower() if isinstance(value, bool) else value
    for row in policy_to_toml(presets.acuity()).splitlines():
        header = row if row.startswith("[") else header
        if row == line:
            break
    shown = f"{written}" if not isinstance(written, str) or isinstance(value, bool) else _quoted(written)
    try:
        policy_from_toml(f'preset = "acuity"\n{header}\n{name} = {shown}\n')
    except PolicyError as error:
        assert name in str(error)  # noqa: PT017


def _quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'
