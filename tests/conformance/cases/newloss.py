"""Losses made of layers: how their gradients go back into the net below."""

import numpy as np
import pyeddl.eddl as eddl
from conformance.cases.base import family
from helpers import gradients_of, tensor

case = family(__name__)


def _net():
    x = eddl.Input([5], "x")
    h = eddl.Tanh(eddl.Dense(x, 6, True, "hidden"), "tanh")
    return eddl.Model([x], [eddl.Dense(h, 4, True, "y1"), eddl.Sigmoid(eddl.Dense(h, 4, True, "dy2"), "y2")])


def _stepped(*functions):
    """A training step on losses, each a function of the two outputs, or of the first alone if it takes one layer."""

    def step(net, xs, ys):
        eddl.set_mode(net, 1)
        eddl.zeroGrads(net)
        eddl.forward(net, xs)
        outputs = {True: net.lout, False: net.lout[0]}
        losses = [eddl.newloss(f, outputs[several], f"loss{i}") for i, (f, several) in enumerate(functions)]
        for loss in losses:
            eddl.compute_loss(loss)
        if len(losses) == 1:
            eddl.optimize(losses[0])
        else:
            eddl.optimize(losses)
        eddl.update(net)

    return step


def _distance(outputs):
    return eddl.Mult(eddl.Diff(*outputs), eddl.Diff(*outputs))


def _log(output):
    return eddl.Log(eddl.Sigmoid(output, "sigmoid"))


def _gradient(case, functions):
    net = case.built()
    xs, ys = case.data(net)
    _stepped(*functions)(net, [tensor(x) for x in xs], [tensor(y) for y in ys])
    return gradients_of(net)["hidden/0"]


def _counts_the_first_twice(case):
    each = [_gradient(case, [function]) for function in SEVERAL]
    return not np.allclose(_gradient(case, SEVERAL), sum(each), rtol=1e-2)


SEVERAL = [(_distance, True), (_log, False)]
ADDS_STALE = {
    "eddl_defect": "the deltas that one loss left in the net below are passed back again with those of the next",
    "spoils": "input-delta|gradient|params|predict-after",
    "shown": _counts_the_first_twice,
}
case("newloss-one-layer", _net, loss=None, step=_stepped((_log, False)), differentiable=False)
case("newloss-two-layers", _net, loss=None, step=_stepped((_distance, True)), differentiable=False)
case("newloss-several", _net, loss=None, step=_stepped(*SEVERAL), differentiable=False, **ADDS_STALE)
