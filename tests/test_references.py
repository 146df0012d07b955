"""Reference sets: which images they hold, and where those come from."""

import dataclasses
import hashlib
import pickle
import shutil
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from test_images import needs, noise

from mempaper import cifar_variants, experiments, images, references
from mempaper.cifar_variants import Pinned
from mempaper.errors import InputError
from mempaper.files import sha256

DIGITS = {"source": "digits", "size": 8, "train": 100, "holdout": 50}
CIFAR = {"source": "cifar10", "size": 32, "train": 10, "holdout": 4}

LISTS = cifar_variants.DUPLICATES
lists = pytest.mark.skipif(
    not all((images.data_root() / file.path).exists() for file in LISTS),
    reason=f"the lists of CIFAR-10's duplicates are not under {images.data_root()}",
)


def pinned(file, source):
    """Returns the file as if `source` had been published."""
    return dataclasses.replace(file, sha256=sha256(source), url=source.as_uri())


def md5(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


# The warp


def test_warped_images_are_the_hold_out_images_moved():
    found = references.load(["warped"], DIGITS)["warped"]
    kept = images.load("digits", size=8, train=100, holdout=50).holdout
    assert np.array_equal(found.labels, kept.labels)
    assert np.array_equal(found[:].numpy(), experiments.distortion(8, seed=0)(kept[:]).numpy())
    assert not np.allclose(found[:].numpy(), kept[:].numpy(), atol=0.1)


def test_the_warp_follows_its_seed():
    first, again, other = (
        references.load(["warped"], DIGITS, seed=seed)["warped"].fingerprint for seed in (3, 3, 4)
    )
    assert first == again != other


# Of CIFAR-10


def write_batches(folder, *, count=10, seed=0):
    """Writes data in torchvision's form; returns its lists of files and checksums."""
    folder.mkdir(parents=True)
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    for number, name in enumerate(names):
        pixels = noise(count, 3 * 32 * 32, seed=seed + number)
        labels = [i % 10 for i in range(count)]
        (folder / name).write_bytes(pickle.dumps({"data": pixels, "labels": labels}))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list("abcdefghij")}))
    sums = [[name, md5(folder / name)] for name in names]
    meta = {"filename": "batches.meta", "key": "label_names", "md5": md5(folder / "batches.meta")}
    return {"train_list": sums[:-1], "test_list": sums[-1:], "meta": meta}


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    """Returns a data root with a small CIFAR-10, of 10 test images."""
    from mempaper._torchvision import torchvision

    root = tmp_path / "data"
    for name, value in write_batches(root / "cifar-10-batches-py").items():
        monkeypatch.setattr(torchvision.datasets.CIFAR10, name, value)
    return root


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Returns a folder and the address under which a server on this machine shows it."""
    folder = tmp_path / "away"
    folder.mkdir()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        monkeypatch.setattr(server, "handle_error", lambda *_: None)  # what looks and goes away
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def published(served, monkeypatch):
    """Publishes small files in the places of the pinned ones."""
    away, address = served
    for file, rows in zip(LISTS, ("2,7,0.1,0\n8,1,0.2,2\n", "2,5,0.1,1\n3,4,0.2,1\n"), strict=True):
        path = away / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("TestID,TrainID,Distance,Judgment\n" + rows)
    for number, file in enumerate(cifar_variants.CIFAR10_1):
        path = away / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels, labels = noise(6, 32, 32, 3, seed=9), np.arange(6, dtype=np.int32)
        np.save(path, labels if number else pixels)
    for name in ("DUPLICATES", "CIFAR10_1"):
        files = getattr(cifar_variants, name)
        monkeypatch.setattr(
            cifar_variants, name, tuple(pinned(file, away / file.path) for file in files)
        )
    sums = write_batches(away / "ciFAIR-10", seed=50)
    with zipfile.ZipFile(away / "ciFAIR-10.zip", "w") as archive:
        for path in sorted((away / "ciFAIR-10").iterdir()):
            archive.write(path, f"ciFAIR-10/{path.name}")
    sums |= {"url": f"{address}/ciFAIR-10.zip", "tgz_md5": md5(away / "ciFAIR-10.zip")}
    monkeypatch.setattr(cifar_variants, "_CIFAIR", cifar_variants._CIFAIR | sums)
    return away


def test_the_official_test_part(cifar):
    found = references.load(["test"], CIFAR, data_root=cifar)["test"]
    assert np.array_equal(found.pixels, noise(10, 3 * 32 * 32, seed=5).reshape(10, 3, 32, 32))
    assert found.labels.tolist() == list(range(10))


def test_duplicates_of_either_list_and_any_judgment_are_left_out(cifar, published):
    for file in cifar_variants.DUPLICATES:
        file.fetch(cifar)
    found = references.load(["test", "test_unduplicated"], CIFAR, data_root=cifar)
    assert list(found) == ["test", "test_unduplicated"]
    left = found["test_unduplicated"]
    assert left.labels.tolist() == [0, 1, 4, 5, 6, 7, 9]
    assert np.array_equal(left.pixels, found["test"].pixels[left.labels])


def test_cifar10_1_and_cifair10_are_fetched_by_name_once(cifar, published):
    for name in ("cifar10_1", "cifair10"):
        assert images.fetch(name, cifar) == cifar
        assert {r.name: r.present for r in images.status(cifar)}[name]
    found = references.load(["cifar10_1", "cifair10"], CIFAR, data_root=cifar)
    own = noise(6, 32, 32, 3, seed=9).transpose(0, 3, 1, 2)
    assert np.array_equal(found["cifar10_1"].pixels, own)
    assert found["cifar10_1"].labels.tolist() == list(range(6))
    replaced = noise(10, 3 * 32 * 32, seed=55).reshape(10, 3, 32, 32)
    assert np.array_equal(found["cifair10"].pixels, replaced)
    assert np.array_equal(cifar_variants.duplicates(cifar), [2, 3, 8])
    shutil.rmtree(published)
    for name in ("cifar10_1", "cifair10"):
        images.fetch(name, cifar)


def test_references_have_the_size_of_the_training_images(cifar, published):
    images.fetch("cifar10_1", cifar)
    images.fetch("cifair10", cifar)
    names = list(references.REFERENCES)
    found = references.load(names, CIFAR | {"size": 16}, data_root=cifar)
    assert {name: set_.shape for name, set_ in found.items()} == dict.fromkeys(names, (3, 16, 16))
    whole = references.load(["cifar10_1"], CIFAR, data_root=cifar)["cifar10_1"][:]
    halved = found["cifar10_1"][:]
    assert abs(whole.mean() - halved.mean()) < 0.02


def test_what_arrives_or_lies_there_is_checked(tmp_path):
    source = tmp_path / "list.csv"
    source.write_text("a login page")
    file = Pinned("there/list.csv", "0" * 64, source.as_uri())
    with pytest.raises(RuntimeError, match="invalid hash value"):
        file.fetch(tmp_path)
    assert not (tmp_path / "there" / "list.csv").exists()
    whole = pinned(file, source)
    whole.fetch(tmp_path)
    assert whole.checked(tmp_path).read_text() == "a login page"
    (tmp_path / "there" / "list.csv").write_text("another")
    with pytest.raises(ValueError, match="has SHA-256"):
        whole.checked(tmp_path)
    whole.fetch(tmp_path)
    assert whole.checked(tmp_path).read_text() == "a login page"


def test_a_damaged_file_is_an_input_error_with_its_remedy(cifar, published):
    images.fetch("cifar10_1", cifar)
    (cifar / cifar_variants.CIFAR10_1[1].path).write_bytes(b"")
    with pytest.raises(InputError, match=r"whole on the disk.*mempaper data fetch cifar10_1"):
        references.load(["cifar10_1"], CIFAR, data_root=cifar)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("cifar10_1", "mempaper data fetch cifar10_1"),
        ("cifair10", "mempaper data fetch cifair10"),
        ("test_unduplicated", r"Save https.*duplicates_cifar10.csv as .*data fetch cifair10"),
    ],
)
def test_absent_files_name_the_command_that_fetches_them(cifar, name, remedy):
    with pytest.raises(InputError, match=remedy):
        references.load([name], CIFAR, data_root=cifar)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tests", "references must be among test, test_unduplicated, .*got 'tests'"),
        ("test", "test is for a data set with an official test part; got 'digits'"),
        ("test_unduplicated", "test_unduplicated is for cifar10; got 'digits'"),
        ("cifair10", "cifair10 is for cifar10; got 'digits'"),
        ("cifar10_1", "cifar10_1 is for cifar10; got 'digits'"),
    ],
)
def test_wrong_names_are_refused(name, message):
    with pytest.raises(InputError, match=message):
        references.load(["warped", name], DIGITS)


def test_every_set_has_a_title():
    assert references.TITLES.keys() - {"holdout"} == references.REFERENCES.keys()


@lists
def test_the_published_lists_make_the_3_25_per_cent_of_cifair():
    """The share of duplicates in CIFAR-10's test images that the authors' page names."""
    rows = [(images.data_root() / file.path).read_text().splitlines()[1:] for file in LISTS]
    assert sum(map(len, rows)) == 325
    found = cifar_variants.duplicates(images.data_root())
    assert len(found) == len({line.split(",")[0] for part in rows for line in part})
    assert (np.diff(found) > 0).all()


@needs["cifar10"]
@lists
def test_what_is_left_of_the_test_part_has_no_listed_pair():
    data = CIFAR | {"train": 10, "holdout": 10}
    found = references.load(["test", "test_unduplicated"], data)
    left, whole = found["test_unduplicated"], found["test"]
    assert len(whole) == 10_000
    assert len(left) == 10_000 - len(cifar_variants.duplicates(images.data_root()))
    kept = {image.tobytes() for image in left.pixels}
    assert whole.pixels[6611].tobytes() not in kept  # listed with training image 49007
    assert whole.pixels[2801].tobytes() not in kept  # with test image 5976, itself listed
    assert whole.pixels[0].tobytes() in kept
