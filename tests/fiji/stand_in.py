"""``python stand_in.py MODEL INPUT OUTPUT``: what deepImageJ's macro call leaves in OUTPUT, by our emulation of it."""

import sys
from pathlib import Path

import tifffile
import yaml

from dfcan_bmz.bundle import jdll
from dfcan_bmz.engines import torchscript

model, source, target = map(Path, sys.argv[1:])
content = yaml.safe_load((model / "rdf.yaml").read_text())
network = torchscript.load(model / content["weights"]["torchscript"]["source"])
tensor = content["outputs"][0]["id"]
for path in sorted(source.iterdir()):
    with tifffile.TiffFile(path) as file:
        image, axes = file.asarray(), file.series[0].axes
    assert axes in ("YX", "CYX"), f"deepImageJ takes the planes of {axes} for images"  # ImPlusRaiManager
    tifffile.imwrite(target / f"{path.stem}_{tensor}.tif", jdll.predict(content, network, image), imagej=True)
