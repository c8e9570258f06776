import pytest

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.run_folder import read_config
from dfcan_bmz.training.settings import resolve


def test_later_layers_win(tmp_path):
    (tmp_path / "c.yaml").write_text("train: {epochs: 20, learning_rate: 5e-4}\ndata: {target: own}\n")
    config = resolve({"data": {"target": "input", "patch_size": 64}}, tmp_path / "c.yaml", ["train.epochs=30"])
    assert (config.train.epochs, config.train.learning_rate) == (30, 5e-4)
    assert (config.data.target, config.data.patch_size) == ("own", 64)


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("train.epoch=3", "train.epoch: unknown key"),
        ("training.epochs=3", "training: unknown key"),
        ("train.epochs=0", "train.epochs"),
        ("train.learning_rate=-1", "train.learning_rate"),
        ("model.scale=5", "model.scale"),
        ("data.patch_size=65", "data.patch_size"),
        ("data.augment=[spin]", "data.augment"),
        ("epochs=3", "section.key=value"),
        ("train.epochs", "section.key=value"),
    ],
)
def test_a_wrong_key_or_value_is_named(override, named):
    with pytest.raises(DfcanError, match=named):
        resolve({}, None, [override])


def test_a_loss_that_knows_no_gain_is_refused_where_nothing_bounds_the_output():
    with pytest.raises(DfcanError, match=r"set model\.output=sigmoid"):
        resolve({}, None, ["train.loss=dfcan-published"])
    assert resolve({}, None, ["train.loss=dfcan-published", "model.output=sigmoid"]).model.output == "sigmoid"


@pytest.mark.parametrize("content", ["- a list", "a: [", "train: 3", "\x00"])
def test_a_file_that_is_no_mapping_of_sections_is_refused(tmp_path, content):
    (tmp_path / "c.yaml").write_text(content)
    with pytest.raises(DfcanError):
        resolve({}, tmp_path / "c.yaml", [])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DfcanError, match=r"nowhere\.yaml"):
        resolve({}, tmp_path / "nowhere.yaml", [])


@pytest.mark.parametrize("names", ["[001]", "[cell0, 7]", "[yes]", "[2024-01-01]"])
def test_names_that_yaml_takes_for_something_else_are_to_be_quoted(names):
    with pytest.raises(DfcanError, match=r"data\.validation: .* quote it, as in \['001'\]"):
        resolve({}, None, [f"data.validation={names}"])
    assert resolve({}, None, ["data.validation=['001', 7a]"]).data.validation == ["001", "7a"]


def test_one_name_without_brackets_is_told_how_to_be_written():
    with pytest.raises(DfcanError, match=r"as in \[cell0\]"):
        resolve({}, None, ["data.validation=cell0"])


def test_the_network_of_the_first_weights_comes_along_whatever_the_settings_come_in(tiny_run):
    overrides = (override for override in [f"train.init={tiny_run}", "train.epochs=3"])
    config = resolve({}, None, overrides)
    assert (config.train.epochs, config.model) == (3, read_config(tiny_run).model)
