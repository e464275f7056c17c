"""What hosts and stores are tested with: contracts to subclass, a clock, crash points and interleavings."""

from clientportal.testing.clock import FixedClock

__all__ = ["FixedClock"]
