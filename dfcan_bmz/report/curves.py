"""Curves of a training."""

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dfcan_bmz.run_folder import Row

TRAINING, VALIDATION = "#7a7a7a", "#0b62a4"


def plot_history(history: list[Row], title: str = "") -> Figure:
    """Loss on a linear and a logarithmic axis, and PSNR, by epoch: training and validation."""
    figure = Figure(figsize=(12, 3.4), layout="constrained")
    figure.suptitle(title)
    epochs = [row["epoch"] for row in history]
    marker = "o" if len(epochs) == 1 else None  # a line through one point shows nothing
    for axes, name, scale, heading in zip(
        figure.subplots(1, 3),
        ("loss", "loss", "psnr"),
        ("linear", "log", "linear"),
        ("Loss: lower is better", "Loss, logarithmic", "PSNR: higher is better"),
        strict=True,
    ):
        axes.plot(epochs, [row[name] for row in history], color=TRAINING, marker=marker, label="training")
        validation = [row[f"val_{name}"] for row in history]
        axes.plot(epochs, validation, color=VALIDATION, marker=marker, label="validation")
        axes.set(xlabel="epoch", ylabel="PSNR (dB)" if name == "psnr" else "loss", yscale=scale, title=heading)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.legend(frameon=False)
    return figure
