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
# # Where to put the threshold
#
# Which $\tau$ is to be tried first? {cite:t}`bai2022` propose $\bar d$, {eq}`eq-d-bar`, the mean distance
# of a training image to the nearest other one (Sec. 5.7). A generated image that is nearer is near
# enough to the data to be good, so the argument, and need not be taught further. In the features of
# Inception, $\bar d$ of CIFAR-10 is 0.15, so the paper (its notebooks have 0.157), and the threshold that
# it found best by trial 0.13.
#
# What the argument leaves out: half of all *honest* new images or more lie nearer than $\bar d$, too.
# {py:func}`mempaper.rejection.propose_threshold` therefore returns all distances, of which $\bar d$ is
# only the mean, and says what each threshold would reject of images that copy nothing.
#
# :::{figure-md} fig-idea-guideline
# ![Two bells that nearly coincide, cut in the middle by a vertical line, and a smaller one far to the left.](../../book/figures/guideline.svg)
#
# $\bar d$ is read from the distances among training images alone. It lies right of copies, as it
# should, and in the middle of what honest new images have. A sketch, not data.
# :::

# %% tags=["parameters"]
dataset = "digits"  # {digits, faces, mnist, fashion_mnist, cifar10} image source with labels
size = 8  # [8, 224] pixels a side
images = 100  # [2, inf) training images
model = "biggan"  # {sagan, biggan, biggan_diffaugment} family
training = {
    "biggan": {"steps": 220}
}  # by family, arguments of experiments.train instead of those in families.py
thresholds = [
    0,
    "q30",
    "d-bar",
    "q75",
]  # {number, qN, d-bar} tau: numbers, quantiles in per cent of the distances between training images, or their mean
encoder = "pca"  # {classifier, pca, pixels, squeezenet, squeezenet_deepscale, cifar10_resnet20, cifar10_resnet56, vgg16, vgg19, resnet50, inception, inception_normalized, inception_tf, dinov2} whose features give all distances
generated = 1000  # [400, inf) images of each generator
seeds = [0, 1, 2, 3]  # [0, inf) of training, two at least

# %%
import matplotlib.pyplot as plt

from mempaper import claims, guideline, plotting, published, results, sweep

plotting.style()
sweeps = sweep.measure(
    dataset,
    models=[model],
    thresholds=thresholds,
    seeds=seeds,
    training=training,
    encoder=encoder,
    generated=generated,
    images=images,
    size=size,
)[encoder]
((name, swept),) = sweeps.items()
plain = swept.by_threshold[0.0][0]

# %% [markdown]
# ## Where the training images lie
#
# {numref}`fig-guideline` has no trained model in it, but for the last histogram: distances of each
# training image to the nearest other one, of which $\bar d$ is the mean, and those of images that were
# held out. Left of a vertical line is what that threshold rejects. Images of the model trained without
# rejection are drawn for comparison: what a threshold is to catch has to lie left of it.

# %%
# | figure: fig-guideline
# | alt: Histograms of distances of training, hold-out and generated images to the nearest training
# |   image, with the thresholds as vertical lines.
# | caption: >-
# |   Distances to the nearest (other) training image, and the thresholds that are read from those of
# |   the training images.
fig, ax = plt.subplots(figsize=(7, 4.4))
plotting.distance_distributions(
    {kind: plain.distances[kind] for kind in ("train", "holdout", "generated")},
    ax=ax,
    metric=f"1 - cos of {encoder} features",
    marks=guideline.marks(swept),
)
plt.show()

# %% [markdown]
# ## What each threshold rejects, and what it brings
#
# In {numref}`tab-guideline` the third column of shares should be much larger than the second: the
# threshold is to reject copies, and to spare what an honest generator would make.

# %%
# | table: tab-guideline
# | caption: >-
# |   Shares of images that each threshold rejects: of the training images, each held against the
# |   others; of hold-out images; of images of the model trained without rejection. Then what training
# |   with it changes, means over seeds with 95 % intervals, on hold-out images.
guideline.table(swept)

# %% [markdown]
# A threshold that rejects half of the training images need not reject half of the hold-out images. Where
# training images are few, the mean of their distances is rough, and features that were fitted to them,
# such as those of PCA, spread them more than others. (That a training image cannot be near to itself,
# and so has one neighbour fewer, matters little: with 100 images by less than 1 %.) For the 50,000 of
# CIFAR-10, and features that were fitted to other images, $\bar d$ is 0.15654 and the mean of the test
# images 0.15650.
#
# ## Verdict
#
# The paper calls $\bar d$ a natural initial choice: there, $C_T$ should rise and FID grow by 5 % at
# most.

# %%
claims.judge("d-bar-is-a-threshold", tradeoffs=guideline.at_d_bar(sweeps))

# %% [markdown]
# The 0.15 of the paper is held against the number in the published notebooks.

# %%
claims.judge("published-d-bar", published=published.published_notebooks())

# %% [markdown]
# ## Recorded on Fashion-MNIST
#
# For the BigGAN of {numref}`tab-sweep-recorded`, $\bar d$ is no initial choice that one would keep: three
# trainings of four copy less with it, but quality is not maintained within 5 % in the mean, and one
# training comes apart.

# %%
# | table: tab-d-bar-recorded
# | caption: What $\bar d$ changes against no rejection, on hold-out images, as recorded.
results.verdicts("d-bar-is-a-threshold")

# %% [markdown]
# ## What to take away
#
# - $\bar d$ is a first threshold that needs neither a model nor a second set of images.
# - A threshold has two prices: the copies that it lets through, and the honest images that it rejects. Look
#   at both shares before training.

# %% [markdown]
# ## Exercises
#
# Ten training images have the distances 0.05, 0.1, 0.1, 0.15, 0.2, 0.3, 0.3, 0.4, 0.4 and 1.0 to the nearest
# other one. What is $\bar d$, and how many of them would it reject?
#
# :::{dropdown} Solution
# $\bar d = 0.3$, and seven are rejected, for those at the threshold are, too. Where few images lie far out, the
# mean lies above the median, and more than half are rejected.
# :::

# %% tags=["remove-cell"]
# NBVAL_CHECK_OUTPUT
print(name, len(swept.by_threshold), "thresholds", len(seeds), "seeds")
