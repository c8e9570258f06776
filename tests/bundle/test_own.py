"""A description of our own form needs no validation by the spec: whatever reads it finds what it needs."""

import contextlib
import copy
import zipfile
from pathlib import Path

import pytest
import yaml
from bundle_files import rewrite
from hypothesis import given, settings
from hypothesis import strategies as st

from dfcan_bmz import published
from dfcan_bmz.bundle.deepimagej import lint
from dfcan_bmz.bundle.objections import alerts, complaints
from dfcan_bmz.bundle_file.own import is_own
from dfcan_bmz.bundle_file.read import Bundle, open_bundle, read_bundle
from dfcan_bmz.bundle_file.validation import validated
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.fiji.weights import torchscript_alone

ODD = st.sampled_from([None, "", "odd", "a/b", -1, 0, 7, 0.5, True, [], [1], {}, {"odd": 1}, float("nan")])


def description(bundle):
    with zipfile.ZipFile(bundle) as archive:
        return yaml.safe_load(archive.read("rdf.yaml"))


@pytest.fixture(scope="module")
def content(tiny_bundle):
    return description(tiny_bundle)


def changed(bundle, target, edit):
    content = description(bundle)
    edit(content)
    return rewrite(bundle, target, {"rdf.yaml": yaml.safe_dump(content).encode()})


def test_what_is_packaged_has_our_form(content, companion_bundle):
    assert is_own(content)
    assert is_own(description(companion_bundle))


@pytest.mark.parametrize("name", published.models())
def test_published_models_have_our_form(name):
    text = (published.models()[name] / "rdf.yaml").read_text(encoding="utf-8")
    assert is_own(yaml.safe_load(text))


def places(node, path=()):
    """Every place in a description, as the keys that lead there."""
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in parts:
        yield (*path, key)
        yield from places(value, (*path, key))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_what_has_our_form_is_read_without_surprises(content, data):
    changed = copy.deepcopy(content)
    *path, last = data.draw(st.sampled_from(list(places(content))))
    node = changed
    for key in path:
        node = node[key]
    if data.draw(st.booleans()):
        node[last] = data.draw(ODD)
    else:
        del node[last]
    if not is_own(changed):
        return
    bundle = Bundle(Path("b.zip"), changed, ["rdf.yaml"], False)
    assert all("/" not in name for name in bundle.weights.values())
    assert all(isinstance(objection, str) for objection in lint(changed, bundle.names))
    assert alerts(bundle).message is not None
    with contextlib.suppress(DfcanError):
        assert bundle.ours.tile > 0
    with contextlib.suppress(DfcanError):
        torchscript_alone(changed, "b.zip")


def without_covers(content):
    content["covers"] = []


def with_an_axis_too_much(content):
    content["inputs"][0]["axes"].append({"type": "index"})


def with_a_size_in_words(content):
    content["inputs"][0]["axes"][1]["size"] = "large"


@pytest.mark.parametrize("edit", [with_an_axis_too_much, with_a_size_in_words])
def test_what_has_another_form_is_judged_by_the_spec(tiny_bundle, tmp_path, edit):
    bundle = changed(tiny_bundle, tmp_path / "b.zip", edit)
    with pytest.raises(DfcanError, match=r"has no valid model description \(inputs\.0"):
        open_bundle(bundle)


def nobody(content):
    pass


def a_maintainer(content):
    content["maintainers"] = [{"name": "M", "github_user": "bioimageiobot"}]


def an_author(content):
    content["authors"][0]["github_user"] = "bioimageiobot"


@pytest.mark.parametrize("edit", [nobody, a_maintainer, an_author, without_covers])
def test_what_the_zoo_wants_is_known_as_the_spec_knows_it(tiny_bundle, tmp_path, edit):
    bundle = read_bundle(changed(tiny_bundle, tmp_path / "b.zip", edit))
    by_spec = next(complaints(bundle, validated(bundle)))
    ours = alerts(bundle)
    assert (ours.test, ours.verdict) == (by_spec.test, by_spec.verdict)
    assert ("github_user" in ours.message) == ("github_user" in by_spec.message)


@pytest.mark.parametrize("sigma", [-1.0, 1e9, float("inf"), float("nan")])
def test_a_blur_without_end_is_not_ours(content, sigma):
    record = content["config"]["dfcan_bmz"] | {"smoothed_bicubic_sigma_px": sigma}
    config = content["config"] | {"dfcan_bmz": record}
    assert Bundle(Path("b.zip"), content, [], False).processing
    assert Bundle(Path("b.zip"), content | {"config": config}, [], False).processing is None
