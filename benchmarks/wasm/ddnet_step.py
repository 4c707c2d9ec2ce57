"""
Times DDNet's training step (batch norm, Adam) in PyTorch, channels last. Each line on standard input is a number of steps;
the answer is their milliseconds on the clock and of all processors, as JSON.

    python ddnet_step.py BATCH THREADS [DEVICE]
"""

import json
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "pytorch"))
from ddnet import DDNet  # noqa: E402

batch, threads = int(sys.argv[1]), int(sys.argv[2])
device = torch.device(sys.argv[3] if len(sys.argv) > 3 else "cpu")
torch.set_num_threads(threads)
torch.manual_seed(42)
model = DDNet().to(device, memory_format=torch.channels_last)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
images = torch.randn(batch, 3, 32, 32).contiguous(memory_format=torch.channels_last).to(device)
labels = (torch.arange(batch) % 10).to(device)


def step() -> tuple[float, float]:
    start, processor = time.perf_counter(), time.process_time()
    optimizer.zero_grad(set_to_none=True)
    loss = torch.nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    loss.item()  # waits for the device, which works in order
    return (time.perf_counter() - start) * 1000, (time.process_time() - processor) * 1000


name = f"{threads} thread(s)" if device.type == "cpu" else str(device)
print(json.dumps({"device": f"PyTorch {torch.__version__}, {name}"}), flush=True)
for line in sys.stdin:
    print(json.dumps([step() for _ in range(int(line))]), flush=True)
