"""What is typed only because the form wanted something is recognised; what somebody might have is not."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.rules.placeholders import is_empty_birthday, is_empty_text, says_nothing
from clientportal.values import ContactKey, ContactKind, MatchKey, parse_email, parse_phone


def email(address: str) -> MatchKey:
    """The key of an address as it was typed."""
    return MatchKey.of(parse_email(address).key())


def number(text: str, region: str = "NZ") -> MatchKey:
    """The key of a mobile as it was typed."""
    return MatchKey.of(parse_phone(text, region=region).key())


@pytest.mark.requirement("X4")
@pytest.mark.parametrize(
    "local",
    [
        *("none", "None", "NIL", "null", "nobody", "no.one", "unknown", "not-known", "anonymous", "keine", "aucun"),
        *("noemail", "no-email", "no.e-mail", "No_Email_Address", "nomail", "withoutemail", "donthaveemail"),
        *("dont_have_an_email", "ohneemail", "kein-email", "sincorreo", "sin.correo", "pasdemail", "geenemail"),
        *("notprovided", "not.given", "not-supplied", "notavailable", "notapplicable", "declined", "refused"),
        *("xx", "xxx", "XXXX", "aaa", "000", "1111111", "asdf", "asdfgh", "asdfghjkl", "qwerty", "qwertz", "123"),
        *("12345", "1234567890", "placeholder", "dummy", "fake", "fake.email", "noreply", "no-reply", "nope"),
        *("none+1", "noemail+salon", "test", "Testing", "tester"),
    ],
)
def test_an_address_that_nobody_has(local: str) -> None:
    """Whatever its domain, in any spelling."""
    assert says_nothing(email(f"{local}@example.com"))
    assert says_nothing(email(f"{local}@gmail.com"))


@pytest.mark.requirement("X4")
def test_a_mailbox_is_what_stands_before_the_last_at() -> None:
    """A quoted one may contain another."""
    assert not says_nothing(MatchKey("email", "none@office@example.com"))


@pytest.mark.parametrize("address", ["na@na.com", "a@a.co.nz", "ab@AB.com", "abcd@abcd.example"])
def test_the_same_few_letters_on_both_sides_are_nobodys_address(address: str) -> None:
    """Typed twice to get on; or a firm's, which is no one person's either."""
    assert says_nothing(email(address))


@pytest.mark.requirement("X4")
@pytest.mark.parametrize(
    "address",
    [
        *("ana@example.com", "a@example.com", "mk@example.com", "ok@example.com", "na.li@example.com"),
        *("anon@xtra.co.nz", "noel.mailer@example.com", "user+none@example.com", "dummys@example.com"),
        *("kingi@kingi.co.nz", "na@nz.com", "testa@example.com", "testament@example.com"),
        *("nona@example.com", "noemi@example.com", "nonette@example.com", "nils@example.com", "12@example.com"),
        *("noemail.jones@example.com", "mailno@example.com", "info@example.com", "office@example.com", "ana@none.com"),
        *("1234567891@example.com", "ab123@example.com", "aab@example.com", "fakenham@example.com"),
        *("asdfor@example.com", "unknownartist@example.com"),
    ],
)  # fmt: skip
def test_an_address_that_somebody_may_have(address: str) -> None:
    """Initials, short names, names that begin like a word for nothing, the mailbox of an office."""
    assert not says_nothing(email(address))


@pytest.mark.requirement("X4")
@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("021 000 0000", "NZ"), ("021 999 9999", "NZ"), ("021 000 000", "NZ"), ("+64 21 1111111", "NZ"),
        ("212-999-9999", "US"), ("212-222-2222", "US"), ("07777 777777", "GB"),
        ("021 12345678", "NZ"), ("021 98765432", "NZ"),
    ],
)  # fmt: skip
def test_a_number_that_nobody_has(text: str, region: str) -> None:
    """One digit held down, six zeros, a run of eight up or down; in any of the two fields."""
    key = number(text, region)
    assert says_nothing(key)
    assert says_nothing(MatchKey("phone", key.value))


@pytest.mark.parametrize("value", ["+0000000", "+640000000000", "+6400000000", "0000000", "+1234567890"])
def test_what_reads_as_a_number_though_it_is_none(value: str) -> None:
    """The whole of it is zeros, or counts up."""
    assert says_nothing(MatchKey("mobile", value))


@pytest.mark.requirement("X4")
@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("021 123 4567", "NZ"), ("021 765 4321", "NZ"), ("021 555 0142", "NZ"), ("+1 212 555 0100", "US"),
        ("021 100 000", "NZ"), ("021 222 2223", "NZ"), ("09 300 0100", "NZ"),
    ],
)  # fmt: skip
def test_a_number_that_somebody_may_have(text: str, region: str) -> None:
    """Seven digits in a row are chosen and paid for, and so are four or five zeros."""
    assert not says_nothing(MatchKey("mobile", parse_phone(text, region=region).e164))


@given(st.integers(10**7, 10**9 - 1))
def test_next_to_no_number_is_taken_for_a_placeholder(subscriber: int) -> None:
    """Only one whose last digits are all the same, or count: whatever else stands there is somebody's."""
    digits = f"64{subscriber}"
    tail = digits[-7:]
    steps = {(int(b) - int(a)) % 10 for a, b in zip(digits[-8:-1], digits[-7:], strict=True)}
    if says_nothing(MatchKey("mobile", f"+{digits}")):
        assert len(set(tail)) == 1 or digits.endswith("000000") or steps in ({1}, {9})
    else:
        assert len(set(tail)) > 1


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1900, 1, 1), date(1970, 1, 1), date(9999, 12, 31)])
def test_a_day_that_stands_for_no_day(day: date) -> None:
    """What programs write where there is none; in the index with the initials that it goes with."""
    assert is_empty_birthday(day)
    assert says_nothing(MatchKey("birthday", f"{day.isoformat()}|ak"))
    assert says_nothing(MatchKey("birthday", day.isoformat()))


@pytest.mark.parametrize("day", [date(1900, 1, 2), date(1970, 1, 2), date(1990, 2, 3), date(2000, 1, 1)])
def test_a_day_on_which_somebody_was_born(day: date) -> None:
    """The first of 2000 is many people's."""
    assert not is_empty_birthday(day)
    assert not says_nothing(MatchKey("birthday", f"{day.isoformat()}|ak"))


def test_what_is_no_day_at_all_stands_for_none() -> None:
    """A key that this version did not write is no placeholder."""
    assert not says_nothing(MatchKey("birthday", "spring|ak"))


@pytest.mark.parametrize("text", ["", " ", "-", "N/A", "n.a.", "None", "Unknown", "  not   known ", "NULL", "0", "xxx"])
def test_a_field_that_says_it_is_empty(text: str) -> None:
    """In signs and in words, whatever the case and the spaces."""
    assert is_empty_text(text)
    assert says_nothing(MatchKey("custom.card", text))


@pytest.mark.parametrize("text", ["1", "K-1042", "yes", "none of your business", "na 7"])
def test_a_field_that_says_something(text: str) -> None:
    """A number, a word, a sentence."""
    assert not is_empty_text(text)
    assert not says_nothing(MatchKey("custom.card", text))


@given(st.sampled_from(["mobile", "phone", "email", "birthday", "custom.a:b", "custom.%3A"]), st.text(max_size=40))
def test_every_key_has_its_answer_and_its_text(kind: str, value: str) -> None:
    """Whatever stands there, the rule answers; and the text of a key reads back, as a contact's does."""
    key = MatchKey(kind, value)
    assert says_nothing(key) in (True, False)
    assert MatchKey.parse(str(key)) == key
    if key.contact is not None:
        assert str(key.contact) == str(key)
        assert MatchKey.of(key.contact) == key
        assert ContactKey.parse(str(key)) == ContactKey(ContactKind(kind), value)
