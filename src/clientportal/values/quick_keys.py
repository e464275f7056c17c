"""The keys of contacts that are spelt as most people spell them, found without reading them in full.

An import or a first walk reads a million numbers, and nearly all of them are written in one of a few ways: ``021 123
4567``, ``+64 21 123 4567``, ``(02) 9876-5432``. What phonenumbers does with those is little, and it is told here from
its own metadata, region by region. **Whatever is not certain is left to it**: the answer ``None`` means "read it in
full", never "this is no number". So an error here could only be a wrong key, and that there is none is tried against
both libraries with a million spellings (``benchmarks/normalising.py``; a sample of it in the tests).

Why the answer is right, step by step of ``phonenumbers.parse`` and ``is_valid_number``, for a text of ASCII digits:

* *The way abroad.* Behind ``+``, or the own international prefix, stands a country code, and behind that a number
  of its plan. A text that begins with the region's country code alone may mean two things: left alone.
* *The trunk prefix.* Only regions that strip theirs without putting something else there are told here. Where the text
  begins with it, phonenumbers strips it unless the whole text fits the plan and the rest does not; a rest that fits the
  plan is therefore always the stripped one. Where the text does not begin with it, nothing is stripped.
* *Validity.* The national number must fit the general pattern and that of a mobile or a landline, each with its
  lengths. Where several regions share a country code, phonenumbers asks them in the order of its list; one that names
  its leading digits takes every number with those, so a number with those of an earlier region is left alone.
* *Leading zeros* of a national number (Italy) are kept by phonenumbers in a way of its own: left alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeGuard

from attrs import frozen
from email_validator import SPECIAL_USE_DOMAIN_NAMES
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
from phonenumbers.phonemetadata import PhoneNumberDesc

__all__ = ["quick_email", "quick_number"]

_SPELT = re.compile(r" *\+?[0-9 ()\-./]{5,38}", re.ASCII)
_NEVER = "(?!)"
_GROUPING = str.maketrans("", "", " ()-./")


@frozen
class _Plan:
    """What is needed of one region's numbering plan."""

    code: str
    trunk: re.Pattern[str]
    abroad: re.Pattern[str]
    taken: re.Pattern[str]
    general: re.Pattern[str]
    kinds: tuple[tuple[re.Pattern[str], frozenset[int]], ...]

    def has(self, national: str) -> bool:
        """Whether that is a mobile or a landline of this plan."""
        return (
            national[:1] != "0"
            and not self.taken.match(national)
            and self.general.fullmatch(national) is not None
            and any(len(national) in lengths and kind.fullmatch(national) for kind, lengths in self.kinds)
        )


@lru_cache(maxsize=512)
def _plan(region: str) -> _Plan | None:
    """The plan of a region, or ``None`` where it has rules that are not told here."""
    known: PhoneMetadata | None = PhoneMetadata.metadata_for_region(region, None)
    if known is None or known.national_prefix_transform_rule or known.leading_digits:
        return None
    code, general = known.country_code, known.general_desc
    if code is None or not _told(general):
        return None
    regions = COUNTRY_CODE_TO_REGION_CODE[code]
    earlier = (PhoneMetadata.metadata_for_region(one, None) for one in regions[: regions.index(region)])
    taken = [f"(?:{one.leading_digits})" for one in earlier if one is not None and one.leading_digits]
    kinds = [desc for desc in (known.mobile, known.fixed_line) if _told(desc)]
    return _Plan(
        code=str(code),
        trunk=re.compile(known.national_prefix_for_parsing or _NEVER),
        abroad=re.compile(known.international_prefix or _NEVER),
        taken=re.compile("|".join(taken) or _NEVER),
        general=_pattern(general),
        kinds=tuple((_pattern(desc), _lengths(desc, general)) for desc in kinds),
    )


def _told(desc: PhoneNumberDesc | None) -> TypeGuard[PhoneNumberDesc]:
    return desc is not None and bool(desc.national_number_pattern)


def _pattern(desc: PhoneNumberDesc) -> re.Pattern[str]:
    return re.compile(desc.national_number_pattern or _NEVER)


def _lengths(desc: PhoneNumberDesc, general: PhoneNumberDesc) -> frozenset[int]:
    # A kind that names no lengths has those of the plan.
    return frozenset(desc.possible_length or general.possible_length) & frozenset(general.possible_length)


def _plan_of(digits: str) -> _Plan | None:
    """The plan of the first region whose country code those digits begin with; no code begins another, or with 0."""
    for length in (1, 2, 3) if digits[:1] != "0" else ():
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length] or 0))
        if regions is not None:
            return _plan(regions[0])
    return None


def quick_number(raw: str, region: str) -> str | None:
    """The number in E.164, where it is spelt in a common way of ``region`` (ISO 3166); else ``None``."""
    plan = _plan(region)
    if plan is None or len(raw) > 40 or _SPELT.fullmatch(raw) is None:
        return None
    digits = raw.translate(_GROUPING)
    abroad = plan.abroad.match(digits)
    start = abroad.end() if abroad is not None else int(digits[0] == "+")
    if start:
        plan = plan if digits.startswith(plan.code, start) else _plan_of(digits[start : start + 3])
        if plan is None or plan.trunk.match(national := digits[start + len(plan.code) :]):
            return None
    elif digits.startswith(plan.code):
        return None
    else:
        trunk = plan.trunk.match(digits)
        national = digits if trunk is None else digits[trunk.end() :]
    return f"+{plan.code}{national}" if plan.has(national) else None


# Letters, digits and the few signs that nobody quotes; a domain of two labels or more, none of them an A-label (xn--).
_PLAIN_EMAIL = re.compile(
    r"([a-z0-9_+'-]+(?:\.[a-z0-9_+'-]+)*)@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,63}))",
    re.ASCII | re.IGNORECASE,
)
_RESERVED = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)
"""Ends of the names that mail never goes to (RFC 6761), or not always: those are read in full."""


def quick_email(raw: str) -> str | None:
    """The key of an address (lower case), where it is a plain one in ASCII; else ``None``."""
    if len(raw) > 200:
        return None
    found = _PLAIN_EMAIL.fullmatch(raw)
    if found is None or len(found[1]) > 64 or "--" in found[2] or found[3].lower() in _RESERVED:
        return None
    return raw.lower()
