"""Rewards: what a client has earned and can spend, in points or money (T8)."""

from __future__ import annotations

from typing import ClassVar

from clientportal.ports.section import Section
from clientportal.values.rewards import RewardBalance

__all__ = ["Rewards"]


class Rewards(Section[RewardBalance]):
    """The port of rewards: a balance for each scheme that the client takes part in."""

    name: ClassVar[str] = "rewards"
    item: ClassVar[type[RewardBalance]] = RewardBalance
