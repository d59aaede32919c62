"""The circuit breaker, with a clock of the test's own."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from cauce.limits.circuit import Circuit, enter, fail, give_up, succeed
from tests.effort import examples

MOST, RESET_S, TRIAL_S = 3, 30.0, 5.0
steps = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.floats(0, 100)),
        st.tuples(st.sampled_from(["enter", "good", "bad", "nothing"]), st.just(0.0)),
    ),
    max_size=40,
)


def failing(now: float = 0.0) -> Circuit:
    circuit = Circuit()
    for _ in range(MOST):
        circuit = fail(circuit, now, MOST, RESET_S, "no answer", tried=False)
    return circuit


def test_it_opens_after_failures_in_a_row_only() -> None:
    circuit = fail(Circuit(), 0, MOST, RESET_S, "no", tried=False)
    circuit = fail(succeed(circuit, tried=False), 0, MOST, RESET_S, "no", tried=False)
    circuit = fail(circuit, 0, MOST, RESET_S, "no", tried=False)
    assert circuit.state(0) == "closed"
    circuit = fail(circuit, 0, MOST, RESET_S, "no", tried=False)
    assert (circuit.state(0), circuit.state(29.9), circuit.state(30)) == ("open", "open", "half-open")


def test_one_call_tries_and_while_it_does_no_other_goes() -> None:
    circuit, verdict = enter(failing(), 31, TRIAL_S)
    assert verdict == "try"
    assert enter(circuit, 32, TRIAL_S)[1] == "refuse"
    assert enter(succeed(circuit, tried=True), 32, TRIAL_S)[1] == "go"
    failed = fail(circuit, 32, MOST, RESET_S, "still no", tried=True)
    assert (enter(failed, 61, TRIAL_S)[1], enter(failed, 62, TRIAL_S)[1]) == ("refuse", "try")


def test_a_try_that_never_ends_is_followed_by_another() -> None:
    circuit, _ = enter(failing(), 31, TRIAL_S)
    assert (enter(circuit, 35.9, TRIAL_S)[1], enter(circuit, 36, TRIAL_S)[1]) == ("refuse", "try")
    assert enter(give_up(circuit), 32, TRIAL_S)[1] == "try"


def test_calls_that_began_before_it_opened_change_nothing() -> None:
    circuit = failing()
    assert succeed(circuit, tried=False) == circuit
    assert fail(circuit, 10, MOST, RESET_S, "late", tried=False) == circuit


@dataclass
class Calls:
    """Some workers that share a circuit; `out` are the calls under way, each with whether it tries."""

    circuit: Circuit = field(default_factory=Circuit)
    now: float = 0.0
    out: list[tuple[bool, float]] = field(default_factory=list)

    def step(self, what: str, seconds: float) -> None:
        self.now += seconds
        if what == "enter":
            before = self.circuit.state(self.now)
            self.circuit, verdict = enter(self.circuit, self.now, TRIAL_S)
            assert (verdict == "go") == (before == "closed")
            assert verdict != "try" or before == "half-open"
            if verdict != "refuse":
                self.out.append((verdict == "try", self.now + TRIAL_S))
        elif what != "pass" and self.out:
            tried, _ = self.out.pop(0)
            self._end(what, tried=tried)

    def _end(self, what: str, *, tried: bool) -> None:
        if what == "good":
            self.circuit = succeed(self.circuit, tried=tried)
        elif what == "bad":
            self.circuit = fail(self.circuit, self.now, MOST, RESET_S, "no", tried=tried)
        elif tried:
            self.circuit = give_up(self.circuit)


@given(steps)
@settings(max_examples=examples(60), deadline=None)
def test_at_no_moment_do_two_calls_try_and_no_failure_is_forgotten(history: list[tuple[str, float]]) -> None:
    calls = Calls()
    for what, seconds in history:
        calls.step(what, seconds)
        assert len([until for tried, until in calls.out if tried and until > calls.now]) <= 1
        assert calls.circuit.failed >= 0
        assert calls.circuit.state(calls.now) == "closed" or calls.circuit.failed >= MOST
