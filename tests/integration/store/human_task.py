"""A task of a person, as a process asks for it; tests say what is different of theirs."""

from cauce.contract import HumanTask

TASK = HumanTask(
    id="t1",
    instance="sales.lead/1",
    definition="sales.lead",
    version="1.0.0",
    name="qualify",
    reference="/do/0/qualify",
    form="qualify-lead",
    group="sales",
)
