"""All that a simulation can be told, in one record, and as a file that people read and change."""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.simulation.camera import SCMOS, Camera
from dfcan_bmz.simulation.fields import BIOSR, Microscope
from dfcan_bmz.simulation.specimen import Specimen
from dfcan_bmz.simulation.structures import SPECIMENS
from dfcan_bmz.yaml_files import read_yaml, write_yaml

PARTS = ("specimen", "microscope", "camera")
DIFFERENT = ("towards",)  # drawn for each field of view
POSITIVE = (
    *("pixel_nm", "na", "emission_nm", "dimmest", "brightest", "gain_counts", "pattern_um"),
    *("per_um2", "persistence_um", "unevenness_um"),
)


class Simulation(NamedTuple):
    """A structure, how it lies, what looks at it, and how hazy it is."""

    structure: str
    specimen: Specimen
    microscope: Microscope = BIOSR
    camera: Camera = SCMOS
    haze: Annotated[float, "light out of focus over light in focus"] = 0.0

    def with_values(self, **values: Any) -> "Simulation":
        """The same with other values, by their names; names that are not known are refused."""
        if unknown := [name for name in values if name not in self.values()]:
            raise DfcanError(f"a simulation has no {unknown[0]}: it has {', '.join(self.values())}")
        parts: dict[str, Any] = {"haze": values.get("haze", self.haze)}
        for part in PARTS:
            record = getattr(self, part)
            parts[part] = record._replace(**{name: values[name] for name in record._fields if name in values})
        return self._replace(**parts)

    def values(self) -> dict[str, Any]:
        """All values by name."""
        every = {**self.microscope._asdict(), "haze": self.haze, **self.camera._asdict(), **self.specimen._asdict()}
        return {name: value for name, value in every.items() if name not in DIFFERENT}

    def rounded(self) -> "Simulation":
        """The same to four digits, as a file has it, so that the file makes the very same images."""
        return self.with_values(**{name: _readable(value) for name, value in self.values().items()})


# the unit of each value, as its record has it
UNITS: dict[str, str] = {
    name: of.__metadata__[0]
    for record in (Simulation, Microscope, Camera, Specimen)
    for name, of in record.__annotations__.items()
    if hasattr(of, "__metadata__")
}


def default_simulation(structure: str) -> Simulation:
    """BioSR's microscope looking at a structure.

    Raises
    ------
    DfcanError
        If there is no such structure.
    """
    if structure not in SPECIMENS:
        raise DfcanError(f"--structure {structure} is not known: choose from {', '.join(SPECIMENS)}")
    return Simulation(structure, SPECIMENS[structure])


def write_simulation(
    path: Path, simulation: Simulation, origins: dict[str, str], uncertainty: dict[str, float], notes: dict[str, Any]
) -> None:
    """Write ``simulation.yaml``: each value with its unit, where it comes from, and its standard error where known."""
    parameters = {}
    for name, value in simulation.values().items():
        entry: dict[str, Any] = {"value": _readable(value)}
        if name in uncertainty:
            entry["sd"] = _readable(uncertainty[name])
        if name in UNITS:
            entry["unit"] = UNITS[name]
        parameters[name] = entry | {"from": origins.get(name, "default")}
    write_yaml(path, {"structure": simulation.structure, "parameters": parameters} | notes)


def read_simulation(path: Path) -> Simulation:
    """Read what `write_simulation` wrote; what a person left out is the structure's default.

    Raises
    ------
    DfcanError
        If the file cannot be read, a name is unknown or a value is no number.
    """
    content = read_yaml(path)
    parameters = content.get("parameters")
    if not isinstance(content.get("structure"), str) or not isinstance(parameters, dict):
        raise DfcanError(f"{path} is not a simulation: it needs `structure: NAME` and `parameters: {{NAME: VALUE}}`")
    values = {name: entry.get("value") if isinstance(entry, dict) else entry for name, entry in parameters.items()}
    simulation = default_simulation(content["structure"])
    defaults = simulation.values()
    for name, value in values.items():
        if name in defaults and not _is_allowed(name, value) and not (value is None and defaults[name] is None):
            raise DfcanError(f"{path} has {name} {value}: give {UNITS.get(name, 'a number')}")
    return simulation.with_values(**values)


def _is_allowed(name: str, value: Any) -> bool:
    if name == "target":
        return value in ("otf", "wiener", "sim")
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < float("inf"):
        return False
    # what an uncertain line of noise has for an offset may be below 0
    return value > 0 if name in POSITIVE else value >= 0 or name == "offset_counts"


def _readable(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
