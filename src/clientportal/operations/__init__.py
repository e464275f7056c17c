"""Loaders and steps, one file per rule file. :data:`ALL` lists every operation, for tests that must not miss one."""

from __future__ import annotations

from typing import Any

from clientportal.operations import (
    account_staff,
    active_codes,
    adding_clients,
    appointments,
    asserting,
    assigning,
    by_link,
    changing,
    changing_email,
    claiming,
    client_list,
    client_profile,
    contact_index,
    deleting_clients,
    dismissing,
    duplicate_report,
    ending_sessions,
    erasing,
    exporting,
    finding_accounts,
    housekeeping,
    importing,
    inviting,
    linking,
    logging_in,
    matching,
    merging,
    merging_accounts,
    own_password,
    proving,
    registering,
    requesting_codes,
    resetting,
    second_factor,
    sessions,
    sign_in_links,
    signing_in,
    staff,
    viewing,
)
from clientportal.operations.frame import Operation

__all__ = ["ALL"]

_MODULES = (
    adding_clients,
    client_list,
    client_profile,
    deleting_clients,
    sign_in_links,
    merging_accounts,
    changing_email,
    account_staff,
    active_codes,
    appointments,
    asserting,
    assigning,
    by_link,
    changing,
    claiming,
    contact_index,
    dismissing,
    duplicate_report,
    merging,
    ending_sessions,
    erasing,
    exporting,
    finding_accounts,
    housekeeping,
    importing,
    inviting,
    linking,
    logging_in,
    matching,
    own_password,
    proving,
    registering,
    requesting_codes,
    resetting,
    second_factor,
    sessions,
    signing_in,
    staff,
    viewing,
)


def _all() -> dict[str, Operation[Any, Any, Any]]:
    found: dict[str, Operation[Any, Any, Any]] = {}
    for module in _MODULES:
        for value in vars(module).values():
            if isinstance(value, Operation):
                found[value.name] = value
    return found


ALL: tuple[Operation[Any, Any, Any], ...] = tuple(one for _, one in sorted(_all().items()))
"""Every operation that a door can reach."""
