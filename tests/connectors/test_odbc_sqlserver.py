"""What is written for SQL Server: no server could be had, so the text of statements is what can be tried."""

from datetime import date
from typing import Any

import pytest

from cauce.errors import TransientError
from cauce.importing import ImportedOperation
from connectors.odbc import bulk, doubts
from connectors.odbc.failures import explain
from connectors.odbc.profiles import connection_string, dialect_of, profiles
from connectors.odbc.statement import compile_statement
from connectors.odbc.tables import Table, operations_of

ITEM = {
    "schema": "dbo",
    "name": "item",
    "kind": "table",
    "key": ["id"],
    "columns": [
        {"name": "id", "type": 4, "size": 10, "nullable": False, "default": False},
        {"name": "odd]name", "type": 12, "size": 40, "nullable": True, "default": False},
    ],
}


def test_operations_of_a_table_are_written_in_its_words() -> None:
    made = [each for each in operations_of(Table.of(ITEM), "item", "freetds") if isinstance(each, ImportedOperation)]
    assert [each.calls for each in made] == [
        "SELECT [id], [odd]]name]\nFROM [dbo].[item]\nWHERE [id] = :id",
        "SELECT TOP 500 [id], [odd]]name]\nFROM [dbo].[item]\nWHERE [id] > :after\nORDER BY [id]",
        "INSERT INTO [dbo].[item] ([id], [odd]]name])\nVALUES (:id, :p2)",
    ]
    for each in made:
        assert ":" not in compile_statement(each.calls, "freetds").sql


def test_rows_are_written_within_its_limits_of_parameters_and_of_rows() -> None:
    for width, most in ((2, 1000), (10, 200), (1, 1000)):
        names = [f"c{number}" for number in range(width)]
        sql = f"INSERT INTO [t] ({', '.join(names)}) VALUES ({', '.join(f':rows.{name}' for name in names)})"  # noqa: S608 - names of its own
        found = compile_statement(sql, "freetds")
        columns = [list(range(2500)) for _ in names]
        step = {"sql": found.sql, "columns": columns, "count": 2500, "repeated": found.repeated}
        nobody: Any = None  # nothing is asked of the server
        made = list(bulk.executions(nobody, step, "freetds"))
        sizes = [len(values) // width for _, values in made]
        assert (max(sizes), sum(sizes)) == (most, 2500)
        assert all(sql.count("?") == len(values) <= 2000 for sql, values in made)


def test_its_comments_nest_and_its_names_hold_what_looks_like_a_parameter() -> None:
    found = compile_statement("select [a:b] /* :x /* :y */ ? */ from t where c = :c -- :d", "freetds")
    assert (found.names, found.sql.count("?")) == (("c",), 1)


@pytest.mark.parametrize(
    "name", ["ODBC Driver 18 for SQL Server", "/usr/lib/odbc/libtdsodbc.so", "Microsoft SQL Server"]
)
def test_it_is_known_by_the_name_of_a_driver_or_of_a_product(name: str) -> None:
    assert dialect_of(name) == "freetds"
    assert connection_string(profiles["freetds"].options) == "TDS_Version=7.4;ClientCharset=UTF-8"


@pytest.mark.parametrize("native", [1205, 20003, 20009])
def test_a_deadlock_a_time_out_and_a_lost_server_pass(native: int) -> None:
    said = {"sqlstate": "HY000", "native": native, "stage": "execute", "message": "general error"}
    assert isinstance(explain(said, name="erp", dialect="freetds", writes=False), TransientError)


def test_nothing_is_asked_twice_of_it() -> None:
    asked = doubts.Doubts("freetds", [int, str], date(2026, 3, 1))
    asked.look([(1,), ("a",)])
    assert asked.question("select 1, 'a'", "select") is None
