"""Accounts and the client list as a user of the library writes them; checked as ``portal.py`` is, never run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import ClassVar, assert_type

from clientportal import (
    BaseHost,
    Because,
    Capabilities,
    KeyRing,
    Money,
    Policy,
    Portal,
    Reason,
    RecordRef,
    Secret,
    presets,
)
from clientportal.outcomes import (
    AccountImport,
    AllAssigned,
    BookedFor,
    Claimed,
    ClientLines,
    Codes,
    Deleted,
    Enrolment,
    Erased,
    ImportedAccount,
    ImportedRow,
    MailSent,
    MayAssignAll,
    Registered,
    ResetDone,
    ResetRow,
    SignedIn,
    StaffProfile,
    Viewing,
)
from clientportal.passwords import Bcrypt, Pbkdf2
from clientportal.ports import ClientPage
from clientportal.rules.claiming import Leave, Link, LinkFacts, LinkVerdict
from clientportal.rules.whose_contact import Candidate
from clientportal.stores.memory import MemoryStore
from clientportal.values import (
    ActiveCode,
    Answer,
    Appointment,
    CardSummary,
    ClientChange,
    ClientDraft,
    CodeKind,
    HostAnswer,
    Prefill,
)


class Platform(BaseHost):
    """A host adapter with what the client list and accounts can use."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        create_client=True,
        update_client=True,
        delete_client=True,
        erase_client=True,
        delete_appointment=True,
        client_list=True,
        prefill=True,
        active_codes=True,
    )

    def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage:
        return ClientPage(())

    def create_client(self, draft: ClientDraft, key: str) -> HostAnswer:
        return HostAnswer(ref=RecordRef.client(draft.first_name or "1"))

    def create_clients(self, drafts: Sequence[tuple[ClientDraft, str]]) -> Sequence[HostAnswer]:
        return [self.create_client(draft, key) for draft, key in drafts]

    def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer:
        return HostAnswer(ref=ref)

    def delete_client(self, ref: RecordRef, key: str) -> HostAnswer:
        return HostAnswer(ref=ref)

    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        return HostAnswer()

    def delete_appointment(self, appointment: Appointment, key: str) -> HostAnswer:
        return HostAnswer()

    def prefill(self, refs: Sequence[RecordRef]) -> Prefill:
        asked = Answer("intake", "Allergies?", "none", datetime(2026, 1, 1, tzinfo=UTC))
        return Prefill((asked,), CardSummary("Visa", "4242", 12, 2029))

    def active_codes(self, refs: Sequence[RecordRef]) -> Sequence[ActiveCode]:
        left = Money("20.00", "NZD")
        return [
            ActiveCode(
                id="g1",
                ref=ref,
                kind=CodeKind.GIFT,
                code=Secret("GIFT-1"),
                name="Gift card",
                balance=left,
                last_day=date(2026, 12, 31),
            )
            for ref in refs
        ]


def never_shared(facts: LinkFacts, candidates: Sequence[Candidate], policy: Policy, /) -> LinkVerdict:
    """A rule of the platform's own on which records an account may see."""
    alone = [one.ref for one in candidates if facts.proves(one)]
    because = said()
    return Link((alone[0],), because) if len(alone) == 1 else Leave(because)


def said() -> Because:
    return Because("platform.never_shared", (("policy", "one client, one contact"),))


def use_it() -> None:
    portal = Portal(
        store=MemoryStore(),
        host=Platform,
        policy=presets.acuity(region="NZ"),
        keys=KeyRing.from_secrets({"k": KeyRing.generate_secret()}),
        senders={},
        base_url="https://portal.example.com/",
        past_hashes=[Bcrypt(), Pbkdf2()],
        decide_link=never_shared,
    )
    visitor = portal.visitor("kowhai", source="203.0.113.7")
    page = portal.confirmation("kowhai", "a1")
    registered = visitor.register(
        "ana@example.com", "kereru over the harbour", consents={"terms": "2026"}, came_from=page
    )
    assert_type(registered, Registered)
    assert_type(registered.token, Secret)
    assert_type(visitor.log_in("ana@example.com", Secret("kereru over the harbour")), SignedIn)
    assert_type(visitor.request_reset("ana@example.com"), MailSent)
    assert_type(visitor.reset_password("link", "kereru over the harbour"), ResetDone)
    assert_type(visitor.booked("a1"), BookedFor)

    client = portal.client(registered.token)
    assert_type(client.begin_second_factor(), Enrolment)
    assert_type(client.finish_claim("handle", "123456"), Claimed)
    assert_type(client.codes(), Codes)

    staff = portal.staff("kowhai", actor="mia", permissions=[], reason="at the desk")
    ana = RecordRef.client("ana")
    assert_type(staff.clients("kingi", limit=20), ClientLines)
    assert_type(staff.client(ana), StaffProfile)
    assert_type(staff.delete_client(ana, key="k"), Deleted)
    assert_type(staff.erase(ana, reason="asked to be forgotten"), Erased)
    assert_type(staff.may_assign_all(ana), MayAssignAll)
    assert_type(staff.may_assign_all(ana).reason, Reason | None)
    assert_type([row.reason for row in staff.assign_many(["a1"], "account")], list[Reason | None])
    assert_type([row.reason for row in staff.delete_clients([ana])], list[Reason | None])
    assert_type([row.reason for row in staff.end_sessions_of([ana])], list[Reason | None])
    assert_type(staff.assign_all(ana), AllAssigned)
    assert_type(staff.reset_passwords([ana, "account-id"]), tuple[ResetRow, ...])
    assert_type(staff.view_as(ana), Viewing)
    assert_type(staff.import_clients(["first_name,email", "Ana,ana@example.com"], name="spring"), Iterator[ImportedRow])
    assert_type(staff.export_clients(), Iterator[str])
    assert_type(portal.import_accounts("kowhai", [ImportedAccount(email="ana@example.com")]), AccountImport)
