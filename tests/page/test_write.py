"""``dfcan-bmz page``: what lies in the site that it writes. What visitors meet there is in tests/long/test_page.py."""

import json
import re
import zipfile

import pytest
import yaml
from bundle_files import rewrite

from dfcan_bmz.errors import DfcanError
from dfcan_bmz.page.write import write_page


@pytest.fixture(scope="module")
def site(tiny_bundle, tmp_path_factory):
    out = tmp_path_factory.mktemp("page") / "site"
    write_page([tiny_bundle], out, "cdn")
    return out


def test_the_listing_names_files_that_are_there(site):
    (model,) = json.loads((site / "models.json").read_text())
    assert (model["id"], model["scale"], model["tile"]) == ("tiny-tester", 2, 32)
    for kind in ("weights", "test_input", "test_output", "sample", "cover"):
        assert (site / model[kind]).is_file(), kind
    assert (site / model["weights"]).stat().st_size == model["bytes"]


def test_the_browser_is_told_to_make_no_other_request(site):
    page = (site / "index.html").read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    allowed = set(re.findall(r"https?://\S+?(?=[ ;]|$)", policy))
    assert allowed == {"https://cdn.jsdelivr.net"}
    assert "default-src 'none'" in policy
    assert "{{" not in page


def test_an_existing_site_is_replaced_on_request_alone(site, tiny_bundle):
    with pytest.raises(DfcanError, match="exists"):
        write_page([tiny_bundle], site, "cdn")
    write_page([tiny_bundle], site, "cdn", overwrite=True)
    assert (site / "index.html").is_file()


def test_a_folder_of_somebody_elses_is_never_replaced(tiny_bundle, tmp_path):
    (tmp_path / "thesis.txt").write_text("chapter 1")
    with pytest.raises(DfcanError, match="not a page"):
        write_page([tiny_bundle], tmp_path, "cdn", overwrite=True)
    assert (tmp_path / "thesis.txt").read_text() == "chapter 1"


def test_bundles_that_no_page_can_run_are_refused_before_anything_is_written(tiny_bundle, companion_bundle, tmp_path):
    with pytest.raises(DfcanError, match="companion for ilastik"):
        write_page([companion_bundle], tmp_path / "site", "cdn")
    with pytest.raises(DfcanError, match="called tiny-tester"):
        write_page([tiny_bundle, tiny_bundle], tmp_path / "site", "cdn")
    assert not (tmp_path / "site").exists()


def redescribed(bundle, target, change):
    with zipfile.ZipFile(bundle) as archive:
        content = yaml.safe_load(archive.read("rdf.yaml"))
    change(content)
    return rewrite(bundle, target, {"rdf.yaml": yaml.safe_dump(content)})


@pytest.mark.parametrize("name", ["../../../mine", "/mine", "", 7, None])
def test_a_nickname_is_never_a_path(tiny_bundle, tmp_path, name):
    def call(content):
        content["config"]["bioimageio"]["nickname"] = name

    bundle = redescribed(tiny_bundle, tmp_path / "b.zip", call)
    (tmp_path / "a").mkdir()
    with pytest.raises(DfcanError, match=r"b\.zip was not written by `dfcan-bmz package`"):
        write_page([bundle], tmp_path / "a/site", "cdn")
    assert {path.name for path in tmp_path.rglob("*")} == {"a", "b.zip"}


def without_cover(content):
    content["covers"] = []


def without_sample(content):
    del content["inputs"][0]["sample_tensor"]


@pytest.mark.parametrize("change", [without_cover, without_sample])
def test_what_the_page_shows_and_a_bundle_lacks_is_named(tiny_bundle, tmp_path, change):
    bundle = redescribed(tiny_bundle, tmp_path / "b.zip", change)
    with pytest.raises(DfcanError, match=r"b\.zip has no cover or no sample image"):
        write_page([bundle], tmp_path / "site", "cdn")


def test_a_description_may_leave_out_what_the_page_can_do_without(tiny_bundle, tmp_path):
    bundle = redescribed(tiny_bundle, tmp_path / "b.zip", lambda content: content.pop("license"))
    write_page([bundle], tmp_path / "site", "cdn")
    (model,) = json.loads((tmp_path / "site/models.json").read_text())
    assert model["license"] == ""
