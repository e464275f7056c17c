"""Which messages a client wants: rules/preferring.py."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import InvalidInput
from clientportal.ports import Channel
from clientportal.records import MessageKind
from clientportal.rules.preferring import ALWAYS, CHOSEN, may_send, put_together, read_unsubscribe
from clientportal.values import RecordRef
from clientportal.values.preferences import Category, Preference, Preferences

pytestmark = pytest.mark.requirement("M11")

NOTHING = Preferences(transactional_email=False, transactional_sms=False, marketing_email=False, marketing_sms=False)
CELLS = list(itertools.product(Category, Channel))


def _chose(record: str, category: Category, channel: Channel, on: bool) -> Preference:
    return Preference(
        id=f"{record} {category} {channel}",
        ref=RecordRef.client(record),
        category=category,
        channel=channel,
        on=on,
    )


_CHOICES = st.lists(
    st.builds(
        _chose, st.sampled_from(["ana", "ana-2"]), st.sampled_from(Category), st.sampled_from(Channel), st.booleans()
    )
)


@pytest.mark.parametrize("kind", sorted(ALWAYS))
def test_codes_resets_and_security_notices_are_sent_to_somebody_who_wants_nothing(kind: MessageKind) -> None:
    """Everything that guards the account goes out, whatever was turned off."""
    assert all(may_send(kind, channel, NOTHING) for channel in Channel)


def test_every_kind_of_message_is_either_always_sent_or_has_a_category() -> None:
    """None is forgotten, and what can be turned off is no code and no security notice."""
    assert frozenset(MessageKind) == ALWAYS | frozenset(CHOSEN)
    assert ALWAYS.isdisjoint(CHOSEN)
    secure = {"code", "password", "factor", "email", "reset", "warning", "registered", "merged", "link", "viewed"}
    assert not [kind for kind in CHOSEN if any(word in kind.value for word in secure)]


@pytest.mark.parametrize(("category", "channel"), CELLS)
def test_each_of_the_four_is_on_or_off_by_itself(category: Category, channel: Channel) -> None:
    """Ana turns one of four off, all others on: that one is not sent, the three others are."""
    chosen = [_chose("ana", one, by, (one, by) != (category, channel)) for one, by in CELLS]
    preferences = put_together(chosen)
    assert {(one, by) for one, by in CELLS if not may_send(one, by, preferences)} == {(category, channel)}


def test_where_nobody_has_chosen_own_things_are_sent_and_marketing_is_not() -> None:
    """Consent to marketing is given, not taken for granted."""
    nobody = put_together([])
    assert [may_send(Category.TRANSACTIONAL, channel, nobody) for channel in Channel] == [True, True]
    assert [may_send(Category.MARKETING, channel, nobody) for channel in Channel] == [False, False]


@given(_CHOICES)
def test_the_strictest_of_all_records_holds_in_whatever_order_they_come(chosen: list[Preference]) -> None:
    """Law 11: one "off" is "off"; "on" holds only where nobody says "off"; a record that never chose has no say."""
    together = put_together(chosen)
    assert together == put_together(reversed(chosen))
    for category, channel in CELLS:
        said = {one.on for one in chosen if (one.category, one.channel) == (category, channel)}
        usual = Preferences().allows(category, channel)
        assert together.allows(category, channel) == (usual if not said else False not in said)


def test_a_category_or_channel_that_there_is_none_of_is_named_in_the_error() -> None:
    """The error says what would be right."""
    with pytest.raises(InvalidInput, match=r"'adverts' is no category of messages; there are 'transactional', 'mark"):
        Preferences().allows("adverts", "email")
    with pytest.raises(InvalidInput, match=r"'fax' is no channel; there are 'sms', 'email'"):
        Preferences().allows("marketing", "fax")


def test_a_link_is_of_its_own_business_alone() -> None:
    """What was signed elsewhere, and what was not signed at all, turns nothing off."""
    claims = {"t": "salon", "r": "client:ana", "c": "marketing", "h": "email"}
    found = read_unsubscribe(claims, "salon")
    assert found == (RecordRef.client("ana"), Category.MARKETING, Channel.EMAIL)
    assert read_unsubscribe(claims, "another") is None
    assert read_unsubscribe(None, "salon") is None
