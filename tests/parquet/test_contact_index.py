"""The contact index in a Parquet file: what is in it, what is not, and who may take it away."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

import clientportal.parquet
from clientportal import Permission, RecordRef, Refused
from clientportal.errors import InvalidInput
from clientportal.parquet import judge_candidates, write_contact_index
from world import World

KEY, OTHER = bytes(range(32)), bytes(range(32, 64))


@pytest.fixture
def salon(memory_world: World) -> World:
    """Ana twice and Ana's older record under hers, Ben alone, twelve with the reception's number."""
    world = memory_world
    world.add_client("ana", "Ana Kingi", mobile="021 555 0142", email="ana@example.com")
    world.add_client("anna", "Anna Kingi", mobile="+64 21 555 0142")
    world.add_client("old", "Ana Hart", email="Ana@example.com")
    world.add_client("ben", "Ben Hart", mobile="021 555 0143", email="ben@example.com")
    for number in range(12):
        world.add_client(f"guest{number}", f"Guest {number}", mobile="021 555 0199")
    world.portal.walk_contacts(world.tenant)
    world.staff().merge(RecordRef.client("ana"), RecordRef.client("old"))
    return world


def rows(path: Path) -> list[dict[str, Any]]:
    """The file's rows, in order."""
    return pyarrow.parquet.read_table(path).to_pylist()


def test_only_what_can_link_somebody_is_written(salon: World, tmp_path: Path) -> None:
    """A contact of one person, merged records counted once, and one of too many persons stay at home."""
    file = tmp_path / "contacts.parquet"
    assert write_contact_index(salon.staff(), file, digest_key=None) == 2
    who = {"kind": "mobile", "key": "+64215550142", "telling": True}
    assert rows(file) == [
        {**who, "record": "client:ana", "person": "client:ana"},
        {**who, "record": "client:anna", "person": "client:anna"},
    ]
    assert [one.name for one in tmp_path.iterdir()] == ["contacts.parquet"]


@pytest.mark.parametrize("at_once", [1, 2, 3, 5000])
def test_every_key_is_written_on_demand(
    salon: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Wherever a portion ends, each contact of each record is there once, and says whether it says something."""
    monkeypatch.setattr(clientportal.parquet, "_KEYS_AT_ONCE", at_once)
    monkeypatch.setattr(clientportal.parquet, "_ROWS_IN_A_GROUP", 4)
    file = tmp_path / "contacts.parquet"
    assert write_contact_index(salon.staff(), file, digest_key=None, every=True) == 18
    found = rows(file)
    assert len({(row["kind"], row["key"], row["record"]) for row in found}) == 18
    assert {row["record"] for row in found if row["telling"]} == {"client:ana", "client:anna"}
    assert {row["person"] for row in found if row["key"] == "ana@example.com"} == {"client:ana"}
    assert pyarrow.parquet.ParquetFile(file).num_row_groups == 5


def test_a_digest_tells_nobody_whose_number_it_is(salon: World, tmp_path: Path) -> None:
    """No contact stands in the file; one number has one digest under one key, and another under another."""
    first, again, other = (tmp_path / name for name in ("a.parquet", "b.parquet", "c.parquet"))
    for file, key in ((first, KEY), (again, KEY), (other, OTHER)):
        write_contact_index(salon.staff(), file, digest_key=key, every=True)
    assert rows(first) == rows(again)
    assert {row["key"] for row in rows(first)}.isdisjoint(row["key"] for row in rows(other))
    assert len({row["key"] for row in rows(first)}) == 5
    for text in (b"5550142", b"ana@example"):
        assert text not in first.read_bytes()


def test_a_short_key_is_refused(salon: World, tmp_path: Path) -> None:
    """A digest under a word would be a number that anybody can look up."""
    with pytest.raises(InvalidInput, match="at least 32"):
        write_contact_index(salon.staff(), tmp_path / "x", digest_key=b"secret")


def test_whoever_may_not_export_gets_no_file(salon: World, tmp_path: Path) -> None:
    """Nor do candidates tell anybody about clients who may not look at duplicates; what stood there stays."""
    file = tmp_path / "contacts.parquet"
    file.write_bytes(b"older")
    nobody = salon.staff(frozenset(Permission) - {Permission.EXPORT_CLIENTS, Permission.SEE_DUPLICATES})
    with pytest.raises(Refused):
        write_contact_index(nobody, file, digest_key=KEY)
    with pytest.raises(Refused):
        list(judge_candidates(nobody, [{RecordRef.client("ana")}]))
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("contacts.parquet", b"older")]


@pytest.mark.skipif(os.name != "posix", reason="files have owners and links in this way on POSIX alone")
def test_in_a_shared_folder_nobody_reads_along_and_nothing_else_is_overwritten(salon: World, tmp_path: Path) -> None:
    """The attack: in /tmp somebody lays a link where the half-written file would stand, or opens it meanwhile. The file
    holds everybody's numbers: it is its writer's alone, and links are not followed."""
    diary, path = tmp_path / "diary", tmp_path / "index.parquet"
    diary.write_text("dear diary")
    (tmp_path / "index.parquet.partial").symlink_to(diary)
    write_contact_index(salon.staff(), path, digest_key=None)
    assert diary.read_text() == "dear diary"
    assert path.stat().st_mode & 0o777 == 0o600
    assert rows(path)
    assert {one.name for one in tmp_path.iterdir()} == {"diary", "index.parquet", "index.parquet.partial"}


def test_a_candidate_is_judged_not_believed(salon: World) -> None:
    """Two who share nothing are no group, a merged record leads to its person, and one of a pair brings the other."""
    ana, anna, ben, old = map(RecordRef.client, ("ana", "anna", "ben", "old"))
    staff = salon.staff()
    assert list(judge_candidates(staff, [{ana, ben}, {old}, {RecordRef.client("nobody")}])) == list(
        staff.scan_duplicates()
    )
    assert [group.refs for group in judge_candidates(staff, [{anna}])] == [(ana, anna)]
    assert list(judge_candidates(staff, [{ben}])) == []


def test_what_is_no_staff_door_is_refused(salon: World, tmp_path: Path) -> None:
    """A portal is not its staff's door; the error says what is wanted."""
    with pytest.raises(InvalidInput, match=r"portal\.staff"):
        write_contact_index(salon.portal, tmp_path / "x", digest_key=KEY)


def test_without_the_extra_it_says_what_to_install(
    salon: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written, and nothing is read, before that is known."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"clientportal\[parquet\]"):
        write_contact_index(salon.staff(), tmp_path / "x", digest_key=KEY)
