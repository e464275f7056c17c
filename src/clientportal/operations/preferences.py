"""Which messages a client wants (M11). Rules: ``rules/preferring.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from clientportal.errors import HostError
from clientportal.operations.frame import Reading
from clientportal.operations.trusting_sections import CheckedSection
from clientportal.rules.preferring import put_together
from clientportal.values import RecordRef
from clientportal.values.preferences import Preference, Preferences

__all__ = ["SECTION", "load_preferences", "preferences_port"]

SECTION = "preferences"


async def preferences_port(reading: Reading) -> CheckedSection | None:
    """The platform's preferences, where it has them and the business has activated them. Whether the portal shows the
    section makes no difference here: what a client chose holds while it is hidden.
    """
    port = await reading.host.section(SECTION)
    return port if port is not None and await port.active() else None


async def load_preferences(reading: Reading, refs: Sequence[RecordRef]) -> Preferences:
    """What one person wants: ``refs`` are all records behind them (``group.refs``). For whoever sends them messages."""
    port = await preferences_port(reading)
    return put_together(() if port is None else await chosen_by(port, refs))


async def chosen_by(port: CheckedSection, refs: Sequence[RecordRef]) -> Sequence[Preference]:
    """What those records have chosen, believed as far as the contract goes."""
    found = await port.ask("chosen", tuple(refs)) if refs else ()
    if not isinstance(found, Sequence):
        raise HostError(f"{SECTION}.chosen() answers with a sequence of Preference; this is {type(found).__name__}")
    return port.those(cast("Sequence[Any]", found), refs, "chosen")
