"""Makes `import torchvision` work beside a CPU-only torch: import it from here.

The torchvision wheel of the Python Package Index is compiled against a CUDA torch. Beside a CPU
build its compiled operators do not load, and the import stops at the first fake kernel that is
registered for one of them. Its datasets, transforms and models are plain Python, which needs the
operators' signatures and nothing more.
"""

import importlib.util
from pathlib import Path

import torch

__all__ = ["torchvision"]

_SIGNATURES = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


def _declare_missing_operators() -> torch.library.Library | None:
    package = importlib.util.find_spec("torchvision")
    for compiled in Path(package.origin).parent.glob("_C*"):
        try:
            torch.ops.load_library(str(compiled))
            return None
        except OSError:
            continue
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name, signature in _SIGNATURES.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(name + signature)
    return library


# The declarations live as long as this reference does.
_declared = _declare_missing_operators()

import torchvision  # noqa: E402
