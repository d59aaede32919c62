"""Builds the syntax tree by precedence climbing; every message says what was expected and where."""

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn

from cauce.expressions import tree
from cauce.expressions.budget import allow_depth
from cauce.expressions.faults import ExpressionSyntaxError
from cauce.expressions.lexer import Token, keywords
from cauce.expressions.token_reader import TokenReader

JSON = Any

# Binding power and associativity, weakest first: jq's own table.
_powers: dict[str, tuple[int, str]] = {
    "|": (1, "right"),
    ",": (2, "left"),
    "//": (3, "right"),
    **dict.fromkeys(("=", "|=", "+=", "-=", "*=", "/=", "%=", "//="), (4, "none")),
    "or": (5, "left"),
    "and": (6, "left"),
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), (7, "none")),
    **dict.fromkeys(("+", "-"), (8, "left")),
    **dict.fromkeys(("*", "/", "%"), (9, "left")),
}
_above_comma = 3


def parse(text: str) -> tree.Node:
    """Parse a whole expression; an empty one is `.`."""
    allow_depth()
    parser = Parser(text)
    if parser.token.kind == "end of text":
        return tree.Identity(0)
    node = parser.expression()
    parser.expect("end of text")
    return node


def parse_definitions(text: str) -> list[tree.Definition]:
    """Parse a list of definitions without an expression behind it."""
    parser = Parser(text)
    found = []
    while parser.token.kind == "def":
        found.append(parser.definition())
    parser.expect("end of text")
    return found


class Parser(TokenReader):
    """Reads one text; each method reads one form and leaves `token` behind it."""

    def expression(self, power: int = 1) -> tree.Node:
        """Read an expression whose operators bind at least as strong as `power`."""
        depth = self.depth
        self.deepen()
        left = self.operand()
        closed = 0  # the power of a comparison or assignment already read: they do not chain
        while True:
            op = self.token
            found = _powers.get(op.kind)
            if found is None or found[0] < power:
                break
            strength, side = found
            if strength == closed:
                raise ExpressionSyntaxError(
                    f"`{op.value}` cannot follow another one.", self.text, op.pos, hint="Put parentheses around one."
                )
            self.deepen()
            self.advance()
            if op.kind == ",":
                left = tree.Comma(op.pos, tuple(self._comma_parts(left)))
                continue
            right = self.expression(strength + (side != "right"))
            left = _combined(op, left, right)
            closed = strength if side == "none" else 0
        self.depth = depth
        return left

    def _comma_parts(self, first: tree.Node) -> list[tree.Node]:
        parts = [first, self.expression(_above_comma)]
        while self.take(","):
            parts.append(self.expression(_above_comma))
        return parts

    def operand(self) -> tree.Node:
        """Read what may stand beside an operator."""
        token = self.token
        if token.kind == "def":
            definition = self.definition()
            return tree.Define(token.pos, definition, self.expression())
        if token.kind == "label":
            self.advance()
            name = self.expect("variable").value
            self.expect("|")
            return tree.Label(token.pos, name, self.expression())
        term = self._signed()
        if self.token.kind != "as":
            return term
        self.advance()
        patterns = [self.pattern()]
        while self.take("?//"):
            patterns.append(self.pattern())
        self.expect("|")
        return tree.Bind(token.pos, term, tuple(patterns), self.expression())

    def definition(self) -> tree.Definition:
        """Read `def name(parameters): body;`."""
        pos = self.expect("def").pos
        if self.token.kind != "name" and self.token.kind not in keywords:
            self.fail("the name of a function")
        name = self.advance().value
        parameters = []
        if self.take("("):
            while True:
                dollar = self.token.kind == "variable"
                if not dollar and self.token.kind != "name" and self.token.kind not in keywords:
                    self.fail("the name of a parameter")
                parameters.append(("$" if dollar else "") + self.advance().value)
                if not self.take(";"):
                    break
            self.expect(")")
        self.expect(":")
        body = self.expression()
        self.expect(";")
        return tree.Definition(name, tuple(parameters), body, pos)

    def pattern(self) -> tree.Pattern:
        """Read a destructuring pattern."""
        token = self.token
        if token.kind == "variable":
            return tree.VariablePattern(self.advance().value)
        depth = self.depth
        self.deepen()
        if self.take("["):
            items = [self.pattern()]
            while self.take(","):
                items.append(self.pattern())
            self.expect("]")
            self.depth = depth
            return tree.ArrayPattern(tuple(items), token.pos)
        if not self.take("{"):
            self.fail("a variable, `[` or `{`")
        entries = [self._pattern_entry()]
        while self.take(","):
            entries.append(self._pattern_entry())
        self.expect("}")
        self.depth = depth
        return tree.ObjectPattern(tuple(entries), token.pos)

    def _pattern_entry(self) -> tuple[str | None, tree.Node, tree.Pattern | None]:
        token = self.token
        if token.kind == "variable":
            self.advance()
            inner = self.pattern() if self.take(":") else None
            return token.value, tree.Literal(token.pos, token.value), inner
        key = self._key()
        self.expect(":")
        return None, key, self.pattern()

    def _key(self) -> tree.Node:
        """Read a key of an object: a name, a string, or an expression in parentheses."""
        token = self.token
        if token.kind == "name" or token.kind in keywords:
            self.advance()
            return tree.Literal(token.pos, token.value)
        if token.kind == "quote":
            return self.string("text")
        if token.kind == "format" and self.tokens[self.at + 1].kind == "quote":
            self.advance()
            return self.string(token.value)
        if self.take("("):
            key = self.expression()
            self.expect(")")
            return key
        return self.fail("a key (a name, a string or an expression in parentheses)")

    def postfix(self) -> tree.Node:
        """Read a term with the `.name`, `[…]` and `?` behind it."""
        depth = self.depth
        self.deepen()
        node = self.term()
        while True:
            token = self.token
            self.deepen()
            if token.kind == "field":
                self.advance()
                node = self._guarded(tree.Index(token.pos, node, tree.Literal(token.pos, token.value)))
            elif token.kind == "?":
                self.advance()
                node = tree.Try(token.pos, node, None)
            elif token.kind == "[":
                node = self._guarded(self.brackets(node))
            elif token.kind == "." and self.tokens[self.at + 1].kind in {"quote", "[", "format"}:
                self.advance()
                node = self._guarded(self.brackets(node) if self.token.kind == "[" else self._quoted_field(node))
            else:
                self.depth = depth
                return node

    def _guarded(self, node: tree.Index | tree.Slice | tree.Iterate) -> tree.Node:
        """Read a `?` directly behind a step: it guards that step alone, not the way to it, nor the key."""
        pos = self.token.pos
        if not self.take("?"):
            return node
        here = tree.Identity(node.pos)
        if isinstance(node, tree.Iterate):
            return _piped(node.target, tree.Try(pos, tree.Iterate(node.pos, here), None))
        if isinstance(node, tree.Slice):
            low, high = tree.Variable(pos, " low"), tree.Variable(pos, " high")
            step = _piped(node.target, tree.Try(pos, tree.Slice(node.pos, here, low, high), None))
            bound = tree.Bind(pos, node.stop or tree.Literal(pos, None), (tree.VariablePattern(" high"),), step)
            return tree.Bind(pos, node.start or tree.Literal(pos, None), (tree.VariablePattern(" low"),), bound)
        if isinstance(node.key, tree.Literal):
            return _piped(node.target, tree.Try(pos, tree.Index(node.pos, here, node.key), None))
        step = _piped(node.target, tree.Try(pos, tree.Index(node.pos, here, tree.Variable(pos, " key")), None))
        return tree.Bind(pos, node.key, (tree.VariablePattern(" key"),), step)

    def _quoted_field(self, target: tree.Node) -> tree.Index:
        pos = self.token.pos
        name = self.advance().value if self.token.kind == "format" else "text"
        return tree.Index(pos, target, self.string(name))

    def brackets(self, target: tree.Node) -> tree.Index | tree.Slice | tree.Iterate:
        """Read `[]`, `[key]` or `[start:stop]` behind `target`."""
        pos = self.expect("[").pos
        if self.take("]"):
            return tree.Iterate(pos, target)
        if self.take(":"):
            stop = self.expression()
            self.expect("]")
            return tree.Slice(pos, target, None, stop)
        key = self.expression()
        if self.take(":"):
            upper = None if self.token.kind == "]" else self.expression()
            self.expect("]")
            return tree.Slice(pos, target, key, upper)
        self.expect("]")
        return tree.Index(pos, target, key)

    def term(self) -> tree.Node:
        """Read one term."""
        read = self._terms.get(self.token.kind)
        if read is None:
            self.fail("an expression")
        return read(self)

    def _dot(self) -> tree.Node:
        pos = self.expect(".").pos
        if self.token.kind == "quote":
            return self._guarded(tree.Index(pos, tree.Identity(pos), self.string("text")))
        return tree.Identity(pos)

    def _field(self) -> tree.Node:
        token = self.advance()
        return self._guarded(tree.Index(token.pos, tree.Identity(token.pos), tree.Literal(token.pos, token.value)))

    def _descend(self) -> tree.Node:
        return tree.Descend(self.advance().pos)

    def _number(self) -> tree.Node:
        token = self.advance()
        return tree.Literal(token.pos, token.value)

    def _quoted(self) -> tree.Node:
        return self.string("text")

    def _format(self) -> tree.Node:
        token = self.advance()
        return self.string(token.value) if self.token.kind == "quote" else tree.Format(token.pos, token.value)

    def string(self, name: str) -> tree.Node:
        """Read a string; `name` is the format of its interpolated parts."""
        pos = self.expect("quote").pos
        parts: list[str | tree.Node] = []
        while True:
            text = self.expect("text").value
            if text:
                parts.append(text)
            if self.take("quote end"):
                break
            self.expect("interpolation")
            parts.append(self.expression())
            self.expect("interpolation end")
        if not parts:
            return tree.Literal(pos, "")
        if len(parts) == 1 and isinstance(parts[0], str):
            return tree.Literal(pos, parts[0])
        return tree.Text(pos, tuple(parts), name)

    def _group(self) -> tree.Node:
        self.advance()
        node = self.expression()
        self.expect(")")
        return node

    def _array(self) -> tree.Node:
        pos = self.advance().pos
        if self.take("]"):
            return tree.Array(pos, None)
        body = self.expression()
        self.expect("]")
        return tree.Array(pos, body)

    def _object(self) -> tree.Node:
        pos = self.advance().pos
        entries = []
        while not self.take("}"):
            entries.append(self._entry())
            if self.token.kind != "}":
                self.expect(",")
        return tree.Object(pos, tuple(entries))

    def _entry(self) -> tuple[tree.Node, tree.Node]:
        token = self.token
        if token.kind == "variable":
            self.advance()
            variable = self._known(token)
            if not self.take(":"):
                return tree.Literal(token.pos, token.value), variable
            return variable, self._entry_value()
        in_parentheses = token.kind == "("
        key = tree.Literal(token.pos, self.advance().value) if token.kind == "number" else self._key()
        if in_parentheses or (isinstance(key, tree.Literal) and not isinstance(key.value, str)):
            self.expect(":")
            return key, self._entry_value()
        if self.take(":"):
            return key, self._entry_value()
        return key, tree.Index(token.pos, tree.Identity(token.pos), key)

    def _entry_value(self) -> tree.Node:
        depth = self.depth
        node = self.expression(_above_comma)
        stages = [node]
        while self.token.kind == "|":
            self.deepen()
            self.advance()
            stages.append(self.expression(_above_comma))
        self.depth = depth
        for left in reversed(stages[:-1]):
            stages[-1] = tree.Pipe(left.pos, left, stages[-1])
        return stages[-1]

    def _known(self, token: Token) -> tree.Node:
        if token.value == "__loc__":
            line = self.text.count("\n", 0, token.pos) + 1
            return tree.Literal(token.pos, {"file": "<top-level>", "line": line})
        return tree.Variable(token.pos, token.value)

    def _variable(self) -> tree.Node:
        return self._known(self.advance())

    def _call(self) -> tree.Node:
        token = self.advance()
        if token.value in {"true", "false", "null"} and self.token.kind != "(":
            return tree.Literal(token.pos, {"true": True, "false": False, "null": None}[token.value])
        if token.value == "break" and self.token.kind == "variable":
            return tree.Break(token.pos, self.advance().value)
        arguments = []
        if self.take("("):
            arguments.append(self.expression())
            while self.take(";"):
                arguments.append(self.expression())
            self.expect(")")
        return tree.Call(token.pos, token.value, tuple(arguments))

    def _if(self) -> tree.Node:
        pos = self.token.pos
        branches = []
        otherwise = None
        while self.token.kind in {"if", "elif"}:
            self.advance()
            condition = self.expression()
            self.expect("then")
            branches.append((condition, self.expression()))
        if self.take("else"):
            otherwise = self.expression()
        self.expect("end")
        return tree.If(pos, tuple(branches), otherwise)

    def _try(self) -> tree.Node:
        pos = self.advance().pos
        depth = self.depth
        self.deepen()
        body = self._signed()
        handler = self._signed() if self.take("catch") else None
        self.depth = depth
        return tree.Try(pos, body, handler)

    def _signed(self) -> tree.Node:
        """Read a term with the minus signs before it."""
        signs = []
        while self.token.kind == "-":
            self.deepen()
            signs.append(self.advance().pos)
        node = self.postfix()
        for pos in reversed(signs):
            node = tree.Negate(pos, node)
        return node

    def _fold(self) -> tree.Node:
        token = self.advance()
        source = self._signed()
        self.expect("as")
        pattern = self.pattern()
        self.expect("(")
        start = self.expression()
        self.expect(";")
        update = self.expression()
        extract = self.expression() if token.kind == "foreach" and self.take(";") else None
        self.expect(")")
        if token.kind == "reduce":
            return tree.Reduce(token.pos, source, pattern, start, update)
        return tree.Foreach(token.pos, source, pattern, start, update, extract)

    def _module(self) -> NoReturn:
        raise ExpressionSyntaxError(
            f"`{self.token.value}` is not available: an expression reads nothing but its data.",
            self.text,
            self.token.pos,
            hint="Define the functions at the beginning of the expression.",
        )

    _terms: ClassVar[dict[str, Callable[["Parser"], tree.Node]]] = {
        ".": _dot,
        "field": _field,
        "..": _descend,
        "number": _number,
        "quote": _quoted,
        "format": _format,
        "(": _group,
        "[": _array,
        "{": _object,
        "variable": _variable,
        "name": _call,
        "if": _if,
        "try": _try,
        "reduce": _fold,
        "foreach": _fold,
        "import": _module,
        "include": _module,
        "module": _module,
    }


def _piped(left: tree.Node, right: tree.Node) -> tree.Node:
    return right if isinstance(left, tree.Identity) else tree.Pipe(right.pos, left, right)


def _combined(op: Token, left: tree.Node, right: tree.Node) -> tree.Node:
    kind = op.kind
    if kind == "|":
        return tree.Pipe(op.pos, left, right)
    if kind == "//":
        return tree.Alternative(op.pos, left, right)
    if kind in {"and", "or"}:
        return tree.Logic(op.pos, kind, left, right)
    if _powers[kind][1] == "none" and kind.endswith("=") and kind not in {"==", "!=", "<=", ">="}:
        return tree.Assign(op.pos, kind, left, right)
    return tree.Binary(op.pos, kind, left, right)
