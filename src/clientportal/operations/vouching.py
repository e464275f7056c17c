"""What a key of the ring says about the audit: that this library has written this entry, or this end of a chain."""

from __future__ import annotations

import hmac
import secrets

from attrs import evolve

from clientportal.keyring import KeyRing
from clientportal.operations.setting import Setup
from clientportal.records import AuditChain, AuditEntry, Put, Write
from clientportal.rules import sealing

__all__ = ["chain_holds", "entry_holds", "fresh_salt", "sign_chain", "vouched", "vouching"]

_ENTRY = "audit entry"
_CHAIN = "audit chain"


def fresh_salt() -> str:
    """128 random bits: without them nobody guesses the words of an entry from what is left of them."""
    return secrets.token_hex(16)


def vouched(setup: Setup, tenant: str, entry: AuditEntry) -> AuditEntry:
    """The entry as it is inserted: marked with the ring's first key."""
    key_id = setup.keys.signing_id
    mark = setup.keys.fingerprint(_ENTRY, sealing.content_of(tenant, entry), key_id=key_id)
    return evolve(entry, key_id=key_id, mark=mark)


def vouching(setup: Setup, tenant: str, writes: list[Write]) -> list[Write]:
    """The writes of one commit, every new audit entry among them vouched for."""
    return [
        Put(vouched(setup, tenant, write.record))
        if isinstance(write, Put) and isinstance(write.record, AuditEntry) and not write.record.version
        else write
        for write in writes
    ]


def entry_holds(keys: KeyRing, tenant: str, entry: AuditEntry) -> bool | None:
    """Whether an entry's mark is right; ``None`` where its key is not in the ring."""
    if entry.key_id and not keys.knows(entry.key_id):
        return None
    made = keys.fingerprint(_ENTRY, sealing.content_of(tenant, entry), key_id=entry.key_id) if entry.key_id else ""
    return bool(made) and _same(made, entry.mark)


def sign_chain(keys: KeyRing, tenant: str, chain: AuditChain) -> AuditChain:
    """The chain, its end signed with the ring's first key."""
    key_id = keys.signing_id
    return sealing.signed(tenant, chain, key_id, lambda text: keys.fingerprint(_CHAIN, text, key_id=key_id))


def chain_holds(keys: KeyRing, tenant: str, chain: AuditChain | None) -> bool | None:
    """Whether the end of a chain was signed with the key that it names; ``None`` where that key is not in the ring."""
    if chain is None:
        return False
    if not keys.knows(chain.key_id):
        return None
    made = keys.fingerprint(_CHAIN, sealing.end_of(tenant, evolve(chain, mark="")), key_id=chain.key_id)
    return _same(made, chain.mark)


def _same(made: str, stored: str) -> bool:
    return hmac.compare_digest(made.encode(), stored.encode("utf-8", "surrogatepass"))
