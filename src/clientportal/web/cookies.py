"""The cookies of one business, through one entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from attrs import frozen

from clientportal.keyring import digest, tenant_of
from clientportal.values import Secret
from clientportal.web.messages import Request, SetCookie

__all__ = ["Jar"]

_YEAR = timedelta(days=365)


@frozen
class Jar:
    """Names and makes cookies.

    ``__Host-`` (where the address is https) keeps out what a neighbouring host would plant: a browser takes such a
    cookie from this host alone. The names differ by business and by entry, so that two businesses on one host (also
    two of one franchise, ``branch``), or the widget next to the portal, are logged in to apart. Inside another site's
    frame a cookie must say ``SameSite=None``; ``Partitioned`` keeps it to that site, and the protection of forms
    (``protection.py``) does not rest on either.
    """

    business: str
    secure: bool
    framed: bool = False
    branch: str = ""

    def name(self, kind: str) -> str:
        """The name of a kind of cookie: ``session``, ``device``, ``form``, ``code``, ``language``, ``notice``."""
        prefix = "__Host-" if self.secure else ""
        whose = f"{self.business}/{self.branch}" if self.branch else self.business
        return f"{prefix}{'widget' if self.framed else 'portal'}-{kind}-{digest(whose)[:10]}"

    def read(self, request: Request, kind: str) -> str | None:
        """What the browser sent of that kind."""
        return _some(request.cookies, self.name(kind))

    def token(self, request: Request) -> Secret | None:
        """The session's token; one that names another business is none."""
        text = self.read(request, "session")
        return Secret(text) if text is not None and tenant_of(text) == self.business else None

    def device(self, request: Request) -> Secret | None:
        """What an earlier login left for the next one."""
        text = self.read(request, "device")
        return None if text is None or len(text) > 2_000 else Secret(text)

    def make(self, kind: str, value: str, life: timedelta | None) -> SetCookie:
        """A cookie for a length of time, or until the browser is closed."""
        return SetCookie(
            name=self.name(kind),
            value=value,
            max_age=None if life is None else max(int(life.total_seconds()), 0),
            same_site="None" if self.framed else "Lax",
            secure=self.secure,
            partitioned=self.framed,
        )

    def keep(self, token: Secret, device: Secret, life: timedelta) -> tuple[SetCookie, ...]:
        """The cookies of a login."""
        return (self.make("session", token.reveal(), life), self.make("device", device.reveal(), _YEAR))

    def known_device(self, device: Secret) -> SetCookie:
        """The cookie of a browser that has shown a mailbox, without a login."""
        return self.make("device", device.reveal(), _YEAR)

    def drop(self, kind: str) -> SetCookie:
        """Take a cookie away."""
        return self.make(kind, "", timedelta(0))


def _some(cookies: Mapping[str, str], name: str) -> str | None:
    return cookies.get(name) or None
