"""Checks extensions: when they apply, and the tasks that they put around others."""

from workflows.checking.tasks import check_tasks
from workflows.checking.texts import IN_TASK, check_bare
from workflows.checking.walk import Around, Process, extensions_of


def check_extensions(process: Process) -> None:
    """Check what is under `use.extensions`."""
    # Written once for many tasks, it sees nothing of the loops and errors around any of them.
    around = Around()
    for pointer, _, extension in extensions_of(process.document):
        if "" not in process.broken:
            scope = process.scope("`when` of an extension", IN_TASK, around)
            check_bare(process.report, f"{pointer}/when", extension.get("when"), scope)
        for key in ("before", "after"):
            check_tasks(process, f"{pointer}/{key}", extension.get(key), around)
