"""The tutorial's captcha reader: the picture's way into the network, the cure, and what it forgets."""

from __future__ import annotations

import threading
from functools import cache

import numpy as np
import pytest

from engine import datasets, slices
from engine.rehearsal import Rehearsal
from engine.slices import Progress, Told, tell
from engine.strip import strip_of

SEEDS = range(4)


@cache
def told(seed: int) -> Told:
    *_, last = tell(seed)
    assert isinstance(last, Told)
    assert last.reason == "done"
    return last


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
