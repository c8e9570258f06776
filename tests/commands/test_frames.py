"""Several images in, one out: from raw frames in files to predictions, figures and maps."""

import csv
import zipfile
from io import BytesIO

import numpy as np
import pytest
import tifffile
import yaml
from conftest import TINY_TRAINING
from fiji.imagej import NEW_KEYS, add_stand_in, needs, run_macro
from fiji.test_install import make_fiji

from dfcan_bmz import images, run_folder
from dfcan_bmz.bundle import jdll
from dfcan_bmz.bundle.deepimagej import lint
from dfcan_bmz.commands import align, compare, evaluate, inspect, package, predict, train, trust
from dfcan_bmz.data.pairs import find_pairs
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.fiji.install import install
from dfcan_bmz.fiji.macros import MENU
from dfcan_bmz.fiji.places import open_fiji
from dfcan_bmz.images import Frames
from dfcan_bmz.model import load_of, open_model
from dfcan_bmz.page.write import write_page
from dfcan_bmz.prediction.arrays import predict_array
from dfcan_bmz.prediction.tiles import predict_plane

RAW, MEAN = ["model.inputs=9"], ["data.frames=mean"]
QUICK = ["train.epochs=1", "data.patches_per_image=10"]


@pytest.fixture(scope="module")
def raw_pairs(pairs_folder, tmp_path_factory):
    """The fields of `pairs_folder` under stripes of 3 angles and 3 phases: lr/ (9 planes a file), hr/, manifest.csv."""
    folder = tmp_path_factory.mktemp("raw")
    (folder / "manifest.csv").write_bytes((pairs_folder / "manifest.csv").read_bytes())
    for name in ("lr", "hr"):
        (folder / name).mkdir()
    for pair in find_pairs(pairs_folder / "lr", pairs_folder / "hr"):
        lr = images.read(pair.lr)
        images.write(folder / "lr" / pair.lr.name, striped(lr.pixels), "ZYX", lr.calibration)
        (folder / "hr" / pair.hr.name).write_bytes(pair.hr.read_bytes())
    return folder


def striped(lr):
    y, x = np.indices(lr.shape)
    frames = [
        lr * (1 + 0.5 * np.cos(2 * np.pi * ((x * np.cos(angle) + y * np.sin(angle)) / 4 + phase / 3)))
        for angle in np.arange(3) * np.pi / 3
        for phase in range(3)
    ]
    return np.round(frames).astype(np.uint16)


def trained(pairs, out, *settings):
    train.run(pairs / "lr", pairs / "hr", out, None, [*TINY_TRAINING, *QUICK, *settings], resume=False, overwrite=False)
    return out


@pytest.fixture(scope="module")
def raw_run(raw_pairs, tmp_path_factory):
    return trained(raw_pairs, tmp_path_factory.mktemp("runs") / "raw", *RAW)


@pytest.fixture(scope="module")
def mean_run(raw_pairs, tmp_path_factory):
    return trained(raw_pairs, tmp_path_factory.mktemp("runs") / "mean", *MEAN)


def test_a_run_folder_tells_how_many_frames_it_takes(raw_run, mean_run):
    assert open_model(raw_run).frames == Frames(9, "ZAP", 3)
    assert open_model(mean_run).frames.number == 1
    assert images.read(raw_run / "sample_lr.tif").pixels.shape[0] == 9
    assert images.read(mean_run / "sample_lr.tif").pixels.ndim == 2
    assert run_folder.read_provenance(raw_run)["domain"] == run_folder.read_provenance(mean_run)["domain"]


def test_raw_frames_without_a_setting_are_refused_with_advice(raw_pairs, tmp_path):
    with pytest.raises(DfcanError, match=r"model\.inputs=9, or on their mean with --set data\.frames=mean"):
        trained(raw_pairs, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("intensity", ["unit", "keep"])
def test_a_stack_of_several_images_becomes_a_plane_for_each(raw_pairs, raw_run, tmp_path, intensity):
    files = sorted((raw_pairs / "lr").iterdir())[:2]
    frames = [images.read(file).pixels for file in files]
    images.write(tmp_path / "both.tif", np.concatenate(frames), "ZYX")
    predict.run(raw_run, [tmp_path / "both.tif", files[0]], tmp_path / "out", intensity=intensity)
    both, first = (images.read(tmp_path / "out" / f"{name}.tif") for name in ("both", files[0].stem))
    assert (both.axes, both.pixels.shape) == ("ZYX", (2, 80, 80))
    assert (first.axes, first.pixel_size_nm) == ("YX", pytest.approx(31.3))
    np.testing.assert_array_equal(first.pixels, both.pixels[0])
    if intensity == "unit":
        expected = [predict_plane(open_model(raw_run), one) for one in frames]
        np.testing.assert_allclose(both.pixels, expected, atol=1e-5)
    else:
        low, high = np.percentile(frames[1], (0.1, 99.9))
        assert low - 1 <= both.pixels[1].min() < both.pixels[1].max() <= high + 1


def test_arrays_have_their_frames_before_y_and_x(raw_pairs, raw_run):
    frames = images.read(min((raw_pairs / "lr").iterdir())).pixels
    expected = predict_plane(open_model(raw_run), frames)
    found = predict_array(load_of(raw_run), np.stack([frames, frames[::-1]]))
    assert found.shape == (2, 80, 80)
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    assert np.abs(found[1] - expected).max() > 1e-4, "the order of frames matters to the network"
    with pytest.raises(DfcanError, match=r"takes 9 frames for each image.* give \(\.\.\., 9, Y, X\)"):
        predict_array(load_of(raw_run), frames[:3])


def test_labelled_and_lazy_arrays_are_predicted_as_plain_ones(raw_pairs, raw_run):
    xarray, dask = pytest.importorskip("xarray"), pytest.importorskip("dask.array")
    frames = np.stack([images.read(file).pixels for file in sorted((raw_pairs / "lr").iterdir())[:2]])
    expected = predict_array(load_of(raw_run), frames)
    lazy = predict_array(load_of(raw_run), dask.from_array(frames, chunks=(1, 9, 20, 20)))
    np.testing.assert_allclose(lazy.compute(), expected, atol=1e-5)
    labels = {"t": [0.0, 2.0], "frame": np.arange(9), "x": np.arange(40) * 60.0}
    labelled = predict_array(load_of(raw_run), xarray.DataArray(frames, labels, ("t", "frame", "y", "x")))
    assert labelled.dims == ("t", "y", "x")
    assert set(labelled.coords) == {"t", "x"}
    np.testing.assert_allclose(labelled.values, expected, atol=1e-5)


def test_a_file_of_another_number_of_planes_is_left_out_and_told(raw_pairs, raw_run, tmp_path):
    frames = images.read(min((raw_pairs / "lr").iterdir())).pixels
    images.write(tmp_path / "short.tif", frames[:5], "ZYX")
    images.write(tmp_path / "whole.tif", frames, "ZYX")
    with pytest.raises(
        UnfinishedError, match=r"1 of 2 .*short\.tif has 5 planes, which are not whole images of 9 frames"
    ):
        predict.run(raw_run, [tmp_path / "short.tif", tmp_path / "whole.tif"], tmp_path / "out")
    assert (tmp_path / "out/whole.tif").is_file()


@pytest.fixture(scope="module")
def two_pairs(raw_pairs, tmp_path_factory):
    """Two of them, as an evaluation takes its time."""
    folder = tmp_path_factory.mktemp("two")
    for name in ("lr", "hr"):
        (folder / name).mkdir()
        for file in sorted((raw_pairs / name).iterdir())[1:5:2]:
            (folder / name / file.name).write_bytes(file.read_bytes())
    return folder


def scores(folder):
    with (folder / "metrics.csv").open(newline="") as lines:
        return {(row["image"], row["method"], row["protocol"], row["metric"]): float(row["value"])
                for row in csv.DictReader(lines)}  # fmt: skip


def test_baselines_and_networks_for_one_image_take_the_mean_of_the_frames(two_pairs, raw_run, mean_run, tmp_path):
    means = tmp_path / "means"
    for name in ("lr", "hr"):
        (means / name).mkdir(parents=True)
    for pair in find_pairs(two_pairs / "lr", two_pairs / "hr"):
        mean = images.mean_frame(images.read(pair.lr).pixels)
        images.write(means / "lr" / pair.lr.name, mean)
        (means / "hr" / pair.hr.name).write_bytes(pair.hr.read_bytes())
    compare.run([raw_run, mean_run], two_pairs / "lr", two_pairs / "hr", tmp_path / "raw", deconvolution=True)
    evaluate.run(mean_run, means / "lr", means / "hr", tmp_path / "of_means", deconvolution=True)
    raw, of_means = scores(tmp_path / "raw"), scores(tmp_path / "of_means")
    for (image, method, protocol, metric), value in of_means.items():
        if metric == "psnr":
            named = "mean" if method == "DFCAN" else method
            assert raw[image, named, protocol, metric] == pytest.approx(value, abs=1e-3)
    assert {key[1] for key in raw} == {"bicubic", "smoothed bicubic", "deconvolution", "raw", "mean"}


def test_a_network_of_several_frames_is_evaluated_with_its_pictures(two_pairs, raw_run, tmp_path):
    evaluate.run(raw_run, two_pairs / "lr", two_pairs / "hr", tmp_path / "out", deconvolution=False)
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"metrics.csv", "worst.png", "uncertainty.png"}


def test_uncertainty_is_mapped_by_the_turns_that_keep_the_stripes(raw_pairs, raw_run, tmp_path):
    file = min((raw_pairs / "lr").iterdir())
    trust.run(raw_run, [file], tmp_path / "out", overwrite=False)
    spread = images.read(tmp_path / "out" / f"{file.stem}_disagreement.tif").pixels
    frames, model = images.read(file).pixels, open_model(raw_run)
    turned = frames.reshape(3, 3, 40, 40)[:, ::-1, ::-1, ::-1].reshape(9, 40, 40)
    both = [predict_plane(model, frames), predict_plane(model, turned)[::-1, ::-1]]
    np.testing.assert_allclose(spread, np.std(both, axis=0), atol=1e-5)


def test_inspect_and_align_work_on_the_mean_and_keep_the_frames(raw_pairs, tmp_path, capsys):
    moved = tmp_path / "moved"
    for name in ("lr", "hr"):
        (moved / name).mkdir(parents=True)
    pair = find_pairs(raw_pairs / "lr", raw_pairs / "hr")[-1]  # the brighter level
    (moved / "lr" / pair.lr.name).write_bytes(pair.lr.read_bytes())
    images.write(moved / "hr" / pair.hr.name, np.roll(images.read(pair.hr).pixels, 4, axis=0))
    with pytest.raises(UnfinishedError):
        inspect.run([moved], None, overwrite=False)
    assert "the HR image is shifted +4.0 HR px down" in capsys.readouterr().out
    align.run(moved, tmp_path / "aligned", affine=False, overwrite=False)
    aligned = images.read(tmp_path / "aligned/lr" / pair.lr.name).pixels
    np.testing.assert_array_equal(aligned, images.read(pair.lr).pixels[:, 2:-2, 2:-2])
    inspect.run([tmp_path / "aligned"], None, overwrite=False)


@pytest.fixture(scope="module")
def raw_bundle(raw_run, tiny_recipe, tmp_path_factory):
    """It is written only if every format runs in its engine, in bioimageio.core, and in deepImageJ's tiles."""
    out = tmp_path_factory.mktemp("bundle") / "raw.zip"
    package.run(raw_run, tiny_recipe, out, overwrite=False)
    return out


def test_a_bundle_names_a_channel_for_each_frame_and_has_one_pair_of_percentiles(raw_bundle):
    with zipfile.ZipFile(raw_bundle) as archive:
        content = yaml.safe_load(archive.read("rdf.yaml"))
        (source,), (target,) = content["inputs"], content["outputs"]
        channels = {axis["type"]: axis for axis in source["axes"]}["channel"]["channel_names"]
        assert channels == [f"angle{angle}_phase{phase}" for angle in (1, 2, 3) for phase in (1, 2, 3)]
        assert {axis["type"]: axis for axis in target["axes"]}["channel"]["channel_names"] == ["intensity"]
        assert source["preprocessing"][0]["kwargs"]["axes"] == ["channel", "y", "x"]
        assert lint(content, archive.namelist()) == []
        tensor = np.load(BytesIO(archive.read("test_input.npy")))
        assert tensor.shape == (1, 32, 32, 9)
        with tifffile.TiffFile(BytesIO(archive.read("sample_input.tif"))) as file:
            assert file.imagej_metadata["channels"] == 9
            np.testing.assert_array_equal(file.asarray(), np.moveaxis(tensor[0], -1, 0))
        assert "angle1_phase1, angle1_phase2" in archive.read("README.md").decode()
        assert {"weights.keras", "weights.pt", "weights.onnx"} <= set(archive.namelist())


def test_a_bundle_of_frames_predicts_what_its_run_folder_predicts(raw_bundle, raw_run, raw_pairs, tmp_path):
    bundle, run = open_model(raw_bundle), open_model(raw_run)
    assert bundle.frames == run.frames
    frames = images.read(min((raw_pairs / "lr").iterdir())).pixels
    whole = run._replace(tile=bundle.tile, halo=bundle.halo)
    np.testing.assert_allclose(predict_plane(bundle, frames), predict_plane(whole, frames), atol=1e-5)


def test_in_fiji_the_frames_are_the_channels_of_one_image(raw_bundle, raw_pairs):
    with zipfile.ZipFile(raw_bundle) as archive:
        content = yaml.safe_load(archive.read("rdf.yaml"))
    frames = images.read(min((raw_pairs / "lr").iterdir())).pixels
    model = open_model(raw_bundle)
    found = jdll.predict(content, model.network, frames)
    # percentiles are nearest ranks there
    np.testing.assert_allclose(found, predict_plane(model, frames), atol=0.02)
    per_frame = content["inputs"][0]["preprocessing"][0]["kwargs"] | {"axes": ["y", "x"]}
    content["inputs"][0]["preprocessing"][0]["kwargs"] = per_frame
    assert jdll.preprocess(content, frames).max() != pytest.approx(jdll.scale_range(frames, 0.1, 99.9, 1e-6).max())


def test_the_macros_in_fiji_put_frames_together_as_predict_does(raw_bundle, raw_pairs, tmp_path):
    """In ImageJ, with a stand-in for deepImageJ."""
    needs("xvfb-run")
    fiji = make_fiji(tmp_path / "Fiji.app")
    install(raw_bundle, open_fiji(fiji), overwrite=False)
    add_stand_in(fiji, NEW_KEYS)
    first, second = (images.read(path) for path in sorted((raw_pairs / "lr").iterdir())[:2])
    planes = np.concatenate([first.pixels, second.pixels])
    (tmp_path / "in").mkdir()
    images.write(tmp_path / "in/one.tif", first.pixels, "ZYX", first.calibration)
    images.write(tmp_path / "in/two in a stack.tif", planes, "ZYX", first.calibration)
    hyperstack = planes.reshape(2, 9, *planes.shape[1:]).swapaxes(0, 1)
    tifffile.imwrite(tmp_path / "in/in time.tif", hyperstack, imagej=True, metadata={"axes": "TZYX"})
    images.write(tmp_path / "in/incomplete.tif", planes[:10], "ZYX")
    told = run_macro(next((fiji / MENU).glob("*_folder.ijm")), fiji, f"{tmp_path}/in|{tmp_path}/out")
    assert "3 of 4 images" in told
    assert "incomplete.tif has 10 planes, which are not whole images of 9 frames" in told
    with zipfile.ZipFile(raw_bundle) as archive:
        content = yaml.safe_load(archive.read("rdf.yaml"))
    model = open_model(raw_bundle)
    expected = np.stack([jdll.predict(content, model.network, image.pixels) for image in (first, second)])
    one = images.read(tmp_path / "out/one.tif")
    np.testing.assert_allclose(one.pixels, expected[0], atol=1e-5)
    assert one.pixel_size_nm == pytest.approx(first.pixel_size_nm / 2)
    for name in ("two in a stack", "in time"):
        found = images.read(tmp_path / f"out/{name}.tif")
        assert found.axes == "ZYX"
        np.testing.assert_allclose(found.pixels, expected, atol=1e-5)
    montage = images.read(tmp_path / "out/montages/one.png").pixels
    mean = first.pixels.mean(axis=0)
    assert np.corrcoef(montage[:, : 2 * len(mean)][::2, ::2].ravel(), mean.ravel())[0, 1] > 0.95


def test_programs_for_one_image_refuse_a_bundle_of_frames(raw_bundle, raw_run, tiny_recipe, tmp_path):
    with pytest.raises(DfcanError, match="takes 9 frames for each image, which the page does not read"):
        write_page([raw_bundle], tmp_path / "page", "cdn")
    (tmp_path / "companion.yaml").write_text(tiny_recipe.read_text() + "input: prepared\n")
    with pytest.raises(DfcanError, match="input prepared is for one frame"):
        package.run(raw_run, tmp_path / "companion.yaml", tmp_path / "companion.zip", overwrite=False)
