import socket
from pathlib import Path

import pytest

from cauce.embedded import ports, state
from cauce.embedded.child import ChildState
from cauce.errors import ConflictError

file = state.StackFile(
    pid=4711,
    started_at=1.5,
    ready=True,
    addresses=state.Addresses("127.0.0.1:1", "http://127.0.0.1:2"),
    children=(ChildState("api", 12, 0, 2.5),),
)


def test_file_comes_back_as_written_and_is_private(tmp_path: Path) -> None:
    state.write(tmp_path, file)
    assert state.last(tmp_path) == file
    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600


def test_second_stack_in_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    with state.hold(tmp_path):
        state.write(tmp_path, file)
        with pytest.raises(ConflictError) as caught, state.hold(tmp_path):
            pass
    assert caught.value.problem == f"A stack is already running in {tmp_path} (process 4711)."
    assert "cauce down" in caught.value.hint


def test_only_a_held_folder_counts_as_running(tmp_path: Path) -> None:
    state.write(tmp_path, file)
    assert state.running(tmp_path) is None
    with state.hold(tmp_path):
        assert state.running(tmp_path) == file
    assert state.running(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_broken_file_is_no_stack(tmp_path: Path, content: str) -> None:
    (tmp_path / "stack.json").write_text(content)
    assert state.last(tmp_path) is None


def test_wished_port_is_taken_when_free_and_another_when_not() -> None:
    wish = ports.free_port()
    with socket.socket() as server:
        server.bind(("127.0.0.1", wish))
        with ports.Ports() as mine:
            assert mine.choose([wish]) != wish
    with ports.Ports() as mine:
        assert mine.choose([wish]) == wish


def test_two_stacks_never_choose_one_port_though_nothing_listens_yet() -> None:
    with ports.Ports() as mine:
        wish = mine.choose([])
        with ports.Ports() as others:
            assert others.choose([wish]) != wish
        assert mine.choose([wish]) != wish
    with ports.Ports() as others:
        assert others.choose([wish]) == wish
