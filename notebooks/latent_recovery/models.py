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
# # The generators
#
# Before anyone asks whether a generator copies, it has to generate. This page shows what the models
# of this part make after the short trainings of this build, and how short these are.
#
# All of them have a generator $G$ that turns a latent code $z$, a vector of random numbers, into an image.
# They differ in how it is trained.
#
# - **DCGAN** {cite:p}`radford2016`, **MESCH** {cite:p}`mescheder2018` and **PGGAN** {cite:p}`karras2018` are
#   *generative adversarial networks*: a second network, the discriminator, learns to tell training
#   images from samples, and the generator learns to mislead it. DCGAN is the plain one. MESCH has
#   residual blocks and a penalty on the gradient of its discriminator. PGGAN begins with images of 4
#   pixels and grows layer by layer. None of their generators ever sees a training image.
# - **GLO** {cite:p}`bojanowski2018` has no discriminator. Each training image has a random latent code
#   of its own, drawn once, and the generator learns to turn each code into its image.
# - **AE**, an auto-encoder, learns a second network that turns an image into its code. **AEGAN** adds a
#   discriminator to it.
#
# GLO-$N$, AE-$N$ and AEGAN-$N$ see the first $N$ training images only. The smaller $N$, the easier it is
# to know them by heart, and so they are what the tests of the next pages must find.
# {py:func}`mempaper.experiments.train` trains them all.
#
# :::{figure-md} fig-idea-models
# ![Three diagrams. GAN: a discriminator is shown samples and training images. GLO: the image of a fixed code is compared with its training image. AE: a training image becomes a code and the code an image, which is compared with it.](../../book/figures/models.svg)
#
# What the generator $G$ learns from: the judgement of a discriminator, or the error against the very
# image that a code belongs to. Only the first never compares with a single image.
# :::

# %% tags=["parameters"]
dataset = "digits"  # {digits, faces, mnist, fashion_mnist, cifar10, celeba, celeba_hq, lsun_bedroom, lsun_tower} image source
models = [
    "dcgan",
    "mesch",
    "pggan",
    "glo-1024",
    "aegan-1024",
    "ae-1024",
]  # {dcgan, mesch, pggan, flow, sagan, biggan, biggan_diffaugment, glo-N, ae-N, aegan-N} models, top to bottom; N training images
training = {}  # by family, arguments of experiments.train instead of those in families.py: {glo: {steps: 2000}}
shown = 12  # [1, 50] images of each model
seed = 0  # [0, inf) of training and of the samples

# %%
import matplotlib.pyplot as plt

from mempaper import experiments, plotting, trained

plotting.style()
runs = experiments.train_all(
    experiments.jobs([dataset], models=models, training=training, seeds=[seed])
)

# %% [markdown]
# ## What they make
#
# In {numref}`fig-models` hold each row against the first. Can you read the digits? Are all kinds there?
# A GAN that has collapsed repeats a few images; a model that has not trained long enough blurs them. GLO's
# samples are worse than its recoveries: it learned what to make of the codes of its images, and another
# random code lies between them. An auto-encoder learned no distribution of codes at all, so its row shows what it makes of
# images that it did not see.

# %%
# | figure: fig-models
# | alt: Rows of images, training images on top and the samples of one model in each row below.
# | caption: >-
# |   The first training images, and the first samples of each model, none selected. The auto-encoder has
# |   no samples: its row shows hold-out images that went through it.
rows = trained.images(runs, count=shown, seed=seed)
fig, ax = plt.subplots(figsize=(7, 0.45 * len(rows) + 0.2))
plotting.image_grid(rows, ax=ax)
plt.show()

# %%
# | table: tab-trainings
# | caption: >-
# |   The trainings behind {numref}`fig-models`, each on one core or one GPU. An update of PGGAN is of
# |   whatever size it has grown to.
trained.table(runs)

# %% [markdown]
# The paper's models make images of up to 1,024 by 1,024 pixels. These are small and train in a
# minute or two, and so they can be repeated, changed and taken apart. What the next pages say is said of
# them. A test of memorization compares images that a model saw with images that it did not; how good
# its samples look does not enter.

# %% [markdown]
# ## What to take away
#
# - A GAN never compares its images with single training images, a reconstructing model does nothing else.
#   The second kind is in the paper to show what memorization looks like.
# - Samples say how good a model is at codes of chance. What it can make at others, only recovery tells.

# %% [markdown]
# ## Exercises
#
# Let GLO-1024 be trained with 8 times the updates (`training` is `{glo: {steps: 6400}}`). Its reconstruction
# of the training images will improve; will its samples?
#
# :::{dropdown} Solution
# Not for sure. Each update fits the images of the codes that were drawn for training, and nothing asks for good
# images at other codes. The error of training images falls further below that of validation images: longer training is another
# way to memorize, beside few images.
# :::

# %% tags=["remove-cell"]
# NBVAL_CHECK_OUTPUT
for name, row in rows.items():
    print(name, tuple(row.shape))
