"""What can be set for a training, what is lent, and how the fields of the form follow each other."""

from contextlib import closing
from dataclasses import replace

import gradio as gr
import pytest

from tests.trainings import LIMITS, LONG, SMALL, go_on, run_of, train
from ui import trainer
from ui.limits import Limits
from ui.training_form import choose_data, choose_network, choose_preset, read_layers, settings_of, values_of
from ui.training_run import Phase
from ui.training_settings import OWN, QUICK, SettingsError, build_network, checked, presets


def test_limits_come_from_the_environment() -> None:
    limits = Limits.from_environment({"PAINT_BY_NUMPY_MAX_EPOCHS": "7", "PAINT_BY_NUMPY_MAX_SECONDS": " 60 "})
    assert (limits.max_epochs, limits.max_seconds) == (7, 60)
    assert limits.max_trainings == Limits().max_trainings


@pytest.mark.parametrize("text", ["0", "-3", "many", "2.5"])
def test_a_limit_that_is_no_whole_number_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="PAINT_BY_NUMPY_MAX_TRAININGS"):
        Limits.from_environment({"PAINT_BY_NUMPY_MAX_TRAININGS": text})


def test_too_many_epochs_are_cut_and_said() -> None:
    limits = Limits(max_epochs=3)
    book, views = train(None, replace(SMALL, epochs=50), limits)
    assert run_of(book).record.epochs_done == 3
    assert "at most 3 epochs" in (views[-1].status or "")
    more = go_on(book, SMALL, limits)
    assert "at most 3 epochs" in (more[-1].status or "")
    assert run_of(book).record.epochs_done == 3


def test_continue_stays_within_the_epochs_that_are_lent() -> None:
    limits = Limits(max_epochs=3)
    book, _ = train(None, SMALL, limits)
    views = go_on(book, SMALL, limits)
    assert run_of(book).record.epochs_done == 3
    assert "at most 3 epochs" in (views[-1].status or "")


def test_a_run_pauses_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def monotonic() -> float:
        nonlocal now
        now += 0.05
        return now

    monkeypatch.setattr("ui.training_run.time.monotonic", monotonic)
    limits = Limits(max_seconds=1)
    book, views = train(None, LONG, limits)
    assert run_of(book).phase is Phase.PAUSED
    assert "at most 1 s at a time" in (views[-1].status or "")
    assert views[-1].continues == "Run 1"


def test_large_networks_and_large_steps_are_refused() -> None:
    with pytest.raises(SettingsError, match="parameters"):
        build_network(SMALL, Limits(max_parameters=100))
    wide = replace(SMALL, layers="conv 5x5x64 same, conv 5x5x64 same, pool 2, dense 10", batch_size=1024)
    with pytest.raises(SettingsError, match=r"batch of \d+ or less"):
        build_network(wide, LIMITS)
    build_network(replace(wide, batch_size=16), LIMITS)


def test_a_visitor_who_has_to_wait_is_told() -> None:
    limits = Limits(max_trainings=1)
    busy, _ = trainer.plan(None, False, LONG, limits)
    with closing(trainer.carry_out(busy, limits)) as views:
        next(views)
        _, answer = trainer.plan(None, False, SMALL, limits)
    assert "1 of 1 places" in (answer.status or "")


def test_every_preset_can_be_run_within_the_default_limits() -> None:
    for settings in presets().values():
        ready, notes = checked(settings, LIMITS)
        build_network(ready, LIMITS)
        assert not notes


# --- the form -----------------------------------------------------------------------------------------


def test_a_preset_sets_every_field() -> None:
    for name, settings in presets().items():
        values = choose_preset(LIMITS, name)
        assert settings_of(tuple(values[: len(values_of(settings))])) == settings


def test_data_and_network_follow_each_other() -> None:
    values = values_of(replace(SMALL, network="lenet-5", data="digits-8x8"))
    network, layers, images, *_ = choose_data(LIMITS, *values)
    assert (network, images) == ("digits-8x8", 1437)
    data, layers, images, *_ = choose_network(LIMITS, *values)
    assert (data, images) == ("mnist", 55_000)
    assert layers.startswith("conv 5x5x6")


def test_edited_layers_are_the_visitors_own_and_a_mistake_is_named() -> None:
    values = values_of(replace(presets()["lenet-5"], layers="conv 3x3x16, rellu, dense 10"))
    network, note = read_layers(LIMITS, None, *values)
    assert network == OWN
    assert "rellu" in note
    assert 'role="alert"' in note


def test_layers_of_a_preset_leave_the_network_that_is_on_its_way() -> None:
    """The list has come already, the network's name has not; or another preset was chosen meanwhile."""
    values = values_of(replace(presets()["mlp-16"], layers=presets()["mlp-100"].layers))
    for preset in ("mlp-100", "mlp-50-20"):
        network, note = read_layers(LIMITS, preset, *values)
        assert network == gr.skip()
        assert "79,510 parameters" in note
    assert read_layers(LIMITS, None, *values)[0] == OWN


def test_layers_that_a_network_brought_leave_it_chosen() -> None:
    for settings in presets().values():
        network, note = read_layers(LIMITS, None, *values_of(settings))
        assert network == settings.network
        assert "parameters" in note


def test_the_quick_look_is_first() -> None:
    assert next(iter(presets())) == QUICK
