"""eddl.plot: the graph in graphviz' language, drawn where graphviz is there."""

import re
import stat
import sys

import pyeddl.eddl as eddl
import pytest
from helpers import bn_convnet, build, mlp

pytestmark = pytest.mark.embedded_engine

# Does what dot does as far as plot can tell: reads the source, writes the picture.
FAKE_DOT = f"""#!{sys.executable}
import sys
format, option, picture, source = sys.argv[1:]
assert option == "-o"
open(picture, "w").write(format + " of " + open(source).read())
"""


def edges(text):
    return re.findall(r'^"(.*)"->"(.*)"$', text, re.MULTILINE)


def program(folder, text, monkeypatch):
    folder.mkdir()
    path = folder / "dot"
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(folder))


def branches():
    x = eddl.Input([4], "x y")
    a, b = eddl.Dense(x, 3, True, 'a "b" \\'), eddl.Dense(x, 3, True, "1b")
    return eddl.Model([x], [eddl.Add([a, b], "sum")])


def test_source(tmp_path):
    for extension in ("dot", "gv"):
        path = tmp_path / f"net.{extension}"
        eddl.plot(branches(), str(path), "TB")
        text = path.read_text()
        assert text.startswith("digraph Model {\nrankdir=TB;\n") and text.endswith("}\n")
        assert sorted(edges(text)) == sorted(
            [("x y", r"a \"b\" \\"), ("x y", "1b"), (r"a \"b\" \\", "sum"), ("1b", "sum")]
        )
        for id in ("x y", r"a \"b\" \\", "1b", "sum"):
            assert f'"{id}" [label="{id}",' in text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.dot", "net.gv"]


def test_every_layer_of_a_net_is_there_once(tmp_path):
    net = build(bn_convnet())
    eddl.plot(net, str(tmp_path / "net.dot"))
    text = (tmp_path / "net.dot").read_text()
    for layer in net.layers:
        assert text.count(f'"{layer.name}" [') == 1
    assert len(edges(text)) == sum(len(layer.parent) for layer in net.layers)


def test_layers_of_other_nets_are_left_out(tmp_path):
    net = mlp()
    eddl.Model(net.lin, [eddl.Dense(net.lout[0], 2, True, "elsewhere")])
    eddl.plot(net, str(tmp_path / "net.dot"))
    assert "elsewhere" not in (tmp_path / "net.dot").read_text()


def test_picture(tmp_path, monkeypatch):
    program(tmp_path / "bin", FAKE_DOT, monkeypatch)
    eddl.plot(mlp(), str(tmp_path / "a net's picture.svg"))
    assert (tmp_path / "a net's picture.svg").read_text().startswith("-Tsvg of digraph Model {\nrankdir=LR;\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a net's picture.svg", "bin"]


@pytest.mark.parametrize("text, reason", [(None, "is not installed"), (f"#!{sys.executable}\nexit(1)\n", "failed")])
def test_without_graphviz_the_source_is_left(text, reason, tmp_path, monkeypatch, capfd):
    if text:
        program(tmp_path / "bin", text, monkeypatch)
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
    eddl.plot(mlp(), str(tmp_path / "net.pdf"))
    said = capfd.readouterr().err
    assert reason in said and f"dot -Tpdf -o '{tmp_path}/net.pdf' '{tmp_path}/net.dot'" in said
    assert (tmp_path / "net.dot").read_text().startswith("digraph")
    assert not (tmp_path / "net.pdf").exists()


@pytest.mark.parametrize(
    "name, rankdir, message",
    [("net.pdf", "up", "up"), ("net", "LR", "extension"), ("a.b/net", "LR", "extension")],
)
def test_bad_arguments(name, rankdir, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        eddl.plot(mlp(), str(tmp_path / name), rankdir)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(RuntimeError, match=r"plot.*nowhere"):
        eddl.plot(mlp(), str(tmp_path / "nowhere" / "net.dot"))
