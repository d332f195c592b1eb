#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TensorBoard's own reader finds the same figures in the event file as in the log of the run.

Usage: tensorboard_reads.py GRADUS. Exits with 77 if the package `tensorboard` is missing.
"""
import json
import math
import os
import subprocess
import sys
import tempfile

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

TAGS = {
    "train/loss": "train_loss",
    "train/accuracy": "train_accuracy",
    "holdout/loss": "holdout_loss",
    "holdout/accuracy": "holdout_accuracy",
    "lr": "lr",
    "samples_per_second": "samples_per_second",
}

with tempfile.TemporaryDirectory() as folder:
    events, log = os.path.join(folder, "runs"), os.path.join(folder, "log.jsonl")
    subprocess.run([sys.argv[1], "train", "digits", "--engine", "reference", "--train-samples", "300", "--holdout", "0.2",
                    "--batch-size", "16", "--iterations", "100", "--report-every", "10", "--evaluate-every", "20",
                    "--schedule", "cosine", "--quiet", "--log", log, "--tensorboard", events], check=True)
    with open(log, encoding="utf-8") as lines:
        reports = [json.loads(line) for line in lines]
    accumulator = EventAccumulator(events)
    accumulator.Reload()
    assert accumulator.file_version == 2, accumulator.file_version
    assert sorted(accumulator.Tags()["scalars"]) == sorted(TAGS), accumulator.Tags()
    for tag, key in TAGS.items():
        found = [(event.step, event.value) for event in accumulator.Scalars(tag)]
        expected = [(report["step"], report[key]) for report in reports if report[key] is not None]
        assert len(expected) == (5 if tag.startswith("holdout") else 10), (tag, expected)
        assert [step for step, _ in found] == [step for step, _ in expected], (tag, found)
        assert all(math.isclose(a, b, rel_tol=1e-6) for (_, a), (_, b) in zip(found, expected)), (tag, found, expected)

    # A run that continues from step 50, as if it had been killed later: no step twice, none missing.
    command = [sys.argv[1], "train", "digits", "--engine", "reference", "--train-samples", "300", "--batch-size", "16",
               "--iterations", "100", "--report-every", "10", "--quiet", "--checkpoint", os.path.join(folder, "checkpoints"),
               "--tensorboard", os.path.join(folder, "resumed"), "--keep", "0"]
    subprocess.run(command, check=True)
    for step in range(60, 101, 10):
        os.remove(os.path.join(folder, "checkpoints", f"step-{step:012}.safetensors"))
    subprocess.run(command + ["--resume"], check=True)
    assert len(os.listdir(os.path.join(folder, "resumed"))) == 2
    accumulator = EventAccumulator(os.path.join(folder, "resumed"))
    accumulator.Reload()
    steps = [event.step for event in accumulator.Scalars("train/loss")]
    assert steps == list(range(10, 101, 10)), steps
print("TensorBoard reads", ", ".join(TAGS))
