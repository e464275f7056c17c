"""Accounts on real pages: registering, proving, resetting, changing password and email, the authenticator app."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest

from accounts_ground import an_account
from clientportal.policy import SecondFactorUse
from clientportal.records import Account, Consent
from clientportal.values import parse_email
from mails import AGREED, ANOTHER, PASSWORD, acuity, link_in, timetap
from web.browser import Browser, Page, browser
from web.test_signing_in import bare
from world import World

ANA = "ana@example.com"


def agreeing(page: Page) -> dict[str, str]:
    """Every box of a form, ticked."""
    return dict(re.findall(r'name="(consent-\w+)" type="checkbox" value="(\w+)"', page.html))


def with_account(world: World, **more: object) -> Browser:
    """Ana has an account, and has signed in with its password."""
    an_account(world, ANA, "2026-01-05 09:00", proved="2026-01-05 09:10", password=PASSWORD)
    return signed_in(world, **more)


def signed_in(world: World, password: str = PASSWORD, **more: object) -> Browser:
    """Somebody signs in with Ana's email and a password."""
    one = browser(world, **more)
    one.open("/login")
    one.send("/sign-in", email=ANA, password=password)
    return one


# --- registering -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("A1")
def test_registering_from_the_confirmation_page_with_every_consent(world: World) -> None:
    """Without that page it is refused in words; without a consent its box says so; with everything it is made."""
    acuity(world)
    one = browser(world)
    assert "confirmation page of a booking" in one.open("/register").text
    ref = world.add_client("guest", "Ana Kingi", email=ANA)
    world.book("a1", ref, "2026-12-24 09:00")
    proof = world.portal.confirmation(world.tenant, "a1").reveal()
    page = one.open(f"/register/{proof}")
    assert set(agreeing(page)) == {"consent-terms", "consent-privacy"}
    typed = {"first_name": "Ana", "email": ANA, "new_password": PASSWORD}
    page = one.send(f"/register/{proof}", **typed, **{"consent-terms": "1"})
    assert page.status == 422
    assert 'aria-describedby="consent-privacy-wrong"' in page.html
    assert page.form(f"/register/{proof}").fields["email"] == ANA
    assert PASSWORD not in page.html
    page = one.send(f"/register/{proof}", **typed, **agreeing(page))
    assert page.heading == "Your account is made"
    [account] = world.all_stored(Account, "email", str(parse_email(ANA).key()))
    kept = world.all_stored(Consent, "account", account.id)
    assert {(consent.document, consent.edition) for consent in kept} == set(AGREED.items())


def test_a_password_that_is_too_short_is_said_at_its_field(memory_world: World) -> None:
    """With the number of characters that would do."""
    timetap(memory_world)
    one = browser(memory_world)
    one.open("/register")
    page = one.send("/register", email=ANA, new_password="short")
    assert page.status == 422
    assert 'aria-describedby="new_password-hint new_password-wrong"' in page.html
    assert "at least 15 characters" in page.text


def test_registering_looks_the_same_whether_the_email_has_an_account_or_not(memory_world: World) -> None:
    """The page after it, byte for byte; what the mailbox reads is another matter."""
    world = memory_world
    timetap(world)
    an_account(world, ANA, "2026-01-05 09:00", proved="2026-01-05 09:10", password=PASSWORD)
    seen = set()
    for number, email in enumerate((ANA, "eve@example.com")):
        one = browser(world, source=f"192.0.2.{number + 20}")
        one.open("/register")
        page = one.send("/register", email=email, new_password=ANOTHER)
        seen.add(f"{page.status} {page.address}\n{bare(page.html)}")
    assert len(seen) == 1


def test_the_email_is_proved_in_the_same_browser_by_a_button(world: World) -> None:
    """The link shows who it is for, however often it is looked at; the button proves, and the session goes on."""
    timetap(world)
    one = browser(world)
    one.open("/register")
    one.send("/register", email=ANA, new_password=PASSWORD, first_name="Ana")
    link = link_in(world, ANA)
    for _ in range(3):
        page = one.open(f"/verify/{link}")
    assert "example.com" in page.text
    [account] = world.all_stored(Account, "email", str(parse_email(ANA).key()))
    assert account.proved_at is None
    assert "Your email is confirmed." in one.send(f"/verify/{link}").text
    assert world.stored(Account, account.id).proved_at == world.clock()
    assert browser(world).open(f"/verify/{link}").status == 410


def test_elsewhere_the_password_proves_it_and_a_wrong_one_does_not(world: World) -> None:
    """On the phone, without the session; the alert stands at the field."""
    timetap(world)
    desk = browser(world)
    desk.open("/register")
    desk.send("/register", email=ANA, new_password=PASSWORD)
    link = link_in(world, ANA)
    phone = browser(world)
    phone.open(f"/verify/{link}")
    page = phone.send(f"/verify/{link}", password=ANOTHER)
    assert page.status == 422
    assert "That is not the password." in page.text
    assert "Your email is confirmed." in phone.send(f"/verify/{link}", password=PASSWORD).text


def test_whoever_did_not_register_makes_an_account_of_their_own_with_the_same_link(memory_world: World) -> None:
    """ "It is my address": the stranger's password is worthless afterwards."""
    world = memory_world
    timetap(world)
    eve = browser(world)
    eve.open("/register")
    eve.send("/register", email=ANA, new_password=ANOTHER)
    link = link_in(world, ANA)
    ana = browser(world, source="192.0.2.9")
    ana.open(f"/verify/{link}")
    ana.open(f"/verify/{link}/claim")
    assert ana.send(f"/verify/{link}/claim", new_password=PASSWORD).heading == "Sign in"
    assert ana.send("/sign-in", email=ANA, password=ANOTHER).status == 422
    assert ana.send("/sign-in", email=ANA, password=PASSWORD).status == 200
    assert eve.open("/login").heading == "Sign in"


# --- resetting -------------------------------------------------------------------------------------------------------


def test_a_new_password_is_set_by_mail_and_nobody_is_logged_in_by_it(world: World) -> None:
    """The same answer for a stranger; the link acts once; every session is over, and the browser is known."""
    timetap(world)
    open_one = with_account(world)
    one = browser(world, source="192.0.2.9")
    answers = []
    for email in ("eve@example.com", ANA):
        one.open("/reset")
        answers.append(bare(one.send("/reset", email=email).html).replace(email, "…"))
    assert answers[0] == answers[1]
    link = link_in(world, ANA, "reset")
    one.open(f"/reset/{link}")
    assert one.send(f"/reset/{link}", new_password="short").status == 422
    page = one.send(f"/reset/{link}", new_password=ANOTHER)
    assert page.heading == "Sign in"
    assert "Your password is set." in page.text
    assert any("-device-" in name for name in one.cookies)
    assert open_one.open("/login").heading == "Sign in"
    assert one.open(f"/reset/{link}").status == 410
    one.open("/login")
    assert one.send("/sign-in", email=ANA, password=ANOTHER).heading == "Login and devices"


# --- in the account --------------------------------------------------------------------------------------------------


def test_the_password_is_changed_with_the_old_one(world: World) -> None:
    """The session goes on under a new token; every other one ends."""
    timetap(world)
    one = with_account(world)
    other = signed_in(world, source="192.0.2.9")
    one.open("/login/password")
    page = one.send("/login/password", password=ANOTHER, new_password=ANOTHER)
    assert "That is not the password." in page.text
    page = one.send("/login/password", password=PASSWORD, new_password=ANOTHER)
    assert "Your password is changed." in page.text
    assert one.open("/login").heading == "Login and devices"
    assert other.open("/login").heading == "Sign in"


def test_the_email_is_changed_after_the_password_was_shown_again(world: World) -> None:
    """An hour after signing in: the password first, then where Ana wanted to go; the new address confirms."""
    timetap(world)
    one = with_account(world)
    world.clock.advance(timedelta(hours=1))
    one.open("/login/email")
    page = one.send("/login/email", email="ana@new.example")
    assert page.heading == "Your password, once more"
    assert one.send("/confirm-password", password=ANOTHER).status == 422
    assert one.send("/confirm-password", password=PASSWORD).heading == "Change your email"
    assert "is on its way" in one.send("/login/email", email="ana@new.example").text
    link = link_in(world, "ana@new.example", "change_email")
    elsewhere = browser(world, source="192.0.2.9")
    assert elsewhere.open(f"/change_email/{link}").heading == "Sign in"
    one.open(f"/change_email/{link}")
    assert "Your email is changed." in one.send(f"/change_email/{link}").text
    back = link_in(world, ANA, "revert_email")
    elsewhere.open(f"/revert_email/{back}")
    assert "earlier email again" in elsewhere.send(f"/revert_email/{back}").text
    assert one.open("/login").heading == "Sign in"


def test_an_authenticator_app_is_set_up_and_asked_for(world: World) -> None:
    """Its secret and its recovery codes are shown once; then the password alone opens nothing."""
    timetap(world)
    world.change_policy("accounts", second_factor=SecondFactorUse.OFFERED)
    one = with_account(world)
    one.open("/second-factor/new")
    page = one.send("/second-factor/new")
    [secret] = re.findall(r'class="code">([A-Z2-7]+)<', page.html)
    app = pyotp.TOTP(secret)
    assert one.send("/second-factor/confirm", code="12").status == 422
    page = one.send("/second-factor/confirm", code=app.at(world.clock()))
    codes = re.findall(r'<li class="code">([^<]+)</li>', page.html)
    assert len(codes) == 10
    assert one.open("/login").heading == "Login and devices"
    world.clock.advance(timedelta(minutes=2))
    other = signed_in(world, source="192.0.2.9")
    assert other.page.heading == "Your authenticator app"  # type: ignore[union-attr]
    assert other.open("/login").heading == "Your authenticator app"
    assert other.send("/second-factor", code="000000").status == 422
    assert other.send("/second-factor", code=app.at(world.clock())).heading == "Login and devices"
    third = signed_in(world, source="192.0.2.10")
    assert third.send("/second-factor", code=codes[0]).heading == "Login and devices"


def test_a_required_app_is_set_up_before_anything_else(memory_world: World) -> None:
    """Whoever has none is led to setting it up, and from there to where they wanted to go."""
    world = memory_world
    timetap(world)
    world.change_policy("accounts", second_factor=SecondFactorUse.REQUIRED)
    one = with_account(world)
    assert one.page.heading == "Set up an authenticator app"  # type: ignore[union-attr]
    page = one.send("/second-factor/new")
    [secret] = re.findall(r'class="code">([A-Z2-7]+)<', page.html)
    page = one.send("/second-factor/confirm", code=pyotp.TOTP(secret).at(world.clock()))
    assert any(href.endswith("/login") for href, _ in page.links)
    one.open("/login/second-factor")
    assert "cannot be taken off" in one.page.text  # type: ignore[union-attr]


def test_one_more_record_is_claimed_by_a_code(world: World) -> None:
    """Ana's son is a client of his own with another email, which she has too."""
    timetap(world)
    world.add_client("ana", "Ana Kingi", email=ANA)
    world.add_client("ben", "Ben Kingi", email="ben@example.com")
    one = with_account(world)
    one.open("/claim")
    one.send("/claim", contact="ben@example.com")
    page = one.send("/claim/code", code=world.code_in(world.box.messages[-1]))
    assert page.heading == "Who is it about?"
    assert "Ben K." in page.text


def test_an_invitation_sets_a_password_and_opens_the_account(memory_world: World) -> None:
    """Staff invite a client; the link's page logs in."""
    world = memory_world
    timetap(world)
    ana = world.add_client("ana", "Ana Kingi", email=ANA)
    world.staff().invite(ana)
    link = link_in(world, ANA, "invitation")
    one = browser(world)
    assert "has prepared an account" in one.open(f"/invitation/{link}").text
    one.send(f"/invitation/{link}", new_password=PASSWORD)
    assert one.open("/home").heading == "Hello Ana"
