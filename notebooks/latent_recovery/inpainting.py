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
# # Inpainting and super-resolution
#
# Where $\phi$ hides part of an image, recovery by {eq}`eq-nng` fills it in: $z^*$ is chosen by what
# can be seen, and $G(z^*)$ is a whole image. {cite:t}`webster2019` use this for faces with a hole,
# where $\phi$ is a mask ({py:class}`~mempaper.operators.BoxMask`,
# {py:class}`~mempaper.operators.FreeFormMask`), and for small faces, where $\phi$ averages over blocks
# of pixels ({py:class}`~mempaper.operators.AveragePool`; Sec. 4.1 and their Fig. 6). They note that the face filled in is plausible and that it is another person: a
# generator that had memorized the photograph would put back the very one. (The caption of that figure
# has the two operators the wrong way round.)
#
# What was hidden is known here, so it can be measured how far $G(z^*)$ is from it. Two other guesses
# stand beside: the training image that fits the visible part best, and what was filled in for another
# image, which is as plausible and has nothing to do with this one. The paper shows images that the
# generator was trained on; here they are hold-out images, for the nearest training image of a
# training image is itself.
#
# :::{figure-md} fig-idea-inpainting
# ![A diagram: a code becomes an image, phi hides a part of it, as it does of the target; what is left of both is compared, and the code is changed.](../../book/figures/inpainting.svg)
#
# Recovery under an operator. Only what $\phi$ leaves of both images is compared; the part that is
# hidden comes with the whole image $G(z^*)$.
# :::

# %% tags=["parameters"]
dataset = "faces"  # {digits, faces, mnist, fashion_mnist, cifar10, celeba, celeba_hq, lsun_bedroom, lsun_tower} image source
model = "dcgan"  # {dcgan, mesch, pggan} family of the generator
training = {}  # by family, arguments of experiments.train instead of those in families.py: {glo: {steps: 2000}}
box = 0.4  # (0, 1) side of the hidden box in the middle, as a share of the image's
pooling = (
    4  # [1, 1024] pixels, side of the blocks that super-resolution averages; divides the image's
)
count = 100  # [2, inf) images to complete under each operator
kind = "holdout"  # {holdout, train} which images
passes = 50  # [1, inf) generator passes for each image
seed = 0  # [0, inf) of training

# %%
import matplotlib.pyplot as plt

from mempaper import claims, experiments, inpainting, plotting, results
from mempaper.operators import AveragePool, BoxMask, FreeFormMask

plotting.style()
(run,) = experiments.train_all(
    experiments.jobs([dataset], models=[model], training=training, seeds=[seed])
)
middle = BoxMask(top=0.5 - box / 2, left=0.5 - box / 2, height=box, width=box)
operators = {
    "box": middle,
    "all but the box": ~middle,
    "strokes": FreeFormMask(share=0.4),
    f"{pooling} x pooling": AveragePool(pooling),
}
completed = inpainting.complete(run, operators, kind=kind, count=count, steps=passes)

# %% [markdown]
# ## The paper's Fig. 6: what recovery fills in
#
# {numref}`fig-completed` has a panel for each $\phi$: a box in the middle hidden, all but the box
# hidden, strokes hidden, and pixels averaged over blocks. In each, the second row is to be held
# against the third where the first shows nothing.

# %%
# | figure: fig-completed
# | alt: Four panels of faces, one for each operator, in four rows, what is visible, the recovered
# |   image, the truth and the nearest training image.
# | caption: >-
# |   After Fig. 6 of {cite:t}`webster2019`: what $\phi$ shows of an image, the recovered image, the truth,
# |   and the training image that fits $\phi(y)$ best. The first images, none selected.
fig, axes = plt.subplots(2, 2, figsize=(7, 5.6))
for (name, found), ax in zip(completed.items(), axes.flat, strict=True):
    rows = {
        r"$\phi(y)$": found.visible[:5],
        "$G(z^*)$": found.recovered[:5],
        "$y$": found.truth[:5],
        r"$\mathrm{NN}_\mathcal{D}$": found.nearest[:5],
    }
    plotting.image_grid(rows, ax=ax)
    ax.set_title(name)
plt.show()

# %% [markdown]
# ## Errors of what was hidden
#
# A nearest neighbour among thousands of training images is a strong guess for the hidden part: it is a
# real image, sharp and without artefacts. Recovery may fit the visible part better and the hidden part
# worse, as a generator that can be bent to fit what it is shown has less to say about the rest. The
# verdict asks less: that the hidden part is closer to the truth than what was filled in for another
# image, the last column of {numref}`tab-completed`.

# %%
# | table: tab-completed
# | caption: >-
# |   Median squared errors per pixel of images in [-1, 1], of $G(z^*)$, of the nearest training image
# |   and of another image's $G(z^*)$. Hidden is, under a mask, what lies under it; under a pooling, an
# |   image less its block means.
inpainting.summary(completed)

# %%
verdict = claims.judge(
    "completes-hidden", excesses={name: found.excess for name, found in completed.items()}
)
verdict

# %% [markdown]
# ## Recorded on CIFAR-10
#
# Photographs have less in common than faces. Under each operator the completion is closer to the hidden
# part than that of another image all the same, most where strokes hide it, least where only the box is
# seen.

# %%
# | table: tab-completed-recorded
# | caption: >-
# |   By how much the error of another image's completion exceeds that of the image's own, in
# |   the hidden part, recorded on CIFAR-10 over three trainings of the DCGAN.
results.verdicts("completes-hidden")

# %% [markdown]
# ## What to take away
#
# - Recovery fills in what the generator knows of such images. How well, is measured against what another image
#   would have got, not against 0.
# - A plausible completion is no memorization. A completion that is nearer to the hidden truth for training
#   images than for others would be.

# %% [markdown]
# ## Exercises
#
# **1.** Super-resolution shows block means of $4 \times 4$ pixels of a colour image of $32 \times 32$. How many numbers
# are shown, how many are hidden?
#
# :::{dropdown} Solution 1
# $8 \cdot 8 \cdot 3 = 192$ of 3,072, a sixteenth; 2,880 are hidden.
# :::
#
# **2.** Take training images, as the paper does: `mempaper notebook run inpainting -p kind train`. What must happen in
# the column of the nearest training image?
#
# :::{dropdown} Solution 2
# It becomes 0: among the training images the one that fits the visible part best is the image itself. The
# column of the recovery need not: only a generator that has memorized the image puts it back.
# :::

# %% tags=["remove-cell"]
# NBVAL_CHECK_OUTPUT
for name, found in completed.items():
    print(name, tuple(found.recovered.shape), {k: len(e) for k, e in found.hidden_errors.items()})
