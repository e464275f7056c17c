"""What keeps a portal going besides the pump: forgetting, sealing and verifying the audit, health, keys; both colours.

Called from cron, a thread, a management command or the ``clientportal`` command; many at once are fine.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from clientportal.doors.base import describe
from clientportal.doors.checks import check_tenant
from clientportal.operations.health import health
from clientportal.operations.housekeeping import purge
from clientportal.operations.keys import keys_in_use
from clientportal.operations.sealing import audit_head, seal_audit
from clientportal.operations.setting import Setup
from clientportal.operations.verifying import verify_audit
from clientportal.outcomes import AuditHead, AuditVerdict, Health, KeysInUse, Purged, Sealed
from clientportal.ports import step

__all__ = ["AsyncPortalUpkeep", "PortalUpkeep"]


class PortalUpkeep:
    """What a platform runs now and then, for each of its businesses."""

    _setup: Setup

    def purge(
        self,
        business: str,
        *,
        audit_older_than: timedelta | None = None,
        progress: Callable[[Purged], None] | None = None,
    ) -> Purged:
        """Forget what has expired, in batches of a transaction each; answers what went, by kind.

        ``audit_older_than`` forgets sealed audit entries as well that are older than that: what is left still verifies,
        and the chain keeps how many went. Without it the audit is kept for ever. A part of it that does not verify is
        not forgotten.
        """
        return step(purge(self._setup, check_tenant(business), audit_older_than, progress))

    def seal_audit(self, business: str, *, accept: bool = False) -> Sealed:
        """Seal every audit entry that is still open, and sign the chain's end with the ring's first key.

        :meth:`deliver` does so by itself for what is older than a minute. Where the chain's end does not hold, nothing
        is sealed, and the answer says what is wrong. ``accept`` goes on all the same, from what stands there now, once
        you know why: the audit keeps that somebody did.
        """
        return step(seal_audit(self._setup, check_tenant(business), accept=accept))

    def audit_head(self, business: str) -> AuditHead | None:
        """Where the audit's chain ends; ``None`` before anything was sealed. Keep it where nobody who can write to the
        database can write: it is the anchor that :meth:`verify_audit` holds the chain against.
        """
        return step(audit_head(self._setup, check_tenant(business)))

    def verify_audit(
        self,
        business: str,
        *,
        anchor: AuditHead | None = None,
        progress: Callable[[AuditVerdict], None] | None = None,
    ) -> AuditVerdict:
        """Read the whole audit and say whether it is as it was sealed, or what is the first thing that is not.

        ``anchor`` is an earlier :meth:`audit_head`: without one, nobody can tell an audit whose newest part was cut off
        together with the chain's end. ``progress`` is told after every page. Reads only.
        """
        return step(verify_audit(self._setup, check_tenant(business), anchor, progress))

    def health(self, business: str | None = None) -> Health:
        """How the portal is: its store, and with a business its host, what waits in it, and the keys for that.

        A fixed, small number of statements, for a page that is asked every few seconds. Never raises: what fails is a
        part that says so.
        """
        return step(health(self._setup, None if business is None else check_tenant(business)))

    def keys_in_use(self, business: str) -> KeysInUse:
        """What hangs on each key of the ring, or on one that is not in it any more: before you remove one."""
        return step(keys_in_use(self._setup, check_tenant(business)))


class AsyncPortalUpkeep:
    """The twin of :class:`PortalUpkeep`, awaited."""

    _setup: Setup

    async def purge(
        self,
        business: str,
        *,
        audit_older_than: timedelta | None = None,
        progress: Callable[[Purged], None] | None = None,
    ) -> Purged:
        return await purge(self._setup, check_tenant(business), audit_older_than, progress)

    async def seal_audit(self, business: str, *, accept: bool = False) -> Sealed:
        return await seal_audit(self._setup, check_tenant(business), accept=accept)

    async def audit_head(self, business: str) -> AuditHead | None:
        return await audit_head(self._setup, check_tenant(business))

    async def verify_audit(
        self,
        business: str,
        *,
        anchor: AuditHead | None = None,
        progress: Callable[[AuditVerdict], None] | None = None,
    ) -> AuditVerdict:
        return await verify_audit(self._setup, check_tenant(business), anchor, progress)

    async def health(self, business: str | None = None) -> Health:
        return await health(self._setup, None if business is None else check_tenant(business))

    async def keys_in_use(self, business: str) -> KeysInUse:
        return await keys_in_use(self._setup, check_tenant(business))


describe(AsyncPortalUpkeep, PortalUpkeep)
