"""``dfcan-bmz predict``: images of any size to super-resolved images."""

from functools import partial

from dfcan_bmz.console import screen
from dfcan_bmz.prediction.files import predict_files

run = partial(predict_files, events=screen)
