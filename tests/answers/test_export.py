"""Exports: nothing in a table runs where it is opened."""

from __future__ import annotations

import csv
import io
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from claim_tables import GOOD, OTHER, table
from hand_made import independent

import bajas
from bajas.answers.plots.sources import plot_sources
from bajas.errors import BajasError
from bajas.workflow.fit import Fit

HOSTILE = [
    "=HYPERLINK(\"http://evil.example\",\"x\")", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=1",
    "'=1", "''+1", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "a$b$_{x", "a;b",
]  # fmt: skip
NAME = "=<script>$x_{"


def written(frame: pd.DataFrame, path: Path) -> list[list[str]]:
    bajas.write_table(frame, path)
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline="")))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_a_csv_file_is_a_formula(text: str, tmp_path: Path) -> None:
    header, row = written(pd.DataFrame({text: [text], "n": [-0.5]}), tmp_path / "x.csv")
    for cell in (header[0], row[0]):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert cell in (text, f"'{text}")
    assert row[1] == "-0.5"  # a negative number stays a number


def test_values_are_written_in_full_and_dates_as_iso(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "x": [1e-7, -12.0, np.nan],
            "day": [date(2023, 1, 2), pd.Timestamp("2023-01-02"), pd.NaT],
            "flag": [True, np.False_, None], "names": [("a", "b"), [], "-3"],
        }
    )  # fmt: skip
    rows = written(frame, tmp_path / "x.csv")[1:]
    assert rows == [
        ["1e-07", "2023-01-02", "true", "a; b"], ["-12", "2023-01-02", "false", ""],
        ["", "", "", "-3"],
    ]  # fmt: skip


class Parsed(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") or name == "src" for name, _ in attrs)
        self.links += [value for name, value in attrs if name == "href"]


def test_html_is_escaped_and_only_http_links_are_links(tmp_path: Path) -> None:
    links = [
        "https://example.org/a?b=1&c=2", "HTTP://example.org", "javascript:alert(1)", "file:///x",
        "data:text/html,x", "https://user:word@example.org", 'https://x"onclick="y',
    ]  # fmt: skip
    frame = pd.DataFrame({"text": HOSTILE, "url": [*links, *[""] * (len(HOSTILE) - len(links))]})
    path = tmp_path / "x.html"
    bajas.write_table(frame, path, title="</title><script>alert(1)</script>")
    page = Parsed()
    page.feed(path.read_text(encoding="utf-8"))
    assert set(page.tags) <= {"html", "head", "meta", "title", "style", "body", "table", "caption",
                              "tr", "th", "td", "a"}  # fmt: skip
    assert page.links == ["https://example.org/a?b=1&c=2", "HTTP://example.org"]


def test_other_names_of_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BajasError, match=r"\.csv or \.html"):
        bajas.write_table(pd.DataFrame({"a": [1]}), tmp_path / "x.xlsx")


@pytest.fixture(scope="module")
def fit() -> Fit:
    rows = table({**GOOD, "source": NAME}, {**OTHER, "note": "=1+1"})
    return Fit(independent(bajas.read_claims(pd.DataFrame(rows)), draws=50))


def test_every_table_of_a_fit_with_hostile_names_is_harmless(fit: Fit, tmp_path: Path) -> None:
    frames = [fit.sources(), fit.claims(), fit.ledger.to_frame(), fit.ledger.findings_frame(),
              fit.gather(), fit.summary(), fit.path_table("killed", "X")]  # fmt: skip
    cells = [cell for frame in frames for row in written(frame, tmp_path / "x.csv") for cell in row]
    assert f"'{NAME}" in cells
    risky = [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert all(float(cell) <= 0 for cell in risky)


def test_names_in_a_plot_are_text(fit: Fit, tmp_path: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        plot_sources(fit.draws).figure.savefig(tmp_path / "x.svg")
    text = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert "=&lt;script&gt;$x_{: X killed" in text
    assert "<script" not in text
