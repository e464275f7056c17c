"""What a process of a crew can be told to do. Each answers what JSON can say."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from clientportal import ClientPortalError, RecordRef, Refused
from processes.here import Here
from processes.storming import storm

__all__ = [
    "cancel",
    "cancel_by_link",
    "check_schema",
    "deliver",
    "guess",
    "log_out_everywhere",
    "merge",
    "move",
    "move_by_link",
    "reset_password",
    "see",
    "see_until",
    "shorten_leases",
    "storm",
    "type_code",
    "undo",
    "upgrade",
]


def type_code(here: Here, handle: str, code: str, key: str | None = None) -> Any:
    """A code is typed; answers the session's token."""
    return here.visitor().verify_code(handle, code, key=key).token.reveal()


def guess(here: Here, handle: str, codes: Sequence[str]) -> list[str]:
    """Codes are tried one after the other; answers what was said to each."""
    said: list[str] = []
    for code in codes:
        try:
            here.visitor().verify_code(handle, code)
            said.append("right")
        except Refused as refused:
            said.append(refused.reason.value)
    return said


def cancel_by_link(here: Here, link: str) -> str:
    """The link of a message is used."""
    return str(here.visitor().cancel_by_link(link).status.value)


def move_by_link(here: Here, link: str, slot: str) -> str:
    """The link of a message is used to move to another time."""
    return str(here.visitor().move_by_link(link, slot).appointment.id)


def reset_password(here: Here, link: str, password: str) -> bool:
    """The link of a mail is used."""
    return here.visitor().reset_password(link, password) is not None


def see(here: Here, token: str) -> dict[str, Any]:
    """The holder of a token looks at their record and appointments."""
    door = here.client(token)
    shown = door.appointments()
    return {"name": door.profile().first_name, "appointments": sorted(one.id for one in shown.items)}


def move(here: Here, token: str, appointment: str, slot: str, key: str | None = None) -> str:
    """A client moves an appointment; answers where it stands."""
    return str(here.client(token).move(appointment, slot, key=key).appointment.start.isoformat())


def cancel(here: Here, token: str, appointment: str, key: str | None = None) -> str:
    """A client cancels."""
    return str(here.client(token).cancel(appointment, key=key).status.value)


def log_out_everywhere(here: Here, token: str) -> int:
    """A client ends every session."""
    return int(here.client(token).log_out_everywhere().sessions)


def merge(here: Here, survivor: str, absorbed: str, key: str | None = None) -> list[str]:
    """Staff merge two records."""
    merged = here.staff().merge(RecordRef.parse(survivor), RecordRef.parse(absorbed), key=key)
    return list(merged.merges)


def undo(here: Here, merge_id: str) -> str:
    """Staff take a merge back."""
    return str(here.staff().undo(merge_id).absorbed)


def deliver(here: Here) -> int:
    """The pump runs once."""
    return int(here.portal.deliver(here.tenant).sent)


def upgrade(here: Here) -> None:
    """The tables are brought to this library's version."""
    here.store.upgrade()


def check_schema(here: Here) -> None:
    """Whether this library can work with the tables as they are."""
    here.store.check_schema()


def shorten_leases(here: Here, seconds: float) -> str:
    """Every store of this process asks that often; answers which release this is."""
    from clientportal.stores.sql import schema

    schema.LEASE = seconds
    return schema.STEPS[-1].release


def see_until(here: Here, token: str, seconds: float) -> dict[str, Any]:
    """Look at the appointments again and again; answers how often they were shown, and what was said once they were
    not.
    """
    shown, until = 0, time.time() + seconds
    while time.time() < until:
        try:
            here.client(token).appointments()
            shown += 1
        except ClientPortalError as error:
            return {"shown": shown, "error": type(error).__name__, "text": str(error)}
    return {"shown": shown, "error": "", "text": ""}
