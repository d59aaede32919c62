"""`call: decision`: an answer looked up in a decision table."""

from cauce.contract import JSON
from workflows.evaluation import evaluate, evaluate_object, holds
from workflows.fault import fault
from workflows.instance import Frame
from workflows.model import DecisionTask, Rule


def execute(task: DecisionTask, frame: Frame, data: JSON) -> JSON:
    """Return what the first row that fits says (all of them when the table collects), with the row's id as `rule`."""
    reference = task.common.reference
    names = frame.names()
    given = evaluate(task.data, data, names, reference)
    inputs = {name: evaluate(value, given, names, reference) for name, value in task.inputs.items()} or given

    def answer(rule: Rule) -> dict[str, JSON]:
        row = f"`then` of the row '{rule.id}'"
        return {**evaluate_object(rule.then, inputs, names, reference, row), "rule": rule.id}

    fitting = (r for r in task.rules if r.when is None or holds(r.when, inputs, names, reference))
    if task.hit == "first":
        for rule in fitting:
            return answer(rule)
        raise fault("runtime", f"No row of the decision table '{task.table}' fits.", instance=reference)
    rows = list(fitting)
    if task.hit == "collect":
        return [answer(rule) for rule in rows]
    if len(rows) != 1:
        found = ", ".join(rule.id for rule in rows) or "none"
        raise fault("runtime", f"Exactly one row of '{task.table}' must fit; found {found}.", instance=reference)
    return answer(rows[0])
