"""What is left of somebody who was erased, and what they are handed; every kind of record by itself."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Secret
from clientportal.records import (
    RECORD_TYPES,
    Account,
    AccountLink,
    Assignment,
    AuditEntry,
    Challenge,
    ClientNumber,
    ContactEntry,
    Credential,
    LinkEvidence,
    MailedLink,
    MailPurpose,
    Merge,
    MessageKind,
    OutboxMessage,
    Pointer,
    Purpose,
    Put,
    Remove,
    SecondFactor,
    Session,
    Snapshot,
)
from clientportal.rules.erasing import (
    NOTHING_PERSONAL,
    TOPICS,
    Held,
    erased,
    exported,
    flattened,
    is_blank,
    only_theirs,
    says_nothing,
)
from clientportal.rules.first_proof import Belongings
from clientportal.rules.sealing import without_words
from clientportal.values import (
    ActiveCode,
    Address,
    Answer,
    Appointment,
    AppointmentStatus,
    ChangeKind,
    ClientRecord,
    CodeKind,
    ContactKey,
    ContactKind,
    Holding,
    Money,
    Prefill,
    RecordRef,
)
from clientportal.values.gift_cards import GiftCard

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
ANA, HERA, BEN = (RecordRef.client(id) for id in ("ana", "hera", "ben"))
EMAIL = ContactKey(ContactKind.EMAIL, "ana@example.com")
SHARED = ContactKey(ContactKind.MOBILE, "+64211234567")
ROW = ClientRecord(ANA, NOW, "Ana", email="ana@example.com")
APPOINTMENT = Appointment(
    "a1",
    ANA,
    "cut",
    NOW,
    NOW,
    "Pacific/Auckland",
    AppointmentStatus.CONFIRMED,
    NOW,
    booked_as="Ana",
    price=Money("5", "NZD"),
)
ACCOUNT = Account(id="acc", email=str(EMAIL), address="ana@example.com", created_at=NOW)


def held(*records: Any, **more: Any) -> Held:
    """Ana, absorbed records included, with these records about her."""
    stored = {kind: tuple(one for one in records if type(one) is kind) for kind in {type(one) for one in records}}
    return Held(ANA, (ANA, HERA), stored=stored, contacts=frozenset({EMAIL}), **more)  # type: ignore[arg-type]


def link(ref: RecordRef, *, revoked: bool = False) -> AccountLink:
    """One way from the account to a record."""
    return AccountLink(
        id=AccountLink.id_of("acc", ref),
        account="acc",
        ref=str(ref),
        evidence=LinkEvidence.STAFF,
        made_at=NOW,
        actor="staff:mia",
        revoked_at=NOW if revoked else None,
    )


def assignment(ref: RecordRef) -> Assignment:
    """One appointment of it."""
    return Assignment(id="a1", account="acc", ref=str(ref), at=NOW, actor="staff:mia")


def session(entry: RecordRef | None, identity: ContactKey, *own: RecordRef) -> Session:
    """One open session."""
    return Session(
        id="s" * 64,
        entry=None if entry is None else str(entry),
        own=own,
        identity=str(identity),
        opened_at=NOW,
        used_at=NOW,
        idle_until=NOW,
        ends_at=NOW,
    )


def merge(absorbed: RecordRef, **more: Any) -> Merge:
    """One journal entry, with what it keeps of the absorbed."""
    return Merge(id="m", survivor="client:ana", absorbed=str(absorbed), merged_at=NOW, actor="staff:mia", **more)


def audit(action: str = "client", **more: str) -> AuditEntry:
    """One line of the audit."""
    return AuditEntry(id="e", at=NOW, actor="staff:mia", action=action, subject="client:ana", outcome="done", **more)


def test_every_kind_of_record_is_accounted_for() -> None:
    """It has a topic, or a reason to have none."""
    assert set(TOPICS) | set(NOTHING_PERSONAL) == set(RECORD_TYPES)


def test_what_goes_whole_goes_whole() -> None:
    """Contacts, links, assignments, accounts, passwords, messages."""
    records = (
        ContactEntry.of(ANA, EMAIL),
        link(ANA),
        assignment(ANA),
        ACCOUNT,
        Credential(id="acc", hash=Secret("$argon2id$"), set_at=NOW, set_by="client"),
    )
    assert set(erased(held(*records))) == {Remove(one) for one in records}


def test_what_stays_stays_without_words() -> None:
    """The number and the pointer; the snapshot without its name; the journal without contacts, and never undone; the
    audit without what was written of them."""
    snapshot = Snapshot(
        id="x",
        ref="client:ana",
        appointment_id="a1",
        taken_at=NOW,
        change=ChangeKind.MOVE,
        actor="client:ana",
        appointment=APPOINTMENT,
    )
    pointer = Pointer(id="client:hera", survivor="client:ana", root="client:ana", merge_id="m")
    before = held(
        ClientNumber(id="client:ana", number=4),
        pointer,
        snapshot,
        merge(HERA, contacts=(SHARED,), refused=("photos",), choices={"email": "client:hera"}, reason="same Ana"),
        audit(because="facts: asked client:ana", reason="Ana rang"),
    )
    changes = erased(before)
    assert len(changes) == 3
    assert all(isinstance(change, Put) for change in changes)
    after = {type(change.record): change.record for change in changes}
    assert after[Snapshot].appointment.booked_as == ""  # type: ignore[attr-defined]
    assert after[Merge] == merge(HERA, erased=True)
    assert after[AuditEntry] == audit(words=after[AuditEntry].words)  # type: ignore[attr-defined]
    assert erased(held(*after.values(), pointer)) == (), "a second time there is nothing left to do"


def test_what_a_platform_said_of_a_merge_goes_as_well() -> None:
    """Why a card stayed behind, or was not brought back, can name whose it was; how many there were names nobody."""
    said = merge(HERA, left=("card of Ana Kingi",), not_restored=("card of Ana Kingi",), moved={"cards": 2})
    assert erased(held(said)) == (Put(merge(HERA, erased=True, moved={"cards": 2})),)
    assert erased(held(merge(HERA, erased=True))) == ()


@pytest.mark.parametrize("said", [{"reason": "Ana rang"}, {"because": "facts: asked client:ana"}])
def test_the_audit_loses_what_was_written_and_what_was_found(said: dict[str, str]) -> None:
    """Either by itself: an entry without a reason has facts all the same."""
    left = without_words(audit(**said, salt="5a17"))
    assert erased(held(audit(**said, salt="5a17"))) == (Put(left),)
    assert left == audit(words=left.words), "a digest that tells nothing without its salt, for the chain of seals"


def test_the_audit_of_the_erasure_itself_keeps_its_words() -> None:
    """Who erased whom, and why, has to be said for as long as anybody may ask."""
    assert erased(held(audit("erase", because="erasing.erased", reason="asked"))) == ()


@pytest.mark.parametrize(
    ("one", "ends"),
    [
        (session(ANA, SHARED, ANA), True),
        (session(HERA, SHARED, HERA, BEN), True),
        (session(None, EMAIL), True),
        (session(BEN, SHARED, ANA, BEN), False),
    ],
)
def test_their_sessions_end_and_a_family_s_leads_elsewhere(one: Session, ends: bool) -> None:
    """Theirs: for one of their records, or by a contact that is theirs alone. Others only forget the way to them."""
    (change,) = erased(held(one))
    if ends:
        assert change == Remove(one)
    else:
        assert isinstance(change, Put)
        assert isinstance(change.record, Session)
        assert change.record.own == (BEN,)


@pytest.mark.parametrize(
    ("seen", "theirs"),
    [
        (Belongings(ACCOUNT), True),
        (Belongings(ACCOUNT, links=(link(ANA), link(HERA)), assignments=(assignment(HERA),)), True),
        (Belongings(ACCOUNT, links=(link(ANA), link(BEN))), False),
        (Belongings(ACCOUNT, links=(link(ANA), link(BEN, revoked=True))), True),
        (Belongings(ACCOUNT, assignments=(assignment(BEN),)), False),
    ],
)
def test_whose_an_account_is(seen: Belongings, theirs: bool) -> None:
    """With an email of theirs alone it is theirs, whatever it leads to; with a shared one a family's. With an email
    that no record has it is a family's where it is linked to somebody else's record, or holds one appointment."""
    refs = frozenset({ANA, HERA})
    assert only_theirs(seen, refs, frozenset(), frozenset()) is theirs
    assert only_theirs(seen, refs, frozenset({EMAIL}), frozenset())
    assert not only_theirs(seen, refs, frozenset({EMAIL}), frozenset({EMAIL}))


def test_everything_that_hangs_on_an_account_is_listed() -> None:
    """Single ones and several ones, and none that is not there."""
    credential = Credential(id="acc", hash=Secret("$argon2id$"), set_at=NOW, set_by="client")
    seen = Belongings(ACCOUNT, credential, links=(link(ANA), link(HERA)))
    assert flattened(seen) == (ACCOUNT, credential, link(ANA), link(HERA))


def test_when_nothing_is_left() -> None:
    """Empty rows, unsigned bookings, no forms; a row that may still be used is not of somebody who was erased."""
    empty = ClientRecord(ANA, NOW, usable=False)
    assert is_blank(empty)
    assert not is_blank(ClientRecord(ANA, NOW))
    assert says_nothing(ClientRecord(ANA, NOW, address=Address()))
    for said in (
        {"first_name": "Ana"},
        {"address": Address(city="Napier")},
        {"custom": {"shoe": "39"}},
        {"notes": "x"},
        {"birthday": date(1948, 2, 29)},
    ):
        assert not says_nothing(ClientRecord(ANA, NOW, **said))  # type: ignore[arg-type]
    assert held(records=(empty,)).nothing_left
    assert not held(records=(ROW,)).nothing_left
    assert not held(appointments=(APPOINTMENT,)).nothing_left
    assert not held(others=(Prefill((Answer("q", "Allergies?", "nuts", NOW),)),)).nothing_left
    gift = GiftCard(id="g", ref=ANA, side="received", bought_at=NOW, balance=Money("50.00", "NZD"))
    assert held(others=(gift,)).nothing_left
    assert not held(others=(evolve(gift, message="Happy 40th"),)).nothing_left


def test_whether_somebody_was_ever_known() -> None:
    """By a row, an appointment, or what the portal keeps of records; not by the audit of a mistyped name."""
    assert not held().anything
    assert not held(audit()).anything
    assert held(records=(ROW,)).anything
    assert held(appointments=(APPOINTMENT,)).anything
    assert held(ClientNumber(id="client:ana", number=4)).anything


def test_what_is_handed_out_is_plain_and_opens_nothing() -> None:
    """Every topic is there; no hash, no digest, no key; what an undone merge kept of others is masked."""
    code = ActiveCode(
        id="c", ref=ANA, kind=CodeKind.GIFT, code=Secret("SPEND-ME"), name="Gift", last_day=date(2027, 1, 31)
    )
    row = ClientRecord(ANA, NOW, "Ana", address=Address(city="Napier"), cleared=frozenset({"phone", "email"}))
    message = OutboxMessage(
        id="o",
        kind=MessageKind.APPOINTMENT_LINK,
        facts={"a": "a1", "key": "k1"},
        created_at=NOW,
        due_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )
    invoices = Holding(ANA, "invoice", 2, Money("80.50", "NZD"))
    gift = GiftCard(
        id="g", ref=ANA, side="received", bought_at=NOW, balance=Money("50.00", "NZD"), code="SPEND-ME", giver="Zoë"
    )
    plain = exported(
        held(
            Credential(id="acc", hash=Secret("$argon2id$"), set_at=NOW, set_by="client"),
            session(ANA, EMAIL, ANA),
            message,
            merge(HERA, contacts=(SHARED,)),
            records=(row,),
            appointments=(APPOINTMENT,),
            others=(code, Prefill((Answer("q", "Allergies?", "nuts", NOW),)), invoices, gift),
        )
    )
    text = json.dumps(plain)
    assert plain.keys() == {"records", "appointments", "booking_forms", "codes", "holdings", "items", *TOPICS.values()}
    for hidden in ("argon2", "SPEND-ME", "s" * 64, '"key"', "version"):
        assert hidden not in text, hidden
    for shown in ("Napier", "nuts", "2027-01-31", '["email", "phone"]', "+64211234567", "2026-11-21T10:00:00+00:00"):
        assert shown in text, shown
    assert plain["passwords"] == [{"id": "acc", "set_at": "2026-11-21T10:00:00+00:00", "set_by": "client"}]
    assert [(one["kind"], one["count"], one["amount"]) for one in plain["holdings"]] == [("invoice", 2, "80.50 NZD")]
    assert [(one["kind"], one["balance"], one["giver"]) for one in plain["items"]] == [("GiftCard", "50.00 NZD", "Zoë")]
    masked = exported(held(merge(BEN, contacts=(SHARED,), refused=("photos",)), session(BEN, SHARED, ANA, BEN)))
    assert masked["merges"][0]["contacts"] == ["mobile:+64••••••567"]
    assert masked["merges"][0]["refused"] == [], "nor what Ben did not want"
    assert masked["sessions"] == [], "a family's session is not hers"


def test_of_what_opens_something_the_rest_is_handed_out() -> None:
    """When she asked for a code and a link, that a message left, since when she has an app: and no id, key or nonce."""
    later = NOW + timedelta(minutes=10)
    code = Challenge(
        id="c" * 64, purpose=Purpose.CLAIM, identity=str(SHARED), lane="device:1", key_id="k1", created_at=NOW,
        expires_at=later, last_mark=NOW, bound_to="s" * 64,
    )  # fmt: skip
    mail = MailedLink(
        id="l" * 64, purpose=MailPurpose.RESET, identity=str(EMAIL), address="Ana@example.com", account="acc",
        key_id="k1", created_at=NOW, expires_at=later, last_mark=NOW,
    )  # fmt: skip
    app = SecondFactor(
        id="acc", key_id="k1", nonce="n", begun_at=NOW, confirmed_at=later, last_step=9, recovery=("r",),
        next_key_id="k2", next_nonce="m",
    )  # fmt: skip
    message = OutboxMessage(
        id="o", kind=MessageKind.APPOINTMENT_LINK, facts={"a": "a1", "key": "k1"}, challenge_id="c" * 64,
        mailed_link_id="l" * 64, created_at=NOW, due_at=NOW, expires_at=later,
    )  # fmt: skip
    plain = exported(held(code, mail, app, message, session(ANA, EMAIL, HERA, ANA)))
    (asked,), (mailed,), (factor,), (sent,), (open_,) = (
        plain[topic] for topic in ("login_codes", "mailed_links", "second_factors", "messages", "sessions")
    )
    assert not {"id", "key_id", "lane", "bound_to", "version"} & asked.keys()
    assert (asked["purpose"], asked["identity"], asked["created_at"]) == ("claim", str(SHARED), NOW.isoformat())
    assert not {"id", "key_id", "version"} & mailed.keys()
    assert (mailed["purpose"], mailed["address"], mailed["expires_at"]) == (
        "reset", "Ana@example.com", later.isoformat(),
    )  # fmt: skip
    assert not {"key_id", "nonce", "next_key_id", "next_nonce", "last_step", "recovery", "version"} & factor.keys()
    assert (factor["id"], factor["begun_at"], factor["confirmed_at"]) == ("acc", NOW.isoformat(), later.isoformat())
    assert not {"challenge_id", "mailed_link_id"} & sent.keys()
    assert (sent["id"], sent["kind"], sent["facts"]) == ("o", "appointment_link", {"a": "a1"})
    assert not {"id", "device"} & open_.keys()
    assert (open_["entry"], open_["own"]) == ("client:ana", ["client:hera", "client:ana"]), "in the order that is kept"


def test_of_somebody_of_whom_nothing_is_held_every_topic_is_empty() -> None:
    """A mistyped record is an answer as well."""
    assert set(map(len, exported(held()).values())) == {0}


def test_custom_fields_and_numbers_are_handed_out_as_they_are() -> None:
    """By their names, with what stands in them; a number stays one, and nothing stays nothing."""
    cleared = ("address", "birthday", "email", "last_name", "mobile", "notes", "phone")
    row = ClientRecord(
        ANA,
        NOW,
        "Ana",
        custom={"shoe": "39", "gp": "Dr Ngata"},
        birthday=date(1948, 2, 29),
        cleared=frozenset(cleared),
    )
    (plain,) = exported(held(records=(row,)))["records"]
    assert (plain["ref"], plain["first_name"], plain["last_name"]) == ("client:ana", "Ana", None)
    assert (plain["custom"], plain["birthday"]) == ({"shoe": "39", "gp": "Dr Ngata"}, "1948-02-29")
    assert plain["cleared"] == list(cleared), "the same every time"
    (number,) = exported(held(ClientNumber(id="client:ana", number=4)))["numbers"]
    assert number == {"id": "client:ana", "number": 4}
