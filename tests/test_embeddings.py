"""Encoders by what they compute, and features by when they are computed."""

import json
import os
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from mempaper import embeddings, experiments, images
from mempaper._torchvision import torchvision
from mempaper.embeddings import Features, networks, pretrained
from mempaper.embeddings.embedding import of_network
from mempaper.embeddings.weights import Weights, read
from mempaper.errors import InputError
from mempaper.files import sha256
from mempaper.images import Images
from mempaper.networks.cifar_resnet import CIFARResNet
from mempaper.networks.classifier import Classifier
from mempaper.runs import RunWarning, Store

WEIGHTS = images.data_root() / "weights"
SQUEEZENET = WEIGHTS / "squeezenet1_1_torchvision_fp16.safetensors"
CIFAR10 = images.data_root() / "cifar-10-batches-py"
RESNETS = WEIGHTS / "cifar10_resnet20_akamaster.safetensors"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs")


def uniform(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def refused(call, argument, *parts):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument
    for part in parts:
        assert part in str(caught.value)


def counting(embedding):
    """The same embedding, which notes how often it computes."""
    calls = []

    def compute(part):
        calls.append(len(part))
        return embedding.compute(part)

    return replace(embedding, compute=compute), calls


# Encoders without a network


def test_pixels_are_flattened():
    pictures = uniform(5, 3, 4, 6)
    embedding = embeddings.pixels((3, 4, 6))
    found = embedding(pictures)
    assert found.dtype == torch.float32
    assert embedding.dim == found.shape[1] == 72
    assert torch.equal(found, pictures.reshape(5, 72))


def test_principal_components_against_the_singular_value_decomposition():
    pictures = uniform(50, 1, 3, 4) * torch.linspace(0.1, 1, 12).reshape(3, 4)
    found = embeddings.pca(pictures, dim=5)(pictures).double().numpy()
    flat = pictures.flatten(1).double().numpy()
    left, values, _ = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    expected = left[:, :5] * values[:5]
    signs = np.sign((found * expected).sum(axis=0))
    np.testing.assert_allclose(found, expected * signs, atol=1e-5)


def test_all_components_keep_all_distances():
    pictures, others = uniform(30, 1, 2, 3), uniform(9, 1, 2, 3, seed=1)
    found = embeddings.pca(pictures, dim=6)(others)
    torch.testing.assert_close(torch.pdist(found), torch.pdist(others.flatten(1)))


def test_components_need_images():
    refused(lambda: embeddings.pca(uniform(5, 1, 4, 4), dim=5), "dim", "lie in 1 to 4; got 5")
    refused(lambda: embeddings.pca(uniform(50, 1, 2, 2), dim=0), "dim", "lie in 1 to 4; got 0")


# What every encoder promises


@pytest.fixture
def convolutional():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return of_network(
        "test", network, lambda x: x.expand(-1, 3, -1, -1), dim=7, settings={}, code=()
    )


def test_a_row_depends_on_its_image_alone(convolutional):
    pictures = uniform(70, 3, 9, 9)
    whole = convolutional(pictures)
    for low, high in ((0, 1), (31, 33), (5, 70)):
        assert torch.equal(convolutional(pictures[low:high]), whole[low:high])


def test_grey_is_grey_in_three_channels(convolutional):
    grey = uniform(3, 1, 9, 9)
    assert torch.equal(convolutional(grey), convolutional(grey.repeat(1, 3, 1, 1)))


def test_features_take_no_gradient(convolutional):
    assert not convolutional(uniform(2, 3, 9, 9).requires_grad_()).requires_grad


def test_what_is_no_image_is_refused(convolutional):
    refused(lambda: convolutional(uniform(2, 2, 9, 9)), "images", "grey or RGB", "2 channels")
    refused(lambda: convolutional(uniform(0, 3, 9, 9)), "images", "at least one")
    refused(lambda: convolutional(uniform(2, 3, 9, 9) + 1), "images", "lie in [-1, 1]")
    broken = uniform(2, 3, 9, 9)
    broken[1, 2, 3, 4] = torch.nan
    refused(lambda: convolutional(broken), "images", "lie in [-1, 1]")
    pixels = embeddings.pixels((1, 4, 4))
    refused(lambda: pixels(uniform(2, 3, 4, 4)), "images", "shape (1, 4, 4)", "(3, 4, 4)")


def test_identity_follows_name_settings_and_weights():
    def made(name="a", size=1, weight=0.5, settings="size"):
        network = nn.Linear(2, 2)
        nn.init.constant_(network.weight, weight)
        nn.init.zeros_(network.bias)
        options = {"settings": {settings: size}, "code": ()}
        return of_network(name, network, lambda x: x, dim=2, **options).identity

    changed = [made(name="b"), made(size=2), made(weight=0.25), made(settings="width")]
    assert made() == made()
    assert len({made(), *changed}) == 5


def test_identity_follows_the_images_of_the_components():
    first, second = uniform(30, 1, 3, 3), uniform(30, 1, 3, 3, seed=1)
    made = [embeddings.pca(x, dim=k).identity for x, k in ((first, 3), (second, 3), (first, 4))]
    assert len(set(made)) == 3
    assert embeddings.pca(first.clone(), dim=3).identity == made[0]
    shapes = [(1, 4, 4), (1, 2, 8), (4, 2, 2)]
    assert len({embeddings.pixels(shape).identity for shape in shapes}) == 3


# The cache


def test_a_second_call_computes_nothing(convolutional, store):
    embedding, calls = counting(convolutional)
    pictures = uniform(300, 3, 5, 5)
    first = embeddings.features(embedding, pictures, store=store)
    assert sum(calls) >= 300
    calls.clear()
    second = embeddings.features(embedding, pictures.numpy().copy(), store=store)
    assert calls == []
    np.testing.assert_array_equal(first.values, second.values)
    np.testing.assert_array_equal(first.values, convolutional(pictures).numpy())
    assert first.values.dtype == np.float32
    assert (first.name, first.identity, first.resolution, first.count) == (
        "test",
        convolutional.identity,
        (5, 5),
        300,
    )


def test_another_image_or_embedding_is_computed(convolutional, store):
    embedding, calls = counting(convolutional)
    pictures = uniform(3, 3, 5, 5)
    embeddings.features(embedding, pictures, store=store)
    changed = pictures.clone()
    changed[2, 1, 0, 0] = -changed[2, 1, 0, 0]
    others = [
        (embedding, changed),
        (embedding, pictures[:2]),
        (embedding, pictures.flip(0)),
        (replace(embedding, identity="0123456789abcdef"), pictures),
    ]
    for other, chosen in others:
        calls.clear()
        embeddings.features(other, chosen, store=store)
        assert calls, (other.identity, chosen.shape)


def test_no_images_have_no_features(convolutional, store):
    none = np.zeros((0, 3, 5, 5), np.float32)
    refused(lambda: embeddings.features(convolutional, none, store=store), "images", "one image")


def test_images_of_a_split_are_found_by_their_fingerprint(store):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 1, 4, 4), dtype=np.uint8)
    stored = Images(pixels, np.zeros(40, np.int64))
    embedding, calls = counting(embeddings.pixels((1, 4, 4)))
    found = embeddings.features(embedding, stored, store=store)
    np.testing.assert_allclose(found.values, pixels.reshape(40, 16) / 127.5 - 1, atol=1e-6)
    calls.clear()
    embeddings.features(embedding, Images(pixels.copy(), stored.labels), store=store)
    assert calls == []
    assert found.resolution == (4, 4)


def test_a_damaged_file_is_noticed_and_made_again(convolutional, store):
    embedding, calls = counting(convolutional)
    pictures = uniform(3, 3, 5, 5)
    first = embeddings.features(embedding, pictures, store=store)
    (file,) = store.root.glob("features/*/features.npy")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    calls.clear()
    with pytest.warns(RunWarning, match=r"features\.npy has changed"):
        second = embeddings.features(embedding, pictures, store=store)
    assert calls
    np.testing.assert_array_equal(first.values, second.values)


# What may be compared


def made(*, identity="a", resolution=(8, 8), count=4):
    return Features(np.zeros((count, 2), np.float32), "encoder", identity, resolution)


def test_equal_circumstances_compare():
    first, second, third = made(), made(), made()
    arrays = embeddings.comparable(first, second, third)
    for array, features in zip(arrays, (first, second, third), strict=True):
        assert array is features.values


@pytest.mark.parametrize(
    ("other", "keyword", "parts"),
    [
        ({"identity": "b"}, "different_encoders", ("one encoder", "encoder a and encoder b")),
        ({"resolution": (8, 9)}, "different_resolutions", ("one resolution", "8 x 8 and 8 x 9")),
        ({"count": 5}, "different_counts", ("equally many", "4 and 5")),
    ],
)
def test_a_mismatch_is_refused_unless_asked_for(other, keyword, parts):
    sets = (made(), made(), made(**other))
    refused(lambda: embeddings.comparable(*sets), "sets", *parts, f"{keyword}=True")
    assert len(embeddings.comparable(*sets, **{keyword: True})) == 3


# The classifier


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("runs"))
    options = {"images": 500, "holdout": 300, "size": 8, "steps": 150, "width": 16}
    return experiments.classify("digits", **options, store=store)


def test_the_classifier_learns_digits(trained):
    """Ten classes: chance is 0.1."""
    assert trained.metrics["train_accuracy"] > 0.8
    assert trained.metrics["holdout_accuracy"] > 0.8


def test_its_features_are_its_last_hidden_layer(trained):
    embedding = embeddings.classifier(trained)
    split = images.load("digits", train=500, holdout=300, size=8)
    found = embedding(split.holdout[:40])
    network = Classifier(**trained.config["network"])
    network.load_state_dict(read(trained.file("classifier.safetensors")))
    with torch.no_grad():
        torch.testing.assert_close(network.head(found), network.eval()(split.holdout[:40]))
    assert found.shape == (40, embedding.dim) == (40, 32)
    refused(lambda: embedding(uniform(2, 1, 16, 16)), "images", "shape (1, 8, 8)")


def test_a_classifier_needs_labels(tmp_path, store):
    np.save(tmp_path / "a.npy", np.zeros((8, 1, 8, 8), np.uint8))
    refused(lambda: experiments.classify(str(tmp_path / "a.npy"), store=store), "dataset", "labels")


def test_another_run_is_no_classifier(trained):
    refused(lambda: embeddings.classifier(replace(trained, kind="train")), "run", "train ")


@pytest.mark.parametrize(("size", "blocks"), [(8, 1), (16, 2), (28, 3), (32, 3), (128, 5)])
def test_classifiers_end_at_four_pixels(size, blocks):
    network = Classifier(size=size, channels=3, classes=7, width=8)
    strides = [m.stride[0] for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert strides == [1] + [2] * blocks
    assert network(torch.zeros(2, 3, size, size)).shape == (2, 7)


# Published encoders


def squeezenet_state(seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return torchvision.models.squeezenet1_1(weights=None).state_dict()


def published(monkeypatch, name, *weights):
    """Replaces the files that an encoder wants."""
    monkeypatch.setitem(
        pretrained.ENCODERS, name, replace(pretrained.ENCODERS[name], weights=weights)
    )


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A data root and a torch.hub folder with nothing in them."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("MEMPAPER_DATA", str(tmp_path / "data"))
    (tmp_path / "data" / "weights").mkdir(parents=True)
    return tmp_path / "data" / "weights"


@pytest.mark.parametrize("name", list(embeddings.ENCODERS))
def test_absent_weights_are_not_downloaded(name, elsewhere, monkeypatch):
    monkeypatch.setattr(torch.hub, "download_url_to_file", None)
    assert not embeddings.present(name)
    file = embeddings.ENCODERS[name].weights[0].file
    refused(lambda: embeddings.load(name), "name", str(elsewhere), name, file)


def test_every_url_ends_in_its_file_and_files_carry_their_checksum():
    for encoder in embeddings.ENCODERS.values():
        for weights in encoder.weights:
            assert set(weights.sha256) <= set("0123456789abcdef")
            assert len(weights.sha256) in (8, 64)
            if weights.url is not None:
                assert weights.url.startswith("https://")
                assert weights.url.endswith("/" + weights.file)
            if weights.file.endswith(".pth") and "dinov2" not in weights.file:
                assert weights.file[:-4].endswith("-" + weights.sha256[:8])


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("squeezenet", torchvision.models.SqueezeNet1_1_Weights.IMAGENET1K_V1),
        ("vgg16", torchvision.models.VGG16_Weights.IMAGENET1K_V1),
        ("vgg19", torchvision.models.VGG19_Weights.IMAGENET1K_V1),
        ("resnet50", torchvision.models.ResNet50_Weights.IMAGENET1K_V1),
        ("inception", torchvision.models.Inception_V3_Weights.IMAGENET1K_V1),
        ("inception_normalized", torchvision.models.Inception_V3_Weights.IMAGENET1K_V1),
    ],
)
def test_urls_are_torchvisions(name, weights):
    assert embeddings.ENCODERS[name].weights[-1].url == weights.url


def test_fetched_once_and_checked(tmp_path, elsewhere, monkeypatch):
    source = tmp_path / "net.pth"
    torch.save(squeezenet_state(), source)
    published(monkeypatch, "squeezenet", Weights("net.pth", sha256(source), source.as_uri()))
    path = embeddings.fetch("squeezenet")
    assert path == elsewhere / "net.pth"
    assert path.read_bytes() == source.read_bytes()
    source.unlink()
    assert embeddings.fetch("squeezenet") == path
    assert embeddings.present("squeezenet")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert not embeddings.present("squeezenet")
    refused(lambda: embeddings.load("squeezenet"), "name", "undamaged", "Remove the file")
    refused(lambda: embeddings.fetch("squeezenet"), "name", "undamaged", "Remove the file")


def test_a_download_that_is_something_else_is_refused(tmp_path, elsewhere, monkeypatch):
    source = tmp_path / "net.pth"
    source.write_bytes(b"a login page")
    published(monkeypatch, "squeezenet", Weights("net.pth", "0" * 64, source.as_uri()))
    refused(lambda: embeddings.fetch("squeezenet"), "name", "invalid hash value")
    source.unlink()
    refused(lambda: embeddings.fetch("squeezenet"), "name", "download failed")
    assert list(elsewhere.iterdir()) == []
    refused(lambda: embeddings.fetch("squeezenet_deepscale"), "name", "not published for download")
    refused(lambda: embeddings.fetch("clip"), "name", "be one of squeezenet")


def test_what_is_no_file_of_weights_is_refused(tmp_path):
    for suffix in ("pth", "safetensors"):
        path = tmp_path / f"net.{suffix}"
        path.write_bytes(b"not weights")
        refused(lambda: read(path), "path", "hold weights", str(path))  # noqa: B023


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    class Harmful:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    torch.save({"weight": Harmful()}, tmp_path / "net.pth")
    refused(lambda: read(tmp_path / "net.pth"), "path", "hold weights")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_squeezenet_means_its_last_maps(suffix, elsewhere, monkeypatch):
    """At 128 px, resized images normalised as for torchvision's own."""
    state, path = squeezenet_state(), elsewhere / f"net.{suffix}"
    if suffix == "pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    published(monkeypatch, "squeezenet", Weights(path.name, sha256(path)))
    pictures = uniform(2, 3, 128, 128)
    network = torchvision.models.squeezenet1_1(weights=None).eval()
    network.load_state_dict(state)
    normalize = torchvision.transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    with torch.no_grad():
        expected = network.features(normalize((pictures + 1) / 2)).mean(dim=(2, 3))
    found = embeddings.load("squeezenet")(pictures)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(not SQUEEZENET.exists(), reason="no local SqueezeNet weights")
@pytest.mark.parametrize("name", ["squeezenet", "squeezenet_deepscale"])
def test_the_local_squeezenets(name):
    """They load strictly, and put a face nearer to itself in noise than to its negative."""
    embedding = embeddings.load(name)
    faces = images.load("faces", train=8, holdout=0).train[:]
    noisy = faces + 0.02 * torch.randn(faces.shape, generator=torch.Generator().manual_seed(0))
    clean, near, far = (embedding(x.clamp(-1, 1)) for x in (faces, noisy, -faces))
    assert embedding.dim == clean.shape[1] == 512
    assert ((clean - near).norm(dim=1) < (clean - far).norm(dim=1)).all()


@pytest.mark.skipif(not RESNETS.exists(), reason="no local CIFAR-10 classifiers")
@pytest.mark.skipif(not CIFAR10.exists(), reason="no CIFAR-10")
@pytest.mark.parametrize(("depth", "accuracy"), [(20, 0.917), (56, 0.934)])
def test_the_local_resnets_are_as_good_as_published(depth, accuracy):
    """Of 256 test images, within 4 standard errors of the accuracy on all 10,000."""
    path = WEIGHTS / f"cifar10_resnet{depth}_akamaster.safetensors"
    test = images.load("cifar10", train=1, holdout=1).test
    features = embeddings.load(f"cifar10_resnet{depth}")(test[:256])
    weights = read(path)
    found = (features @ weights["linear.weight"].T + weights["linear.bias"]).argmax(1).numpy()
    error = np.sqrt(accuracy * (1 - accuracy) / 256)
    assert np.mean(found == test.labels[:256]) == pytest.approx(accuracy, abs=4 * error)


def test_the_shortcut_of_a_resnet_has_no_weights():
    """With all weights of a block 0 its output is every second pixel, between zero channels."""
    network = CIFARResNet(depth=20).eval()
    block = network.layer2[0]
    nn.init.zeros_(block.bn2.weight)
    maps = uniform(2, 16, 6, 6).abs()
    expected = torch.zeros(2, 32, 3, 3)
    expected[:, 8:24] = maps[:, :, ::2, ::2]
    assert torch.equal(block(maps), expected)
    assert len(network.layer3) == 3
    assert sum(p.numel() for p in network.parameters()) == pytest.approx(0.27e6, rel=0.01)


def test_the_caffe_network_wants_blue_first_and_bytes(monkeypatch):
    monkeypatch.setattr(networks, "read", lambda path: squeezenet_state())
    cut = networks.squeezenet_deepscale(Path("x"), size=4)
    red = torch.tensor([1.0, 0.0, -1.0])[None, :, None, None].expand(1, 3, 4, 4)
    prepared = cut.prepare(red)[0, :, 0, 0]
    assert prepared.tolist() == [0 - 104, 127.5 - 117, 255 - 123]


@pytest.mark.parametrize(
    ("build", "model", "size", "dim"),
    [
        (lambda path: networks.vgg(path, depth=16), "vgg16", 224, 4096),
        (lambda path: networks.vgg(path, depth=19), "vgg19", 224, 4096),
        (networks.resnet50, "resnet50", 224, 2048),
        (lambda path: networks.inception(path, transform_input=True), "inception_v3", 299, 2048),
    ],
)
def test_sizes_of_the_large_networks(build, model, size, dim, monkeypatch):
    """On the meta device, where weights and images have shapes only."""
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        state = getattr(torchvision.models, model)(weights=None).state_dict()
    monkeypatch.setattr(networks, "read", lambda path: state)
    cut = build(Path("x"))
    prepared = cut.prepare(uniform(2, 1, 32, 40))
    assert prepared.shape == (2, 3, size, size)
    assert cut.dim == dim
    assert cut.network.eval()(prepared.to("meta")).shape == (2, dim)


@pytest.fixture
def inceptions(monkeypatch):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = torchvision.models.inception_v3(weights=None, init_weights=False).state_dict()
    monkeypatch.setattr(networks, "read", lambda path: state)
    return [networks.inception(Path("x"), transform_input=flag) for flag in (True, False)]


def test_two_ways_of_feeding_inception(inceptions):
    """transform_input=True gives the network [-1, 1] back; False leaves ImageNet's units."""
    seen = []
    for cut in inceptions:
        cut.network.eval().Conv2d_1a_3x3.register_forward_pre_hook(
            lambda _, inputs: seen.append(inputs[0])
        )
        white = torch.ones(1, 1, 20, 20)
        with torch.no_grad():
            assert cut.network(cut.prepare(white)).shape == (1, 2048)
    torch.testing.assert_close(seen[0], torch.ones(1, 3, 299, 299), atol=1e-5, rtol=0)
    expected = [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    torch.testing.assert_close(seen[1][0, :, 7, 8], torch.tensor(expected), atol=1e-5, rtol=0)


def test_inceptions_corners_are_aligned(inceptions):
    """Corner pixels of the image are corner pixels of the input; False would move them inside."""
    picture = uniform(1, 3, 4, 4)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    prepared = inceptions[0].prepare(picture)
    expected = ((picture[0, :, 0, 3] + 1) / 2 - mean) / std
    torch.testing.assert_close(prepared[0, :, 0, -1], expected)


def test_the_inception_of_the_usual_fid_is_torch_fidelitys(tmp_path, monkeypatch):
    from torch_fidelity import FeatureExtractorInceptionV3

    torch.save({}, tmp_path / "net.pth")
    monkeypatch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
    cut = networks.inception_tf(tmp_path / "net.pth")
    grey = torch.tensor([-1.0, 0.0, 1.0, 0.5])[None, None, None].expand(1, 1, 4, 4)
    prepared = cut.prepare(grey)
    assert prepared.dtype == torch.uint8
    assert prepared[0, 2, 3].tolist() == [0, 128, 255, 191]  # 127.5 goes to the even 128
    with torch.no_grad():
        (expected,) = cut.network.network(prepared)
        assert torch.equal(cut.network(prepared), expected)
    assert expected.shape == (1, 2048)


def test_dinov2_comes_from_torch_hubs_folder(elsewhere, monkeypatch):
    path = elsewhere / "dino.pth"
    torch.save({"weight": torch.full((384, 3), 0.5), "bias": torch.zeros(384)}, path)
    published(monkeypatch, "dinov2", Weights(path.name, sha256(path)))
    refused(lambda: embeddings.load("dinov2"), "name", "code in torch.hub's folder", "fetch('dino")
    assert not embeddings.present("dinov2")
    folder = networks.hub_folder(networks.DINOV2_CODE)
    folder.mkdir(parents=True)
    (folder / "hubconf.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Linear):\n"
        "    def forward(self, images):\n"
        "        assert images.shape[2:] == (224, 224)\n"
        "        return super().forward(images.mean(dim=(2, 3)))\n"
        "def dinov2_vits14(pretrained):\n"
        "    assert not pretrained\n"
        "    return Net(3, 384)\n"
    )
    before = torch.get_rng_state()
    embedding = embeddings.load("dinov2")
    assert torch.equal(torch.get_rng_state(), before)
    assert embeddings.present("dinov2")
    grey = (0 - 0.485 + 0.5) / 0.229 + (0.5 - 0.456) / 0.224 + (0.5 - 0.406) / 0.225
    found = embedding(torch.zeros(1, 1, 8, 8))
    torch.testing.assert_close(found, torch.full((1, 384), 0.5 * grey))


def test_an_unknown_encoder_is_refused():
    refused(lambda: embeddings.load("clip"), "name", "be one of squeezenet", "'clip'")
    refused(lambda: embeddings.present("clip"), "name", "be one of squeezenet")


def test_an_embedding_is_described_on_disk(convolutional, store):
    embeddings.features(convolutional, uniform(2, 3, 5, 5), store=store)
    (record,) = store.list()
    assert record.kind == "features"
    assert json.loads((record.path / "metrics.json").read_text()) == {"dim": 7}
