"""Memory: smaller levels give the same numbers from less of it, and nets that are dropped give theirs back."""

import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import (
    array,
    batch_for,
    bn_convnet,
    build,
    in_child,
    lenet,
    measures_memory,
    mlp,
    params_of,
    predict,
    seed_params,
    tensor,
    train,
)
from pyeddl._core import Loss

LEVELS = ["full_mem", "mid_mem", "low_mem"]

# A net whose activations (13 x 8 MiB) dwarf its parameters and the interpreter; all deltas at once double that.
PEAK = """
import numpy as np
import pyeddl.eddl as eddl
from helpers import build, tensor

def peak_mib():  # of this program; getrusage would count the one it was forked from
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024

x = eddl.Input([8, 64, 64])
h = x
for i in range(6):
    h = eddl.ReLu(eddl.Conv2D(h, 8, [3, 3], [1, 1], "same"))
net = build(eddl.Model([x], [h]), eddl.sgd(0.001), mem="LEVEL", threads=1)
rng = np.random.default_rng(0)
xs = [tensor(rng.normal(size=(64, 8, 64, 64)))]
ys = [tensor(np.zeros((64, 8, 64, 64)))]
before = peak_mib()
for _ in range(2):
    eddl.train_batch(net, xs, ys)
result = peak_mib() - before
"""

# 200 nets of about 1 MiB with their gradients, moments and activations, trained and dropped.
DROPPED = """
import gc
import pyeddl.eddl as eddl
from helpers import batch_for, build, lenet, predict, train

def resident_mib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

def use(trained):
    net = lenet(side=16, hidden=200, filters=(8, 16))
    if trained:
        build(net, eddl.adam(0.001), "softmax_cross_entropy", "accuracy", seed=None)
        x, y = batch_for(net, 8)
        train(net, x, y)
        predict(net, x[:3])

sizes = []
for i in range(240):
    use(TRAINED)
    if i % 40 == 39:
        gc.collect()
        sizes.append(resident_mib())
result = sizes
"""

# All small nets of the conformance cases, in turn, a thousand of them after a first round of each; what lies in
# malloc's books and what is resident after every hundred.
THOUSAND = """
import ctypes
import gc
import itertools
import os
from conformance.cases import CASES
from conformance.measure import measure

# PyEDDL's newloss hands out what nobody frees.
CASES = {id: case for id, case in CASES.items() if not id.startswith("newloss")}

class Books(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Books

def sizes():
    gc.collect()
    books = libc.mallinfo2()
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return [books.uordblks + books.hblkhd, resident]

for case in CASES.values():
    measure(case)
result = []
for i, case in enumerate(itertools.islice(itertools.cycle(CASES.values()), 1000)):
    if i % 100 == 0:
        result.append(sizes())
    measure(case)
result.append(sizes())
"""


@pytest.mark.parametrize("make", [mlp, lenet, bn_convnet])
@pytest.mark.parametrize("level", LEVELS[1:])
def test_memory_levels_give_the_same_numbers(make, level):
    nets = [build(make(), eddl.adam(0.01), "softmax_cross_entropy", "accuracy", mem) for mem in ("full_mem", level)]
    x, y = batch_for(nets[0], 6)
    for net in nets:
        train(net, x, y, 3)
    for full, less in zip(params_of(nets[0]), params_of(nets[1])):
        np.testing.assert_allclose(less, full, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(predict(nets[1], x), predict(nets[0], x), rtol=1e-5, atol=1e-6)


@measures_memory
@pytest.mark.embedded_engine  # EDDL's levels are 4 % apart: the work space of its convolutions outweighs the rest
def test_smaller_memory_levels_use_less(tmp_path):
    # Large blocks come from the system and go back at once: the peak is what the engine holds, not what malloc keeps.
    straight = {"MALLOC_MMAP_THRESHOLD_": "65536"}
    full, mid, low = (in_child(PEAK.replace("LEVEL", level), tmp_path, **straight) for level in LEVELS)
    # Mid and low keep a delta only while it is needed; low also takes convolutions in parts.
    assert low < 0.95 * mid and mid < 0.75 * full, f"MiB: full {full:.0f}, mid {mid:.0f}, low {low:.0f}"


@measures_memory
@pytest.mark.embedded_engine  # EDDL leaks a little with each net
@pytest.mark.parametrize("trained", [False, True], ids=["unbuilt", "trained"])
def test_dropped_nets_give_their_memory_back(trained, tmp_path):
    sizes = in_child(DROPPED.replace("TRAINED", str(trained)), tmp_path)
    # The allocator settles within the first forty; 200 leaking nets would add hundreds of MiB, a leak of 1 % two or
    # three.
    assert sizes[-1] - sizes[0] < 2.0, f"resident MiB after every 40 nets: {np.round(sizes, 1)}"


@measures_memory
@pytest.mark.embedded_engine
def test_a_thousand_nets_of_all_kinds_give_their_memory_back(tmp_path):
    sizes = np.array(in_child(THOUSAND, tmp_path)) / 2**20
    allocated, resident = sizes.T
    # Five hundred bytes a net, kept, would be 0.5 MiB; caches that depend on what came last, and the arenas of threads,
    # make the resident size less exact.
    assert allocated[-1] - allocated[0] < 0.5, f"MiB allocated after every 100 nets: {np.round(allocated, 3)}"
    assert resident[-1] - resident[0] < 4.0, f"resident MiB after every 100 nets: {np.round(resident, 1)}"


def skipping_net():
    """A net of all that low_mem knows: chains, sums, concatenations, padding, up-sampling, identities, double reads."""
    x = eddl.Input([2, 8, 8], name="x")
    first = eddl.BatchNormalization(eddl.Conv(x, 4, [3, 3], name="conv1"), True, name="bn1")
    act = eddl.LeakyReLu(eddl.Bypass(eddl.Bypass(first, "", "same1"), "", "same2"), 0.1, name="act1")
    half = eddl.MaxPool(act, [2, 2], [2, 2], name="pool1")
    inner = eddl.BatchNormalization(eddl.Conv(half, 4, [3, 3], name="conv2"), True, name="bn2")
    added = eddl.Add([inner, half], name="add")
    relu = eddl.ReLu(added, name="relu")
    padded = eddl.Pad(relu, [1, 1], name="pad")
    conv = eddl.Elu(eddl.Conv(padded, 3, [3, 3], padding="valid", name="conv3"), 1.0, name="elu")
    up = eddl.UpSampling(conv, [2, 2], name="up")
    joined = eddl.Softplus(eddl.Concat([act, up], name="concat"), name="softplus")
    dropped = eddl.Dropout(joined, 0.0, name="dropout")
    out = eddl.Softmax(eddl.Dense(eddl.Flatten(dropped, name="flat"), 3, name="fc"), name="out")
    return eddl.Model([x], [out])


# After a training batch: hidden outputs that no backward reads.
GONE_IN_TRAINING = {"bn1", "same1", "same2", "bn2", "add", "conv3", "up", "fc"}
# After a prediction: all hidden ones but those that a view shares, or that the net was given.
KEPT_IN_PREDICTION = {"x", "dropout", "flat", "out"}


def skipping_nets(levels):
    nets = [build(skipping_net(), eddl.sgd(0.05, 0.9), "softmax_cross_entropy", "accuracy", mem) for mem in levels]
    for net in nets:
        seed_params(net)
    return nets


def without_output(net):
    return {layer.name for layer in net.layers if layer.output.shape[0] == 0}


@pytest.mark.embedded_engine
def test_low_mem_keeps_only_the_outputs_that_are_read():
    full, low = skipping_nets(["full_mem", "low_mem"])
    x, y = batch_for(full, 6)
    for size in (6, 4, 6):
        for net in (full, low):
            train(net, x[:size], y[:size], 2)
        assert without_output(low) == GONE_IN_TRAINING and not without_output(full)
        for expected, got in zip(params_of(full), params_of(low)):
            np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(predict(low, x[:3]), predict(full, x[:3]), rtol=1e-4, atol=1e-5)
        assert without_output(low) == {layer.name for layer in low.layers} - KEPT_IN_PREDICTION
    eddl.evaluate(low, [tensor(x)], [tensor(y)], 4)
    assert without_output(low) == {layer.name for layer in low.layers} - KEPT_IN_PREDICTION
    for net in (full, low):
        predict(net, x[:5])
    # Who looks gets it all the same.
    for name in GONE_IN_TRAINING:
        expected, got = (array(eddl.getOutput(eddl.getLayer(net, name))) for net in (full, low))
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.embedded_engine
def test_forward_keeps_all_outputs_at_low_mem():
    full, low = skipping_nets(["full_mem", "low_mem"])
    x, y = batch_for(full, 5)
    train(low, x, y)
    train(full, x, y)
    with pytest.raises(ValueError, match=r"getOutput.*'bn1'.*low_mem"):
        eddl.getOutput(eddl.getLayer(low, "bn1"))
    for net in (full, low):
        eddl.set_mode(net, 1)
        eddl.zeroGrads(net)
        eddl.forward(net, [tensor(x)])
    for layer, other in zip(full.layers, low.layers):
        np.testing.assert_allclose(array(eddl.getOutput(other)), array(layer.output), rtol=1e-4, atol=1e-5)
    # All else of a step by hand works as ever.
    for net in (full, low):
        eddl.backward(net, [tensor(y)])
        eddl.update(net)
    for expected, got in zip(params_of(full), params_of(low)):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.embedded_engine
def test_low_mem_keeps_what_another_net_reads():
    x = eddl.Input([2, 4, 4])
    hidden = eddl.BatchNormalization(eddl.Conv(x, 3, [3, 3]), True, name="shared")
    net = build(eddl.Model([x], [eddl.Softmax(eddl.Dense(eddl.Flatten(eddl.ReLu(hidden)), 2))]), mem="low_mem")
    end = eddl.Sigmoid(hidden)  # whoever made it may build a net of it at any time
    xs, ys = batch_for(net, 3)
    train(net, xs, ys)
    predict(net, xs)
    assert eddl.getLayer(net, "shared").output.shape[0] == 3
    eddl.Model([x], [end])


@pytest.mark.embedded_engine
def test_low_mem_keeps_the_memory_of_an_identity_that_is_an_output():
    x = eddl.Input([2, 4, 4])
    hidden = eddl.BatchNormalization(eddl.Conv(x, 3, [3, 3]), True, name="shared")
    end = eddl.Bypass(hidden, "", "end")
    net = build(eddl.Model([x], [end, eddl.Flatten(eddl.ReLu(hidden))]), mem="low_mem")
    images = np.random.default_rng(0).normal(size=(3, 2, 4, 4)).astype(np.float32)
    first, flat = (array(t) for t in eddl.predict(net, [tensor(images)]))
    np.testing.assert_array_equal(array(eddl.getLayer(net, "shared").output), first)
    np.testing.assert_array_equal(np.maximum(first, 0).reshape(3, -1), flat)


@pytest.mark.embedded_engine
def test_what_python_measures_may_look_at_released_outputs():
    """A loss in Python runs between forward and backward, and may touch any layer."""
    shapes = []

    class Watching(Loss):
        def __init__(self):
            Loss.__init__(self, "watching")

        def value(self, t, y):
            shapes.append([np.asarray(layer.output).shape[0] for layer in net.layers])
            return 0.0

        def delta(self, t, y, d):
            np.asarray(d)[...] = np.asarray(y) - np.asarray(t)

    net = skipping_net()
    loss, metric = Watching(), eddl.getMetric("accuracy")
    net.build(eddl.sgd(0.01), [loss], [metric], eddl.CS_CPU(2, "low_mem"))
    seed_params(net)
    x, y = batch_for(net, 4)
    train(net, x, y)
    assert set(shapes[0]) == {0, 4}
