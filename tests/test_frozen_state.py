"""Snapshots and masks: whatever is restored, training goes on from there bit by bit."""

import eddl_prune as ep
import helpers
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from pyeddl.tensor import Tensor

OPTIMIZERS = {
    "sgd": lambda: eddl.sgd(0.05, 0.9),
    "adam": lambda: eddl.adam(0.01),
    "rmsprop": lambda: eddl.rmsprop(0.01),
    **helpers.STEPLESS_ON_EDDL,
}
MOMENTS = {"sgd": 1, "adam": 4, "rmsprop": 2, "adadelta": 2, "adagrad": 1, "adamax": 2, "nadam": 2}
COUNTING = {"adam", "adamax", "nadam"}


def built(optimizer, net=None):
    # One thread: EDDL's sums then are the same each time.
    return helpers.build(net or helpers.mlp(), optimizer, "softmax_cross_entropy", "categorical_accuracy", threads=1)


@pytest.mark.parametrize("name", helpers.on_either_engine(OPTIMIZERS))
@pytest.mark.parametrize("wrap", [False, True], ids=["bare", "in LOBSTER"])
def test_training_repeats_itself_from_a_snapshot(name, wrap):
    optimizer = OPTIMIZERS[name]()
    net = built(ep.LOBSTER(optimizer, 1e-3) if wrap else optimizer)
    x, y = helpers.batch_for(net, 8)
    helpers.train(net, x, y, 3)
    snapshot = _core.Snapshot(net)
    assert snapshot.step_count == (3 if name in COUNTING else 0)
    rate = _core.learning_rate(net)
    helpers.train(net, x, y, 4)
    expected = helpers.params_of(net)
    _core.set_learning_rate(net, rate / 3)
    helpers.train(net, x, y, 2)
    for _ in range(2):
        snapshot.restore()
        assert _core.learning_rate(net) == rate
        helpers.train(net, x, y, 4)
        helpers.assert_same_params(expected, net)


@pytest.mark.parametrize("name", helpers.on_either_engine(OPTIMIZERS))
def test_arrays_carry_a_snapshot_into_another_net(name):
    net, other = built(OPTIMIZERS[name]()), built(OPTIMIZERS[name]())
    x, y = helpers.batch_for(net, 8)
    helpers.train(net, x, y, 3)
    source = _core.Snapshot(net)
    arrays = source.arrays()
    assert len(arrays) == 6 * (1 + MOMENTS[name])
    copy = _core.Snapshot(other)
    copy.load(arrays, source.step_count, source.learning_rate)
    copy.restore()
    helpers.assert_same_params(helpers.params_of(net), other)
    for each in (net, other):
        helpers.train(each, x, y, 3)
    helpers.assert_same_params(helpers.params_of(net), other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("1.0"), r"Snapshot.load: there is no array '1\.0' \(layer 'dense1'\)"),
        (
            lambda arrays: arrays.update({"9.9": np.zeros(1, np.float32)}),
            r"Snapshot.load: expected 12 arrays, received 13",
        ),
        (
            lambda arrays: arrays.update({"1.0": arrays["1.0"].T}),
            r"Snapshot.load: array '1\.0' has shape \[16, 8\]; the net needs \[8, 16\]",
        ),
    ],
    ids=["missing", "surplus", "shape"],
)
def test_arrays_that_do_not_fit_are_refused(change, message):
    net = built(eddl.sgd(0.05, 0.9))
    snapshot = _core.Snapshot(net)
    arrays = {name: values + 1 for name, values in snapshot.arrays().items()}
    change(arrays)
    with pytest.raises(ValueError, match=f"^{message}"):
        snapshot.load(arrays, 0, 0.1)
    before = helpers.params_of(net)
    snapshot.restore()
    helpers.assert_same_params(before, net)


@pytest.mark.parametrize("norm", ["layer", "group"])
@pytest.mark.parametrize("affine", [True, False])
def test_scale_and_shift_of_sample_norms_are_kept_at_any_batch_size(norm, affine):
    x = eddl.Input([4, 4, 4])
    layer = eddl.Conv2D(x, 6, [3, 3], name="conv")
    if norm == "layer":
        layer = eddl.LayerNormalization(layer, affine)
    else:
        layer = eddl.GroupNormalization(layer, 2, 1e-3, affine)
    layer = eddl.Flatten(eddl.ReLu(layer))
    net = built(eddl.sgd(0.05, 0.9), eddl.Model([x], [eddl.Softmax(eddl.Dense(layer, 4))]))
    data, targets = helpers.batch_for(net, 6)
    helpers.train(net, data, targets, 2)
    trainable = [2 * affine if "norm" in type(each).__name__.lower() else len(each.params) for each in net.layers]
    kept = [[helpers.array(p) for p in each.params[:count]] for each, count in zip(net.layers, trainable)]
    snapshot = _core.Snapshot(net)
    helpers.train(net, data, targets, 1)
    helpers.predict(net, data[:3])  # whose statistics are as many as its samples
    snapshot.restore()
    for layer_kept, each in zip(kept, net.layers):
        for expected, tensor in zip(layer_kept, each.params):
            np.testing.assert_array_equal(helpers.array(tensor), expected)


@pytest.mark.parametrize("name", helpers.on_either_engine(OPTIMIZERS))
def test_masks_hold_zeros_whatever_the_optimizer(name):
    net = built(OPTIMIZERS[name]())
    x, y = helpers.batch_for(net, 8)
    helpers.train(net, x, y, 2)
    assert sum(ep.threshold(net, 0.1).values()) > 0
    zeros = [values == 0 for values in helpers.params_of(net)]
    mask = _core.Mask(net)
    mask.apply()
    helpers.train(net, x, y, 1)
    mask.apply()
    for was_zero, values in zip(zeros, helpers.params_of(net)):
        assert not values[was_zero].any()
        assert values[~was_zero].all()


def test_masks_as_arrays():
    net, other = built(None), built(None)
    ep.threshold(net, 0.1)
    mask = _core.Mask(net)
    arrays = mask.arrays()
    assert sum(int(values.sum()) for values in arrays.values()) == mask.count > 0
    copy = _core.Mask(other)
    copy.load(arrays)
    assert copy.count == mask.count
    copy.apply()
    helpers.assert_same_params(helpers.params_of(net), other)
    for bad, message in (
        ({"0.0": np.zeros(3, np.uint8)}, "array '0.0' is of no weight or bias"),
        ({"1.0": np.zeros((3, 3), np.uint8)}, r"array '1\.0' has shape \[3, 3\]; the net needs \[8, 16\]"),
    ):
        with pytest.raises(ValueError, match=f"^Mask.load: {message}"):
            copy.load(bad)
    assert copy.count == mask.count


@pytest.mark.parametrize("rate", [-0.1, float("nan"), float("inf"), 1e300])
def test_learning_rates_out_of_range(rate):
    net = built(None)
    with pytest.raises(ValueError, match=r"^set_learning_rate: rate = .*; allowed: a finite number >= 0"):
        _core.set_learning_rate(net, rate)
    assert _core.learning_rate(net) == pytest.approx(0.05)


@pytest.mark.embedded_engine
def test_random_numbers_can_be_drawn_again():
    def numbers():
        return helpers.array(Tensor.randn([5]))

    state = _core.random_state()
    first = numbers()
    assert not np.array_equal(numbers(), first)
    _core.set_random_state(state)
    np.testing.assert_array_equal(numbers(), first)
