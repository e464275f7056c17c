"""Whatever is done to a sealed audit past the library is found; what the library does to it is no such thing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from clientportal.outcomes import AuditBreak, AuditHead, BreakKind
from clientportal.records import AuditChain, AuditEntry, AuditSeal
from clientportal.rules.sealing import (
    anchor_holds,
    content_of,
    due_for_sealing,
    end_of,
    head_of,
    judge_end,
    judge_seal,
    label_of,
    number_of,
    prune,
    seal,
    signed,
    without_words,
)

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SALON = "salon"
_TEXTS = st.text(max_size=12)


def entry(id: str = "e1", minute: int = 0, **more: Any) -> AuditEntry:
    """Mia of the salon merges Ana's two records."""
    said: dict[str, Any] = {
        "actor": "staff:mia",
        "action": "merge",
        "subject": "client:ana",
        "outcome": "done",
        "because": "merging.merge; facts: records 2",
        "reason": "Ana called",
        "salt": hashlib.sha256(id.encode()).hexdigest()[:32],
        "key_id": "k1",
        "mark": f"mark of {id}",
    }
    return AuditEntry(id=id, at=NOW + timedelta(minutes=minute), **(said | more))


def key(text: str) -> str:
    """Stands for the ring's first key."""
    return hashlib.sha256(f"secret {text}".encode()).hexdigest()


@frozen
class Audit:
    """A sealed audit, as a database holds it."""

    chain: AuditChain
    seals: tuple[AuditSeal, ...]
    entries: tuple[AuditEntry, ...]

    def verified(self) -> AuditBreak | None:
        """The first thing that does not hold, of all that a database holds."""
        found = {one.id: one for one in self.seals}
        unsigned = evolve(self.chain, mark="")
        broken = judge_end(
            self.chain,
            found.get(label_of(self.chain.number)),
            self.chain.mark == key(end_of(SALON, unsigned)),
            found.get(label_of(self.chain.number + 1)),
        )
        digest = self.chain.pruned_digest
        for number in range(self.chain.pruned + 1, self.chain.number + 1):
            if broken is not None:
                return broken
            mine = [one for one in self.entries if one.seal == label_of(number)]
            judged = judge_seal(SALON, number, digest, found.get(label_of(number)), mine)
            broken, digest = judged.broken, judged.digest
        return broken


def sealed(*batches: list[AuditEntry], vouched: bool = True) -> Audit:
    """An audit that was sealed in these batches, a minute apart."""
    chain: AuditChain | None = None
    seals: list[AuditSeal] = []
    entries: list[AuditEntry] = []
    for minute, batch in enumerate(batches):
        now = NOW + timedelta(minutes=minute)
        chain, made, done = seal(SALON, chain, batch, {one.id: vouched for one in batch}, now)
        chain = signed(SALON, chain, "k1", key)
        seals.append(made)
        entries.extend(done)
    assert chain is not None
    return Audit(chain, tuple(seals), tuple(entries))


def three_batches() -> Audit:
    """Six entries in three seals."""
    return sealed([entry("e1"), entry("e2", 1)], [entry("e3", 2)], [entry("e4", 3), entry("e5", 3), entry("e6", 4)])


def without_entry(audit: Audit, id: str) -> Audit:
    """Somebody has deleted one row."""
    return evolve(audit, entries=tuple(one for one in audit.entries if one.id != id))


def with_entry(audit: Audit, id: str, **more: Any) -> Audit:
    """Somebody has changed one row."""
    return evolve(audit, entries=tuple(evolve(one, **more) if one.id == id else one for one in audit.entries))


def with_seal(audit: Audit, number: int, **more: Any) -> Audit:
    """Somebody has changed one seal."""
    return evolve(audit, seals=tuple(evolve(one, **more) if one.number == number else one for one in audit.seals))


def test_what_nobody_has_touched_holds() -> None:
    """Three seals, six entries, the end signed."""
    assert three_batches().verified() is None


Attack = Callable[[Audit], Audit]

ATTACKS: dict[str, tuple[Attack, BreakKind]] = {
    "blames somebody else": (lambda one: with_entry(one, "e3", actor="staff:tama"), BreakKind.CHANGED),
    "is about somebody else": (lambda one: with_entry(one, "e4", subject="client:rae"), BreakKind.CHANGED),
    "was refused after all": (lambda one: with_entry(one, "e5", outcome="permission"), BreakKind.CHANGED),
    "was at another time": (lambda one: with_entry(one, "e1", at=NOW - timedelta(days=1)), BreakKind.CHANGED),
    "had another reason": (lambda one: with_entry(one, "e2", reason="Ana wrote"), BreakKind.CHANGED),
    "has no salt": (lambda one: with_entry(one, "e2", salt=""), BreakKind.CHANGED),
    "is vouched for by another key": (lambda one: with_entry(one, "e2", key_id="k2"), BreakKind.CHANGED),
    "lost its words, and not as an erasure takes them": (
        lambda one: with_entry(one, "e2", because="", reason=""),
        BreakKind.CHANGED,
    ),
    "is gone": (lambda one: without_entry(one, "e4"), BreakKind.REMOVED),
    "is said to be open": (lambda one: with_entry(one, "e4", seal=AuditEntry.OPEN), BreakKind.REMOVED),
    "stands in another seal": (lambda one: with_entry(one, "e1", seal=label_of(2)), BreakKind.REMOVED),
    "was added": (
        lambda one: evolve(one, entries=(*one.entries, entry("e9", seal=label_of(2)))),
        BreakKind.INSERTED,
    ),
    "seal is gone": (lambda one: evolve(one, seals=one.seals[:1] + one.seals[2:]), BreakKind.SEAL_REMOVED),
    "last seal is gone": (lambda one: evolve(one, seals=one.seals[:2]), BreakKind.SEAL_REMOVED),
    "seal was added": (
        lambda one: evolve(one, seals=(*one.seals, evolve(one.seals[2], id=label_of(4), number=4))),
        BreakKind.INSERTED,
    ),
    "seals changed places": (
        lambda one: evolve(
            one,
            seals=(
                one.seals[0],
                evolve(one.seals[2], id=label_of(2)),
                evolve(one.seals[1], id=label_of(3), digest=one.seals[2].digest),
            ),
        ),
        BreakKind.REORDERED,
    ),
    "seal forgets an entry": (
        lambda one: without_entry(with_seal(one, 3, entries=one.seals[2].entries[1:]), "e4"),
        BreakKind.SEAL_CHANGED,
    ),
    "seal orders its entries anew": (
        lambda one: with_seal(one, 3, entries=one.seals[2].entries[::-1]),
        BreakKind.SEAL_CHANGED,
    ),
    "seal was made at another time": (lambda one: with_seal(one, 2, sealed_at=NOW), BreakKind.SEAL_CHANGED),
    "seal follows another": (lambda one: with_seal(one, 2, previous="0" * 64), BreakKind.SEAL_CHANGED),
    "last seal has another digest": (lambda one: with_seal(one, 3, digest="0" * 64), BreakKind.SEAL_CHANGED),
    "end counts fewer": (lambda one: evolve(one, chain=evolve(one.chain, entries=5)), BreakKind.HEAD),
    "end is one seal earlier": (
        lambda one: evolve(one, chain=evolve(one.chain, number=2, digest=one.seals[1].digest), seals=one.seals[:2]),
        BreakKind.HEAD,
    ),
    "end says that more was forgotten": (
        lambda one: evolve(one, chain=evolve(one.chain, pruned=1, pruned_digest=one.seals[0].digest)),
        BreakKind.HEAD,
    ),
}


@pytest.mark.parametrize(("attack", "kind"), ATTACKS.values(), ids=ATTACKS)
def test_what_somebody_with_the_database_does_is_found(attack: Attack, kind: BreakKind) -> None:
    """By its kind, whoever cannot sign the end of the chain."""
    broken = attack(three_batches()).verified()
    assert broken is not None
    assert broken.kind is kind


@given(
    place=st.integers(0, 5),
    name=st.sampled_from(
        ["id", "actor", "action", "subject", "outcome", "because", "reason", "salt", "mark", "key_id"]
    ),
    text=_TEXTS,
)
def test_no_text_of_a_sealed_entry_can_be_changed(place: int, name: str, text: str) -> None:
    """Law: whichever entry, whichever field, whatever is put there: it is found, unless it is what was there."""
    audit = three_batches()
    changed = list(audit.entries)
    changed[place] = evolve(changed[place], **{name: text})
    found = evolve(audit, entries=tuple(changed)).verified()
    assert (found is None) == (changed[place] == audit.entries[place])


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=4), min_size=1, max_size=4), st.data())
def test_whatever_was_sealed_holds_and_no_row_of_it_can_be_missing(
    batches: list[list[int]], drawn: st.DataObject
) -> None:
    """Law: times in any order, batches of any size; entries of one time, and late ones, included."""
    made = [[entry(f"e{at}-{place}", minute) for place, minute in enumerate(one)] for at, one in enumerate(batches)]
    audit = sealed(*made)
    assert audit.verified() is None
    gone = drawn.draw(st.sampled_from([one.id for one in audit.entries]))
    broken = without_entry(audit, gone).verified()
    assert broken is not None
    assert (broken.kind, broken.entry) == (BreakKind.REMOVED, gone)


@given(because=_TEXTS, reason=_TEXTS, other=_TEXTS)
def test_an_erasure_takes_the_words_and_the_chain_holds(because: str, reason: str, other: str) -> None:
    """Law: words and salt go, the chain finds what it had; without the salt, nobody can try words against it."""
    before = entry("e1", because=because, reason=reason)
    audit = sealed([before, entry("e2")])
    (first,) = [one for one in audit.entries if one.id == "e1"]
    erased = without_words(first)
    assert (erased.because, erased.reason, erased.salt) == ("", "", "")
    assert content_of(SALON, erased) == content_of(SALON, first)
    assert without_words(erased) == erased
    left = evolve(audit, entries=tuple(erased if one.id == "e1" else one for one in audit.entries))
    assert left.verified() is None
    guessed = without_words(evolve(before, reason=other, salt=""))
    assert guessed.words != erased.words


def test_erased_entries_are_counted() -> None:
    """One of two has lost its words."""
    audit = sealed([entry("e1"), entry("e2")])
    rows = [without_words(audit.entries[0]), audit.entries[1]]
    assert judge_seal(SALON, 1, "", audit.seals[0], rows).erased == 1


def test_what_no_key_vouches_for_is_told() -> None:
    """A row that was written past the library before it was sealed."""
    audit = sealed([entry("e1")], vouched=False)
    assert audit.verified() == AuditBreak(BreakKind.FORGED, 1, "e1")


def test_two_businesses_do_not_share_seals() -> None:
    """What was sealed for one does not hold for another."""
    audit = three_batches()
    judged = judge_seal("yoga", 1, "", audit.seals[0], audit.entries[:2])
    assert judged.broken == AuditBreak(BreakKind.SEAL_CHANGED, 1)


def test_what_was_committed_late_goes_into_a_later_seal() -> None:
    """Its time is earlier than that of what is sealed already: the order is that of the seals."""
    assert sealed([entry("e2", 5)], [entry("e1", 0)]).verified() is None


def test_the_oldest_can_be_forgotten_and_the_rest_holds() -> None:
    """The end keeps how many went, until when; two seals are gone, and the third follows them."""
    audit = three_batches()
    chain = prune(prune(audit.chain, audit.seals[0]), audit.seals[1])
    left = Audit(signed(SALON, chain, "k2", key), audit.seals[2:], audit.entries[3:])
    assert left.verified() is None
    assert (chain.pruned, chain.pruned_entries, chain.pruned_until) == (2, 3, NOW + timedelta(minutes=2))
    assert left.chain.key_id == "k2"
    everything = signed(SALON, prune(chain, audit.seals[2]), "k2", key)
    assert Audit(everything, (), ()).verified() is None


def test_a_late_entry_does_not_shorten_what_is_said_to_be_forgotten() -> None:
    """The later seal has the earlier times: what was forgotten reaches until the later of the two."""
    audit = sealed([entry("e2", 5)], [entry("e1", 0)])
    assert prune(prune(audit.chain, audit.seals[0]), audit.seals[1]).pruned_until == NOW + timedelta(minutes=5)


def test_an_end_that_is_missing_or_whose_key_is_gone() -> None:
    """Seals without an end; an end that nobody can judge; nothing at all."""
    audit = three_batches()
    assert judge_end(None, audit.seals[2], None) == AuditBreak(BreakKind.HEAD, 3)
    assert judge_end(audit.chain, audit.seals[2], None) == AuditBreak(BreakKind.KEY_GONE, 3)
    assert judge_end(None, None, None) is None
    assert head_of(SALON, None) is None


def anchored(audit: Audit) -> AuditHead:
    """The end of a chain, kept elsewhere."""
    head = head_of(SALON, audit.chain)
    assert head is not None
    return head


def test_an_anchor_tells_what_was_cut_off() -> None:
    """An older copy of everything, put back: it verifies, and its end is not the one that was taken away."""
    older, now = sealed([entry("e1")]), sealed([entry("e1")], [entry("e2")])
    assert older.verified() is None
    assert anchor_holds(anchored(now), older.chain, None) == AuditBreak(BreakKind.TRUNCATED, 2)
    assert anchor_holds(anchored(now), None, None) == AuditBreak(BreakKind.TRUNCATED, 2)
    assert anchor_holds(anchored(older), now.chain, now.seals[0].digest) is True


def test_an_anchor_tells_what_was_made_anew() -> None:
    """Somebody with the key has made another chain, as long as the first."""
    first, other = sealed([entry("e1")]), sealed([entry("e1", actor="staff:tama")])
    assert other.verified() is None
    assert anchor_holds(anchored(first), other.chain, other.seals[0].digest) == AuditBreak(BreakKind.REWRITTEN, 1)


def test_an_anchor_of_what_is_forgotten() -> None:
    """It still holds at the very end of what went; before that there is nothing to hold it against."""
    audit = three_batches()
    chain = prune(prune(audit.chain, audit.seals[0]), audit.seals[1])
    anchors = [AuditHead(SALON, one.number, one.digest, one.upto, one.sealed_at) for one in audit.seals]
    assert anchor_holds(anchors[0], chain, None) is None
    assert anchor_holds(anchors[1], chain, None) is True


def test_the_pump_waits_a_minute() -> None:
    """A busy minute is one seal."""
    assert not due_for_sealing(None, NOW)
    assert not due_for_sealing(entry(), NOW + timedelta(seconds=59))
    assert due_for_sealing(entry(), NOW + timedelta(seconds=60))


@given(st.lists(st.integers(0, 999_999_999_999), min_size=2, max_size=2))
def test_labels_sort_as_their_numbers(pair: list[int]) -> None:
    """Law: and each is read back; nothing else is a label."""
    first, second = pair
    assert (label_of(first) < label_of(second)) == (first < second)
    assert number_of(label_of(first)) == first
    assert [number_of(text) for text in ("open", "1", "٠٠٠٠٠٠٠٠٠٠٠١", "")] == [None] * 4
