"""What of a bundle another processor, or another version of a library, may write otherwise."""

import re

DIFFERENCE = r"at most\s+(\d+(?:\.\d+)?(?:e-?\d+)?)"


def without_measurements(readme: str) -> tuple[str, list[float]]:
    """A README without the differences that were measured on one machine, and these."""
    measured = re.findall(DIFFERENCE, readme)
    return re.sub(DIFFERENCE, "at most #", readme), [float(number) for number in measured]


def without_versions(description: dict) -> dict:
    """A description without hashes of exports, versions of exporters, and the tolerance measured."""
    weights = {
        name: {key: value for key, value in entry.items() if not re.search("sha256|version|backend", key)}
        for name, entry in description["weights"].items()
    }
    tensors = {
        side: [
            {
                key: {k: v for k, v in value.items() if k != "sha256"} if key.endswith("_tensor") else value
                for key, value in tensor.items()
            }
            for tensor in description[side]
        ]
        for side in ("inputs", "outputs")
    }
    card = {k: v for k, v in description["config"]["bioimageio"].items() if k != "reproducibility_tolerance"}
    config = description["config"] | {"bioimageio": card}
    return description | {"weights": weights, "config": config} | tensors
