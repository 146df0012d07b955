import os
from contextlib import contextmanager

import pytest
import torch

# The tensors of the tests are too small to be worth a second thread.
torch.set_num_threads(1)

NOBODY = 65534


@pytest.fixture
def closed(tmp_path):
    """Returns a context in which folders below tmp_path have no permissions, for root neither."""

    @contextmanager
    def close(*folders):
        parents = [tmp_path, tmp_path.parent, tmp_path.parent.parent]  # pytest's own, 0o700
        before = {path: path.stat().st_mode for path in (*folders, *parents)}
        root = os.geteuid() == 0
        try:
            if root:
                for path in parents:
                    path.chmod(0o755)
            for path in folders:
                path.chmod(0)
            if root:
                os.seteuid(NOBODY)
            yield
        finally:
            if root:
                os.seteuid(0)
            for path, mode in before.items():
                path.chmod(mode)

    return close
