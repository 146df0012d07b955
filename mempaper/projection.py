"""Sets of images in one plane."""

from collections.abc import Mapping

import numpy as np
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from .errors import InputError
from .statistics.feature_arrays import as_features

__all__ = ["plane"]


def plane(
    features: Mapping[str, np.ndarray], *, perplexity: float | int = 30
) -> dict[str, np.ndarray]:
    """Returns the points (n, 2) of each set of features (n, d) in the t-SNE plane of all of them.

    Started from the principal components, on one thread: same features, same bits. Neighbours in
    the features mostly are neighbours in the plane (van der Maaten and Hinton 2008); its
    distances, areas and densities mean nothing.

    perplexity  about how many neighbours count for each image, below the number of images
    """
    joined = np.concatenate(as_features(**features))
    if not 0 < perplexity < len(joined):
        raise InputError(
            "perplexity", f"lie in (0, {len(joined)}), the images", perplexity, "30 is usual."
        )
    with threadpool_limits(limits=1):
        points = TSNE(init="pca", perplexity=perplexity, random_state=0, n_jobs=1).fit_transform(
            joined
        )
    ends = np.cumsum([len(rows) for rows in features.values()])[:-1]
    return dict(zip(features, np.split(points.astype(np.float64), ends), strict=True))
