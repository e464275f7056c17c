"""The portal: everything begins here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from attrs import evolve

from clientportal.doors.asking import make_desk
from clientportal.doors.base import as_secret
from clientportal.doors.checks import (
    check_base_url,
    check_budgets,
    check_cap,
    check_names_alike,
    check_observers,
    check_sections,
    check_senders,
    check_survivorship,
    check_tenant,
    checked_policies,
    is_tenant,
)
from clientportal.doors.client import ClientDoor
from clientportal.doors.dispatching import dispatch_blocking
from clientportal.doors.own import PortalOwn
from clientportal.doors.papers import PortalPapers
from clientportal.doors.passwords import PortalPasswords
from clientportal.doors.paying import PortalPaying
from clientportal.doors.receipts import PortalReceipts
from clientportal.doors.staff import StaffDoor
from clientportal.doors.upkeep import PortalUpkeep
from clientportal.doors.visitor import VisitorDoor
from clientportal.errors import InvalidInput
from clientportal.keyring import KeyRing, tenant_of
from clientportal.messages.texts import Catalogue
from clientportal.operations.contact_index import CONTACT_CHANGED, ContactChanged, walk
from clientportal.operations.delivery import deliver
from clientportal.operations.matching import MATCH_BOOKING, BookedAs
from clientportal.operations.notices import NOTIFY, Notify
from clientportal.operations.performing import perform
from clientportal.operations.registering import CONFIRMATION, ConfirmationOf
from clientportal.operations.setting import Client, HumanCheck, Setup, Staff, System, Visitor, utc_now
from clientportal.outcomes import Delivered, Match, Notified, WalkReport
from clientportal.passwords import AwaitedGate, BlockingGate, BreachCheck, PastHashes
from clientportal.policy import Policy
from clientportal.ports import AsyncSender, Channel, HostAdapter, Sender, Store, step
from clientportal.ports.budgets import AsyncBudgets, Budgets
from clientportal.ports.observing import Observer
from clientportal.ports.payments import PaymentProvider
from clientportal.records import NoticeKind
from clientportal.rules.claiming import LinkRule, decide_link
from clientportal.rules.evidence import Alike
from clientportal.rules.surviving import SurvivorshipRule
from clientportal.rules.who_may_manage import Permission
from clientportal.values import RecordRef, Secret, normalise_source

__all__ = ["Portal", "make_setup"]


def make_setup(
    *,
    store: Store,
    host: HostAdapter,
    policy: Policy | Callable[[str], Policy],
    keys: KeyRing,
    senders: Mapping[Channel, Sender | AsyncSender] | None,
    base_url: str,
    texts: Catalogue | None,
    human: HumanCheck | None,
    clock: Callable[[], datetime] | None,
    observer: Observer | Sequence[Observer] | None,
    past_hashes: Sequence[PastHashes],
    breaches: BreachCheck | None,
    decide_link: LinkRule,
    survivorship: Mapping[str, SurvivorshipRule] | None,
    names_alike: Alike | None,
    payments: PaymentProvider | None,
    budgets: Budgets | AsyncBudgets | None,
    sends_per_hour: int | None,
    loop: bool,
) -> Setup:
    """Check everything that a portal is given, once, for both colours."""
    if not isinstance(cast("object", keys), KeyRing):
        raise InvalidInput("keys is a KeyRing: KeyRing.from_secrets({'2026-11': KeyRing.generate_secret()})")
    if not isinstance(policy, Policy) and not callable(cast("object", policy)):
        raise InvalidInput("policy is a Policy, such as presets.timely(), or a function from business to Policy")
    if not callable(getattr(store, "begin", None)):
        raise InvalidInput("store is a store, such as SqlStore.open('sqlite:///portal.db') or MemoryStore()")
    if not callable(getattr(host, "open", None)) or getattr(host, "capabilities", None) is None:
        raise InvalidInput("host is an adapter: usually your subclass of BaseHost, the class itself")
    if not loop and getattr(store, "needs_loop", False):
        raise InvalidInput("this store has an async engine: use AsyncPortal, or SqlStore.open(url)")
    given, spoken = dict(senders or {}), texts or Catalogue()
    check_senders(given, loop=loop)
    return Setup(
        store=store,
        host=host,
        policy_of=checked_policies(
            policy, host.capabilities, given, base_url, names_alike is not None, check_sections(host), spoken.languages
        ),
        keys=keys,
        clock=clock or utc_now,
        texts=spoken,
        senders=given,
        base_url=check_base_url(base_url),
        gate=AwaitedGate(past=past_hashes) if loop else BlockingGate(past=past_hashes),
        breaches=breaches,
        decide_link=decide_link,
        survivorship=check_survivorship(survivorship),
        names_alike=check_names_alike(names_alike),
        human=human,
        payments=make_desk(payments, loop=loop),
        budgets=check_budgets(budgets, loop=loop),
        sends_per_hour=check_cap(sends_per_hour),
        observing=check_observers(observer),
    )


def visitor_of(business: str, source: str | None, device: Secret | str | None, proof: str | None) -> Visitor:
    """A logged-out caller, its address normalised as budgets count it."""
    return Visitor(
        check_tenant(business),
        None if source is None else normalise_source(source),
        None if device is None else as_secret(device),
        proof,
    )


def setup_at(setup: Setup, branch: str, language: str | None = None) -> Setup:
    """The set-up as a door has it: at which business of a franchise, in which language."""
    if not isinstance(cast("object", branch), str) or (branch and (not is_tenant(branch) or "/" in branch)):
        raise InvalidInput("branch names a business of the franchise, in 1 to 200 characters without '/'")
    if not isinstance(cast("object", language), str | None):
        raise InvalidInput(f"language is text such as 'de'; this is {type(language).__name__}")
    return evolve(setup, branch=branch, language=language) if branch or language else setup


def staff_of(business: str, actor: str, permissions: Collection[Permission | str], reason: str) -> Staff:
    """A member of staff: a name for the audit, and permissions that exist."""
    if not isinstance(cast("object", actor), str) or not 0 < len(actor) <= 200 or "\x00" in actor:
        raise InvalidInput("actor names the member of staff, in 1 to 200 characters: the audit says it was them")
    if not isinstance(cast("object", reason), str):
        raise InvalidInput(f"reason is text, which the audit keeps; this is {type(reason).__name__}")
    if isinstance(permissions, str):
        raise InvalidInput("permissions are a collection, such as {Permission.MERGE}; this is one text")
    try:
        granted = frozenset(Permission(one) for one in permissions)
    except ValueError as error:
        raise InvalidInput(f"{error}; there are {', '.join(Permission)}") from None
    return Staff(check_tenant(business), actor, granted, reason)


def client_of(token: Secret | str | None) -> Client:
    """Whoever holds this token. What is no token (an absent cookie) names no business: refused at the first call."""
    secret = as_secret("" if token is None else token)
    tenant = tenant_of(secret.reveal())
    return Client(tenant if tenant is not None and is_tenant(tenant) else "-", secret)


class Portal(PortalPaying, PortalPasswords, PortalPapers, PortalOwn, PortalReceipts, PortalUpkeep):
    """A client portal over one platform, without an event loop; :class:`AsyncPortal` is its twin.

    * ``store``: where the portal keeps its own records (``SqlStore``, ``MemoryStore``).
    * ``host``: the platform's adapter, usually its class (``ports.BaseHost``).
    * ``policy``: one policy, or a function from business to policy.
    * ``keys``: the ring that codes and links are derived from.
    * ``senders``: channel -> sender.
    * ``base_url``: what a signed link is appended to in messages; only from here, never from a request. ``{business}``
      in it is the business's id, and ``{branch}`` that of a franchise's business (the parent's own at its own door):
      each has an address of its own then.
    * ``texts``: your wording; ``human``: a bot check; ``clock``: aware UTC.
    * ``observer``: is told what happens, for logs, traces and metrics; one, or several (``ports.observing``; what ships
      is in ``clientportal.observers``).
    * ``past_hashes``: the kinds of password hashes that your platform's old accounts bring along; ``breaches``: asks a
      service whether a new password is known to have leaked.
    * ``decide_link``: your own rule on which records an account may see; see ``rules.claiming.LinkRule``.
    * ``survivorship``: field -> your own rule on whose value a merged client shows, in the place of the policy's; see
      ``rules.surviving.SurvivorshipRule``.
    * ``names_alike``: your own comparison of two names, 0 (not at all) to 1 (the same), in the place of
      ``matching.names``; a plain function, in both colours.
    * ``payments``: who takes the money (``ports.payments.PaymentProvider``); without one, invoices are listed and
      nothing can be paid.
    * ``budgets``: where sending is counted, if not in the store (``ports.budgets``, ``stores.redis``);
      ``sends_per_hour``: how many messages strangers may cause in an hour, all businesses together.

    Raises ``PolicyError`` for a policy that this host or these senders cannot carry out.
    """

    def __init__(
        self,
        *,
        store: Store,
        host: HostAdapter,
        policy: Policy | Callable[[str], Policy],
        keys: KeyRing,
        senders: Mapping[Channel, Sender] | None = None,
        base_url: str = "",
        texts: Catalogue | None = None,
        human: HumanCheck | None = None,
        clock: Callable[[], datetime] | None = None,
        observer: Observer | Sequence[Observer] | None = None,
        past_hashes: Sequence[PastHashes] = (),
        breaches: BreachCheck | None = None,
        decide_link: LinkRule = decide_link,
        survivorship: Mapping[str, SurvivorshipRule] | None = None,
        names_alike: Alike | None = None,
        payments: PaymentProvider | None = None,
        budgets: Budgets | None = None,
        sends_per_hour: int | None = None,
    ) -> None:
        self._setup = make_setup(
            store=store,
            host=host,
            policy=policy,
            keys=keys,
            senders=senders,
            base_url=base_url,
            texts=texts,
            human=human,
            clock=clock,
            observer=observer,
            past_hashes=past_hashes,
            breaches=breaches,
            decide_link=decide_link,
            survivorship=survivorship,
            names_alike=names_alike,
            payments=payments,
            budgets=budgets,
            sends_per_hour=sends_per_hour,
            loop=False,
        )

    @property
    def texts(self) -> Catalogue:
        """The texts in use, for showing a refusal that was not raised (``Terms.refusal``)."""
        return self._setup.texts

    # --- doors

    def visitor(
        self,
        business: str,
        *,
        source: str | None = None,
        device: Secret | str | None = None,
        proof: str | None = None,
        branch: str = "",
        language: str | None = None,
    ) -> VisitorDoor:
        """The door for whoever is logged out.

        ``source`` is the address the request came from, as *you* know it: no header is read here. ``device`` is the
        token that an earlier login gave this browser; ``proof`` is handed to your bot check. ``branch`` is the business
        of a franchise whose door this is, ``language`` what the visitor reads: refusals and messages are in it, where
        the business offers it.
        """
        return VisitorDoor(setup_at(self._setup, branch, language), visitor_of(business, source, device, proof))

    def client(self, token: Secret | str | None, *, branch: str = "", language: str | None = None) -> ClientDoor:
        """The door for a session. Reads nothing; every call checks the session in its own unit.

        ``None``, an absent cookie, is a session that has ended. ``branch`` and ``language`` as at :meth:`visitor`: a
        session counts at every business of its parent.
        """
        return ClientDoor(setup_at(self._setup, branch, language), client_of(token))

    def staff(
        self,
        business: str,
        *,
        actor: str,
        permissions: Collection[Permission | str],
        reason: str = "",
        branch: str = "",
    ) -> StaffDoor:
        """The door for a member of staff, whom *you* have authenticated; ``reason`` is kept in the audit."""
        return StaffDoor(setup_at(self._setup, branch), staff_of(business, actor, permissions, reason))

    def on(self, connection: Any) -> Portal:
        """The same portal inside your open transaction: what is done through it commits or rolls back with it.

        Operations that judge a proof, spend a budget or revoke access refuse there with ``DurableOperation``;
        ``Conflict`` comes to you, since only you can run your transaction again.
        """
        joined = object.__new__(Portal)
        joined._setup = evolve(self._setup, joining=connection)
        return joined

    # --- keeping it going

    def deliver(self, business: str, *, limit: int = 100) -> Delivered:
        """Send what is due. Call it after each request, from a thread, or from cron; many at once are fine."""
        return step(deliver(self._setup, check_tenant(business), dispatch_blocking, limit))

    def walk_contacts(
        self, business: str, *, progress: Callable[[WalkReport], None] | None = None, restart: bool = False
    ) -> WalkReport:
        """Build or refresh the contact index from the host's contacts; goes on where an interrupted walk stopped."""
        return step(walk(self._setup, check_tenant(business), progress, restart=restart))

    def contact_changed(self, business: str, ref: RecordRef) -> int:
        """Tell the portal that a record is new, gone, not usable any more, or has other contacts.

        The contact index follows at once, and the sessions of a record that is gone or not usable end. Answers how many
        entries of the index changed.
        """
        return step(perform(self._setup, System(check_tenant(business)), CONTACT_CHANGED, ContactChanged(ref)))

    def match_booking(self, business: str, *, name: str, email: str | None = None, mobile: str | None = None) -> Match:
        """Which client row a booking belongs to that is being made logged out, by ``bookings.logged_out``.

        Ask before you store it, and store it for ``match.ref``; ``None`` is a new client, or a tie. The answer is yours
        alone: show nothing of it to whoever typed the form. Raises ``InvalidContact``.
        """
        return step(perform(self._setup, System(check_tenant(business)), MATCH_BOOKING, BookedAs(name, email, mobile)))

    def confirmation(self, business: str, appointment_id: str) -> Secret:
        """Proof of the confirmation page of a booking that *you* have just shown: ``visitor.register(came_from=)``.

        Works for a day (A1). Raises ``Refused`` with ``not_found`` where there is no such appointment.
        """
        asked = ConfirmationOf(appointment_id)
        return step(perform(self._setup, System(check_tenant(business)), CONFIRMATION, asked))

    def notify(
        self,
        business: str,
        ref: RecordRef,
        kind: NoticeKind | str,
        *,
        title: str = "",
        text: str = "",
        section: str = "",
        item: str = "",
        key: str | None = None,
    ) -> Notified:
        """Tell a client that something happened: in the list of their notices, and by email where the business mails
        them (``portal.notices_by_email``) and the client wants it (M11).

        ``kind`` has a usual title and text; ``title`` and ``text`` are yours instead, plain text of one line and of
        several. Put nothing into them that a stranger has typed: they are mailed. ``section`` and ``item`` say where it
        leads: ``section="bookings", item="a1"``. What is moved, cancelled or booked through the portal is told without
        you. On ``portal.on(connection)`` it is part of your own transaction. Raises ``Refused`` with ``not_found``.
        """
        asked = Notify(ref, kind, title, text, section, item)
        return step(perform(self._setup, System(check_tenant(business)), NOTIFY, asked, key=key))
