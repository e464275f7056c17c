"""One password, one hash: argon2id (RFC 9106; ASVS V11.4.2), and what a check costs whoever asks.

The attack first: whoever can tell a known identity from an unknown one by the clock has a list of the clients. So a
check costs one argon2 of the policy's parameters, whether the identity is unknown, the password wrong, or the stored
text no hash at all; a hash that was made with less costs the rest of it on top. Only a right password may take longer:
its owner knows the answer already.

Nothing here bounds how many run at once: go through a gate.
"""

from __future__ import annotations

import base64
import re
import secrets
import unicodedata
from collections.abc import Sequence

from argon2.exceptions import VerificationError, VerifyMismatchError
from argon2.low_level import Type, hash_secret, verify_secret
from attrs import frozen

from clientportal.errors import HostError
from clientportal.passwords.legacy import PastHashes
from clientportal.policy.passwords import COSTLIEST, PasswordPolicy
from clientportal.values import Secret

__all__ = ["Checked", "check", "is_recognised", "make"]

_SALT_BYTES = 16
_HASH_BYTES = 32
_MOST_MEMORY_KIB = 1_048_576
_MOST_LANES = 16
# Django writes its own name of the algorithm before the hash proper; hashes of 2015 have no version.
_OURS = re.compile(
    r"(?:argon2)?(?P<hash>\$argon2(?P<kind>id|i|d)\$(?:v=(?P<version>16|19)\$)?m=(?P<memory>[0-9]{1,7}),"
    r"t=(?P<passes>[0-9]{1,7}),p=(?P<lanes>[0-9]{1,2})\$[A-Za-z0-9+/]{11,128}\$[A-Za-z0-9+/]{16,172})"
)
_KINDS = {"id": Type.ID, "i": Type.I, "d": Type.D}


@frozen
class Checked:
    """Whether a password is the right one.

    ``replacement`` is set where it is and its hash is one of the platform's past, or has weaker parameters than the
    policy: a new hash of the same password, to be stored unless the old one has changed meanwhile.
    """

    matches: bool
    replacement: Secret | None = None


def make(password: Secret, policy: PasswordPolicy, salt: bytes | None = None) -> Secret:
    """A new argon2id hash, with a salt of its own.

    ``salt`` is for a caller who derives one for this use alone, so that the same call twice makes the same hash.
    """
    made = hash_secret(
        _bytes(password),
        secrets.token_bytes(_SALT_BYTES) if salt is None else salt,
        time_cost=policy.passes,
        memory_cost=policy.memory_kib,
        parallelism=policy.lanes,
        hash_len=_HASH_BYTES,
        type=Type.ID,
    )
    return Secret(made.decode("ascii"))


def check(stored: Secret | None, password: Secret, policy: PasswordPolicy, past: Sequence[PastHashes]) -> Checked:
    """Whether the password is that of the hash; ``None`` is an unknown identity, which takes as long as a wrong one."""
    if stored is not None:
        ours = _read(stored)
        if ours is not None:
            return _check_ours(ours, password, policy)
        for hashes in past:
            if _told(hashes, "recognises", stored):
                return _check_past(hashes, stored, password, policy)
    _spend(password, policy.memory_kib, policy)
    return Checked(matches=False)


def is_recognised(stored: Secret, past: Sequence[PastHashes]) -> bool:
    """Whether a password could be compared with that text at all: a hash of argon2, or of one of those kinds."""
    return _read(stored) is not None or any(_told(hashes, "recognises", stored) for hashes in past)


@frozen
class _Ours:
    """An argon2 hash, and what it was made with."""

    hash: Secret
    kind: Type
    version: int
    memory_kib: int
    passes: int
    lanes: int

    def is_weaker_than(self, policy: PasswordPolicy) -> bool:
        """More lanes make no hash stronger, so they are not compared."""
        if self.kind is not Type.ID or self.version < 19:
            return True
        return self.memory_kib < policy.memory_kib or self.passes < policy.passes


def _read(stored: Secret) -> _Ours | None:
    """The hash as one of argon2, or ``None``: malformed, another algorithm, or so costly that it must be planted."""
    found = _OURS.fullmatch(stored.reveal())
    if found is None:
        return None
    ours = _Ours(
        Secret(found["hash"]),
        _KINDS[found["kind"]],
        int(found["version"] or 16),
        int(found["memory"]),
        int(found["passes"]),
        int(found["lanes"]),
    )
    if ours.memory_kib > _MOST_MEMORY_KIB or ours.lanes > _MOST_LANES or ours.memory_kib * ours.passes > COSTLIEST:
        return None
    return ours


def _check_ours(ours: _Ours, password: Secret, policy: PasswordPolicy) -> Checked:
    matches = _verify(ours, password)
    if matches:
        return Checked(True, make(password, policy) if ours.is_weaker_than(policy) else None)
    # A hash from a time of cheaper parameters would answer sooner than an unknown identity: it pays the difference. One
    # that argon2 cannot even read has cost nothing yet.
    spent = 0 if matches is None else ours.memory_kib * ours.passes
    rest = policy.memory_kib * policy.passes - spent
    if rest > 0:
        _spend(password, rest // policy.passes, policy)
    return Checked(matches=False)


def _check_past(hashes: PastHashes, stored: Secret, password: Secret, policy: PasswordPolicy) -> Checked:
    # We hash NFC; the platform hashed whatever the keyboard sent, and that is NFC or NFD.
    composed = Secret(unicodedata.normalize("NFC", password.reveal()))
    decomposed = Secret(unicodedata.normalize("NFD", password.reveal()))
    for form in (composed, decomposed) if composed != decomposed else (composed,):
        if _told(hashes, "verify", stored, form):
            return Checked(True, make(password, policy))
    _spend(password, policy.memory_kib, policy)
    return Checked(matches=False)


def _told(hashes: PastHashes, method: str, *about: Secret) -> bool:
    """Ask a port of the host's. What it raises is not passed on: its frames have the password in clear."""
    try:
        return bool(getattr(hashes, method)(*(one.reveal() for one in about)))
    except Exception as error:
        problem = type(error).__name__
    raise HostError(f"{type(hashes).__name__}.{method} raised {problem}; it answers False for what it cannot read")


def _spend(password: Secret, memory_kib: int, policy: PasswordPolicy) -> None:
    """Hash against a hash that nobody has the password of."""
    salt, tag = (
        base64.b64encode(secrets.token_bytes(length)).decode("ascii").rstrip("=")
        for length in (_SALT_BYTES, _HASH_BYTES)
    )
    memory = max(memory_kib, 8 * policy.lanes)
    parameters = f"m={memory},t={policy.passes},p={policy.lanes}"
    dummy = Secret(f"$argon2id$v=19${parameters}${salt}${tag}")
    _verify(_Ours(dummy, Type.ID, 19, memory, policy.passes, policy.lanes), password)


def _verify(ours: _Ours, password: Secret) -> bool | None:
    """Whether it matches; ``None`` where argon2 cannot read the hash."""
    try:
        return verify_secret(ours.hash.reveal().encode("ascii"), _bytes(password), ours.kind)
    except VerifyMismatchError:
        return False
    except VerificationError as error:
        problem = str(error)
    if "allocation" in problem.casefold():
        # Nothing was judged, and nobody may be charged for it: this is no wrong password.
        raise MemoryError("argon2 could not get its memory")
    return None


def _bytes(password: Secret) -> bytes:
    # A lone surrogate was refused before. Should one come through, the error would have the password in it.
    return password.reveal().encode("utf-8", "surrogatepass")
