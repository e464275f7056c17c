"""Merging attacked: staff take two people for one by mistake. What one sees of the other ends with the undo."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from attrs import asdict, evolve

from accounts_ground import a_session, an_account
from clientportal import Permission, Reason, RecordRef, presets
from clientportal.errors import InvalidInput
from clientportal.operations import people
from clientportal.policy import SeveralRecords
from clientportal.records import AccountLink, Session
from clientportal.stores.memory import MemoryStore
from clientportal.values import CLIENT_FIELDS
from requirements.test_x3_undo import delete_client
from watching import reason_of, refusal_of
from world import World

pytestmark = pytest.mark.requirement("X3")

ANAS_MOBILE, EVES_MOBILE = "021 555 0142", "027 555 0001"
SINCE = "2026-06-01 09:00"


def two_people(world: World) -> tuple[RecordRef, RecordRef]:
    """Ana and Eve, who have nothing to do with each other, each with an appointment."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANAS_MOBILE, email="ana@example.com")
    eve = world.add_client("eve", "Eve Mills", mobile=EVES_MOBILE, email="eve@example.com")
    world.book("ana-1", ana, "2026-12-01 09:00", booked_as="Ana Kingi")
    world.book("eve-1", eve, "2026-12-02 09:00", booked_as="Eve Mills")
    return ana, eve


def merged(world: World, survivor: RecordRef, absorbed: RecordRef) -> str:
    """Staff merge the two by mistake; the id of the merge."""
    (id,) = world.staff().merge(survivor, absorbed).merges
    return str(id)


def shown(door: Any) -> tuple[str | None, list[str]]:
    """Whom a session shows, and which appointments."""
    return door.profile().first_name, [one.id for one in door.appointments().items]


# --- sessions --------------------------------------------------------------------------------------------------------


def test_a_session_that_was_opened_while_merged_is_eves_alone_after_the_undo(world: World) -> None:
    """Eve logs in with her own number while she is taken for Ana, and sees both. Undone, she sees Eve."""
    ana, eve = two_people(world)
    merge = merged(world, ana, eve)
    signed_in = world.sign_in(EVES_MOBILE)
    assert signed_in.record == ana, "who speaks for her just now"
    door = world.client(signed_in)
    assert shown(door)[1] == ["ana-1", "eve-1"]
    world.staff().undo(merge)
    assert shown(door) == ("Eve", ["eve-1"])
    assert [option.id for option in door.profiles()] == [str(eve)]


def test_a_session_of_what_both_have_stays_with_the_one_who_speaks(world: World) -> None:
    """Ana's own number, and her session, stay Ana's."""
    ana, eve = two_people(world)
    merge = merged(world, ana, eve)
    door = world.log_in(ANAS_MOBILE)
    world.staff().undo(merge)
    assert shown(door) == ("Ana", ["ana-1"])


def test_a_code_from_before_the_merge_opens_no_more_than_eves_after_the_undo(world: World) -> None:
    """Asked for before, typed in while merged, used after."""
    ana, eve = two_people(world)
    world.clock.advance(timedelta(minutes=11))
    sent, code = world.get_code(EVES_MOBILE)
    merge = merged(world, ana, eve)
    door = world.client(world.visitor().verify_code(sent.handle, code))
    world.staff().undo(merge)
    assert shown(door) == ("Eve", ["eve-1"])


@pytest.mark.parametrize("undone", ["upper", "lower"])
def test_in_a_chain_a_session_falls_back_as_far_as_the_undo(world: World, undone: str) -> None:
    """Zoe into Eve, Eve into Ana; Zoe logs in. Without the upper merge she is shown as Eve, without the lower as
    herself."""
    ana, eve = two_people(world)
    zoe = world.add_client("zoe", "Zoe Reed", mobile="027 555 0009")
    world.book("zoe-1", zoe, "2026-12-03 09:00", booked_as="Zoe Reed")
    lower = merged(world, eve, zoe)
    upper = merged(world, ana, eve)
    door = world.log_in("027 555 0009")
    world.staff().undo({"upper": upper, "lower": lower}[undone])
    assert shown(door)[1] == {"upper": ["eve-1", "zoe-1"], "lower": ["zoe-1"]}[undone]


def test_a_profile_that_was_switched_to_while_merged_is_eves_after_the_undo(world: World) -> None:
    """Eve shares her number with her son Ben; she chooses "herself" while that is Ana."""
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    ana, eve = two_people(world)
    ben = world.add_client("ben", "Ben Mills", mobile=EVES_MOBILE)
    merge = merged(world, ana, eve)
    door = world.log_in(EVES_MOBILE)
    assert {option.id for option in door.profiles()} == {str(ana), str(ben)}
    chosen = door.switch(str(ana))
    assert chosen.record == ana
    hers = world.client(chosen)
    world.staff().undo(merge)
    assert shown(hers) == ("Eve", ["eve-1"])
    assert {option.id for option in hers.profiles()} == {str(eve), str(ben)}


def test_one_sign_in_told_twice_while_merged_is_one_session_of_eve(world: World) -> None:
    """The answer of a sign-in was lost, and it is asked for again under its key: the same record, under a new token."""
    ana, eve = two_people(world)
    merge = merged(world, ana, eve)
    world.clock.advance(timedelta(minutes=11))
    sent, code = world.get_code(EVES_MOBILE)
    first = world.visitor().verify_code(sent.handle, code, key="once")
    again = world.visitor().verify_code(sent.handle, code, key="once")
    assert (first.record, again.record) == (ana, ana)
    world.staff().undo(merge)
    assert shown(world.client(again)) == ("Eve", ["eve-1"])


def test_the_number_of_a_row_that_the_platform_deleted_opens_nothing_of_anas_after_the_undo(
    memory_world: World,
) -> None:
    """Merged, and the platform deletes Eve's row: her number leads to Ana. Undone, her session is over, as that of any
    record that is gone."""
    world = memory_world
    ana, eve = two_people(world)
    merge = merged(world, ana, eve)
    assert isinstance(world.store, MemoryStore)
    with world.store.transaction(world.tenant) as tx:
        tx.remove("clients", eve.id)
    world.portal.contact_changed(world.tenant, eve)
    door, anas = world.log_in(EVES_MOBILE), world.log_in(ANAS_MOBILE)
    assert shown(door)[1] == ["ana-1", "eve-1"]
    world.staff().undo(merge)
    assert reason_of(door.profile) is Reason.SESSION_ENDED
    assert shown(anas) == ("Ana", ["ana-1"])


def test_a_record_that_was_shut_while_merged_has_no_session_after_the_undo(world: World) -> None:
    """The platform shuts Eve's record while Ana's speaks for it. Her session, and that of whoever was merged into her,
    would show it again; Ana's goes on."""
    ana, eve = two_people(world)
    zoe = world.add_client("zoe", "Zoe Reed", mobile="027 555 0009")
    merged(world, eve, zoe)
    merge = merged(world, ana, eve)
    hers, zoes, anas = (world.log_in(mobile) for mobile in (EVES_MOBILE, "027 555 0009", ANAS_MOBILE))
    (row,) = world.ask("clients", [eve])
    world.change_client(evolve(row, usable=False))
    assert shown(hers)[1] == ["ana-1", "eve-1"]
    world.staff().undo(merge)
    assert [reason_of(door.profile) for door in (hers, zoes)] == [Reason.SESSION_ENDED, Reason.SESSION_ENDED]
    assert shown(anas) == ("Ana", ["ana-1"])


@pytest.mark.parametrize("through", ["directly", "in a chain"])
def test_merged_into_a_record_that_was_shut_nobody_is_shown_it(world: World, through: str) -> None:
    """The platform has shut Ana's record. Eve is logged in, and staff merge her record into Ana's: she would be shown
    what was shut. Her session ends with the merge, as does that of whoever was merged into her."""
    ana, eve = two_people(world)
    zoe = world.add_client("zoe", "Zoe Reed", mobile="027 555 0009")
    if through == "in a chain":
        merged(world, eve, zoe)
    hers, zoes = (world.log_in(mobile) for mobile in (EVES_MOBILE, "027 555 0009"))
    (row,) = world.ask("clients", [ana])
    world.change_client(evolve(row, usable=False))
    world.staff().preview.merge(ana, eve)
    assert shown(hers)[0] is not None, "a preview ends nothing"
    merged(world, ana, eve)
    assert reason_of(hers.profile) is Reason.SESSION_ENDED
    if through == "in a chain":
        assert reason_of(zoes.profile) is Reason.SESSION_ENDED
    else:
        assert shown(zoes)[0] == "Zoe", "who has nothing to do with it stays"


@pytest.mark.parametrize("at_once", [1, 2, 5, 6])
def test_a_large_group_is_read_whole(world: World, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """Five records were merged into Ana, more than are read at once. All of them are hers, in every way in which she is
    read; were one left out, whoever is logged in to it would go on seeing it when hers is shut."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANAS_MOBILE)
    others = [world.add_client(f"a{at}", f"Ana {at}", mobile=f"027 555 010{at}") for at in range(5)]
    for ref in others:
        merged(world, ana, ref)
    doors = [world.log_in(f"027 555 010{at}") for at in range(5)]
    monkeypatch.setattr(people, "_POINTERS_AT_ONCE", at_once)
    assert world.staff().client(ana).members == (ana, *others)
    assert world.staff().plan_merge(ana, others[-1]).appointments == {str(ana): 0}
    assert set(world.staff().plan_merge(ana, others[-1]).cards) == {ana}
    assert [line.ref for line in world.staff().clients().lines] == [ana]
    (row,) = world.ask("clients", [ana])
    world.change_client(evolve(row, usable=False))
    assert [reason_of(door.profile) for door in doors] == [Reason.SESSION_ENDED] * 5
    assert world.all_stored(Session, "entry") == []


# --- consents --------------------------------------------------------------------------------------------------------


def test_a_no_outlives_the_row_that_said_it(world: World) -> None:
    """Zoe does not want to be written to, and is merged into Eve, who does; Eve into Ana. The platform tidies up and
    deletes Zoe's row: the client has still said no, and it is Zoe's no that goes when her merge is taken back."""
    says_no, says_yes = {"marketing_email": False}, {"marketing_email": True}
    ana = world.add_client("ana", "Ana Kingi", mobile=ANAS_MOBILE, consents=says_yes)
    eve = world.add_client("eve", "Eve Mills", mobile=EVES_MOBILE, consents=says_yes)
    zoe = world.add_client("zoe", "Zoe Reed", mobile="027 555 0009", consents=says_no)
    fay = world.add_client("fay", "Fay Moss", mobile="027 555 0010")

    def answers() -> list[tuple[bool, tuple[RecordRef, ...]]]:
        return [(one.given, one.sources) for one in world.staff().client(ana).consents]

    lower, _ = merged(world, eve, zoe), merged(world, ana, eve)
    assert answers() == [(False, (zoe,))]
    delete_client(world, "zoe")
    world.portal.contact_changed(world.tenant, zoe)
    assert answers() == [(False, (zoe,))]
    assert [(one.given, one.sources) for one in world.staff().plan_merge(ana, fay).consents] == [(False, (zoe,))]
    world.staff().undo(lower)
    assert answers() == [(True, (ana, eve))]


# --- links and messages ----------------------------------------------------------------------------------------------


def test_a_link_made_while_merged_is_eves_and_works_after_the_undo(world: World) -> None:
    """Staff send Eve the link of her appointment while she is taken for Ana. It leaves after the undo: to Eve, and she
    can use it; nothing of hers goes to Ana."""
    ana, eve = two_people(world)
    merge = merged(world, ana, eve)
    link = world.staff().appointment_link("eve-1", send=True)
    world.staff().undo(merge)
    world.deliver()
    assert [message.to for message in world.box.messages] == ["+64275550001"]
    assert world.visitor().look_at_link(link).appointment.id == "eve-1"


def test_a_view_of_eve_while_merged_is_of_eve_after_the_undo(world: World) -> None:
    """Staff look through Eve's eyes while she is taken for Ana; the telling leaves after the undo, to Eve."""
    world.change_policy("clients", announce_viewing=True)
    ana, eve = two_people(world)
    merge = merged(world, ana, eve)
    view = world.portal.client(world.staff(reason="she called").view_as(eve).token)
    assert shown(view)[1] == ["ana-1", "eve-1"]
    world.staff().undo(merge)
    assert shown(view) == ("Eve", ["eve-1"])
    world.deliver()
    assert {message.to for message in world.box.messages} <= {"+64275550001", "eve@example.com"}


# --- accounts --------------------------------------------------------------------------------------------------------


def _with_accounts(world: World) -> None:
    world.use(presets.timetap(region="NZ"))
    world.change_policy("login", several=SeveralRecords.ACCOUNTS)
    world.change_policy("registration", host_assertions=True)


def claim(world: World, door: Any, contact: str) -> Any:
    """Ask for a code to the contact, read it, type it in."""
    world.clock.advance(timedelta(minutes=11))
    sent = door.claim(contact)
    world.deliver()
    return door.finish_claim(sent.handle, world.code_in(world.box.messages[-1]))


def test_a_claim_made_while_merged_links_eves_record_and_not_anas(world: World) -> None:
    """Eve proves her own mobile for her account while she is taken for Ana. A link outlives every session: it has to be
    to the record that has her number, or her account would show Ana's data for good."""
    _with_accounts(world)
    ana, eve = two_people(world)
    account = an_account(world, "mills@example.com", SINCE, proved=SINCE, first_name="Eve")
    merge = merged(world, ana, eve)
    door = world.portal.client(a_session(world, account, own=()))
    claimed = claim(world, door, EVES_MOBILE)
    assert [option.id for option in claimed.added] == [str(ana)], "who speaks for her just now"
    assert shown(door)[1] == ["ana-1", "eve-1"]
    world.staff().undo(merge)
    assert shown(door) == ("Eve", ["eve-1"])
    assert [option.id for option in door.profiles()] == [str(eve)]
    assert [one.ref for one in world.all_stored(AccountLink, "account", account)] == [str(eve)]


def test_an_accounts_login_while_merged_shows_eve_after_the_undo(world: World) -> None:
    """Eve's account is linked to her record. The platform vouches for it while she is taken for Ana."""
    _with_accounts(world)
    ana, eve = two_people(world)
    account = an_account(world, "mills@example.com", SINCE, proved=SINCE, first_name="Eve")
    world.staff().link(account, eve)
    merge = merged(world, ana, eve)
    signed_in = world.portal.assert_account(world.tenant, account, how="SAML, Okta")
    assert signed_in.record == ana
    door = world.client(signed_in)
    world.staff().undo(merge)
    assert shown(door) == ("Eve", ["eve-1"])


def test_a_view_of_an_account_while_merged_is_of_eve_after_the_undo(world: World) -> None:
    """The same through the eyes of Eve's account."""
    _with_accounts(world)
    ana, eve = two_people(world)
    account = an_account(world, "mills@example.com", SINCE, proved=SINCE, first_name="Eve")
    world.staff().link(account, eve)
    merge = merged(world, ana, eve)
    view = world.portal.client(world.staff(reason="she called").view_as_account(account, ref=ana).token)
    assert shown(view)[1] == ["ana-1", "eve-1"]
    world.staff().undo(merge)
    assert shown(view) == ("Eve", ["eve-1"])


def test_what_staff_end_while_merged_ends_by_either_name(world: World) -> None:
    """A session that Eve opened while merged is among Ana's then, and ends with them."""
    ana, eve = two_people(world)
    merged(world, ana, eve)
    world.sign_in(EVES_MOBILE)
    assert len(world.staff().sessions(ana)) == len(world.staff().sessions(eve)) == 1
    assert world.staff().end_sessions(ana).sessions == 1
    assert world.all_stored(Session, "entry", str(eve)) == []


# --- the erased ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("X7")
def test_nobody_is_merged_with_what_is_left_of_an_erased_client(world: World) -> None:
    """Eve was erased. Merged into Ana, her appointments would be shown to Ana; Ana merged into her could not log in any
    more. Neither can be planned or made, and the number still opens Ana."""
    ana, eve = two_people(world)
    staff = world.staff(reason="she asked to be forgotten")
    staff.erase(eve, reason="she asked to be forgotten")
    for survivor, absorbed in ((ana, eve), (eve, ana)):
        for call in (staff.plan_merge, staff.merge):
            no = refusal_of(lambda call=call, survivor=survivor, absorbed=absorbed: call(survivor, absorbed))
            assert (no.reason, no.refusal.facts) == (Reason.ERASED, {"what": f"erased: {eve}"})
    assert shown(world.log_in(ANAS_MOBILE)) == ("Ana", ["ana-1"])


# --- what is internal ------------------------------------------------------------------------------------------------


def test_a_plan_reads_out_nothing_internal_to_who_may_not_see_clients(world: World) -> None:
    """Max may merge and may not look at clients. He plans merges with whomever he is curious about: he is shown what a
    client may see, and neither notes nor birthday, custom fields or consents. Who may look at clients is."""
    ana, _ = two_people(world)
    told: dict[str, Any] = {
        "notes": "Owes us 40 dollars", "birthday": date(1990, 7, 4), "custom": {"allergy": "latex"},
        "consents": {"marketing_email": False},
    }  # fmt: skip
    nosy = world.add_client("nosy", "Ana K", notes="Pays cash", birthday=date(1991, 4, 7), custom={"allergy": "nuts"})
    zoe = world.add_client("zoe", "Zoe Reed", mobile="027 555 0009", **told)
    for survivor, absorbed in ((nosy, zoe), (zoe, nosy), (ana, zoe)):
        plan = world.staff([Permission.MERGE]).plan_merge(survivor, absorbed)
        assert (plan.internal, plan.consents) == ((), ())
        assert {one.field for one in (*plan.fields, *plan.conflicts)} == set(CLIENT_FIELDS)
        for secret in ("40 dollars", "1990", "latex", "marketing", "notes", "birthday", "allergy"):
            assert secret not in repr(asdict(plan)), secret
    whole = world.staff([Permission.MERGE, Permission.SEE_CLIENTS]).plan_merge(nosy, zoe)
    assert {"birthday", "notes", "custom.allergy"} <= {one.field for one in whole.internal}
    assert [one.given for one in whole.consents] == [False]
    assert any("birthday" in line for line in whole.left_behind)


# --- bad input -------------------------------------------------------------------------------------------------------


def test_what_is_no_choice_and_no_policy_is_said_and_not_thrown(world: World) -> None:
    """Keys that are no text, no mapping at all, no policy: one typed error that says what would be right."""
    ana, eve = two_people(world)
    staff = world.staff()
    mixed: Any = {1: eve, "email": eve}
    for choices in (mixed, [("email", eve)], "email"):
        for call in (staff.plan_merge, staff.merge):
            with pytest.raises(InvalidInput, match="choices is a mapping from field to record"):
                call(ana, eve, choices=choices)
    with pytest.raises(InvalidInput, match="other is a Policy"):
        list(staff.rehearse_matching(None))
