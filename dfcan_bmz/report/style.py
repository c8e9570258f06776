"""What the figures of a report share: one colour for each method, and axes of images."""

TRUTH = "#222222"
NO_TICKS = {"xticks": (), "yticks": ()}  # of the axes of an image; even unseen, they take most of the time to lay out
GRAY = {"cmap": "gray", "vmin": 0, "vmax": 1, "interpolation": "nearest"}  # of images fitted to the truth
_BASELINES = ("#9a9a9a", "#c08a2d", "#7a9a4d", "#b0708f")
_MODELS = ("#0b62a4", "#c8382b", "#2a9d7f", "#7b4fb5", "#d9822b", "#1f9fc4")


def colours(methods: list[str], models: list[str]) -> dict[str, str]:
    """Colour by method: muted ones for baselines, strong ones for models; they repeat when they are used up."""
    baselines = [method for method in methods if method not in models]
    chosen = {name: _BASELINES[index % len(_BASELINES)] for index, name in enumerate(baselines)}
    return chosen | {name: _MODELS[index % len(_MODELS)] for index, name in enumerate(models)}
