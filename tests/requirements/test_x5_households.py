"""X5: one account holds several records; a shared contact never shows another adult without that record's own proof."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from accounts_ground import a_session, an_account
from clientportal import HostError, Permission, Policy, Reason, RecordRef, presets
from clientportal.policy import SeenBy, SeveralRecords
from clientportal.records import AccountLink, ContactHistory
from clientportal.rules.claiming import Leave, Link, LinkFacts, LinkVerdict, decide_link
from clientportal.rules.whose_contact import Candidate
from watching import at_once, everything_stored, reason_of
from world import World, client

pytestmark = pytest.mark.requirement("X5")

FAMILY = "kingi@example.com"
LANDLINE = "09 300 1234"
MERES_MOBILE, TAMAS_MOBILE = "021 123 4567", "021 765 4321"
SINCE = "2026-06-01 09:00"


@pytest.fixture(autouse=True)
def _strict(request: pytest.FixtureRequest) -> None:
    """Accounts, records in full view, and no choice for whoever merely shares a contact."""
    for name in ("world", "memory_world"):
        if name in request.fixturenames:
            world = request.getfixturevalue(name)
            world.use(presets.timetap(region="NZ"))
            world.change_policy("login", several=SeveralRecords.ACCOUNTS)


def two_adults(world: World) -> tuple[RecordRef, RecordRef]:
    """Mere and Tama Kingi: one landline, one family email, a mobile each."""
    mere = world.add_client("mere", "Mere Kingi", email=FAMILY, phone=LANDLINE, mobile=MERES_MOBILE)
    tama = world.add_client(
        "tama", "Tama Kingi", email="Kingi@Example.com", phone="+64 9 300 1234", mobile=TAMAS_MOBILE
    )
    world.book("m1", mere, "2026-12-01 09:00")
    world.book("t1", tama, "2026-12-02 09:00")
    return mere, tama


def account(world: World, email: str = FAMILY, name: str = "Mere", **more: Any) -> str:
    """An account whose email was proved in June."""
    return an_account(world, email, SINCE, proved=SINCE, first_name=name, **more)


def opened(world: World, id: str, *own: RecordRef, entry: RecordRef | None = None) -> Any:
    """A session of it, as the client's door."""
    return world.portal.client(a_session(world, id, entry=entry, own=own))


def claims(world: World, door: Any, contact: str) -> Any:
    """Ask for a code to the contact, read it, type it in."""
    world.clock.advance(timedelta(minutes=11))
    before = len(world.box.messages)
    sent = door.claim(contact)
    world.deliver()
    assert len(world.box.messages) == before + 1, "one code left"
    return door.finish_claim(sent.handle, world.code_in(world.box.messages[-1]))


def seen(door: Any) -> set[str]:
    """The records that a session may be for."""
    return {option.id for option in door.profiles()}


def heard(world: World) -> list[tuple[str, dict[str, str]]]:
    """What the platform was told, the links alone."""
    from clientportal.stores.memory import MemoryStore

    assert isinstance(world.store, MemoryStore)
    rows = world.store._tables._rows[world.tenant, "events"]
    return [(one.kind, dict(one.facts)) for one in rows.values() if one.kind in ("linked", "unlinked")]


# --- two adults, one landline, one family email ----------------------------------------------------------------------


def test_two_adults_share_everything_but_their_mobiles(world: World) -> None:
    """Mere has proved the family email. It shows her neither record: it is Tama's as well. The code to her own mobile
    shows hers; claiming the family email again brings nothing more; Tama's record opens with Tama's mobile, which is
    his confirmation, and until then nothing of his is in any answer."""
    mere, tama = two_adults(world)
    door = opened(world, account(world))
    assert seen(door) == set()
    assert door.appointments().items == ()

    family = claims(world, door, FAMILY)
    assert (family.options, family.added, family.proof_needed) == ((), (), True)
    own = claims(world, door, MERES_MOBILE)
    assert [option.id for option in own.added] == [str(mere)]
    assert own.proof_needed is True, "Tama's record has the family email as well"
    assert [one.id for one in door.appointments().items] == ["m1"]
    assert "Tama" not in repr([door.profiles(), door.profile(), door.start_booking()])
    assert reason_of(lambda: door.switch(str(tama))) is Reason.NOT_FOUND
    assert reason_of(lambda: door.appointment("t1")) is Reason.NOT_FOUND

    his = claims(world, door, TAMAS_MOBILE)
    assert [option.id for option in his.added] == [str(tama)]
    assert {option.id for option in his.options} == {str(mere), str(tama)}
    assert his.proof_needed is False
    tamas = world.client(door.switch(str(tama)))
    assert [one.id for one in tamas.appointments().items] == ["t1"]


@pytest.mark.parametrize("several", SeveralRecords)
def test_what_the_family_email_shows_is_the_policys_choice_alone(world: World, several: SeveralRecords) -> None:
    """``choose``: both, to choose from. ``newest_booking``: whoever booked last (T4). ``accounts``: neither."""
    mere, tama = two_adults(world)
    world.clock.advance(timedelta(minutes=1))
    world.book("t2", tama, "2026-12-09 09:00")
    world.change_policy("login", several=several)
    expected = {
        SeveralRecords.CHOOSE: {str(mere), str(tama)},
        SeveralRecords.NEWEST_BOOKING: {str(tama)},
        SeveralRecords.ACCOUNTS: set[str](),
    }[several]
    assert seen(opened(world, account(world))) == expected


def test_the_name_that_one_registered_under_proves_nothing(world: World) -> None:
    """Tama registers as "Mere": the family email shows him nothing of hers all the same."""
    two_adults(world)
    door = opened(world, account(world, name="Mere"))
    assert claims(world, door, FAMILY).proof_needed is True
    assert seen(door) == set()


def test_a_parent_holds_the_childs_and_the_dogs_record(world: World) -> None:
    """Mere's own record, Hana's (with Mere's mobile alone) and Rua's, the dog's (with the vet email that only Mere
    reads): three profiles in one account, each with its own appointments, and she switches between exactly those."""
    mere = world.add_client("mere", "Mere Kingi", email="mere@example.com")
    hana = world.add_client("hana", "Hana Kingi", mobile=MERES_MOBILE)
    rua = world.add_client("rua", "Rua Kingi", email="vet@example.com")
    world.add_client("zoe", "Zoë Reed", email="zoe@example.com")
    for id, ref in (("m1", mere), ("h1", hana), ("r1", rua)):
        world.book(id, ref, "2026-12-01 09:00")
    door = opened(world, account(world, "mere@example.com"))
    for contact in ("mere@example.com", MERES_MOBILE, "vet@example.com"):
        claims(world, door, contact)
    assert seen(door) == {str(mere), str(hana), str(rua)}
    shown = {}
    for ref in (mere, hana, rua):
        door = world.client(door.switch(str(ref)))
        shown[ref.id] = [one.id for one in door.appointments().items]
        assert [option.id for option in door.profiles() if option.current] == [str(ref)]
    assert shown == {"mere": ["m1"], "hana": ["h1"], "rua": ["r1"]}
    assert reason_of(lambda: door.switch("client:zoe")) is Reason.NOT_FOUND


# --- asking tells nobody anything ------------------------------------------------------------------------------------


def test_asking_is_answered_alike_whether_anybody_has_the_contact_or_not(world: World) -> None:
    """A known number, an unknown one, a known and an unknown email: one answer; and nothing leaves to strangers."""
    two_adults(world)
    door = opened(world, account(world))
    replies = set()
    for contact, leaves in ((TAMAS_MOBILE, 1), ("027 000 0000", 0), (FAMILY, 1), ("nobody@example.com", 0)):
        world.clock.advance(timedelta(hours=1))
        before = len(world.box.messages)
        sent = door.claim(contact)
        world.deliver()
        assert len(world.box.messages) - before == leaves, contact
        replies.add((sent.digits, sent.expires_at - world.clock(), sent.resend_at - world.clock()))
    assert len(replies) == 1


def test_an_account_whose_email_nobody_has_proved_claims_nothing(world: World) -> None:
    """Registering is free, so codes to other people's numbers would be."""
    two_adults(world)
    door = opened(world, an_account(world, FAMILY, SINCE))
    assert reason_of(lambda: door.claim(MERES_MOBILE)) is Reason.PROOF_NEEDED
    assert reason_of(lambda: door.request_claim_link(FAMILY)) is Reason.PROOF_NEEDED
    assert world.deliver().sent == 0


def test_claims_are_for_accounts_and_where_records_are_shown(world: World) -> None:
    """A session of a number has no account to add to; under Acuity's rules no record would be shown."""
    two_adults(world)
    door = opened(world, account(world))
    world.change_policy("visibility", appointments=SeenBy.ASSIGNED)
    for call in (lambda: door.claim(MERES_MOBILE), lambda: door.leave("client:mere")):
        assert reason_of(call) is Reason.DISABLED
    assert seen(door) == set()
    assert reason_of(lambda: door.switch("client:mere")) is Reason.NOT_FOUND
    assert reason_of(door.not_me) is Reason.NOT_FOUND
    world.use(presets.timely(region="NZ"))
    by_number = world.log_in(MERES_MOBILE)
    for call in (lambda: by_number.claim(TAMAS_MOBILE), lambda: by_number.leave("client:mere")):
        assert reason_of(call) is Reason.DISABLED


def test_wrong_codes_are_counted_and_five_end_it(world: World) -> None:
    """The fifth wrong one was the last: the right code of that handle opens nothing any more."""
    two_adults(world)
    door = opened(world, account(world))
    sent = door.claim(TAMAS_MOBILE)
    world.deliver()
    code = world.code_in(world.box.messages[-1])
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(world.policy.guesses.per_code):
        assert reason_of(lambda: door.finish_claim(sent.handle, wrong)) is Reason.CODE_WRONG
    assert reason_of(lambda: door.finish_claim(sent.handle, code)) is Reason.TOO_MANY_TRIES
    assert seen(door) == set()


def test_a_code_is_for_its_own_session_and_for_claiming_alone(world: World) -> None:
    """Another account's session, the login, and the same session a second time: the code is gone, and costs no try."""
    two_adults(world)
    door, other = opened(world, account(world)), opened(world, account(world, "aroha@example.com", "Aroha"))
    sent = door.claim(TAMAS_MOBILE)
    world.deliver()
    code = world.code_in(world.box.messages[-1])
    assert reason_of(lambda: other.finish_claim(sent.handle, code)) is Reason.CODE_GONE
    policy = world.policy
    world.use(presets.timely(region="NZ"))
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.CODE_GONE
    world.use(policy)
    assert [option.id for option in door.finish_claim(sent.handle, code).added] == ["client:tama"]
    assert reason_of(lambda: door.finish_claim(sent.handle, code)) is Reason.CODE_GONE


def test_of_two_uses_of_one_code_at_once_one_links(world: World) -> None:
    """The code is locked while it is judged."""
    two_adults(world)
    id = account(world)
    token = a_session(world, id)
    sent = world.portal.client(token).claim(TAMAS_MOBILE)
    world.deliver()
    code = world.code_in(world.box.messages[-1])
    ended = at_once(world, *[lambda portal: portal.client(token).finish_claim(sent.handle, code)] * 4)
    assert sum(not isinstance(one, BaseException) for one in ended) == 1
    assert len(world.all_stored(AccountLink, "account", id)) == 1


# --- by a link in a mail ---------------------------------------------------------------------------------------------


def claim_link(world: World, door: Any, email: str) -> str:
    """Ask for the mail, let it be sent, and take the link out of it."""
    world.clock.advance(timedelta(minutes=11))
    door.request_claim_link(email)
    world.deliver()
    (line,) = [line for line in world.box.messages[-1].text.splitlines() if line.startswith("https://")]
    return line.rpartition("/claim/")[2]


def test_a_link_in_a_mail_does_as_well_as_a_code(world: World) -> None:
    """It goes to the address as the record has it, links once, and is gone then; unknown addresses get no mail."""
    rua = world.add_client("rua", "Rua Kingi", email="Vet@Example.com")
    door = opened(world, account(world))
    link = claim_link(world, door, "vet@example.com")
    assert world.box.messages[-1].to == "Vet@example.com"
    assert [option.id for option in door.claim_by_link(link).added] == [str(rua)]
    assert reason_of(lambda: door.claim_by_link(link)) is Reason.LINK_GONE
    world.clock.advance(timedelta(minutes=11))
    assert door.request_claim_link("nobody@example.com").expires_at > world.clock()
    assert world.deliver().sent == 0


def test_the_link_of_somebody_elses_claim_opens_nothing_to_anybody_else(world: World) -> None:
    """Mere asked; the link lies in Tama's mailbox. Tama's session cannot be made to use it, nor Mere's without it."""
    world.add_client("tama", "Tama Kingi", email="tama@example.com")
    meres, tamas = account(world), account(world, "aroha@example.com", "Aroha")
    link = claim_link(world, opened(world, meres), "tama@example.com")
    assert reason_of(lambda: opened(world, tamas).claim_by_link(link)) is Reason.LINK_GONE
    assert reason_of(lambda: opened(world, meres).claim_by_link(link[:-3])) is Reason.LINK_GONE
    assert world.all_stored(AccountLink, "account", tamas) == world.all_stored(AccountLink, "account", meres) == []


# --- leaving, "this is not me", staff --------------------------------------------------------------------------------


def test_who_leaves_a_record_does_not_get_it_back_by_the_same_proof(world: World) -> None:
    """Hana is grown up: Mere takes her off. The session goes on for Mere; another one that showed Hana has ended; the
    same code links nothing now; staff bring it back."""
    mere = world.add_client("mere", "Mere Kingi", email="mere@example.com")
    hana = world.add_client("hana", "Hana Kingi", mobile=MERES_MOBILE)
    id = account(world, "mere@example.com")
    door = opened(world, id)
    claims(world, door, "mere@example.com")
    claims(world, door, MERES_MOBILE)
    tablet = opened(world, id, mere, hana, entry=hana)
    assert [option.id for option in door.leave(str(hana))] == [str(mere)]
    assert reason_of(tablet.profile) is Reason.SESSION_ENDED
    assert door.profile().first_name == "Mere"
    assert reason_of(lambda: door.leave(str(hana))) is Reason.NOT_FOUND
    assert claims(world, door, MERES_MOBILE).added == ()
    assert world.staff().link(id, hana) is True
    assert world.staff().link(id, hana) is False
    assert seen(door) == {str(mere), str(hana)}


def test_not_me_takes_the_record_off_this_account_alone(world: World) -> None:
    """Under ``choose`` the family email shows both. Mere says "this is not me" of Tama's: gone from her account and her
    other sessions, and it stays gone; the record keeps its email, and Tama's own login shows it as before."""
    mere, tama = two_adults(world)
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    id, other = account(world), account(world, "tama@example.com", "Tama")
    world.staff().link(other, tama)
    tamas = opened(world, other, tama, entry=tama)
    door, tablet = opened(world, id, mere, tama, entry=tama), opened(world, id, mere, tama, entry=tama)

    detached = door.not_me()

    assert detached.signed_in is not None
    assert detached.signed_in.record == mere
    assert reason_of(door.profile) is Reason.SESSION_ENDED
    assert reason_of(tablet.profile) is Reason.SESSION_ENDED
    left = world.client(detached.signed_in)
    assert seen(left) == {str(mere)}
    assert reason_of(lambda: left.switch(str(tama))) is Reason.NOT_FOUND
    assert [one.id for one in tamas.appointments().items] == ["t1"]
    history = world.stored(ContactHistory, f"email:{FAMILY}")
    assert history is None or history.detached == ()

    assert world.staff().reattach(FAMILY, tama) is True
    assert seen(left) == {str(mere), str(tama)}
    assert world.staff().reattach(FAMILY, tama) is False


def test_not_me_of_the_only_record_leaves_an_account_without_one(world: World) -> None:
    """Nothing is shown then; and before a profile is chosen there is nothing to say it of."""
    ana = world.add_client("ana", "Ana Kingi", email="ana@example.com")
    id = account(world, "ana@example.com", "Ana")
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    detached = opened(world, id, ana, entry=ana).not_me()
    left = world.client(detached.signed_in)
    assert (detached.signed_in.record, seen(left), left.appointments().items) == (None, set(), ())
    assert reason_of(left.not_me) is Reason.NOT_FOUND


def test_a_number_that_is_logged_out_everywhere_leaves_accounts_alone(world: World) -> None:
    """Whoever has the number ends the number's sessions; the account that sees the same record is ended by its own
    holder, or by staff."""
    world.use(presets.timely(region="NZ"))
    world.change_policy("registration", accounts=True)
    mere, _ = two_adults(world)
    id = account(world)
    world.staff().link(id, mere)
    theirs = opened(world, id, mere, entry=mere)
    phone, tablet = world.log_in(MERES_MOBILE), world.log_in(MERES_MOBILE)
    assert phone.log_out_everywhere().sessions == 2
    assert reason_of(tablet.profile) is Reason.SESSION_ENDED
    assert theirs.profile().first_name == "Mere"
    assert world.staff().end_sessions(mere).sessions == 1
    assert reason_of(theirs.profile) is Reason.SESSION_ENDED


def test_staff_see_who_sees_a_record_and_take_it_off(world: World) -> None:
    """By a link of theirs, by a claim, by the email alone: each with its evidence; unlinking ends the sessions."""
    mere, tama = two_adults(world)
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    by_email, by_staff, by_code = (
        account(world, email, name)
        for email, name in ((FAMILY, "Mere"), ("desk@example.com", "Aroha"), ("claims@example.com", "Tama"))
    )
    staff = world.staff(reason="she asked at the desk")
    staff.link(by_staff, tama)
    claims(world, opened(world, by_code), TAMAS_MOBILE)
    lines = {line.account: (line.evidence.value, line.sees, line.actor) for line in staff.links(tama)}
    assert lines == {
        by_email: ("proved_email", True, f"account:{by_email}"),
        by_staff: ("staff", True, "staff:mia"),
        by_code: ("proved_contact", True, f"account:{by_code}"),
    }
    shown = opened(world, by_email, mere, tama, entry=tama)
    assert staff.unlink(by_email, tama) == 1
    assert reason_of(shown.profile) is Reason.SESSION_ENDED
    assert seen(opened(world, by_email)) == {str(mere)}
    (off,) = [line for line in staff.links(tama) if line.account == by_email]
    assert (off.sees, off.revoked_by, off.revoked_at) == (False, "staff:mia", world.clock())
    assert reason_of(lambda: staff.unlink(by_email, tama)) is Reason.NOT_LINKED
    for call in (staff.link, staff.unlink):
        assert reason_of(lambda call=call: call("no such account", tama)) is Reason.NOT_FOUND
    assert reason_of(lambda: staff.link(by_email, client("nobody"))) is Reason.NOT_FOUND
    assert reason_of(lambda: world.staff(set(Permission) - {Permission.LINK_ACCOUNTS}).links(tama)) is Reason.PERMISSION


def test_the_platform_is_told_of_links_in_the_same_commit(memory_world: World) -> None:
    """Linked and unlinked, with account, record, evidence and actor; nothing where nothing changed."""
    world = memory_world
    _, tama = two_adults(world)
    id = account(world)
    staff = world.staff()
    staff.link(id, tama)
    staff.link(id, tama)
    staff.unlink(id, tama)
    told = {"account": id, "record": str(tama), "evidence": "staff", "actor": "staff:mia"}
    assert sorted(heard(world), key=lambda one: one[0]) == [("linked", told), ("unlinked", told)]


# --- what changes meanwhile ------------------------------------------------------------------------------------------


def test_a_switch_is_judged_anew_every_time(world: World) -> None:
    """Under ``choose``: Tama's record loses the email, then gets it back and is shut by the business: each time it is
    gone from the profiles, and no switch leads there."""
    from attrs import evolve

    mere, tama = two_adults(world)
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    door = opened(world, account(world), mere, tama, entry=mere)
    (row,) = world.ask("clients", [tama])
    for changed in (evolve(row, email="tama@example.com"), evolve(row, usable=False)):
        world.change_client(changed)
        assert seen(door) == {str(mere)}
        assert reason_of(lambda: door.switch(str(tama))) is Reason.NOT_FOUND
    world.change_client(row)
    assert seen(door) == {str(mere), str(tama)}
    moved = door.switch(str(tama))
    assert reason_of(door.profile) is Reason.SESSION_ENDED, "the token was changed"
    assert world.client(moved).profile().first_name == "Tama"


def test_links_follow_a_merge_and_its_undo(world: World) -> None:
    """Mere's account is linked to both her records, Aroha's to the second. Merged: each sees one client with
    everything. Undone: as before, link by link."""
    mere = world.add_client("mere", "Mere Kingi", mobile=MERES_MOBILE)
    twin = world.add_client("twin", "Mere K", mobile=TAMAS_MOBILE)
    world.book("m1", mere, "2026-12-01 09:00")
    world.book("w1", twin, "2026-12-02 09:00")
    meres, arohas = account(world), account(world, "aroha@example.com", "Aroha")
    staff = world.staff()
    for id, ref in ((meres, mere), (meres, twin), (arohas, twin)):
        staff.link(id, ref)
    hers, other = opened(world, meres, mere, twin, entry=mere), opened(world, arohas, twin, entry=twin)
    merged = staff.merge(mere, twin)
    assert (seen(hers), seen(other)) == ({str(mere)}, {str(mere)})
    for door in (hers, other):
        assert [one.id for one in door.appointments().items] == ["m1", "w1"]
    assert {line.account for line in staff.links(twin)} == {meres, arohas}
    staff.undo(merged.merges[0])
    assert (seen(hers), seen(other)) == ({str(mere), str(twin)}, {str(twin)})
    assert [one.id for one in hers.appointments().items] == ["m1"]
    assert [one.id for one in other.appointments().items] == ["w1"]


# --- a platform's own rule -------------------------------------------------------------------------------------------


def test_a_platform_decides_by_its_own_rule(memory_world: World) -> None:
    """This one links nothing without staff; staff it lets."""
    world = memory_world

    def careful(facts: LinkFacts, candidates: Sequence[Candidate], policy: Policy) -> LinkVerdict:
        said = decide_link(facts, candidates, policy)
        return Leave(said.because) if facts.asserted_by == "client" else said

    world.portal = world.make_portal(decide_link=careful)
    _, tama = two_adults(world)
    id = account(world)
    door = opened(world, id)
    claimed = claims(world, door, TAMAS_MOBILE)
    assert (claimed.options, claimed.proof_needed) == ((), False)
    assert world.staff().link(id, tama) is True


def test_a_platforms_rule_that_breaks_the_laws_is_told_so_and_nothing_is_linked(memory_world: World) -> None:
    """It hands out a record of which nothing was proved: an error that names it, not a link."""
    world = memory_world

    def generous(facts: LinkFacts, candidates: Sequence[Candidate], policy: Policy) -> LinkVerdict:
        return Link((client("mere"),), decide_link(facts, candidates, policy).because)

    world.portal = world.make_portal(decide_link=generous)
    two_adults(world)
    id = account(world, "aroha@example.com", "Aroha")
    before = everything_stored(world).get("cp_account_links", [])
    with pytest.raises(HostError, match="client:mere"):
        claims(world, opened(world, id), TAMAS_MOBILE)
    assert everything_stored(world).get("cp_account_links", []) == before
