"""What CuPy has no quick way for, as kernels of CUDA: neighbourhoods of pixels, and batch normalisation.

Each stands for a few lines of the engine that work on any array; `tests/test_gpu_kernels.py` compares the
two where there is a GPU.
"""

from __future__ import annotations

from functools import cache
from typing import Any

LANES, STRIPS = 8, 512  # rows that a block of threads reads at once, and into how many strips rows are cut
THREADS = 256
MOST = 1 << 27  # numbers in an array: their neighbourhoods are counted in 32 bits

_SOURCE = r"""
extern "C" {

// One thread copies four channels (or one) of one neighbour.
#define NEIGHBOURHOODS(name, T, ZERO)                                                                    \
__global__ void name(const T* x, T* y, unsigned total, int height, int width, unsigned channels,         \
                     unsigned kernel, int stride, int pad, unsigned rows, unsigned columns) {            \
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < total; i += gridDim.x * blockDim.x) {   \
        unsigned rest = i / channels, channel = i - rest * channels;                                     \
        unsigned right = rest % kernel; rest /= kernel;                                                  \
        unsigned down = rest % kernel; rest /= kernel;                                                   \
        unsigned column = rest % columns; rest /= columns;                                               \
        unsigned row = rest % rows, image = rest / rows;                                                 \
        int h = (int)row * stride + (int)down - pad, w = (int)column * stride + (int)right - pad;        \
        T value = ZERO;                                                                                  \
        if (h >= 0 && h < height && w >= 0 && w < width)                                                 \
            value = x[(((size_t)image * height + h) * width + w) * channels + channel];                  \
        y[i] = value;                                                                                    \
    }                                                                                                    \
}
NEIGHBOURHOODS(neighbourhoods_1, float, 0.0f)
NEIGHBOURHOODS(neighbourhoods_4, float4, make_float4(0.0f, 0.0f, 0.0f, 0.0f))

// For each channel: sums of d and of d * (x - mean), or of x - mean and its square.
__global__ void channel_sums(const float* x, const float* mean, const float* dy, const float* y,
                             float* sums, float* products, unsigned rows, unsigned channels) {
    __shared__ float first[8][33], second[8][33];
    unsigned channel = blockIdx.x * 32 + threadIdx.x;
    float s = 0.0f, p = 0.0f;
    if (channel < channels) {
        float m = mean ? mean[channel] : 0.0f;
        for (unsigned r = blockIdx.y * 8 + threadIdx.y; r < rows; r += gridDim.y * 8) {
            size_t i = (size_t)r * channels + channel;
            float centred = x[i] - m;
            float d = dy ? (y && !(y[i] > 0.0f) ? 0.0f : dy[i]) : centred;
            s += d;
            p += d * centred;
        }
    }
    first[threadIdx.y][threadIdx.x] = s;
    second[threadIdx.y][threadIdx.x] = p;
    __syncthreads();
    if (threadIdx.y == 0 && channel < channels) {
        for (int lane = 1; lane < 8; ++lane) {
            s += first[lane][threadIdx.x];
            p += second[lane][threadIdx.x];
        }
        atomicAdd(sums + channel, s);
        atomicAdd(products + channel, p);
    }
}

__global__ void scaled(const float* x, const float* a, const float* b, float* y, size_t total,
                       unsigned channels, int relu) {
    const size_t step = (size_t)gridDim.x * blockDim.x;
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < total; i += step) {
        unsigned channel = (unsigned)i % channels;
        float value = x[i] * a[channel] + b[channel];
        y[i] = relu && !(value > 0.0f) ? 0.0f : value;
    }
}

__global__ void normalization_gradient(const float* x, const float* dy, const float* y, const float* a,
                                       const float* p, const float* q, float* dx, size_t total,
                                       unsigned channels) {
    const size_t step = (size_t)gridDim.x * blockDim.x;
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < total; i += step) {
        unsigned channel = (unsigned)i % channels;
        float d = y && !(y[i] > 0.0f) ? 0.0f : dy[i];
        dx[i] = d * a[channel] + x[i] * p[channel] + q[channel];
    }
}

}
"""


def has_kernels(xp: Any, x: Any) -> bool:
    """Whether an array is CuPy's and of the type and size that the kernels are written for."""
    return hasattr(xp, "RawKernel") and str(x.dtype) == "float32" and x.size < MOST


@cache
def _kernel(xp: Any, name: str) -> Any:
    return xp.RawKernel(_SOURCE, name)


def neighbourhoods(x: Any, kernel: int, stride: int, pad: int, rows: int, columns: int) -> Any:
    """What each output pixel of x (N, H, W, C) looks at, zero outside: (N·rows·columns, k·k·C)."""
    xp = x.__array_namespace__()
    x = xp.ascontiguousarray(x)
    n, height, width, channels = x.shape
    y = xp.empty((n * rows * columns, kernel * kernel * channels), dtype=x.dtype)
    width_of = 4 if channels % 4 == 0 else 1
    total = y.size // width_of
    sizes = (height, width, channels // width_of, kernel, stride, pad, rows, columns)
    run = _kernel(xp, f"neighbourhoods_{width_of}")
    run((min(1 << 16, -(-total // THREADS)),), (THREADS,), (x, y, xp.uint32(total), *map(xp.int32, sizes)))
    return y


def moments(rows: Any) -> tuple[Any, Any]:
    """Mean and variance of the columns of rows (M, C)."""
    count = rows.dtype.type(rows.shape[0])
    mean = _channel_sums(rows, None, None, None)[0] / count
    return mean, _channel_sums(rows, mean, None, None)[1] / count


def scaled(rows: Any, a: Any, b: Any, relu: bool) -> Any:
    """rows (M, C) times a plus b, of each column; what is negative then becomes 0 where `relu` says so."""
    xp = rows.__array_namespace__()
    y = xp.empty_like(rows)
    sizes = (xp.uint64(rows.size), xp.uint32(rows.shape[1]))
    _kernel(xp, "scaled")(_blocks(rows), (THREADS,), (rows, a, b, y, *sizes, xp.int32(relu)))
    return y


def gradient_sums(rows: Any, dy: Any, y: Any, mean: Any) -> tuple[Any, Any]:
    """Σ dy and Σ dy·(rows - mean) of each column; where y is given, only where it is above 0."""
    return _channel_sums(rows, mean, dy, y)


def normalization_gradient(rows: Any, dy: Any, y: Any, a: Any, p: Any, q: Any) -> Any:
    """a·dy + p·rows + q, of each column; where y is given, dy counts only where it is above 0."""
    xp = rows.__array_namespace__()
    dx = xp.empty_like(rows)
    sizes = (xp.uint64(rows.size), xp.uint32(rows.shape[1]))
    pointer = 0 if y is None else y
    run = _kernel(xp, "normalization_gradient")
    run(_blocks(rows), (THREADS,), (rows, dy, pointer, a, p, q, dx, *sizes))
    return dx


def _channel_sums(rows: Any, mean: Any, dy: Any, y: Any) -> tuple[Any, Any]:
    xp = rows.__array_namespace__()
    count, channels = rows.shape
    sums = xp.zeros((2, channels), dtype=rows.dtype)
    grid = (-(-channels // 32), min(STRIPS, -(-count // LANES)))
    pointers = (rows, *(0 if one is None else one for one in (mean, dy, y)), sums[0], sums[1])
    run = _kernel(xp, "channel_sums")
    run(grid, (32, LANES), (*pointers, xp.uint32(count), xp.uint32(channels)))
    return sums[0], sums[1]


def _blocks(rows: Any) -> tuple[int]:
    return (min(1 << 16, -(-rows.size // THREADS)),)
