# SPDX-License-Identifier: Apache-2.0
"""The options of ./dev bench-peers."""
import argparse
from pathlib import Path

import machine
from measured import BATCH_MODULES, MODULES
from work import DATA_SETS

ROOT = Path(__file__).resolve().parents[2]

USUAL = {"full": {"hidden": [10, 32, 128, 512], "data": list(DATA_SETS), "rounds": 5, "seconds": 0.7},
         "batches": {"hidden": [10, 128, 512], "data": ["mnist"], "rounds": 5, "seconds": 0.7},
         "race": {"hidden": [128], "data": ["mnist"], "rounds": 5, "seconds": 0.7}}
QUICK = {"full": {"hidden": [10, 128], "data": ["mnist", "dense"], "rounds": 2, "seconds": 0.2},
         "batches": {"rounds": 2, "seconds": 0.2},
         "race": {"rounds": 1}}
RATES = {"sgd": [0.05, 0.1, 0.2, 0.4], "adam": [0.001, 0.002, 0.004, 0.008]}


def names(known):
    def split(text):
        unknown = [name for name in text.split(",") if known and name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"found {unknown[0]}, expected some of {', '.join(known)}")
        return text.split(",")
    return split


def numbers(kind):
    def split(text):
        try:
            found = [kind(number) for number in text.split(",")]
        except ValueError:
            found = []
        if not found or min(found) <= 0:
            raise argparse.ArgumentTypeError(f"found {text}, expected numbers above 0, such as {kind(1)},{kind(2)}")
        return found
    return split


def number(kind):
    def read(text):
        found = numbers(kind)(text)
        if len(found) > 1:
            raise argparse.ArgumentTypeError(f"found {text}, expected one number")
        return found[0]
    return read


def share(text):
    found = number(float)(text)
    if found >= 1:
        raise argparse.ArgumentTypeError(f"found {text}, expected an accuracy below 1, such as 0.97")
    return found


def make_parser(description):
    parser = argparse.ArgumentParser(prog="./dev bench-peers", description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--batches", action="store_true", help="measure epochs of mini-batches instead of full-batch iterations")
    add("--to-accuracy", type=share, metavar="SHARE", help="measure the time to this test accuracy, such as 0.97")
    add("--hidden", type=numbers(int), metavar="LIST",
        help="hidden units (10,32,128,512; with --batches 10,128,512; with --to-accuracy 128 alone)")
    add("--data", type=names(DATA_SETS), metavar="LIST", help=f"{','.join(DATA_SETS)} (all; with mini-batches mnist)")
    add("--batch-size", type=number(int), metavar="N",
        help="size of mini-batches (128; 32 for fewer than 32 hidden units)")
    add("--optimizer", choices=["sgd", "adam"], help="optimizer with mini-batches (adam)")
    add("--rates", type=numbers(float), metavar="LIST",
        help="learning rates for --to-accuracy, of which each program uses its best "
             "(0.001,0.002,0.004,0.008; with sgd 0.05,0.1,0.2,0.4)")
    add("--peers", type=lambda text: text.split(","), metavar="LIST",
        help=f"{', '.join(MODULES)}; with mini-batches {', '.join(BATCH_MODULES)}")
    add("--engines", type=names(None), metavar="LIST",
        help="engines of gradus (auto,blas; with mini-batches auto); ratios are relative to the first")
    add("--device", help="OpenCL device, as for `gradus train`")
    add("--threads", type=number(int), default=machine.cores(),
        help="number of threads of all programs; with mini-batches the maximum (all cores)")
    add("--rounds", type=number(int), help="samples of each figure (5)")
    add("--seconds", type=number(float),
        help="length of a measurement (0.7); at least three iterations or an epoch")
    add("--name", help="name of the results file, NAME.json (made of CPU, GPU and what is measured)")
    add("--quick", action="store_true", help="fewer networks, data sets and rounds")
    add("--gradus", default=ROOT / "build/release/bin/gradus", metavar="PROGRAM",
        help="the program (build/release/bin/gradus)")
    return parser


def check(parser, arguments):
    if arguments.batches and arguments.to_accuracy:
        parser.error("found both --batches and --to-accuracy, expected one of them")
    unknown = [name for name in arguments.peers or [] if name not in arguments.modules]
    if unknown:
        parser.error(f"--peers: found {unknown[0]}, expected some of {', '.join(arguments.modules)}")
    if arguments.kind == "full":
        for name in ("batch_size", "optimizer", "rates"):
            if getattr(arguments, name):
                parser.error(f"--{name.replace('_', '-')}: found without --batches or --to-accuracy")
    elif "dense" in (arguments.data or []):
        parser.error("--data: found dense, which has random labels and no test samples")
    if arguments.kind == "race" and len(arguments.hidden or [1]) > 1:
        parser.error("--hidden: found several, expected one with --to-accuracy")


def parse(description):
    parser = make_parser(description)
    arguments = parser.parse_args()
    arguments.kind = "race" if arguments.to_accuracy else "batches" if arguments.batches else "full"
    arguments.modules = MODULES if arguments.kind == "full" else BATCH_MODULES
    check(parser, arguments)
    usual = USUAL[arguments.kind] | (QUICK[arguments.kind] if arguments.quick else {})
    usual |= {"engines": ["auto", "blas"] if arguments.kind == "full" else ["auto"]}
    if arguments.kind != "full":
        usual = {"optimizer": "adam", "rates": RATES[arguments.optimizer or "adam"]} | usual
    for option, value in usual.items():
        if getattr(arguments, option) is None:
            setattr(arguments, option, value)
    return arguments
