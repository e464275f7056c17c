"""``clientportal deliver``, ``purge``, ``reindex``, ``health``: what is run again and again."""

from __future__ import annotations

import signal
import threading
from datetime import timedelta
from types import FrameType

import click
from attrs import asdict

from clientportal.cli.common import each_business, in_turn, shown, with_portal
from clientportal.cli.failing import Exit, sentence_of
from clientportal.cli.finding import Driven
from clientportal.cli.showing import Show
from clientportal.errors import ClientPortalError
from clientportal.outcomes import Delivered, Health, HealthState, Purged, WalkReport

__all__ = ["deliver", "health", "purge", "reindex"]


def _listed(counts: dict[str, int]) -> str:
    said = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
    return said or "nothing"


@click.command()
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Messages of a business at once.")
@click.option("--loop", is_flag=True, help="Go on until SIGTERM or Ctrl-C.")
@click.option("--every", type=click.FloatRange(0.1), default=5.0, show_default=True, help="Seconds between, in a loop.")
@each_business
def deliver(driven: Driven, names: tuple[str, ...], show: Show, limit: int, loop: bool, every: float) -> int:
    """Send what is due, and finish what a crash has left. Many at once are fine."""
    if not loop:
        return in_turn(names, show, lambda name: _deliver_one(driven, name, show, limit))
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not stop.is_set():
            for name in names:
                if not stop.is_set():
                    _deliver_in_loop(driven, name, show, limit)
            stop.wait(every)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    show.note("stopped")
    return Exit.DONE


def _deliver_one(driven: Driven, name: str, show: Show, limit: int, *, quiet: bool = False) -> None:
    done: Delivered = driven.run(driven.portal.deliver(name, limit=limit))
    counts = asdict(done)
    if not quiet or any(counts.values()):
        show.told(f"{name}: {_listed(counts)}", business=name, **counts)


def _deliver_in_loop(driven: Driven, name: str, show: Show, limit: int) -> None:
    """A failure is said, and tried again: a service that ends at the first one sends nothing all night."""
    try:
        _deliver_one(driven, name, show, limit, quiet=True)
    except (ClientPortalError, OSError) as error:
        show.note(f"{name}: {sentence_of(error)}")


@click.command()
@click.option("--audit-days", type=click.IntRange(1), help="Forget the audit that is older than so many days, too.")
@each_business
def purge(driven: Driven, names: tuple[str, ...], show: Show, audit_days: int | None) -> int:
    """Forget what has expired, batch by batch."""
    kept = None if audit_days is None else timedelta(days=audit_days)

    def work(name: str) -> None:
        with show.progress(f"{name}: forgotten") as progress:

            def told(so_far: Purged) -> None:
                progress.reached(so_far.records)

            gone: Purged = driven.run(driven.portal.purge(name, audit_older_than=kept, progress=told))
        show.told(
            f"{name}: {_listed(dict(gone.kinds))} forgotten",
            business=name,
            records=gone.records,
            kinds=dict(gone.kinds),
        )

    return in_turn(names, show, work)


@click.command()
@click.option("--restart", is_flag=True, help="Begin anew instead of where an interrupted walk stopped.")
@each_business
def reindex(driven: Driven, names: tuple[str, ...], show: Show, restart: bool) -> int:
    """Walk over your platform's contacts, and build or refresh the index that clients are found by."""

    def work(name: str) -> None:
        with show.progress(f"{name}: records") as progress:

            def told(so_far: WalkReport) -> None:
                progress.reached(so_far.records)

            done: WalkReport = driven.run(driven.portal.walk_contacts(name, progress=told, restart=restart))
        show.told(
            f"{name}: {done.records:,} records, {done.contacts:,} contacts, {done.shared:,} of them on several records,"
            f" {done.unreadable_count:,} unreadable",
            business=name,
            **{one: getattr(done, one) for one in ("records", "contacts", "shared", "unreadable_count", "finished")},
        )

    return in_turn(names, show, work)


@click.command()
@click.option(
    "--business", "-b", "names", multiple=True, envvar="CLIENTPORTAL_BUSINESS", show_envvar=True, metavar="ID",
    help="Which business; without one, the store alone.",
)  # fmt: skip
@with_portal
@shown
def health(driven: Driven, names: tuple[str, ...], show: Show) -> int:
    """Say how the portal is, part by part. Exits with 1 where one has failed."""
    works = True
    for name in names or (None,):
        seen: Health = driven.run(driven.portal.health(name))
        works &= seen.works
        if show.as_json:
            show.told("", **seen.as_json())
            continue
        for part in seen.parts:
            said = part.state.value if part.state is HealthState.OK else f"{part.state.value}: {part.problem}"
            known = {
                fact: value
                for fact, value in part.facts.items()
                if not isinstance(value, bool) and value not in (None, "")
            }
            facts = ", ".join(f"{fact} {value}" for fact, value in known.items())
            show.told(f"{name or 'store'}: {part.name:<9} {said}{f' ({facts})' if facts else ''}")
    return Exit.DONE if works else Exit.FOUND
