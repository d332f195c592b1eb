# SPDX-License-Identifier: Apache-2.0
"""One peer in a process of its own, which sleeps while others are measured: `worker.py MODULE PEER`.

Reads one request per line from stdin and answers each with one line on stdout, both JSON:
{"prepare": FILE}  creates the peer for the work in FILE; answers its losses at iterations 0 and CHECK_ITERATIONS
{"measure": N}     answers the seconds that N steps take: iterations, or epochs of mini-batches
{"begin": FILE}    creates the peer again, for other work, without a check
{"accuracy": null} answers the test accuracy, if the peer supports it
"""
import gc
import importlib
import json
import os
import sys
import time
from importlib.metadata import PackageNotFoundError, version

from threadpoolctl import threadpool_info

from work import TOLERANCE, Unavailable, Work


def measure(peer, steps):
    start = time.perf_counter()
    for _ in range(steps):
        peer.step()
    if hasattr(peer, "finish"):  # for devices that work asynchronously
        peer.finish()
    return time.perf_counter() - start


def library_versions():
    """Versions of the packages, and of the libraries that they compute with."""
    found = {"python": sys.version.split()[0]}
    for package in ("numpy", "scipy", "torch", "scikit-learn"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    for library in threadpool_info():
        found[library["prefix"]] = f"{library['version']}, {library['num_threads']} threads"
    return found


def prepare(make, path):
    """The peer, and its losses, which prove that it does the same work as the others."""
    work = Work.load(path)
    peer = make(work)
    losses = [peer.loss()]
    measure(peer, work.check_steps)
    losses.append(peer.loss())
    about = library_versions() | getattr(peer, "about", {})
    return peer, {"losses": losses, "tolerance": getattr(peer, "tolerance", TOLERANCE), "libraries": about}


def explain(error):
    """One line, with the kind of error if it is not Unavailable."""
    lines = str(error).strip().splitlines() or [""]
    return lines[0] if isinstance(error, Unavailable) else f"{type(error).__name__}: {lines[0]}"


def answer_requests(make, answers):
    peer = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "prepare" in request:
                peer = None
                gc.collect()
                peer, answer = prepare(make, request["prepare"])
            elif "begin" in request:
                peer, answer = make(Work.load(request["begin"])), {}
            elif "accuracy" in request:
                answer = {"accuracy": peer.accuracy()}
            else:
                answer = {"seconds": measure(peer, request["measure"])}
        except Exception as error:  # a failing library must not end the whole benchmark
            answer = {"unavailable": explain(error)}
        print(json.dumps(answer), file=answers, flush=True)


def main():
    module, name = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # the output of libraries must not get between the answers
    answer_requests(importlib.import_module(module).PEERS[name], answers)


if __name__ == "__main__":
    main()
