import zipfile

import pytest

from dfcan_bmz.bundle_file.named import as_zip
from dfcan_bmz.bundle_file.raw import raw_description
from dfcan_bmz.bundle_file.read import open_bundle
from dfcan_bmz.errors import DfcanError


def test_an_unzipped_bundle_is_a_bundle(tiny_bundle, tmp_path):
    folder = tmp_path / "unzipped"
    with zipfile.ZipFile(tiny_bundle) as archive:
        archive.extractall(folder)
    packed = as_zip(folder)
    assert packed.name == "unzipped.zip"
    assert raw_description(packed) == raw_description(tiny_bundle)
    assert open_bundle(packed).ours == open_bundle(tiny_bundle).ours
    (folder / "link").symlink_to(tiny_bundle)
    with pytest.raises(DfcanError, match="contains a link"):
        as_zip(folder)


def test_what_is_no_unzipped_bundle_stays_what_it_is(tiny_bundle, tiny_run, tmp_path):
    assert [as_zip(path) for path in (tiny_bundle, tiny_run, tmp_path)] == [tiny_bundle, tiny_run, tmp_path]
