"""
simplify on recurrent nets, which compute through an unrolled copy of their layers: before the copy has been made and
after, with one output and several, as encoder and decoder.
"""

import gc

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from helpers import array, assert_same_params, build, fail_at_every_step, params_of, seed_params, tensor, train, view
from hypothesis import given
from hypothesis import strategies as st
from test_simplify_graphs import channels, kill

INPUTS, UNITS, CLASSES = 4, 5, 3
CELLS = {
    "rnn": lambda x, name="cell": eddl.RNN(x, UNITS, "tanh", True, False, name),
    "lstm": lambda x, name="cell": eddl.LSTM(x, UNITS, False, False, name),
    "lstm_masked": lambda x, name="cell": eddl.LSTM(x, UNITS, True, False, name),
    "gru": lambda x, name="cell": eddl.GRU(x, UNITS, False, False, name),
}
LEVELS = ["full_mem", "mid_mem", "low_mem"]
engine_only = pytest.mark.embedded_engine  # what EDDL crashes on, or gets wrong, in recurrent nets


def dense(x, units, name):
    return eddl.ReLu(eddl.Dense(x, units, True, name))


def make(kind="lstm", mem="full_mem", optimizer=None):
    """Dense layers on both sides of a cell. Of "after", 0 and 1 are dead (1 by the ReLU), 2 and 3 constant."""
    x = eddl.Input([INPUTS], "input")
    y = dense(CELLS[kind](dense(x, 6, "before")), 6, "after")
    net = build(eddl.Model([x], [eddl.Dense(y, CLASSES, True, "head")]), optimizer or eddl.sgd(0.05, 0.9), mem=mem)
    die(net)
    return net


def die(net):
    kill(net, "after", [0, 1, 2, 3], [0, -1, 0.5, 0.25])


def data(samples=6, steps=4, outputs=1, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(samples, steps, INPUTS)), rng.normal(size=(samples, outputs, CLASSES))
    return x.astype(np.float32), y.astype(np.float32)


def outputs_of(net, x):
    return [array(y) for y in eddl.predict(net, [tensor(x)])]


def assert_close(actual, expected, tolerance=1e-5):
    assert len(actual) == len(expected)
    for a, e in zip(actual, expected):
        assert np.abs(a - e).max() <= tolerance * np.abs(e).max()


@pytest.mark.parametrize("mem", LEVELS)
@pytest.mark.parametrize("kind", CELLS)
def test_what_is_not_recurrent_shrinks_and_outputs_stay(kind, mem):
    net = make(kind, mem)
    x, _ = data()
    expected = outputs_of(net, x)
    layers, tensors = list(net.layers), [t for layer in net.layers for t in layer.params]
    planned = ep.plan(net)
    report = ep.simplify(net)
    assert planned.layers == report.layers and planned.pinned.keys() == {"input", "head"}
    assert channels(net, "before", "cell", "after") == [6, UNITS, 2]
    assert all(a is b for a, b in zip(layers, net.layers))
    assert all(a is b for a, b in zip(tensors, [t for layer in layers for t in layer.params]))
    assert_close(outputs_of(net, x), expected)
    # Lengths and batches that the net has not seen.
    whole = make(kind, mem)
    for samples, steps in ((6, 2), (2, 7), (1, 1)):
        x, _ = data(samples, steps, seed=steps)
        assert_close(outputs_of(net, x), outputs_of(whole, x))
    again = params_of(net)
    assert not any(layer.removed or layer.folded for layer in ep.simplify(net).layers)
    assert_same_params(again, net)


def test_a_net_that_was_never_unrolled_and_one_that_is_not_built():
    x, y = data()
    whole, small = make(), make()
    ep.simplify(small)
    assert small.rnet is None
    assert_close(outputs_of(small, x), outputs_of(whole, x))
    train(small, x, y)

    i = eddl.Input([INPUTS], "input")
    unbuilt = eddl.Model([i], [eddl.Dense(dense(CELLS["gru"](i), 6, "after"), CLASSES, True, "head")])
    seed_params(unbuilt)
    die(unbuilt)
    ep.simplify(unbuilt)
    assert eddl.getLayer(unbuilt, "after").output.shape[1] == 2
    build(unbuilt)
    train(unbuilt, x, y)


@engine_only
def test_the_unrolled_copy_stays_as_long_as_it_was():
    """Without targets, a net predicts as many last steps as it was unrolled for; its losses can still be asked for."""
    net = make()
    x, y = data(outputs=3)
    train(net, x, y)
    expected, losses = outputs_of(net, x), eddl.get_losses(net)
    ep.simplify(net)
    assert eddl.get_losses(net) == losses
    assert len(expected) == 3
    assert_close(outputs_of(net, x), expected)
    np.testing.assert_allclose(
        array(eddl.getOutput(eddl.getLayer(net, "head"))), np.array(expected), rtol=1e-4, atol=1e-6
    )


OPTIMIZERS = {
    "sgd": lambda: eddl.sgd(0.01, 0.9),
    "adam": lambda: eddl.adam(0.001),
    "rmsprop": lambda: eddl.rmsprop(0.0005),
    "LOBSTER": lambda: ep.LOBSTER(eddl.sgd(0.01, 0.9), lmbda=1e-5),
}


def trained(kind, mem, optimizer):
    """Moments of all weights, and units 0 and 1 that are dead for good: the ReLU's gradient there is 0."""
    net = make(kind, mem, OPTIMIZERS[optimizer]())
    train(net, *data(), steps=2)
    kill(net, "after", [0, 1], -1)
    _core.Mask(net).apply()
    return net


def assert_train_alike(masked, small, steps=3):
    x, y = data(seed=1)
    for _ in range(steps):
        train(masked, x, y)
        train(small, x, y)
        assert_close(outputs_of(small, x), outputs_of(masked, x), 1e-4)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_training_goes_on_as_that_of_the_masked_net(kind, optimizer):
    masked, small = trained(kind, "full_mem", optimizer), trained(kind, "full_mem", optimizer)
    ep.simplify(small)
    assert eddl.getLayer(small, "after").output.shape[1] == 4
    assert_train_alike(masked, small)
    # Again, interleaved with training.
    for net in (masked, small):
        channels = eddl.getLayer(net, "after").output.shape[1]
        kill(net, "after", [channels - 1], -1)
        _core.Mask(net).apply()
    ep.simplify(small)
    assert eddl.getLayer(small, "after").output.shape[1] == 3
    assert_train_alike(masked, small)


@pytest.mark.parametrize("mem", LEVELS[1:])
def test_training_at_other_memory_levels(mem):
    masked, small = trained("lstm", mem, "sgd"), trained("lstm", mem, "sgd")
    ep.simplify(small)
    assert_train_alike(masked, small)


def test_removing_live_channels_equals_zeroing_them():
    small, masked = make(), make()
    x, y = data()
    train(small, x, y)
    train(masked, x, y)
    ep.remove_channels(small, {"after": [4]})
    view(eddl.getLayer(masked, "head").params[0])[4] = 0
    assert_close(outputs_of(small, x), outputs_of(masked, x))
    train(small, x, y)


def test_files_and_handles():
    net = make()
    x, y = data()
    train(net, x, y)
    handle = eddl.getLayer(net, "after")
    ep.simplify(net)
    expected = outputs_of(net, x)
    eddl.save(net, "small.bin", "bin")
    view(eddl.getLayer(net, "head").params[0])[...] = 0
    eddl.load(net, "small.bin", "bin")
    assert_close(outputs_of(net, x), expected, 0)
    assert array(eddl.getOutput(handle)).shape[-2:] == (len(x), handle.output.shape[1])


def test_a_failure_midway_changes_nothing():
    net = make()
    train(net, *data())
    die(net)
    x, _ = data()
    expected, state = outputs_of(net, x), params_of(net)

    def unchanged(step):
        assert_same_params(state, net)
        assert_close(outputs_of(net, x), expected, 0)

    assert fail_at_every_step(lambda: _core.simplify(net), unchanged) > 3
    assert_close(outputs_of(net, x), expected)


def test_certificate():
    net = make()
    x, y = data(outputs=2)
    train(net, x, y)
    report = ep.simplify(net, samples=[x])
    assert report.certificate.samples == len(x) and report.certificate.relative <= 1e-5


def test_an_unrolled_copy_is_refused():
    net = make()
    outputs_of(net, data()[0])
    with pytest.raises(ep.PruneError, match=r"copy of '.*' for a time step; give the net that was unrolled"):
        ep.plan(net.rnet)


def test_the_net_goes_with_its_copies():
    net = make()
    for seed in range(3):
        train(net, *data())
        kill(net, "after", [seed % eddl.getLayer(net, "after").output.shape[1]], -1)
        ep.simplify(net)
    train(net, *data())
    del net
    gc.collect()


# --- what cells lose themselves ---


def gates_of(net, name="cell"):
    """Views of the gates' weights for the inputs, those for the states, and the biases."""
    params = [view(p) for p in eddl.getLayer(net, name).params]
    matrices = [p for p in params if p.ndim == 2]
    return matrices[: len(matrices) // 2], matrices[len(matrices) // 2 :], [p for p in params if p.ndim == 1]


def silence(net, units, name="cell"):
    """Makes these units 0 for all time: nothing comes into what their states grow from."""
    inputs, states, biases = gates_of(net, name)
    for weights in (inputs[-1], states[-1]):
        weights[:, units] = 0
    for bias in biases[-1:] if len(inputs) != 3 else biases[-2:]:
        bias[units] = 0


def deafen(net, units, name="cell"):
    """Lets nobody read these units: neither others, nor the layer behind."""
    for weights in gates_of(net, name)[1]:
        weights[units] = 0
    view(eddl.getLayer(net, "after").params[0])[units] = 0


def live(kind, mem="full_mem", optimizer=None):
    """Without dead units in the dense layers."""
    net = make(kind, mem, optimizer)
    seed_params(net, 3)
    return net


def hold_zeros(nets):
    return [[(p, array(p) == 0) for layer in net.layers for p in layer.params] for net in nets]


def assert_train_alike_masked(nets, zeros, steps=3):
    x, y = data(seed=1)
    for _ in range(steps):
        for net, held in zip(nets, zeros):
            train(net, x, y)
            for parameter, zero in held:
                view(parameter)[zero] = 0
        assert_close(outputs_of(nets[0], x), outputs_of(nets[1], x), 1e-4)


WAYS = {"silent": silence, "deaf": deafen}


@pytest.mark.parametrize("mem", LEVELS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", CELLS)
def test_dead_units_go_and_training_goes_on(kind, way, mem):
    small, masked = live(kind, mem, eddl.sgd(0.01, 0.9)), live(kind, mem, eddl.sgd(0.01, 0.9))
    for net in (small, masked):
        train(net, *data())
        WAYS[way](net, [1, 3])
        _core.Mask(net).apply()
    x, _ = data()
    before, expected = params_of(small), outputs_of(small, x)
    handles = [small.layers[3].params[i] for i in range(len(small.layers[3].params))]
    report = ep.simplify(small)
    cell = small.layers[3]
    assert cell.name == "cell" and channels(small, "cell", "after") == [UNITS - 2, 6]
    assert all(a is b for a, b in zip(handles, cell.params))
    assert [e["parameters"] for e in _core.layer_stats(small)] == [e.parameters_after for e in report.layers]
    kept = [0, 2, 4]
    np.testing.assert_array_equal(array(cell.params[0]), before[2][:, kept])
    np.testing.assert_array_equal(array(cell.params[-1]), before[1 + len(cell.params)][..., kept])
    assert_close(outputs_of(small, x), expected)
    for samples, steps in ((3, 6), (6, 4)):
        other, _ = data(samples, steps, seed=2)
        assert_close(outputs_of(small, other), outputs_of(masked, other))
    assert not any(layer.removed or layer.folded for layer in ep.simplify(small).layers)
    assert_train_alike_masked((small, masked), hold_zeros((small, masked)))


@pytest.mark.parametrize("kind", CELLS)
def test_inputs_of_cells_go(kind):
    """Dead ones; constants, into all biases; unread ones. What skips zeros must see all but zeros."""
    small, masked = live(kind), live(kind)
    for net in (small, masked):
        kill(net, "before", [0, 1, 2, 3], [0, -1, 0.5, 0.25])
        for weights in gates_of(net)[0]:
            weights[4] = 0
    report = ep.simplify(small)
    assert channels(small, "before") == [4 if kind == "lstm_masked" else 1]
    assert [layer.folded for layer in report.layers if layer.name == "cell"] == [
        () if kind == "lstm_masked" else (2, 3)
    ]
    for samples, steps in ((6, 4), (2, 7)):
        x, _ = data(samples, steps)
        assert_close(outputs_of(small, x), outputs_of(masked, x))
    train(small, *data())


@pytest.mark.parametrize("kind", CELLS)
def test_live_units_of_cells_go(kind):
    small, masked = live(kind), live(kind)
    ep.remove_channels(small, {"cell": [0, 3], "before": [2]})
    assert channels(small, "before", "cell") == [5, UNITS - 2]
    inputs, states, _ = gates_of(masked)
    for weights in inputs:
        weights[2] = 0
    for weights in states:
        weights[[0, 3]] = 0
    view(eddl.getLayer(masked, "after").params[0])[[0, 3]] = 0
    x, y = data()
    assert_close(outputs_of(small, x), outputs_of(masked, x))
    train(small, x, y)


def test_a_cell_that_loses_all_units_keeps_one():
    small, masked = live("gru"), live("gru")
    ep.remove_channels(small, {"cell": list(range(UNITS)), "before": list(range(6))})
    assert channels(small, "before", "cell") == [1, 1]
    view(eddl.getLayer(masked, "after").params[0])[...] = 0
    x, y = data()
    assert_close(outputs_of(small, x), outputs_of(masked, x))
    train(small, x, y)
    with pytest.raises(ep.PruneError, match=r"remove_channels: channel 0 of layer 'before' .* 'cell' skips what is 0"):
        ep.remove_channels(live("lstm_masked"), {"before": list(range(6))})


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "none"])
def test_rnn_units_are_dead_where_their_activation_leaves_zero(activation):
    def made():
        x = eddl.Input([INPUTS], "input")
        cell = eddl.RNN(x, UNITS, activation, False, False, "cell")
        net = build(eddl.Model([x], [eddl.Dense(cell, CLASSES, True, "after")]))
        silence(net, [0, 2])
        return net

    small, whole = made(), made()
    ep.simplify(small)
    assert channels(small, "cell") == [UNITS if activation == "sigmoid" else UNITS - 2]
    x, _ = data()
    assert_close(outputs_of(small, x), outputs_of(whole, x))


def test_cells_in_a_stack_and_behind_images():
    x = eddl.Input([2, 5, 5], "input")
    maps = eddl.ReLu(eddl.Conv2D(x, 4, [3, 3], [1, 1], "same", True, 1, [1, 1], "maps"))
    below = CELLS["lstm"](eddl.Flatten(eddl.MaxPool2D(maps, [5, 5], [5, 5], "none")), "below")
    above = CELLS["gru"](below, "above")
    net = build(eddl.Model([x], [eddl.Dense(above, CLASSES, True, "after")]))
    kill(net, "maps", [0, 2], [-1, 0.5])
    silence(net, [1], "below")
    silence(net, [0, 4], "above")
    frames = np.random.default_rng(0).normal(size=(3, 4, 2, 5, 5)).astype(np.float32)
    expected = outputs_of(net, frames)
    ep.simplify(net)
    assert channels(net, "maps", "below", "above") == [2, 4, 3]
    assert_close(outputs_of(net, frames), expected)
    eddl.save(net, "stack.bin", "bin")
    seed_params(net, 9)
    eddl.load(net, "stack.bin", "bin")
    assert_close(outputs_of(net, frames), expected)
    train(net, frames, np.zeros((3, 1, CLASSES), np.float32))


def test_sums_whose_operands_have_channels_of_their_own():
    def made():
        x = eddl.Input([INPUTS], "input")
        left, right = eddl.Dense(x, 6, True, "left"), eddl.Dense(x, 6, True, "right")
        cell = CELLS["lstm"](eddl.Add([left, right], "sum"))
        net = build(eddl.Model([x], [eddl.Dense(cell, CLASSES, True, "after")]), eddl.sgd(0.01, 0.9))
        x, y = data()
        train(net, x, y)
        kill(net, "left", [0, 1], [0, 0.5])
        kill(net, "right", [1, 2, 3], [0.5, 0, 0])
        _core.Mask(net).apply()
        return net

    small, whole = made(), made()
    ep.simplify(small, uneven_sums=True)
    assert channels(small, "left", "right", "sum") == [4, 3, 5]
    x, y = data()
    assert_close(outputs_of(small, x), outputs_of(whole, x))
    train(small, x, y)
    x, _ = data(3, 7)
    assert all(np.isfinite(o).all() for o in outputs_of(small, x[:, :4]))


def test_a_failure_midway_leaves_the_cell():
    net = live("lstm")
    train(net, *data())
    silence(net, [2])
    x, _ = data()
    expected, state = outputs_of(net, x), params_of(net)
    try:
        for step in range(1, 200):
            _core._fail_after(step)
            try:
                _core.simplify(net)
            except RuntimeError as error:
                assert "injected" in str(error)
                assert_same_params(state, net)
                assert_close(outputs_of(net, x), expected, 0)
            else:
                break
    finally:
        _core._fail_after(0)
    assert step > 30 and channels(net, "cell") == [UNITS - 1]


# --- what the cell stands between ---


@engine_only
def test_batch_norms_are_folded():
    x = eddl.Input([INPUTS], "input")
    h = eddl.BatchNormalization(eddl.Dense(x, 6, True, "before"), True, 0.9, 1e-3, "norm")
    h = CELLS["lstm"](eddl.ReLu(h))
    h = eddl.ReLu(eddl.BatchNormalization(eddl.Dense(h, 6, False, "after"), True, 0.9, 1e-3, "norm2"))
    net = build(eddl.Model([x], [eddl.Dense(h, CLASSES, True, "head")]))
    xs, ys = data()
    train(net, xs, ys)
    kill(net, "norm2", [0, 1], [0, 0.5])
    expected = outputs_of(net, xs)
    report = ep.simplify(net, fuse_batchnorm=True)
    assert set(report.fused) == {"norm", "norm2"}
    assert eddl.getLayer(net, "after").output.shape[1] == 4
    assert_close(outputs_of(net, xs), expected)
    train(net, xs, ys)


@engine_only
@pytest.mark.parametrize("teacher", [True, False])
def test_encoder_and_decoder(teacher):
    def made():
        x = eddl.Input([INPUTS], "input")
        encoder = CELLS["lstm"](dense(x, 6, "before"), "encoder")
        begin = eddl.Input([CLASSES], "begin")
        decoder = CELLS["lstm"]([dense(begin, 6, "fed"), eddl.GetStates(encoder)], "decoder")
        eddl.setDecoder(begin)
        net = eddl.Model([x], [eddl.Dense(dense(decoder, 6, "after"), CLASSES, True, "head")])
        net.decoder_teacher_training = teacher
        net = build(net)
        die(net)
        return net

    whole, small = made(), made()
    x, y = data(outputs=3)
    for net in (whole, small):
        train(net, x, y)
        kill(net, "after", [0, 1], -1)
        _core.Mask(net).apply()
    ep.simplify(small)
    assert eddl.getLayer(small, "after").output.shape[1] == 4
    train(whole, x, y)
    train(small, x, y)
    for name in ("before", "encoder", "fed", "decoder", "head"):
        for a, b in zip(eddl.getLayer(small, name).params, eddl.getLayer(whole, name).params):
            if a.shape == b.shape:
                np.testing.assert_allclose(array(a), array(b), rtol=1e-4, atol=1e-6)
    if not teacher:
        assert_close(outputs_of(small, x), outputs_of(whole, x), 1e-4)


# --- what prunes by itself ---


def test_fit_prunes_and_simplifies():
    net = make()
    x, y = data(samples=12)
    schedule = ep.Schedule(pwe=1, twt=0.5, granularity="channel", simplify=True, min_delta=100.0)
    history = ep.fit(net, [x], [y], validation=([x], [y]), batch_size=4, epochs=4, schedule=schedule)
    assert "pruned" in history["event"]
    assert eddl.getLayer(net, "after").output.shape[1] <= 2
    train(net, x[:4], y[:4])  # EDDL trains recurrent nets with one batch size


@pytest.mark.parametrize("criterion", ["l1", "taylor"])
def test_channels_go_by_importance(criterion):
    net = live("lstm")
    x, y = data()
    given = {"data": ([x], [y])} if criterion == "taylor" else {}
    report = ep.remove_channels(net, amount=0.85, criterion=criterion, **given)
    assert channels(net, "before", "cell", "after") == [1, 1, 1] and set(report.channels) == {"before", "cell", "after"}
    train(net, x, y)


def test_what_is_not_defined_over_time_is_refused_at_once():
    net = make()
    x, y = data()
    before = params_of(net)
    schedule = ep.Schedule(granularity="channel", criterion="sensitivity")
    with pytest.raises(ep.PruneError, match=r"^fit: layer 'cell' is recurrent: sensitivities over time"):
        ep.fit(net, [x], [y], validation=([x], [y]), batch_size=3, epochs=9, schedule=schedule)
    with pytest.raises(ep.PruneError, match=r"^remove_channels: net .* is recurrent: its latency"):
        ep.remove_channels(net, latency=1.0)
    assert_same_params(before, net)


# --- random nets ---


def fill_sparsely(net, rng):
    """Random parameters with many zeros: single weights, whole rows and columns, biases."""
    for layer in net.layers:
        for p in layer.params:
            shape = tuple(p.shape)
            value = rng.normal(size=shape) / np.sqrt(shape[0]) * (rng.random(shape) < rng.choice([0.3, 1]))
            for axis in range(len(shape)):
                line = [n if a == axis else 1 for a, n in enumerate(shape)]
                value *= rng.random(line) < rng.choice([0.4, 0.8, 1])
            view(p)[...] = value


@given(
    kinds=st.lists(st.sampled_from(["dense", "relu", "add", *CELLS]), min_size=1, max_size=5),
    seed=st.integers(0, 2**32 - 1),
    outputs=st.integers(1, 3),
)
def test_random_stacks(kinds, seed, outputs):
    x = h = eddl.Input([INPUTS], "input")
    for i, kind in enumerate(kinds):
        if kind == "dense":
            h = eddl.Dense(h, 6, i % 2 == 0)
        elif kind == "relu":
            h = dense(h, 5, "")
        elif kind == "add":
            h = eddl.Add([eddl.Dense(h, 6), eddl.Dense(h, 6)])
        else:
            h = CELLS[kind](h, f"cell{i}")
    net = build(eddl.Model([x], [eddl.Dense(CELLS["gru"](h, "last"), CLASSES)]), eddl.sgd(0.01), seed=None)
    rng = np.random.default_rng(seed)
    fill_sparsely(net, rng)
    inputs, targets = data(samples=4, steps=4, outputs=outputs, seed=seed)
    inputs *= rng.random((4, 4, 1)) < 0.7  # some are skipped where zeros are masked
    if rng.random() < 0.5:
        net.build_rnet(4, outputs)
    before = outputs_of(net, inputs)
    longer, _ = data(samples=2, steps=6, seed=seed + 1)
    expected = outputs_of(net, longer)
    planned, report = ep.plan(net), ep.simplify(net)
    assert planned.layers == report.layers
    left = [layer.parameters_after for layer in report.layers if layer.channels_after]
    assert [e["parameters"] for e in _core.layer_stats(net)] == left
    assert report.parameters_after <= report.parameters_before
    for actual, wanted in ((outputs_of(net, longer), expected), (outputs_of(net, inputs)[-1:], before[-1:])):
        for a, e in zip(actual, wanted):
            assert np.abs(a - e).max() <= 1e-5 * max(np.abs(e).max(), 1e-2)
    again = params_of(net)
    assert not any(layer.removed or layer.folded for layer in ep.simplify(net).layers)
    assert_same_params(again, net)
    train(net, inputs, targets)
