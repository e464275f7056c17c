"""Merging and undoing, with everything that is said and written: what a member of staff reads before and after."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal.errors import HostError
from clientportal.outcomes import FieldChoice, Source
from clientportal.policy import MergedCards
from clientportal.records import Account, HostWrite, Intent
from clientportal.rules.merging import merge, plan
from clientportal.rules.reassigning import (
    RowsBehind,
    absorbed_refs,
    as_told,
    ask_to_move,
    ask_to_restore,
    noted,
    settle_rows,
    standing_alone,
)
from clientportal.rules.surviving import Ways, address_of, choices_of, choose, choose_fields, choose_internal, strictest
from clientportal.rules.taking_over import LeadsTo, left_behind, logins_of, remarks_of, taken_over
from clientportal.rules.undoing import Undoing, undo
from clientportal.values import (
    CLIENT_FIELDS,
    Address,
    AnswerKind,
    ClientRecord,
    ContactKey,
    ContactKind,
    Holding,
    HoldingKind,
    HostAnswer,
    Money,
    RecordRef,
)
from rules import test_reassigning as rows
from rules.in_full import in_full
from rules.test_merging import DISMISSED, NOW, TIMELY, A, B, C, D, entry, pointer, seen, with_merging

pytestmark = pytest.mark.requirement("X3")

DAY = timedelta(days=1)
ANA = ClientRecord(
    A, NOW - 9 * DAY, first_name="Ana", last_name="Kingi", mobile="021 123 4567", email="ana@example.com",
    notes="Latex allergy", birthday=date(1990, 4, 7), custom={"member": "M-7"}, consents={"marketing_email": True},
)  # fmt: skip
ANNA = ClientRecord(
    B, NOW - 5 * DAY, first_name="Anna", last_name="Kingi", phone="09 555 0100", notes="Likes Mia",
    birthday=date(1990, 7, 4), custom={"member": "M-8", "shoe": "38"},
    consents={"marketing_email": False, "marketing_sms": True}, address=Address("1 High St", city="Auckland"),
)  # fmt: skip
ANITA = ClientRecord(C, NOW - 7 * DAY, first_name="Anita", cleared=frozenset({"last_name"}))
GROUPS = {A: (ANA,), B: (ANNA,)}
HELD = (
    Holding(B, HoldingKind.CARD, 2),
    Holding(A, HoldingKind.CARD, 1),
    Holding(B, HoldingKind.GIFT_CARD, 1, Money("25.00", "NZD")),
    Holding(A, HoldingKind.GIFT_CARD, 1, Money("5.00", "USD")),
    Holding(A, HoldingKind.GIFT_CARD, 1, Money("10.50", "NZD")),
    Holding(A, HoldingKind.GIFT_CARD, 3),
    Holding(A, HoldingKind.PACKAGE, 1, None, 3),
    Holding(B, HoldingKind.PACKAGE, 2),
)
LOGINS = (
    LeadsTo(Account(id="z", email="email:old@example.com", address="Old@example.com", created_at=NOW), (B,)),
    LeadsTo(Account(id="y", email="email:ana@example.com", address="Ana@example.com", created_at=NOW), (B, A)),
)

# --- what each value is decided by -----------------------------------------------------------------------------------


def test_the_fields_of_two_records() -> None:
    """Each value with its source, its rule, and what the others say."""
    assert in_full(list(choose_fields((ANNA, ANA), {}, {}).values())) == [
        "FieldChoice(field=first_name, value=Anna, source=client:b, rule=most_recent,",
        "  others=(Source(ref=client:a, value=Ana)))",
        "FieldChoice(field=last_name, value=Kingi, source=client:b, rule=most_recent,",
        "  others=(Source(ref=client:a, value=Kingi)))",
        "FieldChoice(field=email, value=ana@example.com, source=client:a, rule=most_recent)",
        "FieldChoice(field=phone, value=09 555 0100, source=client:b, rule=most_recent)",
        "FieldChoice(field=mobile, value=021 123 4567, source=client:a, rule=most_recent)",
        "FieldChoice(field=address, value=1 High St, Auckland, source=client:b, rule=most_recent)",
    ]
    assert in_full(list(choose_internal((ANNA, ANA), Ways()).values())) == [
        "FieldChoice(field=birthday, value=1990-07-04, source=client:b, rule=most_recent,",
        "  others=(Source(ref=client:a, value=1990-04-07)))",
        "FieldChoice(field=notes, value=Latex allergy  Likes Mia, source=None, rule=union,",
        "  parts=(Part(value=Latex allergy, sources=(client:a)), Part(value=Likes Mia, sources=(client:b))))",
        "FieldChoice(field=custom.member, value=M-8, source=client:b, rule=most_recent,",
        "  others=(Source(ref=client:a, value=M-7)))",
        "FieldChoice(field=custom.shoe, value=38, source=client:b, rule=most_recent)",
    ]


def test_a_rule_for_each_field() -> None:
    """The oldest, the most complete, the one that was proved last, and staff's own pick; a cleared field has a say."""
    rules = {"first_name": "oldest", "last_name": "most_complete", "mobile": "verified"}
    other = evolve(ANNA, mobile="021 999 0000")
    proofs = {
        ContactKey(ContactKind.MOBILE, "+64211234567"): NOW,
        ContactKey(ContactKind.MOBILE, "+64219990000"): NOW - DAY,
    }
    ways = Ways(rules, {"first_name": "client:c"}, "NZ", proofs)
    records = (ANA, other, ANITA)
    assert in_full(list(choose(records, ways, ("first_name", "last_name", "mobile")).values())) == [
        "FieldChoice(field=first_name, value=Anita, source=client:c, rule=staff_choice,",
        "  others=(Source(ref=client:a, value=Ana), Source(ref=client:b, value=Anna)))",
        "FieldChoice(field=last_name, value=Kingi, source=client:b, rule=most_complete,",
        "  others=(Source(ref=client:a, value=Kingi), Source(ref=client:c, value='')))",
        "FieldChoice(field=mobile, value=021 123 4567, source=client:a, rule=verified,",
        "  others=(Source(ref=client:b, value=021 999 0000)))",
    ]
    unproved = evolve(ways, proofs={}, choices={"first_name": "client:gone"})
    assert in_full(list(choose(records, unproved, ("first_name", "last_name", "mobile")).values())) == [
        "FieldChoice(field=first_name, value=Ana, source=client:a, rule=oldest, others=(Source(ref=client:b,",
        "  value=Anna), Source(ref=client:c, value=Anita)))",
        "FieldChoice(field=last_name, value=Kingi, source=client:b, rule=most_complete,",
        "  others=(Source(ref=client:a, value=Kingi), Source(ref=client:c, value='')))",
        "FieldChoice(field=mobile, value=021 999 0000, source=client:b, rule=most_recent,",
        "  others=(Source(ref=client:a, value=021 123 4567)))",
    ]
    recent = evolve(ways, rules=dict.fromkeys(CLIENT_FIELDS, "most_recent"), choices={})
    assert in_full(list(choose(records, recent, ("first_name", "last_name")).values())) == [
        "FieldChoice(field=first_name, value=Anna, source=client:b, rule=most_recent,",
        "  others=(Source(ref=client:a, value=Ana), Source(ref=client:c, value=Anita)))",
        "FieldChoice(field=last_name, value=Kingi, source=client:b, rule=most_recent,",
        "  others=(Source(ref=client:a, value=Kingi), Source(ref=client:c, value='')))",
    ]


def shown(
    records: tuple[ClientRecord, ...], rule: str, name: str = "first_name"
) -> tuple[str | None, RecordRef | None]:
    """What is shown of a field by a rule, and whose it is."""
    choice = choose(records, Ways({name: rule}), (name,))[name]
    return choice.value, choice.source


def test_when_a_value_was_changed_counts_and_not_when_the_record_was_made() -> None:
    """Ana's name was corrected yesterday, in the older record; of the other fields nothing was."""
    corrected = evolve(ANA, changed_at={"first_name": NOW - DAY})
    assert shown((corrected, ANNA), "most_recent") == ("Ana", A)
    assert shown((corrected, ANNA), "most_recent", "last_name") == ("Kingi", B)


def test_at_one_moment_the_greater_text_is_shown_and_an_empty_one_is_the_least() -> None:
    """So the answer hangs on no order; the oldest takes the other end."""
    at_once = (evolve(ANA, created_at=NOW), evolve(ANNA, created_at=NOW))
    cleared = (at_once[0], evolve(ANITA, created_at=NOW, first_name=None, cleared=frozenset({"first_name"})))
    for way_round in (1, -1):
        assert shown(at_once[::way_round], "most_recent") == ("Anna", B)
        assert shown(at_once[::way_round], "oldest") == ("Ana", A)
        assert shown(cleared[::way_round], "most_recent") == ("Ana", A)
        assert shown(cleared[::way_round], "most_complete") == ("Ana", A)
        assert shown(cleared[::way_round], "oldest") == (None, C)


def test_what_a_client_sees_is_decided_by_proofs_and_the_platform_s_own_rules_too() -> None:
    """The six fields alone, each with its rule; equal numbers in two spellings are marked where a region is known."""
    same = evolve(ANNA, mobile="+64 21 123 4567", email="zoe@example.com")
    mobile = {ContactKey(ContactKind.MOBILE, "+64211234567"): NOW}
    rules = {"mobile": "verified", "email": "own:newest"}
    found = choose_fields((ANA, same), rules, {}, "NZ", proofs=mobile, own={"email": newest})
    assert (found["mobile"].rule, found["mobile"].alike, found["email"].alike) == ("verified", True, False)
    assert (found["email"].value, found["email"].rule) == ("zoe@example.com", "own:newest")
    assert not choose_fields((ANA, same), rules, {}, own={"email": newest})["mobile"].alike


def test_an_answer_that_is_none_of_the_records_is_named() -> None:
    """By its ref where it is a record, else by what it is instead."""
    for answer, told in ((ANITA, "client:c"), ("Kingi", "str")):

        def invents(_name: str, _records: object, answer: object = answer) -> Any:
            return answer

        ways = Ways({"first_name": "own:invents"}, own={"first_name": invents})
        with pytest.raises(HostError) as refused:
            choose((ANA, ANNA), ways, ("first_name",))
        assert str(refused.value) == (
            "survivorship['first_name'] (own:invents) answers with one of the records that it is given, or None; "
            f"this is {told}"
        )


def test_a_rule_that_nobody_knows_any_more() -> None:
    """The usual one decides, and in whose place is said; also where nobody says anything."""
    ways = Ways({"first_name": "own:newest", "email": "union", "phone": "own:gone", "notes": "own:x"})
    bare = (evolve(ANA, email=None, phone=None), ANITA)
    assert in_full(list(choose(bare, ways, ("first_name", "email", "phone", "notes")).values())) == [
        "FieldChoice(field=first_name, value=Anita, source=client:c, rule=most_recent,",
        "  others=(Source(ref=client:a, value=Ana)), instead_of=own:newest)",
        "FieldChoice(field=email, value=None, source=None, rule=most_recent, instead_of=union)",
        "FieldChoice(field=phone, value=None, source=None, rule=most_recent, instead_of=own:gone)",
        "FieldChoice(field=notes, value=Latex allergy, source=client:a, rule=union, parts=(Part(value=Latex",
        "  allergy, sources=(client:a))), instead_of=own:x)",
    ]


def newest(name: str, records: object) -> ClientRecord | None:
    """A platform's own rule: the record that was made last, for numbers nobody's."""
    return None if name == "phone" else max(records, key=lambda one: one.created_at)  # type: ignore[call-overload]


def test_a_rule_of_the_platform() -> None:
    """By its name; it may choose a record that says nothing, or none; of one record there is nothing to choose."""
    own = {"first_name": newest, "email": newest, "phone": newest}
    ways = Ways(dict.fromkeys(own, "own:newest"), own=own)
    assert in_full(list(choose((ANA, ANNA), ways, tuple(own)).values())) == [
        "FieldChoice(field=first_name, value=Anna, source=client:b, rule=own:newest,",
        "  others=(Source(ref=client:a, value=Ana)))",
        "FieldChoice(field=email, value=None, source=None, rule=own:newest, others=(Source(ref=client:a,",
        "  value=ana@example.com)))",
        "FieldChoice(field=phone, value=None, source=None, rule=own:newest, others=(Source(ref=client:b,",
        "  value=09 555 0100)))",
    ]
    assert in_full(list(choose((ANNA, ANNA), ways, ("phone",)).values())) == [
        "FieldChoice(field=phone, value=09 555 0100, source=client:b, rule=own:newest)"
    ]


def test_notes_and_custom_fields_are_put_together() -> None:
    """Part by part, the oldest first, each with whoever says it; one text alone stays as it was written."""
    noted = (
        evolve(ANA, notes="Latex\n\nMia"),
        evolve(ANNA, notes="Mia\r\n\r\nNut  allergy"),
        evolve(ANITA, notes="Latex"),
    )
    ways = Ways({"notes": "union", "custom.member": "union"})
    assert in_full(list(choose(noted, ways, ("notes",)).values())) == [
        "FieldChoice(field=notes, value=Latex  Mia  Nut  allergy, source=None, rule=union,",
        "  parts=(Part(value=Latex, sources=(client:a, client:c)), Part(value=Mia, sources=(client:a,",
        "  client:b)), Part(value=Nut  allergy, sources=(client:b))))",
    ]
    member = tuple(
        evolve(one, custom={"member": text}) for one, text in zip(noted, ("gold; vip", "vip", "vip"), strict=True)
    )
    assert in_full(list(choose(member, ways, ("custom.member",)).values())) == [
        "FieldChoice(field=custom.member, value=gold; vip, source=client:a, rule=union,",
        "  parts=(Part(value=gold, sources=(client:a)), Part(value=vip, sources=(client:a, client:b,",
        "  client:c))))",
    ]
    lines = (evolve(ANA, notes="Latex\r\nMia"), evolve(ANNA, notes="Latex\nMia"))
    assert in_full(choose(lines, ways, ("notes",))["notes"].parts) == [
        "Part(value=Latex Mia, sources=(client:a, client:b))"
    ]
    same = tuple(evolve(one, notes=" Latex ") for one in noted)
    assert in_full(list(choose(same, ways, ("notes",)).values())) == [
        "FieldChoice(field=notes, value= Latex , source=client:b, rule=union, parts=(Part(value=Latex,",
        "  sources=(client:a, client:b, client:c))))",
    ]


def test_a_no_is_a_no() -> None:
    """Law 11: by whom it was said, and who said otherwise."""
    assert in_full(strictest((ANNA, ANA, ANITA))) == [
        "ConsentChoice(name=marketing_email, given=False, sources=(client:b), others=(client:a))",
        "ConsentChoice(name=marketing_sms, given=True, sources=(client:b))",
    ]


def test_an_address_is_whole() -> None:
    """That of the record whose address is shown; nobody's where it was cleared."""
    chosen = choose_fields((ANA, ANNA), {}, {})
    assert address_of(chosen, (ANA, ANNA)) == ANNA.address
    none = {"address": FieldChoice("address", None, B, "most_recent")}
    assert address_of(none, (ANA, ANNA)) is None


def test_of_two_picks_the_later_merge_s() -> None:
    """Or, at one moment, the greater id's; picks of other fields stand beside it."""
    journal = (
        entry(id="m2", choices={"first_name": "client:b", "email": "client:b"}),
        entry(id="m1", choices={"first_name": "client:a", "mobile": "client:a"}),
        entry(id="m0", merged_at=NOW + DAY, choices={"email": "client:c"}),
    )
    assert choices_of(journal) == {"first_name": "client:b", "mobile": "client:a", "email": "client:c"}


# --- what is taken over ----------------------------------------------------------------------------------------------


def test_what_two_records_hold() -> None:
    """Sorted, added up by kind and currency; the cards of the other stay where they are."""
    found = taken_over(HELD, (A,))
    assert in_full(found.each) == [
        "Holding(ref=client:a, kind=card, count=1)",
        "Holding(ref=client:a, kind=gift_card, count=3)",
        "Holding(ref=client:a, kind=gift_card, count=1, amount=10.50 NZD)",
        "Holding(ref=client:a, kind=gift_card, count=1, amount=5.00 USD)",
        "Holding(ref=client:a, kind=package, count=1, credits=3)",
        "Holding(ref=client:b, kind=card, count=2)",
        "Holding(ref=client:b, kind=gift_card, count=1, amount=25.00 NZD)",
        "Holding(ref=client:b, kind=package, count=2)",
    ]
    assert in_full(found.together) == [
        "HoldingSum(kind=card, count=1)",
        "HoldingSum(kind=gift_card, count=3)",
        "HoldingSum(kind=gift_card, count=2, amount=35.50 NZD)",
        "HoldingSum(kind=gift_card, count=1, amount=5.00 USD)",
        "HoldingSum(kind=package, count=3, credits=3)",
    ]
    assert in_full(found.left) == ["Holding(ref=client:b, kind=card, count=2)"]
    assert in_full(taken_over(HELD, (A, B)).left) == []


def test_what_is_not_taken_over_in_words() -> None:
    """Cards by their number, values by their field; where the platform counts nothing, that there may be cards."""
    internal = (
        FieldChoice(
            "birthday",
            "1990-04-07",
            A,
            "most_recent",
            (Source(B, "1990-07-04"), Source(C, ""), Source(D, "1990-07-05")),
        ),
        FieldChoice("custom.shoe", "38", B, "most_recent", (Source(C, "38"),)),
    )
    one = taken_over((*HELD[2:], Holding(C, HoldingKind.CARD, 1)), (A,))
    assert left_behind(taken_over(HELD, (A,)), (A, B), (A,), internal) == (
        "2 saved cards of client:b: a card stays with its own record (merging.cards = survivors)",
        "birthday of client:b, client:d: not shown (most_recent), and kept in that record",
    )
    assert left_behind(one, (A, B), (A,), ()) == (
        "1 saved card of client:c: a card stays with its own record (merging.cards = survivors)",
    )
    assert left_behind(None, (C, B, A), (A,), ()) == (
        "saved cards of client:b, client:c, if there are any: they stay with that record (merging.cards = survivors)",
    )
    assert left_behind(None, (A,), (A,), ()) == ()


def test_who_logs_in_to_the_client_afterwards() -> None:
    """Addresses masked, in the order of the accounts."""
    assert in_full(logins_of(LOGINS, A)) == [
        "PlannedLogin(account=y, address=A•••@example.com, refs=(client:a, client:b), sees=client:a)",
        "PlannedLogin(account=z, address=O•••@example.com, refs=(client:b), sees=client:a)",
    ]


def test_what_else_is_worth_knowing() -> None:
    """Nothing is counted, two accounts lead there, a rule of the platform is gone."""
    journal = (
        entry(rules={"email": "own:newest", "first_name": "own:newest", "phone": "oldest"}),
        entry(id="m2", rules={"birthday": "own:wisest"}),
    )
    assert remarks_of(None, logins_of(LOGINS, A), journal, {"email": newest}) == (
        "this platform does not say what its records hold (capability holdings): forms, documents, memberships, "
        "packages, gift cards, balances and invoices become the client's, uncounted",
        "2 accounts lead to this client afterwards: each keeps its own password, and none opens another; "
        "merge_accounts makes them one",
        "birthday was decided by own:wisest, which is not registered any more",
        "first_name was decided by own:newest, which is not registered any more",
    )
    assert remarks_of(taken_over(HELD, (A,)), logins_of(LOGINS[:1], A), (), {}) == ()


# --- the merge -------------------------------------------------------------------------------------------------------


def test_a_plan() -> None:
    """Everything that staff see before they say yes."""
    given = seen(groups=GROUPS, holdings=HELD, logins=LOGINS, choices={"first_name": "client:a"})
    assert in_full(plan(given, TIMELY)) == [
        "MergePlan(survivor=client:a, absorbed=(client:b), fields=(FieldChoice(field=first_name, value=Ana,",
        "  source=client:a, rule=staff_choice, others=(Source(ref=client:b, value=Anna))),",
        "  FieldChoice(field=last_name, value=Kingi, source=client:b, rule=most_recent,",
        "  others=(Source(ref=client:a, value=Kingi))), FieldChoice(field=email, value=ana@example.com,",
        "  source=client:a, rule=most_recent), FieldChoice(field=phone, value=09 555 0100, source=client:b,",
        "  rule=most_recent), FieldChoice(field=mobile, value=021 123 4567, source=client:a,",
        "  rule=most_recent), FieldChoice(field=address, value=1 High St, Auckland, source=client:b,",
        "  rule=most_recent)), appointments={client:a: 2}, internal=(FieldChoice(field=birthday,",
        "  value=1990-07-04, source=client:b, rule=most_recent, others=(Source(ref=client:a,",
        "  value=1990-04-07))), FieldChoice(field=notes, value=Latex allergy  Likes Mia, source=None,",
        "  rule=union, parts=(Part(value=Latex allergy, sources=(client:a)), Part(value=Likes Mia,",
        "  sources=(client:b)))), FieldChoice(field=custom.member, value=M-8, source=client:b,",
        "  rule=most_recent, others=(Source(ref=client:a, value=M-7))), FieldChoice(field=custom.shoe,",
        "  value=38, source=client:b, rule=most_recent)), consents=(ConsentChoice(name=marketing_email,",
        "  given=False, sources=(client:b), others=(client:a)), ConsentChoice(name=marketing_sms, given=True,",
        "  sources=(client:b))), holdings=Holdings(each=(Holding(ref=client:a, kind=card, count=1),",
        "  Holding(ref=client:a, kind=gift_card, count=3), Holding(ref=client:a, kind=gift_card, count=1,",
        "  amount=10.50 NZD), Holding(ref=client:a, kind=gift_card, count=1, amount=5.00 USD),",
        "  Holding(ref=client:a, kind=package, count=1, credits=3), Holding(ref=client:b, kind=card,",
        "  count=2), Holding(ref=client:b, kind=gift_card, count=1, amount=25.00 NZD), Holding(ref=client:b,",
        "  kind=package, count=2)), together=(HoldingSum(kind=card, count=1), HoldingSum(kind=gift_card,",
        "  count=3), HoldingSum(kind=gift_card, count=2, amount=35.50 NZD), HoldingSum(kind=gift_card,",
        "  count=1, amount=5.00 USD), HoldingSum(kind=package, count=3, credits=3)),",
        "  left=(Holding(ref=client:b, kind=card, count=2))), cards=(client:a),",
        "  logins=(PlannedLogin(account=y, address=A•••@example.com, refs=(client:a, client:b),",
        "  sees=client:a), PlannedLogin(account=z, address=O•••@example.com, refs=(client:b),",
        "  sees=client:a)), left_behind=(2 saved cards of client:b: a card stays with its own record",
        "  (merging.cards = survivors), birthday of client:a: not shown (most_recent), and kept in that",
        "  record, custom.member of client:a: not shown (most_recent), and kept in that record), remarks=(2",
        "  accounts lead to this client afterwards: each keeps its own password, and none opens another;",
        "  merge_accounts makes them one, nothing that the duplicate report goes by says that client:b is one",
        "  person with client:a))",
    ]
    assert plan(given, with_merging(cards=MergedCards.ALL)).cards == (A, B)
    assert plan(evolve(given, own_cards=(B,)), TIMELY).cards == (B,)


def test_a_plan_goes_by_today_s_rules_and_a_group_by_those_of_its_latest_merge() -> None:
    """Also its cards: what a merge promised holds until another is made."""
    journal = (entry(absorbed="client:d", rules={"first_name": "oldest"}, cards="survivors"),)
    everybody = with_merging(cards=MergedCards.ALL)
    anew = plan(seen(groups=GROUPS, journal=journal), everybody)
    assert (anew.fields[0].value, anew.fields[0].rule, anew.cards) == ("Anna", "most_recent", (A, B))
    one = seen(groups=GROUPS, journal=journal, roots={A: A, B: A})
    assert [plan(one, everybody).fields[0].rule, plan(one, everybody).cards] == ["oldest", (A,)]
    unwritten = evolve(one, journal=(), own={"first_name": newest})
    assert [plan(unwritten, everybody).fields[0].rule, plan(unwritten, everybody).cards] == ["own:newest", (A, B)]


def test_whom_a_login_sees_afterwards() -> None:
    """The head of the group that the survivor is in; itself, where nothing is known of it."""
    given = seen(groups=GROUPS, logins=LOGINS, survivor=B, absorbed=(A,), roots={A: A, B: A})
    assert {login.sees for login in plan(given, TIMELY).logins} == {A}
    assert {login.sees for login in plan(evolve(given, roots={}), TIMELY).logins} == {B}


def test_a_merge() -> None:
    """An edge and an entry for each; what leads to the absorbed ones leads on; the platform is told of each."""
    given = seen(
        groups={A: (ANA,), B: (ANNA, ANITA), D: (ClientRecord(D, NOW, first_name="Di"),)},
        absorbed=(B, D), roots={A: A, B: B, D: D}, pointers=(pointer(C, B, merge_id="m0"), pointer(B, A)),
        journal=(entry(id="m0", merged_at=NOW + DAY),), choices={"first_name": "client:c"},
    )  # fmt: skip
    decision = merge(given, with_merging(cards=MergedCards.ALL), NOW)
    assert in_full(evolve(decision, outcome="merged")) == [
        "yes: merged",
        "because merging.merge; facts: survivor client:a, absorbed client:b, client:d; policy:",
        "  merging.survivorship = first_name=most_recent, last_name=most_recent, email=most_recent,",
        "  phone=most_recent, mobile=most_recent, address=most_recent, birthday=most_recent, notes=union,",
        "  merging.cards = all",
        "put Merge(id=m1, survivor=client:a, absorbed=client:b, merged_at=2026-11-24 12:00:00.000001,",
        "  actor=mia, reason=same phone, rules={address: most_recent, birthday: most_recent, email:",
        "  most_recent, first_name: most_recent, last_name: most_recent, mobile: most_recent, notes: union,",
        "  phone: most_recent}, choices={first_name: client:c}, cards=all, contacts=(phone:+6495550100))",
        "put Pointer(id=client:b, survivor=client:a, root=client:a, merge_id=m1)",
        "put Merge(id=m2, survivor=client:a, absorbed=client:d, merged_at=2026-11-24 12:00:00.000001,",
        "  actor=mia, reason=same phone, rules={address: most_recent, birthday: most_recent, email:",
        "  most_recent, first_name: most_recent, last_name: most_recent, mobile: most_recent, notes: union,",
        "  phone: most_recent}, choices={first_name: client:c}, cards=all)",
        "put Pointer(id=client:d, survivor=client:a, root=client:a, merge_id=m2)",
        "put Pointer(id=client:c, version=1, survivor=client:b, root=client:a, merge_id=m0)",
        "event HostEvent(kind=merged, facts=((survivor, client:a), (absorbed, client:b), (merge, m1)))",
        "event HostEvent(kind=merged, facts=((survivor, client:a), (absorbed, client:d), (merge, m2)))",
    ]
    assert decision.outcome.merges == ("m1", "m2")  # type: ignore[union-attr]


def test_a_rule_that_answers_nonsense_is_found_out_before_anything_is_merged() -> None:
    """Not when the merged client is shown."""

    def invents(_name: str, _records: object) -> Any:
        return "Kingi"

    with pytest.raises(HostError, match="own:invents"):
        merge(seen(groups=GROUPS, own={"last_name": invents}), TIMELY, NOW)


def test_why_records_are_not_merged() -> None:
    """Which of them, and with what, is in the text for staff."""
    assert in_full(merge(seen(roots={A: A}), TIMELY, NOW)) == [
        "no: not_found",
        "because merging.merge; facts: survivor client:a, absorbed client:b; policy: merging.survivorship =",
        "  first_name=most_recent, last_name=most_recent, email=most_recent, phone=most_recent,",
        "  mobile=most_recent, address=most_recent, birthday=most_recent, notes=union, merging.cards =",
        "  survivors",
    ]
    assert in_full(merge(seen(absorbed=()), TIMELY, NOW)) == [
        "no: same_record",
        "because merging.merge; facts: survivor client:a, absorbed ; policy: merging.survivorship =",
        "  first_name=most_recent, last_name=most_recent, email=most_recent, phone=most_recent,",
        "  mobile=most_recent, address=most_recent, birthday=most_recent, notes=union, merging.cards =",
        "  survivors",
    ]
    assert in_full(merge(seen(absorbed=(B, A)), TIMELY, NOW)) == [
        "no: same_record",
        "because merging.merge; facts: survivor client:a, absorbed client:b, client:a; policy:",
        "  merging.survivorship = first_name=most_recent, last_name=most_recent, email=most_recent,",
        "  phone=most_recent, mobile=most_recent, address=most_recent, birthday=most_recent, notes=union,",
        "  merging.cards = survivors",
    ]
    assert in_full(merge(seen(roots={A: B, B: B}), TIMELY, NOW)) == [
        "no: already_merged, facts={record: client:a, survivor: client:b}",
        "because merging.merge; facts: survivor client:a, absorbed client:b; policy: merging.survivorship =",
        "  first_name=most_recent, last_name=most_recent, email=most_recent, phone=most_recent,",
        "  mobile=most_recent, address=most_recent, birthday=most_recent, notes=union, merging.cards =",
        "  survivors",
    ]
    assert in_full(merge(seen(roots={A: A, B: C}), TIMELY, NOW)) == [
        "no: already_merged, facts={record: client:b, survivor: client:c}",
        "because merging.merge; facts: survivor client:a, absorbed client:b; policy: merging.survivorship =",
        "  first_name=most_recent, last_name=most_recent, email=most_recent, phone=most_recent,",
        "  mobile=most_recent, address=most_recent, birthday=most_recent, notes=union, merging.cards =",
        "  survivors",
    ]
    assert in_full(merge(seen(roots={A: D, B: B}), TIMELY, NOW)) == [
        "no: already_merged, facts={record: client:a, survivor: client:d}",
        "because merging.merge; facts: survivor client:a, absorbed client:b; policy: merging.survivorship =",
        "  first_name=most_recent, last_name=most_recent, email=most_recent, phone=most_recent,",
        "  mobile=most_recent, address=most_recent, birthday=most_recent, notes=union, merging.cards =",
        "  survivors",
    ]
    assert in_full(merge(seen(dismissals=(DISMISSED,)), TIMELY, NOW)) == [
        "no: not_duplicates, facts={pair: client:a and client:b}",
        "because merging.merge; facts: survivor client:a, absorbed client:b; policy: merging.survivorship =",
        "  first_name=most_recent, last_name=most_recent, email=most_recent, phone=most_recent,",
        "  mobile=most_recent, address=most_recent, birthday=most_recent, notes=union, merging.cards =",
        "  survivors",
    ]
    assert in_full(merge(seen(choices={"first_name": "client:z"}), TIMELY, NOW)) == [
        "no: not_found",
        "because merging.merge; facts: survivor client:a, absorbed client:b; policy: merging.survivorship =",
        "  first_name=most_recent, last_name=most_recent, email=most_recent, phone=most_recent,",
        "  mobile=most_recent, address=most_recent, birthday=most_recent, notes=union, merging.cards =",
        "  survivors",
    ]
    assert in_full(merge(seen(choices={"loyalty": "client:b"}), TIMELY, NOW)) == [
        "no: not_found",
        "because merging.merge; facts: survivor client:a, absorbed client:b; policy: merging.survivorship =",
        "  first_name=most_recent, last_name=most_recent, email=most_recent, phone=most_recent,",
        "  mobile=most_recent, address=most_recent, birthday=most_recent, notes=union, merging.cards =",
        "  survivors",
    ]


def test_a_merge_that_was_made_already() -> None:
    """The same answer once more, with the merge that made it, undone ones not counted."""
    journal = (entry(id="m0", undone_at=NOW, undone_by="mia"), entry(id="m7"), entry(id="m8", absorbed="client:d"))
    again = merge(seen(groups=GROUPS, roots={A: A, B: A}, journal=journal), TIMELY, NOW)
    assert again.outcome.merges == ("m7",)  # type: ignore[union-attr]
    assert in_full(evolve(again, outcome="merged")) == [
        "yes: merged",
        "because merging.merge; facts: survivor client:a, absorbed client:b; policy: merging.survivorship =",
        "  first_name=most_recent, last_name=most_recent, email=most_recent, phone=most_recent,",
        "  mobile=most_recent, address=most_recent, birthday=most_recent, notes=union, merging.cards =",
        "  survivors",
    ]


# --- and back --------------------------------------------------------------------------------------------------------


def test_an_undo() -> None:
    """The edge goes, the entry says by whom; what had been merged into the record stays with it."""
    edges = (pointer(B, A), pointer(C, B, A, "m0"), pointer(D, C, A, "m9"), pointer(RecordRef.client("e"), A, A, "m5"))
    assert in_full(undo(Undoing(entry(), edges, "tom"), TIMELY, NOW + DAY)) == [
        "yes: Undone(survivor=client:a, absorbed=client:b)",
        "because undoing.undo; facts: merge m1; policy: merging.undo_for = 30 days, 0:00:00",
        "remove Pointer client:b (version 1)",
        "put Merge(id=m1, survivor=client:a, absorbed=client:b, merged_at=2026-11-23 12:00, actor=mia,",
        "  undone_at=2026-11-24 12:00, undone_by=tom)",
        "put Pointer(id=client:c, version=1, survivor=client:b, root=client:b, merge_id=m0)",
        "put Pointer(id=client:d, version=1, survivor=client:c, root=client:b, merge_id=m9)",
        "event HostEvent(kind=unmerged, facts=((survivor, client:a), (absorbed, client:b), (merge, m1)))",
    ]


def test_why_a_merge_is_not_undone() -> None:
    """What stands in the way, with who and when."""
    edge = (pointer(B, A),)
    assert in_full(undo(Undoing(None, edge, "tom"), TIMELY, NOW)) == [
        "no: not_found",
        "because undoing.undo; facts: merge –; policy: merging.undo_for = 30 days, 0:00:00",
    ]
    undone = entry(undone_at=NOW, undone_by="mia")
    assert in_full(undo(Undoing(undone, edge, "tom"), TIMELY, NOW)) == [
        "no: undone_already, facts={at: 2026-11-23 12:00 UTC, by: mia}",
        "because undoing.undo; facts: merge m1; policy: merging.undo_for = 30 days, 0:00:00",
    ]
    assert in_full(undo(Undoing(evolve(undone, undone_by=""), edge, "tom"), TIMELY, NOW)) == [
        "no: undone_already, facts={at: 2026-11-23 12:00 UTC, by: somebody}",
        "because undoing.undo; facts: merge m1; policy: merging.undo_for = 30 days, 0:00:00",
    ]
    assert in_full(undo(Undoing(entry(erased=True), edge, "tom"), TIMELY, NOW)) == [
        "no: erased, facts={what: erased: client:b or client:a}",
        "because undoing.undo; facts: merge m1; policy: merging.undo_for = 30 days, 0:00:00",
    ]
    assert in_full(undo(Undoing(entry(erased=True), edge, "tom", blank=(A, B)), TIMELY, NOW)) == [
        "no: erased, facts={what: erased: client:a and client:b}",
        "because undoing.undo; facts: merge m1; policy: merging.undo_for = 30 days, 0:00:00",
    ]
    assert in_full(undo(Undoing(entry(), edge, "tom", gone=(A, B)), TIMELY, NOW)) == [
        "no: erased, facts={what: deleted: client:b and client:a}",
        "because undoing.undo; facts: merge m1; policy: merging.undo_for = 30 days, 0:00:00",
    ]
    assert undo(Undoing(entry(), edge, "tom", gone=(A,)), TIMELY, NOW).granted
    week = with_merging(undo_for=7 * DAY)
    assert undo(Undoing(entry(), edge, "tom"), week, NOW + 7 * DAY).granted
    assert in_full(undo(Undoing(entry(), edge, "tom"), week, NOW + 7 * DAY + timedelta(microseconds=1))) == [
        "no: undo_too_late, facts={at: 2026-11-23 12:00 UTC, since: 2026-11-30 12:00 UTC}",
        "because undoing.undo; facts: merge m1; policy: merging.undo_for = 7 days, 0:00:00",
    ]
    assert in_full(undo(Undoing(entry(id="m4"), edge, "tom"), TIMELY, NOW)) == [
        "no: not_found",
        "because undoing.undo; facts: merge m4; policy: merging.undo_for = 30 days, 0:00:00",
    ]


# --- with the rows ---------------------------------------------------------------------------------------------------

BEHIND = RowsBehind((rows.B, rows.C), "i1")


def test_rows_follow_a_merge() -> None:
    """Asked of the platform with every record that is behind it; each merge below is marked."""
    given = rows.merging()
    decision = ask_to_move(merge(given, rows.MOVING, NOW), given, BEHIND, rows.MOVING, NOW)
    assert in_full(evolve(decision, outcome="merged")) == [
        "yes: merged",
        "because merging.merge; facts: survivor client:a, absorbed client:b; policy: merging.survivorship =",
        "  first_name=most_recent, last_name=most_recent, email=most_recent, phone=most_recent,",
        "  mobile=most_recent, address=most_recent, birthday=most_recent, notes=union, merging.cards =",
        "  survivors, merging.reassign = True",
        "put Merge(id=m1, survivor=client:a, absorbed=client:b, merged_at=2026-11-23 12:00:00.000001,",
        "  actor=mia, rules={address: most_recent, birthday: most_recent, email: most_recent, first_name:",
        "  most_recent, last_name: most_recent, mobile: most_recent, notes: union, phone: most_recent},",
        "  reassigned=True)",
        "put Pointer(id=client:b, survivor=client:a, root=client:a, merge_id=m1)",
        "put Pointer(id=client:c, version=1, survivor=client:b, root=client:a, merge_id=m0)",
        "put Merge(id=m0, survivor=client:b, absorbed=client:c, merged_at=2026-11-23 12:00, actor=mia,",
        "  reassigned=True)",
        "event HostEvent(kind=merged, facts=((survivor, client:a), (absorbed, client:b), (merge, m1)))",
        "asks Intent(id=i1, write=reassign, actor=mia, asked_at=2026-11-23 12:00, due_at=2026-11-23 12:00,",
        "  refs=(client:b, client:c), for_ref=client:a, because=merging.merge; facts: survivor client:a,",
        "  absorbed client:b; policy: merging.survivorship = first_name=most_recent, last_name=most_recent,",
        "  email=most_recent, phone=most_recent, mobile=most_recent, address=most_recent,",
        "  birthday=most_recent, notes=union, merging.cards = survivors, merges=(m1))",
    ]
    assert absorbed_refs(given) == (rows.B, rows.C)


def test_rows_come_back_before_an_undo() -> None:
    """Asked of the platform for the record that is set apart, and for what stays merged into it."""
    given = rows.undoing()
    decision = ask_to_restore(undo(given, rows.STAYING, NOW), given, BEHIND, NOW)
    assert in_full(decision) == [
        "yes: Undone(survivor=client:a, absorbed=client:b)",
        "because undoing.undo; facts: merge m1, rows were moved, and come back; policy: merging.undo_for = 30",
        "  days, 0:00:00",
        "remove Pointer client:b (version 1)",
        "put Merge(id=m1, survivor=client:a, absorbed=client:b, merged_at=2026-11-23 12:00, actor=mia,",
        "  undone_at=2026-11-23 12:00, undone_by=mia, reassigned=True)",
        "put Pointer(id=client:c, version=1, survivor=client:b, root=client:b, merge_id=m0)",
        "event HostEvent(kind=unmerged, facts=((survivor, client:a), (absorbed, client:b), (merge, m1)))",
        "asks Intent(id=i1, write=restore, actor=mia, asked_at=2026-11-23 12:00, due_at=2026-11-23 12:00,",
        "  refs=(client:b, client:c), for_ref=client:b, because=undoing.undo; facts: merge m1; policy:",
        "  merging.undo_for = 30 days, 0:00:00, merges=(m1))",
    ]
    below = (rows.pointer(rows.C, rows.B, rows.A, "m0"), rows.pointer(rows.D, rows.C, rows.A, "m2"))
    assert standing_alone(rows.entry(), below) == (rows.B, rows.C, rows.D)


def test_what_the_platform_answered() -> None:
    """How many rows of which table moved, which stayed; and where it would not, that everything did."""
    asked = Intent(
        id="i1", write=HostWrite.REASSIGN, actor="mia", asked_at=NOW, due_at=NOW, merges=("m1",), because="so"
    )
    back = evolve(asked, write=HostWrite.RESTORE)
    no, away = HostAnswer(AnswerKind.DECLINED, note="frozen"), HostAnswer(AnswerKind.TAKEN)
    assert in_full(settle_rows(asked, rows.MOVED, "forecast")) == [
        "yes: forecast",
        "because reassigning.settle_rows; facts: host answered done, asked because so, moved 12 appointments,",
        "  1 codes, left client:b: saved cards",
    ]
    more = evolve(rows.MOVED, left=("client:b: saved cards", "client:c: two forms"))
    assert in_full(settle_rows(asked, more, "forecast")) == [
        "yes: forecast",
        "because reassigning.settle_rows; facts: host answered done, asked because so, moved 12 appointments,",
        "  1 codes, left client:b: saved cards; client:c: two forms",
    ]
    assert in_full(settle_rows(asked, HostAnswer(), "forecast")) == [
        "yes: forecast",
        "because reassigning.settle_rows; facts: host answered done, asked because so, moved no rows",
    ]
    assert in_full(settle_rows(asked, no, "forecast")) == [
        "yes: forecast",
        "because reassigning.settle_rows; facts: host answered declined, asked because so, moved no rows,",
        "  left everything: frozen",
    ]
    assert in_full(settle_rows(asked, away, "forecast")) == [
        "yes: forecast",
        "because reassigning.settle_rows; facts: host answered taken, asked because so, moved no rows, left",
        "  everything: the platform would not",
    ]
    assert in_full(settle_rows(back, no, "forecast")) == [
        "no: not_changeable, facts={why: frozen}",
        "because reassigning.settle_rows; facts: host answered declined, asked because so, moved no rows,",
        "  left everything: frozen",
    ]
    undone = undo(Undoing(entry(), (pointer(B, A),), "tom"), TIMELY, NOW)
    assert in_full(noted(undone, back, rows.MOVED)) == [
        "yes: Undone(survivor=client:a, absorbed=client:b)",
        "because undoing.undo; facts: merge m1, moved 12 appointments, 1 codes, left client:b: saved cards;",
        "  policy: merging.undo_for = 30 days, 0:00:00",
        "remove Pointer client:b (version 1)",
        "put Merge(id=m1, survivor=client:a, absorbed=client:b, merged_at=2026-11-23 12:00, actor=mia,",
        "  undone_at=2026-11-23 12:00, undone_by=tom, restored={appointments: 12, codes: 1},",
        "  not_restored=(client:b: saved cards))",
        "event HostEvent(kind=unmerged, facts=((survivor, client:a), (absorbed, client:b), (merge, m1)))",
    ]
    assert in_full(settle_rows(back, rows.MOVED, undone.outcome)) == [
        "yes: Undone(survivor=client:a, absorbed=client:b, moved={appointments: 12, codes: 1},",
        "  left=(client:b: saved cards))",
        "because reassigning.settle_rows; facts: host answered done, asked because so, moved 12 appointments,",
        "  1 codes, left client:b: saved cards",
    ]
    assert noted(undone, evolve(asked, write=HostWrite.MOVE), rows.MOVED) == undone
    assert in_full(as_told(entry())) == [
        "HostEvent(kind=merged, facts=((survivor, client:a), (absorbed, client:b), (merge, m1)))"
    ]
