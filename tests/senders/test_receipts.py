"""Reports on messages: signed as Twilio documents it, read, told to the portal; and what a forger can do, nothing."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Generator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from clientportal import Channel, DeliveryReceipt, DeliveryState, InvalidInput, Secret, presets
from clientportal.senders.twilio import AsyncTwilioSender, TwilioSender
from clientportal.senders.twilio_receipts import TwilioReceipts
from clientportal.web import PortalPages
from clientportal.web.messages import Request
from clientportal.web.receipts import receipts_route
from senders.sms_ground import ACCOUNT, TOKEN, Provider, Report, providing, signed
from world import World

URL = "https://kowhai.example/{business}/hooks/sms"
ADDRESS = "https://kowhai.example/salon/hooks/sms"
CONTEXT = ssl.create_default_context()


def read(
    fields: Mapping[str, str], *, query: str = "message=m-1", token: str = TOKEN, url: str = ADDRESS, **more: Any
) -> DeliveryReceipt | None:
    """Read a report that was signed for that address with that secret."""
    signature = signed(token, f"{url}?{query}", fields)
    receipts = more.pop("receipts", None) or TwilioReceipts(auth_token=TOKEN, url=URL)
    given = {"query": query, "headers": {"X-Twilio-Signature": signature}, "body": urlencode(fields).encode(), **more}
    found: DeliveryReceipt | None = receipts.read("salon", **given)
    return found


@pytest.mark.parametrize(
    ("status", "code", "state", "permanent"),
    [
        ("accepted", "", "taken", False), ("queued", "", "taken", False), ("sending", "", "taken", False),
        ("sent", "", "taken", False), ("delivered", "", "delivered", False), ("read", "", "delivered", False),
        ("undelivered", "30003", "failed", False), ("undelivered", "30005", "failed", True),
        ("undelivered", "30006", "failed", True), ("undelivered", "30007", "failed", True),
        ("failed", "30008", "failed", False), ("failed", "30001", "failed", False), ("failed", "21610", "failed", True),
        ("failed", "", "failed", False), ("failed", "٣٠", "failed", False), ("failed", "3" * 5000, "failed", False),
        ("canceled", "", "failed", False),
    ],
)  # fmt: skip
def test_what_is_reported_is_said_in_the_words_of_no_provider(
    status: str, code: str, state: str, permanent: bool
) -> None:
    """Taken, delivered, failed; for good where another SMS cannot work either."""
    fields = {"MessageSid": "SM1", "MessageStatus": status, "To": "+64215550142", "Whatever": "is new"}
    receipt = read({**fields, "ErrorCode": code} if code else fields)
    known = code if code.isascii() and 0 < len(code) < 7 else ""
    assert receipt == DeliveryReceipt(
        message_id="m-1", state=DeliveryState(state), channel=Channel.SMS, permanent=permanent,
        note=f"{status}, code {known}" if known else status, provider_id="SM1",
    )  # fmt: skip


def test_what_says_nothing_is_nothing() -> None:
    """A state that nobody knows yet, no state, no message."""
    assert read({"MessageStatus": "levitating"}) is None
    assert read({}) is None
    assert read({"MessageStatus": "sent"}, query="") is None
    assert read({"MessageStatus": "sent"}, query="message=") is None


def test_the_signature_of_the_documentation() -> None:
    """The published example: this secret, this address and these fields make this signature."""
    url, query = "https://mycompany.com/myapp.php", "foo=1&bar=2"
    fields = {
        "CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309",
        "To": "+18005551212",
    }  # fmt: skip
    receipts = TwilioReceipts(auth_token="12345", url=url)
    headers = {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    assert receipts.read("salon", query=query, headers=headers, body=urlencode(fields).encode()) is None
    with pytest.raises(InvalidInput, match="not signed"):
        receipts.read("salon", query=query, headers=headers, body=urlencode({**fields, "To": "+1"}).encode())


@pytest.mark.parametrize(
    "forged",
    [
        {"token": "another"},
        {"url": "https://evil.example/salon/hooks/sms"},
        {"url": "http://kowhai.example/salon/hooks/sms"},
        {"url": "https://kowhai.example/other/hooks/sms"},
        {"headers": {}},
        {"headers": {"x-twilio-signature": ""}},
        {"headers": {"x-twilio-signature": "ü\ud800"}},
        {"headers": {"x-twilio-signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
        {"body": b"MessageStatus=delivered&MessageSid=SM2"},
        {"body": b"MessageStatus=failed&MessageStatus=delivered&MessageSid=SM1"},
        {"body": b""},
    ],
)
def test_what_the_provider_has_not_signed_is_refused(forged: dict[str, Any]) -> None:
    """Another secret, another address, another business, no signature, other fields, one field twice."""
    with pytest.raises(InvalidInput, match="not signed"):
        read({"MessageStatus": "failed", "MessageSid": "SM1"}, **forged)


def test_a_report_counts_for_the_message_that_it_was_signed_for() -> None:
    """The message's id stands in the address, which is signed along."""
    fields = {"MessageStatus": "failed", "MessageSid": "SM1"}
    headers = {"X-Twilio-Signature": signed(TOKEN, f"{ADDRESS}?message=m-1", fields)}
    receipts = TwilioReceipts(auth_token=TOKEN, url=URL)
    for query in ("message=m-2", "message=m-1&message=m-2", "message=m-1&x=1", ""):
        with pytest.raises(InvalidInput, match="not signed"):
            receipts.read("salon", query=query, headers=headers, body=urlencode(fields).encode())


def test_the_usual_port_may_be_signed_along() -> None:
    """The provider writes it for some addresses and not for others; another port is another address."""
    fields = {"MessageStatus": "sent"}
    assert read(fields, url="https://kowhai.example:443/salon/hooks/sms") is not None
    assert read(fields, receipts=TwilioReceipts(auth_token=TOKEN, url=URL.replace(".example", ".example:443")))
    with pytest.raises(InvalidInput):
        read(fields, url="https://kowhai.example:8443/salon/hooks/sms")
    other = TwilioReceipts(auth_token=TOKEN, url=URL.replace(".example", ".example:8443"))
    assert read(fields, url="https://kowhai.example:8443/salon/hooks/sms", receipts=other) is not None
    with pytest.raises(InvalidInput):
        read(fields, receipts=other)


def test_while_the_secret_is_changed_both_count() -> None:
    """The provider signs with the new one from some moment on; neither shows in the repr."""
    both = TwilioReceipts(auth_token=[Secret(TOKEN), "next-canary"], url=URL)
    for token in (TOKEN, "next-canary"):
        assert read({"MessageStatus": "sent"}, token=token, receipts=both) is not None
    with pytest.raises(InvalidInput):
        read({"MessageStatus": "sent"}, token="earlier", receipts=both)
    assert "canary" not in repr(both) + str(vars(both))


@pytest.mark.parametrize("odd", [{"auth_token": ""}, {"auth_token": []}, {"url": "/hooks/sms"}, {"url": URL + "?a=b"}])
def test_without_a_secret_or_an_address_there_is_no_reader(odd: dict[str, Any]) -> None:
    """An empty secret would let everybody sign."""
    with pytest.raises(InvalidInput):
        TwilioReceipts(**{"auth_token": TOKEN, "url": URL, **odd})


@given(st.binary(max_size=200), st.text(max_size=60), st.dictionaries(st.text(max_size=20), st.text(max_size=20)))
def test_whatever_is_posted_only_invalid_input_is_raised(body: bytes, query: str, headers: dict[str, str]) -> None:
    """Bytes, queries and headers of any kind, none of them signed."""
    with pytest.raises(InvalidInput):
        TwilioReceipts(auth_token=TOKEN, url=URL).read("salon", query=query, headers=headers, body=body)
    with pytest.raises(InvalidInput, match="much shorter"):
        TwilioReceipts(auth_token=TOKEN, url=URL).read("salon", query=query, headers=headers, body=b"a" * 70_000)


# --- from the provider to the portal ---------------------------------------------------------------------------------


@pytest.fixture
def provider() -> Generator[Provider, None, None]:
    with providing() as made:
        yield made


class Salon:
    """Ana asks for a code by email; the SMS go to the provider, and its reports to the pages."""

    def __init__(self, world: World, provider: Provider) -> None:
        self.world = world
        self.provider = provider
        world.use(presets.vcita(region="NZ"))
        world.add_client("ana", "Ana Kingi", email="ana@example.com", mobile="021 123 4567")
        made = AsyncTwilioSender if world.awaited else TwilioSender
        sender = made(
            account_sid=ACCOUNT, auth_token=TOKEN, from_number="+15017122661", base_url=provider.url,
            status_callback="https://kowhai.example/change/hooks/sms", context=CONTEXT,
        )  # fmt: skip
        self.portal = world.make_portal(senders={Channel.SMS: sender, Channel.EMAIL: world.box})
        receipts = TwilioReceipts(auth_token=TOKEN, url="https://kowhai.example/change/hooks/sms")
        inner = self.portal._awaited if world.awaited else self.portal
        self.pages = PortalPages(inner, world.tenant, routes=[receipts_route(receipts)])

    def post(self, report: Report, **more: Any) -> int:
        """The report reaches the pages, which send on what follows from it; answers the status."""
        assert report.address == "https://kowhai.example/change/hooks/sms"
        headers = {**report.headers, "host": "evil.example"}
        request = evolve(
            Request(
                method="POST", path="/hooks/sms", root="/change", query_string=report.query, headers=headers,
                body=report.body, source="192.0.2.99",
            ),
            **more,
        )  # fmt: skip

        async def awaited() -> int:
            response = await self.pages.handle_async(request)
            await self.pages.finish_async(response)
            return response.status

        if self.world.awaited:
            return int(self.world.run(awaited()))
        response = self.pages.handle(request)
        self.pages.finish(response)
        return response.status


@pytest.fixture
def salon(world: World, provider: Provider) -> Salon:
    return Salon(world, provider)


@pytest.mark.requirement("V3")
def test_a_code_that_the_provider_could_not_deliver_goes_by_email(salon: Salon) -> None:
    """Taken by the provider, then undelivered: the same code goes to the email that was typed, and logs in."""
    world = salon.world
    sent = world.visitor().request_code("ana@example.com")
    assert salon.portal.deliver(world.tenant).sent == 1
    (sms,) = salon.provider.taken
    assert salon.post(salon.provider.report(0, "undelivered", ErrorCode="30003")) == 204
    (mail,) = world.box.messages
    assert mail.to == "ana@example.com"
    assert world.code_in(mail) in sms["Body"]
    assert world.visitor().verify_code(sent.handle, world.code_in(mail)).record is not None


def test_a_delivery_is_noted_once(salon: Salon) -> None:
    """Sent, delivered, delivered again, sent after that: all answered alike, and staff see that it has arrived."""
    world = salon.world
    world.visitor().request_code("ana@example.com")
    salon.portal.deliver(world.tenant)
    for status in ("sent", "delivered", "delivered", "sent", "undelivered"):
        assert salon.post(salon.provider.report(0, status)) == 204
    assert [line.by for line in world.staff().outbox("delivered")] == ["sms"]
    assert world.box.messages == []


def test_what_is_forged_changes_nothing(salon: Salon) -> None:
    """Another's secret, another's message: 403, and the code stays where it is; an unknown message is answered as
    ever, so that nobody learns which there are."""
    world = salon.world
    world.visitor().request_code("ana@example.com")
    salon.portal.deliver(world.tenant)
    right = salon.provider.report(0, "undelivered", ErrorCode="30005")
    assert salon.post(salon.provider.report(0, "undelivered", token="evil")) == 403
    assert salon.post(right, query_string="message=another") == 403
    assert salon.post(right, headers={}) == 403
    assert salon.post(right, body=right.body.replace(b"undelivered", b"delivered")) == 403
    salon.provider.taken[0]["StatusCallback"] = "https://kowhai.example/change/hooks/sms?message=unknown"
    assert salon.post(salon.provider.report(0, "undelivered")) == 204
    assert world.box.messages == []
    assert [line.state for line in world.staff().outbox("sent")] == ["sent"]


def test_a_lost_answer_is_made_good_by_the_report(salon: Salon) -> None:
    """The provider took the SMS and the line broke: "sent" is reported, and no second SMS goes out."""
    world = salon.world
    world.visitor().request_code("ana@example.com")
    salon.provider.fault = "taken, then dropped"
    assert salon.portal.deliver(world.tenant).put_off == 1
    salon.provider.fault = ""
    assert salon.post(salon.provider.report(0, "sent")) == 204
    world.clock.advance(timedelta(minutes=1))
    assert salon.portal.deliver(world.tenant).sent == 0
    assert len(salon.provider.taken) == 1


def test_by_any_framework() -> None:
    """The reader needs a request's query, headers and body, and nothing of a framework."""
    fields = {"MessageSid": "SM1", "MessageStatus": "sent"}
    signature = signed(TOKEN, f"{ADDRESS}?message=m-1", fields)
    body = urlencode(fields).encode()
    assert dict(parse_qsl(body.decode())) == fields
    receipt = asyncio.run(_in_a_view(query="message=m-1", headers={"X-TWILIO-SIGNATURE": signature}, body=body))
    assert receipt is not None
    assert receipt.message_id == "m-1"


async def _in_a_view(**request: Any) -> DeliveryReceipt | None:
    return TwilioReceipts(auth_token=TOKEN, url=URL).read("salon", **request)
