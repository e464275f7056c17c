"""May this be a password?

Length and lists, and nothing else: rules of composition make people write ``Password1!``, and the standards forbid them
(NIST SP 800-63B-4 3.1.1.2; ASVS V6.2). Spaces and every script are welcome, nothing is cut, and what is typed is
compared as NFC, so that an ``é`` is the same from every keyboard.
"""

from __future__ import annotations

import re
import unicodedata

from attrs import frozen

from clientportal.decisions import Because, Reason, Refusal
from clientportal.errors import InvalidInput
from clientportal.policy.passwords import PasswordPolicy
from clientportal.values import Secret

__all__ = ["PasswordFacts", "judge_new_password", "read_password"]

_SHORTEST_WORD = 3
_OWN = 8
"""So much of a password must be neither a word of the context nor its decoration."""
_NO_LETTERS = re.compile(r"[\W_]+")


@frozen
class PasswordFacts:
    """What was read about a new password.

    ``listed``: on the blocklist. ``breached``: known to have leaked. ``context``: texts that a guesser would begin
    with, whole, as they stand: the name of the business, the client's name and email address, the product.
    """

    listed: bool
    breached: bool
    context: tuple[str, ...] = ()


def read_password(text: Secret, policy: PasswordPolicy) -> Secret:
    """What was typed, as it is hashed and judged: in NFC, otherwise untouched.

    The attack first: hashing a password of many megabytes, or merely composing it, keeps a core busy, and nobody has to
    be logged in for it. So ``max_bytes`` is looked at before anything else is done. Blank text is let through: at a
    login it gets the alert that every wrong password gets (A3).

    Raises :class:`~clientportal.errors.InvalidInput`, which never repeats what was typed.
    """
    # No variable has it in clear: whoever reports crashes keeps those of every frame that the error went through.
    problem = _problem(text.reveal(), policy)
    if problem is None:
        composed = Secret(unicodedata.normalize("NFC", text.reveal()))
        problem = _problem(composed.reveal(), policy)
        if problem is None:
            return composed
    raise InvalidInput(problem)


def _problem(typed: object, policy: PasswordPolicy) -> str | None:
    # A caller's framework may hand anything through; and the error of encode() would have the text in it.
    if not isinstance(typed, str):
        return f"a password is text; this is {type(typed).__name__}"
    longest = f"a password has at most {policy.max_bytes} bytes in UTF-8; this has more"
    if len(typed) > policy.max_bytes:
        return longest
    if any("\ud800" <= character <= "\udfff" for character in typed):
        return "a password is Unicode text; this has half of a surrogate pair in it"
    if "\x00" in typed:
        return "a password has no NUL in it"
    return longest if len(typed.encode("utf-8")) > policy.max_bytes else None


def judge_new_password(
    password: Secret, facts: PasswordFacts, policy: PasswordPolicy, *, second_factor_required: bool
) -> Refusal | None:
    """Whether somebody may choose this password: ``None``, or why not.

    For a password that :func:`read_password` has read; one in use already is never judged by it.
    """
    setting = "min_length_with_second" if second_factor_required else "min_length"
    least = policy.min_length_with_second if second_factor_required else policy.min_length
    length = len(unicodedata.normalize("NFC", password.reveal()))
    if length < least:
        return Refusal(
            Reason.PASSWORD_TOO_SHORT,
            Because(
                "choosing_passwords.judge_new_password",
                (("second factor", "required" if second_factor_required else "not required"),),
                ((f"passwords.{setting}", str(least)),),
            ),
            facts={"least": str(least)},
        )
    if policy.blocklist and facts.listed:
        return _refused(Reason.PASSWORD_TOO_COMMON, "common", "on the blocklist", ("blocklist", "true"))
    if policy.blocklist and _is_built_around(password, (*facts.context, *policy.context_words)):
        return _refused(
            Reason.PASSWORD_TOO_COMMON, "common", "built around a word of the context", ("blocklist", "true")
        )
    if facts.breached:
        return _refused(Reason.PASSWORD_BREACHED, "breached", "known to have leaked")
    return None


def _refused(reason: Reason, fact: str, value: str, *settings: tuple[str, str]) -> Refusal:
    # Not which word: the audit keeps this, and it would have half of the password.
    dotted = tuple((f"passwords.{name}", value) for name, value in settings)
    return Refusal(reason, Because("choosing_passwords.judge_new_password", ((fact, value),), dotted))


def _is_built_around(password: Secret, context: tuple[str, ...]) -> bool:
    """Whether, words of the context and decoration apart, too little is left: ``KowhaiHair-Auckland-2026``.

    The attack: a guesser who knows the business and its client tries their names with years and signs (ASVS V6.2.11). A
    long password may have such a word in it; it must not live on it.
    """
    bare = _letters(password.reveal())
    rest = bare
    for word in sorted(_words(context), key=len, reverse=True):
        rest = rest.replace(word, " ")
    if rest == bare:
        return False
    return sum(len(part.strip("0123456789")) for part in rest.split(" ")) < _OWN


def _words(context: tuple[str, ...]) -> set[str]:
    """Every text as a whole, and its parts: ``aroha.ngata@example.org`` is ``arohangataexampleorg`` and four words."""
    found: set[str] = set()
    for text in context:
        parts = [_letters(part) for part in _NO_LETTERS.split(text)]
        found.update(part for part in (*parts, "".join(parts)) if len(part) >= _SHORTEST_WORD)
    return found


def _letters(text: str) -> str:
    """Letters and digits alone, without case and accents: ``Kōwhai Hair!`` is ``kowhaihair``."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in bare if character.isalnum())
