"""The losses in words, for records and cards, which no framework is needed to read."""

from dfcan_bmz.config import TrainConfig

CHARBONNIER_EPS = 1e-3  # of the intensity range: errors below it count by their squares


def describe_loss(config: TrainConfig) -> str:
    """The loss in words, e.g. ``MSE + 0.1 (1 - SSIM)``."""
    words = {
        "dfcan": f"MSE + {config.ssim_weight:g} (1 - SSIM)",
        "dfcan-published": f"MSE + {config.ssim_weight:g} (1 - SSIM), each image scaled to its extremes in the batch",
        "charbonnier": f"Charbonnier (eps {CHARBONNIER_EPS:g})",
        "fourier": "MAE + mean magnitude of the difference's Fourier transform",
    }
    opposed = f" + {config.adversarial:g} of a discriminator's cross-entropy" if config.adversarial else ""
    return words.get(config.loss, config.loss.upper()) + opposed
