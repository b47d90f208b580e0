"""Batch sizes: predicting or training with another one in between changes no result."""

import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import (
    array,
    batch_for,
    bn_convnet,
    build,
    gradients_of,
    lenet,
    mlp,
    params_of,
    predict,
    set_params,
    tensor,
    train,
)

MEMORY_LEVELS = ["full_mem", "mid_mem", "low_mem"]
NETS = {"mlp": mlp, "lenet": lenet, "bn-convnet": bn_convnet}


def built(name, mem="full_mem", momentum=0.9):
    return build(NETS[name](), eddl.sgd(0.1, momentum), "softmax_cross_entropy", "accuracy", mem)


@pytest.fixture(params=NETS)
def name(request):
    return request.param


def assert_close_params(expected, actual, tolerance=1e-6):
    for i, (a, b) in enumerate(zip(expected, actual)):
        np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance, err_msg=f"parameter {i}")


def test_prediction_of_a_sample_does_not_depend_on_its_batch(name):
    net = built(name)
    x, _ = batch_for(net, 9)
    together = predict(net, x)
    for size in (1, 4, 9, 2):
        parts = [predict(net, x[i : i + size]) for i in range(0, len(x), size)]
        np.testing.assert_allclose(np.concatenate(parts), together, rtol=1e-5, atol=1e-7, err_msg=f"batches of {size}")


@pytest.mark.parametrize("mem", MEMORY_LEVELS)
def test_predicting_between_training_steps_changes_nothing(name, mem):
    x, y = batch_for(built(name), 6)
    more, _ = batch_for(built(name), 11, seed=1)
    plain, interrupted = built(name, mem), built(name, mem)
    train(plain, x, y, 3)
    for size in (11, 1, 3):
        train(interrupted, x, y)
        predict(interrupted, more[:size])
    assert_close_params(params_of(plain), params_of(interrupted))


@pytest.mark.embedded_engine  # EDDL leaves deltas of the old batch unzeroed: its gradients are garbage
@pytest.mark.parametrize("mem", MEMORY_LEVELS)
def test_gradients_after_a_change_of_the_training_batch_size(name, mem):
    net = built(name, mem)
    for step, size in enumerate((6, 2, 9, 1, 9, 6)):
        x, y = batch_for(net, size, seed=step)
        fresh = built(name, mem)
        set_params(fresh, params_of(net))
        train(fresh, x, y)
        expected = gradients_of(fresh)
        train(net, x, y)
        for key, gradient in gradients_of(net).items():
            np.testing.assert_allclose(gradient, expected[key], rtol=1e-4, atol=1e-6, err_msg=f"{key}, batch {size}")


def test_chosen_samples_are_those_that_train(name):
    x, y = batch_for(built(name), 10)
    chosen = [7, 2, 2, 9]
    by_index, by_value = built(name), built(name)
    eddl.reset_loss(by_index)
    eddl.train_batch(by_index, [tensor(x)], [tensor(y)], chosen)
    train(by_value, x[chosen], y[chosen])
    assert_close_params(params_of(by_value), params_of(by_index))
    assert eddl.get_losses(by_index) == pytest.approx(eddl.get_losses(by_value), rel=1e-5)


def test_evaluating_is_the_mean_over_batches_and_changes_no_parameter(name):
    net = built(name)
    x, y = batch_for(net, 12)
    before = params_of(net)
    probabilities = predict(net, x).astype(np.float64)
    expected = -np.mean(np.sum(y * np.log(probabilities), axis=1))
    accuracy = np.mean(probabilities.argmax(axis=1) == y.argmax(axis=1))
    for size in (12, 4, 3):
        eddl.evaluate(net, [tensor(x)], [tensor(y)], size)
        assert eddl.get_losses(net)[0] == pytest.approx(expected, rel=1e-4)
        assert eddl.get_metrics(net)[0] == pytest.approx(accuracy, rel=1e-6)
    eddl.reset_loss(net)
    eddl.eval_batch(net, [tensor(x)], [tensor(y)], list(range(12)))
    assert eddl.get_losses(net)[0] == pytest.approx(expected, rel=1e-4)
    for a, b in zip(before, params_of(net)):
        np.testing.assert_array_equal(a, b)


def test_single_steps_are_what_train_batch_does(name):
    whole, steps = built(name), built(name)
    x, y = batch_for(whole, 5)
    train(whole, x, y, 2)
    eddl.set_mode(steps, 1)
    for _ in range(2):
        eddl.zeroGrads(steps)
        eddl.forward(steps, [tensor(x)])
        eddl.backward(steps, [tensor(y)])
        eddl.update(steps)
    assert_close_params(params_of(whole), params_of(steps))


def test_fit_learns_and_keeps_to_its_batch(name):
    net = built(name, momentum=0.5)
    x, y = batch_for(net, 30)
    x += 2 * y.argmax(axis=1).reshape(-1, *[1] * (x.ndim - 1))  # separable
    before = eddl_loss(net, x, y)
    eddl.fit(net, [tensor(x)], [tensor(y)], 8, 30)
    assert eddl_loss(net, x, y) < 0.5 * before
    assert net.batch_size == 30  # of the evaluation


def eddl_loss(net, x, y):
    eddl.evaluate(net, [tensor(x)], [tensor(y)], len(x))
    return eddl.get_losses(net)[0]


def test_outputs_of_single_layers(name):
    net = built(name)
    x, _ = batch_for(net, 3)
    y = predict(net, x)
    np.testing.assert_array_equal(array(eddl.getOutput(eddl.getOut(net)[0])), y)
    np.testing.assert_array_equal(array(net.layers[1].input), x)
    for layer in net.layers:
        assert layer.output.shape[0] == 3


@pytest.mark.embedded_engine  # EDDL answers with the layer's output
def test_inputs_of_single_layers(name):
    net = built(name)
    x, _ = batch_for(net, 3)
    predict(net, x)
    np.testing.assert_array_equal(array(eddl.getInput(net.layers[1])), x)
