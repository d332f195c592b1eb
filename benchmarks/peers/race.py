# SPDX-License-Identifier: Apache-2.0
"""The time to a test accuracy.

In each round all programs start from the same new weights. Each trains with a constant learning rate, the one of a few
that was fastest in a trial before the rounds. The accuracy is evaluated after each epoch, where every program can be
stopped; the time is that of the epochs, without the evaluations.
"""
from dataclasses import dataclass
from statistics import median

from work import Unavailable, open_whole

EPOCHS_MAX = 15


@dataclass
class Attempt:
    """One run of a program, up to the accuracy or the largest number of epochs."""

    learning_rate: float
    epochs: int
    seconds: float
    accuracy: float
    reached: bool


def attempt(program, cell, target):
    epochs, seconds, accuracy = program.reach(cell, target, EPOCHS_MAX)
    return Attempt(cell.work.learning_rate, epochs, seconds, accuracy, accuracy >= target)


def take_turns(programs, unavailable, say, act):
    """Calls act(program) for each. A program that fails drops out."""
    for program in list(programs):
        try:
            act(program)
        except Unavailable as reason:
            say(f"  {program.name} is skipped: {reason}")
            unavailable[program.name] = str(reason)
            programs.remove(program)


def choose_rates(programs, arguments, unavailable, make_cell, say):
    """Each program's best learning rate, and all trials."""
    trials = {program: [] for program in programs}
    for rate in arguments.rates:
        cell = make_cell(seed=0, learning_rate=rate)

        def try_rate(program):
            trials[program].append(attempt(program, cell, arguments.to_accuracy))
            say(f"  {program.name}, learning rate {rate:g}: {describe(trials[program][-1])}")

        take_turns(programs, unavailable, say, try_rate)
    best = {program: min(trials[program], key=lambda a: (not a.reached, a.seconds)).learning_rate
            for program in programs}
    return best, trials


def describe(attempted):
    reached = "" if attempted.reached else ", not reached"
    return f"{attempted.epochs} epochs, {attempted.seconds:.2f} s, {100 * attempted.accuracy:.2f} %{reached}"


def summarise(program, rate, attempts, trials):
    reached = [one for one in attempts if one.reached]
    row = {"learning_rate": rate, "reached": len(reached), "rounds": len(attempts), "about": program.about,
           "attempts": [vars(one) for one in attempts], "trials": [vars(one) for one in trials]}
    if reached:
        row |= {"median_s": median(one.seconds for one in reached), "min_s": min(one.seconds for one in reached),
                "max_s": max(one.seconds for one in reached), "epochs": median(one.epochs for one in reached)}
    return row


def run(results, programs, arguments, make_work_cell, make_check, say):
    """Yields after each round, with new figures in `results`."""
    data = open_whole(arguments.data[0])
    programs = list(programs)

    def make_cell(seed, learning_rate):
        return make_work_cell(data, seed=seed, learning_rate=learning_rate)

    unavailable = results["unavailable"]
    take_turns(programs, unavailable, say, make_check(make_cell(0, arguments.rates[0])))
    rates, trials = choose_rates(programs, arguments, unavailable, make_cell, say)
    attempts = {program: [] for program in programs}
    for number in range(1, arguments.rounds + 1):
        def take_round(program):
            attempts[program].append(attempt(program, make_cell(number, rates[program]), arguments.to_accuracy))
            say(f"  round {number}, {program.name}: {describe(attempts[program][-1])}")

        take_turns(programs, unavailable, say, take_round)
        results["measured"] = {program.name: summarise(program, rates[program], attempts[program], trials[program])
                               for program in programs}
        yield
