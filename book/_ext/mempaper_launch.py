"""Where else a page runs: on Binder and Colab, and as a download that finds its package."""

import json
import re
from pathlib import Path

__all__ = ["links", "with_setup"]

PAGES_BRANCH = "gh-pages"
"""The branch of the repository that holds the rendered book, and so what Colab opens."""

_REPOSITORY = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+?)/?")
_SETUP = """\
# Where the package is missing, as on Colab, it is installed from its repository.
import importlib.util

if importlib.util.find_spec("mempaper") is None:
    !git clone --quiet --depth 1 {url} checkout
    %pip install --quiet ./checkout
    %cd checkout"""


def links(name: str, repository: str) -> dict[str, str]:
    """Returns text -> address of the services that open the notebook; none without repository.

    repository  https://github.com/OWNER/NAME, or empty

    Raises
        ValueError  another address
    """
    if not repository:
        return {}
    found = _REPOSITORY.fullmatch(repository)
    if not found:
        raise ValueError(
            f"mempaper_repository in _config.yml is https://github.com/OWNER/NAME or empty; "
            f"got {repository!r}"
        )
    at = found[1]
    return {
        "Open on Binder": (
            f"https://mybinder.org/v2/gh/{at}/HEAD?urlpath=lab/tree/notebooks/{name}.py"
        ),
        "Open in Colab": (
            f"https://colab.research.google.com/github/{at}/blob/{PAGES_BRANCH}"
            f"/executed/{name}.ipynb"
        ),
    }


def with_setup(executed: Path, repository: str) -> str:
    """Returns the executed copy, with a repository a first cell that installs what is missing."""
    text = executed.read_text(encoding="utf-8")
    if not repository:
        return text
    copy = json.loads(text)
    setup = {
        "cell_type": "code",
        "execution_count": None,
        "id": "setup",
        "metadata": {},
        "outputs": [],
        "source": _SETUP.format(url=repository).splitlines(keepends=True),
    }
    copy["cells"].insert(0, setup)
    return json.dumps(copy, indent=1, ensure_ascii=False) + "\n"
