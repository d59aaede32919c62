"""Finds the published process that another process runs."""

from temporalio import activity

from cauce.contract import FIND_DEFINITION, JSON, FindDefinition
from cauce.store import definitions
from cauce.store.session import Store


class DefinitionActivities:
    """The activity behind `run: workflow`."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @activity.defn(name=FIND_DEFINITION)
    async def find_definition(self, wanted: FindDefinition) -> JSON:
        """Return the bundle of the process, or None when it is not published."""
        version = None if wanted.version == "latest" else wanted.version
        async with self.store.read() as db:
            row = await definitions.find(db, "process", wanted.namespace, wanted.name, version)
        return None if row is None else row.bundle
