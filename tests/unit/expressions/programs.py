"""Random programs and data for the comparison with `jq`."""

from typing import Any

from hypothesis import strategies as st

_keys = ["a", "b", "c"]
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.sampled_from([0.5, -1.5, 2.25, 1000]),
    st.sampled_from(["", "a", "b", "ab", "a,b", "10", "2.5", "é", "A b", "x-1"]),
)
data: st.SearchStrategy[Any] = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(_keys), inner, max_size=3)),
    max_leaves=10,
)

_paths = [
    ".", ".a", ".b", ".c", ".a.b", ".[0]", ".[1]", ".[-1]", ".[]", ".[]?", "..", ".a[0]", ".a?", ".[1:]", ".[:2]",
    ".[-2:]", ".a[]?", ".b.c?", '.["a"]', ".[0]?", ".[0:1]?", "first", "last", "first(.[]?)", "select(.a)?",
    'getpath(["a","b"])?', "recurse(.[]?)", ".[]?.a?", "(.a,.b)", ".a // .b", "if . then .a? else .b? end",
    "limit(2; .[]?)", "empty", ".. | .a?", "select(. != null)",
]  # fmt: skip
_literals = ["0", "1", "2", "-1", "0.5", "10", "null", "true", "false", '"a"', '"b"', '"ab"', '""', "[]", "{}", "[1,2]",
             '{"a":1}', '"a,b"', "[[1,2],[3]]", '[{"a":1},{"a":2,"b":3}]']  # fmt: skip
_nullary = [
    "length", "keys", "keys_unsorted", "type", "not", "add", "any", "all", "flatten", "sort", "unique",
    "min", "max", "to_entries", "from_entries", "tostring", "tojson", "ascii_downcase", "ascii_upcase", "explode",
    "floor", "sqrt", "paths", "tostream", "utf8bytelength", "values", "nulls", "scalars",
    "iterables", "numbers", "strings", "arrays", "objects", "booleans", "isvalid(.a)", "@text", "@json", "@csv", "@tsv",
    "@uri", "@base64", "@sh", "empty", "error", "tonumber", "ceil", "round", "fabs", "combinations", "trim", "halt_x",
    "fromjson", "implode_x", "isnan", "isinfinite", "isnormal", "abs", "first", "last", "gmtime",
]  # fmt: skip
_unary = [
    "map", "map_values", "select", "sort_by", "group_by", "unique_by", "min_by", "max_by", "any", "all", "recurse_x",
    "with_entries", "path", "del", "first", "last", "isempty", "walk", "add", "to_entries_x", "in_x", "pick",
    "flatten_x", "has", "contains", "inside", "index", "rindex", "indices", "startswith", "endswith", "split", "join",
    "test", "range", "nth", "error", "splits", "IN", "getpath", "delpaths", "bsearch", "INDEX", "ltrimstr_x",
]  # fmt: skip
_binary_operators = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "//", ",", "|"]
_assignments = ["=", "|=", "+=", "-=", "*=", "/=", "//="]
_unary = [name for name in _unary if not name.endswith("_x")]
_nullary = [name for name in _nullary if not name.endswith("_x") and not name.startswith("isvalid")]


def _wrap(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    place = st.sampled_from(_paths)
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(_binary_operators), inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(_binary_operators), inner),
        st.builds("{}({})".format, st.sampled_from(_unary), inner),
        st.builds("{}({})".format, st.sampled_from(_unary), inner),
        st.builds("[{}]".format, inner),
        st.builds("({} | {})".format, inner, inner),
        st.builds("({} | {})".format, inner, st.sampled_from(_nullary)),
        st.builds("{{a: {}, b: {}}}".format, inner, inner),
        st.builds("{{(. as $k | {}): {}}}".format, inner, inner),
        st.builds("(if {} then {} else {} end)".format, inner, inner, inner),
        st.builds("(if {} then {} end)".format, inner, inner),
        st.builds('(try {} catch "e")'.format, inner),
        st.builds("({})?".format, inner),
        st.builds("(({}) as $v | {})".format, inner, inner),
        st.builds("(({}) as $v | [$v, {}, $v])".format, inner, inner),
        st.builds("(. as [$v, {{a: $w}}] | [$v, $w, {}])".format, inner),
        st.builds("(.[]? as [$v] ?// {{a: $v}} ?// $v | [$v, {}])".format, inner),
        st.builds("reduce ({}) as $v ([{}][0]; . + $v)".format, inner, inner),
        st.builds("reduce ({}) as $v (0; {})".format, inner, inner),
        st.builds("[foreach ({}) as $v (0; {}; [., $v])]".format, inner, inner),
        st.builds("[limit(3; {})]".format, inner),
        st.builds("({} {} {})".format, place, st.sampled_from(_assignments), inner),
        st.builds("({} {} {})".format, place, st.sampled_from(_assignments), inner),
        st.builds("[path({})]".format, place),
        st.builds("[path({} | {})]".format, place, place),
        st.builds("del({})".format, place),
        st.builds('"<\\({})>"'.format, inner),
        st.builds("{}[{}]".format, st.sampled_from([".", ".a", ".b"]), inner),
        st.builds(".[{}:{}]".format, inner, inner),
        st.builds("(def f: {}; [f, (.[]? | f)])".format, inner),
        st.builds("(def f(g): [g | {}]; f({}))".format, inner, inner),
        st.builds("(def f($x; g): [$x, g, {}]; f({}; {}))".format, inner, inner, inner),
        st.builds('(def f: if type == "array" then map(f) else {} end; f)'.format, inner),
        st.builds("(label $out | {} | if . == 1 then ., break $out else . end)".format, inner),
        st.builds("[.[]? | select({})]".format, inner),
        st.builds("-({})".format, inner),
        st.builds("setpath({}; {})".format, inner, inner),
        st.builds("[range({}; {})]".format, st.integers(-2, 5), st.integers(-2, 8)),
        st.builds(
            "[range({}; {}; {})]".format, st.integers(-2, 5), st.integers(-2, 8), st.sampled_from([-2, -1, 1, 2, 0.5])
        ),
        st.builds("[splits({})]".format, st.sampled_from(['"a"', '","', '"[a-b]"', '"x*"'])),
        st.builds("[match({}; {})]".format, st.sampled_from(['"a"', '"(?<x>a)(b)?"', '"[a-z]"', '"^a|b$"']),
                  st.sampled_from(['""', '"g"', '"gi"', "null"])),
        st.builds("{}({}; {})".format, st.sampled_from(["sub", "gsub"]),
                  st.sampled_from(['"a"', '"(?<x>[ab])"', '"b"']),
                  st.sampled_from(['"z"', '"<\\(.x)>"', '"1","2"'])),
        st.builds("fromstream({} | tostream)".format, inner),
        st.builds("any({}; {})".format, inner, inner),
        st.builds("all({}; {})".format, inner, inner),
    )  # fmt: skip


programs: st.SearchStrategy[str] = st.recursive(
    st.one_of(st.sampled_from(_paths), st.sampled_from(_literals), st.sampled_from(_nullary)), _wrap, max_leaves=8
)
