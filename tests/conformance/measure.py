"""What is measured of a case, in the order in which a reader should look for the first difference."""

import numpy as np
import pyeddl.eddl as eddl
from helpers import array, by_layer, gradients_of, named_params, running, tensor


def measure(case) -> dict:
    """
    {quantity: float32 array}: "predict/…" in inference mode; then, of one training step, "output/…", "loss", "metric",
    "input-delta/…", "gradient/…", "params-1/…"; then "params-3/…" after two more steps, and "predict-after/…". Of a
    recurrent net inputs and outputs are measured at each time step.
    """
    net = case.built()
    arrays_x, arrays_y = case.data(net)
    xs, ys = [tensor(x) for x in arrays_x], [tensor(y) for y in arrays_y]
    measured = {}

    def note(kind, values):
        measured.update({f"{kind}/{name}": value for name, value in values.items()})

    def outputs():
        if net.isrecurrent:  # predict knows no targets, of which a decoder needs those of the step before
            eddl.eval_batch(net, xs, ys)
            return by_layer(running(net).lout, "output")
        return dict(zip((layer.name for layer in net.lout), (array(t) for t in eddl.predict(net, xs))))

    note("predict", outputs())
    if not case.train:
        return measured

    eddl.reset_loss(net)
    case.step(net, xs, ys)
    note("output", by_layer(running(net).lout, "output"))
    if case.loss is not None:
        measured["loss"] = np.array(eddl.get_losses(net), np.float32)
        measured["metric"] = np.array(eddl.get_metrics(net), np.float32)
    note("input-delta", by_layer(running(net).lin, "delta"))
    if case.keeps_gradients:
        note("gradient", gradients_of(net))
    note("params-1", named_params(net))
    for _ in range(2):
        case.step(net, xs, ys)
    note("params-3", named_params(net))
    note("predict-after", outputs())
    return measured
