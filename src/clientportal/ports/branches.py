"""Which business of a franchise a host is asked for: one database, a parent, and businesses under it (M6)."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING, Any

from clientportal.errors import HostError

if TYPE_CHECKING:
    from clientportal.ports.host import Capabilities, HostAdapter

__all__ = ["AtBranch", "HostAtBranch"]


class AtBranch:
    """What every host knows of the door that it was opened for.

    ``branch`` is empty where there is no franchise, and at the parent's own door. ``shares`` are the sections whose
    items are shown at every business (``franchise.shares``).
    """

    branch: str = ""
    shares: Set[str] = frozenset()

    def shown_here(self, business: str, section: str) -> bool:
        """Whether an item of a section, or an appointment (``"bookings"``), that belongs to ``business`` is shown at
        this door. Ask it, or its twin in SQL, in every page: a page is full, with what is shown here alone.
        """
        return not self.branch or business in ("", self.branch) or section in self.shares


class HostAtBranch:
    """A host's adapter, opened for one business of a franchise."""

    def __init__(self, adapter: HostAdapter, branch: str, shares: Set[str]) -> None:
        self._adapter = adapter
        self._branch = branch
        self._shares = shares

    @property
    def capabilities(self) -> Capabilities:
        """The host's own."""
        return self._adapter.capabilities

    @property
    def shares_transaction(self) -> bool:
        """The host's own."""
        return self._adapter.shares_transaction

    def open(self, connection: Any, tenant: str) -> Any:
        """The host's own, knowing where it is asked."""
        host: Any = self._adapter.open(connection, tenant)
        try:
            host.branch, host.shares = self._branch, self._shares
        except AttributeError:
            raise HostError(
                f"{type(host).__name__} cannot be told its branch: it is to have the attributes branch and shares, as "
                "BaseHost has"
            ) from None
        return host
