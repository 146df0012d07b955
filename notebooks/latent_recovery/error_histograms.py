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
# # Recovery errors of training and validation images
#
# A generator that has memorized its training images can come closer to them than to images it never
# saw. {cite:t}`webster2019` recover four kinds of images and compare the distributions of their
# errors (their Fig. 4):
#
# - **train**: images the generator was trained on;
# - **validation**: images from the same source that were kept out of the training;
# - **generated**: the generator's own samples, which have an exact solution. They are the *validity
#   check*: where they are not recovered, the optimiser has failed and the other errors mean nothing;
# - **distorted**: training images bent by a smooth random warp, which the generator should find
#   harder than training images if it has learned what images look like (Sec. 2.2).
#
# Three kinds of models are compared. GANs are trained on every training image: a DCGAN
# {cite:p}`radford2016`, a residual network with a zero-centred gradient penalty
# {cite:p}`mescheder2018`, here as in the paper MESCH, and a progressively grown GAN
# {cite:p}`karras2018`, PGGAN. Generative latent optimisation (GLO, {cite:t}`bojanowski2018`) pairs each
# training image $x_i$ with a fixed random code $z_i$ and minimises
#
# $$
# \sum_i \lVert G(z_i) - x_i \rVert_2^2 .
# $$ (eq-glo)
#
# {py:func}`mempaper.experiments.train` does this as `train("glo", ...)`. AEGAN adds the adversarial loss to the squared error of an auto-encoder, whose encoder then takes the
# place of the optimiser. GLO-$N$ and AEGAN-$N$ are trained on the first $N$ images. Own samples of an
# AEGAN are not recovered: its encoder was trained on images, and need not find the code of a sample.
#
# :::{figure-md} fig-idea-error-histograms
# ![Two panels of four bells. Left, training and validation errors coincide. Right, training errors lie to the left of validation errors.](../../book/figures/error_histograms.svg)
#
# What to look for. Own samples lie far to the left where the optimiser works, distorted images to
# the right where they are rejected. Errors of training images lie on those of validation images
# (left), or to the left of them (right). A sketch, not data.
# :::

# %% tags=["parameters"]
dataset = "digits"  # {digits, faces, mnist, fashion_mnist, cifar10, celeba, celeba_hq, lsun_bedroom, lsun_tower} image source
models = [
    "dcgan",
    "mesch",
    "pggan",
    "glo-128",
    "glo-1024",
    "aegan-128",
    "aegan-1024",
]  # {dcgan, mesch, pggan, flow, sagan, biggan, biggan_diffaugment, glo-N, ae-N, aegan-N} models, the first the one whose distorted images are judged; N training images
training = {}  # by family, arguments of experiments.train instead of those in families.py: {glo: {steps: 2000}}
count = 250  # [2, inf) training and hold-out images to recover, each
passes = 50  # [1, inf) generator passes for each image
seed = 0  # [0, inf) of training

# %%
import matplotlib.pyplot as plt

from mempaper import claims, experiments, plotting, results, statistics

plotting.style()
runs = experiments.train_all(
    experiments.jobs([dataset], models=models, training=training, seeds=[seed])
)
assessments = experiments.assess(runs, count=count, steps=passes)
first = assessments[0]

# %% [markdown]
# ## What the generators make
#
# Errors say how near a generator can come to an image, not how good the images are that it makes
# unasked. {numref}`fig-samples` shows these.

# %%
# | figure: fig-samples
# | alt: Rows of samples, one for each generator, below a row of training images.
# | caption: >-
# |   Samples of each generator from random latent codes, below training images. None is selected.
rows = {"training": experiments.targets(runs[0], "train", 12)}
rows |= {a.name: experiments.targets(a.run, "generated", 12) for a in assessments}
fig, ax = plt.subplots(figsize=(7, 0.6 * len(rows)))
plotting.image_grid(rows, ax=ax)
plt.show()

# %% [markdown]
# ## The paper's Fig. 4: the distributions of errors
#
# {numref}`fig-histograms` sets the generators one below the other, on one logarithmic axis. Where a
# generator has overfitted, the training errors lie to the left of the validation errors; where it
# has not, the two lie on each other. Own samples should lie far to the left of both.

# %%
# | figure: fig-histograms
# | alt: Histograms of recovery errors, one for each generator, with up to four kinds of images each.
# | caption: >-
# |   Recovery errors of up to four kinds of images, for each generator; n is how many there are.
# |   Vertical lines are medians, the median recovery errors (MRE) of {cite:t}`webster2019`.
fig, axes = plt.subplots(len(assessments), 1, figsize=(7, 2.2 * len(assessments)), sharex=True)
for assessment, ax in zip(assessments, axes, strict=True):
    plotting.error_histograms(assessment.labelled_errors, ax=ax)
    ax.set_title(assessment.name)
    ax.label_outer()
plt.show()

# %% [markdown]
# ## The validity check
#
# "Every network analyzed in this document appeared to be able to verbatim recover generated images"
# (Sec. 2.1). Here a sample counts as recovered when its error is below 0.001: its pixels are then off
# by 1.6 % of the range from black to white, in the root mean square. That is a bound on what the eye
# sees, and a weak one where {numref}`fig-histograms` has the errors of validation images below 0.001
# too: there the distance between the own samples and the others is the better check. A GLO of few images
# may fail it, as GLO-128 does on digits: it learns to make its training images from their codes, and from
# random codes nothing in particular, so that its own samples are no easier to recover than its training
# images. Its gap stands, for both kinds of images are recovered by the same search.
#
# The errors of a generator that fails are upper bounds, and its histograms say less about what it has
# learned than about the optimiser.

# %%
own = claims.judge(
    "own-samples-recovered",
    shares={a.name: a.recovered_share(1e-3) for a in assessments if a.checked},
    bound=1e-3,
)
own

# %% [markdown]
# ## Distorted images
#
# The paper tests that a generator *rejects* what lies off its manifold, the set of images that it can
# make: distorted images should have larger errors than the training images they were made from. It is
# judged for the first generator; {numref}`fig-histograms` shows the others.

# %%
excesses = {
    a.name: statistics.bootstrap_interval(
        statistics.relative_excess, a.errors["distorted"], a.errors["train"]
    )
    for a in assessments
}
distorted = claims.judge("distorted-above-train", difference=excesses[first.name], model=first.name)
distorted

# %% [markdown]
# Of GLO the paper says that it rejects less than GANs do: it recovers distorted images nearly as well
# as training images, because it is less precise. Where it has memorized its training images, it may
# well be the other way round, for their errors are the smallest of all.

# %%
claims.judge(
    "glo-takes-in-distortions",
    glos={a.name: excesses[a.name] for a in assessments if a.model == "glo"},
    gans={a.name: excesses[a.name] for a in assessments if a.model in ("dcgan", "mesch", "pggan")},
)

# %% [markdown]
# ## Do the distributions overlap?
#
# For 128 training images they do not, says the paper (Sec. 3.2). Judged are the models of this page that
# have the fewest: how many validation images lie beyond *every* training image?

# %%
fewest = min(a.count for a in assessments)
disjoint = claims.judge(
    "small-sets-disjoint",
    values={a.name: a.disjoint_share() for a in assessments if a.count == fewest},
)
disjoint

# %% [markdown]
# ## Recorded on CIFAR-10
#
# Longer trainings on photographs of 32 pixels, with 50 passes for each image. GLO-16384 gets all of its
# samples back and MESCH nine in ten; of those of PGGAN and GLO-1024 few come back within so many passes.
# The errors of these two are upper bounds, and their gaps are to be read with that in mind.
#
# Nor are distorted images rejected: PGGAN's errors of them are *smaller*, for the warp blurs the detail that
# it cannot make, as in [](distortions.py).

# %%
# | table: tab-own-recorded
# | caption: >-
# |   Shares of 100 own samples recovered within 50 passes, recorded on CIFAR-10 over three
# |   trainings.
results.verdicts("own-samples-recovered")

# %%
# | table: tab-distorted-recorded
# | caption: >-
# |   By how much PGGAN's median error of distorted training images exceeds that of the images
# |   themselves, recorded in the same trainings.
results.verdicts("distorted-above-train")

# %% [markdown]
# ## What to take away
#
# - Read the own samples first: where they are not recovered, all errors are those of the optimiser.
# - Then hold training against validation errors. A shift of the whole distribution is memorization of most
#   images; a tail on the left would be that of a few.

# %% [markdown]
# ## Exercises
#
# **1.** Below which error would pixels be off by 1 % of the range from black to white, in the root mean square?
#
# :::{dropdown} Solution 1
# 1 % of 2 is 0.02, and its square 0.0004.
# :::
#
# **2.** A generator that is *linear*, $G(z) = Az$, is trained by {eq}`eq-glo` on $N$ images with codes of 64
# random numbers. For which $N$ can it reach 0 whatever the images? What is then its recovery error for an image
# that it never saw?
#
# :::{dropdown} Solution 2
# For $N \le 64$: so many random codes are linearly independent, and some $A$ sends each to its image. The
# least of these makes combinations of the $N$ training images and nothing else, so a new image has as its error
# its squared distance to the space that these span, over the number of pixels. This is memorization without any copy among the
# samples: these are random mixtures of training images.
# :::

# %% tags=["remove-cell"]
# NBVAL_CHECK_OUTPUT
for assessment in assessments:
    print(assessment.name, {kind: len(values) for kind, values in assessment.errors.items()})
print(own.verdict)
