"""``clientportal duplicates``: which records look like one person."""

from __future__ import annotations

import click

from clientportal.cli.common import each_business, staff_of
from clientportal.cli.finding import Driven
from clientportal.cli.showing import Show, plain
from clientportal.outcomes import DuplicateGroup
from clientportal.rules.who_may_manage import Permission

__all__ = ["duplicates"]


@click.group()
def duplicates() -> None:
    """Records that look like one person. Each command is a look, and is in the audit as yours."""


def _show(show: Show, business: str, group: DuplicateGroup) -> None:
    records = ", ".join(
        f"{ref} ({name})" if name else str(ref) for ref, name in zip(group.refs, group.names, strict=True)
    )
    score = group.weakest.score
    show.told(
        f"{business}: {records} – weakest link {score}",
        business=business,
        refs=[str(ref) for ref in group.refs],
        names=list(group.names),
        weakest=plain(score),
    )


@duplicates.command()
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many groups.")
@each_business
def report(driven: Driven, names: tuple[str, ...], show: Show, limit: int) -> None:
    """Show the first page of the report."""
    for name in names:
        page = driven.run(staff_of(driven, name, Permission.SEE_DUPLICATES).duplicates(limit=limit))
        for group in page.groups:
            _show(show, name, group)
        if not page.groups:
            show.note(f"{name}: no duplicates")
        elif page.next is not None:
            show.note(f"{name}: there are more: clientportal duplicates scan")


@duplicates.command()
@each_business
def scan(driven: Driven, names: tuple[str, ...], show: Show) -> None:
    """Show every group, as they are read: for an export, or a night's work."""
    for name in names:
        found = 0
        with show.progress(f"{name}: groups") as progress:
            for group in driven.each(staff_of(driven, name, Permission.SEE_DUPLICATES).scan_duplicates()):
                _show(show, name, group)
                found += 1
                progress.reached(found)
        show.note(f"{name}: {found:,} groups")
