"""What a type checker must know about policies and values; checked by ``mypy --strict``, never run."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import assert_type

from attrs import evolve

from clientportal.policy import Fee, Policy, Proof, Window, policy_from_toml, policy_to_toml, presets
from clientportal.values import ContactKey, Email, Money, Phone, RecordRef, Secret, parse_email, parse_phone

policy = presets.timely(region="NZ")
assert_type(policy, Policy)
assert_type(policy.login.proof, Proof)
assert_type(policy.changes.cancel, Window)
assert_type(evolve(policy, changes=evolve(policy.changes, enabled=False)), Policy)
assert_type(policy_from_toml("preset = 'timely'"), Policy)
assert_type(policy_from_toml(Path("salon.toml")), Policy)
assert_type(policy_to_toml(policy, preset="timely"), str)
policy_to_toml(policy, "timely")  # type: ignore[call-arg]
policy.login.enabled = False  # type: ignore[misc]

assert_type(parse_phone("021 123 4567", region="NZ"), Phone)
assert_type(parse_email("ana@example.com"), Email)
assert_type(parse_email("ana@example.com").key(), ContactKey)
parse_phone("021 123 4567")  # type: ignore[call-arg]

assert_type(Money("10.00", "NZD").amount, Decimal)
assert_type(Money("10", "NZD") + Money("5", "NZD"), Money)
assert_type(Fee(amount=Money("10", "NZD")).of(None), Money | None)
assert_type(RecordRef.parse("client:42"), RecordRef)

token = Secret("s3cr3t")
assert_type(token.reveal(), str)
"token " + token  # type: ignore[operator]
