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
# # Which detector sees what?
#
# Nobody knows how much a trained network has memorized, so what a detector of memorization says of it
# cannot be marked right or wrong. It can where the truth is planted. Fresh images of the same kind as
# the training images stand for the samples of a generator without fault; replaced in part by training
# images, they are those of a generator that copies exactly that part
# ({py:func}`mempaper.planted.plant`). This page does so for every detector of
# {py:data}`mempaper.detectors.DETECTORS`, all of which need no more than features of images, many times
# over.
#
# Two numbers describe a detector:
#
# - its **false alarm rate**: how often it says *copied* where nothing is. Here it is set to 5 % for all of
#   them, or scores could not be compared: whoever always raises the alarm finds everything.
# - its **power**: how often it says *copied* where something is. It grows with the share of copies and
#   with the number of images. A detector that stays silent has shown something only if its power was
#   high.
#
# Copies are exact, or corrupted a little, as a generator might: *flipped* left to right, *shifted* by one
# pixel, *jittered* in colour, *noised*, or *blended*, three parts of a training image with one part of
# a fresh one.
#
# :::{figure-md} fig-idea-calibration
# ![Two panels, each with the scores of a detector without copies and with them. The part of the latter beyond a threshold is small on the left and large on the right.](../../book/figures/calibration.svg)
#
# The threshold is set where nothing is copied, so that 5 % of the scores lie beyond it, false
# alarms. The power is what lies beyond it where something is. A sketch, not data.
# :::

# %% tags=["parameters"]
dataset = "faces"  # {digits, faces, mnist, fashion_mnist, cifar10, celeba, celeba_hq, lsun_bedroom, lsun_tower} image source
size = 16  # [8, 128] pixels a side
images = 1000  # [2, inf) training images of the source, from which encoders learn
pool = 24000  # [12, inf) other images of the source, from which all sets are drawn
encoders = [
    "pca",
    "classifier",
]  # {classifier, pca, pixels, squeezenet, squeezenet_deepscale, cifar10_resnet20, cifar10_resnet56, vgg16, vgg19, resnet50, inception, inception_normalized, inception_tf, dinov2} of the figure, then those it is compared with
classifier_steps = 200  # [1, inf) updates of the classifier
count = 100  # [21, inf) images of each set in the figure
other_counts = [50, 200]  # [21, inf) images of each set, for exact copies only
replicates = 20  # [2, inf) repetitions of each case
nulls = 40  # [20, inf) repetitions without copies, which set the thresholds; at least `replicates`
shares = [0.05, 0.2, 1.0]  # (0, 1] of copies among generated images
compared = [
    "exact",
    "flipped",
]  # {exact, flipped, shifted, jittered, noised, blended} copies under the other encoders
bandwidths = [0.5, 1.0, 2.0]  # [0, inf) of density estimates; black to white is 2
models_dataset = "digits"  # {digits, faces, mnist, fashion_mnist, cifar10, celeba, celeba_hq} whose models are examined
models = [
    "glo-128",
    "glo-1024",
]  # {dcgan, mesch, pggan, flow, sagan, biggan, biggan_diffaugment, glo-N, ae-N, aegan-N} models; N training images
training = {}  # by family, arguments of experiments.train instead of those in families.py
examined_images = 250  # [2, inf) training and hold-out images where models are examined, each
passes = 50  # [1, inf) generator passes for each image
detectors = [
    "nearness",
    "c_t",
    "authpct",
    "fld_gap",
    "overfit_gaussians",
    "nn_gap",
    "mmd",
    "mifid_distance",
    "fid_gap",
]  # {nearness, c_t, authpct, fld_gap, overfit_gaussians, nn_gap, mmd, mifid_distance, fid_gap} to be tried
exchanges = 39  # [2, inf) of training and hold-out images, to calibrate detectors without a p-value
searches = 40  # [20, inf) repetitions of each step in the search for what could be detected
seed = 0  # [0, inf) of all draws and of training

# %%
import matplotlib.pyplot as plt

from mempaper import calibration, detectable, examined, experiments, plotting
from mempaper.detectors import DETECTORS
from mempaper.planted import CORRUPTIONS

plotting.style()
common = {
    "detectors": detectors,
    "size": size,
    "images": images,
    "pool": pool,
    "replicates": replicates,
    "nulls": nulls,
    "seed": seed,
}
first, *others = [{"name": name, "classifier_steps": classifier_steps} for name in encoders]
all_copies = dict.fromkeys(CORRUPTIONS, shares)
found = experiments.calibrate(
    dataset, count=count, shares=all_copies, bandwidths=bandwidths, encoder=first, **common
)

# %% [markdown]
# ## One figure
#
# Each panel of {numref}`fig-power` is a detector, each line a kind of copy. Look for where a line crosses
# the dotted one at 80 %: copies of that kind and that share are found four times in five. A line that
# stays near the full one at 5 %, the false alarm rate, belongs to copies that the detector does not
# see. A detector is no better than the features it is given: what the encoder puts far from the
# training image is not found by any distance.

# %%
# | figure: fig-power
# | alt: A panel for each detector; power against the share of copies, one line for each corruption.
# | caption: >-
# |   Power of each detector at a false alarm rate of 5 % (full line) against the share of copies among
# |   generated images. Bars are 95 % intervals over replicates; marks are set side by side.
curves = calibration.by_detector(calibration.power(found))
rows = len(curves) // 2 + 1
fig, axes = plt.subplots(rows, 2, figsize=(7, 2.2 * rows), sharex=True, sharey=True)
for (name, of_corruption), ax in zip(curves.items(), axes.flat, strict=False):
    plotting.power_against_share(
        of_corruption, ax=ax, level=calibration.LEVEL, power=calibration.POWER
    )
    ax.set_title(plotting.typeset(DETECTORS[name].title))
for ax in axes.flat[len(curves) :]:
    ax.axis("off")
for ax in axes.flat[len(curves) - 2 : len(curves)]:
    ax.tick_params(labelbottom=True)
axes[-1, -1].legend(*axes[0, 0].get_legend_handles_labels(), loc="center", title="copies")
fig.supxlabel("copies among generated images (%)", fontsize=11)
fig.supylabel("replicates in which they are found (%)", fontsize=11)
plt.show()

# %%
# | table: tab-found-first
# | caption: >-
# |   Which detectors find the smallest share of copies with a power of 80 %, under the encoder of
# |   {numref}`fig-power`; those within a tenth of the best are all named.
calibration.best(found)

# %% [markdown]
# ## One table
#
# {numref}`tab-detectors` holds the smallest share that each detector finds with a power of 80 %, read
# off between the shares that were tried on a logarithmic scale. The other encoders show what
# is the detector's doing and what is the encoder's.
#
# The power in the figure takes replicates without copies to set the threshold of each score. A reader
# has no such replicates. Four detectors bring a test of their own. Three of them have a p-value that is
# exact where training and hold-out images can be exchanged, $C_T$ one that is exact where generated and
# hold-out images can be. Here samples without copies are images like others, so both hold; samples that
# vary too little would set off $C_T$ without any copy. The table has how often the test fell to 5 % without
# copies.
# Its interval should hold 5 % or reach below it; that of one detector in twenty may miss by chance. No
# number stands where nothing was found with that power, or where the encoder was not tried.

# %%
# | table: tab-detectors
# | caption: >-
# |   The smallest share of copies (%) found with a power of 80 %, by corruption; false alarms of the
# |   detector's own test with their 95 % interval; time of one call on one thread.
compared_copies = dict.fromkeys(compared, shares)
elsewhere = [
    experiments.calibrate(dataset, count=count, shares=compared_copies, encoder=other, **common)
    for other in others
]
calibration.table([found, *elsewhere])

# %% [markdown]
# ## How many images?
#
# {numref}`tab-counts` repeats the search for exact copies with fewer and with more images in each set. Where
# an own test exchanges training and hold-out images it can see less than the calibrated score, for the
# copies are carried along and widen what chance is seen to do. Scores rest on few replicates without
# copies, from whose quantile both can differ in either direction.

# %%
# | table: tab-counts
# | caption: >-
# |   The smallest share of exact copies (%) found with a power of 80 %, by the number n of training,
# |   hold-out and generated images.
by_count = [
    experiments.calibrate(dataset, count=n, shares={"exact": shares}, encoder=first, **common)
    for n in other_counts
]
calibration.by_count(sorted([found, *by_count], key=lambda each: each.count))

# %% [markdown]
# The same question before an audit: with so many images, what could be detected at all?
# `detectable.share` answers it for features of real images and any detector; here for *nearness to
# samples* with its own test. `detectable.gap` answers it for recovery, from the errors of hold-out
# images: how much better than these, in per cent, training images must be recovered until the
# Kolmogorov-Smirnov (KS) test, or a comparison of the medians, finds a difference. The errors are those
# of the model with most images below. {numref}`tab-detectable` is to be read as a limit: if an audit finds
# nothing, a smaller share or gap than this may well be there. It is searched for anew, with *searches*
# repetitions, so that its shares are near those of {numref}`tab-counts` and not the same.

# %%
# | table: tab-detectable
# | caption: >-
# |   What is found with a power of 80 % at 5 % false alarms, by the number n of images of each set.
runs = experiments.train_all(
    experiments.jobs([models_dataset], models=models, training=training, seeds=[seed])
)
on_models = examined.examine(
    runs,
    count=examined_images,
    generated=examined_images,
    passes=passes,
    exchanges=exchanges,
    seed=seed,
)
features = experiments.pool_features(dataset, encoder=first, size=size, images=images, pool=pool)
detectable_rows = detectable.table(
    sorted([count, *other_counts]),
    features=features,
    errors=on_models[-1].errors["holdout"],
    replicates=searches,
    seed=seed,
)
detectable_rows

# %% [markdown]
# ## From copying to blurring
#
# A density estimate draws a training image and adds noise. Without noise it copies; with much of it, its
# images are blurs around the training images, no nearer to these than to others. In between lies
# every degree of copying, and all of the images are copies: {numref}`tab-bandwidths` says up to which
# bandwidth a detector still finds that.

# %%
# | table: tab-bandwidths
# | caption: >-
# |   Power (%) at 5 % false alarms on density estimates; the columns are standard deviations of the noise,
# |   where black to white is 2.
calibration.densities(found)

# %% [markdown]
# ## On models that memorize
#
# GLO, generative latent optimisation, is trained to return its training images, and does so better
# the fewer there are. {numref}`tab-models` lays the detectors beside the MRE-gap {eq}`eq-gap` of recovery.
# A detector that has a test brings its own p-value. The score of any other is held against those after
# exchanges of training and hold-out images, as if these were normal. Detectors which look at samples need
# not agree with recovery: they see what the model *does* return, and recovery sees what it *could*. A
# small p-value in a column with a small gap would be the reverse case.

# %%
# | table: tab-models
# | caption: >-
# |   The MRE-gap with its 95 % interval, the p-value of the KS test of recovery errors, and p-values of
# |   the detectors on samples, in pixels.
calibration.on_models(on_models, detectors)

# %% [markdown]
# ## What this does not show
#
# - Planted copies are of known kinds, spread evenly over the training images. A generator may copy a few
#   images often, or copy parts of images. These detectors have not been tried on that.
# - Thresholds rest on few replicates, and are themselves uncertain; intervals do not cover that. Only large
#   differences between detectors mean anything here.
# - All numbers are of these images. On others, with more variety or in other features, detectors keep
#   their false alarm rate, if it is a test's, but not their power.
# - A flipped or shifted copy that goes unseen in the features of one encoder may be plain in those of
#   another, or once the generated images are also looked at flipped, as the audit does.

# %% [markdown]
# ## What to take away
#
# - A detector that stays silent has said something only if it would have spoken. Ask for its power, with as
#   many images as you have.
# - Compare detectors at equal false alarms.
# - The encoder decides what any of them can find.

# %% [markdown]
# ## Exercises
#
# **1.** A generator copies one image in a hundred. How probable is it that there is a copy at all among 100 samples?
# Among 500?
#
# :::{dropdown} Solution 1
# $1 - 0.99^{100} = 63.4$ % and $1 - 0.99^{500} = 99.3$ %. No detector can have a power beyond that, plus its
# false alarms.
# :::
#
# **2.** What is the smallest p-value that 19 exchanges can give, and how many exchanges does a test at 1 % need?
#
# :::{dropdown} Solution 2
# $1 / (1 + 19) = 0.05$; 99 at least.
# :::

# %% tags=["remove-cell"]
# NBVAL_CHECK_OUTPUT
print(found.count, list(found.seconds), len(found.scores))
print([each.encoder for each in elsewhere], [each.count for each in by_count])
print(list(detectable_rows), [each.name for each in on_models])
