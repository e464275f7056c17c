"""Pages of documents, forms, notices and messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from clientportal import RecordRef
from clientportal.values.forms import Condition, FormRequest, Question
from clientportal.web import Response
from papers import open_papers, share
from web.browser import Browser, browser
from world import World, at

PLAN = bytes(range(256)) * 4096


def ana(world: World) -> Browser:
    """Ana Kingi, logged in, where everything of it is shown."""
    open_papers(world)
    world.change_policy(
        "visibility", sections=("account", "bookings", "documents", "forms", "messages", "notifications")
    )
    world.change_policy("portal", actions=None)
    world.add_client("ana", "Ana Kingi", mobile="021 123 4567", email="ana@example.co.nz")
    one = browser(world)
    one.sign_in("021 123 4567")
    return one


REF = RecordRef.client("ana")


def intake(world: World) -> None:
    """A form with a question of each sort that a page has to show."""
    questions = (
        Question(name="allergy", label="Any allergies?", kind="yes_no", required=True),
        Question(name="which", label="Which?", kind="text", required=True, when=Condition("allergy", "yes")),
        Question(name="areas", label="Where does it hurt?", kind="several", options=("Neck", "Back")),
        Question(name="since", label="Since when?", kind="date"),
        Question(name="weight", label="Weight in kg", kind="number", decimals=1),
        Question(name="terms", label="I agree to the treatment", kind="consent", edition="2026-1", required=True),
    )
    sent = FormRequest(id="f1", ref=REF, title="Intake", sent_at=at("2026-11-20 09:00"), questions=questions)
    world.seed("add_items", [sent])


def body_of(world: World, response: Response) -> bytes:
    """Everything that a response streams."""
    if isinstance(response.body, bytes):
        return response.body
    if hasattr(response.body, "__anext__"):

        async def collect() -> bytes:
            return b"".join([piece async for piece in response.body])  # type: ignore[union-attr]

        found: Any = world.run(collect())
        return bytes(found)
    return b"".join(response.body)  # type: ignore[arg-type]


@pytest.mark.requirement("V9")
def test_a_shared_document_is_downloaded_whole_or_in_part(world: World) -> None:
    """Named, never shown in the browser; a range is a range; what was never there is not there."""
    one = ana(world)
    share(world, "plan", REF, "Care plan.pdf", PLAN, shared="2026-11-20 09:00")
    assert "Care plan.pdf" in one.open("/documents").text
    whole = one.request("GET", "/change/documents/plan")
    assert whole.status == 200
    assert whole.headers["content-disposition"].startswith("attachment")
    assert whole.headers["cache-control"].endswith("no-store")
    assert body_of(world, whole) == PLAN
    part = one.request("GET", "/change/documents/plan", range="bytes=256-511")
    assert part.status == 206
    assert part.headers["content-range"] == f"bytes 256-511/{len(PLAN)}"
    assert body_of(world, part) == PLAN[256:512]
    assert one.request("GET", "/change/documents/plan", range=f"bytes={len(PLAN)}-").status == 416
    assert one.request("GET", "/change/documents/bens").status == 404


@pytest.mark.requirement("T8", "T3")
def test_a_form_is_kept_for_later_corrected_and_sent_in_once(world: World) -> None:
    """What was typed wrong is said at its question, and nothing is lost; once sent in it cannot be changed."""
    one = ana(world)
    intake(world)
    assert "To be filled in" in one.open("/forms").text
    one.open("/forms/f1")
    kept = one.send("/forms/f1", press="Keep it for later", q_allergy="yes", q_weight="sixty")
    assert "Kept. You can go on at any time." in kept.text
    assert 'value="sixty"' in kept.html
    wrong = one.send("/forms/f1", press="Send it in", q_allergy="yes")
    assert wrong.status == 422
    for said in ("Please answer this.", "Please write a number, such as 12.5."):
        assert said in wrong.text
    assert 'href="#q_weight"' in wrong.html
    sent = one.send("/forms/f1", press="Send it in", q_which="Latex", q_weight="61.5", q_terms="2026-1", q_areas="Back")
    assert "Thank you, it is sent in." in sent.text
    assert "Latex" in sent.text
    assert "Send it in" not in sent.text


@pytest.mark.requirement("T2", "T3")
def test_the_link_of_a_form_asks_for_the_login_and_then_leads_to_the_form(world: World) -> None:
    """Without a session nothing of the form is told; after the code the form is there."""
    one = ana(world)
    intake(world)
    link = world.portal.form_link(world.tenant, "f1").reveal()
    other = browser(world)
    page = other.open(f"/form/{link}")
    assert page.heading == "Sign in"
    assert "Intake" not in page.text
    world.clock.advance(timedelta(minutes=11))
    other.send("/sign-in", contact="021 123 4567")
    assert other.send("/sign-in/code", code=world.code_in(world.box.messages[-1])).heading == "Intake"
    assert one.open("/form/nonsense").status == 410


@pytest.mark.requirement("V10")
def test_the_client_writes_to_the_business_and_reads_what_it_was_told(world: World) -> None:
    """A message stands in the conversation as it was typed, markup and all; notices are marked as read."""
    one = ana(world)
    one.open("/messages")
    sent = one.send("/messages", text="Is <b>parking</b> free?\nThanks")
    assert "Sent." in sent.text
    assert "&lt;b&gt;parking&lt;/b&gt;" in sent.html
    empty = one.send("/messages", text="   ")
    assert empty.status == 422
    assert "Please write something." in empty.text
    world.portal.notify(world.tenant, REF, "other", title="New opening hours", text="From Monday on")
    told = one.open("/notifications")
    assert "New opening hours" in told.text
    assert "Mark all as read" in told.text
    assert "Mark all as read" not in one.send("/notifications/read").text


@pytest.mark.requirement("V5")
def test_what_is_hidden_is_refused_on_the_server_from_an_open_session(world: World) -> None:
    """The pages were open a moment ago; the business hides them: every address is refused."""
    one = ana(world)
    share(world, "plan", REF, "Care plan.pdf", PLAN, shared="2026-11-20 09:00")
    intake(world)
    one.open("/messages")
    form = one.page.form("/messages")  # type: ignore[union-attr]
    world.change_policy("visibility", sections=("account", "bookings"))
    for path in ("/documents", "/documents/plan", "/forms", "/forms/f1", "/messages", "/notifications"):
        assert one.open(path).status == 403, path
    sent = one.request("POST", form.action, {**form.fields, "text": "hello"}, sec_fetch_site="same-origin")
    assert sent.status == 403
