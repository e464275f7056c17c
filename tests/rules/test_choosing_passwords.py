"""May this be a password? Length and lists, and nothing else."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.decisions import Because, Reason, Refusal
from clientportal.errors import InvalidInput
from clientportal.messages.texts import Catalogue
from clientportal.policy.passwords import PasswordPolicy
from clientportal.rules.choosing_passwords import PasswordFacts, judge_new_password, read_password
from clientportal.values import Secret

POLICY = PasswordPolicy()
UNSUSPICIOUS = PasswordFacts(listed=False, breached=False)
SALON = PasswordFacts(
    listed=False,
    breached=False,
    context=("Kōwhai Hair", "Aroha Ngata-King", "aroha.ngata@example.org"),
)


def judge(text: str, facts: PasswordFacts = UNSUSPICIOUS, *, second: bool = False, **settings: Any) -> Refusal | None:
    """The rule's answer to what somebody typed."""
    policy = evolve(POLICY, **settings)
    return judge_new_password(read_password(Secret(text), policy), facts, policy, second_factor_required=second)


def reason(refusal: Refusal | None) -> Reason | None:
    """Its reason, or none."""
    return None if refusal is None else refusal.reason


# --- reading -------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=64))
def test_what_is_read_is_what_was_typed_in_nfc(text: str) -> None:
    """Nothing is trimmed, folded or cut: spaces, case and length stay (ASVS V6.2.8)."""
    assert read_password(Secret(text), POLICY) == Secret(unicodedata.normalize("NFC", text))


def test_an_accent_is_the_same_from_every_keyboard() -> None:
    """Composed and decomposed, one password."""
    composed, decomposed = (Secret(unicodedata.normalize(form, "Kōwhai café")) for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert read_password(composed, POLICY) == read_password(decomposed, POLICY)


def test_an_emoji_is_a_character() -> None:
    """Also one of several code points, which are left as they are."""
    family = "👩‍👩‍👧 and 🏳️‍🌈"
    assert read_password(Secret(family), POLICY).reveal() == family


@pytest.mark.parametrize("blank", ["", " ", "\t \n"])
def test_blank_is_read(blank: str) -> None:
    """A blank password at a login gets the alert that every wrong one gets (A3), so it is no invalid input."""
    assert read_password(Secret(blank), POLICY).reveal() == blank


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("canary-\ud83d", "a password is Unicode text; this has half of a surrogate pair in it"),
        ("\udc00canary", "a password is Unicode text; this has half of a surrogate pair in it"),
        ("canary\x00", "a password has no NUL in it"),
        ("canary" * 200, "a password has at most 1024 bytes in UTF-8; this has more"),
        ("ö" * 513, "a password has at most 1024 bytes in UTF-8; this has more"),
    ],
)
def test_what_can_be_no_password_is_invalid_input(text: str, problem: str) -> None:
    """One sentence says what is wrong, without what was typed."""
    with pytest.raises(InvalidInput) as caught:
        read_password(Secret(text), POLICY)
    assert str(caught.value) == problem
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_the_first_half_and_the_last_are_halves_and_their_neighbours_are_characters() -> None:
    """U+D800 and U+DFFF, the ends of the range that no text may have."""
    for number in (0xD800, 0xDFFF):
        with pytest.raises(InvalidInput, match="half of a surrogate pair"):
            read_password(Secret(f"canary {chr(number)}"), POLICY)
    for number in (0xD7FF, 0xE000):
        assert read_password(Secret(chr(number)), POLICY).reveal() == chr(number)


@pytest.mark.parametrize("given_", [None, 7, b"a password as bytes"])
def test_what_is_no_text_is_invalid_input(given_: Any) -> None:
    """Whatever a framework hands through."""
    with pytest.raises(InvalidInput, match=f"this is {type(given_).__name__}"):
        read_password(Secret(given_), POLICY)


def test_the_bound_is_counted_in_bytes_and_is_inclusive() -> None:
    """1,024 bytes pass, one more does not; also where composing makes it longer."""
    assert read_password(Secret("ö" * 512), POLICY).reveal() == "ö" * 512
    assert read_password(Secret("o" * 1024), POLICY).reveal() == "o" * 1024
    # U+FB1D, three bytes, is always decomposed, into four.
    with pytest.raises(InvalidInput, match="at most 1024 bytes"):
        read_password(Secret("\ufb1d" * 341), POLICY)


def test_an_over_long_password_is_not_even_composed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Composing a megabyte of accents takes far longer than looking at its length."""
    composed: list[str] = []

    def normalize(form: Any, text: str) -> str:
        composed.append(text)
        return text

    monkeypatch.setattr("clientportal.rules.choosing_passwords.unicodedata.normalize", normalize)
    with pytest.raises(InvalidInput):
        read_password(Secret("e" + "\u0301" * 1_000_000), POLICY)
    assert composed == []


# --- judging -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "second", "expected"),
    [
        (14, False, Reason.PASSWORD_TOO_SHORT),
        (15, False, None),
        (64, False, None),
        (7, True, Reason.PASSWORD_TOO_SHORT),
        (8, True, None),
    ],
)
@pytest.mark.parametrize("character", ["k", "ō", "傘", "🌈", "o\u0304"])
def test_the_length_is_counted_in_characters(
    length: int, second: bool, expected: Reason | None, character: str
) -> None:
    """In code points after NFC, whatever their bytes: fifteen alone, eight with a second factor."""
    refusal = judge(character * length, second=second)
    assert reason(refusal) is expected
    if refusal is not None:
        assert refusal.facts == {"least": "8" if second else "15"}


def test_a_short_password_is_told_how_long_it_must_be() -> None:
    """In the client's text; staff see the setting."""
    refusal = judge("too short")
    assert refusal is not None
    assert "at least 15 characters" in Catalogue().for_client(refusal)
    assert refusal.because.settings == (("passwords.min_length", "15"),)


@pytest.mark.parametrize("text", ["all lowercase and spaces", "1 7 3 9 2 8 4 6 5 0 2", "НЕ ТОЛЬКО ЛАТИНИЦА", "傘" * 15])
def test_there_are_no_rules_of_composition(text: str) -> None:
    """One kind of character is enough (ASVS V6.2.5)."""
    assert judge(text) is None


@given(st.booleans(), st.booleans(), st.booleans())
def test_lists_are_asked_in_order(blocklist: bool, listed: bool, breached: bool) -> None:
    """The blocklist where it is switched on, then the breaches."""
    expected = None
    if breached:
        expected = Reason.PASSWORD_BREACHED
    if blocklist and listed:
        expected = Reason.PASSWORD_TOO_COMMON
    facts = PasswordFacts(listed=listed, breached=breached)
    assert reason(judge("a sentence of some length", facts, blocklist=blocklist)) is expected


@pytest.mark.parametrize(
    "text",
    [
        "Kōwhai Hair 2026!!",
        "kowhaihairkowhaihair",
        "KOWHAI-hair-1234567",
        "aroha.ngata@example.org",
        "aroha ngata 1987-06-12",
        "!!King.Aroha.Ngata!!",
        "my-kowhai-hair-2026",
        "Ponsonby1Ponsonby2",
        "clientportal 2026 11",
    ],
)
def test_a_password_around_the_context_is_too_common(text: str) -> None:
    """The business, its client, her address, its own words: with years and signs they are no secret (ASVS V6.2.11)."""
    refusal = judge(text, SALON, context_words=("Ponsonby", "clientportal"))
    assert reason(refusal) is Reason.PASSWORD_TOO_COMMON
    assert not any(word in str(refusal).casefold() for word in ("kowhai", "aroha", "ponsonby"))


@pytest.mark.parametrize(
    "text",
    ["a kōwhai tree by the ferry", "hairy spiders at midnight", "purple kettle lamp 1987", "9 8 2 7 4 1 0 5 3 6"],
)
def test_a_word_of_the_context_in_a_longer_sentence_does_not_matter(text: str) -> None:
    """Enough of it is the client's own."""
    assert judge(text, SALON) is None


@pytest.mark.parametrize(
    ("text", "common"),
    [
        ("kowhai-kowhai-abcdefg", True),
        ("kowhai-kowhai-abcdefgh", False),
        ("ab 2026 kowhai 2026 cd", True),
        ("ab 2026 kowhai 2026 cdefghi", False),
    ],
)
def test_eight_letters_of_ones_own_are_enough(text: str, common: bool) -> None:
    """Years beside the words of the context are its decoration, and are nobody's own."""
    assert (reason(judge(text, SALON)) is Reason.PASSWORD_TOO_COMMON) is common


def test_a_word_within_a_word_leaves_nothing_over() -> None:
    """Nan of the Banana Spa: her name does not make the rest of the business's a secret."""
    facts = PasswordFacts(listed=False, breached=False, context=("Nan", "Banana Spa"))
    assert reason(judge("banana2026banana2026banana", facts)) is Reason.PASSWORD_TOO_COMMON


@pytest.mark.parametrize(
    ("text", "seen", "second", "fact", "settings"),
    [
        ("short", SALON, False, ("second factor", "not required"), (("passwords.min_length", "15"),)),
        ("short", SALON, True, ("second factor", "required"), (("passwords.min_length_with_second", "8"),)),
        (
            "a sentence of some length",
            evolve(UNSUSPICIOUS, listed=True),
            False,
            ("common", "on the blocklist"),
            (("passwords.blocklist", "true"),),
        ),
        (
            "Kōwhai Hair 2026!!",
            SALON,
            False,
            ("common", "built around a word of the context"),
            (("passwords.blocklist", "true"),),
        ),
        (
            "a sentence of some length",
            evolve(UNSUSPICIOUS, breached=True),
            False,
            ("breached", "known to have leaked"),
            (),
        ),
    ],
)
def test_staff_read_which_rule_said_no_and_nothing_of_the_password(
    text: str, seen: PasswordFacts, second: bool, fact: tuple[str, str], settings: tuple[tuple[str, str], ...]
) -> None:
    """The length, the list, the context, the leak; and the setting that asks for it."""
    refusal = judge(text, seen, second=second)
    assert refusal is not None
    assert refusal.because == Because("choosing_passwords.judge_new_password", (fact,), settings)


def test_short_words_and_empty_texts_of_the_context_are_no_words() -> None:
    """A client called Li Wu may use those letters."""
    facts = PasswordFacts(listed=False, breached=False, context=("Li", "Wu", "", "  ", "@"))
    assert judge("7 1 li 9 3 4 wu 8 2 0 6", facts) is None


@pytest.mark.parametrize("text", ["Spa-Spa-Spa-2026", "liwu liwu liwu 2026"])
def test_three_letters_are_a_word_and_two_short_names_in_a_row_are_one(text: str) -> None:
    """Li Wu may use the letters of either name; both at once are what a guesser begins with."""
    facts = PasswordFacts(listed=False, breached=False, context=("Spa", "Li Wu"))
    assert reason(judge(text, facts)) is Reason.PASSWORD_TOO_COMMON


def test_without_the_blocklist_the_context_is_not_asked_either() -> None:
    """One switch for both."""
    assert judge("Kōwhai Hair 2026!!", SALON, blocklist=False) is None
