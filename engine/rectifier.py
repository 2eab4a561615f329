"""max(x, 0), quickly.

NumPy compares two arrays with vector instructions, but an array and a single number one by one, at a third of
the speed. So the zeros come as an array too, one row of them. A row that is repeated for others is copied
into a buffer first, at half the speed, unless it is as long as that buffer: 8,192 numbers.
"""

from __future__ import annotations

import numpy as np

from engine.layer import Array

ROW = 1 << 13  # zeros that are compared with again and again
MOST = 1 << 14
SHORT_RUN = 32  # numbers side by side, below which a row of zeros is no quicker than one

_ZEROS = {np.dtype(kind): np.zeros(MOST, kind) for kind in (np.float32, np.float64)}
for _zeros in _ZEROS.values():
    _zeros.setflags(write=False)


def rectify(x: Array, out: Array | None = None) -> Array:
    """What is negative becomes 0; `out` may be x itself."""
    if not isinstance(x, np.ndarray) or x.dtype not in _ZEROS:
        xp, zero = x.__array_namespace__(), x.dtype.type(0)
        return xp.maximum(x, zero) if out is None else xp.maximum(x, zero, out=out)
    if out is None:
        out = np.empty_like(x)
    if x.flags.c_contiguous and out.flags.c_contiguous:
        _rectify_flat(x.reshape(-1), out.reshape(-1), _ZEROS[x.dtype][:ROW])
    elif SHORT_RUN <= x.shape[-1] <= ROW:
        np.maximum(x, _ZEROS[x.dtype][: x.shape[-1]], out=out)
    else:
        np.maximum(x, x.dtype.type(0), out=out)
    return out


def against_zeros(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(a contiguous x in one row or some, zeros to compare it with): for a call that is bound once."""
    if x.size <= MOST:
        return x.reshape(-1), _ZEROS[x.dtype][: x.size]  # of one shape, which is quickest
    rows = next(n for n in range(x.size // MOST, x.size + 1) if x.size % n == 0 and x.size // n <= MOST)
    return x.reshape(rows, -1), _ZEROS[x.dtype][: x.size // rows]


def _rectify_flat(x: np.ndarray, out: np.ndarray, zeros: np.ndarray) -> None:
    whole = x.size - x.size % ROW
    if whole:
        np.maximum(x[:whole].reshape(-1, ROW), zeros, out=out[:whole].reshape(-1, ROW))
    if whole < x.size:
        np.maximum(x[whole:], zeros[: x.size - whole], out=out[whole:])
