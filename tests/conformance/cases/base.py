"""
What a module of cases is made of: Case, the registration of a family, and the frames that stand round a layer.

Layers are named, since engines number unnamed ones differently. EDDL's own wrong answers are no standard: such a case
says what is wrong in `eddl_defect`; what that spoils is not recorded, and is held to finite differences alone
(test_gradients.py).
"""

import re
import tempfile
import zlib
from dataclasses import dataclass, field
from typing import Callable, Optional, Union

import numpy as np
import pyeddl.eddl as eddl
from helpers import THREADS, build, seed_params


def sgd():
    return eddl.sgd(0.05)


# --- how inputs and targets are drawn: functions of a shape (batch first) and a generator ---


def normal(shape, rng):
    return rng.normal(size=shape)


def onehot(shape, rng):
    return np.eye(shape[1])[rng.integers(shape[1], size=shape[0])]


def binary(shape, rng):
    return rng.integers(2, size=shape)


def positive(shape, rng):
    return rng.uniform(0.5, 1.5, size=shape)


def integers(limit):
    """Whole numbers in [0, limit), as floats: what an embedding looks up."""

    def draw(shape, rng):
        return rng.integers(limit, size=shape)

    return draw


def sequences(steps, draw=normal):
    """[batch, steps, …]: as many steps of what draw gives for one."""

    def drawn(shape, rng):
        return np.stack([draw(shape, rng) for _ in range(steps)], axis=1)

    return drawn


TARGETS = {"normal": normal, "onehot": onehot, "binary": binary, "positive": positive}
Draw = Callable[[tuple, np.random.Generator], np.ndarray]


def one_each(drawers, layers):
    """A drawer for each layer: the list itself, or one for all."""
    return list(drawers) if isinstance(drawers, list) else [drawers] * len(layers)


@dataclass(frozen=True)
class Case:
    """
    id: stable key in the recorded data. make: the unbuilt net. inputs, target: how they are drawn, once for all input
    (output) layers or a list with one for each; target also by name (see TARGETS). prepare: called on the built, seeded
    net. step: a training step, given net, inputs and targets. train: whether training is deterministic and so compared.
    keeps_gradients: False for an optimizer whose step uses the gradient tensors as scratch space. differentiable: False
    where the loss gradient at hand is not the derivative of a smooth function of the parameters. stands_still: True
    where three steps leave the predictions as they were. races_on_eddl: True where EDDL's threads add to the same
    places without waiting for each other, so that there must be one only. eddl_defect: what EDDL gets wrong here;
    spoils: a pattern of the quantities that this makes no standard (default: all); shown: a function of the case that
    is true on EDDL as long as the defect is there (default: some gradient differs from finite differences).
    """

    id: str
    make: Callable
    loss: Union[str, list, None] = "mse"
    metric: Union[str, list] = "mse"
    optimizer: Callable = sgd
    inputs: Union[Draw, list] = normal
    target: Union[str, Draw, list] = "normal"
    batch: int = 3
    prepare: Callable = field(default=lambda net: None)
    step: Callable = eddl.train_batch
    train: bool = True
    keeps_gradients: bool = True
    differentiable: bool = True
    stands_still: bool = False
    races_on_eddl: bool = False
    eddl_defect: str = ""
    spoils: str = ".*"
    shown: Optional[Callable] = None

    @property
    def is_recorded(self) -> bool:
        return not self.eddl_defect or self.spoils != ".*"

    def is_standard(self, quantity) -> bool:
        """Whether EDDL's value of a quantity (named as in measure.py) is one to be held to."""
        return not self.eddl_defect or not re.match(self.spoils, quantity)

    def rng(self):
        return np.random.default_rng(zlib.crc32(self.id.encode()))

    def built(self, seed=None, threads=THREADS):
        """The net, built and seeded (by default from the case's id)."""
        net = build(self.make(), self.optimizer(), self.loss, self.metric, threads=threads, seed=None)
        seed_params(net, zlib.crc32(self.id.encode()) if seed is None else seed)
        self.prepare(net)
        return net

    def data(self, net, seed=None):
        """Lists of input and target arrays for a net that built() returned."""
        rng = self.rng() if seed is None else np.random.default_rng(seed)

        def drawn(drawers, layers):
            shapes = [(self.batch, *layer.output.shape[1:]) for layer in layers]
            return [
                TARGETS.get(draw, draw)(shape, rng).astype(np.float32)
                for draw, shape in zip(one_each(drawers, layers), shapes)
            ]

        return drawn(self.inputs, net.lin), drawn(self.target, net.lout)


CASES = {}  # {id: Case} of all families
FAMILIES = {}  # {family: {id: Case}}


def family(module):
    """The function that registers cases in the family of a module: `case = family(__name__)`."""
    members = FAMILIES.setdefault(module.rpartition(".")[2], {})

    def case(id, make, **options):
        assert id not in CASES, id
        CASES[id] = members[id] = Case(id, make, **options)

    return case


# --- frames: what stands round the layer of a case, so that its input's delta and a later layer count too ---


def vector_net(layer, inputs=4, units=5, outputs=3):
    """Dense → the layer → Dense."""

    def make():
        x = eddl.Input([inputs], "x")
        h = layer(eddl.Dense(x, units, True, "before"))
        return eddl.Model([x], [eddl.Dense(h, outputs, True, "after")])

    return make


def image_net(layer, channels=2, height=6, width=5, before=2):
    """1x1 convolution → the layer."""

    def make():
        x = eddl.Input([channels, height, width], "x")
        h = eddl.Conv2D(x, before, [1, 1], [1, 1], "valid", True, 1, [1, 1], "before")
        return eddl.Model([x], [layer(h)])

    return make


def reshaped_net(layer, shape, inputs=2):
    """Dense → a tensor of the given shape → the layer."""

    def make():
        x = eddl.Input([inputs], "x")
        h = eddl.Dense(x, int(np.prod(shape)), True, "before")
        return eddl.Model([x], [layer(eddl.Reshape(h, list(shape), "shaped"))])

    return make


def alone(layer, shape):
    """The layer by itself."""

    def make():
        x = eddl.Input(list(shape), "x")
        return eddl.Model([x], [layer(x)])

    return make


def merge_net(merge, units=4):
    """Three Dense branches of one input into a merging layer, and a Dense after it."""

    def make():
        x = eddl.Input([5], "x")
        branches = [eddl.Dense(x, units, True, f"branch{i}") for i in range(3)]
        return eddl.Model([x], [eddl.Dense(merge(branches), 3, True, "after")])

    return make


def classifier(inputs=5, classes=4):
    def make():
        x = eddl.Input([inputs], "x")
        h = eddl.Tanh(eddl.Dense(x, 6, True, "hidden"), "tanh")
        return eddl.Model([x], [eddl.Softmax(eddl.Dense(h, classes, True, "logits"), -1, "y")])

    return make


def sigmoid_net(outputs=1):
    def make():
        x = eddl.Input([5], "x")
        h = eddl.Tanh(eddl.Dense(x, 6, True, "hidden"), "tanh")
        return eddl.Model([x], [eddl.Sigmoid(eddl.Dense(h, outputs, True, "logits"), "y")])

    return make


def beside(layer, shape=(2, 4, 4)):
    """The layer between two siblings on one parent: all three pass back to it."""

    def make():
        x = eddl.Input(list(shape), "x")
        h = eddl.Tanh(eddl.Conv2D(x, 2, [1, 1], [1, 1], "valid", True, 1, [1, 1], "before"), "trunk")
        branches = [h, layer(h), h]
        dense = [eddl.Dense(eddl.Flatten(b, f"flat{i}"), 3, True, f"dense{i}") for i, b in enumerate(branches)]
        return eddl.Model([x], [eddl.Add(dense, "sum")])

    return make


# --- defects of EDDL that several families meet ---


def fails(case):
    """Whether building and training the net fails, if only by a crash."""
    from conformance.record import run_apart

    with tempfile.TemporaryDirectory() as directory:
        return run_apart(case.id, directory) is None


REFUSED = {"eddl_defect": "refuses it, or does so without cuDNN", "shown": fails}
BATCHNORM_MEAN = {
    "eddl_defect": "the gradients of scale and shift are means over batch and positions, the derivatives are sums",
    "spoils": r"gradient/bn|params-1/bn\w*/[01]$|params-3|predict-after",
}
