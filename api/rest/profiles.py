"""Profiles: which connections stand behind the names that processes call."""

from pydantic import Field

from api.deps import CallerDep, HubDep
from api.errors import documented
from api.rest.schemas import JSON, Found, Model, Page
from api.rest.subject import subject
from cauce.services import profiles
from cauce.services.profiles import ProfileView

router = subject("connections", "/profiles")


class Binding(Model):
    """What stands behind a name."""

    name: str = Field(description="What processes write behind the @.", examples=["erp"])
    connection: str = Field(description="The connection here; empty when there is none.", examples=["sap-test"])
    capabilities: list[str] = Field(examples=[["orders"]])
    certified: bool = Field(description="Whether it has to be certified for these.")
    absent: JSON = Field(description="Why there is no such system here.", examples=[None])
    missing: list[str] = Field(description="What is wrong with it, a sentence each.", examples=[[]])


class Profile(Model):
    """A profile; `version` is empty for one that only comes with Cauce."""

    name: str = Field(examples=["full-erp"])
    title: JSON = Field(examples=[{"en": "A full ERP"}])
    description: JSON = None
    version: str = Field(examples=["2"])
    active: bool = Field(description="Whether it holds in this environment.")
    bindings: list[Binding]
    missing: list[Found] = Field(default=[], description="What published processes would miss under it.")

    @classmethod
    def of(cls, view: ProfileView) -> "Profile":
        """Return a profile as the API tells it."""
        made = {name: getattr(view, name) for name in ("name", "title", "description", "version", "active")}
        bindings = [Binding.model_validate(each) for each in view.bindings]
        return cls(**made, bindings=bindings, missing=[Found.of(each) for each in view.missing])


@router.get("", responses=documented())
async def list_profiles(hub: HubDep, actor: CallerDep) -> Page[Profile]:
    """List the profiles that are published or come with Cauce; there are few, so they come in one page."""
    return Page(items=[Profile.of(each) for each in await profiles.list_profiles(hub, actor)])


@router.get("/{name}", responses=documented(404))
async def get_profile(hub: HubDep, actor: CallerDep, name: str) -> Profile:
    """Return a profile with what is wrong with it, and what published processes would miss were it to hold."""
    return Profile.of(await profiles.profile(hub, actor, name))
