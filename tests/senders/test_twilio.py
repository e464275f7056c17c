"""SMS by HTTP: real conversations with a provider on the loopback that speaks Twilio's documented protocol."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Generator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from clientportal import Channel, InvalidInput, OutgoingMessage, Secret, SendFailed
from clientportal.senders.twilio import AsyncTwilioSender, TwilioSender
from clientportal.testing.contracts import Arrived, MessengerContract, MessengerGround
from senders.mail_ground import Certificates
from senders.sms_ground import ACCOUNT, KEY, KEY_SECRET, TOKEN, Provider, providing

CODE = "482913"
CONTEXT = ssl.create_default_context()
CALLBACK = "https://kowhai.example/{business}/hooks/sms"


def outgoing(to: str = "+64215550142", **more: Any) -> OutgoingMessage:
    given = {"id": "m-1", "channel": Channel.SMS, "text": f"{CODE} is your code for Kōwhai Hair.", "tenant": "kowhai"}
    return OutgoingMessage(to=to, **{**given, **more})


@pytest.fixture
def provider() -> Generator[Provider, None, None]:
    with providing() as made:
        yield made


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("tls"))


def settings(provider: Provider, **more: Any) -> dict[str, Any]:
    login = {} if "api_key" in more else {"auth_token": TOKEN}
    who = {} if "messaging_service_sid" in more else {"from_number": "+15017122661"}
    given = {"account_sid": ACCOUNT, "status_callback": CALLBACK, "base_url": provider.url, "timeout": 3.0}
    return {**given, "context": CONTEXT, **login, **who, **more}


def send(provider: Provider, message: OutgoingMessage | None = None, **more: Any) -> None:
    TwilioSender(**settings(provider, **more)).send(message or outgoing())


def failing(provider: Provider, message: OutgoingMessage | None = None, **more: Any) -> SendFailed:
    """What a send raises that cannot work; whatever it is, it quotes neither the text nor the login nor the number."""
    with pytest.raises(SendFailed) as failed:
        send(provider, message, **more)
    said = f"{failed.value} {failed.value!r} {failed.value.__cause__!r} {failed.value.__context__!r}"
    assert CODE not in said
    assert TOKEN not in said
    assert "5550142" not in said
    return failed.value


# --- what is asked ---------------------------------------------------------------------------------------------------


def test_a_message_is_one_request_as_documented(provider: Provider) -> None:
    """To, From, Body, and where to report to: the business's own address, with the message's id on it."""
    send(provider)
    (asked,) = provider.requests
    assert asked == {
        "To": "+64215550142",
        "From": "+15017122661",
        "Body": f"{CODE} is your code for Kōwhai Hair.",
        "StatusCallback": "https://kowhai.example/kowhai/hooks/sms?message=m-1",
    }
    assert len(provider.taken) == 1


def test_a_messaging_service_and_a_key_that_can_be_taken_back(provider: Provider) -> None:
    """In the place of a number, and of the account's own secret."""
    send(provider, messaging_service_sid="MG1", api_key=(KEY, Secret(KEY_SECRET)), status_callback=None)
    assert provider.requests == [
        {"To": "+64215550142", "MessagingServiceSid": "MG1", "Body": f"{CODE} is your code for Kōwhai Hair."}
    ]


def test_names_that_are_odd_stand_in_the_address_as_they_are(provider: Provider) -> None:
    """A business and an id with anything in them are one part of the path, and one of the query."""
    send(provider, outgoing(tenant="a/b?c=d", id="m 1&x=y"))
    parts = urlsplit(provider.requests[0]["StatusCallback"])
    assert parts.path == "/a%2Fb%3Fc%3Dd/hooks/sms"
    assert parse_qs(parts.query) == {"message": ["m 1&x=y"]}


@pytest.mark.parametrize("to", ["021 555 0142", "+0215550142", "+64215550142\n", "ana@example.com", "", "+6421555014٢"])
def test_what_is_no_number_is_not_asked_for(provider: Provider, to: str) -> None:
    """Refused for good, without a word to the provider."""
    assert failing(provider, outgoing(to)).permanent
    assert provider.requests == []


@pytest.mark.parametrize(
    "odd",
    [
        {"account_sid": "AC/../x"},
        {"account_sid": ""},
        {"auth_token": None},
        {"auth_token": ""},
        {"auth_token": "t", "api_key": ("SK1", "s")},
        {"from_number": None},
        {"messaging_service_sid": "MG1", "from_number": "+15017122661"},
        {"base_url": "http://api.example"},
        {"base_url": "https://"},
        {"timeout": 0},
        {"status_callback": "kowhai.example/hooks"},
        {"status_callback": "https://kowhai.example/hooks?x=1"},
    ],
)
def test_what_cannot_work_is_refused_when_it_is_made(odd: dict[str, Any]) -> None:
    """Half a login, nobody who sends, an address that anybody can read along."""
    given: dict[str, Any] = {"account_sid": ACCOUNT, "auth_token": TOKEN, "from_number": "+15017122661", **odd}
    with pytest.raises(InvalidInput):
        TwilioSender(**given)


def test_the_secrets_show_nowhere() -> None:
    """Neither in the repr nor among the attributes as text."""
    for made in (
        TwilioSender(account_sid=ACCOUNT, auth_token=TOKEN, from_number="+15017122661"),
        AsyncTwilioSender(account_sid=ACCOUNT, api_key=(KEY, KEY_SECRET), from_number="+15017122661"),
    ):
        said = repr(made) + str(vars(made))
        assert "canary" not in said
        assert repr(made) == f"{type(made).__name__}(account_sid={ACCOUNT!r})"


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core does not need it."""
    monkeypatch.setitem(__import__("sys").modules, "httpx", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'clientportal\[sms\]'"):
        TwilioSender(account_sid=ACCOUNT, auth_token=TOKEN, from_number="+15017122661")


# --- what is answered ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["+15005550001", "+15005550009", "+15005550004"], ids=["invalid", "landline", "stopped"])
def test_a_number_that_gets_no_sms_is_refused_for_good(provider: Provider, to: str) -> None:
    """21211, 21614 and 21610, by which somebody has unsubscribed."""
    failed = failing(provider, outgoing(to))
    assert failed.permanent
    assert str(failed).startswith("the provider said 400, code 21")


@pytest.mark.parametrize(
    ("status", "code", "permanent"),
    [
        (400, 21211, True), (400, 21610, True), (400, 21612, True), (400, 21614, True), (400, 21617, True),
        (400, 30006, True), (400, 21212, False), (400, 21408, False), (400, 21606, False), (400, 21611, False),
        (400, 30001, False), (400, 99999, False), (401, 20003, False), (403, 20003, False), (404, 20404, False),
        (429, 20429, False), (500, 20500, False), (503, 20503, False), (500, 21211, False),
    ],
)  # fmt: skip
def test_an_error_says_whether_another_try_can_help(
    provider: Provider, status: int, code: int, permanent: bool
) -> None:
    """For good where it is about the number or the text; what is the operator's to mend, and what passes, is not."""
    provider.fault, provider.code = status, code
    failed = failing(provider)
    assert failed.permanent is permanent
    assert str(failed) == f"the provider said {status}, code {code}"


def test_a_wrong_secret_is_the_operators_to_mend(provider: Provider) -> None:
    """401, and the message can still go when it is put right."""
    failed = failing(provider, auth_token="wrong")
    assert (str(failed), failed.permanent) == ("the provider said 401, code 20003", False)


@pytest.mark.parametrize("status", [429, 503])
def test_a_provider_that_is_busy_says_for_how_long(provider: Provider, status: int) -> None:
    """Seconds or a date; what is neither says nothing."""
    provider.fault = status
    soon = format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True)
    for text, least, most in (("30", 30, 30), (soon, 1700, 1800), ("Sun, 22 Nov 2020 10:00:00 GMT", 0, 0)):
        provider.retry_after = text
        wait = failing(provider).retry_after
        assert wait is not None
        assert least <= wait.total_seconds() <= most
    for text in ("soon", "-5", "", "9" * 40, "Sun, 99 Nov 2020 10:00:00 GMT"):
        provider.retry_after = text
        assert failing(provider).retry_after is None
    provider.fault, provider.retry_after = 500, "30"
    assert failing(provider).retry_after is None


@pytest.mark.parametrize(
    "fault", ["malformed", "page", "list", "deep", "endless", "packed", "elsewhere", "drop", "taken, then dropped"]
)
def test_an_answer_that_makes_no_sense_is_a_passing_fault(provider: Provider, fault: str) -> None:
    """Cut off, another network's page, no description of a message, one without an end, one that leads elsewhere."""
    provider.fault = fault
    assert not failing(provider).permanent
    assert len(provider.requests) == 1, "the login is given to nobody else"


def test_a_message_whose_outcome_nobody_knows_is_sent_again_as_it_was(provider: Provider) -> None:
    """The provider took it, and its answer was lost: it goes twice, with the same code, under two of its ids."""
    provider.fault = "taken, then dropped"
    failing(provider)
    provider.fault = ""
    send(provider)
    first, second = provider.taken
    assert first["Body"] == second["Body"]
    assert first["StatusCallback"] == second["StatusCallback"]
    assert first["sid"] != second["sid"]


@pytest.mark.parametrize("fault", ["silent", "drip"])
@pytest.mark.parametrize("colour", ["plain", "async"])
def test_a_provider_that_does_not_answer_is_given_up(provider: Provider, fault: str, colour: str) -> None:
    """Silent, or one byte at a time: the time is that of the whole conversation."""
    provider.fault = fault
    began = time.monotonic()
    made = (TwilioSender if colour == "plain" else AsyncTwilioSender)(**settings(provider, timeout=0.3))
    with pytest.raises(SendFailed, match="did not answer in time") as failed:
        asyncio.run(made.send(outgoing())) if isinstance(made, AsyncTwilioSender) else made.send(outgoing())
    assert not failed.value.permanent
    assert time.monotonic() - began < 5, "it is not let go"


def test_nobody_listens_there(provider: Provider) -> None:
    """No connection is a passing fault; so is a name that there is not."""
    for url in ("http://localhost:1", "https://sms.invalid"):
        assert not failing(provider, base_url=url).permanent


@pytest.mark.parametrize(
    ("shown", "works"), [("right", True), ("self-signed", False), ("expired", False), ("other", False)]
)
def test_nothing_goes_to_a_server_with_the_wrong_certificate(
    certificates: Certificates, shown: str, works: bool
) -> None:
    """Signed by nobody, of yesterday, for another name: neither the login nor the code is sent."""
    with providing(certificates.served(shown)) as provider:
        if works:
            send(provider, context=certificates.trusted())
        else:
            assert not failing(provider, context=certificates.trusted()).permanent
        assert len(provider.requests) == works


def test_the_environment_chooses_no_way(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment would get the codes: the way is what was set up."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    send(provider)
    assert len(provider.taken) == 1


# --- the contract of senders -----------------------------------------------------------------------------------------


class SmsGround(MessengerGround):
    """The sender, and the provider."""

    channel = Channel.SMS
    to = "+64215550142"
    lacks = frozenset({"subject"})

    def __init__(self, provider: Provider, sender: Any) -> None:
        self.provider = provider
        self.sender = sender

    def arrived(self) -> Sequence[Arrived]:
        return [
            Arrived(one["To"], one["Body"], id=parse_qs(urlsplit(one["StatusCallback"]).query)["message"][0])
            for one in self.provider.taken
        ]

    def break_down(self) -> None:
        self.provider.fault = 503

    def refuse(self) -> None:
        self.provider.fault, self.provider.code = 400, 21211

    def fall_silent(self) -> None:
        self.provider.fault = "silent"

    def recover(self) -> None:
        self.provider.fault = ""


class TestTwilio(MessengerContract):
    """SMS, plain."""

    @pytest.fixture
    def post(self, provider: Provider) -> MessengerGround:
        return SmsGround(provider, TwilioSender(**settings(provider, timeout=2.0)))


class TestAwaitedTwilio(MessengerContract):
    """SMS, awaited."""

    asynchronous = True

    @pytest.fixture
    def post(self, provider: Provider) -> MessengerGround:
        return SmsGround(provider, AsyncTwilioSender(**settings(provider, timeout=2.0)))
