"""`make screenshots`: the README's pictures, taken from the running app into docs/.

With PAINT_BY_NUMPY_DATA set, the Train tab is shown on MNIST, else on the 8x8 digits that are always there.
"""

import io
import os
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import ROOT, STROKES, draw, launch, running_app

FOLDER = ROOT / "docs"
TRAINING_SECONDS = 12
HARD = [[0.3, 0.45, 0.42, 0.34, 0.54, 0.2, 0.545, 0.4, 0.55, 0.6, 0.55, 0.82]]  # a 1 with a long upstroke


def open_page(chromium: Browser, url: str, width: int, height: int, dark: bool = False) -> Page:
    """A page of a new visitor, two screen pixels to the page's pixel."""
    page = chromium.new_page(
        viewport={"width": width, "height": height},
        device_scale_factor=2,
        color_scheme="dark" if dark else "light",
    )
    page.goto(url)
    page.locator("#pad canvas").wait_for()
    page.wait_for_timeout(1000)
    return page


def read(page: Page, digit: str, strokes: list[list[float]]) -> None:
    """Draw a digit and wait for the answer, with the pointer out of the way."""
    draw(page, strokes)
    page.locator("#answer .digit").filter(has_text=digit).first.wait_for()
    page.mouse.move(4, 4)
    page.wait_for_timeout(600)


def save(page: Page, name: str) -> None:
    """The window as a PNG of 128 colours, which is all that a page of text and bars needs."""
    path = FOLDER / f"{name}.png"
    _shot(page).quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    _tell(path)


def save_photo(page: Page, name: str) -> None:
    """The window as a JPEG, for a page whose colours matter."""
    path = FOLDER / f"{name}.jpg"
    _shot(page).save(path, quality=85, optimize=True)
    _tell(path)


def _shot(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def _tell(path: Path) -> None:
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} kB")


def shoot_draw(chromium: Browser, url: str) -> None:
    """One digit in the light, in the dark and on a phone; several networks side by side."""
    page = open_page(chromium, url, 1180, 800)
    read(page, "4", STROKES["4"])
    save(page, "draw")
    page.keyboard.press("c")
    page.set_viewport_size({"width": 1180, "height": 900})
    for name in ("lenet-5", "cnn-8", "mlp-100"):
        page.locator("#picker label").get_by_text(name, exact=True).click()
    read(page, "1", HARD)
    save(page, "compare")
    dark = open_page(chromium, url, 1180, 800, dark=True)
    read(dark, "3", STROKES["3"])
    save(dark, "draw-dark")
    phone = open_page(chromium, url, 390, 844)
    read(phone, "7", STROKES["7"])
    save(phone, "draw-phone")


def shoot_captcha(chromium: Browser, url: str) -> None:
    """The number that the tab opens with, read."""
    page = open_page(chromium, url, 1180, 860)
    page.get_by_role("tab", name="Captcha").click()
    page.locator(".captcha-digits li").first.wait_for()
    page.wait_for_timeout(1500)
    save(page, "captcha")


def shoot_colorize(chromium: Browser, url: str) -> None:
    """The photo that the tab opens with, half of it still gray."""
    page = open_page(chromium, url, 1180, 900)
    page.get_by_role("tab", name="Colorize").click()
    page.wait_for_timeout(4000)
    save_photo(page, "colorize")


def shoot_train(chromium: Browser, url: str, preset: str | None) -> None:
    """A training on its way."""
    page = open_page(chromium, url, 1180, 800)
    page.get_by_role("tab", name="Train").click()
    if preset:
        page.locator("#train-preset").get_by_text(preset, exact=True).click()
        page.wait_for_timeout(600)
    page.locator("#train-start").click()
    page.wait_for_timeout(TRAINING_SECONDS * 1000)
    save(page, "train")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    data = os.environ.get("PAINT_BY_NUMPY_DATA")
    env = {"PAINT_BY_NUMPY_DATA": data} if data else {}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(Path(folder), env) as url,
        sync_playwright() as playwright,
    ):
        chromium = launch(playwright)
        shoot_draw(chromium, url)
        shoot_captcha(chromium, url)
        shoot_colorize(chromium, url)
        shoot_train(chromium, url, "lenet-5" if data else None)
        chromium.close()


if __name__ == "__main__":
    main()
