"""Nets imported from ONNX compute what ONNX Runtime computes, train, and keep the file's names."""

from pathlib import Path

import numpy as np
import onnx
import onnx_models as om
import pyeddl.eddl as eddl
import pytest
from helpers import has_onnx
from onnx import TensorProto, helper, numpy_helper
from pyeddl.tensor import Tensor

pytestmark = [
    pytest.mark.embedded_engine,
    pytest.mark.skipif(not has_onnx(), reason="the engine was built without protobuf"),
]

rng = np.random.default_rng(5)


def draw(*shape):
    return rng.uniform(-1, 1, shape).astype(np.float32)


def positive(*shape):
    return rng.uniform(0.5, 2, shape).astype(np.float32)


def ints(*values):
    return np.array(values, np.int64)


class Case:
    """One node, with the constants it reads from input 1 on; shapes are a sample's."""

    def __init__(
        self, name, op, shape, constants=(), inputs=1, opset=om.OPSET, low=-1.0, data=None, outputs=1, **attributes
    ):
        self.name, self.op, self.shape, self.constants, self.inputs = name, op, shape, list(constants), inputs
        self.opset, self.low, self.data, self.outputs, self.attributes = opset, low, data, outputs, attributes

    def feeds(self):
        if self.data is not None:
            return [np.asarray(self.data)]
        shapes = self.shape if isinstance(self.shape, list) else [self.shape] * self.inputs
        return [rng.uniform(self.low, 2, (3, *s)).astype(np.float32) for s in shapes]

    def model(self):
        shapes = self.shape if isinstance(self.shape, list) else [self.shape] * self.inputs
        names = [f"x{i}" for i in range(len(shapes))]
        kind = TensorProto.FLOAT if self.data is None else om.tensor_type(self.data)
        given = {f"c{i}": c for i, c in enumerate(self.constants) if c is not None}
        reads = names + [f"c{i}" if c is not None else "" for i, c in enumerate(self.constants)]
        outputs = [f"y{i}" for i in range(self.outputs)]
        node = helper.make_node(self.op, reads, outputs, "node", **self.attributes)
        inputs = {n: ((om.BATCH, *s), kind) for n, s in zip(names, shapes)}
        return om.model([node], inputs, outputs, given, self.opset)


IMAGE, LINE, VOLUME = (4, 9, 8), (4, 11), (2, 6, 7, 5)

ACTIVATIONS = [
    *[
        Case(op, op, (5, 3))
        for op in (
            "Relu",
            "Sigmoid",
            "Tanh",
            "Softplus",
            "Softsign",
            "Elu",
            "LeakyRelu",
            "ThresholdedRelu",
            "Selu",
            "Celu",
            "HardSigmoid",
            "HardSwish",
            "Abs",
            "Exp",
            "Neg",
            "Softmax",
            "LogSoftmax",
        )
    ],
    Case("Mish", "Mish", (5, 3), opset=18),
    Case("Elu of 0.3", "Elu", (5,), alpha=0.3),
    Case("LeakyRelu of 0.3", "LeakyRelu", (5,), alpha=0.3),
    Case("ThresholdedRelu of 0.3", "ThresholdedRelu", (5,), alpha=0.3),
    Case("Selu of its own", "Selu", (5,), alpha=1.2, gamma=0.8),
    Case("Celu of 0.4", "Celu", (5,), alpha=0.4),
    Case("HardSigmoid of its own", "HardSigmoid", (5,), alpha=0.3, beta=0.4),
    Case("Gelu by tanh", "Gelu", (5,), opset=20, approximate="tanh"),
    Case("Gelu", "Gelu", (5, 40), opset=20),
    Case("Erf", "Erf", (5, 40)),
    Case("Sign", "Sign", (5, 40)),
    Case("PRelu of one slope", "PRelu", (4, 3), [np.float32([0.2])]),
    Case("Log", "Log", (5,), low=0.1),
    Case("Sqrt", "Sqrt", (5,), low=0.1),
    Case("Reciprocal", "Reciprocal", (5,), low=0.1),
    Case("Clip", "Clip", (5,), [np.float32(-0.5), np.float32(0.4)]),
    Case("Clip below", "Clip", (5,), [None, np.float32(0.4)]),
    Case("Clip above", "Clip", (5,), [np.float32(-0.2)]),
    Case("Clip by attributes", "Clip", (5,), opset=6, min=-0.3, max=0.5),
    Case("Softmax over channels", "Softmax", IMAGE, axis=1),
    Case("Softmax over rows", "Softmax", IMAGE, axis=-2),
    Case("Softmax over all that follows", "Softmax", IMAGE, opset=11, axis=1),
    Case("Softmax over the last two", "Softmax", IMAGE, opset=11, axis=2),
    Case("LogSoftmax over channels", "LogSoftmax", IMAGE, axis=1),
    Case("LogSoftmax over all that follows", "LogSoftmax", IMAGE, opset=11, axis=1),
    Case("LogSoftmax of far numbers", "LogSoftmax", (2,), data=np.float32([[0, 200], [-500, 300], [90, 90]])),
    Case("Equal of whole numbers", "Equal", (3,), [ints(0, 2, 5)], data=np.int64([[0, 2, 4], [1, -2, 5]])),
    Case("Slice to an end beyond any batch", "Slice", (5,), [ints(0), ints(1000000000), ints(0)]),
    Case("Dropout", "Dropout", (5,)),
    Case("Dropout of a ratio", "Dropout", (5,), [np.float32(0.3)]),
    Case("Dropout by attribute", "Dropout", (5,), opset=10, ratio=0.3),
    Case("Identity", "Identity", (5, 3)),
    Case("Cast to double", "Cast", (5,), to=TensorProto.DOUBLE),
]

ARITHMETIC = [
    *[
        Case(f"{op} of layers", op, (4, 3), inputs=2, low=0.2)
        for op in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean")
    ],
    *[Case(f"{op} of three layers", op, (4, 3), inputs=3) for op in ("Max", "Min", "Sum", "Mean")],
    *[
        Case(f"{op} with a number", op, (4, 3), [np.float32(0.7)], low=0.2)
        for op in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Pow")
    ],
    *[Case(f"{op} with channels", op, IMAGE, [positive(4, 1, 1)]) for op in ("Add", "Sub", "Mul", "Div", "Max")],
    *[Case(f"{op} with a row", op, IMAGE, [positive(8)]) for op in ("Add", "Sub", "Mul", "Div", "Min")],
    *[Case(f"{op} with a whole sample", op, (4, 3), [positive(1, 4, 3)]) for op in ("Add", "Sub", "Mul", "Div")],
    Case("Add grows the layer", "Add", (1, 3), [positive(1, 4, 1)]),
    Case("Mul of channel weights", "Mul", [IMAGE, (4, 1, 1)]),
    Case("Add of a row and a column", "Add", [(4, 1), (1, 5)]),
    Case("Pow of 2", "Pow", (4,), [np.float32(2)]),
    Case("Pow of 1.5", "Pow", (4,), [np.float32(1.5)], low=0.1),
]

CONVOLUTIONS = [
    Case("Conv", "Conv", IMAGE, [draw(5, 4, 3, 3), draw(5)]),
    Case("Conv without bias", "Conv", IMAGE, [draw(5, 4, 3, 3)]),
    Case(
        "Conv with all settings",
        "Conv",
        IMAGE,
        [draw(6, 2, 3, 2), draw(6)],
        group=2,
        strides=[2, 1],
        dilations=[2, 3],
        pads=[1, 2, 3, 0],
    ),
    Case("Conv of each channel", "Conv", IMAGE, [draw(8, 1, 3, 3), draw(8)], group=4, pads=[1, 1, 1, 1]),
    Case("Conv same above", "Conv", IMAGE, [draw(5, 4, 2, 4)], auto_pad="SAME_UPPER", strides=[2, 3]),
    Case("Conv same below", "Conv", IMAGE, [draw(5, 4, 2, 4)], auto_pad="SAME_LOWER", strides=[2, 3]),
    Case("Conv valid", "Conv", IMAGE, [draw(5, 4, 2, 2)], auto_pad="VALID", kernel_shape=[2, 2]),
    Case("Conv of a line", "Conv", LINE, [draw(6, 2, 3), draw(6)], group=2, strides=[2], dilations=[2], pads=[1, 3]),
    Case(
        "Conv of a volume", "Conv", VOLUME, [draw(3, 2, 2, 3, 2), draw(3)], strides=[2, 1, 2], pads=[0, 1, 1, 1, 0, 0]
    ),
    Case("Conv of a dilated volume in groups", "Conv", VOLUME, [draw(4, 1, 2, 2, 2)], group=2, dilations=[2, 3, 1]),
    Case("ConvTranspose", "ConvTranspose", IMAGE, [draw(4, 5, 3, 3), draw(5)]),
    Case("ConvTranspose twice as large", "ConvTranspose", IMAGE, [draw(4, 5, 2, 2), draw(5)], strides=[2, 2]),
    Case(
        "ConvTranspose with all settings",
        "ConvTranspose",
        IMAGE,
        [draw(4, 3, 3, 3), draw(6)],
        group=2,
        strides=[2, 3],
        pads=[1, 0, 1, 2],
        output_padding=[1, 1],
        dilations=[2, 1],
    ),
    Case("ConvTranspose same", "ConvTranspose", IMAGE, [draw(4, 5, 3, 3)], auto_pad="SAME_UPPER", strides=[2, 2]),
    Case("ConvTranspose to a shape", "ConvTranspose", IMAGE, [draw(4, 5, 3, 3)], strides=[3, 2], output_shape=[26, 16]),
    Case("ConvTranspose of a line", "ConvTranspose", LINE, [draw(4, 5, 3), draw(5)], strides=[2], output_padding=[1]),
    Case(
        "ConvTranspose of a volume",
        "ConvTranspose",
        VOLUME,
        [draw(2, 3, 2, 2, 2), draw(3)],
        strides=[2, 2, 2],
        pads=[1, 0, 0, 0, 1, 0],
    ),
]

POOLS = [
    *[
        Case(f"{op} {name}", op, shape, **settings)
        for op in ("MaxPool", "AveragePool")
        for name, shape, settings in [
            ("", IMAGE, {"kernel_shape": [3, 2]}),
            ("strided", IMAGE, {"kernel_shape": [3, 3], "strides": [2, 3]}),
            ("padded", IMAGE, {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]}),
            ("padded unevenly", IMAGE, {"kernel_shape": [3, 4], "pads": [0, 1, 2, 3], "strides": [1, 2]}),
            ("rounded up", IMAGE, {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
            (
                "rounded up and padded",
                IMAGE,
                {"kernel_shape": [2, 3], "strides": [2, 2], "ceil_mode": 1, "pads": [1, 1, 1, 1]},
            ),
            ("same above", IMAGE, {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
            ("same below", IMAGE, {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_LOWER"}),
            ("of a line", LINE, {"kernel_shape": [3], "strides": [2], "pads": [1, 0]}),
            ("of a volume", VOLUME, {"kernel_shape": [2, 3, 2], "strides": [2, 2, 1], "pads": [0, 1, 0, 1, 1, 1]}),
        ]
    ],
    Case(
        "AveragePool that counts the padding",
        "AveragePool",
        IMAGE,
        kernel_shape=[3, 3],
        pads=[1, 0, 1, 2],
        count_include_pad=1,
    ),
    *[
        Case(f"{op} of {name}", op, shape)
        for op in ("GlobalMaxPool", "GlobalAveragePool")
        for name, shape in (("an image", IMAGE), ("a line", LINE), ("a volume", VOLUME))
    ],
]

NORMALIZATIONS = [
    *[
        Case(
            f"BatchNormalization of {shape}",
            "BatchNormalization",
            shape,
            [positive(shape[0]), draw(shape[0]), draw(shape[0]), positive(shape[0])],
            epsilon=1e-4,
        )
        for shape in ((5,), LINE, IMAGE, VOLUME)
    ],
    Case("InstanceNormalization", "InstanceNormalization", IMAGE, [positive(4), draw(4)], epsilon=1e-4),
    Case("InstanceNormalization of a line", "InstanceNormalization", LINE, [positive(4), draw(4)]),
    Case("GroupNormalization of groups", "GroupNormalization", IMAGE, [positive(2), draw(2)], opset=18, num_groups=2),
    Case("GroupNormalization", "GroupNormalization", IMAGE, [positive(4), draw(4)], opset=21, num_groups=2),
    Case("LayerNormalization", "LayerNormalization", (6,), [positive(6), draw(6)]),
    Case("LayerNormalization of rows", "LayerNormalization", (5, 6), [positive(6), draw(6)], epsilon=1e-3),
    Case("LayerNormalization of a whole sample", "LayerNormalization", (5, 6), [positive(5, 6), draw(5, 6)], axis=1),
    Case("LayerNormalization without shift", "LayerNormalization", (4, 5, 6), [positive(5, 6)], axis=-2),
    Case("LRN", "LRN", (7, 4, 4), size=3, alpha=0.2, beta=0.6, bias=1.5),
    Case("LpNormalization", "LpNormalization", (4, 5), axis=-1, p=2),
    Case("LpNormalization by absolutes", "LpNormalization", (4, 5), axis=1, p=1),
]

DENSE = [
    Case("Gemm", "Gemm", (5,), [draw(5, 3), draw(3)]),
    Case("Gemm with all settings", "Gemm", (5,), [draw(3, 5), draw(1, 3)], alpha=0.5, beta=0.3, transB=1),
    Case("Gemm without bias", "Gemm", (5,), [draw(5, 3)]),
    Case("Gemm with one bias", "Gemm", (5,), [draw(5, 3), np.float32(0.4)]),
    Case("MatMul", "MatMul", (5,), [draw(5, 3)]),
    Case("MatMul of rows", "MatMul", (4, 5), [draw(5, 3)]),
    Case("MatMul of stacks", "MatMul", (2, 4, 5), [draw(5, 3)]),
    Case("MatMul with a vector", "MatMul", (4, 5), [draw(5)]),
    Case("MatMul of layers", "MatMul", [(4, 5), (5, 3)]),
    Case("MatMul of stacked layers", "MatMul", [(2, 4, 5), (2, 5, 3)]),
    Case("MatMul of a layer and stacked ones", "MatMul", [(1, 4, 5), (2, 5, 3)]),
]

SHAPES = [
    Case("Flatten", "Flatten", IMAGE),
    Case("Flatten from a later axis", "Flatten", (1, 4, 3), axis=2),
    Case("Reshape", "Reshape", (4, 6), [ints(-1, 3, 8)]),
    Case("Reshape that copies", "Reshape", (4, 6), [ints(0, 0, 2, -1)]),
    Case("Reshape that leaves the batch open", "Reshape", (4, 6), [ints(-1, 24)]),
    Case("Reshape of a fixed batch", "Reshape", (4, 6), [ints(3, 2, 12)]),
    Case("Squeeze", "Squeeze", (1, 4, 1), [ints(1)]),
    Case("Squeeze from behind", "Squeeze", (1, 4, 1), [ints(-1)]),
    Case("Squeeze of all", "Squeeze", (1, 4, 1)),
    Case("Squeeze by attribute", "Squeeze", (1, 4, 1), opset=11, axes=[3, 1]),
    Case("Squeeze to a number", "Squeeze", (1,), [ints(1)]),
    Case("Unsqueeze", "Unsqueeze", (4, 3), [ints(2)]),
    Case("Unsqueeze of several", "Unsqueeze", (4, 3), [ints(1, -1)]),
    Case("Unsqueeze by attribute", "Unsqueeze", (4, 3), opset=11, axes=[1]),
    Case("Transpose", "Transpose", (2, 3, 4), perm=[0, 3, 1, 2]),
    Case("Transpose of ones", "Transpose", (1, 3, 4), perm=[0, 2, 1, 3]),
    Case("Expand", "Expand", (4, 1), [ints(1, 4, 3)]),
    Case("Expand of the last", "Expand", (4, 1), [ints(5)]),
    Case("Tile", "Tile", (2, 3), [ints(1, 3, 2)]),
    Case("DepthToSpace", "DepthToSpace", (8, 2, 3), blocksize=2),
    Case("DepthToSpace by columns", "DepthToSpace", (8, 2, 3), blocksize=2, mode="CRD"),
    Case("SpaceToDepth", "SpaceToDepth", (2, 4, 6), blocksize=2),
    Case("Concat", "Concat", [(2, 3), (4, 3)], axis=1),
    Case("Concat of three", "Concat", [(2, 3), (2, 1), (2, 2)], axis=-1),
    Case("Split", "Split", (6, 3), [ints(1, 2, 3)], outputs=3, axis=1),
    Case("Split in equal parts", "Split", (6, 4), outputs=2, axis=2),
    Case("Split unevenly", "Split", (7,), opset=18, outputs=3, axis=1, num_outputs=3),
    Case("Split by attribute", "Split", (6,), opset=11, outputs=2, axis=1, split=[2, 4]),
    Case("Slice", "Slice", (6, 5), [ints(1, 2), ints(4, 9), ints(1, 2)]),
    Case("Slice from behind", "Slice", (6, 5), [ints(-3), ints(-1), ints(-1)]),
    Case("Slice with steps", "Slice", (6, 7), [ints(1, 6), ints(6, -8), ints(1, 2), ints(2, -3)]),
    Case("Slice of the whole batch", "Slice", (6, 5), [ints(0, 2), ints(2**63 - 1, 4)]),
    Case("Slice by attributes", "Slice", (6, 5), opset=9, starts=[1], ends=[3], axes=[1]),
    Case("Gather of one", "Gather", (6, 5), [np.int64(2)], axis=1),
    Case("Gather of the last", "Gather", (6, 5), [np.int64(-1)], axis=2),
    Case("Gather of neighbours", "Gather", (6, 5), [ints(2, 3, 4)], axis=1),
    Case("Gather in any order", "Gather", (6, 5), [ints(4, 0, 0, -2)], axis=2),
    Case("Gather of channels", "Gather", IMAGE, [ints(0, 2, 3)], axis=1),
    Case("Gather of channels in any order", "Gather", IMAGE, [ints(3, -4, 2, 2, -1)], axis=1),
    Case("Gather of channels by a negative axis", "Gather", LINE, [ints(1, 3)], axis=-2),
    Case("Gather of a volume's channels", "Gather", VOLUME, [ints(1, 0, 1)], axis=1),
    Case("Gather of features", "Gather", (5,), [ints(4, 0, 0)], axis=1),
    Case("Gather of a grid of channels", "Gather", IMAGE, [np.array([[3, 0], [1, 1]])], axis=1),
    Case("Slice of every second channel", "Slice", IMAGE, [ints(3), ints(-9), ints(1), ints(-2)]),
    Case("Gather of a grid", "Gather", (6, 5), [np.array([[0, 5], [3, 3]])], axis=1),
]

RESIZES = [
    Case("Pad", "Pad", IMAGE, [ints(0, 0, 1, 2, 0, 0, 3, 0), np.float32(0.5)]),
    Case("Pad of channels and columns", "Pad", IMAGE, [ints(0, 1, 0, 2, 0, 0, 0, 1), np.float32(-1)]),
    Case("Pad of channels", "Pad", IMAGE, [ints(0, 1, 0, 0, 0, 2, 0, 0)]),
    Case("Pad of channels and rows", "Pad", IMAGE, [ints(0, 0, 1, 0, 0, 2, 0, 3), np.float32(0)]),
    Case("Pad of channels by attributes", "Pad", LINE, opset=10, pads=[0, 2, 0, 0, 1, 0]),
    Case("Pad of named channels", "Pad", IMAGE, [ints(1, 2), None, ints(1)], opset=18),
    Case("Pad of channels by a number", "Pad", LINE, [ints(0, 0, 0, 0, 2, 0), np.float32(0.5)]),
    Case("Pad that crops channels", "Pad", IMAGE, [ints(0, -2, 0, 0, 0, 1, 0, 0)]),
    Case("Pad of channels by reflect", "Pad", IMAGE, [ints(0, 2, 0, 0, 0, 3, 0, 0)], mode="reflect"),
    Case("Pad of a vector", "Pad", (5,), [ints(0, 2, 0, 1)]),
    Case("Pad of a volume", "Pad", VOLUME, [ints(0, 0, 1, 0, 2, 0, 0, 0, 1, 0)]),
    Case("Pad that crops", "Pad", IMAGE, [ints(0, 0, -1, 2, 0, 0, 1, -3)]),
    Case("Pad of named axes", "Pad", IMAGE, [ints(1, 2), np.float32(0.5), ints(-1)], opset=18),
    Case("Pad by attributes", "Pad", IMAGE, opset=10, pads=[0, 0, 1, 2, 0, 0, 3, 0], value=0.3),
    *[Case(f"Pad by {mode}", "Pad", IMAGE, [ints(0, 0, 3, 2, 0, 0, 1, 4)], mode=mode) for mode in ("reflect", "edge")],
    Case("Pad by wrap", "Pad", (5, 6), [ints(0, 2, 1, 0, 3, 4)], opset=19, mode="wrap"),
    Case("Upsample", "Upsample", IMAGE, [np.float32([1, 1, 2, 3])], opset=9),
    Case("Upsample linearly", "Upsample", IMAGE, [np.float32([1, 1, 2, 3])], opset=9, mode="linear"),
    *[
        Case(
            f"Resize {mode} {coordinates}",
            "Resize",
            IMAGE,
            [None, np.float32([1, 1, *scales])],
            opset=13,
            mode=mode,
            coordinate_transformation_mode=coordinates,
        )
        for mode in ("nearest", "linear", "cubic")
        for coordinates in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
        for scales in ((2.0, 3.0), (0.6, 1.7))
    ],
    *[
        Case(
            f"Resize nearest {rounding}",
            "Resize",
            IMAGE,
            [None, np.float32([1, 1, 1.7, 0.7])],
            opset=13,
            mode="nearest",
            nearest_mode=rounding,
        )
        for rounding in ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil")
    ],
    Case("Resize to sizes", "Resize", IMAGE, [None, None, ints(3, 4, 7, 13)], opset=13, mode="linear"),
    Case("Resize of the second version", "Resize", IMAGE, [np.float32([1, 1, 2, 2])], opset=10, mode="nearest"),
    Case(
        "Resize with its own cubic",
        "Resize",
        IMAGE,
        [None, np.float32([1, 1, 2, 2])],
        opset=13,
        mode="cubic",
        cubic_coeff_a=-0.5,
        exclude_outside=1,
    ),
    Case("Resize of named axes", "Resize", IMAGE, [None, None, ints(5, 12)], opset=18, mode="linear", axes=[2, 3]),
    *[
        Case(
            f"Resize {mode} with antialiasing",
            "Resize",
            IMAGE,
            [None, None, ints(5, 3)],
            opset=18,
            mode=mode,
            axes=[2, 3],
            antialias=1,
        )
        for mode in ("linear", "cubic")
    ],
    Case(
        "Resize that is not larger",
        "Resize",
        IMAGE,
        [None, None, ints(20, 11)],
        opset=18,
        mode="linear",
        axes=[2, 3],
        keep_aspect_ratio_policy="not_larger",
    ),
    Case("Resize of a volume", "Resize", VOLUME, [None, np.float32([1, 1, 2, 2, 1.5])], opset=13, mode="linear"),
]

REDUCTIONS = [
    *[
        Case(
            f"{op} {name}",
            op,
            (4, 3, 5),
            [ints(*axes)] if axes_are_inputs else [],
            opset=18 if axes_are_inputs else 11,
            low=0.1,
            **({} if axes_are_inputs else {"axes": list(axes)}),
            **settings,
        )
        for op in (
            "ReduceMean",
            "ReduceSum",
            "ReduceMax",
            "ReduceMin",
            "ReduceL1",
            "ReduceL2",
            "ReduceSumSquare",
            "ReduceLogSum",
            "ReduceLogSumExp",
        )
        for name, axes, axes_are_inputs, settings in [
            ("of one axis", (2,), True, {"keepdims": 0}),
            ("that keeps", (1, -1), False, {}),
            ("of all", (1, 2, 3), False, {"keepdims": 0}),
        ]
    ],
    *[
        Case(f"{op} {name}", op, (4, 3), **settings)
        for op in ("ArgMax", "ArgMin")
        for name, settings in (("of channels", {"axis": 1}), ("of the last", {"axis": -1, "keepdims": 0}))
    ],
    Case("ReduceSum of nothing", "ReduceSum", (4, 3), [ints()], opset=13, noop_with_empty_axes=1),
]

CASES = [*ACTIVATIONS, *ARITHMETIC, *CONVOLUTIONS, *POOLS, *NORMALIZATIONS, *DENSE, *SHAPES, *RESIZES, *REDUCTIONS]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_operator(case):
    made, feeds = case.model(), case.feeds()
    expected = om.run_reference(made, {f"x{i}": f for i, f in enumerate(feeds)})
    om.compare(om.run(made, feeds), expected)


# ---- graphs as exporters write them ----


def node(op, inputs, outputs, name="", **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), name, **attributes)


def check(made, *feeds, mem="full_mem"):
    names = [i.name for i in made.graph.input]
    om.compare(om.run(made, feeds, mem), om.run_reference(made, dict(zip(names, feeds))))


# ---- channels taken by index ----

ADDED = draw(1, 5, 1, 1)
ADDED[0, 2] = 0
# Graphs on "x" and "z", both IMAGE; which layers they become besides the inputs; and how many parameters these have.
TAKEN = {
    "gathered from a pad": (
        [node("Pad", "x one_more", "p"), node("Gather", "p five", "y", "take", axis=1)],
        ["take"],
        0,
    ),
    "a pad that others read": (
        [
            node("Pad", "x one_more", "p", "pad"),
            node("Gather", "p five", "g", "take", axis=1),
            node("Relu", "p", "r", "relu"),
            node("Add", "g r", "y", "sum"),
        ],
        ["pad", "relu", "sum"],
        0,
    ),
    "a take of a take": (
        [node("Gather", "x five", "g", axis=1), node("Gather", "g evens", "y", "take", axis=1)],
        ["take"],
        0,
    ),
    "and undone": (
        [node("Pad", "x one_more", "p"), node("Gather", "p all", "g", axis=1), node("Relu", "g", "y", "relu")],
        ["relu"],
        0,
    ),
    "of a take with a sign": (
        [
            node("Gather", "x five", "g", axis=1),
            node("Mul", "g minus", "m", "product"),
            node("Gather", "m evens", "y", "take", axis=1),
        ],
        ["take"],
        0,
    ),
    "summed": (
        [
            node("Gather", "x five", "g", axis=1),
            node("Mul", "g minus", "m"),
            node("Pad", "z one_more", "p"),
            node("Sum", "m p added g", "y", "sum"),
        ],
        ["sum"],
        4,
    ),
    "added to a layer of the same": (
        [
            node("Pad", "x one_more", "p"),
            node("Pad", "z one_more", "q", "q"),
            node("Relu", "q", "r", "relu"),
            node("Add", "r p", "y", "sum"),
        ],
        ["q", "relu", "sum"],
        0,
    ),
    "added to numbers": ([node("Gather", "x five", "g", axis=1), node("Add", "added g", "y", "sum")], ["sum"], 4),
    "a sum with numbers alone": (
        [node("Relu", "x", "r", "relu"), node("Sum", "r z four", "y", "sum")],
        ["relu", "sum"],
        4,
    ),
    "not added to rows": (
        [node("Gather", "x five", "g", "take", axis=1), node("Add", "g row", "y", "sum")],
        ["take", "sum/constant", "sum/constant_wide", "sum"],
        0,
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_channels_taken(name):
    nodes, layers, parameters = TAKEN[name]
    constants = {
        "one_more": ints(0, 0, 0, 0, 0, 1, 0, 0),
        "five": ints(3, -1, 0, 0, 2),
        "evens": ints(4, 2, 0),
        "all": ints(0, 1, 2, 3),
        "minus": np.float32(-0.5),
        "added": ADDED,
        "four": draw(4, 1, 1),
        "row": draw(8),
    }
    read = {i for n in nodes for i in n.input}
    inputs = {n: (om.BATCH, *IMAGE) for n in ("x", "z") if n in read}
    made = om.model(nodes, inputs, constants={k: v for k, v in constants.items() if k in read})
    feeds = [draw(3, *IMAGE) for _ in inputs]
    for mem in ("full_mem", "low_mem"):
        check(made, *feeds, mem=mem)
    net = om.build(om.load(made))
    assert [layer.name for layer in net.layers if layer.name not in inputs] == layers
    assert sum(p.size for layer in net.layers for p in layer.params) == parameters
    # And written again, and read again.
    again = om.build(eddl.import_net_from_onnx_string(eddl.serialize_net_to_onnx_string(net, False)))
    om.compare(om.run_net(again, feeds), om.run_net(net, feeds), rtol=0, atol=0)
    assert len(again.layers) <= len(net.layers)
    assert sum(p.size for layer in again.layers for p in layer.params) == parameters


@pytest.mark.parametrize("mem", ["full_mem", "low_mem"])
def test_gradients_go_to_the_channels_that_were_taken(mem):
    """A convolution of [x0 … x3] whose channels are taken, padded and summed, by the chain rule."""
    taken, size = [3, 0, 0, 4, -3, 3], (5, 3, 40, 40)  # large enough for several threads
    nodes = [
        node("Conv", "x w b", "c", "conv"),
        node("Pad", "c one_more", "p"),
        node("Gather", "p taken", "g", axis=1),
        node("Mul", "g minus", "m"),
        node("Sum", "m added", "y", "sum"),
    ]
    constants = {
        "w": draw(4, 3, 1, 1),
        "b": draw(4),
        "one_more": ints(0, 0, 0, 0, 0, 1, 0, 0),
        "taken": ints(*taken),
        "minus": np.float32(-0.5),
        "added": positive(1, 6, 1, 1),
    }
    net = om.build(om.load(om.model(nodes, {"x": (om.BATCH, *size[1:])}, constants=constants)), mem, lr=0.1)
    x, y = draw(*size), draw(size[0], 6, *size[2:])
    (out,) = om.run_net(net, [x])
    eddl.train_batch(net, [Tensor.fromarray(x)], [Tensor.fromarray(y)], list(range(5)))
    delta = (out.astype(np.float64) - y) / len(x)
    of_conv = np.zeros((5, 5, 40, 40))
    for c, source in enumerate(taken):
        of_conv[:, source] -= 0.5 * delta[:, c]
    of_conv = of_conv[:, :4]
    conv, total = (eddl.getLayer(net, name) for name in ("conv", "sum"))
    expected = np.einsum("bohw,bihw->oi", of_conv, x)[:, :, None, None]
    for gradient, right in (
        (conv.gradients[0], expected),
        (conv.gradients[1], of_conv.sum((0, 2, 3))),
        (total.gradients[0], delta.sum((0, 2, 3))),
    ):
        np.testing.assert_allclose(np.array(gradient), right, rtol=1e-3, atol=1e-4 * np.abs(right).max())
    after = constants["added"].ravel() - 0.1 * delta.sum((0, 2, 3))
    np.testing.assert_allclose(np.array(total.params[0]), after, rtol=1e-3, atol=1e-4)


def classifier(**settings):
    """A convolutional net as PyTorch exports it."""
    nodes = [
        node("Conv", "x w1 b1", "a", "/one/Conv", pads=[1, 1, 1, 1]),
        node("BatchNormalization", "a scale shift mean variance", "b", "/bn/BatchNormalization"),
        node("Relu", "b", "c", "/relu/Relu"),
        node("MaxPool", "c", "d", "/pool/MaxPool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Flatten", "d", "e", "/flatten/Flatten"),
        node("Gemm", "e w2 b2", "y", "/dense/Gemm", transB=1),
    ]
    constants = {
        "w1": draw(4, 2, 3, 3),
        "b1": draw(4),
        "scale": positive(4),
        "shift": draw(4),
        "mean": draw(4),
        "variance": positive(4),
        "w2": draw(3, 36),
        "b2": draw(3),
    }
    return om.model(nodes, {"x": (om.BATCH, 2, 6, 6)}, constants=constants, **settings)


@pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
def test_classifier(mem):
    check(classifier(), draw(5, 2, 6, 6), mem=mem)


def test_layers_have_the_nodes_names():
    net = om.load(classifier())
    assert [layer.name for layer in net.layers] == [
        "x",
        "/one/Conv",
        "/bn/BatchNormalization",
        "/relu/Relu",
        "/pool/MaxPool",
        "/flatten/Flatten",
        "/dense/Gemm",
    ]


def test_nodes_without_names_and_with_the_same_names():
    nodes = [node("Relu", "x", "first"), node("Tanh", "first", "second", "same"), node("Exp", "second", "y", "same")]
    net = om.load(om.model(nodes, {"x": (om.BATCH, 3)}))
    assert [layer.name for layer in net.layers] == ["x", "first", "same", "same_1"]


def test_fine_tuning_lowers_the_loss():
    net = om.build(om.load(classifier()), lr=0.05)
    x = Tensor.fromarray(draw(8, 2, 6, 6))
    y = Tensor.fromarray(draw(8, 3))
    losses = []
    for _ in range(20):
        eddl.train_batch(net, [x], [y], list(range(8)))
        losses.append(eddl.get_losses(net)[0])
        eddl.reset_loss(net)
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_memory_level(level):
    net = om.load(classifier(), level)
    assert {layer.mem_level for layer in net.layers} == {level}


@pytest.mark.parametrize("level", [-1, 3])
def test_bad_memory_level(level):
    with pytest.raises(ValueError, match=f"memory level from 0 to 2, received {level}"):
        om.load(classifier(), level)


def test_product_and_bias_are_one_layer():
    nodes = [node("MatMul", "x w", "a", "dense"), node("Add", "a b", "b1", "bias"), node("Relu", "b1", "y", "relu")]
    made = om.model(nodes, {"x": (om.BATCH, 4)}, constants={"w": draw(4, 3), "b": draw(3)})
    assert [layer.name for layer in om.load(made).layers] == ["x", "dense", "relu"]
    check(made, draw(3, 4))


def test_bias_in_a_constant_node_and_in_front():
    bias = helper.make_node("Constant", [], ["b"], value=numpy_helper.from_array(draw(1, 4, 1, 1)))
    nodes = [bias, node("Conv", "x w", "a", "conv"), node("Add", "b a", "y")]
    made = om.model(nodes, {"x": (om.BATCH, 2, 5, 5)}, constants={"w": draw(4, 2, 3, 3)})
    assert [layer.name for layer in om.load(made).layers] == ["x", "conv"]
    check(made, draw(3, 2, 5, 5))


def test_product_that_others_read_keeps_its_own_layer():
    nodes = [node("MatMul", "x w", "a"), node("Add", "a b", "c"), node("Mul", "a c", "y")]
    check(om.model(nodes, {"x": (om.BATCH, 4)}, constants={"w": draw(4, 3), "b": draw(3)}), draw(3, 4))


@pytest.mark.parametrize("batch", [om.BATCH, 1, 5])
def test_shape_spelled_out(batch):
    nodes = [
        node("Shape", "x", "shape"),
        node("Gather", "shape zero", "n"),
        node("Unsqueeze", "n first", "n1"),
        node("Slice", "shape one three", "rest"),
        node("ReduceProd", "rest", "size", keepdims=1),
        node("Concat", "n1 size", "target", axis=0),
        node("Reshape", "x target", "flat"),
        node("MatMul", "flat w", "y"),
    ]
    constants = {"zero": np.int64(0), "first": ints(0), "one": ints(1), "three": ints(3), "w": draw(12, 2)}
    check(om.model(nodes, {"x": (batch, 3, 4)}, constants=constants), draw(5 if batch == om.BATCH else batch, 3, 4))


def test_channels_last():
    nodes = [
        node("Transpose", "x", "a", perm=[0, 3, 1, 2]),
        node("Conv", "a w", "b", auto_pad="SAME_UPPER", strides=[2, 2]),
        node("Transpose", "b", "c", perm=[0, 2, 3, 1]),
        node("Reshape", "c shape", "d"),
        node("MatMul", "d v", "y"),
    ]
    constants = {"w": draw(4, 3, 3, 3), "shape": ints(-1, 36), "v": draw(36, 2)}
    check(om.model(nodes, {"x": (om.BATCH, 5, 5, 3)}, constants=constants), draw(2, 5, 5, 3))


def test_squeeze_and_excite():
    nodes = [
        node("GlobalAveragePool", "x", "a"),
        node("Conv", "a w1", "b"),
        node("Relu", "b", "c"),
        node("Conv", "c w2", "d"),
        node("Sigmoid", "d", "e"),
        node("Mul", "e x", "y"),
    ]
    constants = {"w1": draw(2, 4, 1, 1), "w2": draw(4, 2, 1, 1)}
    check(om.model(nodes, {"x": (om.BATCH, 4, 5, 5)}, constants=constants), draw(2, 4, 5, 5))


def test_attention():
    nodes = [
        *[
            n
            for k in "qkv"
            for n in (
                node("MatMul", f"x w{k}", f"{k}0"),
                node("Reshape", f"{k}0 heads", f"{k}1"),
                node("Transpose", f"{k}1", k, perm=[0, 2, 3, 1] if k == "k" else [0, 2, 1, 3]),
            )
        ],
        node("MatMul", "q k", "s"),
        node("Div", "s root", "t"),
        node("Where", "mask t low", "u"),
        node("Softmax", "u", "p"),
        node("MatMul", "p v", "o"),
        node("Transpose", "o", "o1", perm=[0, 2, 1, 3]),
        node("Reshape", "o1 joined", "o2"),
        node("Add", "o2 x", "r"),
        node("LayerNormalization", "r scale shift", "y"),
    ]
    constants = {
        **{f"w{k}": draw(8, 8) for k in "qkv"},
        "heads": ints(0, 0, 2, 4),
        "joined": ints(0, 0, 8),
        "root": np.float32(2),
        "mask": np.tril(np.ones((5, 5), bool)),
        "low": np.float32(-1e9),
        "scale": positive(8),
        "shift": draw(8),
    }
    check(om.model(nodes, {"x": (om.BATCH, 5, 8)}, constants=constants), draw(3, 5, 8))


def test_embedding_of_words():
    nodes = [
        node("Gather", "table x", "a"),
        node("ReduceMean", "a", "b", axes=[1], keepdims=0),
        node("MatMul", "b w", "y"),
    ]
    made = om.model(nodes, {"x": ((om.BATCH, 6), TensorProto.INT64)}, constants={"table": draw(9, 4), "w": draw(4, 2)})
    check(made, rng.integers(0, 9, (3, 6)))


def test_several_inputs_and_outputs():
    nodes = [
        node("Concat", "a b", "c", axis=1),
        node("Relu", "c", "y"),
        node("Identity", "c", "z"),
        node("Identity", "a", "same"),
    ]
    check(om.model(nodes, {"a": (om.BATCH, 2), "b": (om.BATCH, 3)}, ["y", "z", "same", "c"]), draw(4, 2), draw(4, 3))


def test_an_input_that_nothing_reads():
    made = om.model([node("Relu", "b", "y")], {"a": (om.BATCH, 2), "b": (om.BATCH, 3)})
    check(made, draw(4, 2), draw(4, 3))


def test_nodes_that_no_output_needs():
    nodes = [node("Loop", "x", "z"), node("Relu", "x", "y"), node("Exp", "x", "unread")]
    net = om.load(om.model(nodes, {"x": (om.BATCH, 2)}))
    assert [layer.name for layer in net.layers] == ["x", "y"]


def test_nodes_in_any_order():
    nodes = [node("Relu", "b", "y"), node("Exp", "a", "b"), node("Neg", "x", "a")]
    net = om.build(om.load(om.model(nodes, {"x": (om.BATCH, 2)})))
    x = draw(3, 2)
    om.compare(om.run_net(net, [x]), [np.exp(-x)])


@pytest.mark.parametrize("opset", [6, 9, 11, 13, 17, 21])
def test_operator_sets(opset):
    axes = {"axes": [1]} if opset < 13 else {}
    nodes = [
        node("BatchNormalization", "x scale shift mean variance", "a"),
        node("Unsqueeze", "a" if opset < 13 else "a one", "b", **axes),
        node("Squeeze", "b" if opset < 13 else "b one", "c", **axes),
        node("Dropout", "c", "d"),
        node("Softmax", "d", "y", axis=1),
    ]
    constants = {"scale": positive(4), "shift": draw(4), "mean": draw(4), "variance": positive(4), "one": ints(1)}
    x = draw(3, 4)
    made = om.model(nodes, {"x": (om.BATCH, 4)}, constants=constants, opset=opset)
    a = (x - constants["mean"]) / np.sqrt(constants["variance"] + 1e-5) * constants["scale"] + constants["shift"]
    e = np.exp(a - a.max(1, keepdims=True))
    om.compare(om.run(made, [x]), [e / e.sum(1, keepdims=True)])


def test_arithmetic_of_the_first_versions():
    made = om.model(
        [node("Mul", "x c", "y", broadcast=1, axis=1)], {"x": (om.BATCH, 4, 3, 2)}, constants={"c": draw(4)}, opset=6
    )
    x = draw(3, 4, 3, 2)
    om.compare(om.run(made, [x]), [x * numpy_helper.to_array(made.graph.initializer[0])[:, None, None]])


def functions_of_a_model():
    inner = helper.make_function(
        "local",
        "Scaled",
        ["a"],
        ["b"],
        [helper.make_node("Constant", [], ["factor"], value_float=1.0), node("Mul", "a factor", "b")],
        [helper.make_opsetid("", 17)],
        ["factor"],
    )
    inner.node[0].attribute[0].ref_attr_name = "factor"
    inner.node[0].attribute[0].ClearField("f")
    outer = helper.make_function(
        "local",
        "Twice",
        ["a"],
        ["c"],
        [
            node("Scaled", "a", "b", "first", domain="local", factor=0.5),
            node("Tanh", "b", "t"),
            node("Scaled", "t", "c", "second", domain="local", factor=3.0),
        ],
        [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)],
    )
    return [inner, outer]


def test_functions_of_the_model():
    nodes = [node("Twice", "x", "a", "one", domain="local"), node("Twice", "a", "y", "two", domain="local")]
    check(om.model(nodes, {"x": (om.BATCH, 3)}, functions=functions_of_a_model(), extra_domains=["local"]), draw(4, 3))


# ---- recurrent nets ----

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def recurrent(kind, last, batch_first=True, zeros=False, layers=1, **attributes):
    """A recurrent net as PyTorch exports it; `last` says how the last step is taken."""
    g = GATES[kind]
    if kind == "GRU":
        attributes["linear_before_reset"] = 1
    constants, nodes, name = {"w": draw(5, 2), "b": draw(2)}, [], "x"
    if batch_first:
        nodes.append(node("Transpose", "x", "turned", perm=[1, 0, 2]))
        name = "turned"
    for i in range(layers):
        constants |= {
            f"W{i}": draw(1, g * 5, 4 if i == 0 else 5),
            f"R{i}": draw(1, g * 5, 5),
            f"B{i}": draw(1, 2 * g * 5),
        }
        reads = f"{name} W{i} R{i} B{i}".split()
        if zeros:  # as large as the batch
            nodes += [
                node("Shape", name, f"s{i}"),
                node("Gather", f"s{i} one", f"n{i}"),
                node("Concat", f"first n{i} units", f"z{i}", axis=0),
                node("ConstantOfShape", f"z{i}", f"h{i}"),
            ]
            constants |= {"one": ints(1), "first": ints(1), "units": ints(5)}
            reads += ["", f"h{i}"] + ([f"h{i}"] if kind == "LSTM" else [])
        nodes.append(helper.make_node(kind, reads, [f"Y{i}", f"Yh{i}"], kind + str(i), hidden_size=5, **attributes))
        if i + 1 < layers:
            nodes.append(node("Squeeze", f"Y{i} axis_one", f"sequence{i}"))
            constants["axis_one"] = ints(1)
            name = f"sequence{i}"
    y, h = f"Y{layers - 1}", f"Yh{layers - 1}"
    constants |= {"zero": ints(0), "axis": ints(1), "minus": np.int64(-1), "from": ints(-1), "to": ints(2**31 - 1)}
    nodes += {
        "state": [node("Squeeze", f"{h} zero", "end")],
        "gathered": [
            node("Squeeze", f"{y} axis", "all"),
            node("Transpose", "all", "back", perm=[1, 0, 2]),
            node("Gather", "back minus", "end", axis=1),
        ],
        "sliced": [
            node("Squeeze", f"{y} axis", "all"),
            node("Slice", "all from to zero", "part"),
            node("Squeeze", "part zero", "end"),
        ],
    }[last]
    nodes.append(node("Gemm", "end w b", "y"))
    steps = "steps"
    shape = (om.BATCH, steps, 4) if batch_first else (steps, om.BATCH, 4)
    return om.model(nodes, {"x": shape}, constants=constants)


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("last", ["state", "gathered", "sliced"])
@pytest.mark.parametrize("layers", [1, 2])
def test_recurrent(kind, last, layers):
    made = recurrent(kind, last, layers=layers)
    check(made, draw(3, 6, 4))


@pytest.mark.parametrize("kind", GATES)
def test_recurrent_with_zeros_to_begin_with(kind):
    check(recurrent(kind, "state", zeros=True), draw(3, 6, 4))


@pytest.mark.parametrize("kind", GATES)
def test_recurrent_on_features_taken(kind):
    made = recurrent(kind, "state")
    for each in made.graph.node:
        each.input[:] = ["taken" if name == "x" else name for name in each.input]
    made.graph.node.insert(0, node("Gather", "x order", "taken", "take", axis=2))
    made.graph.initializer.append(numpy_helper.from_array(ints(5, 0, 0, -2), "order"))
    made.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 6
    check(made, draw(3, 6, 6))


def test_recurrent_with_steps_first():
    made = recurrent("LSTM", "state", batch_first=False)
    x = draw(6, 3, 4)
    expected = om.run_reference(made, {"x": x})
    om.compare(om.run(made, [x.transpose(1, 0, 2)]), expected)


def test_recurrent_net_trains():
    net = om.build(om.load(recurrent("GRU", "state")), lr=0.1)
    x, y = Tensor.fromarray(draw(4, 6, 4)), Tensor.fromarray(draw(4, 1, 2))
    eddl.fit(net, [x], [y], 4, 1)
    before = eddl.get_losses(net)[0]
    eddl.fit(net, [x], [y], 4, 20)
    assert eddl.get_losses(net)[0] < 0.5 * before


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"direction": "reverse"}, "direction 'reverse' is not covered"),
        ({"direction": "bidirectional"}, "direction 'bidirectional' is not covered"),
        ({"clip": 1.0}, "clip is not covered"),
        ({"activations": ["Sigmoid", "Relu", "Tanh"]}, "activations .* are not covered"),
    ],
)
def test_recurrent_that_is_refused(settings, message):
    with pytest.raises(RuntimeError, match=rf"node 'LSTM0' \(LSTM\): {message}"):
        om.load(recurrent("LSTM", "state", **settings))


# ---- files ----


def test_file_and_input_shape(tmp_path):
    nodes = [
        node("Conv", "x w", "a", pads=[1, 1, 1, 1]),
        node("GlobalAveragePool", "a", "b"),
        node("Flatten", "b", "y"),
    ]
    made = om.model(nodes, {"x": (om.BATCH, 2, "height", "width")}, constants={"w": draw(4, 2, 3, 3)})
    path = str(tmp_path / "net.onnx")
    onnx.save(made, path)
    with pytest.raises(RuntimeError, match=r"node 'x' \(input\): .* is not fixed .*; give one as input_shape"):
        eddl.import_net_from_onnx_file(path)
    net = om.build(eddl.import_net_from_onnx_file(path, [2, 7, 5], log_level=eddl.LOG_LEVEL.NO_LOGS))
    x = draw(3, 2, 7, 5)
    om.compare(om.run_net(net, [x]), om.run_reference(made, {"x": x}))


@pytest.mark.parametrize("shape", [[0, 5, 5], [2, -1, 5]])
def test_bad_input_shape(tmp_path, shape):
    onnx.save(classifier(), str(tmp_path / "net.onnx"))
    with pytest.raises(ValueError, match="all of it above 0, received"):
        eddl.import_net_from_onnx_file(str(tmp_path / "net.onnx"), shape)


def test_input_shape_for_several_inputs(tmp_path):
    onnx.save(om.model([node("Add", "a b", "y")], {"a": (om.BATCH, 2), "b": (om.BATCH, 2)}), str(tmp_path / "net.onnx"))
    with pytest.raises(RuntimeError, match="an input shape was given, but the model has 2 inputs"):
        eddl.import_net_from_onnx_file(str(tmp_path / "net.onnx"), [3])


def test_logs(tmp_path, capfd):
    onnx.save(classifier(), str(tmp_path / "net.onnx"))
    eddl.import_net_from_onnx_file(str(tmp_path / "net.onnx"), log_level=eddl.LOG_LEVEL.NO_LOGS)
    assert capfd.readouterr().err == ""
    eddl.import_net_from_onnx_file(str(tmp_path / "net.onnx"), log_level=eddl.LOG_LEVEL.DEBUG)
    assert "node '/one/Conv' (Conv): layer '/one/Conv' [1, 4, 6, 6]" in capfd.readouterr().err


def test_data_beside_the_model(tmp_path):
    made, x = classifier(), draw(2, 2, 6, 6)
    expected = om.run_reference(made, {"x": x})
    onnx.save(made, str(tmp_path / "net.onnx"), save_as_external_data=True, location="weights.bin", size_threshold=0)
    net = om.build(eddl.import_net_from_onnx_file(str(tmp_path / "net.onnx")))
    om.compare(om.run_net(net, [x]), expected)


@pytest.mark.parametrize("kind", [np.float16, np.float64, np.float32])
def test_types_of_weights(kind):
    nodes = [node("Cast", "w", "v", to=TensorProto.FLOAT), node("MatMul", "x v", "y")]
    check(om.model(nodes, {"x": (om.BATCH, 3)}, constants={"w": draw(3, 2).astype(kind)}), draw(4, 3))


# ---- files that EDDL wrote; see onnx/README.md ----

FROM_EDDL = Path(__file__).parent / "onnx"


@pytest.mark.parametrize("name", sorted(path.stem for path in FROM_EDDL.glob("*.onnx")))
def test_file_of_eddl(name):
    with np.load(FROM_EDDL / f"{name}.npz") as recorded:
        x, expected = recorded["x"], [recorded[f"y{i}"] for i in range(len(recorded.files) - 1)]
    net = om.build(eddl.import_net_from_onnx_file(str(FROM_EDDL / f"{name}.onnx")))
    om.compare(om.run_net(net, [x]), expected)
