"""How the page's own handlers are called, as arguments for an event of Gradio.

Four ways of Gradio's client (6.31) that the page has to live with:

* An event that leads to several handlers calls them one after another; and when one of them finds that it was
  asked for again meanwhile, all of them are called again. Two that run side by side then wake each other for
  ever. So **an event of a component leads to one handler**. What else follows hangs on a `signal` that this
  handler gives (a change of a gr.State is noticed after queued calls alone). tests/test_events.py checks it.
* Answers to different handlers arrive in any order. So what stands at one place is written by one handler,
  which has all its reasons as triggers; "always_last" then keeps one request under way and sends the newest.
  Where there have to be several handlers, they share their `Turns`.
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


class Turns:
    """The newest request of each session, of those whose answers stand at one place of the page."""

    def __init__(self) -> None:
        self._latest: dict[str, int] = {}
        self._lock = threading.Lock()

    def begin(self, session: str, number: int) -> bool:
        """A request has come: whether it is the newest."""
        with self._lock:
            if self._latest.get(session, 0) > number:
                return False
            self._latest.pop(session, None)
            self._latest[session] = number  # at the end: the first is the one that asked longest ago
            while len(self._latest) > MOST_SESSIONS:
                del self._latest[next(iter(self._latest))]
        return True

    def overtaken(self, session: str, number: int) -> bool:
        """Whether a newer one has come meanwhile."""
        with self._lock:
            return self._latest.get(session, 0) > number


def newest(
    triggers: Sequence[Callable[..., Any]],
    handler: Callable[..., Any],
    inputs: Sequence[Any],
    outputs: Sequence[Any],
    turns: Turns | None = None,
) -> None:
    """Have `handler` called for each of `triggers`; the last request's answer stays, whenever others come.

    turns: shared with other handlers whose answers stand at the same place.
    """
    given = [*inputs, request_number()]
    gr.on(triggers, in_turn(handler, turns), given, outputs, js=NUMBERED, **NEWEST)


def request_number() -> gr.Number:
    """Out of sight: `NUMBERED` puts a request's number into it."""
    return gr.Number(0, visible="hidden", label="number of the request")


def in_turn(handler: Callable[..., Any], turns: Turns | None = None) -> Callable[..., Any]:
    """`handler` with one more input at the end, the request's number; what was overtaken changes nothing.

    Overtaken: a request with a higher number has come from the same session. A handler that has a parameter
    `request` is given it by name.
    """
    wants_request = "request" in inspect.signature(handler).parameters
    known = turns or Turns()

    def asked(request: gr.Request, *given: Any) -> Any:
        *inputs, number = given
        session = request.session_hash or ""
        if not known.begin(session, number):
            return gr.skip()
        answer = handler(*inputs, request=request) if wants_request else handler(*inputs)
        return gr.skip() if known.overtaken(session, number) else answer

    asked.__name__ = handler.__name__
    asked.__doc__ = handler.__doc__
    return asked


def into_sight(selector: str) -> str:
    """For the browser alone: scroll as far as needed to see what was said, far from the button pressed."""
    return (
        f"() => document.querySelector('{selector}').scrollIntoView({{block: 'nearest', behavior: 'smooth'}})"
    )


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
