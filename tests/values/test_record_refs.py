"""A reference to a record of the host survives being written as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import InvalidInput
from clientportal.values import RecordKind, RecordRef

ids = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=200)


@given(st.sampled_from(RecordKind), ids)
def test_text_and_back_is_the_same_reference(kind: RecordKind, id: str) -> None:
    """Whatever the host's ids look like, colons and spaces included."""
    ref = RecordRef(kind, id)
    assert ref == RecordRef.parse(str(ref))


@given(ids, ids)
def test_two_references_never_share_their_text(one: str, other: str) -> None:
    """The text is a key in the portal's own tables."""
    texts = {str(RecordRef.client(one)), str(RecordRef.booking(one)), str(RecordRef.client(other))}
    assert len({(RecordKind.CLIENT, one), (RecordKind.BOOKING, one), (RecordKind.CLIENT, other)}) == len(texts)


@pytest.mark.parametrize("id", ["", "x" * 201, "a\x00b", "a\ud800b", 42, None])
def test_an_id_is_text_of_a_sensible_length(id: object) -> None:
    """Ids are opaque text; an adapter that hands over an int by mistake is told at once."""
    with pytest.raises(InvalidInput, match="1 to 200"):
        RecordRef(RecordKind.CLIENT, id)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "client", "client:", ":42", "staff:42", "Client:42", "client :42", "42"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    """Only kind:id is read back."""
    with pytest.raises(InvalidInput):
        RecordRef.parse(text)


def test_references_order_by_kind_and_id() -> None:
    """Ties are broken by this order, so it must be total and stable."""
    refs = [RecordRef.client("2"), RecordRef.client("10"), RecordRef.booking("3")]
    assert [str(ref) for ref in sorted(refs)] == ["booking:3", "client:10", "client:2"]


def test_a_kind_may_be_given_by_its_name() -> None:
    """Adapters that read the kind from a column need no lookup."""
    assert RecordRef.booking("7") == RecordRef("booking", "7")  # type: ignore[arg-type]
