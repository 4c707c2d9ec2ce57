"""What `pnpm recipe generation` trains, by PyTorch: the same networks from the same initial weights, on the same images, with the same optimizer.

Usage: generation.py FOLDER NAME SETTINGS; FOLDER has data.safetensors and NAME/initial.safetensors. Writes NAME/pytorch.{json,safetensors}.
"""

import json
import math
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[2] / "fixtures"))
from networks.dcgan import discriminator_loss, generator_loss  # noqa: E402
from networks.diffusion_unet import DiffusionUNet, add_noise, ddim  # noqa: E402
from networks.vae import VAE, negative_elbo  # noqa: E402

torch.manual_seed(1)
folder, name, settings = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
data = load_file(folder / "data.safetensors")
initial = load_file(folder / name / "initial.safetensors")
resizes = settings.get("model.upsampling") == "resize"
steps, batch_size = settings["steps"], settings["batchSize"]


def images_of(part: str) -> Tensor:
    """Of 0 … 1, `[count, 1, size, size]`."""
    images = data[part].float()[:, None] / 255
    size = settings.get("data.size", 28)
    return images if size == 28 else F.interpolate(images, size=size, mode="bilinear", antialias=True)


def doubling(in_channels: int, out_channels: int) -> list[nn.Module]:
    if resizes:
        return [nn.Upsample(scale_factor=2), nn.Conv2d(in_channels, out_channels, 3, 1, 1, bias=False)]
    return [nn.ConvTranspose2d(in_channels, out_channels, 4, 2, 1, bias=False)]


class DCGAN(nn.Module):
    """For images of 28 × 28, which begin as 7 × 7."""

    def __init__(self, width: int, latent: int = 100) -> None:
        super().__init__()
        self.generator = nn.Module()
        self.generator.main = nn.Sequential(
            nn.ConvTranspose2d(latent, 2 * width, 7, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            *doubling(2 * width, width),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            *doubling(width, 1),
            nn.Tanh(),
        )
        self.discriminator = nn.Module()
        self.discriminator.main = nn.Sequential(
            nn.Conv2d(1, width, 4, 2, 1, bias=False),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 7, bias=False),
        )


def batches(images: Tensor):
    while True:
        for chosen in torch.randperm(len(images)).split(batch_size):
            yield images[chosen]


def train_vae() -> tuple[dict, Tensor]:
    model = VAE(1, 28, (32, 64), 32)
    if resizes:
        for block in (model.decoder[3], model.decoder[4]):
            old = block.deconv
            last = old.bias is not None
            block.deconv = nn.Conv2d(old.in_channels, old.out_channels, 3, 1, 1, bias=last)
            block.forward = lambda x, block=block: (lambda y: y if block.norm is None else F.relu(block.norm(y)))(
                block.deconv(F.interpolate(x, scale_factor=2.0))
            )
    model.load_state_dict(initial)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _, images in zip(range(steps), batches(images_of("train"))):
        mean, log_variance = model.encode(images)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        optimizer.zero_grad()
        negative_elbo(model.decoder(z), images, mean, log_variance).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        total = 0.0
        test = images_of("test")
        for images in test.split(500):
            mean, log_variance = model.encode(images)
            z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
            total += negative_elbo(model.decoder(z), images, mean, log_variance).item() * len(images)
        elbo = -total / len(test)
        return {"elbo": elbo, "bitsPerDimension": -elbo / (784 * math.log(2))}, torch.sigmoid(model.decoder(torch.randn(1000, 32)))


def train_dcgan() -> tuple[dict, Tensor]:
    model = DCGAN(settings["model.width"])
    model.load_state_dict(initial)
    generator, discriminator = model.generator.main, lambda x: model.discriminator.main(x).flatten()
    of_generator = torch.optim.Adam(model.generator.parameters(), 2e-4, (0.5, 0.999))
    of_discriminator = torch.optim.Adam(model.discriminator.parameters(), 2e-4, (0.5, 0.999))
    for _, images in zip(range(steps), batches(images_of("train") * 2 - 1)):
        of_discriminator.zero_grad()
        fake = generator(torch.randn(len(images), 100, 1, 1)).detach()
        discriminator_loss(discriminator, images, fake).backward()
        of_discriminator.step()
        of_generator.zero_grad()
        generator_loss(discriminator, generator(torch.randn(len(images), 100, 1, 1))).backward()
        of_generator.step()
    model.eval()
    with torch.no_grad():
        made = generator(torch.randn(1000, 100, 1, 1))
        real = images_of("test") * 2 - 1
        small = lambda x: F.avg_pool2d(x, 7).flatten(1).double()  # noqa: E731
        fakes = torch.cat([generator(torch.randn(1000, 100, 1, 1)) for _ in range(10)])
        told = ((discriminator(real) > 0).float().mean() + (discriminator(fakes) < 0).float().mean()) / 2
        return {"gridDistance": frechet(small(real), small(fakes)), "told": told.item()}, (made + 1) / 2


def frechet(a: Tensor, b: Tensor) -> float:
    covariances = [torch.cov(x.T) for x in (a, b)]
    values, vectors = torch.linalg.eigh(covariances[0])
    root = vectors @ torch.diag(values.clamp(min=0).sqrt()) @ vectors.T
    roots = torch.linalg.eigvalsh(root @ covariances[1] @ root).clamp(min=0).sqrt().sum()
    return ((a.mean(0) - b.mean(0)).square().sum() + covariances[0].trace() + covariances[1].trace() - 2 * roots).item()


def train_diffusion() -> tuple[dict, Tensor]:
    channels, multipliers = settings["model.channels"], tuple(settings["model.multipliers"])
    model = DiffusionUNet(in_channels=1, channels=channels, multipliers=multipliers, blocks=1, attention=1, groups=8)
    model.load_state_dict(initial)
    optimizer = torch.optim.Adam(model.parameters(), 5e-4)

    def loss(images: Tensor) -> Tensor:
        times, noise = torch.randint(0, 1000, (len(images),)), torch.randn_like(images)
        return F.mse_loss(model(add_noise(images, noise, times), times), noise)

    for _, images in zip(range(steps), batches(images_of("train") * 2 - 1)):
        optimizer.zero_grad()
        loss(images).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        test = images_of("test") * 2 - 1
        total = sum(loss(images).item() * len(images) for images in test.split(500)) / len(test)
        made = ddim(model, torch.randn(200, 1, 16, 16), 50)
        return {"loss": total}, ((made + 1) / 2).clamp(0, 1)


begun = time.time()
figures, made = {"vae": train_vae, "gan": train_dcgan, "diffusion": train_diffusion}[settings["task"]]()
figures |= {"seconds": round(time.time() - begun), "torch": torch.__version__}
(folder / name / "pytorch.json").write_text(json.dumps(figures))
save_file({"images": made[:, 0].contiguous()}, folder / name / "pytorch.safetensors")
