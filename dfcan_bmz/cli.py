"""The command line: names, options, help. A command's code is imported when it runs, so that help is instant."""

import sys
import traceback
from collections.abc import Callable
from functools import wraps
from inspect import Parameter
from inspect import signature as inspect_signature
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from dfcan_bmz import __version__, console
from dfcan_bmz.errors import DfcanError, UnfinishedError, of_system
from dfcan_bmz.extras import refuse_without
from dfcan_bmz.stopping import SIGNALS, ended_by_signals, exit_code

EXIT_CODES = (
    "Exit codes: 0 all done; 2 the command could not start and wrote nothing; 1 something failed or was found broken; "
    "130 Ctrl-C; 143 SIGTERM."
)
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    help="Train DFCAN on pairs of micrographs and publish it as a BioImage Model Zoo bundle.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    context_settings=HELP_OPTIONS,
    pretty_exceptions_enable=False,
)

recipe = typer.Typer(
    help="Recipes: how a bundle describes its model.", no_args_is_help=True, context_settings=HELP_OPTIONS
)
app.add_typer(recipe, name="recipe")

ilastik = typer.Typer(
    help="Use a model in ilastik: prepare images, restore exports.", no_args_is_help=True, context_settings=HELP_OPTIONS
)
app.add_typer(ilastik, name="ilastik")


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print warnings and errors only.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show where an error arose, and what libraries print.")]
LOUDNESS = {"quiet": Quiet, "verbose": Verbose}


def command(
    name: str | None = None, group: typer.Typer = app, output_last: bool = False, needs: str | None = None
) -> Callable[[Callable], Callable]:
    """Make a command of a function, which can be told how much to say.

    With `output_last`, its ``--out`` may be the last argument too, as it was in version 0.1.0. It `needs` an extra of
    the package.
    """

    def register(function: Callable) -> Callable:
        @wraps(function)
        def run(context: typer.Context, quiet: bool, verbose: bool, **options: Any) -> None:
            console.choose(quiet, verbose)
            if needs:
                refuse_without(needs, f"`dfcan-bmz {function.__name__}`")
            if output_last:
                options["out"] = _one_output(options["out"], context.args)
            function(**options)

        signature = inspect_signature(function)
        own = [
            parameter.replace(default=None) if output_last and parameter.name == "out" else parameter
            for parameter in signature.parameters.values()
        ]
        added = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=False, annotation=kind) for name, kind in LOUDNESS.items()
        ]
        first = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        vars(run)["__signature__"] = signature.replace(parameters=[first, *own, *added])
        run.__annotations__ = function.__annotations__ | LOUDNESS | {"context": typer.Context}
        group.command(name, context_settings=HELP_OPTIONS | {"allow_extra_args": output_last})(run)
        return function  # as it was: Python code calls it, the notebook's

    return register


def _one_output(given: Path | None, last: list[str]) -> Path:
    found = [*([given] if given else []), *map(Path, last)]
    if not found:
        raise DfcanError("no output is given: say where to write with --out")
    if len(found) > 1:
        raise DfcanError(f"there are {len(found)} outputs ({', '.join(map(str, found))}): give one, as --out")
    return found[0]


def _tell_version(chosen: bool) -> None:
    if chosen:
        print(f"dfcan-bmz {__version__}")
        raise typer.Exit


@app.callback()
def every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Hold what comes before the name of a command."""


Trusted = Annotated[
    bool,
    typer.Option(
        "--trust",
        help="Run a bundle from an author you trust, even if its weights hold something that is not on the list.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an output that exists.")]
LrDir = Annotated[Path, typer.Option("--lr", metavar="DIR", help="Folder of low-resolution images.")]
HrDir = Annotated[
    Path, typer.Option("--hr", metavar="DIR", help="Folder of high-resolution images with the same names.")
]
Model = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A run folder, a bundle (.zip), or a name (see `models`).")
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to write.")]
Images = Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Images, stacks, folders of them, or patterns.")]
NewSet = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder to write, with lr/ and hr/ in it (required).")
]
Intensity = Annotated[
    Literal["unit", "keep"], typer.Option(help="unit: 0..1; keep: 0..1 mapped to the input's percentiles.")
]


@command()
def models(
    as_json: Annotated[bool, typer.Option("--json", help="Print all details as JSON.")] = False,
) -> None:
    """List the published models, whose names every command takes: purpose, size, quality and pictures."""
    from dfcan_bmz.commands.models import run

    run(as_json)


@command(needs="train")
def demo(
    out: Out,
    model: Annotated[
        str | None, typer.Option(help="Weights to start from: a run folder, or a name (see `models`).")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Run every step in a few minutes: simulate, train, package, run the bundle elsewhere, measure."""
    from dfcan_bmz import early

    early.check_demo(out, overwrite)
    with console.quiet_start():
        from dfcan_bmz.commands.demo import run

    run(out, model, overwrite)


@command(output_last=True)
def simulate(
    out: NewSet,
    structure: Annotated[
        str | None, typer.Option(help="What is labelled: actin, bundles, microtubules, ccps or er (actin).")
    ] = None,
    like: Annotated[
        list[Path] | None,
        typer.Option(help="Your low-resolution images, files or folders: simulate images like them."),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A simulation.yaml, as --like writes it.")] = None,
    pairs: Annotated[int, typer.Option(min=1, help="Fields of view.")] = 8,
    size: Annotated[int, typer.Option(min=16, help="Side of the low-resolution images in pixels.")] = 256,
    scale: Annotated[int, typer.Option(min=2, max=4, help="Scale factor.")] = 2,
    levels: Annotated[int, typer.Option(min=1, max=99, help="Light levels of each field.")] = 3,
    haze: Annotated[
        float | None, typer.Option(min=0, help="Out-of-focus light, as a multiple of the light in focus (0).")
    ] = None,
    pixel_nm: Annotated[float | None, typer.Option(min=1, help="Side of an LR pixel in nanometres (62.6).")] = None,
    na: Annotated[float | None, typer.Option(min=0.05, help="Numerical aperture (1.41).")] = None,
    emission_nm: Annotated[float | None, typer.Option(min=100, help="Emission wavelength in nanometres (525).")] = None,
    bandwidth: Annotated[
        float | None,
        typer.Option(min=1, help="Cut-off of the target divided by the widefield cut-off (the scale factor)."),
    ] = None,
    target: Annotated[
        Literal["otf", "wiener", "sim"] | None,
        typer.Option(help="Transfer function of the target: falling, flat as reconstructed, or flat and clipped."),
    ] = None,
    artefacts: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Stripes and honeycomb of --target sim, as a fraction of its range (0)."),
    ] = None,
    dimmest: Annotated[float | None, typer.Option(min=0.1, help="Photons at the first of several levels (15).")] = None,
    brightest: Annotated[float | None, typer.Option(min=0.1, help="Photons at the last light level (600).")] = None,
    labelling: Annotated[
        float | None, typer.Option(min=0.001, max=1, help="Fraction of the binding sites that are labelled (1).")
    ] = None,
    frames: Annotated[
        Literal["mean", "raw"], typer.Option(help="Low-resolution images: widefield, or raw SIM frames.")
    ] = "mean",
    angles: Annotated[int, typer.Option(min=1, help="Orientations of the stripes of --frames raw.")] = 3,
    phases: Annotated[int, typer.Option(min=2, help="Phases of each orientation.")] = 3,
    period_nm: Annotated[
        float | None, typer.Option(min=1, help="Period of the stripes in nanometres (1.25 times the finest resolved).")
    ] = None,
    modulation: Annotated[
        float, typer.Option(min=0, max=1, help="Amplitude of the stripes divided by their mean.")
    ] = 0.8,
    seed: Annotated[int, typer.Option(min=0, help="Seed of specimens and noise.")] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Simulate pairs of widefield images and high-resolution targets, like those of BioSR's microscope or of yours."""
    microscope = {"pixel_nm": pixel_nm, "na": na, "emission_nm": emission_nm, "bandwidth": bandwidth, "target": target}
    microscope |= {"dimmest": dimmest, "brightest": brightest, "labelling": labelling, "artefacts": artefacts}
    given = {key: value for key, value in microscope.items() if value is not None}
    with console.quiet_start():
        from dfcan_bmz.commands.simulate import run
        from dfcan_bmz.simulation.illumination import Illumination

    stripes = Illumination(angles, phases, period_nm, modulation) if frames == "raw" else None
    run(out, structure, pairs, size, scale, levels, haze, seed, overwrite, like, config, stripes, **given)


@command(output_last=True)
def degrade(
    hr_dir: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of high-resolution images.")],
    out: NewSet,
    scale: Annotated[int, typer.Option(min=2, max=4, help="Scale factor.")] = 2,
    preset: Annotated[
        Literal["em", "fluorescence"], typer.Option(help="Starting values of the settings below.")
    ] = "em",
    blur: Annotated[float | None, typer.Option(min=0, help="Sigma of the Gaussian blur in HR pixels.")] = None,
    psf: Annotated[Path | None, typer.Option(help="Image of a point spread function, instead of the Gaussian.")] = None,
    sampling: Annotated[
        Literal["area", "point"] | None, typer.Option(help="Mean over each LR pixel, or its middle.")
    ] = None,
    noise: Annotated[
        float | None, typer.Option(min=0, help="Sigma of Gaussian noise as a fraction of the intensity range.")
    ] = None,
    photons: Annotated[
        float | None, typer.Option(min=0, help="Photons at the top of the range, for Poisson noise; 0: none.")
    ] = None,
    local_noise: Annotated[
        float | None, typer.Option(min=0, help="Sigma of Gaussian noise as a fraction of each pixel's intensity.")
    ] = None,
    saturation: Annotated[
        float | None, typer.Option(min=0, help="Largest intensity as a fraction of the range; 0: no limit.")
    ] = None,
    warp: Annotated[float | None, typer.Option(min=0, help="Largest misregistration in HR pixels.")] = None,
    haze: Annotated[
        float | None, typer.Option(min=0, help="Out-of-focus light, as a multiple of the light in focus.")
    ] = None,
    background: Annotated[
        float | None, typer.Option(min=0, help="Uniform background as a fraction of the range.")
    ] = None,
    like: Annotated[
        list[Path] | None,
        typer.Option(
            help="Your low-resolution images, files or folders; settings that are not given are fitted to them."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of noise and misregistration.")] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Make training pairs from high-resolution images: warp, blur, downsample, add noise."""
    from dfcan_bmz import early

    early.check_images(hr_dir, out, overwrite)
    given = {"blur": blur, "psf": psf, "sampling": sampling, "noise": noise, "photons": photons}
    given |= {
        "local_noise": local_noise,
        "saturation": saturation,
        "warp": warp,
        "haze": haze,
        "background": background,
    }
    given = {key: value for key, value in given.items() if value is not None}
    with console.quiet_start():
        from dfcan_bmz.commands.degrade import run

    run(hr_dir, out, scale, preset, given, seed, overwrite, like)


@command("import-biosr", output_last=True)
def import_biosr(
    root: Annotated[Path, typer.Argument(metavar="SRC", help="Folder of BioSR, or of one of its structures.")],
    out: NewSet,
    structures: Annotated[
        list[str] | None,
        typer.Option("--structure", help="CCPs, ER, Microtubules, F-actin, or F-actin_Nonlinear by itself."),
    ] = None,
    levels: Annotated[list[int] | None, typer.Option("--levels", help="A light level; repeat for several.")] = None,
    frames: Annotated[
        Literal["mean", "raw"], typer.Option(help="Low-resolution images: the mean of the raw frames, or all of them.")
    ] = "mean",
    split: Annotated[
        Literal["none", "authors", "authors-scripts"],
        typer.Option(help="Write OUT/train and OUT/test with the cells that BioSR's authors used for each."),
    ] = "none",
    overwrite: Overwrite = False,
) -> None:
    """Turn the raw images of BioSR into training pairs: widefield means, or raw frames, and their SIM targets."""
    with console.quiet_start():
        from dfcan_bmz.commands.import_biosr import run

    run(root, out, structures or [], levels or [], overwrite, frames, split)


@command()
def inspect(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of images, or of pairs (lr/, hr/).")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write: tables and contact sheet.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Report what is in a folder: sizes, types, ranges, pixel sizes, registration of pairs, and problems."""
    with console.quiet_start():
        from dfcan_bmz.commands.inspect import run

    run(folders, out, overwrite)


@command(output_last=True)
def align(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of pairs: DIR/lr, DIR/hr.")],
    out: NewSet,
    affine: Annotated[bool, typer.Option("--affine", help="Also correct rotation, scaling and shear.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Register pairs: move each HR image onto its LR image, to a fraction of a pixel, and crop both."""
    with console.quiet_start():
        from dfcan_bmz.commands.align import run

    run(source, out, affine, overwrite)


@command(needs="train")
def train(
    lr: LrDir,
    hr: HrDir,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Run folder to write.")],
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="YAML file of settings.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting, e.g. train.epochs=20.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue after the last finished epoch of --out.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Train a network on pairs of images."""
    from dfcan_bmz import early

    early.check_training(lr, hr, out, config, settings or [], resume, overwrite)
    with console.quiet_start():
        from dfcan_bmz.commands.train import run

    run(lr, hr, out, config, settings or [], resume, overwrite)


@command()
def config(
    as_yaml: Annotated[bool, typer.Option("--yaml", help="Print a file of all defaults, to edit.")] = False,
) -> None:
    """List every setting of a training: default, range and meaning."""
    from dfcan_bmz.commands.config import run

    run(as_yaml)


@command(needs="train")
def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML file: a grid of settings, or single runs.")],
    lr: LrDir,
    hr: HrDir,
    out: Out,
    test_lr: Annotated[Path | None, typer.Option(help="Low-resolution images to evaluate every run on.")] = None,
    test_hr: Annotated[Path | None, typer.Option(help="High-resolution images with the same names.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file of settings for all runs.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting for all runs.")
    ] = None,
) -> None:
    """Train several times with different settings and compare; a repeated command continues where it stopped."""
    if (test_lr is None) != (test_hr is None):
        raise DfcanError("--test-lr and --test-hr belong together: give both")
    from dfcan_bmz import early

    test = (test_lr, test_hr) if test_lr and test_hr else None
    early.check_sweep(file, lr, hr, test, config, settings or [])
    with console.quiet_start():
        from dfcan_bmz.commands.sweep import run

    run(file, lr, hr, out, test, config, settings or [])


@command()
def predict(
    model: Model,
    inputs: Images,
    out: Out,
    intensity: Intensity = "unit",
    dtype: Annotated[
        Literal["float32", "uint16"],
        typer.Option(help="Type of the output; uint16: 0..65535 for 0..1, or kept intensities, rounded."),
    ] = "float32",
    file_format: Annotated[Literal["tif", "zarr"], typer.Option("--format", help="TIFF or OME-Zarr.")] = "tif",
    engine: Annotated[
        Literal["auto", "keras", "torch", "onnx"], typer.Option(help="Engine that runs the network; auto: the fastest.")
    ] = "auto",
    precision: Annotated[
        Literal["float32", "bfloat16"], typer.Option(help="bfloat16 is faster if the processor supports it.")
    ] = "float32",
    blend: Annotated[
        int, typer.Option(min=0, help="Pixels of the halo over which neighbouring tiles are blended.")
    ] = 0,
    ensemble: Annotated[
        bool,
        typer.Option("--ensemble", help="Average over eight orientations of each tile: 8 times as long."),
    ] = False,
    scheduler: Annotated[
        str | None, typer.Option(help="Address of a dask cluster (tcp://host:port), or local. Writes OME-Zarr.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes of a local cluster.")] = 2,
    resume: Annotated[bool, typer.Option("--resume", help="Keep finished outputs, and predict the others.")] = False,
    overwrite: Overwrite = False,
    trusted: Trusted = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Report images, tiles, time, memory and disk, and write nothing.")
    ] = False,
) -> None:
    """Super-resolve images of any size with a trained model."""
    from dfcan_bmz import early

    ending = ".ome.zarr" if scheduler or file_format == "zarr" else ".tif"
    early.check_prediction(model, inputs, out, ending, resume or overwrite)
    with console.quiet_start():
        from dfcan_bmz.commands.predict import run
        from dfcan_bmz.prediction.job import Options

    asked = (engine, blend, file_format, scheduler, workers, resume, overwrite, trusted, ensemble, dry_run)
    run(model, inputs, out, Options(intensity, dtype, precision, *asked))


Deconvolution = Annotated[
    bool | None,
    typer.Option(help="Compare with deconvolution; by default if targets have their own intensity scale."),
]
Uncertainty = Annotated[
    bool | None,
    typer.Option(help="Map the uncertainty of the worst predictions; by default if a tile takes under a second."),
]


@command()
def evaluate(
    model: Model,
    lr: LrDir,
    hr: HrDir,
    out: Out,
    deconvolution: Deconvolution = None,
    uncertainty: Uncertainty = None,
    overwrite: Overwrite = False,
    trusted: Trusted = False,
) -> None:
    """Compare a model with interpolation and deconvolution on pairs that it has not seen."""
    from dfcan_bmz import early

    early.check_evaluation([model], lr, hr, out, overwrite)
    with console.quiet_start():
        from dfcan_bmz.commands.evaluate import run

    run(model, lr, hr, out, deconvolution=deconvolution, uncertainty=uncertainty, overwrite=overwrite, trusted=trusted)


@command()
def compare(
    models: Annotated[
        list[Path], typer.Argument(metavar="MODEL...", help="Run folders, bundles (.zip) or names, at least two.")
    ],
    lr: LrDir,
    hr: HrDir,
    out: Out,
    deconvolution: Deconvolution = None,
    uncertainty: Uncertainty = None,
    overwrite: Overwrite = False,
    trusted: Trusted = False,
) -> None:
    """Compare several models on the same pairs: one table, one figure, one report."""
    from dfcan_bmz import early

    early.check_evaluation(models, lr, hr, out, overwrite)
    with console.quiet_start():
        from dfcan_bmz.commands.evaluate import run_compare

    run_compare(
        models, lr, hr, out, deconvolution=deconvolution, uncertainty=uncertainty, overwrite=overwrite, trusted=trusted
    )


@command()
def trust(
    model: Model,
    inputs: Images,
    out: Out,
    overwrite: Overwrite = False,
    trusted: Trusted = False,
) -> None:
    """Map the uncertainty of a model's predictions, without high-resolution images."""
    from dfcan_bmz import early

    early.check_trust(model, inputs, out, overwrite)
    with console.quiet_start():
        from dfcan_bmz.commands.trust import run

    run(model, inputs, out, overwrite, trusted)


@command(needs="train")
def package(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder of a training.")],
    recipe: Annotated[Path, typer.Option(metavar="FILE", help="YAML file: name, authors, licence ...")],
    out: Annotated[Path, typer.Option("--out", help="Bundle to write (.zip), or a folder for a repository of models.")],
    overwrite: Overwrite = False,
) -> None:
    """Turn a run folder into a bundle for the BioImage Model Zoo, tested in every engine."""
    from dfcan_bmz import early

    early.check_packaging(run_folder, recipe, out, overwrite)
    with console.quiet_start():
        from dfcan_bmz.commands.package import run

    run(run_folder, recipe, out, overwrite)


@command()
def check(
    bundle: Annotated[
        Path, typer.Argument(metavar="BUNDLE", help="A bundle (.zip) from anybody, or a name (see `models`).")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Also write the verdicts as a page.")] = None,
    zoo: Annotated[bool, typer.Option("--zoo", help="Also run the zoo's own checks; uses the network.")] = False,
    overwrite: Overwrite = False,
    trusted: Trusted = False,
) -> None:
    """Test every weight format of a bundle in its own engine, against the others, and as Fiji would tile it."""
    from dfcan_bmz import early

    early.refuse_no_bundle(bundle)
    with console.quiet_start():
        from dfcan_bmz.commands.check import run

    run(bundle, as_json, html, zoo, overwrite, trusted)


@command("new", recipe, output_last=True)
def recipe_new(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Recipe to write (.yaml; required).")],
    run: Annotated[Path | None, typer.Option(help="Run folder to draft it from.")] = None,
    structure: Annotated[str | None, typer.Option(help="What is labelled or seen: actin, neurons, ...")] = None,
    modality: Annotated[str | None, typer.Option(help="'fluorescence microscopy', 'electron microscopy', ...")] = None,
    author: Annotated[str | None, typer.Option(help="Your name.")] = None,
    affiliation: Annotated[str | None, typer.Option(help="Your institute.")] = None,
    orcid: Annotated[str | None, typer.Option(help="Your ORCID.")] = None,
    github_user: Annotated[
        str | None, typer.Option(help="Your GitHub user name, as the maintainer that the zoo requires.")
    ] = None,
    license: Annotated[str | None, typer.Option(help="SPDX identifier (CC-BY-4.0).")] = None,
    training_data: Annotated[str | None, typer.Option(help="Training images: origin, licence, whom to credit.")] = None,
    git_repo: Annotated[str | None, typer.Option(help="URL of the training's code.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a complete recipe; in a terminal, ask for what is not given."""
    given = {"structure": structure, "modality": modality, "author": author, "affiliation": affiliation, "orcid": orcid}
    given |= {"github_user": github_user, "license": license, "training_data": training_data, "git_repo": git_repo}
    given["name"] = name
    with console.quiet_start():
        from dfcan_bmz.commands.recipe import new

    new(out, run, {key: value for key, value in given.items() if value is not None}, overwrite)


@command()
def upload(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle (.zip).")],
    yes: Annotated[bool, typer.Option("--yes", help="Send it; without this, only say what would be sent.")] = False,
) -> None:
    """Upload a bundle to the BioImage Model Zoo for review; a dry run without --yes."""
    from dfcan_bmz import early

    early.refuse_no_bundle(bundle)
    with console.quiet_start():
        from dfcan_bmz.commands.upload import run

    run(bundle, yes)


@command("install-fiji")
def install_fiji(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle (.zip), or a name (see `models`).")],
    fiji: Annotated[Path | None, typer.Option(help="Fiji's folder; by default, the usual places are searched.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the model and its macros.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Install a bundle into Fiji for deepImageJ, with macros for an image and for a folder."""
    from dfcan_bmz import early

    if not remove:
        early.refuse_no_bundle(bundle)
    with console.quiet_start():
        from dfcan_bmz.commands.install_fiji import run

    run(bundle, fiji, remove, overwrite)


@command("prepare", ilastik)
def ilastik_prepare(
    bundle: Annotated[Path, typer.Argument(help="The companion bundle (its recipe has `input: prepared`).")],
    inputs: Images,
    out: Out,
    file_format: Annotated[Literal["h5", "tif"], typer.Option("--format", help="HDF5 or TIFF.")] = "h5",
    overwrite: Overwrite = False,
) -> None:
    """Prepare images for ilastik: normalised as a whole, laid out for its blocks, enlarged."""
    with console.quiet_start():
        from dfcan_bmz.commands.ilastik_prepare import run

    run(bundle, inputs, out, file_format, overwrite)


@command("restore", ilastik)
def ilastik_restore(
    exports: Annotated[list[Path], typer.Argument(help="Exports of ilastik (HDF5 or TIFF), or folders of them.")],
    out: Out,
    prepared: Annotated[
        Path | None, typer.Option(help="Folder of the prepared images, if it is not that of the exports.")
    ] = None,
    intensity: Intensity = "unit",
    overwrite: Overwrite = False,
) -> None:
    """Convert ilastik's exports to images with the right size, pixel size and, on request, intensities."""
    with console.quiet_start():
        from dfcan_bmz.commands.ilastik_restore import run

    run(exports, prepared, out, intensity, overwrite)


@command()
def page(
    bundles: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE...", help="Bundles with ONNX weights (.zip), or names.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the site.")],
    runtime: Annotated[
        Literal["cdn", "bundled"],
        typer.Option(
            help="Whether visitors fetch onnxruntime-web from a content delivery network, or from the site (43 MB; "
            "needs npm)."
        ),
    ] = "cdn",
    overwrite: Overwrite = False,
) -> None:
    """Write a site that runs bundles in the visitor's browser; images never leave the visitor's computer."""
    from dfcan_bmz import early

    for bundle in bundles:
        early.refuse_no_bundle(bundle)
    with console.quiet_start():
        from dfcan_bmz.commands.page import run

    run(bundles, out, runtime, overwrite)


@command()
def record(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Run folder of a training.")],
    out: Annotated[Path, typer.Option("--out", help="Page to write (.html).")],
    evaluation: Annotated[Path | None, typer.Option(help="The --out of an evaluation, for its metrics.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write one page on a training: settings, data, versions, curves and metrics."""
    from dfcan_bmz import early

    early.refuse_existing(out, overwrite)
    early.refuse_no_run(run_folder)
    with console.quiet_start():
        from dfcan_bmz.commands.record import run

    run(run_folder, evaluation, out, overwrite)


def main() -> None:
    """Run the command line; an error that a user can act on becomes one line on stderr and an exit code."""
    for stream in (sys.stdout, sys.stderr):  # names may be no UTF-8, and terminals know ASCII alone
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with ended_by_signals():
        _run()


def _run() -> None:
    try:
        app()
    except DfcanError as error:
        if console.verbose:
            traceback.print_exc()
        print(f"dfcan-bmz: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:
        print(f"dfcan-bmz: {of_system(error)}", file=sys.stderr)
        sys.exit(UnfinishedError.exit_code)
    except SystemExit as end:
        if end.code in [exit_code(signal) for signal in SIGNALS]:
            print("dfcan-bmz: stopped; repeat the command, with --resume if it has that option", file=sys.stderr)
        raise
