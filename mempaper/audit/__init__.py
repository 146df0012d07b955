"""Did *your* generator copy its training images? Every test with its controls, on your images."""

from .demonstration import demo
from .inspecting import audit
from .loading import load_generator
from .report import Report, prepare

__all__ = ["Report", "audit", "demo", "load_generator", "prepare"]
