import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from dfcan_bmz.report.scale_bar import SHARE, draw_scale_bar


def bar(width, pixel_size_nm):
    axes = Figure().subplots()
    draw_scale_bar(axes, (100, width), pixel_size_nm)
    (left, right), _ = axes.lines[0].get_data()
    return right - left, axes.texts[0].get_text()


@pytest.mark.parametrize(
    ("width", "pixel_size_nm", "label", "pixels"),
    [(1004, 31.3, "5 µm", 159.7), (256, 31.3, "2 µm", 63.9), (76, 31.3, "500 nm", 16.0), (100, None, "20 px", 20)],
)
def test_the_bar_is_as_long_as_it_says(width, pixel_size_nm, label, pixels):
    length, text = bar(width, pixel_size_nm)
    assert text == label
    assert length == pytest.approx(pixels, abs=0.1)


@given(width=st.integers(16, 20000), pixel_size_nm=st.floats(0.1, 1e5))
def test_it_always_fits(width, pixel_size_nm):
    length, _ = bar(width, pixel_size_nm)
    assert 0.3 * SHARE * width < length < 1.001 * SHARE * width
