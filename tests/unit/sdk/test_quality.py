import json
import textwrap

import pytest
from typer.testing import CliRunner

from cauce.cli import app
from cauce.sdk.quality import judge
from cauce.sdk.rules import rules
from tests.unit.sdk.conftest import Install

runner = CliRunner()

GOOD = textwrap.dedent(
    '''
    import asyncio

    import aiohttp
    from typing import Literal

    from pydantic import Field, SecretStr

    from cauce.connector import BaseConnector, BaseSettings, Probe
    from cauce.errors import AmbiguousError, TransientError
    from cauce.probes import reach

    class Login(BaseSettings):
        tag: Literal["login"] = "login"
        api_key: SecretStr = Field(description="The key.")

    class Settings(BaseSettings):
        """Where it is."""

        host: str = Field(description="The host.")
        token_url: str = Field("", description="Where tokens are.")
        login: Login | None = Field(None, description="How to log in.")
        max_bytes: int = Field(1000, description="The largest answer.")
        allow_hosts: list[str] = Field(default_factory=list, description="More hosts.")

    class Connector(BaseConnector[Settings]):
        """Calls it."""

        async def call(self, operation, params):
            try:
                async with asyncio.timeout(operation.timeout_s):
                    return "x"[: self.settings.max_bytes] + str(self.settings.allow_hosts)
            except TimeoutError:
                error = AmbiguousError if operation.effect == "write" else TransientError
                raise error("No answer.") from None

        async def check(self):
            probes = await reach(self.settings.host, 80)
            return [*probes, Probe("read", ok=False, sentence="No.")]
    '''
)
ROW = "| `shout` | loudspeakers | a room |"


def _unmet(kind: str = "shout") -> dict[str, str]:
    return {each.rule: each.sentence for each in judge(kind).verdicts if each.outcome == "unmet"}


def test_a_good_kind_of_another_package_keeps_them_all(install: Install) -> None:
    install("shout", GOOD, ROW)
    report = judge("shout")
    assert [each.rule for each in report.verdicts] == list(rules)
    assert (report.good, report.met, _unmet()) == (True, 8, {})


_late = """        try:
            async with asyncio.timeout(operation.timeout_s):
                return "x"[: self.settings.max_bytes] + str(self.settings.allow_hosts)
        except TimeoutError:
            error = AmbiguousError if operation.effect == "write" else TransientError
            raise error("No answer.") from None
"""
_general = """        raise RuntimeError(operation.effect, operation.timeout_s, self.settings.max_bytes)
"""
_no_reach = {"from cauce.probes import reach\n": "", "await reach(self.settings.host, 80)": "[]"}


@pytest.mark.parametrize(
    ("rule", "said", "edits"),
    [
        ("settings", "host has no description", {'(description="The host.")': "()"}),
        ("settings", "host may be anything", {"host: str": "host: object"}),
        ("settings", "allow_hosts may be anything", {"list[str]": "list"}),
        ("settings", "login.kind has no description", {"api_key: Secret": "kind: Literal[1, 2]; api_key: Secret"}),
        ("settings", "unknown names", {"class Settings(BaseSettings)": "class Settings(BaseSettings, extra='allow')"}),
        ("secrets", "login.api_key is plain text", {"api_key: SecretStr": "api_key: str"}),
        ("secrets", "login.api_key has a secret", {"SecretStr = Field(": "SecretStr = Field(SecretStr('abc'), "}),
        ("deadline", "operation.timeout_s", {"operation.timeout_s": "5"}),
        ("size", "No setting limits", {'max_bytes: int = Field(1000, description="The largest answer.")': "pass"}),
        ("size", "max_bytes is never looked at", {"[: self.settings.max_bytes]": ""}),
        ("errors", "It raises RuntimeError", {_late: _general}),
        ("errors", "none of the four", {_late: "        return None\n"}),
        ("errors", "operation.effect", {'operation.effect == "write"': "params"}),
        ("check", "There is no check()", {"async def check": "async def checked"}),
        ("check", "ever says that something is wrong", {**_no_reach, "ok=False": "ok=True"}),
        ("check", "check() raises", {"probes = await": "raise ValueError\n        probes = await"}),
        ("check", "one stage", _no_reach),
        ("hosts", "no setting allow_hosts", {"allow_hosts: list[str]": "more: list[str]"}),
        ("hosts", "allow_hosts is never looked at", {" + str(self.settings.allow_hosts)": ""}),
        ("hosts", "no setting names a host", {"import aiohttp": "import smtplib", "host": "place", "_url": "_u"}),
    ],
)
def test_what_is_missing_is_named(install: Install, rule: str, said: str, edits: dict[str, str]) -> None:
    source = GOOD
    for old, new in edits.items():
        assert old in source
        source = source.replace(old, new)
    install("shout", source, ROW)
    assert said in _unmet()[rule], _unmet()


@pytest.mark.parametrize("readme", ["| `shouting` | x | y |", ROW.replace("loudspeakers", "TODO: say it")])
def test_a_row_has_to_say_something(install: Install, readme: str) -> None:
    install("shout", GOOD, readme)
    assert list(_unmet()) == ["docs"]


def test_an_exemption_has_a_reason(install: Install) -> None:
    source = GOOD.replace("[: self.settings.max_bytes]", "") + 'exempt = {"size": "It never answers.", "check": " "}\n'
    install("shout", source, ROW)
    outcomes = {each.rule: (each.outcome, each.sentence) for each in judge("shout").verdicts}
    assert outcomes["size"] == ("exempt", "It never answers.")
    assert outcomes["check"][0] == "met"
    assert judge("shout").good


def test_a_kind_that_cannot_be_loaded_keeps_no_rule_and_shows_nothing_of_it(install: Install) -> None:
    install("shout", "password = 's3cret'\nraise ZeroDivisionError(password)", ROW)
    report = judge("shout")
    assert (report.met, report.good) == (0, False)
    assert "ZeroDivisionError" in report.verdicts[0].sentence
    assert "s3cret" not in report.verdicts[0].sentence


def test_the_command_shows_one_kind_and_fails_when_a_rule_is_not_met(install: Install) -> None:
    install("shout", GOOD.replace("operation.timeout_s", "5"), ROW)
    done = runner.invoke(app, ["connect", "quality", "shout", "--json"])
    assert done.exit_code == 1
    (kind,) = json.loads(done.stdout)["kinds"]
    assert (kind["kind"], kind["met"], kind["good"]) == ("shout", 7, False)
    assert [each["rule"] for each in kind["rules"]] == list(rules)
    assert [each["rule"] for each in kind["rules"] if each["outcome"] == "unmet"] == ["deadline"]
    assert "NOT MET" in runner.invoke(app, ["connect", "quality", "shout"]).stdout


def test_the_command_judges_all_kinds_and_suggests_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cauce.registry.kinds", lambda: ["echo", "http"])
    done = runner.invoke(app, ["connect", "quality", "--json"])
    assert [(each["kind"], each["met"]) for each in json.loads(done.stdout)["kinds"]] == [("echo", 8), ("http", 8)]
    done = runner.invoke(app, ["connect", "quality", "htp"])
    assert done.exit_code == 1
    assert "Did you mean 'http'?" in done.stderr
