"""Arrays that are not NumPy's, to test that the engine asks the array for its functions.

As with CuPy on a GPU, nothing turns into a NumPy array by itself: functions of NumPy refuse a `ForeignArray`,
and functions of its namespace refuse a NumPy array.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np


class ForeignArray:
    """A NumPy array behind a wall."""

    __array_ufunc__ = None  # NumPy's operators then leave the work to this class
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, inside: np.ndarray) -> None:
        self.inside = inside

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a foreign array does not become a NumPy array by itself")

    def __array_namespace__(self) -> Namespace:
        return NAMESPACE

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _wrapped(getattr(self.inside, name))

    def get(self) -> np.ndarray:
        """The one way out, as CuPy calls it."""
        return self.inside.copy()

    def __getitem__(self, key: Any) -> Any:
        return wrap(self.inside[unwrap(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.inside[unwrap(key)] = unwrap(value)

    def __len__(self) -> int:
        return len(self.inside)

    def __iter__(self) -> Iterator[Any]:
        return (wrap(part) for part in self.inside)

    def __neg__(self) -> ForeignArray:
        return ForeignArray(-self.inside)

    def __float__(self) -> float:
        return float(self.inside)

    def __int__(self) -> int:
        return int(self.inside)

    def __bool__(self) -> bool:
        return bool(self.inside)


def foreign(array: np.ndarray) -> Any:
    """`array` as another library's, over the same memory."""
    return ForeignArray(array)


def here(array: Any) -> np.ndarray:
    """The way back: NumPy's array under a foreign one."""
    return array.inside


class Namespace:
    """NumPy's functions for foreign arrays."""

    def __getattr__(self, name: str) -> Any:
        return _wrapped(getattr(np, name))

    @property
    def lib(self) -> Any:
        class Tricks:
            as_strided = staticmethod(_wrapped(np.lib.stride_tricks.as_strided))

        class Lib:
            stride_tricks = Tricks

        return Lib

    @staticmethod
    def asarray(values: Any, dtype: Any = None) -> ForeignArray:
        """The one way in, also for NumPy's arrays."""
        return values if isinstance(values, ForeignArray) else ForeignArray(np.asarray(values, dtype))


NAMESPACE = Namespace()


def wrap(value: Any) -> Any:
    """Foreign what was NumPy's; CuPy gives arrays without axes where NumPy gives scalars."""
    if isinstance(value, np.ndarray | np.generic):
        return ForeignArray(np.asarray(value))
    if isinstance(value, tuple | list):
        return type(value)(wrap(part) for part in value)
    return value


def unwrap(value: Any) -> Any:
    if isinstance(value, ForeignArray):
        return value.inside
    if isinstance(value, np.ndarray):
        raise TypeError("a NumPy array among foreign ones")
    if isinstance(value, tuple | list):
        return type(value)(unwrap(part) for part in value)
    return value


def _wrapped(thing: Any) -> Any:
    if isinstance(thing, type) or not callable(thing):
        return thing if not isinstance(thing, np.ndarray) else ForeignArray(thing)

    def call(*values: Any, **named: Any) -> Any:
        result = thing(*unwrap(values), **{name: unwrap(value) for name, value in named.items()})
        return named["out"] if named.get("out") is not None else wrap(result)

    return call


def _operator(name: str) -> Callable[..., Any]:
    def call(self: ForeignArray, other: Any) -> Any:
        return wrap(getattr(operator, name)(self.inside, unwrap(other)))

    return call


def _reflected(name: str) -> Callable[..., Any]:
    def call(self: ForeignArray, other: Any) -> Any:
        return wrap(getattr(operator, name)(unwrap(other), self.inside))

    return call


def _in_place(name: str) -> Callable[..., Any]:
    def call(self: ForeignArray, other: Any) -> ForeignArray:
        self.inside = getattr(operator, name)(self.inside, unwrap(other))
        return self

    return call


for _name in ("add", "sub", "mul", "truediv", "matmul", "pow"):
    setattr(ForeignArray, f"__{_name}__", _operator(_name))
    setattr(ForeignArray, f"__r{_name}__", _reflected(_name))
    setattr(ForeignArray, f"__i{_name}__", _in_place(f"i{_name}"))
for _name in ("lt", "le", "gt", "ge", "eq", "ne", "and_", "or_"):
    setattr(ForeignArray, f"__{_name.rstrip('_')}__", _operator(_name))
