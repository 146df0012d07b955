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
# # Samples on their way to the training images
#
# A generative adversarial network knows the distribution of images from its training images only. The
# longer it trains, the nearer its samples come to these: {cite:t}`bai2022` show three stages of one
# training in a plane (their Fig. 4). They then propose a line between near and far, the mean distance
# of a training image to the nearest other one,
#
# $$
# \bar d = \frac{1}{|\mathcal{D}|} \sum_{x \in \mathcal{D}} d_{\mathcal{D} \setminus \{x\}}(x) ,
# $$ (eq-d-bar)
#
# where $d$ is the distance {eq}`eq-distance` in the features of an encoder;
# {py:func}`mempaper.rejection.propose_threshold` computes it. Samples nearer than
# $\bar d$ cover most of the data, those beyond lie outside (their Fig. 12).
#
# The planes are made by t-SNE {cite:p}`vandermaaten2008`, which lays out images so that neighbours in the
# features mostly are neighbours in the plane. It shows nothing else: lengths, areas and empty space in
# such a plane mean nothing, and so the verdicts of this page are computed in the features.
#
# :::{figure-md} fig-idea-planes-of-samples
# ![Left, training images joined to their nearest others, and the mean of these distances as a bar. Right, circles of that radius around training images; three samples lie inside and two outside.](../../book/figures/planes_of_samples.svg)
#
# The distances whose mean is $\bar d$, {eq}`eq-d-bar` (left), and samples that are nearer than that
# to a training image, and farther (right). A sketch, not data.
# :::

# %% tags=["parameters"]
dataset = "digits"  # {digits, faces, mnist, fashion_mnist, cifar10} image source
size = 8  # [8, 64] pixels a side
images = 100  # [20, inf) training images, the first of those that are not held out
model = "biggan"  # {sagan, biggan, biggan_diffaugment} family of the generator
training = {}  # by family, arguments of experiments.train but steps: {biggan: {width: 32}}
stages = [
    30,
    60,
    220,
]  # [1, inf) updates of the generator; the last stage is the finished training
encoder = "pca"  # {classifier, pca, pixels, squeezenet, squeezenet_deepscale, cifar10_resnet20, cifar10_resnet56, vgg16, vgg19, resnet50, inception, inception_normalized, inception_tf, dinov2} whose features are compared
generated = 1000  # [400, inf) samples of each stage
label = None  # [0, inf) class to look at; null: all classes
shown = 200  # [10, 5000] points of each set in the plane, at most
perplexity = 30.0  # (0, 1000] t-SNE: about how many neighbours count for each image
neighbours = 5  # [1, 100] to which the ball around each real image reaches
seed = 0  # [0, inf) of training and of the samples

# %%
import matplotlib.pyplot as plt

from mempaper import claims, experiments, plotting, projection, results, sampled
from mempaper import stages as through_training

plotting.style()
(job,) = experiments.jobs(
    [dataset], models=[model], training=training, seeds=[seed], images=images, size=size
)
runs = experiments.train_all(through_training.jobs(job, stages), measured_by=[encoder])
found = sampled.sample(runs, encoder=encoder, generated=generated, seed=seed)
at = {f"{n:,} steps": each.of_class(label) for n, each in zip(stages, found, strict=True)}
last = list(at.values())[-1]
plane = projection.plane(through_training.points_of(at, shown), perplexity=perplexity)

# %% [markdown]
# ## Three stages of one training
#
# The first panels of {numref}`fig-stages` show samples of one generator after more and more updates,
# each over the same training images. Every stage was trained by itself: with the same seed the shorter
# training is the beginning of the longer one. In the last panel stand hold-out images, real ones that
# the training never saw, where a perfect generator's samples would lie. All panels are the same plane, so
# points of different panels can be compared. Look for samples that leave regions of their own and
# join the training images, and in the last stage for samples crowded around single training images, which
# hold-out images do not do.

# %%
# | figure: fig-stages
# | alt: Scatter plots of one plane, training images with samples from each stage of training, and
# |   training images with hold-out images.
# | caption: >-
# |   After Fig. 4 of {cite:t}`bai2022`: training images and samples at stages of one training, and hold-out
# |   images, in one t-SNE plane. Its distances mean nothing.
rows = (len(at) + 2) // 2
fig, axes = plt.subplots(rows, 2, figsize=(7, 3.6 * rows), sharex=True, sharey=True, squeeze=False)
panels = {stage: {"train": plane["train"], "generated": plane[stage]} for stage in at}
panels["hold-out images"] = {"train": plane["train"], "hold-out": plane["holdout"]}
for (title, points), ax in zip(panels.items(), axes.flat, strict=False):
    plotting.embedding_scatter(points, ax=ax)
    ax.set_title(title)
for ax in axes.flat[len(panels) :]:
    ax.set_axis_off()
plt.show()

# %% [markdown]
# Samples of a better generator are nearer to all real images, whether it saw these or not. So
# {numref}`tab-stages` holds two distances side by side. As long as both fall, the generator learns; when
# its samples are nearer to the training images than hold-out images are, while they are no nearer to the
# hold-out images, it copies. Compare within a column: the nearest of more images is nearer.

# %%
# | table: tab-stages
# | caption: >-
# |   Mean distances of samples from each stage, and of hold-out images, to the nearest training and to
# |   the nearest (other) hold-out image, with 95 % bootstrap intervals over images.
through_training.distance_table(at)

# %%
nearer = claims.judge("nearer-as-training-goes-on", values=through_training.falls(at))
nearer

# %% [markdown]
# ## On both sides of $\bar d$
#
# {numref}`fig-sides` divides the samples of the last stage at $\bar d$, whose value is in the titles.

# %%
# | figure: fig-sides
# | alt: Two scatter plots of one plane, training images with the samples nearer than d-bar, and with
# |   those farther.
# | caption: >-
# |   After Fig. 12 of {cite:t}`bai2022`: samples of the last stage whose distance to the nearest training image
# |   is at most $\bar d$ (left), and more (right), over the training images, in the plane of
# |   {numref}`fig-stages`.
fig, axes = plt.subplots(1, 2, figsize=(7, 4), sharex=True, sharey=True)
plotting.scatter_by_distance(
    plane["train"],
    plane[list(at)[-1]],
    last.to_train["generated"][:shown],
    axes=tuple(axes),
    threshold=last.d_bar,
)
plt.show()

# %% [markdown]
# {numref}`fig-plane-turn` is the same plane to look into: each sample beside the training image that is
# nearest to it, from the nearest sample to the farthest.

# %%
# | figure: fig-plane-turn
# | caption: >-
# |   The samples of {numref}`fig-sides`, one at a time, and the training image nearest to each in the
# |   features. Point at a sample, or move the slider with the mouse or the arrow keys.
plotting.point_knob(
    plane["train"],
    plane[list(at)[-1]],
    images=last.images[:shown],
    neighbours=last.neighbours()[:shown],
    distances=last.to_train["generated"][:shown],
    threshold=last.d_bar,
)

# %% [markdown]
# Around each real image lies a ball that reaches to its fifth neighbour among the real images, or that
# which the parameter *neighbours* says. A ball with a sample in it is *covered* {cite:p}`naeem2020`; a
# sample in a ball lies *inside* the data. More samples cover more, so of the larger side as many count as the
# smaller has.
#
# That near samples cover the training images better is no surprise: they were chosen for being near to
# training images. {numref}`tab-sides` therefore asks the same of equally many hold-out images, for which
# nobody chose. Samples that cover the one and not the other are copies.

# %%
# | table: tab-sides
# | caption: >-
# |   Samples of the last stage on each side of $\bar d$, the share of real images that as many samples of
# |   each side cover, and the share of all samples of a side that lie inside.
through_training.sides_table(last, k=neighbours)

# %% [markdown]
# ## Verdict
#
# The claim has two halves. Near samples cover most of the data if more than half of the training
# images' balls hold one of them, and more than hold one of as many far samples. Far samples lie outside if more than half of
# them are in no ball of a training image; where training images are few, the balls are wide and this is
# much to ask. Each has to hold with the whole 95 % interval, which comes from resampling the training
# images, and for the share of far samples is exact (Clopper and Pearson). Nothing of it is about
# hold-out images. With fewer than two samples on one side there is nothing to compare.

# %%
cover = claims.judge(
    "near-samples-cover-the-data",
    sides={list(at)[-1]: through_training.sides(last, k=neighbours)},
)
cover

# %% [markdown]
# ## Recorded on CIFAR-10
#
# The BigGANs of {numref}`tab-nearer-recorded` after 150, 500 and 1,500 updates. From the first stage to the
# last, samples come no nearer to the training images in the features of SqueezeNet: at this size the training ends
# before that. The near samples cover more of the training images than as many far ones do, but 15 % and
# not most of them.

# %%
# | table: tab-falls-recorded
# | caption: >-
# |   By which share the mean distance of samples to the training images falls from an early stage to the
# |   last, recorded over four trainings.
results.verdicts("nearer-as-training-goes-on")

# %%
# | table: tab-covering-recorded
# | caption: >-
# |   Coverage of the training images by samples nearer than $\bar d$, how much more that is than by as many
# |   far ones, and the share of far ones that lie outside, as recorded.
results.verdicts("near-samples-cover-the-data")

# %% [markdown]
# ## What to take away
#
# - Samples that come nearer to the training images show learning, as long as they come nearer to
#   hold-out images, too.
# - A plane is for looking. What it seems to show is measured in the features.
# - $\bar d$ is a convention that needs no model, not a border of the data.

# %% [markdown]
# ## Exercises
#
# **1.** Four training images have features in the directions 0°, 60°, 90° and 180°. What is $\bar d$?
#
# :::{dropdown} Solution 1
# The nearest others are 60°, 30°, 30° and 90° away, at distances 0.5, 0.134, 0.134 and 1. Their mean is 0.442:
# one lonely image moves it a long way.
# :::
#
# **2.** Move the slider of {numref}`fig-plane-turn` to the first sample and then slowly on. From which distance on would
# *you* call a sample no copy, and is that nearer or farther than $\bar d$?
#
# :::{dropdown} Solution 2
# There is no right answer, and that is the point: $\bar d$ is a convention. What can be checked is what it
# does to images that copy nothing; [](guideline.py) has their share.
# :::

# %% tags=["remove-cell"]
# NBVAL_CHECK_OUTPUT
for name, points in plane.items():
    print(name, points.shape)
print(list(nearer.numbers), list(cover.numbers))
