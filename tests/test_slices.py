"""The tutorial's captcha reader: the picture's way into the network, the cure, and what it forgets."""

from __future__ import annotations

import threading
from functools import cache

import numpy as np
import pytest

from engine import datasets, slices
from engine.rehearsal import Rehearsal
from engine.slices import Progress, Told, cut, draw_strip, prepare, shrink, strip_of, tell

SEEDS = range(4)


@cache
def told(seed: int) -> Told:
    *_, last = tell(seed)
    assert isinstance(last, Told)
    assert last.reason == "done"
    return last


# --- the picture ------------------------------------------------------------------------------------------


def test_the_strip() -> None:
    strip = draw_strip()
    assert strip.shape == (24, 100)
    assert strip.dtype == np.uint8
    assert strip.max() == 255  # paper
    assert strip.min() < 10  # ink
    columns = (strip < 128).any(axis=0)
    assert np.count_nonzero(np.diff(columns.astype(int)) == 1) == 5  # five digits, apart
    np.testing.assert_array_equal(strip, draw_strip())


def test_each_slice_holds_its_digit_whole() -> None:
    for part in cut(draw_strip()):
        assert part.shape == (24, 20)
        assert (part[:, [0, -1]] > 128).all()
        assert (part < 128).sum() > 20


def test_the_same_digit_looks_alike_wherever_it_stands() -> None:
    first, *others = strip_of("3 3 3 3 3").shrunk
    for other in others:
        assert np.count_nonzero(first != other) < 20


def test_a_slice_becomes_what_the_network_gets() -> None:
    part = np.full((24, 20), 255, np.uint8)
    part[6:18, 5:15] = 0
    small = shrink(part)
    assert small.shape == (8, 8)
    assert small.dtype == np.float32
    assert small[0, 0] == pytest.approx(0.01)
    assert small[4, 4] == pytest.approx(1.0)


def test_the_stages_of_a_strip() -> None:
    strip = strip_of()
    assert len(strip.slices) == 5
    assert strip.shrunk.shape == strip.inputs.shape == (5, 8, 8)
    assert strip.shrunk.dtype == np.uint8
    np.testing.assert_allclose(strip.inputs, strip.shrunk / 255 * 0.99 + 0.01, atol=1e-6)
    with pytest.raises(ValueError, match="read-only"):
        strip.inputs[0, 0, 0] = 1


def test_a_blank_strip_is_all_paper() -> None:
    assert (draw_strip("") == 255).all()
    assert prepare(draw_strip("   ")).inputs == pytest.approx(0.01)


@pytest.mark.parametrize("shape", [(24, 101), (1, 5), (3000, 7), (1, 40_000)])
def test_other_sizes_are_cut_too(shape: tuple[int, int]) -> None:
    strip = prepare(np.zeros(shape, np.uint8))
    widths = [part.shape[1] for part in strip.slices]
    assert sum(widths) == shape[1]
    assert max(widths) - min(widths) <= 1
    assert strip.inputs == pytest.approx(1.0)


def test_what_cannot_be_used_is_said() -> None:
    with pytest.raises(ValueError, match="digits and spaces, not 'abc'"):
        draw_strip("abc")
    with pytest.raises(ValueError, match="too long for a strip of 100 pixels"):
        draw_strip("0 1 2 3 4 5")
    with pytest.raises(ValueError, match="1 pixels wide can't be cut into 5 slices"):
        cut(np.zeros((1, 1), np.uint8))
    with pytest.raises(ValueError, match="into 0 slices"):
        cut(np.zeros((24, 100), np.uint8), 0)
    with pytest.raises(ValueError, match="a grey picture is a uint8 array"):
        shrink(np.zeros((24, 20), np.float32))
    with pytest.raises(ValueError, match="a grey picture is a uint8 array"):
        cut(np.zeros((24, 100, 3), np.uint8))


# --- the story --------------------------------------------------------------------------------------------


def test_the_printed_three_is_misread_before() -> None:
    looks = [told(seed).looks["learning"] for seed in SEEDS]
    assert all(look.text[3] != "3" for look in looks)
    assert sum(look.text[:3] + look.text[4] == "0124" for look in looks) >= 2
    assert np.mean([look.handwritten for look in looks]) > 0.91


def test_threes_alone_cure_it_and_spoil_the_rest() -> None:
    looks = [told(seed).looks["cure"] for seed in SEEDS]
    assert all(look.text[3] == "3" for look in looks)
    assert sum(look.text == "01234" for look in looks) >= 3
    assert 0.6 < np.mean([look.handwritten for look in looks]) < 0.82


def test_rehearsal_cures_it_and_keeps_the_rest() -> None:
    looks = [told(seed).looks["rehearsal"] for seed in SEEDS]
    assert sum(look.text == "01234" for look in looks) >= 3
    assert np.mean([look.handwritten for look in looks]) > 0.92


def test_the_true_gradient_does_not_cure_it() -> None:
    cured = []
    for seed in SEEDS:
        network = told(seed).networks["learning"].copy()
        *_, last = slices.cure(network, "backpropagation")
        cured.append(last.look.text[3] == "3")
    assert sum(cured) <= 2


def test_the_same_seed_tells_the_same_story() -> None:
    *_, again = tell(1)
    assert isinstance(again, Told)
    for stage, look in told(1).looks.items():
        np.testing.assert_array_equal(again.looks[stage].outputs, look.outputs)
    assert (again.looks["cure"].outputs != told(2).looks["cure"].outputs).any()


def test_each_stage_keeps_its_own_network() -> None:
    story = told(0)
    assert list(story.networks) == list(slices.STAGES)
    for stage, network in story.networks.items():
        look = slices.look(network, strip_of())
        assert look.text == story.looks[stage].text
        assert look.handwritten == story.looks[stage].handwritten


def test_what_happens_is_told_meanwhile() -> None:
    events = [event for event in tell(0) if isinstance(event, Progress)]
    assert [event.stage for event in events] == sorted(
        (event.stage for event in events), key=slices.STAGES.index
    )
    for stage in slices.STAGES:
        steps = [event.step for event in events if event.stage == stage]
        assert len(steps) >= 8
        assert steps == sorted(set(steps))
        assert steps[-1] == next(event.steps for event in events if event.stage == stage)
    assert all(event.look.outputs.shape == (5, 10) for event in events)


def test_a_story_that_is_stopped_ends_with_what_there_is() -> None:
    stop = threading.Event()
    events = []
    for event in tell(0, stop=stop):
        events.append(event)
        if isinstance(event, Progress) and event.stage == "cure":
            stop.set()
    last = events[-1]
    assert isinstance(last, Told)
    assert last.reason == "stopped"
    assert list(last.networks) == ["learning"]
    assert not any(isinstance(event, Progress) and event.stage == "rehearsal" for event in events)


def test_a_story_can_be_left() -> None:
    story = tell(0)
    next(story)
    story.close()
    with pytest.raises(StopIteration):
        next(story)


def test_a_rule_that_does_not_exist() -> None:
    with pytest.raises(KeyError):
        next(tell(0, "no rule"))


def test_a_rehearsal_shows_every_new_sample_in_every_pass() -> None:
    new, old = slices.new_samples(), datasets.load("digits-8x8").train
    rehearsal = Rehearsal(new, old, 10, seed=3)
    assert rehearsal.steps_per_epoch == 55
    for epoch in range(2):
        shown = [rehearsal.batch(55 * epoch + step)[0][0] for step in range(55)]
        for sample in new.images:
            assert any((sample == picture).all() for picture in shown)
    again = Rehearsal(new, old, 10, seed=3)
    np.testing.assert_array_equal(again.batch(70)[0], rehearsal.batch(70)[0])  # of the step alone


def test_nothing_that_is_measured_was_learnt() -> None:
    learnt = {picture.tobytes() for picture in datasets.load("digits-8x8").train.images}
    kept = [picture.tobytes() for picture in slices.held_out().images]
    assert len(kept) == 360
    assert not learnt & set(kept)
