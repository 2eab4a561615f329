"""How the page's own handlers are called, as arguments for an event of Gradio.

Four ways of Gradio's client (6.31) that the page has to live with:

* An event that leads to several handlers calls them one after another; and when one of them finds that it was
  asked for again meanwhile, all of them are called again. Two that run side by side then wake each other for
  ever. So **an event of a component leads to one handler**. What else follows hangs on a `signal` that this
  handler gives (a change of a gr.State is noticed after queued calls alone). tests/test_events.py checks it.
* Answers to different handlers arrive in any order. So what stands at one place is written by one handler,
  which has all its reasons as triggers; "always_last" then keeps one request under way and sends the newest.
* Of two reasons in one moment (a lesson chooses another network and has the drawing read again) both requests
  are sent, the first perhaps with what the page held just before, and its answer may come last. So a
  handler of several reasons is wired by `newest`, which has each request numbered in the browser.
* Queued answers come over a stream that the server closes as soon as nothing is waited for, and an event
  that is posted just then can be left without its answer. So only work that goes on for seconds is queued,
  and a short handler that leads to it is not.
"""

import inspect
import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import gradio as gr

AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
QUEUED: dict[str, Any] = {**AT_ONCE, "queue": True}
NEWEST: dict[str, Any] = {**AT_ONCE, "trigger_mode": "always_last"}  # while one runs, only the newest waits

NUMBERED = "(...inputs) => [...inputs.slice(0, -1), (window.asked = (window.asked ?? 0) + 1)]"
MOST_SESSIONS = 1_000  # whose newest numbers are remembered; the one that is forgotten begins anew

tickets = count(1)  # each value comes once: a signal that gets one has changed


def newest(
    triggers: Sequence[Callable[..., Any]],
    handler: Callable[..., Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
) -> None:
    """Have `handler` called for each of `triggers`; the last request's answer stays, whenever others come."""
    number = gr.Number(0, visible="hidden", label="number of the request")
    gr.on(triggers, in_turn(handler), [*inputs, number], outputs, js=NUMBERED, **NEWEST)


def in_turn(handler: Callable[..., Any]) -> Callable[..., Any]:
    """`handler` with one more input at the end, the request's number; what was overtaken changes nothing.

    Overtaken: a request with a higher number has come from the same session. A handler that has a parameter
    `request` is given it by name.
    """
    wants_request = "request" in inspect.signature(handler).parameters
    latest: dict[str, int] = {}
    lock = threading.Lock()

    def asked(request: gr.Request, *given: Any) -> Any:
        *inputs, number = given
        session = request.session_hash or ""
        with lock:
            if latest.get(session, 0) > number:
                return gr.skip()
            latest.pop(session, None)
            latest[session] = number  # at the end: the first is the one that asked longest ago
            while len(latest) > MOST_SESSIONS:
                del latest[next(iter(latest))]
        answer = handler(*inputs, request=request) if wants_request else handler(*inputs)
        with lock:
            return gr.skip() if latest.get(session, 0) > number else answer

    asked.__name__ = handler.__name__
    asked.__doc__ = handler.__doc__
    return asked


def signal() -> gr.Number:
    """Out of sight: a handler that returns `next(tickets)` for it has its `change` happen."""
    return gr.Number(0, visible="hidden", label="signal")


def note(value: str = "") -> gr.Textbox:
    """Out of sight: a text that the page keeps in the browser, to be listened to."""
    return gr.Textbox(value, visible="hidden", label="note")


def flag() -> gr.Checkbox:
    """Out of sight: whether a section is open, see `watch`."""
    return gr.Checkbox(False, visible="hidden", label="open")


def watch(section: gr.Accordion, is_open: gr.Checkbox) -> None:
    """Keep `is_open` what the section is; the browser does so by itself."""
    section.expand(None, None, is_open, js="() => true", **AT_ONCE)
    section.collapse(None, None, is_open, js="() => false", **AT_ONCE)
