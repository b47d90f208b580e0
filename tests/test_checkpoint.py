"""Interrupted and resumed runs: bit by bit what a run without interruption is; damaged checkpoints are told."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import eddl_prune as ep
import helpers
import numpy as np
import pyeddl.eddl as eddl
import pytest
from eddl_prune import _core
from eddl_prune._checkpoint import Checkpoint
from eddl_prune._structure import Structure
from test_frozen_state import OPTIMIZERS

BATCH = 10


def data():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(50, 8)).astype(np.float32)
    y = np.eye(4, dtype=np.float32)[(x @ rng.normal(size=(8, 4))).argmax(1)]
    return x, y


def built(optimizer=None, net=None):
    """The same net each time; the usual one is trained a little, since an untrained one loses nothing by losing all."""
    # One thread: EDDL's sums then are the same each time.
    built_net = helpers.build(
        net or helpers.mlp(hidden=(16, 14)),
        optimizer or ep.LOBSTER(eddl.sgd(0.05, 0.9), 1e-3),
        "softmax_cross_entropy",
        "categorical_accuracy",
        threads=1,
    )
    if net is None:
        helpers.train(built_net, *data(), steps=30)
    return built_net


def data_for(net):
    x, y = data()
    return (x if net.layers[0].input.shape[1:] == [8] else np.tile(x.reshape(-1, 2, 2, 2), (1, 1, 6, 6))), y


def fit(net, **options):
    x, y = data_for(net)
    options = {"batch_size": BATCH, "epochs": 9, "progress": False, **options}
    return ep.fit(net, [x[:40]], [y[:40]], validation=([x[40:]], [y[40:]]), **options)


def timeless(history):
    return {name: values for name, values in history.items() if name != "seconds"}


def state_of(net):
    snapshot = _core.Snapshot(net)
    return snapshot.arrays(), snapshot.step_count, snapshot.learning_rate


def assert_same_run(straight, resumed, net, other):
    assert timeless(straight) == timeless(resumed)
    assert list(straight) == list(resumed)
    assert straight.ended_by == resumed.ended_by
    (arrays, *numbers), (others, *other_numbers) = state_of(net), state_of(other)
    assert numbers == other_numbers
    assert arrays.keys() == others.keys()
    for name, values in arrays.items():
        assert values.tobytes() == others[name].tobytes(), name


# Batch-wise pruning of channels that really go, with a cyclic learning rate.
HARD = {
    "schedule": ep.Schedule(pwe=1, twt=0.2, granularity="channel", every=3, patience=99, simplify=True),
    "learning_rate": ep.Cycle(0.001, 0.05, 1.5, "triangular"),
}
RUNS = {
    "plain": {},
    "pruning": {"schedule": ep.Schedule(pwe=1, twt=0.3)},
    "no shuffling": {"shuffle": False, "schedule": ep.Schedule(pwe=0, twt=0.1, patience=99)},
    "hard": HARD,
}


@pytest.mark.parametrize("options", RUNS.values(), ids=RUNS)
@pytest.mark.parametrize("stop", [1, 2, 5])
def test_a_resumed_run_is_the_run_that_was_not_stopped(options, stop, tmp_path):
    net = built()
    straight = fit(net, **options)
    fit(built(), epochs=stop, checkpoint=tmp_path / "run", **options)
    other = built()
    resumed = fit(other, checkpoint=tmp_path / "run", resume=True, **options)
    assert_same_run(straight, resumed, net, other)
    if options is HARD and stop == 2:  # then what makes it hard has happened, before the stop and after
        assert ep.stats(built()).parameters > straight["parameters"][2 * stop - 1] > straight["parameters"][-1]


@pytest.mark.parametrize("name", helpers.on_either_engine(OPTIMIZERS))
def test_with_every_optimizer(name, tmp_path):
    options = {"schedule": ep.Schedule(pwe=1, twt=0.3), "epochs": 6}
    net, other = built(OPTIMIZERS[name]()), built(OPTIMIZERS[name]())
    straight = fit(net, **options)
    fit(built(OPTIMIZERS[name]()), **{**options, "epochs": 3}, checkpoint=tmp_path)
    assert_same_run(straight, fit(other, **options, checkpoint=tmp_path, resume=True), net, other)


# EDDL's batch norm does not repeat its own numbers.
@pytest.mark.parametrize(
    "make", [helpers.lenet, pytest.param(helpers.bn_convnet, marks=pytest.mark.embedded_engine, id="batch norm")]
)
def test_with_convolutions_and_running_statistics(make, tmp_path):
    options = {"schedule": ep.Schedule(pwe=1, twt=0.5, granularity="channel", simplify=True), "epochs": 6}

    def net_():
        return built(eddl.adam(0.01), make(side=12, channels=2))

    net, other = net_(), net_()
    straight = fit(net, **options)
    fit(net_(), **{**options, "epochs": 3}, checkpoint=tmp_path)
    assert_same_run(straight, fit(other, **options, checkpoint=tmp_path, resume=True), net, other)


def residual(normed):
    """Two blocks on one trunk, trained; prunes to sums whose operands have channels of their own."""

    def conv(layer, filters):
        layer = eddl.Conv2D(layer, filters, [3, 3], [1, 1], "same", True)
        return eddl.BatchNormalization(layer, True, 0.5) if normed else layer

    x = eddl.Input([2, 12, 12], "input")
    layer = eddl.ReLu(conv(x, 8))
    for _ in range(2):
        layer = eddl.ReLu(eddl.Add([layer, conv(eddl.ReLu(conv(layer, 6)), 8)]))
    pooled = eddl.Flatten(eddl.GlobalAveragePool2D(layer))
    return eddl.Model([x], [eddl.Softmax(eddl.Dense(pooled, 4), -1)])


RESIDUAL_RUNS = {
    "plain, sgd": (False, lambda: eddl.sgd(0.05, 0.9), 0.02),
    "plain, adam": (False, lambda: eddl.adam(0.005), 0.02),
    "batch norm, sgd": (True, lambda: eddl.sgd(0.01, 0.9), 0.1),
    "batch norm, SeReNe": (True, lambda: ep.SeReNe(eddl.sgd(0.01, 0.9), lmbda=1e-4), 0.1),
}


@pytest.mark.embedded_engine  # on EDDL, sums stay even
@pytest.mark.parametrize("stop", [2, 4])
@pytest.mark.parametrize("run", RESIDUAL_RUNS)
def test_a_residual_net_with_uneven_sums_is_resumed(run, stop, tmp_path):
    normed, optimizer, tolerance = RESIDUAL_RUNS[run]

    def net_():
        net = built(optimizer(), residual(normed))
        helpers.train(net, *data_for(net), steps=60)
        return net

    def uneven(net):
        return [sums for _, sums in sorted(_core.sum_structures(net).items())]

    schedule = ep.Schedule(pwe=0, twt=tolerance, granularity="channel", patience=99, simplify=True)
    net, stopped, other = net_(), net_(), net_()
    straight = fit(net, schedule=schedule, epochs=8)
    fit(stopped, schedule=schedule, epochs=stop, checkpoint=tmp_path)
    assert len(uneven(stopped)) > 0 == len(uneven(other))
    resumed = fit(other, schedule=schedule, epochs=8, checkpoint=tmp_path, resume=True)
    assert_same_run(straight, resumed, net, other)
    shapes = [[layer.output.shape[1:] for layer in each.layers] for each in (net, other, stopped)]
    assert shapes[0] == shapes[1] != shapes[2]  # more went after the stop
    if normed:
        assert any(sums["constants"] for sums in uneven(net))


def folded():
    """A net whose batch norms became part of its convolutions before any run."""
    net = built(eddl.sgd(0.02, 0.9), helpers.bn_convnet(side=12, channels=2))
    ep.simplify(net, fuse_batchnorm=True)
    helpers.train(net, *data_for(net), steps=60)
    return net


FOLDED_RUN = {"schedule": ep.Schedule(pwe=0, twt=0.1, granularity="channel", patience=99, simplify=True)}


def test_a_folded_net_is_resumed_in_another_process(tmp_path):
    net, other = folded(), folded()
    straight = fit(net, **FOLDED_RUN)
    tests = os.path.dirname(__file__)
    first = f"""
        import sys
        sys.path.insert(0, {tests!r})
        import test_checkpoint as t
        result = t.fit(t.folded(), epochs=2, checkpoint="run", **t.FOLDED_RUN)["parameters"]
    """
    before = helpers.in_child(first, tmp_path)
    resumed = fit(other, checkpoint=tmp_path / "run", resume=True, **FOLDED_RUN)
    assert_same_run(straight, resumed, net, other)
    assert ep.stats(folded()).parameters > before[-1] == straight["parameters"][1] > straight["parameters"][-1]
    for batch in (1, 7):
        x, _ = helpers.batch_for(net, batch)
        np.testing.assert_array_equal(helpers.predict(net, x), helpers.predict(other, x))
    whole = built(eddl.sgd(0.02, 0.9), helpers.bn_convnet(side=12, channels=2))
    refused(
        tmp_path / "run",
        r"layer 2 began as \['Layer', \[\]\], here it is \['LBatchNorm', .*; build the net as",
        whole,
        **FOLDED_RUN,
    )


def test_lambda_and_zeros_held_from_the_start_are_resumed(tmp_path):
    def run(epochs, resume=False, **options):
        net = built()
        if not resume:
            ep.threshold(net, 0.05)
        optimizer = net.optimizer
        decay = lambda epoch, logs: optimizer.set_lambda(1e-3 / epoch)  # noqa: E731
        return net, fit(net, epochs=epochs, callbacks=[decay], keep_zeros=True, resume=resume, **options)

    net, straight = run(5)
    run(2, checkpoint=tmp_path)
    other, resumed = run(5, True, checkpoint=tmp_path)  # whose own zeros are none
    assert_same_run(straight, resumed, net, other)
    assert straight["sparsity"][-1] > 0


def test_the_same_net_goes_on_after_an_interruption(tmp_path):
    """In the same process, though it has shrunk."""
    net, other = built(), built()
    straight = fit(net, **HARD)

    def interrupt(epoch, logs):
        if logs["event"] == "improved" and logs["parameters"] < ep.stats(built()).parameters:
            raise KeyboardInterrupt

    with_interrupt = fit(other, **HARD, checkpoint=tmp_path, callbacks=[interrupt])
    assert with_interrupt.ended_by == "interrupt"
    assert ep.stats(other).parameters < ep.stats(built()).parameters
    assert_same_run(straight, fit(other, **HARD, checkpoint=tmp_path, resume=True), net, other)


def test_a_run_that_is_over_stays_so(tmp_path):
    options = {"schedule": ep.Schedule(pwe=1, target_sparsity=0, min_delta=1e9), "epochs": 50, "checkpoint": tmp_path}
    first = fit(built(), **options)
    assert first.ended_by == "schedule"
    calls = []
    again = fit(built(), **options, resume=True, callbacks=[lambda *arguments: calls.append(arguments)])
    assert (dict(again), again.ended_by, calls) == (dict(first), "schedule", [])


def test_more_epochs_than_at_first(tmp_path):
    net, other = built(), built()
    straight = fit(net, epochs=7)
    for epochs in (2, 4, 4, 7):
        resumed = fit(built(), epochs=epochs, checkpoint=tmp_path, resume=True)  # the first time there is none
        assert resumed["epoch"] == list(range(1, epochs + 1))
    assert_same_run(straight, fit(other, epochs=7, checkpoint=tmp_path, resume=True), net, other)


@pytest.mark.embedded_engine  # EDDL's random numbers cannot be set
def test_dropout_goes_on_with_the_same_numbers(tmp_path):
    def dropping():
        x = eddl.Input([8])
        layer = eddl.Dropout(eddl.ReLu(eddl.Dense(x, 16)), 0.4)
        return built(None, eddl.Model([x], [eddl.Softmax(eddl.Dense(layer, 4))]))

    net, other, first = dropping(), dropping(), dropping()
    _core.set_random_state(77)
    straight = fit(net, epochs=4)
    _core.set_random_state(77)
    fit(first, epochs=2, checkpoint=tmp_path)
    _core.set_random_state(123)
    assert_same_run(straight, fit(other, epochs=4, checkpoint=tmp_path, resume=True), net, other)


PROGRAM = """
import sys
sys.path.insert(0, {tests!r})
import test_checkpoint as t
print("ready", flush=True)
net = t.built()
history = t.fit(net, **t.HARD, epochs=40, checkpoint="run", resume=True)
import numpy as np
np.savez("end.npz", **t.state_of(net)[0])
history.to_json("history.json")
"""


def test_a_run_that_is_killed_again_and_again(tmp_path):
    """By SIGKILL, at any time, also while it writes; each time a new process takes over."""
    program = PROGRAM.format(tests=os.path.dirname(__file__))
    environment = helpers.python_environment()
    kills = 0
    for _ in range(60):
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.stdout.readline()
        if kills < 3:
            time.sleep(0.02 + 0.03 * kills)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
        _, errors = process.communicate(timeout=120)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, errors.decode()
    assert kills == 3
    net = built()
    straight = fit(net, **HARD, epochs=40)
    resumed = ep.History.from_json(tmp_path / "history.json")
    assert timeless(straight) == timeless(resumed)
    with np.load(tmp_path / "end.npz") as stored:
        for name, values in state_of(net)[0].items():
            assert values.tobytes() == stored[name].tobytes(), name
    assert sorted(path.name for path in (tmp_path / "run").iterdir())[1:] == ["checkpoint.json"]


# --- structure ---


def grouped():
    x = eddl.Input([6, 6, 6])
    layer = eddl.ReLu(eddl.Conv2D(x, 8, [3, 3], [1, 1], "valid", True, 1, [1, 1], "first"))
    layer = eddl.ReLu(eddl.Conv2D(layer, 8, [3, 3], [1, 1], "valid", True, 4, [1, 1], "grouped"))
    return eddl.Model([x], [eddl.Softmax(eddl.Dense(eddl.Flatten(layer), 4, True, "dense"))])


def removed_by(report, net):
    """What went, by the names that the layers have in another net."""
    return {layer.name: list(removal.removed) for layer, removal in zip(net.layers, report.layers)}


def test_the_removals_of_simplify_are_repeated_on_an_equal_net():
    for make, dead in (
        (lambda: helpers.mlp(hidden=(10, 9)), {"dense1": [0, 3, 4], "dense2": [8]}),
        (lambda: helpers.lenet(), {"conv1": [1], "conv2": [0, 5], "dense1": [2, 3]}),
        (lambda: helpers.bn_convnet(), {"conv1": [2]}),
    ):
        net, other = built(None, make()), built(None, make())
        _core.zero_channels(net, dead)
        report = ep.simplify(net)
        _core.remove_again(other, removed_by(report, other))
        assert [p.shape for layer in other.layers for p in layer.params] == [
            p.shape for layer in net.layers for p in layer.params
        ]
        x, y = helpers.batch_for(other)
        helpers.train(other, x, y)


def test_removals_are_repeated_on_a_folded_net():
    net, other = folded(), folded()
    dead = {"conv1": [2, 3], "conv2": [0]}
    _core.zero_channels(net, dead, True)
    report = ep.simplify(net)
    assert report.channels_removed["bn1"] == (2, 3)
    _core.remove_again(other, removed_by(report, other))
    eddl.save(net, "net.bin", "bin")
    eddl.load(other, "net.bin", "bin")
    x, y = helpers.batch_for(other, 5)
    np.testing.assert_array_equal(helpers.predict(other, x), helpers.predict(net, x))
    for one in (net, other):
        assert eddl.getLayer(one, "bn1").output.shape == eddl.getLayer(one, "conv1").output.shape == [5, 4, 12, 12]
        helpers.train(one, x, y, 3)
    helpers.assert_same_params(helpers.params_of(net), other)


@pytest.mark.embedded_engine  # EDDL refuses groups on a CPU
def test_groups_are_removed_again():
    net, other = built(None, grouped()), built(None, grouped())
    _core.zero_channels(net, {"first": [2, 3], "grouped": [2, 3]})
    report = ep.simplify(net)
    assert report.parameters_removed > 0
    _core.remove_again(other, removed_by(report, other))
    assert [p.shape for layer in other.layers for p in layer.params] == [
        p.shape for layer in net.layers for p in layer.params
    ]
    with pytest.raises(ValueError, match="layer 'grouped' would have uneven groups"):
        _core.remove_again(built(None, uneven := grouped()), relu_too(uneven, "first", [0]))


def relu_too(net, name, channels):
    """The same channels of a layer and of the activation behind it."""
    position = next(i for i, layer in enumerate(net.layers) if layer.name == name)
    return {name: channels, net.layers[position + 1].name: channels}


@pytest.mark.parametrize(
    ("removed", "error", "message"),
    [
        ({"dense1": [0]}, ValueError, r"layer '.*': channel 0 cannot go or stay alone"),
        ({"dense9": [0]}, ValueError, "dense9"),
        ({"dense1": [99]}, IndexError, "layer 'dense1': channel 99; there are 16"),
        ({"dense1": [-1]}, IndexError, "layer 'dense1': channel -1; there are 16"),
        ({"dense3": [0]}, ValueError, "channel 0 cannot go or stay alone"),
        (
            {"dense1": list(range(16)), "relu": list(range(16))},
            ValueError,
            "layer 'dense2' cannot do without the inputs that it would lose",
        ),
    ],
    ids=["alone", "unknown", "beyond", "negative", "output", "all"],
)
def test_removals_that_cannot_be(removed, error, message):
    net = built()
    if "relu" in removed:
        removed = relu_too(net, "dense1", removed["dense1"])
    before = helpers.params_of(net)
    with pytest.raises(error, match=f"^remove_again: .*{message}"):
        _core.remove_again(net, removed)
    helpers.assert_same_params(before, net)


# --- checkpoints of versions before layers could leave a net ---


def in_the_old_layout(structure):
    """What that version wrote of a structure: it knew of channels alone. Each layer stays, in its position."""
    assert structure["positions"] == list(range(len(structure["layers_at_start"]))) and not structure["lost_inputs"]
    return {key: structure[key] for key in ("layers_at_start", "layers", "removed")}


def write_in_the_old_layout(directory):
    """Replaces a checkpoint by what the old version would have written; returns the structure in it."""
    document = json.loads((directory / "checkpoint.json").read_text())
    structure = document["run"]["structure"] = in_the_old_layout(document["run"]["structure"])
    compact = json.dumps(document["run"], sort_keys=True, separators=(",", ":"))
    document["run_sha256"] = hashlib.sha256(compact.encode()).hexdigest()
    (directory / "checkpoint.json").write_text(json.dumps(document))
    return structure


OLD_RUNS = {
    "channels": (lambda: built(), HARD),
    "uneven sums": (
        lambda: built(eddl.adam(0.005), residual(False)),
        {"schedule": ep.Schedule(pwe=0, twt=0.02, granularity="channel", patience=99, simplify=True)},
    ),
}


def is_of_an_old_run(directory, uneven):
    """Whether channels have gone, but no layers; sums are uneven or not."""
    structure = json.loads((directory / "checkpoint.json").read_text())["run"]["structure"]
    stay = structure["positions"] == list(range(len(structure["layers_at_start"]))) and not structure["lost_inputs"]
    return stay and structure["removed"] and any(layer[2:] for layer in structure["layers"]) == uneven


@pytest.mark.parametrize(
    "name",
    ["channels", pytest.param("uneven sums", marks=pytest.mark.embedded_engine)],  # EDDL's sums stay even
)
def test_a_run_of_an_old_version_is_resumed(name, tmp_path):
    make, options = OLD_RUNS[name]

    def net_():
        net = make()
        helpers.train(net, *data_for(net), steps=60)
        return net

    net, other = net_(), net_()
    straight = fit(net, **options)
    for stop in range(1, 6):  # rounding decides which layers leave when
        directory = tmp_path / str(stop)
        fit(net_(), epochs=stop, checkpoint=directory, **options)
        if is_of_an_old_run(directory, uneven=name == "uneven sums"):
            break
    structure = write_in_the_old_layout(directory)
    assert structure["removed"] and structure["layers"] != structure["layers_at_start"]
    resumed = fit(other, checkpoint=directory, resume=True, **options)
    assert_same_run(straight, resumed, net, other)
    document = json.loads((directory / "checkpoint.json").read_text())
    assert {"positions", "lost_inputs"} <= document["run"]["structure"].keys()  # what is written from then on


def branched():
    """A trunk and a dead branch, of which the old version kept one channel."""
    x = eddl.Input([8], "input")
    trunk = eddl.ReLu(eddl.Dense(x, 6, True, "trunk"), "trunk_relu")
    branch = eddl.Dense(eddl.Dense(x, 5, True, "first"), 4, True, "last")
    net = built(None, eddl.Model([x], [eddl.Dense(eddl.Concat([trunk, branch], 0, "merge"), 4, True, "head")]))
    _core.zero_channels(net, {"last": [0, 1, 2, 3], "trunk": [5]}, True)
    return net


def test_layers_leave_after_a_structure_of_an_old_version():
    old, other, third = branched(), branched(), branched()
    removed = {"trunk": [5], "trunk_relu": [5], "first": [1, 2, 3, 4], "last": [1, 2, 3], "merge": [5, 7, 8, 9]}
    started = Structure(old).state()
    _core.remove_again(old, removed)
    names = [layer.name for layer in other.layers]
    state = {
        "layers_at_start": started["layers_at_start"],
        "layers": Structure(old).state()["layers"],
        "removed": {str(names.index(name)): gone for name, gone in removed.items()},
    }
    structure = Structure(other)
    structure.restore(json.loads(json.dumps(state)))
    assert in_the_old_layout(structure.state()) == state
    eddl.save(old, "old.bin", "bin")
    eddl.load(other, "old.bin", "bin")
    x, y = data()
    expected = helpers.predict(old, x)
    np.testing.assert_array_equal(helpers.predict(other, x), expected)
    structure.simplify()
    np.testing.assert_allclose(helpers.predict(other, x), expected, rtol=1e-5, atol=1e-6)
    assert [layer.name for layer in other.layers] == ["input", "trunk", "trunk_relu", "merge", "head"]
    handles = list(third.layers)
    Structure(third).restore(json.loads(json.dumps(structure.state())))
    assert len(third.layers) == len(other.layers) < len(handles)
    helpers.assert_same_layers(handles, third)
    eddl.save(other, "new.bin", "bin")
    eddl.load(third, "new.bin", "bin")
    np.testing.assert_array_equal(helpers.predict(third, x), helpers.predict(other, x))
    helpers.train(third, x, y)


# --- what is refused ---


@pytest.fixture
def stored(tmp_path):
    directory = tmp_path / "run"
    fit(built(), epochs=2, checkpoint=directory)
    return directory


def refused(directory, message, net=None, **options):
    net = net or built()
    before = helpers.params_of(net)
    with pytest.raises(ValueError, match=message):
        fit(net, checkpoint=directory, **{"resume": True, **options})
    helpers.assert_same_params(before, net)


def test_a_checkpoint_is_not_overwritten_by_mistake(stored):
    refused(stored, r"^fit: there is a checkpoint in .*; give resume=True, or another directory$", resume=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 5}, "is of a run with batch_size = 10, this one has 5"),
        ({"seed": 1}, "is of a run with seed = 0, this one has 1"),
        ({"schedule": ep.Schedule()}, "is of a run with schedule = None, this one has {'pwe': 5"),
        ({"learning_rate": ep.Cycle(0, 1)}, "is of a run with learning_rate = None, this one has {'low': 0"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_other_arguments(stored, options, message):
    refused(stored, rf"^fit: checkpoint .* {message}", **options)


def test_another_optimizer_net_or_data(stored):
    refused(stored, "optimizer = LOBSTER", built(eddl.adam(0.01)))
    refused(
        stored,
        r"a net whose layer 1 began as \['LDense', \[\[8, 16\], \[16\]\]\], here it is",
        built(None, helpers.mlp(hidden=(15, 14))),
    )
    refused(stored, "a net whose layer 5 began as", built(None, helpers.mlp(hidden=(16, 14, 3))))
    x, y = data()
    with pytest.raises(ValueError, match="with checksum of x and y = "):
        ep.fit(
            built(), [x[:40]], [y[1:41]], validation=([x[40:]], [y[40:]]), batch_size=10, checkpoint=stored, resume=True
        )


def corrupt(path, at=0.5):
    content = bytearray(path.read_bytes())
    content[int(at * (len(content) - 1))] ^= 0x20
    path.write_bytes(content)


@pytest.mark.parametrize("at", [0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("file", ["arrays", "document"])
def test_a_flipped_bit(stored, at, file):
    corrupt(stored / "checkpoint.json" if file == "document" else next(stored.glob("arrays-*.npz")), at)
    refused(stored, "^checkpoint .* is damaged: ")


def test_files_that_are_cut_off_or_missing(stored):
    arrays = next(stored.glob("arrays-*.npz"))
    content = arrays.read_bytes()
    arrays.write_bytes(content[: len(content) // 2])
    refused(stored, r"^checkpoint .* is damaged: the checksum of arrays-8.npz is wrong$")
    arrays.unlink()
    refused(stored, "^checkpoint .* is damaged: .*No such file")
    document = stored / "checkpoint.json"
    document.write_text("{}")
    refused(stored, "^checkpoint .* is damaged: checkpoint.json lacks parts")
    document.write_text("")
    refused(stored, "^checkpoint .* is damaged: ")


def test_another_version(stored):
    document = json.loads((stored / "checkpoint.json").read_text())
    document["version"] = 3
    (stored / "checkpoint.json").write_text(json.dumps(document))
    refused(stored, r"^checkpoint .*: version 3; this eddl_prune reads 2$")


def test_a_disk_that_is_full_leaves_the_checkpoint_before(stored, monkeypatch):
    def fail(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="No space left"):
        fit(built(), checkpoint=stored, resume=True)
    assert sorted(path.name for path in stored.iterdir()) == ["arrays-8.npz", "checkpoint.json"]
    monkeypatch.undo()
    assert fit(built(), epochs=3, checkpoint=stored, resume=True)["epoch"] == [1, 2, 3]


def test_numbers_survive_the_document(tmp_path):
    checkpoint = Checkpoint(tmp_path)
    run = {"a": 0.1 + 0.2, "b": [2**127, None, "x"], "c": {"d": float(np.float32(0.1))}}
    arrays = {"x/1.0": np.arange(6, dtype=np.float32).reshape(2, 3), "m": np.array([1, 0], np.uint8)}
    checkpoint.save(3, run, arrays)
    loaded, values = checkpoint.load()
    assert loaded == run
    assert values.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(values[name], array)
        assert values[name].dtype == array.dtype
