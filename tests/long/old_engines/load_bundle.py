"""Load and test a bundle with the loader of another program: ``load_bundle.py BUNDLE FORMAT``."""

import json
import sys

import bioimageio.core
import bioimageio.spec

if __name__ == "__main__":
    bundle, weight_format = sys.argv[1:]
    description = bioimageio.spec.load_description(bundle)
    if isinstance(description, bioimageio.spec.InvalidDescr):
        sys.exit(str(description.validation_summary.errors))
    summary = bioimageio.core.test_description(description, weight_format=weight_format)
    details = [[detail.name, detail.status, [error.msg for error in detail.errors]] for detail in summary.details]
    print(json.dumps({"spec": bioimageio.spec.__version__, "core": bioimageio.core.__version__, "details": details}))
