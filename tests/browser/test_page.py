"""The HTML report in a real browser: filters, keyboard, pictures, and nothing that is fetched.

Needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from kustodian.report.html.page import as_html
from tests.unit.report.sample import STYLE, sample

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-sync", "--window-size=1400,1600",
)  # fmt: skip


def browser(dark: bool = False) -> webdriver.Chrome:
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*_FLAGS, f"--user-data-dir={tempfile.mkdtemp()}"):
        options.add_argument(flag)
    if dark:
        options.add_argument("--blink-settings=preferredColorScheme=0")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(as_html(sample(), STYLE), encoding="utf-8")
    return file.as_uri()


@pytest.fixture(scope="module")
def driver() -> Iterator[webdriver.Chrome]:
    started = browser()
    yield started
    started.quit()


@pytest.fixture
def page(driver: webdriver.Chrome, address: str) -> webdriver.Chrome:
    driver.get("about:blank")
    driver.get(address)
    return driver


def shown(page: webdriver.Chrome) -> list[str]:
    """The rules of the visible findings, in order; failures as "not checked"."""
    cards = page.find_elements(By.CSS_SELECTOR, ".finding")
    return [c.get_attribute("data-rule") or "not checked" for c in cards if c.is_displayed()]


def field(page: webdriver.Chrome, name: str) -> Any:
    return page.find_element(By.CSS_SELECTOR, f"[name={name}]")


FAILURES = ["not checked", "not checked"]


def test_everything_open_is_shown_at_first(page: webdriver.Chrome) -> None:
    assert shown(page) == [*FAILURES, "unpinned-image", "rego/main/deny", "unused-file"]
    assert page.find_element(By.TAG_NAME, "output").text == "5 of 6 shown"
    assert "Kustodian: 2 errors" in page.title


def test_severity(page: webdriver.Chrome) -> None:
    page.find_element(By.CSS_SELECTOR, ".toggle.error span").click()
    assert shown(page) == [*FAILURES, "unused-file"], "what was not checked is never filtered out"


def test_environment_and_rule(page: webdriver.Chrome) -> None:
    Select(field(page, "environment")).select_by_value("dev")
    assert shown(page) == [*FAILURES, "unpinned-image"], "a line of the base shows in each environment"
    Select(field(page, "environment")).select_by_value("prod")
    assert shown(page) == [*FAILURES, "unpinned-image", "rego/main/deny"]
    Select(field(page, "rule")).select_by_value("rego/main/deny")
    assert shown(page) == [*FAILURES, "rego/main/deny"]


def test_text_and_waived(page: webdriver.Chrome) -> None:
    field(page, "text").send_keys("REPLICA base/deployment")
    assert shown(page) == FAILURES
    page.find_element(By.CSS_SELECTOR, ".toggle.waived span").click()
    assert shown(page) == [*FAILURES, "single-replica"]
    page.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
    WebDriverWait(page, 10).until(lambda p: len(shown(p)) == 5)


def test_nothing_matches_is_said(driver: webdriver.Chrome, tmp_path: Path) -> None:
    report = sample()
    report.not_checked, report.overlays = [], [o for o in report.overlays if not o.error]
    file = tmp_path / "report.html"
    file.write_text(as_html(report, STYLE), encoding="utf-8")
    driver.get(file.as_uri())
    assert not driver.find_element(By.CLASS_NAME, "empty").is_displayed()
    field(driver, "text").send_keys("no such thing")
    assert driver.find_element(By.CLASS_NAME, "empty").text == "Nothing matches these filters."


def test_a_click_on_a_rule_shows_only_that_rule(page: webdriver.Chrome) -> None:
    page.find_element(By.CSS_SELECTOR, "button.rule[data-rule=unused-file]").click()
    assert shown(page) == [*FAILURES, "unused-file"]


def test_the_filters_survive_a_reload_and_can_be_shared(page: webdriver.Chrome, address: str) -> None:
    Select(field(page, "environment")).select_by_value("prod")
    page.find_element(By.CSS_SELECTOR, ".toggle.info span").click()
    shared = page.current_url
    assert shared.startswith(f"{address}#")
    page.get("about:blank")
    page.get(shared)
    assert shown(page) == [*FAILURES, "unpinned-image", "rego/main/deny"]
    assert field(page, "environment").get_attribute("value") == "prod"


def test_a_box_of_the_picture_shows_its_findings_by_mouse_and_keyboard(page: webdriver.Chrome) -> None:
    page.find_element(By.CSS_SELECTOR, "details.overlay summary").click()
    box = page.find_element(By.CSS_SELECTOR, 'g.node[data-object="Deployment iris-prod/iris"]')
    for start in (box.click, lambda: page.execute_script("arguments[0].focus()", box)):
        page.find_element(By.CSS_SELECTOR, "button[type=reset]").click()
        WebDriverWait(page, 10).until(lambda p: not field(p, "text").get_attribute("value"))
        start()
        if page.switch_to.active_element == box:
            page.switch_to.active_element.send_keys(Keys.ENTER)
        assert field(page, "text").get_attribute("value") == "Deployment iris-prod/iris"
        assert shown(page) == [*FAILURES, "unpinned-image", "rego/main/deny"]


def test_the_picture_has_a_box_for_each_object_and_a_line_for_each_edge(page: webdriver.Chrome) -> None:
    graph = sample().graphs["overlays/prod"]
    page.find_element(By.CSS_SELECTOR, "details.overlay summary").click()
    boxes = page.find_elements(By.CSS_SELECTOR, ".picture .node")
    assert len(boxes) == len(graph.nodes) and all(box.is_displayed() for box in boxes)
    assert len(page.find_elements(By.CSS_SELECTOR, ".picture .edge path")) == len(graph.edges)
    for text in page.find_elements(By.CSS_SELECTOR, ".picture .node text"):
        inside = page.execute_script(
            "const t = arguments[0].getBoundingClientRect(), r ="
            " arguments[0].closest('.node').querySelector('rect').getBoundingClientRect();"
            " return t.left >= r.left && t.right <= r.right && t.bottom <= r.bottom",
            text,
        )
        assert inside, f"{text.text} runs out of its box"


def test_the_keyboard_reaches_the_filters(page: webdriver.Chrome) -> None:
    page.find_element(By.TAG_NAME, "body").send_keys("/")
    assert page.switch_to.active_element == field(page, "text")
    page.switch_to.active_element.send_keys("unused", Keys.ESCAPE)
    assert page.switch_to.active_element != field(page, "text")
    page.get(page.current_url.partition("#")[0])
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert page.switch_to.active_element.text == "Skip to the findings"
    page.switch_to.active_element.send_keys(Keys.TAB)
    page.switch_to.active_element.send_keys(Keys.SPACE)
    assert shown(page) == [*FAILURES, "unused-file"], "the first filter is the severity error"


def test_text_of_a_manifest_stays_text(page: webdriver.Chrome) -> None:
    assert page.find_elements(By.TAG_NAME, "img") == []
    assert "<img src=x onerror=alert(1)>" in page.find_element(By.ID, "findings").text


def test_nothing_is_fetched_and_nothing_is_wrong(address: str) -> None:
    """In a browser of its own, whose log holds only this page."""
    fresh = browser()
    try:
        fresh.get(address)
        fresh.find_element(By.CSS_SELECTOR, "details.overlay summary").click()
        assert fresh.get_log("browser") == []
        events = [json.loads(entry["message"])["message"] for entry in fresh.get_log("performance")]
        requested = {
            e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"
        }
        assert {url for url in requested if not url.startswith(("about:", "data:", "chrome:"))} == {address}
    finally:
        fresh.quit()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_can_be_read_in_light_and_dark(address: str, dark: bool) -> None:
    """Contrast of at least 4.5 (WCAG AA) for what is written; a screenshot is kept for people."""
    themed = browser(dark)
    try:
        themed.get(address)
        themed.find_element(By.CSS_SELECTOR, "details.overlay summary").click()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        themed.save_screenshot(str(SCREENSHOTS / f"report-{'dark' if dark else 'light'}.png"))
        back = _rgb(themed, ".finding", "background-color")
        assert (sum(back) < 200) is dark
        for selector in ("h3", ".severity", ".place", ".rule", ".chip", ".finding dl dt", ".finding dl dd"):
            assert _contrast(_rgb(themed, selector, "color"), back) >= 4.5, selector
    finally:
        themed.quit()


def _rgb(page: webdriver.Chrome, selector: str, style: str) -> tuple[float, ...]:
    """A computed colour, as the browser would paint it on a canvas."""
    painted: list[float] = page.execute_script(
        "const c = document.createElement('canvas').getContext('2d');"
        "c.fillStyle = getComputedStyle(document.querySelector(arguments[0]))[arguments[1]];"
        "c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data].slice(0, 3)",
        selector,
        style,
    )
    return tuple(painted)


def _contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: tuple[float, ...]) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [c / 255 for c in colour]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
