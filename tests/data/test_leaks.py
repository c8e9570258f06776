import numpy as np
import tifffile
from PIL import Image as PillowImage

from dfcan_bmz import images
from dfcan_bmz.data.leaks import shared_planes


def test_a_plane_is_found_under_another_name_in_another_file_and_format(tmp_path):
    stack = np.random.default_rng(0).integers(0, 200, (3, 50, 60)).astype(np.uint8)
    images.write(tmp_path / "stack.tif", stack, "ZYX")
    PillowImage.fromarray(stack[2]).save(tmp_path / "copy.png")
    tifffile.imwrite(tmp_path / "wide.tif", stack[1].astype(np.float32), compression="zlib", tile=(16, 16))
    nearly = stack[0].copy()
    nearly[0, 0] += 1  # outside of the crops
    images.write(tmp_path / "nearly.tif", nearly)
    images.write(tmp_path / "dark.tif", np.zeros((50, 60), np.uint8))
    opened = {path.name: images.open_lazily(path) for path in tmp_path.iterdir()}
    trained = [opened["stack.tif"], opened["dark.tif"]]
    for name, found in (("copy.png", True), ("wide.tif", True), ("nearly.tif", False), ("dark.tif", False)):
        shared = shared_planes(trained, [opened[name]])
        assert (shared is not None) == found
        if found:
            assert [image.path.name for image in shared] == ["stack.tif", name]
