"""Finding parameters in SQL, whatever stands around them."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cauce.errors import PermanentError
from connectors.odbc.binding import step_of
from connectors.odbc.statement import compile_statement

DIALECTS = ["postgresql", "mariadb", "sqlite", "freetds", "any"]
NAMES = st.text(string.ascii_letters + "_", min_size=1, max_size=8)
# Text in which nothing is a parameter, by dialect "any" and so by all.
INERT = st.one_of(
    st.text(string.ascii_letters + string.digits + " ,=()+<>:?;-'", max_size=20).map(
        lambda text: "'" + text.replace("'", "''") + "'"
    ),
    st.text(string.ascii_letters + " :?;'", max_size=20).map(lambda text: f'"{text}"'),
    st.text(string.ascii_letters + " :?;'\"", max_size=20).map(lambda text: f"-- {text}\n"),
    st.text(string.ascii_letters + " :?;'\"", max_size=20).map(lambda text: f"/* {text} */"),
    st.sampled_from(["a = 1", "(b)", "a.b", "1.5", ",", "a::int", "x := 2", "a[1:n]"]),
)
PIECES = st.lists(st.one_of(INERT, NAMES.map(lambda name: f":{name}")), max_size=8)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(pieces=PIECES)
def test_parameters_are_found_where_they_are_and_nowhere_else(dialect: str, pieces: list[str]) -> None:
    if dialect in {"sqlite", "freetds"}:
        pieces = [piece for piece in pieces if "[" not in piece]
    statement = compile_statement("select " + " ".join(pieces), dialect)
    wanted = [piece[1:] for piece in pieces if piece.startswith(":")]
    assert statement.names == tuple(wanted)
    assert step_of(statement, dict.fromkeys(wanted, 1), "x", 9)["params"] == [1] * len(wanted)


@given(text=st.text(max_size=60), dialect=st.sampled_from(DIALECTS))
def test_any_text_is_a_statement_or_explained(text: str, dialect: str) -> None:
    try:
        statement = compile_statement(text, dialect)
    except PermanentError:
        return
    assert statement.verb
    assert statement.sql.count("?") >= statement.count


@pytest.mark.parametrize(
    ("dialect", "text", "sql", "names"),
    [
        ("postgresql", "select $$:a ; ?$$, $x$ :b $x$, :c", "select $$:a ; ?$$, $x$ :b $x$, ?", ("c",)),
        ("postgresql", r"select E'it\'s :a', :b", r"select E'it\'s :a', ?", ("b",)),
        ("postgresql", "select /* /* :a */ :b */ :c::int", "select   ?::int", ("c",)),
        (
            "postgresql",
            "select data #> '{a}' from t where id = :id",
            "select data #> '{a}' from t where id = ?",
            ("id",),
        ),
        ("mariadb", r"select 'it\'s :a', `b:c`, :d # :e", r"select 'it\'s :a', `b:c`, ?", ("d",)),
        ("sqlite", "select [a:b], :c", "select [a:b], ?", ("c",)),
        ("freetds", "select [a]]:b], :c", "select [a]]:b], ?", ("c",)),
        ("any", "{call order_up(:a, :b)}", "{call order_up(?, ?)}", ("a", "b")),
        ("any", "select :a, :a;", "select ?, ?", ("a", "a")),
        ("any", "select :ñandú;  -- the end", "select ?", ("ñandú",)),
    ],
)
def test_each_dialect_has_its_own_quotes(dialect: str, text: str, sql: str, names: tuple[str, ...]) -> None:
    statement = compile_statement(text, dialect)
    assert statement.sql == sql
    assert statement.names == names


@pytest.mark.parametrize(
    "text", ["select 1; select 2", "select 1; x", "select 1;;drop table t", "select 1 /* ; */ ; 'a'"]
)
def test_a_second_statement_is_refused(text: str) -> None:
    with pytest.raises(PermanentError, match="more than one statement"):
        compile_statement(text, "any")
