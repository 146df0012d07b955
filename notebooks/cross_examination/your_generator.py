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
# # An audit, from nothing to a decision
#
# You have a generator, the images it was trained on, and images of the same kind that it never saw.
# Did it copy? This page walks through an audit of two generators whose truth is known, so that you can
# read the report on yours. {py:func}`mempaper.audit.audit` does it; on the command line the whole page is one command,
#
# ```
# mempaper audit --generator mine.pt2 --latent-dim 128 \
#     --train train/ --holdout holdout/ --out report/
# ```
#
# and {doc}`/book/audit` says how to hand over other generators.
#
# Both are models of GLO {cite:p}`bojanowski2018`, which {cite:t}`webster2019` found to memorize small
# training sets: one saw few digits, the other as many as there are.
#
# :::{figure-md} fig-idea-your-generator
# ![A diagram: real images are divided by chance into training and hold-out images; the generator learns from the former; both get scores of how near the generator is; an arrow asks whether the two can be exchanged.](../../book/figures/your_generator.svg)
#
# The question of an audit: chance decided which images were training images. If the scores of the
# generator tell which, it has memorized.
# :::

# %% tags=["parameters"]
dataset = "digits"  # {digits, faces, mnist, fashion_mnist, cifar10, celeba, celeba_hq, lsun_bedroom, lsun_tower} image source
models = [
    "glo-128",
    "glo-1024",
]  # {dcgan, mesch, pggan, flow, sagan, biggan, biggan_diffaugment, glo-N, ae-N, aegan-N} models, the first looked at in detail; N training images
training = {}  # by family, arguments of experiments.train instead of those in families.py: {glo: {steps: 2000}}
most = 1000  # [40, 10000] training and hold-out images to hand over, each at most
generated = 1000  # [40, 10000] samples to look at
recovered = 200  # [20, 10000] training and hold-out images to recover, each
passes = 50  # [1, inf) generator passes for each image
seed = 0  # [0, inf) of training and audit

# %%
import matplotlib.pyplot as plt
import pandas as pd

from mempaper import audit, experiments, generators, plotting
from mempaper.experiments.splits import trained_on

plotting.style()
runs = experiments.train_all(
    experiments.jobs([dataset], models=models, training=training, seeds=[seed])
)

# %% [markdown]
# ## What is handed over
#
# Three things: the generator as a function of latents, its training images, and hold-out images. The
# last decide what the audit is worth. They have to come from the same source as the training images, kept
# out by chance and by nothing else: not the newest, not those of other people, not cropped by another
# program. Whatever sets them apart looks like memorization.

# %%
reports = {}
for model, run in zip(models, runs, strict=True):
    split = trained_on(run)
    reports[model] = audit.audit(
        generators.load(run),
        split.train[:most],
        split.holdout[:most],
        generated=generated,
        recovered=recovered,
        steps=passes,
        seed=seed,
    )
report = reports[models[0]]
print(report)

# %% [markdown]
# ## The question behind each test
#
# *Could one tell from the generator which of the real images it was trained on?* If it learned the
# distribution and nothing else, one could not: training and hold-out images are draws from the same
# urn, and nothing but chance says which of them were drawn first. So each real image gets a score,
# lower where it is nearer to the generator, and the scores of both sets are compared. There are two
# kinds of scores:
#
# - *samples*: the distance to the nearest generated image, over the distance to the nearest other real
#   image ({py:func}`mempaper.nearness.membership_scores`; {cite:t}`chen2020`). It needs nothing but
#   samples.
# - *recovery*: the error of the nearest image that the generator can make at all, found by latent
#   recovery {cite:p}`webster2019`. It finds what lies in the weights and seldom comes out.
#
# {numref}`fig-audit-scores` shows the last kind for the first model. Where the training images' curve
# runs above the other, more of them have a low score.

# %%
# | figure: fig-audit-scores
# | alt: Shares of training and hold-out images below a score, two curves.
# | caption: >-
# |   The share of images whose score is at most the value on the axis, by the last test of the first
# |   model's audit.
scores = report.tests[-1].scores
fig, ax = plt.subplots()
plotting.cumulative(
    {"train": scores.train, "validation": scores.holdout}, ax=ax, xlabel=scores.unit
)
plt.show()

# %% [markdown]
# The p-value is the probability of a difference like this, or a larger one, where there is none. It
# is found by exchanging training and hold-out images at random, ten thousand times, and so holds for
# any generator and any number of images. Several tests have several chances of a false alarm; the
# adjusted p-values {cite:p}`holm1979` allow for that. The ratio is that of the geometric means: 0.7 says
# that training images' scores are three tenths lower. The AUC is the probability that of a training and
# a hold-out image the former has the lower score: 0.5 where the scores say nothing.

# %%
# | table: tab-audits
# | caption: The tests of both audits. A ratio below 1 says that training images are nearer.
pd.concat({name: each.table() for name, each in reports.items()}).rename_axis([None, None])

# %% [markdown]
# ## Would copies have been found?
#
# A test that finds nothing may be blind. So every audit plants copies and looks whether they are found:
# {numref}`tab-audit-controls`. The smallest share that is found is what an acquittal is worth. The
# negative control takes half of the training images for a generator's: it knows the distribution to
# perfection and has copied nothing. If a test fires here, training and hold-out images differ by
# themselves, and the audit says that it cannot tell.

# %%
# | table: tab-audit-controls
# | caption: >-
# |   Controls of the last model's audit. Of a positive control p is the smallest adjusted p-value of
# |   the tests on samples; of a negative one that of the test alone.
controls = reports[models[-1]].controls
pd.DataFrame(
    {
        "control": [f"{100 * share:g} % copies" for share in controls.positive]
        + [f"no copies, {name}" for name in controls.negative],
        "p": [f"{p:.2g}" for p in [*controls.positive.values(), *controls.negative.values()]],
    }
).set_index("control").rename_axis(None)

# %% [markdown]
# ## Look at the samples
#
# {numref}`fig-audit-suspects` shows the samples that are nearest to a training image, by how near that
# image comes to other real ones. Numbers say that there is memorization; whether a sample is a *copy*
# is seen here. A generator can know its training images better than others and still never emit one.

# %%
# | figure: fig-audit-suspects
# | alt: The most suspicious samples above the training images nearest to them.
# | caption: >-
# |   The most suspicious samples of the first model, from the left, and below each the training image
# |   nearest to it under both encoders.
order = report.suspects.order[:10]
rows = {"generated": report.generated[order].numpy()}
for name, found in report.suspects.found.items():
    rows[f"nearest, {name}"] = report.train[found.train[order]].numpy()
fig, ax = plt.subplots(figsize=(7, 2.6))
plotting.image_grid(rows, ax=ax)
plt.show()

# %% [markdown]
# ## The decision
#
# One of three:
#
# - **memorization**: a test fired, and the negative control did not. With no memorization at all this
#   happens in at most 5 % of audits.
# - **no memorization found**: no test fired, though copies would have been found, down to a share that
#   the report names. It is no proof of innocence: below that share, and for copies that are cropped or
#   drawn anew, nothing is said.
# - **cannot tell**: there were too few images, or the hold-out images are of another kind. More images,
#   or better ones, are the remedy.

# %%
# | table: tab-audit-verdicts
# | caption: What the audits decide, and how small a share of copies each would have found.
pd.DataFrame(
    {
        "model": list(reports),
        "verdict": [each.verdict for each in reports.values()],
        "copies found from": [
            "never" if share is None else f"{100 * share:g} %"
            for share in (each.controls.sensitivity(0.05) for each in reports.values())
        ],
    }
).set_index("model").rename_axis(None)

# %% [markdown]
# ## What to take away
#
# - Hold images out by chance, before training. Without them no audit can say anything.
# - An acquittal is worth as much as the smallest share of copies that would have been found.
# - Whether a sample is a copy is for the eye. The tests say where to look, and whether it is more than chance.

# %% [markdown]
# ## Exercises
#
# **1.** Training images have the scores 1, 2 and 4, hold-out images 3, 5 and 6. What is the AUC?
#
# :::{dropdown} Solution 1
# In eight of nine pairs the training image has the lower score: $8 / 9 = 0.89$.
# :::
#
# **2.** An audit finds nothing, and would have found copies from 5 % on. You publish 10,000 samples. How many copies may
# be among them without contradicting the audit?
#
# :::{dropdown} Solution 2
# Nearly 500. To promise less, audit with more images; {numref}`tab-detectable` says how many.
# :::

# %% tags=["remove-cell"]
# NBVAL_CHECK_OUTPUT
print(list(reports), [test.name for test in report.tests], len(report.suspects.order))
