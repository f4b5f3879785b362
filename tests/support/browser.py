"""A headless Chromium, as users of the page Files have one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from selenium import webdriver
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    ElementNotInteractableException,
    StaleElementReferenceException,
)
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.support.waiting import until

_PROGRAMS = ("chromium", "chromedriver")
_OPTIONS = (
    "--headless",
    "--no-sandbox",  # which root's Chromium refuses; it opens only pages of this stack
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    # Processes and pages kept ready for an address that may come take a fifth of its time.
    "--disable-features=SpareRendererForSitePerProcess,BackForwardCache,PaintHolding,Translate,OptimizationHints",
)


class Browser:
    """One window that is logged in as one user."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def log_in(self, url: str, token: str) -> None:
        """Hold the cookie that Airflow's own login page sets."""
        self.driver.get(f"{url}/files/static/page.css")
        self.driver.add_cookie({"name": "_token", "value": token, "path": "/"})

    def open(self, url: str) -> None:
        self.driver.get("about:blank")  # an address that differs after # only would not load again
        self.driver.get(url)

    def text(self) -> str:
        return str(self.driver.find_element(By.TAG_NAME, "body").text)

    def wait_for(self, *texts: str) -> str:
        """Wait until the page shows all the texts and return everything it shows."""
        return str(until(lambda: (page := self.text()) and all(each in page for each in texts) and page, self.text))

    def buttons(self) -> list[str]:
        return [each.text for each in self.driver.find_elements(By.TAG_NAME, "button") if each.text]

    def click(self, text: str) -> None:
        """Click the button or link with this text as soon as there is one."""
        until(lambda: self._clicked(text), self.text)

    @contextmanager
    def without(self, pattern: str) -> Iterator[None]:
        """Load nothing from addresses like this."""
        self._block(pattern)
        yield
        self._block()

    def _block(self, *patterns: str) -> None:
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": patterns})

    def _clicked(self, text: str) -> bool:
        path = f"//button[normalize-space()='{text}'] | //a[normalize-space()='{text}']"
        try:
            found: list[WebElement] = [
                each for each in self.driver.find_elements(By.XPATH, path) if each.is_displayed()
            ]
            if found:
                found[0].click()
        except (ElementClickInterceptedException, ElementNotInteractableException, StaleElementReferenceException):
            return False  # the page is being drawn again
        return bool(found)


@contextmanager
def browser() -> Iterator[Browser]:
    """Open a browser; without Chromium the test is skipped, unless LAKEPORT_BROWSER requires one."""
    missing = [name for name in _PROGRAMS if not shutil.which(name)]
    if missing:
        hint = f"{' and '.join(missing)} not found (Debian: apt install chromium chromium-driver)"
        if os.environ.get("LAKEPORT_BROWSER") == "required":
            pytest.fail(hint)
        pytest.skip(hint)
    with TemporaryDirectory() as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = str(shutil.which("chromium"))
        for each in (*_OPTIONS, f"--user-data-dir={profile}", "--window-size=1280,1000"):
            options.add_argument(each)
        log = str(Path(profile) / "driver.log")
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver"), log_output=log))
        try:
            yield Browser(driver)
        finally:
            driver.quit()
