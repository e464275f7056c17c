"""What is kept of every link: on what it rests, who made it and when, who took it away; and what staff read of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Because, HostEvent, Refusal
from clientportal.outcomes import Claimed, Detached
from clientportal.outcomes.claiming import LinkLine
from clientportal.policy import SeveralRecords, presets
from clientportal.records import (
    Account,
    AccountLink,
    ContactHistory,
    LinkEvidence,
    MailPurpose,
    NumberCounter,
    Put,
    Remove,
    Stage,
)
from clientportal.rules.account_sessions import AccountSight
from clientportal.rules.claiming import Asserter, Link, LinkFacts, decide_link
from clientportal.rules.linking import (
    Claim,
    Leaving,
    NotOfAccount,
    StaffLinking,
    claim,
    leave,
    line_of,
    link_by_staff,
    links_after,
    may_claim,
    not_of_account,
    only_own,
    taken_off,
    unlink,
)
from clientportal.rules.signing_in import signed_in
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ClientRecord, ContactKey, RecordRef
from rules.one_account import DAY, FRESH, NOW, TIMETAP, account, link, session

LATER = NOW + timedelta(hours=3)
MOBILE = ContactKey.parse("mobile:+64211234567")
WHY = Because("claiming.decide_link", (("records", "1"),))
FAMILY, STRICT = (
    evolve(TIMETAP, login=evolve(TIMETAP.login, several=one))
    for one in (SeveralRecords.CHOOSE, SeveralRecords.ACCOUNTS)
)


def person(id: str, name: str = "Ana", *absorbed: str) -> Candidate:
    """A client, with what was merged into it."""
    rows = tuple(ClientRecord(RecordRef.client(one), NOW - 900 * DAY, first_name=name) for one in (id, *absorbed))
    return Candidate(rows[0], rows)


ANA, BEN, CY = person("ana"), person("ben", "Ben", "benny"), person("cy", "Ana")


def linked(id: str, **more: Any) -> AccountLink:
    """A link that staff made yesterday."""
    given: dict[str, Any] = {
        "id": f"a1|client:{id}", "version": 5, "account": "a1", "ref": f"client:{id}", "evidence": LinkEvidence.STAFF,
        "made_at": NOW - DAY, "actor": "staff:mia", "because": "she rang",
    }  # fmt: skip
    return AccountLink(**given | more)


def told(kind: str, id: str, evidence: str, actor: str) -> HostEvent:
    """What the platform hears of it."""
    facts = (("account", "a1"), ("record", f"client:{id}"), ("evidence", evidence), ("actor", actor))
    return HostEvent(kind, facts)


ALL = AccountSight(account(), links=(linked("ana"), linked("ben"), linked("cy")), linked=(ANA, BEN, CY))


def test_a_link_keeps_its_evidence_who_made_it_and_why() -> None:
    """And the platform is told in the same commit."""
    writes, events = links_after(
        Link((ANA.ref,), WHY), [ANA, BEN], account(), [], LinkEvidence.PROVED_CONTACT, "account:a1", LATER
    )
    expected = AccountLink(
        id="a1|client:ana", account="a1", ref="client:ana", evidence=LinkEvidence.PROVED_CONTACT, made_at=LATER,
        actor="account:a1", because=str(WHY),
    )  # fmt: skip
    assert writes == (Put(expected),)
    assert events == (told("linked", "ana", "proved_contact", "account:a1"),)


def test_a_guests_further_booking_is_linked_where_the_first_one_is_already() -> None:
    """Each is a record of its own: one that is there does not stand for the next."""
    rows = tuple(ClientRecord(RecordRef.booking(id), NOW, first_name="Ana") for id in ("g1", "g2"))
    held = evolve(linked("ana"), id="a1|booking:g1", ref="booking:g1")
    verdict = Link((rows[0].ref,), WHY)
    writes, _ = links_after(
        verdict, [Candidate(rows[0], rows)], account(), [held], LinkEvidence.STAFF, "staff:mia", LATER
    )
    assert [write.record.id for write in writes] == ["a1|booking:g2"]


def test_what_is_taken_off_keeps_who_made_it_and_says_who_took_it() -> None:
    """Where there was no link but an equal email, one is made that never was good: it says why it stays off."""
    writes, events = taken_off(account(), [ANA.ref, CY.ref], [linked("ana")], "account:a1", LATER, WHY)
    never_good = AccountLink(
        id="a1|client:cy", account="a1", ref="client:cy", evidence=LinkEvidence.PROVED_EMAIL, made_at=LATER,
        actor="account:a1", because=str(WHY), revoked_at=LATER, revoked_by="account:a1",
    )  # fmt: skip
    assert writes == (Put(linked("ana", revoked_at=LATER, revoked_by="account:a1")), Put(never_good))
    assert events == (
        told("unlinked", "ana", "staff", "account:a1"),
        told("unlinked", "cy", "proved_email", "account:a1"),
    )


@pytest.mark.parametrize(("gone", "sees"), [({}, True), ({"revoked_at": LATER, "revoked_by": "account:a1"}, False)])
def test_staff_read_everything_that_is_kept_of_a_link(gone: dict[str, Any], sees: bool) -> None:
    """On what it rests, who made it, when and why; and who took it off."""
    assert line_of(linked("ana", **gone), account(), sees=sees) == LinkLine(
        account="a1",
        address="Ana@example.com",
        record=ANA.ref,
        evidence=LinkEvidence.STAFF,
        made_at=NOW - DAY,
        actor="staff:mia",
        because="she rang",
        revoked_at=gone.get("revoked_at"),
        revoked_by=gone.get("revoked_by"),
        sees=sees,
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [(None, "none"), (account(proved_at=None), "not proved"), (account(), "proved")],
)
def test_whoever_may_not_claim_is_told_what_is_missing(given: Account | None, said: str) -> None:
    """The account, its proof, accounts at all, records that are shown."""
    for policy, accounts, seen in ((presets.acuity(), "True", "assigned"), (presets.timely(), "False", "record")):
        refusal = may_claim(given, policy)
        assert isinstance(refusal, Refusal)
        assert refusal.because == Because(
            "linking.may_claim",
            (("email of the account", said),),
            (("registration.accounts", accounts), ("visibility.appointments", seen)),
        )


def claiming(*people: Candidate, **more: Any) -> Claim:
    """Ana's account has proved a mobile number that these people have, and nobody else."""
    proof = LinkFacts(
        account="a1", asserted_by=Asserter.CLIENT, contact=MOBILE, proved={MOBILE: NOW},
        holders={MOBILE: frozenset(one.ref for one in people)},
    )  # fmt: skip
    given: dict[str, Any] = {
        "session": session(), "sight": AccountSight(account()), "facts": proof, "candidates": people, "history": None,
        "rule": decide_link, "spent": (), "numbers": {}, "counter": None, "actor": "account:a1",
    }  # fmt: skip
    return Claim(**given | more)


def test_a_claim_writes_what_was_spent_the_links_the_proof_the_numbers_and_the_session() -> None:
    """In one commit; the history of the number keeps what it was, with the new proof; the link names the rule."""
    spent = Remove(link(MailPurpose.CLAIM))
    history = ContactHistory(id=str(MOBILE), version=7, proved_at=NOW - 400 * DAY)
    seen = claiming(
        CY,
        spent=(spent,),
        history=history,
        sight=evolve(ALL, links=(linked("ana"),), linked=(ANA,)),
        session=session(entry="client:ana", own=(ANA.ref,)),
        numbers={ANA.ref: 4},
        counter=NumberCounter(id="clients", next=9),
    )
    decision = claim(seen, TIMETAP, LATER)
    made = linked(
        "cy", version=0, evidence=LinkEvidence.PROVED_CONTACT, made_at=LATER, actor="account:a1",
        because=str(decision.because),
    )  # fmt: skip
    assert decision.changes[:3] == (spent, Put(made), Put(evolve(history, proved_at=LATER)))
    assert decision.changes[-1] == Put(session(entry="client:ana", own=(ANA.ref, CY.ref)))
    assert Put(NumberCounter(id="clients", next=10)) in decision.changes[3:-1]
    assert decision.events == (told("linked", "cy", "proved_contact", "account:a1"),)
    assert decision.because.rule == "claiming.decide_link"


def test_what_an_account_sees_by_its_email_was_there_before_the_claim() -> None:
    """Only what the proof adds is told as new; among two people the client chooses, and nobody is chosen for them."""
    by_email = AccountSight(account(), sharing=(ANA,))
    decision = claim(claiming(BEN, sight=by_email), FAMILY, LATER)
    assert decision.changes[-1] == Put(session(stage=Stage.CHOOSING, own=(ANA.ref, BEN.ref)))
    outcome = decision.outcome
    assert isinstance(outcome, Claimed)
    assert [(one.id, one.current) for one in outcome.options] == [("client:ana", False), ("client:ben", False)]
    assert [one.id for one in outcome.added] == ["client:ben"]


def test_a_proof_that_links_nothing_tells_the_platform_nothing() -> None:
    """Two share the number: each needs a contact of their own, and there is no event of what did not happen."""
    decision = claim(claiming(ANA, BEN), STRICT, LATER)
    assert decision.events == ()
    assert decision.changes == (Put(session()),)


def test_a_choice_that_was_under_way_is_made_where_the_session_is_for_somebody() -> None:
    """Its person was linked, and is among the account's own: nothing is left to choose."""
    before = session(stage=Stage.CHOOSING, entry="client:ana")
    assert only_own(before, (ANA, BEN), TIMETAP) == session(entry="client:ana", own=(ANA.ref, BEN.ref))


def leaving(**more: Any) -> Leaving:
    """The account has Ana, Ben (who absorbed Benny) and a second Ana, and a session for each and for Benny."""
    shown = (None, "client:ana", "client:ben", "client:benny", "client:cy")
    given: dict[str, Any] = {
        "sight": ALL, "sessions": tuple(session(id=f"s{n}", entry=entry) for n, entry in enumerate(shown)),
        "session": session(id="s1", entry="client:ana"), "actor": "account:a1",
    }  # fmt: skip
    return Leaving(**given | more)


def off(id: str, actor: str = "account:a1") -> Put:
    """A link, taken off at three in the afternoon."""
    return Put(linked(id, revoked_at=LATER, revoked_by=actor))


def never(id: str, because: Because, actor: str = "account:a1") -> Put:
    """A record without a link of its own that is never to be linked again."""
    return Put(
        AccountLink(
            id=f"a1|client:{id}", account="a1", ref=f"client:{id}", evidence=LinkEvidence.PROVED_EMAIL, made_at=LATER,
            actor=actor, because=str(because), revoked_at=LATER, revoked_by=actor,
        )
    )  # fmt: skip


def test_whoever_leaves_a_record_leaves_all_that_was_merged_into_it() -> None:
    """Ben and Benny go, with the sessions for either; the two Anas stay, told apart by their numbers."""
    seen = leaving(numbers={ANA.ref: 4, CY.ref: 9})
    decision = leave(seen, "client:benny", TIMETAP, LATER)
    assert decision.because == Because("linking.leave", (("record", "client:benny"),))
    assert decision.changes == (
        off("ben"),
        never("benny", decision.because),
        Remove(seen.sessions[2]),
        Remove(seen.sessions[3]),
        Put(session(id="s1", entry="client:ana", own=(ANA.ref, CY.ref))),
    )
    assert decision.events == (
        told("unlinked", "ben", "staff", "account:a1"),
        told("unlinked", "benny", "proved_email", "account:a1"),
    )
    shown = [(one.id, one.label, one.current) for one in decision.outcome]  # type: ignore[union-attr]
    assert shown == [("client:ana", "Ana (no. 4)", True), ("client:cy", "Ana (no. 9)", False)]


def test_whoever_leaves_the_person_that_is_shown_chooses_among_the_others() -> None:
    """Ana leaves herself; Ben and the second Ana are left, and nobody is chosen for her."""
    decision = leave(leaving(), "client:ana", TIMETAP, LATER)
    after = session(id="s1", stage=Stage.CHOOSING, own=(BEN.ref, CY.ref))
    assert decision.changes == (off("ana"), Put(after))
    assert [one.current for one in decision.outcome] == [False, False]  # type: ignore[union-attr]


def test_an_account_leaves_what_it_saw_by_its_email_alone() -> None:
    """Where those who share an email choose; a name a thousand letters long is not repeated in the reason."""
    seen = leaving(sight=AccountSight(account(), sharing=(ANA, CY)), session=session(id="s9"))
    decision = leave(seen, "client:cy", FAMILY, LATER)
    assert decision.changes == (
        never("cy", decision.because),
        Remove(seen.sessions[4]),
        Put(session(id="s9", entry="client:ana", own=(ANA.ref,))),
    )
    long = leave(seen, "x" * 1000, FAMILY, LATER)
    assert long.because == Because("linking.leave", (("record", "x" * 200),))
    assert not long.granted


def not_me(**more: Any) -> NotOfAccount:
    """ "This is not me", said where Benny, who is Ben today, is shown."""
    given: dict[str, Any] = {
        "session": session(id="s3", version=6, entry="client:benny"), "sight": ALL, "sessions": leaving().sessions,
        "fresh": FRESH, "actor": "account:a1",
    }  # fmt: skip
    return NotOfAccount(**given | more)


def test_not_me_takes_the_person_off_and_goes_on_under_a_new_token() -> None:
    """Ben and Benny go with the other sessions for them; nobody is chosen yet among those who are left."""
    seen = not_me()
    decision = not_of_account(seen, TIMETAP, LATER)
    assert decision.because == Because("linking.not_of_account", (("record", "client:ben"),))
    after = session(
        id="digest", version=0, stage=Stage.CHOOSING, own=(ANA.ref, CY.ref), used_at=LATER,
        because=str(decision.because),
    )  # fmt: skip
    assert decision.changes == (
        off("ben"),
        never("benny", decision.because),
        Remove(seen.sessions[2]),
        Remove(seen.session),
        Put(after),
    )
    assert decision.outcome == Detached("a•••@example.com", signed_in(FRESH, after))
    assert [event.kind for event in decision.events] == ["unlinked", "unlinked"]
    assert {dict(event.facts)["actor"] for event in decision.events} == {"account:a1"}


def test_not_me_where_people_share_an_email_keeps_to_the_policy() -> None:
    """Who is seen by the email alone is taken off just as well; who is shown to nobody is not named."""
    by_email = AccountSight(account(), sharing=(ANA, CY))
    seen = not_me(session=session(id="s4", entry="client:cy"), sight=by_email)
    decision = not_of_account(seen, FAMILY, LATER)
    assert decision.changes == (
        never("cy", decision.because),
        Remove(seen.session),
        Put(
            session(
                id="digest", version=0, entry="client:ana", own=(ANA.ref,), used_at=LATER, because=str(decision.because)
            )
        ),
    )
    nobody = not_of_account(not_me(session=session(entry=None)), TIMETAP, LATER)
    assert nobody.because == Because("linking.not_of_account", (("record", "none"),))


def test_staff_take_off_the_whole_person_and_answer_for_it() -> None:
    """Every session for the record that was named, or for anybody behind it, ends and is counted."""
    seen = leaving(session=None, actor="staff:mia")
    group = frozenset({RecordRef.client("benny"), RecordRef.client("bennie")})
    gone = session(id="s7", entry="client:bennie")
    decision = unlink(evolve(seen, sessions=(*seen.sessions, gone)), RecordRef.client("benny"), group, TIMETAP, LATER)
    assert decision.because == Because("linking.unlink", (("record", "client:benny"),))
    assert decision.outcome == 3
    assert decision.changes == (
        off("ben", "staff:mia"),
        never("benny", decision.because, "staff:mia"),
        Remove(seen.sessions[2]),
        Remove(seen.sessions[3]),
        Remove(gone),
    )
    assert decision.events == (
        told("unlinked", "ben", "staff", "staff:mia"),
        told("unlinked", "benny", "proved_email", "staff:mia"),
    )


def test_staff_link_in_their_own_name() -> None:
    """At the moment they say it, on their word; the platform is told; a link that is there is told nobody twice."""
    facts = LinkFacts(account="a1", asserted_by=Asserter.STAFF)
    seen = StaffLinking(account=account(), candidates=(ANA,), held=(), facts=facts, rule=decide_link, actor="staff:tom")
    decision = link_by_staff(seen, TIMETAP, LATER)
    made = linked("ana", version=0, made_at=LATER, actor="staff:tom", because=str(decision.because))
    assert decision.changes == (Put(made),)
    assert decision.events == (told("linked", "ana", "staff", "staff:tom"),)
    again = link_by_staff(evolve(seen, held=(made,)), TIMETAP, LATER)
    assert (again.outcome, again.changes, again.events) == (False, (), ())


def test_an_account_that_is_not_there_is_named_in_the_reason_but_not_at_any_length() -> None:
    """Staff pasted a whole page into the field."""
    facts = LinkFacts(account="a" * 1000, asserted_by=Asserter.STAFF)
    seen = StaffLinking(account=None, candidates=(ANA,), held=(), facts=facts, rule=decide_link, actor="staff:tom")
    assert link_by_staff(seen, TIMETAP, LATER).because == Because("linking.link_by_staff", (("account", "a" * 200),))
