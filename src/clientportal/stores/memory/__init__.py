"""The reference store, in this process's memory."""

from clientportal.stores.memory.store import MemoryStore
from clientportal.stores.memory.transaction import MemoryTransaction

__all__ = ["MemoryStore", "MemoryTransaction"]
