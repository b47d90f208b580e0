"""fit refuses bad arguments by name and leaves the net bit-identical."""

import eddl_prune as ep
import helpers
import numpy as np
import pytest

X = np.ones((6, 8), np.float32)
Y = np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 0, 1]]
GOOD = {"x": [X], "y": [Y], "validation": ([X], [Y]), "batch_size": 2, "epochs": 1}

VALUE_ERRORS = {
    "no inputs": ({"x": []}, r"x must hold one array per input layer: 1, got 0"),
    "too many targets": ({"y": [Y, Y]}, r"y must hold one array per output layer: 1, got 2"),
    "input shape": ({"x": [X[:, :7]]}, r"x\[0\] must have shape \['samples', 8\], got \[6, 7\]"),
    "target shape": ({"y": [Y.argmax(1)]}, r"y\[0\] must have shape \['samples', 4\], got \[6\]"),
    "sample counts": ({"y": [Y[:5]]}, r"x and y must hold equally many samples, got \[6, 5\]"),
    "NaN": ({"x": [np.full_like(X, np.nan)]}, r"x\[0\] holds NaN or infinite values"),
    "infinite": (
        {"validation": ([X], [np.full_like(Y, np.inf)])},
        r"validation\[1\]\[0\] holds NaN or infinite values",
    ),
    "too large for float32": (
        {"y": [np.full(Y.shape, 1e300)]},
        r"y\[0\] holds NaN or infinite values, or some too large for float32",
    ),
    "no samples": ({"x": [X[:0]], "y": [Y[:0]]}, r"x and y hold no samples; at least 1 is needed"),
    "no validation samples": (
        {"validation": ([X[:0]], [Y[:0]])},
        r"validation\[0\] and validation\[1\] hold no samples; at least 1 is needed",
    ),
    "validation counts": (
        {"validation": ([X], [Y[:2]])},
        r"validation\[0\] and validation\[1\] must hold equally many samples, got \[6, 2\]",
    ),
    "batch of none": ({"batch_size": 0}, "batch_size must be >= 1, got 0"),
    "batch too large": ({"batch_size": 7}, r"batch_size must be in \[1, 6\] \(the number of samples\), got 7"),
    "no epochs": ({"epochs": 0}, "epochs must be >= 1, got 0"),
    "resuming nothing": ({"resume": True}, "resume = True needs the directory of a checkpoint"),
    "negative seed": ({"seed": -1}, "seed must be >= 0, got -1"),
}

TYPE_ERRORS = {
    "bare array": ({"x": X}, "x must be a list of tensors or arrays, one per input layer, got ndarray"),
    "list of lists": ({"x": [[1.0]]}, r"x\[0\] must be a PyEDDL tensor or a NumPy array, got list"),
    "strings": ({"y": [np.array([["a"] * 4] * 6)]}, r"y\[0\] must hold real numbers, got dtype <U1"),
    "complex": ({"x": [X + 1j]}, r"x\[0\] must hold real numbers, got dtype complex"),
    "no pair": ({"validation": None}, r"validation must be a pair \(inputs, targets\), got NoneType"),
    "fractional epochs": ({"epochs": 1.5}, "epochs must be an integer, got float"),
    "schedule": ({"schedule": {"pwe": 5}}, "schedule must be a Schedule or None, got dict"),
    "callback": (
        {"callbacks": ["print"]},
        r"callbacks must be Callback objects or callable as callback\(epoch, logs\), got str",
    ),
    "callbacks": ({"callbacks": 3}, r"callbacks must be a list of callables, got int"),
    "shuffle": ({"shuffle": 1}, "shuffle must be True or False, got int"),
    "keep_zeros": ({"keep_zeros": None}, "keep_zeros must be True or False, got NoneType"),
    "learning rate": ({"learning_rate": 0.1}, "learning_rate must be a Cycle or None, got float"),
    "checkpoint": ({"checkpoint": 3}, "checkpoint must be a path or None, got int"),
    "resume": ({"resume": "yes"}, "resume must be True or False, got str"),
    "progress": ({"progress": "no"}, "progress must be True, False or None, got str"),
}


@pytest.fixture(scope="module")
def net():
    return helpers.build(helpers.mlp(), None, "softmax_cross_entropy", "categorical_accuracy")


def refused(net, arguments, error, message):
    before = helpers.params_of(net)
    with pytest.raises(error, match=f"^fit: {message}"):
        ep.fit(net, **{**GOOD, **arguments})
    helpers.assert_same_params(before, net)


@pytest.mark.parametrize(("arguments", "message"), VALUE_ERRORS.values(), ids=VALUE_ERRORS)
def test_bad_values(net, arguments, message):
    refused(net, arguments, ValueError, message)


@pytest.mark.parametrize(("arguments", "message"), TYPE_ERRORS.values(), ids=TYPE_ERRORS)
def test_wrong_types(net, arguments, message):
    refused(net, arguments, TypeError, message)


def test_good_arguments_are_taken(net):
    assert ep.fit(net, **GOOD)["epoch"] == [1]


def test_something_else_than_a_net():
    with pytest.raises(TypeError, match=r"^fit: net must be a PyEDDL net \(pyeddl.eddl.Model\), got str$"):
        ep.fit("net", **GOOD)


def test_an_unbuilt_net():
    with pytest.raises(ValueError, match=r"^fit: net .* is not built; call eddl.build first$"):
        ep.fit(helpers.mlp(), **GOOD)


def test_a_net_without_a_loss():
    net = helpers.build(helpers.mlp(), None, "none", "none")
    refused(net, {}, ValueError, r"net .* must be built with a loss; it has \['none'\]")


def test_weights_that_are_not_finite():
    net = helpers.build(helpers.mlp(), None, "softmax_cross_entropy", "categorical_accuracy")
    helpers.view(net.layers[1].params[0])[2, 3] = np.nan
    refused(net, {}, ValueError, 'layer "dense1" holds NaN or infinite parameters')
