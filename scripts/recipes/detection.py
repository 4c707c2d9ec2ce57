"""The CenterNet of docs/recipes/detection.md in PyTorch, on the same files with the same schedule, measured by pycocotools.

python scripts/recipes/detection.py train FOLDER --seed 1 --epochs 15 --rate 0.004
python scripts/recipes/detection.py check FOLDER model.safetensors      # weights of `ddnet train`, measured here

FOLDER has train/images, train/annotations.json, and the same of test, as `ddnet data prepare --synthetic scenes` writes them. Prints a line of JSON.
"""

import argparse
import contextlib
import io
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

sys.path.insert(0, str(Path(__file__).parents[2] / "fixtures"))
from networks.center_net import CenterNet, center_net_loss  # noqa: E402

STRIDE = 4


def radius_of(width: float, height: float, overlap: float = 0.7) -> float:
    """How far the corners of a box may move: both alike, inwards, or outwards. Law and Deng 2018, with the roots of all three equations."""
    half, area = width + height, width * height
    shifted = (half - math.sqrt(half**2 - 4 * area * (1 - overlap) / (1 + overlap))) / 2
    inwards = (half - math.sqrt(half**2 - 4 * area * (1 - overlap))) / 4
    outwards = (math.sqrt(half**2 + 4 * area * (1 / overlap - 1)) - half) / 4
    return min(shifted, inwards, outwards)


def targets_of(boxes: list[list[float]], labels: list[int], classes: int, size: int) -> tuple[torch.Tensor, ...]:
    places = size // STRIDE
    heat, sizes = torch.zeros(classes, places, places), torch.zeros(2, places, places)
    offsets, centres = torch.zeros(2, places, places), torch.zeros(1, places, places)
    rows = torch.arange(places).float()
    for (x, y, width, height), label in zip(boxes, labels):
        width, height = width / STRIDE, height / STRIDE
        middle = (x / STRIDE + width / 2, y / STRIDE + height / 2)
        column, row = int(middle[0]), int(middle[1])
        radius = int(radius_of(width, height))
        sigma = (2 * radius + 1) / 6
        bump = torch.exp(-((rows[:, None] - row) ** 2 + (rows[None, :] - column) ** 2) / (2 * sigma**2))
        near = ((rows[:, None] - row).abs() <= radius) & ((rows[None, :] - column).abs() <= radius)
        heat[label] = torch.maximum(heat[label], bump * near)
        sizes[:, row, column] = torch.tensor([width, height])
        offsets[:, row, column] = torch.tensor([middle[0] - column, middle[1] - row])
        centres[0, row, column] = 1
    return heat, sizes, offsets, centres


def read(folder: Path) -> tuple[torch.Tensor, COCO, list[int]]:
    with contextlib.redirect_stdout(io.StringIO()):
        judge = COCO(folder / "annotations.json")
    ids = sorted(judge.imgs)
    pictures = [np.asarray(Image.open(folder / "images" / judge.imgs[id]["file_name"]).convert("RGB")) for id in ids]
    prepared = (torch.from_numpy(np.stack(pictures)).float() / 255 - 0.4734) / 0.2516
    return prepared.permute(0, 3, 1, 2).contiguous(), judge, ids


@torch.no_grad()
def measure(model: CenterNet, folder: Path, classes: int) -> dict:
    images, judge, ids = read(folder)
    categories = sorted(judge.cats)
    model.eval()
    found = []
    for at, batch in zip(torch.arange(len(images)).split(50), images.split(50)):
        maps = model(batch)
        heat = maps["heatMap"].sigmoid() * (F.max_pool2d(maps["heatMap"], 3, 1, 1) == maps["heatMap"])
        scores, places = heat.flatten(1).topk(100)
        columns, area = heat.shape[3], heat.shape[2] * heat.shape[3]
        for index, some, where in zip(at, scores, places):
            picture = int(index)
            for score, place in zip(some.tolist(), where.tolist()):
                if score == 0:
                    continue
                label, cell = divmod(place, area)
                row, column = divmod(cell, columns)
                inside = picture - int(at[0])
                width, height = (STRIDE * maps["size"][inside, :, row, column]).tolist()
                right, down = maps["offset"][inside, :, row, column].tolist()
                box = [STRIDE * (column + right) - width / 2, STRIDE * (row + down) - height / 2, width, height]
                found.append({"image_id": ids[picture], "category_id": categories[label], "bbox": box, "score": score})
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(judge, judge.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {name: round(float(evaluation.stats[at]), 6) for at, name in enumerate(("AP", "AP50", "AP75"))}


def network(args: argparse.Namespace, classes: int) -> CenterNet:
    model = CenterNet(classes=classes, width=args.width, deconv=tuple(args.deconv), hidden=args.hidden)
    torch.nn.init.constant_(model.heads["heatMap"][-1].bias, -2.19)
    return model


def train(args: argparse.Namespace) -> dict:
    torch.manual_seed(args.seed)
    images, judge, ids = read(args.folder / "train")
    categories = sorted(judge.cats)
    model = network(args, len(categories))
    all = [
        targets_of([each["bbox"] for each in judge.imgToAnns[id]], [categories.index(each["category_id"]) for each in judge.imgToAnns[id]], len(categories), images.shape[2])
        for id in ids
    ]
    targets = [torch.stack(each) for each in zip(*all)]
    steps = args.epochs * -(-len(images) // args.batch)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=args.rate, total_steps=steps, cycle_momentum=False)
    for _ in range(args.epochs):
        for some in torch.randperm(len(images)).split(args.batch):
            loss = center_net_loss(model(images[some]), *(each[some] for each in targets))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return measure(model, args.folder / "test", len(categories))


def check(args: argparse.Namespace) -> dict:
    classes = len(json.loads((args.folder / "test" / "annotations.json").read_text())["categories"])
    model = network(args, classes)
    model.load_state_dict(safetensors.torch.load_file(args.weights))
    return measure(model, args.folder / "test", classes)


parser = argparse.ArgumentParser()
parser.add_argument("--width", type=int, default=16)
parser.add_argument("--deconv", type=lambda text: [int(count) for count in text.split(",")], default=[64, 64, 64])
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--threads", type=int, default=1)
commands = parser.add_subparsers(required=True)
trained = commands.add_parser("train")
trained.add_argument("folder", type=Path)
trained.add_argument("--seed", type=int, default=1)
trained.add_argument("--epochs", type=int, required=True)
trained.add_argument("--rate", type=float, required=True)
trained.add_argument("--batch", type=int, default=16)
trained.set_defaults(run=train)
checked = commands.add_parser("check")
checked.add_argument("folder", type=Path)
checked.add_argument("weights", type=Path)
checked.set_defaults(run=check)
args = parser.parse_args()
torch.set_num_threads(args.threads)
begun = time.perf_counter()
print(json.dumps({**args.run(args), "seconds": round(time.perf_counter() - begun)}))
