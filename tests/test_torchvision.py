import subprocess
import sys


def python(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_torchvision_is_imported_without_a_warning():
    code = """
from mempaper._torchvision import torchvision
import torchvision as plain
assert plain is torchvision
assert issubclass(torchvision.datasets.MNIST, torchvision.datasets.vision.VisionDataset)
from torchvision import models, transforms
print(transforms.CenterCrop(2)(__import__("torch").zeros(1, 4, 4)).shape)
"""
    assert python(code) == "torch.Size([1, 2, 2])"


def test_nothing_else_imports_torchvision_nor_mempaper_alone_torch():
    code = """
import sys
import mempaper
assert "torch" not in sys.modules
import mempaper.cli, mempaper.experiments, mempaper.images
mempaper.images.load("digits")
assert "torch" in sys.modules
assert "torchvision" not in sys.modules
"""
    python(code)
