"""From images through ilastik and back: what `predict` gives."""

import json
import shutil
import zipfile

import h5py
import numpy as np
import pytest
import tifffile
import yaml
from bundle_files import rewrite
from ilastik import program

from dfcan_bmz import cli, images
from dfcan_bmz.bundle_file.read import open_bundle
from dfcan_bmz.bundle_file.weights import load_network
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.model.loading import of_bundle
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction.tiles import predict_plane

TILE, HALO = 64, 8  # of the companion, in its own pixels


def invoke(*arguments):
    cli.app([str(argument) for argument in arguments], standalone_mode=False)


@pytest.fixture(scope="module")
def predictor(companion_bundle):
    """The same network as `predict` runs it: on LR images."""
    return of_bundle(companion_bundle)


@pytest.fixture(scope="module")
def companion(companion_bundle):
    """The companion's TorchScript, which ilastik runs."""
    bundle = open_bundle(companion_bundle)
    assert (bundle.ours.tile, bundle.ours.halo) == (TILE, HALO)
    return load_network(bundle, "torchscript")


def field(shape, seed=0):
    """Blobs in units of a camera."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(rng.normal(size=shape)) * np.exp(-np.hypot(*np.ix_(
        np.fft.fftfreq(shape[-2]) * 12, np.fft.rfftfreq(shape[-1]) * 12)))  # fmt: skip
    return (400 * np.fft.irfft2(spectrum, shape[-2:]) + 1000).round().astype(np.uint16)


def run_ilastik(companion, path, export, suffix="_Probabilities"):
    pixels, axes = program.open_image(path)
    assert pixels.dtype == np.float32
    predicted = program.predict(companion, pixels, TILE, HALO)
    ending = ".h5" if export is program.export_hdf5 else ".tiff"
    export(path.with_name(f"{path.stem}{suffix}{ending}"), predicted, axes)


@pytest.fixture(scope="module")
def folder(companion_bundle, companion, tmp_path_factory):
    """A prepared image and its export."""
    folder = tmp_path_factory.mktemp("ilastik")
    images.write(folder / "cell.tif", field((41, 50)), calibration=images.Calibration.square(80))
    invoke("ilastik", "prepare", companion_bundle, folder / "cell.tif", "--out", folder / "prepared")
    run_ilastik(companion, folder / "prepared/cell.h5", program.export_hdf5)
    return folder / "prepared"


@pytest.fixture
def spoiled(folder, tmp_path):
    """A copy of it that a test may spoil."""
    return shutil.copytree(folder, tmp_path / "spoiled")


@pytest.mark.parametrize("shape", [(32, 32), (24, 24), (48, 72), (49, 71), (20, 100), (7, 60)])
@pytest.mark.parametrize(("file_format", "export"), [("h5", program.export_hdf5), ("tif", program.export_tiff)])
def test_an_image_of_any_size_comes_back_as_predicted(
    companion_bundle, companion, predictor, shape, file_format, export, tmp_path
):
    images.write(tmp_path / "cell.tif", field(shape), calibration=images.Calibration.square(80))
    prepared, restored = tmp_path / "prepared", tmp_path / "restored"
    invoke("ilastik", "prepare", companion_bundle, tmp_path / "cell.tif", "--out", prepared, "--format", file_format)
    run_ilastik(companion, prepared / f"cell.{file_format}", export)
    invoke("ilastik", "restore", prepared, "--out", restored)
    found = images.read(restored / "cell.tif")
    assert found.pixels.dtype == np.float32
    assert found.calibration.x_nm == pytest.approx(40)
    np.testing.assert_allclose(found.pixels, predict_plane(predictor, field(shape)), atol=1e-5)


@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
@pytest.mark.parametrize(("file_format", "export"), [("h5", program.export_hdf5), ("tif", program.export_tiff)])
def test_a_stack_comes_back_plane_by_plane(companion_bundle, companion, predictor, axes, file_format, export, tmp_path):
    stack = np.stack([field((33, 40), seed) * (seed + 1) for seed in range(3)])
    calibration = images.Calibration(80, 60, 300 if axes == "ZYX" else None, 0.5 if axes == "TYX" else None)
    images.write(tmp_path / "cell.tif", stack, axes, calibration=calibration)
    prepared, restored = tmp_path / "prepared", tmp_path / "restored"
    invoke("ilastik", "prepare", companion_bundle, tmp_path / "cell.tif", "--out", prepared, "--format", file_format)
    assert program.open_image(prepared / f"cell.{file_format}")[1] == axes.lower()
    run_ilastik(companion, prepared / f"cell.{file_format}", export)
    invoke("ilastik", "restore", prepared, "--out", restored, "--intensity", "keep")
    found = images.read(restored / "cell.tif")
    assert (found.axes, found.calibration.z_nm, found.calibration.t_s) == (axes, calibration.z_nm, calibration.t_s)
    assert (found.calibration.x_nm, found.calibration.y_nm) == pytest.approx((40, 30))
    for plane, original in zip(found.pixels, stack, strict=True):
        expected = scaling_of(original).undo(predict_plane(predictor, original))
        np.testing.assert_allclose(plane, expected, rtol=1e-5, atol=1e-5 * np.ptp(original))


def test_a_blank_plane_of_a_stack_stays_blank(companion_bundle, companion, predictor, tmp_path):
    stack = np.stack([field((33, 40)), np.full((33, 40), 7, np.uint16), field((33, 40), 1)])
    images.write(tmp_path / "cell.tif", stack, "ZYX")
    prepared, restored = tmp_path / "prepared", tmp_path / "restored"
    invoke("ilastik", "prepare", companion_bundle, tmp_path / "cell.tif", "--out", prepared)
    run_ilastik(companion, prepared / "cell.h5", program.export_hdf5)
    invoke("ilastik", "restore", prepared, "--out", restored)
    found = images.read(restored / "cell.tif").pixels
    assert not found[1].any()
    for index in (0, 2):
        np.testing.assert_allclose(found[index], predict_plane(predictor, stack[index]), atol=1e-5)


def test_many_are_prepared_and_restored_at_once(companion_bundle, companion, predictor, tmp_path):
    shapes = {"cell": (20, 24), "cell_2": (40, 30), "other": (33, 33)}
    (tmp_path / "set").mkdir()
    for name, shape in shapes.items():
        tifffile.imwrite(tmp_path / f"set/{name}.tif", field(shape))
    invoke("ilastik", "prepare", companion_bundle, tmp_path / "set", "--out", tmp_path / "prepared")
    (tmp_path / "exports").mkdir()
    for name in shapes:
        run_ilastik(companion, tmp_path / f"prepared/{name}.h5", program.export_hdf5)
        shutil.move(tmp_path / f"prepared/{name}_Probabilities.h5", tmp_path / "exports")
    arguments = ["ilastik", "restore", tmp_path / "exports", "--out", tmp_path / "restored"]
    with pytest.raises(DfcanError, match="--prepared"):
        invoke(*arguments)
    invoke(*arguments, "--prepared", tmp_path / "prepared")
    for name, shape in shapes.items():
        found = images.read(tmp_path / f"restored/{name}.tif").pixels
        np.testing.assert_allclose(found, predict_plane(predictor, field(shape)), atol=1e-5)


def test_a_restored_image_says_what_it_is(folder, tmp_path):
    invoke("ilastik", "restore", folder / "cell_Probabilities.h5", "--out", tmp_path)
    notes = images.notes_of(tmp_path / "cell.tif")
    assert "Predicted, not measured" in notes
    assert "Source: cell.tif" in notes
    assert "ilastik" in notes


def test_axes_may_be_exported_in_another_order(folder, spoiled, tmp_path):
    with h5py.File(folder / "cell_Probabilities.h5") as file:
        predicted = file["exported_data"][..., 0]
    program.export_hdf5(spoiled / "cell_Probabilities.h5", predicted, "yx", order="cxy")
    for source, out in ((folder, "one"), (spoiled, "other")):
        invoke("ilastik", "restore", source, "--out", tmp_path / out)
    one, other = (images.read(tmp_path / out / "cell.tif").pixels for out in ("one", "other"))
    np.testing.assert_array_equal(one, other)


def replaced(folder, predicted):
    program.export_hdf5(folder / "cell_Probabilities.h5", predicted, "yx")


def as_bytes(folder, predicted):
    replaced(folder, (255 * predicted).astype(np.uint8))


def renormalised(folder, predicted):
    replaced(folder, 255 * predicted)


def a_region(folder, predicted):
    replaced(folder, predicted[:-8])


def failed(folder, predicted):
    replaced(folder, np.zeros_like(predicted))


def with_nan(folder, predicted):
    predicted[60, 60] = np.nan
    replaced(folder, predicted)


def of_another_name(folder, predicted):
    (folder / "cell_Probabilities.h5").rename(folder / "results.h5")


def twice(folder, predicted):
    program.export_tiff(folder / "cell_Probabilities.tiff", predicted, "yx")


def of_two_datasets(folder, predicted):
    with h5py.File(folder / "cell_Probabilities.h5", "w") as file:
        file["one"], file["two"] = predicted, predicted


def cut_off(folder, predicted):
    content = (folder / "cell_Probabilities.h5").read_bytes()
    (folder / "cell_Probabilities.h5").write_bytes(content[: len(content) // 2])


def no_export(folder, predicted):
    (folder / "cell_Probabilities.h5").unlink()


def without_record(folder, predicted):
    (folder / "cell.prepared.json").unlink()


def of_a_broken_record(folder, predicted):
    (folder / "cell.prepared.json").write_text("{}")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (as_bytes, "uint8 numbers.*floating 32-bit"),
        (renormalised, "holds 0.* to 2.*no renormalisation"),
        (a_region, "no subregion"),
        (failed, "only zeros"),
        (with_nan, "NaN"),
        (of_another_name, "results.h5 matches none.*cell_Probabilities.h5"),
        (twice, "exports of one image"),
        (of_two_datasets, "2 datasets .one, two."),
        (cut_off, "cannot be read"),
        (no_export, "holds no export"),
        (without_record, "--prepared"),
        (of_a_broken_record, "prepare the image again"),
    ],
)
def test_a_wrong_export_is_refused(spoiled, spoil, message, tmp_path):
    with h5py.File(spoiled / "cell_Probabilities.h5") as file:
        predicted = file["exported_data"][..., 0]
    spoil(spoiled, predicted)
    with pytest.raises(DfcanError, match=message) as refusal:
        invoke("ilastik", "restore", spoiled, "--out", tmp_path / "restored")
    assert refusal.value.exit_code == 2
    assert "\n" not in str(refusal.value)
    assert not list((tmp_path / "restored").rglob("*"))


def test_the_prepared_image_is_no_export(folder, tmp_path):
    with pytest.raises(DfcanError, match="prepared image itself"):
        invoke("ilastik", "restore", folder / "cell.h5", "--out", tmp_path)


def test_of_several_the_good_ones_are_done(companion_bundle, companion, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", field((20, 24)))
    tifffile.imwrite(tmp_path / "b.tif", np.full((20, 24), 7, np.uint8))
    tifffile.imwrite(tmp_path / "c.tif", field((20, 24)))
    sources = [tmp_path / f"{name}.tif" for name in "abc"]
    with pytest.raises(UnfinishedError, match=r"1 of 3 images .*b.tif is constant"):
        invoke("ilastik", "prepare", companion_bundle, *sources, "--out", tmp_path / "prepared")
    for name in "ac":
        run_ilastik(companion, tmp_path / f"prepared/{name}.h5", program.export_hdf5)
    program.export_hdf5(tmp_path / "prepared/c_Probabilities.h5", np.ones((5, 5), np.float32), "yx")
    with pytest.raises(UnfinishedError, match=r"1 of 2 exports .*c_Probabilities.h5 is 5 x 5 px"):
        invoke("ilastik", "restore", tmp_path / "prepared", "--out", tmp_path / "restored")
    assert [path.name for path in (tmp_path / "restored").iterdir()] == ["a.tif"]


def test_a_companion_that_normalises_by_itself_is_read_but_not_prepared_for(companion_bundle, predictor, tmp_path):
    enlarged = normalising(companion_bundle, tmp_path / "enlarged.zip")
    expected = predict_plane(predictor, field((40, 40)))
    np.testing.assert_allclose(predict_plane(of_bundle(enlarged), field((40, 40))), expected, atol=1e-6)
    tifffile.imwrite(tmp_path / "cell.tif", field((20, 24)))
    with pytest.raises(DfcanError, match=r"block by block.*input: prepared"):
        invoke("ilastik", "prepare", enlarged, tmp_path / "cell.tif", "--out", tmp_path / "prepared")
    assert not (tmp_path / "prepared").exists()


def normalising(companion_bundle, target):
    """The companion as a recipe with `input: enlarged` describes it."""
    with zipfile.ZipFile(companion_bundle) as archive:
        description = yaml.safe_load(archive.read("rdf.yaml"))
    kwargs = {"axes": ["y", "x"], "min_percentile": 0.1, "max_percentile": 99.9, "eps": 1e-6}
    description["inputs"][0]["preprocessing"] = [{"id": "scale_range", "kwargs": kwargs}]
    description["config"]["dfcan_bmz"]["input"] = "enlarged"
    return rewrite(companion_bundle, target, {"rdf.yaml": yaml.safe_dump(description)})


def test_nothing_is_overwritten_unasked(companion_bundle, folder, tmp_path):
    tifffile.imwrite(tmp_path / "cell.tif", field((20, 24)))
    before = json.loads((folder / "cell.prepared.json").read_text())
    for command in (
        ("prepare", companion_bundle, tmp_path / "cell.tif", "--out", folder),
        ("restore", folder / "cell_Probabilities.h5", "--out", tmp_path),
    ):
        with pytest.raises(DfcanError, match="exists already"):
            invoke("ilastik", *command)
    assert json.loads((folder / "cell.prepared.json").read_text()) == before
