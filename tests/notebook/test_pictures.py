import io

import pytest
from PIL import Image

from dfcan_bmz import cli
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.notebook import pictures
from dfcan_bmz.run_folder import read_history


@pytest.fixture
def shown(monkeypatch):
    """What a notebook is asked to display."""
    found = []
    monkeypatch.setattr(pictures, "display", found.append)
    return found


@pytest.fixture(scope="module")
def predicted(tiny_run, pairs_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("predicted")
    cli.predict(tiny_run, [pairs_folder / "lr"], out, overwrite=True)
    return out


def test_an_image_can_be_chosen(pairs_folder, predicted, shown):
    pictures.show_predictions(pairs_folder / "lr", predicted, pairs_folder / "hr")
    pictures.show_predictions(pairs_folder / "lr", predicted)
    pictures.show_error_maps(pairs_folder / "lr", predicted, pairs_folder / "hr")
    pictures.show_pairs(pairs_folder / "lr", pairs_folder / "hr")
    for box in shown:
        chooser, picture = box.children
        assert len(chooser.options) == 8
        first = picture.value
        chooser.value = "fov003_level01"
        assert picture.value != first
        assert min(Image.open(io.BytesIO(picture.value)).size) > 300
    assert len(shown) == 4


def test_folders_without_a_common_image_are_refused(pairs_folder, tmp_path):
    (tmp_path / "other.tif").write_bytes((pairs_folder / "lr/fov000_level01.tif").read_bytes())
    with pytest.raises(DfcanError, match="share no image name"):
        pictures.show_predictions(pairs_folder / "lr", tmp_path)


def test_the_live_plot_shows_epoch_and_time_left(tiny_run, monkeypatch):
    class Handle:
        def update(self, content):
            self.content = content

    handles = []
    monkeypatch.setattr(pictures, "display", lambda content, display_id: handles.append(Handle()) or handles[-1])
    watch = pictures.live_plot(tiny_run, epochs=12)
    watch(read_history(tiny_run)[-1] | {"seconds": 30.0})
    text, curves = (handle.content for handle in handles)
    assert text.data == "Epoch 2 of 12; about 5.0 minutes left"
    watch(read_history(tiny_run)[-1] | {"epoch": 12})
    assert handles[0].content.data == "Epoch 12 of 12"
    assert Image.open(io.BytesIO(curves.data)).format == "PNG"


def test_a_history_is_wanted(tiny_run, tmp_path, shown):
    pictures.show_history(tiny_run)
    assert len(shown) == 1
    with pytest.raises(DfcanError, match="no history"):
        pictures.show_history(tmp_path)
