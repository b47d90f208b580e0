"""What PyEDDL lets a script do with the engine's objects beside training: copy, assign, split, profile."""

import gc

import numpy as np
import pyeddl._core as core
import pyeddl.eddl as eddl
import pytest
from helpers import array, batch_for, build, in_child, mlp, named_params, predict, tensor, train

pytestmark = pytest.mark.embedded_engine  # EDDL's copies share everything and free it twice


def classifier(optimizer=None):
    return build(mlp(), optimizer or eddl.sgd(0.1, 0.9), "softmax_cross_entropy", "accuracy")


# --- nets ---


def test_a_copied_net_shares_the_layers_and_trains_by_itself():
    net = classifier()
    x, y = batch_for(net)
    train(net, x, y, 2)
    copy = core.Net(net)
    assert [layer.name for layer in copy.layers] == [layer.name for layer in net.layers]
    np.testing.assert_array_equal(predict(copy, x), predict(net, x))
    before = named_params(net)
    train(copy, x, y)
    for key, value in named_params(net).items():
        np.testing.assert_array_equal(value, named_params(copy)[key])
        assert (value != before[key]).any()
    expected = predict(net, x)
    del net
    gc.collect()
    np.testing.assert_array_equal(predict(copy, x), expected)
    train(copy, x, y)


def test_the_copy_may_go_first():
    net = classifier()
    x, y = batch_for(net)
    copy = core.Net(net)
    train(copy, x, y)
    del copy
    gc.collect()
    train(net, x, y)
    assert np.isfinite(predict(net, x)).all()


def test_a_copied_unbuilt_net_can_be_built():
    copy = build(core.Net(mlp()))
    assert predict(copy, batch_for(copy)[0]).shape == (8, 4)


def test_a_net_with_an_optimizer_of_python_cannot_be_copied():
    class Still(core.Optimizer):
        def applygrads(self, batch):
            pass

    optimizer = Still()
    net = classifier(optimizer)
    with pytest.raises(ValueError, match="the optimizer of net 'model' cannot be cloned"):
        core.Net(net)
    x, y = batch_for(net)
    train(net, x, y)


def test_a_net_on_the_cpu_is_its_only_part():
    net = classifier()
    x, y = batch_for(net)
    net.split(2, 0)
    assert len(net.snets) == 1
    train(net, x, y)
    with pytest.raises(ValueError, match="split: expected a number of parts above 0"):
        net.split(0, 0)
    with pytest.raises(RuntimeError, match="not available"):
        net.split(1, 1000)


# --- layers, losses, metrics, services ---


def test_assigning_a_layer_takes_the_values_of_its_parameters():
    a, b = classifier(), build(mlp(), seed=1)
    source, target = eddl.getLayer(a, "dense2"), eddl.getLayer(b, "dense2")
    source.setTrainable(False)
    target.assign(source)
    assert not target.trainable
    for p, q in zip(source.params, target.params):
        np.testing.assert_array_equal(array(p), array(q))
    assert [layer.name for layer in target.parent] == [eddl.getLayer(b, "dense2").parent[0].name]
    with pytest.raises(ValueError, match="has shape"):
        target.assign(eddl.getLayer(a, "dense1"))
    assert predict(b, batch_for(b)[0]).shape == (8, 4)


def test_a_copied_layer_borrows():
    net = classifier()
    layer = eddl.getLayer(net, "dense1")
    copy = core.Layer(layer)
    assert copy.name == "dense1"
    np.testing.assert_array_equal(array(copy.params[0]), array(layer.params[0]))
    del copy
    gc.collect()
    train(net, *batch_for(net))


def test_losses_metrics_and_services_are_copied():
    t, y = tensor([[0.0, 1.0]]), tensor([[0.5, 0.5]])
    loss, metric = eddl.getLoss("mse"), eddl.getMetric("mean_absolute_error")
    assert core.Loss(loss).name == loss.name
    assert core.Metric(metric).name == metric.name
    assert loss.clone().value(t, y) == loss.value(t, y)
    assert metric.clone().value(t, y) == metric.value(t, y)
    service = eddl.CS_CPU(2, "low_mem")
    for copy in (core.CompServ(service), service.clone(), service.share()):
        assert (copy.type, copy.local_threads, copy.mem_level) == ("local", 2, 2)


# --- losses made of layers ---


def squares(layer):
    return eddl.Mult(layer, layer)


def test_a_loss_of_one_layer():
    net = classifier()
    loss = eddl.newloss(squares, net.lout[0], "squares")
    x, _ = batch_for(net)
    eddl.forward(net, [tensor(x)])
    expected = np.sum(array(net.lout[0].output).astype(np.float64) ** 2) / 4
    assert eddl.compute_loss(loss) == pytest.approx(expected, rel=1e-5)
    assert eddl.compute_metric(loss) == pytest.approx(expected, rel=1e-5)


def test_a_copied_loss_of_layers_shares_the_graph():
    net = build(mlp(), loss=None)
    loss = eddl.newloss(squares, net.lout[0], "squares")
    x, _ = batch_for(net)
    eddl.zeroGrads(net)
    eddl.forward(net, [tensor(x)])
    copy = core.NetLoss(loss)
    del loss
    gc.collect()
    assert copy.name == "squares"
    expected = np.sum(array(net.lout[0].output).astype(np.float64) ** 2) / 4
    assert copy.compute() == pytest.approx(expected, rel=1e-5)
    eddl.optimize(copy)
    assert np.abs(array(eddl.getLayer(net, "dense1").gradients[0])).max() > 0


def test_optimizing_several_losses_adds_their_gradients():
    """Each loss goes back into the net below by itself."""
    gradients = []
    for chosen in ([0], [1], [0, 1]):
        net = build(mlp(), loss=None)
        out = net.lout[0]
        losses = [eddl.newloss(squares, out, "a"), eddl.newloss(lambda h: eddl.Exp(h), out, "b")]
        x, _ = batch_for(net)
        eddl.set_mode(net, 1)
        eddl.zeroGrads(net)
        eddl.forward(net, [tensor(x)])
        for i in chosen:
            eddl.compute_loss(losses[i])
        eddl.optimize([losses[i] for i in chosen])
        gradients.append(array(eddl.getLayer(net, "dense1").gradients[0]))
    assert all(np.abs(g).max() > 0 for g in gradients)
    np.testing.assert_allclose(gradients[2], gradients[0] + gradients[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda net: eddl.newloss(lambda layers: layers[0], [], "none"), "at least one layer"),
        (lambda net: eddl.newloss(squares, eddl.Input([4]), "unbuilt"), "not part of a built net"),
        (lambda net: eddl.newloss(lambda layers: None, [net.lout[0]], "nothing"), "returned no layer"),
    ],
)
def test_losses_of_layers_refuse(make, message):
    net = classifier()
    with pytest.raises(ValueError, match=message):
        make(net)
    train(net, *batch_for(net))


def test_an_error_in_the_function_of_a_loss_comes_through():
    net = classifier()

    def broken(layer):
        raise KeyError("no such thing")

    with pytest.raises(KeyError, match="no such thing"):
        eddl.newloss(broken, net.lout[0], "broken")
    train(net, *batch_for(net))


# --- profiles ---

PROFILED = """
import os, sys
import pyeddl.eddl as eddl
from helpers import batch_for, build, mlp, train

net = build(mlp(), eddl.adam(0.01), "softmax_cross_entropy", "accuracy")
train(net, *batch_for(net), steps=5)
if RESET:
    eddl.reset_profile()
    train(net, *batch_for(net), steps=2)
with open("profile.txt", "w") as file:
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(file.fileno(), 1)
    eddl.show_profile()
    os.dup2(saved, 1)
result = open("profile.txt").read()
"""


@pytest.mark.parametrize("reset, steps", [(False, 5), (True, 2)])
def test_a_profile_counts_calls_and_adds_up_their_time(reset, steps, tmp_path):
    lines = in_child(PROFILED.replace("RESET", str(reset)), tmp_path).strip().splitlines()
    rows = {" ".join(words[:2]): [float(word) for word in words[2:]] for words in map(str.split, lines[1:])}
    calls = {
        "LDense forward": 3 * steps,
        "LDense backward": 3 * steps,
        "LActivation forward": 3 * steps,
        "LSoftCrossEntropy delta": steps,
        "LSoftCrossEntropy value": steps,
        "MCategoricalAccuracy value": steps,
        "Adam step": steps,
    }
    assert {name: rows[name][0] for name in calls} == calls
    times = [row[1] for row in rows.values()]
    assert times == sorted(times, reverse=True)
    assert sum(row[3] for row in rows.values()) == pytest.approx(100, abs=0.1)
    for count, total, each, _ in rows.values():
        assert each * count / 1e3 == pytest.approx(total, abs=1e-2)


@pytest.mark.embedded_engine  # EDDL crashes
@pytest.mark.parametrize("values", [(None, None), (core.Tensor(), core.Tensor())], ids=["none", "without-dimensions"])
@pytest.mark.parametrize("kind", ["mse", "mae", "cce", "sce", "bce", "ce", "dice", "min", "sum", "accuracy", "hinge"])
def test_losses_and_metrics_of_no_batch_say_so(kind, values):
    made = 0
    for make, methods in ((eddl.getLoss, [("value", 2), ("delta", 3)]), (eddl.getMetric, [("value", 2)])):
        try:
            object = make(kind)
        except ValueError:  # there is one of the two
            continue
        made += 1
        for method, count in methods:
            with pytest.raises(ValueError, match="expected"):
                getattr(object, method)(*[values[0]] * count)
    assert made > 0
