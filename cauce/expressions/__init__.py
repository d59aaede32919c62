"""Expressions: a profile of jq, compiled to Python closures and evaluated within a deterministic budget."""

from cauce.expressions.budget import DEFAULT, Budget
from cauce.expressions.expression import VERSION, Expression, Result, compile_expression
from cauce.expressions.faults import EvaluationError, ExpressionSyntaxError, caret
from cauce.expressions.reads import Reads
from cauce.expressions.templates import Template, compile_template, strip_delimiters

__all__ = [
    "DEFAULT",
    "VERSION",
    "Budget",
    "EvaluationError",
    "Expression",
    "ExpressionSyntaxError",
    "Reads",
    "Result",
    "Template",
    "caret",
    "compile_expression",
    "compile_template",
    "strip_delimiters",
]
