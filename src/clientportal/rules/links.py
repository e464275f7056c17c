"""May this signed link still be used, and for which appointment?

A link is leave to see and change one appointment as its client. It names the appointment as it was when the link was
made; a reschedule and a merge are followed, so a link sent earlier acts on the current booking and never makes a second
one (X1). Looking has no effect, however often a mail scanner looks; acting consumes the link.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from attrs import frozen

from clientportal.decisions import Because, Reason, Refusal
from clientportal.values import RecordRef

__all__ = ["APPOINTMENT_LINK", "LinkClaims", "judge_link", "read_claims"]

APPOINTMENT_LINK = "appointment-link"


@frozen
class LinkClaims:
    """What a signed link says: the appointment and its version, whose it was, until when, and the link's own id."""

    appointment_id: str
    version: str
    client: RecordRef
    expires_at: datetime
    link_id: str

    def as_mapping(self) -> dict[str, str | int]:
        """For signing."""
        return {
            "a": self.appointment_id,
            "v": self.version,
            "c": str(self.client),
            "e": int(self.expires_at.timestamp()),
            "i": self.link_id,
        }


def read_claims(claims: Mapping[str, str | int] | None, tenant: str) -> LinkClaims | None:
    """The claims of a link that was signed for this tenant; ``None`` for any other."""
    if claims is None or claims.get("t") != tenant:
        return None
    return LinkClaims(
        appointment_id=str(claims["a"]),
        version=str(claims["v"]),
        client=RecordRef.parse(str(claims["c"])),
        expires_at=datetime.fromtimestamp(int(claims["e"]), UTC),
        link_id=str(claims["i"]),
    )


def judge_link(claims: LinkClaims | None, spent: bool, now: datetime) -> Refusal | None:
    """Refuse a link that was changed, is over, or has acted; all three look the same."""
    because = Because(
        "links.judge_link",
        (
            ("signature", "good" if claims else "bad"),
            ("expired", str(claims is not None and now >= claims.expires_at)),
            ("used", str(spent)),
        ),
    )
    if claims is None or spent or now >= claims.expires_at:
        return Refusal(Reason.LINK_GONE, because)
    return None
