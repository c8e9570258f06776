"""Run weights in an old engine, on an old Python: ``run_weights.py FORMAT WEIGHTS INPUT.npy OUTPUT.npy``."""

import sys
import tempfile
import zipfile

import numpy as np


def tensorflow_saved_model_bundle(weights, batch):
    import tensorflow

    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(weights) as archive:
            archive.extractall(folder)
        model = tensorflow.saved_model.load(folder, tags=["serve"])
        return model.signatures["serving_default"](input=tensorflow.constant(batch))["output"].numpy()


def onnx(weights, batch):
    import onnxruntime

    session = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])
    return session.run(None, {"input": batch})[0]


def torchscript(weights, batch):
    import torch

    with torch.no_grad():
        return torch.jit.load(weights)(torch.from_numpy(batch)).numpy()


if __name__ == "__main__":
    name, weights, source, target = sys.argv[1:]
    np.save(target, globals()[name](weights, np.load(source)))
