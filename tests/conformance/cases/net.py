"""Nets with branches: residuals, siblings on one parent, several inputs and outputs."""

import pyeddl.eddl as eddl
from conformance.cases.base import BATCHNORM_MEAN, beside, family

case = family(__name__)


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
