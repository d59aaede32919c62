"""Three people work on one queue in their browsers, on the real engine."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.e2e.browser.queue.conftest import Enter
from tests.e2e.browser.queue.office import Office

pytestmark = pytest.mark.e2e
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def row(page: Any, text: str) -> Any:
    """Return the row of the inbox that holds a text; looks again until the task has arrived."""
    found = page.locator("[data-row], .tasks > li").filter(has_text=text)
    for _ in range(100):
        page.goto(re.sub(r"(https?://[^/]+).*", r"\1/inbox", page.url))
        if found.count():
            return found.first
        page.wait_for_timeout(100)
    pytest.fail(f"'{text}' did not come into the inbox")


def claim(page: Any, text: str) -> None:
    row(page, text).get_by_role("button").click()
    page.wait_for_url("**/tasks/*")


def complete(page: Any) -> None:
    page.get_by_role("button", name=re.compile("^(Complete|Completar)$")).last.click()
    page.wait_for_url("**/inbox*")


def check(page: Any) -> None:
    """Fill in the form of the task that is open."""
    page.locator("[name='/reason']").fill("The wheel is broken.")
    page.locator("[name='/amount']").fill("120.50")
    complete(page)


def approve(page: Any, text: str) -> None:
    claim(page, text)
    page.get_by_label("Approved").check()
    complete(page)


def test_one_of_two_gets_the_task_and_four_eyes_hold(office: Office, enter: Enter) -> None:
    instance = office.start("Aceros Bilbao")
    ana, luis = enter("ana"), enter("luis")
    # His page does not hear that she was faster.
    luis.route("**/events", lambda route: route.abort())
    mine, theirs = row(ana, "Aceros Bilbao"), row(luis, "Aceros Bilbao")
    mine.get_by_role("button").click()
    ana.wait_for_url("**/tasks/*")
    theirs.get_by_role("button").click()
    assert "ana" in luis.locator("main").inner_text()
    assert luis.get_by_role("button", name="Complete").count() == 0
    check(ana)
    approval = row(ana, "Approve the refund of Aceros Bilbao")
    assert approval.get_by_role("button").count() == 0
    approval.get_by_role("link").first.click()
    assert "four eyes" in ana.locator("main").inner_text().lower()
    approve(luis, "Approve the refund of Aceros Bilbao")
    assert office.output(instance) == {"approved": True, "by": "luis"}


def be_away(page: Any, start: Any) -> None:
    """Have a page in the background, a minute by its clock, while something begins."""
    hide = "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
    hide += "document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, arg=True)
    start()
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 60_000; }")
    page.evaluate(hide, arg=False)


def test_a_task_is_handed_to_a_colleague_with_a_note(office: Office, enter: Enter) -> None:
    ana, luis = enter("ana"), enter("luis")
    be_away(ana, lambda: (office.start("Bodegas Norte"), row(luis, "Bodegas Norte")))
    # It came meanwhile, and is there without asking for the page again.
    ana.locator("[data-row]").filter(has_text="Bodegas Norte").wait_for()
    luis.locator("[data-row]").filter(has_text="Bodegas Norte").get_by_role("button").focus()
    claim(ana, "Bodegas Norte")
    # Her colleague's page hears of it, and the keys go on from that line.
    luis.locator(".is-gone [data-open]:focus").filter(has_text="Bodegas Norte").wait_for()
    ana.get_by_text("Delegate", exact=True).first.click()
    ana.get_by_label("User name of your colleague").fill("luis")
    ana.get_by_label("What do they have to know?").first.fill("They called twice.")
    ana.get_by_role("button", name="Delegate").click()
    row(luis, "Bodegas Norte").get_by_role("link").first.click()
    assert "They called twice." in luis.locator("main").inner_text()
    check(luis)
    # Who handed it on had a part in it, so neither of the two approves.
    for page in (ana, luis):
        assert row(page, "Approve the refund of Bodegas Norte").get_by_role("button").count() == 0
    approve(enter("marta"), "Approve the refund of Bodegas Norte")


def test_who_stands_in_has_the_tasks_of_who_is_away(office: Office, enter: Enter) -> None:
    office.start("Cerámicas Vega")
    ana, luis = enter("ana"), enter("luis")
    claim(ana, "Cerámicas Vega")
    ana.goto(f"{office.site}/absences")
    today = datetime.now(UTC).date()
    ana.get_by_label("First day").fill(today.isoformat())
    ana.get_by_label("Last day").fill((today + timedelta(days=2)).isoformat())
    ana.get_by_label("Who stands in").fill("luis")
    ana.get_by_role("button", name="Enter").click()
    ana.get_by_text("Take back").wait_for()
    row(luis, "Cerámicas Vega").get_by_role("link").first.click()
    luis.locator("form.claim button").click()
    check(luis)
    ana.goto(f"{office.site}/absences")
    ana.get_by_role("button", name="Take back").click()
    ana.get_by_text("Nobody is away").wait_for()


def test_what_lies_too_long_goes_to_who_leads(office: Office, enter: Enter) -> None:
    instance = office.start("Dulces Mora")
    ana, marta = enter("ana"), enter("marta")
    claim(ana, "Dulces Mora")
    office.let_pass(instance, timedelta(hours=4, minutes=1))
    claim(marta, "Dulces Mora")
    ana.reload()
    assert ana.get_by_role("button", name="Complete").count() == 0
    check(marta)


def test_what_the_ledger_said_last_stays_on_the_page_when_it_is_down(office: Office, enter: Enter) -> None:
    office.start("Ebanistería Sol")
    ana = enter("ana")
    claim(ana, "Ebanistería Sol")
    ana.locator("aside").get_by_text("5,000").wait_for()
    office.take_ledger_down()
    try:
        ana.reload()
        ana.get_by_text("It is not available now. Last known").wait_for()
        ana.locator("aside").get_by_text("5,000").wait_for()
        check(ana)
    finally:
        office.ledger_is_up = True


def test_a_task_is_done_on_a_phone_in_spanish(office: Office, enter: Enter) -> None:
    office.start("Frutas del Sur")
    luis = enter("luis", locale="es-ES", **PHONE)
    claim(luis, "Revisar la devolución de Frutas del Sur")
    assert luis.evaluate("document.documentElement.scrollWidth") <= 390
    luis.get_by_label("Motivo").fill("La rueda está rota.")
    luis.get_by_label("Importe").fill("-1")
    luis.locator("form.form").first.evaluate("form => form.noValidate = true")
    luis.get_by_role("button", name="Completar").last.click()
    luis.get_by_text("Una cosa por corregir").or_(luis.get_by_text("1 cosa por corregir")).first.wait_for()
    luis.get_by_label("Importe").fill("80")
    complete(luis)


def test_a_task_is_done_with_the_keyboard_alone(office: Office, enter: Enter) -> None:
    office.start("Gráficas Luna")
    ana = enter("ana")
    row(ana, "Gráficas Luna")
    ana.get_by_role("link", name=re.compile("^Free")).focus()
    ana.keyboard.press("Enter")
    ana.wait_for_url("**/inbox?which=available")
    ana.locator("#which-available[aria-current]:focus").wait_for()
    for _ in range(20):
        ana.keyboard.press("j")
        if "Gráficas Luna" in ana.locator(":focus").inner_text():
            break
    ana.keyboard.press("c")
    ana.wait_for_url("**/tasks/*")
    assert ana.locator(":focus").get_attribute("name") == "/reason"
    ana.keyboard.type("The wheel is broken.")
    ana.keyboard.press("Tab")
    ana.keyboard.type("80")
    ana.keyboard.press("Enter")
    ana.wait_for_url("**/inbox*")
    assert row(ana, "Approve the refund of Gráficas Luna").is_visible()


def test_tasks_of_a_kind_get_one_answer_and_each_says_how_it_went(office: Office, enter: Enter) -> None:
    customers = ("Hilados Río", "Hornos Paz")
    instances = [office.start(each) for each in customers]
    ana, luis = enter("ana"), enter("luis")
    for each in customers:
        claim(ana, each)
        check(ana)
    for each in customers:
        row(luis, f"Approve the refund of {each}")
    for each in customers:
        luis.locator("[data-row]").filter(has_text=each).get_by_role("checkbox").check()
    luis.keyboard.press("Control+Enter")
    luis.get_by_text("2 tasks get this answer.").wait_for()
    luis.get_by_label("Approved").check()
    luis.get_by_role("button", name="Complete", exact=True).last.click()
    for each in customers:
        luis.get_by_text(f"Approve the refund of {each}").first.wait_for()
    assert [office.output(each) for each in instances] == [{"approved": True, "by": "luis"}] * 2
