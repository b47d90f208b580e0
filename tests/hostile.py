"""
Calls of PyEDDL's functions with arguments that make no sense, in a process of its own: whatever happens must be a
Python exception. test_engine_hostile.py starts it, `python hostile.py PLAN`, and tells from the notes that it leaves
what ended it. A plan is a JSON file; {"seed": 7, "count": 400} makes 400 calls that depend on the seed alone.
"""

import contextlib
import faulthandler
import inspect
import itertools
import json
import random
import re
import resource
import sys
from pathlib import Path

import numpy as np
import pyeddl._core as core
import pyeddl.eddl as eddl
from helpers import Notes, array, batch_for, build, is_sanitized, lenet, mlp, named_params, tensor
from pyeddl.tensor import Tensor

SECONDS_A_CALL = 60
MEMORY = 6 << 30  # address space: what asks for more gets a MemoryError
BIG = 2**31 - 1
RESOURCES = []  # what must outlive a call that it was made for

# --- functions, and the types of their arguments as pybind11 documents them ---

# What changes the engine's objects from outside, as EDDL's own code does: there is no argument to check.
SURGERY = {
    f"Layer.{name}"
    for name in (
        "addchild addparent detach decrease_and_get_reference_counter increase_reference_counter free_delta mem_delta "
        "mem_delta_parent"
    ).split()
} | {"Tensor.deleteData", "TensorDescriptor.free_memory"}
# PyEDDL's own code, which looks at its arguments before the engine does.
SURGERY |= {"Tensor.mult2D", "Tensor.onehot"}
# They end threads, devices or the test run itself, or wait for a server.
NOT_CALLED = re.compile(
    r"download_|toGPU|toFPGA|_?_(del|new|reduce|getstate|setstate|class|dir|format|init_sub|subclass)"
)


def signatures(function):
    """[[type, …], …]: of each overload, without defaults; the object that a method is of is marked, as "self: Net"."""
    found = []
    for match in re.finditer(r"^(?:\d+\. )?\w+\((.*)\) -> ", function.__doc__ or "", re.MULTILINE):
        types = re.findall(r"(\w+: )([\w.]+(?:\[[^=]*?\])?)(?= = |, \w+: |$)", match.group(1))
        kinds = [("self: " if name == "self: " else "") + kind for name, kind in types]
        found.append([kind.replace("pyeddl._core.", "").replace("eddl.", "") for kind in kinds])
    return found


def functions():
    """{name: (callable, its signatures)}, of the script API and of the classes behind it."""
    found = {name: f for name, f in vars(core.eddl).items() if callable(f) and not inspect.isclass(f)}
    for kind in [value for value in vars(core).values() if inspect.isclass(value)]:
        for name in vars(kind):
            member = getattr(kind, name)
            if callable(member) and (not name.startswith("__") or name == "__init__"):
                found[f"{kind.__name__}.{name}"] = kind if name == "__init__" else member
    found = {name: f for name, f in found.items() if not NOT_CALLED.match(name.rpartition(".")[2])}
    with_types = {}
    for name, f in sorted(found.items()):
        documented = f.__init__ if inspect.isclass(f) else f
        types = signatures(documented)
        if inspect.isclass(f):
            types = [t[1:] for t in types]
        if name not in SURGERY and types:
            with_types[name] = (f, types)
    return with_types


# --- arguments: pools by type, of values that may fit and values that cannot ---


def filled(shape, value=None):
    size = int(np.prod(shape))
    values = np.full(size, value) if value is not None else np.linspace(-1.5, 1.5, size)
    return tensor(values.astype(np.float32).reshape(shape))


def layer_of(*shape):
    """A layer with a parent, since a bare input has no one to pass its delta to."""
    layer = eddl.Tanh(eddl.Input(list(shape)))
    RESOURCES.append(layer)
    return layer


def built_net():
    net = build(mlp(), eddl.sgd(0.1, 0.9), "softmax_cross_entropy", "accuracy")
    RESOURCES.append(net)
    return net


def net_with_file():
    eddl.save(built_net(), "good.bin")
    return "good.bin"


def unbuilt_net():
    net = mlp()
    RESOURCES.append(net)
    return net


def graph_loss():
    net = build(mlp(), eddl.sgd(0.1), loss=None)
    loss = eddl.newloss(lambda h: eddl.Mult(h, h), net.lout[0], "squares")
    RESOURCES.extend([net, loss])
    return loss


def descriptor(kind):
    return {"SelDescriptor": lambda: core.SelDescriptor(0), "ExpandDescriptor": lambda: core.ExpandDescriptor(2, 0)}[
        kind
    ]()


NAN, INF = float("nan"), float("inf")
POOLS = {
    "int": [0, 1, 2, 3, -1, 4, 7, -7, 1000, 2**16, 2**24, BIG, -(2**31)],
    "float": [0.0, 1.0, 0.5, -1.0, NAN, INF, -INF, 1e38, -1e-38, 3],
    "bool": [True, False],
    "str": [
        "", "x", "same", "valid", "nearest", "bin", "relu", "mse", "fro", ":", "a" * 5000, "ü/\n", "good.bin",
        "nowhere/x",
    ],
    "bytes": [b"", b"\x00" * 100, bytes(range(256))],
    "list[int]": [
        [], [0], [1], [2], [3, 3], [1, 1], [0, 1], [2, 1, 0], [3, 3, 3], [1, 2, 0, 1], [-1], [-1, -1], [0, 0], [5, 100],
        [BIG], [BIG, BIG], [BIG, BIG, BIG], [2**16, 2**16], [2**16] * 4, [1] * 70, [-(2**31), 2],
    ],
    "list[float]": [[], [0.0], [0.5, 1.5], [NAN, NAN], [INF], [-1.0, 1.0], [1e38, -1e38], [0.1] * 9],
    "list[str]": [
        [], [""], [":"], ["1:2", ":", "0"], ["-1"], ["5:1"], ["99"], ["a:b"], [":"] * 9, ["mse"], ["none"] * 3,
    ],
    "TransformationMode": list(core.TransformationMode.__members__.values()),
    "WrappingMode": list(core.WrappingMode.__members__.values()),
    "LOG_LEVEL": list(core.eddl.LOG_LEVEL.__members__.values()),
}  # fmt: skip
MADE = {
    "Tensor": [
        lambda: filled([1]), lambda: filled([4]), lambda: filled([3, 4]), lambda: filled([4, 3]),
        lambda: filled([4, 4]), lambda: filled([8, 8]), lambda: filled([2, 3, 4]), lambda: filled([2, 3, 4, 4]),
        lambda: filled([1, 1, 1, 1, 1]), lambda: filled([3, 4], NAN), lambda: filled([3, 4], INF),
        lambda: filled([3, 4], 1e38), lambda: Tensor.zeros([0]), core.Tensor, lambda: filled([1] * 20),
        lambda: filled([6], 1e9),
    ],
    "Layer": [
        lambda: layer_of(8), lambda: layer_of(1, 12), lambda: layer_of(3, 8, 8), lambda: layer_of(2, 5, 6, 7),
        lambda: layer_of(1), lambda: eddl.Input([4]), lambda: built_net().lout[0], lambda: built_net().layers[1],
    ],
    "Net": [built_net, unbuilt_net, core.Net, lambda: build(lenet(), loss="mse")],
    "NetLoss": [graph_loss],
    "Optimizer": [eddl.sgd, eddl.adam, core.Optimizer, lambda: built_net().optimizer],
    "Loss": [lambda: eddl.getLoss("mse"), lambda: core.Loss("plain"), lambda: eddl.getLoss("dice")],
    "Metric": [lambda: eddl.getMetric("accuracy"), lambda: core.Metric("plain")],
    "CompServ": [lambda: eddl.CS_CPU(2), core.CompServ, lambda: eddl.CS_CPU(1, "low_mem")],
    "SelDescriptor": [lambda: core.SelDescriptor(0)],
    "ExpandDescriptor": [lambda: core.ExpandDescriptor(2, 0)],
    "GatherDescriptor": [lambda: core.GatherDescriptor(0)],
    "ReduceDescriptor2": [lambda: core.ReduceDescriptor2([0], False, 0)],
    "Initializer": [lambda: layer_of(3).init],
    "Callable[[Layer], Layer]": [lambda: (lambda layer: eddl.Mult(layer, layer)), lambda: (lambda layer: None)],
    "Callable[[VLayer], Layer]": [lambda: (lambda layers: layers[0]), lambda: (lambda layers: 3)],
    "numpy.ndarray[numpy.float32]": [lambda: np.zeros((2, 3), np.float32), lambda: np.zeros(0, np.float32)],
    "object": [lambda: "x"],
}  # fmt: skip
MADE["VLayer"] = [
    list, lambda: [layer_of(8)], lambda: [layer_of(8), layer_of(8)], lambda: [layer_of(8), layer_of(5)],
    lambda: [layer_of(3, 8, 8), layer_of(8)], lambda: [layer_of(3, 8, 8), layer_of(3, 8, 8)], lambda: [None],
    lambda: [layer_of(8), None], lambda: built_net().lin, lambda: built_net().lout,
]  # fmt: skip
MADE["list[Tensor]"] = [
    list, lambda: [filled([8, 8])], lambda: [filled([3, 4])], lambda: [filled([2, 3]), filled([4])], lambda: [None],
    lambda: [Tensor.zeros([0])], lambda: [filled([8, 8], NAN)], lambda: [core.Tensor()], lambda: [filled([8, 4])],
]  # fmt: skip
MADE["list[list[Tensor]]"] = [list, lambda: [[]], lambda: [[None]], lambda: eddl.get_parameters(built_net())]
for _kind in ("Loss", "Metric", "NetLoss"):
    MADE[f"list[{_kind}]"] = [list, lambda kind=_kind: [MADE[kind][0]()], lambda: [None]]
WRONG = [None, "wrong", -5, 2.5, [], [None], {}, object]


def pool_of(kind):
    """
    Makers of arguments for a documented type: those of the type, then those of no type that fits. pybind11 calls
    methods of None, too: then there is no engine to check anything.
    """
    of_self, kind = kind.startswith("self: "), kind.replace("self: ", "")
    fitting = [lambda value=value: value for value in POOLS.get(kind, [])] + MADE.get(kind, [])
    return fitting + [lambda value=value: value for value in WRONG if value is not None or not of_self]


# --- calls ---


def guarded(call):
    """What the call gave, or the exception that it raised; a call that hangs ends the process with a traceback."""
    faulthandler.dump_traceback_later(SECONDS_A_CALL, exit=True)
    try:
        return call(), None
    except Exception as error:  # which kind is the single tests' matter; here any will do
        return None, error
    finally:
        faulthandler.cancel_dump_traceback_later()


def children(layers):
    return [[id(child) for child in layer.child] for layer in layers]


def layers_in(arguments):
    flat = itertools.chain.from_iterable(a if isinstance(a, (list, core.eddl.VLayer)) else [a] for a in arguments)
    return [a for a in flat if isinstance(a, core.Layer)]


def use(layers):
    """Trains a net on layers that a call has given: what was accepted must also run."""
    ends = [layer for layer in layers if isinstance(layer, core.Layer)]
    sources, seen, waiting = [], set(), list(ends)
    while waiting:
        layer = waiting.pop()
        if layer.name in seen:
            continue
        seen.add(layer.name)
        if len(layer.parent) == 0:
            sources.append(layer)
        waiting.extend(layer.parent)
    size = sum(np.prod(layer.output.shape, dtype=float) for layer in ends)
    if not ends or size > 1e6 or any(layer.net is not None for layer in ends):
        return
    net = eddl.Model([layer for layer in sources if type(layer).__name__ == "LInput"], ends)
    RESOURCES.append(net)
    for mem in ("full_mem",):
        eddl.build(net, eddl.sgd(0.01), ["mse"] * len(ends), ["mse"] * len(ends), eddl.CS_CPU(1, mem))
    for batch in (2, 3):
        xs = [filled([batch, *layer.output.shape[1:]]) for layer in net.lin]
        ys = [filled([batch, *layer.output.shape[1:]]) for layer in net.lout]
        eddl.train_batch(net, xs, ys)
    eddl.predict(net, xs)


def check(function, arguments):
    """One call. What it raises must leave the layers and nets that it was given as they were."""
    nets = [a for a in arguments if isinstance(a, core.Net)]
    layers = layers_in(arguments)
    before = children(layers), [named_params(net) for net in nets]
    result, error = guarded(lambda: function(*arguments))
    if error is None and not inspect.isclass(function):  # Python owns what a class makes; a net would free it too
        guarded(lambda: use(result if isinstance(result, (list, core.eddl.VLayer)) else [result]))
    if error is None:
        return
    assert not isinstance(error, SystemError), error
    assert children(layers) == before[0], f"{error!r} left a trace in the graph"
    for net, params in zip(nets, before[1]):
        after = named_params(net)
        assert params.keys() == after.keys()
        assert all(np.array_equal(params[key], after[key], equal_nan=True) for key in params), (
            f"{error!r} changed the net"
        )
        if net.isbuild and net.lin and len(net.lin[0].output.shape) == 2:
            predicted = eddl.predict(net, [tensor(batch_for(net, 2)[0])])
            assert array(predicted[0]).shape[0] == 2


def takes_too_long(name, arguments):
    """Many epochs are no mistake."""
    return name == "fit" and any(isinstance(a, int) and a > 1000 for a in arguments)


def random_calls(seed, count):
    """As many calls as run_calls takes; how the seed makes them must stay, or no failure can be repeated."""
    chance, names = random.Random(seed), sorted(functions())
    return [
        [chance.choice(names), chance.randrange(8), [chance.randrange(41) for _ in range(10)]] for _ in range(count)
    ]


def run_calls(calls, notes):
    """calls: [[function, overload, [index into the pool of each argument]]]"""
    known = functions()
    for name, overload, indices in calls:
        function, overloads = known[name]
        kinds = overloads[overload % len(overloads)]
        makers = [pool_of(kind)[index % len(pool_of(kind))] for kind, index in zip(kinds, indices)]
        notes.write(f"making the arguments of {name}{kinds}: {indices}")
        arguments, error = guarded(lambda makers=makers: [make() for make in makers])
        if error is not None or takes_too_long(name, arguments):
            continue
        shown = ", ".join(repr(a)[:60] for a in arguments)
        notes.write(f"{name}({shown}), overload {overload}: {indices}")
        try:
            check(function, arguments)
        finally:
            del arguments
            RESOURCES.clear()


# --- good calls with one bad argument ---


class Captured(Exception):  # noqa: N818 - no error
    pass


class Capturing:
    """Stands for pyeddl's extension module: the call of one function stops, with its arguments."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, name):
        if name != self.name:
            return getattr(core.eddl, name)

        def stop(*arguments, **named):
            raise Captured([*arguments, *named.values()])

        return stop


def good_arguments(name, call):
    """The arguments that a good call of a function hands to the extension."""
    eddl._eddl = Capturing(name)
    try:
        call()
    except Captured as captured:
        RESOURCES.append(captured)  # its traceback holds what the call had made
        return captured.args[0]
    finally:
        eddl._eddl = core.eddl
    raise AssertionError(f"{name} was not called")


def kind_of(value):
    if isinstance(value, bool):
        return "bool"
    for kind, name in ((int, "int"), (float, "float"), (str, "str"), (bytes, "bytes")):
        if isinstance(value, kind):
            return name
    if isinstance(value, core.eddl.VLayer):
        return "VLayer"
    if isinstance(value, (list, tuple)):
        inner = kind_of(value[0]) if len(value) else "int"
        return "VLayer" if inner == "Layer" else f"list[{inner}]"
    for kind in ("Tensor", "Layer", "Net", "NetLoss", "Optimizer", "Loss", "Metric", "CompServ"):
        if isinstance(value, getattr(core, kind)):
            return kind
    return "object"


def run_mutations(names, notes):
    from hostile_calls import GOOD

    for name in names:
        function, good = getattr(core.eddl, name), GOOD[name]
        count = len(good_arguments(name, good))
        for position in range(count):
            for index in range(len(pool_of(kind_of(good_arguments(name, good)[position])))):
                arguments = good_arguments(name, good)
                maker = pool_of(kind_of(arguments[position]))[index]
                arguments[position], error = guarded(maker)
                if error is not None or takes_too_long(name, arguments):
                    continue
                shown = ", ".join(repr(a)[:60] for a in arguments)
                notes.write(f"{name}({shown})")
                check(function, arguments)
                del arguments
                RESOURCES.clear()


def main():
    plan = json.loads(Path(sys.argv[1]).read_text())
    if "seed" in plan:
        plan["calls"] = random_calls(plan["seed"], plan["count"])
    if not is_sanitized():  # whose shadow memory is larger than any limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    faulthandler.enable()
    notes = Notes("notes.txt")
    net_with_file()
    with contextlib.suppress(KeyboardInterrupt):
        run_calls(plan.get("calls", []), notes)
        run_mutations(plan.get("mutations", []), notes)
    notes.write("done")


if __name__ == "__main__":
    main()
