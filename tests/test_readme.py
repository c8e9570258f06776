"""What the README says of networks, settings and places is so."""

import math
import re

import numpy as np
import pytest
import yaml
from conftest import REPOSITORY

from dfcan_bmz.config import SIZES, Config, ModelConfig
from dfcan_bmz.models import build_model

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_the_table_of_networks_is_that_of_the_code():
    told = dict(re.findall(r"^\| (\w+) \|.*\| ([\d,]+) \|$", README, flags=re.MULTILINE))
    for name in (name for name, sizes in SIZES.items() if sizes):
        model = build_model(ModelConfig(name=name), np.random.default_rng(0))
        assert told[name] == f"{sum(math.prod(weight.shape) for weight in model.trainable_weights):,}"


def test_every_setting_stands_in_the_readme_with_its_default():
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|", README[README.index("### Settings") :], flags=re.MULTILINE)
    told = {}
    for keys, defaults in rows:
        names = [name.split(".")[-1] for name in re.findall(r"`([^`]+)`", keys)]
        told |= dict(zip(names, [defaults] if len(names) == 1 else defaults.split(", "), strict=True))
    actual = {key: value for _, settings in Config() for key, value in settings}
    values = {key: yaml.safe_load(text) for key, text in told.items()}
    values["learning_rate"] = float(values["learning_rate"])  # YAML 1.1 takes 5e-4 for a word
    assert values == actual


@pytest.mark.parametrize(
    "document", ["README.md", *(str(p.relative_to(REPOSITORY)) for p in REPOSITORY.glob("docs/*.md"))]
)
def test_local_links_lead_somewhere(document):
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert ((REPOSITORY / document).parent / target).exists(), target
