"""The macros in ImageJ 1.53: with a stand-in for deepImageJ that computes what our emulation of it computes."""

import itertools
import math
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml
from fiji.imagej import JAR, NEW_KEYS, OLD_KEYS, add_stand_in, needs, run, run_macro
from fiji.test_install import make_fiji

from dfcan_bmz import images
from dfcan_bmz.bundle import jdll
from dfcan_bmz.fiji.install import install
from dfcan_bmz.fiji.macros import MENU, MODELS, macros
from dfcan_bmz.fiji.places import open_fiji
from dfcan_bmz.images import Frames
from dfcan_bmz.model.loading import of_bundle


@pytest.fixture(scope="module")
def fiji(tiny_bundle, tmp_path_factory) -> Path:
    folder = make_fiji(tmp_path_factory.mktemp("with a space") / "Fiji.app")
    install(tiny_bundle, open_fiji(folder), overwrite=False)
    add_stand_in(folder, NEW_KEYS)
    return folder


@pytest.fixture(scope="module")
def expected(tiny_bundle):
    """What deepImageJ makes of a plane, as far as our emulation goes."""
    with zipfile.ZipFile(tiny_bundle) as archive:
        content = yaml.safe_load(archive.read("rdf.yaml"))
    network = of_bundle(tiny_bundle).network
    return lambda plane: jdll.predict(content, network, plane)


@pytest.fixture(scope="module")
def plane(pairs_folder) -> np.ndarray:
    return images.read(next((pairs_folder / "lr").glob("*.tif"))).pixels


def test_the_helpers_run_without_a_screen(tmp_path):
    """All of the macros but what calls other commands, which plain ImageJ cannot do without a screen."""
    needs()
    checks = """
        newImage("small", "16-bit ramp", 40, 10, 1); reason = problem(); print("small: " + reason);
        newImage("constant", "8-bit black", 40, 40, 1); reason = problem(); print("constant: " + reason);
        newImage("padded", "16-bit ramp", 40, 40, 3); setSlice(2);
        for (y = 0; y < 40; y++) for (x = 0; x < 40; x++) setPixel(x, y, 0);
        setSlice(1);
        reason = problem(); print("padded: " + reason + ", shown " + getSliceNumber());
        newImage("selected", "8-bit black", 40, 40, 1); setPixel(30, 30, 9);
        makeRectangle(0, 0, 5, 5); reason = problem(); print("selected: [" + reason + "]");
        newImage("colour", "RGB ramp", 40, 40, 1); reason = problem(); print("colour: " + reason);
        newImage("channels", "16-bit ramp", 40, 40, 2, 3, 1); reason = problem(); print("channels: " + reason);
        newImage("good", "32-bit ramp", 40, 40, 3); reason = problem(); print("good: [" + reason + "]");
        calibrate(0.2, 0.4, 3, "micron"); getVoxelSize(x, y, z, unit); print("voxel: " + x + " " + y + " " + z);
        newImage("bare", "8-bit ramp", 40, 40, 1); calibrate(1, 1, 1, "pixels"); getVoxelSize(x, y, z, unit);
        print("bare: " + x + " " + unit);
        print(withoutExtension("a.b.tif") + " " + withoutExtension("plain") + " " + withoutExtension(".hidden"));
        work = newWorkFolder(); exists = File.exists(work + "in"); File.saveString("x", work + "out/x.tif");
        removeFolder(work); print("folder: " + exists + " " + File.exists(work));
    """
    (tmp_path / "checks.ijm").write_text(checks + functions(Frames()))
    told = dict(
        line.split(": ", 1)
        for line in run_macro(tmp_path / "checks.ijm", tmp_path, headless=True).splitlines()
        if ": " in line
    )
    assert "wants 11 px" in told["small"]
    assert "constant" in told["constant"]
    assert "has a plane 2 that is constant" in told["padded"]
    assert told["padded"].endswith("shown 1")
    assert told["selected"] == "[]"
    assert "Split Channels" in told["colour"]
    assert "Split Channels" in told["channels"]
    assert told["good"] == "[]"
    assert told["voxel"] == "0.1 0.2 3"
    assert told["bare"].startswith("1 pixel")
    assert told["folder"] == "1 0"


FRAMES = [
    Frames(4, "ZAP", 3),
    Frames(6, "ZAP", 3),
    *(Frames(6, order, 3) for order in ("ZPA", "AZP", "PZA", "APZ", "PAZ")),
    *(Frames(4, order, 0) for order in ("ZPA", "AZP")),
]
STACKS = [(1, 1, 12), (1, 12, 1), (12, 1, 1), (6, 4, 2), (2, 6, 2), (4, 3, 4), (1, 4, 6), (6, 1, 6)]  # T, Z, C


def test_frames_are_found_where_predict_finds_them(tmp_path):
    needs()
    checks, expected = "", []
    for frames, shape in itertools.product(FRAMES, STACKS):
        numbers = np.arange(math.prod(shape), dtype=np.uint8).reshape(*shape, 1, 1)
        path = tmp_path / f"{'-'.join(map(str, shape))}.tif"
        tifffile.imwrite(path, np.tile(numbers, (2, 2)), imagej=True, metadata={"axes": "TZCYX"})
        expected.append((images.open_planes(path, frames).planes[:, :, 0, 0].ravel() + 1).tolist())
        time, slices, channels = shape
        settings = re.findall(r"^var ((?:FRAMES|ORDER|PHASES) = .*?;)", functions(frames), re.M)
        checks += f"""
            {" ".join(settings)} newImage("a", "8-bit black", 2, 2, {channels}, {slices}, {time}); told = "";
            for (i = 0; i < nSlices / FRAMES; i++) for (f = 0; f < FRAMES; f++) told = told + " " + planeOf(i, f);
            setSlice(planeOf(1, 2)); print(told + " " + shownImage()); close();
        """
    (tmp_path / "checks.ijm").write_text(checks + functions(Frames()))
    told = [
        list(map(int, line.split()))
        for line in run_macro(tmp_path / "checks.ijm", tmp_path, headless=True).splitlines()
    ]
    assert told == [[*numbers, 1] for numbers in expected]


def functions(frames: Frames) -> str:
    """What the macros share."""
    text = macros("tiny-tester", "Tiny", 2, 11, frames)[MENU / "tiny-tester_image.ijm"]
    return text.split("selectImage(result);", 1)[1].split("\n", 2)[2]


@pytest.mark.parametrize("keys", [NEW_KEYS, OLD_KEYS], ids=["since July 2025", "before"])
def test_the_current_image_gets_its_result_and_a_montage(fiji, plane, expected, tmp_path, keys):
    needs("xvfb-run")
    add_stand_in(fiji, keys)
    images.write(tmp_path / "cell 1.a.tif", plane, calibration=images.Calibration.square(62.6))
    (tmp_path / "user.ijm").write_text(f"""
        open("{tmp_path}/cell 1.a.tif");
        run("tiny-tester image");
        titles = getList("image.titles");
        for (i = 0; i < titles.length; i++) {{
            selectImage(titles[i]);
            getVoxelSize(x, y, z, unit);
            print(titles[i] + ": " + getWidth() + " " + getHeight() + " " + bitDepth() + " " + x + " " + unit);
            saveAs("Tiff", "{tmp_path}/" + i + ".tif");
        }}
        print("done");
        run("Quit");
    """)
    command = ["xvfb-run", "-a", "java", f"-Dplugins.dir={fiji}", "-cp", str(JAR), "ij.ImageJ", "-port0", "-macro"]
    run([*command, str(tmp_path / "user.ijm")])
    saved = [tifffile.TiffFile(path) for path in sorted(tmp_path.glob("[0-9].tif"))]
    shapes = {file.asarray().shape: file for file in saved}
    side = 2 * len(plane)
    assert set(shapes) == {plane.shape, (side, side), (side, 2 * side + 4)}
    np.testing.assert_allclose(shapes[side, side].asarray(), expected(plane), atol=1e-5)
    montage = shapes[side, 2 * side + 4].asarray()
    assert montage.dtype == np.uint8
    left = montage[:, :side]
    np.testing.assert_array_equal(left, left[::2, ::2].repeat(2, 0).repeat(2, 1))
    assert np.corrcoef(left[::2, ::2].ravel(), plane.ravel())[0, 1] > 0.95
    assert np.corrcoef(montage[:, side + 4 :].ravel(), expected(plane).ravel())[0, 1] > 0.95
    assert images.read(tmp_path / "0.tif").pixel_size_nm == pytest.approx(62.6)
    for file in saved:
        size = file.asarray().shape
        nm = images.read(Path(file.filehandle.path)).pixel_size_nm
        assert nm == pytest.approx(62.6 if size == plane.shape else 31.3, rel=1e-4)


@pytest.fixture(scope="module")
def batch(fiji, plane, tmp_path_factory) -> tuple[Path, Path, str]:
    """A folder of all sorts, the folder of its results, and what the macro printed."""
    needs("xvfb-run")
    add_stand_in(fiji, NEW_KEYS)
    folder = tmp_path_factory.mktemp("batch")
    source, target = folder / "images", folder / "results"
    source.mkdir()
    images.write(source / "a first cell.tif", plane, calibration=images.Calibration.square(100))
    images.write(source / "a second cell.v2.tif", plane[:, ::-1].copy())
    stack = np.stack([plane, plane[::-1], plane.T])
    tifffile.imwrite(
        source / "stack.tiff",
        stack,
        imagej=True,
        resolution=(10, 10),
        metadata={"axes": "ZYX", "unit": "um", "spacing": 0.3},
    )
    movie = stack[:, None].astype(np.float32)
    tifffile.imwrite(source / "movie.tif", movie, imagej=True, metadata={"axes": "TZYX", "finterval": 2.5})
    tifffile.imwrite(source / "colour.tif", np.zeros((40, 40, 3), np.uint8), photometric="rgb")
    tifffile.imwrite(source / "small.tif", plane[:8, :8], imagej=True)
    (source / "notes.txt").write_text("no image")
    told = run_macro(fiji / MENU / "tiny-tester_folder.ijm", fiji, f"{source}|{target}")
    return source, target, told


def test_a_folder_is_done_under_its_own_names_and_says_what_was_left_out(batch):
    _, target, told = batch
    done = {"a first cell.tif", "a second cell.v2.tif", "stack.tif", "movie.tif"}
    assert {path.name for path in target.glob("*.tif")} == done
    assert {path.stem for path in target.glob("montages/*.png")} == {name.removesuffix(".tif") for name in done}
    assert "4 of 6 images" in told
    assert "colour.tif has colours" in told
    assert "small.tif is 8 x 8 px" in told


def test_every_plane_is_what_deepimagej_makes_of_it_alone(batch, plane, expected):
    _, target, _ = batch
    first, stack = images.read(target / "a first cell.tif"), images.read(target / "stack.tif")
    np.testing.assert_allclose(first.pixels, expected(plane), atol=1e-5)
    for result, source in zip(stack.planes, (plane, plane[::-1], plane.T), strict=True):
        np.testing.assert_allclose(result, expected(source), atol=1e-5)


def test_results_keep_size_axes_and_spacing(batch):
    _, target, _ = batch
    assert images.read(target / "a first cell.tif").pixel_size_nm == pytest.approx(50)
    assert images.read(target / "a second cell.v2.tif").pixel_size_nm is None
    stack, movie = images.read(target / "stack.tif"), images.read(target / "movie.tif")
    assert (stack.axes, stack.pixel_size_nm) == ("ZYX", pytest.approx(50))
    assert movie.axes == "TYX"
    with tifffile.TiffFile(target / "stack.tif") as file:
        assert file.imagej_metadata["spacing"] == pytest.approx(0.3)
    with tifffile.TiffFile(target / "movie.tif") as file:
        assert file.imagej_metadata["finterval"] == pytest.approx(2.5)


def test_a_batch_goes_on_where_it_stood(batch, fiji):
    source, target, _ = batch
    (target / "movie.tif").unlink()
    before = (target / "stack.tif").stat().st_mtime_ns
    told = run_macro(fiji / MENU / "tiny-tester_folder.ijm", fiji, f"{source}|{target}")
    assert "1 of 6 images" in told
    assert (target / "movie.tif").is_file()
    assert (target / "stack.tif").stat().st_mtime_ns == before


def test_the_groovy_script_does_the_folder_and_tells_by_its_exit_code(batch, fiji, tmp_path):
    needs("xvfb-run", "groovy")
    source, _, _ = batch
    text = (fiji / MODELS / "tiny-tester/headless.groovy").read_text()
    parameters, script = re.findall(r"^#@ File .*\) (\w+)$", text, re.MULTILINE), re.sub("(?m)^#@.*$", "", text)
    assert parameters == ["input", "output"]
    for name, folder, code in (("all", source, 1), ("good", tmp_path / "in", 0)):
        folder.mkdir(exist_ok=True)
        if name == "good":
            (folder / "one.tif").write_bytes((source / "a first cell.tif").read_bytes())
        # Fiji turns the #@ lines into variables
        given = f'def input = new File("{folder}"); def output = new File("{tmp_path / name}")\n'
        (tmp_path / "script.groovy").write_text(given + script)
        command = ["groovy", "-cp", str(JAR), f"-Dplugins.dir={fiji}", str(tmp_path / "script.groovy")]
        # xvfb-run's own exit code is 5 where its temporary folder resists it
        answer = run(["xvfb-run", "-a", "bash", "-c", '"$@"; echo "exit code $?"', "-", *command])
        assert f"exit code {code}" in answer.stdout.splitlines(), answer.stdout + answer.stderr
        assert len(list((tmp_path / name).glob("*.tif"))) == (4 if code else 1)


def test_sample_images_open_with_their_size_type_and_calibration(tiny_bundle, tmp_path):
    needs("xvfb-run")
    with zipfile.ZipFile(tiny_bundle) as archive:
        for name in ("sample_input.tif", "sample_output.tif"):
            archive.extract(name, tmp_path)
    text = "".join(
        f"""
        open("{tmp_path}/{name}.tif"); getVoxelSize(x, y, z, unit);
        print("{name}: " + getWidth() + " " + getHeight() + " " + bitDepth() + " " + d2s(1000 * x, 2) + " " + unit);
        """
        for name in ("sample_input", "sample_output")
    )
    (tmp_path / "open.ijm").write_text(text)
    told = run_macro(tmp_path / "open.ijm", tmp_path)
    assert "sample_input: 32 32 32 62.60 " in told
    assert "sample_output: 64 64 32 31.30 " in told
    assert told.count("micron") + told.count("um") + told.count("µm") == 2
