"""A company's directory keeps people and groups here, as identity providers do it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cauce.errors import UnauthenticatedError
from cauce.services import users
from cauce.services.hub import Actor, Hub
from cauce.settings import Settings, load
from cauce.store import notifications
from tests.integration.api.conftest import Browser, nobody_listens

JSON = Any
boss = Actor("admin", frozenset({"admin"}))
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PEOPLE = "/Users"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
CARLA = {
    "schemas": [USER, ENTERPRISE],
    "userName": "carla",
    "externalId": "ext-7",
    "name": {"givenName": "Carla", "familyName": "Soto"},
    "displayName": "Carla Soto",
    "preferredLanguage": "es-ES",
    "emails": [{"value": "home@carla.example", "type": "home"}, {"value": "carla@example.com", "primary": True}],
    "active": True,
    "password": "never kept anywhere",
    "title": "Buyer",
    ENTERPRISE: {"employeeNumber": "4711", "department": "Sales"},
}


@pytest.fixture
def settings(tmp_path: Path, filled: Path) -> Settings:
    for file in filled.glob("cauce.db*"):
        shutil.copy(file, tmp_path)
    return load(
        data_dir=tmp_path,
        temporal_address=nobody_listens,
        max_body_bytes=100_000,
        public_url="http://cauce.test",
        scim_roles={"sales": "staff", "sales-leads": "manager"},
    )


class Directory:
    """An identity provider with a token."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def __call__(self, method: str, path: str, body: JSON = None, **headers: str) -> tuple[int, JSON]:
        answer = await self.client.request(method, f"/scim/v2{path}", json=body, headers=headers)
        assert answer.status_code == 204 or answer.headers["content-type"] == "application/scim+json"
        return answer.status_code, answer.json() if answer.content else None

    async def change(self, path: str, *operations: JSON) -> JSON:
        """Change what is there; return what it is then."""
        status, answer = await self("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})
        assert status == 204, answer
        return (await self("GET", path))[1]

    async def names(self, what: str, condition: str) -> list[str]:
        _, found = await self("GET", f"/{what}?filter={condition}")
        return sorted(each.get("userName") or each["displayName"] for each in found.get("Resources", []))


@pytest.fixture
async def directory(app: FastAPI, hub: Hub) -> AsyncIterator[Directory]:
    token = await users.create_token(hub, await users.actor_of(hub, "admin"), scopes=["scim"])
    headers = {"authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://cauce.test", headers=headers) as client:
        yield Directory(client)


async def add(directory: Directory, name: str, **more: JSON) -> str:
    status, made = await directory("POST", "/Users", {"schemas": [USER], "userName": name, **more})
    assert status == 201, made
    return str(made["id"])


async def closed(hub: Hub) -> list[str]:
    return [each.name for each in await users.list_users(hub, boss) if not each.active]


async def test_a_person_is_made_changed_and_closed(hub: Hub, directory: Directory) -> None:
    status, made = await directory("POST", "/Users", CARLA)
    assert status == 201
    address = f"/Users/{made['id']}"
    assert made["meta"]["location"] == f"http://cauce.test/scim/v2{address}"
    assert {key: made[key] for key in CARLA if key in made} == {
        key: value for key, value in CARLA.items() if key != "password"
    }
    [account] = [each for each in await users.list_users(hub, boss) if each.name == "carla"]
    assert (account.full_name, account.locale, account.active, account.roles) == ("Carla Soto", "es", True, ())
    async with hub.store.read() as db:
        assert (await notifications.choice(db, "carla"))[0] == "carla@example.com"
    with pytest.raises(UnauthenticatedError):
        await users.authenticate(hub, "carla", "never kept anywhere")

    changed = {key: value for key, value in CARLA.items() if key not in {"title", "password"}}
    changed["displayName"] = "C. Soto"
    status, put = await directory("PUT", address, changed)
    assert (status, put["displayName"], "title" in put) == (200, "C. Soto", False)
    # As Entra sends it, and as the standard has it.
    off = await directory.change(address, {"op": "Replace", "path": "active", "value": False})
    assert off["active"] is False
    assert (await closed(hub)) == ["carla"]
    on = await directory.change(address, {"op": "replace", "value": {"active": True, "title": "Head"}})
    assert (on["active"], on["title"]) == (True, "Head")
    less = await directory.change(
        address,
        {"op": "remove", "path": 'emails[type eq "home"]'},
        {"op": "add", "path": "phoneNumbers", "value": [{"value": "+34 600", "type": "work"}]},
        {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Buying"},
    )
    assert [each["value"] for each in less["emails"]] == ["carla@example.com"]
    assert less[ENTERPRISE]["department"] == "Buying"

    assert await directory("DELETE", address) == (204, None)
    assert (await directory("GET", address))[0] == 404
    assert (await closed(hub)) == ["carla"]
    # Hired again: the account is theirs as before.
    again = await add(directory, "carla")
    assert again != made["id"]
    assert (await users.actor_of(hub, "carla")).name == "carla"


async def test_people_are_found_page_by_page(directory: Directory) -> None:
    for name in ("zoe@example.com", "Yago@example.com", "xenia@other.example"):
        await add(directory, name, title="Buyer" if name != "zoe@example.com" else "Head", externalId=name[:1])
    for condition, found in (
        ('userName eq "YAGO@example.com"', ["Yago@example.com"]),
        ('externalId eq "x"', ["xenia@other.example"]),
        ('userName sw "y" or title eq "Head"', ["Yago@example.com", "zoe@example.com"]),
        ('userName co "example.com" and not (title eq "Head")', ["Yago@example.com"]),
        ('title pr and active eq true and userName ew ".example"', ["xenia@other.example"]),
        ('userName eq "nobody"', []),
    ):
        assert await directory.names("Users", condition) == found, condition
    _, page = await directory("GET", "/Users?sortBy=userName&startIndex=2&count=1")
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (3, 2, 1)
    assert [each["userName"] for each in page["Resources"]] == ["Yago@example.com"]
    _, few = await directory("GET", "/Users?attributes=userName&count=1")
    assert set(few["Resources"][0]) == {"schemas", "id", "userName"}
    _, none = await directory("GET", "/Users?count=0")
    assert (none["totalResults"], none.get("Resources", [])) == (3, [])


async def test_groups_give_people_their_groups_and_roles(hub: Hub, directory: Directory) -> None:
    carla, dora = await add(directory, "carla"), await add(directory, "dora")
    member = {"value": carla}
    status, made = await directory("POST", "/Groups", {"schemas": [GROUP], "displayName": "sales", "members": [member]})
    assert status == 201
    address = f"/Groups/{made['id']}"
    assert made["members"][0]["$ref"] == f"http://cauce.test/scim/v2/Users/{carla}"
    actor = await users.actor_of(hub, "carla")
    assert (*actor.groups, *actor.roles) == ("sales", "staff")
    _, shown = await directory("GET", f"/Users/{carla}")
    assert [each["display"] for each in shown["groups"]] == ["sales"]

    await directory.change(address, {"op": "add", "path": "members", "value": [{"value": dora}]})
    assert (await users.actor_of(hub, "dora")).roles == {"staff"}
    await directory.change(address, {"op": "remove", "path": f'members[value eq "{carla}"]'})
    assert (await users.actor_of(hub, "carla")).roles == frozenset()
    assert await directory.names("Groups", f'members eq "{dora}"') == ["sales"]
    renamed = await directory.change(address, {"op": "replace", "path": "displayName", "value": "sales-leads"})
    assert renamed["displayName"] == "sales-leads"
    lead = await users.actor_of(hub, "dora")
    assert (*lead.groups, *lead.roles) == ("sales-leads", "manager")
    await directory("PUT", address, {"schemas": [GROUP], "displayName": "sales-leads", "members": [member]})
    assert (await users.actor_of(hub, "dora")).groups == frozenset()
    # Local accounts of the same group are none of the directory's business.
    assert (await users.actor_of(hub, "ana")).groups == {"sales", "sales-managers"}
    assert await directory("DELETE", address) == (204, None)
    assert (await users.actor_of(hub, "carla")).groups == frozenset()


async def test_who_is_deactivated_is_out_and_their_tasks_are_the_groups(
    hub: Hub, directory: Directory, app: FastAPI
) -> None:
    carla = await add(directory, "carla")
    await directory("POST", "/Groups", {"schemas": [GROUP], "displayName": "sales", "members": [{"value": carla}]})
    await users.set_password(hub, Actor("carla", frozenset()), "carla", "quiet harbour lamp")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cauce.test") as client:
        browser = await Browser(client).log_in("carla", "quiet harbour lamp")
        task = "/api/v1/tasks/00000000-0000-5000-8000-000000000002"
        claimed = await client.post(f"{task}/claim", headers={"x-csrf-token": await browser.token()})
        assert claimed.json()["claimed_by"] == "carla"
        await directory.change(f"/Users/{carla}", {"op": "replace", "path": "active", "value": "False"})
        assert (await browser.get("/inbox")).status_code == 303
        ana = await browser.log_in("ana")
        assert (await ana.get(task)).json()["claimed_by"] is None


async def test_local_accounts_are_neither_seen_nor_taken(directory: Directory) -> None:
    _, found = await directory("GET", "/Users")
    assert found["totalResults"] == 0
    for name in ("ana", "carla", "Carla"):
        status, made = await directory("POST", "/Users", {"schemas": [USER], "userName": name})
        said = {key: made.get(key) for key in ("schemas", "status", "scimType")}
        refused = {"schemas": [ERROR], "status": "409", "scimType": "uniqueness"}
        assert (status, said == refused) == ((201, False) if name == "carla" else (409, True))


async def test_what_is_wrong_is_said_as_scim_says_it(directory: Directory) -> None:
    group, deep = {"schemas": [GROUP], "displayName": "g"}, "not%20(" * 330 + "userName%20pr" + ")" * 330
    for method, path, body, status, kind in (
        ("POST", "/Users", {"schemas": [USER]}, 400, "invalidValue"),
        ("POST", "/Users", {"schemas": [USER], "userName": "a b"}, 400, "invalidValue"),
        ("POST", "/Users", [], 400, "invalidSyntax"),
        ("GET", f"{PEOPLE}/nobody", None, 404, None),
        ("GET", "/Users?filter=userName%20near%20%22x%22", None, 400, "invalidFilter"),
        ("GET", f"/Users?filter={'x' * 3000}", None, 413, None),
        ("POST", f"{PEOPLE}/.search", {"filter": "x" * 30_000}, 413, None),
        ("GET", f"/Users?filter={deep}", None, 400, "invalidFilter"),
        ("PATCH", "/Groups/nothing", {"schemas": [PATCH], "Operations": [{"op": "x"}] * 1001}, 413, None),
        ("POST", "/Groups", group | {"displayName": ""}, 400, "invalidValue"),
        ("POST", "/Groups", group | {"members": [{"value": "-"}]}, 400, "invalidValue"),
        ("POST", "/Bulk", {}, 501, None),
        ("GET", "/Nothing", None, 404, None),
    ):
        code, answer = await directory(method, path, body)
        said = (code, answer["schemas"], answer.get("status"), answer.get("scimType"))
        assert said == (status, [ERROR], str(status), kind), (path[:40], answer)
        assert answer["detail"]


async def test_a_version_that_is_old_is_refused(directory: Directory) -> None:
    carla = await add(directory, "carla")
    _, first = await directory("GET", f"/Users/{carla}")
    put = {"schemas": [USER], "userName": "carla", "title": "Buyer"}
    old = first["meta"]["version"]
    assert (await directory("PUT", f"/Users/{carla}", put, **{"if-match": old}))[0] == 200
    assert (await directory("PUT", f"/Users/{carla}", put | {"title": "x"}, **{"if-match": old}))[0] == 412
    # The directory may call somebody else; the account keeps its name.
    _, renamed = await directory("PUT", f"/Users/{carla}", put | {"userName": "carla.soto"})
    assert renamed["userName"] == "carla.soto"
    assert await directory.names("Users", 'userName eq "carla.soto"') == ["carla.soto"]


async def test_only_a_token_for_it_gets_in(hub: Hub, directory: Directory, ana: Browser) -> None:
    plain = {"authorization": f"Bearer {await users.create_token(hub, await users.actor_of(hub, 'ana'))}"}
    for headers, status in (({"authorization": ""}, 401), ({"authorization": "Bearer cauce_x"}, 401), (plain, 403)):
        code, answer = await directory("GET", "/Users", **headers)
        assert (code, answer["schemas"]) == (status, [ERROR])
    # Neither is a browser's session a way in, nor this token one to anywhere else.
    assert (await ana.get("/scim/v2/Users")).status_code == 401
    assert (await directory.client.get("/api/v1/people")).status_code == 403
    assert (await directory.client.get("/api/v1/me")).json()["roles"] == ["scim"]


async def test_it_says_what_it_can_do(directory: Directory) -> None:
    _, config = await directory("GET", "/ServiceProviderConfig")
    assert [config[each]["supported"] for each in ("patch", "bulk", "filter", "sort", "etag", "changePassword")] == [
        True, False, True, True, True, False,
    ]  # fmt: skip
    _, types = await directory("GET", "/ResourceTypes")
    assert sorted(each["endpoint"] for each in types["Resources"]) == ["/Groups", "/Users"]
    _, schemas = await directory("GET", "/Schemas")
    assert {USER, GROUP, ENTERPRISE} == {each["id"] for each in schemas["Resources"]}
