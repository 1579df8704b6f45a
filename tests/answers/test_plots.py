"""Plots: what is drawn, that it is labelled, and that nothing global changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hand_made import BAD, independent, known

from bajas.answers.plots.claims import plot_claims
from bajas.answers.plots.path import plot_path
from bajas.answers.plots.sources import plot_sources
from bajas.errors import QuantityError

pytest.importorskip("matplotlib")

TESTS = str(Path(__file__).parents[1])


def labels(ax: object) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]  # type: ignore[attr-defined]


def texts_overlap(ax: object, which: str) -> bool:
    ax.figure.canvas.draw()  # type: ignore[attr-defined]
    boxes = [
        label.get_window_extent()
        for label in getattr(ax, f"get_{which}ticklabels")()
        if label.get_text()
    ]
    return any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_path_has_bands_median_and_claims_at_their_rate() -> None:
    ax = plot_path(known(), "killed", "X", freq="M")
    assert [text for text in labels(ax) if "interval" in text] == [
        "95 % interval", "90 % interval", "50 % interval",
    ]  # fmt: skip
    assert "claim: enemy of the side" in labels(ax)
    assert "claim: register of verified cases" in labels(ax)
    assert "claim: third party" not in labels(ax)  # it speaks of the guard or of casualties
    rates = [line.get_ydata()[0] for line in ax.lines if len(line.get_ydata()) == 2]
    assert any(np.isclose(rate, 1810 / 181) for rate in rates)
    assert ax.get_ylabel() == "persons, per day (mean of each month)"
    assert ax.get_title(loc="left") == "Killed, all forces of X"
    assert not texts_overlap(ax, "x")
    assert not texts_overlap(ax, "y")


def test_running_totals_mark_claims_at_the_end_of_their_window() -> None:
    ax = plot_path(known(), "killed", "X", "guard", cumulative=True)
    marks = [line for line in ax.lines if list(line.get_ydata()) == [200.0]]
    assert len(marks) == 1
    assert str(marks[0].get_xdata()[0])[:10] == "2023-06-30"
    ranges = [line for line in ax.lines if np.allclose(line.get_ydata()[:1], 100, rtol=0.01)]
    assert ranges
    assert "running total" in ax.get_ylabel()


def test_bounds_are_arrows() -> None:
    ax = plot_path(known(), "killed", "X", cumulative=True)
    assert len([text for text in ax.texts if hasattr(text, "arrow_patch")]) == 1  # the register


def test_a_fit_that_can_t_be_trusted_says_so_in_the_title() -> None:
    ax = plot_path(independent(verdict=BAD), "killed", "X", claims=False)
    assert "NOT trusted" in ax.get_title(loc="left")


def test_sources_are_on_a_log_axis_with_their_prior() -> None:
    ax = plot_sources(independent(), "X")
    assert ax.get_xscale() == "log"
    assert labels(ax)[0] == "prior"
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert "general_staff: X killed" in names
    assert not any(name.startswith("names:") for name in names)
    assert not texts_overlap(ax, "y")
    assert not texts_overlap(ax, "x")
    with pytest.raises(QuantityError, match="Z"):
        plot_sources(independent(), "Z")


def test_claims_are_on_equal_log_axes() -> None:
    ax = plot_claims(independent())
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert ax.get_xlim() == ax.get_ylim()
    assert {"reported = true", "bound", "third party"} <= set(labels(ax))
    with pytest.raises(QuantityError, match="Z"):
        plot_claims(independent(), "Z")


def test_axes_of_the_user_are_drawn_on() -> None:
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert plot_path(known(), "killed", "X", ax=ax) is ax


def test_importing_plots_imports_no_matplotlib_and_drawing_no_pyplot() -> None:
    code = (
        f"import sys; sys.path.insert(0, {TESTS!r})\n"
        "import bajas.answers.plots.path, bajas.workflow.fit\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from hand_made import known\n"
        "bajas.answers.plots.path.plot_path(known(), 'killed', 'X')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_error_says_what_to_install() -> None:
    code = (
        f"import sys; sys.path.insert(0, {TESTS!r}); sys.modules['matplotlib.figure'] = None\n"
        "from hand_made import known\n"
        "from bajas.errors import BajasError\n"
        "from bajas.answers.plots.path import plot_path\n"
        "try:\n"
        "    plot_path(known(), 'killed', 'X')\n"
        "except BajasError as error:\n"
        "    assert 'bajas[plot]' in str(error)\n"
        "else:\n"
        "    raise SystemExit('no error')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
