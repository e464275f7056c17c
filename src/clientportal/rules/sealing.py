"""Was the audit changed by somebody who can write to the database (ASVS V16.4; V16: tamper-evident)?

The attack first: whoever holds the database, and not the ring of keys, changes an entry, removes it, adds one that
puts the blame on somebody else, cuts off the newest, or puts back an older copy of it all. Hashes alone do not help:
the attacker makes them anew. So

* an entry is vouched for with a key of the ring when it is inserted (``mark``), in the commit of what it tells of;
* the pump seals entries in batches: each seal has the digests of its entries and of the seal before;
* the end of the chain is signed with a key of the ring, and is looked at before anything is added to it;
* an *anchor*, the end of the chain kept elsewhere, shows what the database alone cannot: that its newest part was cut
  off together with its end, or that somebody with the key made it all anew.

Erasing (X7) takes an entry's words and its salt. What was sealed is a digest over the digest of the two, which stays,
so the chain still holds, and without the salt that digest tells nothing, not even to somebody who guesses the words.
Whoever can write to the database can blank words in the same way; verifying counts the blanked, and the audit tells of
every erasure that was asked for.

Entries are in the order in which they were sealed, not by their times: one that was committed late, with an earlier
time, is still open when its neighbours are sealed, and goes into a later batch.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from attrs import evolve, frozen

from clientportal.outcomes.sealing import AuditBreak, AuditHead, BreakKind
from clientportal.records import AuditChain, AuditEntry, AuditSeal, SealedEntry

__all__ = [
    "SEAL_AFTER",
    "Judged",
    "Sign",
    "anchor_holds",
    "content_of",
    "due_for_sealing",
    "end_of",
    "head_of",
    "judge_end",
    "judge_seal",
    "label_of",
    "number_of",
    "prune",
    "seal",
    "signed",
    "without_words",
]

SEAL_AFTER = timedelta(minutes=1)
"""How old an entry is before the pump seals it, so that a busy minute is one seal and not a hundred."""

_DIGITS = 12

Sign = Callable[[str], str]
"""Signs a text with the ring's first key; the rule knows no key."""


def _digest(*parts: str) -> str:
    # Every part is preceded by its length, so that no two lists of parts give the same bytes.
    texts = [part.encode("utf-8", "surrogatepass") for part in parts]
    return hashlib.sha256(b"".join(len(text).to_bytes(4, "big") + text for text in texts)).hexdigest()


def _instant(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def label_of(number: int) -> str:
    """A seal's number as text that sorts as the numbers do: its id, and what its entries are labelled with."""
    return f"{number:0{_DIGITS}d}"


def number_of(label: str) -> int | None:
    """The number that a label says; ``None`` where it is none."""
    return int(label) if len(label) == _DIGITS and label.isascii() and label.isdecimal() else None


# --- one entry ------------------------------------------------------------------------------------------------------


def _words_of(entry: AuditEntry) -> str:
    if entry.words and not (entry.because or entry.reason):
        return entry.words
    said = _digest(entry.because, entry.reason).encode()
    return hmac.digest(entry.salt.encode("utf-8", "surrogatepass"), said, "sha256").hex()


def without_words(entry: AuditEntry) -> AuditEntry:
    """The entry as an erasure leaves it: who, what, when and how it ended; no words, and nothing to guess them by."""
    return evolve(entry, because="", reason="", salt="", words=_words_of(entry))


def content_of(tenant: str, entry: AuditEntry) -> str:
    """A digest of all that an entry says, the same before and after an erasure; what its mark vouches for."""
    said = (entry.actor, entry.action, entry.subject, entry.outcome)
    return _digest("audit entry", tenant, entry.id, _instant(entry.at), *said, _words_of(entry))


def _sealed(tenant: str, entry: AuditEntry, vouched: bool) -> SealedEntry:
    return SealedEntry(entry.id, _digest("sealed", content_of(tenant, entry), entry.key_id, entry.mark), vouched)


# --- sealing --------------------------------------------------------------------------------------------------------


def _seal_digest(tenant: str, one: AuditSeal) -> str:
    entries = (part for entry in one.entries for part in (entry.entry, entry.digest, str(entry.vouched)))
    times = (_instant(one.sealed_at), _instant(one.newest_at))
    return _digest("seal", tenant, str(one.number), one.previous, *times, str(one.upto), *entries)


def end_of(tenant: str, chain: AuditChain) -> str:
    """The end of a chain as one text, which is what a key signs."""
    counts = (chain.number, chain.entries, chain.pruned, chain.pruned_entries)
    times = (_instant(chain.sealed_at), _instant(chain.pruned_until))
    return _digest("end", tenant, chain.digest, chain.pruned_digest, chain.key_id, *map(str, counts), *times)


def signed(tenant: str, chain: AuditChain, key_id: str, sign: Sign) -> AuditChain:
    """The chain, its end signed."""
    named = evolve(chain, key_id=key_id, mark="")
    return evolve(named, mark=sign(end_of(tenant, named)))


def due_for_sealing(oldest_open: AuditEntry | None, now: datetime) -> bool:
    """Whether the pump has something to seal: what waits waits for a minute."""
    return oldest_open is not None and oldest_open.at <= now - SEAL_AFTER


def seal(
    tenant: str, chain: AuditChain | None, entries: Sequence[AuditEntry], vouched: Mapping[str, bool], now: datetime
) -> tuple[AuditChain, AuditSeal, tuple[AuditEntry, ...]]:
    """Add one batch to a chain that holds: its new end (still to be signed), the seal, and the entries in it.

    ``vouched``: of each entry, whether its mark is right. One that nobody vouches for is sealed as that, and told.
    """
    before = chain or AuditChain(sealed_at=now)
    ordered = sorted(entries, key=lambda one: (one.at, one.id))
    number, upto = before.number + 1, before.entries + len(ordered)
    made = AuditSeal(
        id=label_of(number),
        number=number,
        previous=before.digest,
        digest="",
        sealed_at=now,
        newest_at=max((one.at for one in ordered), default=now),
        upto=upto,
        entries=tuple(_sealed(tenant, one, vouched[one.id]) for one in ordered),
    )
    made = evolve(made, digest=_seal_digest(tenant, made))
    after = evolve(before, number=number, digest=made.digest, entries=upto, sealed_at=now)
    return after, made, tuple(evolve(one, seal=made.id) for one in ordered)


def prune(chain: AuditChain, gone: AuditSeal) -> AuditChain:
    """The chain without its oldest seal, of which only the digest is kept; its end is to be signed anew."""
    older = gone.newest_at if chain.pruned_until is None else max(chain.pruned_until, gone.newest_at)
    return evolve(chain, pruned=gone.number, pruned_digest=gone.digest, pruned_entries=gone.upto, pruned_until=older)


# --- verifying ------------------------------------------------------------------------------------------------------


@frozen
class Judged:
    """What came of holding one seal against its entries."""

    broken: AuditBreak | None
    digest: str = ""
    erased: int = 0


def judge_end(
    chain: AuditChain | None, last: AuditSeal | None, holds: bool | None, following: AuditSeal | None = None
) -> AuditBreak | None:
    """Whether the end of a chain can be trusted. ``holds``: of its signature; ``None`` where its key is gone.

    ``last`` is the seal that it names, ``following`` one with the number after: the chain knows of none.
    """
    if chain is None:
        return None if last is None else AuditBreak(BreakKind.HEAD, last.number)
    if not holds:
        return AuditBreak(BreakKind.KEY_GONE if holds is None else BreakKind.HEAD, chain.number)
    if following is not None:
        return AuditBreak(BreakKind.INSERTED, following.number)
    if chain.number == chain.pruned:
        return None
    if last is None:
        return AuditBreak(BreakKind.SEAL_REMOVED, chain.number)
    return None if last.digest == chain.digest else AuditBreak(BreakKind.SEAL_CHANGED, chain.number)


def judge_seal(
    tenant: str, number: int, previous: str, found: AuditSeal | None, entries: Sequence[AuditEntry]
) -> Judged:
    """Hold a seal against the one before it and against the entries that are labelled with it."""
    if found is None:
        return Judged(AuditBreak(BreakKind.SEAL_REMOVED, number))
    if found.number != number:
        return Judged(AuditBreak(BreakKind.REORDERED, number))
    if found.previous != previous or found.digest != _seal_digest(tenant, found):
        return Judged(AuditBreak(BreakKind.SEAL_CHANGED, number))
    present = {one.id: one for one in entries}
    for sealed in found.entries:
        entry = present.pop(sealed.entry, None)
        kind = _judge_entry(tenant, sealed, entry)
        if kind is not None:
            return Judged(AuditBreak(kind, number, sealed.entry))
    if present:
        return Judged(AuditBreak(BreakKind.INSERTED, number, min(present)))
    return Judged(None, found.digest, sum(bool(one.words and not one.salt) for one in entries))


def _judge_entry(tenant: str, sealed: SealedEntry, entry: AuditEntry | None) -> BreakKind | None:
    if entry is None:
        return BreakKind.REMOVED
    if _sealed(tenant, entry, sealed.vouched) != sealed:
        return BreakKind.CHANGED
    return None if sealed.vouched else BreakKind.FORGED


def head_of(tenant: str, chain: AuditChain | None) -> AuditHead | None:
    """The end of the chain, to be kept elsewhere."""
    if chain is None:
        return None
    return AuditHead(tenant, chain.number, chain.digest, chain.entries, chain.sealed_at)


def anchor_holds(anchor: AuditHead, chain: AuditChain | None, there: str | None) -> bool | AuditBreak | None:
    """Whether the chain leads through an anchor; ``there`` is the digest of the seal with its number, once verified.

    ``None`` where the anchor is of a time that is summarised by now.
    """
    if chain is None or anchor.seal > chain.number:
        return AuditBreak(BreakKind.TRUNCATED, anchor.seal)
    if anchor.seal < chain.pruned:
        return None
    found = chain.pruned_digest if anchor.seal == chain.pruned else there
    return True if found == anchor.digest else AuditBreak(BreakKind.REWRITTEN, anchor.seal)
