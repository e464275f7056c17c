"""One password, one hash: what matches, what is replaced, and what a check costs."""

from __future__ import annotations

import pickle
import re
import traceback
import unicodedata
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import HostError, SecretUsedAsText
from clientportal.passwords import Bcrypt, BlockingGate, Checked, Pbkdf2, hashing
from clientportal.policy.passwords import PasswordPolicy
from clientportal.values import Secret

CHEAP = PasswordPolicy(memory_kib=64, passes=2)
CANARY = "canary-7f3a-9d21-kōwhai"
KOWHAI = Secret("Kōwhai tree 7 by the ferry")
DJANGO = Secret("pbkdf2_sha256$1000$EEcHliTNqADC$6luylrKaRKZKFSnwTodJY3lCKgJ7j1CxcRH/XHXD9nM=")
PAST = (Pbkdf2(), Bcrypt())


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The cost, memory × passes, of every argon2 that runs meanwhile."""
    spent: list[int] = []
    verify, hash_secret = hashing.verify_secret, hashing.hash_secret

    def verifying(hash: bytes, *args: Any) -> bool:
        memory, passes = re.findall(rb"[mt]=([0-9]+)", hash)
        spent.append(int(memory) * int(passes))
        return verify(hash, *args)

    def making(*args: Any, **kwargs: Any) -> bytes:
        spent.append(kwargs["memory_cost"] * kwargs["time_cost"])
        return hash_secret(*args, **kwargs)

    monkeypatch.setattr(hashing, "verify_secret", verifying)
    monkeypatch.setattr(hashing, "hash_secret", making)
    return spent


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_hash_matches_its_own_password_and_no_other(one: str, other: str) -> None:
    """Blank and strange text included."""
    stored = hashing.make(Secret(one), CHEAP)
    assert hashing.check(stored, Secret(one), CHEAP, ()) == Checked(True)
    assert hashing.check(stored, Secret(other), CHEAP, ()).matches is (one == other)


def test_the_parameters_are_the_policy_s_and_the_salt_is_fresh() -> None:
    """Nineteen mebibytes, two passes, one lane, sixteen bytes of salt, by default (ASVS V11.4.2)."""
    one, other = (hashing.make(KOWHAI, PasswordPolicy()).reveal() for _ in range(2))
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert [len(part) for part in one.split("$")[4:]] == [22, 43]
    assert one.split("$")[4] != other.split("$")[4]


@pytest.mark.parametrize(
    "stored",
    [
        # the reference implementation's own tests
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
    ],
)
def test_the_published_vectors_match(stored: str) -> None:
    """argon2id and argon2i of the reference implementation."""
    assert hashing.check(Secret(stored), Secret("password"), CHEAP, ()).matches


def test_a_difference_at_character_73_matters() -> None:
    """Nothing is cut, as bcrypt would (ASVS V6.2.8)."""
    first = "a long sentence that somebody typed, " * 3
    stored = hashing.make(Secret(first[:72] + "x" + first[73:]), CHEAP)
    assert not hashing.check(stored, Secret(first[:72] + "y" + first[73:]), CHEAP, ()).matches


@pytest.mark.parametrize(
    ("memory_kib", "passes", "replaced"),
    [(64, 2, False), (128, 3, False), (63, 2, True), (64, 1, True), (1024, 1, True)],
)
def test_a_hash_with_weaker_parameters_is_replaced(memory_kib: int, passes: int, replaced: bool) -> None:
    """At the next right password, by one with the policy's parameters; a stronger one stays."""
    stored = hashing.make(KOWHAI, PasswordPolicy(memory_kib=memory_kib, passes=passes))
    checked = hashing.check(stored, KOWHAI, CHEAP, ())
    assert [checked.matches, checked.replacement is not None] == [True, replaced]
    if checked.replacement is not None:
        assert hashing.check(checked.replacement, KOWHAI, CHEAP, ()) == Checked(True)


@pytest.mark.parametrize(
    "stored",
    [
        # Django 5.2; argon2-cffi with the first version of argon2
        "argon2$argon2id$v=19$m=1024,t=2,p=8$WnEzdFg5YUxtMktk$SzUbIa8eZehdhfEA/YStycxa+UHYvMa0eMaZoBP+eiY",
        "$argon2i$v=16$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$BW7mZzOOAqRJbygxkm3nQQ",
    ],
)
def test_other_spellings_of_argon2_are_read(stored: str) -> None:
    """Django's and the first version's match; the second is replaced, for it is weaker whatever it costs."""
    checked = hashing.check(Secret(stored), KOWHAI, CHEAP, ())
    assert [checked.matches, checked.replacement is not None] == [True, "argon2i$" in stored]


def test_an_unknown_identity_costs_exactly_one_argon2(work: list[int]) -> None:
    """With the same parameters as a wrong password, and as text that is no hash at all."""
    stored = hashing.make(KOWHAI, CHEAP)
    for known in (None, stored, Secret("!"), Secret("$argon2id$v=19$m=64,t=2,p=1$!$!"), Secret("")):
        work.clear()
        assert not hashing.check(known, Secret("wrong"), CHEAP, PAST).matches
        assert work == [128]


def test_a_hash_from_cheaper_times_costs_the_rest_on_top(work: list[int]) -> None:
    """Else the accounts that have not logged in since the policy was raised could be told by the clock."""
    stored = hashing.make(KOWHAI, PasswordPolicy(memory_kib=32, passes=1))
    work.clear()
    assert not hashing.check(stored, Secret("wrong"), CHEAP, ()).matches
    assert work == [32, 96]


def test_a_hash_of_the_past_is_verified_and_replaced(work: list[int]) -> None:
    """Right or wrong, one argon2 comes on top: the new hash, or as much work."""
    right = hashing.check(DJANGO, KOWHAI, CHEAP, PAST)
    assert work == [128]
    assert right.replacement is not None
    assert hashing.check(right.replacement, KOWHAI, CHEAP, PAST) == Checked(True)
    work.clear()
    assert hashing.check(DJANGO, Secret("wrong"), CHEAP, PAST) == Checked(False)
    assert work == [128]


def test_without_its_port_a_hash_of_the_past_matches_nothing() -> None:
    """Nothing is verified that the portal was not told of."""
    assert hashing.check(DJANGO, KOWHAI, CHEAP, (Bcrypt(),)) == Checked(False)


def test_a_past_that_did_not_compose_its_characters_still_matches() -> None:
    """A hash that was made of NFD, as some keyboards send it: our NFC would never match it."""
    stored = Secret("$pbkdf2-sha256$1000$t5ZyjlEKodT6/19rbc1Zyw$EkAamAee2x5gUHo42aJVeJWv7NUcwdy3uLctaz9S89Q")
    assert KOWHAI.reveal() == unicodedata.normalize("NFC", KOWHAI.reveal())
    assert hashing.check(stored, KOWHAI, CHEAP, PAST).matches


@pytest.mark.parametrize("cost", ["m=4194304,t=1,p=1", "m=1048576,t=5,p=1", "m=64,t=9999999,p=1", "m=1024,t=1,p=99"])
def test_a_planted_argon2_of_absurd_cost_is_not_computed(cost: str, work: list[int]) -> None:
    """It matches nothing, for the price of an unknown identity."""
    stored = Secret(f"$argon2id$v=19${cost}$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
    assert hashing.check(stored, Secret("password"), CHEAP, ()) == Checked(False)
    assert work == [128]


def test_a_hash_that_argon2_itself_refuses_matches_nothing(work: list[int]) -> None:
    """Less memory than its lanes need: what argon2 says no to has cost nothing, so the dummy follows."""
    stored = Secret("$argon2id$v=19$m=8,t=1,p=4$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
    assert hashing.check(stored, Secret("password"), CHEAP, ()) == Checked(False)
    assert work == [8, 128]


def test_a_machine_without_memory_judges_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A right password must not count as a wrong try because argon2 could not run."""

    def no_memory(*_args: Any) -> bool:
        raise hashing.VerificationError("Memory allocation error")

    stored = hashing.make(KOWHAI, CHEAP)
    monkeypatch.setattr(hashing, "verify_secret", no_memory)
    with pytest.raises(MemoryError):
        hashing.check(stored, KOWHAI, CHEAP, ())


class _Broken:
    """A port that does not keep its promise."""

    def recognises(self, stored: str) -> bool:
        return True

    def verify(self, stored: str, password: str) -> bool:
        raise ValueError(f"cannot read {stored} with {password}")


def test_a_port_that_raises_leaks_nothing() -> None:
    """Its message and its frames have the password in clear; the error names the method and the kind alone."""
    with pytest.raises(HostError, match=r"_Broken\.verify raised ValueError") as caught:
        hashing.check(Secret(f"{CANARY}-hash"), Secret(CANARY), CHEAP, (_Broken(),))
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert CANARY not in "".join(told.format())


def test_nothing_shows_or_pickles_a_password_or_its_hash() -> None:
    """Neither what comes back, nor the gate, nor what it is made of."""
    weak = hashing.make(Secret(CANARY), PasswordPolicy(memory_kib=8, passes=1))
    checked = hashing.check(weak, Secret(CANARY), CHEAP, ())
    gate = BlockingGate(past=PAST)
    for shown in (weak, checked, gate, gate.place(CHEAP), hashing._read(weak)):
        assert not re.search(rf"{CANARY}|argon2id", f"{shown} {shown!r}")
    for pickled in (weak, checked, hashing._read(weak)):
        with pytest.raises(SecretUsedAsText):
            pickle.dumps(pickled)
    with pytest.raises(TypeError):
        pickle.dumps(gate)


def test_a_lone_surrogate_that_came_through_leaks_nothing() -> None:
    """Encoding it would raise an error that has the whole text in it."""
    stored = hashing.make(Secret("\ud83d" + CANARY), CHEAP)
    assert not hashing.check(stored, Secret(CANARY), evolve(CHEAP, passes=1), ()).matches
