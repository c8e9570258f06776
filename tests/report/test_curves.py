import io

import pytest

from dfcan_bmz.report.curves import plot_history

ROW = {"loss": 0.1, "val_loss": 0.2, "psnr": 20.0, "val_psnr": 21.0}


@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_every_epoch_is_seen_and_counted_in_whole_numbers(epochs):
    figure = plot_history([ROW | {"epoch": epoch} for epoch in range(1, epochs + 1)])
    figure.savefig(io.BytesIO(), format="png")
    for axes in figure.axes:
        for line in axes.lines:
            assert len(line.get_xdata()) == epochs
            assert (line.get_marker() == "o") == (epochs == 1)
        low, high = axes.get_xlim()
        ticks = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert ticks
        assert all(tick == int(tick) for tick in ticks)
