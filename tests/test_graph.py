"""What plan finds in nets of known structure: constants, reading, groups, carriers, pins. No net is changed here."""

import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from helpers import bn_convnet, build, lenet, mlp, named_params, view


def conv(parent, filters, padding="valid", bias=True, name="", kernel=3):
    return eddl.Conv2D(parent, filters, [kernel, kernel], [1, 1], padding, bias, 1, [1, 1], name)


def weights(net, name):
    """Writable views of a layer's weights and bias (None where it has no bias tensor)."""
    params = eddl.getLayer(net, name).params
    return view(params[0]), view(params[1]) if len(params) > 1 else None


def layer(plan, name):
    (found,) = [entry for entry in plan["layers"] if entry["name"] == name]
    return found


def group(plan, name):
    (found,) = [entry for entry in plan["groups"] if name in entry["layers"]]
    return found


def test_dense_net_loses_nothing_and_names_its_pins():
    plan = _core.plan(build(lenet()))
    assert all(entry["removed"] == [] for entry in plan["layers"])
    assert plan["parameters_before"] == plan["parameters_after"] > 0
    assert plan["macs_before"] == plan["macs_after"] > 0
    reasons = {entry["layer"]: entry["reason"] for entry in plan["pinned"]}
    assert reasons["input"] == "input of the net"
    assert "softmax" in reasons["dense2"] and "output" in reasons["dense2"]
    assert set(reasons) == {"input", "dense2", "output"}


def test_plan_changes_nothing():
    net = build(lenet())
    weights(net, "conv1")[0][1] = 0
    before = named_params(net)
    first = _core.plan(net)
    assert first == _core.plan(net)
    after = named_params(net)
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_channels_go_with_what_is_coupled_to_them():
    net = build(lenet(side=12))
    kernel, bias = weights(net, "conv2")
    kernel[[0, 4]] = 0
    bias[[0, 4]] = -1  # 0 after the ReLU
    plan = _core.plan(net)
    flat = layer(plan, "flatten")
    block = flat["channels_before"] // 6
    assert layer(plan, "conv2")["removed"] == layer(plan, "pool2")["removed"] == [0, 4]
    assert flat["removed"] == [*range(block), *range(4 * block, 5 * block)]
    assert group(plan, "conv2")["layers"] == ["conv2", layer_after(net, "conv2"), "pool2", "flatten"]
    assert group(plan, "conv2")["removed"] == [0, 4]
    dense = layer(plan, "dense1")
    assert dense["parameters_after"] == dense["parameters_before"] - 2 * block * 10
    assert dense["folded"] == [] and dense["carriers"] == []


def layer_after(net, name):
    names = [entry.name for entry in net.layers]
    return names[names.index(name) + 1]


def test_parameters_and_macs_are_those_of_the_smaller_net():
    net = build(lenet(side=12, filters=(4, 6)))
    weights(net, "conv1")[0][2] = 0
    plan = _core.plan(net)
    smaller = _core.layer_stats(build(lenet(side=12, filters=(3, 6))))
    assert [entry["parameters_after"] for entry in plan["layers"]] == [entry["parameters"] for entry in smaller]
    assert [entry["macs_after"] for entry in plan["layers"]] == [entry["macs"] for entry in smaller]


def test_unread_channels_go_though_their_weights_are_alive():
    net = build(mlp())
    weights(net, "dense2")[0][[3, 7]] = 0  # dense: [in, out]
    plan = _core.plan(net)
    assert layer(plan, "dense1")["removed"] == [3, 7]
    assert layer(plan, "dense2")["folded"] == []


def test_death_spreads_backwards_and_forwards():
    net = build(mlp(hidden=(6, 5, 4)))
    w2, _ = weights(net, "dense2")
    w3, b3 = weights(net, "dense3")
    w3[2] = 0  # nobody reads unit 2 of dense2 …
    w2[4, [0, 1, 3, 4]] = 0  # … which alone reads unit 4 of dense1
    w3[[0, 1, 3, 4], 1] = 0  # unit 1 of dense3 reads only unit 2 of dense2, with weight 0: constant
    b3[1] = -0.5
    plan = _core.plan(net)
    assert [layer(plan, f"dense{i}")["removed"] for i in (1, 2, 3)] == [[4], [2], [1]]


def test_weights_that_sum_to_zero_are_alive():
    net = build(bn_convnet())
    kernel, _ = weights(net, "conv2")
    kernel[:] = 0
    kernel[:, :, 0, 0], kernel[:, :, 2, 2] = 1e-30, -1e-30
    assert layer(_core.plan(net), "conv1")["removed"] == []


def test_constants_go_into_the_bias_where_nothing_is_padded():
    net = build(lenet())
    kernel, bias = weights(net, "conv1")
    kernel[1], bias[1] = 0, 0.7
    plan = _core.plan(net)
    conv2 = layer(plan, "conv2")
    assert (conv2["folded"], conv2["carriers"], conv2["folded_into_bias"]) == ([1], [], True)


def two_convolutions(padding, bias, filters=5, readers=4):
    x = eddl.Input([2, 6, 6], "input")
    first = eddl.ReLu(conv(x, filters, "valid", True, "first"), "relu")
    return build(eddl.Model([x], [conv(first, readers, padding, bias, "reader")]))


@pytest.mark.parametrize(("padding", "bias"), [("same", True), ("same", False), ("valid", False)])
def test_one_constant_stays_as_carrier(padding, bias):
    """The largest of the constants; those of 0 and below go for nothing."""
    net = two_convolutions(padding, bias)
    kernel, offset = weights(net, "first")
    kernel[:4], offset[:4] = 0, [0.25, 0.75, -3, 0]
    plan = _core.plan(net)
    assert layer(plan, "first")["removed"] == [0, 2, 3]
    reader = layer(plan, "reader")
    assert (reader["folded"], reader["carriers"], reader["folded_into_bias"]) == ([0], [1], False)
    assert group(plan, "first")["carriers"] == [1]


def test_a_lone_constant_is_its_own_carrier():
    net = two_convolutions("same", True)
    kernel, offset = weights(net, "first")
    kernel[1], offset[1] = 0, 0.5
    plan = _core.plan(net)
    assert layer(plan, "first")["removed"] == []
    assert layer(plan, "reader")["folded"] == []


def test_a_constant_batch_norm_frees_the_channel_before_it():
    net = build(bn_convnet())
    for name in ("bn1", "bn2"):
        gamma, beta = weights(net, name)
        gamma[2], beta[2] = 0, -1
    plan = _core.plan(net)
    assert layer(plan, "conv1")["removed"] == layer(plan, "bn1")["removed"] == [2]
    assert layer(plan, "conv2")["removed"] == layer(plan, "bn2")["removed"] == [2]


def test_batch_norm_of_a_constant_uses_the_running_statistics():
    """conv1 has no bias: a dead channel is 0 before batch norm 1 and shift - mean·scale/deviation after it."""
    net = build(bn_convnet())
    weights(net, "conv1")[0][:2] = 0
    gamma, beta, mean, variance = (view(p) for p in eddl.getLayer(net, "bn1").params)
    gamma[:2], beta[:2], mean[:2], variance[:2] = 1, 1, [-3, 3], 4  # 2.5 and -0.5, the latter 0 after the ReLU
    plan = _core.plan(net)
    assert layer(plan, "conv1")["removed"] == [1]
    assert layer(plan, "conv2")["folded"] == []  # channel 0 carries itself


def test_what_dies_altogether_keeps_one_channel():
    net = build(lenet())
    for name in ("conv1", "conv2"):
        weights(net, name)[0][:] = 0
    plan = _core.plan(net)
    assert [layer(plan, name)["channels_after"] for name in ("conv1", "conv2", "dense1")] == [1, 1, 1]


def test_two_readers_each_with_its_own_need():
    """A channel goes only if every reader can do without; a carrier serves all readers that can use it."""
    x = eddl.Input([2, 6, 6], "input")
    first = eddl.ReLu(conv(x, 5, "valid", True, "first"), "relu")
    net = build(eddl.Model([x], [conv(first, 3, "same", False, "padded"), conv(first, 3, "valid", True, "plain")]))
    kernel, offset = weights(net, "first")
    kernel[:3], offset[:3] = 0, [0.5, 1.0, 0.25]
    weights(net, "plain")[0][:, 3] = 0
    plan = _core.plan(net)
    assert layer(plan, "first")["removed"] == [0, 2]  # 3 is read by "padded", 1 carries
    assert (layer(plan, "padded")["folded"], layer(plan, "padded")["carriers"]) == ([0, 2], [1])
    assert (layer(plan, "plain")["folded"], layer(plan, "plain")["carriers"]) == ([0, 2], [])

    weights(net, "padded")[0][:, 3] = 0
    assert layer(_core.plan(net), "first")["removed"] == [0, 2, 3]


def test_a_channel_that_is_an_output_stays():
    x = eddl.Input([4], "input")
    hidden = eddl.Dense(x, 5, True, "hidden")
    net = build(eddl.Model([x], [hidden, eddl.Dense(hidden, 2, True, "head")]))
    weights(net, "hidden")[0][:, 1] = 0
    plan = _core.plan(net)
    assert layer(plan, "hidden")["removed"] == []
    assert group(plan, "hidden")["pinned"] == "output of the net"


@pytest.mark.parametrize(
    ("pool", "constant_stays"),
    [
        (lambda x: eddl.MaxPool2D(x, [3, 3], [1, 1], "same"), True),
        (lambda x: eddl.AveragePool2D(x, [3, 3], [1, 1], "same"), False),  # zeros count at the border
        (lambda x: eddl.AveragePool2D(x, [2, 2], [2, 2], "none"), True),
    ],
    ids=["max-padded", "average-padded", "average"],
)
def test_pooled_constants(pool, constant_stays):
    x = eddl.Input([2, 9, 9], "input")
    first = conv(x, 4, "valid", True, "first")
    net = build(eddl.Model([x], [conv(pool(first), 3, "valid", True, "reader")]))
    kernel, bias = weights(net, "first")
    kernel[:2], bias[:2] = 0, [0, 0.5]
    assert layer(_core.plan(net), "first")["removed"] == ([0, 1] if constant_stays else [0])


def test_unknown_layers_pin_what_they_touch():
    x = eddl.Input([2, 6, 6], "input")
    first = eddl.ReLu(conv(x, 4, "valid", True, "first"), "relu")
    normed = eddl.Norm(first, 0.001, "norm")
    second = eddl.ReLu(conv(normed, 4, "same", True, "second"))
    net = build(eddl.Model([x], [conv(second, 2, "valid", True, "third")]))
    weights(net, "first")[0][0] = 0
    weights(net, "second")[0][0] = 0
    plan = _core.plan(net)
    assert layer(plan, "first")["removed"] == []
    assert layer(plan, "second")["removed"] == [0]
    reasons = {entry["layer"]: entry["reason"] for entry in plan["pinned"]}
    assert "'norm'" in reasons["first"] == reasons["relu"]
    assert {"first", "relu", "norm"} <= set(reasons) and "second" not in reasons


def test_softmax_within_a_net_pins():
    x = eddl.Input([4], "input")
    inner = eddl.Softmax(eddl.Dense(x, 5, True, "inner"), -1, "soft")
    net = build(eddl.Model([x], [eddl.Dense(inner, 2, True, "head")]))
    weights(net, "inner")[0][:, 1] = 0
    weights(net, "head")[0][1] = 0
    assert layer(_core.plan(net), "inner")["removed"] == []


def test_the_mean_of_a_batch_norm_takes_up_constants():
    """A convolution without padding and bias needs no carrier where a batch norm alone reads it."""
    x = eddl.Input([2, 6, 6], "input")
    first = eddl.ReLu(conv(x, 4, "valid", True, "first"), "relu")
    reader = conv(first, 3, "valid", False, "reader")
    net = build(eddl.Model([x], [eddl.BatchNormalization(reader, True, 0.9, 1e-3, "bn")]))
    kernel, offset = weights(net, "first")
    kernel[:2], offset[:2] = 0, [0.25, 0.75]
    plan = _core.plan(net)
    assert layer(plan, "first")["removed"] == [0, 1]
    entry = layer(plan, "reader")
    assert (entry["folded"], entry["carriers"], entry["folded_into_bias"]) == ([0, 1], [], True)


@pytest.mark.parametrize("reader", ["output", "others"])
def test_a_mean_that_others_do_not_know_of_takes_nothing(reader):
    x = eddl.Input([2, 6, 6], "input")
    first = eddl.ReLu(conv(x, 4, "valid", True, "first"), "relu")
    read = conv(first, 3, "valid", False, "reader")
    outputs = [conv(eddl.BatchNormalization(read, True, 0.9, 1e-3), 2, "same", True, "last")]
    outputs.append(read if reader == "output" else conv(read, 2, "same", True, "beside"))
    net = build(eddl.Model([x], outputs))
    kernel, offset = weights(net, "first")
    kernel[:2], offset[:2] = 0, [0.25, 0.75]
    entry = layer(_core.plan(net), "reader")
    assert (entry["folded"], entry["carriers"]) == ([0], [1])


def test_a_frame_of_zeros_is_padding():
    """Pad before a convolution without padding; its constants share one border, and one carrier."""
    x = eddl.Input([2, 6, 6], "input")
    first = eddl.ReLu(conv(x, 5, "valid", True, "first"), "relu")
    padded = eddl.Pad(first, [1, 0, 1, 0], 0.0, "pad")
    net = build(eddl.Model([x], [conv(padded, 3, "valid", True, "reader")]))
    kernel, offset = weights(net, "first")
    kernel[:4], offset[:4] = 0, [0.25, 0.75, -3, 0]
    plan = _core.plan(net)
    assert layer(plan, "first")["removed"] == [0, 2, 3]
    assert (layer(plan, "reader")["folded"], layer(plan, "reader")["carriers"]) == ([0], [1])


@pytest.mark.parametrize(
    ("border", "window", "constant", "goes"),
    [
        (0.0, 3, 0.5, True),
        (0.0, 3, -0.5, False),  # zeros are larger at the border
        (0.25, 3, 0.5, False),  # not zeros: not followed
        (0.0, 2, 0.5, False),  # windows that see nothing else
    ],
    ids=["above", "below", "other-border", "small-window"],
)
def test_largest_values_within_a_frame_of_zeros(border, window, constant, goes):
    x = eddl.Input([2, 6, 6], "input")
    first = conv(x, 3, "valid", True, "first")
    framed = eddl.Pad(first, [2, 2, 2, 2] if window == 2 else [1, 1, 1, 1], border)
    pooled = eddl.MaxPool2D(framed, [window] * 2, [1, 1], "none")
    net = build(eddl.Model([x], [conv(pooled, 2, "valid", True, "reader")]))
    kernel, offset = weights(net, "first")
    kernel[1], offset[1] = 0, constant
    plan = _core.plan(net)
    assert layer(plan, "first")["removed"] == ([1] if goes else [])


def concatenation(left_read_by_both):
    """Two convolutions that a padded one reads together; one more reads the left one."""
    x = eddl.Input([2, 6, 6], "input")
    left, right = (eddl.ReLu(conv(x, 4, "valid", True, name)) for name in ("left", "right"))
    outputs = [conv(eddl.Concat([left, right]), 3, "same", True, "together")]
    if left_read_by_both:
        outputs.append(conv(left, 2, "same", True, "beside"))
    net = build(eddl.Model([x], outputs))
    for name, constants in (("left", [0.5, 0.25]), ("right", [0.75, 1.0])):
        kernel, offset = weights(net, name)
        kernel[:2], offset[:2] = 0, constants
    return net


@pytest.mark.parametrize(
    ("shared", "removed"), [(False, ([0, 1], [0])), (True, ([1], [0, 1]))], ids=["one-reader", "two"]
)
def test_readers_share_the_carrier_that_serves_them_all(shared, removed):
    """One reader alone takes the largest constant; two take the largest that both read."""
    plan = _core.plan(concatenation(shared))
    assert (layer(plan, "left")["removed"], layer(plan, "right")["removed"]) == removed
    if shared:
        assert layer(plan, "together")["carriers"] == layer(plan, "beside")["carriers"] == [0]


def test_a_carrier_is_not_much_smaller_than_what_it_carries():
    net = concatenation(True)
    weights(net, "right")[1][:2] = 20  # 40 times what both could share
    plan = _core.plan(net)
    assert (layer(plan, "left")["removed"], layer(plan, "right")["removed"]) == ([1], [1])
    assert layer(plan, "together")["carriers"] == [4]


def test_readers_that_see_different_constants_of_a_channel_share_carriers():
    """As in DenseNet: each reader has its own batch norm and ReLU, so that each sees other constants as 0."""
    x = eddl.Input([2, 6, 6], "input")
    first = conv(x, 6, "valid", True, "first")
    readers = []
    for k in range(3):
        seen = eddl.ReLu(eddl.BatchNormalization(first, True, 0.9, 1e-3, f"bn{k}"))
        readers.append(conv(seen, 2, "same", True, f"reader{k}"))
    net = build(eddl.Model([x], readers))
    weights(net, "first")[0][:4] = 0
    for k in range(3):
        gamma, beta, *_ = (view(p) for p in eddl.getLayer(net, f"bn{k}").params)
        gamma[:4] = beta[:4] = 0
        beta[k], beta[3] = 1.0, 0.5  # channel k serves reader k best, channel 3 all of them
    plan = _core.plan(net)
    assert layer(plan, "first")["removed"] == [0, 1, 2]
    assert [layer(plan, f"reader{k}")["carriers"] for k in range(3)] == [[3]] * 3
