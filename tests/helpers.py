"""What the tests share: small nets, seeded parameters, copies to compare. Works on either engine through PyEDDL."""

import functools
import json
import os
import subprocess
import sys
import textwrap
from itertools import compress
from pathlib import Path

import numpy as np
import pyeddl.eddl as eddl
import pytest
from pyeddl.tensor import Tensor

# Two threads everywhere: enough to exercise the parallel code, and sums split the same way on every machine.
THREADS = 2


# --- which engine ---


@functools.cache
def engine_name() -> str:
    """ "EDDL" or "embedded": the library that the installed PyEDDL runs on."""
    try:
        import eddl_prune
    except ImportError:
        # Without our extension only behaviour tells: EDDL's Subtract layer adds (a defect that its last release keeps).
        a, b = eddl.Input([1]), eddl.Input([1])
        net = eddl.Model([a, b], [eddl.Subtract([a, b])])
        eddl.build(net, eddl.sgd(0.1), ["mse"], ["mse"], eddl.CS_CPU(1))
        (y,) = eddl.predict(net, [tensor([[1.0]]), tensor([[1.0]])])
        return "EDDL" if y.getdata()[0, 0] == 2.0 else "embedded"
    return eddl_prune.engine_info()["engine"]


@functools.cache
def has_onnx() -> bool:
    """Whether the engine was built with protobuf, without which it reads and writes no ONNX."""
    try:
        eddl.serialize_net_to_onnx_string(build(mlp()), False)
    except RuntimeError as error:
        if "built: without protobuf" in str(error):
            return False
        raise
    return True


def is_sanitized() -> bool:
    """Whether this process runs under the address sanitizer, as `make sanitize` has it."""
    return "libasan" in os.environ.get("LD_PRELOAD", "")


measures_memory = pytest.mark.skipif(is_sanitized(), reason="sanitizers take memory of their own")


# --- tensors ---


def tensor(values) -> Tensor:
    """A tensor with these values (PyEDDL takes 1-D arrays as shapes unless they are float32)."""
    return Tensor.fromarray(np.ascontiguousarray(values, dtype=np.float32))


def array(t) -> np.ndarray:
    """A copy of a tensor's values."""
    return t.getdata()


def view(t) -> np.ndarray:
    """A writable view of a CPU tensor's memory; it dangles once the tensor is resized."""
    return np.array(t, copy=False)


# --- parameters ---


def params_of(net) -> list:
    """Copies of all parameters of a net, running statistics included, in layer order."""
    return [array(p) for layer in net.layers for p in layer.params]


def named_params(net) -> dict:
    """The same as params_of, keyed "layer/index"."""
    return {f"{layer.name}/{i}": array(p) for layer in net.layers for i, p in enumerate(layer.params)}


def gradients_of(net) -> dict:
    """Copies of the gradients of all trainable parameters, keyed "layer/index"."""
    return {f"{layer.name}/{i}": array(g) for layer in net.layers for i, g in enumerate(layer.gradients)}


def assert_same_params(expected, actual) -> None:
    """Bit-identical parameters; each side is a net or a list made by params_of."""
    expected, actual = (p if isinstance(p, list) else params_of(p) for p in (expected, actual))
    assert len(expected) == len(actual), f"{len(expected)} parameters before, {len(actual)} after"
    for i, (a, b) in enumerate(zip(expected, actual)):
        assert a.shape == b.shape, f"parameter {i}: shape {a.shape} became {b.shape}"
        np.testing.assert_array_equal(a.view(np.int32), b.view(np.int32), err_msg=f"parameter {i} differs")


def set_params(net, values) -> None:
    """Writes a list as params_of returns it into a built net."""
    tensors = [p for layer in net.layers for p in layer.params]
    assert len(tensors) == len(values)
    for t, v in zip(tensors, values):
        assert list(t.shape) == list(v.shape)
        view(t)[...] = v


def is_batchnorm(layer) -> bool:
    return type(layer).__name__ == "LBatchNorm"


def seed_params(net, seed=0) -> None:
    """
    Fills a built net with parameters that depend on the seed and the shapes only, so that nets of equal architecture
    are equal on every engine: weights uniform with variance 1/fan-in, small biases, batch norm scale near 1, running
    mean near 0 and running variance in [0.5, 1.5] (an untrained batch norm's variance of 0 amplifies rounding).
    """
    rng = np.random.default_rng(seed)
    for layer in net.layers:
        for i, p in enumerate(layer.params):
            shape = tuple(p.shape)
            if is_batchnorm(layer):
                is_running = i >= len(layer.params) - 2
                is_variance = is_running and i == len(layer.params) - 1
                is_scale = not is_running and i == 0
                value = rng.uniform(-0.5, 0.5, shape) + (1.0 if is_variance or is_scale else 0.0)
            elif len(shape) == 1:
                value = rng.uniform(-0.2, 0.2, shape)
            else:
                fan_in = shape[0] if len(shape) == 2 else np.prod(shape[1:])
                value = rng.uniform(-1, 1, shape) * np.sqrt(3.0 / fan_in)
            view(p)[...] = value.astype(np.float32)


# --- nets ---


def build(net, optimizer=None, loss="mse", metric="mse", mem="full_mem", threads=THREADS, seed=0):
    """
    Builds a net, with a loss and metric for each output (or none, for a script that makes its own), seeds its
    parameters (unless seed is None), returns it.
    """
    optimizer, service = optimizer or eddl.sgd(0.05, 0.9), eddl.CS_CPU(threads, mem)
    if loss is None:
        eddl.build(net, optimizer, cs=service)
    else:
        outputs = len(net.lout)
        losses = [loss] * outputs if isinstance(loss, str) else loss
        metrics = [metric] * outputs if isinstance(metric, str) else metric
        eddl.build(net, optimizer, losses, metrics, service)
    if seed is not None:
        seed_params(net, seed)
    return net


def mlp(inputs=8, hidden=(16, 12), classes=4, activation=eddl.ReLu):
    """An unbuilt multilayer perceptron; layers "dense1", "dense2", …"""
    x = eddl.Input([inputs], "input")
    layer = x
    for i, units in enumerate((*hidden, classes), 1):
        layer = eddl.Dense(layer, units, True, f"dense{i}")
        if i <= len(hidden):
            layer = activation(layer)
    return eddl.Model([x], [eddl.Softmax(layer, -1, "output")])


def lenet(side=12, channels=1, filters=(4, 6), hidden=10, classes=4):
    """An unbuilt LeNet: two "valid" 3x3 convolutions, each with ReLU and 2x2 max pooling, then two dense layers."""
    x = eddl.Input([channels, side, side], "input")
    layer = x
    for i, n in enumerate(filters, 1):
        layer = eddl.Conv2D(layer, n, [3, 3], [1, 1], "valid", True, 1, [1, 1], f"conv{i}")
        layer = eddl.MaxPool2D(eddl.ReLu(layer), [2, 2], [2, 2], "none", f"pool{i}")
    layer = eddl.ReLu(eddl.Dense(eddl.Flatten(layer, "flatten"), hidden, True, "dense1"))
    return eddl.Model([x], [eddl.Softmax(eddl.Dense(layer, classes, True, "dense2"), -1, "output")])


def bn_convnet(side=8, channels=3, filters=(6, 8), classes=4):
    """An unbuilt net with "same" convolutions, batch norms and global average pooling."""
    x = eddl.Input([channels, side, side], "input")
    layer = x
    for i, n in enumerate(filters, 1):
        layer = eddl.Conv2D(layer, n, [3, 3], [1, 1], "same", False, 1, [1, 1], f"conv{i}")
        layer = eddl.ReLu(eddl.BatchNormalization(layer, True, 0.9, 1e-5, f"bn{i}"))
    layer = eddl.Flatten(eddl.GlobalAveragePool2D(layer))
    return eddl.Model([x], [eddl.Softmax(eddl.Dense(layer, classes, True, "dense1"), -1, "output")])


def batch_for(net, n=8, seed=0):
    """Inputs and one-hot targets (arrays) for a net with one input and one flat output."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, *net.layers[0].output.shape[1:])).astype(np.float32)
    classes = net.lout[0].output.shape[1]
    y = np.eye(classes, dtype=np.float32)[rng.integers(classes, size=n)]
    return x, y


def train(net, x, y, steps=1) -> None:
    """The same batch, steps times."""
    xs, ys = [[tensor(v) for v in (a if isinstance(a, list) else [a])] for a in (x, y)]
    eddl.reset_loss(net)
    for _ in range(steps):
        eddl.train_batch(net, xs, ys)


def predict(net, x) -> np.ndarray:
    """The first output of a net for one input array (or a list of them), in inference mode."""
    xs = [tensor(v) for v in (x if isinstance(x, list) else [x])]
    return array(eddl.predict(net, xs)[0])


# --- recurrent nets: PyEDDL's net unrolls into another one when it gets data ---


def running(net):
    """The net that computes: the unrolled one of a recurrent net, after the first data, or the net itself."""
    return net.rnet if net.isrecurrent else net


def by_layer(layers, member) -> dict:
    """Copies of a tensor of each layer, keyed by layer; in an unrolled net "layer.0", "layer.1", … by time steps."""
    found = {}
    for layer in layers:
        name = layer.name
        if layer.sorig is not None:
            name = layer.sorig.name + f".{sum(key.startswith(layer.sorig.name + '.') for key in found)}"
        found[name] = array(getattr(layer, member))
    return found


# EDDL gives these no step. Small epsilons would make their first steps as large as their learning rates.
STEPLESS_ON_EDDL = {
    "adadelta": lambda: eddl.adadelta(0.5, 0.9, 1e-3, 0.0),
    "adagrad": lambda: eddl.adagrad(0.02, 1e-2, 0.0),
    "adamax": lambda: eddl.adamax(0.01, 0.9, 0.99, 1e-2, 0.0),
    "nadam": lambda: eddl.nadam(0.005, 0.9, 0.99, 1e-2, 0.004),
}


def on_either_engine(optimizers) -> list:
    """Their names, and those that only the embedded engine can step so marked, for pytest's parametrize."""
    import pytest  # not needed to record

    return [
        pytest.param(name, marks=[pytest.mark.embedded_engine] if name in STEPLESS_ON_EDDL else [])
        for name in optimizers
    ]


# --- processes ---


def python_environment(**changes) -> dict:
    """The environment of a child interpreter that imports what this one does; a change to None unsets a variable."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **changes}
    return {name: value for name, value in environment.items() if value is not None}


def in_child(code, directory, **environment):
    """
    Runs Python code in a process of its own and returns what it assigned to `result`, which must be plain data.
    (Through a file: an engine prints on the standard output.)
    """
    answer = Path(directory) / "answer.json"
    answer.unlink(missing_ok=True)
    program = f"{textwrap.dedent(code)}\nimport json\njson.dump(result, open({str(answer)!r}, 'w'))\n"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=directory,
        env=python_environment(**environment),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout[-500:]}\n{done.stderr[-2000:]}"
    return json.loads(answer.read_text())


class Notes:
    """What is being called, where the parent process finds it when this one is gone."""

    def __init__(self, path):
        self.file = open(path, "w")

    def write(self, text):
        self.file.seek(0)
        self.file.truncate()
        self.file.write(text)
        self.file.flush()


# --- damaged files ---


def damaged(chance, content) -> bytes:
    """Bytes of which some bits, bytes or pieces are changed, added, repeated or gone; `chance` is a random.Random."""
    content = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        if not content:
            break
        at, way = chance.randrange(len(content)), chance.randrange(6)
        if way == 0:
            content[at] ^= 1 << chance.randrange(8)
        elif way == 1:
            content[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF])
        elif way == 2:
            content[at:at] = b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
        elif way == 3:
            del content[at : at + chance.choice([1, 3, 10])]
        elif way == 4:
            content[at:at] = content[at : at + chance.choice([1, 4, 30])]
        else:
            del content[at:]
    return bytes(content)


def fail_at_every_step(action, check, most=1000) -> int:
    """
    Runs `action` with an injected failure at its first preparing step, its second, … until it succeeds. After each
    failure `check`, given the number of the step, looks whether all is as it was. Returns how often it failed.
    """
    from eddl_prune import _core

    try:
        for step in range(1, most):
            _core._fail_after(step)
            try:
                action()
            except RuntimeError as error:
                assert "injected" in str(error)
            else:
                return step - 1
            _core._fail_after(0)
            check(step)
    finally:
        _core._fail_after(0)
    raise AssertionError(f"still failing at step {most}")


SUMS = ("LAdd", "LSubtract", "LAverage", "LSum", "LDiff", "LMaximum", "LMinimum")  # the last two on EDDL alone
MERGES = (*SUMS, "LConcat")


def assert_same_layers(held, net):
    """Layers held before are the net's, but for merges that became others, which show what the net's show, and for
    layers that have left."""
    outputs = [layer.output for layer in net.layers]  # names of parts of a Split are not unique
    is_there = [any(layer.output is output for output in outputs) for layer in held]
    there = list(compress(held, is_there))
    assert [layer.name for layer in there] == [layer.name for layer in net.layers]
    for before, now in zip(there, net.layers):
        assert before.output is now.output and before.name == now.name
        assert before is now or type(before).__name__ in MERGES
    for layer, is_in_net in zip(held, is_there):
        if not is_in_net:
            assert_left(layer, net)


def assert_left(layer, net):
    """A handle of a layer that has left the net shows a single 0 in each tensor; nobody knows the layer any more."""
    for values in (array(layer.output), *map(array, layer.params)):
        assert values.size == 1 and not values.any()
    replaced = type(layer).__name__ in (*MERGES, "LBatchNorm")  # maybe; it was another layer that left then
    assert replaced or (not layer.parent and not layer.child)
    assert all(layer not in (*other.parent, *other.child) for other in net.layers)


def staying(report):
    """The entries of a report's layers, without those of layers that leave."""
    return [entry for entry in report["layers"] if entry["channels_after"]]
