"""The command line: exit statuses, JSON, and what is printed where."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from claim_tables import OTHER, csv_text, pair, table
from hand_made import BAD, independent, known

from bajas.posterior.posterior import Posterior
from bajas.posterior.storage import save

pytest.importorskip("typer")

from bajas.cli.app import run  # after the check for Typer

Capture = pytest.CaptureFixture[str]
ASKED = ["--side", "X", "--outcome", "killed", "--until", "2023-03-31"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("fits")
    fits: dict[str, Posterior] = {"good": independent(), "bad": independent(verdict=BAD)}
    for name, posterior in fits.items():
        save(posterior, folder / f"{name}.nc")
    return {name: str(folder / f"{name}.nc") for name in fits}


def claims_file(folder: Path, rows: list[dict[str, str]]) -> str:
    path = folder / "claims.csv"
    path.write_text(csv_text(rows), encoding="utf-8")
    return str(path)


def test_check_prints_findings_and_passes(tmp_path: Path, capsys: Capture) -> None:
    rows = table({"url": ""}, OTHER)
    assert run(["check", claims_file(tmp_path, rows)]) == 0
    out = capsys.readouterr().out
    assert "Ledger: 2 claims of 2 sources" in out
    assert "[warn]" in out


def test_check_refuses_printing_every_problem(tmp_path: Path, capsys: Capture) -> None:
    rows = table(*({"claim_id": f"a{i}", "value": "1,200"} for i in range(70)))
    assert run(["check", claims_file(tmp_path, rows)]) == 2
    shown = capsys.readouterr()
    assert shown.err.count("ambiguous-separator") == 70
    assert "refused, 70 problems" in shown.err
    assert "Traceback" not in shown.err


def test_check_speaks_json(tmp_path: Path, capsys: Capture) -> None:
    path = claims_file(tmp_path, pair())
    assert run(["check", path, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["readable"] is True
    assert (data["claims"], data["sources"]) == (2, 2)
    path = claims_file(tmp_path, pair(value="-5"))
    assert run(["check", path, "--json"]) == 2
    data = json.loads(capsys.readouterr().out)
    assert data["readable"] is False
    assert data["findings"][0]["severity"] == "refuse"


def test_text_from_a_table_can_t_steer_the_terminal(tmp_path: Path, capsys: Capture) -> None:
    run(["check", claims_file(tmp_path, pair(claim_id="a\x1b[2J", value="x\x1b]0;y\x07"))])
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert "\x07" not in shown.out + shown.err


def test_total_prints_an_estimate(files: dict[str, str], capsys: Capture) -> None:
    assert run(["total", files["good"], *ASKED]) == 0
    out = capsys.readouterr().out
    assert "Estimate: killed, all forces of X, 2023-01-01 to 2023-03-31" in out
    assert "95 %" in out


def test_total_json_is_the_estimate(files: dict[str, str], capsys: Capture) -> None:
    assert run(["total", files["good"], *ASKED, "--component", "guard", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert list(data) == [
        "quantity", "median", "mean", "intervals", "mcse", "trusted", "why_not",
    ]  # fmt: skip
    assert data["quantity"]["component"] == "guard"
    assert data["quantity"]["since"] == "2023-01-01"


def test_total_of_an_untrusted_fit_is_printed_with_status_1(
    files: dict[str, str], capsys: Capture
) -> None:
    assert run(["total", files["bad"], *ASKED, "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["trusted"] is False
    assert data["why_not"] == list(BAD.reasons)


def test_cite_prints_each_format(files: dict[str, str], capsys: Capture) -> None:
    assert run(["cite", files["good"], *ASKED]) == 0
    assert capsys.readouterr().out.startswith("Posterior median estimate of killed")
    assert run(["cite", files["good"], *ASKED, "--format", "bibtex", "--level", "0.9"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("@misc{")
    assert r"90 \% central" in shown
    for form, key in (("csl-json", "issued"), ("json", "assumptions")):
        assert run(["cite", files["good"], *ASKED, "--format", form]) == 0
        assert key in json.loads(capsys.readouterr().out)


def test_cite_refuses_an_untrusted_fit_without_a_reason(
    files: dict[str, str], capsys: Capture
) -> None:
    assert run(["cite", files["bad"], *ASKED]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "R-hat 1.3" in shown.err
    assert run(["cite", files["bad"], *ASKED, "--override", "a test"]) == 0
    assert "NOT TRUSTED" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["total", "FIT", "--side", "X"],
        ["total", "FIT", "--side", "Z", "--outcome", "killed"],
        ["total", "FIT", "--side", "X", "--outcome", "slain"],
        ["total", "FIT", "--side", "X", "--outcome", "killed", "--until", "2024-01-01"],
        ["total", "FIT", "--side", "X", "--outcome", "killed", "--until", "1/3/2023"],
        ["total", "FIT", "--side", "X", "--outcome", "killed", "--until", "20230301"],
        ["total", "absent.nc", *ASKED],
        ["cite", "FIT", *ASKED, "--level", "95"],
        ["cite", "FIT", *ASKED, "--format", "html"],
        ["check", "absent.csv"],
        ["fit", "--out", "x.nc"],
        ["fit", "absent.csv", "--out", "x.nc"],
        ["fit", "--dataset", "nothing", "--out", "x.nc"],
        ["fit", "--dataset", "article_2023_08_07", "--out", "no/such/folder/x.nc"],
        ["fit", "--dataset", "article_2023_08_07", "--out", "x.nc", "--bias", "none"],
        ["fit", "--dataset", "article_2023_08_07", "--out", "x.nc", "--as-of", "1999-01-01"],
        ["fit", "--dataset", "article_2023_08_07", "--out", "x.nc", "--seed", "-1"],
        ["fit", "--dataset", "article_2023_08_07", "--out", "x.nc", "--draws", "0"],
        ["fit", "--dataset", "article_2023_08_07", "--out", "x.nc", "--sources", "s.csv"],
        ["nothing"],
        [],
    ],
)
def test_bad_input_and_usage_have_status_2_and_no_traceback(
    arguments: list[str],
    files: dict[str, str],
    capsys: Capture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([files["good"] if word == "FIT" else word for word in arguments]) == 2
    shown = capsys.readouterr()
    assert shown.err or "Usage" in shown.out
    assert "Traceback" not in shown.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_isn_t_a_fit_is_bad_input(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "fit.nc"
    path.write_bytes(b"nonsense")
    assert run(["total", str(path), *ASKED]) == 2
    assert "not a netCDF-4 file" in capsys.readouterr().err


def test_fit_saves_even_what_can_t_be_trusted(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bajas.workflow import model
    from bajas.workflow.fit import Fit
    from bajas.workflow.loading import load

    asked: dict[str, object] = {}

    def drawn(self: model.Model, **settings: object) -> Fit:
        asked.update(settings, bias=self.specification.bias.name, as_of=self.ledger.as_of_date)
        return Fit(outcomes.pop(0))

    outcomes: list[Posterior] = [independent(), independent(verdict=BAD)]
    monkeypatch.setattr(model.Model, "fit", drawn)
    path = claims_file(tmp_path, pair())
    out = str(tmp_path / "fit.nc")
    arguments = ["fit", path, "--out", out, "--bias", "symmetric", "--as-of", "2023-08-07"]
    assert run([*arguments, "--seed", "7", "--chains", "3", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert (asked["seed"], asked["chains"], asked["progress"]) == (7, 3, False)
    assert asked["bias"] == "symmetric(0.6)"
    assert str(asked["as_of"]) == "2023-08-07"
    assert run(arguments) == 1
    shown = capsys.readouterr()
    assert "can't be trusted: R-hat 1.3" in shown.err
    assert "saved to" in shown.out
    assert not load(out).trusted


def test_an_interrupt_before_any_draw_is_said_and_leaves_the_older_fit(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bajas.workflow import model

    def stop(self: model.Model, **settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(model.Model, "fit", stop)
    out = tmp_path / "fit.nc"
    out.write_bytes(b"older")
    path = claims_file(tmp_path, pair())
    assert run(["fit", path, "--out", str(out)]) == 130
    assert capsys.readouterr().err.strip() == "bajas: interrupted"
    assert out.read_bytes() == b"older"


def test_help_and_version_are_fast_and_load_no_sampler() -> None:
    code = (
        "import sys\n"
        "from bajas.cli.app import run\n"
        "assert run(['--help']) == 0 and run(['--version']) == 0\n"
        "heavy = {'pymc', 'pandas', 'numpy', 'xarray', 'numba'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in ("check", "fit", "total", "cite"):
        assert f"  {command} " in done.stdout


def test_without_typer_the_command_says_what_to_install() -> None:
    code = "import sys; sys.modules['typer'] = None\nfrom bajas.cli import main\nmain()\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "bajas[cli]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_from_a_table_to_a_citation(tmp_path: Path) -> None:
    """The whole way in separate processes, with a sampler that runs."""

    def bajas(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from bajas.cli import main; main()", *arguments],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip

    claims_file(tmp_path, pair())
    fitted = bajas("fit", "claims.csv", "--out", "fit.nc", "--seed", "1", "--draws", "500")
    assert fitted.returncode in (0, 1), fitted.stderr
    assert "bajas: " in fitted.stderr  # progress
    total = bajas("total", "fit.nc", "--side", "X", "--outcome", "killed", "--json")
    assert json.loads(total.stdout)["trusted"] is (total.returncode == 0)
    assert total.returncode >= fitted.returncode
    cited = bajas("cite", "fit.nc", "--side", "X", "--outcome", "killed", "--override", "a test")
    assert cited.returncode == 0
    assert cited.stdout.startswith("Posterior median estimate of killed, all forces of X")


def test_known_posteriors_print_known_numbers(tmp_path: Path, capsys: Capture) -> None:
    """What is printed is the answer of the library: same numbers by another door."""
    from bajas.workflow.fit import Fit

    found = Fit(known()).total("killed", "X", expected=True)
    assert f"median {found.median:,.0f}" in repr(found)
    assert "1,810" in repr(found)


@pytest.mark.parametrize("form", ["csv", "html"])
def test_tables_are_written_whatever_the_verdict(
    form: str, files: dict[str, str], tmp_path: Path, capsys: Capture
) -> None:
    for name, status in (("good", 0), ("bad", 1)):
        assert run(["tables", files[name], "--folder", str(tmp_path), "--format", form]) == status
        written = sorted(path.name for path in tmp_path.iterdir())
        names = ("claims", "findings", "gather", "sources", "summary")
        assert written == [f"{name}.{form}" for name in names]
    assert "can't be trusted" in capsys.readouterr().err
    assert run(["tables", files["good"], "--folder", str(tmp_path / "absent")]) == 2
