import subprocess
import sys

import pytest


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


@pytest.mark.parametrize("modules", ["mempaper", "mempaper.experiments, mempaper.cli"])
def test_nothing_else_imports_torchvision(modules):
    assert python(f"import sys, {modules}; print('torchvision' in sys.modules)") == "False"


def test_mempaper_alone_does_not_import_torch():
    assert python("import sys, mempaper; print('torch' in sys.modules)") == "False"
