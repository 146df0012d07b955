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
# # The law of the gap
#
# How many training images does a generator need until its memorization cannot be seen?
# {cite:t}`webster2019` train GLO, auto-encoders (AE) and AEGAN on more and more images and find
# smaller and smaller gaps (their Fig. 4 and Table 1). This page puts a number on it: the MRE-gap
# {eq}`eq-gap` of models trained on $N$ images is fitted by a line in $\log_2 N$,
#
# $$
# \text{MRE-gap}(N) \approx a + b \log_2 N ,
# $$ (eq-gap-law)
#
# by least squares ({py:func}`mempaper.statistics.gap_law`). The slope $b$ is the change of the gap for
# each doubling of $N$. It is a description of the range measured, no more: gaps are at most 100 %, and
# do not go on falling once they are zero.
#
# :::{figure-md} fig-idea-gap-law
# ![Left, a curve goes through five training images. Right, an equally flexible curve runs between fifteen, as near to them as to unseen ones.](../../book/figures/gap_law.svg)
#
# Two curves with five numbers to choose, fitted to training images. Through five of them the curve
# goes exactly, wherever unseen images lie; among fifteen it has to find a middle, and is as near to
# the one kind as to the other. A sketch with points of chance, no images.
# :::

# %% tags=["parameters"]
dataset = "digits"  # {digits, faces, mnist, fashion_mnist, cifar10, celeba, celeba_hq, lsun_bedroom, lsun_tower} image source
models = ["glo", "ae"]  # {glo, ae, aegan} families
counts = [128, 256, 512, 1024]  # [2, inf) training images N of each model
training = {}  # by family, arguments of experiments.train instead of those in families.py: {glo: {steps: 2000}}
count = 250  # [2, inf) training and hold-out images to recover, each
passes = 50  # [1, inf) generator passes for each image
seed = 0  # [0, inf) of training

# %%
import matplotlib.pyplot as plt

from mempaper import claims, experiments, gap_law, plotting, results

plotting.style()
names = [f"{model}-{n}" for model in models for n in counts]
runs = experiments.train_all(
    experiments.jobs([dataset], models=names, training=training, seeds=[seed])
)
assessments = experiments.assess(runs, count=count, check_count=0, steps=passes)
laws = gap_law.by_family(assessments)

# %% [markdown]
# ## Gap against N
#
# In {numref}`fig-gap-law` the answer to the question above is where a family's points fall below the
# dashed line, the paper's threshold of 10 %. A family that does not get there needs more images than
# were tried.

# %%
# | figure: fig-gap-law
# | alt: MRE-gap with its interval against the number of training images for each family, with a
# |   fitted line.
# | caption: >-
# |   MRE-gaps with 95 % bootstrap intervals over images, against the number of training images on a
# |   logarithmic axis, and the fit {eq}`eq-gap-law`. Marks of the families are set side by side.
fig, ax = plt.subplots(figsize=(7, 4))
plotting.gap_against_count(laws, ax=ax)
plt.show()

# %%
# | figure: fig-gap-law-turn
# | caption: >-
# |   {numref}`fig-gap-law` with a slider over $N$: the gap, and the recovery errors of training and
# |   validation images whose medians it compares. As $N$ grows, the two distributions move together.
plotting.count_knob(laws, gap_law.errors_by_family(assessments))

# %%
# | table: tab-gap-law
# | caption: The gaps of {numref}`fig-gap-law` with 95 % bootstrap intervals, and the fit.
gap_law.table(laws)

# %% [markdown]
# Where points lie off their line by more than their intervals, no line is the law: gaps level off at
# both ends. The slope then is about the mean fall over the range.
#
# Every model of a family takes equally many updates, so that one with fewer images sees each of them
# more often: $N$ is not all that changes along the axis. The paper does not say how long it trains.
#
# ## Verdict
#
# The interval of the slope is a bootstrap over images. It does not cover another training of the
# same models.

# %%
verdict = claims.judge(
    "gap-falls-by-doubling", slopes={name: law.slope for name, law in laws.items()}
)
verdict

# %% [markdown]
# ## Recorded on CIFAR-10
#
# Longer trainings on photographs, 400 training and 400 validation images. Each doubling of $N$ between 1,024
# and 16,384 takes ten points off the gap of GLO and twelve off that of AE, in each of three trainings.

# %%
# | table: tab-gap-law-recorded
# | caption: >-
# |   Change of the MRE-gap for each doubling of $N$, recorded on CIFAR-10 over three trainings
# |   of models with $N$ = 1,024, 4,096 and 16,384.
results.verdicts("gap-falls-by-doubling")

# %% [markdown]
# ## What to take away
#
# - One number, the slope, says how fast memorization that recovery sees goes as images are added, within the
#   range that was measured.
# - The $N$ from which on nothing is detected belongs to one family, one length of training and one kind of
#   images. It is no safe number for others.

# %% [markdown]
# ## Exercises
#
# **1.** A family has a gap of 60 % at $N = 128$ and of 15 % at $N = 1{,}024$, and lies on a line. What is the slope,
# and for which $N$ would the gap be 10 %?
#
# :::{dropdown} Solution 1
# Three doublings take 45 points: 15 for each. From 1,024 a third of a doubling is left, and
# $1024 \cdot 2^{1/3} = 1290$.
# :::
#
# **2.** All models of a family take equally many updates. How many times as often does GLO-128 see each image as
# GLO-1024 does? Which other experiment would tell the effect of $N$ from that of the repetition?
#
# :::{dropdown} Solution 2
# Eight times. Give the larger model updates in proportion to $N$, so that each image is seen equally often:
# `mempaper notebook run recoveries -p models '[glo-1024]' -p training '{glo: {steps: ...}}'` has the gap of
# one model.
# :::

# %% tags=["remove-cell"]
# NBVAL_CHECK_OUTPUT
for name, law in laws.items():
    print(name, list(law.gaps))
