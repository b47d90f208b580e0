"""Other ways in which PyEDDL scripts train: losses made of layers, losses written in Python, nets that feed nets."""

import math

import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import array, batch_for, build, gradients_of, has_onnx, mlp, named_params, params_of, tensor, train, view
from pyeddl._core import Loss, Metric
from pyeddl.tensor import Tensor


def autoencoder(seed=0):
    """A built net without outputs of its own, its last layer, and the layer that it should reproduce."""
    x = eddl.Input([6], "x")
    h = eddl.Tanh(eddl.Dense(x, 4, True, "encode"), "tanh")
    out = eddl.Dense(h, 6, True, "decode")
    net = eddl.Model([x], [])
    eddl.build(net, eddl.sgd(0.1), [], [], eddl.CS_CPU(1))
    for p in net.layers[1].params + out.params:
        view(p)[...] = np.random.default_rng(seed).uniform(-0.5, 0.5, tuple(p.shape))
    return net, out, x


def squares(layers):
    difference = eddl.Sub(layers[0], layers[1])
    return eddl.Mult(difference, difference)


def test_a_loss_of_layers_has_its_value_and_gradient():
    net, out, target = autoencoder()
    loss = eddl.newloss(squares, [out, target], "squares")
    x = np.random.default_rng(1).normal(size=(5, 6)).astype(np.float32)
    eddl.zeroGrads(net)
    eddl.forward(net, [tensor(x)])
    value = eddl.compute_loss(loss)
    error = array(out.output).astype(np.float64) - x
    assert value == pytest.approx(np.sum(error**2) / 6, rel=1e-5)
    eddl.optimize(loss)
    hidden = array(eddl.getLayer(net, "tanh").output).astype(np.float64)
    # Backward takes every value of the loss layer with weight 1.
    np.testing.assert_allclose(array(out.gradients[0]), hidden.T @ (2 * error), rtol=1e-4, atol=1e-5)
    back = (2 * error @ array(out.params[0]).T) * (1 - hidden**2)
    np.testing.assert_allclose(array(eddl.getLayer(net, "encode").gradients[0]), x.T @ back, rtol=1e-4, atol=1e-5)


def test_training_on_a_loss_of_layers():
    net, out, target = autoencoder()
    loss = eddl.newloss(squares, [out, target], "squares")
    x = tensor(np.random.default_rng(1).normal(size=(8, 6)))
    eddl.set_mode(net, 1)
    values = []
    for _ in range(60):
        eddl.zeroGrads(net)
        eddl.forward(net, [x])
        values.append(eddl.compute_loss(loss) / 8)
        eddl.optimize(loss)
        for layer in net.layers:  # the loss is a sum over the batch
            for g in layer.gradients:
                g.div_(8)
        eddl.update(net)
    assert values[-1] < 0.7 * values[0]


class PythonMSE(Loss):
    def __init__(self):
        Loss.__init__(self, "python_mse")

    def delta(self, t, y, d):
        Tensor.copy(Tensor.sub(y, t), d)
        d.div_(t.shape[0])

    def value(self, t, y):
        return float(np.sum((array(t) - array(y)) ** 2)) / (t.size // t.shape[0])


class PythonError(Metric):
    def __init__(self):
        Metric.__init__(self, "python_error")

    def value(self, t, y):
        return float(np.sum(np.abs(array(t) - array(y)))) / (t.size // t.shape[0])


def test_losses_and_metrics_written_in_python():
    builtin = build(mlp(), eddl.sgd(0.1), "mse", "mean_absolute_error")
    net = mlp()
    loss, metric = PythonMSE(), PythonError()
    net.build(eddl.sgd(0.1), [loss], [metric], eddl.CS_CPU(2))
    eddl.set_parameters(net, eddl.get_parameters(builtin))
    x, y = batch_for(net, 6)
    for each in (builtin, net):
        train(each, x, y, 3)
    for a, b in zip(params_of(builtin), params_of(net)):
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)
    assert eddl.get_losses(net) == pytest.approx(eddl.get_losses(builtin), rel=1e-5)
    assert eddl.get_metrics(net) == pytest.approx(eddl.get_metrics(builtin), rel=1e-5)
    eddl.fit(net, [tensor(x)], [tensor(y)], 3, 2)  # releases the interpreter lock, and takes it back for the loss


@pytest.mark.embedded_engine  # EDDL ends the process
def test_an_error_in_a_python_loss_comes_through():
    class Broken(PythonMSE):
        def delta(self, t, y, d):
            raise KeyError("no such thing")

    net = mlp()
    loss, metric = Broken(), PythonError()
    net.build(eddl.sgd(0.1), [loss], [metric], eddl.CS_CPU(2))
    x, y = batch_for(net, 6)
    before = named_params(net)
    with pytest.raises(KeyError, match="no such thing"):
        train(net, x, y)
    for key, value in named_params(net).items():
        np.testing.assert_array_equal(value, before[key])


def halves():
    """Two built nets, the second on the output of the first, and one net that is both."""
    x = eddl.Input([5], "x")
    first = build(eddl.Model([x], [eddl.Tanh(eddl.Dense(x, 4, True, "a"), "h")]), eddl.sgd(0.1))
    h = eddl.Input([4], "h")
    second = build(eddl.Model([h], [eddl.Dense(h, 2, True, "b")]), eddl.sgd(0.1))
    x = eddl.Input([5], "x")
    both = build(
        eddl.Model([x], [eddl.Dense(eddl.Tanh(eddl.Dense(x, 4, True, "a"), "h"), 2, True, "b")]), eddl.sgd(0.1)
    )
    for layer in both.layers:
        for net in (first, second):
            for other in net.layers:
                if other.name == layer.name:
                    for p, q in zip(layer.params, other.params):
                        view(p)[...] = view(q)
    return first, second, both


@pytest.mark.parametrize("detached", [False, True])
def test_a_net_on_the_output_of_a_net(detached):
    first, second, both = halves()
    rng = np.random.default_rng(0)
    x, y = tensor(rng.normal(size=(6, 5))), tensor(rng.normal(size=(6, 2)))
    for net in (first, second, both):
        eddl.set_mode(net, 1)
        eddl.zeroGrads(net)
    hidden = eddl.forward(first, [x])
    eddl.forward(second, eddl.detach(hidden) if detached else hidden)
    eddl.forward(both, [x])
    np.testing.assert_allclose(array(second.lout[0].output), array(both.lout[0].output), rtol=1e-5)
    eddl.backward(both, [y])
    expected = gradients_of(both)
    eddl.backward(second, [y])
    for key, g in gradients_of(second).items():
        np.testing.assert_allclose(g, expected[key], rtol=1e-4, atol=1e-6)
    if detached:
        assert all((g == 0).all() for g in gradients_of(first).values())


def test_data_sets_in_the_working_directory_need_no_download(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for part in ("trX", "trY"):
        tensor([[1.0]]).save(f"drive_{part}.bin")
    eddl.download_drive()
    eddl.download_model("drive_trX.bin", "nowhere")
    assert capfd.readouterr().out.count("\u2713") == 3


@pytest.mark.embedded_engine  # EDDL asks the network
def test_missing_data_sets_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tensor([[1.0]]).save("mnist_trX.bin")
    with pytest.raises(RuntimeError, match=r"download_mnist: file 'mnist_trY.bin' is not in the working directory"):
        eddl.download_mnist()


@pytest.mark.skipif(not has_onnx(), reason="built without protobuf")
@pytest.mark.embedded_engine  # EDDL looks for the layers of its own files by name
@pytest.mark.parametrize("top", [False, True])
def test_a_stored_net_loses_its_classifier(top, tmp_path, monkeypatch):
    x = eddl.Input([3, 8, 8], "data")
    h = eddl.Flatten(eddl.ReLu(eddl.Conv(x, 4, [3, 3], name="conv"), "relu"), "flat")
    net = build(eddl.Model([x], [eddl.Softmax(eddl.Dense(h, 5, True, "fc"), -1, "probabilities")]))
    monkeypatch.chdir(tmp_path)
    eddl.save_net_to_onnx_file(net, "resnet18.onnx")
    stored = eddl.download_resnet18(top)
    assert eddl.getLayer(stored, "input").output.shape[1:] == [3, 8, 8]
    end = eddl.getLayer(stored, "top") if top else stored.layers[-1]
    features = eddl.Model(stored.lin, [end])
    eddl.build(features, eddl.sgd(0.1), ["mse"], ["mse"], eddl.CS_CPU(2), False)
    image = np.random.default_rng(0).normal(size=(2, 3, 8, 8))
    (got,) = eddl.predict(features, [tensor(image)])
    (probabilities,) = eddl.predict(net, [tensor(image)])
    expected = eddl.getLayer(net, "flat").output if top else probabilities
    np.testing.assert_allclose(array(got), array(expected), rtol=1e-5, atol=1e-6)


def test_features_carry_over_to_a_new_task_and_stay_frozen():
    def features(name):
        x = eddl.Input([1, 8, 8], f"{name}_in")
        h = eddl.ReLu(eddl.Conv(x, 4, [3, 3], [1, 1], "same", name=f"{name}_conv"), f"{name}_relu")
        return x, eddl.Flatten(eddl.MaxPool(h, [2, 2], [2, 2], "none", f"{name}_pool"), f"{name}_top")

    def classes(x, top, n):
        net = eddl.Model([x], [eddl.Softmax(eddl.Dense(top, n, True, f"fc{n}"), -1, f"softmax{n}")])
        return build(net, eddl.sgd(0.05, 0.9), "softmax_cross_entropy", "accuracy")

    rng = np.random.default_rng(0)
    image = rng.normal(size=(6, 1, 8, 8))
    first = classes(*features("a"), 5)
    train(first, image, np.eye(5)[rng.integers(0, 5, 6)], 2)
    second = classes(*features("b"), 3)
    source, copy = eddl.getLayer(first, "a_conv"), eddl.getLayer(second, "b_conv")
    eddl.copyParam(source, copy)
    eddl.setTrainable(second, "b_conv", False)
    before = array(eddl.getLayer(second, "fc3").params[0])
    target = np.eye(3)[rng.integers(0, 3, 6)]
    train(second, image, target, 2)
    np.testing.assert_array_equal(array(copy.params[0]), array(source.params[0]))
    assert not np.array_equal(array(eddl.getLayer(second, "fc3").params[0]), before)
    eddl.setTrainable(second, "b_conv", True)
    train(second, image, target, 1)
    assert not np.array_equal(array(copy.params[0]), array(source.params[0]))


def test_progress_and_log_hold_the_losses_and_metrics_by_output(tmp_path, capfd):
    x = eddl.Input([4], "x")
    outputs = [eddl.Softmax(eddl.Dense(x, 3, True, "a"), -1, "classes"), eddl.Dense(x, 2, True, "values")]
    net = eddl.Model([x], outputs)
    losses = ["softmax_cross_entropy", "mse"]
    eddl.build(net, eddl.sgd(0.0), losses, ["categorical_accuracy", "mean_absolute_error"], eddl.CS_CPU(2))
    rng = np.random.default_rng(0)
    data = [tensor(rng.normal(size=(8, 4)))]
    targets = [tensor(np.eye(3)[rng.integers(0, 3, 8)]), tensor(rng.normal(size=(8, 2)))]
    eddl.setlogfile(net, str(tmp_path / "run"))
    eddl.fit(net, data, targets, 4, 1)
    eddl.evaluate(net, data, targets, 4)
    last = [line for line in capfd.readouterr().out.split("\n") if "classes[loss=" in line][-1]
    for name, value, metric in zip(("classes", "values"), eddl.get_losses(net), eddl.get_metrics(net)):
        assert f"{name}[loss={value:.3f} metric={metric:.3f}]" in last
    logs = list(tmp_path.iterdir())
    assert len(logs) == 2  # of training and of evaluation, a line a batch
    for path in logs:
        assert path.read_text().count("classes loss[softmax_cross_entropy]=") == 2
        assert path.read_text().count("values loss[mean_squared_error]=") == 2


@pytest.mark.parametrize(
    "probabilities, expected",
    [
        ([0.1, 0.3, 0.6, 0.3], "1. c (60.0%)\n2. b (30.0%)\n3. d (30.0%)\n"),
        pytest.param(
            [math.nan, 0.25, math.nan, 0.5],
            "1. d (50.0%)\n2. b (25.0%)\n3. a (nan%)\n",
            marks=pytest.mark.embedded_engine,  # EDDL leaves them anywhere
        ),
    ],
    ids=["equal ones in order", "no numbers last"],
)
def test_the_most_likely_classes(probabilities, expected):
    assert eddl.get_topk_predictions(tensor([probabilities]), list("abcd"), 3, 1) == expected
