# SPDX-License-Identifier: Apache-2.0
"""The interval of ratio.py against the printed table of the signed-rank test (two-sided 5 %)."""
import math
import unittest

from ratio import median, outermost, ratio


class Ratio(unittest.TestCase):
    def test_critical_values(self):
        """The rank of the lower bound among the Walsh averages: 1 more than the largest rank sum that is significant."""
        for n, rank in (6, 1), (7, 3), (8, 4), (9, 6), (10, 9), (12, 14), (15, 26), (20, 53):
            self.assertEqual(outermost(n), rank - 1, n)
        for n in range(6):
            self.assertIsNone(outermost(n))

    def test_equal_arms(self):
        self.assertEqual(ratio([(2, 2)] * 10), (1, 1, 1))

    def test_an_outlier_does_not_move_it(self):
        estimate, low, high = ratio([(1.1, 1.0)] * 9 + [(100, 1)])
        self.assertAlmostEqual(estimate, 1.1)
        self.assertAlmostEqual(low, 1.1)
        self.assertAlmostEqual(high, math.sqrt(1.1 * 100))

    def test_too_few(self):
        estimate, low, high = ratio([(3, 1), (3, 1)])
        self.assertAlmostEqual(estimate, 3)
        self.assertIsNone(low)
        self.assertIsNone(high)

    def test_median(self):
        self.assertEqual(median([3, 1, 2]), 2)
        self.assertEqual(median([4, 1, 2, 3]), 2.5)


if __name__ == '__main__':
    unittest.main()
