"""
The cases that an engine is held to: small nets, one subject each, with fixed parameters, inputs and targets.

Layers are named, since engines number unnamed ones differently. EDDL's own wrong answers are no standard: such a case
says what is wrong in `eddl_defect`; what that spoils is not recorded, and is held to finite differences alone
(test_gradients.py).
"""

import re
import zlib
from dataclasses import dataclass, field
from typing import Callable

import numpy as np
import pyeddl.eddl as eddl
from helpers import THREADS, build, seed_params


def sgd():
    return eddl.sgd(0.05)


@dataclass(frozen=True)
class Case:
    """
    id: stable key in the recorded data. make: the unbuilt net. target: how targets are drawn (see draw_targets).
    prepare: called on the built, seeded net. train: whether training is deterministic and so compared. keeps_gradients:
    False for an optimizer whose step uses the gradient tensors as scratch space. differentiable: False where the loss
    gradient at hand is not the derivative of a smooth function of the parameters. eddl_defect: what EDDL gets wrong
    here; spoils: a pattern of the quantities that this makes no standard (default: all).
    """

    id: str
    make: Callable
    loss: str = "mse"
    metric: str = "mse"
    optimizer: Callable = sgd
    target: str = "normal"
    batch: int = 3
    prepare: Callable = field(default=lambda net: None)
    train: bool = True
    keeps_gradients: bool = True
    differentiable: bool = True
    eddl_defect: str = ""
    spoils: str = ".*"

    def is_standard(self, quantity) -> bool:
        """Whether EDDL's value of a quantity (named as in measure.py) is one to be held to."""
        return not self.eddl_defect or not re.match(self.spoils, quantity)

    def rng(self):
        return np.random.default_rng(zlib.crc32(self.id.encode()))

    def built(self, seed=None, threads=THREADS):
        """The net, built and seeded (by default from the case's id)."""
        net = build(self.make(), self.optimizer(), self.loss, self.metric, threads=threads, seed=None)
        seed_params(net, zlib.crc32(self.id.encode()) if seed is None else seed)
        self.prepare(net)
        return net

    def data(self, net, seed=None):
        """Lists of input and target arrays for a net that built() returned."""
        rng = self.rng() if seed is None else np.random.default_rng(seed)
        xs = [rng.normal(size=(self.batch, *layer.output.shape[1:])).astype(np.float32) for layer in net.lin]
        ys = [draw_targets(self.target, (self.batch, *layer.output.shape[1:]), rng) for layer in net.lout]
        return xs, ys


def draw_targets(kind, shape, rng):
    if kind == "onehot":
        values = np.eye(shape[1])[rng.integers(shape[1], size=shape[0])]
    elif kind == "binary":
        values = rng.integers(2, size=shape)
    elif kind == "positive":
        values = rng.uniform(0.5, 1.5, size=shape)
    else:
        values = rng.normal(size=shape)
    return values.astype(np.float32)


CASES = {}


def case(id, make, **options):
    assert id not in CASES, id
    CASES[id] = Case(id, make, **options)


# --- frames: what stands round the layer of a case, so that its input's delta and a later layer count too ---


def vector_net(layer, inputs=4, units=5, outputs=3):
    """Dense → the layer → Dense."""

    def make():
        x = eddl.Input([inputs], "x")
        h = layer(eddl.Dense(x, units, True, "before"))
        return eddl.Model([x], [eddl.Dense(h, outputs, True, "after")])

    return make


def image_net(layer, channels=2, height=6, width=5, before=2):
    """1x1 convolution → the layer."""

    def make():
        x = eddl.Input([channels, height, width], "x")
        h = eddl.Conv2D(x, before, [1, 1], [1, 1], "valid", True, 1, [1, 1], "before")
        return eddl.Model([x], [layer(h)])

    return make


def alone(layer, shape):
    """The layer by itself."""

    def make():
        x = eddl.Input(list(shape), "x")
        return eddl.Model([x], [layer(x)])

    return make


def merge_net(merge, units=4):
    """Three Dense branches of one input into a merging layer, and a Dense after it."""

    def make():
        x = eddl.Input([5], "x")
        branches = [eddl.Dense(x, units, True, f"branch{i}") for i in range(3)]
        return eddl.Model([x], [eddl.Dense(merge(branches), 3, True, "after")])

    return make


def classifier(inputs=5, classes=4):
    def make():
        x = eddl.Input([inputs], "x")
        h = eddl.Tanh(eddl.Dense(x, 6, True, "hidden"), "tanh")
        return eddl.Model([x], [eddl.Softmax(eddl.Dense(h, classes, True, "logits"), -1, "y")])

    return make


def sigmoid_net(outputs=1):
    def make():
        x = eddl.Input([5], "x")
        h = eddl.Tanh(eddl.Dense(x, 6, True, "hidden"), "tanh")
        return eddl.Model([x], [eddl.Sigmoid(eddl.Dense(h, outputs, True, "logits"), "y")])

    return make


def beside(layer, shape=(2, 4, 4)):
    """The layer between two siblings on one parent: all three pass back to it."""

    def make():
        x = eddl.Input(list(shape), "x")
        h = eddl.Tanh(eddl.Conv2D(x, 2, [1, 1], [1, 1], "valid", True, 1, [1, 1], "before"), "trunk")
        branches = [h, layer(h), h]
        dense = [eddl.Dense(eddl.Flatten(b, f"flat{i}"), 3, True, f"dense{i}") for i, b in enumerate(branches)]
        return eddl.Model([x], [eddl.Add(dense, "sum")])

    return make


# --- dense ---

case("dense", alone(lambda x: eddl.Dense(x, 4, True, "y"), [5]))
case("dense-no-bias", alone(lambda x: eddl.Dense(x, 4, False, "y"), [5]))
case("dense-chain", vector_net(lambda h: eddl.Dense(h, 4, False, "middle")))
case("dense-batch-1", alone(lambda x: eddl.Dense(x, 4, True, "y"), [5]), batch=1)

REFUSES = "refuses it, or does so without cuDNN"

# --- convolution ---

CONVOLUTIONS = {
    # id: filters, kernel, strides, padding, bias
    "valid": (3, [3, 3], [1, 1], "valid", True),
    "none": (3, [3, 3], [1, 1], "none", True),
    "same": (3, [3, 3], [1, 1], "same", True),
    "same-no-bias": (3, [3, 3], [1, 1], "same", False),
    "same-oblong": (2, [3, 5], [1, 1], "same", True),
    "same-rows-only": (2, [3, 3], [1, 1], "same,none", True),
    "same-columns-only": (2, [3, 3], [1, 1], "none,same", True),
    "valid-strided": (3, [3, 2], [2, 3], "valid", True),
    "valid-no-bias": (2, [2, 3], [1, 1], "valid", False),
    "1x1": (4, [1, 1], [1, 1], "valid", True),
    "1x1-strided": (3, [1, 1], [2, 2], "valid", False),
    "row-kernel": (3, [1, 5], [1, 1], "same", True),
    "full-kernel": (3, [6, 5], [1, 1], "valid", True),
}
for _id, (_filters, _kernel, _strides, _padding, _bias) in CONVOLUTIONS.items():
    case(
        f"conv-{_id}",
        image_net(lambda h, a=(_filters, _kernel, _strides, _padding, _bias): eddl.Conv2D(h, *a, 1, [1, 1], "y")),
    )
case(
    "conv-same-strided-odd",
    image_net(lambda h: eddl.Conv2D(h, 3, [3, 3], [2, 2], "same", True, 1, [1, 1], "y"), height=5, width=7),
)
case("conv-alone", alone(lambda x: eddl.Conv(x, 3, [3, 3], [1, 1], "same", True, 1, [1, 1], "y"), [2, 5, 4]))
case(
    "conv-chain",
    image_net(
        lambda h: eddl.Conv2D(
            eddl.Tanh(eddl.Conv2D(h, 3, [3, 3], [1, 1], "same", True, 1, [1, 1], "middle"), "tanh"),
            2,
            [3, 3],
            [2, 2],
            "valid",
            True,
            1,
            [1, 1],
            "y",
        )
    ),
)
case("conv-pointwise", image_net(lambda h: eddl.PointwiseConv2D(h, 3, [1, 1], True, 1, [1, 1], "y")))

# --- pooling ---

POOLS = {
    # id: size, strides, padding
    "2x2": ([2, 2], [2, 2], "none"),
    "3x3-overlapping": ([3, 3], [1, 1], "valid"),
    "3x2-strided": ([3, 2], [2, 1], "none"),
    "same": ([3, 3], [1, 1], "same"),
    "same-row": ([1, 5], [1, 2], "same"),
}
for _id, _args in POOLS.items():
    case(f"maxpool-{_id}", image_net(lambda h, a=_args: eddl.MaxPool2D(h, *a, "y")))
    case(f"avgpool-{_id}", image_net(lambda h, a=_args: eddl.AveragePool2D(h, *a, "y")))
case("global-maxpool", image_net(lambda h: eddl.GlobalMaxPool2D(h, "y")))
case("global-avgpool", image_net(lambda h: eddl.GlobalAveragePool2D(h, "y")))
case(
    "pool-then-dense",
    image_net(
        lambda h: eddl.Dense(eddl.Flatten(eddl.MaxPool(h, [2, 2], [2, 2], "none", "pool"), "flat"), 3, True, "y")
    ),
)

UNEVEN = {
    "conv": lambda h: eddl.Conv2D(h, 3, [2, 3], [2, 2], "same", True, 1, [1, 1], "y"),
    "maxpool": lambda h: eddl.MaxPool2D(h, [2, 3], [2, 2], "same", "y"),
    "avgpool": lambda h: eddl.AveragePool2D(h, [2, 3], [1, 2], "same", "y"),
}
for _id, _layer in UNEVEN.items():
    case(f"{_id}-same-uneven", image_net(_layer, height=5, width=6), eddl_defect=REFUSES)

# --- normalisation and dropout ---

BATCHNORM_MEAN = {
    "eddl_defect": "the gradients of scale and shift are means over batch and positions, the derivatives are sums",
    "spoils": r"gradient/bn|params-1/bn\w*/[01]$|params-3|predict-after",
}
BATCHNORM_PLAIN = {
    "eddl_defect": "without affine, the backward pass reads normalised inputs that the forward pass did not store",
    "spoils": r"gradient/before|input-delta|params-1/before|params-3|predict-after",
}
case("batchnorm-2d", vector_net(lambda h: eddl.BatchNormalization(h, True, 0.9, 1e-3, "bn")), batch=6, **BATCHNORM_MEAN)
case(
    "batchnorm-2d-plain",
    vector_net(lambda h: eddl.BatchNormalization(h, False, 0.9, 1e-3, "bn")),
    batch=6,
    **BATCHNORM_PLAIN,
)
case("batchnorm-4d", image_net(lambda h: eddl.BatchNormalization(h, True, 0.9, 1e-3, "bn")), **BATCHNORM_MEAN)
case("batchnorm-4d-plain", image_net(lambda h: eddl.BatchNormalization(h, False, 0.9, 1e-3, "bn")), **BATCHNORM_PLAIN)
case("batchnorm-momentum", image_net(lambda h: eddl.BatchNormalization(h, True, 0.6, 1e-2, "bn")), **BATCHNORM_MEAN)
case(
    "batchnorm-conv",
    image_net(
        lambda h: eddl.Conv2D(
            eddl.ReLu(eddl.BatchNormalization(h, True, 0.9, 1e-3, "bn"), "relu"),
            2,
            [3, 3],
            [1, 1],
            "same",
            True,
            1,
            [1, 1],
            "y",
        )
    ),
    **BATCHNORM_MEAN,
)
case("dropout-eval", vector_net(lambda h: eddl.Dropout(h, 0.4, True, "drop")), train=False, differentiable=False)
case(
    "dropout-eval-unscaled",
    vector_net(lambda h: eddl.Dropout(h, 0.4, False, "drop")),
    train=False,
    differentiable=False,
)

# --- shape ---

case("flatten", image_net(lambda h: eddl.Dense(eddl.Flatten(h, "flat"), 3, True, "y"), height=3, width=2))
case(
    "reshape",
    image_net(
        lambda h: eddl.Conv2D(eddl.Reshape(h, [4, 3, 5], "shape"), 2, [2, 2], [1, 1], "valid", True, 1, [1, 1], "y")
    ),
)
case(
    "reshape-inferred", image_net(lambda h: eddl.Dense(eddl.Reshape(h, [-1], "shape"), 2, True, "y"), height=3, width=2)
)
case(
    "reshape-shared",
    vector_net(
        lambda h: eddl.Add([eddl.Reshape(eddl.Tanh(eddl.Reshape(h, [5, 1, 1], "up"), "tanh"), [5], "down"), h], "sum")
    ),
)
case(
    "pad",
    image_net(
        lambda h: eddl.Conv2D(eddl.Pad(h, [1, 2, 0, 1], 0.0, "pad"), 2, [3, 3], [1, 1], "valid", True, 1, [1, 1], "y")
    ),
)
case(
    "pad-constant",
    image_net(lambda h: eddl.Conv2D(eddl.Pad(h, [1, 0], 0.7, "pad"), 2, [3, 3], [1, 1], "valid", True, 1, [1, 1], "y")),
)
case(
    "upsampling",
    image_net(
        lambda h: eddl.Conv2D(
            eddl.UpSampling2D(h, [2, 3], "nearest", "up"), 2, [3, 3], [2, 2], "valid", True, 1, [1, 1], "y"
        ),
        height=3,
        width=3,
    ),
)

# --- activations ---

ACTIVATIONS = {
    "relu": lambda h: eddl.ReLu(h, "act"),
    "thresholded-relu": lambda h: eddl.ThresholdedReLu(h, 0.3, "act"),
    "leaky-relu": lambda h: eddl.LeakyReLu(h, 0.1, "act"),
    "elu": lambda h: eddl.Elu(h, 0.8, "act"),
    "selu": lambda h: eddl.Selu(h, "act"),
    "exponential": lambda h: eddl.Exponential(h, "act"),
    "softplus": lambda h: eddl.Softplus(h, "act"),
    "softsign": lambda h: eddl.Softsign(h, "act"),
    "sigmoid": lambda h: eddl.Sigmoid(h, "act"),
    "hard-sigmoid": lambda h: eddl.HardSigmoid(h, "act"),
    "tanh": lambda h: eddl.Tanh(h, "act"),
    "linear": lambda h: eddl.Linear(h, 1.5, "act"),
    "softmax": lambda h: eddl.Softmax(h, -1, "act"),
}
USES_OUTPUT = {
    "eddl_defect": "the gradient uses the output where the input belongs",
    "spoils": r"input-delta|gradient/before|params-1/before|params-3|predict-after",
}
for _id, _act in ACTIVATIONS.items():
    case(f"activation-{_id}", vector_net(_act), **(USES_OUTPUT if _id in ("softplus", "softsign") else {}))
case("activation-4d", image_net(lambda h: eddl.Elu(h, 1.0, "act"), height=3, width=3))
case("activation-by-name", vector_net(lambda h: eddl.Activation(h, "leaky_relu", [0.2], "act")))
case("softmax-channels", image_net(lambda h: eddl.Softmax(h, 1, "act"), before=3, height=2, width=3))
case("softmax-columns", image_net(lambda h: eddl.Softmax(h, 3, "act"), height=2, width=3))

# --- merges ---

case("add", merge_net(lambda b: eddl.Add(b, "merge")))
case("concat", merge_net(lambda b: eddl.Concat(b, 0, "merge")))
ADDS_INSTEAD = "computes the sum"
case("subtract", merge_net(lambda b: eddl.Subtract(b[:2], "merge")), eddl_defect=ADDS_INSTEAD)
case("average", merge_net(lambda b: eddl.Average(b, "merge")), eddl_defect=ADDS_INSTEAD)
case("maximum", merge_net(lambda b: eddl.Maximum(b, "merge")), eddl_defect=ADDS_INSTEAD)
case("minimum", merge_net(lambda b: eddl.Minimum(b, "merge")), eddl_defect=ADDS_INSTEAD)


# --- operators, element by element and of shapes (their layers hold no parameters, so they need no names) ---

OPERATORS = {
    "abs": lambda h: eddl.Abs(h),
    "sub": lambda h: eddl.Sub(h, eddl.Tanh(h, "tanh")),
    "sub-number": lambda h: eddl.Sub(h, 0.7),
    "number-sub": lambda h: eddl.Sub(0.7, h),
    "mult": lambda h: eddl.Mult(h, eddl.Sigmoid(h, "sigmoid")),
    "mult-itself": lambda h: eddl.Mult(h, h),
    "mult-number": lambda h: eddl.Mult(h, -1.5),
    "number-mult": lambda h: eddl.Mult(2.5, h),
    "div": lambda h: eddl.Div(h, eddl.Sigmoid(h, "sigmoid")),
    "div-number": lambda h: eddl.Div(h, 3.0),
    "number-div": lambda h: eddl.Div(0.5, eddl.Sigmoid(h, "sigmoid")),
    "sum": lambda h: eddl.Add(h, eddl.Tanh(h, "tanh")),
    "sum-number": lambda h: eddl.Add(h, 0.25),
    "number-sum": lambda h: eddl.Add(0.25, h),
    "exp": lambda h: eddl.Exp(h),
    "log": lambda h: eddl.Log(eddl.Sigmoid(h, "sigmoid")),
    "log2": lambda h: eddl.Log2(eddl.Sigmoid(h, "sigmoid")),
    "log10": lambda h: eddl.Log10(eddl.Sigmoid(h, "sigmoid")),
    "sqrt": lambda h: eddl.Sqrt(eddl.Sigmoid(h, "sigmoid")),
    "pow": lambda h: eddl.Pow(eddl.Sigmoid(h, "sigmoid"), 2.5),
    "clamp": lambda h: eddl.Clamp(h, -0.5, 0.6, "clamp"),
    "clip": lambda h: eddl.Clip(h, -0.4, 0.5, "clip"),
    "squeeze": lambda h: eddl.Squeeze(eddl.Reshape(h, [1, 5, 1], "up"), -1, "squeeze"),
    "unsqueeze": lambda h: eddl.Flatten(eddl.Unsqueeze(h, 0, "unsqueeze"), "flat"),
}
for _id, _layer in OPERATORS.items():
    case(f"operator-{_id}", vector_net(_layer))

RESHAPERS = {
    "permute": lambda h: eddl.Permute(h, [2, 0, 1], "side"),
    "transpose": lambda h: eddl.Transpose(h, "side"),
    "select": lambda h: eddl.Select(h, [":", "1:3", ":2"], "side"),
    "slice": lambda h: eddl.Slice(h, ["1", ":", "2:"], "side"),
}
for _id, _layer in RESHAPERS.items():
    case(f"operator-{_id}", beside(_layer, (2, 4, 3)))

case(
    "depthwise-one-channel",
    image_net(lambda h: eddl.DepthwiseConv2D(h, [3, 3], [1, 1], "valid", True, [1, 1], "y"), before=1),
)
case(
    "depthwise",
    image_net(lambda h: eddl.DepthwiseConv2D(h, [3, 3], [1, 1], "same", True, [1, 1], "y"), before=3),
    eddl_defect=REFUSES,
)
case(
    "conv-groups",
    image_net(lambda h: eddl.Conv2D(h, 6, [3, 3], [1, 1], "same", True, 2, [1, 1], "y"), before=4),
    eddl_defect=REFUSES,
)
case(
    "conv-dilated",
    image_net(lambda h: eddl.Conv2D(h, 2, [2, 3], [1, 1], "valid", True, 1, [2, 1], "y")),
    eddl_defect=REFUSES,
)


def _image_branches(merge):
    def make():
        x = eddl.Input([2, 4, 4], "x")
        a = eddl.Conv2D(x, 2, [3, 3], [1, 1], "same", True, 1, [1, 1], "a")
        b = eddl.Conv2D(x, 2, [1, 1], [1, 1], "same", True, 1, [1, 1], "b")
        return eddl.Model([x], [eddl.Conv2D(merge([a, b]), 2, [2, 2], [2, 2], "valid", True, 1, [1, 1], "y")])

    return make


case("add-4d", _image_branches(lambda b: eddl.Add(b, "merge")))
case("concat-channels", _image_branches(lambda b: eddl.Concat(b, 0, "merge")))
case("concat-rows", _image_branches(lambda b: eddl.Concat(b, 1, "merge")))


def _residual():
    x = eddl.Input([2, 4, 4], "x")
    h = eddl.Conv2D(x, 2, [3, 3], [1, 1], "same", False, 1, [1, 1], "conv1")
    h = eddl.Elu(eddl.BatchNormalization(h, True, 0.9, 1e-3, "bn1"), 1.0, "elu1")
    h = eddl.Conv2D(h, 2, [3, 3], [1, 1], "same", False, 1, [1, 1], "conv2")
    h = eddl.Elu(eddl.Add([x, eddl.BatchNormalization(h, True, 0.9, 1e-3, "bn2")], "sum"), 1.0, "elu2")
    h = eddl.Flatten(eddl.GlobalAveragePool2D(h, "pool"), "flat")
    return eddl.Model([x], [eddl.Softmax(eddl.Dense(h, 3, True, "logits"), -1, "y")])


case(
    "residual",
    _residual,
    loss="softmax_cross_entropy",
    metric="categorical_accuracy",
    target="onehot",
    batch=4,
    **BATCHNORM_MEAN,
)


# What a layer passes back must add to what its siblings passed.
SIBLINGS = {
    "conv": lambda h: eddl.Conv2D(h, 2, [3, 3], [1, 1], "same", True, 1, [1, 1], "side"),
    "maxpool": lambda h: eddl.MaxPool2D(h, [2, 2], [2, 2], "none", "side"),
    "avgpool": lambda h: eddl.AveragePool2D(h, [2, 2], [2, 2], "none", "side"),
    "batchnorm": lambda h: eddl.BatchNormalization(h, True, 0.9, 1e-3, "bn"),
    "relu": lambda h: eddl.ReLu(h, "side"),
    "selu": lambda h: eddl.Selu(h, "side"),
    "softmax": lambda h: eddl.Softmax(h, 1, "side"),
    "pad": lambda h: eddl.Pad(h, [1, 0, 2, 1], 0.5, "side"),
    "upsampling": lambda h: eddl.UpSampling2D(h, [2, 2], "nearest", "side"),
    "concat": lambda h: eddl.Concat([h, h], 0, "side"),
    "add": lambda h: eddl.Add([h, h], "side"),
}
for _id, _layer in SIBLINGS.items():
    case(f"beside-{_id}", beside(_layer), **(BATCHNORM_MEAN if _id == "batchnorm" else {}))


def _two_in_two_out():
    a, b = eddl.Input([3], "x1"), eddl.Input([2], "x2")
    h = eddl.Tanh(eddl.Concat([eddl.Dense(a, 3, True, "da"), eddl.Dense(b, 2, True, "db")], 0, "join"), "tanh")
    return eddl.Model([a, b], [eddl.Dense(h, 2, True, "y1"), eddl.Sigmoid(eddl.Dense(h, 1, True, "dy2"), "y2")])


case("two-inputs-two-outputs", _two_in_two_out, loss=["mse", "mse"], metric=["mse", "mean_absolute_error"])

# --- losses and metrics ---

case(
    "loss-softmax-cross-entropy",
    classifier(),
    loss="softmax_cross_entropy",
    metric="accuracy",
    target="onehot",
    batch=6,
)
case("loss-soft-cross-entropy", classifier(), loss="soft_cross_entropy", metric="categorical_accuracy", target="onehot")
case(
    "loss-categorical-cross-entropy", classifier(), loss="categorical_cross_entropy", metric="accuracy", target="onehot"
)
case("loss-cross-entropy", classifier(), loss="cross_entropy", metric="mse", target="onehot")
case(
    "loss-binary-cross-entropy",
    sigmoid_net(),
    loss="binary_cross_entropy",
    metric="binary_accuracy",
    target="binary",
    batch=6,
)
case("loss-binary-cross-entropy-many", sigmoid_net(3), loss="bce", metric="mse", target="binary")
case("loss-mse", sigmoid_net(3), loss="mean_squared_error", metric="mean_squared_error", target="normal")
case("loss-dice", sigmoid_net(4), loss="dice", metric="dice", target="binary", batch=4)
case("loss-none", sigmoid_net(2), loss="none", metric="none", differentiable=False)
case("metric-mean-absolute-error", sigmoid_net(3), metric="mean_absolute_error")
case("metric-mean-relative-error", sigmoid_net(3), metric="mean_relative_error", target="positive")

# --- optimizers ---

OPTIMIZERS = {
    "sgd": lambda: eddl.sgd(0.1),
    "sgd-momentum": lambda: eddl.sgd(0.1, 0.9),
    "sgd-nesterov": lambda: eddl.sgd(0.1, 0.9, 0.0, True),
    "sgd-weight-decay": lambda: eddl.sgd(0.1, 0.5, 0.1),
    "adam": lambda: eddl.adam(0.01),
    "adam-betas": lambda: eddl.adam(0.02, 0.8, 0.9, 1e-3, 0.1),
    "adam-amsgrad": lambda: eddl.adam(0.01, 0.9, 0.999, 1e-6, 0.0, True),
    "rmsprop": lambda: eddl.rmsprop(0.01),
    "rmsprop-rho": lambda: eddl.rmsprop(0.01, 0.7, 1e-3, 0.1),
}
for _id, _optimizer in OPTIMIZERS.items():
    case(
        f"optimizer-{_id}",
        classifier(),
        loss="softmax_cross_entropy",
        metric="accuracy",
        target="onehot",
        optimizer=_optimizer,
        keeps_gradients=not _id.startswith("adam"),
    )

# --- regularizers, clamping, frozen layers ---


def regularized(regularize):
    def make():
        x = eddl.Input([2, 4, 4], "x")
        h = regularize(eddl.Conv2D(x, 2, [3, 3], [1, 1], "valid", True, 1, [1, 1], "conv"))
        return eddl.Model([x], [regularize(eddl.Dense(eddl.Flatten(eddl.Tanh(h, "tanh"), "flat"), 2, True, "y"))])

    return make


case("regularizer-l1", regularized(lambda h: eddl.L1(h, 0.01)))
case("regularizer-l2", regularized(lambda h: eddl.L2(h, 0.02)))
case("regularizer-l1l2", regularized(lambda h: eddl.L1L2(h, 0.01, 0.02)))
case("clamp", classifier(), prepare=lambda net: eddl.clamp(net, -0.2, 0.15))
case("frozen-first", classifier(), prepare=lambda net: eddl.setTrainable(net, "hidden", False), differentiable=False)
case("frozen-last", classifier(), prepare=lambda net: eddl.setTrainable(net, "logits", False), differentiable=False)
case(
    "frozen-conv",
    image_net(lambda h: eddl.Conv2D(h, 2, [3, 3], [1, 1], "same", True, 1, [1, 1], "y")),
    prepare=lambda net: eddl.setTrainable(net, "before", False),
    differentiable=False,
)
case(
    "frozen-batchnorm",
    image_net(lambda h: eddl.BatchNormalization(h, True, 0.9, 1e-3, "bn")),
    prepare=lambda net: eddl.setTrainable(net, "bn", False),
    differentiable=False,
    **BATCHNORM_MEAN,
)


RECORDED = {id: c for id, c in CASES.items() if c.spoils != ".*" or not c.eddl_defect}
