import stat
import threading
from pathlib import Path

import pytest

from cauce import settings
from cauce.errors import SettingsError


def test_defaults_lie_in_the_data_folder(tmp_path: Path) -> None:
    found = settings.load(data_dir=tmp_path)
    assert found.store_url == f"sqlite+aiosqlite:///{tmp_path}/cauce.db"
    assert found.secrets_dir == tmp_path / "secrets"
    assert found.public_url == "http://127.0.0.1:8080"


def test_environment_is_read_and_given_values_win(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CAUCE_API_PORT", "9000")
    monkeypatch.setenv("CAUCE_DATA_DIR", str(tmp_path))
    assert settings.load().api_port == 9000
    assert settings.load().data_dir == tmp_path
    assert settings.load(api_port=9001).api_port == 9001


def test_programs_are_named_with_commas_and_none_are_allowed_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.load().allowed_programs == ()
    monkeypatch.setenv("CAUCE_ALLOWED_PROGRAMS", "npx, /usr/bin/chat-server,")
    assert settings.load().allowed_programs == ("npx", "/usr/bin/chat-server")


def test_private_addresses_are_open_only_when_embedded() -> None:
    assert settings.load().allow_private_http
    assert not settings.load(mode="production").allow_private_http
    assert settings.load(mode="production", allow_private_http=True).allow_private_http


def test_wrong_value_names_the_places_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUCE_API_PORT", "hunter22")
    with pytest.raises(SettingsError) as caught:
        settings.load()
    assert caught.value.hint == ("Looked at: the options given, the environment variable CAUCE_API_PORT, the default.")
    assert "hunter22" not in str(caught.value)


def test_session_key_is_made_once_for_all_and_for_nobody_else(tmp_path: Path) -> None:
    keys: set[bytes] = set()
    load = settings.load(data_dir=tmp_path / "new")
    threads = [threading.Thread(target=lambda: keys.add(load.session_key())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 1
    assert len(keys.pop()) == 64
    assert stat.S_IMODE(load.session_secret_file.stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["session.key"]


def test_short_session_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "session.key").write_text("secret")
    with pytest.raises(SettingsError, match="too short to sign with"):
        settings.load(data_dir=tmp_path).session_key()


def test_stand_ins_are_for_trying_out_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUCE_STAND_INS", '{"erp.example": "http://127.0.0.1:9000"}')
    assert settings.load().stand_ins == {"erp.example": "http://127.0.0.1:9000"}
    with pytest.raises(SettingsError, match="not for production"):
        settings.load(mode="production")
    with pytest.raises(SettingsError, match="needs an address"):
        settings.load(stand_ins={"erp.example": "127.0.0.1"})
    monkeypatch.setenv("CAUCE_STAND_INS", "erp=s3cret")
    with pytest.raises(SettingsError, match="JSON") as caught:
        settings.load()
    assert "s3cret" not in str(caught.value)
