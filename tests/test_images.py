import inspect
import io
import os
import pickle
import struct
import zlib
from http.client import HTTPException
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from mempaper import faces, images, readers, sources
from mempaper.errors import InputError

ROOT = images.data_root()
needs = {
    name: pytest.mark.skipif(
        not images.sources.present(images.SOURCES[name], ROOT),
        reason=f"{name} is not under {ROOT}; run `mempaper data fetch {name}`",
    )
    for name in ("mnist", "fashion_mnist", "cifar10")
}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path):
    """Returns a folder of five 8 x 8 RGB images, c0.png to c4.png."""
    for i in range(5):
        save(tmp_path / "photos" / f"c{i}.png", noise(8, 8, 3, seed=i))
    return tmp_path / "photos"


# Splits


def test_digits_are_scikit_learns_with_their_labels():
    split = images.load("digits", size=8)
    assert (len(split.train), len(split.holdout), split.test) == (1024, 773, None)
    found = load_digits()
    known = {
        image.tobytes(): label for image, label in zip(found.images, found.target, strict=True)
    }
    ours = np.concatenate([split.train.pixels, split.holdout.pixels])
    labels = np.concatenate([split.train.labels, split.holdout.labels])
    back = np.round(ours[:, 0] * (16 / 255))
    assert [known[image.tobytes()] for image in back] == labels.tolist()
    assert sorted(image.tobytes() for image in back) == sorted(
        image.tobytes() for image in found.images
    )


def test_training_and_holdout_images_are_disjoint_and_fixed():
    whole = images.load("digits")
    again = images.load("digits")
    assert again.train.fingerprint == whole.train.fingerprint
    assert again.holdout.fingerprint == whole.holdout.fingerprint
    assert len(whole.train) + len(whole.holdout) == 1797
    for split in (whole, images.load("digits", train=1000, holdout=797)):
        assert len(split.duplicates) == 0


@pytest.mark.parametrize("source", ["digits", "faces"])
def test_fewer_training_images_are_the_first_of_more(source):
    more, fewer = (images.load(source, train=n, holdout=20) for n in (300, 7))
    assert np.array_equal(more.train.pixels[:7], fewer.train.pixels)
    assert np.array_equal(more.train.labels[:7], fewer.train.labels)
    assert np.array_equal(more.holdout.pixels, fewer.holdout.pixels)


@pytest.mark.parametrize("source", ["digits", "faces"])
def test_fewer_holdout_images_are_the_first_of_more(source):
    more, fewer = (images.load(source, train=10, holdout=n) for n in (300, 7))
    assert np.array_equal(more.holdout.pixels[:7], fewer.holdout.pixels)
    assert np.array_equal(more.holdout.labels[:7], fewer.holdout.labels)
    assert np.array_equal(more.train.pixels, fewer.train.pixels)


def test_shuffled_splits_mix_the_order_of_the_source():
    split = images.load("digits", size=8)
    shares = [
        np.bincount(part.labels, minlength=10) / len(part.labels)
        for part in (split.train, split.holdout)
    ]
    first = np.round(load_digits().images * (255 / 16)).astype(np.uint8)[:1024, None]
    assert not np.array_equal(split.train.pixels, first)
    assert np.abs(shares[0] - shares[1]).max() < 0.07  # 5 standard errors


def test_faces_for_training_and_holdout_have_numbers_of_their_own():
    split = images.load("faces", train=12, holdout=9)
    for part, numbers in (
        (split.train, np.arange(12)),
        (split.holdout, np.arange(1_000_000, 1_000_009)),
    ):
        pixels, labels = faces.render(numbers, size=32)
        assert np.array_equal(part.pixels, pixels)
        assert np.array_equal(part.labels, labels)
    assert len(images.load("faces", train=1, holdout=0).holdout) == 0


@pytest.mark.parametrize("counts", [{"train": 1_000_001}, {"train": 1, "holdout": 1_000_001}])
def test_so_many_faces_that_numbers_would_overlap_are_refused(counts):
    with pytest.raises(InputError, match="must be at most 1,000,000 each"):
        images.load("faces", **counts)


@pytest.mark.parametrize(("source", "size"), [("digits", None), ("digits", 32), ("faces", 16)])
def test_images_have_the_size_asked_for_and_lie_between_minus_one_and_one(source, size):
    split = images.load(source, size=size, train=40, holdout=30)
    channels = 1 if source == "digits" else 3
    for part in (split.train, split.holdout):
        batch = part[:10]
        assert part.shape == (channels, size or 16, size or 16)
        assert batch.shape == (10, *part.shape)
        assert batch.dtype == torch.float32
        assert -1 <= batch.min() < -0.5
        assert 0.5 < batch.max() <= 1


def test_resizing_by_whole_factors_averages_like_a_tent():
    """A constant stays, and the middle of a doubled edge lies a quarter of the way on each side."""
    flat = sources.resized(np.full((2, 1, 8, 8), 77, np.uint8), 16)
    assert (flat == 77).all()
    edge = np.zeros((1, 1, 2, 2), np.uint8)
    edge[..., 1] = 200
    assert sources.resized(edge, 4)[0, 0, 0].tolist() == [0, 50, 150, 200]


# Images


def test_bytes_become_floats_from_minus_one_to_one():
    pixels = np.array([0, 51, 204, 255], np.uint8).reshape(1, 1, 2, 2)
    got = images.Images(pixels, np.zeros(1, np.int64))[:1]
    assert torch.allclose(got.flatten(), torch.tensor([-1, -0.6, 0.6, 1]), atol=1e-6)


def test_images_are_chosen_by_slice_and_by_tensor():
    whole = images.Images(noise(6, 3, 4, 4), np.arange(6))
    chosen = whole[torch.tensor([4, 0, 4])]
    assert torch.equal(chosen, torch.cat([whole[4:5], whole[:1], whole[4:5]]))
    part = whole.subset(np.array([5, 2]))
    assert torch.equal(part[:], torch.cat([whole[5:6], whole[2:3]]))
    assert part.labels.tolist() == [5, 2]


def test_a_batch_is_a_copy():
    whole = images.Images(np.zeros((2, 1, 4, 4), np.float32), np.zeros(2, np.int64))
    whole[:1].fill_(1)
    assert whole.pixels.max() == 0


def test_fingerprints_follow_the_content_and_not_its_container(tmp_path):
    pixels, labels = noise(5, 3, 4, 4), np.arange(5)
    np.save(tmp_path / "a.npy", pixels)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    plain = images.Images(pixels, labels).fingerprint
    assert images.Images(mapped, labels).fingerprint == plain
    flipped = np.ascontiguousarray(pixels[:, :, :, ::-1])[:, :, :, ::-1]  # other strides
    assert images.Images(flipped, labels).fingerprint == plain
    changed = pixels.copy()
    changed[4, 2, 3, 3] ^= 1
    others = [
        images.Images(changed, labels),
        images.Images(pixels, labels[::-1]),
        images.Images(pixels[::-1], labels),
        images.Images(pixels.reshape(5, 3, 2, 8), labels),
        images.Images(pixels[:4], labels[:4]),
    ]
    assert len({plain, *(other.fingerprint for other in others)}) == 6


def test_planted_duplicates_are_found():
    train, holdout = noise(6, 3, 4, 4, seed=1), noise(5, 3, 4, 4, seed=2)
    train[3] = train[1] = holdout[2]
    holdout[4] = train[0]
    parts = [images.Images(p, np.zeros(len(p), np.int64)) for p in (train, holdout)]
    assert images.Split("planted", *parts).duplicates.tolist() == [[1, 2], [3, 2], [0, 4]]


# Folders


def test_folders_are_read_in_the_order_of_their_paths(folder, tmp_path):
    split = images.load(folder, size=8, root=tmp_path)
    assert split.name == str(folder)
    assert (len(split.train), len(split.holdout)) == (3, 2)
    expected = np.stack([noise(8, 8, 3, seed=i).transpose(2, 0, 1) for i in range(5)])
    assert np.array_equal(np.concatenate([split.train.pixels, split.holdout.pixels]), expected)


def test_nested_folders_and_capital_suffixes_are_read_and_other_files_left(tmp_path):
    save(tmp_path / "p" / "b" / "x.png", np.full((4, 4, 3), 20, np.uint8))
    save(tmp_path / "p" / "a" / "z.PNG", np.full((4, 4, 3), 10, np.uint8))
    save(tmp_path / "p" / "c.bmp", np.full((4, 4, 3), 30, np.uint8))
    (tmp_path / "p" / "notes.txt").write_text("no image")
    split = images.load(tmp_path / "p", size=4, holdout=0, root=tmp_path)
    assert split.train.pixels[:, 0, 0, 0].tolist() == [10, 20, 30]


def test_grey_and_transparent_images_become_rgb(tmp_path):
    save(tmp_path / "p" / "a.png", np.full((4, 4), 60, np.uint8))
    save(tmp_path / "p" / "b.png", np.full((4, 4, 4), 70, np.uint8))
    pixels = images.load(tmp_path / "p", size=4, holdout=0, root=tmp_path).train.pixels
    assert pixels.shape == (2, 3, 4, 4)
    assert (pixels[0] == 60).all()
    assert (pixels[1] == 70).all()


def test_of_oblong_images_the_centre_square_is_taken(tmp_path):
    wide = np.zeros((4, 10, 3), np.uint8)
    wide[:, 3:7] = noise(4, 4, 3)
    save(tmp_path / "p" / "a.png", wide)
    save(tmp_path / "p" / "b.png", wide.transpose(1, 0, 2))
    pixels = images.load(tmp_path / "p", size=4, holdout=0, root=tmp_path).train.pixels
    assert np.array_equal(pixels[0], noise(4, 4, 3).transpose(2, 0, 1))
    assert np.array_equal(pixels[1], pixels[0].transpose(0, 2, 1))


def test_decoded_images_are_kept_and_decoded_again_when_a_file_changes(
    folder, tmp_path, monkeypatch
):
    decoded = []
    decode = readers.decoded

    def noted(file, name, size):
        decoded.append(name)
        return decode(file, name, size)

    monkeypatch.setattr(readers, "decoded", noted)
    first = images.load(folder, size=8, root=tmp_path)
    assert len(decoded) == 5
    again = images.load(folder, size=8, root=tmp_path)
    assert len(decoded) == 5
    assert again.train.fingerprint == first.train.fingerprint
    save(folder / "c1.png", noise(8, 8, 3, seed=99))
    os.utime(folder / "c1.png", ns=(1, 1))
    changed = images.load(folder, size=8, root=tmp_path)
    assert np.array_equal(changed.train.pixels[1], noise(8, 8, 3, seed=99).transpose(2, 0, 1))
    assert not list((tmp_path / "decoded").glob("*.part"))


@pytest.mark.parametrize("cut", [0, 60])
def test_damaged_decoded_images_are_noticed_and_decoded_again(folder, tmp_path, cut):
    first = np.array(images.load(folder, size=8, holdout=0, root=tmp_path).train.pixels)
    [kept] = (tmp_path / "decoded").glob("*.npy")
    content = bytearray(kept.read_bytes())
    content[-1] ^= 1
    kept.write_bytes(content[: len(content) - cut])
    with pytest.warns(UserWarning, match="is damaged; the images are decoded again"):
        again = images.load(folder, size=8, holdout=0, root=tmp_path)
    assert np.array_equal(again.train.pixels, first)


def test_a_subfolder_that_cannot_be_read_is_named(folder, tmp_path, closed):
    (folder / "closed").mkdir()
    message = r"readable in all its folders; got .*closed"
    with closed(folder / "closed"), pytest.raises(InputError, match=message):
        images.load(folder, root=tmp_path)


def test_a_folder_at_another_size_is_another_cache(folder, tmp_path):
    sizes = [images.load(folder, size=s, root=tmp_path).train.shape for s in (8, 4, None)]
    assert sizes == [(3, 8, 8), (3, 4, 4), (3, 128, 128)]


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "header"])
def test_a_damaged_image_is_named(folder, tmp_path, damage):
    whole = (folder / "c3.png").read_bytes()
    (folder / "c3.png").write_bytes(
        {"cut": whole[:60], "empty": b"", "text": b"not an image", "header": whole[:20]}[damage]
    )
    with pytest.raises(InputError, match=r"source must hold whole images only; got .*c3\.png"):
        images.load(folder, root=tmp_path)
    assert not list((tmp_path / "decoded").glob("*.[np]*"))


def test_a_damaged_netpbm_header_is_named(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.ppm").write_bytes(b"P6 4; 4 255\n" + bytes(48))
    with pytest.raises(InputError, match=r"whole images only; got .*a\.ppm"):
        images.load(tmp_path / "p", root=tmp_path)


def png_header(width, height):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [8_200, 10_000, 100_000])
def test_an_image_that_would_fill_the_memory_is_refused_by_its_header(tmp_path, side):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "bomb.png").write_bytes(png_header(side, side))
    with pytest.raises(InputError, match=r"bomb\.png"):
        images.load(tmp_path / "p", root=tmp_path)


def test_images_of_16_bits_are_refused(tmp_path):
    save(tmp_path / "p" / "a.png", np.full((4, 4), 40_000, np.uint16))
    with pytest.raises(InputError, match=r"8 bits a channel; got .*a\.png of mode I;16"):
        images.load(tmp_path / "p", root=tmp_path)


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(InputError, match="must be a folder with images"):
        images.load(tmp_path, root=tmp_path)


def test_a_cache_that_cannot_be_written_is_refused(folder, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(InputError, match="root must be a writable folder"):
        images.load(folder, root=tmp_path / "taken")


def test_celeba_hq_is_read_in_file_order_and_only_as_far_as_needed(tmp_path):
    for i in range(6):
        save(tmp_path / "celeba_hq" / f"{i}.png", np.full((4, 4, 3), 10 * i, np.uint8))
    (tmp_path / "celeba_hq" / "5.png").write_bytes(b"damaged, but not asked for")
    split = images.load("celeba_hq", size=4, train=3, holdout=2, root=tmp_path)
    assert split.train.pixels[:, 0, 0, 0].tolist() == [0, 10, 20]
    assert split.holdout.pixels[:, 0, 0, 0].tolist() == [30, 40]


# Arrays

LAYOUTS = {
    "nchw": (6, 3, 8, 8),
    "nhwc": (6, 8, 8, 3),
    "n1hw": (6, 1, 8, 8),
    "nhw1": (6, 8, 8, 1),
    "nhw": (6, 8, 8),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_arrays_of_every_layout_are_read(tmp_path, layout, suffix):
    pixels = noise(*LAYOUTS[layout])
    path = tmp_path / f"a.{suffix}"
    (np.save if suffix == "npy" else np.savez)(path, pixels)
    channels_first = {"nhwc": (0, 3, 1, 2), "nhw1": (0, 3, 1, 2)}.get(layout)
    expected = pixels[:, None] if pixels.ndim == 3 else pixels
    expected = expected.transpose(channels_first) if channels_first else expected
    split = images.load(path, root=tmp_path)
    assert np.array_equal(split.train.pixels, expected[:3])
    assert np.array_equal(split.holdout.pixels, expected[3:])
    assert split.train.shape == expected.shape[1:]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_floats_are_taken_as_they_are(tmp_path, dtype):
    values = np.linspace(-1, 1, 4 * 3 * 4 * 4).reshape(4, 3, 4, 4).astype(dtype)
    np.save(tmp_path / "a.npy", values)
    split = images.load(tmp_path / "a.npy", holdout=0)
    assert np.array_equal(split.train[:].numpy(), values.astype(np.float32))


def test_of_several_arrays_the_one_named_images_is_read(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", images=noise(4, 8, 8), labels=np.arange(4))
    assert images.load(tmp_path / "a.npz").train.shape == (1, 8, 8)
    np.savez(tmp_path / "b.npz", x=noise(4, 8, 8), y=noise(4, 8, 8))
    with pytest.raises(InputError, match="with an array `images`"):
        images.load(tmp_path / "b.npz")


@pytest.mark.parametrize(
    ("array", "rule"),
    [
        (noise(6, 2, 8, 8), r"shape \(n, c, h, w\)"),
        (noise(8, 8), r"shape \(n, c, h, w\)"),
        (noise(0, 3, 8, 8), r"shape \(n, c, h, w\)"),
        (np.float32(1.0), r"shape \(n, c, h, w\)"),
        (noise(4, 3, 8, 8).astype(np.int64), "be uint8 or floating-point"),
        (noise(4, 3, 8, 8) > 9, "be uint8 or floating-point"),
        (noise(4, 3, 8, 8).astype(complex), "be uint8 or floating-point"),
        (noise(4, 3, 8, 8) / 255 * 2.1 - 1, "finite values in"),
        (noise(4, 3, 8, 8).astype(np.float32), "finite values in"),
        (np.full((4, 3, 8, 8), np.nan), "finite values in"),
        (np.full((4, 3, 8, 8), -np.inf), "finite values in"),
        (np.where(np.arange(768).reshape(4, 3, 8, 8) == 700, np.nan, 0), "finite values in"),
        (np.array([{"a": 1}], dtype=object), "of numbers"),
    ],
)
def test_other_arrays_are_refused(tmp_path, array, rule):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(InputError, match=rule) as caught:
        images.load(tmp_path / "a.npy")
    assert "a.npy" in str(caught.value)


class Trap:
    def __reduce__(self):
        return Path.touch, (Path("sprung"),)


@pytest.mark.parametrize("form", ["pickle", "npy", "npz"])
def test_pickles_are_not_opened(tmp_path, monkeypatch, form):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / ("a.npz" if form == "npz" else "a.npy")
    trap = np.array([Trap()], dtype=object)
    if form == "pickle":
        path.write_bytes(pickle.dumps(Trap()))
    elif form == "npy":
        np.save(path, trap, allow_pickle=True)
    else:
        np.savez(path, images=trap)
    with pytest.raises(InputError, match="object arrays are not read"):
        images.load(path)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize("damage", ["empty", "cut", "flipped"])
def test_damaged_arrays_are_refused(tmp_path, suffix, damage):
    path = tmp_path / f"a.{suffix}"
    (np.save if suffix == "npy" else np.savez_compressed)(path, noise(40, 8, 8))
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[8 if suffix == "npy" else len(content) // 2] ^= 0xFF
    path.write_bytes({"empty": b"", "cut": content[: len(content) // 2]}.get(damage, content))
    with pytest.raises(InputError, match=rf"whole .npy file.*a\.{suffix}"):
        images.load(path)


def test_arrays_are_not_resized(tmp_path):
    np.save(tmp_path / "a.npy", noise(4, 3, 8, 8))
    assert images.load(tmp_path / "a.npy", size=8).train.shape == (3, 8, 8)
    with pytest.raises(InputError, match="size must be the size of the array's images; got 16"):
        images.load(tmp_path / "a.npy", size=16)


# Refusals


@pytest.mark.parametrize(
    ("counts", "got"),
    [
        ({"train": 1025}, "1,025 and 773"),
        ({"train": 1, "holdout": 1797}, "1 and 1,797"),
        ({"holdout": 1797}, "1 and 1,797"),
        ({"train": 1000, "holdout": 1000}, "1,000 and 1,000"),
    ],
)
def test_more_images_than_there_are_are_refused(counts, got):
    with pytest.raises(InputError, match=f"at most the 1,797 images of digits.*; got {got}"):
        images.load("digits", **counts)


def test_a_misspelt_name_gets_a_suggestion():
    with pytest.raises(InputError, match=r"got 'fashion-mnist'\. Did you mean fashion_mnist\?"):
        images.load("fashion-mnist")
    with pytest.raises(InputError, match="Named sources: digits, faces, mnist"):
        images.load("zzz")


def test_a_missing_folder_and_a_missing_file_are_refused(tmp_path):
    for name in ("nowhere", "nothing.npy"):
        with pytest.raises(InputError, match="must be a named source, a folder"):
            images.load(tmp_path / name)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10"])
def test_an_absent_data_set_names_the_command_that_fetches_it(tmp_path, name):
    with pytest.raises(InputError, match=f"`mempaper data fetch {name}`.*MEMPAPER_DATA"):
        images.load(name, root=tmp_path)


def test_an_absent_data_set_without_download_says_so(tmp_path):
    with pytest.raises(InputError, match="Get it by hand") as caught:
        images.load("celeba_hq", root=tmp_path)
    assert "data fetch" not in str(caught.value)


def idx(array):
    kind = {1: 0x0801, 3: 0x0803}[array.ndim]
    return struct.pack(f">I{array.ndim}I", kind, *array.shape) + array.tobytes()


def write_mnist(root, *, train=12, test=4):
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for prefix, count in (("train", train), ("t10k", test)):
        pixels = noise(count, 28, 28, seed=count)
        (raw / f"{prefix}-images-idx3-ubyte").write_bytes(idx(pixels))
        labels = (np.arange(count) % 10).astype(np.uint8)
        (raw / f"{prefix}-labels-idx1-ubyte").write_bytes(idx(labels))
    return raw


def test_torchvision_files_are_read_and_the_test_part_is_kept_apart(tmp_path):
    write_mnist(tmp_path)
    split = images.load("mnist", holdout=5, root=tmp_path)
    assert (len(split.train), len(split.holdout), len(split.test)) == (7, 5, 4)
    assert np.array_equal(split.test.pixels[:, 0], noise(4, 28, 28, seed=4))
    official = noise(12, 28, 28, seed=12)
    position = {image.tobytes(): i for i, image in enumerate(official)}
    for part in (split.train, split.holdout):
        places = [position.pop(image.tobytes()) for image in part.pixels]
        assert (np.array(places) % 10).tolist() == part.labels.tolist()
    assert not position
    assert images.load("mnist", size=32, holdout=5, root=tmp_path).train.shape == (1, 32, 32)


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "gone"])
def test_damaged_torchvision_files_are_refused(tmp_path, damage):
    file = write_mnist(tmp_path) / "train-images-idx3-ubyte"
    content = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes({"cut": content[:1000], "empty": b"", "text": b"no idx file"}[damage])
    with pytest.raises(InputError, match="source must be whole on the disk; got mnist") as caught:
        images.load("mnist", holdout=2, root=tmp_path)
    assert "mempaper data fetch mnist" in str(caught.value)


def test_damaged_cifar_batches_are_refused_unread(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    batches = tmp_path / "cifar-10-batches-py"
    batches.mkdir()
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta"]:
        (batches / name).write_bytes(pickle.dumps(Trap()))
    with pytest.raises(InputError, match="source must be whole on the disk; got cifar10"):
        images.load("cifar10", root=tmp_path)
    assert not (tmp_path / "sprung").exists()


# Status and fetch


def test_status_tells_what_is_there_and_how_to_get_the_rest(tmp_path):
    write_mnist(tmp_path)
    records = {record.name: record for record in images.status(tmp_path)}
    assert set(records) == set(images.SOURCES)
    assert {name for name, record in records.items() if record.present} == {
        "digits",
        "faces",
        "mnist",
    }
    assert records["digits"].path == "embedded"
    assert records["cifar10"].how == "mempaper data fetch cifar10"
    assert records["cifar10"].path == str(tmp_path / "cifar-10-batches-py")
    assert "by hand" in records["celeba_hq"].how
    assert records["mnist"].images == 70_000


@pytest.mark.parametrize(
    ("name", "remedy"), [("celeba_hq", "by hand"), ("digits", "Alpaydin"), ("zzz", "data list")]
)
def test_what_no_program_can_fetch_is_refused(tmp_path, name, remedy):
    with pytest.raises(InputError, match=f"be one of mnist, fashion_mnist, cifar10.*{remedy}"):
        images.fetch(name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "error", [OSError("no route"), RuntimeError("no\nroute"), HTTPException("no route")]
)
def test_a_failed_download_is_an_input_error(tmp_path, monkeypatch, error):
    def fail(*arguments, **options):
        raise error

    from mempaper._torchvision import torchvision

    monkeypatch.setattr(torchvision.datasets, "MNIST", fail)
    with pytest.raises(InputError, match=r"download failed \(no route\)"):
        images.fetch("mnist", tmp_path / "new")


def test_fetch_asks_torchvision_for_both_parts(tmp_path, monkeypatch):
    asked = []

    def take(root, *, train, download):
        asked.append((root, train, download))

    from mempaper._torchvision import torchvision

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", take)
    assert images.fetch("cifar10", tmp_path / "new") == tmp_path / "new"
    assert asked == [(str(tmp_path / "new"), part, True) for part in (True, False)]


def test_fetching_where_nothing_can_be_written_is_refused(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="root must be a writable folder"):
        images.fetch("mnist", tmp_path / "taken")


@pytest.mark.parametrize("number", sorted(readers.UNWRITABLE))
def test_fetching_onto_a_disk_that_is_full_or_closed_names_the_folder(
    tmp_path, monkeypatch, number
):
    def refuse(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    from mempaper._torchvision import torchvision

    monkeypatch.setattr(torchvision.datasets, "MNIST", refuse)
    with pytest.raises(InputError, match=f"root must be a writable.*{os.strerror(number)}"):
        images.fetch("mnist", tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("size", value) for value in (0, 4097, 10**9, 8.0, "8", True)),
        *(("train", value) for value in (0, -1, 2.5, "all")),
        *(("holdout", value) for value in (-1, 1.0, [3])),
    ],
)
def test_sizes_and_counts_are_whole_numbers_in_their_range(name, value):
    with pytest.raises(InputError, match=f"{name} must be a whole number, at least") as caught:
        inspect.unwrap(images.load)("digits", **{name: value})
    assert repr(value) in str(caught.value)


def test_a_source_is_a_name_or_a_path():
    with pytest.raises(InputError, match="source must be a name or a path; got 3"):
        inspect.unwrap(images.load)(3)


def test_the_data_root_is_the_argument_then_the_variable_then_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MEMPAPER_DATA", str(tmp_path / "variable"))
    assert images.data_root(tmp_path) == tmp_path
    assert images.data_root() == tmp_path / "variable"
    monkeypatch.delenv("MEMPAPER_DATA")
    assert images.data_root().parts[-2:] == ("mempaper", "data")
    monkeypatch.chdir(tmp_path)
    assert images.data_root("here") == Path.cwd() / "here"


# Real data


def naive_idx(path, offset):
    return np.frombuffer(Path(path).read_bytes()[offset:], np.uint8)


def check_against_naive(split, pixels, labels, test_pixels):
    """Compares with the official arrays (n, c, h, w), whatever the order of ours."""
    parts = [split.train, split.holdout]
    counts = [len(part) for part in [*parts, split.test]]
    assert counts == [len(pixels) - 10_000, 10_000, 10_000]
    assert split.train.shape == pixels.shape[1:]
    total = sum(int(part.pixels.sum(dtype=np.int64)) for part in parts)
    assert total == int(pixels.sum(dtype=np.int64))
    assert float(split.test[:].mean(dtype=torch.float64)) == pytest.approx(
        test_pixels.mean() / 127.5 - 1, abs=1e-7
    )
    by_class = sum(np.bincount(part.labels, minlength=10) for part in parts)
    assert np.array_equal(by_class, np.bincount(labels, minlength=10))
    assert np.array_equal(split.test.pixels, test_pixels)
    label_of = {image.tobytes(): label for image, label in zip(pixels, labels, strict=True)}
    for part in parts:
        for i in range(0, len(part), 97):
            assert label_of[part.pixels[i].tobytes()] == part.labels[i]


@pytest.mark.parametrize(
    ("name", "folder_name"),
    [
        pytest.param("mnist", "MNIST", marks=needs["mnist"]),
        pytest.param("fashion_mnist", "FashionMNIST", marks=needs["fashion_mnist"]),
    ],
)
def test_mnist_and_fashion_mnist_are_the_official_files(name, folder_name):
    raw = ROOT / folder_name / "raw"
    pixels, test = (
        naive_idx(raw / f"{part}-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)
        for part in ("train", "t10k")
    )
    labels = naive_idx(raw / "train-labels-idx1-ubyte", 8)
    split = images.load(name)
    assert len(split.train) == 50_000
    check_against_naive(split, pixels, labels, test)


@needs["cifar10"]
def test_cifar10_is_the_official_files():
    def batch(name):
        with open(ROOT / "cifar-10-batches-py" / name, "rb") as f:
            found = pickle.load(f, encoding="latin1")
        return found["data"].reshape(-1, 3, 32, 32), found["labels"]

    parts = [batch(f"data_batch_{i}") for i in range(1, 6)]
    pixels = np.concatenate([part[0] for part in parts])
    labels = np.concatenate([part[1] for part in parts])
    split = images.load("cifar10")
    assert len(split.train) == 40_000
    check_against_naive(split, pixels, labels, batch("test_batch")[0])


def test_lsun_is_read_from_its_database(tmp_path):
    lmdb = pytest.importorskip("lmdb", reason="lmdb is not installed, which LSUN needs")
    wide = [noise(8, 12, 3, seed=i) for i in range(6)]
    folder = tmp_path / "tower_train_lmdb"
    with (
        lmdb.open(str(folder), map_size=1 << 24) as database,
        database.begin(write=True) as transaction,
    ):
        for i, pixels in enumerate(wide):
            packed = io.BytesIO()
            Image.fromarray(pixels).save(packed, "webp", lossless=True)
            transaction.put(f"{i:04d}".encode(), packed.getvalue())
    found = images.load("lsun_tower", root=tmp_path, size=8, train=4, holdout=2)
    assert (len(found.train), len(found.holdout)) == (4, 2)
    middle = np.stack(wide)[:, :, 2:10].transpose(0, 3, 1, 2)
    assert np.array_equal(np.concatenate([found.train.pixels, found.holdout.pixels]), middle)
    (folder / "data.mdb").write_bytes(b"damaged")
    with pytest.raises(InputError, match="whole database of images"):
        images.load("lsun_tower", root=tmp_path, size=8, train=4, holdout=2)
