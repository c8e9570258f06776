"""A sweep's trainings beside each other: a table and a figure."""

from matplotlib import colormaps
from matplotlib.figure import Figure

from dfcan_bmz.run_folder import Row


def plot_sweep(histories: dict[str, list[Row]], scores: dict[str, float], what: str) -> Figure:
    """Draw validation loss by epoch of every run, and each run's final score.

    Parameters
    ----------
    histories : dict of str to list of Row
        By name of the run.
    scores : dict of str to float
        By name of the run, in dB.
    what : str
        What the scores are, for the axis.
    """
    figure = Figure(figsize=(11, 0.6 + max(3.4, 0.32 * len(histories))), layout="constrained")
    curves, points = figure.subplots(1, 2)
    colours = colormaps["viridis"].resampled(max(2, len(histories)))
    for index, (name, history) in enumerate(histories.items()):
        curves.plot(
            [row["epoch"] for row in history],
            [row["val_loss"] for row in history],
            color=colours(index),
            marker=".",
            label=name,
        )
    curves.set(xlabel="epoch", ylabel="validation loss", yscale="log")
    curves.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    if histories:
        curves.legend(frameon=False, fontsize="small")
    names = list(scores)
    points.scatter([scores[name] for name in names], range(len(names)), color="#0b62a4")
    points.set(xlabel=what, yticks=range(len(names)), yticklabels=names)
    points.invert_yaxis()
    points.grid(axis="x", alpha=0.3)
    return figure


def markdown(rows: list[dict[str, object]]) -> str:
    """A Markdown table of rows with equal keys; floats to four digits."""
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([_cell(row[column]) for column in columns] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
