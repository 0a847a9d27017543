#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Why spread is compared by one deviation per run: the table of docs/method.md.

    python3 tests/golden/stat/spread.py

Studies of ten blocks without any difference between their arms, so the true
ratio of spreads is 1.  How often does a 95 % interval hold it?  The pooled
deviation (square root of the runs' mean variance) by percentile and BCa
bootstrap over blocks (Efron 1987), against Hodges-Lehmann on the logarithm of
the runs' deviations with the signed-rank interval.  Needs numpy and scipy; a
minute or two.
"""
import numpy as np
from scipy.stats import norm

STUDIES, BLOCKS, SAMPLES, RESAMPLES = 1000, 10, 400, 1000
CUT = 9  # of the sorted averages on either side, for ten pairs at 95 %
rng = np.random.default_rng(7)


def pareto(shape):
    return 20 + 5 * rng.uniform(size=shape) ** (-1 / 2.5)


def lognormal(shape):
    return 20 * np.exp(1.5 * rng.normal(size=shape))


def stalls(shape):
    hit = rng.uniform(size=shape) < 1 / 200
    return 20 + 2 * rng.exponential(size=shape) + hit * rng.uniform(0, 500, size=shape)


def variances(draw):
    """[study, block] of both arms, which share their block's drift."""
    drift = np.exp(0.3 * rng.normal(size=(STUDIES, BLOCKS)))
    one = lambda: np.array([draw((BLOCKS, SAMPLES)).var(axis=1, ddof=1) for _ in range(STUDIES)])
    return one() * drift**2, one() * drift**2


def pooled(a, b):
    return 0.5 * np.log(b.mean(axis=-1) / a.mean(axis=-1))


def bootstrap(a, b):
    """Bounds of both kinds of interval, for one study."""
    pick = rng.integers(0, BLOCKS, size=(RESAMPLES, BLOCKS))
    resampled = np.sort(pooled(a[pick], b[pick]))
    estimate = pooled(a, b)
    below = np.clip((resampled < estimate).mean(), 1 / RESAMPLES, 1 - 1 / RESAMPLES)
    left_out = np.array([pooled(np.delete(a, i), np.delete(b, i)) for i in range(BLOCKS)])
    u = left_out.mean() - left_out
    acceleration = (u**3).sum() / (6 * (u**2).sum() ** 1.5)
    z = norm.ppf(below) + norm.ppf([0.025, 0.975])
    at = norm.cdf(norm.ppf(below) + z / (1 - acceleration * z))
    return np.quantile(resampled, [0.025, 0.975]), np.quantile(resampled, at)


def signed_rank(a, b):
    d = 0.5 * np.log(b / a)
    i, j = np.triu_indices(BLOCKS)
    averages = np.sort((d[i] + d[j]) / 2)
    return averages[CUT - 1], averages[-CUT]


def main():
    print(f"{'samples':10} percentile    BCa   used")
    for draw in (pareto, lognormal, stalls):
        held = np.zeros(3)
        for a, b in zip(*variances(draw)):
            for k, (low, high) in enumerate((*bootstrap(a, b), signed_rank(a, b))):
                held[k] += low <= 0 <= high
        print(f"{draw.__name__:10}", *(f"{100 * h / STUDIES:8.1f} %" for h in held))


main()
