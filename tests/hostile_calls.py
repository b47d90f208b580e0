"""A good call of each function of the script API, for hostile.py to spoil."""

import pyeddl.eddl as eddl
from helpers import batch_for, build, mlp, tensor
from pyeddl.tensor import Tensor
from test_engine_api import TABLE


def net():
    return build(mlp(), eddl.sgd(0.1, 0.9), "softmax_cross_entropy", "accuracy")


def of_net(name, *arguments):
    return lambda: getattr(eddl, name)(net(), *(a() if callable(a) else a for a in arguments))


def of_layer(name, *arguments):
    def call():
        model = net()
        getattr(eddl, name)(eddl.getLayer(model, "dense2"), *arguments)

    return call


def copied_delta():
    model = net()
    eddl.copyDelta(model.layers[1], model.layers[1])


def inputs():
    return [tensor(batch_for(net(), 8)[0])]


def targets():
    return [tensor(batch_for(net(), 8)[1])]


def model():
    x = eddl.Input([4])
    eddl.Model([x], [eddl.Dense(x, 2)])


def built():
    eddl.build(mlp(), eddl.sgd(0.1), ["mse"], ["mse"], eddl.CS_CPU(2), True)


GOOD = {
    **TABLE,
    "Model": model,
    "build": built,
    "backward": of_net("backward", targets),
    "clamp": of_net("clamp", -1.0, 1.0),
    "copyDelta": copied_delta,
    "eval_batch": of_net("eval_batch", inputs, targets, [0, 1, 2]),
    "evaluate": of_net("evaluate", inputs, targets, 4),
    "fit": of_net("fit", inputs, targets, 4, 1),
    "forward": of_net("forward", inputs),
    "getInput": of_layer("getInput"),
    "getLayer": of_net("getLayer", "dense1"),
    "getLoss": lambda: eddl.getLoss("mse"),
    "getMetric": lambda: eddl.getMetric("mse"),
    "getOut": of_net("getOut"),
    "getOutput": of_layer("getOutput"),
    "getParam": of_layer("getParam", 0),
    "getParams": of_layer("getParams"),
    "getState": of_layer("getState", 0),
    "get_losses": of_net("get_losses"),
    "get_metrics": of_net("get_metrics"),
    "get_parameters": of_net("get_parameters", True),
    "load": of_net("load", "good.bin", "bin"),
    "predict": of_net("predict", inputs),
    "reset_loss": of_net("reset_loss"),
    "save": of_net("save", "net.bin", "bin"),
    "set_mode": of_net("set_mode", 1),
    "set_parameters": of_net("set_parameters", lambda: eddl.get_parameters(net(), True)),
    "setTrainable": of_net("setTrainable", "dense1", False),
    "setlr": of_net("setlr", [0.1]),
    "train_batch": of_net("train_batch", inputs, targets, [0, 1, 2]),
    "update": of_net("update"),
    "zeroGrads": of_net("zeroGrads"),
    "next_batch": lambda: eddl.next_batch([tensor([[1.0, 2.0]] * 9)], [Tensor([3, 2])]),
}
