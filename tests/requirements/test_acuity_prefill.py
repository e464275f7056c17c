"""Acuity: logged in, a booking starts filled in; logged out, the server gives nothing (A14)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from accounts_ground import NEW_YORK, a_session, an_account
from clientportal import HostError, RecordRef, presets
from clientportal.outcomes import BookingStart
from clientportal.policy import SeenBy
from clientportal.ports import Capabilities
from clientportal.values import Answer, CardSummary, Prefill
from watching import BOTH_COLOURS, everything_stored, platform
from world import World, at

pytestmark = pytest.mark.requirement("A14")

MAYA = "maya.ortiz@example.com"
CARD = CardSummary("visa", "4242", 12, 2029)


@pytest.fixture(autouse=True)
def _acuity(request: pytest.FixtureRequest) -> None:
    """A studio on Acuity."""
    for name in ("world", "memory_world"):
        if name in request.fixturenames:
            request.getfixturevalue(name).use(presets.acuity(region="US"))


def answer(question: str, text: str, on: str) -> Answer:
    """What was written into the health form on some day."""
    return Answer("health", question, text, at(f"{on} 10:00", NEW_YORK))


def maya(world: World) -> tuple[RecordRef, str, Any]:
    """Maya's row, account and session; ``mine`` and ``later`` are assigned to it, ``other`` is not."""
    record = world.add_client("maya", "Maya Ortiz", email=MAYA, phone="(212) 555-0142")
    account = an_account(
        world, MAYA, "2026-01-10 12:00", proved="2026-01-10 12:05",
        first_name="Maya", last_name="Ortiz", phone="+1 646 555 0188",
    )  # fmt: skip
    for id in ("mine", "later", "other"):
        world.book(id, record, "2026-12-01 09:00")
    for id in ("mine", "later"):
        world.staff().assign(id, account)
    return record, account, world.portal.client(a_session(world, account))


def fill(world: World, ref: RecordRef, *answers: Answer, card: CardSummary | None = None) -> None:
    """The platform keeps what was answered."""
    world.seed("add_prefill", ref, Prefill(answers, card))


def test_a_session_starts_with_name_phone_email_answers_and_card(world: World) -> None:
    """What she answered at her two appointments, the later answer of each question; the card that she stored; and
    nothing that was answered at an appointment which is not assigned to her (A7)."""
    _, _, door = maya(world)
    fill(world, RecordRef.booking("mine"), answer("allergies", "none", "2026-03-01"), answer("due", "no", "2026-03-01"))
    fill(world, RecordRef.booking("later"), answer("allergies", "latex", "2026-05-01"), card=CARD)
    fill(world, RecordRef.booking("other"), answer("secret", "of another account", "2026-06-01"))
    start: BookingStart = door.start_booking()
    assert start.profile is not None
    assert (start.profile.first_name, start.profile.last_name) == ("Maya", "Ortiz")
    assert (start.profile.email, start.profile.phone) == (MAYA, "+1 646 555 0188")
    assert [(one.question, one.answer) for one in start.answers] == [("allergies", "latex"), ("due", "no")]
    assert start.card == CARD


def test_a_record_in_full_view_starts_with_the_records_own(world: World) -> None:
    """The phone of the client row before the account's; answers stand under the client."""
    record, account, _ = maya(world)
    world.change_policy("visibility", appointments=SeenBy.RECORD)
    fill(world, record, answer("allergies", "latex", "2026-05-01"))
    door = world.portal.client(a_session(world, account, entry=record, own=[record]))
    start = door.start_booking()
    assert start.profile is not None
    assert start.profile.phone == "(212) 555-0142"
    assert [one.answer for one in start.answers] == ["latex"]
    assert start.card is None, "she did not choose to store one"


def test_a_visitor_gets_nothing_from_the_server(world: World) -> None:
    """Whoever was logged in here before, and whatever a device token says."""
    _, _, door = maya(world)
    fill(world, RecordRef.booking("mine"), answer("allergies", "latex", "2026-05-01"), card=CARD)
    door.log_out()
    for visitor in (world.visitor(), world.visitor(device="anything")):
        start = visitor.start_booking()
        assert (start.profile, start.recent, start.answers, start.card) == (None, (), (), None)
        assert start.login_offered is True


@pytest.mark.parametrize("closed", ["in_booking_flow", "account"])
def test_where_login_or_the_account_is_closed_nothing_is_filled_in(world: World, closed: str) -> None:
    """The flow does not offer login; or the business shows no contact details."""
    _, _, door = maya(world)
    fill(world, RecordRef.booking("mine"), answer("allergies", "latex", "2026-05-01"), card=CARD)
    if closed == "account":
        world.change_policy("visibility", sections=("bookings",))
    else:
        world.change_policy("login", in_booking_flow=False)
    start = door.start_booking()
    assert (start.profile, start.answers, start.card) == (None, (), None)


def test_another_clients_answers_are_never_among_them(world: World) -> None:
    """Dan's, who has the same phone."""
    _, _, door = maya(world)
    dan = world.add_client("dan", "Dan Ruiz", phone="(212) 555-0142")
    fill(world, dan, answer("allergies", "dans", "2026-05-01"), card=CARD)
    start = door.start_booking()
    assert (start.answers, start.card) == ((), None)


def test_erasing_a_client_erases_the_answers_and_the_card(world: World) -> None:
    """Under the client, and under every booking of theirs (X7)."""
    record, _, door = maya(world)
    for ref in (record, RecordRef.booking("mine")):
        fill(world, ref, answer("allergies", "latex", "2026-05-01"), card=CARD)
    world.seed("erase_client", [record], "erase-1")
    start = door.start_booking()
    assert (start.answers, start.card) == ((), None)
    assert "latex" not in repr(everything_stored(world))


@BOTH_COLOURS
def test_a_host_without_the_capability_is_not_asked(awaited: bool) -> None:
    """Name, phone and email are there all the same."""
    without = Capabilities(create_client=True, move=True, cancel=True, book=True, slots=True)

    def prefill(_host: Any, _refs: Sequence[RecordRef]) -> Prefill:
        raise AssertionError("it does not declare this")

    with platform(awaited, capabilities=without, prefill=prefill) as world:
        world.use(presets.acuity(region="US"))
        _, _, door = maya(world)
        start = door.start_booking()
        assert start.profile is not None
        assert (start.profile.email, start.answers) == (MAYA, ())


@BOTH_COLOURS
def test_a_host_that_answers_with_something_else_is_told_so(awaited: bool) -> None:
    """A dict, or answers that are none."""
    for wrong in ({"card": "4242"}, Prefill(("latex",))):  # type: ignore[arg-type]
        with platform(awaited, prefill=lambda _host, _refs, wrong=wrong: wrong) as world:
            world.use(presets.acuity(region="US"))
            _, _, door = maya(world)
            world.clock.advance(timedelta(minutes=1))
            with pytest.raises(HostError, match="prefill"):
                door.start_booking()
