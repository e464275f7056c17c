"""Signed links, and what a rotation of the keys does to everything that was derived from them (ASVS V9, V13.3.4)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from clientportal import AppointmentStatus, InvalidInput, KeyRing, Reason
from clientportal.records import SpentLink
from security.attacking import ANA, Neighbour, patient
from watching import at_once, everything_stored, reason_of, refusal_of
from world import World

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."


def link_for(world: World, id: str = "a1") -> str:
    """A link for Ana's appointment next week."""
    if not world.ask("appointment", id):
        ana = world.add_client("ana", "Ana Kingi", mobile=ANA)
        world.book(id, ana, "2026-12-01 09:00")
    return str(world.staff().appointment_link(id).reveal())


def claims_of(link: str) -> dict[str, Any]:
    """What the link says."""
    body = link.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


def with_claims(link: str, claims: dict[str, Any]) -> str:
    """The same link saying something else, under the old signature."""
    key, _, mac = link.split(".")
    body = json.dumps(claims, separators=(",", ":"), sort_keys=True).encode()
    return ".".join((key, base64.urlsafe_b64encode(body).decode().rstrip("="), mac))


def test_no_character_of_a_link_can_be_changed(memory_world: World) -> None:
    """Each flipped in turn, in three ways; cut, doubled, spelled another way: one and the same refusal."""
    world = memory_world
    link = link_for(world)
    seen = set()
    for place, character in enumerate(link):
        for other in {ALPHABET[(ALPHABET.index(character) + step) % len(ALPHABET)] for step in (1, 2, 33)}:
            changed = link[:place] + other + link[place + 1 :]
            refused = refusal_of(lambda changed=changed: world.visitor().look_at_link(changed))
            seen.add((refused.reason, refused.client_text, refused.staff_text, str(refused.refusal.because)))
    for changed in (link[:-1], link + "=", link + "A", link + ".", f" {link}", link.swapcase(), link + link, "", "."):
        assert reason_of(lambda changed=changed: world.visitor().look_at_link(changed)) is Reason.LINK_GONE
    assert len(seen) == 1
    assert world.visitor().look_at_link(link).appointment.id == "a1"


@pytest.mark.parametrize("claim", ["a", "v", "c", "e", "i", "t"])
def test_no_field_of_a_link_can_be_swapped(world: World, claim: str) -> None:
    """The appointment, its version, the client, the end, the link's id and the business of another good link."""
    ben = world.add_client("ben", "Ben Ngata", mobile="021 765 4321")
    world.book("b1", ben, "2026-12-01 11:00")
    link = link_for(world)
    world.clock.advance(timedelta(minutes=1))
    others = {**claims_of(link_for(world, "b1")), "t": "business-0", "v": "another"}
    forged = with_claims(link, {**claims_of(link), claim: others[claim]})
    assert forged != link
    for act in ("look_at_link", "cancel_by_link"):
        assert reason_of(lambda act=act: getattr(world.visitor(), act)(forged)) is Reason.LINK_GONE
    assert world.ask("appointment", "a1").status is AppointmentStatus.CONFIRMED


def test_looking_three_times_has_no_effect(world: World) -> None:
    """Mail scanners follow every link: nothing is written by that, and the client can act afterwards."""
    link = link_for(world)
    before = everything_stored(world)
    for _ in range(3):
        view = world.visitor().look_at_link(link)
        assert view.appointment.id == "a1"
        world.visitor().link_slots(link, world.clock(), world.clock() + timedelta(days=7))
    assert everything_stored(world) == before
    assert world.visitor().cancel_by_link(link).status is AppointmentStatus.CANCELLED


def test_a_link_acts_once(world: World) -> None:
    """After it has acted it is gone: for looking, for slots, for acting, in every process."""
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    link = link_for(world)
    (slot,) = world.add_slots("2026-12-02 09:00")
    world.visitor().move_by_link(link, slot)
    (again,) = world.add_slots("2026-12-03 09:00")
    elsewhere = world.make_portal().visitor(world.tenant)
    for call in (
        lambda: elsewhere.look_at_link(link),
        lambda: elsewhere.link_slots(link, world.clock(), world.clock() + timedelta(days=20)),
        lambda: elsewhere.move_by_link(link, again),
        lambda: elsewhere.cancel_by_link(link),
    ):
        assert reason_of(call) is Reason.LINK_GONE
    assert world.stored(SpentLink, claims_of(link)["i"]) is not None


def test_of_many_hands_with_one_link_one_acts(world: World) -> None:
    """Sixteen move the appointment by the same link, each to another time: it is moved once."""
    link = link_for(world)
    slots = world.add_slots(*[f"2026-12-02 {hour:02}:{minute}" for hour in range(8, 16) for minute in ("00", "30")])

    def move(slot: str) -> Any:
        return lambda portal: portal.visitor(world.tenant).move_by_link(link, slot)

    ended = at_once(world, *map(move, slots))
    assert sum(not isinstance(one, Exception) for one in ended) == 1
    assert {one.reason for one in ended if isinstance(one, Exception)} <= {Reason.LINK_GONE, Reason.BUSY}  # type: ignore[attr-defined]


def test_a_refused_act_does_not_use_the_link_up(world: World) -> None:
    """The time was taken: the link is good for another one."""
    link = link_for(world)
    assert reason_of(lambda: world.visitor().move_by_link(link, "no-such-slot")) is Reason.SLOT_TAKEN
    assert world.visitor().cancel_by_link(link).status is AppointmentStatus.CANCELLED


def test_a_link_ends_at_its_second(world: World) -> None:
    """Good a second before, gone at it."""
    world.change_policy("messages", link_life=timedelta(hours=1))
    link = link_for(world)
    world.clock.advance(timedelta(hours=1, seconds=-1))
    world.visitor().look_at_link(link)
    world.clock.advance(timedelta(seconds=1))
    for act in ("look_at_link", "cancel_by_link"):
        assert reason_of(lambda act=act: getattr(world.visitor(), act)(link)) is Reason.LINK_GONE


def test_a_link_is_worthless_at_another_business(world: World) -> None:
    """The same store, the same keys, the same ids of client and appointment: another business."""
    other = Neighbour(world)
    mine, elsewhere = link_for(world), link_for(other)
    assert reason_of(lambda: other.visitor().look_at_link(mine)) is Reason.LINK_GONE
    assert reason_of(lambda: world.visitor().cancel_by_link(elsewhere)) is Reason.LINK_GONE
    assert other.visitor().look_at_link(elsewhere).appointment.id == "a1"


def test_other_signed_things_are_no_links(world: World) -> None:
    """A device's token is signed with the same key: for another use, and so it is nothing here."""
    link = link_for(world)
    signed_in = world.sign_in(ANA)
    for other in (signed_in.device, signed_in.token):
        assert reason_of(lambda other=other: world.visitor().look_at_link(other)) is Reason.LINK_GONE
    patient(world)
    world.change_policy("login", live_codes=1)
    world.clock.advance(timedelta(seconds=1))
    world.get_code(ANA)
    world.clock.advance(timedelta(seconds=1))
    assert reason_of(lambda: world.visitor(device=link).request_code(ANA)) is Reason.TOO_MANY_CODES


def test_a_link_in_a_message_begins_with_the_configured_address(world: World) -> None:
    """``base_url`` is the only source of it; what is sent is the link that staff were shown."""
    link_for(world)
    link = world.staff().appointment_link("a1", send=True).reveal()
    world.deliver()
    (message,) = world.box.messages
    assert message.text.endswith(f"https://kowhai.example/change/{link}")


@pytest.mark.parametrize(
    "made_up",
    ["http://kowhai.example/", "//evil", "javascript:alert(1)", "https:evil", "http://localhost.evil.example/", "/x",
     "https://", "https://kowhai.example/\nBcc: all", "ftp://kowhai.example/"],
    ids=ascii,
)  # fmt: skip
def test_a_base_address_that_is_none_is_refused_when_the_portal_is_built(memory_world: World, made_up: str) -> None:
    """Without TLS, without a host, with a look-alike of localhost or a line break in it."""
    with pytest.raises(InvalidInput):
        memory_world.make_portal(base_url=made_up)


# --- keys ------------------------------------------------------------------------------------------------------------


def rings() -> tuple[KeyRing, KeyRing, KeyRing]:
    """Before a rotation, during it, and after it."""
    old, new = KeyRing.generate_secret(), KeyRing.generate_secret()
    return (
        KeyRing.from_secrets({"old": old}),
        KeyRing.from_secrets({"new": new, "old": old}),
        KeyRing.from_secrets({"new": new}),
    )


def test_codes_links_devices_and_sessions_live_through_a_rotation(world: World) -> None:
    """A new key is put in front in the middle of everything: all that the old one made goes on."""
    before, during, _ = rings()
    world.portal = world.make_portal(keys=before)
    link = link_for(world)
    signed_in = world.sign_in(ANA)
    world.clock.advance(timedelta(minutes=11))
    queued = world.visitor(device=signed_in.device).request_code(ANA)
    world.deliver()
    receipt_sent, receipt_code = world.get_code("021 765 4321")
    world.visitor().verify_code(receipt_sent.handle, receipt_code, key="k")

    world.portal = world.make_portal(keys=during)
    assert world.visitor().look_at_link(link).appointment.id == "a1"
    assert world.client(signed_in).profile().first_name == "Ana"
    code = world.code_in(world.box.to("+64211234567")[-1])
    assert world.visitor().verify_code(queued.handle, code).record is not None
    world.visitor().verify_code(receipt_sent.handle, receipt_code, key="k")
    assert link_for(world).startswith("new.")


def test_a_code_that_waits_in_the_outbox_is_sent_after_a_rotation(world: World) -> None:
    """Asked for under the old key, sent and typed in under the new one."""
    before, during, _ = rings()
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    sent = world.make_portal(keys=before).visitor(world.tenant).request_code(ANA)
    world.portal = world.make_portal(keys=during)
    world.deliver()
    assert world.visitor().verify_code(sent.handle, world.code_in(world.box.messages[-1])).record is not None


def test_removing_a_key_ends_what_it_made(world: World) -> None:
    """Its codes are wrong, its links are gone, its devices are strangers, its unsent messages visibly abandoned."""
    before, during, after = rings()
    world.portal = world.make_portal(keys=before)
    link = link_for(world)
    device = world.sign_in(ANA).device
    patient(world)
    world.clock.advance(timedelta(seconds=1))
    sent, code = world.get_code(ANA)
    world.clock.advance(timedelta(seconds=1))
    world.visitor().request_code(ANA)
    world.portal = world.make_portal(keys=during)
    newer = world.client(world.sign_in(ANA)).profile()
    assert newer.first_name == "Ana"

    world.portal = world.make_portal(keys=after)
    world.clock.advance(timedelta(minutes=-11))
    assert reason_of(lambda: world.visitor().verify_code(sent.handle, code)) is Reason.CODE_WRONG
    assert reason_of(lambda: world.visitor().look_at_link(link)) is Reason.LINK_GONE
    world.change_policy("login", live_codes=1)
    assert reason_of(lambda: world.visitor(device=device).request_code(ANA)) is Reason.TOO_MANY_CODES


def test_an_unsent_code_of_a_removed_key_is_abandoned_visibly(world: World) -> None:
    """It cannot be made any more; the messages behind it leave."""
    before, _, after = rings()
    world.make_portal(keys=before).visitor(world.tenant).request_code(ANA)
    world.portal = world.make_portal(keys=after)
    world.visitor().request_code("021 765 4321")
    done = world.deliver()
    assert (done.sent, done.abandoned) == (1, 1)
    (line,) = world.staff().outbox()
    assert "key" in line.note


def test_a_device_of_the_newer_key_stays_known_when_the_older_one_goes(world: World) -> None:
    """Only what the removed key signed dies with it."""
    _, during, after = rings()
    world.add_client("ana", "Ana Kingi", mobile=ANA)
    world.portal = world.make_portal(keys=during)
    device = world.sign_in(ANA).device
    world.portal = world.make_portal(keys=after)
    patient(world)
    world.change_policy("login", live_codes=1)
    world.clock.advance(timedelta(minutes=11))
    world.get_code(ANA)
    world.clock.advance(timedelta(seconds=1))
    assert reason_of(lambda: world.visitor().request_code(ANA)) is Reason.TOO_MANY_CODES
    assert world.visitor(device=device).request_code(ANA).handle
