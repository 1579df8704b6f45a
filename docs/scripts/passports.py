"""Make the passports that docs/evidence/calibration.md shows: fits of shipped claims, calibrated.

    python docs/scripts/passports.py jenin --fits 20
    python docs/scripts/passports.py article --fits 50 --folder runs
    python docs/scripts/passports.py russia_ukraine --fits 16 --folder runs
    python docs/scripts/calibration_tables.py

Writes docs/_static/passports/NAME.json. With a folder refits go on where they were cut short.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import bajas

FOLDER = Path(__file__).parents[1] / "_static" / "passports"

#: By name: claims, and the totals that are asked for.
CASES = {
    "jenin": (
        lambda: bajas.datasets.hindsight("jenin_2002").ledger,
        [{"outcome": "killed", "side": "palestinians"}],
    ),
    "article": (
        bajas.datasets.article_2023_08_07,
        [{"outcome": outcome, "side": "RU"} for outcome in ("killed", "casualties")],
    ),
    "russia_ukraine": (
        lambda: bajas.datasets.russia_ukraine_2023().as_of("2023-08-07"),
        [{"outcome": o, "side": s} for s in ("RU", "UA") for o in ("killed", "casualties")],
    ),
}


def main() -> None:
    """Fit, calibrate, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=CASES)
    parser.add_argument("--fits", type=int, default=50)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    ledger, quantities = CASES[options.name]
    fit = bajas.Model(ledger()).fit(seed=1, progress=False)
    print(fit.verdict)
    folder = options.folder and options.folder / options.name
    passport = fit.calibrate(quantities, options.fits, folder=folder, workers=options.workers)
    print(passport)
    cited = fit.with_passport(passport).cite(**quantities[0], level=0.9, override="an example")
    print(cited.facts["calibration"])
    FOLDER.mkdir(parents=True, exist_ok=True)
    text = json.dumps(passport.as_dict(), indent=1) + "\n"
    (FOLDER / f"{options.name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
