"""Everything that is derived, digested or signed, from one ring of keys.

What leaves in a message is derived and never stored: ``HMAC(key; tenant, purpose, identity, row, send number)``; a code
is the HOTP (RFC 4226) over that. What a caller is handed (tokens, handles) is drawn from ``secrets`` and stored as a
digest. The first key of the ring signs, all verify, and removing one ends what it signed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, cast, final

from attrs import field, frozen
from pyotp.hotp import HOTP

from clientportal.errors import InvalidInput, SecretUsedAsText
from clientportal.values import Secret

__all__ = ["Key", "KeyRing", "digest", "new_secret", "tenant_of", "token_for"]

MAX_SIGNED = 2_000
_BLOCK = 32
_TAG = 16


def _check_id(_instance: object, _attribute: object, value: str) -> None:
    if not value or len(value) > 40 or not all(c.isalnum() or c in "-_" for c in value) or not value.isascii():
        raise InvalidInput("a key id is 1 to 40 letters, digits, '-' or '_' of ASCII")


def _check_secret(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, bytes) or len(value) < 32:
        raise InvalidInput("a key has at least 32 secret bytes; make one with KeyRing.generate_secret()")


@frozen
class Key:
    """One key: a short public ``id`` and at least 32 secret bytes."""

    id: str = field(validator=_check_id)
    secret: bytes = field(repr=False, validator=_check_secret)

    def __reduce__(self) -> NoReturn:
        raise SecretUsedAsText("a key cannot be pickled")


@final
class KeyRing:
    """The keys of one installation, the signing one first.

    >>> ring = KeyRing.from_secrets({"2026-11": KeyRing.generate_secret()})

    Rotate by putting a new key in front; keep the old one until what it signed has expired (codes: ten minutes; links:
    ``messages.link_life``); then remove it.
    """

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = tuple(keys)
        if not self._keys:
            raise InvalidInput("a key ring needs at least one key; make a secret with KeyRing.generate_secret()")
        if len({key.id for key in self._keys}) != len(self._keys):
            raise InvalidInput("two keys of a ring have the same id")

    def __repr__(self) -> str:
        return f"KeyRing({[key.id for key in self._keys]})"

    @staticmethod
    def generate_secret() -> str:
        """256 new random bits as text; keep it with the application's other secrets."""
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()

    @classmethod
    def from_secrets(cls, texts: Mapping[str, str]) -> KeyRing:
        """A ring from key id -> what :meth:`generate_secret` made, the signing one first."""
        keys: list[Key] = []
        for id, text in texts.items():
            try:
                keys.append(Key(id, base64.urlsafe_b64decode(text.encode())))
            except (binascii.Error, UnicodeEncodeError) as error:
                raise InvalidInput(f"the secret of key {id!r} is not what KeyRing.generate_secret() makes") from error
        return cls(keys)

    @property
    def signing_id(self) -> str:
        """The id of the key that signs."""
        return self._keys[0].id

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all keys, the signing one first."""
        return tuple(key.id for key in self._keys)

    def knows(self, id: str) -> bool:
        """Whether the ring has that key."""
        return self._secret(id) is not None

    def _secret(self, id: str) -> bytes | None:
        return next((key.secret for key in self._keys if key.id == id), None)

    def _mac(self, secret: bytes, *parts: str) -> bytes:
        # Every part is preceded by its length, so that no two lists of parts give the same bytes.
        # A caller's text may hold lone surrogates, which no encoding has but this one.
        texts = [part.encode("utf-8", "surrogatepass") for part in parts]
        message = b"".join(len(text).to_bytes(4, "big") + text for text in texts)
        return hmac.digest(secret, message, "sha256")

    def code(
        self, key_id: str, tenant: str, purpose: str, identity: str, row: str, send_number: int, digits: int
    ) -> Secret | None:
        """The one-time code of one sending of one challenge, or ``None`` where its key has been removed.

        HOTP (RFC 4226, 5.3) over a secret that is derived for this row alone, with the send number as the counter.
        """
        secret = self._secret(key_id)
        if secret is None:
            return None
        derived = self._mac(secret, "code", tenant, purpose, identity, row)
        return Secret(HOTP(base64.b32encode(derived).decode(), digits=digits).at(send_number))

    def totp_secret(self, key_id: str, tenant: str, account: str, nonce: str) -> Secret | None:
        """What one enrolment of an authenticator app shares with it, in base32; ``None`` where its key was removed.

        160 bits, as RFC 4226 (4, R6) recommends and every app takes; derived, so that no table holds it.
        """
        secret = self._secret(key_id)
        if secret is None:
            return None
        return Secret(base64.b32encode(self._mac(secret, "totp", tenant, account, nonce)[:20]).decode())

    def fingerprint(self, *parts: str, key_id: str | None = None) -> str:
        """A keyed digest, equal for equal parts: for idempotency keys, which users choose and may choose badly.

        It is made with the oldest key, so that putting a new one in front changes nothing, or with the key that is
        named; without that key it is empty, which equals no digest.
        """
        secret = self._keys[-1].secret if key_id is None else self._secret(key_id)
        return "" if secret is None else self._mac(secret, "fingerprint", *parts).hex()

    def sign(self, kind: str, tenant: str, claims: Mapping[str, str | int], key_id: str | None = None) -> Secret:
        """Sign claims for one kind of use in one tenant: ``key id . claims . mac``, safe in an address."""
        id = key_id or self.signing_id
        secret = self._secret(id)
        if secret is None:
            raise InvalidInput(f"there is no key {id!r} in the ring")
        body = _b64(json.dumps({**claims, "t": tenant}, separators=(",", ":"), sort_keys=True).encode())
        return Secret(f"{id}.{body}.{_b64(self._mac(secret, kind, id, body))}")

    def seal(self, kind: str, tenant: str, text: str) -> Secret:
        """Hide a text in a link of one kind: the same text gives the same link, which tells nothing of it, not even how
        long it is to within 32 bytes, and which nobody else can make.

        A synthetic initialisation vector (RFC 5297's construction) with HMAC-SHA-256 as its only primitive: the tag is
        a keyed digest of the text, and the text is covered by what is derived from the tag.
        """
        id = self.signing_id
        secret = self._keys[0].secret
        plain = _padded(text)
        tag = self._tag(secret, kind, id, tenant, plain)
        return Secret(f"{id}.{_b64(tag + self._covered(secret, kind, tag, plain))}")

    def unseal(self, kind: str, tenant: str, text: str, *, longest: int = MAX_SIGNED) -> str | None:
        """What :meth:`seal` hid for this kind and tenant, or ``None`` for anything else."""
        id, _, body = text.partition(".") if len(text) <= longest and text.isascii() else ("", "", "")
        secret, given = self._secret(id), _unb64(body)
        if secret is None or given is None or len(given) < _TAG or _b64(given) != body:
            return None
        tag = given[:_TAG]
        plain = self._covered(secret, kind, tag, given[_TAG:])
        if not hmac.compare_digest(self._tag(secret, kind, id, tenant, plain), tag):
            return None
        return plain.rstrip(b"\x00").decode("utf-8", "surrogatepass")

    def _tag(self, secret: bytes, kind: str, id: str, tenant: str, plain: bytes) -> bytes:
        return self._mac(secret, "seal", kind, id, tenant, plain.hex())[:_TAG]

    def _covered(self, secret: bytes, kind: str, tag: bytes, text: bytes) -> bytes:
        blocks = range(-(-len(text) // _BLOCK))
        stream = b"".join(self._mac(secret, "cover", kind, tag.hex(), str(block)) for block in blocks)
        return bytes(one ^ other for one, other in zip(text, stream, strict=False))

    def verify(self, kind: str, text: str) -> Mapping[str, str | int] | None:
        """The claims that were signed for this kind, or ``None`` for anything else, whatever is wrong with it."""
        if len(text) > MAX_SIGNED or not text.isascii():
            return None
        id, _, rest = text.partition(".")
        body, _, mac = rest.partition(".")
        secret = self._secret(id)
        given = _unb64(mac)
        if secret is None or given is None or not hmac.compare_digest(self._mac(secret, kind, id, body), given):
            return None
        # Base64 has several spellings of the same bytes; only the one that was signed is accepted.
        if _b64(given) != mac:
            return None
        decoded = _unb64(body)
        claims = json.loads(decoded) if decoded is not None else None
        return cast("Mapping[str, str | int]", claims) if isinstance(claims, dict) else None


def _padded(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    return raw + b"\x00" * (-len(raw) % _BLOCK)


def _b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _unb64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def new_secret() -> str:
    """256 random bits, safe in an address and a cookie."""
    return secrets.token_urlsafe(32)


def digest(text: str) -> str:
    """What is stored of a token or handle. Plain SHA-256 is enough: the text has 256 random bits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def token_for(tenant: str, secret: str) -> Secret:
    """A session token: it names its tenant, so that ``portal.client(token)`` needs nothing else."""
    return Secret(f"{_b64(tenant.encode())}.{secret}")


def tenant_of(token: str) -> str | None:
    """The tenant that a token names, or ``None`` where it is no token. The name proves nothing; the digest does."""
    head, _, tail = token.partition(".")
    if not head or not tail or len(token) > MAX_SIGNED or not token.isascii():
        return None
    decoded = _unb64(head)
    try:
        return None if decoded is None else decoded.decode()
    except UnicodeDecodeError:
        return None
