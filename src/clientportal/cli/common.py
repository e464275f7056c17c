"""What the commands share: their options, and what they are handed."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable
from typing import Any, TypeVar

import click

from clientportal.cli.failing import Exit, Misconfigured, exit_of, sentence_of
from clientportal.cli.finding import Driven, find_portal
from clientportal.cli.showing import Show
from clientportal.errors import ClientPortalError
from clientportal.rules.who_may_manage import Permission

__all__ = ["businesses", "each_business", "in_turn", "shown", "staff_of", "with_portal"]

F = TypeVar("F", bound=Callable[..., Any])

_PORTAL = click.option(
    "--portal", "-p", "portal_path", envvar="CLIENTPORTAL_PORTAL", show_envvar=True, metavar="MODULE:NAME",
    help="Where your portal is, or a function that makes it.",
)  # fmt: skip
_BUSINESS = click.option(
    "--business", "-b", "names", multiple=True, envvar="CLIENTPORTAL_BUSINESS", show_envvar=True, metavar="ID",
    help="Which business; may be given several times.",
)  # fmt: skip
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")


def shown(command: F) -> F:
    """Hand the command a :class:`Show`, by ``--json``."""

    @_JSON
    @functools.wraps(command)
    def run(*args: Any, as_json: bool, **more: Any) -> Any:
        return command(*args, show=Show(as_json=as_json), **more)

    return run  # type: ignore[return-value]


def with_portal(command: F) -> F:
    """Hand the command the portal, and close it afterwards."""

    @_PORTAL
    @functools.wraps(command)
    def run(*args: Any, portal_path: str | None, **more: Any) -> Any:
        driven = find_portal(portal_path)
        try:
            return command(*args, driven=driven, **more)
        finally:
            driven.close()

    return run  # type: ignore[return-value]


def businesses(command: F) -> F:
    """Hand the command the businesses that it is about: one at least."""

    @_BUSINESS
    @functools.wraps(command)
    def run(*args: Any, names: tuple[str, ...], **more: Any) -> Any:
        if not names:
            raise Misconfigured("which business? --business salon, or CLIENTPORTAL_BUSINESS=salon in the environment")
        return command(*args, names=names, **more)

    return run  # type: ignore[return-value]


def each_business(command: F) -> F:
    """All three: a command over the portal for each business."""
    return businesses(with_portal(shown(command)))


def in_turn(names: tuple[str, ...], show: Show, work: Callable[[str], None]) -> Exit:
    """Do it for each business: of several, one that fails keeps no other from its turn. Ends as the worst of them."""
    ended = Exit.DONE
    for name in names:
        try:
            work(name)
        except (ClientPortalError, OSError) as error:
            if len(names) == 1:
                raise
            show.note(f"{name}: {sentence_of(error)}")
            ended = max(ended, exit_of(error))
    return ended


def staff_of(driven: Driven, business: str, *permissions: Permission) -> Any:
    """The staff door of whoever sits at the command line: the audit names them."""
    actor = f"command:{getpass.getuser()}"[:200]
    return driven.portal.staff(business, actor=actor, permissions=permissions)
