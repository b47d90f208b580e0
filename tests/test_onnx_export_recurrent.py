"""Recurrent nets written to ONNX: sequences go in and out as [samples, steps, …], of any number and length."""

import eddl_prune as ep
import numpy as np
import pyeddl.eddl as eddl
import pytest
from helpers import array, build, named_params, predict, tensor, train
from onnx_tools import assert_close, exported, initializers, onnx, run_onnx

pytestmark = pytest.mark.embedded_engine

INPUTS, UNITS, WORDS = 5, 6, 7

CELLS = {
    "lstm": lambda parent, name: eddl.LSTM(parent, UNITS, False, False, name),
    "gru": lambda parent, name: eddl.GRU(parent, UNITS, False, False, name),
    **{
        f"rnn_{act}": lambda parent, name, act=act: eddl.RNN(parent, UNITS, act, True, False, name)
        for act in ("tanh", "relu", "sigmoid", "hard_sigmoid", "none")
    },
    "rnn_no_bias": lambda parent, name: eddl.RNN(parent, UNITS, "tanh", False, False, name),
}
STATES = ["lstm", "gru"]  # the kinds that PyEDDL lets begin with given states


def normal(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def assert_same_as_onnx_runtime(net, shapes, rng):
    """For sequences of several lengths and numbers."""
    model = exported(net).SerializeToString()
    for samples, steps in ((3, 4), (1, 1), (2, 7)):
        xs = [normal(rng, samples, steps, *shape) for shape in shapes]
        (theirs,) = run_onnx(model, xs)
        assert_close(predict(net, xs), theirs)


@pytest.mark.parametrize("kind", CELLS)
def test_cell(kind, rng):
    x = eddl.Input([INPUTS], "x")
    net = build(eddl.Model([x], [eddl.Softmax(eddl.Dense(CELLS[kind](x, "cell"), 3))]))
    assert_same_as_onnx_runtime(net, [(INPUTS,)], rng)


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn_tanh"])
def test_cell_that_is_the_output(kind, rng):
    x = eddl.Input([INPUTS], "x")
    assert_same_as_onnx_runtime(build(eddl.Model([x], [CELLS[kind](x, "cell")])), [(INPUTS,)], rng)


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn_tanh"])
def test_cell_that_has_lost_inputs_and_units(kind, rng):
    x = eddl.Input([INPUTS], "x")
    h = CELLS[kind](eddl.ReLu(eddl.Dense(x, 4, True, "before")), "cell")
    net = build(eddl.Model([x], [eddl.Dense(h, 3)]))
    ep.remove_channels(net, {"before": [0, 2], "cell": [1, 4, 5]})
    assert eddl.getLayer(net, "cell").params[0].shape == [2, UNITS - 3]
    assert_same_as_onnx_runtime(net, [(INPUTS,)], rng)


def test_stacked_cells(rng):
    x = eddl.Input([INPUTS], "x")
    h = CELLS["lstm"](CELLS["gru"](CELLS["rnn_tanh"](x, "first"), "second"), "third")
    assert_same_as_onnx_runtime(build(eddl.Model([x], [eddl.Dense(h, 3)])), [(INPUTS,)], rng)


def test_layers_before_between_and_behind_cells(rng):
    x = eddl.Input([INPUTS], "x")
    h = CELLS["lstm"](eddl.BatchNormalization(eddl.ReLu(eddl.Dense(x, 4)), True), "first")
    h = CELLS["gru"](eddl.Concat([eddl.Dense(h, 3), h]), "second")
    y = eddl.Softmax(eddl.Dense(eddl.Dropout(h, 0.2), 3))
    assert_same_as_onnx_runtime(build(eddl.Model([x], [y])), [(INPUTS,)], rng)


def test_convolutions_on_each_step(rng):
    x = eddl.Input([2, 6, 6], "x")
    h = eddl.Flatten(eddl.MaxPool2D(eddl.ReLu(eddl.Conv2D(x, 4, [3, 3])), [2, 2]))
    net = build(eddl.Model([x], [eddl.Dense(CELLS["lstm"](h, "cell"), 3)]))
    assert_same_as_onnx_runtime(net, [(2, 6, 6)], rng)


def test_a_cell_whose_steps_and_last_step_are_both_taken(rng):
    x = eddl.Input([INPUTS], "x")
    first = CELLS["lstm"](x, "first")
    second = CELLS["lstm"](first, "second")
    net = build(eddl.Model([x], [eddl.Concat([eddl.Dense(first, 3), second])]))
    assert_same_as_onnx_runtime(net, [(INPUTS,)], rng)


def test_two_sequences(rng):
    a, b = eddl.Input([INPUTS], "a"), eddl.Input([3], "b")
    together = eddl.Concat([CELLS["lstm"](a, "left"), CELLS["gru"](b, "right")])
    assert_same_as_onnx_runtime(build(eddl.Model([a, b], [eddl.Dense(together, 2)])), [(INPUTS,), (3,)], rng)


def test_embedded_words(rng):
    x = eddl.Input([1], "x")
    h = CELLS["lstm"](eddl.Embedding(x, WORDS, 1, 4), "cell")
    net = build(eddl.Model([x], [eddl.Dense(h, 3)]))
    model = exported(net).SerializeToString()
    words = rng.integers(WORDS, size=(3, 6, 1)).astype(np.float32)
    assert_close(predict(net, words), run_onnx(model, words)[0])


def test_a_trained_net(rng):
    x = eddl.Input([INPUTS], "x")
    net = build(eddl.Model([x], [eddl.Dense(CELLS["gru"](x, "cell"), 3)]), eddl.adam(0.01))
    train(net, normal(rng, 8, 4, INPUTS), normal(rng, 8, 1, 3), 3)
    assert_same_as_onnx_runtime(net, [(INPUTS,)], rng)


def test_states_from_outside(rng):
    x, states = eddl.Input([INPUTS], "x"), eddl.States([2, UNITS], "states")
    net = build(eddl.Model([x, states], [eddl.Dense(CELLS["lstm"]([x, states], "cell"), 3)]))
    xs = [normal(rng, 3, 4, INPUTS), normal(rng, 3, 2, UNITS)]
    assert_close(predict(net, xs), run_onnx(exported(net).SerializeToString(), xs)[0])


def test_a_single_step(rng):
    """As scripts decode: the cell is told not to be recurrent and gets its states as an input."""
    x, states = eddl.Input([INPUTS], "x"), eddl.States([2, UNITS], "states")
    h = CELLS["lstm"]([x, states], "cell")
    h.isrecurrent = False
    net = build(eddl.Model([x, states], [eddl.Dense(h, 3)]))
    xs = [normal(rng, 3, INPUTS), normal(rng, 3, 2, UNITS)]
    assert_close(predict(net, xs), run_onnx(exported(net).SerializeToString(), xs)[0])


# --- decoders: their input is what the step before put out ---


def decoded(net, x, y):
    """What the net's decoder makes of a sequence if it is told at each step what it should have said before."""
    eddl.eval_batch(net, [tensor(x)], [tensor(y)])
    return np.stack([array(layer.output) for layer in net.rnet.lout], axis=1)


def said_before(y):
    return np.concatenate([np.zeros_like(y[:, :1]), y[:, :-1]], axis=1)


def assert_decodes_as_onnx_runtime(net, shape, rng, steps=True):
    model = exported(net)
    for samples, inputs, outputs in ((3, 4, 2), (1, 2, 5)):
        x = normal(rng, samples, *([inputs] if steps else []), *shape)
        y = np.eye(WORDS, dtype=np.float32)[rng.integers(WORDS, size=(samples, outputs))]
        by_name = {"x": x, "before": said_before(y)}
        ordered = [by_name[i.name] for i in model.graph.input]
        assert_close(decoded(net, x, y), run_onnx(model.SerializeToString(), ordered)[0])


def with_decoder(x, h, make, through=lambda before: before):
    """The net whose decoder begins with the states of h, or with those that `make` asks for."""
    before = eddl.Input([WORDS], "before")
    y = eddl.Softmax(eddl.Dense(make(through(before), h), WORDS, True, "logits"), -1, "y")
    eddl.setDecoder(before)
    return build(eddl.Model([x], [y]), loss="softmax_cross_entropy", metric="accuracy")


@pytest.mark.parametrize("kind", STATES)
def test_decoder_with_copied_states(kind, rng):
    x = eddl.Input([INPUTS], "x")
    encoded = CELLS[kind](x, "encoder")
    net = with_decoder(x, encoded, lambda before, h: CELLS[kind]([before, eddl.GetStates(h)], "decoder"))
    assert_decodes_as_onnx_runtime(net, (INPUTS,), rng)


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn_tanh"])
def test_decoder_that_follows_an_encoder(kind, rng):
    """Not told where to begin, it goes on from the encoder's last states."""
    x = eddl.Input([INPUTS], "x")
    net = with_decoder(x, None, lambda before, _: CELLS[kind](before, "decoder"))
    assert_decodes_as_onnx_runtime(net, (INPUTS,), rng, steps=False)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_decoder_that_sees_what_was_encoded_at_each_step(kind, rng):
    x = eddl.Input([INPUTS], "x")
    encoded = CELLS[kind](x, "encoder")

    def decoder(before, h):
        return CELLS[kind](eddl.Concat([eddl.ReLu(eddl.Dense(before, 4)), h]), "decoder")

    assert_decodes_as_onnx_runtime(with_decoder(x, encoded, decoder), (INPUTS,), rng)


def test_decoder_that_describes_an_image(rng):
    x = eddl.Input([2, 6, 6], "x")
    seen = eddl.ReLu(eddl.Dense(eddl.Flatten(eddl.Conv2D(x, 3, [3, 3])), 4))

    def decoder(before, h):
        return CELLS["lstm"](eddl.Concat([before, h]), "decoder")

    assert_decodes_as_onnx_runtime(with_decoder(x, seen, decoder), (2, 6, 6), rng, steps=False)


def test_decoder_of_unknown_length(tmp_path, rng):
    """Nothing goes into the decoder but what was encoded, again and again: somebody has to say how often."""
    x = eddl.Input([INPUTS], "x")
    encoded = CELLS["gru"](x, "encoder")
    again = eddl.Dense(encoded, 4, True, "again")
    y = eddl.Dense(CELLS["lstm"](again, "decoder"), WORDS, True, "y")
    eddl.setDecoder(again)
    net = build(eddl.Model([x], [y]))
    with pytest.raises(ValueError, match=r"how often layer 'encoder' is repeated is not known.*seq_len"):
        eddl.serialize_net_to_onnx_string(net, False)
    path = str(tmp_path / "net.onnx")
    eddl.save_net_to_onnx_file(net, path, 3)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    xs, ys = normal(rng, 2, 3, INPUTS), normal(rng, 2, 3, WORDS)
    with open(path, "rb") as file:
        assert_close(decoded(net, xs, ys), run_onnx(file.read(), xs)[0])


# --- what is in the file ---


def test_sequences_are_free_or_of_a_given_length(tmp_path):
    x = eddl.Input([INPUTS], "x")
    net = build(eddl.Model([x], [eddl.Dense(CELLS["lstm"](x, "cell"), 3)]))
    dims = exported(net).graph.input[0].type.tensor_type.shape.dim
    assert [dims[0].dim_param, dims[1].dim_param, dims[2].dim_value] == ["batch", "sequence", INPUTS]
    path = str(tmp_path / "net.onnx")
    eddl.save_net_to_onnx_file(net, path, 9)
    dims = onnx.load(path).graph.input[0].type.tensor_type.shape.dim
    assert [dims[0].dim_param, dims[1].dim_value, dims[2].dim_value] == ["batch", 9, INPUTS]


def test_gates_are_in_onnx_order():
    x = eddl.Input([INPUTS], "x")
    net = build(eddl.Model([x], [CELLS["lstm"](x, "cell")]))
    params = named_params(net)
    values = initializers(exported(net))
    order = [0, 2, 1, 3]  # input, forget, output, candidate to input, output, forget, candidate
    for name, first in (("W", 0), ("R", 4)):
        expected = np.concatenate([params[f"cell/{first + gate}"].T for gate in order])[None]
        np.testing.assert_array_equal(values[f"cell_{name}"], expected)
    biases = np.concatenate([params[f"cell/{8 + gate}"] for gate in order])
    np.testing.assert_array_equal(values["cell_B"], np.concatenate([biases, np.zeros_like(biases)])[None])


def test_gradients(rng):
    x = eddl.Input([INPUTS], "x")
    net = build(eddl.Model([x], [CELLS["rnn_tanh"](x, "cell")]))
    train(net, normal(rng, 4, 3, INPUTS), normal(rng, 4, 1, UNITS))
    values = initializers(exported(net, gradients=True))
    gradient = array(eddl.getLayer(net, "cell").gradients[1])
    assert np.abs(gradient).max() > 0
    np.testing.assert_array_equal(values["cell_R"][0], gradient.T)


def test_masked_zeros_are_said_to_be_lost(capfd):
    x = eddl.Input([INPUTS], "x")
    net = build(eddl.Model([x], [eddl.LSTM(x, UNITS, True, False, "cell")]))
    exported(net)
    assert "layer 'cell' masks zeros, which ONNX cannot express" in capfd.readouterr().err
