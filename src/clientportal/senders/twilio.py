"""SMS by HTTP, through Twilio or a provider that speaks its protocol (the Messages resource, version 2010-04-01).

What the provider reports later is read by :class:`~clientportal.senders.twilio_receipts.TwilioReceipts`.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from clientportal.errors import InvalidInput, SendFailed
from clientportal.messages.texts import clean
from clientportal.ports import Channel, OutgoingMessage
from clientportal.senders.twilio_receipts import PERMANENT, callback_for, check_callback
from clientportal.values import Secret

if TYPE_CHECKING:
    from types import ModuleType

    import httpx

__all__ = ["AsyncTwilioSender", "TwilioSender"]

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_MOST_BYTES = 65_536
"""Of an answer: a message's description has about a thousand."""
_LONGEST_TEXT = 1600
"""Characters that the provider takes; what is longer it refuses."""


def _library() -> ModuleType:
    try:
        import httpx
    except ModuleNotFoundError:
        said = "TwilioSender needs the extra 'sms': pip install 'clientportal[sms]'"
        raise ModuleNotFoundError(said, name="httpx") from None
    return httpx


class _Messages:
    """One account's messages, and how to make one."""

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: Secret | str | None = None,
        api_key: tuple[str, Secret | str] | None = None,
        from_number: str | None = None,
        messaging_service_sid: str | None = None,
        status_callback: str | None = None,
        base_url: str = "https://api.twilio.com",
        timeout: float = 10.0,
        context: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        self._httpx = _library()
        if not re.fullmatch(r"[A-Za-z0-9-]{2,64}", account_sid):
            raise InvalidInput("account_sid is the account's id, such as 'AC' and 32 letters and digits")
        if (auth_token is None) == (api_key is None):
            raise InvalidInput("either auth_token, or api_key=('SK…', secret): one of the two logs in")
        if (from_number is None) == (messaging_service_sid is None):
            raise InvalidInput("either from_number or messaging_service_sid says who sends")
        if not timeout > 0:
            raise InvalidInput("timeout is a number of seconds above 0, and below the policy's messages.send_timeout")
        name, given = api_key or (account_sid, auth_token or "")
        secret = given if isinstance(given, Secret) else Secret(given)
        if not name or not secret.reveal():
            raise InvalidInput("the secret that logs in is empty")
        self._login = name, secret
        self._sender = {"From": from_number} if from_number else {"MessagingServiceSid": messaging_service_sid or ""}
        self._callback = None if status_callback is None else check_callback(status_callback)
        self._url = f"{_checked(base_url)}/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._account = account_sid
        self._timeout = timeout
        self._context = context or ssl.create_default_context()
        self._proxy = proxy

    def __repr__(self) -> str:
        return f"{type(self).__name__}(account_sid={self._account!r})"

    async def _hand_over(self, message: OutgoingMessage) -> None:
        form = self._form(message)
        try:
            async with asyncio.timeout(self._timeout):
                answer, text = await self._post(form)
        except TimeoutError:
            raise SendFailed("the provider did not answer in time") from None
        except (self._httpx.HTTPError, self._httpx.StreamError, self._httpx.InvalidURL, OSError) as error:
            # Without its cause, which holds the request, and with it the text.
            raise SendFailed(f"the provider could not be used ({type(error).__name__})") from None
        _judge(answer, text)

    def _form(self, message: OutgoingMessage) -> dict[str, str]:
        if message.channel is not Channel.SMS:
            raise SendFailed("this sender takes SMS only", permanent=True)
        if not _NUMBER.fullmatch(message.to):
            raise SendFailed("this is no number in international form", permanent=True)
        lines = [clean(line, longest=_LONGEST_TEXT) for line in message.text.splitlines()]
        form = {"To": message.to, **self._sender, "Body": "\n".join(lines)[:_LONGEST_TEXT]}
        if self._callback is not None:
            form["StatusCallback"] = callback_for(self._callback, message.tenant, message.id)
        return form

    async def _post(self, form: dict[str, str]) -> tuple[httpx.Response, bytes]:
        name, secret = self._login
        client = self._httpx.AsyncClient(
            auth=(name, secret.reveal()),
            verify=self._context,
            timeout=self._timeout,
            proxy=self._proxy,
            trust_env=False,
            follow_redirects=False,  # the login is for this server alone
        )
        # Not packed: a few bytes that unpack to a million would be read before they can be counted.
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with client, client.stream("POST", self._url, data=form, headers=headers) as answer:
            said = b""
            async for piece in answer.aiter_raw():
                said += piece
                if len(said) > _MOST_BYTES:
                    raise SendFailed("the provider says more than anybody needs")
            return answer, said


class TwilioSender(_Messages):
    """Sends each SMS by one POST, which is over after ``timeout`` seconds, whatever the server does.

    * ``account_sid``, and either its ``auth_token``, or an API key: ``api_key=("SK…", secret)``, which can be taken
      back by itself.
    * ``from_number``, or ``messaging_service_sid``, which chooses among several.
    * ``status_callback``: where the provider reports to; ``{business}`` in it is the business's id. The message's id is
      added to it, so that a report finds its message even before this call is back.
    * ``base_url``: another region's, or another provider's that speaks the same protocol.
    * ``proxy``: the environment's is not used, and nothing else of the environment either.

    Which of the provider's error codes are for good is in ``twilio_receipts.PERMANENT``: a number that is none, that
    cannot get an SMS, or whose owner wants none. Everything else is worth another try: no connection, 429 and 5xx (not
    before ``Retry-After``), an answer that makes no sense, and whatever is the operator's to mend. The protocol has no
    idempotency key: where nobody knows whether a message was taken, it is sent again, with the same code, unless a
    report has come meanwhile that says it is on its way. No text of an answer is kept beyond its codes.

    Each ``send`` runs on an event loop of its own: in the pump's thread, never in one that runs a loop already.
    """

    def send(self, message: OutgoingMessage) -> None:
        """Hand one SMS over; raises :class:`~clientportal.errors.SendFailed`."""
        asyncio.run(self._hand_over(message))


class AsyncTwilioSender(_Messages):
    """The same, awaited: for ``AsyncPortal``."""

    async def send(self, message: OutgoingMessage) -> None:
        """Hand one SMS over; raises :class:`~clientportal.errors.SendFailed`."""
        await self._hand_over(message)


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    here = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not (parts.scheme == "https" or here) or not parts.hostname or parts.query or parts.fragment:
        raise InvalidInput("base_url begins with https://: the login and the codes go there")
    return base_url.rstrip("/")


def _judge(answer: httpx.Response, text: bytes) -> None:
    """Return where the provider has taken the message."""
    said = _read(text)
    code = said.get("code") or said.get("error_code")
    known = f", code {code}" if isinstance(code, int) else ""
    if answer.status_code in (200, 201):
        if isinstance(said.get("sid"), str) and said.get("status") not in ("failed", "undelivered"):
            return
        # Something in between may have answered: nobody knows whether the provider has heard of it.
        raise SendFailed(f"the answer makes no sense ({answer.status_code}{known})", permanent=code in PERMANENT)
    wait = _wait_of(answer.headers.get("retry-after", "")) if answer.status_code in (429, 503) else None
    permanent = answer.status_code == 400 and code in PERMANENT
    raise SendFailed(f"the provider said {answer.status_code}{known}", permanent=permanent, retry_after=wait)


def _read(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def _wait_of(text: str) -> timedelta | None:
    """``Retry-After``: seconds, or a date (RFC 9110 10.2.3)."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return timedelta(seconds=int(text))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return max(until - datetime.now(UTC), timedelta(0))
