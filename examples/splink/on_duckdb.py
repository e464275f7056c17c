"""Who may be one person, by Splink on DuckDB: ``candidates("contacts.parquet")``.

The file is what ``clientportal.parquet.write_contact_index`` wrote: a row for each key of each record. Two rows belong
together where they have one key, or one person; Splink closes over both, in as much memory as DuckDB is given. What it
finds are candidates: ``clientportal.parquet.judge_candidates`` weighs them by the rule of the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from clientportal import RecordRef

ROWS = """
    SELECT row_number() OVER () AS unique_id, kind || ':' || key AS key, person
    FROM read_parquet($path) WHERE telling
"""
PERSONS = """
    SELECT list(DISTINCT person ORDER BY person) AS persons FROM {clusters}
    GROUP BY cluster_id HAVING count(DISTINCT person) > 1 ORDER BY persons
"""
SETTINGS = SettingsCreator(
    link_type="dedupe_only",
    blocking_rules_to_generate_predictions=[block_on("key"), block_on("person")],
    additional_columns_to_retain=["person"],
)


def candidates(path: str | Path, database: str = ":memory:") -> Iterator[frozenset[RecordRef]]:
    """The sets of records that exact keys connect, each of two or more. ``database`` may be a file, for large ones."""
    with duckdb.connect(database) as connection:
        splink = DuckDBAPI(connection)
        rows = splink.register(connection.sql(ROWS, params={"path": str(path)}))
        linker = Linker(rows, SETTINGS)
        links = linker.inference.deterministic_link()
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(links)
        found = connection.execute(PERSONS.format(clusters=clusters.physical_name))
        while some := found.fetchmany(1000):
            for (persons,) in some:
                yield frozenset(map(RecordRef.parse, persons))
