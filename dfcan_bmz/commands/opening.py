"""A MODEL argument: a run folder or a bundle."""

from pathlib import Path

from dfcan_bmz import files, run_folder
from dfcan_bmz.bundle.named import find_model
from dfcan_bmz.bundle.read import read_bundle
from dfcan_bmz.engines import fastest
from dfcan_bmz.engines.devices import tiles_at_once
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.models import reach
from dfcan_bmz.prediction.loading import Load
from dfcan_bmz.prediction.tiles import Predictor
from dfcan_bmz.tiling import automatic_halo


def open_model(
    path: Path, engine: str = "auto", precision: str = "float32", blend: int = 0, trusted: bool = False
) -> Predictor:
    """Load a run folder or a bundle for prediction.

    Parameters
    ----------
    path : pathlib.Path
        The run folder or the bundle, zipped or unzipped, or its name, as `find_model` has it.
    engine, precision : str
        As `dfcan_bmz.engines.fastest` has them.
    blend : int
        As `Predictor` has it.
    trusted : bool
        Whether the user knows the author of a bundle, as `read_bundle` has it.

    Raises
    ------
    DfcanError
        If it is neither, or has no weights.
    """
    path = find_model(path)
    opened = _open_run(path, engine, precision) if path.is_dir() else read_bundle(path, engine, precision, trusted)
    if blend > opened.halo:
        raise DfcanError(f"--blend {blend} is wider than the halo of {path}, {opened.halo} px: choose at most that")
    return opened._replace(blend=blend, batch=tiles_at_once(opened.tile))


def load_of(
    path: Path, engine: str = "auto", precision: str = "float32", blend: int = 0, trusted: bool = False
) -> Load:
    """How to `open_model`, for every process once for each version of its file."""
    path = find_model(path)
    file = path / run_folder.WEIGHTS if path.is_dir() else path
    version = files.stamp(file) if file.is_file() else None
    return Load(open_model, (path.resolve(), engine, precision, blend, trusted), version)


def _open_run(run: Path, engine: str, precision: str) -> Predictor:
    weights = run_folder.weights(run)
    config = run_folder.read_config(run)
    tile, scale = config.data.patch_size, config.model.scale
    record = run_folder.read_provenance(run) if (run / "provenance.json").is_file() else {}
    return Predictor(
        name=config.model.name.upper(),
        network=fastest.load(weights, engine, precision),
        scale=scale,
        tile=tile,
        halo=automatic_halo(tile, reach(config.model), scale) // scale,
        target=config.data.target,
        smoothing_px=record["validation"]["smoothed_bicubic_sigma_px"] if record else None,
        domain=record.get("domain"),
        sha256=files.sha256(weights),
    )
