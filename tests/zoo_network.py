"""A U-Net of the layers that networks of the BioImage Model Zoo are made of; in a file, since scripting reads it."""

import torch
from torch import nn
from torch.nn import functional

NORMS = {
    "batch": nn.BatchNorm2d,
    "instance": lambda channels: nn.InstanceNorm2d(channels, affine=True),
    "group": lambda channels: nn.GroupNorm(1, channels),
}


class Block(nn.Module):
    def __init__(self, channels, features, norm):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, features, 3, padding=1),
            NORMS[norm](features),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Dropout2d(0.1),
            nn.Conv2d(features, features, 3, padding=1, bias=False),
            NORMS[norm](features),
            nn.PReLU(),
        )

    def forward(self, x):
        return self.layers(x)


class UNet(nn.Module):
    def __init__(self, norm, up):
        super().__init__()
        self.down = nn.ModuleList([Block(1, 4, norm), Block(4, 8, norm)])
        self.pool, self.average = nn.MaxPool2d(2), nn.AvgPool2d(2)
        bilinear = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        transposed = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.up = transposed if up == "transposed" else nn.Sequential(bilinear, nn.Conv2d(8, 4, 1))
        self.last = Block(8, 4, norm)
        self.attention = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 4, 1), nn.ReLU(), nn.Sigmoid())
        self.out, self.shuffle, self.softmax = nn.Conv2d(4, 4, 1), nn.PixelShuffle(2), nn.Softmax(dim=1)

    def forward(self, x):
        height, width = x.shape[-2:]
        if height % 2 or width % 2:
            x = functional.pad(x, [0, -height % 2, 0, -width % 2], mode="reflect")
        skips = []
        for block in self.down:
            x = block(x)
            skips.append(x)
            x = self.pool(x)
        x = self.last(torch.cat([self.up(skips[1]), skips[0]], 1))
        x = x * self.attention(x)
        x = functional.gelu(x) + functional.interpolate(self.average(x), scale_factor=2.0, mode="nearest")
        return self.softmax(self.shuffle(self.out(x)))[..., :height, :width].clamp(0, 1)
