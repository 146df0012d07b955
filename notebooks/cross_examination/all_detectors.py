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
# # Do detectors see the same memorization?
#
# {cite:t}`webster2019` recover images: a generator that can make its training images better than unseen
# ones has memorized. {cite:t}`bai2022` look at samples: a generator whose samples lie nearer to training
# images than unseen ones do has copied, which $C_T$ measures {cite:p}`meehan2020`. Neither paper has the
# other's detector, nor the other's models. Here every detector faces every model.
#
# The two ask different questions. Recovery asks what a generator *can* make, of any latent code that an
# optimiser finds. Samples show what it *does* make, of codes drawn at random. So they may disagree
# without either being wrong, and this page looks for where they do.
#
# :::{figure-md} fig-idea-all-detectors
# ![Left, a curve through all training images with samples only at its ends. Right, samples lie on training images, and the curve passes unseen images nearly as closely.](../../book/figures/all_detectors.svg)
#
# Two ways to memorize. On the left a generator can make every training image and unseen ones not as
# well, but its samples lie elsewhere: recovery sees it. On the right samples crowd around training
# images, while some code makes unseen images nearly as well: only samples show it. A sketch, not
# data.
# :::

# %% tags=["parameters"]
dataset = "digits"  # {digits, faces, mnist, fashion_mnist, cifar10, celeba, celeba_hq, lsun_bedroom, lsun_tower} images of the models of the first paper
models = [
    "dcgan",
    "mesch",
    "pggan",
    "glo-128",
    "glo-256",
    "glo-512",
    "glo-1024",
]  # {dcgan, mesch, pggan, flow, sagan, biggan, biggan_diffaugment, glo-N, ae-N, aegan-N} models; N training images; a GLO among them
count = 250  # [2, inf) training and hold-out images to examine, each
rejecting_dataset = "digits"  # {digits, faces, mnist, fashion_mnist, cifar10} images of the models of the second paper
rejecting_size = 8  # [8, 224] pixels a side
rejecting_images = 100  # [2, inf) training images
rejecting_model = "biggan"  # {sagan, biggan, biggan_diffaugment} family
rejecting_encoder = "pca"  # {classifier, pca, pixels, squeezenet, squeezenet_deepscale, cifar10_resnet20, cifar10_resnet56, vgg16, vgg19, resnet50, inception, inception_normalized, inception_tf, dinov2} by whose features images are rejected
thresholds = [
    0,
    "d-bar",
]  # {number, qN, d-bar} tau: numbers, quantiles in per cent of the distances between training images, or their mean
rejecting_seeds = [0, 1, 2, 3]  # [0, inf) of training of these, two at least
training = {
    "biggan": {"steps": 220}
}  # by family, arguments of experiments.train instead of those in families.py
encoder = "pixels"  # {classifier, pca, pixels, squeezenet, squeezenet_deepscale, cifar10_resnet20, cifar10_resnet56, vgg16, vgg19, resnet50, inception, inception_normalized, inception_tf, dinov2} whose features the detectors see
generated = 500  # [60, inf) images of each generator
passes = 50  # [1, inf) generator passes for each recovered image
exchanges = 19  # [2, inf) of training and hold-out images, to calibrate detectors without a p-value
critic_steps = 0  # [0, inf) updates of each critic of the neural net divergence; 0 leaves it out
critic_exchanges = 4  # [2, inf) exchanges for it, each of which trains two critics
seed = 0  # [0, inf) of training of the first paper's models, and of samples
shown = 8  # [1, 50] images in a row of the last figure

# %%
import matplotlib.pyplot as plt

from mempaper import claims, cross_examination, examined, experiments, plotting, sweep

plotting.style()
runs = experiments.train_all(
    experiments.jobs([dataset], models=models, training=training, seeds=[seed])
)
rejecting_runs = experiments.train_all(
    sweep.jobs(
        rejecting_dataset,
        models=[rejecting_model],
        thresholds=thresholds,
        seeds=rejecting_seeds,
        training=training,
        rejection={"embedding": rejecting_encoder},
        images=rejecting_images,
        size=rejecting_size,
    ),
    measured_by=[rejecting_encoder],
)
settings = {
    "encoder": encoder,
    "generated": generated,
    "passes": passes,
    "exchanges": exchanges,
    "critic_steps": critic_steps,
    "critic_exchanges": critic_exchanges,
}
first = examined.examine(runs, count=count, seed=seed, **settings)
second = examined.examine(rejecting_runs, count=min(count, rejecting_images), seed=seed, **settings)
everything = [*first, *second]

# %% [markdown]
# ## One scale for all
#
# A model that has learned the distribution, and no image by heart, does not know which of two images it
# was trained on. Training and hold-out images can then be exchanged, and whatever a detector says of
# the true labels, it might as well say of others. Four kinds of detectors use this:
#
# - the recovery errors of both sets are compared by a one-sided Kolmogorov-Smirnov test (KS,
#   {py:func}`~mempaper.statistics.ks_test`), by their medians (the MRE-gap {eq}`eq-gap`,
#   {py:func}`~mempaper.statistics.mre_gap`), and by the means of their logarithms
#   ({py:func}`~mempaper.statistics.log_score_test`). The last two are tested by permuting which error
#   belongs to which set;
# - nearness to samples ({py:func}`~mempaper.nearness.membership_scores`; {cite:t}`chen2020`), the gap of
#   a nearest-neighbour classifier ({py:func}`~mempaper.statistics.nearest_neighbor_gap`;
#   {cite:t}`lopezpaz2017`) and the three-sample test ({py:func}`~mempaper.statistics.three_sample_test`;
#   {cite:t}`bounliphone2016`) have exact p-values of their own;
# - LOGAN {cite:p}`hayes2019` asks the discriminator that the generator learned from, and takes the images
#   that it finds most real for training images. The p-value is that of Mann and Whitney's test. GLO has
#   no discriminator, so its cell is empty;
# - the others have none: AuthPct {cite:p}`alaa2022`, the gap and the overfit Gaussians of FLD
#   {cite:p}`jiralerspong2023`, MiFID's distance {cite:p}`bai2021` and the difference of two Fréchet
#   distances. They are computed again with labels exchanged at random, and their score is standardised
#   by the mean and the standard deviation of what comes out; the p-value is Student's, so it is exact
#   only if these scores are normal. The neural net divergence {cite:p}`gulrajani2019`, which trains
#   networks to tell samples from real images, is among them where `critic_steps` is above 0.
#
# A p-value is shown as the $u$ that a standard normal variable exceeds with that probability. So in every
# row 0 is expected of a model that does not memorize, and 1.64 is exceeded once in twenty times.
# Permutations end somewhere: $u$ of an exact p-value reaches 3.1 or 3.7 and no more.
#
# $C_T$ is the odd one out. Its p-value exchanges *generated* and hold-out images: it asks whether samples
# lie nearer to the training images than unseen images do. Samples that are merely poor lie farther away,
# $u$ is below 0, and copies among them count against that. Samples that merely vary too little lie nearer,
# and $u$ is large though nothing was copied.
#
# All detectors of a model see the same real images, and those that take features see the pixels. A principal
# component analysis of the training images would not do: it knows them, so that hold-out images look
# different whatever the generator has done.

# %%
# | figure: fig-all-detectors
# | alt: Two matrices of numbers, a row for each detector and a column for each model, red where a
# |   detector finds copying.
# | caption: >-
# |   Every detector on every model: $u$, above 0 for copying. Above, models of
# |   {cite:t}`webster2019`; below, models of {cite:t}`bai2022` by the threshold $\tau$ of their
# |   rejection, means over seeds. A star: the detector finds copying at 5 % for all detectors
# |   together, by Holm's correction, in more than half of these models.
columns = [
    {each.label: [each] for each in first},
    {f"τ = {tau:.2g}": of for tau, of in sorted(cross_examination.by_threshold(second).items())},
]
detectors = cross_examination.titles(everything)
fig, axes = plt.subplots(2, 1, figsize=(5.6, 12))
for models_by_name, title, ax in zip(
    columns,
    (dataset, f"{second[0].name}, {rejecting_images} {rejecting_dataset}"),
    axes,
    strict=True,
):
    z, share = cross_examination.matrix(list(models_by_name.values()), detectors)
    plotting.heat_map(
        z,
        list(detectors.values()),
        list(models_by_name),
        ax=ax,
        limit=4,
        marked=share > 0.5,
    )
    ax.set_title(title)
plt.show()

# %% [markdown]
# Look first at the upper rows, recovery, and then at the rows below. A GLO learns a code for each
# training image, and nothing makes it draw good images from other codes. Where it has few images, it
# makes these better than others, and recovery sees that. Its samples are poor, and $C_T$, which takes
# poor for far from copied, sees nothing. Nearness to samples can see something: it compares training
# with hold-out images, and poor samples are far from both.
#
# A GAN of few images draws copies, and several detectors that look at its samples see them. Recovery sees
# less: among all its codes some make unseen images nearly as well as training images. With a hundred
# images of each kind, a gap of ten per cent is within chance, too.

# %%
# | table: tab-detectors-that-fire
# | caption: >-
# |   The detectors that find copying in each model at 5 % for all of them together, by Holm, and the
# |   two that differ most, with their $u$.
cross_examination.table(everything)

# %% [markdown]
# ## What the discriminator gives away
#
# A discriminator gives each image a number, its logit, larger where it finds the image more real. The AUC
# in {numref}`tab-logan` is the probability that a training image has a larger one than a hold-out image,
# 0.5 for guessing. Who wants to be sure takes few images for training images, those of the largest
# logits: the next column has the share of training images found where 1 % of the hold-out images are
# taken for them. Discriminators are rarely published, so this is a risk only where they are.

# %%
# | table: tab-logan
# | caption: >-
# |   LOGAN on each model that has a discriminator, with 95 % intervals: AUC, the share of training images
# |   found at 1 % false alarms, and the p-value. Below 100 hold-out images that share is unknown.
cross_examination.attacks(everything)

# %% [markdown]
# ## Does rejection change the MRE-gap?
#
# Memorization rejection acts on samples. Whether it also takes the training images from what the
# generator *can* make, only recovery tells. {numref}`tab-gap-under-rejection` holds the MRE-gap beside
# $C_T$, for models trained with the same seeds. A generator of classes is recovered within a class: the
# class of the best of 4,096 random starts, which the optimiser does not change.

# %%
# | table: tab-gap-under-rejection
# | caption: >-
# |   What the threshold $\tau$ does to both papers' measures, means over seeds with Student's 95 %
# |   interval, and how many models some detector finds at 5 %, by Holm over all detectors.
cross_examination.over_seeds(second)

# %%
claims.judge("mr-lowers-mre-gap", values=cross_examination.changes_of_gap(second))

# %% [markdown]
# ## Does $C_T$ see a GLO that memorizes?
#
# Table 1 of {cite:t}`webster2019` finds a large MRE-gap for the GLO of the fewest images. The verdict is on
# whether the whole interval of $C_T$, by resampling hold-out and generated images, lies below 0.

# %%
seen = claims.judge("ct-sees-small-glo", values=cross_examination.copying_of_smallest(first, "glo"))
seen

# %% [markdown]
# ## Which detectors agree?
#
# Spearman's coefficient is the correlation of ranks: 1 where two detectors put the models in the same
# order, 0 where the order of one says nothing of that of the other. Models are ranked among those of
# their own data, by the scores themselves, and by detectors that look at all of them. There are few of them, and those that differ only in a seed or
# a threshold are not independent: a star says that fewer than 5 % of the random orders within the same
# data correlate as much, and among so many pairs some do so by chance.
#
# Look for blocks. Detectors that take the same scores agree, as the three of recovery do. Those that
# ask how far samples are from training images, and of hold-out images little or nothing, follow the
# quality of the samples as much as their copying: $C_T$, AuthPct and MiFID's distance.

# %%
# | figure: fig-agreement
# | alt: A matrix of rank correlations between detectors, red for agreement and blue for the contrary.
# | caption: >-
# |   Spearman's coefficient of detectors over models, in hundredths. A star: p at most 5 % by permuting
# |   models within their data, not corrected for the number of pairs.
alike = cross_examination.agreement([first, second])
ranked = cross_examination.titles(everything, among=all)
titles = list(ranked.values())
fig, ax = plt.subplots(figsize=(7, 6.6))
plotting.heat_map(
    cross_examination.below_diagonal(alike.coefficients),
    titles[1:],
    titles[:-1],
    ax=ax,
    limit=1,
    marked=alike.p_values[1:, :-1] <= 0.05,
    show=lambda value: f"{100 * value:.0f}",
    fontsize=11,
)
plt.show()

# %%
claims.judge(
    "gap-and-ct-rank-alike",
    values={"all models": cross_examination.correlation(alike, ranked, "gap", "c_t")},
)

# %% [markdown]
# ## Where they disagree, in pictures
#
# Recovery and nearness to samples both score single training images, by the error of the recovered image
# and by the distance to the nearest sample, and the same test of logarithms compares these with
# hold-out images. {numref}`fig-disputed` takes, of each paper's models, the one on which the two tests
# differ most, where it can among those in which one of them has a $u$ above 1.64, which by itself chance
# exceeds once in twenty. Of its training images it shows those that are among the best by one score and
# among the worst by the other. A pair of panels belongs to any such model, also to one in which
# {numref}`tab-detectors-that-fire` has no detector fire.
#
# In rows that recovery sees, the recovered image resembles the training image and no sample does: the
# generator can make it, and did not. In rows that nearness sees, a sample lies nearer than samples do
# to most hold-out images, while the recovered image is no better than theirs. Where the sample resembles
# the training image more than the recovered image does, the row is a warning about the optimiser, for a
# generator that made the sample can make it again. Both scores have a weakness: images with few strokes
# have small errors in any model, while nearness is relative to how near other real images are.

# %%
# | figure: fig-disputed
# | alt: Panels of three rows each, training images, their recoveries and the nearest samples.
# | caption: >-
# |   Training images on which recovery and nearness to samples disagree, in one model of each paper.
# |   Chosen by the two scores alone.
disputes = [cross_examination.dispute(of, shown=shown) for of in (first, second)]
panels = [(each, kind) for each in disputes for kind in each.rows]
fig, axes = plt.subplots(len(panels), 1, figsize=(7, 2.8 * len(panels)))
for (each, kind), ax in zip(panels, axes, strict=True):
    plotting.image_grid(each.rows[kind], ax=ax)
    ax.set_title(f"{each.model.label}: ranked low by {kind} alone")
plt.show()

# %% [markdown]
# ## What to take away
#
# A detector that finds nothing has not shown that nothing was memorized. Who publishes samples wants to
# know whether they copy, and asks detectors of samples. Who publishes a *generator* should also ask what
# can be recovered from it. And a threshold that was set by $C_T$ says something about $C_T$: the page on
# [threshold sweeps](../memorization_rejection/threshold_sweep.py) has its price in quality, this one
# what other detectors still see.

# %% [markdown]
# ## Exercises
#
# Three detectors have p-values of 0.004, 0.02 and 0.03. Which of them fire at 5 % for all together, by
# Bonferroni's correction and by Holm's?
#
# :::{dropdown} Solution
# Bonferroni multiplies each by 3: 0.012, 0.06 and 0.09, and only the first fires. Holm multiplies the smallest
# by 3, the next by 2 and the last by 1, none falling below the one before: 0.012, 0.04 and 0.04. All fire, and the
# probability of any false alarm is still 5 % at most.
# :::

# %% tags=["remove-cell"]
# NBVAL_CHECK_OUTPUT
print(len(first), "and", len(second), "models,", len(detectors), "detectors")
print(alike.coefficients.shape, [len(each.rows) for each in disputes])
