"""Where SCIM's handler finds and keeps what it works on: the use cases of the directory."""

from dataclasses import replace
from typing import Any

from scim2_models import PreconditionFailedException, Resource, ResourceType, ResponseParameters, SearchRequest
from scim2_models.path import CompareOperator, Comparison
from scim2_server.storage import AsyncScimStorage, SearchPage

from api.scim.resources import group_of, person_of, provider, resource_of
from cauce.services import directory
from cauce.services.hub import Actor, Hub


class Storage(AsyncScimStorage):
    """The directory as one token may use it."""

    def __init__(self, hub: Hub, actor: Actor) -> None:
        self.hub = hub
        self.actor = actor

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """Return a person or a group."""
        del response_parameters  # what is left out of an answer is the handler's business
        find = directory.find_person if _is_user(resource_type) else directory.find_group
        return _resource(resource_type, await find(self.hub, self.actor, resource_id))

    async def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,  # noqa: ANN401, ARG002 - of cursors, which are not announced
    ) -> SearchPage:
        """Return a page of the people and groups that a filter lets through, in the order that was asked for."""
        wanted = search_request.filter
        found: list[Resource[Any]] = []
        for each in resource_types:
            found += [_resource(each, value) for value in await self._candidates(each, search_request)]
        matching = [each for each in found if wanted is None or wanted.match(each)]
        if search_request.sort_by:
            matching = search_request.sort(matching)
        start = search_request.start_index_0 or 0
        stop = None if search_request.count is None else start + search_request.count
        return SearchPage(len(matching), matching[start:stop])

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Add a person or a group."""
        if _is_user(resource_type):
            given = person_of(resource)
            if given.active is None:
                given = replace(given, active=True, data={**given.data, "active": True})
            return _resource(resource_type, await directory.add_person(self.hub, self.actor, given))
        return _resource(resource_type, await directory.add_group(self.hub, self.actor, group_of(resource)))

    async def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Replace a person or a group, unless somebody else did so meanwhile."""
        key, hub, actor = resource.id or "", self.hub, self.actor
        changed: directory.Person | directory.Group | None
        if _is_user(resource_type):
            changed = await directory.change_person(hub, actor, key, person_of(resource), expected=expected_version)
        else:
            changed = await directory.change_group(hub, actor, key, group_of(resource), expected=expected_version)
        if changed is None:
            raise PreconditionFailedException
        return _resource(resource_type, changed)

    async def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,  # noqa: ARG002 - what is to go may go whatever it was
    ) -> None:
        """Close somebody's account, or take a group away."""
        remove = directory.remove_person if _is_user(resource_type) else directory.remove_group
        await remove(self.hub, self.actor, resource_id)

    async def _candidates(
        self, resource_type: ResourceType, search_request: SearchRequest[Any]
    ) -> list[directory.Person] | list[directory.Group]:
        """Return what a search walks; of people, what directories look for each time is found at once."""
        if not _is_user(resource_type):
            return await directory.list_groups(self.hub, self.actor)
        node = search_request.filter.ast if search_request.filter is not None else None
        if isinstance(node, Comparison) and node.op is CompareOperator.eq and isinstance(node.value, str):
            name = str(node.attr_path).casefold()
            if name == "username":
                return await directory.list_people(self.hub, self.actor, user_name=node.value)
            if name == "externalid":
                return await directory.list_people(self.hub, self.actor, external_id=node.value)
        return await directory.list_people(self.hub, self.actor)


def _is_user(resource_type: ResourceType) -> bool:
    return resource_type.name == "User"


def _resource(resource_type: ResourceType, value: directory.Person | directory.Group) -> Resource[Any]:
    model: Any = provider().model_for(resource_type)
    return resource_of(model, value)
