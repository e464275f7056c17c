"""``manage.py clientportal_purge``: forget what has expired."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from clientportal.doors import Portal
from clientportal.outcomes import Purged
from clientportal.web.django.commands import PortalCommand, at_least, lines

__all__ = ["Command"]


class Command(PortalCommand):
    """Daily, from cron."""

    help = "Forget what has expired: sessions, codes, messages, receipts."

    def add_arguments(self, parser: CommandParser) -> None:
        """As all, and how long the audit is kept."""
        super().add_arguments(parser)
        parser.add_argument(
            "--audit-days", type=at_least(1), metavar="DAYS", help="forget sealed audit entries older than that as well"
        )

    def for_business(self, ours: Portal, business: str, options: dict[str, Any]) -> bool:
        """One business, in batches."""

        def progress(so_far: Purged) -> None:
            self.say(options, f"{business}: {so_far.records} records …", level=2)

        days = options["audit_days"]
        done = ours.purge(business, audit_older_than=None if days is None else timedelta(days=days), progress=progress)
        self.say(options, f"{business}: {lines(dict(done.kinds))}")
        return True
