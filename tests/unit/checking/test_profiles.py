import pytest

from cauce.errors import NotFoundError
from cauce.profiles import chosen, shipped
from schemas import load_yaml
from workflows.bundle import resolve
from workflows.checking import Known, OperationContract, check, world_of
from workflows.compile import compile_bundle
from workflows.model import OperationTask

PROFILE = {
    "profile": "here",
    "title": "Here",
    # Two names that are exchanged: what is bound is what the connections are called, not what the profile calls them.
    "connections": {"erp": {"connection": "sap"}, "sap": {"connection": "erp"}, "wms": {"absent": "By hand."}},
}
KNOWN = Known(
    operations={
        "order@sap": OperationContract("write", 5.0),
        "cancel@sap": OperationContract("write"),
        "find@erp": OperationContract("read"),
        "stock@wms": OperationContract("read"),
        "say@other": OperationContract("read"),
    },
    implements={"sap": (), "erp": (), "wms": (), "other": ()},
    profile=PROFILE,
)
PROCESS = """\
document: {dsl: '1.0.3', namespace: t, name: f, version: 1.0.0}
do:
  - order:
      call: order@erp
      with: {}
      metadata: {cauce: {compensate: {call: cancel@erp, with: {}}}}
  - look: {call: find@sap, with: {}}
  - say: {call: say@other, with: {}}
"""


def test_names_stand_for_the_connections_of_the_profile() -> None:
    world = world_of([], KNOWN)
    assert {name: each and each.connection for name, each in world.operations.items()} == {
        "order@erp": "sap",
        "cancel@erp": "sap",
        "find@sap": "erp",
        "say@other": "",
    }
    assert world.connections == {"erp", "sap", "other"}
    assert [each for each in check([load_yaml(PROCESS, "f.yaml")], KNOWN) if each.severity == "error"] == []


def test_what_is_published_keeps_the_connections_it_was_bound_to() -> None:
    operations = {name: each for name, each in world_of([], KNOWN).operations.items() if each is not None}
    bundle = resolve(load_yaml(PROCESS, "f.yaml").data, operations=operations, forms={}, decisions={}, stages={})
    assert bundle["operations"]["order@erp"]["queue"].endswith("sap")
    tasks = [each for each in compile_bundle(bundle).body.tasks if isinstance(each, OperationTask)]
    assert [(each.operation, each.connection) for each in tasks] == [
        ("order", "sap"),
        ("find", "erp"),
        ("say", "other"),
    ]
    assert tasks[0].compensation is not None
    assert (tasks[0].compensation.operation, tasks[0].compensation.connection) == ("cancel", "sap")


def test_without_a_profile_nothing_of_a_bundle_is_different() -> None:
    plain = {"say@other": OperationContract("read")}
    document = load_yaml(PROCESS, "f.yaml").data
    document = {**document, "do": document["do"][2:]}
    bundle = resolve(document, operations=plain, forms={}, decisions={}, stages={})
    assert "connection" not in bundle["operations"]["say@other"]


def test_a_profile_that_is_written_goes_before_one_that_is_published_and_that_before_one_of_ours() -> None:
    written = load_yaml("profile: full-erp\ntitle: Mine\nconnections: {a: {absent: No.}}\n", "p.yaml")
    wrong = load_yaml("profile: full-erp\ntitle: Mine\n", "p.yaml")
    assert chosen("", [written]) is None
    assert chosen("full-erp", [written])["title"] == "Mine"
    assert chosen("full-erp", [wrong]) is None
    assert chosen("full-erp", [], {"full-erp": {"title": "Theirs"}})["title"] == "Theirs"
    assert chosen("full-erp")["title"] == shipped()["full-erp"].data["title"]
    with pytest.raises(NotFoundError, match="did you mean `full-erp`"):
        chosen("full-erq")


def test_profiles_are_shipped() -> None:
    assert set(shipped()) == {"accounting-only", "credit-notes-in-erp", "full-erp"}
