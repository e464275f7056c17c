"""Another mobile or email for one's own record, by a code to the new one (M7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clientportal import RecordRef
from web.browser import Browser, browser
from world import World

OLD, NEW = "021 123 4567", "021 888 9999"
REF = RecordRef.client("ana")


def ana(world: World, *editable: str) -> Browser:
    """Ana Kingi, logged in by a code to her mobile."""
    world.change_policy("visibility", editable=editable)
    world.add_client("ana", "Ana Kingi", mobile=OLD, email="ana@example.co.nz")
    one = browser(world)
    one.sign_in(OLD)
    return one


@pytest.mark.requirement("M7")
def test_a_mobile_is_replaced_by_a_code_to_the_new_one(world: World) -> None:
    """From the account's page: the code goes to the new number, a wrong one changes nothing, the right one does; she
    stays logged in, and the earlier number is told.
    """
    one = ana(world, "last_name", "mobile")
    account = one.open("/account")
    assert ("/change/account/contact", "Change your mobile or email") in account.links
    edit = one.open("/account/edit")
    assert 'name="last_name"' in edit.html
    assert 'name="mobile"' not in edit.html
    assert one.open("/account/contact").html.count("New mobile number") == 1
    assert "This is not" in one.send("/account/contact", contact="0").text or one.page.status == 422  # type: ignore[union-attr]
    one.send("/account/contact", contact=NEW)
    code = world.code_in(world.box.messages[-1])
    wrong = one.send("/account/contact/code", code="000000" if code != "000000" else "111111")
    assert wrong.status == 422
    assert one.send("/account/contact/code", code="12").status == 422
    done = one.send("/account/contact/code", code=code)
    assert done.heading == "Your details"
    assert "Changed. We have told your earlier contact." in done.text
    assert "021 888 9999" in done.text or "+64218889999" in done.text
    assert world.box.messages[-1].to.endswith("211234567")


@pytest.mark.requirement("M7")
def test_whoever_logged_in_long_ago_logs_in_first_and_comes_back(world: World) -> None:
    """An hour later somebody at her open browser types a number: the sign-in comes first, and leads back."""
    one = ana(world, "mobile")
    world.clock.advance(timedelta(hours=1))
    one.open("/account/contact")
    page = one.send("/account/contact", contact=NEW)
    assert page.heading == "Sign in"
    one.send("/sign-in", contact=OLD)
    back = one.send("/sign-in/code", code=world.code_in(world.box.messages[-1]))
    assert back.heading == "Change your mobile or email"


def test_a_code_can_be_sent_again_and_without_one_it_begins_anew(memory_world: World) -> None:
    """Not before its time; a browser that has asked for none is led to the first page."""
    one = ana(memory_world, "mobile", "email")
    assert "New mobile number or email" in one.open("/account/contact/code").text
    for path in ("/account/contact/code", "/account/contact/code/resend"):
        form = one.page.form("/account/contact")  # type: ignore[union-attr]
        answer = one.request("POST", f"/change{path}", form.fields, sec_fetch_site="same-origin")
        assert answer.headers["location"].endswith("/account/contact")
    one.send("/account/contact", contact=NEW)
    sent = len(memory_world.box.messages)
    assert one.send("/account/contact/code/resend").status == 429
    memory_world.clock.advance(timedelta(minutes=2))
    one.send("/account/contact/code/resend")
    assert len(memory_world.box.messages) == sent + 1
    assert "Changed" in one.send("/account/contact/code", code=memory_world.code_in(memory_world.box.messages[-1])).text


def test_where_no_contact_may_be_changed_the_page_says_so(memory_world: World) -> None:
    """Nothing leads there, and the address itself is refused."""
    one = ana(memory_world, "last_name")
    assert "Change your mobile" not in one.open("/account").text
    assert one.open("/account/contact").status == 403
