"""``manage.py clientportal_reindex``: build or refresh the index of clients' contacts."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from clientportal.doors import Portal
from clientportal.outcomes import WalkReport
from clientportal.web.django.commands import PortalCommand

__all__ = ["Command"]


class Command(PortalCommand):
    """Once before the first client logs in, and whenever contacts have changed without the portal being told."""

    help = "Build or refresh the index of clients' contacts; goes on where an interrupted run stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        """As all, and whether to begin again."""
        super().add_arguments(parser)
        parser.add_argument("--restart", action="store_true", help="from the first record, whatever was done before")

    def for_business(self, ours: Portal, business: str, options: dict[str, Any]) -> bool:
        """One walk; contacts that cannot be read are told, and are no failure: people type them."""

        def progress(report: WalkReport) -> None:
            self.say(options, f"{business}: {report.records} records …", level=2)

        done = ours.walk_contacts(business, progress=progress, restart=options["restart"])
        self.say(
            options,
            f"{business}: {done.records} records, {done.contacts} contacts, {done.shared} shared, "
            f"{done.unreadable_count} cannot be read",
        )
        for one in done.unreadable:
            self.say(options, f"{business}: {one.ref} {one.field.value}: {one.problem}", level=2)
        return True
