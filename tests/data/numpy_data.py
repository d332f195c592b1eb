#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Data sets written by NumPy are read with all types, and give the network the same input as in NumPy.

Usage: numpy_data.py GRADUS, the program. Exits with 77 if NumPy is missing.
"""
import json
import os
import subprocess
import sys
import tempfile

GRADUS = sys.argv[1]

try:
    import numpy as np
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

SAMPLES, SIDE, CLASSES = 60, 5, 4
RANDOM = np.random.default_rng(1)
IMAGES = RANDOM.integers(0, 256, (SAMPLES, SIDE, SIDE)).astype(np.uint8)
LABELS = RANDOM.integers(0, CLASSES, SAMPLES)
LABELS[0] = CLASSES - 1


def gradus(*arguments):
    return subprocess.run([GRADUS, *arguments], check=True, capture_output=True, text=True).stdout


def refused(*arguments):
    result = subprocess.run([GRADUS, *arguments], capture_output=True, text=True)
    assert result.returncode == 65, result
    return result.stderr


def train(data, model=None):
    """The result of a short training on the host."""
    out = ["--out", model] if model else []
    return json.loads(gradus("train", data, "--engine", "reference", "--iterations", "5", "--seed", "3", "--json", *out))


def probabilities(model, features, folder):
    """NumPy's result with the exported parameters (samples x classes)."""
    path = os.path.join(folder, "parameters.npz")
    gradus("export", model, "--npz", path)
    with np.load(path) as p:
        hidden = np.maximum(features @ p["fc1.weight"].T + p["fc1.bias"], 0)
        z = (hidden @ p["fc2.weight"].T + p["fc2.bias"]).astype(np.float64)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def assert_predicts(model, data, features, folder):
    found = json.loads(gradus("predict", model, data, "--json"))
    error = np.abs(np.array([s["probabilities"] for s in found]) - probabilities(model, features, folder)).max()
    assert error < 1e-5, error


def test_types(folder):
    """The same samples with all types of labels, saved in both ways, give the same weights."""
    path = os.path.join(folder, "data.npz")
    hashes = set()
    for save in (np.savez, np.savez_compressed):
        for kind in ("u1", "i1", "i2", "u4", "i4", "i8", "u8"):
            save(path, x_train=IMAGES, y_train=LABELS.astype(kind), x_test=IMAGES[:9], y_test=LABELS[:9].astype(kind))
            result = train(path)
            hashes.add(result["weights_hash"])
    for images in (IMAGES.reshape(SAMPLES, -1), IMAGES[..., None], IMAGES[:, None]):
        np.savez(path, X=images, y=LABELS[:, None])
        hashes.add(train(path)["weights_hash"])
    assert len(hashes) == 1, hashes


def test_floats(folder):
    """Floats are not scaled: bytes / 255 train as the bytes do, and other floats give NumPy's result."""
    path, model = os.path.join(folder, "data.npz"), os.path.join(folder, "m.safetensors")
    np.savez(path, X=IMAGES, y=LABELS)
    expected = train(path, model)["train_loss"]
    assert_predicts(model, path, IMAGES.reshape(SAMPLES, -1) / np.float32(255), folder)
    for kind in (np.float32, np.float64):
        np.savez(path, X=IMAGES.astype(kind) / 255, y=LABELS)
        loss = train(path, model)["train_loss"]
        assert abs(loss - expected) < 1e-6 * expected, (loss, expected)
    features = RANDOM.standard_normal((SAMPLES, 7))
    np.savez(path, X=features, y=LABELS)
    train(path, model)
    assert_predicts(model, path, features.astype(np.float32), folder)
    np.savez(path, X=features)
    assert_predicts(model, path, features.astype(np.float32), folder)


def test_text(folder):
    """savetxt()'s own format, and integers for a model of floats."""
    path, model = os.path.join(folder, "data.csv"), os.path.join(folder, "m.safetensors")
    features = RANDOM.standard_normal((SAMPLES, 7)).astype(np.float32)
    np.savetxt(path, np.column_stack([LABELS, features]), delimiter=",")
    train(path, model)
    assert_predicts(model, path, features, folder)
    whole = RANDOM.integers(0, 9, (SAMPLES, 7))
    np.savetxt(path, whole, "%d", ",")
    assert_predicts(model, path, whole.astype(np.float32), folder)


def test_refused(folder):
    path, model = os.path.join(folder, "data.npz"), os.path.join(folder, "m.safetensors")
    np.savez(path, X=IMAGES, y=LABELS)
    train(path, model)
    np.savez(path, X=IMAGES / 255, y=LABELS)
    assert "the samples have float features, the network takes bytes" in refused("evaluate", model, path)
    np.savez(path, X=np.asfortranarray(IMAGES.reshape(SAMPLES, -1)), y=LABELS)
    assert "array X: values in Fortran's order" in refused("train", path)
    np.savez(path, X=np.where(IMAGES == IMAGES.max(), np.nan, 1), y=LABELS)
    assert "found nan, expected a finite number" in refused("train", path)
    np.savez(path, X=IMAGES, y=LABELS + 253)
    assert "array y: sample 0: found label 256, expected 0..255" in refused("train", path)
    np.savez(path, X=IMAGES, y=np.eye(CLASSES, dtype=int)[LABELS])
    assert f"array y: shape ({SAMPLES}, {CLASSES}), expected ({SAMPLES},)" in refused("train", path)
    np.savez(path, X=IMAGES.astype(np.float16), y=LABELS)
    assert 'array X: values of type "<f2"' in refused("train", path)
    np.savez(path, IMAGES, LABELS)
    assert "holds arr_0, arr_1; expected x_train and y_train, or X and y" in refused("train", path)


for test in (test_types, test_floats, test_text, test_refused):
    with tempfile.TemporaryDirectory() as temporary:
        test(temporary)
print("passed")
