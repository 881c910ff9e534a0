"""The compiler of solvers and geometries. numba is an extra: it is a quarter of the size of an installation."""

from __future__ import annotations

from closo.errors import StudyError

try:
    from numba import get_num_threads, njit, prange
except ImportError:
    raise StudyError(
        "microstructures and their conduction need numba, which is not installed.",
        hint="Install it with 'pip install numba', or closo as 'closo[models]'.",
    ) from None

__all__ = ["get_num_threads", "njit", "prange"]
