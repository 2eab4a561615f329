"""Imports point downwards only, read from the source: app, ui, jobs, files, network, layers, products."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# From the ground up. A module may import from its own floor and from those below it.
FLOORS: dict[str, str] = {
    "base": "layer memory rectifier gpu_kernels epilogue initializers neighbourhoods preprocessing schedules "
    "reading colour_spaces screen_colours ab_bins",
    "products": "products tiles winograd winograd_gradients any_convolution pooled_layout pooled convolution "
    "program single",
    "layers": "activations linear columns pooling regularization fusion containers layers losses optimizers",
    "network": "inference network stages units kernels saliency imagine",
    "files": "description checkpoint layer_list architectures rules mnist datasets strokes digit_shapes "
    "hurried_shapes "
    "augmentation digit_corpus decoding line ink ground ruled_paper paper images strip faces glyphs "
    "chances captcha_colours captcha_line captcha_marks captcha_grounds captcha_ink captcha_damage "
    "captcha_package captcha_dots captcha_outlines printed_numbers captcha_styles captcha_struck "
    "captcha_tiles captcha_clutter captcha_variety captcha_families photos empty_pictures "
    "guided_filter bilateral hint_spread hint_regression "
    "hinted_colours "
    "number_sources number_ink number_line number_grounds page_ink number_lines number_stems number_boxes "
    "captcha_boxes looks borders dither ahead gpu",
    "jobs": "recipes validation training rehearsal slices components line_corpus line_damage hard_examples "
    "captcha_corpus number_corpus feeds long_training resume evaluation number_cuts numbers digits "
    "number_evaluation lesson_samples lessons own_digits "
    "captcha captcha_evaluation captcha_lessons colour_corpus device_crops colour_hints colorize "
    "colour_evaluation pixel_networks pixel_steps painting command_line",
    "command": "__main__",
}
HEIGHTS = {f"engine.{name}": height for height, names in enumerate(FLOORS.values()) for name in names.split()}
UI, APP = len(FLOORS), len(FLOORS) + 1

OURS = {"app", "benchmarks", "engine", "tests", "ui"}
FRAMEWORKS = {"cupy", "jax", "keras", "onnx", "onnxruntime", "tensorflow", "torch", "torchvision"}
PLAIN = {"numpy", "scipy"}  # all that the engine's lower floors need


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in [ROOT / "app.py", *sources("engine", "ui")]}


@cache
def imported(path: Path) -> set[str]:
    """All modules that a file imports, also inside functions; of `from engine import x` it is engine.x."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & set(MODULES)
            found |= inner or {node.module or ""}
    return found


def packages(path: Path) -> set[str]:
    """Whose modules a file imports, apart from Python's own and ours."""
    names = {name.partition(".")[0] for name in imported(path)}
    return names - set(sys.stdlib_module_names) - OURS


def height(module: str) -> int:
    if module == "app":
        return APP
    if module == "ui" or module.startswith("ui."):
        return UI
    return HEIGHTS[module]


ENGINE = sorted(name for name in MODULES if name.startswith("engine."))


@pytest.mark.parametrize("module", ENGINE)
def test_every_module_has_its_floor(module: str) -> None:
    assert module in HEIGHTS, f"say in FLOORS where {module} belongs"


def test_every_floor_is_inhabited() -> None:
    assert set(HEIGHTS) <= set(ENGINE), "a module is gone: take it out of FLOORS"


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_downwards(module: str) -> None:
    if module in ("engine", "ui"):
        assert not imported(MODULES[module])
        return
    for other in imported(MODULES[module]):
        package = other.partition(".")[0]
        assert package not in ("tests", "benchmarks"), f"{module} imports {other}"
        if package in OURS:
            assert other in MODULES, f"{module} imports {other}, which is no module"
            assert height(other) <= height(module), f"{module} imports {other}, which stands above it"
            assert other != "engine.__main__", f"{module} imports the command line"


def test_there_are_no_cycles() -> None:
    graph = {name: imported(path) & set(MODULES) for name, path in MODULES.items()}
    assert sum(map(len, graph.values())) > 100  # it was really read
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(error.args[1]))


def test_gradio_is_known_to_the_page_alone() -> None:
    page = {name for name, path in MODULES.items() if "gradio" in packages(path)}
    assert "app" in page
    assert all(height(name) >= UI for name in page)


def test_no_other_framework() -> None:
    for path in (ROOT / "app.py", *sources("engine", "ui", "tests")):
        if not path.name.startswith("test_benchmark"):
            assert not packages(path) & FRAMEWORKS, path.name


@pytest.mark.parametrize(
    "module", [name for name in ENGINE if HEIGHTS.get(name, UI) <= HEIGHTS["engine.network"]]
)
def test_below_the_network_there_is_numpy_alone(module: str) -> None:
    assert packages(MODULES[module]) <= PLAIN


def test_the_check_sees_what_it_should(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    source = (
        "import gradio as gr\nfrom engine import layers, memory\ndef f():\n    from torch.nn import Linear\n"
    )
    path.write_text(source)
    assert imported(path) == {"gradio", "engine.layers", "engine.memory", "torch.nn"}
    assert packages(path) == {"gradio", "torch"}


def test_what_is_loaded_in_truth() -> None:
    """Other packages' own imports included: a program that only predicts needs no page and no data sets."""
    code = "import sys, engine.network, engine.checkpoint; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"numpy", "engine"} <= loaded
    assert not loaded & (FRAMEWORKS | {"gradio", "ui", "app", "cv2", "PIL", "sklearn", "pooch", "matplotlib"})
