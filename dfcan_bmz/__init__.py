"""Train, judge and publish super-resolution models for microscopy as BioImage Model Zoo bundles."""

import os

__version__ = "0.1.0"

# The one place where the Keras backend is chosen: this module is imported before anything here imports Keras.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
