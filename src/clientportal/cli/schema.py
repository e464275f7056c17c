"""``clientportal schema``: the portal's tables in a database."""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from clientportal.cli.common import shown
from clientportal.cli.failing import Misconfigured
from clientportal.cli.finding import find_portal
from clientportal.cli.showing import Show
from clientportal.stores.sql import SqlStore

__all__ = ["schema"]


@click.group()
def schema() -> None:
    """The portal's tables: check them, or make and upgrade them.

    The database is the one of CLIENTPORTAL_DATABASE (sqlite:///portal.db, postgresql://…), or else the one of your
    portal. An address with a password belongs into the environment, not onto a command line that others can list.
    """


_URL = click.option("--url", envvar="CLIENTPORTAL_DATABASE", show_envvar=True, help="The database's address.")
_PORTAL = click.option("--portal", "-p", "path", envvar="CLIENTPORTAL_PORTAL", show_envvar=True, metavar="MODULE:NAME")


def _without_secrets(url: str) -> str:
    """A password may stand in the query as well: libpq takes ``?password=…``."""
    return make_url(url).set(query={}).render_as_string(hide_password=True)


class _Tables:
    """A store whose tables are looked after, and how it is called in what is printed: never with a password."""

    def __init__(self, url: str | None, path: str | None) -> None:
        self._driven = None if url else find_portal(path)
        try:
            self.store: Any = SqlStore.open(url) if url else self._driven.store  # type: ignore[union-attr]
            self.name = _without_secrets(url) if url else str(path)
        except ArgumentError:
            raise Misconfigured("the database's address is none: sqlite:///portal.db, postgresql://…") from None
        if not hasattr(self.store, "upgrade"):
            raise Misconfigured(f"the store of {self.name} is a {type(self.store).__name__}, which has no tables")

    def do(self, method: str) -> None:
        """Call it, in the colour of the store; whatever comes of it, leave nothing open."""
        try:
            if self._driven is not None and getattr(self.store, "needs_loop", False):
                self._driven.run(getattr(self.store, f"{method}_async")())
            else:
                getattr(self.store, method)()
        finally:
            if self._driven is None:
                self.store.close()
            else:
                self._driven.close()


@schema.command()
@_URL
@_PORTAL
@shown
def check(url: str | None, path: str | None, show: Show) -> None:
    """Say whether this library can work with the tables as they are."""
    tables = _Tables(url, path)
    tables.do("check_schema")
    show.told(f"{tables.name}: the tables are those of this library", database=tables.name, up_to_date=True)


@schema.command()
@_URL
@_PORTAL
@shown
def upgrade(url: str | None, path: str | None, show: Show) -> None:
    """Make the tables, or bring those of an older release up to date. Safe to repeat."""
    tables = _Tables(url, path)
    tables.do("upgrade")
    show.told(f"{tables.name}: the tables are up to date", database=tables.name, up_to_date=True)
