"""Bundles to a static site that runs their ONNX weights in the visitor's own browser.

::

    OUT/
      index.html  *.js  style.css   the page
      models.json                   what it knows of each model
      models/<name>/                weights, test tensors, sample image, cover
      runtime/                      onnxruntime-web, where it does not come from a content delivery network
"""

import json
import shutil
import zipfile
from importlib.resources import as_file
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any, Literal

from jinja2 import Template

from dfcan_bmz import files, staging
from dfcan_bmz.bundle_file.read import read_bundle
from dfcan_bmz.bundle_file.validation import validated
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.page import runtime

Runtime = Literal["cdn", "bundled"]
LISTING = "models.json"


def write_page(bundles: list[Path], out: Path, where: Runtime, overwrite: bool = False) -> None:
    """Write a site with a page that runs these bundles.

    Parameters
    ----------
    bundles : list of pathlib.Path
        Written by `dfcan-bmz package`, with ONNX weights and a low-resolution image as input.
    out : pathlib.Path
        Folder for the site.
    where : {"cdn", "bundled"}
        Whether visitors get onnxruntime-web from a content delivery network, or from the site itself.
    overwrite : bool
        Whether to replace an existing `out`.

    Raises
    ------
    DfcanError
        If a bundle cannot run on the page, two have one name, or the runtime cannot be fetched.
    """
    models = [_model(bundle) for bundle in bundles]
    names = [model["id"] for model, _ in models]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DfcanError(f"several bundles are called {', '.join(twice)}: give each once")
    if out.exists() and overwrite and not (out / LISTING).is_file():
        raise DfcanError(f"{out} is not a page written by dfcan-bmz, and its files would be lost: choose another --out")
    with staging.working(out, "page", overwrite) as work:
        with as_file(package_files("dfcan_bmz.page") / "static") as static:
            shutil.copytree(static, work.new)
        source = runtime.CDN if where == "cdn" else runtime.FOLDER
        if where == "bundled":
            runtime.fetch(work.new / runtime.FOLDER)
        _fill_in(work.new / "index.html", source, where)
        for bundle, (model, members) in zip(bundles, models, strict=True):
            _copy_files(bundle, {member: work.new / model[kind] for kind, member in members.items()})
        (work.new / LISTING).write_text(json.dumps([model for model, _ in models], indent=1), encoding="utf-8")
        staging.place(work)


def _model(bundle: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """What the page knows of a bundle, and the names in the bundle of its files on the site."""
    opened = read_bundle(bundle)
    validated(opened)  # in full, as visitors rely on it
    content, ours = opened.content, opened.for_images
    if ours.frames.number > 1:
        raise DfcanError(f"{bundle} takes {ours.frames.number} frames for each image, which the page does not read")
    if "onnx" not in opened.weights:
        raise DfcanError(f"{bundle} has no ONNX weights, which browsers run: package it with onnx among its formats")
    [inputs], [outputs], name = content["inputs"], content["outputs"], ours.nickname
    if not (content.get("covers") and inputs.get("sample_tensor")):
        raise DfcanError(f"{bundle} has no cover or no sample image, which the page shows: package it again")
    members = {
        "weights": opened.weights["onnx"],
        "test_input": inputs["test_tensor"]["source"],
        "test_output": outputs["test_tensor"]["source"],
        "sample": inputs["sample_tensor"]["source"],
        "cover": _file_name(content["covers"][0]),
    }
    with zipfile.ZipFile(bundle) as archive:
        size = archive.getinfo(members["weights"]).file_size
    return {
        "id": name,
        "name": content["name"],
        "description": content.get("description", ""),
        "authors": [author["name"] for author in content["authors"]],
        "cite": [_citation(entry) for entry in content["cite"]],
        "license": content.get("license", ""),
        "scale": ours.scale,
        "tile": ours.tile,
        "halo": ours.halo // ours.scale,
        "target": ours.target,
        "domain": ours.domain,
        "sha256": files.sha256(bundle),
        "bytes": size,
        **{kind: f"models/{name}/{member}" for kind, member in members.items()},
    }, members


def _file_name(entry: str | dict[str, str]) -> str:
    """Name of a cover, which newer formats write as {source, sha256}."""
    return entry if isinstance(entry, str) else entry["source"]


def _citation(entry: dict[str, str]) -> str:
    return f"{entry['text']} {entry.get('doi') or entry.get('url') or ''}".strip()


def _copy_files(bundle: Path, targets: dict[str, Path]) -> None:
    with zipfile.ZipFile(bundle) as archive:
        for member, target in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(member))


def _fill_in(page: Path, source: str, where: Runtime) -> None:
    """Say where the runtime comes from, and let the browser refuse all other requests."""
    origins = f"'self' {runtime.CDN_ORIGIN}" if where == "cdn" else "'self'"
    policy = {
        "default-src": "'none'",
        "script-src": f"{origins} blob: 'wasm-unsafe-eval'",
        "worker-src": f"{origins} blob:",
        "connect-src": f"{origins} blob:",
        "img-src": "'self' blob: data:",
        "style-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    note = f", and for its runtime from {runtime.CDN_ORIGIN.removeprefix('https://')}" if where == "cdn" else ""
    text = Template(page.read_text(encoding="utf-8"), keep_trailing_newline=True).render(
        policy="; ".join(f"{kind} {allowed}" for kind, allowed in policy.items()), runtime=source, runtime_note=note
    )
    page.write_text(text, encoding="utf-8")
