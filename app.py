"""Paint by NumPy: the page. `python app.py` starts it, `demo` is what a Space or `gradio app.py` picks up."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

# Small matrix products are slower on two BLAS threads, a hundredfold so while something else runs. This must
# be said before NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from ui.visitors import ROOT

# Gradio asks for it when it builds components; in its usual place files would outlive the app.
if not os.environ.get("GRADIO_TEMP_DIR"):
    os.environ["GRADIO_TEMP_DIR"] = str(ROOT / "gradio")

import gradio as gr

from ui import captcha, colorize, draw, inside, numbers, teach, train
from ui.limits import Limits
from ui.theme import HEAD, theme

MASTHEAD = """<header class="masthead"><h1>Paint by NumPy</h1>
<p>Draw a digit, bring a number or a gray photo: networks in plain NumPy read and colour them.</p></header>"""

LIMITS = Limits.from_environment(os.environ)
SWEEP_SECONDS = 60  # between two looks for files that are kept no longer

# Gradio 6 takes the look and the limits when it launches, not when the page is built.
LAUNCH: dict[str, Any] = {
    "theme": theme(),
    "head": HEAD,
    "max_file_size": f"{LIMITS.max_upload_megabytes}mb",
    "show_error": True,
    "ssr_mode": False,
    "run_history": False,  # it would write every stroke into the visitor's browser
    "favicon_path": str(Path(__file__).parent / "ui/icon.png"),
    "footer_links": ["api", "settings"],
    "state_session_capacity": 200,
}


class Page(gr.Blocks):
    """Blocks that look the same whoever launches them: this file, `gradio app.py` or a Space."""

    def launch(self, *args: Any, **kwargs: Any) -> Any:
        return super().launch(*args, **{**LAUNCH, **kwargs})


with Page(
    title="Paint by NumPy", analytics_enabled=False, delete_cache=(SWEEP_SECONDS, LIMITS.keep_seconds)
) as demo:
    gr.HTML(MASTHEAD, apply_default_css=False)
    with gr.Tabs() as tabs:
        with gr.Tab("Draw", id=draw.TAB):
            drawn = draw.build()
            numbers.build(drawn)
            inside.build(drawn)
            teach.build(drawn)
        with gr.Tab("Captcha", id=captcha.TAB):
            captcha.build()
        with gr.Tab("Colorize", id=colorize.TAB) as coloured:
            colorize.build(coloured)
        with gr.Tab("Train", id="train"):
            train.build(drawn, tabs)
    demo.unload(draw.leave)

demo.queue(default_concurrency_limit=4, max_size=64)

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # as a host stops it: what is left is cleared away
    demo.launch()
