"""Passwords that everybody uses, bare and dressed up; and sentences that nobody else has."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import clientportal
from clientportal.passwords import blocklist, is_listed
from clientportal.values import Secret

FOLDER = Path(clientportal.__file__).parent / "passwords"


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "PassWord",
        "12345678",
        "iloveyou",
        "пароль",
        "password1234567",
        "Password2026!!!!",
        "  monkey 2026 12 24",
        "#1 qwertyuiop 1990",
        "passwordpassword",
        "Qwerty1Qwerty1Qwerty1",
        "qwertyqwertyqwe",
        "aaaaaaaaaaaaaaa",
        "ab1ab1ab1ab1ab1",
        "               ",
        "😀" * 15,
        "123456789012345",
        "987654321098765",
        "abcdefghijklmnop",
        "aaaabbbbccccdddd",
        "1234abcd9876zyxw",
        "111222333444555!",
    ],
)
def test_what_guessers_try_first_is_listed(password: str) -> None:
    """In any case, with a year behind it, twice over, or a run of the alphabet."""
    assert is_listed(Secret(password))


@pytest.mark.parametrize(
    "password",
    [
        "",
        "Kōwhai tree 7 by the ferry",
        "purple kettle lamp 1987",
        "ferrymonkeylamp",
        "x8#Lq!v02@Rt5mZ",
        "四つの青い傘と猫",
        "aaaabbbbccccdddx",
        "monday rain tuesday sun",
    ],
)
def test_what_only_one_person_would_choose_is_not(password: str) -> None:
    """A common word in a sentence, a single run among other things, and no text at all are no reason."""
    assert not is_listed(Secret(password))


def test_the_list_is_long_enough_and_small_enough() -> None:
    """At least the top 3,000 of the permitted length (ASVS V6.2.4), every entry as it is compared, in 150 kB."""
    listed = blocklist._listed()
    assert sum(len(entry) >= 8 for entry in listed) >= 10_000
    assert all(entry == entry.casefold().strip() and entry for entry in listed)
    assert (FOLDER / "common-passwords.txt.gz").stat().st_size < 150_000


def test_the_list_has_its_licences_beside_it() -> None:
    """Both lists are named with their notices, as their licences ask."""
    notice = (FOLDER / "common-passwords.LICENCE.txt").read_text()
    assert all(words in notice for words in ("Django Software Foundation", "MIT License", "Royce Williams"))
    assert f"{len(blocklist._listed()):,} passwords" in notice


def test_the_list_is_read_when_it_is_first_asked_for() -> None:
    """A portal without passwords never holds it."""
    program = (
        "from clientportal.passwords import blocklist, is_listed\n"
        "from clientportal.values import Secret\n"
        "assert blocklist._listed.cache_info().currsize == 0\n"
        "assert is_listed(Secret('password')) and blocklist._listed.cache_info().currsize == 1\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@given(st.text(max_size=60))
def test_case_does_not_matter_and_nothing_raises(text: str) -> None:
    """Any text at all."""
    assert is_listed(Secret(text)) is is_listed(Secret(text.casefold()))


@given(st.sampled_from(sorted(blocklist._listed())), st.text("0123456789!?. -", max_size=12))
def test_decoration_helps_nothing(entry: str, decoration: str) -> None:
    """Digits and signs behind a listed password that ends in a letter, and before one that begins with one."""
    if entry[0].isalpha() and entry[-1].isalpha():
        assert is_listed(Secret(decoration + entry + decoration))


@pytest.mark.parametrize("text", ["ab" * 511 + "q", "a" * 1024, "abcab" * 200 + "xy", "1" * 1000 + "x" * 24])
def test_the_longest_password_is_looked_at_quickly(text: str) -> None:
    """A thousand and twenty-four characters of the worst kind take a moment, not a second."""
    begun = time.perf_counter()
    is_listed(Secret(text))
    assert time.perf_counter() - begun < 0.5
