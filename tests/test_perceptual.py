"""Perceptual features, against the definitions written out."""

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.autograd import gradcheck

from mempaper import experiments, operators, perceptual
from mempaper import images as sources
from mempaper.errors import InputError
from mempaper.networks.classifier import Classifier
from mempaper.operators import Perceptual
from mempaper.runs import Store

ROOT = sources.data_root()
needs_weights = pytest.mark.skipif(
    not (ROOT / "weights" / "lpips_v0.1_squeeze_lin.safetensors").exists(),
    reason=f"no weights of SqueezeNet and LPIPS in {ROOT / 'weights'}",
)


def uniform(*shape, seed=0, dtype=torch.float32):
    draws = torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return 2 * draws - 1


def network(dtype=torch.float32):
    """conv - ReLU in place - pool - conv - flatten: layers of both ranks."""
    torch.manual_seed(0)
    made = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Conv2d(4, 5, 3), nn.Flatten()
    )
    return made.to(dtype)


def distance(operator, a, b):
    return (operator(a) - operator(b)).square().mean(1)


def prepared(images):
    mean = torch.tensor(operators.perceptual.IMAGENET_MEAN).view(3, 1, 1)
    std = torch.tensor(operators.perceptual.IMAGENET_STD).view(3, 1, 1)
    return ((images + 1) / 2 - mean) / std


def test_the_mean_is_johnsons_weighted_sum_over_layers():
    net, a, b = network(), uniform(2, 3, 10, 10), uniform(2, 3, 10, 10, seed=1)
    found = distance(Perceptual(network=net, layers=("3", "0"), weights=(2.0, 3)), a, b)
    first = [net[0](prepared(x)) for x in (a, b)]
    last = [net[3](net[2](f.clamp(min=0))) for f in first]
    naive = 3 * (first[0] - first[1]).square().mean((1, 2, 3))
    naive = naive + 2 * (last[0] - last[1]).square().mean((1, 2, 3))
    torch.testing.assert_close(found, naive)


def test_a_weight_for_each_channel_sums_over_channels():
    net, a, b = network(), uniform(2, 3, 10, 10), uniform(2, 3, 10, 10, seed=1)
    weights = torch.tensor([1.0, 0.0, 2.0, 5.0])
    found = distance(Perceptual(network=net, layers=("1",), weights=(weights,)), a, b)
    f, g = (net[:2](prepared(x)) for x in (a, b))
    naive = sum(w * (f - g)[:, k].square().mean((1, 2)) for k, w in enumerate(weights))
    torch.testing.assert_close(found, naive)


def test_a_vector_counts_as_one_place():
    net, a, b = network(), uniform(2, 3, 10, 10), uniform(2, 3, 10, 10, seed=1)
    found = distance(Perceptual(network=net, layers=("4",), weights=(1.0,)), a, b)
    naive = (net(prepared(a)) - net(prepared(b))).square().mean(1)
    torch.testing.assert_close(found, naive)


def test_unit_length_forgets_the_length_and_survives_dead_places():
    net = nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), nn.ReLU())
    operator = Perceptual(
        network=net, layers=("1",), weights=(1.0,), unit_length=True, mean=(0.0,), std=(1.0,)
    )
    inside = (uniform(2, 3, 4, 4) - 3) / 4  # 0.5 x + 0.5 in [0, 0.25]
    torch.testing.assert_close(operator(4 * (inside + 1) - 1), operator(inside))
    black = torch.full((1, 3, 4, 4), -1.0, requires_grad=True)  # all inputs and features are 0
    (gradient,) = torch.autograd.grad(operator(black).square().sum(), black)
    assert gradient.isfinite().all()


def test_grey_images_are_three_equal_channels_and_sizes_are_resized():
    operator = Perceptual(network=network(), layers=("0",), weights=(1.0,), size=12)
    grey = uniform(2, 1, 6, 6)
    torch.testing.assert_close(operator(grey), operator(grey.expand(-1, 3, -1, -1)))
    constant = torch.full((1, 3, 6, 6), 0.2)
    torch.testing.assert_close(operator(constant), operator(torch.full((1, 3, 12, 12), 0.2)))


def test_gradients():
    operator = Perceptual(
        network=network(torch.float64), layers=("1", "3"), weights=(1.0, 2.0), unit_length=True
    )
    images = uniform(2, 3, 10, 10, dtype=torch.float64).requires_grad_()
    assert gradcheck(operator, (images,), fast_mode=True)


def test_the_network_is_copied_and_takes_no_gradient():
    net = network().train()
    operator = Perceptual(network=net, layers=("1",), weights=(1.0,))
    before = operator(uniform(1, 3, 10, 10))
    assert not any(p.requires_grad for p in operator.network.parameters())
    assert net.training
    assert net[1].inplace
    with torch.no_grad():
        net[0].weight.zero_()
    assert torch.equal(operator(uniform(1, 3, 10, 10)), before)


def test_descriptions_depend_on_weights_and_layers():
    def made(scale=1.0, layers=("0",)):
        net = network()
        with torch.no_grad():
            net[0].weight *= scale
        return operators.describe(Perceptual(network=net, layers=layers, weights=(1.0,)))

    assert made() == made()
    assert made()["network"] != made(scale=2.0)["network"]
    assert made() != made(layers=("1",))


@pytest.mark.parametrize(
    ("changed", "argument"),
    [
        ({"layers": ("9",)}, "layers"),
        ({"layers": (), "weights": ()}, "layers"),
        ({"weights": (1.0, 1.0)}, "weights"),
        ({"weights": (-1.0,)}, "weights"),
        ({"weights": (float("nan"),)}, "weights"),
    ],
)
def test_bad_settings_are_refused(changed, argument):
    with pytest.raises(InputError) as caught:
        Perceptual(**{"network": network(), "layers": ("0",), "weights": (1.0,)} | changed)
    assert caught.value.argument == argument


# Networks from files


@needs_weights
def test_lpips_is_its_definition():
    """Zhang et al. (2018), Eq. (1), on torchvision's network, layer after layer."""
    from mempaper._torchvision import torchvision

    net = torchvision.models.squeezenet1_1().eval()
    weights = load_file(ROOT / "weights" / "squeezenet1_1_torchvision_fp16.safetensors")
    net.load_state_dict({name: weight.float() for name, weight in weights.items()})
    heads = load_file(ROOT / "weights" / "lpips_v0.1_squeeze_lin.safetensors")
    a, b = uniform(2, 3, 48, 48), uniform(2, 3, 48, 48, seed=1)

    def features(images):
        shift = torch.tensor([-0.030, -0.088, -0.188]).view(3, 1, 1)
        scale = torch.tensor([0.458, 0.448, 0.450]).view(3, 1, 1)
        h, found = (images - shift) / scale, []
        for number, layer in enumerate(net.features):
            h = layer(h)
            if number in (1, 4, 7, 9, 10, 11, 12):
                found.append(h / (h.square().sum(1, keepdim=True).sqrt() + 1e-10))
        return found

    with torch.no_grad():
        naive = torch.zeros(2)
        for i, (f, g) in enumerate(zip(features(a), features(b), strict=True)):
            head = heads[f"lin{i}.model.1.weight"]
            naive += (head * (f - g).square()).sum(1).mean((1, 2))
        found = distance(perceptual.lpips(root=ROOT), a, b)
    torch.testing.assert_close(found, naive, rtol=1e-4, atol=1e-6)
    assert (found > 0.05).all()


@needs_weights
def test_lpips_of_an_image_and_itself_is_zero_and_grows_with_noise():
    operator, image = perceptual.lpips(root=ROOT), uniform(1, 3, 32, 32) / 2
    noise = uniform(1, 3, 32, 32, seed=1) / 4
    weak, strong = (distance(operator, image, image + k * noise) for k in (0.2, 2))
    assert distance(operator, image, image) == 0
    assert 0 < weak < strong


@needs_weights
def test_squeezenet_takes_images_of_32_pixels_and_small_ones_resized():
    operator = perceptual.squeezenet(root=ROOT, size=32)
    assert operator(uniform(2, 1, 16, 16)).shape == operator(uniform(2, 3, 32, 32)).shape


def test_missing_weights_are_said(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for make, name in (
        (perceptual.vgg19, "vgg19-dcbb9e9d.pth"),
        (perceptual.squeezenet, "squeezenet1_1-b8a52dc0.pth"),
        (perceptual.lpips, "lpips_v0.1_squeeze_lin.safetensors"),
    ):
        with pytest.raises(InputError, match=name):
            make(root=tmp_path)


def test_the_classifiers_features_are_its_relus(tmp_path):
    store = Store(tmp_path)
    run = experiments.classify("digits", images=64, steps=2, width=4, store=store)
    operator, a, b = (
        perceptual.classifier(run),
        uniform(2, 1, 16, 16),
        uniform(2, 1, 16, 16, seed=1),
    )
    network = Classifier(**run.config["network"]).eval()
    network.load_state_dict(load_file(run.file("classifier.safetensors")))
    naive = torch.zeros(2)
    with torch.no_grad():
        for layer in network.body:
            a_next, b_next = layer(a), layer(b)
            if isinstance(layer, nn.ReLU):
                naive += (a_next - b_next).square().mean((1, 2, 3))
            a, b = a_next, b_next
        inputs = uniform(2, 1, 16, 16), uniform(2, 1, 16, 16, seed=1)
        torch.testing.assert_close(distance(operator, *inputs), naive)


def test_only_a_classifiers_run_has_its_features(tmp_path):
    run = experiments.train(
        "glo", "digits", images=8, steps=1, latent_dim=8, width=16, store=Store(tmp_path)
    )
    with pytest.raises(InputError, match="have trained a classifier; got train"):
        perceptual.classifier(run)
