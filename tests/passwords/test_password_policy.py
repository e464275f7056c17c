"""What a business may choose about passwords."""

from __future__ import annotations

import sys
import unicodedata
from typing import Any

import pytest

from clientportal.errors import PolicyError
from clientportal.policy.passwords import PasswordPolicy


def test_the_defaults_are_the_numbers_of_the_standards() -> None:
    """NIST SP 800-63B-4 3.1.1.2 and ASVS V6.2, V11.4.2."""
    policy = PasswordPolicy()
    assert [policy.min_length, policy.min_length_with_second, policy.max_bytes] == [15, 8, 1024]
    assert [policy.memory_kib, policy.passes, policy.lanes] == [19 * 1024, 2, 1]
    assert [policy.blocklist, policy.context_words] == [True, ()]


@pytest.mark.parametrize(
    ("wrong", "settings"),
    [
        ({"min_length": 8, "min_length_with_second": 9}, ("min_length_with_second", "min_length")),
        ({"memory_kib": 16, "lanes": 4}, ("memory_kib", "lanes")),
        ({"memory_kib": 1_048_576, "passes": 5}, ("memory_kib", "passes")),
        ({"context_words": "Kōwhai"}, ("context_words",)),
        ({"context_words": ["Kōwhai", " "]}, ("context_words",)),
        ({"context_words": [7]}, ("context_words",)),
    ],
)
def test_a_contradiction_is_refused_with_its_settings(wrong: dict[str, Any], settings: tuple[str, ...]) -> None:
    """The message says what is wrong, and ``settings`` where."""
    with pytest.raises(PolicyError) as caught:
        PasswordPolicy(**wrong)
    assert caught.value.settings == settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_length": 0},
        {"min_length": 65},
        {"max_bytes": 639},
        {"max_bytes": 65_537},
        {"memory_kib": 7},
        {"passes": 0},
        {"lanes": 17},
    ],
)
def test_a_number_beyond_its_bounds_is_refused(wrong: dict[str, int]) -> None:
    """A minimum above 64 would refuse what must be accepted; the rest argon2 cannot do, or nobody could wait for."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PasswordPolicy(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"min_length": "15"}, {"blocklist": 1}, {"memory_kib": 19456.0}])
def test_a_value_of_another_type_is_refused(wrong: dict[str, Any]) -> None:
    """As everywhere in a policy."""
    with pytest.raises(TypeError):
        PasswordPolicy(**wrong)


def test_sixty_four_characters_fit_however_they_are_composed() -> None:
    """The smallest ``max_bytes`` has room for 64 of any character, also from a keyboard that decomposes it."""
    every = (chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point <= 0xDFFF)
    composed = (character for character in every if unicodedata.normalize("NFC", character) == character)
    assert max(len(unicodedata.normalize("NFD", character).encode()) for character in composed) * 64 <= 640
