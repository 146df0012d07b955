# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Local overfitting: eyes, mouths, patches
#
# A generator might memorize parts of images without memorizing any whole one, and a test on whole
# images might not see it. {cite:t}`webster2019` look at parts in their supplement, with masks for
# eyes and mouth and with patches, and find that GANs generalise there too (Sec. 4.2).
#
# Recovery does this by its operator $\phi$ in {eq}`eq-nng`. A mask keeps the pixels of the eyes, or of
# the mouth ({py:func}`~mempaper.operators.eyes_mask`, {py:func}`~mempaper.operators.mouth_mask`), and
# the error is their mean squared error, whatever $G(z)$ is elsewhere. For patches
# ({py:class}`~mempaper.operators.Patches`), each window of an image is recovered by itself, with a
# latent code of its own, and an image's error is the mean of its windows'.
#
# :::{figure-md} fig-idea-local-overfitting
# ![A drawn face three times: whole; with all but a strip at the eyes in grey; divided into four patches.](../../book/figures/local_overfitting.svg)
#
# Three operators. Of the whole image and of the eyes alone recovery seeks one code, of patches one
# for each. A sketch.
# :::

# %% tags=["parameters"]
dataset = "faces"  # {digits, faces, mnist, fashion_mnist, cifar10, celeba, celeba_hq, lsun_bedroom, lsun_tower} image source
models = [
    "dcgan",
    "glo-128",
]  # {dcgan, mesch, pggan, flow, sagan, biggan, biggan_diffaugment, glo-N, ae-N, aegan-N} GANs, and GLO models of few images
training = {}  # by family, arguments of experiments.train instead of those in families.py: {glo: {steps: 2000}}
layout = "faces"  # {faces, celeba_hq, lfw} alignment of the faces: where eyes and mouth are
patch = 0.5  # (0, 1] side of a patch, as a share of the image's
count = 60  # [2, inf) training and hold-out images to recover, each
passes = 50  # [1, inf) generator passes for each image
seed = 0  # [0, inf) of training

# %%
import matplotlib.pyplot as plt

from mempaper import claims, experiments, plotting, results, under_operators
from mempaper.operators import Covered, Patches, eyes_mask, mouth_mask

plotting.style()
runs = experiments.train_all(
    experiments.jobs([dataset], models=models, training=training, seeds=[seed])
)
side = round(patch * runs[0].config["data"]["size"])
phis = {
    "whole image": None,
    "eyes": ~eyes_mask(layout),
    "all but the eyes": eyes_mask(layout),
    "mouth": ~mouth_mask(layout),
    "patches": Patches(size=side, stride=side),
}
outcomes = under_operators.assess_under(runs, phis, count=count, own_count=30, steps=passes)

# %% [markdown]
# ## What each operator sees
#
# What is grey in {numref}`fig-parts` counts for nothing: there the generator may make what it likes.

# %%
# | figure: fig-parts
# | alt: Faces, then only their eyes, all but their eyes, and only their mouths.
# | caption: >-
# |   Hold-out images, and what each mask keeps of them. The boxes are fixed; the faces move.
faces = experiments.targets(runs[0], "holdout", 12)
masks = [name for name in phis if name not in ("whole image", "patches")]
fig, ax = plt.subplots(figsize=(7, 2.4))
rows = {"whole image": faces} | {name: Covered(phis[name])(faces) for name in masks}
plotting.image_grid(rows, ax=ax)
plt.show()

# %% [markdown]
# ## The tests
#
# The last column of {numref}`tab-parts` is the validity check: the median error of own samples, whose
# true error is 0, as a share of that of validation images. It is what the optimiser leaves undone.

# %%
# | table: tab-parts
# | caption: >-
# |   The tests of overfitting on whole images and on parts, $\phi$ (phi). Brackets hold 95 % bootstrap
# |   intervals; the change of the gap is from that of whole images.
outcomes.table()

# %%
parts = [name for name in phis if name != "whole image"]
claims.judge(
    "gan-generalizes-locally",
    tests=outcomes.tests(parts, counted=False),
    undone=outcomes.undone(parts, counted=False),
)

# %% [markdown]
# A test that never detects anything proves nothing, so the GLO model, which has memorized its few
# images, stands below the DCGAN in {numref}`tab-parts`. On whole images it has to be detected. A part
# has fewer pixels to know an image by, and is easier to come close to by another code: gaps of parts
# may be smaller.

# %%
verdict = claims.judge("small-glo-detected", tests=outcomes.tests(["whole image"], counted=True))
verdict

# %% [markdown]
# ## Recorded over three trainings
#
# The same models and faces, three trainings of each, 100 training and 100 validation images, 60 passes. GLO-128 is
# detected in each training on whole images (a gap of 55 %), with the eyes hidden (48 %), on patches (30 %) and, less
# clearly, by the eyes alone (21 %). By the mouth alone it is not (2 %): those few pixels come back as well from
# any code, and say nothing of the image.
#
# Of the DCGAN the KS test finds nothing, in any training and on any part. Its gaps do not settle it: with so few
# images their intervals over images, which decide, are forty points wide; those over trainings, in
# {numref}`tab-parts-recorded`, are narrower, for all trainings are tested on the same images, and say nothing of
# other images. These validation faces happen to be harder than these training faces: the gap on whole images is
# 11 % in all three trainings, with intervals over images that hold 0. So the claim is *not testable* here. It takes
# more images.

# %%
# | table: tab-parts-recorded
# | caption: >-
# |   MRE-gaps of the DCGAN on parts of faces, recorded over three trainings.
results.verdicts("gan-generalizes-locally")

# %% [markdown]
# ## What to take away
#
# - Parts of images are tested like whole ones, with an operator that hides the rest.
# - A part knows its image less well: more codes can make it. A test of parts that detects nothing needs a model
#   beside it of which it does.

# %% [markdown]
# ## Exercises
#
# **1.** Can the error of the patches, each recovered by a code of its own, be larger than the error of the whole
# image, if every minimum is found?
#
# :::{dropdown} Solution 1
# No. The code of the whole image is one of the codes that each patch may choose, so each patch does at least as
# well with its own, and the mean over patches that do not overlap is at most the error of the whole image.
# :::
#
# **2.** Halve the patches: `mempaper notebook run local_overfitting -p patch 0.25`. How many patches has an image of
# $32 \times 32$ pixels, and what happens to their errors?
#
# :::{dropdown} Solution 2
# 16, of $8 \times 8$ pixels. The smaller a patch, the more images can supply it, so errors fall for training
# and hold-out images alike, and with them what a patch can tell about memorization.
# :::

# %% tags=["remove-cell"]
# NBVAL_CHECK_OUTPUT
for model, by in outcomes.by_model.items():
    print(model, {name: (o.test.train_count, o.test.val_count) for name, o in by.items()})
