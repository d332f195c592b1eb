# SPDX-License-Identifier: Apache-2.0
"""The results as text: a table of medians, as in docs/performance.md, and one with the spread."""


def columns(results):
    """The names of all programs that were measured in any cell, in order of measurement."""
    names = {}
    for cell in results["cells"]:
        names |= dict.fromkeys(cell["measured"])
    return list(names)


def figure(milliseconds):
    """Three digits, never an exponent."""
    digits = 0 if milliseconds >= 100 else 1 if milliseconds >= 10 else 2 if milliseconds >= 1 else 3
    return f"{milliseconds:.{digits}f}"


def row_name(cell):
    batch = f", batch {cell['batch']}" if cell["batch"] else ""
    return f"{cell['data']} | {cell['features']}-{cell['hidden']}-{cell['classes']}{batch}"


def fastest_peer(cell):
    """The fastest program other than gradus; None if there was no other."""
    peers = {name: row["median_ms"] for name, row in cell["measured"].items() if not name.startswith("gradus-")}
    return min(peers, key=peers.get, default=None)


def table_cell(cell, name):
    row = cell["measured"].get(name)
    if row is None:
        return "-"
    text = figure(row["median_ms"]) + (f" ({row['ratio']:.2g} x)" if "ratio" in row and row["ratio"] != 1 else "")
    return f"**{text}**" if name == fastest_peer(cell) else text


def medians(results):
    names = columns(results)
    lines = ["| data | network | " + " | ".join(names) + " |", "|---|---|" + "---:|" * len(names)]
    for cell in results["cells"]:
        lines.append(f"| {row_name(cell)} | " + " | ".join(table_cell(cell, name) for name in names) + " |")
    return "\n".join(lines)


def spreads(results):
    lines = ["| data | network | program | median | min .. max | times gradus, min .. max |",
             "|---|---|---|---:|---:|---:|"]
    for cell in results["cells"]:
        for name, row in cell["measured"].items():
            ratios = row.get("ratios")
            spread = f"{min(ratios):.2f} .. {max(ratios):.2f}" if ratios else "-"
            lines.append(f"| {row_name(cell)} | {name} | {figure(row['median_ms'])} | {figure(row['min_ms'])} .. "
                         f"{figure(row['max_ms'])} | {spread} |")
    return "\n".join(lines)


def skipped(results):
    """One line for each reason, with the cells that it applies to."""
    reasons = {}
    for cell in results["cells"]:
        for name, reason in cell["unavailable"].items():
            reasons.setdefault((name, reason), []).append(f"{cell['data']} {cell['hidden']}")
    lines = [f"- {name} ({', '.join(places)}): {reason}" for (name, reason), places in reasons.items()]
    lines += [f"- {name}: {reason}" for name, reason in results["unavailable_data"].items()]
    return "\n".join(lines)


def race_table(results):
    base = results["measured"].get(results["base"], {}).get("median_s")
    lines = ["| program | learning rate | epochs | seconds | min .. max | times gradus | rounds that reached it |",
             "|---|---:|---:|---:|---:|---:|---:|"]
    for name, row in results["measured"].items():
        middle = ["-"] * 4
        if "median_s" in row:
            ratio = f"{row['median_s'] / base:.2f}" if base else "-"
            middle = [f"{row['epochs']:g}", f"{row['median_s']:.2f}", f"{row['min_s']:.2f} .. {row['max_s']:.2f}", ratio]
        lines.append(f"| {name} | {row['learning_rate']:g} | " + " | ".join(middle) +
                     f" | {row['reached']} of {row['rounds']} |")
    return "\n".join(lines)


def show_race(results):
    print(f"Seconds of training to a test accuracy of {100 * results['target']:g} % ({results['data']}, "
          f"{results['hidden']} hidden units, batches of {results['batch']}, {results['optimizer']}, at most "
          f"{results['threads']} threads, {results['machine']['cpu']}), each program with its best learning rate; median "
          f"of {results['rounds']} rounds. Evaluated after each epoch; the time excludes evaluations.\n")
    print(race_table(results))
    for name, reason in results["unavailable"].items():
        print(f"\nNot measured: {name}: {reason}")


def show(results):
    if results["kind"] == "race":
        show_race(results)
        return
    what = (f"of a full-batch iteration ({results['samples']} samples, " if results["kind"] == "full"
            else "of an epoch with mini-batches (all training samples, at most ")
    print(f"Milliseconds {what}{results['threads']} threads, {results['machine']['cpu']}), median of "
          f"{results['rounds']} rounds; in brackets: time relative to {results['base']}; the fastest peer in "
          f"bold.\n")
    print(medians(results))
    print(f"\n{spreads(results)}")
    if skipped(results):
        print(f"\nNot measured:\n\n{skipped(results)}")
