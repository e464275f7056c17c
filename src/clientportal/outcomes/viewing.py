"""What staff get who look at the portal through a client's eyes."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from clientportal.values import Secret

__all__ = ["Viewing"]


@frozen
class Viewing:
    """A short session in which everything can be looked at as the client sees it, and nothing can be touched.

    ``token`` opens ``portal.client(token)`` until ``expires_at`` (aware UTC), however often it is used. ``announced``
    says whether the client is being told of it now.
    """

    token: Secret
    expires_at: datetime
    announced: bool
