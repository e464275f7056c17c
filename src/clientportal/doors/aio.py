"""The same doors and the same portal, awaited. One line per operation; what each promises is said once, at its twin.

A test compares the two colours' signatures, and ``_describe`` gives every method here its twin's docstring.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import evolve

from clientportal.doors.assigning import AsyncClientAssigning, AsyncStaffAssigning, AsyncVisitorAssigning
from clientportal.doors.base import as_secret, describe
from clientportal.doors.checks import check_tenant
from clientportal.doors.claiming import AsyncClientClaiming, AsyncStaffClaiming
from clientportal.doors.client import ClientDoor
from clientportal.doors.client_files import AsyncStaffClientFiles
from clientportal.doors.client_list import AsyncStaffClientList
from clientportal.doors.dashboard import AsyncClientDashboard, AsyncVisitorWelcome
from clientportal.doors.dispatching import dispatch_async
from clientportal.doors.duplicates import AsyncStaffDuplicates
from clientportal.doors.held import AsyncClientHeld
from clientportal.doors.mail_links import AsyncClientMailLinks, AsyncStaffMailLinks, AsyncVisitorMailLinks
from clientportal.doors.notices import AsyncClientNotices, AsyncStaffNotices
from clientportal.doors.own import AsyncClientOwn, AsyncPortalOwn, AsyncVisitorOwn
from clientportal.doors.papers import (
    AsyncClientPapers,
    AsyncPortalPapers,
    AsyncStaffPapers,
    AsyncVisitorPapers,
)
from clientportal.doors.passwords import (
    AsyncClientPasswords,
    AsyncPortalPasswords,
    AsyncStaffPasswords,
    AsyncVisitorPasswords,
)
from clientportal.doors.paying import AsyncClientPaying, AsyncPortalPaying, AsyncStaffPaying
from clientportal.doors.portal import Portal, client_of, make_setup, setup_at, staff_of, visitor_of
from clientportal.doors.receipts import AsyncPortalReceipts
from clientportal.doors.registering import AsyncClientRegistering, AsyncStaffRegistering, AsyncVisitorRegistering
from clientportal.doors.sections import AsyncClientSections
from clientportal.doors.staff import StaffDoor
from clientportal.doors.upkeep import AsyncPortalUpkeep
from clientportal.doors.viewing import AsyncStaffViewing
from clientportal.doors.visitor import VisitorDoor
from clientportal.keyring import KeyRing
from clientportal.messages.texts import Catalogue
from clientportal.operations import (
    appointments,
    by_link,
    changing,
    ending_sessions,
    housekeeping,
    requesting_codes,
    sessions,
    signing_in,
    staff,
    what_if,
)
from clientportal.operations.contact_index import CONTACT_CHANGED, ContactChanged, walk
from clientportal.operations.delivery import deliver
from clientportal.operations.matching import MATCH_BOOKING, BookedAs
from clientportal.operations.notices import NOTIFY, Notify
from clientportal.operations.performing import perform
from clientportal.operations.registering import CONFIRMATION, ConfirmationOf
from clientportal.operations.sessions import Nothing
from clientportal.operations.setting import HumanCheck, Staff, System
from clientportal.operations.typed_codes import TypedCode
from clientportal.outcomes import (
    Appointments,
    AuditLine,
    Booked,
    BookingStart,
    Cancelled,
    ChangeExplained,
    ChangeTerms,
    CodeSent,
    ContactExplained,
    CurrentSession,
    Delivered,
    Detached,
    Difference,
    Ended,
    LinkView,
    Match,
    Moved,
    Notified,
    OutboxLine,
    PastChange,
    Profile,
    ProfileOption,
    SessionLine,
    SignedIn,
    WalkReport,
)
from clientportal.passwords import BreachCheck, PastHashes
from clientportal.policy import Policy
from clientportal.ports import AsyncSender, Channel, HostAdapter, Page, Sender, Store
from clientportal.ports.budgets import AsyncBudgets
from clientportal.ports.observing import Observer
from clientportal.ports.payments import PaymentProvider
from clientportal.records import MessageState, NoticeKind
from clientportal.rules.claiming import LinkRule, decide_link
from clientportal.rules.evidence import Alike
from clientportal.rules.surviving import SurvivorshipRule
from clientportal.rules.who_may_change import Change
from clientportal.rules.who_may_manage import Permission
from clientportal.values import Appointment, Money, RecordRef, Secret, Slot, When

__all__ = ["AsyncClientDoor", "AsyncPortal", "AsyncStaffDoor", "AsyncVisitorDoor"]


class AsyncVisitorDoor(
    AsyncVisitorRegistering,
    AsyncVisitorPasswords,
    AsyncVisitorMailLinks,
    AsyncVisitorAssigning,
    AsyncVisitorPapers,
    AsyncVisitorOwn,
    AsyncVisitorWelcome,
):
    """The twin of :class:`VisitorDoor`, awaited."""

    async def request_code(self, contact: str) -> CodeSent:
        return await self._do(requesting_codes.REQUEST_CODE, requesting_codes.AskCode(contact))

    async def resend_code(self, handle: Secret | str) -> CodeSent:
        return await self._do(requesting_codes.RESEND_CODE, requesting_codes.ResendCode(as_secret(handle)))

    async def verify_code(self, handle: Secret | str, code: str, *, key: str | None = None) -> SignedIn:
        typed = TypedCode(as_secret(handle), as_secret(code))
        return await self._do(signing_in.VERIFY_CODE, typed, key)

    async def start_booking(self) -> BookingStart:
        return await self._do(appointments.VISITOR_START_BOOKING, Nothing())

    async def look_at_link(self, link: Secret | str) -> LinkView:
        return await self._do(by_link.LOOK_AT_LINK, by_link.ByLink(as_secret(link)))

    async def link_slots(
        self, link: Secret | str, since: datetime, until: datetime, *, limit: int = 50
    ) -> tuple[Slot, ...]:
        asked = changing.ListSlots("", since, until, as_secret(link), limit)
        return await self._do(by_link.LINK_SLOTS, asked)

    async def cancel_by_link(self, link: Secret | str, *, accept_fee: Money | None = None) -> Cancelled:
        return await self._do(by_link.CANCEL_BY_LINK, by_link.ByLink(as_secret(link), None, accept_fee))

    async def move_by_link(self, link: Secret | str, slot_id: str, *, accept_fee: Money | None = None) -> Moved:
        return await self._do(by_link.MOVE_BY_LINK, by_link.ByLink(as_secret(link), slot_id, accept_fee))


class AsyncClientDoor(
    AsyncClientRegistering,
    AsyncClientPasswords,
    AsyncClientMailLinks,
    AsyncClientAssigning,
    AsyncClientClaiming,
    AsyncClientSections,
    AsyncClientDashboard,
    AsyncClientPaying,
    AsyncClientNotices,
    AsyncClientHeld,
    AsyncClientPapers,
    AsyncClientOwn,
):
    """The twin of :class:`ClientDoor`, awaited."""

    @property
    def preview(self) -> AsyncClientDoor:
        return AsyncClientDoor(self._setup, self._caller, preview=True)

    async def profile(self) -> Profile:
        return await self._do(appointments.PROFILE, Nothing())

    async def appointments(
        self, when: When | str = When.UPCOMING, *, after: str | None = None, limit: int = 20
    ) -> Appointments:
        return await self._do(appointments.LIST_APPOINTMENTS, appointments.ListAppointments(when, after, limit))

    async def appointment(self, id: str) -> Appointment:
        return await self._do(changing.GET_APPOINTMENT, changing.AppointmentById(id))

    async def past_changes(self, *, limit: int = 20) -> tuple[PastChange, ...]:
        return await self._do(appointments.PAST_CHANGES, appointments.ListChanges(limit))

    async def start_booking(self) -> BookingStart:
        return await self._do(appointments.START_BOOKING, Nothing())

    async def change_terms(self, id: str) -> ChangeTerms:
        return await self._do(changing.CHANGE_TERMS, changing.AppointmentById(id))

    async def slots(
        self, appointment_id: str, since: datetime, until: datetime, *, limit: int = 50
    ) -> tuple[Slot, ...]:
        return await self._do(changing.FREE_SLOTS, changing.ListSlots(appointment_id, since, until, None, limit))

    async def move(
        self, appointment_id: str, slot_id: str, *, accept_fee: Money | None = None, key: str | None = None
    ) -> Moved:
        return await self._do(changing.MOVE, Change(appointment_id, slot_id, accept_fee), key)

    async def cancel(
        self, appointment_id: str, *, accept_fee: Money | None = None, key: str | None = None
    ) -> Cancelled:
        return await self._do(changing.CANCEL, Change(appointment_id, None, accept_fee), key)

    async def rebook(self, appointment_id: str, slot_id: str, *, key: str | None = None) -> Booked:
        return await self._do(changing.REBOOK, Change(appointment_id, slot_id, None), key)

    async def profiles(self) -> tuple[ProfileOption, ...]:
        return await self._do(sessions.LIST_PROFILES, Nothing())

    async def switch(self, option_id: str, *, key: str | None = None) -> SignedIn:
        return await self._do(sessions.SWITCH, sessions.SwitchTo(option_id), key)

    async def request_second_proof(self, contact: str) -> CodeSent:
        return await self._do(requesting_codes.REQUEST_SECOND_PROOF, requesting_codes.AskSecondProof(contact))

    async def not_me(self) -> Detached:
        return await self._do(sessions.NOT_ME, Nothing())

    async def current_session(self) -> CurrentSession:
        return await self._do(sessions.CURRENT_SESSION, Nothing())

    async def sessions(self) -> tuple[SessionLine, ...]:
        return await self._do(ending_sessions.LIST_SESSIONS, Nothing())

    async def end_session(self, id: str) -> Ended:
        return await self._do(ending_sessions.END_SESSION, ending_sessions.EndSession(id))

    async def log_out(self) -> Ended:
        return await self._do(ending_sessions.LOG_OUT, Nothing())

    async def log_out_everywhere(self) -> Ended:
        return await self._do(ending_sessions.LOG_OUT_EVERYWHERE, Nothing())


class AsyncStaffDoor(
    AsyncStaffRegistering,
    AsyncStaffPasswords,
    AsyncStaffMailLinks,
    AsyncStaffAssigning,
    AsyncStaffClaiming,
    AsyncStaffClientList,
    AsyncStaffClientFiles,
    AsyncStaffViewing,
    AsyncStaffDuplicates,
    AsyncStaffPaying,
    AsyncStaffNotices,
    AsyncStaffPapers,
):
    """The twin of :class:`StaffDoor`, awaited."""

    @property
    def preview(self) -> AsyncStaffDoor:
        return AsyncStaffDoor(self._setup, self._caller, preview=True)

    async def sessions(self, ref: RecordRef) -> tuple[SessionLine, ...]:
        return await self._do(ending_sessions.LIST_SESSIONS_OF, ending_sessions.SessionsOf(ref))

    async def end_sessions(self, ref: RecordRef) -> Ended:
        return await self._do(ending_sessions.END_SESSIONS_OF, ending_sessions.SessionsOf(ref))

    async def unblock(self, contact: str) -> bool:
        return await self._do(staff.UNBLOCK, staff.AboutContact(contact))

    async def reattach(self, contact: str, ref: RecordRef) -> bool:
        return await self._do(staff.REATTACH, staff.Reattach(contact, ref))

    async def move(self, appointment_id: str, slot_id: str, *, key: str | None = None) -> Moved:
        return await self._do(changing.STAFF_MOVE, Change(appointment_id, slot_id, None), key)

    async def cancel(self, appointment_id: str, *, key: str | None = None) -> Cancelled:
        return await self._do(changing.STAFF_CANCEL, Change(appointment_id), key)

    async def appointment_link(self, appointment_id: str, *, send: bool = False) -> Secret:
        return await self._do(staff.APPOINTMENT_LINK_FOR, staff.LinkFor(appointment_id, send))

    async def explain_change(self, appointment_id: str) -> ChangeExplained:
        return await self._do(staff.EXPLAIN_CHANGE, staff.AboutAppointment(appointment_id))

    async def explain_contact(self, contact: str) -> ContactExplained:
        return await self._do(staff.EXPLAIN_CONTACT, staff.AboutContact(contact))

    async def replay(self, other: Policy) -> AsyncIterator[Difference]:
        assert isinstance(self._caller, Staff)
        async for difference in what_if.replay(self._setup, self._caller, other):
            yield difference

    async def audit(self, *, subject: str | None = None, after: str | None = None, limit: int = 50) -> Page[AuditLine]:
        return await self._do(staff.AUDIT, staff.ListAudit(subject, after, limit))

    async def outbox(
        self, state: MessageState | str = MessageState.ABANDONED, *, limit: int = 50
    ) -> tuple[OutboxLine, ...]:
        return await self._do(housekeeping.OUTBOX, housekeeping.ListOutbox(state, limit))


class AsyncPortal(
    AsyncPortalPaying, AsyncPortalPasswords, AsyncPortalPapers, AsyncPortalOwn, AsyncPortalReceipts, AsyncPortalUpkeep
):
    """The twin of :class:`Portal` for an event loop: stores, hosts and senders may be async."""

    def __init__(
        self,
        *,
        store: Store,
        host: HostAdapter,
        policy: Policy | Callable[[str], Policy],
        keys: KeyRing,
        senders: Mapping[Channel, Sender | AsyncSender] | None = None,
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
        budgets: AsyncBudgets | None = None,
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
            loop=True,
        )

    @property
    def texts(self) -> Catalogue:
        return self._setup.texts

    def visitor(
        self,
        business: str,
        *,
        source: str | None = None,
        device: Secret | str | None = None,
        proof: str | None = None,
        branch: str = "",
        language: str | None = None,
    ) -> AsyncVisitorDoor:
        return AsyncVisitorDoor(setup_at(self._setup, branch, language), visitor_of(business, source, device, proof))

    def client(self, token: Secret | str | None, *, branch: str = "", language: str | None = None) -> AsyncClientDoor:
        return AsyncClientDoor(setup_at(self._setup, branch, language), client_of(token))

    def staff(
        self,
        business: str,
        *,
        actor: str,
        permissions: Collection[Permission | str],
        reason: str = "",
        branch: str = "",
    ) -> AsyncStaffDoor:
        return AsyncStaffDoor(setup_at(self._setup, branch), staff_of(business, actor, permissions, reason))

    def on(self, connection: Any) -> AsyncPortal:
        joined = object.__new__(AsyncPortal)
        joined._setup = evolve(self._setup, joining=connection)
        return joined

    async def deliver(self, business: str, *, limit: int = 100) -> Delivered:
        return await deliver(self._setup, check_tenant(business), dispatch_async, limit)

    async def walk_contacts(
        self, business: str, *, progress: Callable[[WalkReport], None] | None = None, restart: bool = False
    ) -> WalkReport:
        return await walk(self._setup, check_tenant(business), progress, restart=restart)

    async def contact_changed(self, business: str, ref: RecordRef) -> int:
        return await perform(self._setup, System(check_tenant(business)), CONTACT_CHANGED, ContactChanged(ref))

    async def match_booking(
        self, business: str, *, name: str, email: str | None = None, mobile: str | None = None
    ) -> Match:
        return await perform(self._setup, System(check_tenant(business)), MATCH_BOOKING, BookedAs(name, email, mobile))

    async def confirmation(self, business: str, appointment_id: str) -> Secret:
        asked = ConfirmationOf(appointment_id)
        return await perform(self._setup, System(check_tenant(business)), CONFIRMATION, asked)

    async def notify(
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
        asked = Notify(ref, kind, title, text, section, item)
        return await perform(self._setup, System(check_tenant(business)), NOTIFY, asked, key=key)


describe(AsyncVisitorDoor, VisitorDoor)
describe(AsyncClientDoor, ClientDoor)
describe(AsyncStaffDoor, StaffDoor)
describe(AsyncPortal, Portal)
