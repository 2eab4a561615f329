"""What the browser tests share: one app and one Chromium for the whole run, a fresh visitor for each test.

    def test_something(page: Page) -> None:              # one visitor, 1280 × 900, the page is loaded
    def test_two(open_page: Callable[..., Page]) -> None:
        phone = open_page(width=390, height=844, touch=True)
        other = open_page(dark=True)                     # another visitor: own cookies, own session

Every page opened here fails its test when something was written to its console as an error, when an
exception went uncaught, when a request went to another host, or when the app logged a traceback.
Mark a module with `pytestmark = pytest.mark.browser`.
"""

import os

# As the app does, and before NumPy is loaded: small matrix products get slower with two BLAS threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser import launch, running_app

expect.set_options(timeout=30_000)  # a slow machine is no failure


@pytest.fixture(scope="session")
def app_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app under test keeps its caches, its uploads and its `app.log`."""
    return tmp_path_factory.mktemp("app")


@pytest.fixture(scope="session")
def app_url(app_folder: Path) -> Iterator[str]:
    """The address of the app, running in a process of its own, without MNIST and without a network."""
    with running_app(app_folder) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One headless Chromium."""
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


class Complaints:
    """Collects what a page must not do; `check()` fails with the list."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.found: list[str] = []

    def listen(self, page: Page) -> None:
        page.on("console", lambda said: self.note(f"console: {said.text}", said.type == "error"))
        page.on("pageerror", lambda error: self.note(f"uncaught: {error}"))
        page.on("request", lambda request: self.note(f"request to {request.url}", self.foreign(request.url)))

    def note(self, text: str, bad: bool = True) -> None:
        if bad:
            self.found.append(text)

    def foreign(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme not in ("data", "blob", "about") and parts.netloc != self.host

    def check(self) -> None:
        assert not self.found, "\n".join(self.found)


@pytest.fixture
def open_page(browser: Browser, app_url: str, app_folder: Path) -> Iterator[Callable[..., Page]]:
    """open_page(width=1280, height=900, touch=False, dark=False) -> a loaded page of a new visitor."""
    complaints = Complaints(urlsplit(app_url).netloc)
    contexts: list[BrowserContext] = []
    log = app_folder / "app.log"
    logged = log.stat().st_size

    def open_one(width: int = 1280, height: int = 900, touch: bool = False, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=touch,
            is_mobile=touch,
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        page = context.new_page()
        complaints.listen(page)
        page.goto(app_url)
        page.locator("#pad canvas").hover(trial=True)  # laid out, and nothing moves any more
        return page

    yield open_one
    for context in contexts:
        context.close()
    complaints.check()
    said = log.read_bytes()[logged:].decode(errors="replace")
    assert "Traceback" not in said, said


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """One visitor at a desk, in the light."""
    return open_page()
