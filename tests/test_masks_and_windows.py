"""Masks, pooling, windows and what composes them, against closed forms."""

import json

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from mempaper import faces, operators, recovery
from mempaper.errors import InputError
from mempaper.operators import (
    ArrayMask,
    AveragePool,
    BoxMask,
    Covered,
    FreeFormMask,
    Patches,
    SmoothWarp,
    Window,
    compose,
    describe,
    eyes_mask,
    identity,
    mouth_mask,
)

QUARTER = BoxMask(top=0.0, left=0.5, height=0.5, width=0.5)
MASKS = [QUARTER, ~QUARTER, FreeFormMask(share=0.4), eyes_mask(), ~mouth_mask("celeba_hq")]


def uniform(*shape, seed=0, dtype=torch.float64):
    draws = torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return 2 * draws - 1


# Masks


def test_a_box_hides_the_pixels_whose_centres_it_holds():
    box = BoxMask(top=0.25, left=0.5, height=0.5, width=0.4)
    expected = np.zeros((4, 8), dtype=bool)
    expected[1:3, 4:7] = True  # centres at 0.5625, 0.6875 and 0.8125, not 0.9375
    assert np.array_equal(box.hidden(4, 8), expected)


def test_features_are_the_kept_pixels_of_every_channel():
    array = np.array([[True, False, False], [False, True, False]])
    images = torch.arange(12.0).view(1, 2, 2, 3) / 12
    assert (ArrayMask(array)(images) * 12).tolist() == [[1, 2, 3, 5, 7, 8, 9, 11]]


def test_a_mask_that_hides_nothing_is_the_identity():
    images = uniform(2, 3, 4, 4)
    nothing = ArrayMask(np.zeros((4, 4), dtype=bool))
    assert torch.equal(nothing(images), images.flatten(1))
    assert torch.equal(Covered(nothing)(images), images)


@pytest.mark.parametrize("mask", MASKS)
def test_squared_distances_are_those_of_the_covered_images(mask):
    """sum |phi(a) - phi(b)|^2 = sum |m a - m b|^2, and the mean is one over kept pixels."""
    a, b = uniform(3, 2, 16, 16), uniform(3, 2, 16, 16, seed=1)
    kept = torch.as_tensor(~mask.hidden(16, 16)).double()
    naive = (kept * a - kept * b).square().sum((1, 2, 3))
    difference = (mask(a) - mask(b)).square()
    torch.testing.assert_close(difference.sum(1), naive)
    torch.testing.assert_close(difference.mean(1), naive / (2 * kept.sum()))
    torch.testing.assert_close(Covered(mask)(a), kept * a)


@pytest.mark.parametrize("mask", MASKS)
def test_a_mask_and_its_inverse_share_out_the_pixels(mask):
    images = uniform(2, 3, 16, 16)
    assert np.array_equal((~mask).hidden(16, 16), ~mask.hidden(16, 16))
    assert ~~mask == mask
    both = torch.cat([mask(images), (~mask)(images)], 1)
    assert torch.equal(both.sort(1).values, images.flatten(1).sort(1).values)


def test_no_gradient_reaches_hidden_pixels():
    images = uniform(1, 1, 4, 4).requires_grad_()
    (gradient,) = torch.autograd.grad(QUARTER(images).sum(), images)
    expected = torch.ones(4, 4, dtype=torch.float64)
    expected[:2, 2:] = 0
    assert torch.equal(gradient[0, 0], expected)


def test_free_form_masks_hide_their_share_in_strokes():
    for seed in range(5):
        mask = FreeFormMask(share=0.3, brush=0.1, seed=seed)
        hidden = mask.hidden(40, 30)
        assert 0.3 <= hidden.mean() < 0.45
        assert np.array_equal(hidden, FreeFormMask(share=0.3, brush=0.1, seed=seed).hidden(40, 30))
        inner = hidden[:-1, :-1] & hidden[1:, :-1] & hidden[:-1, 1:] & hidden[1:, 1:]
        assert inner.sum() > 0.5 * hidden.sum()  # as broad as a brush, not scattered pixels
    assert not np.array_equal(hidden, FreeFormMask(share=0.3, brush=0.1).hidden(40, 30))


@pytest.mark.parametrize(
    ("mask", "place"), [(eyes_mask(), (0.2, -0.06)), (mouth_mask(), (0.0, 0.34))]
)
def test_the_faces_masks_hold_the_centres_of_eyes_and_mouths(mask, place):
    """Where the renderer puts a place of the face: nod and turn, scale, roll, then shift."""
    f = faces.factors(np.arange(20_000))
    for side in (-1, 1):
        u = f["size"] * (side * place[0] + 0.13 * f["turn"])
        v = f["size"] * (place[1] + 0.09 * f["nod"])
        roll = 2 * np.arctan(f["tilt"])
        x = (1 + u * np.cos(roll) - v * np.sin(roll) + f["shift_x"]) / 2
        y = (1 + u * np.sin(roll) + v * np.cos(roll) + 0.08 + f["shift_y"]) / 2
        across = (mask.left <= x) & (x < mask.left + mask.width)
        down = (mask.top <= y) & (y < mask.top + mask.height)
        assert (across & down).mean() >= 0.98


def test_the_celeba_hq_masks_follow_its_alignment():
    """The crop's side is 4 |eye to eye| or 3.6 |eyes to mouth|, its centre 0.1 below the eyes."""
    eyes, mouth = eyes_mask("celeba_hq"), mouth_mask("celeba_hq")
    down = 0.5 - 0.1 / 3.6
    for x, y, box in ((0.375, down, eyes), (0.625, down, eyes), (0.5, 0.5 + 0.9 / 3.6, mouth)):
        assert box.left + 0.05 < x < box.left + box.width - 0.05
        assert box.top + 0.05 < y < box.top + box.height - 0.05


def test_recovery_under_a_mask_sees_the_kept_pixels_only():
    """A generator of constant images, z of them: the best constant is the mean of what is kept."""
    targets = uniform(3, 1, 8, 8, dtype=torch.float32)

    def constant(z):
        return z[:, :1, None, None].expand(-1, 1, 8, 8)

    for mask in (QUARTER, ~QUARTER):
        found = recovery.recover(constant, targets, 8, operator=mask, candidates=64)
        kept = mask(targets)
        np.testing.assert_allclose(found.images[:, 0, 0, 0], kept.mean(1), atol=1e-3)
        np.testing.assert_allclose(found.errors, kept.var(1, correction=0), atol=1e-5)


# Pooling


def test_pooling_takes_means_over_blocks():
    images = uniform(2, 3, 6, 9)
    pooled = AveragePool(3)(images)
    assert pooled.shape == (2, 3, 2, 3)
    torch.testing.assert_close(pooled[1, 2, 1, 0], images[1, 2, 3:6, 0:3].mean())
    torch.testing.assert_close(
        AveragePool(3)(torch.full_like(images, 0.3)), torch.full_like(pooled, 0.3)
    )
    assert torch.equal(AveragePool(1)(images), images)


def test_poolings_compose_to_the_pooling_of_their_product():
    images = uniform(2, 1, 12, 12)
    torch.testing.assert_close(
        compose(AveragePool(2), AveragePool(3))(images), AveragePool(6)(images)
    )


def test_pooling_is_adjoint_to_spreading():
    """<P x, y> = <x, P* y>, with P* y each value spread evenly over its block."""
    x, y = uniform(1, 1, 4, 6).requires_grad_(), uniform(1, 1, 2, 3, seed=1)
    (adjoint,) = torch.autograd.grad((AveragePool(2)(x) * y).sum(), x)
    spread = y.repeat_interleave(2, 2).repeat_interleave(2, 3) / 4
    torch.testing.assert_close(adjoint, spread)


# Windows


def test_a_window_cuts_out_a_square():
    images = uniform(2, 3, 6, 7)
    assert torch.equal(Window(top=1, left=4, size=3)(images), images[:, :, 1:4, 4:7])


def test_patches_are_windows_a_stride_apart_that_reach_the_end():
    places = [(w.top, w.left) for w in Patches(size=4, stride=3).windows(8, 7)]
    assert places == [(0, 0), (0, 3), (3, 0), (3, 3), (4, 0), (4, 3)]
    images = uniform(2, 1, 8, 7)
    stacked = Patches(size=4, stride=3)(images)
    assert stacked.shape == (2, 6, 1, 4, 4)
    assert torch.equal(stacked[:, 5], images[:, :, 4:8, 3:7])


def test_patches_side_by_side_hold_every_pixel_once():
    images = uniform(2, 1, 8, 8)
    values = Patches(size=4, stride=4)(images).flatten(1)
    assert torch.equal(values.sort(1).values, images.flatten(1).sort(1).values)


# What all share


@pytest.mark.parametrize(
    "operator",
    [
        *MASKS,
        Covered(QUARTER),
        AveragePool(4),
        Window(top=3, left=2, size=5),
        Patches(size=8, stride=8),
        compose(SmoothWarp(sigma=4.0, smoothing=2.0), Covered(QUARTER), AveragePool(2)),
    ],
)
def test_gradients(operator):
    images = 0.9 * uniform(2, 1, 16, 16)
    assert gradcheck(operator, (images.requires_grad_(),), fast_mode=True)


def test_composition_goes_from_left_to_right():
    images = uniform(2, 1, 4, 4)
    both = compose(Covered(QUARTER), AveragePool(2))
    torch.testing.assert_close(both(images), AveragePool(2)(Covered(QUARTER)(images)))
    assert both(images)[:, 0, 0, 1].tolist() == [0, 0]
    assert compose() is identity
    assert compose(QUARTER) is QUARTER


def test_descriptions_tell_operators_apart():
    array = np.zeros((4, 4), dtype=bool)
    array[0, 0] = True
    known = [
        None,
        QUARTER,
        ~QUARTER,
        Covered(QUARTER),
        eyes_mask(),
        AveragePool(2),
        AveragePool(4),
        ArrayMask(array),
        ArrayMask(array.T[::-1].copy()),
        compose(Covered(QUARTER), AveragePool(2)),
        compose(AveragePool(2), Covered(QUARTER)),
    ]
    texts = [json.dumps(describe(operator)) for operator in known]
    assert len(set(texts)) == len(texts)
    assert describe(identity) == describe(None) == {"name": "identity"}
    assert describe(AveragePool(2)) == {"name": "AveragePool", "factor": 2}
    assert describe(ArrayMask(array)) == describe(ArrayMask(array.copy()))


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: AveragePool(0), "factor"),
        (lambda: AveragePool(3)(uniform(1, 1, 6, 8)), "factor"),
        (lambda: BoxMask(top=0.5, left=0.0, height=0.6, width=0.5), "top and height"),
        (lambda: BoxMask(top=0.5, left=0.0, height=0.5, width=0.0), "left and width"),
        (lambda: FreeFormMask(share=1.0), "share"),
        (lambda: FreeFormMask(brush=0.0), "brush"),
        (lambda: ArrayMask(np.zeros((2, 3), dtype=bool))(uniform(1, 1, 3, 2)), "array"),
        (lambda: ArrayMask(np.ones((2, 2), dtype=bool))(uniform(1, 1, 2, 2)), "mask"),
        (lambda: eyes_mask("cats"), "layout"),
        (lambda: Patches(size=0, stride=1), "size"),
        (lambda: Patches(size=1, stride=0), "stride"),
        (lambda: Patches(size=5, stride=1).windows(8, 4), "size"),
        (lambda: Window(top=3, left=0, size=2)(uniform(1, 1, 4, 4)), "window"),
        (lambda: describe(lambda images: images), "operator"),
    ],
)
def test_bad_settings_are_refused(make, argument):
    with pytest.raises(InputError) as caught:
        make()
    assert caught.value.argument == argument


def test_every_operator_is_public():
    for name in operators.__all__:
        assert hasattr(operators, name)
