"""
The networks in PyTorch: the authority on their names, shapes and arithmetic.

A command line too; README.md beside this file shows it:

    python ddnet.py train      --data FOLDER --json OUT     the reference recipe on CIFAR-10
    python ddnet.py seed-epoch --data FOLDER --json OUT     one 32-pixel epoch of the article's network
    python ddnet.py check CHECKPOINT --images X --out Y     logits of a checkpoint, to compare with another implementation
"""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

Normalization = Literal["batch", "none"]


def parameter_count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


class EncoderStage(nn.Module):
    """Convolution, normalization, ReLU: the size stays. A convolution has a bias only where no norm follows."""

    def __init__(self, in_channels: int, out_channels: int, normalization: Normalization) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=normalization == "none")
        self.norm = nn.BatchNorm2d(out_channels) if normalization == "batch" else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))


class DecoderStage(nn.Module):
    """Transposed convolution, normalization, ReLU: the size doubles."""

    def __init__(self, in_channels: int, out_channels: int, normalization: Normalization) -> None:
        super().__init__()
        self.deconv = nn.ConvTranspose2d(
            in_channels, out_channels, 3, stride=2, padding=1, output_padding=1, bias=normalization == "none"
        )
        self.norm = nn.BatchNorm2d(out_channels) if normalization == "batch" else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.deconv(x)))


class DDNet(nn.Module):
    """
    Encoder, decoder back to the input's size, classifier on the decoder's average.

    [batch, 3, height, width] → logits [batch, classes]; height and width divide by 8.
    Parameters and buffers: encoder.i.conv, encoder.i.norm, decoder.i.deconv, decoder.i.norm, heads.class.
    """

    def __init__(self, normalization: Normalization = "batch", classes: int = 10) -> None:
        super().__init__()
        down, up = [3, 32, 64, 128], [128, 64, 32, 32]
        self.encoder = nn.ModuleList(EncoderStage(*pair, normalization) for pair in zip(down, down[1:]))
        self.decoder = nn.ModuleList(DecoderStage(*pair, normalization) for pair in zip(up, up[1:]))
        self.heads = nn.ModuleDict({"class": nn.Linear(up[-1], classes)})
        if classes == 10:
            assert parameter_count(self) == {"batch": 195_434, "none": 195_082}[normalization]

    def forward(self, images: Tensor) -> Tensor:
        x = images  # [batch, 3, height, width]
        for stage in self.encoder:
            x = F.max_pool2d(stage(x), 2)
        for stage in self.decoder:
            x = stage(x)  # back to [batch, 32, height, width]
        return self.heads["class"](x.mean((2, 3)))


class SeedEncoderStage(nn.Module):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv(x))


class SeedDecoderStage(nn.Module):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.deconv = nn.ConvTranspose2d(in_channels, out_channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.deconv(x)


class SeedDDNet(nn.Module):
    """
    The article's network with the smallest repair that lets it classify: a global average and a linear layer.

    [batch, 3, height, width] → logits [batch, classes]. There is no pooling and no output padding, so a 32 × 32 image
    becomes 249 × 249 × 3 before the average. ReLU follows all but the last transposed convolution, whose result is an image.
    Parameters: encoder.i.conv, decoder.i.deconv, heads.class.
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        down, up = [3, 32, 64, 128], [128, 64, 32, 3]
        self.encoder = nn.ModuleList(SeedEncoderStage(*pair) for pair in zip(down, down[1:]))
        self.decoder = nn.ModuleList(SeedDecoderStage(*pair) for pair in zip(up, up[1:]))
        self.heads = nn.ModuleDict({"class": nn.Linear(up[-1], classes)})

    def features(self, images: Tensor) -> Tensor:
        """[batch, 3, 8·height − 7, 8·width − 7]"""
        x = images
        for stage in self.encoder:
            x = stage(x)  # [batch, 128, height, width]
        for stage in self.decoder[:-1]:
            x = F.relu(stage(x))
        return self.decoder[-1](x)

    def forward(self, images: Tensor) -> Tensor:
        return self.heads["class"](self.features(images).mean((2, 3)))


if __name__ == "__main__":
    from command_line import main

    main({"DDNet": DDNet, "SeedDDNet": SeedDDNet})
