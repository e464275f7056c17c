"""Documents: what is new, what a browser is told of a name and a type, and which bytes are handed out."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientportal.errors import InvalidInput
from clientportal.records import DocumentsSeen, Put
from clientportal.rules.seeing_documents import (
    Opening,
    anything_new,
    content_disposition,
    counted_since,
    extent_of,
    mark_seen,
    safe_media_type,
    safe_name,
)
from clientportal.values import RecordRef

ANA, HERA, BEN = (RecordRef.client(id) for id in ("ana", "hera", "ben"))
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def held(**marks: datetime) -> dict[str, DocumentsSeen]:
    """The marks of some clients."""
    return {f"client:{id}": DocumentsSeen(id=f"client:{id}", version=3, upto=upto) for id, upto in marks.items()}


def written(opening: Opening) -> dict[str, datetime]:
    """The marks that an opening writes."""
    decision = mark_seen(opening)
    records = [cast("DocumentsSeen", cast("Put", write).record) for write in decision.changes]
    assert decision.outcome == len(records)
    for record in records:
        assert record.version == (3 if record.id in opening.held else 0)
    return {record.id: record.upto for record in records}


# --- what is new -----------------------------------------------------------------------------------------------------


def test_the_first_opening_marks_the_newest_document() -> None:
    """By the platform's clock, not by ours: a document that is shared a moment later is newer than the mark."""
    assert written(Opening({ANA: NOON}, True, {})) == {"client:ana": NOON}


def test_a_list_without_news_writes_nothing() -> None:
    """Nor does an empty one: most openings are plain reads."""
    assert written(Opening({ANA: NOON}, True, held(ana=NOON))) == {}
    assert written(Opening({}, True, held(ana=NOON))) == {}
    assert anything_new({ANA: NOON + HOUR}, held(ana=NOON))


def test_the_first_page_makes_all_marks_one() -> None:
    """Two merged records with marks of their own have one after it, so that one question counts what is new."""
    seen = written(Opening({ANA: NOON, HERA: NOON - HOUR}, True, held(hera=NOON - 2 * HOUR, ben=NOON - HOUR)))
    assert seen == {"client:ana": NOON, "client:hera": NOON, "client:ben": NOON}


def test_a_later_page_tells_of_the_records_on_it_alone() -> None:
    """And no mark goes back: what was seen stays seen."""
    marks = held(ana=NOON)
    assert written(Opening({HERA: NOON - HOUR}, False, marks)) == {"client:hera": NOON}
    assert written(Opening({ANA: NOON - HOUR}, False, marks)) == {}
    assert written(Opening({HERA: NOON - HOUR}, False, {**marks, **held(hera=NOON - 2 * HOUR)})) == {
        "client:hera": NOON
    }
    before = held(hera=NOON - 2 * HOUR, ben=NOON - 3 * HOUR)
    assert written(Opening({HERA: NOON - HOUR}, False, before)) == {"client:hera": NOON - HOUR}


def test_what_is_new_is_counted_for_each_mark() -> None:
    """Records that were never opened are counted from the beginning."""
    marks = held(ana=NOON, hera=NOON - HOUR)
    assert counted_since((HERA, ANA, BEN), marks) == ((None, (BEN,)), (NOON - HOUR, (HERA,)), (NOON, (ANA,)))
    assert counted_since((), marks) == ()


# --- which bytes -----------------------------------------------------------------------------------------------------


@given(st.integers(0, 10**12), st.data())
def test_a_part_ends_within_the_document(size: int, data: st.DataObject) -> None:
    """To its end, or as long as was asked for, never beyond."""
    offset = data.draw(st.integers(0, max(size - 1, 0)))
    length = data.draw(st.none() | st.integers(0, 2 * size + 1))
    extent = extent_of(size, offset, length)
    assert 0 <= extent <= size - offset
    assert extent == (size - offset if length is None or length >= size - offset else length)


@pytest.mark.parametrize(
    ("size", "offset", "length"),
    [
        (10, 10, None),
        (10, 11, 1),
        (0, 1, None),
        (10, -1, None),
        (10, 0, -1),
        (10, True, None),
        (10, "3", 1),
        (10, 0, 1.5),
    ],
)
def test_a_part_that_is_not_there_is_refused(size: int, offset: Any, length: Any) -> None:
    """Said as one error that names the size or what a number of bytes is."""
    with pytest.raises(InvalidInput, match=r"bytes"):
        extent_of(size, offset, length)


# --- what a browser is told ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Care plan.pdf", "Care plan.pdf"),
        ("Befund 3/2026 – Größe.pdf", "Befund 3_2026 – Größe.pdf"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\temp\\x.exe", "C__temp_x.exe"),
        ('x"; filename="y.html', 'x"; filename="y.html'),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\r\nSet-Cookie: x=1", "a Set-Cookie_ x=1"),
        ("a\x00b\ud800\ue000\u200b.txt", "ab.txt"),
        ("Cafe\u0301.pdf", "Café.pdf"),
        (" . .hidden. ", "hidden"),
        ("", "document"),
        ("...", "document"),
        ("\u2028\u2029\u00a0", "document"),
        ("x" * 400 + ".pdf", "x" * 146 + ".pdf"),
        ("x" * 400, "x" * 150),
        ("." + "x" * 400, "x" * 150),
        ("a." + "x" * 400, "a." + "x" * 148),
    ],
)
def test_a_name_becomes_one_that_a_file_can_have(name: str, safe: str) -> None:
    """Without controls, directions and folders; a long one keeps its ending."""
    assert safe_name(name) == safe


ANYTHING = st.text(st.characters() | st.sampled_from("\r\n\t\"\\/%;:'.\u202e\u2066\u200f\x00\ud800é日"), max_size=300)


@given(ANYTHING)
def test_no_name_gets_out_of_its_header(name: str) -> None:
    """One line of printable ASCII with two parts; both are names without folders, and the second is read back whole."""
    header = content_disposition(name)
    found = re.fullmatch(
        r"attachment; filename=\"([ !#-$&-:<-\[\]-~]+)\"; filename\*=UTF-8''([A-Za-z0-9._~%-]+)", header
    )
    assert found is not None, header
    safe = unquote(found[2], errors="strict")
    assert safe == safe_name(name) == safe_name(safe)
    assert len(found[1]) == len(safe) <= 150
    for told in (found[1], safe):
        assert not set(told) & set("/\\:\r\n")
        assert not told.startswith((".", " "))
    assert not any(unicodedata.category(one)[0] == "C" for one in safe)


@pytest.mark.parametrize(
    ("told", "safe"),
    [
        ("application/pdf", "application/pdf"),
        ("Image/PNG; charset=binary", "image/png"),
        ("text/html", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("text/xml", "application/octet-stream"),
        ("text/xsl", "application/octet-stream"),
        ("multipart/related", "application/octet-stream"),
        ("message/rfc822", "application/octet-stream"),
        ("text/javascript", "application/octet-stream"),
        ("application/pdf\r\nSet-Cookie: x=1", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_only_inert_types_are_told(told: str, safe: str) -> None:
    """Whatever a browser might execute is plain bytes, and so is whatever nobody has thought of."""
    assert safe_media_type(told) == safe
