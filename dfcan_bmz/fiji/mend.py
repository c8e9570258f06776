"""What earlier versions installed: every weight format, of which deepImageJ ran one that gives black images."""

from pathlib import Path

import yaml

from dfcan_bmz import staging
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.fiji.install import RECORD, description_text, is_earlier, read_record, record_text, remove_empty
from dfcan_bmz.fiji.macros import MODELS
from dfcan_bmz.fiji.places import Fiji
from dfcan_bmz.fiji.weights import UNPACKED, torchscript_alone


def mend(fiji: Fiji) -> list[str]:
    """Reduce every model that an earlier version installed to its TorchScript weights.

    Returns
    -------
    list of str
        A line for each model that was mended, or cannot be.
    """
    lines = []
    for record in sorted((fiji.folder / MODELS).glob(f"*/{RECORD}")):
        model = record.parent
        try:
            names = read_record(model)
            if is_earlier(model):
                _mend(model, names)
                lines.append(f"{model}: repaired, deepImageJ will now run its torchscript weights")
        except (DfcanError, OSError, yaml.YAMLError, KeyError, TypeError) as error:
            lines.append(f"{model} gives black images and cannot be repaired: {error}")
    return lines


def _mend(model: Path, names: list[str]) -> None:
    content = yaml.safe_load((model / "rdf.yaml").read_text(encoding="utf-8"))
    reduced = torchscript_alone(content, model)
    gone = [(MODELS / model.name / name).as_posix() for name in (*reduced.left_out, *UNPACKED)]
    gone = [name for name in names if name in gone]  # nothing that was not installed from here
    with staging.replacing(model / "rdf.yaml") as path:
        path.write_text(description_text(reduced.content), encoding="utf-8")
    for name in gone:
        (model.parents[1] / name).unlink(missing_ok=True)
    remove_empty(model / "variables")
    with staging.replacing(model / RECORD) as path:
        path.write_text(record_text([name for name in names if name not in gone]), encoding="utf-8")
