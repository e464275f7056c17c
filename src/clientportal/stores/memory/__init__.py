"""The reference store, in this process's memory, and a whole platform beside it."""

from clientportal.stores.memory.host import MemoryHost
from clientportal.stores.memory.store import MemoryStore
from clientportal.stores.memory.transaction import MemoryTransaction

__all__ = ["MemoryHost", "MemoryStore", "MemoryTransaction"]
