"""simplify(fuse_batchnorm=True): a batch norm becomes part of the layer before it, and the net computes the same."""

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import (
    STEPLESS_ON_EDDL,
    array,
    assert_same_params,
    batch_for,
    bn_convnet,
    build,
    engine_name,
    fail_at_every_step,
    mlp,
    on_either_engine,
    params_of,
    predict,
    tensor,
    train,
    view,
)

embedded_engine = pytest.mark.embedded_engine
OPTIMIZERS = {
    "sgd": lambda: eddl.sgd(0.05, 0.9),
    "adam": lambda: eddl.adam(0.01),
    "rmsprop": lambda: eddl.rmsprop(0.001),
    "lobster": lambda: ep.LOBSTER(eddl.sgd(0.05, 0.9), 1e-4),
    **STEPLESS_ON_EDDL,
}


def batch_norm(layer, affine=True, name="bn"):
    return eddl.BatchNormalization(layer, affine, 0.9, 1e-5, name)


def conv2d(x, bias=True, groups=1):
    return eddl.Conv2D(x, 6, [3, 3], [1, 1], "same", bias, groups, [1, 1], "linear")


def scores(layer):
    return eddl.Dense(eddl.Flatten(layer), 3, name="scores")


NETS = {
    "conv": ([2, 5, 5], lambda x: scores(eddl.ReLu(batch_norm(conv2d(x))))),
    "conv without bias": ([2, 5, 5], lambda x: scores(eddl.ReLu(batch_norm(conv2d(x, False))))),
    "not affine": ([2, 5, 5], lambda x: scores(eddl.ReLu(batch_norm(conv2d(x), affine=False)))),
    "output": ([2, 5, 5], lambda x: batch_norm(conv2d(x))),
    "read twice": ([2, 5, 5], lambda x: (lambda y: scores(eddl.Add([y, eddl.ReLu(y)])))(batch_norm(conv2d(x)))),
    "flattened": ([2, 5, 5], lambda x: scores(batch_norm(conv2d(x)))),
    "dense": ([7], lambda x: scores(eddl.ReLu(batch_norm(eddl.Dense(x, 6, True, "linear"))))),
    "dense without bias": ([7], lambda x: scores(eddl.ReLu(batch_norm(eddl.Dense(x, 6, False, "linear"))))),
    "conv 1-D": (
        [2, 9],
        lambda x: scores(eddl.ReLu(batch_norm(eddl.Conv1D(x, 6, [3], [1], "valid", name="linear")))),
    ),
    "grouped": ([4, 5, 5], lambda x: scores(eddl.ReLu(batch_norm(conv2d(x, False, 2))))),
    "conv 3-D": (
        [2, 4, 5, 6],
        lambda x: scores(eddl.ReLu(batch_norm(eddl.Conv3D(x, 6, [3, 3, 3], [1, 1, 1], "same", name="linear")))),
    ),
    "transposed": (
        [4, 3, 3],
        lambda x: scores(batch_norm(eddl.ConvT2D(x, 6, [2, 2], [2, 2], "same", groups=2, name="linear"))),
    ),
    "transposed 3-D": (
        [3, 3, 3, 3],
        lambda x: scores(batch_norm(eddl.ConvT3D(x, 6, [2, 2, 2], [2, 2, 2], "same", name="linear"))),
    ),
}
ON_EDDL = [name for name in NETS if name not in ("grouped", "conv 3-D", "transposed", "transposed 3-D")]
kinds = pytest.mark.parametrize(
    "kind", [pytest.param(name, marks=[] if name in ON_EDDL else [embedded_engine]) for name in NETS]
)


def net_of(kind, **options):
    """A built net of one kind, and inputs for it."""
    shape, layers = NETS[kind]
    x = eddl.Input(shape, "input")
    net = build(eddl.Model([x], [layers(x)]), **options)
    return net, np.random.default_rng(1).normal(size=(5, *shape)).astype(np.float32)


def trained_net_of(kind, **options):
    """The same, with the statistics and the moments of two steps."""
    net, x = net_of(kind, **options)
    if kind != "not affine" or engine_name() != "EDDL":  # where it reads what it did not store
        train(net, x, targets_for(net, x), steps=2)
    return net, x


def targets_for(net, x):
    return np.random.default_rng(2).normal(size=(len(x), *net.lout[0].output.shape[1:])).astype(np.float32)


def assert_close(actual, expected, tolerance=1e-5):
    assert np.abs(actual - expected).max() <= tolerance * np.abs(expected).max()


# --- the same outputs ---


@kinds
@pytest.mark.parametrize("mem", ["full_mem", "mid_mem", "low_mem"])
def test_prediction_is_the_same_for_any_batch_size(kind, mem):
    net, x = net_of(kind, mem=mem)
    expected = predict(net, x)
    planned = ep.plan(net, fuse_batchnorm=True)
    assert_same_params(params_of(net), params_of(net_of(kind)[0]))
    report = ep.simplify(net, fuse_batchnorm=True)
    assert report.fused == planned.fused == {"bn": "linear"} and not report.not_fused
    assert report.layers == planned.layers
    assert [layer.parameters_after for layer in report.layers if layer.name == "bn"] == [0]
    assert report.parameters_after == ep.stats(net).parameters
    assert report.parameters_before == ep.stats(net_of(kind)[0]).parameters
    assert_close(predict(net, x), expected)
    assert_close(predict(net, x[:2]), expected[:2])
    assert_close(predict(net, np.concatenate([x, x])), np.concatenate([expected, expected]))


@kinds
def test_it_trains_as_the_plain_layer_that_it_has_become(kind):
    """The batch norm as the function that it is at inference, step by step: against the same net with momentum at 0."""
    net, x = net_of(kind, optimizer=eddl.sgd(0.01, 0.0))
    y = targets_for(net, x)
    ep.simplify(net, fuse_batchnorm=True)
    plain = build(net_without_norms(kind), eddl.sgd(0.01, 0.0))
    for name in ("linear", "scores") if kind != "output" else ("linear",):
        for target, source in zip(eddl.getLayer(plain, name).params, eddl.getLayer(net, name).params):
            view(target)[...] = array(source)
    for _ in range(3):
        train(net, x, y)
        train(plain, x, y)
        assert_close(predict(net, x), predict(plain, x), 1e-4)


def net_without_norms(kind):
    """The same layers with a view in the batch norm's place; every linear layer has a bias."""
    shape, layers = NETS[kind]
    x = eddl.Input(shape, "input")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "batch_norm", lambda layer, affine=True: layer)
        for name in ("Conv2D", "Dense"):
            patch.setattr(eddl, name, with_bias(getattr(eddl, name)))
        return eddl.Model([x], [layers(x)])


def with_bias(make):
    def made(*arguments, **options):
        return make(*(True if argument is False else argument for argument in arguments), **options)

    return made


def test_constants_of_dead_channels_go_into_the_new_bias():
    net = build(bn_convnet())
    x, _ = batch_for(net)
    view(eddl.getLayer(net, "conv1").params[0])[[0, 2, 5]] = 0
    expected = predict(net, x)
    report = ep.simplify(net, fuse_batchnorm=True)
    assert_close(predict(net, x), expected)
    assert eddl.getLayer(net, "conv1").output.shape[1] == 4  # one of the three carries the constants over the border
    assert report.fused == {"bn1": "conv1", "bn2": "conv2"}
    assert ep.simplify(net, fuse_batchnorm=True).fused == {}
    assert_close(predict(net, x), expected)


def test_a_one_by_one_convolution_needs_no_carrier():
    """It has no bias before: with one, constants need no channel to carry them."""
    x = eddl.Input([2, 4, 4], "input")
    first = eddl.ReLu(batch_norm(eddl.Conv2D(x, 6, [3, 3], [1, 1], "same", False, name="first"), name="bn1"))
    second = batch_norm(eddl.Conv2D(first, 4, [1, 1], [1, 1], "same", False, name="second"), name="bn2")
    net = build(eddl.Model([x], [scores(second)]))
    view(eddl.getLayer(net, "first").params[0])[:3] = 0
    view(eddl.getLayer(net, "bn1").params[1])[:3] = 0.9
    images = np.random.default_rng(0).normal(size=(3, 2, 4, 4))
    expected = predict(net, images)
    ep.simplify(net, fuse_batchnorm=True)
    assert eddl.getLayer(net, "first").output.shape[1] == 3
    assert_close(predict(net, images), expected)


# --- in place ---


@kinds
def test_handles_stay_valid(kind):
    net, x = net_of(kind)
    norm = eddl.getLayer(net, "bn")
    output = norm.output
    ep.simplify(net, fuse_batchnorm=True)
    predict(net, x[:3])
    assert norm.name == "bn" and eddl.getLayer(net, "bn").name == "bn"
    assert norm.params == [] and eddl.getLayer(net, "bn").params == []
    expected = array(norm.parent[0].output)
    for seen in (eddl.getOutput(norm), eddl.getOutput(eddl.getLayer(net, "bn")), output):
        np.testing.assert_array_equal(array(seen), expected)
    train(net, x, targets_for(net, x))
    eddl.summary(net)


@kinds
@pytest.mark.parametrize("mem", ["mid_mem", "low_mem"])
def test_it_is_the_same_net_at_every_memory_level(kind, mem):
    nets = []
    for level in ("full_mem", mem):
        net, x = trained_net_of(kind, mem=level, optimizer=eddl.sgd(0.01, 0.9))
        ep.simplify(net, fuse_batchnorm=True)
        nets.append(net)
    y = targets_for(net, x)
    for batch in (x, x[:2], np.concatenate([x, x])):
        for net in nets:
            train(net, x, y)
        expected, actual = (predict(net, batch) for net in nets)
        assert_close(actual, expected, 1e-4)
        # Whoever held the batch norm's handle sees what it would have shown.
        seen = [array(eddl.getOutput(eddl.getLayer(net, "bn"))) for net in nets]
        assert len(seen[0]) == len(batch)
        assert_close(seen[1], seen[0], 1e-4)


@embedded_engine  # EDDL releases no outputs
def test_low_mem_releases_what_lies_in_the_memory_of_another_output():
    net, x = net_of("conv", mem="low_mem")
    ep.simplify(net, fuse_batchnorm=True)
    norm = eddl.getLayer(net, "bn")
    for run in (lambda: train(net, x, targets_for(net, x)), lambda: predict(net, x)):
        run()
        assert norm.output.shape[0] == eddl.getLayer(net, "linear").output.shape[0] == 0
    assert array(eddl.getOutput(norm)).shape == (5, 6, 5, 5)


@pytest.mark.parametrize("optimizer", on_either_engine(OPTIMIZERS))
@pytest.mark.parametrize("kind", ["conv without bias", "dense without bias", "dense"])
def test_training_goes_on_with_every_optimizer(kind, optimizer):
    """Moments in the right places: nothing else moves a weight whose gradient is 0."""
    net, x = net_of(kind, optimizer=OPTIMIZERS[optimizer](), loss="mse")
    y = targets_for(net, x)
    train(net, x, y, steps=3)
    ep.simplify(net, fuse_batchnorm=True)
    losses = []
    for _ in range(40):
        train(net, x, y)
        losses.append(eddl.get_losses(net)[0])
    assert np.isfinite(losses).all() and losses[-1] < losses[0]


def test_velocities_move_the_folded_weights_as_far_as_before():
    """SGD's momentum is a step of the weights: after the weights were multiplied by s, so must it be."""
    net, x = net_of("conv", optimizer=eddl.sgd(0.05, 0.9))
    y = targets_for(net, x)
    train(net, x, y, steps=3)
    layer, norm = eddl.getLayer(net, "linear"), eddl.getLayer(net, "bn")
    before = [array(p) for p in layer.params]
    gamma, _, _, variance = (array(p) for p in norm.params)
    scale = gamma / np.sqrt(variance + 1e-5)
    twin, _ = net_of("conv", optimizer=eddl.sgd(0.05, 0.9))
    train(twin, x, y, steps=3)
    for one in (net, twin):
        eddl.setTrainable(one, "scores", False)
    ep.simplify(net, fuse_batchnorm=True)
    folded = [array(p) for p in layer.params]
    np.testing.assert_allclose(folded[0], before[0] * scale[:, None, None, None], rtol=1e-6)

    coast(net)
    coast(twin)
    moved = array(layer.params[0]) - folded[0]
    twin_moved = array(eddl.getLayer(twin, "linear").params[0]) - before[0]
    np.testing.assert_allclose(moved, twin_moved * scale[:, None, None, None], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_moments_are_found_where_a_sum_has_got_constants_of_its_own(optimizer):
    """Its parameter and its moments come in before those of the batch norms go."""

    def trained():
        x = eddl.Input([2, 5, 5], "input")
        live = eddl.Conv2D(x, 4, [3, 3], name="live")
        partly = batch_norm(eddl.Conv2D(live, 4, [3, 3], name="partly"))
        later = batch_norm(eddl.Conv2D(eddl.Add([live, partly]), 4, [3, 3], name="later"), name="bn2")
        net = build(eddl.Model([x], [scores(later)]), OPTIMIZERS[optimizer]())
        data = np.random.default_rng(1).normal(size=(5, 2, 5, 5)).astype(np.float32)
        train(net, data, targets_for(net, data), steps=3)
        view(eddl.getLayer(net, "partly").params[0])[1] = 0
        return net

    net, twin = trained(), trained()
    report = ep.simplify(net, fuse_batchnorm=True, uneven_sums=True)
    assert report.fused == {"bn": "partly", "bn2": "later"}
    assert eddl.getLayer(net, "partly").output.shape[1] == 3
    coast(net)
    coast(twin)
    for name in ("live", "scores"):
        for actual, expected in zip(eddl.getLayer(net, name).params, eddl.getLayer(twin, name).params):
            np.testing.assert_allclose(array(actual), array(expected), rtol=1e-5, atol=1e-6)
    train(net, np.ones((5, 2, 5, 5), np.float32), np.ones((5, 3), np.float32), steps=2)
    assert all(np.isfinite(values).all() for values in params_of(net))


def coast(net):
    """A step with gradients of 0: what momentum alone does."""
    eddl.zeroGrads(net)
    eddl.update(net)


def test_unbuilt():
    net, x = net_of("conv")
    unbuilt_input = eddl.Input([2, 5, 5], "input")
    unbuilt = eddl.Model([unbuilt_input], [NETS["conv"][1](unbuilt_input)])
    for layer, source in zip(unbuilt.layers, net.layers):
        for target, parameter in zip(layer.params, source.params):
            view(target)[...] = array(parameter)
    expected = predict(net, x)
    assert ep.simplify(unbuilt, fuse_batchnorm=True).fused == {"bn": "linear"}
    eddl.build(unbuilt, eddl.sgd(0.1), ["mse"], ["mse"], eddl.CS_CPU(2), False)
    assert_close(predict(unbuilt, x), expected)
    train(unbuilt, x, targets_for(unbuilt, x))


def test_a_removal_after_the_fold():
    net = build(bn_convnet())
    x, y = batch_for(net)
    ep.simplify(net, fuse_batchnorm=True)
    train(net, x, y)
    for index in (0, 3):
        for parameter in eddl.getLayer(net, "conv1").params:
            view(parameter)[index] = 0
    expected = predict(net, x)
    ep.simplify(net)
    assert eddl.getLayer(net, "bn1").output.shape[1] == eddl.getLayer(net, "conv1").output.shape[1] == 4
    assert_close(predict(net, x), expected)
    assert_close(predict(net, x[:3]), expected[:3])
    train(net, x, y)


# --- what is left alone ---


def test_what_cannot_be_fused_says_why():
    x = eddl.Input([3, 6, 6], "input")
    shared = eddl.Conv2D(x, 4, [3, 3], name="shared")
    first = batch_norm(shared, name="two readers")
    second = batch_norm(eddl.ReLu(shared), name="after an activation")
    net = build(eddl.Model([x], [scores(eddl.Add([batch_norm(x, name="of the input"), x])), eddl.Add([first, second])]))
    images = np.random.default_rng(0).normal(size=(2, 3, 6, 6))
    expected = predict(net, images)
    report = ep.simplify(net, fuse_batchnorm=True)
    assert report.fused == {}
    assert set(report.not_fused) == {"two readers", "after an activation", "of the input"}
    assert report.not_fused["two readers"] == "'shared' is read by others too"
    assert "neither a convolution nor a dense layer" in report.not_fused["after an activation"]
    assert "two readers stays a batch norm" in str(report)
    assert_close(predict(net, images), expected)


def test_off_by_default():
    net = build(bn_convnet())
    before = params_of(net)
    report = ep.simplify(net)
    assert report.fused == report.not_fused == {}
    assert_same_params(before, net)


def test_only_a_bool_asks_for_it():
    for function in (ep.plan, ep.simplify):
        with pytest.raises(TypeError, match="fuse_batchnorm must be True or False, got int"):
            function(build(mlp()), fuse_batchnorm=1)


@pytest.mark.parametrize("kind", ["conv without bias", "dense without bias"])
def test_after_a_failure_the_net_is_what_it_was(kind):
    net, x = net_of(kind)
    y = targets_for(net, x)
    train(net, x, y, steps=2)
    twin, _ = net_of(kind)
    train(twin, x, y, steps=2)
    view(eddl.getLayer(net, "linear").params[0])[0] = view(eddl.getLayer(twin, "linear").params[0])[0] = 0
    before = params_of(net)
    failures = fail_at_every_step(
        lambda: ep.simplify(net, fuse_batchnorm=True), lambda step: assert_same_params(before, net)
    )
    assert failures > (2 if kind.startswith("conv") else 0)
    # All but the last left it so that it would have gone on as its twin does.
    ep.simplify(twin, fuse_batchnorm=True)
    train(net, x, y)
    train(twin, x, y)
    assert_same_params(params_of(twin), net)


def test_bad_parameters_change_nothing():
    net, _ = net_of("dense without bias")
    view(eddl.getLayer(net, "scores").params[0])[0, 0] = np.nan
    before = params_of(net)
    with pytest.raises(ValueError, match="scores"):
        ep.simplify(net, fuse_batchnorm=True)
    assert len(eddl.getLayer(net, "linear").params) == 1
    assert_same_params(before, net)


def test_tensors_are_not_freed_twice():
    for _ in range(20):
        net, x = net_of("conv")
        ep.simplify(net, fuse_batchnorm=True)
        predict(net, x)
        del net
    assert tensor([1.0]).getdata()[0] == 1.0
