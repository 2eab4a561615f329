"""A network made again as an ONNX graph, and ONNX Runtime on one thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from benchmarks.channels_first import Laid, laid_out
from engine.layers import BatchNorm, Conv2D, Layer
from engine.network import Network

OPSET, IR_VERSION = 17, 8  # old enough for every ONNX Runtime that this project may meet


def session(network: Network) -> Callable[[np.ndarray], np.ndarray]:
    """A function of inputs (N, C, H, W) to the network's outputs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    running = onnxruntime.InferenceSession(
        model(network).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda x: running.run(None, {"x": x})[0]


def model(network: Network) -> Any:
    """The graph as it was trained; fusing what can be fused is left to the runtime."""
    before, behind = network.input_shape, network.body.output_shape(network.input_shape)
    graph = _Graph()
    last = graph.add_all("x", network.layers, before)
    real = onnx.TensorProto.FLOAT
    made = helper.make_graph(
        graph.nodes,
        network.name or "network",
        [helper.make_tensor_value_info("x", real, ["n", *_channels_first(before)])],
        [helper.make_tensor_value_info(last, real, ["n", *_channels_first(behind)])],
        graph.arrays,
    )
    proto = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(proto)
    return proto


def _channels_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[-1], *shape[:-1])


class _Graph:
    """Nodes and arrays so far; each method takes the name of a tensor and returns that of what it became."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []

    def add_all(self, x: str, layers: Sequence[Layer], shape: tuple[int, ...]) -> str:
        for laid in laid_out(layers, shape):
            x = self.add(x, laid, shape)
            shape = laid.layer.output_shape(shape)
        return x

    def add(self, x: str, laid: Laid, shape: tuple[int, ...]) -> str:
        layer: Any = laid.layer
        kind = type(layer).__name__
        if kind == "Sequential":
            return self.add_all(x, layer.layers, shape)
        if kind == "Residual":
            return self.node("Add", [x, self.add_all(x, [layer.inner], shape)])
        if kind == "Skip":
            return self.node("Concat", [x, self.add_all(x, [layer.inner], shape)], axis=1)
        if kind == "Dropout":
            return x
        if kind in _PLAIN:
            operator, settings = _PLAIN[kind]
            return self.node(operator, [x], **settings)
        return getattr(self, f"_{kind}")(x, laid)

    def node(self, operator: str, inputs: list[str], **settings: Any) -> str:
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **settings))
        return output

    def array(self, value: np.ndarray) -> str:
        name = f"a{len(self.arrays)}"
        self.arrays.append(numpy_helper.from_array(value, name))
        return name

    def _weighted(self, x: str, laid: Laid) -> list[str]:
        """The input, the weight and, where there is one, the bias."""
        return [x] + [self.array(laid.arrays[name]) for name in ("weight", "bias") if name in laid.arrays]

    def _Dense(self, x: str, laid: Laid) -> str:
        return self.node("Gemm", self._weighted(x, laid), transB=1)

    def _Conv2D(self, x: str, laid: Laid) -> str:
        assert isinstance(laid.layer, Conv2D)
        stride, pad = laid.layer.stride, laid.layer.pad
        return self.node("Conv", self._weighted(x, laid), strides=[stride, stride], pads=[pad] * 4)

    def _BatchNorm(self, x: str, laid: Laid) -> str:
        assert isinstance(laid.layer, BatchNorm)
        arrays = [self.array(laid.arrays[name]) for name in ("scale", "shift", "mean", "variance")]
        return self.node("BatchNormalization", [x, *arrays], epsilon=laid.layer.epsilon)

    def _GlobalAveragePool(self, x: str, laid: Laid) -> str:
        return self.node("Flatten", [self.node("GlobalAveragePool", [x])])

    def _UpSample2D(self, x: str, laid: Laid) -> str:
        scales = self.array(np.array([1, 1, 2, 2], np.float32))
        settings = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.node("Resize", [x, "", scales], mode="nearest", **settings)


_PLAIN: dict[str, tuple[str, dict[str, Any]]] = {
    "MaxPool2D": ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]}),
    "AveragePool2D": ("AveragePool", {"kernel_shape": [2, 2], "strides": [2, 2]}),
    "Flatten": ("Flatten", {}),
    "Sigmoid": ("Sigmoid", {}),
    "ReLU": ("Relu", {}),
    "Tanh": ("Tanh", {}),
}
