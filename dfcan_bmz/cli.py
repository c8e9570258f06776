"""The command line: names, options, help. A command's code is imported when it runs, so that help is instant.

The options of `dfcan-bmz train` are the parameters of `train` here, of ``commands/train.py``, which does the work, and
of what `dfcan_bmz.early` refuses by that name before it begins.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer import Argument, Option

from dfcan_bmz import __version__, dispatch
from dfcan_bmz.dispatch import HELP_OPTIONS, command, setting

EXIT_CODES = (
    "Exit codes: 0 all done; 2 the command could not start and wrote nothing; 1 something failed or was found broken; "
    "130 Ctrl-C; 143 SIGTERM."
)

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


def _tell_version(chosen: bool) -> None:
    if chosen:
        print(f"dfcan-bmz {__version__}")
        raise typer.Exit


@app.callback()
def every_command(
    version: Annotated[
        bool, Option("--version", callback=_tell_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Hold what comes before the name of a command."""


Trusted = Annotated[
    bool,
    Option(
        "--trust",
        help="Run a bundle from an author you trust, even if its weights hold something that is not on the list.",
    ),
]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace an output that exists.")]
LrDir = Annotated[Path, Option("--lr", metavar="DIR", help="Folder of low-resolution images.")]
HrDir = Annotated[Path, Option("--hr", metavar="DIR", help="Folder of high-resolution images with the same names.")]
Model = Annotated[Path, Argument(metavar="MODEL", help="A run folder, a bundle (.zip), or a name (see `models`).")]
Out = Annotated[Path, Option("--out", metavar="DIR", help="Folder to write.")]
Images = Annotated[list[Path], Argument(metavar="IMAGE", help="Images, stacks, folders of them, or patterns.")]
NewSet = Annotated[Path, Option("--out", metavar="DIR", help="Folder to write, with lr/ and hr/ in it (required).")]
Scale = Annotated[int, Option(min=2, max=4, help="Scale factor.")]
Intensity = Annotated[Literal["unit", "keep"], Option(help="unit: 0..1; keep: 0..1 mapped to the input's percentiles.")]


@command(app)
def models(
    as_json: Annotated[bool, Option("--json", help="Print all details as JSON.")] = False,
) -> None:
    """List the published models, whose names every command takes: purpose, size, quality and pictures."""


@command(app, needs="keras", early=True)
def demo(
    out: Out,
    model: Annotated[str | None, Option(help="Weights to start from: a run folder, or a name (see `models`).")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Run every step in a few minutes: simulate, train, package, run the bundle elsewhere, measure."""


MICROSCOPE = {
    "haze": setting(float, "Out-of-focus light, as a multiple of the light in focus (0).", min=0),
    "pixel_nm": setting(float, "Side of an LR pixel in nanometres (62.6).", min=1),
    "na": setting(float, "Numerical aperture (1.41).", min=0.05),
    "emission_nm": setting(float, "Emission wavelength in nanometres (525).", min=100),
    "bandwidth": setting(float, "Cut-off of the target divided by the widefield cut-off (the scale factor).", min=1),
    "target": setting(
        Literal["otf", "wiener", "sim"],
        "Transfer function of the target: falling, flat as reconstructed, or flat and clipped.",
    ),
    "artefacts": setting(float, "Stripes and honeycomb of --target sim, as a fraction of its range (0).", min=0, max=1),
    "dimmest": setting(float, "Photons at the first of several levels (15).", min=0.1),
    "brightest": setting(float, "Photons at the last light level (600).", min=0.1),
    "labelling": setting(float, "Fraction of the binding sites that are labelled (1).", min=0.001, max=1),
}


@command(app, output_last=True, settings=MICROSCOPE)
def simulate(
    out: NewSet,
    structure: Annotated[
        str | None, Option(help="What is labelled: actin, bundles, microtubules, ccps or er (actin).")
    ] = None,
    like: Annotated[
        list[Path] | None, Option(help="Your low-resolution images, files or folders: simulate images like them.")
    ] = None,
    config: Annotated[Path | None, Option(help="A simulation.yaml, as --like writes it.")] = None,
    pairs: Annotated[int, Option(min=1, help="Fields of view.")] = 8,
    size: Annotated[int, Option(min=16, help="Side of the low-resolution images in pixels.")] = 256,
    scale: Scale = 2,
    levels: Annotated[int, Option(min=1, max=99, help="Light levels of each field.")] = 3,
    frames: Annotated[
        Literal["mean", "raw"], Option(help="Low-resolution images: widefield, or raw SIM frames.")
    ] = "mean",
    angles: Annotated[int, Option(min=1, help="Orientations of the stripes of --frames raw.")] = 3,
    phases: Annotated[int, Option(min=2, help="Phases of each orientation.")] = 3,
    period_nm: Annotated[
        float | None, Option(min=1, help="Period of the stripes in nanometres (1.25 times the finest resolved).")
    ] = None,
    modulation: Annotated[float, Option(min=0, max=1, help="Amplitude of the stripes divided by their mean.")] = 0.8,
    seed: Annotated[int, Option(min=0, help="Seed of specimens and noise.")] = 0,
    overwrite: Overwrite = False,
    **settings: Any,
) -> None:
    """Simulate pairs of widefield images and high-resolution targets, like those of BioSR's microscope or of yours."""


DEGRADATION = {
    "blur": setting(float, "Sigma of the Gaussian blur in HR pixels.", min=0),
    "psf": setting(Path, "Image of a point spread function, instead of the Gaussian."),
    "sampling": setting(Literal["area", "point"], "Mean over each LR pixel, or its middle."),
    "noise": setting(float, "Sigma of Gaussian noise as a fraction of the intensity range.", min=0),
    "photons": setting(float, "Photons at the top of the range, for Poisson noise; 0: none.", min=0),
    "local_noise": setting(float, "Sigma of Gaussian noise as a fraction of each pixel's intensity.", min=0),
    "saturation": setting(float, "Largest intensity as a fraction of the range; 0: no limit.", min=0),
    "warp": setting(float, "Largest misregistration in HR pixels.", min=0),
    "haze": setting(float, "Out-of-focus light, as a multiple of the light in focus.", min=0),
    "background": setting(float, "Uniform background as a fraction of the range.", min=0),
}


@command(app, output_last=True, settings=DEGRADATION, early=True)
def degrade(
    hr_dir: Annotated[Path, Argument(metavar="DIR", help="Folder of high-resolution images.")],
    out: NewSet,
    scale: Scale = 2,
    preset: Annotated[Literal["em", "fluorescence"], Option(help="Starting values of the settings below.")] = "em",
    like: Annotated[
        list[Path] | None,
        Option(help="Your low-resolution images, files or folders; settings that are not given are fitted to them."),
    ] = None,
    seed: Annotated[int, Option(min=0, help="Seed of noise and misregistration.")] = 0,
    overwrite: Overwrite = False,
    **settings: Any,
) -> None:
    """Make training pairs from high-resolution images: warp, blur, downsample, add noise."""


@command(app, "import-biosr", output_last=True)
def import_biosr(
    root: Annotated[Path, Argument(metavar="SRC", help="Folder of BioSR, or of one of its structures.")],
    out: NewSet,
    structures: Annotated[
        list[str] | None,
        Option("--structure", help="CCPs, ER, Microtubules, F-actin, or F-actin_Nonlinear by itself."),
    ] = None,
    levels: Annotated[list[int] | None, Option("--levels", help="A light level; repeat for several.")] = None,
    frames: Annotated[
        Literal["mean", "raw"], Option(help="Low-resolution images: the mean of the raw frames, or all of them.")
    ] = "mean",
    split: Annotated[
        Literal["none", "authors", "authors-scripts"],
        Option(help="Write OUT/train and OUT/test with the cells that BioSR's authors used for each."),
    ] = "none",
    overwrite: Overwrite = False,
) -> None:
    """Turn the raw images of BioSR into training pairs: widefield means, or raw frames, and their SIM targets."""


@command(app)
def inspect(
    folders: Annotated[list[Path], Argument(metavar="DIR", help="Folders of images, or of pairs (lr/, hr/).")],
    out: Annotated[Path | None, Option("--out", help="Folder to write: tables and contact sheet.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Report what is in a folder: sizes, types, ranges, pixel sizes, registration of pairs, and problems."""


@command(app, output_last=True)
def align(
    source: Annotated[Path, Argument(metavar="DIR", help="Folder of pairs: DIR/lr, DIR/hr.")],
    out: NewSet,
    affine: Annotated[bool, Option("--affine", help="Also correct rotation, scaling and shear.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Register pairs: move each HR image onto its LR image, to a fraction of a pixel, and crop both."""


@command(app, needs="keras", early=True)
def train(
    lr: LrDir,
    hr: HrDir,
    out: Annotated[Path, Option("--out", metavar="DIR", help="Run folder to write.")],
    config: Annotated[Path | None, Option(metavar="FILE", help="YAML file of settings.")] = None,
    settings: Annotated[
        list[str] | None, Option("--set", metavar="KEY=VALUE", help="One setting, e.g. train.epochs=20.")
    ] = None,
    resume: Annotated[bool, Option("--resume", help="Continue after the last finished epoch of --out.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Train a network on pairs of images."""


@command(app)
def config(
    as_yaml: Annotated[bool, Option("--yaml", help="Print a file of all settings, commented out, to edit.")] = False,
) -> None:
    """List every setting of a training: default, range and meaning."""


@command(app, needs="keras", early=True)
def sweep(
    file: Annotated[Path, Argument(metavar="FILE", help="YAML file: a grid of settings, or single runs.")],
    lr: LrDir,
    hr: HrDir,
    out: Out,
    test_lr: Annotated[Path | None, Option(help="Low-resolution images to evaluate every run on.")] = None,
    test_hr: Annotated[Path | None, Option(help="High-resolution images with the same names.")] = None,
    config: Annotated[Path | None, Option(help="YAML file of settings for all runs.")] = None,
    settings: Annotated[
        list[str] | None, Option("--set", metavar="KEY=VALUE", help="One setting for all runs.")
    ] = None,
) -> None:
    """Train several times with different settings and compare; a repeated command continues where it stopped."""


@command(app, early=True)
def predict(
    model: Model,
    inputs: Images,
    out: Out,
    intensity: Intensity = "unit",
    dtype: Annotated[
        Literal["float32", "uint16"],
        Option(help="Type of the output; uint16: 0..65535 for 0..1, or kept intensities, rounded."),
    ] = "float32",
    file_format: Annotated[Literal["tif", "zarr"], Option("--format", help="TIFF or OME-Zarr.")] = "tif",
    engine: Annotated[
        Literal["auto", "keras", "torch", "onnx"], Option(help="Engine that runs the network; auto: the fastest.")
    ] = "auto",
    precision: Annotated[
        Literal["float32", "bfloat16"], Option(help="bfloat16 is faster if the processor supports it.")
    ] = "float32",
    blend: Annotated[int, Option(min=0, help="Pixels of the halo over which neighbouring tiles are blended.")] = 0,
    ensemble: Annotated[
        bool,
        Option("--ensemble", help="Average over eight orientations of each tile: 8 times as long."),
    ] = False,
    scheduler: Annotated[
        str | None, Option(help="Address of a dask cluster (tcp://host:port), or local. Writes OME-Zarr.")
    ] = None,
    workers: Annotated[int, Option(min=1, help="Processes of a local cluster.")] = 2,
    resume: Annotated[bool, Option("--resume", help="Keep finished outputs, and predict the others.")] = False,
    overwrite: Overwrite = False,
    trusted: Trusted = False,
    dry_run: Annotated[
        bool, Option("--dry-run", help="Report images, tiles, time, memory and disk, and write nothing.")
    ] = False,
) -> None:
    """Super-resolve images of any size with a trained model."""


Deconvolution = Annotated[
    bool | None,
    Option(help="Compare with deconvolution; by default if targets have their own intensity scale."),
]
Uncertainty = Annotated[
    bool | None,
    Option(help="Map the uncertainty of the worst predictions; by default if a tile takes under a second."),
]


@command(app, early=True)
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


@command(app, early=True)
def compare(
    models: Annotated[
        list[Path], Argument(metavar="MODEL", help="Run folders, bundles (.zip) or names, at least two.")
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


@command(app, early=True)
def trust(
    model: Model,
    inputs: Images,
    out: Out,
    overwrite: Overwrite = False,
    trusted: Trusted = False,
) -> None:
    """Map the uncertainty of a model's predictions, without high-resolution images."""


@command(app, needs="keras", early=True)
def package(
    run_folder: Annotated[Path, Argument(metavar="RUN", help="Run folder of a training.")],
    recipe: Annotated[Path, Option(metavar="FILE", help="YAML file: name, authors, licence ...")],
    out: Annotated[Path, Option("--out", help="Bundle to write (.zip), or a folder for a repository of models.")],
    overwrite: Overwrite = False,
) -> None:
    """Turn a run folder into a bundle for the BioImage Model Zoo, tested in every engine."""


@command(app, early=True)
def check(
    bundle: Annotated[Path, Argument(metavar="BUNDLE", help="A bundle (.zip) from anybody, or a name (see `models`).")],
    as_json: Annotated[bool, Option("--json", help="Print the verdicts as JSON.")] = False,
    html: Annotated[Path | None, Option("--html", help="Also write the verdicts as a page.")] = None,
    zoo: Annotated[bool, Option("--zoo", help="Also run the zoo's own checks; uses the network.")] = False,
    overwrite: Overwrite = False,
    trusted: Trusted = False,
) -> None:
    """Test every weight format of a bundle in its own engine, against the others, and as Fiji would tile it."""


ANSWERS = {
    "structure": setting(str, "What is labelled or seen: actin, neurons, ..."),
    "modality": setting(str, "'fluorescence microscopy', 'electron microscopy', ..."),
    "author": setting(str, "Your name."),
    "affiliation": setting(str, "Your institute."),
    "orcid": setting(str, "Your ORCID."),
    "github_user": setting(str, "Your GitHub user name, as the maintainer that the zoo requires."),
    "license": setting(str, "SPDX identifier (CC-BY-4.0)."),
    "training_data": setting(str, "Training images: origin, licence, whom to credit."),
    "git_repo": setting(str, "URL of the training's code."),
    "name": setting(str, "Name of the model."),
}


@command(recipe, "new", output_last=True, settings=ANSWERS)
def recipe_new(
    out: Annotated[Path, Option("--out", metavar="FILE", help="Recipe to write (.yaml; required).")],
    run: Annotated[Path | None, Option(help="Run folder to draft it from.")] = None,
    overwrite: Overwrite = False,
    **given: str,
) -> None:
    """Write a complete recipe; in a terminal, ask for what is not given."""


@command(app, early=True)
def upload(
    bundle: Annotated[Path, Argument(metavar="BUNDLE", help="A bundle (.zip).")],
    yes: Annotated[bool, Option("--yes", help="Send it; without this, only say what would be sent.")] = False,
) -> None:
    """Upload a bundle to the BioImage Model Zoo for review; a dry run without --yes."""


@command(app, "install-fiji", early=True)
def install_fiji(
    bundle: Annotated[Path, Argument(metavar="BUNDLE", help="A bundle (.zip), or a name (see `models`).")],
    fiji: Annotated[Path | None, Option(help="Fiji's folder; by default, the usual places are searched.")] = None,
    remove: Annotated[bool, Option("--remove", help="Remove the model and its macros.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Install a bundle into Fiji for deepImageJ, with macros for an image and for a folder."""


@command(ilastik, "prepare")
def ilastik_prepare(
    bundle: Annotated[
        Path, Argument(metavar="BUNDLE", help="The companion bundle (its recipe has `input: prepared`).")
    ],
    inputs: Images,
    out: Out,
    file_format: Annotated[Literal["h5", "tif"], Option("--format", help="HDF5 or TIFF.")] = "h5",
    overwrite: Overwrite = False,
) -> None:
    """Prepare images for ilastik: normalised as a whole, laid out for its blocks, enlarged."""


@command(ilastik, "restore")
def ilastik_restore(
    exports: Annotated[
        list[Path], Argument(metavar="EXPORT", help="Exports of ilastik (HDF5 or TIFF), or folders of them.")
    ],
    out: Out,
    prepared: Annotated[
        Path | None, Option(help="Folder of the prepared images, if it is not that of the exports.")
    ] = None,
    intensity: Intensity = "unit",
    overwrite: Overwrite = False,
) -> None:
    """Convert ilastik's exports to images with the right size, pixel size and, on request, intensities."""


@command(app, early=True)
def page(
    bundles: Annotated[list[Path], Argument(metavar="BUNDLE", help="Bundles with ONNX weights (.zip), or names.")],
    out: Annotated[Path, Option("--out", help="Folder for the site.")],
    runtime: Annotated[
        Literal["cdn", "bundled"],
        Option(
            help="Whether visitors fetch onnxruntime-web from a content delivery network, or from the site (about "
            "40 MB; needs npm)."
        ),
    ] = "cdn",
    overwrite: Overwrite = False,
) -> None:
    """Write a site that runs bundles in the visitor's browser; images never leave the visitor's computer."""


@command(app, early=True)
def record(
    run_folder: Annotated[Path, Argument(metavar="RUN", help="Run folder of a training.")],
    out: Annotated[Path, Option("--out", help="Page to write (.html).")],
    evaluation: Annotated[Path | None, Option(help="The --out of an evaluation, for its metrics.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write one page on a training: settings, data, versions, curves and metrics."""


def main() -> None:
    """Run the command line."""
    dispatch.main(app)
