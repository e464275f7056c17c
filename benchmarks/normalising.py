"""Reading a client base's contacts: how fast, and is every key the one that phonenumbers and email-validator find?

    python benchmarks/normalising.py --spellings 1000000 --rows 20000 --seed 1

The first part makes spellings in every region, near enough to real numbers that many are real, and compares. The second
times an ordinary client base of one region, side by side with calling the two libraries for every row.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable

import phonenumbers
from email_validator import validate_email

from clientportal.errors import InvalidContact
from clientportal.values import ContactKind, email_key, parse_email, parse_phone, phone_key
from clientportal.values.quick_keys import quick_email, quick_number

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
GROUPING = ("", "", "", "", " ", "-", ".", "(", ")", "/")
DOMAINS = (
    "example.com",
    "Example.co.nz",
    "mail.example.org",
    "ex--mple.com",
    "local",
    "shop.test",
    "xn--p1ai",
    "EXAMPLE.DE",
)


def near_a_number(rng: random.Random) -> tuple[str, str]:
    """A region and a spelling: an example number of it, or of another region, with some of it changed."""
    region = rng.choice(REGIONS)
    origin = region if rng.random() < 0.9 else rng.choice(REGIONS)
    number = phonenumbers.example_number_for_type(origin, rng.choice((0, 0, 1, 1, 2, 3)))
    digits = list(phonenumbers.national_significant_number(number) if number else str(rng.randrange(10**6, 10**11)))
    for _ in range(rng.choice((0, 0, 1, 2, 3, 6))):
        digits[rng.randrange(len(digits))] = rng.choice("0123456789")
    if rng.random() < 0.15:
        digits = [*digits, *(rng.choice("0123456789") for _ in range(rng.randrange(1, 4)))][rng.randrange(2) :]
    code = str(phonenumbers.country_code_for_region(origin))
    before = rng.choice(
        ("", "", "0", "0", "0", "1", "8", "1831", "00" + code, code, "+" + code, "+" + code, f"+{code}0")
    )
    return region, before + "".join(digit + rng.choice(GROUPING) for digit in digits)


def near_an_address(rng: random.Random) -> str:
    """An address, mostly a plain one."""
    local = "".join(rng.choice("abcxyzABC019._-+'") for _ in range(rng.randrange(1, 12)))
    return f"{local}@{rng.choice(DOMAINS)}"


def in_full(read: Callable[[], str]) -> str:
    """What reading in full finds, or why it refuses."""
    try:
        return read()
    except InvalidContact as error:
        return f"refused: {error.problem}"


def compare(many: int, seed: int) -> int:
    """Compare that many spellings; print and count the differences."""
    rng = random.Random(seed)
    quick = wrong = 0
    for _ in range(many):
        region, text = near_a_number(rng)
        found = quick_number(text, region)
        if found is not None:
            quick += 1
            wanted = in_full(lambda text=text, region=region: parse_phone(text, region=region).e164)
            if wanted != found:
                wrong += 1
                print(f"DIFFERENT  {region} {text!r}: {found}, in full {wanted}")
    print(f"numbers: {many:,} spellings in {len(REGIONS)} regions, {quick:,} read quickly, {wrong} different")
    quick = bad = 0
    for _ in range(many // 10):
        text = near_an_address(rng)
        found = quick_email(text)
        if found is not None:
            quick += 1
            wanted = in_full(lambda text=text: parse_email(text).key_text)
            if wanted != found:
                bad += 1
                print(f"DIFFERENT  {text!r}: {found}, in full {wanted}")
    print(f"addresses: {many // 10:,}, {quick:,} read quickly, {bad} different")
    return wrong + bad


def client_base(rows: int, seed: int) -> list[tuple[str, str]]:
    """Mobiles of New Zealand and addresses, as people type them; one in twenty is from abroad."""
    rng = random.Random(seed)
    made: list[tuple[str, str]] = []
    for place in range(rows):
        digits = f"21{rng.randrange(2 * 10**6, 10**7)}"
        number = rng.choice(("0{}", "0{}", "+64{}", "+64 {}", "0064{}")).format(
            f"{digits[:2]} {digits[2:5]} {digits[5:]}"
        )
        if rng.random() < 0.05:
            number = f"0033 612{rng.randrange(10**5, 10**6)}"
        made.append((number, f"Client.{place}@{rng.choice(('example.com', 'Example.org', 'mail.example.co.nz'))}"))
    return made


def both_libraries(rows: list[tuple[str, str]]) -> None:
    """What a platform does without this library: parse, check and format; validate."""
    for number, address in rows:
        parsed = phonenumbers.parse(number, "NZ")
        if phonenumbers.is_valid_number(parsed):
            phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        validate_email(address, check_deliverability=False)


def keys(rows: list[tuple[str, str]]) -> None:
    """The keys of the contact index."""
    for number, address in rows:
        phone_key(number, region="NZ", kind=ContactKind.MOBILE)
        email_key(address)


def main() -> int:
    """Run both parts; the exit code is 1 where anything differed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--spellings", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    wrong = compare(asked.spellings, asked.seed)
    rows = client_base(asked.rows, asked.seed)
    seconds: dict[str, list[float]] = {"both libraries": [], "keys": []}
    for _ in range(asked.rounds):
        for name, way in (("both libraries", both_libraries), ("keys", keys)):
            start = time.perf_counter()
            way(rows)
            seconds[name].append(time.perf_counter() - start)
    floor, ours = (statistics.median(seconds[name]) for name in ("both libraries", "keys"))
    print(f"{asked.rows:,} rows: both libraries {floor:.2f} s, keys {ours:.2f} s: {floor / ours:.1f} times as fast")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
