from typing import Any

import pytest

from tests.e2e.browser.conftest import log_in

pytestmark = pytest.mark.e2e
process = "/definitions/process/sales.lead-to-order"
every_page = (
    "/inbox",
    "/tasks/00000000-0000-5000-8000-000000000001",
    "/tasks/00000000-0000-5000-8000-000000000006",
    "/definitions",
    process,
    "/definitions/expression",
    "/connections",
)
# What a text on a background has to reach (WCAG 2.2, AA), measured in the page for every visible text.
contrast = """() => {
  const channels = colour => {
    const c = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    c.fillStyle = colour; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = e => { for (; e; e = e.parentElement) {
    const style = getComputedStyle(e); if (style.backgroundImage !== "none") return null;
    const c = channels(style.backgroundColor); if (c[3] === 255) return c; if (c[3] > 0) return null; } return null; };
  const found = [];
  for (const e of document.querySelectorAll("body *:not(svg *)")) {
    const text = [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data.trim()).join("");
    if (!text || !e.checkVisibility() || e.closest("[disabled], .unseen, .skip")) continue;
    const back = ground(e); if (!back) continue;
    const [a, b] = [light(channels(getComputedStyle(e).color)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${text.slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""


def until(page: Any, condition: str) -> None:
    """Wait until a condition holds; the pages' own policy forbids what playwright's `wait_for_function` does."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"{condition} did not come true")


def test_somebody_finds_claims_and_corrects_a_task_with_the_keyboard(chrome: Any, site: str) -> None:
    page = chrome.new_page(locale="es-ES")
    log_in(page, site)
    assert page.locator("h1").inner_text() == "Bandeja"
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Ir al contenido"
    page.locator("[data-row]", has_text="Cooperativa Agrícola").get_by_role("button").press("Enter")
    page.wait_for_url("**/tasks/*")
    assert page.locator(":focus").get_attribute("name") == "/need"
    page.get_by_label("¿Qué necesitan?").fill("40 rodamientos")
    page.get_by_role("button", name="Añadir una línea").click()
    assert page.get_by_label("¿Qué necesitan?").input_value() == "40 rodamientos"
    page.locator('[name="/lines/1/sku"]:focus').wait_for()
    page.locator("form.form").first.evaluate("form => form.noValidate = true")
    page.get_by_role("button", name="Completar").last.click()
    assert page.locator("#f-score-problem").inner_text() == "Rellene este campo."
    assert page.get_by_label("Puntuación").get_attribute("aria-invalid") == "true"
    assert page.get_by_label("¿Qué necesitan?").input_value() == "40 rodamientos"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_the_screen_and_can_be_read(chrome: Any, site: str, width: int, scheme: str) -> None:
    page = chrome.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    log_in(page, site)
    for address in every_page:
        page.goto(site + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert page.evaluate(contrast) == [], address
    assert problems == []


def test_the_diagram_is_drawn_and_readable_without_javascript(chrome: Any, site: str) -> None:
    plain = chrome.new_context(java_script_enabled=False).new_page()
    log_in(plain, site)
    plain.goto(site + process)
    assert "create-order@erp" in plain.locator(".outline").inner_text()
    assert not plain.locator(".picture-bar").is_visible()
    page = chrome.new_page()
    log_in(page, site)
    page.goto(site + process)
    page.wait_for_selector(".picture-view svg")
    assert "create-order@erp" in page.locator(".picture-view").inner_text()
    titles = page.locator(".picture-view title").all_text_contents()
    assert "discard: $context.qualification.score < 30" in titles


def test_the_diagram_has_its_natural_size_and_can_be_made_larger_and_smaller(chrome: Any, site: str) -> None:
    page = chrome.new_page()
    log_in(page, site)
    page.goto(site + process)
    drawn = page.locator(".picture-view svg")
    drawn.wait_for()
    natural = drawn.evaluate("svg => [svg.width.baseVal.value, svg.viewBox.baseVal.width]")
    assert natural[0] == pytest.approx(natural[1])
    page.get_by_role("button", name="Larger").press("Enter")
    assert drawn.evaluate("svg => svg.width.baseVal.value") == pytest.approx(natural[0] * 1.25)
    page.get_by_role("button", name="Whole").press("Enter")
    view = page.locator(".picture-view")
    assert view.evaluate("view => view.scrollHeight <= view.clientHeight + 1")
    page.get_by_role("button", name="Natural size").press("Enter")
    view.press("End")
    until(page, "document.querySelector('.picture-view').scrollTop > 0")


def test_on_a_phone_the_list_is_there_and_the_diagram_comes_when_asked_for(chrome: Any, site: str) -> None:
    page = chrome.new_page(viewport={"width": 390, "height": 844})
    log_in(page, site)
    page.goto(site + process)
    assert page.locator(".outline").is_visible()
    assert page.locator(".picture-view svg").count() == 0
    page.get_by_role("button", name="Show the diagram").click()
    page.wait_for_selector(".picture-view svg")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_when_a_task_is_due_and_the_button_to_claim_are_in_sight_on_a_phone(chrome: Any, site: str) -> None:
    page = chrome.new_page(viewport={"width": 390, "height": 600})
    log_in(page, site, "luis")
    page.goto(f"{site}/inbox")
    assert page.locator("td.of-due time").first.is_visible()
    page.goto(f"{site}/tasks/00000000-0000-5000-8000-000000000004")
    page.mouse.wheel(0, 500)
    until(page, "window.scrollY > 300")
    assert page.locator(".claim button").evaluate(
        """button => { const box = button.getBoundingClientRect();
        return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === button; }"""
    )


def test_an_expression_is_tried_and_mended_in_place(chrome: Any, site: str) -> None:
    page = chrome.new_page(locale="en-GB")
    log_in(page, site)
    page.goto(f"{site}/definitions")
    page.get_by_role("link", name="Try an expression").click()
    page.get_by_role("button", name="Evaluate").click()
    page.locator("#answer pre").wait_for()
    assert page.locator("#answer pre").inner_text() == "121"
    page.get_by_label("Expression").fill(".lines | map(.sku | floor)")
    page.get_by_role("button", name="Evaluate").click()
    page.locator("#answer [role=alert]").wait_for()
    assert ".lines[].sku is a string" in page.locator("#answer [role=alert]").inner_text()
    assert page.locator("#answer pre").inner_text().endswith("^")
    assert page.get_by_label("Expression").input_value() == ".lines | map(.sku | floor)"
