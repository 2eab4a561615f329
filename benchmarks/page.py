"""From pen-up to the label on the screen, in headless Chromium: `make bench-page`.

Draws the example digits with a mouse, one after another, and watches the answer change in the page itself.
Time runs from the moment the browser handles pointer-up to the frame after the answer's last change, both on
the page's own clock. Then the same with the section Whole numbers open, for the number it reads; while
another visitor trains a network in the Train tab; and the time that one lesson takes, from the click on a
digit under the answer to what is said of it.
"""

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import STROKES, draw, launch, running_app

ROUNDS = 6  # of ten digits
AIMS = {  # median and 95th percentile, ms
    "alone": (60, 120),
    "whole numbers, open": (None, 120),
    "while another visitor trains": (None, 200),
}
LESSONS = 10
UPDATES = 8  # a second, at least
LAYERS = "conv 3x3x96 same, relu, conv 3x3x128 same, relu, dense 10"  # busy while all digits are drawn

# Notes when the pen goes up and when the answer changes, each on the frame that shows it.
WATCH = """
place => {
  if (window.seen) seen.observer.disconnect();
  window.seen = {up: [], changed: [], down: []};
  const canvas = document.querySelector("#pad canvas");
  canvas.addEventListener("pointerdown", () => seen.down.push(performance.now()));
  canvas.addEventListener("pointerup", () => seen.up.push(performance.now()), {capture: true});
  let framed = false;  // one note a frame
  seen.observer = new MutationObserver(() => {
    if (framed) return;
    framed = true;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();  // its message arrives once the frame is painted
      channel.port1.onmessage = () => { framed = false; seen.changed.push(performance.now()); };
      channel.port2.postMessage(0);
    });
  });
  seen.observer.observe(document.querySelector(place),
    {subtree: true, childList: true, characterData: true, attributes: true});
}"""
ANSWER, NUMBER, NOTE = "#answer .answers", "#numbers-pad", "#teach-note"
TEACH = """
digit => {
  seen.changed = [];
  seen.up = [performance.now()];
  [...document.querySelectorAll("#teach-row button")].find(b => b.textContent.trim() === digit).click();
}"""


@dataclass(frozen=True)
class Latencies:
    """What one visitor felt: milliseconds from pen-up to the answer, updates a second during the strokes."""

    after_pen_up: list[float]
    updates: float

    @property
    def median(self) -> float:
        return statistics.median(self.after_pen_up)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.after_pen_up, n=20)[-1]


def measure(page: Page, rounds: int = ROUNDS, before_each: Callable[[], None] = lambda: None) -> Latencies:
    """Draw every digit `rounds` times. Each answer is waited for, then the paper is cleared."""
    waits: list[float] = []
    updates, drawing = 0, 0.0
    for _ in range(rounds):
        for strokes in STROKES.values():
            before_each()
            page.evaluate("seen.up = []; seen.down = []; seen.changed = []")
            draw(page, strokes, seconds=0.6)
            page.wait_for_timeout(400)
            seen = page.evaluate("({up: seen.up, down: seen.down, changed: seen.changed})")
            start, end = seen["down"][0], seen["up"][-1]
            after = [at for at in seen["changed"] if at > end]
            if after:  # otherwise the last picture of the stroke was the final one
                waits.append(after[-1] - end)
            updates += sum(start < at <= end for at in seen["changed"])
            drawing += (end - start) / 1000
            page.keyboard.press("c")
            page.wait_for_timeout(150)
    return Latencies(waits, updates / drawing)


def lessons(page: Page, count: int = LESSONS) -> list[float]:
    """Milliseconds from the click to what is said and seen, each time for another drawing, named wrongly."""
    page.locator(NOTE).wait_for(state="attached")
    page.evaluate(WATCH, NOTE)
    took: list[float] = []
    for number in range(count):
        page.keyboard.press("c")
        draw(page, STROKES[str(number % 10)])
        page.wait_for_timeout(600)
        page.evaluate(TEACH, str((number + 1) % 10))
        page.wait_for_timeout(1500)
        took.append(page.evaluate("seen.changed.at(-1) - seen.up[0]"))
    return took


def start_training(page: Page) -> Callable[[], None]:
    """Have a visitor train; returns what starts the training again where it has come to its end."""
    page.get_by_role("tab", name="Train").click()
    page.locator("#train-settings > button").click()
    page.get_by_label("Epochs").fill("100")
    page.locator("#train-layers textarea").fill(LAYERS)
    page.locator("#train-layers textarea").blur()
    page.locator("#train-start").click()
    page.locator("#train-stop").wait_for()
    page.wait_for_timeout(2000)

    def keep_training() -> None:
        if page.locator("#train-start").is_visible():
            page.locator("#train-start").click()

    return keep_training


def report(name: str, found: Latencies) -> str:
    """One row of the table."""
    median, p95 = AIMS[name]
    aim = f"{f'{median} / ' if median else ''}{p95} ms, {UPDATES}/s"
    return (
        f"| {name} | {found.median:.0f} ms | {found.p95:.0f} ms | {max(found.after_pen_up):.0f} ms "
        f"| {found.updates:.1f} | {len(found.after_pen_up)} | {aim} |"
    )


def main() -> None:
    print("| pen-up to label | median | 95 % | worst | updates/s in strokes | digits | aim |")
    print("|---|---|---|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory() as folder,
        running_app(Path(folder)) as url,
        sync_playwright() as playwright,
    ):
        chromium = launch(playwright)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        page.locator("#pad canvas").wait_for()
        page.wait_for_timeout(1000)
        page.evaluate(WATCH, ANSWER)
        measure(page, rounds=1)  # warms the app up
        print(report("alone", measure(page)), flush=True)
        section = page.get_by_role("button", name="Whole numbers")
        section.click()
        page.locator(NUMBER).wait_for(state="attached")  # the section opens when the server has it
        page.evaluate(WATCH, NUMBER)
        print(report("whole numbers, open", measure(page)), flush=True)
        section.click()
        page.evaluate(WATCH, ANSWER)
        other = chromium.new_page()
        other.goto(url)
        keep_training = start_training(other)
        print(report("while another visitor trains", measure(page, before_each=keep_training)))
        other.close()
        took = lessons(page)
        print(f"\none lesson: {statistics.median(took):.0f} ms, at most {max(took):.0f} ms of {len(took)}")
        chromium.close()


if __name__ == "__main__":
    main()
