"""Staff's pages of what they look after: money that is in no book, a client's login; each by its permission."""

from __future__ import annotations

import pytest

from clientportal import Permission, presets
from clientportal.testing.fake_provider import Behaviour
from password_ground import add_account
from web.browser import Browser, browser
from web.test_held import ana as shop
from web.test_staff import mia
from world import EVERYTHING, World

ANA = "ana@example.com"


def stuck(world: World) -> None:
    """Ana has paid 65.00, and the provider has charged something else: it is in no book."""
    one, _ = shop(world, Behaviour.WRONG_AMOUNT)
    one.open("/payments/i1/pay")
    one.send("/payments/i1/pay")


@pytest.mark.requirement("V8")
def test_money_that_is_in_no_book_waits_for_staff_until_it_is_dealt_with(world: World) -> None:
    """It is in the list with what was charged; noted, it is among what is done, with who has dealt with it."""
    stuck(world)
    one = mia(world)
    page = one.open("/staff/payments")
    assert "NZ$65.00" in page.text
    assert "Charged, and in no book" in page.text
    assert ("/change/staff/payments", "Payments") in page.links
    assert "Noted." in one.send("/handled").text
    assert "There is nothing here yet." in one.open("/staff/payments").text
    done = one.open("/staff/payments?stage=done")
    assert "Dealt with by staff:mia" in done.text
    assert one.open("/staff/payments?stage=nonsense").status == 200


def test_payments_are_for_whoever_may_see_them(memory_world: World) -> None:
    """Everybody else has no such line in the menu, sees nothing there, and notes nothing."""
    stuck(memory_world)
    boss, other = mia(memory_world), mia(memory_world, EVERYTHING - {Permission.PAYMENTS})
    assert "Payments" not in [text for _, text in other.open("/staff").links]
    refused = other.open("/staff/payments")
    assert refused.status == 403
    assert "NZ$65.00" not in refused.text
    boss.open("/staff/payments")
    assert _refused(other, boss, "/handled")
    assert "NZ$65.00" in boss.open("/staff/payments").text


def _refused(one: Browser, boss: Browser, action: str) -> bool:
    """Mia without the permission sends the very form that was shown to her while she had it."""
    assert boss.page is not None
    form = boss.page.form(action)
    one.cookies = boss.cookies
    answer = one.request("POST", form.action, form.fields, sec_fetch_site="same-origin")
    assert isinstance(answer.body, bytes)
    # Not because of the form's token: because of the permission, which staff are told of.
    return answer.status == 403 and b"Please try once more" not in answer.body


@pytest.mark.requirement("TT3")
def test_staff_log_a_client_out_and_reset_the_password(world: World) -> None:
    """From the client's page, each after one more question: the session ends; a link goes to the client alone."""
    world.use(presets.timetap(region="NZ"))
    ref = world.add_client("ana", "Ana Kingi", email=ANA)
    add_account(world, ANA, ref=ref)
    one = mia(world)
    assert one.open("/staff/clients/client:ana").heading == "Ana Kingi"
    page = one.open(_link(one, "Log out everywhere"))
    assert page.heading == "Log this client out everywhere?"
    assert "Logged out everywhere." in one.send("/end-sessions").text
    sent = len(world.box.messages)
    assert one.open(_link(one, "Reset the password")).heading == "Reset the password?"
    assert "a link is on its way" in one.send("/reset-password").text
    assert len(world.box.messages) == sent + 1
    assert world.box.messages[-1].to == ANA
    assert world.box.messages[-1].text not in one.page.html  # type: ignore[union-attr]


def _link(one: Browser, text: str) -> str:
    assert one.page is not None
    return {said: href for href, said in one.page.links}[text]


@pytest.mark.parametrize(
    ("act", "permission"),
    [("end-sessions", Permission.END_SESSIONS), ("reset-password", Permission.RESET_PASSWORDS)],
)
def test_whoever_may_not_touch_a_login_has_no_button_and_is_refused(
    memory_world: World, act: str, permission: Permission
) -> None:
    """Neither on the client's page nor by the address; the session goes on."""
    world = memory_world
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    her = browser(world)
    her.sign_in("021 123 4567")
    one = mia(world, EVERYTHING - {permission})
    page = one.open("/staff/clients/client:ana")
    assert act not in page.html
    assert one.open(f"/staff/clients/client:ana/{act}").status == 403
    boss = mia(world)
    boss.open(f"/staff/clients/client:ana/{act}")
    assert _refused(one, boss, act)
    assert her.open("/bookings").status == 200


def test_a_reset_that_the_business_does_not_offer_says_so(memory_world: World) -> None:
    """Under Timely's policy there are no passwords at all: refused with what staff can do."""
    memory_world.add_client("ana", "Ana Kingi", mobile="021 123 4567")
    one = mia(memory_world)
    one.open("/staff/clients/client:ana/reset-password")
    assert one.send("/reset-password").status == 403
