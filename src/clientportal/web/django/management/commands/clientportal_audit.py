"""``manage.py clientportal_audit``: is the audit as it was sealed?"""

from __future__ import annotations

from typing import Any

from clientportal.doors import Portal
from clientportal.outcomes import AuditVerdict
from clientportal.web.django.commands import PortalCommand

__all__ = ["Command"]


class Command(PortalCommand):
    """Exits with 1 where anything in it was changed, added or taken away."""

    help = "Seal the audit's open entries, read the whole of it, and say whether it is as it was sealed."

    def for_business(self, ours: Portal, business: str, options: dict[str, Any]) -> bool:
        """One chain."""

        def progress(so_far: AuditVerdict) -> None:
            self.say(options, f"{business}: {so_far.entries} entries …", level=2)

        ours.seal_audit(business)
        found = ours.verify_audit(business, progress=progress)
        if found.broken is not None:
            self.stderr.write(self.style.ERROR(f"{business}: {found.broken}"))
            return False
        self.say(
            options,
            f"{business}: {found.entries} entries under {found.seals} seals are as they were sealed, "
            f"{found.unsealed} wait to be sealed",
        )
        if found.waiting:
            self.say(options, f"{business}: {found.waiting} of these name a key that is not in the ring")
        return True
