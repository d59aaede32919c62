"""The words, shapes and colours of a flowchart, and text made safe to stand in one."""

from collections.abc import Mapping
from typing import Any

from workflows.drawing.way import Arrow

JSON = Any

shapes: Mapping[str, tuple[str, str]] = {
    "human": ('(["', '"])'),
    "call": ('[["', '"]]'),
    "switch": ('{"', '"}'),
    "fork": ('{{"', '"}}'),
    "for": ('{{"', '"}}'),
    "try": ('{{"', '"}}'),
    "wait": ('("', '")'),
    "emit": ('>"', '"]'),
    "listen": ('("', '")'),
    "raise": ('[/"', '"/]'),
}
# What a node can stand for: one of these inside a task that only wraps it.
leaves = frozenset({"call", "human", "set", "wait", "emit", "listen", "run"})
longest_name = 28
longest_detail = 30
longest_condition = 24
mark_styles = """\
  classDef human stroke-width:2px
  classDef current fill:#fff3d6,stroke:#b45309,color:#5f2c02,stroke-width:4px
  classDef completed fill:#dcf3e6,stroke:#15803d,color:#0b3d20
  classDef failed fill:#fde2e1,stroke:#b91c1c,color:#6b0f0f,stroke-width:4px
  classDef stopped fill:#eceff1,stroke:#5b6770,color:#2b343a,stroke-dasharray:4
  classDef quiet fill:#fbfcfc,stroke:#d3dcda,color:#66757a"""
travelled_style = "stroke:#15803d,stroke-width:3px"
quiet_style = "stroke:#cfd8d6"


def message(text: str) -> str:
    """Mark text for translation where it is written."""
    return text


otherwise, each_time, done = message("otherwise"), message("each"), message("done")
before_word, after_word = message("before"), message("after")
on_error, error_word, not_word = message("on error"), message("error"), message("not")


def escape(text: str, longest: int) -> str:
    """Make text safe inside a quoted Mermaid label, and short."""
    flat = " ".join(str(text).split())
    short = flat if len(flat) <= longest else flat[: longest - 1].rstrip() + "…"
    # Mermaid's own entity codes; everything that has a meaning to Mermaid, Markdown or HTML is written as one.
    return "".join(c if c.isalnum() or c in " .,:-_@/…$(){}" else f"#{ord(c)};" for c in short)


def label_of(arrow: Arrow) -> str:
    """Return what is written at an arrow, as Mermaid takes it."""
    condition = escape(arrow.condition.replace("$context.", ""), longest_condition)
    words = ": ".join(part for part in (escape(arrow.label, longest_name), condition) if part)
    return f'|"{words}"|' if words else ""


def plain(condition: JSON) -> str:
    """Return an expression without its `${ }`."""
    text = str(condition).strip()
    return text[2:-1].strip() if text.startswith("${") and text.endswith("}") else text
