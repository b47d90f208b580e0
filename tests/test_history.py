"""The record of a run: on disk and as a frame; callbacks; TensorBoard."""

import builtins
import json
import math

import eddl_prune as ep
import numpy as np
import pytest
from eddl_prune.history import History
from test_fit import NEVER, built_mlp, data, fit  # noqa: F401


@pytest.fixture
def history(data):  # noqa: F811
    schedule = ep.Schedule(pwe=2, twt=0.3, min_delta=NEVER)
    return fit(built_mlp(), data, epochs=2, schedule=schedule, callbacks=[lambda epoch, logs: epoch == 2], seed=1)


def test_all_that_happens_is_recorded(data):  # noqa: F811
    net = built_mlp()
    history = fit(net, data, epochs=1, schedule=ep.Schedule(pwe=1, twt=0.3, granularity="channel", min_delta=NEVER))
    stats = ep.stats(net)
    assert history["parameters"] == [stats.parameters]
    assert history["nonzero"] == [stats.nonzero]
    assert history["channels"] == [stats.channels - stats.dead_channels]
    assert stats.dead_channels > 0
    assert history["learning_rate"] == [0.05]
    assert history["batches"] == [4]
    assert type(history["seconds"][0]) is float


def test_json_brings_all_back(history, tmp_path):
    history["odd"] = [math.inf, -math.inf]
    history.to_json(tmp_path / "history.json")
    document = json.loads((tmp_path / "history.json").read_text(), parse_constant=pytest.fail)
    assert document["rounds"]["odd"] == ["Infinity", "-Infinity"]
    again = History.from_json(tmp_path / "history.json")
    assert again == history
    assert list(again) == list(history)
    assert again.ended_by == history.ended_by == "callback"
    history["odd"] = [math.nan, 1.0]
    history.to_json(tmp_path / "nan.json")
    assert math.isnan(History.from_json(tmp_path / "nan.json")["odd"][0])


def test_csv_brings_all_back_but_the_reason_for_the_end(history, tmp_path):
    history["odd"] = [math.inf, 1e-300]
    history.to_csv(tmp_path / "history.csv")
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines[0] == ",".join(history)
    assert len(lines) == 3
    again = History.from_csv(tmp_path / "history.csv")
    assert again == history
    assert [type(values[1]) for values in again.values()] == [type(values[1]) for values in history.values()]


def test_files_that_are_no_histories(tmp_path):
    for content in ("", "[]", "{}", '{"rounds": {"a": 3}, "ended_by": "epochs"}'):
        (tmp_path / "bad.json").write_text(content)
        with pytest.raises(ValueError, match=r"^History.from_json: .*bad.json is not a history"):
            History.from_json(tmp_path / "bad.json")
    for content in ("", "a,b\n1\n"):
        (tmp_path / "bad.csv").write_text(content)
        with pytest.raises(ValueError, match=r"^History.from_csv: .*bad.csv is not a table"):
            History.from_csv(tmp_path / "bad.csv")


def test_frame(history):
    pandas = pytest.importorskip("pandas")
    frame = history.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == list(history)
    assert frame["event"].tolist() == history["event"]
    np.testing.assert_array_equal(frame["val_loss"], history["val_loss"])


def without(monkeypatch, *packages):
    """Makes imports of these fail as if they were not installed."""
    import_ = builtins.__import__

    def refuse(name, *arguments, **options):
        if name.split(".")[0] in packages:
            raise ImportError(f"No module named {name!r}")
        return import_(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)


def test_frame_without_pandas(history, monkeypatch):
    without(monkeypatch, "pandas")
    with pytest.raises(ImportError, match=r"^History.to_frame needs pandas; install it, or use to_csv$"):
        history.to_frame()


# --- callbacks ---


class Recorder(ep.Callback):
    def __init__(self):
        self.calls = []

    def on_begin(self, net):
        self.calls.append("begin")

    def on_epoch(self, epoch, logs):
        self.calls.append((epoch, logs["event"]))

    def on_prune(self, epoch, logs):
        self.calls.append(f"prune {logs['zeroed']}")

    def on_end(self, history):
        self.calls.append(history.ended_by)


def test_callbacks_hear_of_everything(data):  # noqa: F811
    recorder = Recorder()
    history = fit(
        built_mlp(),
        data,
        epochs=3,
        schedule=ep.Schedule(pwe=2, twt=0.3, min_delta=NEVER),
        callbacks=[recorder, ep.Callback()],
    )
    zeroed = history["zeroed"][1]
    assert recorder.calls == ["begin", (1, "waiting"), f"prune {zeroed}", (2, "pruned"), (3, "waiting"), "epochs"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_all_callbacks_hear_of_the_end_whatever_ended_it(data, error):  # noqa: F811
    class Failing(Recorder):
        def on_epoch(self, epoch, logs):
            raise error("stop")

        def on_end(self, history):
            super().on_end(history)
            raise RuntimeError("end")

    failing, recorder = Failing(), Recorder()
    with pytest.raises(RuntimeError, match="end"):
        fit(built_mlp(), data, epochs=3, callbacks=[failing, recorder])
    assert recorder.calls[-1] == failing.calls[-1] == ("interrupt" if error is KeyboardInterrupt else "epochs")


def test_logs_are_copies(data):  # noqa: F811
    history = fit(built_mlp(), data, epochs=2, callbacks=[lambda epoch, logs: logs.clear()])
    assert len(history["loss"]) == 2


# --- TensorBoard ---


def scalars(directory):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(directory))
    events.Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


@pytest.mark.parametrize("package", ["tensorboard", "tensorboardX"])
def test_tensorboard_gets_every_number(package, data, tmp_path, monkeypatch):  # noqa: F811
    pytest.importorskip(package)
    with monkeypatch.context() as patch:
        without(patch, *{"tensorboard", "tensorboardX"} - {package})
        callback = ep.TensorBoard(tmp_path / "events")
        schedule = ep.Schedule(pwe=2, twt=0.3, min_delta=NEVER)
        history = fit(built_mlp(), data, epochs=3, schedule=schedule, callbacks=[callback])
    written = scalars(tmp_path / "events")
    assert written.keys() == history.keys() - {"event", "batches"}
    for tag, points in written.items():
        expected = [(step, v) for step, v in zip(history["batches"], history[tag]) if v is not None]
        assert [step for step, _ in points] == [step for step, _ in expected]
        np.testing.assert_allclose([v for _, v in points], [v for _, v in expected], rtol=1e-6)


def test_tensorboard_that_is_not_installed(monkeypatch):
    without(monkeypatch, "tensorboard", "tensorboardX")
    with pytest.raises(ImportError, match=r"^TensorBoard needs the package tensorboard or tensorboardX; install one$"):
        ep.TensorBoard("events")
