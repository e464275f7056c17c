"""What clients change of their own details: rules/own_details.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal import Reason, RecordRef, presets
from clientportal.decisions import Refusal
from clientportal.policy import Delivery, Policy, VisibilityPolicy
from clientportal.records import (
    AccountLink,
    ContactChange,
    ContactHistory,
    LinkEvidence,
    MessageKind,
    OutboxMessage,
    Put,
    Remove,
    Session,
)
from clientportal.rules.own_details import (
    ChangingDetails,
    Replacing,
    TakingBackContact,
    by_proof_alone,
    change_details,
    judge_field,
    judge_freshness,
    put_back,
    replace_contact,
    row_to_write,
)
from clientportal.rules.surviving import Ways
from clientportal.values import ClientRecord, ContactKey, ContactKind
from world import at

pytestmark = pytest.mark.requirement("M7")

NOW = at("2026-11-21 10:00")
ANA, TWIN, GUEST = RecordRef.client("ana"), RecordRef.client("twin"), RecordRef.booking("g1")
ROW = ClientRecord(ANA, at("2026-01-05 09:00"), first_name="Ana", mobile="021 111 2222", version="3")
OLDER = ClientRecord(TWIN, at("2024-01-05 09:00"), first_name="Anna", mobile="021 111 2222", version="8")
OLD, NEW = ContactKey(ContactKind.MOBILE, "+64211112222"), ContactKey(ContactKind.MOBILE, "+64213334444")
OPEN = evolve(presets.timely(region="NZ"), visibility=VisibilityPolicy(editable=VisibilityPolicy().fields))
SESSION = Session(
    id="s1",
    entry=str(ANA),
    own=(ANA,),
    identity=str(OLD),
    opened_at=NOW,
    used_at=NOW,
    idle_until=NOW + timedelta(days=1),
    ends_at=NOW + timedelta(days=30),
)


def _details(
    fields: dict[str, Any], *records: ClientRecord, session: Session = SESSION, **ways: Any
) -> ChangingDetails:
    return ChangingDetails(
        root=ANA,
        records=records or (ROW,),
        ways=Ways(**ways),
        fields=fields,
        session=session,
        actor="client:ana",
        intent_id="i1",
    )


def _replacing(**more: Any) -> Replacing:
    given: dict[str, Any] = {
        "details": _details({"mobile": NEW.value}),
        "refs": frozenset({ANA}),
        "new": NEW,
        "before": "021 111 2222",
        "history": None,
        "others": (evolve(SESSION, id="s2"),),
        "spent": (),
        "change_id": "c1",
        "message_id": "m1",
        "key_id": "k1",
    }
    return Replacing(**{**given, **more})


@pytest.mark.parametrize(
    ("policy", "names"),
    [
        (presets.timely(), {"email", "mobile"}),
        (presets.vcita(), {"email", "mobile"}),
        (presets.mytime(), {"email"}),
        (evolve(presets.vcita(), login=evolve(presets.vcita().login, delivery=Delivery.EMAIL)), {"email"}),
    ],
)
def test_what_identifies_a_client_or_gets_their_codes_is_changed_by_a_proof_alone(
    policy: Policy, names: set[str]
) -> None:
    """The email always; the mobile where it logs in, or where codes go to it."""
    assert by_proof_alone(policy) == names


def test_what_is_not_named_is_refused_and_what_needs_a_proof_says_so() -> None:
    """Two different answers: the business does not let clients; the client has to prove the new one."""

    def reason(name: str, *, proved: bool, policy: Policy = OPEN) -> Reason | None:
        no = judge_field(name, policy, proved=proved)
        return None if no is None else no.reason

    assert reason("first_name", proved=False) is None
    assert reason("mobile", proved=False) is Reason.PROVE_CONTACT_FIRST
    assert reason("mobile", proved=True) is None
    assert reason("mobile", proved=True, policy=presets.timely()) is Reason.DISABLED


def test_a_contact_is_changed_within_ten_minutes_of_showing_who_one_is() -> None:
    """By the login with a code, or by the password; a clock that was set back revives nothing."""
    ten = timedelta(minutes=10)
    assert judge_freshness(SESSION, OPEN, NOW + ten - timedelta(seconds=1)) is None
    for later in (evolve(SESSION), evolve(SESSION, used_at=NOW + ten)):
        no = judge_freshness(later, OPEN, NOW + ten if later == SESSION else NOW)
        assert no is not None
        assert no.reason is Reason.FRESH_LOGIN_FIRST
    by_password = evolve(SESSION, account="a1", confirmed_at=NOW)
    assert judge_freshness(by_password, OPEN, NOW) is None
    no = judge_freshness(by_password, OPEN, NOW + ten)
    assert no is not None
    assert no.reason is Reason.STEP_UP_FIRST


def test_typed_details_are_one_write_of_the_record_that_speaks() -> None:
    """With the version that it was read with."""
    decision = change_details(_details({"first_name": "Hinemoa"}), OPEN, NOW)
    assert decision.asks is not None
    assert decision.asks.change is not None
    assert (decision.asks.for_ref, decision.asks.change.version) == (ANA, "3")
    assert decision.outcome.fields == ("first_name",)


@pytest.mark.parametrize(
    ("fields", "later", "reason"),
    [
        ({"mobile": "021 9"}, timedelta(0), Reason.PROVE_CONTACT_FIRST),
        ({"phone": "09 555 0101"}, timedelta(minutes=10), Reason.FRESH_LOGIN_FIRST),
    ],
)
def test_details_that_may_not_be_typed_ask_for_nothing(fields: Any, later: timedelta, reason: Reason) -> None:
    """Nothing is written, and nobody is asked."""
    decision = change_details(_details(fields), OPEN, NOW + later)
    assert isinstance(decision.outcome, Refusal)
    assert (decision.outcome.reason, decision.asks) == (reason, None)


def test_a_booking_is_no_client_row() -> None:
    """What was booked is what was booked (X9)."""
    guest = evolve(ROW, ref=GUEST)
    assert change_details(_details({"first_name": "Zoe"}, guest), OPEN, NOW).outcome.reason is Reason.NOT_CHANGEABLE
    no = replace_contact(_replacing(details=_details({"mobile": NEW.value}, guest)), OPEN, NOW)
    assert no.outcome.reason is Reason.NOT_CHANGEABLE


@pytest.mark.parametrize(
    ("rules", "choices", "written"),
    [
        ({}, {}, ANA),
        ({"first_name": "oldest"}, {}, TWIN),
        ({}, {"first_name": str(TWIN)}, TWIN),
        ({"first_name": "union"}, {}, ANA),
    ],
)
def test_a_change_is_written_where_the_rules_of_the_merge_show_it(rules: Any, choices: Any, written: RecordRef) -> None:
    """The record that speaks, unless what stands there is not what is shown."""
    row = row_to_write((ROW, OLDER), Ways(rules=rules, choices=choices), {"first_name": "Hinemoa"}, ANA, NOW)
    assert row is not None
    assert row.ref == written


def test_where_no_record_would_show_it_the_one_that_speaks_is_written() -> None:
    """A platform's own rule that always shows nothing: there is no better place."""

    def nobody(_field: str, _records: Any) -> None:
        return None

    ways = Ways(rules={"first_name": "own:nobody"}, own={"first_name": nobody})
    row = row_to_write((ROW, OLDER), ways, {"first_name": "Hinemoa"}, ANA, NOW)
    assert row is not None
    assert row.ref == ANA


def test_a_proved_contact_takes_the_place_of_the_earlier_one_and_that_is_told() -> None:
    """The write, the proof, the way back, the message, and the end of the other sessions: one decision."""
    decision = replace_contact(_replacing(), OPEN, NOW)
    assert decision.asks is not None
    assert decision.asks.for_ref == ANA
    put = {type(one.record): one.record for one in decision.changes if isinstance(one, Put)}
    assert put[ContactHistory].proved_at == NOW
    assert (put[ContactChange].before, put[ContactChange].expires_at) == ("021 111 2222", NOW + timedelta(days=7))
    assert (put[OutboxMessage].kind, put[OutboxMessage].to) == (MessageKind.CONTACT_CHANGED, str(OLD))
    assert put[Session].identity == str(NEW)
    assert [one.record.id for one in decision.changes if isinstance(one, Remove)] == ["s2"]


@pytest.mark.parametrize("before", [None, "", "nobody's number", "+64 21 333 4444"])
def test_where_there_was_no_other_contact_nobody_is_told(before: str | None) -> None:
    """None, unreadable, or the same in another spelling: nothing to put back."""
    decision = replace_contact(_replacing(before=before, others=()), OPEN, NOW)
    kinds = {type(one.record) for one in decision.changes}
    assert kinds == {ContactHistory}


def test_a_contact_that_was_taken_off_is_theirs_again_by_the_proof() -> None:
    """ "This is not me" was said of it once; now its holder says otherwise. What was taken off others stays so."""
    history = ContactHistory(id=str(NEW), detached=(ANA, TWIN))
    decision = replace_contact(_replacing(history=history), OPEN, NOW)
    (kept,) = [one.record for one in decision.changes if isinstance(one.record, ContactHistory)]
    assert kept.detached == (TWIN,)


def test_a_refusal_uses_the_code_up_all_the_same() -> None:
    """Flagged as nobody's, no longer allowed, too late: the code that was right is spent."""
    spent = (Remove(evolve(SESSION, id="stands for the code")),)
    flagged = ContactHistory(id=str(NEW), placeholder=True)
    for seen, policy, now, reason in (
        (_replacing(history=flagged, spent=spent), OPEN, NOW, Reason.CONTACT_NOT_ALLOWED),
        (_replacing(spent=spent), presets.timely(), NOW, Reason.DISABLED),
        (_replacing(spent=spent), OPEN, NOW + timedelta(hours=1), Reason.FRESH_LOGIN_FIRST),
    ):
        decision = replace_contact(seen, policy, now)
        assert isinstance(decision.outcome, Refusal)
        assert (decision.outcome.reason, decision.changes, decision.asks) == (reason, spent, None)


def _back(row: ClientRecord | None) -> TakingBackContact:
    change = ContactChange(
        id="c1", ref=str(ANA), field="mobile", before="021 111 2222", after=str(NEW), at=NOW, expires_at=NOW
    )
    link = AccountLink(
        id="l1", account="thief", ref=str(ANA), evidence=LinkEvidence.PROVED_CONTACT, made_at=NOW, actor="account:thief"
    )
    later = (evolve(change, id="c2", at=NOW + timedelta(minutes=1)), change)
    return TakingBackContact(change, row, (SESSION,), later, (link,), "i1")


def test_putting_it_back_ends_sessions_later_changes_and_new_links() -> None:
    """All that a thief may have, in one decision; the earlier spelling is written as it was."""
    decision = put_back(_back(ROW), NOW)
    assert decision.asks is not None
    assert decision.asks.change is not None
    assert decision.asks.change.fields == {"mobile": "021 111 2222"}
    put = [one.record for one in decision.changes if isinstance(one, Put)]
    assert {one.id for one in put if isinstance(one, ContactChange) and one.spent} == {"c1", "c2"}
    assert [one.revoked_by for one in put if isinstance(one, AccountLink)] == ["link:client:ana"]
    assert [one.record.id for one in decision.changes if isinstance(one, Remove)] == ["s1"]


def test_a_row_that_is_gone_has_nothing_put_back() -> None:
    """The client was deleted meanwhile."""
    assert put_back(_back(None), NOW).outcome.reason is Reason.LINK_GONE
