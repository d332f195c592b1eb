#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Model files and the `safetensors` package of Python: each reads the other's files, bit for bit.

Usage: interop.py INTEROP_MODEL, the program built from interop_model.c. Exits with 77 if the package is missing.
"""
import os
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from safetensors import safe_open
    from safetensors.numpy import load_file, save_file
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

PROGRAM = sys.argv[1]


def flat(tensors, layers):
    """All parameters of a network as the program prints them: W1, b1, W2, b2, ..."""
    names = [f"fc{layer}.{kind}" for layer in range(1, layers + 1) for kind in ("weight", "bias")]
    assert sorted(tensors) == sorted(names), sorted(tensors)
    return np.concatenate([tensors[name].ravel() for name in names])


def printed(path):
    lines = subprocess.run([PROGRAM, "print", path], check=True, capture_output=True, text=True).stdout.split()
    return np.array([float.fromhex(line) for line in lines], dtype=np.float32)


def assert_same_bits(a, b):
    assert a.dtype == b.dtype == np.float32 and a.tobytes() == b.tobytes()


def test_package_reads_ours(folder):
    path = os.path.join(folder, "ours.safetensors")
    subprocess.run([PROGRAM, "create", path], check=True)
    tensors = load_file(path)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    assert shapes == {"fc1.weight": (5, 9), "fc1.bias": (5,), "fc2.weight": (4, 5), "fc2.bias": (4,),
                      "fc3.weight": (3, 4), "fc3.bias": (3,)}, shapes
    assert_same_bits(flat(tensors, 3), printed(path))
    with safe_open(path, "np") as file:
        metadata = file.metadata()
    assert metadata.pop("gradus.version")
    assert metadata == {"format": "pt", "seed": "7", "gradus.activation": "relu", "gradus.input_scale": "byte/255",
                        "gradus.image_shape": "3x3"}, metadata


def test_we_read_the_packages(folder):
    path = os.path.join(folder, "theirs.safetensors")
    random = np.random.default_rng(1)
    sizes = [6, 1, 7, 2]
    tensors = {}
    for layer, (inputs, outputs) in enumerate(zip(sizes, sizes[1:]), start=1):
        tensors[f"fc{layer}.weight"] = random.standard_normal((outputs, inputs), dtype=np.float32)
        tensors[f"fc{layer}.bias"] = random.standard_normal(outputs, dtype=np.float32)
    for metadata in (None, {"format": "np", "origin": "interop"}):
        save_file(tensors, path, metadata)
        assert_same_bits(flat(tensors, 3), printed(path))


with tempfile.TemporaryDirectory() as temporary:
    test_package_reads_ours(temporary)
    test_we_read_the_packages(temporary)
print("passed")
