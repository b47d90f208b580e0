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
from helpers import array, assert_same_params, build, params_of, seed_params, tensor, train, view
from test_simplify_graphs import kill

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
    assert planned.layers == report.layers and "recurrent" in planned.pinned["cell"]
    assert eddl.getLayer(net, "after").output.shape[1] == 2
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
    with pytest.raises(ep.PruneError, match="channel 1 must stay: a recurrent layer"):
        ep.remove_channels(small, {"cell": [1]})
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
    try:
        for step in range(1, 100):
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
    assert step > 4
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
    net = make()
    x, y = data()
    given = {"data": ([x], [y])} if criterion == "taylor" else {}
    report = ep.remove_channels(net, amount=0.85, criterion=criterion, **given)
    assert eddl.getLayer(net, "after").output.shape[1] == 1 and set(report.channels) == {"after"}
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
