# SPDX-License-Identifier: Apache-2.0
"""The work that all peers do: data sets, initial weights, and the losses that prove that it is the same work.

One full-batch iteration is forward, loss, backward and update. F features, H hidden units, C classes, B samples;
pixels are bytes, of which the network sees byte / 255. W1 (H x F), b1 (H), W2 (C x H), b2 (C), as PyTorch has them.
"""
import gzip
import json
import os
import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SAMPLES = 41_000
CLASSES = 10
LEARNING_RATE = 0.1
CHECK_ITERATIONS = 3
TOLERANCE = 1e-4  # of a loss, relative; the rounding of float32 makes some 1e-6
DATA_SETS = ("mnist", "fashion-mnist", "dense")


class Unavailable(Exception):
    """A data set or peer that this machine cannot have; the text says why."""


@dataclass
class Data:
    """The training samples of one data set, and the folder where gradus finds the same ones."""

    name: str
    folder: str
    pixels: np.ndarray  # (B x F) bytes: sample after sample
    labels: np.ndarray  # (B) bytes


@dataclass
class Work:
    """What a peer is given to work on."""

    pixels: np.ndarray  # (B x F) bytes
    labels: np.ndarray  # (B) bytes
    weights: dict = field(default_factory=dict)  # name -> float32 array

    def __post_init__(self):
        self.samples, self.features = self.pixels.shape
        self.hidden = len(self.weights["fc1.bias"])

    def parameters(self, dtype):
        """Copies of W1, b1, W2, b2 for a peer to train."""
        return [self.weights[name].astype(dtype) for name in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias")]

    def save(self, path):
        np.savez(path, pixels=self.pixels, labels=self.labels, **self.weights)

    @staticmethod
    def load(path):
        with np.load(path) as arrays:
            weights = {name: arrays[name] for name in arrays.files if name.startswith("fc")}
            return Work(arrays["pixels"], arrays["labels"], weights)


# ---- Data sets ----


def data_folders():
    """Where gradus, too, looks for the folders of named data sets."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    folders = [os.environ.get("GRADUS_DATA_DIR"), Path(home) / "gradus", "/usr/local/share/gradus",
               "/usr/share/gradus", "/usr/share/datasets"]
    return [Path(folder) for folder in folders if folder]


def read_idx(folder, name):
    """The bytes of an IDX file, gzipped or not, in the shape that its header gives."""
    path = Path(folder) / name
    content = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(name + ".gz").read_bytes())
    dimensions = content[3]
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def write_idx(folder, name, array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    (Path(folder) / name).write_bytes(header + array.tobytes())


def find_data(name):
    for folder in data_folders():
        if any((folder / name).glob("train-images-idx3-ubyte*")):
            return folder / name
    raise Unavailable(f"no folder {name} in {', '.join(map(str, data_folders()))}; `data/fetch {name}` gets it")


def make_dense(folder):
    """Random bytes without a zero: data in which there is nothing to skip."""
    random = np.random.default_rng(1)
    folder.mkdir()
    write_idx(folder, "train-images-idx3-ubyte", random.integers(1, 256, (SAMPLES, 28, 28), np.uint8))
    write_idx(folder, "train-labels-idx1-ubyte", random.integers(0, CLASSES, SAMPLES, np.uint8))
    return folder


def open_data(name, scratch):
    """The first SAMPLES training samples of a data set; `scratch` is a folder for the one that is made here."""
    folder = make_dense(scratch / name) if name == "dense" else find_data(name)
    images = read_idx(folder, "train-images-idx3-ubyte")[:SAMPLES]
    labels = read_idx(folder, "train-labels-idx1-ubyte")[:SAMPLES]
    return Data(name, str(folder), images.reshape(len(images), -1), labels)


def density(pixels):
    """The share of bytes that are not zero."""
    return np.count_nonzero(pixels) / pixels.size


def require_zeros(pixels):
    """For peers that skip zeros: without any, they would spend minutes on losing."""
    if density(pixels) > 0.9:
        raise Unavailable("these data have hardly a zero to skip")


# ---- Weights ----


def draw_weights(features, hidden):
    """Uniform in +-1 / sqrt(inputs), PyTorch's own choice: no width diverges, so losses can be compared closely."""
    random = np.random.default_rng(1)
    shapes = {"fc1.weight": (hidden, features), "fc1.bias": (hidden,),
              "fc2.weight": (CLASSES, hidden), "fc2.bias": (CLASSES,)}
    limits = {"fc1": features ** -0.5, "fc2": hidden ** -0.5}
    return {name: random.uniform(-limits[name[:3]], limits[name[:3]], shape).astype(np.float32)
            for name, shape in shapes.items()}


def save_safetensors(path, weights):
    """The model file that gradus starts from: length of the header, header in JSON, all numbers."""
    header, offset = {}, 0
    for name, array in weights.items():
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    numbers = b"".join(array.astype("<f4").tobytes() for array in weights.values())
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + numbers)


# ---- The same work ----


def check_losses(losses, expected, tolerance):
    """Raises Unavailable unless the losses at iteration 0 and CHECK_ITERATIONS are the expected ones."""
    for iteration, loss, truth in zip((0, CHECK_ITERATIONS), losses, expected):
        if not abs(loss - truth) <= tolerance * abs(truth):
            raise Unavailable(f"refused: its loss at iteration {iteration} is {loss:.7g}, expected {truth:.7g}")
