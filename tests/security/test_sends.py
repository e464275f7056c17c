"""How often may a message be sent, and where: every axis exceeded alone, with a sender that counts (V2.4.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import phonenumbers
import pytest
from attrs import evolve

from clientportal import InvalidInput, Reason
from clientportal.policy import ContactPolicy
from clientportal.values import NumberType
from security.attacking import ANA, Neighbour, Trace, by_email
from watching import everything_stored, reason_of, refusal_of
from world import World

MICROSECOND = timedelta(microseconds=1)


def number(place: int) -> str:
    """Numbers that share no prefix of eight digits."""
    return f"021 {200 + place} 4567"


def exact(world: World, ask: Callable[[], Any], sent: int) -> None:
    """The next one is refused, until the moment that the refusal names: and then it really works."""
    refused = refusal_of(ask)
    assert refused.reason is Reason.WAIT
    assert refused.retry_at is not None
    assert refused.retry_at > world.clock()
    world.clock.set(refused.retry_at - MICROSECOND)
    assert reason_of(ask) is Reason.WAIT
    world.deliver()
    assert len(world.box.messages) == sent
    world.clock.set(refused.retry_at)
    ask()
    world.deliver()
    assert len(world.box.messages) == sent + 1


def allow(world: World, **sends: Any) -> None:
    """Every limit wide open, but for those named."""
    wide = {
        "first_gap": MICROSECOND,
        "per_ten_minutes": 1000,
        "per_day": 1000,
        "per_source_hour": 1000,
        "per_prefix_hour": 1000,
        "per_tenant_hour": 10_000,
    }
    world.change_policy("sends", **{**wide, **sends})
    world.change_policy("login", live_codes=20)


# --- one destination -------------------------------------------------------------------------------------------------


def test_thirty_seconds_lie_between_two_codes_then_sixty(world: World) -> None:
    """The answer says when; a microsecond earlier is too early, and the code page never ends in a dead end."""
    sent = world.visitor().request_code(ANA)
    assert sent.resend_at - world.clock() == timedelta(seconds=30)
    world.deliver()
    exact(world, lambda: world.visitor().request_code(ANA), 1)
    refused = refusal_of(lambda: world.visitor().request_code(ANA))
    assert refused.retry_at is not None
    assert refused.retry_at - world.clock() == timedelta(seconds=60)
    assert reason_of(lambda: world.visitor().resend_code(sent.handle)) is Reason.WAIT, (
        "sending again is no way round it"
    )
    world.clock.set(refused.retry_at)
    assert world.visitor().resend_code(sent.handle).handle == sent.handle


def test_three_in_ten_minutes(world: World) -> None:
    """The fourth waits until ten minutes after the first."""
    allow(world, per_ten_minutes=3)
    began = world.clock()
    for _ in range(3):
        world.visitor().request_code(ANA)
        world.clock.advance(timedelta(minutes=1))
    world.deliver()
    refused = refusal_of(lambda: world.visitor().request_code(ANA))
    assert refused.retry_at == began + timedelta(minutes=10)
    exact(world, lambda: world.visitor().request_code(ANA), 3)


def test_ten_a_day(world: World) -> None:
    """Whoever always waits as long as they are told gets ten, and the next a day after the first."""
    world.change_policy("login", live_codes=20)
    began = world.clock()
    for place in range(10):
        sent = world.visitor().request_code(ANA)
        world.deliver()
        if place < 9:
            world.clock.set(max(sent.resend_at, world.clock() + timedelta(minutes=10)))
    assert len(world.box.messages) == 10
    assert world.clock() < began + timedelta(days=1)
    refused = refusal_of(lambda: world.visitor().request_code(ANA))
    assert refused.retry_at == sent.resend_at == began + timedelta(days=1)
    exact(world, lambda: world.visitor().request_code(ANA), 10)


@pytest.mark.parametrize(
    "alias",
    ["+64 21 123 4567", "0064211234567", "(021) 123-4567", "０２１ 123 4567", "021\u200b1234567", "tel:+64211234567"],
)
def test_all_spellings_of_a_number_share_one_budget(world: World, alias: str) -> None:
    """Whoever has asked for 021 123 4567 has asked for each of them."""
    world.visitor().request_code(ANA)
    assert reason_of(lambda: world.visitor().request_code(alias)) is Reason.WAIT


@pytest.mark.parametrize("alias", ["ANA@Example.COM", " ana@example.com ", "ana+1@example.com", "Ana+x+y@EXAMPLE.com"])
def test_all_aliases_of_an_address_share_one_budget(world: World, alias: str) -> None:
    """Upper case makes no new mailbox, and neither does what follows a plus."""
    world.use(by_email(world.policy))
    world.visitor().request_code("ana@example.com")
    assert reason_of(lambda: world.visitor().request_code(alias)) is Reason.WAIT
    assert world.visitor().request_code("ann@example.com").handle


# --- the wider axes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "aliases",
    [
        ("192.0.2.7", "192.0.2.7", "::ffff:192.0.2.7", " 192.0.2.7 "),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::7", "2001:DB8:1:2:0:0:0:9", "2001:db8:1:2::1%eth0"),
    ],
    ids=["IPv4", "IPv6 by its /64"],
)
def test_twenty_an_hour_from_one_source(world: World, aliases: tuple[str, ...]) -> None:
    """Twenty different numbers from one address: the next waits, whichever address of the same household it says."""
    allow(world, per_source_hour=20)
    for place in range(20):
        world.visitor(source=aliases[place % len(aliases)]).request_code(number(place))
    world.deliver()
    for alias in aliases:
        assert reason_of(lambda alias=alias: world.visitor(source=alias).request_code(number(30))) is Reason.WAIT
    world.visitor(source="198.51.100.1").request_code(number(30))
    world.visitor(source="2001:db8:1:3::1").request_code(number(31))
    world.deliver()
    exact(world, lambda: world.visitor(source=aliases[0]).request_code(number(32)), 22)


@pytest.mark.parametrize(
    "made_up", ["", "localhost", "192.0.2.07", "192.0.2.7, 10.0.0.1", "999.1.1.1", "\x00", "\ud800"]
)
def test_a_source_is_an_address_and_nothing_else(world: World, made_up: str) -> None:
    """What a client could write into a header is not guessed at."""
    with pytest.raises(InvalidInput):
        world.visitor(source=made_up)


def test_twenty_an_hour_to_one_prefix(world: World) -> None:
    """A block of neighbouring numbers is how toll fraud is done: the twenty-first waits, another block does not."""
    allow(world, per_prefix_hour=20)
    for place in range(20):
        world.visitor().request_code(f"+64 21 123 4{100 + place}")
    world.deliver()
    world.visitor().request_code(number(1))
    world.deliver()
    exact(world, lambda: world.visitor().request_code("+64 21 123 4300"), 21)


def test_so_many_an_hour_for_one_business(world: World) -> None:
    """The business's own cap; the business next door has one of its own."""
    other = Neighbour(world)
    allow(world, per_tenant_hour=5)
    for place in range(5):
        world.visitor().request_code(number(place))
    other.visitor().request_code(number(9))
    world.deliver()
    exact(world, lambda: world.visitor().request_code(number(6)), 5)


def test_a_refusal_charges_nothing(world: World) -> None:
    """Asking a hundred times too early moves no window: the moment stays where it was."""
    allow(world, first_gap=timedelta(seconds=30))
    world.visitor().request_code(ANA)
    first = refusal_of(lambda: world.visitor().request_code(ANA)).retry_at
    for _ in range(100):
        world.clock.advance(timedelta(milliseconds=100))
        assert refusal_of(lambda: world.visitor().request_code(ANA)).retry_at == first


# --- lockout is no weapon --------------------------------------------------------------------------------------------


def test_a_known_device_is_sent_codes_while_strangers_have_used_every_axis_up(world: World) -> None:
    """Strangers exhaust Ana's number, its block and the whole business: her own browser gets a code and logs in."""
    ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
    device = world.sign_in(ANA, source="192.0.2.7").device
    world.clock.advance(timedelta(days=1))
    world.change_policy("sends", per_tenant_hour=30)
    world.visitor().request_code(ANA)
    for place in range(19):
        world.visitor(source="192.0.2.7").request_code(f"+64 21 123 4{100 + place}")
    for place in range(10):
        world.visitor().request_code(number(place))
    for contact in (ANA, "+64 21 123 4300", number(20)):
        assert reason_of(lambda contact=contact: world.visitor().request_code(contact)) is Reason.WAIT
    world.deliver()
    sent, code = world.get_code(ANA, device=device, source="192.0.2.7")
    assert world.visitor(device=device).verify_code(sent.handle, code).record == ana


def test_a_known_device_has_budgets_too(world: World) -> None:
    """Being known is no leave to send without end."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    device = world.sign_in(ANA).device
    world.visitor(device=device).request_code(ANA)
    assert reason_of(lambda: world.visitor(device=device).request_code(ANA)) is Reason.WAIT


# --- where to --------------------------------------------------------------------------------------------------------


def example(region: str, kind: int) -> str:
    """A number of that kind in that region."""
    found = phonenumbers.example_number_for_type(region, kind)
    assert found is not None
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


@pytest.mark.parametrize(
    "kind",
    ["PREMIUM_RATE", "TOLL_FREE", "FIXED_LINE", "PAGER", "UAN", "PERSONAL_NUMBER", "VOIP", "SHARED_COST"],
)
def test_numbers_that_cost_the_business_or_no_sms_reaches_are_refused(world: World, kind: str) -> None:
    """Premium, toll-free, landlines and the like: refused before anything is stored, whatever region they are of."""
    type_of = getattr(phonenumbers.PhoneNumberType, kind)
    regions = [r for r in ("NZ", "GB", "DE", "AU") if phonenumbers.example_number_for_type(r, type_of) is not None]
    assert regions, "an example of this kind is known"
    before = everything_stored(world)
    for region in regions:
        refused = refusal_of(lambda region=region: world.visitor().request_code(example(region, type_of)))
        assert refused.reason is Reason.CONTACT_NOT_ALLOWED
    assert world.deliver().sent == 0
    assert everything_stored(world) == before


def test_foreign_numbers_are_refused_where_only_some_regions_are_allowed(world: World) -> None:
    """A salon that texts New Zealand alone sends nothing to Australia, also on a resend after the policy changed."""
    abroad = "+61 412 345 678"
    sent = world.visitor().request_code(abroad)
    world.use(evolve(world.policy, contacts=ContactPolicy(region="NZ", allowed_regions=frozenset({"NZ"}))))
    world.clock.advance(timedelta(minutes=1))
    assert reason_of(lambda: world.visitor().request_code(abroad)) is Reason.CONTACT_NOT_ALLOWED
    assert reason_of(lambda: world.visitor().resend_code(sent.handle)) is Reason.CONTACT_NOT_ALLOWED
    assert world.visitor().request_code(ANA).handle


def test_the_kinds_of_number_are_the_policys(world: World) -> None:
    """A business that calls landlines may allow them by name."""
    landline = example("NZ", phonenumbers.PhoneNumberType.FIXED_LINE)
    assert reason_of(lambda: world.visitor().request_code(landline)) is Reason.CONTACT_NOT_ALLOWED
    kinds = frozenset({NumberType.MOBILE, NumberType.FIXED})
    world.use(evolve(world.policy, contacts=ContactPolicy(region="NZ", allowed_types=kinds)))
    assert world.visitor().request_code(landline).handle


# --- the bot check ---------------------------------------------------------------------------------------------------


def _raises(_attempt: Any) -> bool:
    raise ConnectionError("the check's server is away")


@pytest.mark.parametrize(
    "check", [lambda _attempt: False, lambda _attempt: None, _raises], ids=["no", "nothing", "away"]
)
def test_the_bot_check_is_asked_before_anything_is_stored_and_fails_closed(world: World, check: Any) -> None:
    """It says no, says nothing, or is away: nothing is stored, nothing sent, and no budget charged."""
    portal = world.make_portal(human=check)
    before = everything_stored(world)
    asked = portal.visitor(world.tenant, proof="none")
    assert reason_of(lambda: asked.request_code(ANA)) is Reason.BOT_SUSPECTED
    assert everything_stored(world) == before
    assert world.deliver().sent == 0
    sent = world.visitor().request_code(ANA)
    world.clock.advance(timedelta(minutes=1))
    assert reason_of(lambda: asked.resend_code(sent.handle)) is Reason.BOT_SUSPECTED


def test_the_bot_check_is_asked_once_outside_of_any_transaction(world: World) -> None:
    """It is slow, and its proofs are good for one use: no unit is open meanwhile, and a conflict does not ask again."""
    seen: list[tuple[Any, int]] = []

    def check(attempt: Any) -> bool:
        seen.append((attempt, len(trace.calls)))
        return bool(attempt.proof == "token-1")

    trace = Trace(world, human=check)
    portal = trace.portal
    trace.of(lambda: portal.visitor(world.tenant, source="192.0.2.7", proof="token-1").request_code(ANA))
    ((attempt, calls),) = seen
    assert calls == 0, "no port was called before"
    assert (attempt.tenant, attempt.source, attempt.proof) == (world.tenant, "192.0.2.7", "token-1")
    assert "token-1" not in repr(attempt)
    assert world.deliver().sent == 1
