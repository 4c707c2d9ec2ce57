"""The U-Net of docs/recipes/segmentation.md in PyTorch, on the same files with the same schedule.

python scripts/recipes/segmentation.py train FOLDER --seed 1 --epochs 12 --rate 0.008
python scripts/recipes/segmentation.py follow FOLDER init.safetensors --steps 200 --rate 0.01    # from these weights, in the order of the files
python scripts/recipes/segmentation.py check FOLDER model.safetensors --channels 8,16,32    # weights of `ddnet train`, measured here

FOLDER has train/images, train/masks, test/images and test/masks. Prints a line of JSON.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn


class DoubleConv(nn.Module):
    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, x):
        return self.body(x)


class Up(nn.Module):
    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2)
        self.conv = DoubleConv(2 * out_channels, out_channels)

    def forward(self, x, skip):
        return self.conv(torch.cat([skip, self.up(x)], 1))


class UNet(nn.Module):
    """With the names of @ddnet/models' UNet, so that each loads the other's weights."""

    def __init__(self, classes: int, channels: list[int]):
        super().__init__()
        self.down = nn.ModuleList(DoubleConv(a, b) for a, b in zip([3, *channels], channels))
        self.up = nn.ModuleList(reversed([Up(b, a) for a, b in zip(channels, channels[1:])]))
        self.head = nn.Conv2d(channels[0], classes, 1)

    def forward(self, x):
        skips = []
        for stage in self.down:
            x = stage(F.max_pool2d(x, 2) if skips else x)
            skips.append(x)
        x = skips.pop()
        for stage in self.up:
            x = stage(x, skips.pop())
        return self.head(x)


def read(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    names = sorted(path.name for path in (folder / "images").iterdir())
    images = np.stack([np.asarray(Image.open(folder / "images" / name).convert("RGB")) for name in names])
    masks = np.stack([np.asarray(Image.open(folder / "masks" / name)) for name in names])
    prepared = (torch.from_numpy(images).float() / 255 - 0.4734) / 0.2516
    return prepared.permute(0, 3, 1, 2).contiguous(), torch.from_numpy(masks).long()


def dice_loss(logits: torch.Tensor, labels: torch.Tensor, smooth: float = 1e-5) -> torch.Tensor:
    found = logits.softmax(1)
    truth = F.one_hot(labels, logits.shape[1]).permute(0, 3, 1, 2).float()
    both, total = (found * truth).sum((2, 3)), found.sum((2, 3)) + truth.sum((2, 3))
    return (1 - (2 * both + smooth) / (total + smooth)).mean()


@torch.no_grad()
def measure(model: nn.Module, images: torch.Tensor, masks: torch.Tensor, classes: int) -> dict:
    model.eval()
    found = torch.cat([model(batch).argmax(1) for batch in images.split(100)])
    counts = torch.bincount((masks * classes + found).flatten(), minlength=classes**2).reshape(classes, classes).double()
    hits, union = counts.diag(), counts.sum(0) + counts.sum(1) - counts.diag()
    ious = [float(hit / all) for hit, all in zip(hits, union) if all > 0]
    return {"meanIou": sum(ious) / len(ious), "accuracy": float(hits.sum() / counts.sum())}


def train(args: argparse.Namespace, classes: int) -> dict:
    torch.manual_seed(args.seed)
    model = UNet(classes, args.channels)
    images, masks = read(args.folder / "train")
    steps = args.epochs * -(-len(images) // args.batch)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=args.rate, total_steps=steps, cycle_momentum=False
    )
    for _ in range(args.epochs):
        for some in torch.randperm(len(images)).split(args.batch):
            logits = model(images[some])
            loss = F.cross_entropy(logits, masks[some])
            if args.dice > 0:
                loss = loss + args.dice * dice_loss(logits, masks[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return measure(model, *read(args.folder / "test"), classes)


def check(args: argparse.Namespace, classes: int) -> dict:
    model = UNet(classes, args.channels)
    model.load_state_dict(safetensors.torch.load_file(args.weights))
    return measure(model, *read(args.folder / "test"), classes)


def follow(args: argparse.Namespace, classes: int) -> dict:
    model = UNet(classes, args.channels)
    model.load_state_dict(safetensors.torch.load_file(args.weights))
    images, masks = read(args.folder / "train")
    optimizer = torch.optim.Adam(model.parameters(), lr=args.rate)
    losses = []
    while len(losses) < args.steps:
        for some in torch.arange(len(images)).split(16)[: args.steps - len(losses)]:
            logits = model(images[some])
            loss = F.cross_entropy(logits, masks[some]) + dice_loss(logits, masks[some])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return {"losses": losses}


parser = argparse.ArgumentParser()
parser.add_argument("--classes", type=int, default=11)
parser.add_argument("--channels", type=lambda text: [int(count) for count in text.split(",")], default=[8, 16, 32])
parser.add_argument("--threads", type=int, default=1)
commands = parser.add_subparsers(required=True)
trained = commands.add_parser("train")
trained.add_argument("folder", type=Path)
trained.add_argument("--seed", type=int, default=1)
trained.add_argument("--epochs", type=int, required=True)
trained.add_argument("--rate", type=float, required=True)
trained.add_argument("--batch", type=int, default=16)
trained.add_argument("--dice", type=float, default=1)
trained.set_defaults(run=train)
followed = commands.add_parser("follow")
followed.add_argument("folder", type=Path)
followed.add_argument("weights", type=Path)
followed.add_argument("--steps", type=int, required=True)
followed.add_argument("--rate", type=float, required=True)
followed.set_defaults(run=follow)
checked = commands.add_parser("check")
checked.add_argument("folder", type=Path)
checked.add_argument("weights", type=Path)
checked.set_defaults(run=check)
args = parser.parse_args()
torch.set_num_threads(args.threads)
print(json.dumps(args.run(args, args.classes)))
