"""What is read quickly is what both libraries would have read: the same key, or no answer at all."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clientportal.errors import InvalidContact
from clientportal.values import ContactKind, email_key, parse_email, parse_phone, phone_key
from clientportal.values.quick_keys import quick_email, quick_number

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
_TYPES = (
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.TOLL_FREE,
)


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """A region, and something near one of its numbers: digits changed, cut or added, odd prefixes, grouping."""
    region = draw(st.sampled_from(REGIONS))
    number = phonenumbers.example_number_for_type(region, draw(st.sampled_from(_TYPES)))
    digits = list(phonenumbers.national_significant_number(number) if number else "211234567")
    for _ in range(draw(st.integers(0, 4))):
        digits[draw(st.integers(0, len(digits) - 1))] = draw(st.sampled_from("0123456789"))
    digits = digits[: draw(st.integers(len(digits) - 2, len(digits)))] + draw(
        st.lists(st.sampled_from("0189"), max_size=2)
    )
    code = str(phonenumbers.country_code_for_region(region))
    before = draw(
        st.sampled_from(["", "0", "1", "8", "00", "011", "+", code, "+" + code, "00" + code, f"+{code}0", "1831"])
    )
    grouping = st.sampled_from(["", "", "", " ", "-", ".", "(", ")", "/", "\u00a0"])
    return region, before + "".join(digit + draw(grouping) for digit in digits)


def _in_full(region: str, text: str) -> str | None:
    try:
        return parse_phone(text, region=region).e164
    except InvalidContact:
        return None


@given(spellings())
@example(("NZ", "021 123 4567"))
@example(("AU", "(04) 1234 5678"))
@example(("US", "+1 (212) 555-0142"))
@example(("CA", "506-234-5678"))
@example(("IT", "02 1234 5678"))
@example(("AR", "0223 15 123-4567"))
@example(("BF", "000 32 375 6912"))  # a zero behind the way abroad: no country code begins with one
@example(("TH", "005 049 123 4567"))
def test_a_number_is_read_as_phonenumbers_reads_it(spelt: tuple[str, str]) -> None:
    """Whatever is answered quickly, in any region and spelling, is the number that reading in full would have found."""
    region, text = spelt
    quick = quick_number(text, region)
    assert quick is None or quick == _in_full(region, text)


@pytest.mark.slow
@given(st.text("+0123456789 ()-./xX\u0660\uff11", max_size=20), st.sampled_from(REGIONS))
def test_nothing_else_is_taken_for_a_number(text: str, region: str) -> None:
    """Neither is anything that merely looks like one."""
    quick = quick_number(text, region)
    assert quick is None or quick == _in_full(region, text)


@pytest.mark.parametrize(
    ("region", "text", "number"),
    [
        ("NZ", "021 123 4567", "+64211234567"),
        ("NZ", "+64 21 123 4567", "+64211234567"),
        ("NZ", "(09) 300-1234", "+6493001234"),
        ("NZ", "0064 21 123 4567", "+64211234567"),
        ("NZ", "+61 412 345 678", "+61412345678"),
        ("NZ", "00 353 85 012 3456", "+353850123456"),
        ("US", "011 1 212 555 0142", "+12125550142"),
        ("AU", "0412 345 678", "+61412345678"),
        ("GB", "07400 123456", "+447400123456"),
        ("US", "(212) 555-0142", "+12125550142"),
        ("CA", "506.234.5678", "+15062345678"),
        ("DE", "0151 23456789", "+4915123456789"),
        ("CH", "078 123 45 67", "+41781234567"),
    ],
)
def test_common_spellings_are_quick(region: str, text: str, number: str) -> None:
    """The usual spellings of a region need no reading in full."""
    assert quick_number(text, region) == number == _in_full(region, text)


@pytest.mark.parametrize(
    ("region", "text"),
    [
        ("NZ", "011 64 21 123 4567"),  # another country's way abroad
        ("NZ", "64 21 123 4567"),  # its own country code without a plus
        ("US", "1-212-555-0142"),  # trunk prefix or country code
        ("NZ", "+64 021 123 4567"),  # a trunk prefix behind the country code
        ("NZ", "021 123 4567 ext. 2"),
        ("NZ", "０２１ １２３ ４５６７"),
        ("NZ", "12345"),
        ("IT", "02 1234 5678"),  # the zero stays
        ("AR", "0223 15 123-4567"),  # the mobile prefix moves
        ("CA", "+1 242 365 1234"),  # the Bahamas
        ("XX", "021 123 4567"),
        ("NZ", " " * 30 + "021 123 4567"),  # longer than anything that is looked at as a number
    ],
)
def test_whatever_is_not_certain_is_left_to_reading_in_full(region: str, text: str) -> None:
    """No answer is no verdict: it is read by phonenumbers then."""
    assert quick_number(text, region) is None


def test_the_key_is_the_same_either_way() -> None:
    """A mobile and an address have one key, whichever way they were read; what cannot be read is refused as ever."""
    for text in ("021 123 4567", "0064 21 123 4567", "tel:+64-21-123-4567"):
        assert phone_key(text, region="NZ", kind=ContactKind.PHONE) == parse_phone(text, region="NZ").key(
            ContactKind.PHONE
        )
    for text in ("Ana@Example.com", " ana@example.com ", "ana@exämple.com", "ANA@XN--EXMPLE-CUA.com"):
        assert email_key(text) == parse_email(text).key()
    with pytest.raises(InvalidContact, match="at most 40 characters"):
        phone_key(" " * 30 + "021 123 4567", region="NZ", kind=ContactKind.MOBILE)
    with pytest.raises(InvalidContact, match="letters"):
        phone_key("0800 FLOWERS", region="NZ", kind=ContactKind.PHONE)
    with pytest.raises(InvalidContact, match="not an email"):
        email_key("ana@localhost")


_locals = st.text("aAzZ09._+'-ß\u0130 ", min_size=1, max_size=66)
_domains = st.lists(st.text("aZ09-", min_size=1, max_size=5), min_size=1, max_size=3).map(".".join)
_ends = st.sampled_from(
    ["com", "COM", "test", "local", "invalid", "onion", "xn--p1ai", "c0m", "example", "co.nz", "arpa"]
)


@given(_locals, _domains, _ends)
@example("ana", "example", "com")
@example("a" * 65, "example", "com")
@example("a..b", "example", "com")
@example("ana", "ex--mple", "com")
@example("ana", "-example", "com")
def test_an_address_is_read_as_email_validator_reads_it(local: str, domain: str, end: str) -> None:
    """Whatever is answered quickly is the key that reading in full would have found."""
    raw = f"{local}@{domain}.{end}"
    quick = quick_email(raw)
    assert quick is None or quick == parse_email(raw).key_text


@pytest.mark.parametrize("raw", ["Ana.Kingi@Example.com", "o'neill+salon@mail.example.co.nz", "a@b.cd"])
def test_plain_addresses_are_quick(raw: str) -> None:
    """Plain addresses need no reading in full."""
    assert quick_email(raw) == raw.lower() == parse_email(raw).key_text
