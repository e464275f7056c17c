"""Crash points and interleavings: the tool that tries what can go wrong between two port calls.

Build the world to be tested over a :class:`SteppingStore`, and hand the functions a way to make it::

    from clientportal.testing.stepping import SteppingStore, crash_points, interleavings

    def make_world(stepper):
        inner = MemoryStore()
        ...                                               # fill it through `inner`
        return World(Portal(SteppingStore(inner, stepper), MemoryHost, ...), inner)

* :func:`crash_points`: one operation, crashed before and after every call of its ports and at an unknown commit, then
  tried again, then checked.
* :func:`interleavings`: two operations at once, in all orders of their port calls that can differ (on the memory
  store), or in a sample of them (on databases, with threads).

Both work on any store that keeps the contract of ``ports.state``, and on any host: its calls are announced as well.
A sender is wrapped by :func:`stepping_sender`.
"""

from __future__ import annotations

from clientportal.testing.crashing import Crashed, CrashMode, CrashReport, crash_points
from clientportal.testing.interleaving import InterleavingReport, interleavings
from clientportal.testing.port_calls import Call, Stepper, SteppingStore, stepping_sender

__all__ = [
    "Call",
    "CrashMode",
    "CrashReport",
    "Crashed",
    "InterleavingReport",
    "Stepper",
    "SteppingStore",
    "crash_points",
    "interleavings",
    "stepping_sender",
]
