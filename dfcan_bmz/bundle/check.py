"""The referee: does every weight format of a bundle run in its own engine, in another process and an empty folder?"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dfcan_bmz.bundle.apart import check_apart, shared
from dfcan_bmz.bundle.deepimagej import lint
from dfcan_bmz.bundle.formats import fiji_complaint, fiji_praise
from dfcan_bmz.bundle.jdll_engines import DEEPIMAGEJ, DEEPIMAGEJ_JDLL, choose_engine, outcome
from dfcan_bmz.bundle.verdict import FAILED, IN_FIJI, NOT_RUN, OWN, PASSED, SPEC, Verdict, passed_unless
from dfcan_bmz.bundle_file.named import as_zip
from dfcan_bmz.bundle_file.raw import refuse_other_files
from dfcan_bmz.bundle_file.read import Bundle, read_bundle
from dfcan_bmz.bundle_file.validation import validated
from dfcan_bmz.bundle_file.weights import weights_file
from dfcan_bmz.bundle_file.zip_safety import UnsafeZipError
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.export import AT_A_TIME, FILE_NAMES
from dfcan_bmz.extras import missing_extra


def check(bundle: str | Path, trusted: bool = False) -> list[Verdict]:
    """Test every weight format of a bundle in its own engine, against the others, and as Fiji would tile it.

    Parameters
    ----------
    bundle : str or pathlib.Path
        A bundle, zipped or unzipped, ours or anybody's, format 0.4 or 0.5.
    trusted : bool
        Whether you know the author; weights of strangers run only if all that they hold is listed.

    Returns
    -------
    list of Verdict
        The zip and its description first, then each weight format in it; of a zip that is not safe to open or a
        description that is not valid, that alone.

    Raises
    ------
    DfcanError
        If the file is no bundle at all.

    Examples
    --------
    >>> [row.message for row in dfcan_bmz.check("actin.zip") if row.verdict == "failed"]
    []
    """
    path = as_zip(Path(bundle))
    refuse_other_files(path)
    try:
        opened = read_bundle(path, trusted)
        validated(opened)
    except UnsafeZipError as error:
        return [Verdict("zip", OWN, "safe and complete", FAILED, message=str(error))]
    except DfcanError as error:
        return [Verdict("rdf.yaml", SPEC, "description", FAILED, message=str(error))]
    verdicts = [Verdict("rdf.yaml", SPEC, "description", PASSED), _rules(opened), _in_fiji(opened.content["weights"])]
    reasons = {name: _why_not(name, opened) for name in opened.weights}
    verdicts += [Verdict(name, "-", "load", NOT_RUN, message=reason) for name, reason in reasons.items() if reason]
    runnable = [name for name, reason in reasons.items() if not reason]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        parts = pool.map(partial(check_apart, path), shared(runnable))
        found = {name: result for part in parts for name, result in part.items()}
    verdicts += [verdict for name in runnable for verdict in found[name].verdicts]
    if (ours := opened.processing) is not None:
        verdicts += agreement({name: found[name].outputs for name in runnable}, ours.tolerance)
    else:
        reason = "how bundles from others are tiled and compared is unknown: only bioimageio.core's tests were run"
        verdicts.append(Verdict("rdf.yaml", OWN, "tiles, agreement of formats", NOT_RUN, message=reason))
    order = list(dict.fromkeys(verdict.format for verdict in verdicts))
    return sorted(verdicts, key=lambda verdict: order.index(verdict.format))


def _rules(bundle: Bundle) -> Verdict:
    """What deepImageJ and ilastik object to."""
    content, row = bundle.content, ("rdf.yaml", "deepImageJ, ilastik", "their rules")
    if not content["format_version"].startswith("0.5"):
        reason = f"their rules are known for format 0.5, not {content['format_version']}"
        return Verdict(*row, NOT_RUN, message=reason)
    return passed_unless("; ".join(lint(content, bundle.names)), *row)


def _in_fiji(weights: dict[str, Any]) -> Verdict:
    """What comes of the weights that deepImageJ chooses."""
    row = ("rdf.yaml", f"deepImageJ {DEEPIMAGEJ}", IN_FIJI)
    choice = choose_engine(weights)
    if choice is None:
        return Verdict(*row, NOT_RUN, message="Fiji has no engine for these formats: add torchscript to run there")
    if complaint := fiji_complaint(weights):
        return Verdict(*row, FAILED, message=complaint)
    known = outcome(choice, DEEPIMAGEJ_JDLL) is not None
    return Verdict(*row, PASSED if known else NOT_RUN, message=fiji_praise(choice))


def _why_not(name: str, bundle: Bundle) -> str | None:
    if name == "pytorch_state_dict":
        return "contains code, which a check does not run"
    if name == "keras_hdf5":
        return "may contain code, which a check does not run"
    if name not in FILE_NAMES:
        return "this version has no engine for it"
    extra = missing_extra(name)
    if extra:
        return f"its engine is missing: pip install 'dfcan-bmz[{extra}]'"
    try:
        with weights_file(bundle, name):
            return None
    except DfcanError as error:
        return str(error).removeprefix(f"{bundle.path}: ")


def agreement(outputs: dict[str, dict[str, np.ndarray]], limit: float) -> Iterator[Verdict]:
    """Each format against the first that has run, on random images of several sizes."""
    ran = {name: sizes for name, sizes in outputs.items() if sizes}
    if not ran:
        return
    reference, *others = ran
    for name in others:
        differences = {size: _difference(output, ran[reference][size]) for size, output in ran[name].items()}
        beyond = {size: value for size, value in differences.items() if not value <= limit}
        message = "; ".join(f"differs by {value:.2g} at {size} px, over {limit:g}" for size, value in beyond.items())
        worst = max(differences.values(), key=lambda value: (np.isnan(value), value))
        yield passed_unless(message, name, OWN, f"against {reference}", worst)


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max()) if one.shape == other.shape else np.inf
