"""3-D convolution and pools."""

import pyeddl.eddl as eddl
from conformance.cases.base import REFUSED, alone, family, reshaped_net
from helpers import array, tensor, view

case = family(__name__)

SHAPE = [2, 3, 5, 4]
ONES = [1, 1, 1]

CONVOLUTIONS = {
    # id: filters, kernel, strides, padding
    "valid": (3, [2, 3, 3], ONES, "valid"),
    "none": (2, [2, 3, 3], ONES, "none"),
    "same": (3, [3, 3, 3], ONES, "same"),
    "same-flat": (2, [1, 5, 3], ONES, "same"),
    "same,none": (2, [3, 3, 3], ONES, "same,none"),
    "none,same": (2, [3, 3, 3], ONES, "none,same"),
    "valid-strided": (3, [2, 3, 2], [2, 1, 3], "valid"),
    "1x1x1": (4, ONES, ONES, "valid"),
    "1x1x1-strided": (3, ONES, [1, 2, 2], "valid"),
    "full-kernel": (3, SHAPE[1:], ONES, "valid"),
}
for _id, _args in CONVOLUTIONS.items():
    case(f"conv3d-{_id}", reshaped_net(lambda h, a=_args: eddl.Conv3D(h, *a, False, 1, ONES, "y"), SHAPE))
case(
    "conv3d-same-strided-odd",
    reshaped_net(lambda h: eddl.Conv3D(h, 2, [3, 3, 3], [2, 2, 2], "same", False, 1, ONES, "y"), [2, 3, 5, 5]),
)
case("conv3d-alone", alone(lambda x: eddl.Conv3D(x, 3, [3, 3, 3], ONES, "same", False, 1, ONES, "y"), SHAPE))
case(
    "conv3d-one-sample",
    reshaped_net(lambda h: eddl.Conv3D(h, 3, [3, 3, 3], ONES, "same", False, 1, ONES, "y"), SHAPE),
    batch=1,
)


def classifier(h):
    h = eddl.ReLu(eddl.Conv3D(h, 3, [3, 3, 3], ONES, "same", False, 1, ONES, "conv1"), "relu1")
    h = eddl.MaxPool3D(h, [2, 2, 2], [2, 2, 2], "none", "pool1")
    h = eddl.Tanh(eddl.Conv3D(h, 3, [1, 2, 2], ONES, "valid", False, 1, ONES, "conv2"), "tanh2")
    h = eddl.Flatten(eddl.GlobalAveragePool3D(h, "pool2"), "flat")
    return eddl.Softmax(eddl.Dense(h, 3, True, "logits"), -1, "y")


case(
    "conv3d-classifier",
    reshaped_net(classifier, SHAPE),
    loss="softmax_cross_entropy",
    metric="accuracy",
    target="onehot",
)


def ignores_bias(case):
    """Whether the output stays as it is when a bias changes."""
    net = case.built()
    xs = [tensor(x) for x in case.data(net)[0]]
    before = array(eddl.predict(net, xs)[0])
    view(eddl.getLayer(net, "y").params[1])[...] += 1
    return (array(eddl.predict(net, xs)[0]) == before).all()


BIAS_IGNORED = {"eddl_defect": "ignores the bias on the CPU", "shown": ignores_bias}
case(
    "conv3d-bias",
    reshaped_net(lambda h: eddl.Conv3D(h, 3, [2, 3, 3], ONES, "valid", True, 1, ONES, "y"), SHAPE),
    **BIAS_IGNORED,
)
case(
    "conv3d-same-bias",
    reshaped_net(lambda h: eddl.Conv3D(h, 2, [3, 3, 3], [2, 2, 2], "same", True, 1, ONES, "y"), [2, 3, 5, 5]),
    **BIAS_IGNORED,
)


def ignores_groups(case):
    """Whether the kernels see all four channels."""
    net = case.built()
    return eddl.getLayer(net, "y").params[0].shape[1] == 4


GROUPS_IGNORED = {"eddl_defect": "ignores the groups", "shown": ignores_groups}
for _id, _layer, _defect in [
    ("groups", lambda h: eddl.Conv3D(h, 6, [3, 3, 3], ONES, "same", True, 2, ONES, "y"), GROUPS_IGNORED),
    ("depthwise", lambda h: eddl.Conv3D(h, 4, [2, 2, 2], [1, 2, 1], "valid", True, 4, ONES, "y"), GROUPS_IGNORED),
    ("dilated", lambda h: eddl.Conv3D(h, 3, [2, 2, 3], ONES, "valid", True, 1, [1, 3, 2], "y"), REFUSED),
    ("same-uneven", lambda h: eddl.Conv3D(h, 2, [2, 3, 2], ONES, "same", True, 1, ONES, "y"), REFUSED),
]:
    case(f"conv3d-{_id}", reshaped_net(_layer, [4, 3, 4, 5]), **_defect)

POOLS = {
    # id: size, strides, padding
    "2x2x2": ([2, 2, 2], [2, 2, 2], "none"),
    "3x3x2-overlapping": ([3, 3, 2], ONES, "valid"),
    "2x3x1-strided": ([2, 3, 1], [1, 2, 2], "none"),
    "same": ([3, 3, 3], ONES, "same"),
    "same-row": ([1, 5, 1], [1, 2, 1], "same"),
}
for _id, _args in POOLS.items():
    for _name, _pool in {"maxpool3d": eddl.MaxPool3D, "avgpool3d": eddl.AveragePool3D}.items():
        case(f"{_name}-{_id}", reshaped_net(lambda h, p=_pool, a=_args: p(h, *a, "y"), SHAPE))
case("global-maxpool3d", reshaped_net(lambda h: eddl.GlobalMaxPool3D(h, "y"), SHAPE))
case("global-avgpool3d", reshaped_net(lambda h: eddl.GlobalAvgPool3D(h, "y"), SHAPE))
