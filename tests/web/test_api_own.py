"""As JSON: a platform's own sections, documents themselves, another contact, another password, the end of sessions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clientportal import presets
from clientportal.policy import Proof
from clientportal.values.forms import Question, QuestionKind
from own_sections import add_card, has_stamp_cards, with_stamp_cards
from papers import share
from password_ground import RIGHT, add_account
from web.test_api import Caller, aroha, read
from web.test_papers import body_of, open_papers
from world import World, client

PLAN = bytes(range(256)) * 4


def with_cards(world: World) -> Caller:
    """Aroha with a stamp card, and Ben with one."""
    with_stamp_cards(world)
    one = aroha(world)
    add_card(world, "a1", client("aroha"), 12)
    add_card(world, "b1", world.add_client("ben", "Ben Ngata", mobile="021 765 4321"), 9)
    return one


def test_a_section_of_the_platforms_own_is_listed_read_and_acted_in(world: World) -> None:
    """Her card with its fields and no id of a record; two stamps are left, also where it is sent twice."""
    one = with_cards(world)
    listed = one.ask("GET", "/api/sections/stamp_cards?limit=5")
    assert listed == {
        "items": [{"id": "a1", "business": "", "bar": "Kōwhai Espresso", "stamps": 12}],
        "next": None,
    }
    asked = {"action": "redeem", "item": "a1"}
    for _ in range(2):
        done = one.ask("POST", "/api/sections/stamp_cards", asked, idempotency_key="coffee")
        assert done == {"section": "stamp_cards", "action": "redeem", "item": "a1", "waits": False}
    assert one.ask("GET", "/api/sections/stamp_cards/a1")["stamps"] == 2


def test_somebody_elses_items_and_other_sections_are_not_there(world: World) -> None:
    """Ben's card; a section that nobody has; the shipped ones, which have addresses of their own."""
    one = with_cards(world)
    assert one.send("GET", "/api/sections/stamp_cards/b1").status == 404
    assert one.send("POST", "/api/sections/stamp_cards", {"action": "redeem", "item": "b1"}).status == 404
    assert one.send("POST", "/api/sections/stamp_cards", {"action": "burn", "item": "a1"}).status == 422
    assert one.send("GET", "/api/sections/no_such_thing").status == 403
    assert one.send("GET", "/api/sections/documents").status == 422
    world.change_policy("visibility", sections=("account", "bookings"))
    assert one.send("GET", "/api/sections/stamp_cards").status == 403


def test_what_a_section_asks_is_in_the_list_of_sections(memory_world: World) -> None:
    """Which questions, and what is wrong with the answers."""
    one = with_cards(memory_world)
    asks = {"redeem": (Question(name="cups", label="Cups", kind=QuestionKind.NUMBER, required=True),)}
    honest = memory_world.host.sections[-1]
    has_stamp_cards(memory_world, instead=type("Asking", (honest,), {"asks": asks}))
    two = Caller(memory_world)
    two.token = one.token
    entry = two.ask("GET", "/api/sections")[-1]
    assert entry["asks"]["redeem"][0]["label"] == "Cups"
    wrong = two.send("POST", "/api/sections/stamp_cards", {"action": "redeem", "item": "a1"})
    assert wrong.status == 422
    assert "cups" in read(wrong)["error"]["text"]


def test_a_document_itself_whole_and_in_part(world: World) -> None:
    """Its bytes under the name that it has; a part of it; a part that there is not; not somebody else's."""
    open_papers(world)
    world.change_policy("visibility", sections=("account", "bookings", "documents", "notifications"))
    one = aroha(world)
    share(world, "plan", client("aroha"), "Care plan.pdf", PLAN)
    share(world, "other", world.add_client("ben", "Ben Ngata"), "Other.pdf", PLAN)
    whole = one.send("GET", "/api/documents/plan/content")
    assert (whole.status, body_of(world, whole)) == (200, PLAN)
    assert "Care plan.pdf" in whole.headers["content-disposition"]
    part = one.send("GET", "/api/documents/plan/content", range="bytes=16-31")
    assert (part.status, body_of(world, part)) == (206, PLAN[16:32])
    assert one.send("GET", "/api/documents/plan/content", range="bytes=9999-").status == 416
    assert one.send("GET", "/api/documents/other/content").status == 404
    assert one.ask("GET", "/api/notifications/unread") == {"count": 0}


def test_another_mobile_by_a_code(world: World) -> None:
    """The code goes to the new number; the record has it then."""
    world.change_policy("visibility", editable=("mobile",))
    one = aroha(world)
    sent = one.ask("POST", "/api/profile/contact", {"contact": "021 888 9999"})
    code = world.code_in(world.box.messages[-1])
    done = one.ask("POST", "/api/profile/contact/confirm", {"handle": sent["handle"], "code": code})
    assert done["field"] == "mobile"
    assert "9999" in one.ask("GET", "/api/profile")["mobile"].replace(" ", "")


def test_sessions_end_one_by_one_and_all_at_once(world: World) -> None:
    """Two browsers; the first ends the second, then everything."""
    one, two = aroha(world), Caller(world)
    world.clock.advance(timedelta(minutes=5))
    two.sign_in("021 555 0142")
    other = next(line["id"] for line in one.ask("GET", "/api/sessions") if not line["current"])
    assert one.ask("POST", f"/api/sessions/{other}/end") == {"sessions": 1}
    assert two.send("GET", "/api/profile").status == 401
    assert one.ask("POST", "/api/log-out-everywhere")["sessions"] == 1
    assert one.send("GET", "/api/profile").status == 401


def test_password_and_email_of_an_account(memory_world: World) -> None:
    """The password is shown once more; another one is set with the old; a mail goes to another address."""
    world = memory_world
    world.use(presets.mytime(region="NZ"))
    assert world.policy.login.proof is Proof.PASSWORD
    add_account(world, "ana@example.com", ref=world.add_client("ana", "Ana Kingi", email="ana@example.com"))
    one = Caller(world)
    one.token = one.ask("POST", "/api/sign-in/password", {"email": "ana@example.com", "password": RIGHT})["token"]
    assert one.send("POST", "/api/login/confirm", {"password": "wrong horse"}).status == 422
    one.token = one.ask("POST", "/api/login/confirm", {"password": RIGHT})["token"]
    before = len(world.box.messages)
    assert set(one.ask("POST", "/api/login/email", {"email": "ana.k@example.com"})) == {"expires_at", "resend_at"}
    assert len(world.box.messages) > before
    changed = {"password": RIGHT, "new_password": "ninety-nine little kererū"}
    one.token = one.ask("POST", "/api/login/password", changed)["token"]
    assert one.ask("GET", "/api/profile")["first_name"] == "Ana"


@pytest.mark.parametrize("path", ["/api/sections/stamp_cards", "/api/documents/plan/content", "/api/profile/contact"])
def test_none_of_it_is_answered_without_a_session(memory_world: World, path: str) -> None:
    """401 in JSON, before anybody is told whether it is there."""
    method = "POST" if path.endswith("contact") else "GET"
    one = Caller(memory_world)
    one.token = "no such token"
    assert one.send(method, path, {"contact": "x"} if method == "POST" else None).status == 401
