"""The plan of a roadmap with 2,000 activities is drawn, and can be used."""

from typing import Any

import pytest

from tests.e2e.browser.queue.conftest import Enter
from tests.e2e.browser.queue.large import ACTIVITIES, PHASES
from tests.e2e.browser.queue.office import Office

pytestmark = pytest.mark.e2e
# Seconds of the processor on the page's own thread, by the browser: what else the machine does is not in them.
MOST_S = {"open": 5.0, "phase": 1.5, "all": 6.0, "bar": 1.0}
SHOWN = """() => {
  const ids = (what) => [...document.querySelectorAll(what)].map(each => each.dataset.id);
  return {bars: ids("[data-gantt] .bar-wrapper"), critical: ids("[data-gantt] .bar-wrapper.is-critical"),
    links: document.querySelectorAll("[data-gantt] .arrow path").length,
    rows: ids("#plan-rows tr[data-id]"), red: ids("#plan-rows tr[data-critical='yes']")};
}"""


class Watch:
    """Tells how long the page's own thread has worked since it was asked last."""

    def __init__(self, page: Any) -> None:
        self.page, self.last = page, 0.0
        self.browser = page.context.new_cdp_session(page)
        self.browser.send("Performance.enable", {"timeDomain": "threadTicks"})

    def took(self) -> float:
        """Return the seconds."""
        # What it was told to do it has done when it answers, and drawn two frames later.
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        metrics = {each["name"]: each["value"] for each in self.browser.send("Performance.getMetrics")["metrics"]}
        before, self.last = self.last, metrics["TaskDuration"]
        return self.last - before


@pytest.mark.timeout(60)
def test_the_chart_of_2000_activities_is_drawn_and_can_be_used(office: Office, enter: Enter) -> None:
    office.start_large()
    page = enter("admin")
    watch, took = Watch(page), {}
    watch.took()
    assert page.goto(f"{office.site}/roadmaps/large/1/plan").status == 200
    page.locator("[data-gantt] .bar-wrapper").first.wait_for()
    took["open"] = watch.took()
    gates = {f"G{phase}" for phase in range(1, PHASES + 1)}
    shown = page.evaluate(SHOWN)
    assert len(shown["rows"]) == PHASES * ACTIVITIES + PHASES
    # It begins with the gates and the phase that is under way: the first one is done.
    assert page.locator("#phase").input_value() == "P2"
    assert set(shown["bars"]) == gates | {f"p2a{number}" for number in range(ACTIVITIES)}
    page.locator("#phase").select_option("P7")
    took["phase"] = watch.took()
    assert set(page.evaluate(SHOWN)["bars"]) == gates | {f"p7a{number}" for number in range(ACTIVITIES)}
    page.locator("#phase").select_option("")
    took["all"] = watch.took()
    shown = page.evaluate(SHOWN)
    assert sorted(shown["bars"]) == sorted(shown["rows"])
    assert shown["links"] >= PHASES * ACTIVITIES
    assert sorted(shown["critical"]) == sorted(shown["red"])
    assert {"p7a0", "p7a19", "G7"} <= set(shown["critical"])
    # One far down is scrolled to, and says what it is.
    page.locator("[data-gantt] .bar-wrapper[data-id=p9a150] .bar").click()
    page.locator("[data-gantt] .popup-wrapper").get_by_text("Work 150 of 9").wait_for()
    took["bar"] = watch.took()
    assert page.locator(".gantt-container").evaluate("area => area.scrollTop") > 0
    assert all(took[name] <= most for name, most in MOST_S.items()), took
