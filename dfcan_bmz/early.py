"""What can be refused in a moment is: paths, keys and sizes are looked at before a framework is imported.

The commands look again, and more closely; nothing here is written, printed or imported that takes time.
"""

from pathlib import Path

from dfcan_bmz import images, run_folder, staging
from dfcan_bmz.bundle.recipe import read_recipe
from dfcan_bmz.bundle_file import named
from dfcan_bmz.config import Config
from dfcan_bmz.data.pairs import find_pairs, frames_asked, open_pair
from dfcan_bmz.data.records import data_layer, frames_told
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images.selection import find_sources, outputs_of, refuse_existing_outputs
from dfcan_bmz.resources import refuse_narrow_limit
from dfcan_bmz.training.settings import resolve


def refuse_no_model(path: Path) -> None:
    """Raise DfcanError if a path or name is neither a run folder with weights nor what may be a bundle."""
    named.refuse_unknown(path)
    path = named.local(path) or path
    if path.is_dir() and not named.is_unzipped(path):
        run_folder.weights(path)


def refuse_no_bundle(path: Path) -> None:
    """Raise DfcanError if a path or name is neither a file nor an unzipped bundle."""
    named.refuse_unknown(path)
    found = named.local(path)
    if found is not None and not named.is_unzipped(found):
        refuse_no_file(found, "a bundle (.zip)")


def refuse_file_as_folder(out: Path) -> None:
    """Raise DfcanError if a file stands where a folder is to be written."""
    if out.is_file():
        raise DfcanError(f"{out} is a file: give a folder as --out")


def refuse_no_file(path: Path, wanted: str) -> None:
    """Raise DfcanError if a path is no file; it says what is `wanted`."""
    if not path.is_file():
        raise DfcanError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}: give {wanted}")


def refuse_existing(out: Path, overwrite: bool) -> None:
    """Raise DfcanError if something stands where the output goes."""
    staging.refuse_existing([out], overwrite)


def check_demo(out: Path, overwrite: bool) -> None:
    """Raise DfcanError if something stands where a demo goes, but for a demo that was killed."""
    if not staging.beside(out / "demo").exists():
        staging.refuse_existing([out], overwrite)


def refuse_no_run(run: Path) -> None:
    """Raise DfcanError if no training began in a folder."""
    run_folder.refuse_other_folders(named.local(run) or run)


def check_images(folder: Path, out: Path, overwrite: bool) -> None:
    """Raise DfcanError if a folder holds no images, or the output stands there already."""
    staging.refuse_existing([out], overwrite)
    images.find(folder)


def check_training(
    lr: Path, hr: Path, out: Path, config: Path | None, overrides: list[str], resume: bool, overwrite: bool
) -> None:
    """Raise DfcanError if settings, folders or the first pair's sizes make a training impossible."""
    refuse_narrow_limit()
    refuse_file_as_folder(out)
    if resume and (out / "config.yaml").is_file():
        resolved = resolve(run_folder.read_config(out).model_dump(mode="json"), config, overrides)
    else:
        if not resume:
            staging.refuse_existing([out], overwrite)
        resolved = resolve(data_layer(lr), config, overrides)
    _check_start(resolved, out)
    pairs = find_pairs(lr, hr)
    open_pair(pairs[0], resolved.model.scale, frames_asked(resolved))


def check_sweep(
    file: Path, lr: Path, hr: Path, test: tuple[Path, Path] | None, config: Path | None, overrides: list[str]
) -> None:
    """Raise DfcanError if file, settings or folders make every run of a sweep impossible."""
    refuse_narrow_limit()
    refuse_no_file(file, "the YAML file of a sweep")
    resolve(data_layer(lr), config, overrides)
    for folders in [(lr, hr), test] if test else [(lr, hr)]:
        find_pairs(*folders)


def check_prediction(model: Path, inputs: list[Path], out: Path, ending: str, replace: bool) -> None:
    """Raise DfcanError if the model, the images or the outputs make a prediction impossible."""
    refuse_narrow_limit()
    sources = find_sources(inputs)
    refuse_all_missing(sources)
    refuse_no_model(model)
    refuse_file_as_folder(out)
    refuse_existing_outputs(outputs_of(sources, out, ending).values(), replace)


def check_trust(model: Path, inputs: list[Path], out: Path, overwrite: bool) -> None:
    """Raise DfcanError if the model, the images or the output folder make it impossible to begin."""
    refuse_narrow_limit()
    staging.refuse_existing([out], overwrite)
    refuse_no_model(model)
    refuse_all_missing(find_sources(inputs))


def refuse_all_missing(sources: list[Path]) -> None:
    """Raise DfcanError if none of the images exists; of several, those that do are worked on."""
    if not any(path.exists() for path in sources):
        raise DfcanError(f"{sources[0]} does not exist: check the path")


def check_packaging(run: Path, recipe: Path, out: Path, overwrite: bool) -> None:
    """Raise DfcanError if run folder, recipe or output make a bundle impossible."""
    refuse_narrow_limit()
    staging.refuse_existing([out], overwrite)
    run_folder.weights(named.local(run) or run)
    read_recipe(recipe)


def check_evaluation(models: list[Path], lr: Path, hr: Path, out: Path, overwrite: bool) -> None:
    """Raise DfcanError if models, pairs or output make an evaluation impossible."""
    refuse_narrow_limit()
    staging.refuse_existing([out], overwrite)
    refuse_file_as_folder(out)
    for model in models:
        refuse_no_model(model)
    pairs = find_pairs(lr, hr)
    found = [named.local(model) for model in models]
    runs = [model for model in found if model and (model / "config.yaml").is_file()]
    scales = {run_folder.read_config(run).model.scale for run in runs}
    if len(scales) == 1:  # models of several scales are refused for that
        open_pair(pairs[0], scales.pop(), frames_told(lr))


def _check_start(config: Config, out: Path) -> None:
    if config.train.init == "none":
        return
    source = Path(config.train.init)
    if named.local(source) or out.absolute() in (source.absolute(), *source.absolute().parents):
        return  # what a kill left aside of an older run in `out` comes back later
    named.refuse_unknown(source)
