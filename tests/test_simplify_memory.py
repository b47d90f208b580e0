"""simplify takes what goes out where it lies: it needs no copies, and what is taken out is the system's again."""

from pathlib import Path

import pytest
from helpers import in_child, measures_memory

# The peak above what was there before, what the process then holds less, and what was taken out of parameters, all in
# MiB; and the largest parameter before.
PROGRAM = """
import gc
from pathlib import Path
import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
from helpers import batch_for, build, predict, train, view

def resident_mib(field):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field)) / 1024

def sizes_mib():
    return [p.size * 4 / 2**20 for layer in net.layers for p in layer.params]

def dense():  # 3 x 16 MiB
    x = h = eddl.Input([2048])
    for _ in range(3):
        h = eddl.ReLu(eddl.Dense(h, 2048))
    return eddl.Model([x], [eddl.Dense(h, 4)])

def convolutions():  # 4 x 9 MiB
    x = eddl.Input([3, 4, 4])
    h = eddl.Conv2D(x, 512, [1, 1])
    for _ in range(4):
        h = eddl.ReLu(eddl.BatchNormalization(eddl.Conv2D(h, 512, [3, 3], use_bias=False), True))
    return eddl.Model([x], [eddl.Dense(eddl.Flatten(h), 4)])

def branches():  # 3 x 16 MiB, which leave
    x = eddl.Input([2048])
    wide = x
    for k in range(3):
        wide = eddl.ReLu(eddl.Dense(wide, 2048, True, f"wide{k}"))
    joined = eddl.Concat([eddl.Dense(x, 8, True, "live"), wide])
    return eddl.Model([x], [eddl.Dense(joined, 4)])

net = build(MAKE(), OPTIMIZER)
x, y = batch_for(net, 2)
if TRAINED:
    train(net, x, y)
rng = np.random.default_rng(0)
for layer in net.layers[:-1]:
    if type(layer).__name__ in ("LConv", "LDense"):
        weights = view(layer.params[0])
        outputs = weights if weights.ndim == 4 else weights.T
        dead = {"wide2": len(outputs), "live": 0}.get(layer.name, len(outputs) // 2)
        outputs[rng.permutation(len(outputs))[:dead]] = 0
        if len(layer.params) > 1:
            view(layer.params[1])[:] = 0.1
weights = outputs = None
predict(net, x)
gc.collect()
largest, parameters, before = max(sizes_mib()), sum(sizes_mib()), resident_mib("VmRSS")
Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
ep.simplify(net, fuse_batchnorm=FUSE)
peak, after = resident_mib("VmHWM"), resident_mib("VmRSS")
assert np.isfinite(predict(net, x)).all()
result = [peak - before, before - after, parameters - sum(sizes_mib()), largest]
"""


@measures_memory
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the system does not tell peaks of memory")
@pytest.mark.parametrize(
    "optimizer, moments", [("eddl.sgd(0.001, 0.9)", 1), ("eddl.adam(0.001)", 2)], ids=["sgd", "adam"]
)
@pytest.mark.parametrize("trained", [False, True], ids=["untrained", "trained"])
@pytest.mark.parametrize(
    "make, fuse", [("dense", False), ("convolutions", False), ("convolutions", True), ("branches", False)]
)
def test_memory_is_given_back_and_none_is_needed_for_it(make, fuse, trained, optimizer, moments, tmp_path):
    program = PROGRAM.replace("MAKE", make).replace("OPTIMIZER", optimizer)
    peak, fallen, removed, largest = in_child(
        program.replace("TRAINED", str(trained)).replace("FUSE", str(fuse)), tmp_path
    )
    assert removed > 2 * largest
    # Lists of channels, code that is run for the first time; copies would be half of the largest layer each.
    assert peak < largest / 4, f"{peak:.1f} MiB"
    # Without training, gradients and moments may never have taken memory.
    expected = removed * (2 + moments if trained else 1)
    assert fallen > 0.9 * expected, f"{fallen:.1f} of {expected:.1f} MiB"
