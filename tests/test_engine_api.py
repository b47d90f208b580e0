"""
Every function of the script API, called once with good arguments: it works, or the engine says by name that it lacks
it. Nothing crashes and nothing is left out: the tables here and in layer_functions.py, and the functions that other
files test make up all of PyEDDL's.
"""

import inspect
from pathlib import Path

import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import build, has_onnx, mlp, tensor
from layer_functions import LAYERS, vector
from pyeddl.tensor import Tensor


def net():
    return build(mlp(), eddl.sgd(0.1), "softmax_cross_entropy", "accuracy")


def square_loss(inputs):
    difference = eddl.Sub(inputs[0], inputs[1])
    return eddl.Mult(difference, difference)


def with_graph_loss(use):
    model = trained()  # layers and losses live no longer than their net
    return use(eddl.newloss(square_loss, [model.lout[0], model.lout[0]], "square"))


def with_layer(use, *arguments):
    model = trained()
    return use(eddl.getLayer(model, "dense1"), *arguments)


def import_from_onnx_string():
    model = eddl.serialize_net_to_onnx_string(net(), False) if has_onnx() else b"any"
    return eddl.import_net_from_onnx_string(model)


def import_from_onnx_file():
    if has_onnx():
        eddl.save_net_to_onnx_file(net(), "net.onnx")
    else:
        Path("net.onnx").write_bytes(b"any")
    return eddl.import_net_from_onnx_file("net.onnx")


def copied(copy, *arguments):
    a, b = net(), net()
    copy(eddl.getLayer(a, "dense1"), eddl.getLayer(b, "dense1"), *arguments)


def trained():
    model = net()
    eddl.train_batch(model, [tensor(np.ones((2, 8)))], [tensor(np.eye(4)[:2])])
    return model


# {function: call} of all that makes no layers.
OTHERS = {
    "CS_CPU": lambda: eddl.CS_CPU(1, "low_mem"),
    "CS_GPU": lambda: eddl.CS_GPU([1]),
    "CS_FPGA": lambda: eddl.CS_FPGA([1]),
    "CS_COMPSS": lambda: eddl.CS_COMPSS("workers.xml"),
    "toCPU": lambda: eddl.toCPU(net()),
    "toGPU": lambda: eddl.toGPU(net()),
    "toFPGA": lambda: eddl.toFPGA(net()),
    "sgd": lambda: eddl.sgd(),
    "adam": lambda: eddl.adam(),
    "rmsprop": lambda: eddl.rmsprop(),
    "adadelta": lambda: eddl.adadelta(0.01, 0.9, 0.0001, 0.0),
    "adagrad": lambda: eddl.adagrad(0.01, 0.0001, 0.0),
    "adamax": lambda: eddl.adamax(0.01, 0.9, 0.999, 0.0001, 0.0),
    "nadam": lambda: eddl.nadam(0.01, 0.9, 0.999, 0.0001, 0.0),
    "summary": lambda: eddl.summary(net()),
    "plot": lambda: eddl.plot(net(), "net.pdf"),
    "setlogfile": lambda: eddl.setlogfile(net(), "log"),
    "setName": lambda: eddl.setName(net(), "small"),
    "removeLayer": lambda: eddl.removeLayer(mlp(), "output"),
    "initializeLayer": lambda: eddl.initializeLayer(net(), "dense1"),
    "random_indices": lambda: eddl.random_indices(3, 10),
    "next_batch": lambda: eddl.next_batch([tensor(np.ones((9, 2)))], [Tensor([3, 2])]),
    "print_loss": lambda: eddl.print_loss(trained(), 1),
    "show_profile": lambda: eddl.show_profile(),
    "reset_profile": lambda: eddl.reset_profile(),
    "newloss": lambda: with_graph_loss(lambda loss: loss.name),
    "compute_loss": lambda: with_graph_loss(eddl.compute_loss),
    "compute_metric": lambda: with_graph_loss(eddl.compute_metric),
    "optimize": lambda: with_graph_loss(eddl.optimize),
    "detach": lambda: eddl.detach(vector()),
    "setDecoder": lambda: eddl.setDecoder(vector()),
    "getDelta": lambda: with_layer(eddl.getDelta),
    "getGradient": lambda: with_layer(eddl.getGradient, 0),
    "getGradients": lambda: with_layer(eddl.getGradients),
    "getStates": lambda: with_layer(eddl.getStates),
    "copyOutput": lambda: copied(eddl.copyOutput),
    "copyParam": lambda: copied(eddl.copyParam, 0),
    "copyGradient": lambda: copied(eddl.copyGradient, 0),
    "distributeParams": lambda: with_layer(eddl.distributeParams),
    "get_topk_predictions": lambda: eddl.get_topk_predictions(tensor([0.2, 0.8]), ["a", "b"], 1),
    "exist": lambda: eddl.exist("nowhere"),
    "save_net_to_onnx_file": lambda: eddl.save_net_to_onnx_file(net(), "net.onnx"),
    "import_net_from_onnx_file": import_from_onnx_file,
    "serialize_net_to_onnx_string": lambda: eddl.serialize_net_to_onnx_string(net(), False),
    "import_net_from_onnx_string": import_from_onnx_string,
    "download_model": lambda: eddl.download_model("net", "nowhere"),
    "download_hlsinf": lambda: eddl.download_hlsinf(1, 0),
    "Transform": lambda: eddl.Transform(vector(), 0, 0, 0, 0),
    **{
        name: getattr(eddl, name)
        for name in dir(eddl)
        if name.startswith("download_") and name not in ("download_model", "download_hlsinf")
    },
}

# Tested with what they do, in other files.
ELSEWHERE = set(
    "Model build backward clamp copyDelta eval_batch evaluate fit forward getInput getLayer getLoss getMetric getOut "
    "getOutput getParam getParams getState get_losses get_metrics get_parameters load predict reset_loss save set_mode "
    "set_parameters setTrainable setlr train_batch update zeroGrads".split()
)

# What needs a network, a GPU or an FPGA, is not called on EDDL.
NOT_HERE = {name for name in OTHERS if name.startswith("download_")} | {
    "CS_GPU",
    "CS_FPGA",
    "toGPU",
    "toFPGA",
    "Transform",
    "plot",
}

# What the embedded engine does not have: it says so by the function's name, or by one that says more.
UNAVAILABLE = {name: name for name in ("Transform CS_GPU CS_FPGA toGPU toFPGA").split()}
UNAVAILABLE |= {name: name for name in OTHERS if name.startswith("download_")}
UNAVAILABLE |= {"download_model": "download_model"}
if not has_onnx():
    UNAVAILABLE |= {
        name: name for name in OTHERS if name.startswith(("import_net_from", "save_net_to", "serialize_net_to"))
    }

TABLE = {**LAYERS, **OTHERS}


def test_the_table_is_complete():
    functions = {name for name, f in vars(eddl).items() if inspect.isfunction(f) and not name.startswith("_")}
    assert functions - ELSEWHERE - set(TABLE) == set()
    assert set(TABLE) - functions == set()


@pytest.mark.parametrize("name", TABLE)
def test_function_works_or_says_that_it_is_not_there(name, engine):
    if engine == "EDDL":
        if name in NOT_HERE:
            pytest.skip("needs a network, a GPU or an FPGA")
        TABLE[name]()
    elif name in UNAVAILABLE:
        with pytest.raises(RuntimeError, match=f"{UNAVAILABLE[name]}.* not available in the embedded engine"):
            TABLE[name]()
    else:
        TABLE[name]()
