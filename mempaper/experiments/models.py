"""A training run under the names that figures and tables use."""

from dataclasses import dataclass

from .. import families
from ..runs import Run

__all__ = ["TrainedModel"]


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A generator by the run that trained it."""

    run: Run

    @property
    def name(self) -> str:
        """Returns the model's name as the papers write it: DCGAN, or GLO-N."""
        return families.get(self.model).name(self.count)

    @property
    def model(self) -> str:
        """Returns the name of the model's family in families.FAMILIES."""
        return self.run.config["model"]

    @property
    def dataset(self) -> str:
        """Returns the name of the data set that the model was trained on."""
        return self.run.config["data"]["source"]

    @property
    def count(self) -> int:
        """Returns the number of images that the model was trained on."""
        return self.run.config["data"]["train"]

    @property
    def seed(self) -> int:
        """Returns the seed that the model was trained with."""
        return self.run.config["seed"]

    @property
    def threshold(self) -> float:
        """Returns tau of its memorization rejection; 0 without."""
        return self.run.config.get("rejection", {}).get("threshold", 0.0)
