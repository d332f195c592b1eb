#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports and imports, compared with the programs that define the formats.

Usage: interop_formats.py GRADUS FORMAT, the program and npz, onnx or gguf. Exits with 77 if a package is missing.
"""
import gzip
import json
import os
import subprocess
import sys
import tempfile

GRADUS, FORMAT = sys.argv[1:]
DIGITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../data/digits/t10k-images-idx3-ubyte.gz")

try:
    import numpy as np
    from safetensors.numpy import load_file, save_file
    if FORMAT == "onnx":
        import onnxruntime
    if FORMAT == "gguf":
        import gguf
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


def gradus(*arguments):
    return subprocess.run([GRADUS, *arguments], check=True, capture_output=True, text=True).stdout


def choices(option):
    """The values of an option of `gradus train`, which the program lists if it is given another one."""
    refusal = subprocess.run([GRADUS, "train", option, "?"], capture_output=True, text=True).stderr
    return refusal.split("one of: ")[1].split(";")[0].strip().split(", ")


def random_layers(sizes, dtype=np.float32):
    """Weights and bias of each layer."""
    random = np.random.default_rng(1)
    return [(random.standard_normal((outputs, inputs)).astype(dtype), random.standard_normal(outputs).astype(dtype))
            for inputs, outputs in zip(sizes, sizes[1:])]


def named(layers, names="fc{}.weight fc{}.bias", first=1, step=1):
    """The arrays of the layers, with numbers in their names."""
    arrays = {}
    for i, layer in enumerate(layers):
        for name, array in zip(names.split(), layer):
            arrays[name.format(first + i * step)] = array
    return arrays


def assert_imports(path, layers, folder):
    """Checks that the imported file is a model with exactly these parameters."""
    model = os.path.join(folder, "imported.safetensors")
    gradus("import", path, "--out", model)
    tensors, expected = load_file(model), named(layers)
    assert sorted(tensors) == sorted(expected), sorted(tensors)
    for name, array in expected.items():
        assert tensors[name].dtype == np.float32 and tensors[name].shape == array.shape, name
        assert tensors[name].tobytes() == array.astype(np.float32).tobytes(), name


def test_npz(folder):
    layers = random_layers([12, 7, 5, 3])
    model, path = os.path.join(folder, "m.safetensors"), os.path.join(folder, "m.npz")
    save_file(named(layers), model)

    result = json.loads(gradus("export", model, "--npz", path, "--json"))
    assert result["layers"] == [12, 7, 5, 3] and result["files"] == {"npz": path}, result
    with np.load(path) as arrays:
        assert list(arrays) == list(named(layers)), list(arrays)
        for name, array in named(layers).items():
            assert arrays[name].dtype == np.float32 and arrays[name].tobytes() == array.tobytes(), name
            assert arrays[name].shape == array.shape, name
    assert_imports(path, layers, folder)

    for save in (np.savez, np.savez_compressed):
        save(path, **named(layers))
        assert_imports(path, layers, folder)
    deep = random_layers([4] * 13)
    np.savez(path, **dict(reversed(named(deep, "layers.{}.weight layers.{}.bias").items())))
    assert_imports(path, deep, folder)
    notebook = random_layers([12, 7, 3], np.float64)
    np.savez(path, **named([(np.asfortranarray(w), b.reshape(-1, 1)) for w, b in notebook], "W{} b{}"))
    assert_imports(path, notebook, folder)


def test_state_dict(folder):
    """A file like safetensors.torch.save_file() of a Sequential's state_dict: every second module has parameters."""
    path = os.path.join(folder, "state_dict.safetensors")
    layers = random_layers([6, 6, 6, 6, 6, 6, 6, 3])
    save_file(named(layers, "{}.weight {}.bias", first=0, step=2), path, {"format": "pt"})
    assert_imports(path, layers, folder)
    save_file(named(layers, "model.fc{}.weight model.fc{}.bias"), path)
    assert_imports(path, layers, folder)
    doubles = random_layers([6, 4, 3], np.float64)
    save_file(named(doubles, "{}.weight {}.bias"), path)
    assert_imports(path, doubles, folder)


def predicted(model, data):
    """The program's probabilities for a data set (samples x classes)."""
    return np.array([sample["probabilities"] for sample in json.loads(gradus("predict", model, data, "--json"))])


def assert_onnx(model, samples, expected):
    """onnxruntime computes the expected probabilities from bytes, for batches of any size, and logits that agree."""
    path = model + ".onnx"
    gradus("export", model, "--onnx", path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [value.name for value in session.get_inputs()] == ["input"]
    for first, count in ((0, 1), (1, 3), (4, len(samples) - 4)):
        batch = samples[first:first + count].astype(np.float32)
        logits, probabilities = session.run(["logits", "probabilities"], {"input": batch})
        assert probabilities.shape == (count, expected.shape[1])
        error = np.abs(probabilities - expected[first:first + count]).max()
        assert error < 1e-5, error
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
        error = np.abs(exponentials / exponentials.sum(axis=1, keepdims=True) - probabilities).max()
        assert error < 1e-5, error


def test_onnx(folder):
    model, data = os.path.join(folder, "m.safetensors"), os.path.join(folder, "data.csv")
    with gzip.open(DIGITS) as file:
        digits = np.frombuffer(file.read()[16:], np.uint8).reshape(-1, 1, 28, 28)
    for sizes in ([784, 10], [784, 30, 20, 10]):
        save_file(named([(w / 20, b) for w, b in random_layers(sizes)]), model)
        assert_onnx(model, digits, predicted(model, "digits"))

    samples = np.random.default_rng(2).integers(0, 256, (20, 6), np.uint8)
    np.savetxt(data, samples, "%d", ",", header=",".join(f"pixel{i}" for i in range(6)), comments="")
    save_file(named(random_layers([6, 5, 3])), model)
    assert_onnx(model, samples, predicted(model, data))
    save_file(named(random_layers([6, 5, 3])), model, {"gradus.image_shape": "3x2"})
    assert_onnx(model, samples.reshape(-1, 1, 2, 3), predicted(model, data))
    activations = choices("--activation")
    assert "relu" in activations and "gelu" in activations, activations
    for activation in activations:
        save_file(named(random_layers([6, 5, 4, 3])), model, {
            "gradus.activation": activation, "gradus.input_mean": "0.25", "gradus.input_deviation": "0.5"})
        assert_onnx(model, samples, predicted(model, data))

    floats, data = np.random.default_rng(3).standard_normal((20, 6)), os.path.join(folder, "data.npz")
    np.savez(data, X=floats)
    for more in ({}, {"gradus.input_mean": "0.25", "gradus.input_deviation": "0.5"}):
        save_file(named(random_layers([6, 5, 3])), model, {"gradus.input_scale": "1", **more})
        assert_onnx(model, floats, predicted(model, data))


def test_gguf(folder):
    model, path = os.path.join(folder, "m.safetensors"), os.path.join(folder, "m.gguf")
    for hidden in (500, 3):
        layers = random_layers([784, hidden, 10])
        save_file(named(layers), model)
        gradus("export", model, "--gguf", path)
        reader = gguf.GGUFReader(path)
        assert reader.get_field("general.architecture").contents() == "mnist-fc"
        assert [tensor.name for tensor in reader.tensors] == list(named(layers))
        for tensor, array in zip(reader.tensors, named(layers).values()):
            assert tensor.tensor_type == gguf.GGMLQuantizationType.F32
            assert list(tensor.shape) == list(reversed(array.shape)), tensor.name  # ggml names the fastest size first
            assert tensor.data.shape == array.shape and tensor.data.tobytes() == array.tobytes(), tensor.name


TESTS = {"npz": [test_npz, test_state_dict], "onnx": [test_onnx], "gguf": [test_gguf]}
for test in TESTS[FORMAT]:
    with tempfile.TemporaryDirectory() as temporary:
        test(temporary)
print("passed")
