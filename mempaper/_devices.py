"""The device that a caller asks for."""

import torch

from .errors import InputError

__all__ = ["device_named"]


def device_named(device: torch.device | str) -> torch.device:
    """Returns the device, on which something can be computed now.

    Raises
        InputError  torch knows no such device, or this machine has none

    >>> device_named("cpu")
    device(type='cpu')
    """
    try:
        torch.zeros(1, device=device).item()
    except (AssertionError, NotImplementedError, RuntimeError, TypeError) as error:
        said = str(error).splitlines()[0] or type(error).__name__
        raise InputError(
            "device", "be one on which torch computes here", repr(str(device)), f"{said}. Use cpu."
        ) from error
    return torch.device(device)
