"""``clientportal keys``: make one, and see what hangs on those that there are."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from clientportal.cli.common import each_business, shown
from clientportal.cli.finding import Driven
from clientportal.cli.showing import Show, plain
from clientportal.keyring import Key, KeyRing
from clientportal.outcomes import KeysInUse

__all__ = ["keys"]


@click.group()
def keys() -> None:
    """The ring of keys: make one, and see what hangs on each before you remove it."""


@keys.command()
@click.option("--id", "name", help="Its id; without one, this year and month.")
@shown
def new(show: Show, name: str | None) -> None:
    """Make a key for the ring, and print it, once: it belongs with your application's secrets."""
    id = name or f"{datetime.now(UTC):%Y-%m}"
    secret = KeyRing.generate_secret()
    Key(id, b"0" * 32)  # the id is one, or it is said now
    show.told(f'"{id}" = "{secret}"', id=id, secret=secret)
    show.note("a secret, printed nowhere else: every process has to know it before it goes in front, where it signs")


@keys.command()
@each_business
def report(driven: Driven, names: tuple[str, ...], show: Show) -> None:
    """Say what hangs on each key. One with nothing, and older than what is not counted, can be removed."""
    for name in names:
        seen: KeysInUse = driven.run(driven.portal.keys_in_use(name))
        if show.as_json:
            show.told("", business=name, **plain(seen))
            continue
        for key in seen.keys:
            role = "signs" if key.signs else "verifies" if key.in_ring else "NOT IN THE RING"
            counts = ", ".join(f"{what} {count:,}" for what, count in key.counts.items() if count)
            show.told(f"{name}: {key.key_id} ({role}): {counts or 'nothing that is counted'}")
        for what, days in seen.not_counted.items():
            show.told(f"{name}: not counted: {what}, {'for ever' if days is None else f'{days:g} days'}")
