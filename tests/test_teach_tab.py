"""Teach it your hand, without a page: whose copy is taught, what undo brings back, what is kept and shown."""

import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import numpy as np
import pytest

from engine import lesson_samples
from engine.checkpoint import load, load_pretrained
from engine.datasets import Dataset, DataUnavailable, Splits
from engine.lesson_samples import Samples
from engine.lessons import Lesson, Plan
from engine.network import Network
from engine.own_digits import OwnDigits, save
from tests.test_draw_tab import sketch
from ui import data_source, draw, teach, teach_digits, teach_keeper, teach_pupil, teach_view
from ui.data_source import SHARE
from ui.own_networks import Own
from ui.teach_pupil import Course, Pupil, room_of
from ui.training_settings import MINE, WITH_MINE

NAME = "mlp-100"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Smaller samples than the page has."""
    replay, examination = SAMPLES.split(200)
    monkeypatch.setattr(teach_pupil, "samples", lambda size: Samples(replay, examination, "100 digits"))
    room_of.cache_clear()


SAMPLES = lesson_samples.drawn(300, seed=3)


def visitor(session: str = "me") -> gr.Request:
    return cast(gr.Request, SimpleNamespace(session_hash=session))


def pressed(digit: Any, mode: str = "teach") -> gr.EventData:
    return cast(gr.EventData, SimpleNamespace(digit=digit, mode=mode))


class Page:
    """One visitor: what the page holds between two events."""

    def __init__(self) -> None:
        self.own: Own = {}
        self.pupil: Pupil | None = None
        self.digits = OwnDigits()
        self.names = [NAME]
        self.is_open = True

    def press(self, drawing: str, digit: Any, mode: str = "teach") -> str:
        """A digit under the answer; what is said."""
        fields = (sketch(drawing) if drawing else "", self.names, self.own, self.pupil, self.digits)
        return self.take(teach.press(*fields, self.is_open, visitor(), pressed(digit, mode)))

    def undo(self) -> str:
        return self.take(teach.undo(self.names, self.own, self.pupil, self.digits, True))

    def tidy(self) -> None:
        self.own, choices, _ = teach.tidy(self.own, self.pupil)
        assert f"{NAME}, my hand" not in dict(choices["choices"])

    def reset(self) -> str:
        return self.take(teach.reset(self.names, self.own, self.pupil, self.digits, True))

    def take(self, outputs: tuple[Any, ...]) -> str:
        self.own, picker, self.pupil, self.digits, self.lessons, note, *self.parts = outputs
        if isinstance(picker, dict) and "value" in picker:
            self.names = picker["value"]
        return str(note)

    @property
    def told(self) -> str:
        """What the chosen networks say to a 4."""
        return draw.read_sketch(sketch("4"), self.names, self.own)[0]

    @property
    def course(self) -> Course:
        assert self.pupil is not None
        (course,) = self.pupil.courses.values()
        return course


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    """No lesson is undone for what it costs, as the drawings here are mostly clear ones with a false name."""
    monkeypatch.setattr(teach_pupil, "Plan", lambda: Plan(most_lost=1.0))
    return Page()


def weights(network: Network) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in network.state().items()}


def test_one_press_teaches_a_copy_that_reads_at_once(page: Page) -> None:
    shared = weights(load_pretrained(NAME))
    note = page.press("4", 9)
    assert "Learnt: it reads 9 now" in note
    assert "It read 4" in note
    assert "Of 100 digits it reads" in note
    assert page.names == [f"{NAME}, my hand"]
    assert 'role="status">9</span>' in page.told
    assert weights(load_pretrained(NAME)) == shared, "the shared network stays as it is"
    assert 'role="status">4</span>' in draw.read_sketch(sketch("4"), [NAME], {})[0]


def test_a_second_lesson_goes_on_from_the_first(page: Page) -> None:
    page.press("4", 9)
    first = page.course.network
    page.press("7", 1)
    assert list(page.own) == [f"{NAME}, my hand"]
    assert page.own[page.names[0]] is page.course.network is not first
    assert [drawing.label for drawing in page.course.states[-1].drawings] == [9, 1]


def test_undo_restores_every_bit(page: Page) -> None:
    page.press("4", 9)
    first = weights(page.own[page.names[0]])
    page.press("7", 1)
    assert weights(page.own[page.names[0]]) != first
    assert "undone" in page.undo()
    assert weights(page.own[page.names[0]]) == first
    page.undo()
    assert page.names == [NAME], "nothing is taught any more: the network it came from reads"
    page.tidy()
    assert page.own == {}
    assert "no lesson" in page.undo()
    page.press("4", 9)
    assert page.names == [f"{NAME}, my hand"], "and it can be taught anew"


def test_reset_takes_all_lessons_back(page: Page) -> None:
    page.press("4", 9)
    page.press("7", 1)
    assert "forgotten" in page.reset()
    assert page.names == [NAME]
    assert 'role="status">4</span>' in page.told
    assert page.parts[0]["visible"] is False


def test_a_lesson_that_costs_too_much_is_undone_and_said(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    harsh = Plan(steps=80, least=80, learning_rate=0.05, weight=50.0)
    monkeypatch.setattr(teach_pupil, "Plan", lambda: harsh)
    note = page.press("4", 0)
    assert "<b>Undone.</b>" in note
    assert "before any lesson" in note
    assert page.names == [NAME]
    assert page.own == {}
    assert not page.course.states


def test_visitors_do_not_see_each_other(page: Page) -> None:
    other = Page()
    page.press("4", 9)
    assert other.own == {}
    assert "Learnt" in other.press("4", 7)
    mine, theirs = page.own[page.names[0]], other.own[other.names[0]]
    assert weights(mine) != weights(theirs)
    assert int(mine.predict(np.zeros((1, 28, 28, 1), np.float32)).size) == 10


@pytest.mark.parametrize(
    ("drawing", "digit", "names", "said"),
    [
        ("", 4, [NAME], "Draw a digit first"),
        ("4", 12, [NAME], "Draw a digit first"),
        ("4", "four", [NAME], "invalid"),
        ("4", 4, ["run 7"], "no longer kept here"),
    ],
)
def test_what_cannot_be_taught_gets_a_sentence(
    page: Page, drawing: str, digit: Any, names: list[str], said: str
) -> None:
    page.names = names
    note = page.press(drawing, digit)
    assert 'role="alert"' in note
    assert said.lower() in note.lower()
    assert page.own == {}


def test_a_broken_sketch_gets_a_sentence(page: Page) -> None:
    outputs = teach.press("x", [NAME], {}, None, OwnDigits(), False, visitor(), pressed(4))
    assert "not a PNG" in page.take(outputs)


def test_a_network_of_ones_own_can_be_taught(page: Page) -> None:
    page.own["run 1"] = load_pretrained("mlp-relu-128").copy().freeze()
    page.names = ["run 1"]
    assert "reads 9 now" in page.press("4", 9)
    assert page.names == ["run 1, my hand"]


def test_the_taught_network_is_downloaded(page: Page) -> None:
    page.press("4", 9)
    file = page.parts[1]["value"]
    assert Path(file).name == "mlp-100-my-hand.npz"
    assert weights(load(file)) == weights(page.course.network)
    assert page.pupil is not None
    page.pupil.release()
    assert not Path(file).exists()


def test_a_closed_tab_lets_go_of_everything(page: Page) -> None:
    page.press("4", 9)
    network = weakref.ref(page.course.network)
    teach.leave(visitor())
    assert page.pupil is not None
    assert not page.pupil.courses
    page.own.clear()
    import gc

    gc.collect()
    assert network() is None


# --- my digits --------------------------------------------------------------------------------------------


def test_a_kept_drawing_is_not_taught(page: Page) -> None:
    note = page.press("4", 4, "keep")
    assert "Kept as a 4" in note
    assert "message kept" in note
    assert page.own == {}
    assert page.digits.counts()[4] == 1
    assert page.parts[2].count("<figure") == 1


def test_nothing_of_the_section_is_made_while_it_is_closed(page: Page) -> None:
    page.is_open = False
    page.press("4", 4, "keep")
    assert not isinstance(page.parts[2], str)
    is_open, _, _, _, _, _, gallery, *_ = teach.opened(page.names, page.pupil, page.digits, visitor())
    assert is_open is True
    assert "<figure" in gallery


def test_labels_are_corrected_and_drawings_removed(page: Page) -> None:
    page.press("4", 9, "keep")
    number = page.digits.digits[0].number

    def change(number: Any, label: Any) -> OwnDigits:
        event = cast(gr.EventData, SimpleNamespace(number=number, label=label))
        return cast(OwnDigits, teach_digits.change(page.names, page.pupil, page.digits, visitor(), event)[1])

    assert change(number, 4).counts()[4] == 1
    assert len(change(number, None)) == 0
    assert change(number, 77).counts() == page.digits.counts()
    assert change("x", 4).counts() == page.digits.counts()


def own_digits(count: int = 30) -> OwnDigits:
    return OwnDigits().with_pictures(
        (SAMPLES.images[i], int(SAMPLES.labels[i])) for i in range(count)
    )  # three of each


def test_all_digits_are_taught_at_once_and_the_chart_grows(page: Page) -> None:
    page.digits = own_digits()
    *outputs, said = teach.teach_all(page.names, page.own, page.pupil, page.digits, visitor())
    note = page.take(tuple(outputs))
    assert "Learnt your digits" in note
    assert said == note, "in the section too, from where the answer is out of sight"
    kept = page.digits.split()[1]
    marks = page.course.marks(kept)
    assert len(marks) == len(page.course.states) + 1
    assert "Your hand" in page.parts[3]
    page.undo()
    assert page.names == [NAME], "one press is one undo"


def test_too_few_digits_get_a_sentence(page: Page) -> None:
    *outputs, said = teach.teach_all(page.names, page.own, page.pupil, OwnDigits(), visitor())
    assert "at least 10" in page.take(tuple(outputs))
    assert "at least 10" in said


def test_what_is_compared_stays_chosen(page: Page) -> None:
    """The copy takes the place of the network that was taught, the first; and gives it back."""
    page.names = [NAME, "mlp-16", "cnn-8"]
    note = page.press("7", 1)
    assert page.names == [f"{NAME}, my hand", "mlp-16", "cnn-8"]
    assert f"{NAME} was taught." in note
    page.names = ["mlp-16", *page.names[:1]]  # the copy is not the first any more
    page.undo()
    assert page.names == ["mlp-16", NAME]


def test_undo_reset_and_download_are_of_the_copy_that_reads(page: Page) -> None:
    """Not of the one that was taught last."""
    page.press("4", 9)
    page.names = ["mlp-16"]
    page.press("4", 7)
    assert page.names == ["mlp-16, my hand"]
    page.names = [f"{NAME}, my hand"]
    row, file, _ = teach.of_course(page.names, page.pupil, page.digits, True)
    assert row["visible"] is True
    assert Path(file["value"]).name == f"{NAME}-my-hand.npz"
    page.undo()
    assert page.names == [NAME]
    assert page.parts[0]["visible"] is False, "what reads now was taught nothing"
    page.names = ["mlp-16, my hand"]
    row, file, _ = teach.of_course(page.names, page.pupil, page.digits, True)
    assert row["visible"] is True
    assert Path(file["value"]).name == "mlp-16-my-hand.npz"
    assert "forgotten" in page.reset()
    assert page.names == ["mlp-16"]


def test_what_is_taken_back_is_named_where_several_are_compared(page: Page) -> None:
    page.press("4", 9)
    page.press("7", 1)
    page.names = ["mlp-16", *page.names]
    assert f"The last lesson of {NAME} is undone." in page.undo()
    assert f"All lessons of {NAME} are forgotten" in page.reset()


def test_a_refused_lesson_leaves_the_other_copys_row(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.press("4", 9)
    harsh = Plan(steps=80, least=80, learning_rate=0.05, weight=50.0)
    monkeypatch.setattr(teach_pupil, "Plan", lambda: harsh)
    page.names = ["mlp-16", *page.names]
    assert "<b>Undone.</b>" in page.press("4", 0)
    assert page.parts[0]["visible"] is True
    page.undo()
    assert page.names == ["mlp-16", NAME]


def test_a_copy_that_is_taken_away_has_the_drawing_read_again(page: Page) -> None:
    page.press("4", 9)
    page.undo()
    _, _, first = teach.tidy(page.own, page.pupil)
    assert isinstance(first, int), "what looked into it looks elsewhere"
    assert teach.tidy(page.own, page.pupil)[1:] == (gr.skip(), gr.skip())


def test_a_copy_has_no_figures_of_before_its_lessons(page: Page) -> None:
    page.press("7", 1)
    copy = page.own[f"{NAME}, my hand"]
    assert not copy.metrics
    assert load_pretrained(NAME).metrics


def test_a_set_comes_back(page: Page, tmp_path: Path) -> None:
    save(own_digits(), tmp_path / "mine.npz")
    told, _, digits, *_ = teach_digits.bring(str(tmp_path / "mine.npz"), [], None, OwnDigits(), visitor())
    assert "30 digits have been added" in told
    assert digits.counts() == (3,) * 10
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    told, _, same, *_ = teach_digits.bring(str(tmp_path / "bad.npz"), [], None, digits, visitor())
    assert "can&#x27;t be used" in told
    assert len(same) == 30, "what was there is not lost"


def stored(page: Page) -> Any:
    """What the page's storage is given with the last event."""
    return page.parts[-1]


def test_what_a_page_has_kept_comes_back_when_it_is_loaded_again(page: Page) -> None:
    page.press("4", 9, "keep")
    text = stored(page)
    page.press("4", 9)
    assert stored(page) == gr.skip(), "a lesson changes nothing of one's own digits"

    def load_again(kept: Any, there: OwnDigits) -> tuple[Any, ...]:
        event = cast(gr.EventData, SimpleNamespace(digits=kept))
        return teach_digits.come_back([NAME], None, there, visitor("another"), event)

    _, back, *parts = load_again(text, OwnDigits())
    assert [digit.label for digit in back] == [9]
    np.testing.assert_array_equal(back.digits[0].picture, page.digits.digits[0].picture)
    assert parts[5]["visible"], "it can be taught, or downloaded"
    assert next(digit.label for digit in load_again(text, own_digits(2))[1]) == 9, "nothing is lost"
    assert len(load_again(text, own_digits(2))[1]) == 3
    for nonsense in (None, 7, "", "!", "AAAA", text[:-8], "A" * (3 << 20)):
        assert load_again(nonsense, back)[1] is back
    pupil = Pupil()
    assert teach_keeper.update(pupil, back) == text
    assert teach_keeper.update(pupil, back.remove(back.digits[0].number)) == "", "none: nothing is stored"


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "1 digit, none kept aside so far."), (2, "2 digits, none kept aside so far."),
     (3, "3 digits, 1 of them kept aside (dashed, every 3rd of each): it is never learnt, and shows how"),
     (6, "6 digits, 2 of them kept aside (dashed, every 3rd of each): they are never learnt, and show how")],
)  # fmt: skip
def test_the_gallery_counts_in_grammar(count: int, said: str) -> None:
    digits = OwnDigits().with_pictures((SAMPLES.images[i], 4) for i in range(count))
    assert said in teach_view.gallery(digits)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.003, "in less than 0.1 s."), (0.099, "in less than 0.1 s."), (0.26, "in 0.3 s.")]
)
def test_no_lesson_takes_no_time(seconds: float, said: str) -> None:
    shares = np.full((2, 10), 0.1)
    lesson = Lesson(load_pretrained(NAME), True, 0.9, 0.9, 8, shares)
    assert f"Taught {said}" in teach_view.lesson_said(lesson, 4, "100 digits", seconds)


# --- to train on ------------------------------------------------------------------------------------------


def test_my_digits_alone_are_data_to_train_on() -> None:
    (splits,) = data_source.fetch(MINE, own_digits())
    assert isinstance(splits, Splits)
    assert (len(splits.train), len(splits.validation)) == (20, 10)
    with pytest.raises(DataUnavailable, match="kept 3 of your own digits"):
        list(data_source.fetch(MINE, own_digits(3)))


def test_my_digits_are_strewn_among_mnists() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(1, 256, (100, 28, 28)).astype(np.uint8)
    part = Dataset(images, np.arange(100) % 10, "mnist")
    splits = data_source.with_own(Splits(part, part, part), own_digits())
    learnt, kept = own_digits().split()
    assert len(splits.train) == 100 + 100 // SHARE
    np.testing.assert_array_equal(splits.train.images[SHARE], learnt.images[0])
    np.testing.assert_array_equal(splits.train.images[:SHARE], images[:SHARE])
    np.testing.assert_array_equal(splits.validation.images, kept.images)
    assert splits.test is part
    assert "MNIST" in data_source.explained(WITH_MINE)
