"""Budgets for sending in Redis or Valkey (extra ``redis``); everything else stays in the portal's store."""

from clientportal.stores.redis.budgets import AsyncRedisBudgets, RedisBudgets

__all__ = ["AsyncRedisBudgets", "RedisBudgets"]
