# SPDX-License-Identifier: Apache-2.0
"""The two kinds of programs, with one interface: a Python peer in its worker process, and the gradus program.

Both have a name, prepare(cell) -> (losses, tolerance), measure(steps) -> seconds, reach(cell, accuracy, limit) ->
(epochs, seconds, accuracy), and close().
"""
import json
import os
import subprocess
import sys
from pathlib import Path

from work import TOLERANCE, Unavailable

MODULES = {"numpy-float64": "numpy_peers", "numpy-float32": "numpy_peers", "scipy-sparse": "numpy_peers",
           "sklearn": "sklearn_peer", "torch": "torch_peers", "torch-compile": "torch_peers",
           "torch-sparse": "torch_peers", "torch-cuda": "torch_peers", "torch-cuda-tf32": "torch_peers",
           "torch-cuda-graph": "torch_peers", "torch-cuda-graph-tf32": "torch_peers"}
BATCH_MODULES = {"numpy": "numpy_batches", "sklearn": "sklearn_batches", "torch": "torch_batches",
                 "torch-compile": "torch_batches"}


def environment(threads):
    """The same number of threads for all libraries. Waiting threads sleep, since others may be measured meanwhile."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POCL_MAX_PTHREAD_COUNT",
             "POCL_CPU_MAX_CU_COUNT")
    return os.environ | dict.fromkeys(names, str(threads)) | {"OMP_WAIT_POLICY": "passive"}


class Peer:
    """A Python peer in its worker process, which lives as long as the benchmark."""

    def __init__(self, name, module, threads):
        self.name = name
        self.about = {}
        command = [sys.executable, Path(__file__).with_name("worker.py"), module, name]
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

    def measure(self, steps):
        return self.ask({"measure": steps})["seconds"]

    def reach(self, cell, accuracy, limit):
        self.ask({"begin": str(cell.work_file)})
        seconds, found = 0, 0
        for epoch in range(1, limit + 1):
            seconds += self.measure(1)
            found = self.ask({"accuracy": None})["accuracy"]
            if found >= accuracy:
                break
        return epoch, seconds, found

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Gradus:
    """One engine of the program. Each measurement runs the program, which reports how long its steps took."""

    def __init__(self, program, engine, device, threads):
        self.name = f"gradus-{engine}"
        self.about = {}
        self.program, self.options = program, ["--engine", engine]
        self.device = ["--device", device] if device else []
        self.environment = environment(threads)

    def run(self, *arguments):
        result = subprocess.run([self.program, *arguments, "--json", *self.device], env=self.environment,
                                capture_output=True, text=True)
        if result.returncode != 0:
            raise Unavailable(result.stderr.strip() or f"exit code {result.returncode}")
        return json.loads(result.stdout)

    def train(self, steps, *options):
        length = "--epochs" if self.batches else "--iterations"
        return self.run("train", *self.input, *self.options, length, str(steps), "--quiet", *options)

    def take(self, cell):
        """Sets the work of the following measurements."""
        work = cell.work
        self.batches = work.batch > 0
        self.input = [cell.data.folder, "--train-samples", str(work.samples), "--init-from", str(cell.model_file),
                      "--lr", f"{work.learning_rate:g}", "--optimizer", work.optimizer,
                      "--batch-size", str(work.batch or "full")]

    def prepare(self, cell):
        self.take(cell)
        log = cell.model_file.with_suffix(".jsonl")
        summary = self.train(cell.work.check_steps, "--report-every", "1", "--log", str(log))
        self.about = {key: summary[key] for key in ("version", "device", "engine")}
        return [self.first_loss(cell, log), summary["train_loss"]], TOLERANCE

    def first_loss(self, cell, log):
        """The loss of the initial weights. With full batches the first report has it; with mini-batches that report covers
        few samples only."""
        if self.batches:
            return self.run("evaluate", str(cell.model_file), cell.data.folder, "--split", "train")["loss"]
        return json.loads(log.read_text().splitlines()[0])["train_loss"]

    def measure(self, steps):
        return self.train(steps, "--report-every", "0")["train_seconds"]

    def reach(self, cell, accuracy, limit):
        """Runs with more and more epochs: the same seed takes the same steps, so each run continues the one before."""
        self.take(cell)
        for epoch in range(1, limit + 1):
            summary = self.train(epoch, "--report-every", "0")
            if summary["test_accuracy"] >= accuracy:
                break
        return epoch, summary["train_seconds"], summary["test_accuracy"]

    def close(self):
        pass
