"""What a password must be, and what hashing one costs. Every number is a control of the standards."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen
from attrs.validators import ge, instance_of, le

from clientportal.errors import PolicyError

__all__ = ["COSTLIEST", "PasswordPolicy"]

COSTLIEST = 4 * 1024 * 1024
"""``memory_kib`` × ``passes`` of the costliest hash that is made or verified: about five seconds of one core."""


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        raise PolicyError("context_words is a list of words; this is one text", ("context_words",))
    return tuple(value)


def _no_empty_word(_instance: object, _attribute: object, value: tuple[object, ...]) -> None:
    if not all(isinstance(word, str) and word.strip() for word in value):
        raise PolicyError("context_words are texts, and none of them is empty", ("context_words",))


@frozen(kw_only=True)
class PasswordPolicy:
    """What a new password must be (NIST SP 800-63B-4 3.1.1.2; ASVS V6.2), and what hashing one costs (ASVS V11.4.2).

    * ``min_length``: in code points after NFC, where the password is the only factor; ``min_length_with_second`` where
      a second factor is required besides (NIST: 15 and 8). At most 64: whatever has 64 characters must be accepted
      (ASVS V6.2.9).
    * ``max_bytes``: of UTF-8. Longer is refused before anything is hashed; nothing is ever cut (ASVS V6.2.8). At least
      640, so that 64 characters fit however the keyboard composes them.
    * ``blocklist``: whether passwords that everybody uses (ASVS V6.2.4), and those built around a word of the context
      (V6.2.11), are refused. ``context_words`` are the business's own words besides its name: its product, its street.
    * ``memory_kib``, ``passes``, ``lanes``: argon2id's m, t and p (ASVS V11.4.2: 19 MiB, 2, 1 or more). A hash with
      less memory or fewer passes is replaced when its owner next logs in.

    There are no rules of composition: the standards forbid them (ASVS V6.2.5).
    """

    min_length: int = field(default=15, validator=[instance_of(int), ge(1), le(64)])
    min_length_with_second: int = field(default=8, validator=[instance_of(int), ge(1), le(64)])
    max_bytes: int = field(default=1024, validator=[instance_of(int), ge(640), le(65_536)])
    blocklist: bool = field(default=True, validator=instance_of(bool))
    context_words: tuple[str, ...] = field(default=(), converter=_texts, validator=_no_empty_word)
    memory_kib: int = field(default=19_456, validator=[instance_of(int), ge(8), le(1_048_576)])
    passes: int = field(default=2, validator=[instance_of(int), ge(1), le(1_000)])
    lanes: int = field(default=1, validator=[instance_of(int), ge(1), le(16)])

    def __attrs_post_init__(self) -> None:
        if self.min_length_with_second > self.min_length:
            raise PolicyError(
                "min_length_with_second is above min_length: a second factor cannot ask for a longer password",
                ("min_length_with_second", "min_length"),
            )
        if self.memory_kib < 8 * self.lanes:
            raise PolicyError("argon2 needs a memory_kib of at least 8 for each of its lanes", ("memory_kib", "lanes"))
        if self.memory_kib * self.passes > COSTLIEST:
            raise PolicyError(
                f"memory_kib × passes is above {COSTLIEST}: one login would hold a core for many seconds",
                ("memory_kib", "passes"),
            )
