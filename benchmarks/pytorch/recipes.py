"""The two training recipes. Each yields one record after another, so that a caller can print and store them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cifar10 import Split, normalize

MEAN, STD = 0.4734, 0.2516


@torch.no_grad()
def evaluate(model: nn.Module, split: Split, mean: float = MEAN, std: float = STD) -> dict[str, float]:
    """Mean loss and accuracy over the whole split, with running statistics."""
    model.eval()
    loss, correct = 0.0, 0
    for images, labels in zip(split.images.split(500), split.labels.split(500)):
        logits = model(normalize(images, mean, std).contiguous(memory_format=torch.channels_last))
        loss += F.cross_entropy(logits, labels, reduction="sum").item()
        correct += int((logits.argmax(1) == labels).sum())
    return {"testLoss": loss / len(split.labels), "testAccuracy": correct / len(split.labels)}


def flip(images: Tensor, random: torch.Generator) -> Tensor:
    """Each image mirrored left to right with probability one half."""
    mirrored = torch.rand(len(images), generator=random) < 0.5
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


def train(
    model: nn.Module, train: Split, test: Split, epochs: int, batch_size: int, seed: int,
    peak: float = 4e-3, steps: int | None = None,
) -> Iterator[dict[str, Any]]:
    """
    The reference recipe: Adam (betas .9 and .999, eps 1e-8, no decay), cross-entropy, shuffled every epoch, horizontal
    flips, images normalised with one mean .4734 and std .2516, the last batch of an epoch as small as it comes.

    The rate is torch's OneCycleLR over all T = epochs · ceil(50000 / batch_size) updates, with its defaults except that
    Adam's beta1 stays. Update i = 0 … T − 1 uses, with rise = .3·T − 1 and blend(a, b, p) = b + (a − b)(1 + cos πp) / 2,

        i ≤ rise:  blend(peak / 25, peak, i / rise)
        i > rise:  blend(peak, peak / 25 / 10⁴, (i − rise) / (T − 1 − rise))

    Yields a record an epoch. `steps` ends the run early, for a trial.
    """
    model.to(memory_format=torch.channels_last)
    random = torch.Generator().manual_seed(seed)
    total = epochs * math.ceil(len(train.labels) / batch_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=peak)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=peak, total_steps=total, cycle_momentum=False)
    done = 0
    for epoch in range(1, epochs + 1):
        start, loss_sum, seen = time.perf_counter(), 0.0, 0
        model.train()
        for indices in torch.randperm(len(train.labels), generator=random).split(batch_size):
            images = normalize(flip(train.images[indices], random), MEAN, STD)
            logits = model(images.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits, train.labels[indices])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            done += 1
            if done < total:
                schedule.step()
            loss_sum += loss.item() * len(indices)
            seen += len(indices)
            if done == steps:
                break
        seconds = time.perf_counter() - start
        yield {"epoch": epoch, "steps": done, "trainLoss": loss_sum / seen, **evaluate(model, test), "trainSeconds": seconds}
        if done == steps:
            return


def seed_epoch(
    model: nn.Module, train: Split, batch_size: int = 128, learning_rate: float = 1e-3, seed: int = 0, steps: int | None = None
) -> Iterator[dict[str, Any]]:
    """
    One epoch of the article's recipe on 32-pixel images: Adam 1e-3, batch 128, (x / 255 − .5) / .5, no augmentation.

    Yields a record every 100 updates and one at the end: the mean loss since the last record, and the seconds so far.
    """
    model.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    order = torch.randperm(len(train.labels), generator=torch.Generator().manual_seed(seed)).split(batch_size)[:steps]
    start, losses = time.perf_counter(), []
    for step, indices in enumerate(order, 1):
        images = normalize(train.images[indices], 0.5, 0.5).contiguous(memory_format=torch.channels_last)
        loss = F.cross_entropy(model(images), train.labels[indices])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if step % 100 == 0 or step == len(order):
            yield {"step": step, "trainLoss": sum(losses) / len(losses), "seconds": time.perf_counter() - start}
            losses = []
