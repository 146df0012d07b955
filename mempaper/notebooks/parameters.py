"""A notebook's parameters: their defaults, legal values and meaning, and the check of new values.

A line of the parameters cell reads `steps = 50  # [1, 5000] generator passes per image`: after the
default come the legal values, an interval in brackets or a set in braces, and then the meaning.
For a list they hold for every element. In a set a last N stands for a whole number above 0, as in
glo-N, and "number" for any number. The parameter `training` means the same on all pages: see there.
"""

import ast
import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from ..errors import InputError
from . import training

__all__ = ["Parameter", "check", "describe"]

_INTERVAL = re.compile(r"([\[(])\s*([^\s,]+)\s*,\s*([^\s,\])]+)\s*([\])])\s*")
_CHOICES = re.compile(r"\{([^}]*)\}\s*")
_NOUNS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    dict: "a mapping",
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook; `legal` is the interval or set as it was written, or empty."""

    name: str
    default: object
    legal: str
    meaning: str

    @property
    def rule(self) -> str:
        """Returns what a value must be, in words that end "must ..."."""
        if isinstance(self.default, list):
            noun = _NOUNS.get(_element_type(self.default), "a value")
            return f"be a list, such as {self.default}, each element {noun}{self._within()}"
        if self.default is None:
            return f"be null or any value{self._within()}"
        return f"be {_NOUNS[type(self.default)]}{self._within()}"

    def _within(self) -> str:
        if not self.legal:
            return ""
        numbered = any(choice.endswith("-N") for choice in self._choices)
        legend = ", N the number of training images" if numbered else ""
        return f" {'out of' if self._choices else 'in'} {self.legal}{legend}"

    @property
    def _choices(self) -> list[str]:
        choices = _CHOICES.fullmatch(self.legal)
        return [choice.strip() for choice in choices[1].split(",")] if choices else []

    def accept(self, value: object) -> object:
        """Returns `value` as the default's type; text, as a command line gives it, is read so too.

        Raises
            InputError  another type, or outside the legal values
        """
        try:
            typed = _typed(value, self.default)
        except (ValueError, TypeError, KeyError, yaml.YAMLError):
            raise self._refusal(value) from None
        several = isinstance(self.default, list)
        if several and self.default and not typed:
            raise self._refusal(value)
        for element in typed if several else [typed]:
            if not (self.default is None and element is None) and not self._allows(element):
                raise self._refusal(value, element)
        return typed

    def _allows(self, element: object) -> bool:
        if not self.legal:
            return not (isinstance(element, float) and math.isnan(element))
        if self._choices:
            return any(_is_like(str(element), choice) for choice in self._choices)
        opening, low, high, closing = _INTERVAL.fullmatch(self.legal).groups()
        if isinstance(element, bool) or not isinstance(element, int | float):
            return False
        above = element >= float(low) if opening == "[" else element > float(low)
        below = element <= float(high) if closing == "]" else element < float(high)
        return above and below

    def _refusal(self, value: object, element: object = None) -> InputError:
        remedy = f"The default is {self.default!r}."
        if self._choices:
            remedy = _suggest(str(element or value), self._choices) + remedy
        return InputError(f"parameter {self.name}", self.rule, repr(value), remedy)


def describe(name: str, default: str, comment: str) -> Parameter:
    """Returns the parameter that the line `name = default  # comment` declares.

    Raises
        InputError  the default is no literal, or is not among its own legal values
    """
    try:
        value = ast.literal_eval(default)
    except (ValueError, SyntaxError):
        raise InputError(
            f"the default of parameter {name}",
            "be a literal: number, text, true or false, None, list or mapping",
            default,
            "Compute with it in a later cell.",
        ) from None
    legal, meaning = "", comment
    interval = _INTERVAL.match(comment)
    if interval and _is_number(interval[2]) and _is_number(interval[3]):
        legal = interval[0].strip()
    elif choices := _CHOICES.match(comment):
        legal = choices[0].strip()
    if legal:
        meaning = comment[len(legal) :].strip()
    parameter = Parameter(name, value, legal, meaning)
    parameter.accept(value)
    return parameter


def check(parameters: Mapping[str, Parameter], given: Mapping[str, object]) -> dict[str, object]:
    """Returns `given` with every value typed as its parameter's default.

    Raises
        InputError  a name that is no parameter, a wrong type, a value that is not legal
    """
    for name in given:
        if name not in parameters:
            raise InputError(
                "a parameter's name",
                f"be one of {', '.join(parameters) or '(this notebook has none)'}",
                repr(name),
                _suggest(name, list(parameters)) + "`mempaper notebook show NAME` explains them.",
            )
    accepted = {name: parameters[name].accept(value) for name, value in given.items()}
    if accepted.get("training"):
        accepted["training"] = training.accepted(accepted["training"])
    return accepted


def _typed(value: object, default: object) -> object:
    if isinstance(default, list):
        value = yaml.safe_load(value) if isinstance(value, str) else value
        if not isinstance(value, list | tuple):
            raise TypeError
        kind = _element_type(default)
        return [_typed(element, kind()) if kind else element for element in value]
    if isinstance(value, str) and not isinstance(default, str):
        if isinstance(default, bool):
            return {"true": True, "false": False}[value.lower()]
        if isinstance(default, int | float):
            return type(default)(value)
        value = yaml.safe_load(value)
    if default is None:
        return value
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise TypeError
    return value


def _element_type(values: list) -> type | None:
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        return float
    return kinds.pop() if len(kinds) == 1 and kinds <= set(_NOUNS) else None


def _is_like(text: str, choice: str) -> bool:
    if choice == "number":
        return _is_number(text) and math.isfinite(float(text))
    stem, counted = choice.removesuffix("N"), choice.endswith("N")
    return text == choice or bool(counted and re.fullmatch(re.escape(stem) + "[1-9][0-9]*", text))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _suggest(word: str, words: list[str]) -> str:
    close = difflib.get_close_matches(word, words, n=1)
    return f"Did you mean {close[0]!r}? " if close else ""
