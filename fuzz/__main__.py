"""`python -m fuzz --count N [--seed S] [--only NAME]`: N inputs over all targets; exit 1 where a decoder broke."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Sequence

from .registry import all_targets
from .running import Report, run
from .target import Target

SHOWN = 4096  #: octets of a reproducing input that are printed


def shares(targets: Sequence[Target], count: int) -> list[int]:
    """How many inputs each target gets: by weight, at least one, `count` in all where that is enough."""
    total = sum(target.weight for target in targets)
    found = [max(1, count * target.weight // total) for target in targets]
    heaviest = max(range(len(targets)), key=lambda at: targets[at].weight)
    found[heaviest] = max(1, found[heaviest] + count - sum(found))
    return found


def _print(report: Report) -> None:
    share = 100 * report.accepted / report.inputs
    print(
        f"{'ok  ' if report.has_passed else 'FAIL'} {report.name:34} {report.inputs:8} inputs  {share:5.1f} % accepted"
        f"  worst {report.worst_ms:7.3f} ms ({report.worst_octets} octets)  +{report.growth_kib} KiB"
        f"  {report.defects} defects",
        flush=True,
    )
    for fault in report.faults:
        octets = fault.octets.hex()
        shown = octets if len(fault.octets) <= SHOWN else f"{octets[: 2 * SHOWN]}… ({len(fault.octets)} octets)"
        print(f"     {fault.kind}: {fault.what[:400]}\n     octets: {shown}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 when every target passed."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="inputs over all targets")
    parser.add_argument("--seed", default="1", help="the same seed gives the same inputs")
    parser.add_argument("--only", default="", metavar="NAME", help="only targets whose name contains NAME")
    parser.add_argument("--list", action="store_true", help="names of the targets")
    options = parser.parse_args(arguments)
    targets = [target for target in all_targets() if options.only in target.name]
    if not targets or options.count < 1:
        parser.error("--only names no target, or --count is below 1")
    if options.list:
        print("\n".join(target.name for target in targets))
        return 0
    start = time.monotonic()
    gc.collect()
    gc.freeze()
    reports = []
    for target, count in zip(targets, shares(targets, options.count), strict=True):
        reports.append(run(target, count, options.seed, watchdog=True))
        _print(reports[-1])
    failed = sum(not report.has_passed for report in reports)
    inputs = sum(report.inputs for report in reports)
    accepted = sum(report.accepted for report in reports)
    print(
        f"{inputs} inputs in {time.monotonic() - start:.0f} s, seed {options.seed}: {100 * accepted / inputs:.1f} %"
        f" accepted, {sum(report.defects for report in reports)} defects, worst case"
        f" {max(report.worst_ms for report in reports):.3f} ms, memory +{sum(r.growth_kib for r in reports)} KiB"
    )
    print(f"{len(reports) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
