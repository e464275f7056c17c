"""The examples that close over the contact index elsewhere: what comes back is the report, to the last group.

Spark is asked only where it is installed: ``pip install pyspark`` and Java 17, then
``pytest tests/examples/test_splink.py -m spark``.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clientportal import RecordRef
from clientportal.parquet import judge_candidates, write_contact_index
from world import World

EXAMPLES = Path(__file__).parents[2] / "examples" / "splink"
KEY = bytes(range(32))

Candidates = list[frozenset[RecordRef]]


@pytest.fixture
def people(memory_world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Pairs, a chain, a family, a placeholder, a merged record and a dismissed pair, among people who share nothing."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    world = memory_world
    for number in range(40):
        world.add_client(f"single{number}", f"Mere {number}", mobile=f"021 555 1{number:03}")
    for number in range(8):
        for hand in "ab":
            world.add_client(f"pair{number}{hand}", "Ana Kingi", mobile=f"021 555 2{number:03}")
    for number in range(12):
        mail, next_mail = f"link{number}@example.com", f"link{number + 1}@example.com"
        world.add_client(f"chain{number}x", "Ben Hart", mobile=f"021 555 3{number:03}", email=mail)
        world.add_client(f"chain{number}y", "Ben Hart", mobile=f"021 555 3{number:03}", email=next_mail)
        world.add_client(f"none{number}", "Carl Otto", email="none@none.co.nz")
    staff = world.staff()
    world.portal.walk_contacts(world.tenant)
    staff.merge(RecordRef.client("pair0a"), RecordRef.client("chain11y"))
    staff.dismiss(RecordRef.client("pair1a"), RecordRef.client("pair1b"))
    return world


def agreed(world: World, folder: Path, find: Callable[[str], Candidates]) -> None:
    """What an engine finds in the file is what the keys connect, and once judged it is the report."""
    file = folder / "contacts.parquet"
    rows = write_contact_index(world.staff(), file, digest_key=KEY)
    assert 60 < rows < 80
    found = find(str(file))
    report = list(world.staff().scan_duplicates())
    sets = {frozenset(group.refs) for group in report}
    dismissed = frozenset({RecordRef.client("pair1a"), RecordRef.client("pair1b")})
    # The engine knows nothing of what staff have said; the rule does.
    assert set(found) == sets | {dismissed}
    assert len(found) == len(set(found))
    judged = list(judge_candidates(world.staff(), found))
    assert sorted(judged, key=lambda one: one.refs) == sorted(report, key=lambda one: one.refs)


def test_splink_on_duckdb_finds_what_the_report_shows(people: World, tmp_path: Path) -> None:
    """A deterministic link over the file, judged group by group, is the report: chains and merged records included."""
    import on_duckdb

    agreed(people, tmp_path, lambda path: list(on_duckdb.candidates(path)))


@pytest.fixture
def spark(tmp_path: Path) -> Iterator[Any]:
    """A local Spark of one core."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        pytest.skip("NOT CHECKED: Spark. pip install pyspark, and Java 17: apt-get install openjdk-17-jre-headless")
    if shutil.which("java") is None:
        pytest.skip("NOT CHECKED: Spark needs Java 17: apt-get install openjdk-17-jre-headless")
    settings = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.driver.memory": "1g"}
    builder = SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setCheckpointDir(str(tmp_path / "checkpoints"))
    yield session
    session.stop()


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_splink_on_spark_finds_what_the_report_shows(people: World, tmp_path: Path, spark: Any) -> None:
    """The same on Spark, on this machine alone."""
    import on_spark

    agreed(people, tmp_path, lambda path: list(on_spark.candidates(spark, path)))
