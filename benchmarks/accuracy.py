#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Test accuracies on MNIST over several seeds, for the configurations that docs/performance.md quotes.

The configurations were chosen on samples held out of the training set; here they are trained on all of it.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
BATCHES = "--batch-size 128 --optimizer adam --initializer he --schedule cosine"
CONFIGURATIONS = {
    "784-128-10": f"--hidden 128 --epochs 5 --lr 0.003 {BATCHES}",
    "784-800-10": f"--hidden 800 --epochs 15 --lr 0.001 --label-smoothing 0.1 {BATCHES}",
    "fast": "--preset fast",
    "accurate": "--preset accurate",
}


def train(program, options, seed):
    """Returns test accuracy and seconds of training."""
    command = [program, "train", "mnist", "--quiet", "--json", "--seed", str(seed), *options.split()]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(result.stderr.strip() or f"{' '.join(command)}: exit code {result.returncode}")
    report = json.loads(result.stdout)
    return report["test_accuracy"], report["train_seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("configurations", nargs="*", metavar="NAME", help=f"{', '.join(CONFIGURATIONS)} (all)")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="seeds 1 to N (5)")
    parser.add_argument("--gradus", default=os.path.join(ROOT, "build/release/bin/gradus"), metavar="PROGRAM",
                        help="the program (build/release/bin/gradus)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.configurations if name not in CONFIGURATIONS]
    if unknown:
        parser.error(f"NAME: found {unknown[0]}, expected some of {', '.join(CONFIGURATIONS)}")
    if arguments.seeds < 1:
        parser.error(f"--seeds: found {arguments.seeds}, expected 1 or more")

    print(f"{'name':12}  {'mean':>8}  {'lowest':>8}  {'highest':>8}  {'seconds':>8}  (median)")
    for name in arguments.configurations or CONFIGURATIONS:
        runs = [train(arguments.gradus, CONFIGURATIONS[name], seed) for seed in range(1, arguments.seeds + 1)]
        accuracies = [100 * accuracy for accuracy, _ in runs]
        seconds = statistics.median(seconds for _, seconds in runs)
        print(f"{name:12}  {statistics.mean(accuracies):6.2f} %  {min(accuracies):6.2f} %  {max(accuracies):6.2f} %"
              f"  {seconds:8.1f}", flush=True)


main()
