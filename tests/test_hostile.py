"""Files from strangers: nothing in them is run, nothing grows beyond them, nothing leads out."""

import ast
import dataclasses
import io
import json
import pickle
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import EpsImagePlugin

import mempaper
from mempaper import audit, images
from mempaper.audit.page import html
from mempaper.embeddings import weights
from mempaper.errors import InputError
from mempaper.experiments.arrays import is_whole

LATENTS = torch.linspace(-1, 1, 8).view(4, 2)
PACKAGE = Path(mempaper.__file__).parent


class Tiny(torch.nn.Module):
    """Four numbers of two, through an operator that takes a word."""

    def __init__(self, scale=1.0):
        super().__init__()
        self.weight = torch.nn.Parameter(scale * torch.ones(4, 2))

    def forward(self, latents):
        return torch.nn.functional.gelu(latents @ self.weight.T, approximate="tanh").tanh()


def archive_of(entries, **options):
    """Returns an archive of (name, content), in this order and with repetitions."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", **options) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return written.getvalue()


def entries_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


@pytest.fixture(scope="module")
def exported():
    """Returns the bytes of a torch.export archive."""
    written = io.BytesIO()
    torch.export.save(torch.export.export(Tiny().eval(), (LATENTS,)), written)
    return written.getvalue()


def scripted(module):
    written = io.BytesIO()
    torch.jit.save(torch.jit.script(module), written)
    return written.getvalue()


def refused(path, content, words):
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"without running code of its author") as caught:
        audit.load_generator(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


# programs


@pytest.mark.parametrize(
    "target",
    [
        "torch.ops.aten.from_file.default",
        "torch.ops.aten.save.default",
        "torchx.hub.os.system",
        "torch.hub.load",
        "_operator.attrgetter",
        "_operators.call",
        "os.system",
        "#extension:name",
    ],
)
def test_exported_calls_that_are_no_operations_on_tensors_are_refused(target, exported, tmp_path):
    def change(name, content):
        return content.replace(b"torch.ops.aten.tanh.default", target.encode())

    bad = archive_of([(name, change(name, content)) for name, content in entries_of(exported)])
    refused(tmp_path / "bad.pt2", bad, f"calls {target}")


def test_sizes_of_an_exported_program_are_not_evaluated(exported, tmp_path):
    mark = tmp_path / "mark"
    code = f"__import__('pathlib').Path('{mark}').touch()"
    size = {"as_expr": {"expr_str": code, "hint": None}}

    def change(name, content):
        if not name.endswith("models/model.json"):
            return content
        program = json.loads(content)
        for meta in program["graph_module"]["graph"]["tensor_values"].values():
            meta["sizes"] = [size for _ in meta["sizes"]]
        return json.dumps(program)

    bad = archive_of([(name, change(name, content)) for name, content in entries_of(exported)])
    refused(tmp_path / "bad.pt2", bad, "holds an expression that is no size")
    assert not mark.exists()


def test_a_pickle_among_the_sample_inputs_is_not_opened(exported, tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    trapped = [
        (name, pickle.dumps(Trap()) if "sample_inputs" in name else content)
        for name, content in entries_of(exported)
    ]
    (tmp_path / "g.pt2").write_bytes(archive_of(trapped))
    made = audit.load_generator(tmp_path / "g.pt2")(LATENTS)
    assert torch.equal(made, Tiny()(LATENTS))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_torchscript_that_touches_files_is_refused_unread(tmp_path):
    mark = tmp_path / "mark"
    path = str(mark)

    class Saves(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.path = path

        def forward(self, latents):
            torch.save(latents, self.path)
            return latents

    class Maps(Saves):
        def forward(self, latents):
            return latents + torch.from_file(self.path, shared=True, size=4).sum()

    refused(tmp_path / "saves.pt", scripted(Saves()), "names save")
    refused(tmp_path / "maps.pt", scripted(Maps()), "names from_file")
    spellings = {
        "save": f'latents.save("{path}")',
        "getattr": f'getattr(latents, "sa\\x76e")("{path}")',
        "operators": f'ops.image.write_file("{path}", latents)',
    }
    words = {"save": "names save", "getattr": "not spelled out", "operators": "names operators"}
    for word, spelled in spellings.items():
        bad = [
            (name, content.replace(b"return", f"{spelled}\n    return".encode()))
            for name, content in entries_of(scripted(Tiny()))
        ]
        refused(tmp_path / "bad.pt", archive_of(bad), words[word])
    assert not mark.exists()


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_objects_of_foreign_classes_in_torchscript_are_refused(tmp_path):
    bad = [
        (name, content + b"__torch__.torch.classes.c10d.FileStore" * name.endswith("data.pkl"))
        for name, content in entries_of(scripted(Tiny()))
    ]
    refused(tmp_path / "bad.pt", archive_of(bad), "not TorchScript's own")
    more = [*entries_of(scripted(Tiny())), ("archive/lib.so", b"")]
    names = [("archive/" + name.partition("/")[2], content) for name, content in more]
    refused(tmp_path / "more.pt", archive_of(names), "holds lib.so")


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_usual_layers_of_generators_are_not_mistaken_for_attacks(tmp_path):
    """Also through TorchScript's own way of writing interpolation, padding and branches."""

    class Usual(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(2, 8)
            self.layers = torch.nn.Sequential(
                torch.nn.ConvTranspose2d(2, 4, 4, 2, 1), torch.nn.BatchNorm2d(4), torch.nn.GELU()
            )
            self.last = torch.nn.Conv2d(4, 1, 3, padding="same", padding_mode="reflect")

        def forward(self, latents):
            maps = self.layers(self.first(latents).view(-1, 2, 2, 2))
            if maps.shape[0] > 1:
                maps = torch.nn.functional.interpolate(maps, scale_factor=2.0, mode="bilinear")
            return torch.einsum("nchw->nchw", self.last(maps)).div(2, rounding_mode=None).tanh()

    usual = Usual().eval()
    (tmp_path / "g.pt").write_bytes(scripted(usual))
    torch.export.save(torch.export.export(usual, (LATENTS,)), tmp_path / "g.pt2")
    for name in ("g.pt", "g.pt2"):
        assert torch.allclose(audit.load_generator(tmp_path / name)(LATENTS), usual(LATENTS))


# archives


def test_twin_entries_and_paths_out_of_the_archive_are_refused(exported, tmp_path):
    good = entries_of(exported)
    folder = good[0][0].partition("/")[0]
    for added, words in {
        f"{folder}/models/model.json": "one name twice",
        f"{folder}/models/MODEL.json": "one name twice",
        "other/models/second.json": "out of its folder",
        f"{folder}/../../escaped": "out of its folder",
        f"{folder}/..\\escaped": "out of its folder",
        "../escaped": "out of its folder",
        f"{folder}/data/aotinductor/model/lib.so": "no part of a plain exported program",
    }.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python, which writes such archives
            content = archive_of([*good, (added, b"{}")])
        refused(tmp_path / "bad.pt2", content, words)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.pt2"]


def test_what_was_checked_is_what_is_read(exported, tmp_path):
    """One archive before another: readers differ in which of the two they see."""
    before = io.BytesIO()
    torch.export.save(torch.export.export(Tiny(5.0).eval(), (LATENTS,)), before)
    (tmp_path / "two.pt2").write_bytes(before.getvalue() + exported)
    made = audit.load_generator(tmp_path / "two.pt2")(LATENTS)
    assert torch.equal(made, Tiny()(LATENTS))


def test_archives_that_grow_are_refused(exported, tmp_path):
    for i, compression in enumerate((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)):
        claimed = bytearray(archive_of(entries_of(exported), compression=compression))
        at = claimed.rindex(b"PK\x01\x02")
        claimed[at + 24 : at + 28] = struct.pack("<I", 2**31)
        refused(tmp_path / f"claimed{i}.pt2", bytes(claimed), "unpacks to more than")
    refused(tmp_path / "cut.pt2", exported[:-40], "")
    flipped = bytearray(exported)
    flipped[200] ^= 255
    refused(tmp_path / "flipped.pt2", bytes(flipped), "damaged archive")


def test_an_archive_that_is_no_whole_program_is_refused(exported, tmp_path):
    content = dict(entries_of(exported))
    needed = [name for name in content if "model" in name or "weight_" in name]
    for missing in needed:
        parts = [entry for entry in content.items() if entry[0] != missing]
        refused(tmp_path / "part.pt2", archive_of(parts), "")
    deep = b'{"a":' * 5000
    nested = [(n, deep if n.endswith("model.json") else c) for n, c in content.items()]
    refused(tmp_path / "deep.pt2", archive_of(nested), "which is no JSON")


# weights


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**60) + b"{}",
        struct.pack("<Q", 2**63 - 1) + b"{" * 100,
        struct.pack("<Q", 2) + b"[]",
        b"",
        pickle.dumps({"weight": 1}),
        *(
            struct.pack("<Q", len(header)) + header + b"\0" * 16
            for header in (
                b'{"w":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,16]}}',
                b'{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,4294967296]}}',
                b'{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}',
            )
        ),
    ],
)
def test_weights_with_absurd_headers_are_refused(content, tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"w\.safetensors"):
        weights.read(path)
    config = {"size": 8, "channels": 1, "latent_dim": 16, "width": 8}
    with pytest.raises(InputError, match="generator must hold the weights"):
        audit.load_generator(path, architecture="glo", config=config)


# arrays


def npy(header):
    """Returns an .npy file with 64 bytes after this header."""
    text = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(64)


def header(shape, kind="|u1"):
    return f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}"


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize(
    "head",
    [
        header("(1125899906842624, 3, 32, 32)"),
        header("(1125899906842624, 3, 32, 32)", "<f8"),
        header("(4294967296, 3, 4294967296, 4294967296)"),
        header("(-4, 3, 32, 32)"),
        header("(4, 3, 32, 32)", "|O"),
        header("(4, 3, 32, 32)", "|V0"),
        header("(999999999999, 3, 32, 32)", "|S0"),
        "(" * 150 + ")" * 150,
        "-" * 9000 + "1",
        "__import__('os').system('true')",
        "{" * 9000,
        " " * 60_000,
    ],
)
def test_arrays_with_absurd_headers_are_refused(head, suffix, tmp_path):
    path = tmp_path / f"a.{suffix}"
    content = npy(head)
    path.write_bytes(content if suffix == "npy" else archive_of([("images.npy", content)]))
    with pytest.raises(InputError, match=rf"a\.{suffix}"):
        images.load(path)


@pytest.mark.parametrize(
    "entries",
    [
        [("images", b"no array")],
        [("images.npy", b"no array")],
        [("a.npy", b""), ("b.npy", b"")],
        [],
    ],
)
def test_archives_without_arrays_are_refused(entries, tmp_path):
    (tmp_path / "a.npz").write_bytes(archive_of(entries))
    with pytest.raises(InputError, match=r"a\.npz"):
        images.load(tmp_path / "a.npz")


def test_an_array_that_grows_when_unpacked_is_refused_unread(tmp_path, monkeypatch):
    """Two GiB of zeros, said to be there by an archive of some hundred bytes."""
    small = archive_of([("images.npy", npy(header("(64,)")))], compression=zipfile.ZIP_DEFLATED)
    bomb = bytearray(small)
    at = bomb.rindex(b"PK\x01\x02")
    bomb[at + 24 : at + 28] = struct.pack("<I", 2**31)
    (tmp_path / "bomb.npz").write_bytes(bomb)
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(InputError, match=r"does not grow a hundredfold.*2,147,483,648 in it"):
        images.load(tmp_path / "bomb.npz")


def test_a_shard_that_is_no_array_is_no_whole_shard(tmp_path):
    for content in (b"", b"x", npy(header("(9, 9)")), archive_of([("errors.npy", b"x")])):
        (tmp_path / "a.npz").write_bytes(content)
        assert not is_whole(tmp_path / "a.npz", ["errors"])


# images


def test_postscript_under_another_name_is_not_run(tmp_path, monkeypatch):
    def run(*arguments, **options):
        raise AssertionError("a program was started")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", run)
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n%%EOF\n"
    )
    with pytest.raises(InputError, match=r"whole images only; got .*a\.png"):
        images.load(tmp_path / "p", root=tmp_path)


def test_text_that_unpacks_to_much_in_an_image_is_refused(tmp_path):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
        + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1 << 24)))
        + chunk(b"IDAT", zlib.compress(bytes(4 * 13)))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(InputError, match=r"a\.png"):
        images.load(tmp_path / "p", root=tmp_path)


def test_names_of_files_lead_nowhere(tmp_path):
    """Decoded images lie in the cache, whatever the folder and its files are called."""
    from PIL import Image

    folder = tmp_path / "in" / "<b>&.." / "..%2f..%2f"
    folder.mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(folder / "<img src=x onerror=alert(1)>.png")
    split = images.load(folder, size=4, holdout=0, root=tmp_path / "root")
    assert len(split.train) == 1
    assert {path.parent for path in (tmp_path / "root").rglob("*.npy")} == {
        tmp_path / "root" / "decoded"
    }


# reports


def _spoiled(value, text):
    """Returns `value` with each text in it, keys included, followed by `text`."""
    if isinstance(value, str):
        return value + text
    if isinstance(value, dict):
        return {_spoiled(k, text): _spoiled(v, text) for k, v in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(_spoiled(v, text) for v in value)
    if dataclasses.is_dataclass(value):
        changed = {
            f.name: _spoiled(getattr(value, f.name), text) for f in dataclasses.fields(value)
        }
        return dataclasses.replace(value, **changed)
    return value


def test_every_text_of_a_report_is_escaped(tmp_path):
    draws = np.random.default_rng(0)
    train, holdout, made = (
        torch.from_numpy(draws.uniform(-1, 1, (40, 1, 8, 8)).astype(np.float32)) for _ in range(3)
    )
    report = audit.audit(
        None,
        train,
        holdout,
        samples=made,
        store=mempaper.runs.Store(tmp_path),
        encoders=("pixels",),
    )
    for attack in ("<script>alert(1)</script>", '" onload="alert(1)', "</title><svg onload=x>"):
        spoiled = dataclasses.replace(report, left_out={"recovery": "It is left out."})
        kept = {"shape", "train", "holdout", "generated", "level", "seed", "steps"}
        settings = {k: v if k in kept else _spoiled(v, attack) for k, v in report.settings.items()}
        texts = ("verdict", "reasons", "tests", "left_out", "detectors")
        changed = {name: _spoiled(getattr(spoiled, name), attack) for name in texts}
        page = html(dataclasses.replace(spoiled, **changed, settings=settings))
        assert attack not in page
        assert page.count("alert(1)") + page.count("svg onload") >= 6


# the package itself


def test_the_package_runs_no_text_and_opens_no_pickle():
    """Nor does it unpack archives, whose paths could lead out of their folder."""
    forbidden = {"eval", "exec", "extractall", "extract", "unpack_archive", "system", "popen"}
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = ast.unparse(call.func)
            options = {k.arg: ast.unparse(k.value) for k in call.keywords}
            wrong = {
                "torch.load": options.get("weights_only") != "True",
                "np.load": options.get("allow_pickle", "False") != "False",
                "yaml.load": True,
                "pickle.load": True,
                "pickle.loads": True,
            }
            if wrong.get(name) or options.get("shell") == "True":
                found.append(f"{path.name}: {ast.unparse(call)}")
            last = name.rpartition(".")[2]
            if last in forbidden and name not in ("self.eval",) and not name.endswith(".eval"):
                found.append(f"{path.name}: {ast.unparse(call)}")
    assert not found
