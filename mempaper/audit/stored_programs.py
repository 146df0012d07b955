"""What a program in a file may do before it is loaded: compute with tensors, and no more.

Two kinds of archives hold one. torch.export's is a list of calls in JSON, with parts that torch
would unpickle; TorchScript's is source text, some of which may run as it is loaded. Both reach
operators that read and write any file: torch.from_file and torch.save.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import torch

from .archives import Refused

__all__ = ["exported", "scripted"]

_BUILTIN = "add sub mul truediv floordiv mod pow neg eq ne lt le gt ge getitem"
_TARGET = re.compile(
    r"torch\.ops\.(?:aten|prims)\.(\w+)\.\w+|torch\.sym_\w+|"
    rf"_operator\.(?:{'|'.join(_BUILTIN.split())})"
)
_NAME = re.compile(
    r"[su]\d+|Symbol|Integer|Add|Mul|Pow|Rational|positive|nonnegative|integer|True|False|"
    r"Max|Min|Mod|PythonMod|FloorDiv|CeilDiv|IntTrueDiv|oo|int_oo"
)
_EXPRESSION = re.compile(r"[\w\s+\-*/(),<>=']*")
_EXPORTED = re.compile(
    r"archive_format|archive_version|version|byteorder|\.data/\w+|models/\w+\.json|"
    r"data/(weights|constants)/(\w+_config\.json|weight_\d+|tensor_\d+)"
)
_SAMPLES = re.compile(r"data/sample_inputs/\w+\.pt")
_SCRIPTED = re.compile(
    r"version|byteorder|\.format_version|\.storage_alignment|\.data/\w+|data\.pkl|constants\.pkl|"
    r"(data|constants)/\d+|code/[\w/.]+\.py"
)
_LEFT_OUT = re.compile(r"code/[\w/.]+\.debug_pkl|(extra|traced_inputs)/.*")
_BY_NAME = re.compile(r"\b(get|has)attr\b(?!\(\w+(\.\w+)*, \"\w*\"\))")
_HARMLESS = """
    Delete Float Int __contains__ __getitem__ __interpolate __upsample _convolution_mode _set_item
    add any capitalize center clear conv1d conv2d conv3d copy count dequantize device dict div div_
    divide divide_ einsum endswith eq expandtabs fft_fft fft_fft2 fft_fftn fft_ifft fft_ifft2
    fft_ifftn fft_irfft fft_irfft2 fft_irfftn fft_rfft fft_rfft2 fft_rfftn find format ge gelu gelu_
    get gt index index_reduce isalnum isdigit islower isupper items join keys le len linalg_cond
    linalg_eigh linalg_matrix_norm linalg_norm linalg_qr linalg_svd linalg_svdvals list lower lstrip
    lt meshgrid nanquantile ne ord pad pad_sequence percentFormat pop popitem quantile remove
    replace rfind rsplit rstrip scatter scatter_ scatter_reduce searchsorted setdefault slice sort
    sorted split splitlines startswith stft strip title update upper values warn zfill
    RaiseException Print dtype layout
"""
_WORDED = frozenset(_HARMLESS.split())
"""Operators that take words and use them for no more than a mode, a key or a message."""


def exported(content: Mapping[str, bytes]) -> dict[str, bytes]:
    """Returns what torch may read of a torch.export archive.

    Sample inputs, which are pickled and which calling the program does not need, come back empty.

    Raises
        Refused  it holds a pickle, an entry of another kind, or a call that is no plain operation
                 on tensors
    """
    kept = {}
    for name, value in content.items():
        if _SAMPLES.fullmatch(name):
            kept[name] = b""
        elif not _EXPORTED.fullmatch(name):
            raise Refused(f"holds {name}, which is no part of a plain exported program")
        else:
            kept[name] = value
            if name.endswith(".json"):
                _check_program(_read(name, value))
    return kept


def scripted(content: Mapping[str, bytes]) -> dict[str, bytes]:
    """Returns what torch may read of a TorchScript archive.

    TorchScript's own unpickler, which reads its .pkl entries, makes tensors, plain values and
    objects of the stored classes; no Python is run.

    Raises
        Refused  it holds an entry of another kind, or names an operator that reads or writes files
    """
    kept = {}
    for name, value in content.items():
        if _LEFT_OUT.fullmatch(name):
            continue
        if not _SCRIPTED.fullmatch(name):
            raise Refused(f"holds {name}, which is no part of a plain TorchScript program")
        if name.endswith(".py"):
            _check_source(name, value)
        elif name.endswith(".pkl") and b"torch.classes" in value:
            raise Refused(f"holds an object in {name} that is not TorchScript's own")
        kept[name] = value
    return kept


def _read(name: str, value: bytes) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise Refused(f"holds {name}, which is no JSON ({error})") from error


def _check_program(content: Any) -> None:
    for key, value in _items(content):
        if key == "use_pickle" and value:
            raise Refused("holds pickled weights")
        if key == "path_name" and not re.fullmatch(r"(weight|tensor)_\d+", str(value)):
            raise Refused(f"holds an object that is no tensor, {value}")
        if key == "target":
            found = _TARGET.fullmatch(str(value))
            if not found or _takes_words(found[1]):
                raise Refused(f"calls {value}, which is no plain operation on tensors")
        if key == "expr_str":
            named = re.findall(r"[A-Za-z_]\w*", str(value))
            if not _EXPRESSION.fullmatch(str(value)) or not all(map(_NAME.fullmatch, named)):
                raise Refused(f"holds an expression that is no size, {value}")


def _check_source(name: str, value: bytes) -> None:
    """Refuses by the words of the text, wherever they stand: it has no second way to spell one."""
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError as error:
        raise Refused(f"holds {name}, which is no TorchScript") from error
    for word in re.findall(r"[A-Za-z_]\w*", text):
        if word == "classes" or _takes_words(word):
            raise Refused(f"names {word} in {name}, which is no plain operation on tensors")
    if _BY_NAME.search(text):
        raise Refused(f"names something in {name} that is not spelled out")
    if re.search(r"\bops\b(?!\.prim\.)", text):
        raise Refused(f"names operators in {name} that are not torch's own")


@cache
def _takes_words(operator: str | None) -> bool:
    """Returns whether an operator of torch takes text, such as the name of a file, and is not known
    to be harmless."""
    if operator is None or operator in _WORDED:
        return False
    return any(
        "str" in str(argument.type)
        for space in ("aten", "prim", "prims")
        for schema in torch._C._jit_get_schemas_for_operator(f"{space}::{operator}")
        for argument in schema.arguments
    )


def _items(content: Any) -> Iterator[tuple[str, Any]]:
    """Yields all (key, value) of nested dicts and lists."""
    waiting = [content]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield from part.items()
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
