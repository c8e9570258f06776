"""What can be refused in a moment is: paths, keys and sizes are looked at before a framework is imported.

Before a command begins, the function of its name here gets all its options, and raises DfcanError if they make it
impossible. The commands look again, and more closely; nothing here is written, printed or imported that takes time.
"""

from pathlib import Path
from typing import Any

from dfcan_bmz import images, staging
from dfcan_bmz.bundle_file import named
from dfcan_bmz.config import Config
from dfcan_bmz.data.pairs import find_pairs, frames_asked, open_pair
from dfcan_bmz.data.records import data_layer, frames_told
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images.selection import find_sources, outputs_of, refuse_existing_outputs
from dfcan_bmz.resources import refuse_narrow_limit
from dfcan_bmz.run_folder import read_config, refuse_other_folders
from dfcan_bmz.run_folder import weights as run_weights
from dfcan_bmz.training.settings import resolve


def demo(out: Path, model: str | None, overwrite: bool) -> None:
    """Refuse no model, or to replace what stands there, but for a demo that was killed."""
    if model is not None:
        _refuse_no_model(Path(model))
    if not staging.beside(out / "demo").exists():
        staging.refuse_existing([out], overwrite)


def degrade(hr_dir: Path, out: Path, overwrite: bool, **_: Any) -> None:
    """Refuse a folder without images, or to replace a set."""
    staging.refuse_existing([out], overwrite)
    images.find(hr_dir)


def train(
    lr: Path, hr: Path, out: Path, config: Path | None, settings: list[str] | None, resume: bool, overwrite: bool
) -> None:
    """Refuse unfit settings, folders or sizes of the first pair."""
    refuse_narrow_limit()
    staging.refuse_file(out)
    if resume and (out / "config.yaml").is_file():
        resolved = resolve(read_config(out).model_dump(mode="json"), config, settings or [])
    else:
        if not resume:
            staging.refuse_existing([out], overwrite)
        resolved = resolve(data_layer(lr), config, settings or [])
    _refuse_unknown_start(resolved, out)
    pairs = find_pairs(lr, hr)
    open_pair(pairs[0], resolved.model.scale, frames_asked(resolved))


def sweep(
    file: Path,
    lr: Path,
    hr: Path,
    test_lr: Path | None,
    test_hr: Path | None,
    config: Path | None,
    settings: list[str] | None,
    **_: Any,
) -> None:
    """Refuse what makes every run of a sweep impossible."""
    if (test_lr is None) != (test_hr is None):
        raise DfcanError("--test-lr and --test-hr belong together: give both")
    refuse_narrow_limit()
    _refuse_no_file(file, "the YAML file of a sweep")
    resolve(data_layer(lr), config, settings or [])
    find_pairs(lr, hr)
    if test_lr and test_hr:
        find_pairs(test_lr, test_hr)


def predict(
    model: Path,
    inputs: list[Path],
    out: Path,
    file_format: str,
    scheduler: str | None,
    resume: bool,
    overwrite: bool,
    **_: Any,
) -> None:
    """Refuse no model, no images, or to replace their outputs."""
    refuse_narrow_limit()
    sources = find_sources(inputs)
    _refuse_all_missing(sources)
    _refuse_no_model(model)
    staging.refuse_file(out)
    ending = ".ome.zarr" if scheduler or file_format == "zarr" else ".tif"
    refuse_existing_outputs(outputs_of(sources, out, ending).values(), resume or overwrite)


def evaluate(model: Path, lr: Path, hr: Path, out: Path, overwrite: bool, **_: Any) -> None:
    """Refuse no model, unfit pairs, or to replace an evaluation."""
    compare([model], lr, hr, out, overwrite)


def compare(models: list[Path], lr: Path, hr: Path, out: Path, overwrite: bool, **_: Any) -> None:
    """Refuse no models, unfit pairs, or to replace a comparison."""
    refuse_narrow_limit()
    staging.refuse_existing([out], overwrite)
    staging.refuse_file(out)
    for model in models:
        _refuse_no_model(model)
    pairs = find_pairs(lr, hr)
    found = [named.local(model) for model in models]
    runs = [model for model in found if model and (model / "config.yaml").is_file()]
    scales = {read_config(run).model.scale for run in runs}
    if len(scales) == 1:  # models of several scales are refused for that
        open_pair(pairs[0], scales.pop(), frames_told(lr))


def trust(model: Path, inputs: list[Path], out: Path, overwrite: bool, **_: Any) -> None:
    """Refuse no model, no images, or to replace their maps."""
    refuse_narrow_limit()
    staging.refuse_existing([out], overwrite)
    _refuse_no_model(model)
    _refuse_all_missing(find_sources(inputs))


def package(run_folder: Path, recipe: Path, out: Path, overwrite: bool) -> None:
    """Refuse no run folder, an unfit recipe, or to replace a bundle."""
    from dfcan_bmz.bundle.recipe import read_recipe

    refuse_narrow_limit()
    staging.refuse_existing([out], overwrite)
    run_weights(named.local(run_folder) or run_folder)
    read_recipe(recipe)


def check(bundle: Path, **_: Any) -> None:
    """Refuse what is neither a file, nor an unzipped bundle, nor a name."""
    named.refuse_unknown(bundle, wanted="a bundle (.zip)")
    found = named.local(bundle)
    if found is not None and not named.is_unzipped(found):
        _refuse_no_file(found, "a bundle (.zip), which `dfcan-bmz package` makes of a run folder")


upload = check


def install_fiji(bundle: Path, remove: bool, **_: Any) -> None:
    """Refuse to install what is no bundle."""
    if not remove:
        check(bundle)


def page(bundles: list[Path], **_: Any) -> None:
    """Refuse what is no bundle."""
    for bundle in bundles:
        check(bundle)


def record(run_folder: Path, out: Path, overwrite: bool, **_: Any) -> None:
    """Refuse a folder in which no training began, or to replace a page."""
    staging.refuse_existing([out], overwrite)
    refuse_other_folders(named.local(run_folder) or run_folder)


def _refuse_no_model(path: Path) -> None:
    named.refuse_unknown(path)
    path = named.local(path) or path
    if path.suffix == ".keras":
        raise DfcanError(f"{path} is weights alone: give their run folder, {path.parent}")
    if path.is_dir() and not named.is_unzipped(path):
        run_weights(path)


def _refuse_no_file(path: Path, wanted: str) -> None:
    if not path.is_file():
        raise DfcanError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}: give {wanted}")


def _refuse_all_missing(sources: list[Path]) -> None:
    """Refuse if none of the images exists; of several, those that do are worked on."""
    if not any(path.exists() for path in sources):
        raise DfcanError(f"{sources[0]} does not exist: check the path")


def _refuse_unknown_start(config: Config, out: Path) -> None:
    if config.train.init == "none":
        return
    source = Path(config.train.init)
    if named.local(source) or out.absolute() in (source.absolute(), *source.absolute().parents):
        return  # what a kill left aside of an older run in `out` comes back later
    named.refuse_unknown(source)
