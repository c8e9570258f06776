"""onnxruntime-web, which runs ONNX weights in browsers: where it is, and how a site gets a copy of its own."""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import IO

from dfcan_bmz.errors import DfcanError

VERSION = "1.30.0"
INTEGRITY = (  # of the package, as npm states it
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
CDN_ORIGIN = "https://cdn.jsdelivr.net"
CDN = f"{CDN_ORIGIN}/npm/onnxruntime-web@{VERSION}/dist/"
FOLDER = "runtime/"
FILES = (
    "ort.wasm.min.mjs",
    "ort.webgpu.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
    "ort-wasm-simd-threaded.asyncify.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
)


def fetch(folder: Path) -> None:
    """Bring the runtime into a folder, by npm, which checks what it brings against `INTEGRITY`.

    Raises
    ------
    DfcanError
        If npm is not installed or cannot fetch it, or if what it brings is not what is expected.
    """
    npm = shutil.which("npm")
    otherwise = "or let visitors fetch it: --runtime cdn"
    if npm is None:
        raise DfcanError(f"a copy of onnxruntime-web is fetched by npm, which is missing: install Node.js, {otherwise}")
    with tempfile.TemporaryDirectory() as temporary:
        command = [npm, "pack", "--silent", "--json", f"onnxruntime-web@{VERSION}"]
        answer = subprocess.run(command, cwd=temporary, capture_output=True, text=True)
        if answer.returncode:
            reason = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise DfcanError(f"npm cannot fetch onnxruntime-web {VERSION} ({reason}): is there a network? {otherwise}")
        archive = Path(temporary) / json.loads(answer.stdout)[0]["filename"]
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != INTEGRITY:
            raise DfcanError(f"npm brought another onnxruntime-web {VERSION} than expected: ask your administrator why")
        folder.mkdir(parents=True)
        with tarfile.open(archive) as package:
            for name in FILES:
                with _member(package, f"dist/{name}") as source, (folder / name).open("wb") as copy:
                    shutil.copyfileobj(source, copy)
            with _member(package, "README.md") as source:  # names the licence, MIT
                (folder / "README.md").write_bytes(source.read())


def _member(package: tarfile.TarFile, name: str) -> IO[bytes]:
    found = package.extractfile(f"package/{name}")
    if found is None:
        raise DfcanError(f"onnxruntime-web {VERSION} has no file {name}: ask your administrator why")
    return found
