"""1-D convolution and pools."""

import pyeddl.eddl as eddl
from conformance.cases.base import REFUSED, alone, family, reshaped_net

case = family(__name__)

CHANNELS, LENGTH = 2, 9

CONVOLUTIONS = {
    # id: filters, kernel, strides, padding, bias
    "valid": (3, [3], [1], "valid", True),
    "none": (3, [3], [1], "none", True),
    "same": (3, [5], [1], "same", True),
    "same-no-bias": (2, [3], [1], "same", False),
    "same-strided": (3, [3], [2], "same", True),
    "same,none": (2, [3], [1], "same,none", True),
    "none,same": (2, [3], [1], "none,same", True),
    "valid-strided": (4, [2], [3], "valid", True),
    "1": (3, [1], [1], "valid", True),
    "full-kernel": (3, [LENGTH], [1], "valid", True),
}
for _id, _args in CONVOLUTIONS.items():
    case(
        f"conv1d-{_id}",
        reshaped_net(lambda h, a=_args: eddl.Conv1D(h, *a, 1, [1], "y"), [CHANNELS, LENGTH]),
    )
case("conv1d-alone", alone(lambda x: eddl.Conv1D(x, 3, [3], [1], "same", True, 1, [1], "y"), [CHANNELS, LENGTH]))
case(
    "conv1d-one-sample",
    reshaped_net(lambda h: eddl.Conv1D(h, 3, [3], [1], "same", True, 1, [1], "y"), [1, LENGTH]),
    batch=1,
)


def classifier(h):
    h = eddl.ReLu(eddl.Conv1D(h, 4, [3], [1], "same", True, 1, [1], "conv1"), "relu1")
    h = eddl.MaxPool1D(h, [2], [2], "none", "pool1")
    h = eddl.Tanh(eddl.Conv1D(h, 3, [2], [1], "valid", True, 1, [1], "conv2"), "tanh2")
    h = eddl.Flatten(eddl.GlobalAveragePool1D(h, "pool2"), "flat")
    return eddl.Softmax(eddl.Dense(h, 3, True, "logits"), -1, "y")


case(
    "conv1d-classifier",
    reshaped_net(classifier, [CHANNELS, 12]),
    loss="softmax_cross_entropy",
    metric="accuracy",
    target="onehot",
)

for _id, _layer in {
    "groups": lambda h: eddl.Conv1D(h, 6, [3], [1], "same", True, 2, [1], "y"),
    "depthwise": lambda h: eddl.Conv1D(h, 4, [3], [2], "valid", True, 4, [1], "y"),
    "dilated": lambda h: eddl.Conv1D(h, 3, [3], [1], "valid", True, 1, [2], "y"),
}.items():
    case(f"conv1d-{_id}", reshaped_net(_layer, [4, LENGTH]), **REFUSED)

POOLS = {
    # id: size, strides, padding
    "2": ([2], [2], "none"),
    "3-overlapping": ([3], [1], "valid"),
    "4-strided": ([4], [3], "none"),
    "same": ([3], [1], "same"),
    "same-strided": ([3], [2], "same"),
}
for _id, _args in POOLS.items():
    for _name, _pool in {"maxpool1d": eddl.MaxPool1D, "avgpool1d": eddl.AveragePool1D}.items():
        case(f"{_name}-{_id}", reshaped_net(lambda h, p=_pool, a=_args: p(h, *a, "y"), [CHANNELS, LENGTH]))
case("global-maxpool1d", reshaped_net(lambda h: eddl.GlobalMaxPool1D(h, "y"), [CHANNELS, LENGTH]))
case("global-avgpool1d", reshaped_net(lambda h: eddl.GlobalAvgPool1D(h, "y"), [CHANNELS, LENGTH]))
