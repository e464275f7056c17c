"""The first proof of an email: what stays with the prover, and what goes with everybody else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.records import Account, Credential, Identifier, MailedLink, MailPurpose, Put
from clientportal.rules.first_proof import Unproved, first_proof, forget_account, wipe_access
from clientportal.values import Secret
from rules.emails import ANA, DAY, HERS, NOW, account, everything, mailed, put, removed


def test_the_same_person_keeps_password_and_sessions() -> None:
    """A16: nothing of the prover goes but other links to the address; the other account goes whole."""
    mine, theirs = everything("ana"), everything("eve")
    acting = mine.mailed[0]
    seen = Unproved(ANA, None, (mine, theirs), pending=(acting, theirs.mailed[0], mailed("reset", MailPurpose.RESET)))
    writes = first_proof(seen, mine.account, NOW, same_person=True, acting=acting)
    assert not {"ana", "ana-s", "ana-code", "ana-revert"} & removed(writes)
    assert {"eve", "eve-s", "eve-code", "eve-verify", "eve-revert", "eve-a1", "reset"} <= removed(writes)
    (proved,) = put(writes, Account)
    assert (proved.id, proved.proved_at, proved.waiting) == ("ana", NOW, None)
    (owner,) = put(writes, Identifier)
    assert (owner.id, owner.account, owner.proved_at) == (HERS, "ana", NOW)
    (spent,) = put(writes, MailedLink)
    assert (spent.id, spent.spent, spent.last_mark) == (acting.id, True, NOW)


def test_somebody_else_finds_nothing_of_what_was_put_there() -> None:
    """Every way in goes, the new password takes the old one's place, what the account shows is left alone."""
    mine = everything("ana")
    password = Credential(id="ana", hash=Secret("new"), set_at=NOW, set_by="client")
    identifier = Identifier(id=HERS, version=2, account="ana")
    seen = Unproved(ANA, identifier, (evolve(mine, identifiers=(*mine.identifiers, identifier)),))
    writes = first_proof(seen, mine.account, NOW, same_person=False, password=password)
    gone = {"ana-s", "ana-code", "ana-verify", "ana-revert", "email:ana@example.com"} - {HERS}
    assert removed(writes) == {*gone, "ana"}, "of the things named ana it is the second factor"
    assert not [one for one in writes if not isinstance(one, Put) and isinstance(one.record, Account)]
    (set_now,) = put(writes, Credential)
    assert (set_now.hash, set_now.version) == (Secret("new"), 4)


def test_a_new_account_takes_nothing_over() -> None:
    """An account that the proof itself makes: every other one goes, and its password is its first."""
    theirs = everything("eve")
    password = Credential(id="new", hash=Secret("new"), set_at=NOW, set_by="client")
    writes = first_proof(Unproved(ANA, None, (theirs,)), account("new"), NOW, same_person=False, password=password)
    assert {"eve", "eve-s", "eve-a1", "eve|c", "eve|client:x"} <= removed(writes)
    assert [one.id for one in put(writes, Account)] == ["new"]
    assert put(writes, Credential) == [password]
    plain = first_proof(Unproved(ANA, None, ()), account("new"), NOW, same_person=False)
    assert put(plain, Credential) == []


@pytest.mark.parametrize("same_person", [True, False])
def test_the_address_itself_is_never_taken_away(same_person: bool) -> None:
    """It logged in to an account that the platform brought along: that account goes whole, the address stays, and is
    the prover's from now on."""
    identifier = Identifier(id=HERS, version=2, account="imp")
    mine, imported = everything("ana"), everything("imp")
    imported = evolve(imported, identifiers=(*imported.identifiers, identifier))
    seen = Unproved(ANA, identifier, (mine, imported))
    writes = first_proof(seen, mine.account, NOW, same_person=same_person)
    assert put(writes, Identifier) == [evolve(identifier, account="ana", proved_at=NOW)]
    assert HERS not in removed(writes)
    assert "email:imp@example.com" in removed(writes)


def test_an_account_that_is_forgotten_spares_what_is_named() -> None:
    """The address that goes on, and the link that does this."""
    gone = removed(forget_account(everything(), sparing="email:eve@example.com", acting="eve-verify"))
    assert not {"email:eve@example.com", "eve-verify"} & gone
    assert gone == removed(forget_account(everything())) - {"email:eve@example.com", "eve-verify"}


def test_links_that_claim_a_record_or_take_a_change_back_stay() -> None:
    """They do not say whose the address is; nothing else that is on its way to it stays."""
    pending = tuple(mailed(purpose.value, purpose, account=None) for purpose in MailPurpose)
    writes = first_proof(Unproved(ANA, None, (), pending), account(), NOW, same_person=True)
    assert {"verify", "reset", "sign_in", "change_email", "invitation"} == removed(writes)


@pytest.mark.parametrize("keep", [True, False])
def test_what_a_reset_keeps(keep: bool) -> None:
    """The second factor and the way back, where the caller says so; a password that is not replaced goes."""
    second = Identifier(id="email:second@example.com", account="eve", proved_at=NOW)
    seen = everything()
    seen = evolve(seen, identifiers=(*seen.identifiers, second))
    writes = wipe_access(seen, keep_second_factor=keep, keep_reverts=keep, keep_proved=keep, acting="eve-verify")
    kinds = {type(one.record).__name__ for one in writes if not isinstance(one, Put)}
    assert ("SecondFactor" in kinds) is not keep
    assert ("eve-revert" in removed(writes)) is not keep
    assert (second.id in removed(writes)) is not keep
    assert "email:eve@example.com" in removed(writes), "one that nobody proved goes either way"
    assert "eve-verify" not in removed(writes)
    assert "Credential" in kinds
    bare = evolve(seen, credential=None, second_factor=None)
    assert not {"Credential", "SecondFactor"} & {type(one.record).__name__ for one in wipe_access(bare)}
    first = Credential(id="eve", hash=Secret("new"), set_at=NOW, set_by="client")
    assert put(wipe_access(bare, password=first), Credential) == [first]


def test_whose_the_email_is() -> None:
    """The owner is the identifier's account, if it is there; anybody else is another."""
    mine = everything("ana")
    identifier = Identifier(id=HERS, account="ana")
    assert Unproved(ANA, identifier, (mine,)).owner == mine
    assert Unproved(ANA, identifier, ()).owner is None
    assert Unproved(ANA, None, (mine,)).owner is None
    assert Unproved(ANA, identifier, (mine,)).is_owned_by_another("eve")
    assert not Unproved(ANA, identifier, (mine,)).is_owned_by_another("ana")
    assert not Unproved(ANA, None, (mine,)).is_owned_by_another("eve")


def test_a_forgotten_account_leaves_nothing() -> None:
    """All ten kinds of things."""
    assert len({type(one.record) for one in forget_account(everything())}) == 10


@given(st.sets(st.sampled_from(["a", "b", "c", "d"]), min_size=1), st.booleans())
def test_after_any_first_proof_one_account_has_the_address_and_no_record_is_written_twice(
    names: set[str], same_person: bool
) -> None:
    """Whoever typed the address, in whatever number: one stays, and a store accepts the writes."""
    held = tuple(everything(name) for name in sorted(names))
    pending = tuple(link for one in held for link in one.mailed if link.identity == HERS)
    prover = held[0].account
    acting = held[0].mailed[0]
    writes = first_proof(Unproved(ANA, None, held, pending), prover, NOW + DAY, same_person=same_person, acting=acting)
    keys = sorted((type(one.record).__name__, one.record.id) for one in writes)
    assert all(one != other for one, other in pairwise(keys))
    assert [one.id for one in put(writes, Account)] == [prover.id]
    accounts = {one.record.id for one in writes if not isinstance(one, Put) and isinstance(one.record, Account)}
    assert accounts == names - {prover.id}
