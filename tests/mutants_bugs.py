"""Bugs to plant in design and model: what is replaced, and which checks must see it.

Most are mistakes in what the implementations of the density share; some are made in all three of
them alike. :mod:`mutants_model` has the checks by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from planted import Edit


@dataclass(frozen=True)
class Bug:
    """A planted bug.

    Parameters
    ----------
    edits : list of Edit
        What is replaced.
    seen_by : tuple of str
        Checks that must fail.
    """

    edits: list[Edit]
    seen_by: tuple[str, ...]


SAID = "war written out: which claims say what"
EXPECTED = "war written out: what each claim expects"
NOISE = "war written out: noise"
LIKELIHOOD = "war written out: likelihood"
PRIOR = "war written out: prior"

BUGS: dict[str, Bug] = {
    "none": Bug([], ()),
    # -- claims and ledger, as far as they decide what counts --------------------------------------
    "casualties without the severely wounded": Bug(
        [("claims.taxonomy", "part = frozenset(self.sums[name])",
          'part = frozenset(self.sums[name]) - (frozenset({"wounded_severe"})'
          ' if name == "casualties" else frozenset())')],
        (EXPECTED, "killed and wounded are casualties"),
    ),
    "a source that repeats another counts": Bug(
        [("ledger.lineage", "elif source is not None and source.derived_from:",
          "elif source is not None and source.derived_from and claim.excluded:")],
        (SAID, "a source that repeats adds nothing"),
    ),
    "exact duplicates count": Bug(
        [("ledger.duplicates", "if content in kept:", "if content in kept and not claim.row:")],
        ("duplicates add nothing",),
    ),
    # -- design ------------------------------------------------------------------------------------
    "a lower bound is an upper one": Bug(
        [("design.reading", 'return Reading("at_least", bound, 0.0,',
          'return Reading("at_most", bound, 0.0,')],
        (SAID, "figures are bounds as stated"),
    ),
    "an upper bound is a lower one": Bug(
        [("design.reading", 'return Reading("at_most", max(bound, BELOW_ONE), 0.0, words)',
          'return Reading("at_least", max(bound, BELOW_ONE), 0.0, words)')],
        (SAID, "figures are bounds as stated"),
    ),
    "a range from end to end is one half of it": Bug(
        [("design.reading", "/ (2 * NormalDist().inv_cdf", "/ (1 * NormalDist().inv_cdf")],
        (NOISE, "a range has its level's width", "closed form: range and counting"),
    ),
    "the middle of a range is arithmetic": Bug(
        [("design.reading", "centre = value if value else sqrt(low * high)",
          "centre = value if value else (low + high) / 2")],
        (SAID, "a range has its level's width"),
    ),
    "the level of a range is one-sided": Bug(
        [("design.reading", "inv_cdf((1 + level) / 2)", "inv_cdf(level)")],
        (NOISE, "a range has its level's width"),
    ),
    "a rate counts for one day": Bug(
        [("design.reading", "per = float(days) if claim.per_day else 1.0", "per = 1.0")],
        (SAID, "rates are per day"),
    ),
    "at least 0 counts": Bug(
        [("design.reading", "    if bound <= 0:", "    if bound < 0:")],
        ("at least 0 is neutral",),
    ),
    "windows end a day early": Bug(
        [("design.design", "stop = min(self.calendar.index(window.end), stratum.last) + 1",
          "stop = max(start + 1, min(self.calendar.index(window.end), stratum.last))")],
        (EXPECTED, "parts of a window add up"),
    ),
    "windows begin a day late": Bug(
        [("design.design", "start = max(self.calendar.index(window.start), stratum.first)",
          "start = max(self.calendar.index(window.start) + 1, stratum.first)")],
        (EXPECTED, "parts of a window add up"),
    ),
    "a tally's totals are not differenced": Bug(
        [("design.tally", "Increment(start, stop, after - before, ",
          "Increment(start, stop, after - nodes[0][1], ")],
        (SAID, "totals become differences"),
    ),
    "a tally's first increment loses its first day": Bug(
        [("design.build", "window = Window(calendar.day(item.start), calendar.day(item.stop - 1))",
          "window = Window(calendar.day(max(item.start, 1)), calendar.day(item.stop - 1))")],
        (EXPECTED,),
    ),
    "increments are about the days before": Bug(
        [("design.build", "window = Window(calendar.day(item.start), calendar.day(item.stop - 1))",
          "window = Window(calendar.day(max(item.start - 1, 0)), calendar.day(item.stop - 2))")],
        (EXPECTED,),
    ),
    "a list's counts are not differenced": Bug(
        [("design.register", "return self.count.value - sum(count.value for count in self.before)",
          "return self.count.value")],
        (SAID, "counts of lists become additions"),
    ),
    "a force is missing from all": Bug(
        [("design.build", "                and stratum.outcome_members <= outcomes\n",
          "                and stratum.outcome_members <= outcomes\n"
          '                and (stratum.main or component != "all")\n')],
        (EXPECTED,),
    ),
    # -- model: losses -----------------------------------------------------------------------------
    "the ratio of an outcome has no term": Bug(
        [("model.intensity", 'rows.add(node, layout.column("ratio", ratio), 1.0)', "pass")],
        (EXPECTED, "wounded per killed have one prior"),
    ),
    "the ratio of an outcome is upside down": Bug(
        [("model.intensity", "return float(np.log(prior.ratios[outcome].per_killed)),",
          "return -float(np.log(prior.ratios[outcome].per_killed)),"),
         ("model.intensity", "return float(np.log(total)), largest.log_sd",
          "return -float(np.log(total)), largest.log_sd")],
        (PRIOR, "wounded per killed have one prior"),
    ),
    "knots of paths are one off": Bug(
        [("model.intensity",
          'rows.add(node, layout.column(name, item, left - 1), loading * (1 - weight))',
          'rows.add(node, layout.column(name, item, left), loading * (1 - weight))'),
         ("model.intensity",
          'rows.add(node, layout.column(name, item, left), loading * weight)\n',
          'rows.add(node, layout.column(name, item, min(left + 1, grid.size - 2)),'
          ' loading * weight)\n')],
        (EXPECTED, "closed form: Kalman smoother", "daily and weekly knots agree"),
    ),
    "the mixture of neighbouring knots is turned round": Bug(
        [("model.intensity", "rows.extend(cells, node, 1 - weight)",
          "rows.extend(cells, node, weight)"),
         ("model.intensity", "rows.extend(cells, node + 1, weight)",
          "rows.extend(cells, node + 1, 1 - weight)")],
        (EXPECTED,),
    ),
    "steps of walks grow with their days": Bug(
        [("model.intensity", "steps = per_week * np.sqrt(np.diff(grid) / _WEEK)",
          "steps = per_week * (np.diff(grid) / _WEEK)")],
        (PRIOR, "closed form: Kalman smoother"),
    ),
    "a force's deviation from the ratio is left out": Bug(
        [("model.intensity", 'rows.add(node, layout.column("component_ratio", pair), 1.0)',
          "pass")],
        (EXPECTED,),
    ),
    # -- model: reports ----------------------------------------------------------------------------
    "the sign of a source's bias": Bug(
        [("model.reporting", 'reporting.add(row, layout.column("source_bias", position), 1.0)',
          'reporting.add(row, layout.column("source_bias", position), -1.0)')],
        (EXPECTED, "closed form: an anchor"),
    ),
    "the sign of what a bloc shares": Bug(
        [("model.reporting", "effects.add(row, column, loading(stream, observation, prior))",
          "effects.add(row, column, -loading(stream, observation, prior))")],
        (EXPECTED,),
    ),
    "what a bloc shares is left out": Bug(
        [("model.reporting", "effects.add(row, column, loading(stream, observation, prior))",
          "effects.add(row, column, 0.0 * loading(stream, observation, prior))")],
        (EXPECTED, "closed form: one source", "closed form: one bloc", "closed form: evidence"),
    ),
    "what a bloc shares is counted twice": Bug(
        [("model.reporting", "scale[position] = kind.scale * np.sqrt(1 - prior.shared)",
          "scale[position] = kind.scale")],
        (PRIOR, "closed form: one source", "closed form: one bloc"),
    ),
    "an outcome's own bias is left out": Bug(
        [("model.reporting",
          'reporting.add(row, layout.column("outcome_bias", position), 1.0)', "pass")],
        (EXPECTED, "closed form: one source", "closed form: evidence"),
    ),
    "the centre of a kind of evidence is added to its relation's": Bug(
        [("model.reporting",
          "mean[position] = kind.mean - loading(stream, observation, prior) * entry.mean",
          "mean[position] = kind.mean")],
        (PRIOR,),
    ),
    "counting noise is dropped": Bug(
        [("model.build", "log_sd = np.sqrt(log_sd**2 + 1 / np.maximum(counts, 1.0))", "pass")],
        (NOISE, "closed form: range and counting"),
    ),
    "counting noise is doubled": Bug(
        [("model.build", "log_sd = np.sqrt(log_sd**2 + 1 / np.maximum(counts, 1.0))",
          "log_sd = np.sqrt(log_sd**2 + 2 / np.maximum(counts, 1.0))")],
        (NOISE, "closed form: range and counting"),
    ),
    "noise and ranges add up instead of their squares": Bug(
        [("model.representation",
          "np.sqrt(np.where(counts, 0.0, own) ** 2 + self.log_sd**2)",
          "np.where(counts, 0.0, own) + self.log_sd"),
         ("model.graph", "sigma = pt.sqrt(scale**2 + representation.log_sd**2)",
          "sigma = scale + representation.log_sd"),
         ("sampler.kernel", "square = own * own + k.log_sd[o] * k.log_sd[o]",
          "square = (own + k.log_sd[o]) ** 2"),
         ("sampler.kernel", "(by_mu[o] * residual - 1) * own / square",
          "(by_mu[o] * residual - 1) / np.sqrt(square)"),
         ("sampler.kernel", "side * ratio * own / square", "side * ratio / sigma")],
        (NOISE,),
    ),
    "knots of drift are one off": Bug(
        [("model.drift", "risen = np.clip((days - self.knots[:-1]) /",
          "risen = np.clip((days - self.knots[1:]) /")],
        (EXPECTED, "drift is a walk of quarters"),
    ),
    "drift is not centred": Bug(
        [("model.drift", "return np.asarray((held - risen.mean(axis=0))[step])",
          "return np.asarray(held[step])")],
        (EXPECTED, "drift has mean zero"),
    ),
    # -- model: lists ------------------------------------------------------------------------------
    "completeness falls with age": Bug(
        [("design.listed", "calendar.index(claim.published),",
          "calendar.index(claim.published),"),
         ("model.registers", "found.append((first, day, counted - middle + 0.5, before))",
          "found.append((first, day, middle - start + 1.0 + before, before))")],
        (EXPECTED, "sums over ages are daily sums"),
    ),
    "the names of the count before count again": Bug(
        [("model.registers", "before = 0.0 if since is None else since - middle + 0.5",
          "before = 0.0")],
        (EXPECTED, "sums over ages are daily sums", "additions sum to the last count"),
    ),
    "coverage is above one": Bug(
        [("model.reporting", 'hyper_columns["register_gap", " ".join(key)], -1.0)',
          'hyper_columns["register_gap", " ".join(key)], 1.0)')],
        (EXPECTED, "a list never exceeds the truth"),
    ),
    # -- the density, the same mistake in all three -----------------------------------------------
    "errors have five degrees of freedom, not four": Bug(
        [("model.family", "- 2.5 * np.log1p(t * t / 4)", "- 3.0 * np.log1p(t * t / 4)"),
         ("model.graph", "- 2.5 * pt.log1p(at_points**2 / 4)",
          "- 3.0 * pt.log1p(at_points**2 / 4)"),
         ("sampler.kernel", "value += 2 * total(logarithm) -", "value += 2.5 * total(logarithm) -"),
         ("sampler.kernel", "return value - 2.5 * total", "return value - 3.0 * total"),
         ("sampler.kernel", "by_mu[o] = 1.25 * residual", "by_mu[o] = 1.5 * residual")],
        (LIKELIHOOD, "points integrate to one", "bounds are integrals of points"),
    ),
    "the constant of the errors' density": Bug(
        [("model.family", "float(np.log(0.375))", "float(np.log(0.5))"),
         ("sampler.kernel", "- 0.9808292530117262 * points", "- 0.6931471805599453 * points")],
        (LIKELIHOOD, "points integrate to one", "bounds are integrals of points"),
    ),
    "the Jacobian of a figure's scale": Bug(
        [("model.family", "point = LOG_T4_CONSTANT - np.log(sigma) -", "point = LOG_T4_CONSTANT -"),
         ("model.graph", "point = LOG_T4_CONSTANT - pt.log(sigma[points]) -",
          "point = LOG_T4_CONSTANT -"),
         ("sampler.kernel", "value += 2 * total(logarithm) -", "value += 2.5 * total(logarithm) -"),
         ("sampler.kernel", "(by_mu[o] * residual - 1) * own / square",
          "by_mu[o] * residual * own / square")],
        (LIKELIHOOD, "points integrate to one", "bounds are integrals of points"),
    ),
    "bounds turned round": Bug(
        [("model.family", "toward = np.where(form == AT_LEAST, -t, t)",
          "toward = np.where(form == AT_LEAST, t, -t)"),
         ("model.graph", "sign = np.where(representation.form[bounds] == AT_LEAST, -1.0, 1.0)",
          "sign = np.where(representation.form[bounds] == AT_LEAST, 1.0, -1.0)"),
         ("sampler.kernel", "sign = -1.0 if k.form[o] == AT_LEAST else 1.0",
          "sign = 1.0 if k.form[o] == AT_LEAST else -1.0")],
        (LIKELIHOOD, "bounds are probabilities", "bounds are integrals of points"),
    ),
    "the Jacobian of half-normal scales": Bug(
        [("model.term", "np.sum(-0.5 * squares + standard + np.log(2) - 0.5 * _LOG_2PI)",
          "np.sum(-0.5 * squares + np.log(2) - 0.5 * _LOG_2PI)"),
         ("sampler.kernel", "value += u - 0.5 * square", "value -= 0.5 * square"),
         ("sampler.kernel", "gradient[field_size + h] = 1 - square",
          "gradient[field_size + h] = -square"),
         ("model.graph", "found[hyper.name] = pt.log(pm.HalfNormal(name, 1.0, dims=hyper.dim))",
          "found[hyper.name] = pt.log(pm.HalfNormal(name, 1.0, dims=hyper.dim));"
          ' pm.Potential(f"{name}_bug", -found[hyper.name].sum())')],
        ("half-normal scales: standardising is its Jacobian",),
    ),
}  # fmt: skip

#: Bugs that might move answers by much, put to calibration as well. (Without the severely wounded
#: the strata whose losses are ranked aren't there: that would fail for another reason.)
PUT_TO_CALIBRATION = (
    "none",
    "a source that repeats another counts",
    "a lower bound is an upper one",
    "the middle of a range is arithmetic",
    "a rate counts for one day",
    "windows end a day early",
    "a tally's totals are not differenced",
    "a list's counts are not differenced",
    "a force is missing from all",
    "the ratio of an outcome has no term",
    "the ratio of an outcome is upside down",
    "the sign of what a bloc shares",
    "what a bloc shares is left out",
    "coverage is above one",
    "the names of the count before count again",
    "errors have five degrees of freedom, not four",
    "the constant of the errors' density",
    "the Jacobian of a figure's scale",
    "bounds turned round",
)

#: Those of them that calibration sees: a run of ``mutants_model.py --calibration`` told so.
#:
#: The others are too small for 150 truths to show, in a war whose claims scatter by a factor of
#: two: the middle of a range moves by 8 %; a day is 4 % of the shortest window of a figure; one
#: more copy of what the staff said, the second count of a list and what a bloc shares matter less
#: than noise; tails of five degrees of freedom are hardly other than those of four. The Jacobian of
#: a figure's scale moves noise, which isn't ranked. And no posterior depends on the constant of the
#: errors' density: evidence does, which weighs readings and models.
SEEN_BY_CALIBRATION = (
    "a lower bound is an upper one",
    "a rate counts for one day",
    "a tally's totals are not differenced",
    "a list's counts are not differenced",
    "a force is missing from all",
    "the ratio of an outcome has no term",
    "the ratio of an outcome is upside down",
    "the sign of what a bloc shares",
    "coverage is above one",
    "bounds turned round",
)
