"""How the page's own handlers are called, as arguments for an event of Gradio.

Only work that goes on for seconds waits in Gradio's queue. Its answers come over a stream that the server
closes as soon as nothing is waited for, and an event that is posted just then can be left without its answer
(js client of 6.31). So a short handler that leads to long work must not be queued itself.
"""

from typing import Any

AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
QUEUED: dict[str, Any] = {**AT_ONCE, "queue": True}
NEWEST: dict[str, Any] = {**AT_ONCE, "trigger_mode": "always_last"}  # while one runs, only the newest waits
