"""Checks the meaning of a process: what is under `use`, input and output, what starts it, and all its tasks."""

from collections.abc import Collection, Mapping
from typing import Any

from schemas import Source, flaws
from schemas.source import step
from workflows.checking import unsupported
from workflows.checking.authentication import check_authentication
from workflows.checking.calls import CATALOG
from workflows.checking.extensions import check_extensions
from workflows.checking.functions import check_recursion
from workflows.checking.known import World
from workflows.checking.protocols import PROTOCOLS
from workflows.checking.references import reference_of
from workflows.checking.report import Report
from workflows.checking.resources import check_pinned, check_schemas_at_addresses
from workflows.checking.schedule import check_schedule
from workflows.checking.start_form import check_start_form
from workflows.checking.tasks import check_retry, check_task, check_tasks, check_timeout
from workflows.checking.texts import AFTER_WORKFLOW, BEFORE_WORKFLOW, IN_TASK, Scope, check_transform, check_value
from workflows.checking.walk import Around, Process, all_tasks, owners

JSON = Any


def check_process(report: Report, source: Source, world: World, wrong: Collection[str]) -> None:
    """Check a process; `wrong` are the pointers at which its form is wrong, which are left alone."""
    document: Mapping[str, JSON] = source.data
    tasks = {pointer: (name, task) for pointer, name, task in all_tasks(document)}
    use = document.get("use")
    use = use if isinstance(use, dict) else {}
    secrets = use.get("secrets")
    process = Process(
        report,
        world,
        document,
        use,
        [name for name in secrets if isinstance(name, str)] if isinstance(secrets, list) else [],
        owners(wrong, tasks) | _unseen(report, tasks),
        {name: pointer for pointer, (name, _) in tasks.items()},
        [name for name, task in tasks.values() if _is_human(task)],
    )
    around = Around(timed="timeout" in document)
    if "" not in process.broken:
        unsupported.check_document(report, document)
        check_schedule(report, document)
        _check_data(process)
        check_start_form(process)
        check_schemas_at_addresses(process)
        _check_use(process)
        check_timeout(process, "/timeout", document.get("timeout"), around)
    check_tasks(process, "/do", document.get("do"), around)
    for name, task in process.defined("functions").items():
        check_task(process, f"/use/functions{step(name)}", task, around)
    check_extensions(process)
    if not process.broken:
        check_recursion(process)


def _unseen(report: Report, tasks: Collection[str]) -> frozenset[str]:
    """Return the tasks whose form nobody looked at, because no one knows what the task around them is."""
    unclear = owners([each.pointer for each in report.findings if each.code == "task-keyword"], tasks)
    return frozenset(task for task in tasks if any(each and task.startswith(f"{each}/") for each in unclear))


def _is_human(task: JSON) -> bool:
    call = task.get("call") if isinstance(task, dict) else None
    return isinstance(call, str) and call.partition(":")[0] == "human-task"


def _check_data(process: Process) -> None:
    report = process.report
    for section, key, variables in (("input", "from", BEFORE_WORKFLOW), ("output", "as", AFTER_WORKFLOW)):
        holder = process.document.get(section)
        if isinstance(holder, dict):
            scope = Scope(f"`{section}.{key}` of a process", variables)
            check_transform(report, f"/{section}/{key}", holder.get(key), scope)
            schema = holder.get("schema")
            if isinstance(schema, dict) and "document" in schema:
                for flaw in flaws(schema["document"]):
                    place = f"/{section}/schema/document{flaw.pointer}"
                    report.value("schema-unusable", place, flaw.sentence, flaw.hint)


def _check_use(process: Process) -> None:
    report, around = process.report, Around()
    for name in process.defined("functions"):
        if name in CATALOG or name == "http" or name in PROTOCOLS or "@" in name:
            hint = "Give the function another name."
            report.key(
                "reserved-name", f"/use/functions{step(name)}", f"`{name}` already means something to `call`.", hint
            )
    for name, catalog in process.defined("catalogs").items():
        reference = reference_of(catalog, f"/use/catalogs{step(name)}")
        if reference is not None:
            check_pinned(process, reference.pointer, reference.uri, reference.authentication, "catalog")
    for name, policy in process.defined("authentications").items():
        place = f"/use/authentications{step(name)}"
        check_value(report, place, policy, process.scope("an authentication", IN_TASK, around, secrets=True))
        check_authentication(process, place, policy)
    for name, error in process.defined("errors").items():
        check_value(report, f"/use/errors{step(name)}", error, process.scope("an error", IN_TASK, around))
    for name, policy in process.defined("retries").items():
        # Which name the error has is up to the `catch` that uses the policy; `error` is the usual one.
        check_retry(process, f"/use/retries{step(name)}", policy, around.adding("error"))
    for name, policy in process.defined("timeouts").items():
        check_timeout(process, f"/use/timeouts{step(name)}", policy, around)
