"""Layers that repeat, cut, choose or look up elements, and constants."""

import numpy as np
import pyeddl.eddl as eddl
from conformance.cases.base import beside, fails, family, image_net, vector_net
from helpers import array, tensor

case = family(__name__)


def image(layer, **shape):
    shape = {"height": 3, "width": 2, **shape}
    return image_net(lambda h: eddl.Dense(eddl.Flatten(layer(h), "flat"), 3, True, "y"), **shape)


# --- repeat, tile, expand, bypass ---

case("repeat-channels", image(lambda h: eddl.Repeat(h, 2, 0, "layer")))
case("repeat-rows", image(lambda h: eddl.Repeat(h, 3, 1, "layer")))
case("repeat-last", image(lambda h: eddl.Repeat(h, 3, 2, "layer")))
case("repeat-each", image(lambda h: eddl.Repeat(h, [2, 1, 3], 1, "layer")))
case("repeat-some", image(lambda h: eddl.Repeat(h, [2, 0, 1], 1, "layer")))
case("repeat-vector", vector_net(lambda h: eddl.Repeat(h, 2, 0, "layer")))
case("repeat-beside", beside(lambda h: eddl.Repeat(h, 2, 1, "layer")))
case("tile", image(lambda h: eddl.Tile(h, [2, 1, 3], "layer")))
case("tile-vector", vector_net(lambda h: eddl.Tile(h, [3], "layer")))
case("tile-batch-1", image(lambda h: eddl.Tile(h, [1, 2, 2], "layer")), batch=1)
case("expand", image(lambda h: eddl.Expand(h, 3, "layer"), before=1))
case("expand-columns", image(lambda h: eddl.Expand(h, 4, "layer"), width=1))
case("bypass", image(lambda h: eddl.Bypass(h, "", "layer")))
case("bypass-beside", beside(lambda h: eddl.Bypass(h, "", "layer")))

# --- split: the parts go on in different ways ---


def split(indexes, axis):
    def layer(h):
        parts = eddl.Split(h, indexes, axis, False, "split")
        ends = [eddl.Tanh(parts[0], "tanh"), *parts[1:]]
        return eddl.Concat([eddl.Flatten(part, f"flat{i}") for i, part in enumerate(ends)], 0, "join")

    return layer


for _id, _arguments in {"channels": ([1, 3], 0), "rows": ([2], 1), "last": ([1], -1)}.items():
    case(f"split-{_id}", image(split(*_arguments), before=4))

# --- broadcast ---


def broadcast(small, large, before=lambda x: x):
    """x, of shape `small`, brought to that of another input, to which it is added."""

    def make():
        x, z = eddl.Input(small, "x"), eddl.Input(large, "z")
        added = eddl.Add([eddl.Broadcast(before(x), z, "layer"), z], "sum")
        return eddl.Model([x, z], [eddl.Dense(eddl.Flatten(added, "flat"), 3, True, "y")])

    return make


case("broadcast-channels", broadcast([3], [3, 2, 4]))
case("broadcast-rows", broadcast([2], [3, 2, 4]))
case("broadcast-same", broadcast([3], [3]))
case(
    "broadcast-output",
    broadcast([3], [3, 2, 4], lambda x: eddl.Tanh(x, "tanh")),
    eddl_defect="reads its parent's input instead of its output",
)
case(
    "broadcast-ones",
    broadcast([1, 2, 1], [3, 2, 4]),
    eddl_defect="takes parents of as many axes for equal ones",
    shown=fails,
)

# --- where, constants ---


def where():
    x, z, c = (eddl.Input([4], name) for name in "xzc")
    a, b = eddl.Dense(x, 4, True, "a"), eddl.Dense(z, 4, True, "b")
    return eddl.Model([x, z, c], [eddl.Where(a, b, eddl.ReLu(c, "condition"), "layer")])


case("where", where)


def constant(merge, shape):
    """A layer together with a constant."""

    def make():
        x = eddl.Input([4], "x")
        c = eddl.ConstOfTensor(tensor(np.random.default_rng(1).normal(size=shape)), "c")
        return eddl.Model([x], [eddl.Dense(merge(eddl.Dense(x, 4, True, "before"), c), 3, True, "y")])

    return make


case("const-added", constant(lambda h, c: eddl.Add([h, c], "sum"), [4]))
case("const-multiplied", constant(lambda h, c: eddl.Mult(h, c), [4]))
case("const-joined", constant(lambda h, c: eddl.Concat([h, c], 0, "join"), [2]))

# --- embedding ---


def words(vocabulary):
    """Words as numbers far from where they would turn into others: what follows the point is cut off."""
    return lambda shape, rng: rng.integers(vocabulary, size=shape) + 0.5


def embedding(vocabulary, length, dim, mask=False):
    def make():
        x = eddl.Input([length], "x")
        return eddl.Model([x], [eddl.Dense(eddl.Embedding(x, vocabulary, length, dim, mask, "layer"), 3, True, "y")])

    return make


def shows_masked_words(case):
    """Whether a word of number 0 has an output."""
    net = case.built()
    (x,), _ = case.data(net)
    eddl.forward(net, [tensor(x)])
    output = array(net.layers[1].output).reshape(*x.shape, -1)
    return np.any(output[x < 1] != 0)


case("embedding", embedding(7, 4, 5), inputs=words(7), batch=5, races_on_eddl=True)
case("embedding-one-word", embedding(7, 1, 3), inputs=words(7), races_on_eddl=True)
case("embedding-batch-1", embedding(9, 6, 2), inputs=words(9), batch=1, races_on_eddl=True)
case(
    "embedding-masked",
    embedding(4, 5, 3, True),
    inputs=words(4),
    batch=4,
    races_on_eddl=True,
    eddl_defect="zeros the first word's output instead of the masked words'",
    shown=shows_masked_words,
)
