"""Email addresses: one key per mailbox, and never one key for two."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import InvalidContact
from clientportal.values import ContactKind, parse_email

SAME = [
    ["ana@example.com", "Ana@Example.COM", "ANA@EXAMPLE.COM", "  ana@example.com\n", "\u00a0ana@example.com\u3000"],
    ["ana@example.com", "\u200eana@example.com\u200f", "\ufeffana@\u200bexample.com", "\u202aana@example.com\u202c"],
    ["ana@example.com", "ana@\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com", "ana@example\u3002com"],
    ["jos\u00e9@example.com", "jose\u0301@example.com", "JOS\u00c9@example.com"],
    ["ana@m\u00fcller.de", "ana@mu\u0308ller.de", "ana@M\u00dcLLER.de", "ana@xn--mller-kva.de", "Ana@XN--MLLER-KVA.de"],
    ["ana@stra\u00dfe.de", "ana@xn--strae-oqa.de"],
]

DISTINCT = [
    ("ana@stra\u00dfe.de", "ana@strasse.de"),
    ("stra\u00dfe@example.com", "strasse@example.com"),
    ("\ufb01@example.com", "fi@example.com"),
    ("\u017fteve@example.com", "steve@example.com"),
    ("m\u0131ke@example.com", "mike@example.com"),
    ("\u0130@example.com", "i@example.com"),
    ("ana@example.com", "ana@ex\u0430mple.com"),
    ("ana@paypal.com", "ana@xn--pypal-4ve.com"),
    ("\u0430na@example.com", "ana@example.com"),
    ("ana@example.com", "ana@example.co"),
    ("ana+salon@example.com", "ana@example.com"),
    ("a.na@example.com", "ana@example.com"),
    ("jose@example.com", "jos\u00e9@example.com"),
]

REFUSED = [
    ("", "empty"),
    (" \t\u200b\u200f\n", "empty"),
    ("a" * 4989 + "@example.c", "too_long"),
    ("ana@example.com" + " " * 5000, "too_long"),
    ("a" * 243 + "@example.com", "too_long"),
    ("ana", "not_an_address"),
    ("ana@", "not_an_address"),
    ("@example.com", "not_an_address"),
    ("ana@@example.com", "not_an_address"),
    ("a na@example.com", "not_an_address"),
    ("ana@example.com, bo@example.com", "not_an_address"),
    ("ana@example.com\nBcc: bo@example.com", "not_an_address"),
    ("ana@example.com\r\n\r\nhello", "not_an_address"),
    ("an\x00a@example.com", "not_an_address"),
    ("ana@exam\x00ple.com", "not_an_address"),
    ("ana\ud800@example.com", "not_an_address"),
    ("ana@exa\udfffmple.com", "not_an_address"),
    ("ana@\U0001f600.com", "not_an_address"),
    ("Ana <ana@example.com>", "not_an_address"),
    ("mailto:ana@example.com", "not_an_address"),
    ("ana@[192.0.2.1]", "not_an_address"),
    ("ana@localhost", "not_an_address"),
    ("ana@example..com", "not_an_address"),
    (".ana@example.com", "not_an_address"),
    ('"ana"@example.com', "not_an_address"),
    ("ana\uff20example.com", "not_an_address"),
    ("ana@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com", "not_an_address"),
]


@pytest.mark.parametrize("spellings", SAME)
def test_spellings_of_one_address_share_a_key(spellings: list[str]) -> None:
    """Case, composed letters, punycode, full width, spaces and pasted marks do not make another address."""
    assert len({parse_email(spelling).key() for spelling in spellings}) == 1


@pytest.mark.parametrize(("one", "other"), DISTINCT)
def test_look_alikes_stay_distinct(one: str, other: str) -> None:
    """A proof of a look-alike address or domain never opens the records of the one that it imitates."""
    assert parse_email(one).key() != parse_email(other).key()


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_is_no_address_is_refused(text: str, problem: str) -> None:
    """Names, lists, header injection, controls, broken text and over-long text are refused with a stable word."""
    with pytest.raises(InvalidContact) as caught:
        parse_email(text)
    assert problem == caught.value.problem


def test_mail_goes_to_the_address_as_written_not_to_its_key() -> None:
    """The case of the local part is the mailbox's own business; only the key folds it."""
    email = parse_email(" Ana.Lopez@Example.COM ")
    assert (
        email.address,
        email.key_text,
        email.raw,
    ) == ("Ana.Lopez@example.com", "ana.lopez@example.com", " Ana.Lopez@Example.COM ")


def test_the_key_is_that_of_the_email_field() -> None:
    """An email has one field only."""
    assert ContactKind.EMAIL is parse_email("ana@example.com").key().kind


def test_the_raw_text_stays_out_of_the_repr() -> None:
    """What was typed around the address is not logged."""
    assert "  ana" not in repr(parse_email("  ana@example.com"))


_local = st.text(
    string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~"
    "\u00e9\u00c9\u00df\u0130\u0131\u017f\u0141\u03a3\u03c2\u03c3\u0416\u1e9e\ufb01\u0301\u030c\u01c4",
    min_size=1,
    max_size=20,
)
_domain = st.sampled_from(
    [
        "example.com",
        "EXAMPLE.com",
        "m\u00fcller.de",
        "stra\u00dfe.de",
        "xn--strae-oqa.de",
        "\u4f8b\u3048.jp",
        "a.b.co.nz",
    ]
)


@given(_local, _domain)
def test_the_key_is_idempotent(local: str, domain: str) -> None:
    """Law 16: the key of a key is the key, so re-normalising what is stored changes nothing."""
    try:
        email = parse_email(f"{local}@{domain}")
    except InvalidContact:
        return
    assert email.key() == parse_email(email.key_text).key()
    assert email.key() == parse_email(email.address).key()


@given(st.text(string.ascii_letters + "\u00e9\u00c9\u0142\u0416", min_size=1, max_size=20), _domain)
def test_the_key_is_independent_of_case_and_composition(local: str, domain: str) -> None:
    """Law 16: upper and lower case, composed and decomposed letters are spellings of one address."""
    expected = parse_email(f"{local}@{domain}").key()
    spellings = [local.upper(), local.lower(), unicodedata.normalize("NFD", local), local.swapcase()]
    assert {expected} == {parse_email(f" {spelling}@{domain}").key() for spelling in spellings}


@given(st.text(max_size=60) | st.text(string.printable + "\u200b\u200d\ud800", max_size=40).map("ana@{}.com".format))
def test_any_text_is_an_address_or_a_documented_refusal(text: str) -> None:
    """Nothing but InvalidContact comes out of the parser."""
    try:
        email = parse_email(text)
    except InvalidContact:
        return
    assert email.key() == parse_email(email.address).key()
