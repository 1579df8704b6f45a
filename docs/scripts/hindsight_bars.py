"""What the hindsight benchmark was to reach, beside what was measured, as a table."""

from __future__ import annotations

from typing import Any

from hindsight_parts import MAIN, reached

#: Scores and their names in words.
SCORES = {"mae": "absolute log error", "crps": "CRPS", "log_score": "log score"}
#: Share of targets that 90 % intervals are to hold.
COVERAGE = (0.80, 0.97)
SELECTIONS = {
    "all, graded": "all graded targets",
    "with an own claim, graded": "graded, with an own claim",
    "with an own and an enemy claim, graded": "graded, with an own and an enemy claim",
    "all, all cases": "all ten conflicts",
    "with an own claim, all cases": "ten conflicts, with an own claim",
    "with an own and an enemy claim, all cases": "ten conflicts, with an own and an enemy claim",
}


def bars(result: dict[str, Any]) -> str:
    """Return every bar with what was measured, and by how much it was missed if it was."""
    lines = ["| bar | targets | measured | |", "|---|---|---|---|"]
    for selection, words in SELECTIONS.items():
        methods = result["summary"][selection]["methods"]
        ours = methods[MAIN]["covers_90"]
        low, high = COVERAGE
        missed = max(low - ours, ours - high)
        lines.append(
            f"| 90 % intervals hold {low:.2f} to {high:.2f} of the truths | {words} | {ours:.2f} |"
            f" {reached(missed)} |"
        )
    for score, name in SCORES.items():
        for selection, words in SELECTIONS.items():
            methods = result["summary"][selection]["methods"]
            others = {key: row for key, row in methods.items() if not key.startswith("bajas")}
            best = min(others, key=lambda key: others[key][score])
            missed = methods[MAIN][score] - others[best][score]
            lines.append(
                f"| {name} below every baseline's | {words} | {methods[MAIN][score]:.2f}; the best"
                f" is {others[best][score]:.2f} ({best}) | {reached(missed)} |"
            )
    for selection, words in (
        ("with two claims or more, graded", "graded, with two claims or more"),
        ("with two claims or more, all cases", "ten conflicts, with two claims or more"),
    ):
        methods = result["summary"][selection]["methods"]
        ours, theirs = methods[MAIN], methods["Hartung-Knapp"]
        missed = max(theirs["covers_95"] - ours["covers_95"], ours["width_95"] - theirs["width_95"])
        lines.append(
            "| 95 % intervals that hold as many truths as Hartung and Knapp's and are narrower |"
            f" {words} | {ours['covers_95']:.2f} and {ours['width_95']:.1f} wide; theirs"
            f" {theirs['covers_95']:.2f} and {theirs['width_95']:.1f} | {reached(missed)} |"
        )
    return "\n".join(lines)


def former(result: dict[str, Any]) -> str:
    """Return the scores of the defaults beside those from before this benchmark was seen."""
    lines = [
        "| targets | defaults | level sd | settled claims | abs. log error | CRPS | log score |"
        " covers 90 % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    variants = {
        MAIN: ("today's", "3", "apart"),
        "bajas, settled claims as fresh": ("", "3", "as fresh"),
        "bajas, level sd 1.5": ("", "1.5", "apart"),
        "bajas, both former choices": ("former", "1.5", "as fresh"),
    }
    for selection, words in SELECTIONS.items():
        for method, cells in variants.items():
            row = result["summary"][selection]["methods"][method]
            values = " | ".join(f"{row[score]:.2f}" for score in (*SCORES, "covers_90"))
            shown = words if method == MAIN else ""
            lines.append(f"| {shown} | {' | '.join(cells)} | {values} |")
    return "\n".join(lines)


def by_case(result: dict[str, Any]) -> str:
    """Return scores and coverage conflict by conflict, beside the two rules of thumb's errors."""
    lines = [
        "| conflict | targets | abs. log error | CRPS | log score | held by 50 / 80 / 90 / 95 % |"
        " abs. log error, latest own | sqrt(own x enemy) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    by: dict[tuple[bool, str], list[str]] = {}
    for target in result["targets"]:
        by.setdefault((not target["graded"], target["case"]), []).append(target["target"])
    for (ungraded, case), names in sorted(by.items()):
        entries = [result["scores"][MAIN][name] for name in names]
        held = [sum(entry["held"][place] for entry in entries) for place in range(4)]
        mean = {
            score: sum(abs(entry[score]) if score == "error" else entry[score] for entry in entries)
            / len(entries)
            for score in ("error", "crps", "log_score")
        }
        rules = [
            rule_of_thumb(result["scores"][method], result["scores"][MAIN], names)
            for method in ("latest own claim", "sqrt(own x enemy)")
        ]
        lines.append(
            f"| {case}{' (C)' if ungraded else ''} | {len(names)} | {mean['error']:.2f} |"
            f" {mean['crps']:.2f} | {mean['log_score']:.2f} | {' / '.join(map(str, held))} |"
            f" {' | '.join(rules)} |"
        )
    return "\n".join(lines)


def rule_of_thumb(theirs: dict[str, Any], ours: dict[str, Any], names: list[str]) -> str:
    """Return a rule's mean absolute error, and ours on the same targets."""
    both = [name for name in names if name in theirs]
    if not both:
        return "-"
    error, own = (sum(abs(of[name]["error"]) for name in both) / len(both) for of in (theirs, ours))
    return f"{error:.2f} (ours there {own:.2f}; {len(both)})"
