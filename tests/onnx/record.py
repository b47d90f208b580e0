"""Makes the files of this folder; see README.md. Run it with a PyEDDL that is built on EDDL itself, with ONNX."""

from pathlib import Path

import numpy as np
import pyeddl.eddl as eddl
from pyeddl.tensor import Tensor

FOLDER = Path(__file__).parent


def block(x, filters):
    return eddl.ReLu(eddl.BatchNormalization(eddl.Conv2D(x, filters, [3, 3]), True))


def convolutional():
    x = net_in = eddl.Input([3, 12, 12])
    x = eddl.MaxPool2D(block(x, 4), [2, 2])
    x = eddl.AveragePool2D(block(x, 6), [3, 3], [1, 1], "same")
    x = eddl.Conv2D(eddl.Pad(x, [0, 1, 1, 0]), 5, [2, 2], [2, 2], "valid", False)
    x = eddl.GlobalAveragePool2D(eddl.LeakyReLu(x, 0.1))
    x = eddl.Dense(eddl.Dropout(eddl.Flatten(x), 0.3), 4)
    return eddl.Model([net_in], [eddl.Softmax(x)])


def dense():
    x = net_in = eddl.Input([7])
    a = eddl.Tanh(eddl.Dense(x, 6))
    b = eddl.Sigmoid(eddl.Dense(x, 6, False))
    x = eddl.Concat([eddl.Add([a, b]), eddl.Elu(eddl.Mult(a, b), 0.7)])
    x = eddl.BatchNormalization(eddl.Dense(x, 8), True)
    x = eddl.Softplus(eddl.HardSigmoid(eddl.Selu(x)))
    y = eddl.Clamp(eddl.Sqrt(eddl.Abs(eddl.Diff(eddl.Exp(eddl.Sum(x, 0.25)), 1.5))), 0.1, 2.0)
    return eddl.Model([net_in], [eddl.Dense(x, 3), eddl.Dense(y, 2)])


def u_net():
    x = net_in = eddl.Input([1, 16, 16])
    one = block(x, 4)
    two = block(eddl.MaxPool2D(one, [2, 2]), 6)
    three = block(eddl.MaxPool2D(two, [2, 2]), 8)
    x = block(eddl.Concat([eddl.UpSampling2D(three, [2, 2]), two]), 6)
    x = block(eddl.Concat([eddl.UpSampling2D(x, [2, 2]), one]), 4)
    return eddl.Model([net_in], [eddl.Sigmoid(eddl.Conv2D(x, 1, [1, 1]))])


def shapes():
    x = net_in = eddl.Input([2, 4, 6])
    x = eddl.Permute(x, [1, 2, 0])
    x = eddl.Select(x, [":", "1:5", ":"])
    x = eddl.Unsqueeze(eddl.Reshape(x, [8, 4]), 0)
    a = eddl.ReduceMean(x, [2], True)
    b = eddl.ReduceMax(x, [2], True)
    x = eddl.Concat([eddl.Squeeze(a, 0), eddl.Squeeze(b, 0)], 1)
    return eddl.Model([net_in], [eddl.Div(eddl.Log(eddl.Exp(eddl.Pow(eddl.Abs(x), 1.5))), 2.0)])


def recurrent(kind):
    x = net_in = eddl.Input([5])
    x = kind(eddl.ReLu(eddl.Dense(x, 6)), 4)
    x = kind(x, 5)
    return eddl.Model([net_in], [eddl.Sigmoid(eddl.Dense(x, 2))])


def embedded():
    x = net_in = eddl.Input([1])
    x = eddl.LSTM(eddl.RandomUniform(eddl.Embedding(x, 11, 1, 4), -0.5, 0.5), 6)
    return eddl.Model([net_in], [eddl.Softmax(eddl.Dense(x, 3))])


def sequences(*shape):
    return lambda rng: rng.uniform(-1, 1, (3, 6, *shape))


NETS = {
    "convolutional": (convolutional, lambda rng: rng.uniform(-1, 1, (4, 3, 12, 12))),
    "dense": (dense, lambda rng: rng.uniform(-1, 1, (4, 7))),
    "u_net": (u_net, lambda rng: rng.uniform(-1, 1, (2, 1, 16, 16))),
    "shapes": (shapes, lambda rng: rng.uniform(0.1, 1, (3, 2, 4, 6))),
    "lstm": (lambda: recurrent(eddl.LSTM), sequences(5)),
    "gru": (lambda: recurrent(eddl.GRU), sequences(5)),
    "rnn": (lambda: recurrent(eddl.RNN), sequences(5)),
    "embedded": (embedded, lambda rng: rng.integers(0, 11, (3, 6, 1))),
}


def record(name):
    make, draw = NETS[name]
    rng = np.random.default_rng(7)
    net = make()
    outputs = len(eddl.getOut(net))
    eddl.build(net, eddl.sgd(0.01, 0.9), ["mse"] * outputs, ["mse"] * outputs, eddl.CS_CPU(1), True)
    x = draw(rng).astype(np.float32)
    if name in ("convolutional", "dense", "u_net"):  # batch norms need statistics
        targets = [np.array(t) for t in eddl.predict(net, [Tensor.fromarray(x)])]
        targets = [rng.uniform(0, 1, t.shape).astype(np.float32) for t in targets]
        eddl.fit(net, [Tensor.fromarray(x)], [Tensor.fromarray(t) for t in targets], len(x), 40)
    y = [np.array(t) for t in eddl.predict(net, [Tensor.fromarray(x)])]
    eddl.save_net_to_onnx_file(net, str(FOLDER / f"{name}.onnx"))
    np.savez_compressed(FOLDER / f"{name}.npz", x=x, **{f"y{i}": t for i, t in enumerate(y)})


if __name__ == "__main__":
    for each in NETS:
        record(each)
