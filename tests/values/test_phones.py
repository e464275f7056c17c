"""Phone numbers: every usual spelling has one key, and nothing else has any."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from clientportal.errors import InvalidContact
from clientportal.values import ContactKey, ContactKind, NumberType, mask, parse_phone

SPELLINGS = {
    ("NZ", "+64211234567"): [
        "0211234567",
        "021 123 4567",
        "021-123-4567",
        "021.123.4567",
        "021/123/4567",
        "(021) 123 4567",
        "[021] 123 4567",
        " \t021 123 4567\n",
        "021\u00a0123\u202f4567",
        "021\u2011123\u20134567",
        "0064 21 123 4567",
        "+64 21 123 4567",
        "+64 (0)21 123 4567",
        "64 21 123 4567",
        "tel:+64-21-123-4567",
        "TEL: 021 123 4567",
        "\u0660\u0662\u0661 \u0661\u0662\u0663 \u0664\u0665\u0666\u0667",
        "\u06f0\u06f2\u06f1\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7",
        "\uff10\uff12\uff11\uff0d\uff11\uff12\uff13\uff0d\uff14\uff15\uff16\uff17",
        "\uff08\uff10\uff12\uff11\uff09\uff11\uff12\uff13\u3000\uff14\uff15\uff16\uff17",
        "\uff0b64 21 123 4567",
        "\u200f021 123 4567\u200e",
        "\u202a+64 21 123 4567\u202c",
        "\u2066021\u200b123\u20604567\u2069",
        "\ufeff0211234567",
    ],
    ("US", "+12125550123"): [
        "(212) 555-0123",
        "212.555.0123",
        "1 212 555 0123",
        "+1 (212) 555-0123",
        "001 212 555 0123",
        "011 1 212 555 0123",
        "tel:+1-212-555-0123",
    ],
    ("GB", "+447911123456"): ["07911 123456", "+44 (0)7911 123456", "0044 7911 123456", "44 7911 123456"],
    ("GB", "+442079460958"): ["020 7946 0958", "(020) 79460958", "+44 20 7946 0958"],
    ("DE", "+4915123456789"): ["0151 23456789", "0151/23456789", "0049 151 23456789", "+49 (0) 151 23456789"],
    ("AU", "+61412345678"): [
        "0412 345 678",
        "0011 61 412 345 678",
        "0061 412 345 678",
        "+61 412 345 678",
        "+61 (0)412 345 678",
    ],
    ("IT", "+390669812345"): ["06 6981 2345", "+39 06 6981 2345", "0039 06 69812345", "39 06 69812345"],
}

# A client from abroad, at a business whose region dials abroad in another way.
ABROAD = [
    ("0064 21 123 4567", "US", "+64211234567"),
    ("011 64 21 123 4567", "US", "+64211234567"),
    ("0064 21 123 4567", "AU", "+64211234567"),
    ("0011 64 21 123 4567", "AU", "+64211234567"),
    ("0064 21 123 4567", "JP", "+64211234567"),
    ("010 64 21 123 4567", "JP", "+64211234567"),
    ("001 64 21 123 4567", "KR", "+64211234567"),
    ("0064 21 123 4567", "KR", "+64211234567"),
    ("001 212 555 0123", "KR", "+12125550123"),
    # both readings exist, the other one in Jamaica: what the region itself dials goes first
    ("001 65 8234 5678", "KR", "+6582345678"),
    ("00 39 06 6981 2345", "US", "+390669812345"),
]

REFUSED = [
    ("", "empty"),
    (" \t\u00a0\u200b\u200f\n", "empty"),
    ("tel:", "empty"),
    ("0" * 5000, "too_long"),
    ("021 123 4567" + " " * 5000, "too_long"),
    ("0800 FLOWERS", "letters"),
    ("+1 800 CALL NOW", "letters"),
    ("O21 123 4567", "letters"),
    ("phone 021 123 4567", "letters"),
    ("021 123 4567 \u0445 5", "letters"),
    ("021 123 4567 x5", "extension"),
    ("021 123 4567 ext. 5", "extension"),
    ("021 123 4567 Extension 5", "extension"),
    ("021 123 4567#5", "extension"),
    ("021 123 4567,,5", "extension"),
    ("021 123 4567;5", "extension"),
    ("tel:+64-21-123-4567;ext=5", "extension"),
    ("tel:021-1234567;phone-context=+64", "letters"),
    ("021\x00 123 4567", "not_a_number"),
    ("0211234567\x00", "not_a_number"),
    ("021 123\n4567", "not_a_number"),
    ("021 123 4567\x1b[0m", "not_a_number"),
    ("021\ud800 123 4567", "not_a_number"),
    ("\udcff0211234567", "not_a_number"),
    ("\U0001f4de 021 123 4567", "not_a_number"),
    ("021 123 45\u2467", "not_a_number"),
    ("021\u200d1234567", "not_a_number"),
    ("++64 21 123 4567", "not_a_number"),
    ("021 123 4567 / 021 765 4321", "not_a_number"),
    ("0064+21 123 4567", "not_a_number"),
    ("+", "not_a_number"),
    ("00", "not_a_number"),
    ("111", "not_a_number"),
    ("021 123", "not_a_number"),
    ("+999 123 456 789", "not_a_number"),
    ("=1+1", "not_a_number"),
]

# fmt: off
REGIONS = [
    "AR", "AT", "AU", "BE", "BR", "CA", "CH", "CL", "CN", "DE", "DK", "ES", "FI", "FR", "GB", "GR", "HK", "IE",
    "IL", "IN", "IT", "JP", "KR", "MX", "NL", "NO", "NZ", "PL", "PT", "RU", "SE", "SG", "TR", "UA", "US", "ZA",
]
# fmt: on


@pytest.mark.parametrize(
    ("region", "e164", "spelling"),
    [(region, e164, spelling) for (region, e164), spellings in SPELLINGS.items() for spelling in spellings],
)
def test_every_usual_spelling_has_one_key(region: str, e164: str, spelling: str) -> None:
    """National, 00, +, brackets, other scripts' digits and pasted marks all lead to the same number."""
    assert ContactKey(ContactKind.MOBILE, e164) == parse_phone(spelling, region=region).key()


@pytest.mark.parametrize(("spelling", "region", "e164"), ABROAD)
def test_a_way_abroad_is_read_in_every_region(spelling: str, region: str, e164: str) -> None:
    """A region's own way abroad works there, and 00 works everywhere."""
    assert e164 == parse_phone(spelling, region=region).e164


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_nobody_could_dial_is_refused(text: str, problem: str) -> None:
    """Vanity letters, extensions, controls, broken text and emoji are refused with a stable word, never guessed at."""
    with pytest.raises(InvalidContact) as caught:
        parse_phone(text, region="NZ")
    assert problem == caught.value.problem


@pytest.mark.parametrize(
    ("text", "region", "kind", "can_text"),
    [
        ("021 123 4567", "NZ", NumberType.MOBILE, True),
        ("09 300 1234", "NZ", NumberType.FIXED, False),
        ("212 555 0123", "US", NumberType.FIXED_OR_MOBILE, True),
        ("0900 12345", "NZ", NumberType.PREMIUM, False),
        ("0900 1234567", "DE", NumberType.PREMIUM, False),
        ("0180 5 123456", "DE", NumberType.PREMIUM, False),
        ("0800 123 456", "NZ", NumberType.OTHER, False),
    ],
)
def test_the_type_of_a_number_is_kept(text: str, region: str, kind: NumberType, can_text: bool) -> None:
    """A premium number is valid and stays typed as premium, and only mobiles may be texted."""
    phone = parse_phone(text, region=region)
    assert (kind, can_text) == (phone.type, phone.can_text)


def test_the_region_is_that_of_the_number_not_of_the_business() -> None:
    """A New Zealand number typed at a US business is a New Zealand number."""
    assert parse_phone("+64 21 123 4567", region="US").region == "NZ"


def test_the_same_number_in_another_field_is_another_key() -> None:
    """The plain phone field is not the mobile field (T11)."""
    phone = parse_phone("021 123 4567", region="NZ")
    assert phone.key(ContactKind.MOBILE) != phone.key(ContactKind.PHONE)


def test_the_raw_text_is_kept_but_not_shown() -> None:
    """The host's spelling is kept as it was, and stays out of the repr."""
    phone = parse_phone(" 021-123 4567 ", region="NZ")
    assert (phone.raw, "021-123 4567" in repr(phone)) == (" 021-123 4567 ", False)


def test_a_key_is_read_back_from_its_text() -> None:
    """str and parse of a key are each other's inverse."""
    key = parse_phone("021 123 4567", region="NZ").key(ContactKind.PHONE)
    assert ("phone:+64211234567", key) == (str(key), ContactKey.parse(str(key)))


@pytest.mark.parametrize(
    ("contact", "shown"),
    [
        ("+64211234567", "+64••••••567"),
        ("+12345678", "+12•••678"),
        ("1234567", "•••••••"),
        ("", ""),
        ("ana@example.com", "a•••@example.com"),
        ("a@example.com", "a•••@example.com"),
        ("@", "•••@"),
    ],
)
def test_a_mask_hides_the_middle(contact: str, shown: str) -> None:
    """Logs and screens get enough to recognise a contact by, and not enough to use it."""
    assert shown == mask(contact)


@given(st.text(max_size=300))
def test_a_mask_never_shows_a_number_of_any_use(contact: str) -> None:
    """Of anything without an @ at most six characters are shown."""
    contact = contact.replace("@", "").replace("•", "")
    assert sum(character != "•" for character in mask(contact)) <= 6


@st.composite
def _numbers(draw: st.DrawFn) -> tuple[str, phonenumbers.PhoneNumber]:
    region = draw(st.sampled_from(REGIONS))
    kind = draw(st.sampled_from([PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.PREMIUM_RATE]))
    example = phonenumbers.example_number_for_type(region, kind) or phonenumbers.example_number(region)
    assert example is not None
    # The example of a region is one number; its last digits are free, as far as the result is still a number.
    digits = str(example.national_number)
    tail = draw(st.text("0123456789", min_size=3, max_size=3))
    number = phonenumbers.PhoneNumber()
    number.merge_from(example)
    number.national_number = int(digits[:-3] + tail)
    return region, number if phonenumbers.is_valid_number(number) else example


@st.composite
def _spelt(draw: st.DrawFn, number: phonenumbers.PhoneNumber) -> str:
    written = draw(
        st.sampled_from(
            [
                PhoneNumberFormat.E164,
                PhoneNumberFormat.INTERNATIONAL,
                PhoneNumberFormat.NATIONAL,
                PhoneNumberFormat.RFC3966,
            ]
        )
    )
    text = phonenumbers.format_number(number, written)
    if written != PhoneNumberFormat.NATIONAL and draw(st.booleans()):
        text = "00" + text.removeprefix("tel:").removeprefix("+")
    if draw(st.booleans()):
        zero = draw(st.sampled_from(["\u0660", "\u06f0", "\u0966", "\uff10"]))
        text = text.translate({ord(digit): chr(ord(zero) + int(digit)) for digit in "0123456789"})
    separator = draw(st.sampled_from([" ", "-", ".", "/", "\u00a0", "\u2011"]))
    text = text.replace(" ", separator).replace("-", separator) if not text.startswith("tel:") else text
    before, after = draw(st.sampled_from([("", ""), (" ", "\t"), ("\u202a", "\u202c"), ("\u200e", "\u200f")]))
    return before + text + after


@given(st.data())
def test_the_key_is_independent_of_the_spelling(data: st.DataObject) -> None:
    """Law 16: every spelling of a number in its own region has the key of its canonical form."""
    region, number = data.draw(_numbers())
    spelling = data.draw(_spelt(number))
    expected = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    assert expected == parse_phone(spelling, region=region).e164


@given(_numbers(), st.sampled_from(REGIONS))
def test_normalising_is_idempotent_in_every_region(drawn: tuple[str, phonenumbers.PhoneNumber], elsewhere: str) -> None:
    """Law 16: a canonical number is read as itself, whatever region it is read in."""
    region, number = drawn
    once = parse_phone(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL), region=region).e164
    assert once == parse_phone(once, region=elsewhere).e164


@given(_numbers(), _numbers())
def test_two_numbers_never_share_a_key(
    one: tuple[str, phonenumbers.PhoneNumber], other: tuple[str, phonenumbers.PhoneNumber]
) -> None:
    """Keys are as different as the numbers behind them."""
    first, second = (phonenumbers.format_number(number, PhoneNumberFormat.E164) for _, number in (one, other))
    assert (first == second) == (parse_phone(first, region=one[0]).key() == parse_phone(second, region=other[0]).key())


@given(st.text(max_size=60) | st.text("0123456789+-() \u0660\u200f\x00\ud800xe", max_size=60), st.sampled_from(REGIONS))
def test_any_text_is_a_number_or_a_documented_refusal(text: str, region: str) -> None:
    """Nothing but InvalidContact comes out, and a number that does come out is read as itself."""
    try:
        phone = parse_phone(text, region=region)
    except InvalidContact:
        return
    assert phone.e164 == parse_phone(phone.e164, region=region).e164
