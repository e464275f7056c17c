"""A page for providers: where they report whether a message has arrived.

Brought along as a route of the host's own, since only the host knows its provider::

    receipts = TwilioReceipts(auth_token=..., url="https://kowhai.example/portal/hooks/sms")
    PortalPages(portal, business="salon", routes=[receipts_route(receipts)])

No cookie and no form's token counts here: the report proves itself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Protocol

from clientportal.errors import InvalidInput
from clientportal.operations.performing import perform
from clientportal.operations.receipts import HEAR_RECEIPT, Heard
from clientportal.operations.setting import System
from clientportal.values import DeliveryReceipt
from clientportal.web.messages import Response
from clientportal.web.routing import Needs, Route
from clientportal.web.visits import Visit

__all__ = ["ReadsReceipts", "receipts_route"]

_log = logging.getLogger("clientportal.web")
_PLAIN = {"content-type": "text/plain; charset=utf-8"}


class ReadsReceipts(Protocol):
    """Makes a receipt of a request, or raises ``InvalidInput`` where it is not the provider's."""

    def read(self, business: str, *, query: str, headers: Mapping[str, str], body: bytes) -> DeliveryReceipt | None: ...


def receipts_route(receipts: ReadsReceipts, path: str = "/hooks/sms") -> Route:
    """Where a provider reports to, below the mount; answers 204, or 403 to whoever is not the provider."""

    async def hear(visit: Visit) -> Response:
        request = visit.request
        try:
            receipt = receipts.read(
                visit.tenant, query=request.query_string, headers=request.headers, body=request.body
            )
        except InvalidInput as error:
            _log.warning("a report on a message was refused: %s", error)
            return Response(status=403, headers=_PLAIN, body=b"not signed by the provider")
        if receipt is not None:
            # Without a word on whether there is such a message: the provider knows, and nobody else is to learn it.
            await perform(visit.setup, System(visit.tenant), HEAR_RECEIPT, Heard(receipt))
        return Response(status=204, headers=_PLAIN)

    return Route("POST", path, hear, Needs.NOTHING, checked=False)
