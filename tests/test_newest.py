"""A handler of several reasons: the last request's answer stays. See ui/events.py."""

import threading
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.helpers import special_args

from ui import events
from ui.events import Turns, in_turn


def of(session: str) -> Any:
    return SimpleNamespace(session_hash=session)


def double(value: int) -> int:
    """Twice the value."""
    return 2 * value


def test_in_order_each_is_answered() -> None:
    asked = in_turn(double)
    assert [asked(of("a"), value, value) for value in (1, 2, 3)] == [2, 4, 6]


def test_a_request_that_comes_late_is_not_even_computed() -> None:
    seen: list[int] = []

    def note(value: int) -> int:
        seen.append(value)
        return value

    asked = in_turn(note)
    assert asked(of("a"), 20, 2) == 20
    assert asked(of("a"), 10, 1) == gr.skip()
    assert seen == [20]


def test_an_answer_that_was_overtaken_changes_nothing() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(value: int) -> int:
        if value == 1:
            begun.set()
            assert may_end.wait(10)
        return value

    asked, answers = in_turn(slow), []
    first = threading.Thread(target=lambda: answers.append(asked(of("a"), 1, 1)))
    first.start()
    assert begun.wait(10)
    assert asked(of("b"), 5, 9) == 5  # another visitor overtakes nobody
    assert asked(of("a"), 2, 2) == 2
    may_end.set()
    first.join(10)
    assert answers == [gr.skip()]


def test_handlers_whose_answers_stand_at_one_place_overtake_each_other() -> None:
    begun, may_end, turns = threading.Event(), threading.Event(), Turns()

    def slow(value: int) -> int:
        begun.set()
        assert may_end.wait(10)
        return value

    reads, makes, answers = in_turn(slow, turns), in_turn(double, turns), []
    first = threading.Thread(target=lambda: answers.append(reads(of("a"), 1, 1)))
    first.start()
    assert begun.wait(10)
    assert makes(of("a"), 4, 2) == 8
    may_end.set()
    first.join(10)
    assert answers == [gr.skip()]
    assert reads(of("a"), 3, 3) == 3


def test_a_handler_that_fails_is_no_last_word() -> None:
    def picky(value: int) -> int:
        if value < 0:
            raise ValueError("below zero")
        return value

    asked = in_turn(picky)
    with pytest.raises(ValueError, match="below zero"):
        asked(of("a"), -1, 1)
    assert asked(of("a"), 7, 2) == 7


def test_who_asked_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_SESSIONS", 2)
    asked = in_turn(double)
    for session, number in (("a", 5), ("b", 5), ("a", 6), ("c", 5)):
        asked(of(session), 1, number)
    assert asked(of("a"), 1, 5) == gr.skip()
    assert asked(of("b"), 1, 4) == 2


def test_gradio_hands_the_request_over_and_knows_the_handler_by_its_name() -> None:
    def whose(value: int, request: gr.Request) -> str:
        """Whose it is."""
        return f"{request.session_hash}{value}"

    asked = in_turn(whose)
    given, *_ = special_args(asked, [1, 1], of("a"))
    assert asked(*given) == "a1"
    assert (asked.__name__, asked.__doc__) == ("whose", "Whose it is.")
