# SPDX-License-Identifier: Apache-2.0
"""The two kinds of what is measured, alike to the benchmark: a Python peer in its worker, and the gradus program.

Both have a name, prepare(cell) -> (losses, tolerance), measure(iterations) -> seconds, and close().
"""
import json
import os
import subprocess
import sys
from pathlib import Path

from work import CHECK_ITERATIONS, LEARNING_RATE, SAMPLES, TOLERANCE, Unavailable

MODULES = {"numpy-float64": "numpy_peers", "numpy-float32": "numpy_peers", "scipy-sparse": "numpy_peers",
           "sklearn": "sklearn_peer", "torch": "torch_peers", "torch-compile": "torch_peers",
           "torch-sparse": "torch_peers", "torch-cuda": "torch_peers", "torch-cuda-tf32": "torch_peers",
           "torch-cuda-graph": "torch_peers", "torch-cuda-graph-tf32": "torch_peers"}


def environment(threads):
    """The same number of threads for all libraries, which sleep while they wait: others may be measured then."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POCL_MAX_PTHREAD_COUNT",
             "POCL_CPU_MAX_CU_COUNT")
    return os.environ | dict.fromkeys(names, str(threads)) | {"OMP_WAIT_POLICY": "passive"}


class Peer:
    """A Python peer in its worker process, which lives as long as the benchmark."""

    def __init__(self, name, threads):
        self.name = name
        self.about = {}
        command = [sys.executable, Path(__file__).with_name("worker.py"), MODULES[name], name]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=environment(threads))

    def ask(self, request):
        if self.process.poll() is not None:
            raise Unavailable("its process has died")
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Unavailable(f"its process died with exit code {self.process.wait()}")
        answer = json.loads(line)
        if "unavailable" in answer:
            raise Unavailable(answer["unavailable"])
        return answer

    def prepare(self, cell):
        answer = self.ask({"prepare": str(cell.work_file)})
        self.about = answer["libraries"]
        return answer["losses"], answer["tolerance"]

    def measure(self, iterations):
        return self.ask({"measure": iterations})["seconds"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Gradus:
    """One engine of the program, which is run anew for each measurement and tells how long its iterations took."""

    def __init__(self, program, engine, device, threads):
        self.name = f"gradus-{engine}"
        self.about = {}
        self.command = [program, "train", "--engine", engine, "--quiet", "--json", "--lr", str(LEARNING_RATE),
                        "--train-samples", str(SAMPLES)] + (["--device", device] if device else [])
        self.environment = environment(threads)

    def train(self, iterations, *options):
        result = subprocess.run([*self.command, *self.input, "--iterations", str(iterations), *options],
                                env=self.environment, capture_output=True, text=True)
        if result.returncode != 0:
            raise Unavailable(result.stderr.strip() or f"exit code {result.returncode}")
        return json.loads(result.stdout)

    def prepare(self, cell):
        self.input = [cell.data.folder, "--hidden", str(cell.hidden), "--init-from", str(cell.model_file)]
        log = cell.model_file.with_suffix(".jsonl")
        summary = self.train(CHECK_ITERATIONS, "--report-every", "1", "--log", str(log))
        self.about = {key: summary[key] for key in ("version", "device", "engine")}
        first = json.loads(log.read_text().splitlines()[0])
        return [first["train_loss"], summary["train_loss"]], TOLERANCE

    def measure(self, iterations):
        return iterations / self.train(iterations, "--report-every", "0")["iterations_per_second"]

    def close(self):
        pass
