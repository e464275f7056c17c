"""What the management commands share: which businesses, how much is said, and what the exit code means."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clientportal.doors import Portal
from clientportal.errors import ClientPortalError
from clientportal.web.django.conf import configuration, portal

__all__ = ["PortalCommand", "at_least", "lines"]


class PortalCommand(BaseCommand):
    """One call of the portal for each business; exits with 0 where all went well, with 1 where anything did not.

    One business that fails keeps no other from its turn.
    """

    # What is wrong with the settings is said by the portal itself; warnings every minute from cron help nobody.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """For one business or several; all of them unless told otherwise."""
        parser.add_argument(
            "--business", action="append", metavar="ID", help="for this business alone; may be given several times"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """All businesses in turn."""
        if not self.all_went_well(options):
            raise CommandError("not everything went well; see above", returncode=1)

    def all_went_well(self, options: dict[str, Any]) -> bool:
        """Whether they all did."""
        try:
            ours, businesses = portal(), options["business"] or configuration().businesses()
        except ClientPortalError as error:
            raise CommandError(str(error)) from None
        failed = [business for business in businesses if not self._one_went_well(ours, business, options)]
        return not failed

    def _one_went_well(self, ours: Portal, business: str, options: dict[str, Any]) -> bool:
        try:
            return self.for_business(ours, business, options)
        except (ClientPortalError, LookupError) as error:
            self.stderr.write(self.style.ERROR(f"{business}: {error}"))
            return False

    def for_business(self, ours: Portal, business: str, options: dict[str, Any]) -> bool:
        """Do it for one; answers whether it went well."""
        raise NotImplementedError

    def say(self, options: dict[str, Any], text: str, *, level: int = 1) -> None:
        """A line on stdout, from that verbosity on."""
        if options["verbosity"] >= level:
            self.stdout.write(text)


def at_least(least: int) -> Callable[[str], int]:
    """A whole number from ``least`` on, as an argument."""

    def number(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"this is a whole number from {least} on")
        return int(text)

    return number


def lines(counts: dict[str, int]) -> str:
    """Counts as a text, without those of which there are none."""
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count) or "nothing"
