"""Timely: forms that are sent to a client, whose they are, and the link that leads to one (T3, T8)."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts_ground import a_link, a_session, an_account, write
from clientportal import (
    Conflict,
    InvalidAnswers,
    InvalidInput,
    Permission,
    Reason,
    RecordRef,
    Refused,
    StoreError,
    presets,
)
from clientportal.policy import SeveralRecords
from clientportal.ports import RawContacts
from clientportal.records import Session
from clientportal.rules.form_filling import fill, keep_draft
from clientportal.sections.forms import Forms
from clientportal.values import AnswerKind, SectionWrite
from clientportal.values.forms import FormState
from papers import ANSWERS, INTAKE, KEPT, form_there, open_papers, send_form
from rules.test_form_filling import answers_to, questions
from watching import at_once, everything_stored, far_away, platform, reason_of, refusal_of
from world import World, at, client

ANA, BEN = "021 123 4567", "021 765 4321"
SHARED, NEW = "021 999 8888", "027 555 0001"


@pytest.fixture
def clinic(world: World) -> World:
    """Ana has an intake form to fill in, Ben another."""
    return furnished(world)


def furnished(world: World) -> World:
    """The same for any world."""
    open_papers(world)
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    ben = world.add_client("ben", "Ben Ngata", mobile=BEN)
    send_form(world, "intake", ana, "Intake form", due=at("2026-11-30 18:00"))
    send_form(world, "bens", ben, "Ben's form")
    return world


# --- seeing and filling in -------------------------------------------------------------------------------------------


@pytest.mark.requirement("T8")
def test_the_forms_that_were_sent_to_this_client_are_visible(clinic: World) -> None:
    """Latest sent first, with their questions, in any state; nobody else's."""
    send_form(clinic, "older", client("ana"), "Consent", sent="2026-01-05 09:00", state="withdrawn", questions=())
    door = clinic.log_in(ANA)
    page = door.forms()
    assert [(one.id, one.title, one.state) for one in page.items] == [
        ("intake", "Intake form", FormState.OPEN),
        ("older", "Consent", FormState.WITHDRAWN),
    ]
    assert page.items[0].due == at("2026-11-30 18:00")
    assert door.form("intake").questions == INTAKE
    first = door.forms(limit=1)
    assert [one.id for one in door.forms(after=first.next).items] == ["older"]


@pytest.mark.requirement("T3")
def test_a_completed_form_is_saved_to_the_record_that_it_was_sent_to(clinic: World) -> None:
    """Exactly as it is meant, once; staff read it on the platform, the client in the portal."""
    door = clinic.log_in(ANA)
    changed = door.submit_form("intake", ANSWERS)
    assert (changed.section, changed.action, changed.item, changed.waits) == ("forms", "submit", "intake", False)
    there = form_there(clinic, "intake")
    assert (there.ref, there.state, there.answers) == (client("ana"), FormState.DONE, KEPT)
    assert door.form("intake").answers == KEPT
    assert form_there(clinic, "bens").answers == {}
    (line,) = [one for one in clinic.staff().audit(limit=20).items if one.action == "submit_form"]
    assert (line.actor, line.subject, line.outcome) == ("client:ana", "form intake", "done")
    assert "sore back" not in repr(clinic.staff().audit(limit=200))


@pytest.mark.requirement("T3")
def test_a_session_of_another_client_is_refused(clinic: World) -> None:
    """Ben finds no such form, to look at or to fill in, as if there were none."""
    door = clinic.log_in(BEN)
    for id in ("intake", "nothing", "", "a\x00", "\ud800", "x" * 300):
        calls: list[Callable[[], Any]] = [
            lambda id=id: door.form(id),
            lambda id=id: door.save_draft(id, ANSWERS),
            lambda id=id: door.submit_form(id, ANSWERS),
        ]
        for call in calls:
            assert reason_of(call) is Reason.NOT_FOUND
    assert form_there(clinic, "intake").state is FormState.OPEN


@pytest.mark.requirement("T3")
def test_a_form_is_sent_in_once(clinic: World) -> None:
    """The same key has the same answer, from any try; without it the second is refused, and nothing changes."""
    door = clinic.log_in(ANA)
    first = door.submit_form("intake", ANSWERS, key="k1")
    again = door.submit_form("intake", dict(reversed(ANSWERS.items())), key="k1")
    assert again == first
    assert reason_of(lambda: door.submit_form("intake", ANSWERS)) is Reason.FORM_DONE
    assert reason_of(lambda: door.submit_form("intake", ANSWERS, key="k2")) is Reason.FORM_DONE
    assert reason_of(lambda: door.submit_form("intake", {**ANSWERS, "name": "Eve"}, key="k1")) is Reason.KEY_REUSED
    assert reason_of(lambda: door.save_draft("intake", {"name": "Eve"})) is Reason.FORM_DONE
    assert form_there(clinic, "intake").answers == KEPT


@pytest.mark.requirement("T3")
def test_two_devices_that_send_it_in_at_once(clinic: World) -> None:
    """One is taken, whole; the other is refused."""
    tokens = [clinic.sign_in(ANA).token for _ in range(2)]
    attempts = [
        lambda portal, token=token, name=name: portal.client(token).submit_form("intake", {**ANSWERS, "name": name})
        for token, name in zip(tokens, ("Ana", "Anahera"), strict=True)
    ]
    ended = at_once(clinic, *attempts)
    taken = [one for one in ended if not isinstance(one, Exception)]
    refused = [getattr(one, "reason", one) for one in ended if isinstance(one, Exception)]
    assert len(taken) == 1
    assert refused in ([Reason.FORM_DONE], [Reason.BUSY])
    winner = "Ana" if not isinstance(ended[0], Exception) else "Anahera"
    assert form_there(clinic, "intake").answers == {**KEPT, "name": winner}


@pytest.mark.requirement("T3")
def test_nothing_that_was_typed_is_lost(clinic: World) -> None:
    """What is wrong is said all at once, and nothing is saved; the draft keeps every answer as it was typed."""
    door = clinic.log_in(ANA)
    typed = {**ANSWERS, "weight": "heavy", "due": "in spring", "terms": ""}
    with pytest.raises(InvalidAnswers) as caught:
        door.submit_form("intake", typed, key="k1")
    assert {one.name: one.code for one in caught.value.problems} == {
        "due": "not_a_day",
        "weight": "not_a_number",
        "terms": "missing",
    }
    assert "2026-11-23" in str(caught.value)
    assert "heavy" not in str(caught.value)
    assert form_there(clinic, "intake").state is FormState.OPEN
    door.save_draft("intake", typed, key="d1")
    door.save_draft("intake", typed, key="d1")
    draft = clinic.log_in(ANA).form("intake")
    assert draft.state is FormState.DRAFT
    assert draft.answers["weight"] == "heavy"
    assert draft.answers["allergies"] == '["lavender","nuts"]'
    # From the draft, with the mistakes corrected, and under the key that nothing came of.
    door.submit_form("intake", {**draft.answers, "weight": "61.5", "due": "2027-03-14", "terms": "2026-03"}, key="k1")
    assert form_there(clinic, "intake").answers == KEPT


def test_what_can_be_kept_nowhere_is_said(clinic: World) -> None:
    """Unknown questions, NUL, lone surrogates, too much: one typed error each, for drafts as well."""
    door = clinic.log_in(ANA)
    wrong = {"shoe size": "38", "name": "a\x00b", "signed": "\ud800", "story": "x" * 20_001}
    expected = {"shoe size": "unknown", "name": "not_storable", "signed": "not_storable", "story": "too_long"}
    for send in (door.save_draft, door.submit_form):
        with pytest.raises(InvalidAnswers) as caught:
            send("intake", wrong)
        found = {one.name: one.code for one in caught.value.problems}
        assert {name: found[name] for name in expected} == expected
    not_answers: list[tuple[Any, str]] = [
        ([("name", "Ana")], "mapping"),
        ({7: "x"}, "names of the questions"),
        ({str(n): "x" for n in range(501)}, "at most 500"),
    ]
    for answers, why in not_answers:
        with pytest.raises(InvalidInput, match=why):
            door.submit_form("intake", answers)
    with pytest.raises(InvalidAnswers):
        door.submit_form("intake", {**ANSWERS, "weight": 10**5000}, key="k")
    assert form_there(clinic, "intake").state is FormState.OPEN


@pytest.mark.slow
@pytest.mark.requirement("T3")
def test_what_is_taken_is_what_is_stored(clinic: World) -> None:
    """For any form and any answers: refused with what is wrong, or kept on this store exactly as they were taken, and
    read back as what they mean; a draft is kept as it was typed.
    """
    door = clinic.log_in(ANA)
    ids = itertools.count(1)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def round(data: st.DataObject) -> None:
        asked = data.draw(questions())
        answers = data.draw(answers_to(asked))
        id = f"any-{next(ids)}"
        send_form(clinic, id, client("ana"), questions=asked)
        drafted, taken = keep_draft(asked, answers), fill(asked, answers, "NZ")
        for expected, send in ((drafted, door.save_draft), (taken, door.submit_form)):
            problems: tuple[Any, ...] = ()
            try:
                send(id, answers)
            except InvalidAnswers as wrong:
                problems = wrong.problems
            assert [(one.name, one.code) for one in problems] == [(one.name, one.code) for one in expected.problems]
            if not problems:
                assert door.form(id).answers == expected.answers
                assert form_there(clinic, id).questions == asked
        found = form_there(clinic, id)
        assert found.state is not FormState.DONE or found.meanings.keys() == taken.answers.keys()

    round()


def test_a_withdrawn_form_is_seen_and_not_filled_in(clinic: World) -> None:
    """The business has taken it back, even while it was being typed."""
    door = clinic.log_in(ANA)
    clinic.seed("withdraw_form", "intake")
    assert door.form("intake").state is FormState.WITHDRAWN
    assert reason_of(lambda: door.submit_form("intake", ANSWERS)) is Reason.FORM_WITHDRAWN
    assert reason_of(lambda: door.save_draft("intake", ANSWERS)) is Reason.FORM_WITHDRAWN


def test_a_form_that_is_due_can_be_sent_in_late(clinic: World) -> None:
    """When it is due the business says for the client's sake; what closes it is that it is withdrawn."""
    clinic.clock.advance(timedelta(days=12))
    clinic.log_in(ANA).submit_form("intake", ANSWERS)
    assert form_there(clinic, "intake").state is FormState.DONE


def test_a_preview_says_what_would_happen(clinic: World) -> None:
    """The same answers and errors, and nothing is written (X8)."""
    door = clinic.log_in(ANA)
    before = everything_stored(clinic)
    assert door.preview.submit_form("intake", ANSWERS, key="k").item == "intake"
    with pytest.raises(InvalidAnswers):
        door.preview.submit_form("intake", {})
    assert door.preview.save_draft("intake", {}).action == "save_draft"
    assert everything_stored(clinic) == before


def test_where_filling_in_is_not_among_the_actions(clinic: World) -> None:
    """Forms can be looked at, and nothing is taken (V5); a closed section shows none."""
    door = clinic.log_in(ANA)
    clinic.change_policy("portal", actions=frozenset({"bookings.move"}))
    assert door.form("intake").id == "intake"
    for call in (lambda: door.submit_form("intake", ANSWERS), lambda: door.save_draft("intake", ANSWERS)):
        assert reason_of(call) is Reason.DISABLED
    clinic.change_policy("visibility", sections=("account", "bookings"))
    link = reason_of(lambda: clinic.staff().form_link("intake"))
    calls = (door.forms, lambda: door.form("intake"), lambda: clinic.visitor().look_at_form_link("x"))
    assert {link, *map(reason_of, calls)} == {Reason.DISABLED}


# --- the link --------------------------------------------------------------------------------------------------------


def link_to(world: World, form: str) -> Any:
    """The link that the business sends for a form."""
    return world.portal.form_link(world.tenant, form)


def is_opened(world: World, door: Any, form: str, link: Any) -> bool:
    """Whether a session opens that form with that link, to look at and to write in; else both are refused alike."""
    try:
        found = door.form(form, link=link)
    except Refused as refused:
        reasons = {refused.reason}
    else:
        assert found.id == form
        door.save_draft(form, {"name": f"typed {world.clock():%H%M}"}, link=link)
        return True
    for call in (
        lambda: door.save_draft(form, {"name": "x"}, link=link),
        lambda: door.submit_form(form, ANSWERS, link=link),
        lambda: door.submit_form(form, ANSWERS, link=link, key="k"),
    ):
        reasons.add(reason_of(call))
    assert reasons == {Reason.CONTACT_BUSINESS}
    return False


@pytest.mark.requirement("T3")
def test_where_the_number_is_shared_the_link_opens_that_form_alone(clinic: World) -> None:
    """Mere and her mother Aroha have one mobile. Aroha booked last, so its login shows her (T4); with the link that
    was sent to Mere, Mere's form opens, is saved to Mere's record, and nothing else of hers is seen.
    """
    mere = clinic.add_client("mere", "Mere Tane", mobile=SHARED)
    aroha = clinic.add_client("aroha", "Aroha Tane", mobile=SHARED)
    clinic.book("m1", mere, "2026-12-01 09:00", made="2026-11-01 09:00")
    clinic.book("a1", aroha, "2026-12-02 09:00", made="2026-11-02 09:00")
    send_form(clinic, "meres", mere)
    send_form(clinic, "meres-other", mere)
    link = link_to(clinic, "meres")
    door = clinic.log_in(SHARED)
    assert door.profile().first_name == "Aroha"
    assert reason_of(lambda: door.form("meres")) is Reason.NOT_FOUND
    assert is_opened(clinic, door, "meres", link)
    door.submit_form("meres", ANSWERS, link=link, key="k")
    assert door.submit_form("meres", ANSWERS, link=link, key="k").item == "meres"
    there = form_there(clinic, "meres")
    assert (there.ref, there.state, there.answers) == (mere, FormState.DONE, KEPT)
    # For that form only.
    assert reason_of(lambda: door.form("meres-other")) is Reason.NOT_FOUND
    assert reason_of(lambda: door.form("meres-other", link=link)) is Reason.LINK_GONE
    assert door.profile().first_name == "Aroha"
    assert [one.id for one in door.forms().items] == []
    assert reason_of(lambda: door.appointment("m1")) is Reason.NOT_FOUND
    assert {line.subject for line in clinic.staff().audit(limit=50).items if line.action == "form_by_link"} == {
        "form meres"
    } | {"form meres-other"}


@pytest.mark.requirement("T3")
def test_with_a_new_number_the_link_is_not_enough(clinic: World) -> None:
    """Ana's new number is on no record, so its session is for a new one (T6): she is asked to contact the business.
    Proof of the number that is on her record opens the form; once staff have merged the two, so does the new one.
    """
    link = link_to(clinic, "intake")
    new = clinic.sign_in(NEW)
    door = clinic.client(new)
    assert new.new_record
    assert not is_opened(clinic, door, "intake", link)
    assert is_opened(clinic, clinic.log_in(ANA), "intake", link)
    merge = clinic.staff().merge(client("ana"), new.record).merges[0]
    assert is_opened(clinic, door, "intake", link)
    assert door.form("intake").id == "intake", "it is the session's own record now"
    clinic.staff().undo(merge)
    assert not is_opened(clinic, door, "intake", link)
    assert reason_of(lambda: door.form("intake")) is Reason.NOT_FOUND


@pytest.mark.requirement("T3")
def test_the_link_of_somebody_else_opens_nothing(clinic: World) -> None:
    """Ben was forwarded Ana's link: a session of another client is refused, and told to contact the business."""
    link = link_to(clinic, "intake")
    assert not is_opened(clinic, clinic.log_in(BEN), "intake", link)
    assert form_there(clinic, "intake").answers == {}


@pytest.mark.requirement("T3")
def test_a_link_leads_through_merges_to_the_survivor(clinic: World) -> None:
    """Ana's record is merged into Hera's: the link that was sent before leads there, whichever number is proved, and
    answers are saved to the form; after the undo Hera's number opens it no more.
    """
    hera = clinic.add_client("hera", "Hera Kingi", mobile=SHARED)
    link = link_to(clinic, "intake")
    heras = clinic.log_in(SHARED)
    assert not is_opened(clinic, heras, "intake", link)
    merge = clinic.staff().merge(hera, client("ana")).merges[0]
    later = link_to(clinic, "intake")
    for door in (heras, clinic.log_in(ANA)):
        for one in (link, later, None):
            assert door.form("intake", link=one).ref == client("ana")
    assert is_opened(clinic, heras, "intake", link)
    clinic.staff().undo(merge)
    assert not is_opened(clinic, heras, "intake", later)
    assert is_opened(clinic, clinic.log_in(ANA), "intake", later)


@pytest.mark.requirement("T3")
@pytest.mark.parametrize("moved", [False, True])
def test_a_merged_form_is_sent_in_wherever_its_row_was_moved(clinic: World, moved: bool) -> None:
    """With and without moved rows it is the form that was sent to Ana, also after the undo."""
    clinic.change_policy("merging", reassign=moved)
    hera = clinic.add_client("hera", "Hera Kingi", mobile=SHARED)
    link = link_to(clinic, "intake")
    merge = clinic.staff().merge(hera, client("ana")).merges[0]
    door = clinic.log_in(SHARED)
    assert door.form("intake", link=link).ref == client("ana")
    door.submit_form("intake", ANSWERS, link=link)
    clinic.staff().undo(merge)
    assert form_there(clinic, "intake").ref == client("ana")
    assert clinic.log_in(ANA).form("intake").answers == KEPT
    assert reason_of(lambda: door.form("intake")) is Reason.NOT_FOUND


@pytest.mark.requirement("T3")
def test_a_contact_that_is_nobodys_opens_no_form(clinic: World) -> None:
    """ "This is not me", a number that staff flagged, one that the record has lost, a record that nobody may log in to:
    each ends it at the next call (X4, X6, I7).
    """
    aroha = clinic.add_client("aroha", "Aroha Tane", mobile=SHARED)
    clinic.add_client("mere", "Mere Tane", mobile=SHARED)
    clinic.book("a1", aroha, "2026-12-02 09:00")
    send_form(clinic, "meres", client("mere"))
    link = link_to(clinic, "meres")
    door = clinic.log_in(SHARED)
    assert is_opened(clinic, door, "meres", link)

    clinic.staff().flag_placeholder(SHARED)
    assert not is_opened(clinic, door, "meres", link)
    clinic.staff().flag_placeholder(SHARED, flagged=False)
    assert is_opened(clinic, door, "meres", link)

    (row,) = clinic.ask("clients", [client("mere")])
    clinic.change_client(evolve(row, mobile="021 111 2222"))
    assert not is_opened(clinic, door, "meres", link)
    clinic.change_client(evolve(row, usable=True))
    assert is_opened(clinic, door, "meres", link)

    clinic.change_client(evolve(row, usable=False))
    assert reason_of(lambda: door.form("meres", link=link)) is Reason.LINK_GONE
    clinic.change_client(evolve(row, usable=True))

    # It takes the number off Aroha, whose record it had led to: a form of hers does not open by it any more.
    send_form(clinic, "arohas", aroha)
    arohas = link_to(clinic, "arohas")
    assert is_opened(clinic, door, "arohas", arohas)
    assert not is_opened(clinic, clinic.client(door.not_me().signed_in), "arohas", arohas)


@pytest.mark.requirement("T3")
def test_a_recycled_number_opens_no_old_form(clinic: World) -> None:
    """Mere's number was handed on to Aroha, who books and logs in with it. A form is still sent to Mere's quiet record,
    and its link reaches Aroha: link and proof are not enough where numbers may be recycled (X6).
    """
    clinic.change_policy("login", recycled_after=timedelta(days=90))
    clinic.add_client("mere", "Mere Tane", mobile=SHARED, created="2024-01-05 09:00")
    aroha = clinic.add_client("aroha", "Aroha Tane", mobile=SHARED)
    clinic.book("a1", aroha, "2026-12-02 09:00")
    send_form(clinic, "meres", client("mere"))
    link = link_to(clinic, "meres")
    door = clinic.log_in(SHARED)
    assert door.profile().first_name == "Aroha"
    assert not is_opened(clinic, door, "meres", link)
    clinic.book("m1", client("mere"), "2026-12-03 09:00")
    assert is_opened(clinic, door, "meres", link)


@pytest.mark.requirement("T3")
def test_a_guests_form(clinic: World) -> None:
    """A booking without a client row is its own record: the form that was sent for it is the guest's."""
    contacts = RawContacts(RecordRef.booking("g1"), mobile=NEW, name="Rae Hoani")
    clinic.book("g1", RecordRef.booking("g1"), "2026-12-05 09:00", contacts=contacts, booked_as="Rae Hoani")
    clinic.portal.contact_changed(clinic.tenant, RecordRef.booking("g1"))
    send_form(clinic, "guests", RecordRef.booking("g1"))
    link = link_to(clinic, "guests")
    door = clinic.log_in(NEW)
    assert is_opened(clinic, door, "guests", link)
    assert not is_opened(clinic, clinic.log_in(BEN), "guests", link)


@pytest.mark.requirement("T3")
def test_a_link_of_a_client_who_is_gone(clinic: World) -> None:
    """Deleted or erased: whoever holds the old message has nothing in hand (TT4, X7); nor of a form that is gone, or
    was sent anew to somebody else under the same id.
    """
    send_form(clinic, "second", client("ana"))
    link, second, bens = (link_to(clinic, id) for id in ("intake", "second", "bens"))
    other = clinic.log_in(BEN)
    send_form(clinic, "second", client("ben"))
    assert reason_of(lambda: other.form("second", link=second)) is Reason.LINK_GONE
    clinic.staff().delete_client(client("ana"), key="k")
    assert reason_of(lambda: other.form("intake", link=link)) is Reason.LINK_GONE
    clinic.staff().erase(client("ben"), reason="asked")
    hera = clinic.add_client("hera", "Hera Kingi", mobile=BEN)
    assert reason_of(lambda: clinic.log_in(BEN).form("bens", link=bens)) is Reason.LINK_GONE
    assert hera == client("hera")


@pytest.mark.requirement("T3")
def test_accounts_open_the_forms_of_their_own_records(memory_world: World) -> None:
    """Rana's account is for her own record and her child's (X5): the child's form opens by its link without choosing
    the child first. An equal email on another's record opens nothing (A7).
    """
    world = furnished(memory_world)
    world.use(evolve(presets.timetap(region="NZ"), visibility=world.policy.visibility))
    world.change_policy("login", several=SeveralRecords.ACCOUNTS)
    rana = world.add_client("rana", "Rana Pohe", email="rana@example.com")
    child = world.add_client("tui", "Tui Pohe")
    other = world.add_client("other", "Rangi Pohe", email="rana@example.com")
    account = an_account(world, "rana@example.com", "2026-10-01 09:00", proved="2026-10-01 09:05")
    a_link(world, account, rana)
    a_link(world, account, child)
    for ref in (child, other):
        send_form(world, f"form-{ref.id}", ref)
    door = world.portal.client(a_session(world, account, entry=rana, own=(rana, child)))
    assert reason_of(lambda: door.form("form-tui")) is Reason.NOT_FOUND
    assert is_opened(world, door, "form-tui", link_to(world, "form-tui"))
    assert not is_opened(world, door, "form-other", link_to(world, "form-other"))
    world.staff().unlink(account, child)
    assert not is_opened(
        world, world.portal.client(a_session(world, account, entry=rana)), "form-tui", link_to(world, "form-tui")
    )


@pytest.mark.requirement("T3")
def test_a_client_whom_the_platform_vouched_for_has_proved_no_number(memory_world: World) -> None:
    """Single sign-on opens the own forms; another's need a proof that there is none of."""
    world = furnished(memory_world)
    world.change_policy("login", several=SeveralRecords.CHOOSE)
    from clientportal.records.stored import Put

    signed_in = world.sign_in(ANA)
    (session,) = world.all_stored(Session, "entry", "client:ana")
    write(world, Put(evolve(session, identity="email:")))
    door = world.client(signed_in)
    assert door.form("intake", link=link_to(world, "intake")).id == "intake"
    assert not is_opened(world, door, "bens", link_to(world, "bens"))


# --- making links, and looking at them -------------------------------------------------------------------------------


@pytest.mark.requirement("T3")
def test_staff_make_links_with_their_permission(clinic: World) -> None:
    """Audited, and only for forms that there are; the platform makes them as well."""
    assert clinic.staff([Permission.SEND_LINKS]).form_link("intake")
    assert reason_of(lambda: clinic.staff([]).form_link("intake")) is Reason.PERMISSION
    assert reason_of(lambda: clinic.staff().form_link("nothing")) is Reason.NOT_FOUND
    assert reason_of(lambda: clinic.portal.form_link(clinic.tenant, "")) is Reason.NOT_FOUND
    lines = [(one.actor, one.subject) for one in clinic.staff().audit(limit=20).items if one.action == "form_link"]
    assert ("staff:mia", "form intake") in lines or ("staff:mia", "intake") in lines


@pytest.mark.requirement("T3")
def test_looking_at_a_link_has_no_effect(clinic: World) -> None:
    """However often a mail scanner looks: it says which form and until when, to nobody whose it is, and is not used up
    by a draft either. It ends with its life.
    """
    link = link_to(clinic, "intake")
    before = everything_stored(clinic)
    seen = {clinic.visitor().look_at_form_link(link.reveal()) for _ in range(3)}
    assert [(one.form_id, one.expires_at) for one in seen] == [
        ("intake", clinic.clock() + clinic.policy.messages.link_life)
    ]
    assert everything_stored(clinic) == before
    door = clinic.log_in(ANA)
    for _ in range(2):
        door.save_draft("intake", {"name": "Ana"}, link=link)
    clinic.clock.advance(clinic.policy.messages.link_life)
    assert reason_of(lambda: clinic.visitor().look_at_form_link(link)) is Reason.LINK_GONE
    later = clinic.log_in(ANA)
    assert reason_of(lambda: later.form("intake", link=link)) is Reason.LINK_GONE
    assert later.form("intake").answers == {"name": "Ana"}


def test_no_other_text_is_a_forms_link(clinic: World) -> None:
    """Every byte flipped, a link to an appointment, another business's, none at all: gone, and all alike."""
    clinic.book("a1", client("ana"), "2026-12-01 09:00")
    link = link_to(clinic, "intake").reveal()
    door = clinic.log_in(ANA)
    other = [clinic.staff().appointment_link("a1").reveal(), "", "k1.e30.AAAA", "x" * 5000, "\ud800"]
    flipped = [link[:at_] + chr(ord(link[at_]) ^ 1) + link[at_ + 1 :] for at_ in range(0, len(link), 7)]
    refused = [refusal_of(lambda text=text: door.form("intake", link=text)) for text in (*other, *flipped)]
    assert {one.reason for one in refused} == {Reason.LINK_GONE}
    assert len({str(one) for one in refused}) == 1
    assert reason_of(lambda: clinic.visitor().look_at_link(link)) is Reason.LINK_GONE


# --- other platforms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("awaited", [False, True], ids=["plain", "async"])
def test_a_platform_in_a_database_of_its_own(awaited: bool) -> None:
    """Saved once, under the portal's key; a platform that is away leaves an intent that the pump finishes."""
    with far_away(awaited) as world:
        furnished(world)
        door = world.log_in(ANA)
        first = door.submit_form("intake", ANSWERS, key="k1")
        assert door.submit_form("intake", ANSWERS, key="k1") == first
        assert form_there(world, "intake").answers == KEPT
        assert reason_of(lambda: door.submit_form("intake", ANSWERS, key="k2")) is Reason.FORM_DONE


@pytest.mark.parametrize("wrote", [False, True], ids=["before it wrote", "after it wrote"])
def test_a_platform_that_fails_in_the_middle(wrote: bool) -> None:
    """Whether the answers have arrived nobody knows: the same key, or the pump, finds out; they are saved once."""
    with far_away() as world:
        furnished(world)
        kept = world.host.submit_fails = {"times": 1}
        forms = next(one for one in world.host.sections if one.name == "forms")

        class Failing(forms):  # type: ignore[misc, valid-type]
            def submit(self, *args: Any) -> Any:
                fails = kept["times"]
                kept["times"] = 0
                if wrote or not fails:
                    answer = super().submit(*args)
                if fails:
                    raise ConnectionError("away")
                return answer

        world.host.sections = tuple(Failing if one is forms else one for one in world.host.sections)
        door = world.log_in(ANA)
        with pytest.raises(StoreError):
            door.submit_form("intake", ANSWERS, key="k1")
        assert door.submit_form("intake", ANSWERS, key="k1").item == "intake"
        assert form_there(world, "intake").answers == KEPT
        assert form_there(world, "intake").version == "2"


def test_a_platform_without_drafts_or_with_rules_of_its_own(memory_world: World) -> None:
    """What its own rules refuse is not changeable; the default of the port takes nothing."""
    port = Forms(None)
    for action in ("submit", "save_draft"):
        write = SectionWrite(section="forms", action=action, ref=client("ana"), item="f")
        answer: Any = port.write(write, "k")
        assert answer.kind is AnswerKind.DECLINED
    with platform() as world:
        furnished(world)
        forms = next(one for one in world.host.sections if one.name == "forms")
        taking_none = type("TakingNone", (forms,), {"submit": Forms.submit})
        world.host.sections = tuple(taking_none if one is forms else one for one in world.host.sections)
        assert reason_of(lambda: world.log_in(ANA).submit_form("intake", ANSWERS)) is Reason.NOT_CHANGEABLE


def test_a_form_that_changes_while_it_is_sent_in(memory_world: World) -> None:
    """Every write holds the version: three conflicts, and the client is asked to try again; nothing is half saved."""
    with platform() as world:
        furnished(world)
        forms = next(one for one in world.host.sections if one.name == "forms")

        def conflict(*_args: Any) -> Any:
            raise Conflict("changed")

        world.host.sections = (type("Busy", (forms,), {"submit": conflict}),)
        assert reason_of(lambda: world.log_in(ANA).submit_form("intake", ANSWERS)) is Reason.BUSY
        assert form_there(world, "intake").state is FormState.OPEN


def test_erasing_takes_the_answers(clinic: World) -> None:
    """Nothing of what she wrote is left (X7)."""
    clinic.log_in(ANA).submit_form("intake", ANSWERS, key="k")
    clinic.staff().erase(client("ana"), reason="asked")
    assert "sore back" not in repr(everything_stored(clinic))
    assert form_there(clinic, "intake") is None
