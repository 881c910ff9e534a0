"""The noise of a sampled current, whatever slow curve it rides on."""

from __future__ import annotations

import numpy as np

__all__ = ["sample_noise"]


def sample_noise(current: np.ndarray) -> float:
    """Return the standard deviation of a sample [A] from second differences; a trend or smooth rise does not count.

    Where most differences are zero (a coarse last digit) their standard deviation is taken.
    """
    if current.size < 4:
        return 0.0
    second = current[2:] - 2.0 * current[1:-1] + current[:-2]
    robust = 1.4826 * float(np.median(np.abs(second - np.median(second))))
    return (robust or float(np.std(second))) / float(np.sqrt(6.0))
