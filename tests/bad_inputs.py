"""Bad inputs, each with the InputError that must answer it: argument and words of its message.

Entries of COMMANDS are command lines; what they are answered with stands after "Error: " or, for
what the command line itself refuses, after "Invalid value for" and the like.
"""

from pathlib import Path

import numpy as np
import torch

from mempaper import (
    audit,
    embeddings,
    experiments,
    images,
    neighbors,
    recovery,
    rejection,
    statistics,
)
from mempaper.errors import check_count, check_known
from mempaper.runs import Store

__all__ = ["CALLS", "COMMANDS"]

X = np.random.default_rng(0).standard_normal((30, 3))
E = np.linspace(0.1, 1, 30)
Z = np.zeros((30, 3))
SQUARES = torch.zeros(2, 1, 2, 2)
PICTURES = torch.zeros(2, 1, 4, 4)


def changed(array, value, at=0):
    other = array.copy()
    other[at] = value
    return other


def generator(latents):
    return latents.view(-1, 1, 2, 2).tanh()


def recover(targets=SQUARES, latent_dim=4, made=generator, **options):
    return recovery.recover(made, targets, latent_dim, steps=2, **options)


def tests_of(**options):
    return statistics.data_copying_test(X, X, X, **{"cells": 2} | options)


def rejecting(bank=X, threshold=0.1, **options):
    return rejection.MemorizationRejection(bank, lambda x: x, threshold, **options)


def audited(**options):
    real = np.random.default_rng(0).uniform(-1, 1, (2, 30, 1, 4, 4)).astype(np.float32)
    given = {"train": real[0], "holdout": real[1], "samples": real[0]} | options
    sets = given.pop("generator", None), given.pop("train"), given.pop("holdout")
    return audit.audit(*sets, **given)


def trained(model="dcgan", dataset="digits", **options):
    return experiments.train(model, dataset, **{"images": 20, "holdout": 20, "steps": 1} | options)


_ = statistics
CALLS = [
    # statistics: samples of numbers
    (lambda: _.median_recovery_error([]), "errors", "hold at least 2 values"),
    (lambda: _.median_recovery_error([1.0]), "errors", "hold at least 2 values"),
    (lambda: _.median_recovery_error([[1.0, 2.0]]), "errors", "have one axis"),
    (lambda: _.median_recovery_error(["a", "b"]), "errors", "be an array of numbers"),
    (lambda: _.median_recovery_error([1j, 2.0]), "errors", "be an array of numbers"),
    (lambda: _.median_recovery_error([1.0, np.nan]), "errors", "nan at index 1"),
    (lambda: _.median_recovery_error([-1.0, 1.0]), "errors", "be at least 0"),
    (lambda: _.median_recovery_error([1e200, 1.0]), "errors", "lie within 1e+100"),
    (lambda: _.mre_gap(E, np.zeros(9)), "val_errors", "have a positive median"),
    (lambda: _.ks_test(E, E * np.inf), "val_errors", "be finite"),
    (lambda: _.gap_change(E, E, E[:9], E), "other_train_errors", "hold 30 errors"),
    (lambda: _.paired_excess(E, E[:9]), "reference_errors", "hold 30 errors"),
    (lambda: _.relative_excess(E, []), "reference_errors", "have an axis -1"),
    (lambda: _.overfitting_test(E, E, confidence=1.0), "confidence", "lie in (0, 1)"),
    (lambda: _.overfitting_test(E, E, resamples=1), "resamples", "at least 2"),
    (lambda: _.bootstrap_interval(np.mean), "samples", "hold at least one sample"),
    (lambda: _.bootstrap_interval(np.mean, E, seed=-1), "seed", "at least 0"),
    (lambda: _.share_interval([0.5, 1.0]), "yes", "of True and False"),
    (lambda: _.holm([0.5, 1.5]), "p_values", "be numbers in [0, 1]"),
    (lambda: _.holm([]), "p_values", "be numbers in [0, 1]"),
    (lambda: _.log_score_test(E, -E), "nonmembers", "none of them negative"),
    (lambda: _.calibrated_scores(E, E[:9]), "reference_errors", "hold 30 errors"),
    (lambda: _.black_box_scores(E), "distances", "of shape (n, k)"),
    (lambda: _.true_positive_rate(E, E, false_positive_rate=0.0), "false_positive_rate", "(0, 1)"),
    (lambda: _.z_u([], E), "test_distances", "n >= 1"),
    (lambda: _.gap_law({8: E}, {8: E}), "train_errors", "have two N at least"),
    (lambda: _.gap_law({8: E, 9: E}, {8: E, 7: E}), "val_errors", "have the N [8, 9]"),
    (lambda: _.range_interval([], 3), "means", "two groups or more"),
    (lambda: _.pass_ratio(X, X, at=1), "reference", "be at least 0"),
    (lambda: _.pass_ratio(X**2, X**2, at=9), "at", "at most 3"),
    (lambda: _.rank_correlations(X, groups=[1, 2]), "groups", "have shape (30,)"),
    # statistics: sets of features
    (lambda: _.frechet_distance(X, X[:1]), "features_b", "n >= 2"),
    (lambda: _.frechet_distance(X, X[:, :2]), "features_b", "have 3 features an image"),
    (lambda: _.frechet_distance(changed(X, np.inf), X), "features_a", "infinity in row 0"),
    (lambda: _.frechet_distance(X * 1e60, X), "features_a", "lie within 1e+20"),
    (lambda: _.frechet_gap(X, X[:9], X), "validation", "hold as many images as train"),
    (lambda: _.frechet_gap(X, X, X), "validation", "differ from generated"),
    (lambda: _.kernel_distance(X, X, subset_size=99), "subset_size", "lie in 2 to 30"),
    (lambda: _.kernel_distance(X, X, subsets=0), "subsets", "at least 1"),
    (lambda: _.precision_recall(X, X, k=0), "k", "be at least 1"),
    (lambda: _.precision_recall(X, X[:3], k=3), "generated", "hold more than k = 3"),
    (lambda: _.rarefied_coverage(X, X, 99), "drawn", "be at most 30"),
    (lambda: _.support_size(X, threshold=-1.0), "threshold", "be finite and at least 0"),
    (lambda: _.birthday_test(X, threshold=0.0, batch_size=99), "batch_size", "at most 30"),
    (lambda: _.memorization_informed_distance(X, Z), "generated", "have no rows of zeros"),
    (lambda: _.feature_likelihood(Z, X, X), "train", "hold different images"),
    (lambda: _.three_sample_test(Z, Z, Z), "generated", "differ from the real images"),
    (lambda: _.nearest_neighbor_gap(X, X[:9], X), "holdout", "hold as many images as train"),
    (lambda: _.kmeans_cells(np.repeat(X[:2], 9, axis=0), 3), "cells", "be at most 2"),
    (lambda: _.kmeans_cells(X, 2, seed=2**40), "seed", "at most 4,294,967,295"),
    (lambda: tests_of(cells=0), "cells", "at least 1"),
    (lambda: tests_of(cells="many"), "cells", "three arrays of labels"),
    (lambda: tests_of(metric="manhattan"), "metric", "be one of euclidean, cosine"),
    (lambda: tests_of(dimensions=0), "dimensions", "at least 1"),
    (lambda: tests_of(min_generated=30), "generated", "hold more than min_generated = 30"),
    (
        lambda: _.class_wise_copying_test(
            X, X, X, [np.arange(30) % 2, np.arange(30) % 2, np.zeros(30, int)]
        ),
        "labels[2]",
        "hold the classes [0, 1]",
    ),
    (
        lambda: _.class_wise_copying_test(X, X, X, [np.zeros(30)] * 3),
        "labels[0]",
        "be whole numbers",
    ),
    # neighbours and rejection
    (lambda: neighbors.nearest(X, X[:, :2]), "queries", "have 2 columns"),
    (lambda: neighbors.nearest(X, X, k=31), "k", "be at most 30"),
    (lambda: neighbors.nearest(X, Z), "bank", "hold no zero vector"),
    (lambda: neighbors.nearest(changed(X, np.nan, 7), X), "queries", "infinity in row 7"),
    (lambda: neighbors.nearest(X[0], X), "queries", "have shape (n, d)"),
    (lambda: neighbors.nearest(X, X, metric="hamming"), "metric", "be one of cosine"),
    (lambda: neighbors.nearest(X, X, backend="annoy"), "backend", "be one of exact"),
    (lambda: neighbors.nearest(X, X, device="gpu"), "device", "got 'gpu'"),
    (lambda: neighbors.nearest(X, X[:9], exclude_self=True), "exclude_self", "be False"),
    (lambda: neighbors.nearest(X, X, query_labels=E), "bank_labels", "be given with the labels"),
    (lambda: neighbors.recall(X, X, backend="ivfpq"), "bank", "hold at least 9,984 rows"),
    (lambda: rejection.propose_threshold(X[:1]), "train", "hold at least 2 images"),
    (lambda: rejection.propose_threshold(X).quantile(1.5), "share", "lie in [0, 1]"),
    (lambda: rejecting(threshold=-0.1), "threshold", "lie in [0, 2)"),
    (lambda: rejecting(threshold=np.nan), "threshold", "lie in [0, 2)"),
    (lambda: rejecting(bank=X[:0]), "bank", "hold finite features"),
    (lambda: rejecting(bank=changed(X, np.nan)), "bank", "hold finite features"),
    (lambda: rejecting(budget=0), "budget", "at least 1"),
    (lambda: rejecting(bank_labels=np.zeros(4)), "bank_labels", "have shape (30,)"),
    # recovery
    (lambda: recover(torch.zeros(2, 2, 2)), "targets", "of shape (n, c, h, w)"),
    (lambda: recover(torch.zeros(0, 1, 2, 2)), "targets", "be a non-empty array"),
    (lambda: recover(torch.full((2, 1, 2, 2), 2.0)), "targets", "lie in [-1, 1]"),
    (lambda: recover(torch.full((2, 1, 2, 2), torch.nan)), "targets", "NaN or infinity in image 0"),
    (lambda: recover(torch.zeros(2, 1, 2, 2).byte()), "targets", "be floating-point images"),
    (lambda: recover(torch.zeros(2, 1, 3, 3)), "generator", "to images of the targets' shape"),
    (lambda: recover(latent_dim=0), "latent_dim", "at least 1"),
    (lambda: recover(latent_dim=5), "generator", "accept a batch of shape (3, 5)"),
    (lambda: recover(made=lambda z: generator(z).detach()), "generator", "be differentiable"),
    (lambda: recover(method="newton"), "method", "be one of lbfgs"),
    (lambda: recover(device="meta"), "device", "be one on which torch computes here"),
    (lambda: recover(restarts=3, candidates=2), "candidates", "at least the number of restarts"),
    (lambda: recover(operator=lambda x: x.sum()), "operator", "to features (n, ...)"),
    # images, files and runs
    (lambda: images.load("digits", size=0), "size", "at least 1"),
    (lambda: images.load("digits", train=0), "train", "at least 1"),
    (
        lambda: images.load("digits", train=1797, holdout=1),
        "train and holdout",
        "at most the 1,797",
    ),
    (lambda: images.load("digitz"), "source", "Did you mean digits?"),
    (lambda: images.load("faces", train=2_000_000), "train and holdout", "be at most 1,000,000"),
    (lambda: images.load(Path("/dev/null")), "source", "be a named source, a folder"),
    (lambda: images.fetch("celeba"), "name", "be one of mnist"),
    (lambda: Store("/nowhere/runs").get("ab"), "run", "be the beginning of one finished run's id"),
    (lambda: Store("/nowhere/runs").clean(), "what to clean", "be named"),
    (lambda: Store("/nowhere").make("a/b", {}, dict), "kind", "be letters, digits"),
    (lambda: Store("/nowhere").make("a", {"x": np.nan}, dict), "config.x", "be finite"),
    (lambda: Store("/nowhere").make("a", {"x": {1}}, dict), "config.x", "be made of numbers"),
    (lambda: Store("/dev/null/runs").make("a", {}, dict), "root", "on a writable file system"),
    (lambda: embeddings.load("resnet9000"), "name", "be one of squeezenet"),
    (lambda: embeddings.pca(PICTURES, dim=9), "dim", "lie in 1 to 1"),
    (lambda: embeddings.pca(PICTURES, dim=1, device="cpu:x"), "device", "got 'cpu:x'"),
    # training and audits
    (lambda: trained(model="vae"), "model", "be one of dcgan"),
    (lambda: trained(loss="wasserstein"), "loss", "be one of"),
    (lambda: trained(steps=0), "steps", "at least 1"),
    (lambda: trained(learning_rate=-1.0), "learning_rate", "lie between 0 and 1000"),
    (lambda: trained(seed=-1), "seed", "at least 0"),
    (lambda: trained(size=17), "size", "times a power of two"),
    (lambda: trained(precision="8-bit"), "precision", "be one that Lightning Fabric knows"),
    (lambda: trained(rejection={"threshold": 0.1}), "rejection", "be None for dcgan"),
    (lambda: audited(samples=None), "generator", "be given, or samples of it"),
    (lambda: audited(level=1.0), "level", "lie in (0, 1)"),
    (lambda: audited(encoders=()), "encoders", "name at least one"),
    (lambda: audited(encoders=("resnet9000",)), "encoders", "be among pca, pixels"),
    (lambda: audited(train=np.zeros((5, 1, 4, 4), np.float32)), "train", "at least 20 images"),
    (
        lambda: audited(holdout=np.zeros((30, 1, 8, 8), np.float32)),
        "holdout",
        "have images of shape",
    ),
    (lambda: audited(samples=None, generator=generator), "latent_dim", "be given"),
    (lambda: audit.load_generator("nowhere.pt2"), "generator", "be an existing file or module"),
    (lambda: audit.load_generator("no_such:module"), "generator", "that can be imported"),
    (lambda: audit.load_generator(__file__), "generator", "without running code of its author"),
    # the checks themselves
    (lambda: check_count("n", True, 0), "n", "be a whole number"),
    (lambda: check_count("n", 2.5, 0), "n", "be a whole number"),
    (lambda: check_known("name", "c", ("a", "b")), "name", "be among a, b"),
]

COMMANDS = [
    (["train", "vae", "digits"], "'vae' is not one of"),
    (["train", "dcgan", "nowhere"], "source must be a named source"),
    (["train", "dcgan", "digits", "--steps", "0"], "--steps"),
    (["train", "dcgan", "digits", "--width", "x"], "--width"),
    (
        ["train", "dcgan", "digits", "--embedding", "pca"],
        "--embedding must come with a --threshold",
    ),
    (["train", "dcgan", "digits", "--precision", "8-bit"], "precision must be one that"),
    (["train", "dcgan", "digits", "--size", "17"], "size must"),
    (["train", "biggan", "digits", "--threshold", "tiny"], "threshold must"),
    (["recover", "zz"], "run must be the beginning of one finished train run's id"),
    (["recover", "zz", "everything"], "'everything'"),
    (["runs", "show", "zz"], "run must be the beginning of one finished run's id"),
    (["runs", "clean"], "what to clean must be named"),
    (["runs", "clean", "--older-than", "-1"], "--older-than"),
    (["data", "fetch", "celeba"], "name must be one of mnist"),
    (["audit", "--out", "report"], "--train and --holdout must be given"),
    (["audit", "--out", "/dev/null/report", "--demo"], "out must be a folder that can be made"),
    (["audit", "--out", "report", "--demo", "--budget", "soon"], "--budget must be a time"),
    (
        ["audit", "--out", "report", "--demo", "--setting", "size=32"],
        "--architecture and --setting must come with weights",
    ),
    (
        [
            "audit",
            "--out",
            "r",
            "--train",
            "a",
            "--holdout",
            "b",
            "--generator",
            "w.safetensors",
            "--setting",
            "size",
        ],
        "--setting must be NAME=VALUE",
    ),
    (["notebook", "show", "no_such_page"], "the notebook's name must be one of"),
    (["notebook", "run", "recoveries", "-p", "steps"], "-p must be followed by"),
    (["notebook", "run", "recoveries", "-p", "no_such", "1"], "no_such"),
    (["notebook", "run", "recoveries", "--profile", "moon"], "the profile must be one of"),
    (["book", "--profile", "moon"], "the profile must be one of"),
]
