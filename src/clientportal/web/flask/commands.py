"""``flask clientportal …``: what cron calls."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import click
from attrs import astuple, fields
from flask.cli import AppGroup

from clientportal.errors import ClientPortalError
from clientportal.outcomes import Delivered, WalkReport
from clientportal.web.flask.mounted import Mounted, mounted_here

__all__ = ["commands"]

commands = AppGroup("clientportal", help="Keep the client portal going.")

_business = click.option(
    "--business", "businesses", multiple=True, help="For this business alone; may be given several times."
)


def _asked_for(mounted: Mounted, businesses: tuple[str, ...]) -> tuple[str, ...]:
    found = businesses or mounted.businesses
    if not found:
        raise click.UsageError("for which business? Give --business, or set CLIENTPORTAL_BUSINESSES")
    return found


def _in_turn(businesses: tuple[str, ...], work: Callable[[Mounted, str], None]) -> None:
    """Do it for each business: one that fails keeps no other from its turn. What failed is said at the end, and the
    command exits with 1, so that cron tells.
    """
    mounted = mounted_here()
    failed: list[str] = []
    for business in _asked_for(mounted, businesses):
        try:
            work(mounted, business)
        except (ClientPortalError, OSError) as error:
            failed.append(f"{business}: {type(error).__name__}: {error}")
    if failed:
        raise click.ClickException("\n".join(failed))


@commands.command("deliver")
@_business
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Messages of a business.")
def deliver(businesses: tuple[str, ...], limit: int) -> None:
    """Send what is due. Once a minute; many at once are fine."""

    def work(mounted: Mounted, business: str) -> None:
        done = mounted.portal.deliver(business, limit=limit)
        counts = zip((one.name for one in fields(Delivered)), astuple(done), strict=True)
        click.echo(f"{business}: " + ", ".join(f"{name} {count}" for name, count in counts))

    _in_turn(businesses, work)


@commands.command("purge")
@_business
def purge(businesses: tuple[str, ...]) -> None:
    """Forget what has expired. Once a night."""

    def work(mounted: Mounted, business: str) -> None:
        click.echo(f"{business}: {mounted.portal.purge(business).records} records forgotten")

    _in_turn(businesses, work)


@commands.command("reindex")
@_business
@click.option("--restart", is_flag=True, help="From the beginning, and not where an interrupted walk stopped.")
def reindex(businesses: tuple[str, ...], restart: bool) -> None:
    """Build or refresh the index of contacts. Before anybody logs in, and after contacts changed behind our back."""

    def work(mounted: Mounted, business: str) -> None:
        done = mounted.portal.walk_contacts(business, progress=partial(_so_far, business), restart=restart)
        unreadable = f", {done.unreadable_count} unreadable" if done.unreadable_count else ""
        click.echo(f"{business}: {done.records} records, {done.contacts} contacts{unreadable}")

    _in_turn(businesses, work)


def _so_far(business: str, report: WalkReport) -> None:
    click.echo(f"{business}: {report.records} records so far", err=True)
