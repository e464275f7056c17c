"""What the survivor takes over, what stays behind, and that both together are all there was."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal.outcomes import FieldChoice, Holdings, HoldingSum, PlannedLogin, Source
from clientportal.policy import presets
from clientportal.records import Account, AccountLink, Identifier, LinkEvidence, Merge
from clientportal.rules.taking_over import (
    LeadsTo,
    emails_that_lead,
    left_behind,
    logins_of,
    remarks_of,
    taken_over,
    who_leads,
)
from clientportal.values import ClientRecord, Holding, HoldingKind, Money, RecordRef

pytestmark = pytest.mark.requirement("X3")

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
A, B, C = (RecordRef.client(id) for id in "abc")

AMOUNTS = st.one_of(
    st.none(),
    st.builds(Money, st.decimals("-999.99", "999.99", places=2), st.sampled_from(("NZD", "USD", "JPY"))),
)
HOLDINGS = st.lists(
    st.builds(
        Holding,
        st.sampled_from((A, B, C)),
        st.sampled_from(HoldingKind),
        st.integers(0, 5),
        AMOUNTS,
        st.none() | st.integers(0, 9),
    ),
    max_size=8,
)


def summed(things: Any) -> tuple[Counter[Any], Counter[Any], dict[Any, Decimal]]:
    """Counts, credits and money, by kind and currency."""
    counts: Counter[Any] = Counter()
    credits: Counter[Any] = Counter()
    money: dict[Any, Decimal] = {}
    for one in things:
        key = (one.kind, one.amount.currency if one.amount is not None else "")
        counts[key] += one.count
        credits[key] += one.credits or 0
        if one.amount is not None:
            money[key] = money.get(key, Decimal(0)) + one.amount.amount
    return counts, credits, money


@given(HOLDINGS, st.sets(st.sampled_from((A, B, C))))
def test_nothing_is_lost_and_nothing_doubled(each: list[Holding], cards: set[RecordRef]) -> None:
    """Law 7, to the cent: what is taken over and what is left are what there was; only cards are ever left."""
    found = taken_over(each, cards)
    both = [*found.together, *found.left]
    for whole, parts in zip(summed(each), summed(both), strict=True):
        assert {key: value for key, value in whole.items() if value} == {key: v for key, v in parts.items() if v}
    assert all(one.kind is HoldingKind.CARD and one.ref not in cards for one in found.left)
    assert sorted(map(str, found.each)) == sorted(map(str, each))


@given(HOLDINGS, st.randoms(use_true_random=False))
def test_the_order_in_which_the_platform_answers_does_not_matter(each: list[Holding], random: Any) -> None:
    """Sums of two currencies are never mixed, whatever comes first."""
    shuffled = list(each)
    random.shuffle(shuffled)
    one, other = taken_over(each, [A]), taken_over(shuffled, [A])
    assert (one.together, sorted(map(str, one.left))) == (other.together, sorted(map(str, other.left)))


def test_sums_are_by_kind_and_currency() -> None:
    """Two gift cards in dollars, one in yen, packages with their credits; a document has no price."""
    each = [
        Holding(B, HoldingKind.GIFT_CARD, 1, Money("0.10", "NZD")),
        Holding(A, HoldingKind.GIFT_CARD, 1, Money("0.20", "NZD")),
        Holding(A, HoldingKind.GIFT_CARD, 1, Money("5000", "JPY")),
        Holding(A, HoldingKind.PACKAGE, 1, credits=3),
        Holding(B, HoldingKind.PACKAGE, 2, credits=4),
        Holding(C, HoldingKind.PACKAGE, 1),
        Holding(C, HoldingKind.DOCUMENT, 2),
        Holding(A, HoldingKind.DOCUMENT, 1),
        Holding(A, HoldingKind.CARD, 1),
        Holding(B, HoldingKind.CARD, 2),
    ]
    found = taken_over(each, [A])
    assert found.together == (
        HoldingSum(HoldingKind.CARD, 1),
        HoldingSum(HoldingKind.DOCUMENT, 3),
        HoldingSum(HoldingKind.GIFT_CARD, 1, Money("5000", "JPY")),
        HoldingSum(HoldingKind.GIFT_CARD, 2, Money("0.30", "NZD")),
        HoldingSum(HoldingKind.PACKAGE, 4, credits=7),
    )
    assert found.left == (Holding(B, HoldingKind.CARD, 2),)
    assert taken_over(each, [A, B, C]).left == ()


# --- in words --------------------------------------------------------------------------------------------------------


def test_cards_that_stay_behind_are_told_one_record_at_a_time() -> None:
    """By number, with the setting that says so."""
    holdings = Holdings((), (), (Holding(B, HoldingKind.CARD, 1), Holding(C, HoldingKind.CARD, 2)))
    assert left_behind(holdings, [A, B, C], [A], []) == (
        "1 saved card of client:b: a card stays with its own record (merging.cards = survivors)",
        "2 saved cards of client:c: a card stays with its own record (merging.cards = survivors)",
    )


def test_where_the_platform_does_not_count_that_is_said() -> None:
    """Absent is not empty: cards may be there, and everything else is taken over uncounted."""
    (cards,) = left_behind(None, [B, A], [A], [])
    assert cards == "saved cards of client:b, if there are any: they stay with that record (merging.cards = survivors)"
    assert left_behind(None, [A, B], [A, B], []) == ()
    (remark,) = remarks_of(None, [], [], {})
    assert remark.startswith("this platform does not say what its records hold (capability holdings)")
    assert remarks_of(Holdings((), ()), [], [], {}) == ()


def test_notes_that_are_not_shown_are_told() -> None:
    """What is the same, or cleared, or put together needs no word."""
    hidden = FieldChoice("notes", "Latex", A, "most_recent", (Source(B, "Pays cash"), Source(C, "Latex")))
    cleared = FieldChoice("birthday", "1984-02-29", A, "most_recent", (Source(B, ""),))
    assert left_behind(Holdings((), ()), [A, B, C], [A], [hidden, cleared]) == (
        "notes of client:b: not shown (most_recent), and kept in that record",
    )


def account(id: str) -> Account:
    """An account."""
    return Account(id=id, email=f"email:{id}@example.com", address=f"{id}@example.com", created_at=NOW, proved_at=NOW)


# --- which accounts lead to the client -------------------------------------------------------------------------------

TIMETAP = presets.timetap(region="US")
ACUITY = presets.acuity(region="US")
HOME, WORK = "email:ana@home.example", "email:ana@work.example"
ROWS = (
    ClientRecord(A, NOW, email="Ana@Home.example", mobile="+1 212 555 0142"),
    ClientRecord(B, NOW, email="ana@work.example"),
    ClientRecord(C, NOW, email="no address"),
)


def link(account: str, ref: RecordRef, *, revoked: bool = False) -> AccountLink:
    """An account that staff have linked to a record, and perhaps taken off it again."""
    return AccountLink(
        id=AccountLink.id_of(account, ref), account=account, ref=str(ref), evidence=LinkEvidence.STAFF, made_at=NOW,
        actor="mia", revoked_at=NOW if revoked else None,
    )  # fmt: skip


def leading(*links: AccountLink, policy: Any = TIMETAP, proved: bool = True) -> dict[str, tuple[RecordRef, ...]]:
    """Who leads to the three rows, where Ana has two accounts, one for each email."""
    proved_at = NOW if proved else None
    owners = {
        HOME: Identifier(id=HOME, account="home", proved_at=proved_at),
        WORK: Identifier(id=WORK, account="work", proved_at=proved_at),
    }
    return dict(who_leads(links, emails_that_lead(ROWS, policy), owners, policy))


def test_an_account_leads_by_a_link_or_by_a_proved_email() -> None:
    """However the address is spelled; a mobile leads nowhere, nor does what is no address (TT11)."""
    assert {(str(key), ref) for key, ref in emails_that_lead(ROWS, TIMETAP)} == {(HOME, A), (WORK, B)}
    assert leading() == {"home": (A,), "work": (B,)}
    assert leading(link("home", C), link("home", B), link("third", A)) == {
        "home": (A, B, C),
        "third": (A,),
        "work": (B,),
    }


def test_an_email_that_was_merely_typed_leads_nowhere() -> None:
    """Whoever registers with Ana's email and cannot read her mail sees nothing of hers; a link of staff's stands."""
    assert leading(proved=False) == {}
    assert leading(link("home", A), proved=False) == {"home": (A,)}


def test_what_was_taken_off_an_account_does_not_lead_there_by_its_email() -> None:
    """ "This is not me", or staff: not this record; another that the same account is linked to still."""
    assert leading(link("home", A, revoked=True)) == {"work": (B,)}
    assert leading(link("home", A, revoked=True), link("home", C)) == {"home": (C,), "work": (B,)}
    assert leading(link("work", A, revoked=True)) == {"home": (A,), "work": (B,)}


def test_where_single_appointments_are_shown_only_links_lead() -> None:
    """An equal email opens nothing there (A7); and where there are no accounts, nothing leads anywhere."""
    assert leading(policy=ACUITY) == {}
    assert leading(link("home", A), policy=ACUITY) == {"home": (A,)}
    timely = presets.timely(region="NZ")
    assert not timely.registration.accounts
    assert emails_that_lead(ROWS, timely) == frozenset()
    assert leading(link("home", A), policy=timely) == {}


def test_accounts_keep_their_passwords_and_their_sessions() -> None:
    """Law 11, in words, with masked addresses; two accounts are worth a remark."""
    one, two = logins_of([LeadsTo(account("two"), (B, A)), LeadsTo(account("one"), (A,))], A)
    assert isinstance(one, PlannedLogin)
    assert (one.account, one.refs, two.refs, two.sees) == ("one", (A,), (A, B), A)
    assert "one@example.com" not in str(one)
    assert str(two).endswith(
        "leads to client:a, client:b: it keeps its own password and its sessions, and sees client:a with every record "
        "merged into it"
    )
    (remark,) = remarks_of(Holdings((), ()), [one, two], [], {})
    assert remark.startswith("2 accounts lead to this client afterwards: each keeps its own password")
    assert remarks_of(Holdings((), ()), [one], [], {}) == ()


def test_a_rule_of_the_platform_that_is_not_registered_any_more_is_told() -> None:
    """By field and name; the library's own rules, and those that are still there, are not."""

    def longest(_name: str, _records: Any) -> None:
        return None

    made = Merge(id="m", survivor="client:a", absorbed="client:b", merged_at=NOW, actor="mia")
    kept = {"last_name": "own:longest", "email": "own:by_moonlight", "phone": "oldest", "mobile": "own:longest"}
    journal = [evolve(made, rules=kept), evolve(made, id="n", rules=kept)]
    assert remarks_of(Holdings((), ()), [], journal, {"last_name": longest}) == (
        "email was decided by own:by_moonlight, which is not registered any more",
        "mobile was decided by own:longest, which is not registered any more",
    )
