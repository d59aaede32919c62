"""What SCIM's resources mean here, and what they do not: the rest of them is kept as it came, and given back."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Final, cast

from pydantic import Field
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    ComplexAttribute,
    EnterpriseUser,
    ETag,
    Filter,
    Mutability,
    Pagination,
    Patch,
    Reference,
    Resource,
    ResourceType,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    User,
)
from scim2_models import Group as AnyGroup

from cauce.services import directory

JSON = Any
most_results: Final = 200
# What has a place of its own here; passwords have none, anywhere.
_ours: Final = frozenset({"id", "meta", "userName", "externalId", "groups", "password"})


class Member(AnyGroup.Members):  # type: ignore[misc, valid-type]  # a class variable of the library that is a class
    """A member of a group: people only, since groups here have no groups in them."""

    ref: Annotated[Reference[User[Any]] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, Mutability.read_only] = None


class Group(AnyGroup):
    """A group of people."""

    members: list[Member] | None = None  # type: ignore[assignment]  # fewer than the library's
    Members: ClassVar[type[ComplexAttribute]] = Member


@cache
def provider() -> ScimProvider:
    """Return what is served, and what of the protocol."""
    page = Pagination(index=True, cursor=False, default_page_size=100, max_page_size=most_results)
    bearer = AuthenticationScheme(
        type=AuthenticationScheme.Type.oauthbearertoken,
        name="Token",
        description="A token of Cauce that is limited to `scim`.",
        primary=True,
    )
    config = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=most_results),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        authentication_schemes=[bearer],
        pagination=page,
    )
    types = [ResourceType.from_resource(User[EnterpriseUser]), ResourceType.from_resource(Group)]
    return ScimProvider([User, EnterpriseUser, Group], types, config=config)


def person_of(resource: Resource[Any]) -> directory.Person:
    """Return what somebody is here."""
    user = cast("User[Any]", resource)
    content = user.model_dump()
    name = user.name
    parts = (name.given_name, name.family_name) if name else ()
    full_name = user.display_name or (name.formatted if name else "") or " ".join(filter(None, parts))
    emails = sorted(user.emails or (), key=lambda each: not each.primary)
    spoken = user.preferred_language or user.locale or "en"
    return directory.Person(
        user_name=user.user_name or "",
        external_id=user.external_id,
        full_name=full_name[:200],
        locale="es" if spoken.casefold().startswith("es") else "en",
        active=user.active,
        email=next((each.value for each in emails if each.value), ""),
        data={key: value for key, value in content.items() if key not in _ours},
    )


def group_of(resource: Resource[Any]) -> directory.Group:
    """Return what a group is here."""
    group = cast("Group", resource)
    members = {each.value: "" for each in group.members or () if each.value}
    return directory.Group(group.display_name or "", group.external_id, members)


def resource_of(model: type[Resource[Any]], value: directory.Person | directory.Group) -> Resource[Any]:
    """Return a person or a group as SCIM has it."""
    content = _content(value)
    meta = {
        "resourceType": "User" if isinstance(value, directory.Person) else "Group",
        "created": _iso(value.created_at),
        "lastModified": _iso(value.updated_at),
        "version": value.version,
    }
    return model.model_validate({**content, "id": value.id, "externalId": value.external_id, "meta": meta})


def _content(value: directory.Person | directory.Group) -> Mapping[str, JSON]:
    if isinstance(value, directory.Person):
        groups = [{"value": key, "display": name, "$ref": f"Groups/{key}"} for key, name in value.groups.items()]
        # Not said by the directory and not closed here: then nothing is said either.
        active = False if value.active is False else value.data.get("active")
        return {**value.data, "userName": value.user_name, "active": active, "groups": groups or None}
    members = [{"value": key, "type": "User", "$ref": f"Users/{key}"} for key in value.members]
    return {"schemas": [Group.__schema__], "displayName": value.name, "members": members or None}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
