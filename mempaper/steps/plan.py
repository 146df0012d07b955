"""What has to be done for the book of a profile, for Snakemake to order.

A step or page is done where its file is there. The name of the file changes with parameters, code,
sources and results, so clocks and times of change play no part.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import write_atomic
from ..notebooks import catalogue, execution
from ..runs.identity import content_id

if TYPE_CHECKING:
    from .step import Step

__all__ = ["Page", "Plan"]


@dataclass(frozen=True)
class Page:
    """A page of the book under a profile's parameters.

    marker   the file that is there where its executed copy is up to date
    seconds  that it takes, with all that it trains, as the profile says; None where it does not
    """

    name: str
    values: Mapping[str, Any]
    marker: Path
    seconds: float | None


class Plan:
    """The pages of one profile's book, and the steps that those to be executed need.

    Raises InputError where the profile is unknown or has illegal parameters.
    """

    def __init__(
        self,
        profile: str = "laptop",
        *,
        root: Path | None = None,
        apart: bool = False,  # each page is a job, and each training and part of a long recovery
        share: int | None = None,  # images that one job recovers at most; None: step.SHARE
        recorded: Sequence[str] = (),  # notebooks whose tables are to be recorded
    ):
        self.root = root or catalogue.find_root()
        self.profile, self.apart, self.share = profile, apart, share
        self.folder = self.root / "_build"
        self._recorded = recorded

    @cached_property
    def pages(self) -> dict[str, Page]:
        """Returns all pages, in the order of the book, by name."""
        expected = catalogue.load_profile(self.profile, self.root).seconds
        pages = {}
        for notebook in catalogue.chapters(self.root):
            values = catalogue.effective(notebook.name, profile=self.profile, root=self.root)
            marker = execution.marker(notebook, self.profile, values)
            pages[notebook.name] = Page(notebook.name, values, marker, expected.get(notebook.name))
        return pages

    @cached_property
    def stale(self) -> list[Page]:
        """Returns the pages to be executed."""
        return [page for page in self.pages.values() if not page.marker.exists()]

    @cached_property
    def recordings(self) -> dict[str, Page]:
        """Returns the notebooks to be recorded by name; `marker` is there where that is done."""
        found = {}
        for name in self._recorded:
            notebook = catalogue.locate(name, self.root)
            values = catalogue.effective(notebook.name, profile=self.profile, root=self.root)
            made = execution.identity(notebook, self.profile, values)
            made.pop("results")  # which recording changes
            marker = self.folder / "recorded" / self.profile / notebook.name
            marker = marker.with_suffix(f".{content_id(made)}.done")
            found[notebook.name] = Page(notebook.name, values, marker, None)
        return found

    @cached_property
    def steps(self) -> dict[str, list["Step"]]:
        """Returns the steps of each page to be executed and, under "results of" its name, of each
        to be recorded; none where nothing is done apart."""
        wanted = {page.name: [page.values] for page in self.stale}
        for name, page in self.recordings.items():
            if not page.marker.exists():
                from ..results import executions

                wanted[f"results of {name}"] = [
                    {**page.values, **seeds} for seeds in executions(page.values)
                ]
        if not (self.apart and wanted):
            return {name: [] for name in wanted}
        from .pages import asked
        from .step import SHARE, steps_of

        return {
            name: [
                step
                for values in each
                for step in steps_of(
                    asked(name.removeprefix("results of "), values), share=self.share or SHARE
                )
            ]
            for name, each in wanted.items()
        }

    @cached_property
    def distinct(self) -> dict[str, "Step"]:
        """Returns all these steps once each, by their receipts."""
        return {step.receipt: step for steps in self.steps.values() for step in steps}

    @cached_property
    def missing(self) -> list["Step"]:
        """Returns the steps that are not done."""
        return [step for step in self.distinct.values() if not self.is_done(step)]

    def is_done(self, step: "Step") -> bool:
        """Returns whether a step has been done, and the runs that it made are there yet."""
        try:
            runs = json.loads((self.folder / "steps" / step.receipt).read_text())["runs"]
        except (OSError, ValueError, LookupError, TypeError):
            return False
        return all(Path(run).is_dir() for run in runs)

    def write(self) -> None:
        """Writes down the missing steps, and removes receipts whose runs are gone."""
        for step in self.missing:
            order = self.folder / "steps" / step.order
            receipt = self.folder / "steps" / step.receipt
            if receipt.exists() and not self.is_done(step):  # another process may just have done it
                receipt.unlink(missing_ok=True)
            if not order.exists():
                content = {"kind": step.kind, "work": step.work}
                write_atomic(order, (json.dumps(content, indent=2) + "\n").encode())

    # What the Snakefile asks for, as paths below the folder _build.

    def markers(self, pages: Sequence[Page] | None = None) -> list[str]:
        """Returns the markers of all pages, or of some."""
        chosen = self.pages.values() if pages is None else pages
        return [page.marker.relative_to(self.folder).as_posix() for page in chosen]

    def of_page(self, name: str) -> list[str]:
        """Returns the receipts of what must be done before a page, or before "results of" it; none
        where these are up to date."""
        return [f"steps/{step.receipt}" for step in self.steps.get(name, [])]

    def devices(self, receipt: str) -> int:
        """Returns how many GPUs a step is to have."""
        step = self.distinct.get(receipt)
        return 1 if step is None else step.work.get("devices", 1)

    def of_step(self, receipt: str) -> list[str]:
        """Returns the receipts of what must be done before a step."""
        step = self.distinct.get(receipt)
        return [] if step is None else [f"steps/{needed.receipt}" for needed in step.needs]
