"""simplify keeps its promises: the same outputs, the same objects, training that goes on, and no change on errors."""

import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from helpers import (
    STEPLESS_ON_EDDL,
    array,
    assert_same_params,
    batch_for,
    bn_convnet,
    build,
    fail_at_every_step,
    gradients_of,
    lenet,
    on_either_engine,
    params_of,
    predict,
    set_params,
    tensor,
    train,
    view,
)

OPTIMIZERS = {
    "sgd": lambda: eddl.sgd(0.05, 0.9),
    "adam": lambda: eddl.adam(0.01),
    "rmsprop": lambda: eddl.rmsprop(0.001),
    "lobster": lambda: _core.LOBSTER(eddl.sgd(0.05, 0.9), 1e-4),
    **STEPLESS_ON_EDDL,
}


def weights(net, name):
    """Writable views of a layer's parameters; they dangle after simplify."""
    return [view(p) for p in eddl.getLayer(net, name).params]


def kill(net, name, channels, bias=0.0, read=False):
    """No weight into these channels of a convolution or dense layer, and this bias; unread unless asked."""
    kernel, *offset = weights(net, name)
    channels = list(channels)
    kernel[channels if kernel.ndim == 4 else (slice(None), channels)] = 0
    if offset:
        offset[0][channels] = bias
    if not read:
        after = net.layers[[layer.name for layer in net.layers].index(name) + 1 :]
        reader = next(layer for layer in after if type(layer).__name__ in ("LConv", "LDense"))
        w = view(reader.params[0])
        if w.ndim == 4:
            w[:, channels] = 0
        else:
            block = w.shape[0] // kernel.shape[0 if kernel.ndim == 4 else 1]
            w.reshape(-1, block, w.shape[1])[channels] = 0


def killed_lenet(**options):
    net = build(lenet(side=16, filters=(5, 6), hidden=10), **options)
    kill(net, "conv1", [0, 3])
    kill(net, "conv2", [1, 5])
    kill(net, "dense1", [2, 4, 9])
    return net


def channels(net, *names):
    return [eddl.getLayer(net, name).output.shape[1] for name in names]


def simplify_exactly(net, x, tolerance=1e-5):
    """Simplifies and compares predictions; returns the report."""
    expected = predict(net, x)
    report = _core.simplify(net)
    assert np.abs(predict(net, x) - expected).max() <= tolerance * np.abs(expected).max()
    return report


# --- the same outputs ---


def test_lenet5():
    """The Caffe form, with dead and constant channels everywhere."""
    x = eddl.Input([1, 28, 28], "input")
    layer = eddl.MaxPool2D(eddl.Conv2D(x, 20, [5, 5], [1, 1], "valid", name="conv1"), [2, 2], [2, 2], "none")
    layer = eddl.MaxPool2D(eddl.Conv2D(layer, 50, [5, 5], [1, 1], "valid", name="conv2"), [2, 2], [2, 2], "none")
    layer = eddl.ReLu(eddl.Dense(eddl.Flatten(layer), 500, name="dense1"))
    net = build(eddl.Model([x], [eddl.Softmax(eddl.Dense(layer, 10, name="dense2"))]), loss="softmax_cross_entropy")
    kill(net, "conv1", range(0, 20, 2), bias=0.3, read=True)
    kill(net, "conv2", range(35), bias=np.linspace(-1, 1, 35), read=True)
    kill(net, "dense1", range(100, 500), bias=np.linspace(-1, 1, 400), read=True)
    report = simplify_exactly(net, batch_for(net, 16)[0])
    assert channels(net, "conv1", "conv2", "dense1") == [10, 15, 100]
    assert report["parameters_after"] == 10 * 26 + 15 * 251 + 100 * 241 + 10 * 101
    assert report["parameters_before"] == 20 * 26 + 50 * 501 + 500 * 801 + 10 * 501


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("side", [1, 2, 5])
def test_constants_meet_padded_borders(bias, side):
    """Every position sees another part of the kernel; with side 1 all but one tap fall on the padding."""
    x = eddl.Input([2, side, side], "input")
    layer = eddl.Tanh(eddl.Conv2D(x, 6, [1, 1], [1, 1], "valid", name="first"))
    layer = eddl.Sigmoid(eddl.Conv2D(layer, 4, [3, 3], [1, 1], "same", bias, name="second"))
    net = build(eddl.Model([x], [eddl.Conv2D(layer, 3, [3, 3], [1, 1], "same", bias, name="third")]))
    kill(net, "first", [0, 2, 3, 5], bias=[0.5, -0.8, 0.1, 0.3], read=True)
    kill(net, "second", [1, 2], bias=0.7, read=True)
    report = simplify_exactly(net, np.random.default_rng(0).normal(size=(3, 2, side, side)))
    assert channels(net, "first", "second") == [3, 3]
    by_name = {entry["name"]: entry for entry in report["layers"]}
    assert (by_name["second"]["carriers"], by_name["second"]["folded"]) == ([2], [0, 3, 5])


def test_batch_norm_with_scale_zero():
    net = build(bn_convnet())
    train(net, *batch_for(net), steps=5)
    for name, values in (("bn1", [0.5, -1]), ("bn2", [0.25, 0.75])):
        gamma, beta, *_ = weights(net, name)
        gamma[:2], beta[:2] = 0, values
    simplify_exactly(net, batch_for(net, 5)[0])
    assert channels(net, "conv1", "conv2") == [5, 6]  # of bn1, one carries; both of bn2 go into the dense bias


def test_a_net_that_dies_keeps_one_channel_and_its_answer():
    net = build(lenet())
    for name in ("conv1", "conv2", "dense1"):
        kill(net, name, range(eddl.getLayer(net, name).output.shape[1]), bias=0.5, read=True)
    simplify_exactly(net, batch_for(net, 4)[0])
    assert channels(net, "conv1", "conv2", "dense1") == [1, 1, 1]
    train(net, *batch_for(net, 4))


def test_two_heads():
    x = eddl.Input([3, 6, 6], "input")
    trunk = eddl.ReLu(eddl.Conv2D(x, 6, [3, 3], [1, 1], "valid", name="trunk"))
    maps = eddl.Conv2D(trunk, 2, [3, 3], [1, 1], "same", False, name="maps")
    scores = eddl.Dense(eddl.Flatten(eddl.GlobalMaxPool2D(trunk)), 3, name="scores")
    net = build(eddl.Model([x], [maps, scores]))
    kernel, bias = weights(net, "trunk")
    kernel[1:4], bias[1:4] = 0, [0.5, 0.25, -1]
    images = [tensor(np.random.default_rng(0).normal(size=(4, 3, 6, 6)))]
    expected = [array(t) for t in eddl.predict(net, images)]
    _core.simplify(net)
    for e, t in zip(expected, eddl.predict(net, images)):
        np.testing.assert_allclose(array(t), e, atol=1e-5 * np.abs(e).max())
    assert channels(net, "trunk") == [4]


def test_layers_that_do_not_train_are_simplified_too():
    net = killed_lenet()
    eddl.getLayer(net, "conv1").setTrainable(False)
    simplify_exactly(net, batch_for(net)[0])
    assert channels(net, "conv1", "conv2", "dense1") == [3, 4, 7]
    assert not eddl.getLayer(net, "conv1").trainable and eddl.getLayer(net, "conv2").trainable
    frozen = array(eddl.getLayer(net, "conv1").params[0])
    train(net, *batch_for(net), steps=2)
    np.testing.assert_array_equal(frozen, array(eddl.getLayer(net, "conv1").params[0]))


def test_repeatable():
    """Round after round: less and less, the same outputs, and nothing to do the second time."""
    net = build(lenet(filters=(5, 6), hidden=10))
    x, y = batch_for(net)
    for dead in (1, 2, 3):
        train(net, x, y)
        for name in ("conv1", "conv2", "dense1"):
            kill(net, name, [0], bias=0.5, read=True)
        simplify_exactly(net, x)
        assert channels(net, "conv1", "conv2", "dense1") == [5 - dead, 6 - dead, 10 - dead]
        before = params_of(net)
        second = _core.simplify(net)
        assert second["parameters_before"] == second["parameters_after"]
        assert_same_params(before, net)


# --- the same objects, and all that EDDL does with them ---


def test_handles_stay_valid():
    net = killed_lenet()
    x, y = batch_for(net)
    train(net, x, y)
    layers = list(net.layers)
    names = [layer.name for layer in layers]
    tensors = [p for layer in layers for p in layer.params] + [layer.output for layer in layers]
    _core.simplify(net)
    train(net, x, y)
    assert [layer.name for layer in net.layers] == names
    assert all(a is b for a, b in zip(layers, net.layers))
    again = [p for layer in net.layers for p in layer.params] + [layer.output for layer in net.layers]
    assert all(a is b for a, b in zip(tensors, again))
    for held, fresh in zip(tensors, again):
        np.testing.assert_array_equal(array(held), array(fresh))
    assert list(eddl.getLayer(net, "conv2").params[0].shape) == [4, 3, 3, 3]
    assert list(eddl.getLayer(net, "dense1").params[0].shape) == [4 * 4, 7]


def test_surviving_values_stay_in_order():
    """What stays are the values that were there, in order."""
    net = killed_lenet()
    kernel, bias = (array(p) for p in eddl.getLayer(net, "conv2").params)
    _core.simplify(net)
    alive = [0, 2, 3, 4]
    small_kernel, small_bias = (array(p) for p in eddl.getLayer(net, "conv2").params)
    np.testing.assert_array_equal(small_kernel, kernel[alive][:, [1, 2, 4]])
    np.testing.assert_array_equal(small_bias, bias[alive])


@pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
@pytest.mark.parametrize("make", [lenet, bn_convnet], ids=["lenet", "bn"])
def test_every_memory_level_and_batch_size(make, mem):
    """Against a net that was built with the small sizes and has the small net's parameters."""
    net = build(make(filters=(5, 6)), mem=mem)
    kill(net, "conv1", [0, 3])
    kill(net, "conv2", [1])
    x, y = batch_for(net, 12)
    train(net, x, y)
    if make is bn_convnet:
        for name, dead in (("bn1", [0, 3]), ("bn2", [1])):
            weights(net, name)[1][dead] = 0
    kill(net, "conv1", [0, 3])
    kill(net, "conv2", [1])
    simplify_exactly(net, x)
    small = build(make(filters=(3, 5)), mem=mem)
    set_params(small, params_of(net))
    for n in (12, 1, 5):
        np.testing.assert_allclose(predict(net, x[:n]), predict(small, x[:n]), rtol=1e-5, atol=1e-6)
    for layer, other in zip(net.layers, small.layers):
        assert list(layer.output.shape)[1:] == list(other.output.shape)[1:]
    eddl.evaluate(net, [tensor(x)], [tensor(y)], 4)
    eddl.fit(net, [tensor(x)], [tensor(y)], 6, 2)
    assert np.isfinite(predict(net, x)).all()


def test_get_output_and_summary():
    net = killed_lenet()
    x, _ = batch_for(net, 3)
    eddl.forward(net, [tensor(x)])
    before = array(eddl.getOutput(eddl.getLayer(net, "pool2")))
    _core.simplify(net)
    eddl.forward(net, [tensor(x)])
    after = array(eddl.getOutput(eddl.getLayer(net, "pool2")))
    np.testing.assert_allclose(after, before[:, [0, 2, 3, 4]], rtol=1e-5, atol=1e-6)
    eddl.summary(net)


def test_save_and_load():
    net = killed_lenet()
    x, _ = batch_for(net)
    _core.simplify(net)
    expected = predict(net, x)
    eddl.save(net, "small.bin", "bin")
    small = build(lenet(side=16, filters=(3, 4), hidden=7), seed=1)
    eddl.load(small, "small.bin", "bin")
    np.testing.assert_allclose(predict(small, x), expected, rtol=1e-6)
    for p in weights(net, "conv1"):
        p[...] = 0
    eddl.load(net, "small.bin", "bin")
    np.testing.assert_allclose(predict(net, x), expected, rtol=1e-6)


def test_unbuilt_net_then_build():
    """EDDL has the parameters before build; init_weights=False keeps them."""
    reference = killed_lenet()
    net = lenet(side=16, filters=(5, 6), hidden=10)
    for layer, source in zip(net.layers, reference.layers):
        for p, q in zip(layer.params, source.params):
            view(p)[...] = array(q)
    _core.simplify(net)
    assert channels(net, "conv1", "conv2", "dense1") == [3, 4, 7]
    eddl.build(net, eddl.adam(0.01), ["mse"], ["mse"], eddl.CS_CPU(2), False)
    x, y = batch_for(net)
    np.testing.assert_allclose(predict(net, x), predict(reference, x), rtol=1e-5)
    train(net, x, y, 2)


# --- training goes on ---


@pytest.mark.parametrize("optimizer", on_either_engine(OPTIMIZERS))
def test_training_goes_on_as_that_of_the_masked_net(optimizer):
    """
    Step by step, the small net has the weights that the large one has at the surviving places: wherever the removed
    channels are zero in and out, also in the first moment (Mask sees to that), and pass zero through a function whose
    gradient at 0 is 0 (ReLU), so that they get no gradient and give none.
    """
    nets = []
    for _ in range(2):
        net = build(lenet(side=16, filters=(5, 6), hidden=10), OPTIMIZERS[optimizer]())
        x, y = batch_for(net, 8)
        train(net, x, y, 3)  # moments of all weights
        kill(net, "conv1", [0, 3])
        kill(net, "conv2", [1, 5])
        kill(net, "dense1", [2, 4, 9])
        _core.Mask(net).apply()
        nets.append(net)
    masked, small = nets
    _core.simplify(small)
    first, second, units = [1, 2, 4], [0, 2, 3, 4], [0, 1, 3, 5, 6, 7, 8]
    for _ in range(5):
        for net in nets:
            train(net, x, y)
        w = {layer.name: [array(p) for p in layer.params] for layer in masked.layers if layer.params}
        flat = w["dense1"][0].reshape(6, -1, 10)[second].reshape(-1, 10)
        expected = {
            "conv1": [w["conv1"][0][first], w["conv1"][1][first]],
            "conv2": [w["conv2"][0][second][:, first], w["conv2"][1][second]],
            "dense1": [flat[:, units], w["dense1"][1][units]],
            "dense2": [w["dense2"][0][units], w["dense2"][1]],
        }
        for name, arrays in expected.items():
            for p, e in zip(eddl.getLayer(small, name).params, arrays):
                np.testing.assert_allclose(array(p), e, rtol=1e-4, atol=1e-6, err_msg=name)


def test_without_its_moments_training_would_jump():
    """The test above can tell: the same comparison with fresh moments fails."""
    net = killed_lenet()
    x, y = batch_for(net)
    train(net, x, y, 3)
    kill(net, "conv1", [0, 3])
    _core.simplify(net)
    fresh = build(lenet(side=16, filters=channels(net, "conv1", "conv2"), hidden=channels(net, "dense1")[0]))
    set_params(fresh, params_of(net))
    train(net, x, y)
    train(fresh, x, y)
    assert not np.allclose(array(net.layers[1].params[0]), array(fresh.layers[1].params[0]), rtol=1e-4, atol=1e-6)


def test_gradients_stay_with_their_weights():
    net = killed_lenet()
    x, y = batch_for(net)
    train(net, x, y)
    before = gradients_of(net)
    kill(net, "conv2", [1, 5])
    kill(net, "conv1", [0, 3])
    _core.simplify(net)
    after = gradients_of(net)
    np.testing.assert_array_equal(after["conv2/0"], before["conv2/0"][[0, 2, 3, 4]][:, [1, 2, 4]])
    np.testing.assert_array_equal(after["conv1/1"], before["conv1/1"][[1, 2, 4]])


# --- errors ---


def state_of(net):
    return params_of(net), gradients_of(net), [tuple(layer.output.shape) for layer in net.layers]


def assert_same_state(before, net):
    params, gradients, shapes = before
    assert_same_params(params, net)
    after = gradients_of(net)
    for name, g in gradients.items():
        np.testing.assert_array_equal(g, after[name], err_msg=name)
    assert shapes == [tuple(layer.output.shape) for layer in net.layers]


@pytest.mark.parametrize("make", [lenet, bn_convnet], ids=["lenet", "bn"])
def test_a_failure_midway_changes_nothing(make):
    """Each step of the preparation that can fail is made to; then training goes on as that of an untouched twin."""
    nets = [build(make(), eddl.adam(0.01)) for _ in range(2)]
    for net in nets:
        x, y = batch_for(net)
        train(net, x, y, 2)
        kill(net, "conv1", [1], read=True)
        kill(net, "conv2", [0, 2], read=True)
    net, twin = nets
    before = state_of(net)

    def unchanged(step):
        nonlocal before
        assert_same_state(before, net)
        if step == 20:
            for n in nets:
                train(n, x, y)
            for a, b in zip(params_of(net), params_of(twin)):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
            before = state_of(net)

    assert fail_at_every_step(lambda: _core.simplify(net), unchanged) >= 20
    np.testing.assert_allclose(predict(net, x), predict(twin, x), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("call", [_core.plan, _core.simplify], ids=["plan", "simplify"])
class TestBadNets:
    def test_none(self, call):
        with pytest.raises(TypeError):
            call(None)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_parameters_that_are_not_finite(self, call, value):
        net = killed_lenet()
        weights(net, "conv2")[0][3, 1, 0, 0] = value
        before = state_of(net)
        with pytest.raises(ValueError, match="conv2"):
            call(net)
        assert_same_state(before, net)

    def test_layers_of_two_nets(self, call):
        net = lenet()
        other = eddl.Model(net.lin, [eddl.getLayer(net, "dense1")])
        for shared in (net, other):
            with pytest.raises(_core.PruneError, match="net"):
                call(shared)
