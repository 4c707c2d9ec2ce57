"""
Times a network's training step (Adam) in PyTorch, images channels last. Each line on standard input is a number of steps; the answer
is their milliseconds on the clock and of all processors, as JSON. To `profile N` it is the milliseconds of each operator in a step.

    python model_step.py MODEL BATCH THREADS
"""

import json
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch.profiler import ProfilerActivity, profile

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "fixtures" / "networks"))
from gpt import GPT  # noqa: E402
from resnet import ResNet  # noqa: E402
from unet import UNet  # noqa: E402

name, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(42)

if name == "gpt":
    model = GPT(vocabulary=256, context=128, width=256, heads=8, layers=6, dropout=0.0)
    inputs = torch.randint(256, (batch, 128))
    targets = torch.randint(256, (batch, 128))
else:
    channels_last = {"memory_format": torch.channels_last}
    model = (ResNet(18) if name == "resnet18" else UNet(3, 4, (32, 64, 128, 256))).to(**channels_last)
    inputs = torch.randn(batch, 3, 64, 64).contiguous(**channels_last)
    targets = torch.randint(1000, (batch,)) if name == "resnet18" else torch.randint(4, (batch, 64, 64))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)


def step() -> tuple[float, float]:
    start, processor = time.perf_counter(), time.process_time()
    optimizer.zero_grad(set_to_none=True)
    logits = model(inputs)
    loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten()) if name == "gpt" else F.cross_entropy(logits, targets)
    loss.backward()
    optimizer.step()
    loss.item()
    return (time.perf_counter() - start) * 1000, (time.process_time() - processor) * 1000


def profiled(count: int) -> list[tuple[str, float, float]]:
    with profile(activities=[ProfilerActivity.CPU]) as found:
        for _ in range(count):
            step()
    rows = [(row.key, row.self_cpu_time_total / 1000 / count, row.count / count) for row in found.key_averages()]
    return sorted(rows, key=lambda row: -row[1])


print(json.dumps({"device": f"PyTorch {torch.__version__}, {threads} thread(s)"}), flush=True)
for line in sys.stdin:
    words = line.split()
    print(json.dumps(profiled(int(words[1])) if words[0] == "profile" else [step() for _ in range(int(line))]), flush=True)
