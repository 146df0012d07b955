"""Distortions: what they do to ramps, to grey and to black images, where it is known."""

from math import exp, pi, sqrt

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
import torch

from mempaper.errors import InputError
from mempaper.operators import AdditiveNoise, NoisePatches, SmoothWarp, displace, identity

WARP = SmoothWarp(sigma=8.0, smoothing=2.0, seed=1)
PATCHES = NoisePatches(count=3, size=3, sigma=0.4, seed=1)
NOISE = AdditiveNoise(sigma=0.3, seed=1)
DISTORTIONS = [WARP, PATCHES, NOISE]


def uniform(*shape, low=-1.0, high=1.0, seed=0, dtype=torch.float64):
    draws = torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return low + (high - low) * draws


def grey(*shape, value=0.0):
    return torch.full(shape, value, dtype=torch.float64)


def near(sample, expected):
    """Whether the mean of independent draws is `expected` within four standard errors."""
    sample = np.asarray(sample, dtype=float)
    error = sample.std(ddof=1) / sqrt(len(sample))
    return abs(sample.mean() - expected) < 4 * error


def test_identity():
    images = uniform(2, 1, 3, 3)
    assert identity(images) is images


# Displacements


def test_a_constant_field_translates():
    images = uniform(2, 3, 5, 6)
    shift = torch.zeros(2, 2, 5, 6, dtype=torch.float64)
    shift[0, 0] = 1  # dx: content moves one pixel to the left
    shift[1, 1] = -2  # dy: content moves two pixels down
    moved = displace(images, shift)
    left = torch.cat([images[0, :, :, 1:], images[0, :, :, -1:]], 2)
    down = torch.cat([images[1, :, :1], images[1, :, :1], images[1, :, :-2]], 1)
    torch.testing.assert_close(moved[0], left)
    torch.testing.assert_close(moved[1], down)


def test_half_a_pixel_averages_two():
    images = uniform(1, 1, 4, 5)
    field = torch.zeros(1, 2, 4, 5, dtype=torch.float64)
    field[:, 0] = 0.5
    expected = (images[..., :-1] + images[..., 1:]) / 2
    torch.testing.assert_close(displace(images, field)[..., :-1], expected)


def test_displace_is_scipys_bilinear_interpolation_with_border_pixels_repeated():
    images, field = uniform(2, 2, 7, 9), uniform(2, 2, 7, 9, low=-4, high=4, seed=1)
    rows, columns = np.mgrid[:7, :9]
    for image, (dx, dy), moved in zip(images, field, displace(images, field), strict=True):
        places = np.stack([rows + dy.numpy(), columns + dx.numpy()])
        for channel, found in zip(image, moved, strict=True):
            expected = scipy.ndimage.map_coordinates(channel, places, order=1, mode="nearest")
            np.testing.assert_allclose(found, expected, atol=1e-12)


def test_without_displacement_nothing_changes():
    images = uniform(3, 2, 6, 5)
    torch.testing.assert_close(SmoothWarp(sigma=0.0, smoothing=2.0)(images), images)
    assert not torch.allclose(WARP(images), images, atol=0.01)


@pytest.fixture(scope="module")
def displacements():
    """Displacements (image, dx or dy, row, column) in pixels of 1,200 warps with sigma 4.

    A ramp shows them: its value, in pixels, is the place that was read, but for the border.
    """
    n, side = 1200, 24
    ramp = torch.arange(side, dtype=torch.float64).expand(side, side)
    ramps = torch.stack([ramp, ramp.T]).expand(n, 2, side, side)
    warp = SmoothWarp(sigma=4.0, smoothing=2.0, seed=5)
    places = (warp(2 * ramps / (side - 1) - 1) + 1) * (side - 1) / 2
    return (places - ramps).numpy()


STANDARD_DEVIATION = 4 / (2 * sqrt(pi) * 2)  # 0.56 pixels


def test_displacements_have_the_documented_standard_deviation(displacements):
    inside = displacements[:, :, 5:-5, 5:-5]  # more than 8 standard deviations from the border
    for component in (0, 1):
        assert near((inside[:, component] ** 2).mean((1, 2)), STANDARD_DEVIATION**2)
        assert near(inside[:, component].mean((1, 2)), 0)


def test_displacements_are_as_large_at_the_border_as_elsewhere(displacements):
    along = displacements[:, 1, 5:-5, [0, -1]]  # dy in the first and last column
    assert near((along**2).mean((0, 2)), STANDARD_DEVIATION**2)
    inward = np.maximum(displacements[:, 0, 5:-5, 0], 0)  # outward, the border pixel repeats
    assert near((inward**2).mean(1), STANDARD_DEVIATION**2 / 2)


def test_displacements_are_smooth_over_the_documented_width(displacements):
    """Noise smoothed by a Gaussian of width s correlates as exp(-r^2 / (4 s^2)) over r pixels."""
    inside = displacements[:, :, 5:-5, 5:-5]
    for distance in (1, 2, 4):
        products = inside[..., distance:] * inside[..., :-distance]
        expected = STANDARD_DEVIATION**2 * exp(-(distance**2) / (4 * 2**2))
        assert near(products.mean((1, 2, 3)), expected)


def test_both_directions_are_independent(displacements):
    inside = displacements[:, :, 5:-5, 5:-5]
    assert near((inside[:, 0] * inside[:, 1]).mean((1, 2)), 0)


# Noise


def test_noise_on_grey_has_mean_zero_and_the_given_variance():
    noise = AdditiveNoise(sigma=0.2, seed=3)(grey(40, 3, 16, 16)).flatten()
    assert near(noise, 0)
    assert near(noise**2, 0.2**2)


def test_clipping_takes_half_of_the_noise_on_black():
    """max(N(0, sigma^2), 0) has mean sigma / sqrt(2 pi) and mean square sigma^2 / 2."""
    noise = AdditiveNoise(sigma=0.2)(grey(40, 1, 16, 16, value=-1.0)).flatten() + 1
    assert near(noise == 0, 0.5)
    assert near(noise, 0.2 / sqrt(2 * pi))
    assert near(noise**2, 0.2**2 / 2)


def test_noise_of_two_pixels_channels_and_images_is_independent():
    noise = AdditiveNoise(sigma=0.2)(grey(60, 2, 12, 12)).numpy()
    assert near((noise[:, 0] * noise[:, 1]).flatten(), 0)
    assert near((noise[..., 1:] * noise[..., :-1]).mean((1, 2, 3)), 0)
    assert near((noise[::2] * noise[1::2]).flatten(), 0)


def test_no_noise_is_the_identity():
    images = uniform(2, 3, 4, 4)
    assert torch.equal(AdditiveNoise(sigma=0.0)(images), images)
    assert torch.equal(NoisePatches(count=0, size=2, sigma=1.0)(images), images)


# Patches


def test_one_patch_is_a_square_and_the_rest_is_left():
    images = grey(30, 3, 9, 7, value=0.5)
    changed = (NoisePatches(count=1, size=4, sigma=0.1)(images) != images).numpy()
    for image in changed:
        rows, columns = np.nonzero(image[0])
        square = np.zeros((9, 7), dtype=bool)
        square[rows.min() : rows.min() + 4, columns.min() : columns.min() + 4] = True
        assert square.sum() == 16
        assert (image == square).all()  # in every channel


def test_a_patch_lies_anywhere_inside_equally_often():
    """A patch of 3 x 3 in 4 x 5 pixels has 2 x 3 places."""
    images = grey(1200, 1, 4, 5, value=0.5)
    changed = NoisePatches(count=1, size=3, sigma=0.1)(images) != images
    tops, lefts = changed.any(3)[:, 0].int().argmax(1), changed.any(2)[:, 0].int().argmax(1)
    counts = torch.bincount(3 * tops + lefts, minlength=6)
    assert len(counts) == 6
    assert scipy.stats.chisquare(counts).pvalue > 1e-4


def test_patches_may_overlap():
    """Two of 3 x 3 in 4 x 4 pixels cover 9, 12 or 14, with probabilities 1/4, 1/2 and 1/4."""
    images = grey(800, 1, 4, 4, value=0.5)
    covered = (NoisePatches(count=2, size=3, sigma=0.1)(images) != images).sum((1, 2, 3))
    assert set(covered.tolist()) == {9, 12, 14}
    for area, probability in ((9, 0.25), (12, 0.5), (14, 0.25)):
        assert near(covered == area, probability)


def test_a_patch_as_large_as_the_image_is_clipped_noise():
    noise = NoisePatches(count=1, size=16, sigma=0.5)(grey(40, 2, 16, 16, value=0.9)).flatten()
    clipped = 2 * scipy.stats.norm.sf(1 / 0.5)
    assert near(noise, 0)
    assert near(noise.abs() == 1, clipped)
    inside = noise[noise.abs() < 1] / 0.5
    assert near(inside**2, scipy.stats.truncnorm(-2, 2).var())


# What all share


@pytest.mark.parametrize("distortion", DISTORTIONS)
def test_an_image_has_its_distortion_whatever_the_batch_and_the_order(distortion):
    images = uniform(6, 3, 8, 8, dtype=torch.float32)
    whole = distortion(images)
    order = [4, 0, 5, 2]
    assert torch.equal(distortion(images, range(6)), whole)
    assert torch.equal(distortion(images[order], order), whole[order])
    assert torch.equal(distortion(images[order], iter(order)), whole[order])
    assert torch.equal(distortion(images[3:4], [3]), whole[3:4])
    assert not torch.equal(distortion(images[3:4]), whole[3:4])  # numbered from 0


@pytest.mark.parametrize("distortion", DISTORTIONS)
def test_images_and_seeds_have_draws_of_their_own(distortion):
    same = uniform(1, 2, 8, 8).expand(4, 2, 8, 8)
    distorted = distortion(same)
    assert len({image.numpy().tobytes() for image in distorted}) == 4
    settings = {name: getattr(distortion, name) for name in distortion.__dataclass_fields__}
    again, other = type(distortion)(**settings), type(distortion)(**settings | {"seed": 2})
    assert torch.equal(again(same), distorted)
    assert not any(torch.equal(*pair) for pair in zip(other(same), distorted, strict=True))


def test_operators_share_no_draw():
    images = grey(1, 1, 8, 8)
    whole = NoisePatches(count=1, size=8, sigma=0.2)(images)
    assert not np.intersect1d(whole, AdditiveNoise(sigma=0.2)(images)).size


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "distortion",
    [
        SmoothWarp(sigma=200.0, smoothing=1.0),
        NoisePatches(count=5, size=4, sigma=9.0),
        AdditiveNoise(sigma=9.0),
    ],
)
def test_results_are_images_in_range(distortion, dtype):
    images = uniform(8, 3, 9, 7, low=-3, high=3, dtype=dtype).clamp(-1, 1)
    distorted = distortion(images)
    assert (distorted.dtype, distorted.shape) == (dtype, images.shape)
    assert distorted.abs().max() <= 1
    assert distorted.isfinite().all()


@pytest.mark.parametrize(
    "distortion",
    [
        SmoothWarp(sigma=4.0, smoothing=1.0),
        NoisePatches(count=2, size=2, sigma=0.1),
        AdditiveNoise(sigma=0.05),
    ],
)
def test_gradients_with_respect_to_the_images(distortion):
    images = uniform(2, 2, 4, 5, low=-0.5, high=0.5).requires_grad_()
    assert torch.autograd.gradcheck(distortion, (images,))


def test_gradients_with_respect_to_the_field():
    images = uniform(2, 2, 4, 5, low=-0.5, high=0.5).requires_grad_()
    field = uniform(2, 2, 4, 5, low=0.1, high=0.9, seed=1).requires_grad_()  # between the kinks
    assert torch.autograd.gradcheck(displace, (images, field))


def test_no_gradient_comes_back_from_noise_or_from_clipping():
    images = grey(3, 1, 8, 8, value=0.9).requires_grad_()
    for distortion in (PATCHES, NOISE):
        distorted = distortion(images)
        (gradient,) = torch.autograd.grad(distorted.sum(), images)
        lost = distorted == 1 if distortion is NOISE else distorted != images
        assert torch.equal(gradient, (~lost).double())
        assert 0 < lost.sum() < lost.numel()


# What is refused


@pytest.mark.parametrize(
    ("make", "argument", "rule"),
    [
        *(
            (lambda x=x, make=make: make(sigma=x), "sigma", "be finite and at least 0")
            for make in (
                lambda **sigma: SmoothWarp(smoothing=4.0, **sigma),
                lambda **sigma: NoisePatches(count=1, size=2, **sigma),
                AdditiveNoise,
            )
            for x in (-0.1, float("nan"), float("inf"))
        ),
        *(
            (lambda x=x: SmoothWarp(sigma=1.0, smoothing=x), "smoothing", "be positive")
            for x in (0.0, -1.0, float("nan"), float("inf"))
        ),
        (lambda: NoisePatches(count=-1, size=2, sigma=1.0), "count", "at least 0"),
        (lambda: NoisePatches(count=1, size=0, sigma=1.0), "size", "at least 1"),
        (lambda: SmoothWarp(sigma=1.0, smoothing=1.0, seed=-1), "seed", "at least 0"),
        (lambda: NoisePatches(count=1, size=1, sigma=1.0, seed=-1), "seed", "at least 0"),
        (lambda: AdditiveNoise(sigma=1.0, seed=-1), "seed", "at least 0"),
    ],
)
def test_bad_settings_are_refused(make, argument, rule):
    with pytest.raises(InputError) as caught:
        make()
    assert caught.value.argument == argument
    assert rule in caught.value.rule
    assert str(caught.value).startswith(f"{argument} must {caught.value.rule}; got ")
    assert caught.value.remedy


def test_a_patch_has_to_fit():
    patches = NoisePatches(count=1, size=6, sigma=1.0)
    for shape in ((1, 1, 5, 7), (1, 1, 7, 5)):
        message = rf"size must fit into images of {shape[2]} x {shape[3]} pixels; got 6. Reduce it."
        with pytest.raises(InputError, match=message):
            patches(grey(*shape))
    patches(grey(1, 1, 6, 6))


@pytest.mark.parametrize("distortion", DISTORTIONS)
def test_the_index_numbers_every_image(distortion):
    images = grey(3, 1, 5, 5)
    with pytest.raises(InputError, match=r"index must number each of the 3 images; got 2\. Pass"):
        distortion(images, [0, 1])
    with pytest.raises(InputError, match=r"index must be at least 0; got -2\. Count images from 0"):
        distortion(images, [0, -2, 1])
    with pytest.raises(InputError, match=r"images must hold at least one image; got none\. Check"):
        distortion(images[:0])
