"""`make fuzz`: fuzz every transfer syntax and write the table of docs/reliability.md."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from fuzzing.campaign import DEATHS, Outcomes, run_campaign
from fuzzing.originals import SYNTAXES, original

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- fuzz: begin -->", "<!-- fuzz: end -->"
HEAD = (
    "| transfer syntax | mutants | refused | by the death of the decoder | same pixels "
    "| other pixels, no error | the same with `SHA256SUMS` | crash of the parent | slowest, s |"
)


def main() -> int:
    """Run the campaigns; the exit code is 1 if the parent met anything but refusals."""
    arguments = _arguments()
    commit = _commit()  # of what is imported now, whatever is committed meanwhile
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in SYNTAXES:
            folder = Path(scratch, name)
            folder.mkdir()
            good = original(name, Path(scratch))
            results[name] = run_campaign(
                good, folder, count=arguments.count, seed=arguments.seed, name=name
            )
    text = table(results, arguments, commit)
    print(text)
    if arguments.write:
        _write(text)
    errors = [error for one in results.values() for error in one.errors]
    print(*errors, sep="\n")
    return 1 if errors or any(one.with_checksums for one in results.values()) else 0


def table(results: dict[str, Outcomes], arguments: argparse.Namespace, commit: str) -> str:
    """Return the results as Markdown."""
    lines = [HEAD, "|" + "---|" * (HEAD.count("|") - 1)]
    lines += [_row(name, one) for name, one in results.items()]
    total = sum(one.mutants for one in results.values())
    codes = sum((one.refused for one in results.values()), start=Outcomes().refused)
    told = ", ".join(f"{code} {count}" for code, count in codes.most_common())
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    memory = max(one.memory for one in results.values())
    command = f"make fuzz FUZZ='--count {arguments.count} --seed {arguments.seed}'"
    return "\n".join(
        [
            f"`{command}`, commit {commit}, {date.today()}, {arguments.machine}: {total} mutants.",
            "",
            *lines,
            "",
            f"Refused by code: {told}. Peak memory: {memory:.0f} MB parent (ITK, which made the "
            f"originals, included), {children:.0f} MB decoder.",
        ]
    )


def _row(name: str, one: Outcomes) -> str:
    deaths = sum(one.refused[str(code)] for code in DEATHS)
    cells = (
        *(SYNTAXES[name].name.split(" (")[0], one.mutants, one.refused.total(), deaths),
        *(one.right + one.passed_over, one.wrong.total(), one.with_checksums, len(one.errors)),
        f"{one.slowest:.1f}",
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def _write(text: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def _commit() -> str:
    command = ["git", "-C", str(PAGE.parent), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="mutants of each transfer syntax")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--machine", default="this machine", help="for the table")
    parser.add_argument("--write", action="store_true", help="into docs/reliability.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
