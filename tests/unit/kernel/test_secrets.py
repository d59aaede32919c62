from pathlib import Path

import pytest

from cauce.errors import SettingsError
from cauce.secrets import Resolver


@pytest.fixture
def resolver(tmp_path: Path) -> Resolver:
    (tmp_path / "erp-password").write_text("from the file\n")
    (tmp_path / "settings.json").write_text('{"erp-port": 8090, "erp-url": "http://127.0.0.1:8090"}')
    return Resolver(tmp_path, tmp_path / "settings.json", {"CAUCE_SECRET_SCM_KEY": "from outside"})


def test_secret_comes_from_the_environment_or_a_file(resolver: Resolver) -> None:
    assert resolver.secret("scm-key") == "from outside"
    assert resolver.secret("erp-password") == "from the file"


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("file")
    assert Resolver(tmp_path, tmp_path / "s", {"CAUCE_SECRET_K": "environment"}).secret("k") == "environment"


def test_missing_secret_names_the_places_looked_at(resolver: Resolver, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        resolver.secret("no-such")
    assert str(caught.value) == (
        "There is no secret 'no-such'. Looked at: the environment variable CAUCE_SECRET_NO_SUCH, the file "
        f"{tmp_path}/no-such. Put the value in one of them."
    )


def test_settings_are_read_from_the_file(resolver: Resolver) -> None:
    assert resolver.setting("erp-port") == 8090
    with pytest.raises(SettingsError, match="the environment variable CAUCE_SETTING_X, the key 'x' of the file"):
        resolver.setting("x")


def test_references_are_resolved_wherever_they_are(resolver: Resolver) -> None:
    settings = {
        "url": {"setting": "erp-url"},
        "login": [{"password": {"secret": "scm-key"}}],
        "secret": "plain",
        "n": 1,
    }
    assert resolver.resolve(settings) == {
        "url": "http://127.0.0.1:8090",
        "login": [{"password": "from outside"}],
        "secret": "plain",
        "n": 1,
    }


def test_names_of_other_house_rules_are_names(tmp_path: Path) -> None:
    (tmp_path / "mySecret").write_text("in a file\n")
    resolver = Resolver(tmp_path, tmp_path / "s.json", {"CAUCE_SECRET_ERP_KEY": "from outside"})
    assert (resolver.secret("mySecret"), resolver.secret("ERP_key")) == ("in a file", "from outside")


@pytest.mark.parametrize("name", ["../settings.json", "a/b", "", "a--b", "_a", "settings.json"])
def test_name_cannot_lead_out_of_the_folder(resolver: Resolver, name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be the name of a secret"):
        resolver.secret(name)


def test_settings_file_that_is_not_json_is_explained(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text("{a: 1")
    with pytest.raises(SettingsError, match=r"s\.json is not JSON"):
        Resolver(tmp_path, tmp_path / "s.json", {}).setting("a")


def test_representation_shows_no_value(resolver: Resolver) -> None:
    assert "from outside" not in repr(resolver)
