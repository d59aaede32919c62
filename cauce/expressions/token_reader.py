"""Walks over the tokens of an expression and says what was expected where; the parser builds on it."""

from typing import NoReturn

from cauce.expressions.faults import ExpressionSyntaxError
from cauce.expressions.lexer import Token, keywords, tokens

max_depth = 500


class TokenReader:
    """The tokens of one text and where the reading stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self.token = self.tokens[0]
        self.depth = 0

    def advance(self) -> Token:
        """Return the token and step behind it."""
        token = self.token
        self.at += 1
        self.token = self.tokens[min(self.at, len(self.tokens) - 1)]
        return token

    def take(self, kind: str) -> bool:
        """Step behind the token if it is of this kind."""
        if self.token.kind == kind:
            self.advance()
            return True
        return False

    def expect(self, kind: str) -> Token:
        """Return the token, which must be of this kind, and step behind it."""
        if self.token.kind != kind:
            self.fail(
                f"`{kind}`" if not kind[0].isalpha() or kind in keywords else f"a {kind}" if " " not in kind else kind
            )
        return self.advance()

    def fail(self, expected: str) -> NoReturn:
        """Raise the error for a token that does not fit."""
        token = self.token
        found = f"`{token.value}`" if token.kind in keywords or not token.kind[0].isalpha() else _described(token)
        if expected == "end of text":
            raise ExpressionSyntaxError(
                f"{found} is not expected here.", self.text, token.pos, hint="Is an operator missing before it?"
            )
        raise ExpressionSyntaxError(f"Here should be {expected}, not {found}.", self.text, token.pos)

    def deepen(self) -> None:
        """Count one more level of nesting."""
        self.depth += 1
        if self.depth > max_depth:
            raise ExpressionSyntaxError(
                f"The expression is nested deeper than {max_depth} levels.",
                self.text,
                self.token.pos,
                hint="Split it with `def` or `as`.",
            )


def _described(token: Token) -> str:
    if token.kind in {"name", "number"}:
        return f"`{token.value}`"
    if token.kind in {"field", "variable", "format"}:
        return f"`{ {'field': '.', 'variable': '$', 'format': '@'}[token.kind] }{token.value}`"
    if token.kind in {"quote", "text"}:
        return "a string"
    return f"the {token.kind}"
