import json
import os
import tempfile
from contextlib import suppress
from dataclasses import astuple
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kills import killed_at
from prediction.enlarging import load, position_dependent

from dfcan_bmz import flaws, images, staging
from dfcan_bmz.errors import DfcanError, UnfinishedError
from dfcan_bmz.formats import tiff_output
from dfcan_bmz.model import averaged
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.prediction import stream
from dfcan_bmz.prediction.job import Job, Options
from dfcan_bmz.prediction.stream import predict_to_file
from dfcan_bmz.prediction.tiles import predict_plane


class KilledError(Exception):
    pass


def stop(*_, **__):
    raise KilledError


@pytest.fixture
def stack(tmp_path):
    """Three planes of 45 x 33, in a file."""
    pixels = np.random.default_rng(0).integers(100, 4000, (3, 45, 33)).astype(np.uint16)
    images.write(tmp_path / "stack.tif", pixels, "ZYX", images.Calibration.square(62.6, 200.0))
    return images.open_lazily(tmp_path / "stack.tif")


def job(image, target, model=None, **options):
    """The image's prediction into `target`."""
    return Job(model or load(), image, flaws.scalings_of(image), target, Options(**options))


def expected(image, predictor):
    return np.stack([predict_plane(predictor, plane) for plane in np.asarray(image.planes)])


@pytest.mark.parametrize("name", ["out.tif", "out.ome.zarr"])
def test_a_file_holds_what_is_predicted_in_memory_and_its_calibration(stack, tmp_path, name):
    predict_to_file(job(stack, tmp_path / name))
    found = images.read(tmp_path / name)
    np.testing.assert_array_equal(found.pixels, expected(stack, load()))
    assert found.axes == "ZYX"
    assert found.pixel_size_nm == pytest.approx(31.3, rel=1e-5)
    assert found.calibration.z_nm == pytest.approx(200, rel=1e-5)
    notes = images.notes_of(tmp_path / name)
    assert all(word in notes for word in ("Predicted, not measured", "0123abcd", "stack.tif", "0..1"))
    assert {path.name for path in tmp_path.iterdir()} == {"stack.tif", name}


@pytest.mark.parametrize("name", ["out.tif", "out.ome.zarr"])
def test_a_prediction_lies_where_its_input_lies(tmp_path, name):
    known = images.Calibration(100, 150, 300, 2.5, 1000, -450, 600)
    movie = np.random.default_rng(0).integers(100, 4000, (2, 3, 45, 33)).astype(np.uint16)
    images.write(tmp_path / "in.tif", movie, "TZYX", known)
    image = images.open_planes(tmp_path / "in.tif")
    predict_to_file(job(image, tmp_path / name))
    found = images.open_planes(tmp_path / name)
    assert (found.axes, found.leading) == ("TZYX", (2, 3))
    assert astuple(found.calibration)[:-1] == pytest.approx((50, 75, 300, 2.5, 1000, -450, 600))


@pytest.mark.parametrize("name", ["out.tif", "out.ome.zarr"])
@pytest.mark.parametrize("survived", [1, 7, 16, 30, 38])
def test_a_killed_prediction_goes_on_where_it_was(stack, tmp_path, name, survived):
    def run(most):
        seen = []

        def network(batch):
            if len(seen) == most:
                raise KilledError
            seen.append(batch)
            return position_dependent(batch)

        predict_to_file(job(stack, tmp_path / name, load()._replace(network=network)))
        return len(seen)

    with pytest.raises(KilledError):
        run(survived)
    assert not (tmp_path / name).exists()
    planned = stream.tiles_to_do(job(stack, tmp_path / name))
    again = run(1000)
    total = 3 * 6 * 5
    assert again == planned
    assert again <= total - survived + 3 * 5, "at most a row of tiles, and the one that fades into it, is done again"
    np.testing.assert_array_equal(images.read(tmp_path / name).pixels, expected(stack, load()))


def test_what_a_partial_output_holds_already_is_no_room_that_is_needed(stack, tmp_path, monkeypatch):
    one = job(stack, tmp_path / "out.ome.zarr")
    assert stream.held_bytes(one) == 0
    predict_to_file(one)
    complete = sum(path.stat().st_size for path in one.target.rglob("*") if path.is_file())
    monkeypatch.setattr(staging, "place", stop)
    with pytest.raises(KilledError):
        predict_to_file(one)
    assert stream.held_bytes(one) >= complete
    assert stream.held_bytes(job(stack, one.target, intensity="keep")) == 0


def test_a_partial_output_of_another_prediction_is_not_continued(stack, tmp_path):
    target = tmp_path / "out.tif"

    def progress(model, **options):
        with suppress(KilledError), stream.resumed(job(stack, target, model, **options)) as (_, done):
            raise KilledError
        return done

    beginning = progress(load())
    state = tmp_path / ".out.tif.partial/progress.json"
    content = json.loads(state.read_text())
    state.write_text(json.dumps(content | {"done": [1, 0, 0]}))
    assert progress(load()).plane == 1
    for other in (load()._replace(sha256="other"), load(blend=0), averaged(load())):
        assert progress(other) == beginning
    state.write_text("cut o")
    assert progress(load()) == beginning


def test_a_partial_output_is_continued_by_the_same_prediction_however_it_is_run(stack, tmp_path):
    """Only what changes pixels or notes makes another prediction."""
    target = tmp_path / "out.tif"
    known = job(stack, target).fingerprint
    for same in ({"resume": True}, {"overwrite": True}, {"dry_run": True}, {"workers": 7}):
        assert job(stack, target, **same).fingerprint == known
    others = [{"intensity": "keep"}, {"dtype": "uint16"}, {"precision": "bfloat16"}]
    assert len({known, *(job(stack, target, **other).fingerprint for other in others)}) == 4


def test_an_output_says_that_it_is_a_mean_of_orientations(stack, tmp_path):
    predict_to_file(job(stack, tmp_path / "out.tif", averaged(load())))
    assert "; float32; mean of 8 orientations\n" in images.notes_of(tmp_path / "out.tif")
    np.testing.assert_array_equal(images.read(tmp_path / "out.tif").pixels, expected(stack, averaged(load())))
    predict_to_file(job(stack, tmp_path / "plain.tif"))
    assert "orientations" not in images.notes_of(tmp_path / "plain.tif")


def test_uint16_is_scaled_or_kept_and_what_does_not_fit_is_counted(tmp_path):
    pixels = np.random.default_rng(0).normal(0, 1000, (30, 30)).astype(np.float32)  # half of it below zero
    images.write(tmp_path / "a.tif", pixels)
    image = images.read(tmp_path / "a.tif")
    unit = expected(image, load())[0]
    assert predict_to_file(job(image, tmp_path / "u.tif", dtype="uint16")) == 0
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "u.tif"), np.rint(unit * np.float32(65535)))
    clipped = predict_to_file(job(image, tmp_path / "k.tif", intensity="keep", dtype="uint16"))
    kept = scaling_of(pixels).undo(unit)
    assert clipped == np.count_nonzero(np.rint(kept) < 0) > 100
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "k.tif"), np.clip(np.rint(kept), 0, 65535))


def test_what_is_too_large_for_imagej_is_a_bigtiff_with_ome_metadata(stack, tmp_path, monkeypatch):
    monkeypatch.setattr(tiff_output, "LARGEST_FOR_IMAGEJ", 1000)
    predict_to_file(job(stack, tmp_path / "out.tif"))
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        assert file.is_bigtiff
        assert file.is_ome
    found = images.read(tmp_path / "out.tif")
    np.testing.assert_array_equal(found.pixels, expected(stack, load()))
    assert found.pixel_size_nm == pytest.approx(31.3, rel=1e-5)
    assert "0123abcd" in images.notes_of(tmp_path / "out.tif")


@pytest.mark.parametrize("name", ["in.tif", "in.ome.tif", "in.ome.zarr"])
@pytest.mark.parametrize("output", ["out.tif", "out.ome.zarr"])
@pytest.mark.parametrize("axes", ["TZCYX", "CYX"])
def test_channels_times_and_depths_are_independent_planes(tmp_path, name, output, axes):
    shape = {"TZCYX": (2, 3, 2, 20, 17), "CYX": (2, 20, 17)}[axes]
    pixels = np.random.default_rng(0).integers(100, 4000, shape).astype(np.uint16)
    planes = pixels.reshape(-1, 20, 17)
    if name.endswith("zarr"):
        images.create(tmp_path / name, shape, np.uint16, axes, images.Calibration.square(62.6), "", 16)
        for index, plane in enumerate(planes):
            images.writer(tmp_path / name, axes)(index, 0, plane)
    else:
        tifffile.imwrite(
            tmp_path / name, pixels, imagej=name == "in.tif", ome=name != "in.tif", metadata={"axes": axes}
        )
    image = images.open_planes(tmp_path / name)
    predict_to_file(job(image, tmp_path / output))
    found = images.open_planes(tmp_path / output)
    assert found.axes == ("".join(sorted(axes, key="TCZYX".index)) if output.endswith("zarr") else image.axes)
    laid_out = np.asarray(found.planes).reshape(*found.leading, *found.size)
    laid_out = laid_out.transpose([found.axes.index(axis) for axis in axes]).reshape(-1, *found.size)
    np.testing.assert_array_equal(laid_out, [predict_plane(load(), plane) for plane in planes])
    with pytest.raises(DfcanError, match=r"channels|axes"):
        images.open_lazily(tmp_path / name)


def test_an_ome_zarr_image_says_what_its_axes_are(stack, tmp_path):
    predict_to_file(job(stack, tmp_path / "out.ome.zarr"))
    group = zarr.open(tmp_path / "out.ome.zarr", mode="r")
    (multiscale,) = group.attrs["multiscales"]
    assert [axis["name"] for axis in multiscale["axes"]] == ["z", "y", "x"]
    assert multiscale["datasets"][0]["coordinateTransformations"][0]["scale"] == pytest.approx([200, 31.3, 31.3])
    assert group["0"].chunks[0] == 1


@pytest.mark.parametrize("older", [True, False])
@pytest.mark.parametrize("name", ["out.tif", "out.ome.zarr"])
def test_a_kill_at_any_file_operation_leaves_the_old_output_or_the_new_one(tmp_path, name, older):
    images.write(tmp_path / "a.tif", np.random.default_rng(0).integers(100, 4000, (20, 17)).astype(np.uint16))
    image = images.open_lazily(tmp_path / "a.tif")

    def predict(folder, dtype="float32"):
        predict_to_file(job(image, folder / name, dtype=dtype))

    (new,) = expected(image, load())
    old = new * 65535
    for operation in count():
        folder = tmp_path / str(operation)
        folder.mkdir()
        if older:
            predict(folder, "uint16")
        killed = killed_at(operation, folder, lambda folder=folder: predict(folder))
        staging.end(staging.begin(folder / name, "predict", overwrite=True, keep=True), keep=True)
        if (folder / name).exists():
            found = images.read(folder / name).pixels
            assert np.array_equal(found, new) or (older and np.allclose(found, old, atol=1))
        else:
            assert not older
        predict(folder)
        np.testing.assert_array_equal(images.read(folder / name).pixels, new)
        assert [path.name for path in folder.iterdir()] == [name]
        if not killed:
            return


def bad(kind, shape):
    """A plane that cannot be normalised."""
    plane = np.random.default_rng(0).uniform(0, 100, shape).astype(np.float32)
    if kind == "constant":
        plane[...] = 7
    elif kind == "some NaN":
        plane[3, 4] = np.nan
    elif kind == "all NaN":
        plane[...] = np.nan
    elif kind == "infinity":
        plane[0, 0] = np.inf
    return np.zeros(shape, np.float32) if kind == "blank" else plane


KINDS = ("blank", "constant", "some NaN", "all NaN", "infinity")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    planes=st.lists(st.sampled_from(["good", *KINDS]), min_size=1, max_size=5).filter(lambda kinds: "good" in kinds),
    ending=st.sampled_from([".tif", ".ome.zarr"]),
    intensity=st.sampled_from(["unit", "keep"]),
    dtype=st.sampled_from(["float32", "uint16"]),
)
def test_a_stack_is_predicted_as_its_planes_are_and_bad_ones_are_blank(tmp_path, planes, ending, intensity, dtype):
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    rng = np.random.default_rng(1)
    pixels = np.stack(
        [rng.gamma(2, 300, (45, 33)).astype(np.float32) if kind == "good" else bad(kind, (45, 33)) for kind in planes]
    )
    tifffile.imwrite(folder / "stack.tif", pixels, metadata={"axes": "ZYX"}, imagej=True)
    image = images.open_lazily(folder / "stack.tif")
    steps = []
    whole = job(image, folder / f"out{ending}", intensity=intensity, dtype=dtype)
    expected_steps = stream.tiles_to_do(whole)
    predict_to_file(whole, lambda: steps.append(1))
    assert len(steps) == expected_steps == planes.count("good") * 6 * 5
    found = images.read(folder / f"out{ending}").planes
    for index, kind in enumerate(planes):
        if kind != "good":
            assert not found[index].any()
            continue
        images.write(folder / "plane.tif", pixels[index])
        alone = images.open_lazily(folder / "plane.tif")
        predict_to_file(job(alone, folder / "alone.tif", intensity=intensity, dtype=dtype))
        np.testing.assert_array_equal(found[index], images.read(folder / "alone.tif").pixels)


def test_what_is_not_finite_is_not_written(stack, tmp_path):
    broken = load()._replace(network=lambda batch: np.full_like(position_dependent(batch), np.nan))
    with pytest.raises(UnfinishedError, match=r"plane 1 of .*stack\.tif: the network returns NaN"):
        predict_to_file(job(stack, tmp_path / "out.tif", broken))
    assert not (tmp_path / "out.tif").exists()


@pytest.mark.parametrize("name", ["out.tif", "out.ome.zarr"])
def test_a_name_that_is_no_utf_8_is_noted_as_it_reads(stack, tmp_path, name):
    stack.path.rename(tmp_path / os.fsdecode(b"z\xe9lle.tif"))
    image = images.open_lazily(tmp_path / os.fsdecode(b"z\xe9lle.tif"))
    target = tmp_path / os.fsdecode(b"\xe9" + name.encode())
    predict_to_file(job(image, target))
    assert "Source: zélle.tif" in images.notes_of(target)
