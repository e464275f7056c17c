"""Claiming: links rest on proofs alone, come back by nobody's hand but staff's, and do not depend on any order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from clientportal.decisions import Because, Decision, Reason, Refusal
from clientportal.errors import HostError
from clientportal.outcomes import Claimed, Detached
from clientportal.policy import Policy, SeenBy, SeveralRecords, presets
from clientportal.records import (
    Account,
    AccountLink,
    ContactHistory,
    LinkEvidence,
    NumberCounter,
    Put,
    Remove,
    Session,
    Stage,
)
from clientportal.rules.account_sessions import AccountSight
from clientportal.rules.claiming import (
    AskForProof,
    Asserter,
    Leave,
    Link,
    LinkFacts,
    LinkVerdict,
    decide_link,
    held_to_the_laws,
)
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
from clientportal.rules.signing_in import FreshSession
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ClientRecord, ContactKey, ContactKind, RecordRef, Secret, mask

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TIMETAP = presets.timetap(region="NZ")
FAMILY = ContactKey(ContactKind.EMAIL, "kingi@example.com")
MOBILE = ContactKey(ContactKind.MOBILE, "+64211234567")
OTHER = ContactKey(ContactKind.MOBILE, "+64217654321")
KEYS = (FAMILY, MOBILE, OTHER)
FRESH = FreshSession(Secret("token"), "digest", Secret("device"), "lane-2", "intent-1", "message-1")
BECAUSE = Because("claiming.decide_link")


def several(how: SeveralRecords, **more: Any) -> Policy:
    """TimeTap with another answer to "who, of several"."""
    return evolve(TIMETAP, login=evolve(TIMETAP.login, several=how, **more))


STRICT, CHOOSE, NEWEST = (
    several(one) for one in (SeveralRecords.ACCOUNTS, SeveralRecords.CHOOSE, SeveralRecords.NEWEST_BOOKING)
)


def person(
    id: str,
    *,
    booked: datetime | None = None,
    usable: bool = True,
    name: str = "",
    made: datetime = NOW - 900 * DAY,
) -> Candidate:
    """One client, made long ago."""
    record = ClientRecord(
        RecordRef.client(id), made, last_booked_at=booked, usable=usable, first_name=name or id.title()
    )
    return Candidate(record, (record,))


def facts(holders: Mapping[ContactKey, Sequence[str]], *, by: Asserter = Asserter.CLIENT, **more: Any) -> LinkFacts:
    """Contacts proved now, each with the clients that have it."""
    given: dict[str, Any] = {
        "account": "a1",
        "asserted_by": by,
        "contact": next(iter(holders), None),
        "proved": dict.fromkeys(holders, NOW),
        "holders": {key: frozenset(map(RecordRef.client, ids)) for key, ids in holders.items()},
    }
    return LinkFacts(**given | more)


def refs(verdict: LinkVerdict) -> tuple[list[str], list[str]]:
    """The ids that are linked, and those that ask for more."""
    match verdict:
        case Link(linked, _, further):
            return [ref.id for ref in linked], [ref.id for ref in further]
        case AskForProof(waiting, _):
            return [], [ref.id for ref in waiting]
        case Leave():
            return [], []


# --- the rule --------------------------------------------------------------------------------------------------------

ANA, BEN = person("ana", booked=NOW - 2 * DAY), person("ben", booked=NOW - DAY)


@pytest.mark.parametrize(
    ("policy", "proved", "linked", "further"),
    [
        (STRICT, {MOBILE: ["ana"]}, ["ana"], []),
        (STRICT, {FAMILY: ["ana", "ben"]}, [], ["ana", "ben"]),
        (STRICT, {FAMILY: ["ana", "ben"], MOBILE: ["ana"]}, ["ana"], ["ben"]),
        (STRICT, {FAMILY: ["ana", "ben"], MOBILE: ["ana", "ben"]}, [], ["ana", "ben"]),
        (STRICT, {FAMILY: ["ana", "ben"], MOBILE: ["ana"], OTHER: ["ben"]}, ["ana", "ben"], []),
        (CHOOSE, {FAMILY: ["ana", "ben"]}, ["ana", "ben"], []),
        (NEWEST, {FAMILY: ["ana", "ben"]}, ["ben"], ["ana"]),
        (NEWEST, {FAMILY: ["ana", "ben"], MOBILE: ["ana"]}, ["ana", "ben"], []),
        (CHOOSE, {FAMILY: []}, [], []),
        (CHOOSE, {}, [], []),
    ],
)
def test_what_a_proved_contact_links(
    policy: Policy, proved: dict[ContactKey, list[str]], linked: list[str], further: list[str]
) -> None:
    """A contact of one's own opens one's record; a shared one opens what the policy says, and no more (X5)."""
    assert refs(decide_link(facts(proved), [ANA, BEN], policy)) == (linked, further)


def test_what_is_not_usable_is_nobodys() -> None:
    """Staff in the same table and shut clients are not linked, by a proof or by staff."""
    shut = person("ana", usable=False)
    assert isinstance(decide_link(facts({MOBILE: ["ana"]}), [shut], CHOOSE), Leave)
    assert isinstance(decide_link(facts({}, by=Asserter.STAFF), [shut], CHOOSE), Leave)


@pytest.mark.parametrize("by", [Asserter.STAFF, Asserter.HOST])
def test_staff_and_the_platform_answer_for_what_they_say(by: Asserter) -> None:
    """Without a proof, and also for what was taken off before."""
    said = facts({}, by=by, revoked=frozenset({ANA.ref}))
    assert refs(decide_link(said, [ANA], STRICT)) == (["ana"], [])


def test_a_record_that_was_taken_off_does_not_come_back_by_itself() -> None:
    """Whatever is proved; and what is merged into it later does not bring it back either."""
    proof = facts({MOBILE: ["ana"], FAMILY: ["ana", "ben"]}, revoked=frozenset({ANA.ref}))
    assert refs(decide_link(proof, [ANA, BEN], CHOOSE)) == (["ben"], [])
    merged = Candidate(BEN.speaker, (BEN.speaker, ANA.speaker))
    assert isinstance(decide_link(proof, [merged], CHOOSE), Leave)


@pytest.mark.parametrize(
    ("proved", "before", "asked"),
    [
        ({MOBILE: ["ana"]}, {}, True),
        ({MOBILE: ["ana"]}, {MOBILE: NOW - 100 * DAY}, False),
        ({MOBILE: ["ana"]}, {MOBILE: NOW - 181 * DAY}, True),
        ({MOBILE: ["ana"], FAMILY: ["ana"]}, {}, False),
    ],
)
def test_a_contact_that_was_quiet_needs_a_second_one(
    proved: dict[ContactKey, list[str]], before: dict[ContactKey, datetime], asked: bool
) -> None:
    """Last booked 400 days ago, asked again after 180 (X6): a second contact, or a proof in between, will do."""
    quiet = person("ana", booked=NOW - 400 * DAY)
    policy = several(SeveralRecords.CHOOSE, recycled_after=180 * DAY)
    verdict = decide_link(facts(proved, proved_before=before), [quiet], policy)
    assert refs(verdict) == (([], ["ana"]) if asked else (["ana"], []))


NEWEST_AND_RECYCLED = several(SeveralRecords.NEWEST_BOOKING, recycled_after=180 * DAY)
NEW, OLD = person("ana", made=NOW - DAY), person("ben", booked=NOW - 400 * DAY)


@pytest.mark.parametrize(
    ("proved", "linked", "further"),
    [
        ({MOBILE: ["ana", "ben"]}, ["ana"], ["ben"]),
        ({MOBILE: ["ana", "ben"], FAMILY: ["ben"]}, ["ana", "ben"], []),
        ({MOBILE: ["ana", "ben"], FAMILY: ["ana", "ben"]}, ["ana"], ["ben"]),
        ({FAMILY: ["ben"]}, [], ["ben"]),
    ],
)
@pytest.mark.requirement("T4")
@pytest.mark.requirement("X6")
def test_a_number_that_was_handed_on_opens_the_new_owners_record_alone(
    proved: dict[ContactKey, list[str]], linked: list[str], further: list[str]
) -> None:
    """Ana has the number since yesterday and never booked; Ben booked with it 400 days ago. It opens Ana's record,
    whatever else is proved, and Ben's with a contact that is Ben's alone: no further proof takes Ana's away.
    """
    assert refs(decide_link(facts(proved), [NEW, OLD], NEWEST_AND_RECYCLED)) == (linked, further)


def test_a_number_that_was_quiet_for_everybody_opens_the_newest_with_a_second_proof_alone() -> None:
    """Ben and Cy both had it long ago. It opens neither; with a second contact of the newest it opens that one, and a
    second contact of the other opens the other by being theirs: the shared one never falls to who is not the newest.
    """
    ben, cy = OLD, person("cy", booked=NOW - 500 * DAY)
    asked = {MOBILE: ["ben", "cy"]}
    for more, linked in [({}, []), ({FAMILY: ["ben"]}, ["ben"]), ({FAMILY: ["cy"]}, ["cy"])]:
        assert refs(decide_link(facts(asked | more), [ben, cy], NEWEST_AND_RECYCLED))[0] == linked
    shared = facts({MOBILE: ["ben", "cy"], FAMILY: ["ben", "cy"]})
    assert refs(decide_link(shared, [ben, cy], NEWEST_AND_RECYCLED)) == (["ben"], ["cy"])
    older = facts({MOBILE: ["ben", "cy"], FAMILY: ["cy", "dee"]})
    dee = person("dee", booked=NOW - 450 * DAY)
    assert refs(decide_link(older, [ben, cy, dee], NEWEST_AND_RECYCLED)) == ([], ["ben", "cy", "dee"])


def test_a_proof_in_between_makes_a_number_awake_for_all_who_have_it() -> None:
    """Proved 100 days ago, it is not quiet for anybody: the newest booking decides, as it does without X6."""
    proof = facts({MOBILE: ["ana", "ben"]}, proved_before={MOBILE: NOW - 100 * DAY})
    assert refs(decide_link(proof, [NEW, OLD], NEWEST_AND_RECYCLED)) == (["ben"], ["ana"])


_PEOPLE = st.lists(
    st.builds(
        person,
        st.sampled_from(["ana", "ben", "cy", "dee"]),
        booked=st.sampled_from([None, NOW - DAY, NOW - 400 * DAY]),
        made=st.sampled_from([NOW - DAY, NOW - 900 * DAY]),
        usable=st.booleans(),
        name=st.sampled_from(["Ana", "Ben"]),
    ),
    max_size=4,
    unique_by=lambda one: one.ref,
)
_HOLDERS = st.dictionaries(
    st.sampled_from(KEYS), st.lists(st.sampled_from(["ana", "ben", "cy", "dee", "zoe"]), max_size=4), max_size=3
)
_REVOKED = st.frozensets(st.sampled_from(["ana", "ben", "cy"]).map(RecordRef.client), max_size=2)
_POLICIES = st.sampled_from([several(how, recycled_after=age) for how in SeveralRecords for age in (None, 180 * DAY)])


@given(_PEOPLE, _HOLDERS, _REVOKED, _POLICIES)
def test_a_client_is_linked_to_nothing_unproved_unusable_or_taken_off(
    people: list[Candidate],
    holders: dict[ContactKey, list[str]],
    revoked: frozenset[RecordRef],
    policy: Policy,
) -> None:
    """The laws that a platform's own rule is held to: ours keeps them whatever it is given, and keeps every order."""
    proof = facts(holders, revoked=revoked)
    answers = [held_to_the_laws(decide_link, proof, order, policy) for order in permutations(people)]
    assert all(answer == answers[0] for answer in answers)
    linked, further = refs(answers[0])
    known = {one.ref.id: one for one in people}
    for id in (*linked, *further):
        assert known[id].speaker.usable
        assert proof.proves(known[id])
        assert known[id].ref not in revoked
    assert not set(linked) & set(further)


@given(_PEOPLE, _HOLDERS)
def test_no_adult_sees_another_by_what_they_share(
    people: list[Candidate], holders: dict[ContactKey, list[str]]
) -> None:
    """X5: where the policy lets nobody choose, each linked record has a proved contact that no other of them has."""
    proof = facts(holders)
    linked, _ = refs(decide_link(proof, people, STRICT))
    usable = [one for one in people if one.speaker.usable]
    for one in usable:
        others = {key for other in usable if other.ref != one.ref for key in proof.proves(other)}
        assert (one.ref.id in linked) == bool(proof.proves(one) - others)


@given(_PEOPLE, _HOLDERS, _POLICIES, st.sampled_from(KEYS), st.sets(st.sampled_from(KEYS)))
@example([NEW, OLD], {MOBILE: ["ana", "ben"], FAMILY: ["ben"]}, NEWEST_AND_RECYCLED, FAMILY, set())
def test_proving_more_never_takes_a_record_away(
    people: list[Candidate],
    holders: dict[ContactKey, list[str]],
    policy: Policy,
    key: ContactKey,
    proved_lately: set[ContactKey],
) -> None:
    """Whoever has the further contact, one or several: nobody is lost by its proof (law 11)."""
    before = dict.fromkeys(proved_lately, NOW - 3 * DAY)
    less = {one: ids for one, ids in holders.items() if one != key}
    few, _ = refs(decide_link(facts(less, proved_before=before), people, policy))
    more, _ = refs(decide_link(facts(holders, proved_before=before), people, policy))
    assert set(few) <= set(more)


def test_the_reason_says_on_what_it_rests() -> None:
    """Who says so, the contact masked, how many records, whether one is named alike, and the settings."""
    three, zoe = [ANA, BEN, person("zoe")], frozenset({RecordRef.client("zoe")})
    said = decide_link(facts({FAMILY: ["ana", "ben"]}, first_name=" ÁNA ", revoked=zoe), three, STRICT)
    assert said.because == Because(
        "claiming.decide_link",
        (
            ("asserted by", "client"),
            ("contact", mask("kingi@example.com")),
            ("contacts proved", "1"),
            ("records", "3"),
            ("named alike", "1"),
            ("taken off before", "1"),
        ),
        (("login.several", "accounts"), ("login.recycled_after", "None")),
    )
    careful = several(SeveralRecords.ACCOUNTS, recycled_after=180 * DAY)
    after = dict(decide_link(facts({}), [], careful).because.settings)["login.recycled_after"]
    assert after == "180 days, 0:00:00"
    for nobody in (decide_link(facts({}), [], STRICT), decide_link(facts({}, by=Asserter.STAFF), [], STRICT)):
        assert isinstance(nobody, Leave)
        assert dict(nobody.because.facts)["contact"] == "none"


def test_what_asks_for_more_is_no_link_to_nothing() -> None:
    """Where nothing can be linked yet, the answer says so, and what is waiting."""
    said = decide_link(facts({FAMILY: ["ana", "ben"]}), [ANA, BEN], STRICT)
    assert said == AskForProof((ANA.ref, BEN.ref), said.because)


def test_a_contact_of_an_absorbed_record_is_the_persons() -> None:
    """The old row alone has the number; and a proof that no record has stands in nobody's way."""
    old = ClientRecord(RecordRef.client("old"), NOW - 900 * DAY, first_name="Ana")
    both = Candidate(ANA.speaker, (ANA.speaker, old))
    proof = facts({MOBILE: ["old"]}, proved={MOBILE: NOW, OTHER: NOW})
    assert proof.proves(both) == {MOBILE}
    assert refs(decide_link(proof, [both], STRICT)) == (["ana"], [])


# --- a rule of the platform's own ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (Link((RecordRef.client("zoe"),), BECAUSE), "zoe, which it was not asked about"),
        (Link((BEN.ref,), BECAUSE), "ben, of which no contact was proved"),
        (Link((RecordRef.client("cy"),), BECAUSE), "cy, which was taken off"),
        ("yes", "this is str"),
    ],
)
def test_a_rule_that_breaks_the_laws_is_told_which(answer: Any, match: str) -> None:
    """Foreign records, unproved ones, ones that were taken off, and answers that are none."""
    proof = facts({MOBILE: ["ana", "cy"]}, revoked=frozenset({RecordRef.client("cy")}))
    with pytest.raises(HostError, match=match):
        held_to_the_laws(lambda *_: answer, proof, [ANA, BEN, person("cy")], STRICT)


def test_for_staff_only_what_was_asked_about_counts() -> None:
    """They need no proof."""
    answer = Link((BEN.ref,), BECAUSE)
    assert held_to_the_laws(lambda *_: answer, facts({}, by=Asserter.STAFF), [BEN], STRICT) == answer
    more = Link((BEN.ref, ANA.ref), BECAUSE)
    with pytest.raises(HostError, match="ana, which it was not asked about"):
        held_to_the_laws(lambda *_: more, facts({}, by=Asserter.STAFF), [BEN], STRICT)


# --- what follows ----------------------------------------------------------------------------------------------------


def account(**more: Any) -> Account:
    """Ana's, proved long ago."""
    given: dict[str, Any] = {
        "id": "a1", "email": str(FAMILY), "address": "kingi@example.com", "created_at": NOW - 9 * DAY,
        "proved_at": NOW - 9 * DAY,
    }  # fmt: skip
    return Account(**given | more)


def session(**more: Any) -> Session:
    """A session of it."""
    given: dict[str, Any] = {
        "id": "s1", "version": 3, "entry": None, "own": (), "identity": str(FAMILY), "opened_at": NOW, "used_at": NOW,
        "idle_until": NOW + DAY, "ends_at": NOW + DAY, "account": "a1",
    }  # fmt: skip
    return Session(**given | more)


def link_to(ref: RecordRef, **more: Any) -> AccountLink:
    """A link that staff made."""
    given: dict[str, Any] = {
        "id": AccountLink.id_of("a1", ref), "version": 5, "account": "a1", "ref": str(ref),
        "evidence": LinkEvidence.STAFF, "made_at": NOW - DAY, "actor": "staff:mia",
    }  # fmt: skip
    return AccountLink(**given | more)


def links_in(decision: Decision[Any]) -> dict[str, AccountLink]:
    """The links that a decision writes, by record."""
    puts = [write.record for write in decision.changes if isinstance(write, Put)]
    return {one.ref: one for one in puts if isinstance(one, AccountLink)}


def session_in(decision: Decision[Any]) -> Session:
    """The one session that a decision writes."""
    (one,) = [
        write.record for write in decision.changes if isinstance(write, Put) and isinstance(write.record, Session)
    ]
    return one


def reason(decision: Decision[Any] | Refusal | None) -> Reason | None:
    """Why not."""
    outcome = decision.outcome if isinstance(decision, Decision) else decision
    return outcome.reason if isinstance(outcome, Refusal) else None


def claimed(
    proof: LinkFacts, *people: Candidate, policy: Policy = STRICT, sight: AccountSight | None = None, **more: Any
) -> Decision[Claimed]:
    """What follows from a proof."""
    given: dict[str, Any] = {
        "session": session(), "sight": sight or AccountSight(account()), "facts": proof, "candidates": people,
        "history": None, "rule": decide_link, "spent": (), "numbers": {}, "counter": None, "actor": "account:a1",
    }  # fmt: skip
    return claim(Claim(**given | more), policy, NOW)


def granted(decision: Decision[Claimed]) -> Claimed:
    """The outcome of a claim that was granted."""
    assert isinstance(decision.outcome, Claimed)
    return decision.outcome


def test_a_claim_links_remembers_the_proof_and_opens_the_record() -> None:
    """The link with its evidence; the contact's history; the session for the only record that there is."""
    decision = claimed(facts({MOBILE: ["ana"]}), ANA)
    link = links_in(decision)["client:ana"]
    assert (link.evidence, link.made_at, link.actor) == (LinkEvidence.PROVED_CONTACT, NOW, "account:a1")
    assert Put(ContactHistory(id=str(MOBILE), proved_at=NOW)) in decision.changes
    assert (session_in(decision).entry, session_in(decision).own) == ("client:ana", (ANA.ref,))
    assert [(option.id, option.current) for option in granted(decision).options] == [("client:ana", True)]
    assert [event.kind for event in decision.events] == ["linked"]
    assert granted(decision).added == granted(decision).options


def test_a_claim_that_needs_more_leaves_the_history_as_it_is() -> None:
    """Else the first proof would make the contact look fresh to the second (X6)."""
    decision = claimed(facts({FAMILY: ["ana", "ben"]}), ANA, BEN)
    assert granted(decision) == Claimed((), (), proof_needed=True)
    partly = claimed(facts({FAMILY: ["ana", "ben"], MOBILE: ["ana"]}), ANA, BEN)
    assert granted(partly).proof_needed is True
    for one in (decision, partly):
        assert not [w for w in one.changes if isinstance(w.record, ContactHistory)]
    nothing = claimed(facts({MOBILE: []}))
    assert granted(nothing) == Claimed((), (), proof_needed=False)


def test_who_has_one_record_open_keeps_it_and_names_that_are_equal_get_numbers() -> None:
    """Ana has her own; her daughter of the same name joins."""
    older, younger = person("older", name="Ana"), person("younger", name="Ana")
    sight = AccountSight(account(), links=(link_to(older.ref),), linked=(older,))
    decision = claimed(
        facts({MOBILE: ["younger"]}),
        younger,
        sight=sight,
        session=session(entry="client:older"),
        numbers={older.ref: 4},
        counter=NumberCounter(id="clients", next=9),
    )
    assert session_in(decision).entry == "client:older"
    assert [option.label for option in granted(decision).options] == ["Ana (no. 4)", "Ana (no. 9)"]
    assert [option.id for option in granted(decision).added] == ["client:younger"]


def test_a_guests_bookings_are_linked_one_by_one() -> None:
    """Each is a record of its own; a client row that was merged into it is not linked besides."""
    rows = [ClientRecord(RecordRef.booking(id), NOW, first_name="Ana") for id in ("g1", "g2")]
    guest = Candidate(rows[0], (*rows, ANA.speaker))
    proof = evolve(facts({MOBILE: []}), holders={MOBILE: frozenset({rows[0].ref})})
    assert set(links_in(claimed(proof, guest))) == {"booking:g1", "booking:g2"}


def test_what_is_linked_already_stays_and_what_was_taken_off_is_written_over() -> None:
    """By staff alone, for a client's claim never gets so far."""
    verdict = Link((ANA.ref, BEN.ref), BECAUSE)
    held = [link_to(ANA.ref), link_to(BEN.ref, revoked_at=NOW - DAY, revoked_by="account:a1")]
    writes, events = links_after(verdict, [ANA, BEN], account(), held, LinkEvidence.STAFF, "staff:mia", NOW)
    (put,) = writes
    assert isinstance(put.record, AccountLink)
    assert (put.record.ref, put.record.version, put.record.revoked_at) == ("client:ben", 5, None)
    assert [dict(event.facts)["record"] for event in events] == ["client:ben"]


def test_taking_off_is_remembered_once() -> None:
    """Where there was a link, in it; where there was but an equal email, in a new one that was never good."""
    held = [link_to(ANA.ref), link_to(BEN.ref, revoked_at=NOW - DAY, revoked_by="staff:mia")]
    refs_ = [ANA.ref, BEN.ref, RecordRef.client("cy")]
    writes, events = taken_off(account(), refs_, held, "account:a1", NOW, BECAUSE)
    assert [(one.record.id, one.record.version) for one in writes] == [("a1|client:ana", 5), ("a1|client:cy", 0)]
    assert all(isinstance(one.record, AccountLink) and one.record.revoked_at == NOW for one in writes)
    assert [event.kind for event in events] == ["unlinked", "unlinked"]


@pytest.mark.parametrize(
    ("given", "policy", "expected"),
    [
        (account(), TIMETAP, None),
        (account(proved_at=None), TIMETAP, Reason.PROOF_NEEDED),
        (None, TIMETAP, Reason.DISABLED),
        (account(), presets.acuity(), Reason.DISABLED),
        (account(), presets.vcita(), Reason.DISABLED),
    ],
)
def test_who_may_claim(given: Account | None, policy: Policy, expected: Reason | None) -> None:
    """An account with a proved email, where accounts exist and records are shown."""
    assert reason(may_claim(given, policy)) is expected


@pytest.mark.parametrize(
    ("before", "own", "entry", "stage"),
    [
        (session(entry="client:ana"), (ANA, BEN), "client:ana", Stage.OPEN),
        (session(entry="client:cy"), (ANA, BEN), None, Stage.CHOOSING),
        (session(entry="client:cy"), (ANA,), "client:ana", Stage.OPEN),
        (session(entry="client:cy"), (), None, Stage.OPEN),
        (session(stage=Stage.CHOOSING), (ANA,), "client:ana", Stage.OPEN),
        (session(stage=Stage.SECOND_FACTOR), (ANA,), None, Stage.SECOND_FACTOR),
    ],
)
def test_a_session_keeps_to_its_own(
    before: Session, own: tuple[Candidate, ...], entry: str | None, stage: Stage
) -> None:
    """Still the same person; else the only one; else nobody yet. What comes before a record is not skipped."""
    after = only_own(before, own, TIMETAP)
    assert (after.entry, after.stage, after.own) == (entry, stage, tuple(one.ref for one in own))


def test_nobody_chooses_where_single_appointments_are_shown() -> None:
    """There is nothing to choose (A7)."""
    assigned = evolve(TIMETAP, visibility=evolve(TIMETAP.visibility, appointments=SeenBy.ASSIGNED))
    assert only_own(session(), (ANA, BEN), assigned).stage is Stage.OPEN


# --- leaving, "this is not me", staff --------------------------------------------------------------------------------

BOTH = AccountSight(account(), links=(link_to(ANA.ref), link_to(BEN.ref)), linked=(ANA, BEN))


def leaving(**more: Any) -> Leaving:
    """Ana's account has both, and three sessions."""
    given: dict[str, Any] = {
        "sight": BOTH,
        "sessions": tuple(
            session(id=id, entry=entry) for id, entry in (("s1", "client:ana"), ("s2", "client:ben"), ("s3", None))
        ),
        "session": session(entry="client:ana"),
        "actor": "account:a1",
    }
    return Leaving(**given | more)


def test_leaving_ends_the_other_sessions_of_that_record() -> None:
    """The one in which it is said goes on for what is left."""
    decision = leave(leaving(), "client:ben", STRICT, NOW)
    assert [option.id for option in decision.outcome] == ["client:ana"]  # type: ignore[union-attr]
    assert [write.record.id for write in decision.changes if isinstance(write, Remove)] == ["s2"]
    assert links_in(decision)["client:ben"].revoked_by == "account:a1"
    assert session_in(decision).entry == "client:ana"
    own = leave(leaving(), "client:ana", STRICT, NOW)
    assert session_in(own).entry == "client:ben"
    assert not [write for write in own.changes if isinstance(write, Remove)]


@pytest.mark.parametrize(("option", "more"), [("client:zoe", {}), ("", {}), ("client:ana", {"session": None})])
def test_only_ones_own_can_be_left(option: str, more: dict[str, Any]) -> None:
    """All else is not found."""
    decision = leave(leaving(**more), option, STRICT, NOW)
    assert (reason(decision), decision.changes) == (Reason.NOT_FOUND, ())


def test_staff_take_off_whatever_shows_the_record() -> None:
    """A link, an equal email, both; and say so where there was neither."""
    group = frozenset({ANA.ref})
    decision = unlink(leaving(session=None), ANA.ref, group, STRICT, NOW)
    assert decision.outcome == 1
    assert set(links_in(decision)) == {"client:ana"}
    by_email = AccountSight(account(), sharing=(ANA,))
    seen = leaving(session=None, sight=by_email, sessions=())
    assert set(links_in(unlink(seen, ANA.ref, group, CHOOSE, NOW))) == {"client:ana"}
    assert reason(unlink(seen, ANA.ref, group, STRICT, NOW)) is Reason.NOT_LINKED
    assert reason(unlink(None, ANA.ref, group, STRICT, NOW)) is Reason.NOT_FOUND


def not_me(entry: str | None, *, policy: Policy = STRICT, stage: Stage = Stage.OPEN) -> Decision[Detached]:
    """ "This is not me", said in a session for that record."""
    seen = leaving()
    return not_of_account(
        NotOfAccount(
            session=session(entry=entry, stage=stage),
            sight=BOTH,
            sessions=seen.sessions,
            fresh=FRESH,
            actor="account:a1",
        ),
        policy,
        NOW,
    )


def test_not_me_takes_off_the_record_that_is_shown() -> None:
    """The session goes on under another token; other sessions for that record end."""
    decision = not_me("client:ben")
    assert isinstance(decision.outcome, Detached)
    assert decision.outcome.signed_in is not None
    assert decision.outcome.signed_in.record == ANA.ref
    assert {write.record.id for write in decision.changes if isinstance(write, Remove)} == {"s1", "s2"}
    assert (session_in(decision).id, session_in(decision).entry) == ("digest", "client:ana")


def test_not_me_needs_a_record_that_is_shown() -> None:
    """Before the choice, without a record, and where single appointments are shown."""
    assigned = evolve(TIMETAP, visibility=evolve(TIMETAP.visibility, appointments=SeenBy.ASSIGNED))
    assert reason(not_me(None, stage=Stage.CHOOSING)) is Reason.CHOOSE_FIRST
    assert reason(not_me("client:cy")) is Reason.NOT_FOUND
    assert reason(not_me("client:ana", policy=assigned)) is Reason.NOT_FOUND


def by_staff(**more: Any) -> StaffLinking:
    """Staff say that Ana is the account's."""
    given: dict[str, Any] = {
        "account": account(), "candidates": (ANA,), "held": (), "facts": facts({}, by=Asserter.STAFF),
        "rule": decide_link, "actor": "staff:mia",
    }  # fmt: skip
    return StaffLinking(**given | more)


def test_staff_link_and_the_platforms_rule_may_say_no() -> None:
    """Linked once; a rule that leaves it, or asks for a proof, is obeyed."""
    decision = link_by_staff(by_staff(), STRICT, NOW)
    assert decision.outcome is True
    assert links_in(decision)["client:ana"].evidence is LinkEvidence.STAFF
    assert link_by_staff(by_staff(held=(link_to(ANA.ref),)), STRICT, NOW).outcome is False
    for more, expected in (
        ({"account": None}, Reason.NOT_FOUND),
        ({"candidates": ()}, Reason.NOT_FOUND),
        ({"rule": lambda *_: Leave(BECAUSE)}, Reason.NOT_FOUND),
        ({"rule": lambda *_: AskForProof((ANA.ref,), BECAUSE)}, Reason.PROOF_NEEDED),
    ):
        assert reason(link_by_staff(by_staff(**more), STRICT, NOW)) is expected  # type: ignore[arg-type]


def test_a_line_says_what_staff_ask() -> None:
    """Also where the account is gone."""
    line = line_of(link_to(ANA.ref), account(), sees=True)
    assert (line.record, line.address, line.sees) == (ANA.ref, "kingi@example.com", True)
    assert line_of(link_to(ANA.ref), None, sees=False).address == ""
    assert "kingi" not in repr(line)
