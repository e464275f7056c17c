"""Letting a client in on the word of the platform. Rules: ``rules/asserting.py``."""

from __future__ import annotations

from typing import cast

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.operations.accounts import load_sight
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.fresh_sessions import fresh_session
from clientportal.operations.leaving import held_group
from clientportal.operations.people import records_of
from clientportal.outcomes import SignedIn
from clientportal.records import Account, AccountLink, SecondFactor
from clientportal.rules.asserting import AssertedAccount, AssertedClient, assert_account, assert_client
from clientportal.rules.signing_in import FreshSession
from clientportal.values import ContactKey, ContactKind, RecordRef

__all__ = ["ASSERT_ACCOUNT", "ASSERT_CLIENT", "AssertAccount", "AssertClient"]

_LONGEST = 200


def _how(value: str) -> str:
    if not isinstance(cast("object", value), str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise InvalidInput(
            f"how says how you know who this is, in 1 to {_LONGEST} characters for the audit, such as 'SAML, Okta'"
        )
    return value


def _ref(value: RecordRef) -> RecordRef:
    if not isinstance(cast("object", value), RecordRef):
        raise InvalidInput(f"a client is named by a RecordRef; this is {type(value).__name__}")
    return value


@frozen
class AssertClient:
    """The platform says that this record's client is there, and how it knows."""

    ref: RecordRef = field(converter=_ref)
    how: str = field(converter=_how)


@frozen
class AssertAccount:
    """The platform says that this account's owner is there, and how it knows."""

    account: str
    how: str = field(converter=_how)


def _fresh(reading: Reading) -> FreshSession:
    """A token, and a device token that is good for nobody: a browser that never proved anything is no known device."""
    return fresh_session(reading, ContactKey(ContactKind.EMAIL, ""))


async def _load_client(reading: Reading, asked: AssertClient) -> AssertedClient:
    # Held against whoever deletes or erases the client just now: they would not see the session that this opens.
    group = await held_group(reading, asked.ref)
    rows = await records_of(reading, [group.root])
    links = await reading.state.find_any(AccountLink, "ref", [str(ref) for ref in group.refs])
    accounts = sorted({link.account for link in links if link.revoked_at is None})
    factors = await reading.state.get_many(SecondFactor, accounts)
    return AssertedClient(asked.ref, rows.get(group.root), tuple(factors.values()), _fresh(reading))


ASSERT_CLIENT = Operation[AssertClient, AssertedClient, SignedIn](
    name="assert_client",
    load=_load_client,
    decide=lambda seen, asked, policy, now: assert_client(seen, asked.how, policy, now),
    subject=lambda asked: str(asked.ref),
    durable=True,
    previewable=False,
)


async def _load_account(reading: Reading, asked: AssertAccount) -> AssertedAccount:
    account = await reading.state.get(Account, asked.account)
    if account is not None:
        await reading.state.hold(f"contact:{account.email}")
        # As for a login: whoever ends every session of an account must see the one that opens here.
        account = await reading.state.get(Account, account.id, lock=True)
    sight = None if account is None else await load_sight(reading, account)
    return AssertedAccount(sight, _fresh(reading))


ASSERT_ACCOUNT = Operation[AssertAccount, AssertedAccount, SignedIn](
    name="assert_account",
    load=_load_account,
    decide=lambda seen, asked, policy, now: assert_account(seen, asked.how, policy, now),
    subject=lambda asked: asked.account[:200],
    durable=True,
    previewable=False,
)
