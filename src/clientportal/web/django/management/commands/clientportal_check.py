"""``manage.py clientportal_check``: how is the portal now?"""

from __future__ import annotations

from typing import Any

from clientportal.doors import Portal
from clientportal.outcomes import HealthState
from clientportal.web.django.commands import PortalCommand

__all__ = ["Command"]


class Command(PortalCommand):
    """Exits with 1 where a part has failed; ``manage.py check`` looks at the settings, this at what runs."""

    help = "Ask the store, the host, the outbox and the keys of each business how they are."

    def for_business(self, ours: Portal, business: str, options: dict[str, Any]) -> bool:
        """Part by part."""
        found = ours.health(business)
        for part in found.parts:
            well = part.state is HealthState.OK
            text = f"{business}: {part.name}: {part.state.value}{'' if well else f': {part.problem}'}"
            if part.state is HealthState.FAILED:
                self.stderr.write(self.style.ERROR(text))
            else:
                self.say(options, text, level=2 if well else 1)
        self.say(options, f"{business}: {found.state.value}")
        return found.works
