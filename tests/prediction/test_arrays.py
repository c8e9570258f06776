import shutil

import dask.array as da
import keras
import numpy as np
import pytest
import xarray
from prediction.enlarging import load

import dfcan_bmz
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.model import Load, averaged, open_model
from dfcan_bmz.prediction.arrays import predict_array
from dfcan_bmz.prediction.tiles import predict_plane

LOAD = Load(load, ())


def planes(*shape):
    return np.random.default_rng(0).gamma(2, 300, shape).astype(np.float32)


def test_every_plane_of_an_array_is_predicted_by_itself():
    array = planes(2, 3, 21, 30)
    predicted = predict_array(LOAD, array)
    assert predicted.shape == (2, 3, 42, 60)
    np.testing.assert_array_equal(predicted[1, 2], predict_plane(load(), array[1, 2]))


def test_keep_maps_each_plane_to_its_own_percentiles():
    array = planes(2, 20, 20) * np.array([1, 50], np.float32)[:, None, None]
    unit, kept = predict_array(LOAD, array), predict_array(LOAD, array, "keep")
    low, high = np.percentile(array[1], (0.1, 99.9))
    np.testing.assert_allclose(kept[1], low + unit[1] * (high - low), rtol=1e-4)


@pytest.mark.parametrize("given", [{"engine": "tensorflow"}, {"precision": "float16"}, {"intensity": "raw"}])
def test_an_option_that_is_not_known_is_not_taken_for_the_default(tiny_run, given):
    ((name, value),) = given.items()
    with pytest.raises(DfcanError, match=f"{name} '{value}' is not known: choose from"):
        dfcan_bmz.predict(tiny_run, planes(20, 20), **given)


@pytest.mark.parametrize("blocks", [(1, 7, 9), (2, 50, 71)])
def test_a_dask_array_is_predicted_when_it_is_asked_for(monkeypatch, blocks):
    monkeypatch.setattr("dfcan_bmz.prediction.job.LARGEST_CHUNK_PX", 40)
    array = planes(2, 50, 71)
    read = []

    def note(block):
        read.append(block.shape)
        return block

    lazy = da.from_array(array, blocks).map_blocks(note, dtype=np.float32, meta=np.empty((0, 0, 0), np.float32))
    predicted = predict_array(LOAD, lazy)
    assert isinstance(predicted, da.Array)
    assert (predicted.shape, predicted.dtype) == ((2, 100, 142), np.float32)
    assert not read
    expected = predict_array(LOAD, array)
    np.testing.assert_array_equal(predicted[1, 30:80, 60:70].compute(scheduler="threads"), expected[1, 30:80, 60:70])
    np.testing.assert_array_equal(predicted.compute(scheduler="threads"), expected)


@pytest.mark.parametrize("lazy", [False, True])
def test_a_labelled_array_keeps_its_labels_and_gets_half_the_spacing(lazy):
    array = xarray.DataArray(
        planes(21, 2, 30),
        {"y": 5 + 0.1 * np.arange(21), "c": ["actin", "tubulin"], "x": ("x", 0.2 * np.arange(30), {"units": "um"})},
        ("y", "c", "x"),
        name="cell",
        attrs={"microscope": "widefield"},
    )
    predicted = dfcan_bmz.prediction.arrays.predict_array(LOAD, array.chunk() if lazy else array)
    assert predicted.dims == ("y", "c", "x")
    assert predicted.shape == (42, 2, 60)
    assert (predicted.name, predicted.attrs, predicted.x.attrs) == (
        "cell",
        {"microscope": "widefield"},
        {"units": "um"},
    )
    assert list(predicted.c.values) == ["actin", "tubulin"]
    np.testing.assert_allclose(predicted.y, 5 - 0.025 + 0.05 * np.arange(42))
    np.testing.assert_allclose(predicted.x, -0.05 + 0.1 * np.arange(60))
    np.testing.assert_array_equal(predicted.sel(c="tubulin"), predict_array(LOAD, array.sel(c="tubulin").values))


@pytest.mark.parametrize(
    ("array", "match"),
    [
        (np.zeros(9), "is not an image"),
        (np.zeros((9, 9)), "constant"),
        (np.full((9, 9), np.nan), "NaN"),
        (1e-8 * planes(9, 9), "nearly flat"),
    ],
)
def test_what_is_no_image_is_refused(array, match):
    with pytest.raises(DfcanError, match=match):
        predict_array(LOAD, array)


def test_a_model_that_has_changed_is_loaded_anew(tiny_run, tmp_path):
    run, image = tmp_path / "run", np.random.default_rng(0).poisson(50, (20, 24))
    shutil.copytree(tiny_run, run)
    before = dfcan_bmz.predict(run, image)
    model = keras.saving.load_model(run / "model.keras", compile=False)
    model.get_layer("output").bias.assign_add([0.1])
    model.save(run / "model.keras")
    assert np.abs(dfcan_bmz.predict(run, image) - before).max() > 0.05


def test_the_package_predicts_with_a_run_folder_and_with_a_bundle(tiny_run, tiny_bundle):
    plane = planes(33, 40)
    for model in (tiny_run, tiny_bundle):
        expected = predict_plane(open_model(model), plane)
        np.testing.assert_allclose(dfcan_bmz.predict(model, plane), expected, atol=1e-5)


def test_an_ensemble_is_asked_for_by_one_word_of_a_folder_and_of_an_open_model(tiny_run):
    plane, model = planes(33, 40), open_model(tiny_run)
    expected = predict_plane(averaged(model), plane)
    for given in (tiny_run, model, open_model(tiny_run, ensemble=True)):
        np.testing.assert_array_equal(dfcan_bmz.predict(given, plane, ensemble=True), expected)
    assert np.abs(expected - predict_plane(model, plane)).max() > 1e-4


@pytest.mark.parametrize("lazy", [False, True])
def test_one_bad_plane_of_an_array_is_blank_and_warned_of(lazy):
    array = planes(4, 21, 30)
    array[1], array[3, 5, 5] = 7, np.nan
    expected = predict_array(LOAD, array[::2])
    with pytest.warns(UserWarning, match=r"plane [24]") as warned:
        predicted = np.asarray(predict_array(LOAD, da.from_array(array, (1, 9, 9)) if lazy else array))
    assert len(warned) == 2
    np.testing.assert_array_equal(predicted[::2], expected)
    assert not predicted[1::2].any()
    with pytest.raises(DfcanError, match=r"plane 1 of the array is constant \(7\)"):
        predict_array(LOAD, array[1::2])


@pytest.mark.parametrize("dtype", ["uint32", "int32", "int64", "float64"])
def test_an_offset_of_an_array_changes_nothing(dtype):
    array = np.round(planes(21, 30))
    expected = predict_array(LOAD, array)
    shifted = array.astype(dtype) + np.dtype(dtype).type(2 * 10**9)
    np.testing.assert_allclose(predict_array(LOAD, shifted), expected, atol=1e-6)
    with pytest.raises(DfcanError, match="float32 cannot represent"):
        predict_array(LOAD, shifted * 1.0 + 2e12, "keep")


def test_huge_numbers_are_predicted_as_small_ones():
    array = planes(21, 30).astype(np.float64)
    np.testing.assert_allclose(predict_array(LOAD, array * 1e300), predict_array(LOAD, array), atol=1e-6)
    array[3, 3] = 1e300
    with pytest.raises(DfcanError, match=r"far off|cannot represent"):
        predict_array(LOAD, array, "keep")
