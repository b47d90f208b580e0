"""RNN, LSTM and GRU, unrolled over time: one output or several, encoders and decoders, masks and states."""

import pyeddl.eddl as eddl
from conformance.cases.base import binary, family, integers, normal, onehot, sequences
from helpers import array, tensor, view

case = family(__name__)


def net(*layers, inputs=4, outputs=3, activation=None):
    """Input → the recurrent layers → Dense."""

    def make():
        h = x = eddl.Input([inputs], "x")
        for layer in layers:
            h = layer(h)
        y = eddl.Dense(h, outputs, True, "y" if activation is None else "logits")
        return eddl.Model([x], [y if activation is None else activation(y)])

    return make


def rnn(units=5, activation="tanh", bias=True, name="rnn"):
    return lambda h: eddl.RNN(h, units, activation, bias, False, name)


def lstm(units=5, mask=False, name="lstm"):
    return lambda h: eddl.LSTM(h, units, mask, False, name)


def gru(units=5, mask=False, name="gru"):
    return lambda h: eddl.GRU(h, units, mask, False, name)


def dense(units=4, name="dense"):
    return lambda h: eddl.Tanh(eddl.Dense(h, units, True, name), "tanh_" + name)


def softmax(h):
    return eddl.Softmax(h, -1, "y")


def sequence(steps, targets=1, **options):
    return {"inputs": sequences(steps), "target": sequences(targets), **options}


# What EDDL's GRU passes to the candidate's state weights and to the bias inside the reset: the reset is taken on the
# wrong side of the product; and the first step's bias gets nothing.
def GRU_RESET(name="gru"):
    return {
        "eddl_defect": "gradients of the candidate's state part take the reset on the wrong side",
        "spoils": rf"(gradient|params-1)/{name}\w*/[59]$|params-3|predict-after",
    }


# A sample whose input is all zero keeps its state, but EDDL's backward goes through the gates all the same.
MASKED = {
    "eddl_defect": "the backward pass of masked samples goes through the gates",
    "spoils": r"gradient|input-delta|params|predict-after",
}


# With a single step nothing uses the state's weights, and EDDL steps them by gradients that nobody has set.
def ONE_STEP(first, last, name):
    def keeps_what_was_there(case):
        net = case.built()
        gradient = eddl.getLayer(net, name).gradients[first]
        view(gradient)[...] = 7.0
        xs, ys = ([tensor(a) for a in arrays] for arrays in case.data(net))
        eddl.train_batch(net, xs, ys)
        return (array(gradient) == 7.0).all()

    return {
        "eddl_defect": "the gradients of the state's weights are what was in memory",
        "spoils": rf"(gradient|params-.)/{name}/[{first}-{last}]$",
        "shown": keeps_what_was_there,
    }


def metric_is_too_small(case):
    """Of a case whose loss and metric are the same function."""
    from conformance.measure import measure

    measured = measure(case)
    return measured["metric"][0] < 0.75 * measured["loss"][0]


METRIC_OF_FIRST_STEP = {
    "eddl_defect": "the metric is the first step's, divided by the number of steps",
    "spoils": "metric",
    "shown": metric_is_too_small,
}

# One output after four steps, for each kind.
for _activation in ("tanh", "relu", "sigmoid", "hard_sigmoid", "none"):
    case(f"rnn-{_activation}", net(rnn(activation=_activation)), **sequence(4))
case("rnn-no-bias", net(rnn(bias=False)), **sequence(3))
case("rnn-bidirectional", net(lambda h: eddl.RNN(h, 4, "tanh", True, True, "rnn")), **sequence(3))
case("lstm", net(lstm()), **sequence(4))
case("lstm-bidirectional", net(lambda h: eddl.LSTM(h, 4, False, True, "lstm")), **sequence(3))
case("gru", net(gru()), **sequence(4), **GRU_RESET())

# Lengths: one step, many, a batch of one.
case("rnn-1-step", net(rnn()), **sequence(1))
case("lstm-1-step", net(lstm()), **sequence(1), **ONE_STEP(4, 7, "lstm"))
_gru_step = {**ONE_STEP(3, 5, "gru"), "spoils": r"(gradient|params-.)/gru/[3459]$|predict-after"}
case("gru-1-step", net(gru()), **sequence(1), **_gru_step)
case("lstm-20-steps", net(lstm(7), inputs=3), **sequence(20, batch=2))
case("lstm-batch-1", net(lstm()), **sequence(4, batch=1))

# Outputs at the last steps, or at all of them.
case("rnn-every-step", net(rnn()), **sequence(4, 4), **METRIC_OF_FIRST_STEP)
case("lstm-every-step", net(lstm()), **sequence(4, 4), **METRIC_OF_FIRST_STEP)
case("lstm-last-2-of-5", net(lstm()), **sequence(5, 2), **METRIC_OF_FIRST_STEP)

# Layers before, between and after.
case("lstm-stacked", net(dense(), lstm(5, name="lstm1"), lstm(4, name="lstm2"), dense(4, "head")), **sequence(4))
case("rnn-on-lstm-every-step", net(lstm(), dense(), rnn()), **sequence(3, 3), **METRIC_OF_FIRST_STEP)
case("gru-stacked", net(gru(5, name="gru1"), gru(4, name="gru2")), **sequence(3), **GRU_RESET("gru"))


def _past_the_cell():
    x = eddl.Input([4], "x")
    before = eddl.Dense(x, 5, True, "before")
    h = eddl.LSTM(before, 5, False, False, "lstm")
    return eddl.Model([x], [eddl.Dense(eddl.Add([before, h], "sum"), 3, True, "y")])


case("lstm-with-a-way-past", _past_the_cell, **sequence(3))


# Losses, optimizers, regularizers.
for _layer, _name in ((rnn(), "rnn"), (lstm(), "lstm")):
    case(
        f"{_name}-classifier",
        net(_layer, activation=softmax),
        loss="softmax_cross_entropy",
        metric="accuracy",
        inputs=sequences(3, lambda shape, rng: 2 * normal(shape, rng)),
        target=sequences(1, onehot),
        batch=2,
    )
case("lstm-adam", net(lstm()), optimizer=lambda: eddl.adam(0.01, 0.9, 0.99, 1e-3), keeps_gradients=False, **sequence(4))
case("lstm-rmsprop", net(lstm()), optimizer=lambda: eddl.rmsprop(0.001, 0.9, 1e-3), **sequence(4))
case("lstm-momentum", net(lstm()), optimizer=lambda: eddl.sgd(0.05, 0.9), **sequence(4, 4), **METRIC_OF_FIRST_STEP)
case("rnn-l2", net(lambda h: eddl.L2(rnn()(h), 0.01)), differentiable=False, **sequence(3))
case("lstm-l2", net(lambda h: eddl.L2(lstm()(h), 0.01)), **sequence(3))


# Masks: half of the cell's inputs are zero, and stay so when the net's input moves a little.
def half_negative(shape, rng):
    sign = rng.integers(2, size=(shape[0], *[1] * (len(shape) - 1))) * 2 - 1
    return sign * (0.2 + abs(normal(shape, rng)))


def relu(h):
    return eddl.ReLu(h, "relu")


for _layer, _name in ((lstm, "lstm"), (gru, "gru")):
    case(
        f"{_name}-mask",
        net(relu, _layer(mask=True)),
        **{**sequence(5, batch=4), "inputs": sequences(5, half_negative)},
        **MASKED,
    )


# Decoders. The targets, delayed by a step, are their inputs.
def translator(encoder, decoder, states=True):
    def make():
        x = eddl.Input([4], "x")
        encoded = encoder(x)
        shifted = eddl.Input([3], "shifted")
        h = eddl.Dense(shifted, 4, True, "read")
        h = decoder([h, eddl.GetStates(encoded)] if states else h)
        y = eddl.Dense(h, 3, True, "y")
        eddl.setDecoder(shifted)
        return eddl.Model([x], [y])

    return make


def image_to_sequence():
    """The input does not depend on time: a decoder alone."""
    x = eddl.Input([6], "x")
    shifted = eddl.Input([3], "shifted")
    h = eddl.Concat([eddl.Dense(shifted, 4, True, "read"), eddl.Dense(x, 3, True, "image")], 0, "join")
    y = eddl.Dense(eddl.LSTM(h, 5, False, False, "lstm"), 3, True, "y")
    eddl.setDecoder(shifted)
    return eddl.Model([x], [y])


case("lstm-to-lstm", translator(lstm(name="encoder"), lstm(name="decoder")), **sequence(4, 3))
case("lstm-to-gru", translator(lstm(name="encoder"), gru(name="decoder")), **sequence(4, 3), **GRU_RESET("decoder"))
case("rnn-to-rnn", translator(rnn(name="encoder"), rnn(name="decoder"), states=False), **sequence(3, 4))
case("image-to-sequence", image_to_sequence, inputs=normal, target=sequences(3))


def _joined():
    """The decoder sees the encoder's output at every step, and begins from its states without being told to."""
    x = eddl.Input([4], "x")
    encoded = eddl.LSTM(x, 5, False, False, "encoder")
    shifted = eddl.Input([3], "shifted")
    h = eddl.Concat([eddl.Dense(shifted, 4, True, "read"), encoded], 0, "join")
    y = eddl.Dense(eddl.LSTM(h, 5, False, False, "decoder"), 3, True, "y")
    eddl.setDecoder(shifted)
    return eddl.Model([x], [y])


case("lstm-joined-to-lstm", _joined, **sequence(3, 3))


# Words. (Differences by a word's number mean nothing.)
def reader(kind):
    def make():
        x = eddl.Input([1], "x")
        h = kind(eddl.Embedding(x, 7, 1, 4, False, "words"))
        return eddl.Model([x], [eddl.Sigmoid(eddl.Dense(h, 1, True, "logits"), "y")])

    return make


def translation():
    """Words to words: the decoder reads which of its inputs is highest."""
    x = eddl.Input([1], "x")
    encoded = eddl.LSTM(eddl.Embedding(x, 7, 1, 4, False, "words"), 5, False, False, "encoder")
    shifted = eddl.Input([6], "shifted")
    h = eddl.Embedding(eddl.ReduceArgMax(shifted, [0]), 6, 1, 3, False, "own_words")
    h = eddl.LSTM([h, eddl.GetStates(encoded)], 5, False, False, "decoder")
    y = eddl.Softmax(eddl.Dense(h, 6, True, "logits"), -1, "y")
    eddl.setDecoder(shifted)
    return eddl.Model([x], [y])


_words = {"inputs": sequences(5, integers(7)), "differentiable": False, "batch": 4, "races_on_eddl": True}
for _layer, _name in ((rnn, "rnn"), (lstm, "lstm")):
    case(f"{_name}-of-words", reader(_layer()), loss="binary_cross_entropy", target=sequences(1, binary), **_words)
case("gru-of-words", reader(gru()), loss="binary_cross_entropy", target=sequences(1, binary), **_words, **GRU_RESET())
case(
    "translation",
    translation,
    loss="softmax_cross_entropy",
    metric="accuracy",
    target=sequences(4, onehot),
    **_words,
)


# One step of a decoder by itself, its states from outside: what scripts decode with.
def _one_step(kind, states):
    def make():
        x, outside = eddl.Input([4], "x"), eddl.States([states, 5], "outside")
        h = kind([x, outside])
        h.isrecurrent = False
        return eddl.Model([x, outside], [eddl.Dense(h, 3, True, "y")])

    return make


NO_STATE_DELTA = {"eddl_defect": "no delta reaches the states", "spoils": "input-delta/outside"}
case("lstm-from-states", _one_step(lstm(), 2), **NO_STATE_DELTA)
