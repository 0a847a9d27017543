#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Numbers that vlat's statistics are held against, made by numpy and scipy.

    python3 tests/golden/stat/generate.py > tests/golden/stat/oracle.txt

Each line is a test: a word, its inputs, "=", the outputs.  Intervals are found
the slow way: every candidate shift is put to scipy's exact test, and those that
it does not reject at 5 % make up the interval.  Made with scipy 1.10.1, numpy 1.24.2.
"""
import numpy as np
from scipy import stats

rng = np.random.default_rng(20151122)


def line(word, inputs, outputs):
    print(word, *(f"{x:.17g}" for x in inputs), "=", *(f"{x:.17g}" for x in outputs))


def not_rejected(candidates, p_of):
    """Least and greatest candidate whose neighbourhood inside is not rejected."""
    c = np.sort(candidates)
    middles = (c[1:] + c[:-1]) / 2
    kept = [i for i, m in enumerate(middles) if p_of(m) > 0.05]
    return c[kept[0]], c[kept[-1] + 1]


def paired(n, draw):
    a, b = np.exp(draw(n)), np.exp(draw(n) + rng.normal(0, 1))
    d = np.log(b / a)
    i, j = np.triu_indices(n)
    walsh = (d[i] + d[j]) / 2
    lo, hi = not_rejected(walsh, lambda m: stats.wilcoxon(d - m, mode="exact").pvalue)
    p = stats.wilcoxon(d, mode="exact").pvalue
    line("paired", [n, *a, *b], [np.exp(np.median(walsh)), np.exp(lo), np.exp(hi), p])


def unpaired(m, n, draw):
    a, b = np.exp(draw(m)), np.exp(draw(n) + rng.normal(0, 1))
    shifts = np.subtract.outer(np.log(b), np.log(a)).ravel()
    test = lambda s: stats.mannwhitneyu(np.log(b) - s, np.log(a), method="exact").pvalue
    lo, hi = not_rejected(shifts, test)
    line("unpaired", [m, n, *a, *b], [np.exp(np.median(shifts)), np.exp(lo), np.exp(hi), test(0)])


def median(n):
    x = np.sort(rng.lognormal(size=n))
    rank = int(stats.binom.ppf(0.025, n, 0.5))
    line("median", [n, *rng.permutation(x)], [np.median(x), x[rank - 1], x[n - rank]])


def ranks(n, q):
    lo, hi = stats.binom.ppf([0.025, 0.975], n, q)
    level = stats.binom.cdf(hi, n, q) - (stats.binom.cdf(lo - 1, n, q) if lo else 0)
    line("ranks", [n, q], [lo, hi + 1, level])


def histogram(n):
    x = rng.lognormal(10, 1.5, n).astype(np.int64)
    qs = np.quantile(x, [0.5, 0.9, 0.99, 0.999], method="inverted_cdf")
    line("histogram", [n, *x], [*qs, x.mean(), x.std(ddof=1) if n > 1 else 0])


def main():
    normal = lambda n: rng.normal(0, 0.4, n)
    heavy = lambda n: rng.standard_t(2, n) * 0.3
    skewed = lambda n: rng.exponential(0.8, n)
    for draw in (normal, heavy, skewed):
        for n in (6, 7, 10, 15, 20):
            paired(n, draw)
        for m, n in ((4, 4), (5, 9), (10, 10), (12, 7)):
            unpaired(m, n, draw)
    for n in (6, 9, 10, 25, 50):
        median(n)
    for n in (10, 500, 100000, 50000000):
        for q in (0.01, 0.5, 0.9, 0.99, 0.9999):
            ranks(n, q)
    for k in range(0, 21, 4):
        for n in (20, 21, 40):
            for p in (0.02, 0.5, 0.75):
                line("binomial", [k, n, p], [stats.binom.cdf(k, n, p)])
    for k, n, p in ((4, 5, 0.999), (499500, 1000000, 0.5), (998900, 1000000, 0.999), (999000200, 1000000000, 0.999)):
        line("binomial", [k, n, p], [stats.binom.cdf(k, n, p)])
    for n in (1, 2, 100, 1000):
        histogram(n)


main()
