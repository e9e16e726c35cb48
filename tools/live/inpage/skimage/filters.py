"""Thresholds, as skimage.filters."""

import numpy as np


def threshold_otsu(image):
    """Return the threshold that tells two groups of pixels apart best (Otsu, 1979).

    image: an array of integers. The result is the largest value of the darker group, at which the
    variance between the groups is greatest; of an even image its value.
    """
    values, counts = np.unique(image, return_counts=True)
    if len(values) == 1:
        return values[0]
    counts = counts.astype(float)  # a page's integers have 32 bits: too few for the products
    below, total = np.cumsum(counts)[:-1], counts.sum()
    sums = np.cumsum(counts * values)
    difference = sums[:-1] / below - (sums[-1] - sums[:-1]) / (total - below)
    return values[np.argmax(below * (total - below) * difference**2)]
