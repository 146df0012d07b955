import os
from contextlib import ExitStack, contextmanager

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


@pytest.fixture(scope="session")
def browser():
    """Returns a headless Chromium."""
    from mempaper import pdf

    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with ExitStack() as stack:
        session = stack.enter_context(playwright.sync_playwright())
        try:
            launched = session.chromium.launch(
                executable_path=pdf.find_browser(),
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            )
        except playwright.Error:
            pytest.skip("no Chromium: install one, or run `playwright install chromium`")
        yield launched
        launched.close()
