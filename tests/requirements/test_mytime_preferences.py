"""Which messages a client wants: {transactional, marketing} x {email, SMS}, each by itself (M11)."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from clientportal import Channel, InvalidInput, MissingCapability, Reason, RecordRef
from clientportal.records import MessageKind, OutboxMessage
from clientportal.rules.preferring import CHOSEN, may_send
from clientportal.values.preferences import Category, Preference, Preferences
from own_sections import open_sections
from watching import far_away, reason_of
from world import World, client

pytestmark = pytest.mark.requirement("M11")

ANA, TWIN = "021 111 2222", "021 333 4444"
CELLS = list(itertools.product(Category, Channel))
MARKETING_MAIL = (Category.MARKETING, Channel.EMAIL)


def _salon(world: World) -> None:
    open_sections(world, "preferences")
    world.add_client("ana", "Ana Kingi", mobile=ANA, email="ana@example.com")
    world.add_client("twin", "Ana Kingi", mobile=TWIN)


def _on(preferences: Preferences) -> set[tuple[Category, Channel]]:
    return {cell for cell in CELLS if preferences.allows(*cell)}


def _given(world: World, ref: RecordRef, *, on: bool, cell: tuple[Category, Channel] = MARKETING_MAIL) -> None:
    """What the platform knows of one record: chosen before there was a portal."""
    item = Preference(id=f"{ref} {cell}", ref=ref, category=cell[0], channel=cell[1], on=on)
    world.seed("add_items", [item])


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell[0].value}-{cell[1].value}")
def test_each_of_the_four_is_turned_on_and_off_by_itself(world: World, cell: tuple[Category, Channel]) -> None:
    """Whichever Ana turns round, the three others stay as they were; and back."""
    _salon(world)
    ana = world.log_in(ANA)
    before = _on(ana.preferences())
    assert before == {(Category.TRANSACTIONAL, Channel.EMAIL), (Category.TRANSACTIONAL, Channel.SMS)}
    assert _on(ana.set_preference(*cell, cell not in before)) == before ^ {cell}
    assert _on(ana.preferences()) == before ^ {cell}
    ana.set_preference(cell[0].value, cell[1].value, cell in before)
    assert _on(world.portal.preferences(world.tenant, client("ana"))) == before


def test_codes_and_security_notices_are_sent_to_somebody_who_wants_nothing(world: World) -> None:
    """Ana has turned everything off: her next code arrives, and so does the warning about wrong ones."""
    _salon(world)
    ana = world.log_in(ANA)
    for cell in CELLS:
        ana.set_preference(*cell, False)
    world.sign_in(ANA)
    world.change_policy("guesses", warn_at=1)
    world.clock.advance(timedelta(minutes=11))
    sent, code = world.get_code(ANA)
    wrong = f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, wrong)) is Reason.CODE_WRONG
    before = len(world.box.messages)
    world.deliver()
    assert "wrong codes" in world.box.messages[before].text


def test_nothing_that_guards_an_account_can_be_turned_off() -> None:
    """Whatever is sent today besides notices goes to everybody, by the one rule that senders ask."""
    nothing = Preferences(transactional_email=False, transactional_sms=False)
    silenced = {kind for kind in MessageKind if not all(may_send(kind, by, nothing) for by in Channel)}
    assert silenced == set(CHOSEN)
    assert silenced <= {MessageKind.NOTICE}


def test_the_strictest_of_all_merged_records_holds(world: World) -> None:
    """One record wants the newsletter, the other does not: merged, there is none; taken apart, each has its own."""
    _salon(world)
    _given(world, client("ana"), on=True)
    _given(world, client("twin"), on=False)
    assert MARKETING_MAIL in _on(world.portal.preferences(world.tenant, client("ana")))
    (merge,) = world.staff().merge(client("ana"), client("twin")).merges
    for ref in (client("ana"), client("twin")):
        assert MARKETING_MAIL not in _on(world.portal.preferences(world.tenant, ref))
    world.staff().undo(merge)
    assert MARKETING_MAIL in _on(world.portal.preferences(world.tenant, client("ana")))
    assert MARKETING_MAIL not in _on(world.portal.preferences(world.tenant, client("twin")))


def test_a_record_that_never_chose_has_no_say(world: World) -> None:
    """The absorbed record was never asked; what the other has chosen stays."""
    _salon(world)
    _given(world, client("ana"), on=True)
    world.staff().merge(client("ana"), client("twin"))
    assert MARKETING_MAIL in _on(world.portal.preferences(world.tenant, client("ana")))


def test_what_the_client_chooses_later_holds_for_all_their_records_and_stays_after_an_undo(world: World) -> None:
    """Merged and then turned on: on for both, together and apart."""
    _salon(world)
    _given(world, client("twin"), on=False)
    (merge,) = world.staff().merge(client("ana"), client("twin")).merges
    ana = world.log_in(ANA)
    assert MARKETING_MAIL not in _on(ana.preferences())
    ana.set_preference(*MARKETING_MAIL, True)
    assert MARKETING_MAIL in _on(ana.preferences())
    world.staff().undo(merge)
    for ref in (client("ana"), client("twin")):
        assert MARKETING_MAIL in _on(world.portal.preferences(world.tenant, ref))


def test_choices_stay_where_they_were_made_also_where_the_platform_moves_rows(world: World) -> None:
    """``merging.reassign``: a "no" of the absorbed record holds after the merge, and is its own after the undo."""
    _salon(world)
    world.change_policy("merging", reassign=True)
    _given(world, client("ana"), on=True)
    _given(world, client("twin"), on=False)
    (merge,) = world.staff().merge(client("ana"), client("twin")).merges
    assert MARKETING_MAIL not in _on(world.portal.preferences(world.tenant, client("ana")))
    world.staff().undo(merge)
    assert MARKETING_MAIL in _on(world.portal.preferences(world.tenant, client("ana")))


def test_where_the_section_is_closed_nothing_is_shown_or_set_and_choices_hold_all_the_same(world: World) -> None:
    """Refused on the server; the platform's own mailings still ask, and are told what Ana chose before."""
    _salon(world)
    world.log_in(ANA).set_preference(Category.TRANSACTIONAL, Channel.SMS, False)
    world.change_policy("visibility", sections=("account", "bookings"))
    ana = world.log_in(ANA)
    assert reason_of(ana.preferences) is Reason.DISABLED
    assert reason_of(lambda: ana.set_preference("marketing", "email", True)) is Reason.DISABLED
    assert not world.portal.preferences(world.tenant, client("ana")).transactional_sms


def test_a_platform_without_preferences_sends_what_is_about_ones_own_things(world: World) -> None:
    """No port: what is about appointments and invoices goes out, marketing does not, and no link is made."""
    _salon(world)
    others = tuple(one for one in world.host.sections if one.name != "preferences")
    world.change_policy("visibility", sections=("account", "bookings"))
    world.host = type("NoPreferences", (world.host,), {"sections": others})
    world.portal = world.make_portal()
    assert world.portal.preferences(world.tenant, client("ana")) == Preferences()
    with pytest.raises(MissingCapability, match="the section 'preferences'"):
        world.portal.unsubscribe_link(world.tenant, client("ana"))


# --- one click -------------------------------------------------------------------------------------------------------


def test_looking_at_the_link_in_a_mailing_changes_nothing_and_using_it_turns_it_off(world: World) -> None:
    """GET shows, POST acts (RFC 8058): a scanner that opens every link changes nothing; the button turns it off."""
    _salon(world)
    world.log_in(ANA).set_preference(*MARKETING_MAIL, True)
    link = world.portal.unsubscribe_link(world.tenant, client("ana"))
    for _ in range(3):
        view = world.visitor().look_at_unsubscribe(link)
        assert (view.category, view.channel, view.done) == (*MARKETING_MAIL, False)
    assert MARKETING_MAIL in _on(world.portal.preferences(world.tenant, client("ana")))
    for _ in range(2):
        assert world.visitor().unsubscribe(link).done
    assert MARKETING_MAIL not in _on(world.portal.preferences(world.tenant, client("ana")))


def test_the_link_of_an_absorbed_record_turns_off_for_all_of_them(world: World) -> None:
    """A mailing went to the twin before the merge: its link works still, for the whole person."""
    _salon(world)
    link = world.portal.unsubscribe_link(world.tenant, client("twin"))
    world.staff().merge(client("ana"), client("twin"))
    world.log_in(ANA).set_preference(*MARKETING_MAIL, True)
    world.visitor().unsubscribe(link)
    assert MARKETING_MAIL not in _on(world.log_in(ANA).preferences())


def test_the_link_turns_off_only_what_it_came_with(world: World) -> None:
    """An SMS's link turns off marketing by SMS, and nothing else."""
    _salon(world)
    ana = world.log_in(ANA)
    for cell in CELLS:
        ana.set_preference(*cell, True)
    world.visitor().unsubscribe(world.portal.unsubscribe_link(world.tenant, client("ana"), channel="sms"))
    assert _on(ana.preferences()) == set(CELLS) - {(Category.MARKETING, Channel.SMS)}


def test_the_link_works_where_the_portal_does_not_show_the_section(world: World) -> None:
    """Whoever wants no more mailings need not find a page for it."""
    _salon(world)
    world.log_in(ANA).set_preference(*MARKETING_MAIL, True)
    world.change_policy("visibility", sections=("account", "bookings"))
    assert world.visitor().unsubscribe(world.portal.unsubscribe_link(world.tenant, client("ana"))).done
    assert not world.portal.preferences(world.tenant, client("ana")).marketing_email


def test_a_forged_foreign_or_stale_link_is_gone(world: World) -> None:
    """Cut, changed, another business's, another kind of link, or of a client who was deleted: all look the same."""
    _salon(world)
    link = world.portal.unsubscribe_link(world.tenant, client("ana")).reveal()
    elsewhere = world.keys.sign("unsubscribe", "another-business", {"r": "client:ana", "c": "marketing", "h": "email"})
    other = world.keys.sign("appointment-link", world.tenant, {"r": "client:ana", "c": "marketing", "h": "email"})
    head, body, mac = link.split(".")
    hostile = ["", "x", link[:-1], f"{head}.{body}.{mac[::-1]}", elsewhere.reveal(), other.reveal(), link + "="]
    for text in hostile:
        for call in (world.visitor().look_at_unsubscribe, world.visitor().unsubscribe):
            assert reason_of(lambda call=call, text=text: call(text)) is Reason.LINK_GONE
    world.staff().delete_client(client("ana"))
    assert reason_of(lambda: world.visitor().unsubscribe(link)) is Reason.LINK_GONE


# --- edges -----------------------------------------------------------------------------------------------------------


def test_what_is_none_of_the_four_is_named(memory_world: World) -> None:
    """A misspelt category, a channel that there is none of, and text in the place of yes and no."""
    _salon(memory_world)
    ana = memory_world.log_in(ANA)
    with pytest.raises(InvalidInput, match="'adverts' is no category of messages"):
        ana.set_preference("adverts", "email", True)
    with pytest.raises(InvalidInput, match="'fax' is no channel"):
        ana.set_preference("marketing", "fax", True)
    with pytest.raises(InvalidInput, match="on is True or False; this is str"):
        ana.set_preference("marketing", "email", "no")


def test_a_platform_elsewhere_is_told_once_and_a_replay_answers_what_holds() -> None:
    """Its tables are in another database; the same key again writes nothing and shows the choices of today."""
    with far_away() as world:
        _salon(world)
        ana = world.log_in(ANA)
        assert ana.set_preference("marketing", "email", True, key="tap-1").marketing_email
        ana.set_preference("marketing", "sms", True)
        again = ana.set_preference("marketing", "email", True, key="tap-1")
        assert (again.marketing_email, again.marketing_sms) == (True, True)


def test_a_preview_turns_nothing_off(world: World) -> None:
    """It says what would hold."""
    _salon(world)
    ana = world.log_in(ANA)
    assert not ana.preview.set_preference("transactional", "sms", False).transactional_sms
    assert ana.preferences().transactional_sms
    assert world.all_stored(OutboxMessage, "time")
