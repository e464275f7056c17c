"""Records of one person in three kinds: apart, so that nothing ties; tied on purpose; and anyhow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from attrs import evolve
from hypothesis import strategies as st

from clientportal.testing.strategies import record_groups
from clientportal.values import ClientRecord, RecordKind, RecordRef

__all__ = ["ANY", "APART", "TIED", "Records"]

Records = Sequence[ClientRecord]


def _apart(records: Records) -> tuple[ClientRecord, ...]:
    """The same records, each made, changed and booked for at a time of its own: nothing ties."""
    return tuple(
        evolve(
            record,
            created_at=record.created_at + timedelta(days=place),
            last_booked_at=None if record.last_booked_at is None else record.last_booked_at + timedelta(days=place),
            changed_at={
                name: when + timedelta(days=place, seconds=1) for name, when in (record.changed_at or {}).items()
            }
            or None,
            ref=RecordRef.client(str(place + 1)),
        )
        for place, record in enumerate(records)
    )


def _tied(records: Records, same: str) -> tuple[ClientRecord, ...]:
    """The same records, tied on purpose: in time; in time and value; and in everything but the kind of the id.

    ``client:1`` and ``booking:1`` have one id, so that a rule that ends on ``ref.id`` leaves them tied.
    """
    first = records[0]
    kinds = (RecordKind.CLIENT, RecordKind.BOOKING)
    tied: list[ClientRecord] = []
    for place, record in enumerate(records):
        values = record if same == "time" else first
        ref = RecordRef(kinds[place % 2], str(1 + place // 2)) if same == "id" else RecordRef.client(str(place + 9))
        tied.append(
            evolve(
                values,
                ref=ref,
                created_at=first.created_at,
                changed_at=first.changed_at,
                last_booked_at=first.last_booked_at,
                usable=first.usable,
            )
        )
    return tuple(tied)


_SEVERAL = record_groups(min_size=2, max_size=3)
ANY: st.SearchStrategy[Records] = record_groups(max_size=3)
APART: st.SearchStrategy[Records] = _SEVERAL.map(_apart)
TIED: st.SearchStrategy[Records] = st.builds(_tied, _SEVERAL, st.sampled_from(("time", "value", "id")))
