"""Documents and forms under attack: names that break out, ids that are somebody else's, access that ends midway."""

from __future__ import annotations

import itertools
import re
from contextlib import suppress
from email.message import Message
from typing import Any
from urllib.parse import unquote

import pytest

from clientportal import ClientPortalError, Reason, Refused
from clientportal.rules.form_access import FORM_LINK
from papers import ANSWERS, form_there, open_papers, pieces_of, read_all, send_form, share
from security.attacking import ANA, Neighbour
from watching import everything_stored, reason_of, refusal_of
from world import World, client

BEN = "021 765 4321"
NAMES = {
    "climbs": "../../../etc/passwd",
    "climbs on Windows": "..\\..\\boot.ini",
    "adds a header": 'x.pdf"\r\nSet-Cookie: session=eve\r\n\r\n<script>',
    "ends its quotes": 'x"; filename="evil.html',
    "is encoded already": "x%0d%0aSet-Cookie:%20a=b.pdf",
    "reads as another": "invoice\u202efdp.exe",
    "is nothing": "\x00\u200b",
    "is a surrogate": "\ud800.pdf",
}


@pytest.fixture
def shop(world: World) -> World:
    """Ana and Ben, each with a document and a form."""
    open_papers(world)
    for name, mobile in (("ana", ANA), ("ben", BEN)):
        ref = world.add_client(name, f"{name.title()} Kingi", mobile=mobile)
        share(world, f"{name}-doc", ref, f"{name}.pdf", b"x" * 600_000)
        send_form(world, f"{name}-form", ref)
    return world


@pytest.mark.parametrize("attack", NAMES)
def test_no_name_of_a_document_breaks_out_of_its_header(shop: World, attack: str) -> None:
    """What a browser is told is one line of ASCII; what it saves under has no folder, no direction and no quote."""
    share(shop, "evil", client("ana"), NAMES[attack], b"<script>", media_type="text/html\r\nX: y")
    download = shop.log_in(ANA).download("evil")
    told = Message()
    for name, value in download.headers.items():
        assert re.fullmatch(r"[\x20-\x7e]+", value), (name, value)
        told[name] = value
    assert told.get_content_disposition() == "attachment"
    assert told.get_content_type() == "application/octet-stream"
    assert told["X-Content-Type-Options"] == "nosniff"
    for saved in (told.get_filename(), unquote(told["Content-Disposition"].rpartition("''")[2])):
        assert saved
        assert not set(saved) & set("/\\\r\n\x00\u202e"), saved
        assert not saved.startswith(".")
    assert read_all(shop, download) == b"<script>"


def test_ids_of_others_and_of_nobody_look_alike(shop: World) -> None:
    """A document, a form, a part of one: whatever is asked with Ben's id says what it says of none."""
    door = shop.log_in(ANA)
    for call in (
        lambda id: door.download(id),
        lambda id: door.download(id, offset=10**9),
        lambda id: door.form(id),
        lambda id: door.save_draft(id, {"unknown": "\x00"}),
        lambda id: door.submit_form(id, {}, key="k"),
    ):
        said = [refusal_of(lambda id=id, call=call: call(id)) for id in ("ben-doc", "ben-form", "nothing")]
        assert {one.reason for one in said} == {Reason.NOT_FOUND}
        assert len({str(one) for one in said}) == 1


def test_a_client_of_another_business_reaches_nothing_here(shop: World) -> None:
    """The same ids next door, and a link that was signed here: absent, and gone."""
    other = Neighbour(shop)
    open_papers(other)
    other.add_client("ana", "Ana Kingi", mobile=ANA)
    link = shop.portal.form_link(shop.tenant, "ana-form")
    door = other.log_in(ANA)
    assert [*door.documents().items, *door.forms().items] == []
    assert reason_of(lambda: door.download("ana-doc")) is Reason.NOT_FOUND
    assert reason_of(lambda: door.form("ana-form")) is Reason.NOT_FOUND
    assert reason_of(lambda: door.form("ana-form", link=link)) is Reason.LINK_GONE
    assert reason_of(lambda: other.visitor().look_at_form_link(link)) is Reason.LINK_GONE


def test_access_that_ends_in_the_middle_ends_the_download(shop: World) -> None:
    """Revoked, moved to somebody else, logged out: not a byte after it has returned (I7)."""
    signed_in = shop.sign_in(ANA)
    door = shop.client(signed_in)
    chunks = pieces_of(shop, door.download("ana-doc"))
    next(chunks)
    share(shop, "ana-doc", client("ben"), "ana.pdf", b"x" * 600_000)
    assert reason_of(lambda: next(chunks)) is Reason.NOT_FOUND
    share(shop, "anas", client("ana"), "anas.pdf", b"x" * 600_000)
    chunks = pieces_of(shop, door.download("anas"))
    next(chunks)
    door.log_out_everywhere()
    assert reason_of(lambda: next(chunks)) is Reason.SESSION_ENDED


def test_no_field_of_a_forms_link_can_be_swapped(shop: World) -> None:
    """Every claim of two good links exchanged, one by one, under the first one's signature or none; with the right key
    another form, record, end or purpose is another link, and the form is held against it.
    """
    links = [shop.portal.form_link(shop.tenant, f"{name}-form").reveal() for name in ("ana", "ben")]
    door = shop.log_in(BEN)
    for parts in itertools.product(*(zip(*(link.split(".") for link in links), strict=True))):
        forged = ".".join(parts)
        if forged not in links:
            assert reason_of(lambda forged=forged: door.form("ben-form", link=forged)) is Reason.LINK_GONE
    good = dict(shop.keys.verify(FORM_LINK, links[0]) or {})
    for changed in ({"f": "ben-form"}, {"c": "client:ben"}):
        # What only the holder of the key could make: still, Ana's form opens for nobody else, nor Ben's for Ana's link.
        resigned = shop.keys.sign(FORM_LINK, shop.tenant, {**good, **changed})
        for form in ("ana-form", "ben-form"):
            assert reason_of(lambda form=form, link=resigned: door.form(form, link=link)) is Reason.LINK_GONE
    assert shop.visitor().look_at_form_link(links[0]).form_id == "ana-form"


def test_answers_stand_in_no_log(shop: World, capsys: pytest.CaptureFixture[str]) -> None:
    """What is written in a form is health data often enough: no repr, error, audit line or explanation has it."""
    door = shop.log_in(ANA)
    secret = "HIV-Befund"
    said: list[Any] = []
    for answers in ({"story": secret, "weight": secret}, {**ANSWERS, "story": secret}):
        with suppress(ClientPortalError):
            said.append(door.submit_form("ana-form", answers, key=f"k{len(said)}"))
        try:
            door.submit_form("ana-form", answers)
        except ClientPortalError as error:
            said.append((str(error), repr(error), getattr(error, "problems", None), getattr(error, "refusal", None)))
    said += [door.form("ana-form"), shop.staff().audit(limit=200), shop.observed.all]
    assert form_there(shop, "ana-form").answers["story"] == secret
    assert secret not in repr(said)
    assert secret not in "".join(capsys.readouterr())


def test_looking_and_trying_leaves_nothing_of_hers_changed(shop: World) -> None:
    """Everything that Ben can call with her ids, with and without her link: her form and document are as they were."""
    link = shop.portal.form_link(shop.tenant, "ana-form")
    door = shop.log_in(BEN)
    before = everything_stored(shop)
    for call in (
        lambda: door.form("ana-form", link=link),
        lambda: door.save_draft("ana-form", {"name": "Eve"}, link=link),
        lambda: door.submit_form("ana-form", ANSWERS, link=link, key="k"),
        lambda: door.submit_form("ana-form", ANSWERS, key="k"),
        lambda: door.download("ana-doc"),
    ):
        with pytest.raises(Refused):
            call()
    after = everything_stored(shop)
    assert {name for name in after if after[name] != before.get(name)} <= {"cp_audit", "cp_sessions"}
