"""The page of a bundle as visitors meet it, in Chromium; Node.js, npm and Chromium must be there."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile
from conftest import REPOSITORY
from long.browser import find_chromium, installed_packages
from PIL import Image

import dfcan_bmz
from dfcan_bmz.domain import describe_domain, fingerprint, outside_domain
from dfcan_bmz.interpolation import bicubic
from dfcan_bmz.normalize import scaling_of
from dfcan_bmz.page.write import write_page

TOLERANCE = 1e-5
PIXEL_UM, STEP_UM = 0.06, 0.2


@pytest.fixture(scope="module")
def npm_side() -> Path:
    """What the lock file names, installed."""
    return installed_packages()


@pytest.fixture
def chromium() -> str:
    return find_chromium()


def node_tests(folder: Path, names: str, **environment: object) -> None:
    command = ["node", "--test", *map(str, sorted(folder.glob(names)))]
    settings = os.environ | {name: str(value) for name, value in environment.items()}
    answer = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def shot(rng: np.random.Generator, shape: tuple[int, int], photons: float = 40) -> np.ndarray:
    """Lines in noise, uint16."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    lines = np.exp(-8 * (np.sin(x / 9 + y / 17) + np.cos(y / 11)) ** 2)
    return rng.poisson(100 + photons * lines).astype(np.uint16)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """What visitors open, good and bad."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    stack = np.stack([shot(rng, (97, 81), photons) for photons in (40, 80, 160)])
    calibration = {
        "resolution": (1 / PIXEL_UM, 1 / PIXEL_UM),
        "metadata": {"unit": "um", "spacing": STEP_UM, "axes": "ZYX"},
    }
    tifffile.imwrite(folder / "stack.tif", stack, imagej=True, **calibration)
    Image.fromarray(shot(rng, (75, 63))).save(folder / "odd.png")
    tifffile.imwrite(folder / "small.tif", shot(rng, (50, 60)).astype(np.float32), compression="zlib")
    tifffile.imwrite(folder / "large.tif", shot(rng, (600, 680)))
    colour = rng.integers(0, 255, (64, 64, 3), np.uint8)
    tifffile.imwrite(folder / "colour.tif", colour, photometric="rgb")
    Image.fromarray(colour).save(folder / "colour.png")
    tifffile.imwrite(folder / "constant.tif", np.full((64, 64), 7, np.uint16))
    holes = shot(rng, (64, 64)).astype(np.float32)
    holes[3, 3] = np.nan
    tifffile.imwrite(folder / "holes.tif", holes)
    tifffile.imwrite(folder / "tiny.tif", shot(rng, (3, 20)))
    (folder / "text.tif").write_text("not an image")
    tifffile.imwrite(folder / "cut.tif", shot(rng, (97, 81)))
    (folder / "cut.tif").write_bytes((folder / "cut.tif").read_bytes()[:3000])
    tifffile.imwrite(
        folder / "channels.tif", np.stack([shot(rng, (64, 64))] * 2), imagej=True, metadata={"axes": "CYX"}
    )
    tifffile.imwrite(folder / "noise.tif", rng.normal(size=(128, 128)).astype(np.float32))
    return folder


def test_what_visitors_do_in_a_browser_works_and_gives_what_predict_gives(
    npm_side, chromium, tiny_bundle, pictures, tmp_path
):
    write_page([tiny_bundle], tmp_path / "site", "bundled")
    write_page([tiny_bundle], tmp_path / "cdn", "cdn")
    out = tmp_path / "downloads"
    out.mkdir()
    places = {"SITE": tmp_path / "site", "CDN_SITE": tmp_path / "cdn", "IMAGES": pictures, "OUT": out}
    node_tests(npm_side, "e2e/*.test.mjs", CHROMIUM=chromium, **places)

    for name in ("stack.tif", "small.tif"):
        expected = dfcan_bmz.predict(tiny_bundle, tifffile.imread(pictures / name))
        assert np.abs(tifffile.imread(out / name) - expected).max() < TOLERANCE, name
    plane = np.asarray(Image.open(pictures / "odd.png"))
    kept = dfcan_bmz.predict(tiny_bundle, plane, intensity="keep")
    span = np.ptp(np.percentile(plane, (0.1, 99.9)))
    assert np.abs(tifffile.imread(out / "odd.tif") - kept).max() < TOLERANCE * span

    with tifffile.TiffFile(out / "stack.tif") as file:
        told = file.imagej_metadata
        assert told["Info"].startswith("Predicted, not measured")
        assert (told["slices"], told["unit"], told["spacing"]) == (3, "micron", STEP_UM)
        dots, per = file.pages[0].tags["XResolution"].value
        assert per / dots == pytest.approx(PIXEL_UM / 2, rel=1e-4)


def test_the_pages_own_arithmetic_is_that_of_the_package(npm_side, tmp_path):
    rng = np.random.default_rng(0)
    planes = [shot(rng, (61, 50)), shot(rng, (128, 96), 300), rng.normal(size=(40, 77)).astype(np.float32)]
    domain = describe_domain([("a", shot(rng, (64, 64))), ("b", shot(rng, (64, 64), 60))], [60.0])
    cases = []
    for plane in planes:
        found = fingerprint(plane)
        case = {"data": plane.ravel(), "width": plane.shape[1], "height": plane.shape[0], "domain": domain}
        case |= {"scaling": list(scaling_of(plane)), "bicubic": bicubic(plane, 2).ravel(), "pixel_size_nm": 100.0}
        case["fingerprint"] = np.concatenate([[found.snr], found.brightness, found.spectrum, found.shape])
        case["reasons"] = outside_domain(plane, 100.0, domain)
        cases.append(case)
    assert any(case["reasons"] for case in cases)
    (tmp_path / "python.json").write_text(json.dumps(cases, default=lambda array: array.tolist()))
    node_tests(npm_side, "unit/*.test.mjs", PYTHON=tmp_path / "python.json")


def test_the_third_party_code_is_what_its_lock_file_names(npm_side, tmp_path):
    subprocess.run(["node", "build.mjs", tmp_path / "readers.js"], cwd=npm_side, check=True)
    committed = REPOSITORY / "dfcan_bmz/page/static/vendor/readers.js"
    assert (tmp_path / "readers.js").read_bytes() == committed.read_bytes()
