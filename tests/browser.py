"""A Chromium for the browser tests, the page benchmark and the screenshots, and an app for it to look at.

`python -m tests.browser` makes sure that there is a Chromium: the machine's own if it has one, else Debian's
package (as root), else the one that Playwright downloads.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]


def find_chromium(playwright: Playwright) -> str | None:
    """The path of a Chromium on this machine ($CHROMIUM first, Playwright's own last), or None."""
    own = Path(playwright.chromium.executable_path)
    named = [os.environ.get("CHROMIUM"), *(shutil.which(name) for name in NAMES)]
    return next((path for path in named if path), str(own) if own.exists() else None)


def install_chromium() -> None:
    """Debian's package where we may install it, else Playwright's download into the user's cache."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], check=False
        )
        if shutil.which("chromium"):
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def launch(playwright: Playwright) -> Browser:
    """A headless Chromium; raises RuntimeError with the command that gets one."""
    path = find_chromium(playwright)
    if path is None:
        raise RuntimeError("no Chromium found: `make browser` gets one")
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def offline_environment(folder: Path) -> dict[str, str]:
    """This process's environment, without data sets and without a way to download any: caches lie in
    `folder`, and every request to another host goes to a port where nobody answers."""
    env = {name: value for name, value in os.environ.items() if name != "PAINT_BY_NUMPY_DATA"}
    env.update(
        dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    )
    env.update(
        no_proxy="127.0.0.1,localhost",
        NO_PROXY="127.0.0.1,localhost",
        XDG_CACHE_HOME=str(folder / "cache"),
        GRADIO_TEMP_DIR=str(folder / "gradio"),
        HF_HUB_OFFLINE="1",
        PYTHONUNBUFFERED="1",
    )
    return env


@contextmanager
def running_app(folder: Path, env: dict[str, str] | None = None, seconds: float = 60) -> Iterator[str]:
    """Start app.py on a free port and yield its address; what it prints is written to `folder/app.log`.

    Raises RuntimeError with the end of that log when the app does not answer within `seconds`.
    """
    port = free_port()
    env = {**offline_environment(folder), **(env or {}), "GRADIO_SERVER_PORT": str(port)}
    log = folder / "app.log"
    with log.open("wb") as out:
        app = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        url = f"http://127.0.0.1:{port}/"
        wait_for(url, app, log, time.monotonic() + seconds)
        yield url
    finally:
        app.terminate()
        try:
            app.wait(10)
        except subprocess.TimeoutExpired:
            app.kill()
            app.wait()


def wait_for(url: str, app: subprocess.Popen[bytes], log: Path, deadline: float) -> None:
    """Return once the app answers at `url`."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while app.poll() is None and time.monotonic() < deadline:
        try:
            with opener.open(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the app did not start:\n" + log.read_text(errors="replace")[-2000:])


# --- a hand that draws -------------------------------------------------------------------------

# The page's own example drawings: digit -> strokes [x, y, x, y, ...] in units of the pad's side.
STROKES: dict[str, list[list[float]]] = json.loads(
    (ROOT / "ui/examples/strokes.json").read_text(encoding="utf-8")
)

IN_SIGHT = """pad => {
  const {top, bottom} = pad.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}"""


def on_pad(page: Page, stroke: list[float], canvas: str = "#pad canvas") -> list[tuple[float, float]]:
    """Where a stroke's points lie in the window, once the pad (or another canvas) is in it and rests."""
    pad = page.locator(canvas)
    if not pad.evaluate(IN_SIGHT):
        pad.evaluate("pad => pad.scrollIntoView({block: 'center', behavior: 'instant'})")
    pad.hover(trial=True)
    box = pad.bounding_box()
    assert box is not None
    points = zip(stroke[::2], stroke[1::2], strict=True)
    return [(box["x"] + x * box["width"], box["y"] + y * box["width"]) for x, y in points]


def draw(page: Page, strokes: list[list[float]], seconds: float = 0.0, lift: bool = True) -> None:
    """Draw with the mouse, in about `seconds`; `lift` says whether the pen goes up at the end."""
    pause = seconds / sum(len(stroke) // 2 for stroke in strokes)
    for stroke in strokes:
        first, *others = on_pad(page, stroke)
        page.mouse.move(*first)
        page.mouse.down()
        due = time.perf_counter()
        for point in others:
            due += pause
            time.sleep(max(0.0, due - time.perf_counter()))
            page.mouse.move(*point)
        if lift or stroke is not strokes[-1]:
            page.mouse.up()


def draw_by_touch(page: Page, strokes: list[list[float]], canvas: str = "#pad canvas") -> None:
    """Draw with a finger; the page's context needs `has_touch`."""
    devtools = page.context.new_cdp_session(page)
    for stroke in strokes:
        for i, (x, y) in enumerate(on_pad(page, stroke, canvas)):
            kind = "touchMove" if i else "touchStart"
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    devtools.detach()


def main() -> None:
    with sync_playwright() as playwright:
        found = find_chromium(playwright)
    if found is None:
        print("no Chromium found: getting one for the browser tests")
        install_chromium()


if __name__ == "__main__":
    main()
