import pytest

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.images.selection import find_sources, outputs_of


def test_a_pattern_that_is_a_name_means_that_name(tmp_path):
    for name in ("cell1.tif", "cell[1].tif", "day[1]/a.tif", "day[1]/b.tif", "day1/c.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def found(pattern):
        return [str(path.relative_to(tmp_path)) for path in find_sources([tmp_path / pattern])]

    assert found("cell[1].tif") == ["cell[1].tif"]
    assert found("cell[12].tif") == ["cell1.tif"]
    assert found("day[1]/*.tif") == ["day[1]/a.tif", "day[1]/b.tif"]
    assert found("day[12]/*.tif") == ["day1/c.tif"]


def test_two_images_of_one_output_are_named(tmp_path):
    first, second = tmp_path / "a.tif", tmp_path / "a.png"
    assert len(outputs_of([first, tmp_path / "b.tif"], tmp_path / "out", ".tif")) == 2
    with pytest.raises(DfcanError, match=r"a\.tif and .*a\.png share a name"):
        outputs_of([first, second], tmp_path / "out", ".tif")
