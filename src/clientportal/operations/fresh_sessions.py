"""What a new session is given: its token, and the token by which its device is known from then on."""

from __future__ import annotations

from datetime import datetime

from clientportal.keyring import digest, new_secret, token_for
from clientportal.operations.frame import Reading
from clientportal.operations.setting import Setup
from clientportal.records import Account
from clientportal.rules.signing_in import STRANGERS, FreshSession
from clientportal.values import ContactKey, ContactKind, Secret

__all__ = ["NOBODY", "fresh_session", "fresh_session_of", "lane_of", "registered_on"]

NOBODY = ContactKey(ContactKind.EMAIL, "")
"""Whoever opens a session as this is at a device that is known for no contact."""

_DEVICE = "device"


def lane_of(setup: Setup, tenant: str, device: Secret | None, identity: ContactKey, now: datetime) -> str:
    """The lane of this device for this identity: its own where it has logged in as it before, else the strangers'."""
    claims = setup.keys.verify(_DEVICE, device.reveal()) if device is not None else None
    if (
        claims is None
        or claims.get("t") != tenant
        or claims.get("i") != setup.keys.fingerprint(_DEVICE, tenant, str(identity), key_id=str(claims.get("k")))
        or int(claims.get("e", 0)) <= now.timestamp()
    ):
        return STRANGERS
    return f"device:{claims.get('n')}"


def registered_on(setup: Setup, tenant: str, device: Secret | None) -> str | None:
    """The account that this very browser registered, as its device token says; whether it is there is not asked."""
    claims = setup.keys.verify(_DEVICE, device.reveal()) if device is not None else None
    if claims is None or claims.get("t") != tenant or not claims.get("a"):
        return None
    return str(claims["a"])


def fresh_session(
    reading: Reading, identity: ContactKey, lane: str = STRANGERS, *, account: str | None = None
) -> FreshSession:
    """A token and a device token, drawn for this try. The device remembers ``account``: see ``registered_on``."""
    token = token_for(reading.tenant, new_secret())
    keys, policy = reading.setup.keys, reading.policy
    nonce = lane.removeprefix("device:") if lane != STRANGERS else reading.fresh_id()
    device = keys.sign(
        _DEVICE,
        reading.tenant,
        {
            "n": nonce,
            # By the key that signs: removing an older one must not make strangers of the devices that came after.
            "k": keys.signing_id,
            "i": keys.fingerprint(_DEVICE, reading.tenant, str(identity), key_id=keys.signing_id),
            "e": int((reading.now + policy.sessions.device_known_for).timestamp()),
            **({"a": account} if account is not None else {}),
        },
    )
    return FreshSession(
        token=token,
        digest=digest(token.reveal()),
        device=device,
        device_lane=f"device:{nonce}",
        intent_id=reading.fresh_id(),
        message_id=reading.fresh_id(),
    )


def fresh_session_of(reading: Reading, account: Account, lane: str = STRANGERS) -> FreshSession:
    """The same for an account. Its device is a known one for its email only once that is proved.

    The attack: somebody registers with a client's address to be a known device for it, with guesses of its own, and
    again for as many guesses as they like. An address that was merely typed makes no device known.
    """
    identity = NOBODY if account.proved_at is None else account.identity
    return fresh_session(reading, identity, lane, account=account.id)
