"""A code that was typed in for a handle: how it is read, and judged, whatever the right one opens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from attrs import field, frozen

from clientportal.errors import InvalidCode
from clientportal.keyring import digest
from clientportal.operations.frame import Reading
from clientportal.records import Challenge, GuessCounter
from clientportal.rules.signing_in import FreshSession, SignIn, Verdict, judge_code
from clientportal.values import Secret

__all__ = ["TypedCode", "judge_typed", "read_code"]

MAX_TYPED = 64

_SEPARATORS = re.compile(r"[\s\-‐-―]")


def read_code(text: str, digits: int) -> str:
    """The digits of a typed code: spaces and hyphens dropped, every script's digits mapped to ASCII.

    Text that cannot be a code raises :class:`~clientportal.errors.InvalidCode` and costs no try: it could not have been
    right.
    """
    if len(text) > MAX_TYPED:
        raise InvalidCode(f"a code has {digits} digits; this has {len(text)} characters")
    plain = _SEPARATORS.sub(
        "", unicodedata.normalize("NFKC", "".join(c for c in text if unicodedata.category(c) != "Cf"))
    )
    code = "".join(str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c for c in plain)
    if len(code) != digits or not code.isascii() or not code.isdigit():
        raise InvalidCode(f"a code has {digits} digits, such as {'0123456789'[:digits]}")
    return code


@frozen
class TypedCode:
    """A handle and what was typed for it."""

    handle: Secret = field(repr=False)
    code: Secret = field(repr=False)


async def judge_typed(
    reading: Reading,
    typed: TypedCode,
    *,
    accepts: Callable[[Challenge], bool],
    fresh: Callable[[Challenge | None], FreshSession],
) -> SignIn:
    """What was typed, judged by its challenge and its counter, which stay locked; no client and no account is read.

    ``accepts`` says whether the challenge is one of those that may act here. A code of another purpose, or of another
    session, is gone like one that never was (V6.6.2): it is not looked at whether it is right, and no try is counted.
    """
    code = read_code(typed.code.reveal(), reading.policy.login.code_digits)
    challenge = await reading.state.get(Challenge, digest(typed.handle.reveal()), lock=True)
    if challenge is None or not accepts(challenge):
        return SignIn(None, None, Verdict.GONE, fresh(None))
    counter = await reading.state.get(GuessCounter, f"{challenge.identity}|{challenge.lane}", lock=True)
    expected = reading.setup.keys.code(
        challenge.key_id,
        reading.tenant,
        challenge.purpose.value,
        challenge.identity,
        challenge.id,
        challenge.send_number,
        reading.policy.login.code_digits,
    )
    matches = expected is not None and expected == Secret(code)
    verdict = judge_code(challenge, counter, matches, reading.policy, reading.now)
    return SignIn(challenge, counter, verdict, fresh(challenge))
