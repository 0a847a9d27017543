# SPDX-License-Identifier: Apache-2.0
"""The ratio of two arms measured in pairs: Hodges-Lehmann, with the signed-rank interval (Lehmann 1963)."""
import math


def rank_sum_counts(n):
    """How many of the 2^n sign patterns have a signed-rank sum of 0, 1, 2 ..."""
    counts = [1]
    for rank in range(1, n + 1):
        longer = counts + [0] * rank
        for i, c in enumerate(counts):
            longer[i + rank] += c
        counts = longer
    return counts


def outermost(n, level=0.95):
    """How many Walsh averages to leave out at each end; None when n is too small for the level."""
    total = leave = 0
    for count in rank_sum_counts(n):
        total += count
        if total / 2 ** n > (1 - level) / 2:
            break
        leave += 1
    return leave - 1 if leave else None


def median(values):
    values = sorted(values)
    n = len(values)
    return (values[(n - 1) // 2] + values[n // 2]) / 2


def ratio(pairs):
    """(estimate, low, high) of a/b; low and high are None below six pairs."""
    logs = [math.log(a / b) for a, b in pairs if a > 0 and b > 0]
    walsh = sorted((logs[i] + logs[j]) / 2 for i in range(len(logs)) for j in range(i, len(logs)))
    leave = outermost(len(logs))
    if leave is None:
        return math.exp(median(walsh)), None, None
    return math.exp(median(walsh)), math.exp(walsh[leave]), math.exp(walsh[-1 - leave])
