"""What models make, and what their training cost, of tiny models trained here."""

import numpy as np
import pytest
import torch

from mempaper import experiments, generators, trained
from mempaper.runs import Store

TINY = {"steps": 2, "width": 16, "latent_dim": 8, "batch_size": 4}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("runs"))
    return [
        experiments.train(name, "digits", images=images, store=store, **TINY)
        for name, images in (("glo", 8), ("ae", 16))
    ]


def test_samples_are_the_generators_and_an_auto_encoder_decodes_what_it_did_not_see(runs):
    rows = trained.images(runs, count=3, seed=5)
    assert list(rows) == ["training images", "GLO-8", "AE-16, of hold-out images"]
    glo, ae = map(generators.load, runs)
    assert torch.equal(rows["training images"], experiments.targets(runs[0], "train", 3))
    assert torch.equal(rows["GLO-8"], glo.sample(3, seed=5))
    with torch.no_grad():
        expected = ae(ae.encoder(experiments.targets(runs[1], "holdout", 3)))
    assert torch.equal(rows["AE-16, of hold-out images"], expected)


def test_the_table_counts_weights_and_updates(runs):
    """GLO at 16 px, from 8 latents by 16 channels: a projection, two doublings, a painting layer;
    each normed layer has a gain and an offset for each of 16 channels."""
    table = trained.table(runs)
    assert table.index.tolist() == ["GLO-8", "AE-16"]
    assert table["training images"].tolist() == ["8", "16"]
    assert table["updates"].tolist() == ["2", "2"]
    norms = 3 * 2 * 16
    weights = 8 * 16 * 4 * 4 + 2 * 16 * 16 * 4 * 4 + 16 * 3 * 3 + 1 + norms
    assert table["weights of the generator"].tolist() == [f"{weights:,}"] * 2
    assert np.all(table["seconds"].astype(int) >= 0)
