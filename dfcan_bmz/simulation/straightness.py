"""How straight the lines of an image run."""

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

RIDGE_PX = 1.5  # scale at which lines are looked for
BRIGHTEST = 0.8  # quantile of the ridges' strength above which a pixel is on a line
LINE = 0.5  # how much more a line curves across than along itself: the difference of both over their sum
STEPS_PX = (4, 8, 16)


def straightness(unit: np.ndarray) -> np.ndarray:
    """Correlation of the directions of lines over distances of `STEPS_PX`.

    Parameters
    ----------
    unit : numpy.ndarray
        (Y, X), normalised.

    Returns
    -------
    numpy.ndarray
        (3,): the mean cosine of twice the angle between the line at a pixel, and the line found by going straight on
        from there; 1 for straight lines, less where they bend, cross, end, or where there is none.
    """
    yy, xx, yx = (gaussian_filter(unit, RIDGE_PX, order=order) for order in ((2, 0), (0, 2), (1, 1)))
    across = np.hypot(yy - xx, 2 * yx)  # difference of the curvatures, along and across
    angle = np.arctan2(2 * yx, xx - yy) / 2  # of the smaller curvature, along the line
    strength = np.clip(across - yy - xx, 0, None) * (across > LINE * np.abs(yy + xx))
    strength = strength * (strength > np.quantile(strength, BRIGHTEST))
    cosine, sine = strength * np.cos(2 * angle), strength * np.sin(2 * angle)
    whole = max(float(np.sum(strength**2)), 1e-12)
    y, x = np.indices(unit.shape)
    found = []
    for step in STEPS_PX:
        places = [y + step * np.sin(angle), x + step * np.cos(angle)]
        on = [map_coordinates(one, places, order=1, cval=0.0) for one in (cosine, sine)]
        found.append(float(np.sum(cosine * on[0] + sine * on[1])) / whole)
    return np.array(found)
