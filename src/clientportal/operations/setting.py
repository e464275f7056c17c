"""What a portal was set up with, and who is calling."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote

from attrs import field, frozen

from clientportal.decisions import Refusal
from clientportal.errors import Refused
from clientportal.keyring import KeyRing, digest
from clientportal.messages.terms import words_of
from clientportal.messages.texts import Catalogue
from clientportal.operations.observing import Observing
from clientportal.operations.providers import PaymentDesk
from clientportal.passwords import BreachCheck, PasswordGate
from clientportal.policy import NameComparison, Policy
from clientportal.ports import AsyncSender, Channel, HostAdapter, Sender, Store
from clientportal.ports.branches import HostAtBranch
from clientportal.ports.budgets import AsyncBudgets, Budgets
from clientportal.rules.claiming import LinkRule, decide_link
from clientportal.rules.evidence import Alike, folded_alike
from clientportal.rules.franchises import policy_at
from clientportal.rules.surviving import SurvivorshipRule
from clientportal.rules.who_may_manage import Permission
from clientportal.similar_names import similar_names
from clientportal.values import Secret

__all__ = [
    "Attempt",
    "Caller",
    "Client",
    "HumanCheck",
    "Setup",
    "Staff",
    "System",
    "Visitor",
    "address_at",
    "check_human",
    "fresh_id",
    "utc_now",
]


def utc_now() -> datetime:
    """The system clock."""
    return datetime.now(UTC)


def fresh_id() -> str:
    """128 random bits as text."""
    return secrets.token_hex(16)


def address_at(base_url: str, tenant: str, branch: str = "") -> str:
    """The configured address of one business; ``{branch}`` is the parent's own name where no branch's door is."""
    here = base_url.replace("{branch}", quote(branch or tenant, safe=""))
    return here.replace("{business}", quote(tenant, safe=""))


@frozen
class Attempt:
    """What a bot check is told before anything paid is sent: who asks from where, with what proof of being human."""

    tenant: str
    source: str | None
    proof: str | None = field(repr=False)


HumanCheck = Callable[[Attempt], bool] | Callable[[Attempt], Awaitable[bool]]
"""Says whether a person asks (``True``) or a bot. Called before a code is sent; must not raise for a bot."""


@frozen(kw_only=True)
class Setup:
    """Everything a portal was built with; ``joining`` is the host's open transaction that it was handed, if any."""

    store: Store
    host: HostAdapter
    policy_of: Callable[[str], Policy]
    keys: KeyRing
    clock: Callable[[], datetime]
    texts: Catalogue
    senders: Mapping[Channel, Sender | AsyncSender]
    base_url: str
    gate: PasswordGate
    breaches: BreachCheck | None = None
    human: HumanCheck | None = None
    payments: PaymentDesk | None = None
    budgets: Budgets | AsyncBudgets | None = None
    """Where sending is counted, if not in the store."""
    sends_per_hour: int | None = None
    """How many messages strangers may cause in an hour, all businesses together; known devices as many again."""
    decide_link: LinkRule = decide_link
    survivorship: Mapping[str, SurvivorshipRule] = field(factory=dict[str, SurvivorshipRule])
    names_alike: Alike | None = None
    observing: Observing = field(factory=Observing)
    joining: Any = None
    language: str | None = None
    """What the caller at this door wants to read; where it is not offered, the business's own language."""
    branch: str = ""
    """The business of a franchise whose door this is; empty at the parent's own, and where there is no franchise."""

    @property
    def connection(self) -> Any:
        """The host's open transaction to join, if any: one that was handed over (``portal.on``), or, where the store
        runs on the framework's own connection, the one that the caller is in just now.
        """
        if self.joining is not None:
            return self.joining
        surrounding = getattr(self.store, "surrounding", None)
        return None if surrounding is None else surrounding()

    @property
    def leave_transaction(self) -> str:
        """How to call what cannot be part of the transaction that surrounds the caller."""
        usual = "Call it on the portal itself, not on portal.on(connection)"
        return str(getattr(self.store, "leave_transaction", usual))

    def policy_here(self, tenant: str) -> Policy:
        """The policy at this door: the tenant's; at a business of a franchise, what that one makes of it."""
        parent = self.policy_of(tenant)
        return parent if not self.branch else policy_at(parent, self.policy_of(f"{tenant}/{self.branch}"))

    def host_here(self, tenant: str) -> HostAdapter:
        """The host at this door: one that knows which business of a franchise is asking, where one is."""
        if not self.branch:
            return self.host
        return cast("HostAdapter", HostAtBranch(self.host, self.branch, self.policy_of(tenant).franchise.shares))

    def texts_for(self, policy: Policy, language: str | None = None) -> Catalogue:
        """The texts in the caller's language, or that one, in the business's words for things (TT1)."""
        spoken = policy.portal.language_for(language or self.language)
        return self.texts.speaking(spoken, words_of(policy, spoken))

    def address_of(self, tenant: str) -> str:
        """Where a business's own pages are: what links in its messages begin with (V11)."""
        return address_at(self.base_url, tenant, self.branch)

    def alike(self, policy: Policy) -> Alike:
        """How names are compared under a policy: as the host does it, where it has brought its own."""
        if self.names_alike is not None:
            return self.names_alike
        return similar_names() if policy.matching.names is NameComparison.SIMILAR else folded_alike

    def refused(self, refusal: Refusal, tenant: str | None = None) -> Refused:
        """The error that a door raises: uniform for the client, with its texts in that business's words (TT1)."""
        shown = refusal.as_shown()
        texts = self.texts if tenant is None else self.texts_for(self.policy_here(tenant))
        return Refused(shown, texts.for_client(shown), texts.for_staff(shown))


@frozen
class Visitor:
    """Nobody in particular: logged out."""

    tenant: str
    source: str | None = None
    device: Secret | None = None
    proof: str | None = field(default=None, repr=False)

    @property
    def word(self) -> str:
        """For the audit."""
        return "visitor"

    @property
    def scope(self) -> str:
        """Whose idempotency keys these are."""
        return "visitor"


@frozen
class Client:
    """Whoever holds this session token."""

    tenant: str
    token: Secret

    @property
    def session_id(self) -> str:
        """The id of the session, if there is one."""
        return digest(self.token.reveal())

    @property
    def word(self) -> str:
        """For the audit, until the session is read."""
        return "client"

    @property
    def scope(self) -> str:
        """Whose idempotency keys these are."""
        return self.session_id


@frozen
class Staff:
    """A member of staff, as the host names them, with the permissions that the host gives them."""

    tenant: str
    actor: str
    permissions: frozenset[Permission]
    reason: str = ""

    @property
    def word(self) -> str:
        """For the audit."""
        return f"staff:{self.actor}"

    @property
    def scope(self) -> str:
        """Whose idempotency keys these are."""
        return self.word


@frozen
class System:
    """The host itself: the pump, the contact walk."""

    tenant: str

    @property
    def word(self) -> str:
        """For the audit."""
        return "system"

    @property
    def scope(self) -> str:
        """Whose idempotency keys these are."""
        return "system"


Caller = Visitor | Client | Staff | System


async def check_human(setup: Setup, caller: Caller) -> bool:
    """Ask the host's bot check about a visitor. A check that fails to answer counts as "a bot"."""
    if setup.human is None or not isinstance(caller, Visitor):
        return True
    try:
        said = setup.human(Attempt(caller.tenant, caller.source, caller.proof))
        return bool(await said if inspect.isawaitable(said) else said)
    except Exception:
        return False
