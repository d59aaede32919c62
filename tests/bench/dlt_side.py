"""Moves rows from SQLite to PostgreSQL with `dlt`; `bench_syncs` runs it with a Python that has dlt.

`python dlt_side.py SQLITE_FILE POSTGRESQL_URL DISPOSITION` moves, and prints seconds, the processor's seconds and
megabytes as JSON.
"""

import json
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

PAGE = 10_000


def rows(file: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows as dlt's own source for databases does: lists of dictionaries."""
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        cursor = connection.execute("select * from item")
        while page := cursor.fetchmany(PAGE):
            yield [dict(row) for row in page]


def main() -> None:
    """Move the rows once."""
    import dlt  # type: ignore[import-not-found]  # noqa: PLC0415 - only the environment made for it has it

    file, url, disposition = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=folder, destination=dlt.destinations.postgres(url), dataset_name=f"dlt_{disposition}"
        )
        item = dlt.resource(rows(file), name="item", primary_key="id", write_disposition=disposition)
        started, spent = time.perf_counter(), time.process_time()
        pipeline.run(item)
        took = {"seconds": time.perf_counter() - started, "processor": time.process_time() - spent}
        took["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sys.stdout.write(json.dumps(took) + "\n")


if __name__ == "__main__":
    main()
