"""PyTorch's loader with torchvision's transforms, as a peer: each line `ROW COUNT` is answered with milliseconds."""

import json
import sys
import time
from itertools import islice

import torch
import torchvision
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets
from torchvision import transforms as T

folder, workers = sys.argv[1], int(sys.argv[2])


class Cifar(Dataset):
    """As torchvision.datasets.CIFAR10: images in memory, each through Pillow."""

    def __init__(self) -> None:
        self.images = (torch.arange(6400 * 3072) * 37 % 256).to(torch.uint8).reshape(6400, 32, 32, 3).numpy()
        self.transform = T.Compose([
            T.RandomHorizontalFlip(), T.RandomCrop(32, padding=4), T.ToTensor(),
            T.Normalize([0.4914, 0.48216, 0.44653], [0.24703, 0.24349, 0.26159]),
        ])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.images[index])), index % 10


photos = datasets.ImageFolder(folder, T.Compose([
    T.RandomResizedCrop(224), T.RandomHorizontalFlip(), T.ToTensor(),
    T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
]))


def batches(data: Dataset, size: int, count: int) -> DataLoader:
    return DataLoader(data, size, shuffle=True, num_workers=count, persistent_workers=count > 0)


rows = {
    "cifar": (batches(Cifar(), 64, 0), 64), "cifar workers": (batches(Cifar(), 64, workers), 64),
    "jpeg": (batches(photos, 32, 0), 32), "jpeg workers": (batches(photos, 32, workers), 32),
}


def endless(loader: DataLoader):
    while True:
        yield from loader


streams = {name: (endless(loader), size) for name, (loader, size) in rows.items()}
print(json.dumps({"runtime": f"torch {torch.__version__}, torchvision {torchvision.__version__}"}), flush=True)
for line in sys.stdin:
    name, count = line.rsplit(" ", 1)
    stream, size = streams[name]
    start, processor = time.perf_counter(), time.process_time()
    for _ in islice(stream, int(count) // size):
        pass
    times = {"clock": time.perf_counter() - start, "processor": time.process_time() - processor}
    print(json.dumps({kind: 1000 * seconds for kind, seconds in times.items()}), flush=True)
