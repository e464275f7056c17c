"""Who may be one person, by Splink on Spark: ``candidates(session, "contacts.parquet")``, or a whole folder of files.

The same question as in ``on_duckdb.py``, for what one machine has no room for. Spark needs Java 17 and a folder for
its checkpoints, which all of its machines reach.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import SparkSession
from pyspark.sql import functions as of
from splink import Linker, SettingsCreator, SparkAPI, block_on

from clientportal import RecordRef

SETTINGS = SettingsCreator(
    link_type="dedupe_only",
    blocking_rules_to_generate_predictions=[block_on("key"), block_on("person")],
    additional_columns_to_retain=["person"],
)


def candidates(spark: SparkSession, path: str) -> Iterator[frozenset[RecordRef]]:
    """The sets of records that exact keys connect, each of two or more."""
    telling = spark.read.parquet(path).where("telling")
    # A row is known by what it says: ids that are counted out could differ each time that Spark reads the file again.
    row = of.concat_ws("|", "kind", "key", "record")
    entries = telling.select(row.alias("unique_id"), of.concat_ws(":", "kind", "key").alias("key"), "person")
    splink = SparkAPI(spark_session=spark, register_udfs_automatically=False, break_lineage_method="checkpoint")
    linker = Linker(splink.register(entries), SETTINGS)
    links = linker.inference.deterministic_link()
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(links).as_spark_dataframe()
    persons = clusters.groupBy("cluster_id").agg(of.sort_array(of.collect_set("person")).alias("persons"))
    for found in persons.where(of.size("persons") > 1).toLocalIterator():
        yield frozenset(map(RecordRef.parse, found.persons))
