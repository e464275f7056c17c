"""What Twilio, or a provider that speaks its protocol, reports of a message: a POST to your own address, signed.

The attack: whoever knows the address reports that a code did not arrive, so that it goes to a mailbox that they can
read, or that it did, so that nobody looks. So nothing is believed without the provider's signature, which is made with
a secret over the address and every field; and the address that it is held against is the configured one, never what
the request says of itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, quote, urlsplit

from clientportal.errors import InvalidInput
from clientportal.ports import Channel
from clientportal.values import DeliveryReceipt, DeliveryState, Secret

__all__ = ["PERMANENT", "TwilioReceipts", "callback_for", "check_callback"]

PERMANENT = frozenset(
    {
        21211,  # the number is invalid
        21214,  # the number cannot be reached
        21217,  # the number does not look like one
        21265,  # a short code
        21602,  # no text
        21604,  # no number
        21610,  # its owner has unsubscribed
        21612,  # no way to this number from here
        21614,  # no mobile number
        21617,  # the text is too long
        21635,  # a landline
        30004,  # blocked by its owner or carrier
        30005,  # unknown, or no longer in service
        30006,  # a landline, or a carrier that cannot be reached
        30007,  # filtered as unwanted
        30450,  # held back by the provider's protection against toll fraud
        30453,
    }
)
"""Error codes after which another try by SMS cannot work. Others pass, or are the operator's to mend."""

_STATES: Mapping[str, DeliveryState] = MappingProxyType(
    {
        **dict.fromkeys(("accepted", "scheduled", "queued", "sending", "sent"), DeliveryState.TAKEN),
        **dict.fromkeys(("delivered", "read"), DeliveryState.DELIVERED),
        **dict.fromkeys(("undelivered", "failed", "canceled"), DeliveryState.FAILED),
    }
)
_MOST_BYTES = 65_536
_MESSAGE = "message"


def check_callback(url: str) -> str:
    """The address that the provider reports to: absolute, without a query of its own, for the message's id is that."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise InvalidInput("the address for reports is like 'https://kowhai.example/portal/hooks/sms', without a query")
    return url


def callback_for(url: str, business: str, message_id: str) -> str:
    """The same for one message."""
    return f"{_of_business(url, business)}?{_MESSAGE}={quote(message_id, safe='')}"


def _of_business(url: str, business: str) -> str:
    return url.replace("{business}", quote(business, safe=""))


class TwilioReceipts:
    """Reads reports on messages that ``TwilioSender`` has sent.

    * ``auth_token``: the account's, with which it signs; two while it is being changed. An API key signs nothing.
    * ``url``: the very ``status_callback`` that the sender has.
    """

    def __init__(self, *, auth_token: Secret | str | Iterable[Secret | str], url: str) -> None:
        given = (auth_token,) if isinstance(auth_token, Secret | str) else tuple(auth_token)
        self._tokens = tuple(one if isinstance(one, Secret) else Secret(one) for one in given)
        if not self._tokens or not all(one.reveal() for one in self._tokens):
            raise InvalidInput("auth_token is the account's secret, which signs the reports; it is not empty")
        self._url = check_callback(url)

    def __repr__(self) -> str:
        return f"TwilioReceipts(url={self._url!r})"

    def read(self, business: str, *, query: str, headers: Mapping[str, str], body: bytes) -> DeliveryReceipt | None:
        """The report in a request: its query as it stands in the address, its headers, its body as it came.

        ``None`` for a state that says nothing. Raises ``InvalidInput`` where the provider has not signed it: answer
        403 then, and tell the portal nothing.
        """
        if len(body) > _MOST_BYTES:
            raise InvalidInput("a report is much shorter than this")
        signature = next((value for name, value in headers.items() if name.lower() == "x-twilio-signature"), "")
        try:
            fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
            asked = dict(parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=20))
        except ValueError:
            raise InvalidInput("a report is a form, percent-encoded") from None
        if not self._signed(f"{_of_business(self._url, business)}?{query}", fields, signature):
            raise InvalidInput("the report is not signed with this account's secret, for this address")
        return _receipt_of(asked.get(_MESSAGE, ""), dict(fields))

    def _signed(self, url: str, fields: list[tuple[str, str]], signature: str) -> bool:
        given = signature.encode("utf-8", "surrogatepass")
        # Every one is tried: which of them fits is nobody's to measure.
        fits = [
            hmac.compare_digest(_signature(token, address, fields).encode(), given)
            for token in self._tokens
            for address in _spellings(url)
        ]
        return any(fits)


def _signature(token: Secret, url: str, fields: list[tuple[str, str]]) -> str:
    """As documented: HMAC-SHA1, keyed with the account's secret, over the address and the fields, sorted by name."""
    text = url + "".join(f"{name}{value}" for name, value in sorted(set(fields)))
    mac = hmac.new(token.reveal().encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


def _spellings(url: str) -> tuple[str, ...]:
    """The provider signs some addresses with their usual port, and some without."""
    parts = urlsplit(url)
    host, colon, port = parts.netloc.partition(":")
    usual = "443" if parts.scheme == "https" else "80"
    other = f"{host}:{usual}" if not colon else host
    return (url,) if colon and port != usual else (url, parts._replace(netloc=other).geturl())


def _receipt_of(message_id: str, fields: Mapping[str, str]) -> DeliveryReceipt | None:
    word = fields.get("MessageStatus") or fields.get("SmsStatus") or ""
    state = _STATES.get(word)
    if state is None or not message_id:
        return None
    code = fields.get("ErrorCode", "")
    known = int(code) if code.isascii() and code.isdigit() and len(code) <= 6 else 0
    return DeliveryReceipt(
        message_id=message_id,
        state=state,
        channel=Channel.SMS,
        permanent=known in PERMANENT,
        note=f"{word}, code {known}" if known else word,
        provider_id=fields.get("MessageSid") or fields.get("SmsSid") or "",
    )
