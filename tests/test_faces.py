import re

import numpy as np
import pytest

from mempaper import _counter, faces
from mempaper.errors import InputError

KINDS = range(len(faces.CLASSES))


def posed(kind, name, value, *, size=32):
    """Returns one face of class `kind`, every factor at rest but `name`."""
    values = {f.name: np.array([f.rest]) for f in faces.FACTORS} | {name: np.array([value])}
    return faces.draw(np.array([kind]), values, size=size)[0].astype(int)


@pytest.mark.parametrize("size", [16, 32, 64])
def test_an_image_is_the_same_alone_in_a_batch_and_in_another_order(size):
    batch, kinds = faces.render(np.arange(60), size=size)
    backwards, _ = faces.render(np.arange(60)[::-1], size=size)
    assert np.array_equal(backwards[::-1], batch)
    for i in (0, 7, 59):
        alone, kind = faces.render([i], size=size)
        assert np.array_equal(alone[0], batch[i])
        assert kind[0] == kinds[i]
    assert batch.shape == (60, 3, size, size)
    assert batch.dtype == np.uint8


def test_blocks_that_are_painted_together_do_not_show():
    batch, _ = faces.render(np.arange(700), size=32)  # more than one block of each class
    parts = [faces.render(np.arange(low, low + 100), size=32)[0] for low in range(0, 700, 100)]
    assert np.array_equal(batch, np.concatenate(parts))


def test_a_late_image_needs_none_of_the_earlier_ones():
    alone, kind = faces.render([123_456])
    among, kinds = faces.render([5, 123_456, 123_457])
    assert np.array_equal(alone[0], among[1])
    assert kind[0] == kinds[1] == faces.labels([123_456])[0]
    assert not np.array_equal(among[1], among[2])


def test_another_seed_gives_other_faces():
    assert not np.array_equal(faces.render(np.arange(8))[0], faces.render(np.arange(8), seed=1)[0])


def test_classes_are_balanced():
    n = 20_000
    counts = np.bincount(faces.labels(np.arange(n)), minlength=10)
    assert len(counts) == len(faces.CLASSES) == 10
    spread = np.sqrt(n * 0.1 * 0.9)
    assert np.abs(counts - n / 10).max() < 5 * spread


def test_the_documented_table_is_the_list_of_factors():
    number = r"(-?[\d.]+)"
    rows = re.findall(rf"^\| (\w+) +\| \[{number}, {number}\] +\| (\d)", faces.__doc__, re.M)
    documented = [(name, float(low), float(high), int(c)) for name, low, high, c in rows]
    assert documented == [(f.name, f.low, f.high, f.since) for f in faces.FACTORS]


def test_factors_fill_their_range_where_they_are_active_and_rest_elsewhere():
    indices = np.arange(4000)
    kinds, values = faces.labels(indices), faces.factors(indices)
    for factor in faces.FACTORS:
        active = values[factor.name][kinds >= factor.since]
        still = values[factor.name][kinds < factor.since]
        assert factor.low <= active.min() < factor.low + 0.05 * (factor.high - factor.low)
        assert factor.high - 0.05 * (factor.high - factor.low) < active.max() < factor.high
        assert abs(active.mean() - factor.rest) < (factor.high - factor.low) / 10
        assert (still == (factor.low + factor.high) / 2).all()


def test_dimension_counts_the_factors_that_vary():
    indices = np.arange(2000)
    kinds, values = faces.labels(indices), faces.factors(indices)
    for kind in KINDS:
        varying = sum(len(np.unique(value[kinds == kind])) > 1 for value in values.values())
        assert faces.dimension(kind) == varying
    assert [faces.dimension(k) for k in KINDS] == [5, 6, 7, 8, 9, 10, 11, 12, 14, 16]


@pytest.mark.parametrize("factor", faces.FACTORS, ids=lambda f: f.name)
def test_a_factor_moves_the_image_of_every_class_where_it_is_active(factor):
    for kind in range(factor.since, len(faces.CLASSES)):
        low = posed(kind, factor.name, factor.low)
        # A whole period of the stripes looks like none.
        high = posed(kind, factor.name, factor.rest if factor.name == "phase" else factor.high)
        assert np.abs(high - low).max() >= 10, faces.CLASSES[kind]


@pytest.mark.parametrize(("name", "axis"), [("shift_x", 2), ("shift_y", 1)], ids=["right", "down"])
def test_shifts_move_the_head_right_and_down(name, axis):
    factor = next(f for f in faces.FACTORS if f.name == name)
    skin = posed(0, name, 0.0)[:, 10:22, 10:22].mean((1, 2))
    centres = []
    for value in (factor.low, factor.high):
        image = posed(0, name, value)
        like_skin = np.abs(image - skin[:, None, None]).sum(0) < 60
        centres.append(np.nonzero(like_skin)[axis - 1].mean())
    assert centres[1] - centres[0] > 1


def test_light_comes_from_the_left_at_minus_one_and_from_the_right_at_one():
    left, right = (posed(0, "light", v) for v in (-1.0, 1.0))
    assert left[:, :, :16].mean() > left[:, :, 16:].mean()
    assert right[:, :, :16].mean() < right[:, :, 16:].mean()


def test_skin_goes_from_light_to_dark():
    light, dark = (posed(0, "skin", v)[:, 12:20, 12:20].mean() for v in (0.0, 1.0))
    assert light > dark + 40


def test_small_changes_of_a_factor_make_small_changes_of_the_image():
    for factor in faces.FACTORS:
        step = (factor.high - factor.low) / 1000
        change = posed(9, factor.name, factor.rest + step) - posed(9, factor.name, factor.rest)
        assert np.abs(change).max() <= 8, factor.name


def test_classes_look_different_at_rest():
    images = [posed(kind, "light", 0.0) for kind in KINDS]
    for a in KINDS:
        for b in range(a):
            assert np.abs(images[a] - images[b]).max() > 40, (a, b)


@pytest.mark.parametrize("indices", [[[1, 2]], [-1], [0.5], 3])
def test_indices_that_are_no_list_of_whole_numbers_are_refused(indices):
    with pytest.raises(InputError, match="indices must be a one-dimensional array"):
        faces.render(np.asarray(indices))


def test_sizes_that_show_no_features_are_refused():
    with pytest.raises(InputError, match="size must be at least 16; got 15"):
        faces.render([0], size=15)


def test_uniform_follows_splitmix64():
    """Against integers of arbitrary size, written from the definition of SplitMix64's mixer."""
    whole = 2**64

    def mix(z):
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % whole
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % whole
        return z ^ (z >> 31)

    weyl = 0x9E3779B97F4A7C15
    for seed, index, stream in ((0, 0, 0), (1, 123_456, 3), (7, 2**40, 16)):
        key = mix((mix((seed + weyl) % whole) + stream * weyl) % whole)
        bits = mix(mix((key + index * weyl) % whole))
        expected = (bits >> 11) / 2**53
        assert _counter.uniform(seed, np.array([index]), stream)[0] == expected


def test_uniform_is_uniform_and_streams_are_independent():
    n = 20_000
    first, second = (_counter.uniform(0, np.arange(n), stream) for stream in (1, 2))
    counts = np.histogram(first, bins=20, range=(0, 1))[0]
    assert np.abs(counts - n / 20).max() < 5 * np.sqrt(n * 0.05 * 0.95)
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / np.sqrt(n)
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 5 / np.sqrt(n)
