"""Mutation testing: mutmut's mutants of claims, ledger and design, a process forked for each.

mutmut (version 3) writes the mutants and knows which is active; this runs the tests. Its own runner
starts pytest anew for every mutant and hands it hundreds of tests in no order, seconds each. Here
tests are collected once, and every mutant gets a fork of that process, which runs the tests that
reach the mutated function, the quickest first, until one fails.

    make mutation                            # all mutants; hours
    make mutation ARGS="--sample 300"        # a random sample, its score with an error
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import functools
import gc
import hashlib
import io
import json
import os
import pickle
import platform
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mutmut import __main__ as mutmut_main
from mutmut.configuration import config
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.state import state
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir, setup_source_paths
from mutmut.utils.format_utils import mangled_name_from_mutant_name

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "mutants" / "verdicts.json"
#: What each test reaches, from run to run.
SEEN = ROOT / "mutants" / "reached.json"

#: CPU seconds that a mutant may take: so many times what its tests take without one, and so many.
TIMES, PLUS = 3.0, 5.0


def generated() -> list[str]:
    """Write the mutants of files that changed and return the names of all."""
    with contextlib.redirect_stdout(io.StringIO()):
        copy_src_dir()
        copy_also_copy_files()
        setup_source_paths()
        mutmut_main.create_mutants(os.cpu_count() or 1)
    names: list[str] = []
    for meta in sorted((ROOT / "mutants" / "src").rglob("*.meta")):
        names += json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    return names


class Rests:
    """Pauses between pieces of work, on a machine that others use too.

    Parameters
    ----------
    seconds : float
        Of each pause; 0 for none. A piece takes 12 seconds of CPU time.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._used = cpu_seconds()

    def take(self) -> None:
        """Pause if a piece of work is done."""
        if self.seconds and cpu_seconds() - self._used > 12:
            time.sleep(self.seconds)
            self._used = cpu_seconds()


def cpu_seconds() -> float:
    """CPU time of this process and of those that it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Runner:
    """A pytest plugin that runs the collected tests under mutants instead of once."""

    def __init__(
        self, names: list[str], tell: Callable[[str, dict[str, Any]], None], rests: Rests
    ) -> None:
        self.names, self.tell, self.rests = names, tell, rests
        self.failed: list[str] = []
        self.broken: list[str] = []  # that fail without a mutant
        self.reached: dict[str, list[int]] = {}  # tests by function, the quickest first
        self.seconds: list[float] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Failed("tests can't be collected")
        for item in session.items:
            quicken(item)
        known = self._known()
        told, failed = in_fork(lambda: self._without(session, known), None)[1]
        if failed:
            self.broken = failed
            raise session.Failed("tests fail without a mutant")
        SEEN.write_text(json.dumps(told), encoding="utf-8")
        for index, item in enumerate(session.items):
            for function in told[item.nodeid]["functions"]:
                self.reached.setdefault(function, []).append(index)
            self.seconds.append(told[item.nodeid]["seconds"])
        for tests in self.reached.values():
            tests.sort(key=lambda test: self.seconds[test])
        for name in self.names:
            self.tell(name, self._verdict(session, name))
            self.rests.take()
        return True

    def _tests(self, name: str) -> list[int]:
        return self.reached.get(mangled_name_from_mutant_name(name), [])

    def _worst(self, name: str) -> float:
        return sum(self.seconds[test] for test in self._tests(name))

    def _verdict(self, session: pytest.Session, name: str) -> dict[str, Any]:
        tests = self._tests(name)
        if not tests:
            return {"verdict": "no tests"}
        limit = TIMES * self._worst(name) + PLUS
        begin = time.monotonic()
        status, failed = in_fork(lambda: self._under(session, name, tests), limit)
        seconds = round(time.monotonic() - begin, 2)
        if status == "timeout":
            return {"verdict": "timeout", "seconds": seconds}
        if status != "done":
            return {"verdict": "killed", "by": status, "seconds": seconds}
        if failed:
            return {"verdict": "killed", "by": failed[0], "seconds": seconds}
        return {"verdict": "survived", "tests": len(tests), "seconds": seconds}

    def _known(self) -> dict[str, Any]:
        """What tests reached in an earlier run, if nothing of theirs has changed since."""
        if not SEEN.is_file():
            return {}
        told = json.loads(SEEN.read_text(encoding="utf-8"))
        return told if told.get("", {}).get("source") == digest(ROOT / "src") else {}

    def _without(self, session: pytest.Session, known: dict[str, Any]) -> tuple[Any, list[str]]:
        """Run tests without a mutant; see which functions each reaches, and for how long."""
        session.config.pluginmanager.unregister(name="terminalreporter")
        os.environ["MUTANT_UNDER_TEST"] = "stats"
        told: dict[str, Any] = {"": {"source": digest(ROOT / "src")}}
        files: dict[Path, str] = {}
        new: list[tuple[pytest.Item, str]] = []
        for item in session.items:
            of_file = files.setdefault(item.path, digest(item.path))
            if known.get(item.nodeid, {}).get("file") == of_file:
                told[item.nodeid] = known[item.nodeid]
            else:
                new.append((item, of_file))
        kept = time.monotonic()
        for (item, of_file), following in zip(new, [*new[1:], (None, "")], strict=True):
            self.rests.take()
            if time.monotonic() - kept > 10:  # a run that is cut short needn't see these again
                passed = {name: it for name, it in told.items() if name not in self.failed}
                SEEN.write_text(json.dumps(passed), encoding="utf-8")
                kept = time.monotonic()
            state()._stats.clear()
            begin = time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following[0])
            told[item.nodeid] = {
                "file": of_file,
                "seconds": round(time.process_time() - begin, 4),
                "functions": sorted(state()._stats),
            }
        return told, self.failed

    def _under(self, session: pytest.Session, name: str, tests: list[int]) -> list[str]:
        """Run tests under a mutant until one fails."""
        session.config.pluginmanager.unregister(name="terminalreporter")
        os.environ["MUTANT_UNDER_TEST"] = name
        items = [session.items[test] for test in tests]
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                break
        return self.failed


def quicken(item: Any) -> None:
    """Give a property with more examples of its own as few as the profile says."""
    import hypothesis  # pytest wants to import it first

    function = getattr(item, "obj", None)
    own = getattr(function, "_hypothesis_internal_use_settings", None)
    if own is not None:
        few = hypothesis.settings.default
        function = getattr(function, "__func__", function)
        function._hypothesis_internal_use_settings = hypothesis.settings(
            own, max_examples=min(own.max_examples, few.max_examples), deadline=None,
            derandomize=True, database=None,
        )  # fmt: skip


def digest(path: Path) -> str:
    """Hash of a file, or of the Python files below a folder."""
    found = hashlib.sha256()
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        found.update(file.read_bytes())
    return found.hexdigest()


def in_fork(work: Callable[[], Any], cpu_seconds: float | None) -> tuple[str, Any]:
    """Return how a forked process ended ("done", "timeout" or a signal), and what it returned."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        if cpu_seconds is not None:
            limit = int(cpu_seconds) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        code = 1
        try:
            forget()
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(work(), pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        ended = os.WTERMSIG(status)
        return ("timeout" if ended in (9, 24) else f"signal {ended}"), None
    return ("done", pickle.loads(told)) if told else ("ended early", None)


def forget() -> None:
    """Empty the caches of functions: what they hold was computed without the mutant."""
    for item in gc.get_objects():
        if isinstance(item, functools._lru_cache_wrapper):
            item.cache_clear()


def described(name: str) -> str:
    """The lines that a mutant changes."""
    lines = get_diff_for_mutant(name).splitlines()
    return "\n".join(line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---"))


def summary(verdicts: dict[str, dict[str, Any]], total: int) -> dict[str, Any]:
    """The score, in all and by package, with its binomial standard error where it is a sample."""
    found: dict[str, Any] = {}
    groups = {"all": list(verdicts)}
    for name in verdicts:
        groups.setdefault(name.split(".")[1], []).append(name)
    for group, names in groups.items():
        counts = Counter(verdicts[name]["verdict"] for name in names)
        share = (counts["killed"] + counts["timeout"]) / len(names)
        error = (share * (1 - share) / len(names)) ** 0.5 if len(verdicts) < total else 0.0
        found[group] = {"mutants": len(names), **counts, "score": share, "error": error}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Mutation testing of claims, ledger and design.")
    parser.add_argument("--sample", type=int, help="so many mutants at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="with --resume: survivors alone")
    parser.add_argument("--minutes", type=float, help="stop after so many; call again to go on")
    parser.add_argument("--resume", action="store_true", help="go on though tests have changed")
    parser.add_argument("--rest", type=float, default=0.0, help="seconds between pieces of 12")
    parser.add_argument("--json", type=Path, default=OUTPUT)
    options = parser.parse_args()
    begin = time.monotonic()
    os.chdir(ROOT)
    config()  # reads the settings of this folder
    names = generated()
    total = len(names)
    # in random order: a run that is cut short is a smaller sample
    chosen = random.Random(options.seed).sample(sorted(names), options.sample or total)
    verdicts: dict[str, dict[str, Any]] = {}
    made_of = {"source": digest(ROOT / "src"), "tests": digest(ROOT / "tests")}
    used = 0
    if options.json.is_file():
        known = json.loads(options.json.read_text(encoding="utf-8"))
        same_source = known.get("source") == made_of["source"]
        if same_source and (known.get("tests") == made_of["tests"] or options.resume):
            verdicts, used = known["verdicts"], known["cpu seconds"]
    if options.again:
        chosen = [n for n, told in verdicts.items() if told["verdict"] in ("survived", "no tests")]
    else:
        chosen = [name for name in chosen if name not in verdicts]
    console = os.fdopen(os.dup(1), "w")  # pytest captures the other

    def tell(name: str, told: dict[str, Any]) -> None:
        verdicts[name] = told
        print(f"{len(verdicts)}: {told['verdict']} {name} {told.get('seconds', '')}", file=console,
              flush=True)  # fmt: skip
        if options.minutes and time.monotonic() - begin > 60 * options.minutes:
            raise KeyboardInterrupt

    arguments = ["--rootdir=.", "-q", *config().pytest_add_cli_args]
    arguments += config().pytest_add_cli_args_test_selection
    os.environ["MUTANT_UNDER_TEST"] = ""
    os.chdir("mutants")
    runner = Runner(chosen, tell, Rests(options.rest))
    ended = pytest.main(arguments, plugins=[runner])
    os.chdir(ROOT)
    if runner.broken:
        sys.exit(f"tests fail without a mutant: {runner.broken}")
    if not verdicts:
        sys.exit(f"pytest ended with {ended!r}")
    survivors = [n for n, told in verdicts.items() if told["verdict"] in ("survived", "no tests")]
    for name in survivors:
        if "change" not in verdicts[name]:
            verdicts[name]["change"] = described(name)
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True,
                              text=True, check=True).stdout.strip()  # fmt: skip
    result = {
        "commit": revision,
        "date": datetime.date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "all mutants": total,
        "sample": {"mutants": options.sample, "seed": options.seed} if options.sample else None,
        "cpu seconds": used + round(cpu_seconds()),
        **made_of,
        "summary": summary(verdicts, total),
        "verdicts": dict(sorted(verdicts.items())),
    }  # fmt: skip
    options.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
    print(json.dumps(result["summary"], indent=1))


if __name__ == "__main__":
    main()
