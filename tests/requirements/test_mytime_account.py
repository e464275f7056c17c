"""The account page: name, email, phone, address, login; what clients change of it themselves (M7)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from accounts_ground import an_account
from clientportal import Address, InvalidContact, PolicyError, Reason, When, presets
from clientportal.errors import InvalidField, InvalidInput
from clientportal.policy import VisibilityPolicy
from clientportal.records import (
    AccountLink,
    ContactChange,
    ContactEntry,
    ContactHistory,
    MessageKind,
    OutboxMessage,
    Session,
)
from mails import ANOTHER, PASSWORD, link_in, quick, reset_link
from watching import far_away, reason_of, refusal_of
from world import World, at, client

pytestmark = pytest.mark.requirement("M7")

OLD, NEW, THIEF = "021 111 2222", "021 333 4444", "021 666 7777"
HARBOUR = Address(street="1 Quay Street", city="Auckland", postcode="1010")
EVERYTHING = VisibilityPolicy().fields


def _salon(world: World, *editable: str) -> Any:
    """A business whose clients log in by a code to their mobile; Ana's door."""
    world.change_policy("visibility", editable=editable or EVERYTHING)
    world.add_client("ana", "Ana Kingi", mobile=OLD, email="ana@example.com", phone="09 555 0101", address=HARBOUR)
    return world.log_in(OLD)


def _mytime(world: World) -> Any:
    """A business of MyTime's kind: Ana has an account, linked by its proved email to her record; her door."""
    world.use(quick(presets.mytime(region="NZ")))
    world.change_policy("visibility", editable=EVERYTHING)
    world.add_client("ana", "Ana Kingi", mobile=OLD, email="ana@example.com", address=HARBOUR)
    an_account(world, "ana@example.com", "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD)
    return world.client(world.visitor().log_in("ana@example.com", PASSWORD))


# --- what stands there -----------------------------------------------------------------------------------------------


def test_the_page_shows_name_email_phone_and_address(world: World) -> None:
    """As the business's record has them."""
    shown = _mytime(world).profile()
    assert (shown.first_name, shown.last_name, shown.email) == ("Ana", "Kingi", "ana@example.com")
    assert (shown.mobile, shown.address) == (OLD, HARBOUR)


def test_the_email_changes_by_a_proof_and_the_old_one_is_told(world: World) -> None:
    """The login: a link to the new address, used in this session; the old address can take it back."""
    ana = _mytime(world)
    ana.change_email("ana@new.example")
    after = world.client(ana.confirm_email_change(link_in(world, "ana@new.example", "change_email")))
    assert after.sessions()
    assert link_in(world, "ana@example.com", "revert_email")
    assert reason_of(lambda: world.visitor().log_in("ana@example.com", PASSWORD)) is Reason.LOGIN_FAILED
    assert world.client(world.visitor().log_in("ana@new.example", PASSWORD)).sessions()


def test_the_password_is_reset_at_any_time(world: World) -> None:
    """By email, without the old one; logging in needs the new one from then on."""
    _mytime(world)
    world.visitor().reset_password(reset_link(world, "ana@example.com"), ANOTHER)
    assert reason_of(lambda: world.visitor().log_in("ana@example.com", PASSWORD)) is Reason.LOGIN_FAILED
    assert world.client(world.visitor().log_in("ana@example.com", ANOTHER)).profile().first_name == "Ana"


# --- typed details ---------------------------------------------------------------------------------------------------


def test_name_phone_and_address_are_changed_by_their_owner(world: World) -> None:
    """Hinemoa moves to Wellington: the record has it, the others of its fields are as they were."""
    ana = _salon(world)
    home = Address(street="2 Cuba Street", city="Wellington", postcode="6011")
    done = ana.update_profile({"first_name": " Hinemoa ", "phone": "04 555 0199", "address": home})
    assert (done.ref, set(done.fields)) == (client("ana"), {"first_name", "phone", "address"})
    shown = ana.profile()
    assert (shown.first_name, shown.last_name, shown.phone, shown.address) == ("Hinemoa", "Kingi", "04 555 0199", home)
    (row,) = world.ask("clients", [client("ana")])
    assert (row.mobile, row.email) == (OLD, "ana@example.com")
    ana.update_profile({"address": None})
    assert ana.profile().address is None


def test_what_the_policy_does_not_name_is_refused(world: World) -> None:
    """By default nothing; then the address alone; and the action can be left out altogether (V5)."""
    ana = _salon(world, "address")
    assert reason_of(lambda: ana.update_profile({"first_name": "Zoe"})) is Reason.DISABLED
    assert reason_of(lambda: ana.request_contact_change(NEW)) is Reason.DISABLED
    world.change_policy("visibility", editable=())
    assert reason_of(lambda: ana.update_profile({"address": HARBOUR})) is Reason.DISABLED
    world.change_policy("visibility", editable=EVERYTHING)
    world.change_policy("portal", actions=["bookings.move"])
    assert reason_of(lambda: ana.update_profile({"address": HARBOUR})) is Reason.DISABLED
    assert reason_of(lambda: ana.request_contact_change(NEW)) is Reason.DISABLED
    assert ana.profile().first_name == "Ana"


def test_what_clients_do_not_see_they_cannot_be_let_change() -> None:
    """The policy that says so contradicts itself, and names both settings."""
    with pytest.raises(PolicyError, match=r"visibility.editable names 'address', which visibility.fields does not"):
        VisibilityPolicy(fields=("first_name",), editable=("address",))


@pytest.mark.parametrize(("name", "value"), [("mobile", NEW), ("email", "thief@example.org")])
def test_the_email_and_the_number_that_codes_go_to_are_never_merely_typed(world: World, name: str, value: str) -> None:
    """An open browser: the thief's own number is not written, however the policy is set."""
    ana = _salon(world)
    assert reason_of(lambda: ana.update_profile({name: value})) is Reason.PROVE_CONTACT_FIRST
    (row,) = world.ask("clients", [client("ana")])
    assert (row.mobile, row.email) == (OLD, "ana@example.com")


def test_a_number_is_typed_only_by_whoever_has_just_logged_in(world: World) -> None:
    """Ten minutes after the code: name and address still, the second phone no more."""
    ana = _salon(world)
    world.clock.advance(timedelta(minutes=10))
    assert reason_of(lambda: ana.update_profile({"phone": "04 555 0199"})) is Reason.FRESH_LOGIN_FIRST
    assert ana.update_profile({"last_name": "Hoani"}).fields == ("last_name",)
    door = _password_door(world)
    world.clock.advance(timedelta(minutes=10))
    assert reason_of(lambda: door.update_profile({"phone": "04 555 0199"})) is Reason.STEP_UP_FIRST


def _password_door(world: World) -> Any:
    world.use(quick(evolve(presets.mytime(region="NZ"), visibility=world.policy.visibility)))
    an_account(world, "ana@example.com", "2026-03-01 09:00", proved="2026-03-01 09:05", password=PASSWORD)
    return world.client(world.visitor().log_in("ana@example.com", PASSWORD))


def test_names_on_past_bookings_stay(world: World) -> None:
    """X9: she was Ana Kingi in October, whatever she is called since."""
    ana = _salon(world)
    world.book("a1", client("ana"), "2026-10-10 09:00", made="2026-10-01 09:00", booked_as="Ana Kingi")
    ana.update_profile({"first_name": "Hinemoa", "last_name": "Hoani"})
    assert [one.booked_as for one in ana.appointments(When.PAST).items] == ["Ana Kingi"]


def test_the_contact_index_follows_in_the_same_commit(world: World) -> None:
    """It knows the new phone at once, and not the old one."""
    ana = _salon(world)
    ana.update_profile({"phone": "04 555 0199"})
    entries = {entry.key for entry in world.all_stored(ContactEntry, "ref", "client:ana")}
    assert "phone:+6445550199" in entries
    assert "phone:+6495550101" not in entries


def test_of_merged_records_the_one_that_speaks_is_written_and_the_change_is_shown(world: World) -> None:
    """Most recent: the twin's name was newer; what Ana writes now is newer still, in the survivor's row alone."""
    ana = _salon(world)
    twin = world.add_client(
        "twin", "Anna King", mobile="021 999 8888", changed_at={"first_name": at("2026-11-20 09:00")}
    )
    world.staff().merge(client("ana"), twin)
    assert ana.profile().first_name == "Anna"
    assert ana.update_profile({"first_name": "Hinemoa"}).ref == client("ana")
    assert ana.profile().first_name == "Hinemoa"
    (row,) = world.ask("clients", [twin])
    assert row.first_name == "Anna"


def test_where_another_rule_would_hide_the_change_it_is_written_where_it_is_shown(world: World) -> None:
    """The oldest record's name holds, and it is the twin's: written there, and Ana sees what she has typed."""
    ana = _salon(world)
    twin = world.add_client("twin", "Anna King", mobile="021 999 8888", created="2024-01-05 09:00")
    world.change_policy("merging", survivorship={"first_name": "oldest"})
    world.staff().merge(client("ana"), twin)
    assert ana.profile().first_name == "Anna"
    assert ana.update_profile({"first_name": "Hinemoa"}).ref == twin
    assert ana.profile().first_name == "Hinemoa"


def test_what_cannot_be_read_is_named_and_nothing_is_written(memory_world: World) -> None:
    """A field that there is none of, a phone of letters, a name that is too long, and what is no mapping."""
    ana = _salon(memory_world)
    with pytest.raises(InvalidField, match="'notes': there is no such field; there are first_name, last_name"):
        ana.update_profile({"notes": "VIP"})
    with pytest.raises(InvalidContact, match="Phone"):
        ana.update_profile({"phone": "ring my mum"})
    with pytest.raises(InvalidInput, match="at most 100 characters"):
        ana.update_profile({"first_name": "A" * 101})
    with pytest.raises(InvalidInput, match="changes is a mapping"):
        ana.update_profile("Ana")
    assert ana.profile().first_name == "Ana"


def test_a_key_writes_once_and_a_preview_nothing(world: World) -> None:
    """The form was sent twice; and a preview says what would be written."""
    ana = _salon(world)
    assert ana.preview.update_profile({"first_name": "Zoe"}).fields == ("first_name",)
    assert ana.profile().first_name == "Ana"
    first = ana.update_profile({"first_name": "Hinemoa"}, key="form-1")
    assert ana.update_profile({"first_name": "Hinemoa"}, key="form-1") == first
    assert reason_of(lambda: ana.update_profile({"first_name": "Zoe"}, key="form-1")) is Reason.KEY_REUSED


# --- another mobile, by a code to it ---------------------------------------------------------------------------------


def _asked(world: World, door: Any, contact: str = NEW) -> tuple[Any, str]:
    """Ask for the change; the handle, and the code that the new contact got."""
    sent = door.request_contact_change(contact)
    world.deliver()
    return sent.handle, world.code_in(world.box.messages[-1])


def _changed(world: World, door: Any, contact: str = NEW) -> None:
    door.confirm_contact_change(*_asked(world, door, contact))
    world.deliver()


def _way_back(world: World, to: str = "+64211112222") -> str:
    """The link that the earlier contact got."""
    world.deliver()
    found = [re.search(r"https://\S+/contact/(\S+)", message.text) for message in world.box.to(to)]
    return next(one[1] for one in reversed(found) if one is not None)


def test_a_new_mobile_is_proved_first_and_then_logs_in(world: World) -> None:
    """Nothing changes until the code is typed; then the new number opens the record, and the old one does not."""
    ana = _salon(world)
    handle, code = _asked(world, ana)
    assert ana.profile().mobile == OLD
    assert [message.to for message in world.box.messages[-1:]] == ["+64213334444"]
    done = ana.confirm_contact_change(handle, code)
    assert (done.field, "333" in done.contact) == ("mobile", False)
    assert ana.profile().mobile == "+64213334444"
    world.deliver()
    assert world.log_in(NEW).profile().first_name == "Ana"
    stored = world.stored(ContactHistory, "mobile:+64213334444")
    assert stored is not None
    assert stored.proved_at is not None


def test_the_old_number_is_told_in_the_same_commit_and_its_other_sessions_end(world: World) -> None:
    """I8: the message is in the outbox before anything is sent; a phone that is with somebody else logs nobody in."""
    elsewhere_door = _salon(world)
    ana = world.log_in(OLD)
    handle, code = _asked(world, ana)
    ana.confirm_contact_change(handle, code)
    kinds = [one.kind for one in world.all_stored(OutboxMessage, "time") if one.state.value == "queued"]
    assert kinds == [MessageKind.CONTACT_CHANGED]
    assert reason_of(elsewhere_door.profile) is Reason.SESSION_ENDED
    assert ana.profile().first_name == "Ana"
    assert _way_back(world)


def test_only_whoever_has_just_logged_in_may_ask(world: World) -> None:
    """V7.5.1: ten minutes after the login a code is asked for once more; on the way, too."""
    ana = _salon(world)
    handle, code = _asked(world, ana)
    world.clock.advance(timedelta(minutes=10))
    assert reason_of(lambda: ana.request_contact_change(THIEF)) is Reason.FRESH_LOGIN_FIRST
    assert refusal_of(lambda: ana.confirm_contact_change(handle, code)).reason in (
        Reason.FRESH_LOGIN_FIRST,
        Reason.CODE_GONE,
    )
    assert ana.profile().mobile == OLD


def test_the_old_number_puts_itself_back_for_seven_days_and_everybody_is_out(world: World) -> None:
    """N4.6: a thief has changed it; the owner's link brings the number back, and ends the thief's session."""
    thief = _salon(world)
    _changed(world, thief, THIEF)
    link = _way_back(world)
    world.clock.advance(timedelta(days=7) - timedelta(seconds=1))
    view = world.visitor().look_at_contact_change(link)
    assert (view.field, OLD in view.contact) == ("mobile", False)
    world.visitor().revert_contact_change(link)
    assert world.all_stored(Session, "entry", "client:ana") == []
    assert reason_of(thief.profile) is Reason.SESSION_ENDED
    assert world.log_in(OLD).profile().mobile == OLD
    assert reason_of(lambda: world.visitor().revert_contact_change(link)) is Reason.LINK_GONE


def test_after_seven_days_the_way_back_is_closed(world: World) -> None:
    """To the second; looking at it says the same."""
    ana = _salon(world)
    _changed(world, ana)
    link = _way_back(world)
    world.clock.advance(timedelta(days=7))
    assert reason_of(lambda: world.visitor().look_at_contact_change(link)) is Reason.LINK_GONE
    assert reason_of(lambda: world.visitor().revert_contact_change(link)) is Reason.LINK_GONE
    world.portal.purge(world.tenant)
    assert world.all_stored(ContactChange, "ref", "client:ana") == []


def test_who_changes_it_twice_does_not_shut_the_owner_out(world: World) -> None:
    """Only the thief's own number is told last; the owner's earlier link works, and ends the later one."""
    thief = _salon(world)
    _changed(world, thief, THIEF)
    owners = _way_back(world)
    world.clock.advance(timedelta(minutes=2))
    _changed(world, thief, NEW)
    thiefs = _way_back(world, "+64216667777")
    world.visitor().revert_contact_change(owners)
    assert reason_of(lambda: world.visitor().revert_contact_change(thiefs)) is Reason.LINK_GONE
    (row,) = world.ask("clients", [client("ana")])
    assert row.mobile == OLD


def test_an_account_that_was_linked_by_the_new_number_goes_with_it(world: World) -> None:
    """The thief has made an account see the record meanwhile: put back, it sees it no more."""
    from accounts_ground import a_link

    thief = _salon(world)
    _changed(world, thief, THIEF)
    account = an_account(world, "thief@example.org", "2026-11-20 09:00", proved="2026-11-20 09:05")
    a_link(world, account, client("ana"))
    world.visitor().revert_contact_change(_way_back(world))
    assert world.stored(AccountLink, AccountLink.id_of(account, client("ana"))).revoked_at is not None


def test_wrong_codes_are_counted_and_a_code_is_good_in_its_own_session_alone(world: World) -> None:
    """Five wrong ones and it is over; another session's code, and one for a login, are gone (V6.6.2)."""
    ana = _salon(world)
    world.add_client("ben", "Ben Tamati", mobile="021 444 5555")
    ben = world.log_in("021 444 5555")
    ana = world.log_in(OLD)
    handle, code = _asked(world, ana)
    assert reason_of(lambda: ben.confirm_contact_change(handle, code)) is Reason.CODE_GONE
    assert reason_of(lambda: world.visitor().verify_code(handle, code)) is Reason.CODE_GONE
    wrong = f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
    reasons = [reason_of(lambda: ana.confirm_contact_change(handle, wrong)) for _ in range(6)]
    assert reasons[:2] == [Reason.CODE_WRONG] * 2
    assert reasons[-1] is not Reason.CODE_WRONG
    assert reason_of(lambda: ana.confirm_contact_change(handle, code)) is not Reason.CODE_WRONG
    assert ana.profile().mobile == OLD


def test_the_reply_is_the_same_for_a_number_that_somebody_has(world: World) -> None:
    """Ben's number and nobody's: the same answer, and one message to each."""
    ana = _salon(world)
    world.add_client("ben", "Ben Tamati", mobile="021 444 5555")
    answers = [ana.request_contact_change(number) for number in ("021 444 5555", NEW)]
    assert len({(one.digits, one.expires_at - world.clock()) for one in answers}) == 1
    world.deliver()
    assert {message.to for message in world.box.messages[-2:]} == {"+64214445555", "+64213334444"}


def test_the_email_of_a_record_is_changed_by_a_code_to_the_new_one(world: World) -> None:
    """Clients who log in by email (vcita): the new mailbox proves itself, the old one is told."""
    world.use(presets.vcita(region="NZ"))
    world.change_policy("login", delivery="email")
    world.change_policy("visibility", editable=EVERYTHING)
    world.add_client("ana", "Ana Kingi", email="ana@example.com")
    ana = world.log_in("ana@example.com")
    _changed(world, ana, "Ana@New.example")
    assert ana.profile().email == "ana@new.example"
    assert world.log_in("ana@new.example").profile().first_name == "Ana"
    link = _way_back(world, "ana@example.com")
    world.visitor().revert_contact_change(link)
    assert world.log_in("ana@example.com").profile().email == "ana@example.com"


def test_a_number_that_staff_flagged_is_nobodys_and_cannot_become_hers(world: World) -> None:
    """X4: flagged between the asking and the code, it identifies nobody: refused, and the code is used up."""
    ana = _salon(world)
    handle, code = _asked(world, ana)
    world.staff().flag_placeholder(NEW)
    assert reason_of(lambda: ana.confirm_contact_change(handle, code)) is Reason.CONTACT_NOT_ALLOWED
    assert reason_of(lambda: ana.confirm_contact_change(handle, code)) is Reason.CODE_GONE
    assert ana.profile().mobile == OLD


def test_a_forged_or_foreign_way_back_is_gone(world: World) -> None:
    """Cut, changed, signed for another business, or for something else."""
    ana = _salon(world)
    _changed(world, ana)
    link = _way_back(world)
    (change,) = world.all_stored(ContactChange, "ref", "client:ana")
    claims = {"i": change.id, "e": int(change.expires_at.timestamp())}
    foreign = world.keys.sign("contact-change", "another-business", claims).reveal()
    other = world.keys.sign("mailed-link", world.tenant, claims).reveal()
    for text in ("", "x", link[:-1], link + "=", foreign, other):
        assert reason_of(lambda text=text: world.visitor().look_at_contact_change(text)) is Reason.LINK_GONE
        assert reason_of(lambda text=text: world.visitor().revert_contact_change(text)) is Reason.LINK_GONE


def test_a_guest_has_no_record_to_change(world: World) -> None:
    """A booking without a client row is what was booked."""
    from clientportal.ports import RawContacts
    from clientportal.values import RecordRef

    world.change_policy("visibility", editable=EVERYTHING)
    ref = RecordRef.booking("g1")
    world.book("g1", ref, "2026-11-26 10:00", booked_as="Zoe Ngata", contacts=RawContacts(ref, mobile=OLD))
    world.portal.contact_changed(world.tenant, ref)
    zoe = world.log_in(OLD)
    assert reason_of(lambda: zoe.update_profile({"first_name": "Zoë"})) is Reason.NOT_CHANGEABLE
    handle, code = _asked(world, zoe)
    assert reason_of(lambda: zoe.confirm_contact_change(handle, code)) is Reason.NOT_CHANGEABLE


def test_a_platform_elsewhere_writes_it_under_its_key() -> None:
    """Its rows are in another database: the change arrives, and so does the message to the old number."""
    with far_away() as world:
        ana = _salon(world)
        ana.update_profile({"first_name": "Hinemoa"}, key="form-1")
        ana.update_profile({"first_name": "Hinemoa"}, key="form-1")
        _changed(world, ana)
        assert (ana.profile().first_name, ana.profile().mobile) == ("Hinemoa", "+64213334444")
        world.visitor().revert_contact_change(_way_back(world))
        (row,) = world.ask("clients", [client("ana")])
        assert row.mobile == OLD


def test_who_is_erased_leaves_no_earlier_number_behind(world: World) -> None:
    """X7: what could be put back is personal, and goes."""
    ana = _salon(world)
    _changed(world, ana)
    assert world.staff().export_person(client("ana")).held["contact_changes"]
    world.staff().erase(client("ana"), reason="asked to be forgotten")
    assert world.all_stored(ContactChange, "ref", "client:ana") == []
