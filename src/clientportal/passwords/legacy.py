"""Hashes of the platform's past: verified once more at their owner's next login, and replaced by argon2id.

So nobody has to choose a new password because the platform has moved. Hand the portal those that its tables have::

    past = [Pbkdf2(), Bcrypt(), BcryptSha256()]

Every format has a most that it may cost. The attack: somebody who can write one row plants a hash of a billion rounds,
and each login with that identity holds a place for an hour.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Any, Protocol

from attrs import field, frozen
from attrs.validators import ge, instance_of, le

__all__ = ["Bcrypt", "BcryptSha256", "PastHashes", "Pbkdf2"]

_LONGEST = 512
"""No format that is verified here is longer; what is, was planted."""


class PastHashes(Protocol):
    """One kind of hash that accounts were imported with.

    Both methods are called from several threads at once, and neither raises: text that cannot be read (cut, of another
    kind, of an absurd cost) is simply not recognised, or not matched. ``verify`` compares in constant time
    (``hmac.compare_digest``), writes nothing down, and keeps neither argument. The password comes in NFC, and where
    that does not match and differs, once more in NFD; it has at most ``passwords.max_bytes``.
    """

    def recognises(self, stored: str) -> bool:
        """Whether this is a hash of that kind, by its look; cheap."""
        ...

    def verify(self, stored: str, password: str) -> bool:
        """Whether the password is that of the hash, which :meth:`recognises` has said yes to."""
        ...


_PBKDF2 = re.compile(
    # Django: pbkdf2_sha256$260000$salt$base64; the salt is text, taken as it stands.
    r"pbkdf2_(?P<django>sha1|sha256|sha512)\$(?P<rounds>[1-9][0-9]{0,9})\$(?P<salt>[^$]{1,128})"
    r"\$(?P<sum>[A-Za-z0-9+/]{27,86}={0,2})"
    # passlib: $pbkdf2-sha256$29000$salt$checksum, both in base64 with '.' for '+' and without padding.
    r"|\$pbkdf2(?P<passlib>|-sha256|-sha512)\$(?P<rounds_>[1-9][0-9]{0,9})\$(?P<salt_>[A-Za-z0-9./]{0,128})"
    r"\$(?P<sum_>[A-Za-z0-9./]{27,86})"
)


@frozen
class Pbkdf2:
    """PBKDF2 as Django (``pbkdf2_sha256$…``) and passlib (``$pbkdf2-sha256$…``) write it; SHA-1, SHA-256, SHA-512.

    ``most_rounds``: a hash that asks for more matches nothing. Five million are a few seconds.
    """

    most_rounds: int = field(default=5_000_000, validator=[instance_of(int), ge(1)])

    def recognises(self, stored: str) -> bool:
        return len(stored) <= _LONGEST and _PBKDF2.fullmatch(stored) is not None

    def verify(self, stored: str, password: str) -> bool:
        found = _PBKDF2.fullmatch(stored) if len(stored) <= _LONGEST else None
        if found is None:
            return False
        digest = found["django"] or (found["passlib"] or "-sha1")[1:]
        rounds = int(found["rounds"] or found["rounds_"])
        if rounds > self.most_rounds:
            return False
        try:
            if found["django"]:
                salt, wanted = _bytes(found["salt"]), base64.b64decode(found["sum"], validate=True)
            else:
                salt, wanted = _from_ab64(found["salt_"]), _from_ab64(found["sum_"])
        except binascii.Error:
            return False
        # The length is the digest's own: a checksum that was cut would be found by chance that much sooner.
        return hmac.compare_digest(hashlib.pbkdf2_hmac(digest, _bytes(password), salt, rounds), wanted)


_BCRYPT = re.compile(
    # As crypt(3) writes it, and with Django's own name of the algorithm before it.
    r"(?:bcrypt\$)?(?P<setting>\$2[aby]\$(?P<rounds>[0-9]{2})\$[A-Za-z0-9./]{22})(?P<sum>[A-Za-z0-9./]{31})"
)
_BCRYPT_SHA256 = re.compile(
    # Django: bcrypt of the SHA-256 in hexadecimal.
    r"bcrypt_sha256\$(?P<setting>\$2[aby]\$(?P<rounds>[0-9]{2})\$[A-Za-z0-9./]{22})(?P<sum>[A-Za-z0-9./]{31})"
    # passlib: bcrypt of the base64 of an HMAC-SHA-256 keyed with the salt (version 2), or of the SHA-256 (version 1).
    r"|\$bcrypt-sha256\$(?:v=(?P<version>2),t=(?P<kind>2b),r=|(?P<kind_>2[aby]),)(?P<rounds_>[0-9]{1,2})"
    r"\$(?P<salt>[A-Za-z0-9./]{22})\$(?P<sum_>[A-Za-z0-9./]{31})"
)


@frozen
class Bcrypt:
    """bcrypt: ``$2a$``, ``$2b$``, ``$2y$``, and Django's ``bcrypt$$2b$…``. Needs the extra ``bcrypt``.

    bcrypt looks at the first 72 bytes alone, and so does this: the hash of a longer password was made of those. From
    its replacement on every character counts. ``most_log_rounds``: a hash that asks for more matches nothing; 15 are a
    few seconds.
    """

    most_log_rounds: int = field(default=15, validator=[instance_of(int), ge(4), le(31)])

    def __attrs_post_init__(self) -> None:
        _library()

    def recognises(self, stored: str) -> bool:
        return _BCRYPT.fullmatch(stored) is not None

    def verify(self, stored: str, password: str) -> bool:
        found = _BCRYPT.fullmatch(stored)
        if found is None or int(found["rounds"]) > self.most_log_rounds:
            return False
        return _matches(found["setting"], found["sum"], _bytes(password)[:72])


@frozen
class BcryptSha256:
    """bcrypt over a digest, so that nothing is cut: Django's ``bcrypt_sha256$$2b$…``, passlib's ``$bcrypt-sha256$…``.

    Needs the extra ``bcrypt``. ``most_log_rounds`` as for :class:`Bcrypt`.
    """

    most_log_rounds: int = field(default=15, validator=[instance_of(int), ge(4), le(31)])

    def __attrs_post_init__(self) -> None:
        _library()

    def recognises(self, stored: str) -> bool:
        return _BCRYPT_SHA256.fullmatch(stored) is not None

    def verify(self, stored: str, password: str) -> bool:
        found = _BCRYPT_SHA256.fullmatch(stored)
        if found is None:
            return False
        rounds = int(found["rounds"] or found["rounds_"])
        if rounds > self.most_log_rounds:
            return False
        if found["setting"]:
            key = hashlib.sha256(_bytes(password)).hexdigest().encode("ascii")
            return _matches(found["setting"], found["sum"], key)
        if found["version"]:
            keyed = hmac.digest(found["salt"].encode("ascii"), _bytes(password), "sha256")
        else:
            keyed = hashlib.sha256(_bytes(password)).digest()
        setting = f"${found['kind'] or found['kind_']}${rounds:02}${found['salt']}"
        return _matches(setting, found["sum_"], base64.b64encode(keyed))


def _library() -> Any:
    """The package of the extra, looked for when the portal is built, not when the first client logs in."""
    try:
        import bcrypt
    except ImportError:
        raise ImportError(
            "bcrypt hashes need the extra 'bcrypt': pip install 'clientportal[bcrypt]'", name="bcrypt"
        ) from None
    return bcrypt


def _matches(setting: str, checksum: str, key: bytes) -> bool:
    try:
        made: bytes = _library().hashpw(key, setting.encode("ascii"))
    except ValueError:  # such as fewer than 4 rounds, or a NUL in the key
        return False
    # The checksums alone: the salt's last character has spare bits, which the library clears and others do not.
    return hmac.compare_digest(made[-31:], checksum.encode("ascii"))


def _from_ab64(text: str) -> bytes:
    return base64.b64decode(text.replace(".", "+") + "=" * (-len(text) % 4), validate=True)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
