"""From fluorophores to an optical image: rendering, and filtering by an optical transfer function."""

import numpy as np

# of the zero frequency in a reconstruction, and how far the attenuation reaches; like those of a real field
ATTENUATION = 0.6
ATTENUATED_PER_UM = 0.25
PATTERN_SHARE = 0.45  # of the target's cut-off: how finely the illumination is striped
ORIENTATIONS = 3


def render(points_um: np.ndarray, pixels: int, pixel_um: float, weights: np.ndarray | None = None) -> np.ndarray:
    """Count fluorophores on a grid, each shared bilinearly by its four nearest pixels.

    Parameters
    ----------
    points_um : numpy.ndarray
        (N, 2): y and x in micrometres.
    pixels : int
        Side of the grid.
    pixel_um : float
        Side of a grid pixel in micrometres; pixel 0 covers 0..pixel_um.
    weights : numpy.ndarray, optional
        (N,): fluorophores that each point stands for; 1 each if not given.

    Returns
    -------
    numpy.ndarray
        (pixels, pixels) float64; what lies outside is not counted.
    """
    grid = np.zeros((pixels, pixels))
    position = points_um / pixel_um - 0.5  # pixel centres at whole numbers
    corner = np.floor(position).astype(int)
    fraction = position - corner
    for dy in (0, 1):
        for dx in (0, 1):
            y, x = corner[:, 0] + dy, corner[:, 1] + dx
            share = np.abs(1 - dy - fraction[:, 0]) * np.abs(1 - dx - fraction[:, 1])
            inside = (y >= 0) & (y < pixels) & (x >= 0) & (x < pixels)
            np.add.at(grid, (y[inside], x[inside]), share[inside] if weights is None else (share * weights)[inside])
    return grid


def otf(pixels: int, pixel_um: float, cutoff_per_um: float) -> np.ndarray:
    """Incoherent transfer function of a circular pupil.

    ``2 / pi (arccos(r) - r sqrt(1 - r^2))`` with r the frequency over the cut-off, 0 beyond (Goodman, Introduction to
    Fourier Optics, section 6.3).

    Parameters
    ----------
    pixels : int
        Side of the image.
    pixel_um : float
        Side of its pixels in micrometres.
    cutoff_per_um : float
        2 NA / wavelength for a widefield microscope, in 1 / micrometre.

    Returns
    -------
    numpy.ndarray
        (pixels, pixels // 2 + 1) float64, laid out as ``numpy.fft.rfft2`` has it; 1 at zero frequency.
    """
    return diffraction_limited(_frequency(pixels, pixel_um) / cutoff_per_um)


def diffraction_limited(r: np.ndarray) -> np.ndarray:
    """The `otf` at frequencies `r`, as shares of the cut-off."""
    r = np.minimum(r, 1)
    return 2 / np.pi * (np.arccos(r) - r * np.sqrt(1 - r**2))


def wiener(pixels: int, pixel_um: float, cutoff_per_um: float) -> np.ndarray:
    """Transfer function of an image that was reconstructed from structured illumination.

    ``cos(pi r / 2)`` with r the frequency over the cut-off, 0 beyond: a Wiener filter undoes the fall of the OTF, and
    an apodisation keeps it from ringing at the edge of the support (Gustafsson et al. 2008, doi
    10.1529/biophysj.107.120345). The lowest frequencies, where out-of-focus light is, are attenuated (Wicker et al.
    2013, doi 10.1364/OE.21.002032), which leaves dark rims around bright structures. Parameters and layout as for
    `otf`.
    """
    frequency = _frequency(pixels, pixel_um)
    attenuation = 1 - ATTENUATION * np.exp(-((frequency / ATTENUATED_PER_UM) ** 2) / 2)
    return np.cos(np.pi / 2 * np.minimum(frequency / cutoff_per_um, 1)) * attenuation


def image(fluorophores: np.ndarray, pixel_um: float, cutoff_per_um: float, transfer=otf) -> np.ndarray:
    """Optical image of a grid of fluorophores, (Y, X); the grid wraps around, so give it a margin.

    With `otf` the sum is unchanged and nothing is negative but for rounding; with `wiener` dark rims are.
    """
    pixels = fluorophores.shape[0]
    return np.fft.irfft2(np.fft.rfft2(fluorophores) * transfer(pixels, pixel_um, cutoff_per_um), fluorophores.shape)


TRANSFERS = {"otf": otf, "wiener": wiener, "sim": wiener}


def artefacts(
    image: np.ndarray, pixel_um: float, cutoff_per_um: float, strength: float, rng: np.random.Generator
) -> np.ndarray:
    """Add what a reconstruction from few photons and imperfect patterns has.

    Stripes, where the modulation of the illumination is misjudged: a copy of the image, modulated by the pattern, in
    each of three directions. Honeycomb, where noise is amplified: white noise through the band between the pattern's
    frequency and the cut-off (Demmerle et al. 2017, doi 10.1038/nprot.2017.019).

    Parameters
    ----------
    image : numpy.ndarray
        (N, N): the reconstruction without artefacts.
    pixel_um : float
        Side of its pixels in micrometres.
    cutoff_per_um : float
        Of the reconstruction.
    strength : float
        Standard deviation of the honeycomb, and largest amplitude of the stripes, as a share of the 99.9th percentile.
    rng : numpy.random.Generator
        Directions, phases and noise.
    """
    pixels, top = image.shape[0], np.percentile(image, 99.9)
    places = np.indices(image.shape) * pixel_um
    frequency = PATTERN_SHARE * cutoff_per_um
    stripes, first = np.zeros_like(image), rng.uniform(0, np.pi)
    for angle in first + np.arange(ORIENTATIONS) * np.pi / ORIENTATIONS:
        phase = 2 * np.pi * (frequency * (np.sin(angle) * places[0] + np.cos(angle) * places[1]) + rng.uniform())
        stripes += rng.uniform(0, strength) * image * np.cos(phase)
    # noise divided by the transfer of what it came with is strongest where two copies of the spectrum meet
    distance = _frequency(pixels, pixel_um) / cutoff_per_um
    band = np.exp(-(((distance - PATTERN_SHARE - 0.1) / 0.15) ** 2) / 2) * (distance < 1)
    noise = np.fft.irfft2(np.fft.rfft2(rng.normal(0, 1, image.shape)) * band, image.shape)
    return image + stripes + noise / noise.std() * strength * top


def _frequency(pixels: int, pixel_um: float) -> np.ndarray:
    """Distance from zero frequency in 1 / micrometre, laid out as ``numpy.fft.rfft2`` has it."""
    return np.hypot(np.fft.fftfreq(pixels, pixel_um)[:, None], np.fft.rfftfreq(pixels, pixel_um)[None, :])


def bin_sum(grid: np.ndarray, factor: int) -> np.ndarray:
    """Sum blocks of `factor` x `factor`: what a larger pixel collects."""
    height, width = (size // factor for size in grid.shape)
    return grid.reshape(height, factor, width, factor).sum(axis=(1, 3))
