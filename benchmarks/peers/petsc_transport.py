"""PETSc: conjugate gradients with hypre BoomerAMG on an image (Debian python3-petsc4py, system Python).

Options are hypre's advice for three-dimensional diffusion: HMIS coarsening, extended+i interpolation of at most 4
entries, strong threshold 0.5, one level of aggressive coarsening.
"""

import sys
from pathlib import Path

sys.path += map(str, Path("/usr/lib/petscdir").glob("*/*-real/lib/python3/dist-packages"))
import numpy as np
import petsc4py
from transport_network import assemble, measure

petsc4py.init(["petsc"])
from petsc4py import PETSc  # noqa: E402

OPTIONS = {"coarsen_type": "HMIS", "interp_type": "ext+i", "strong_threshold": 0.5, "P_max": 4, "agg_nl": 1}


def solve(labels, conductivity, tolerance):
    """Return the effective conductivity and the iterations."""
    matrix, right, start, effective = assemble(labels, conductivity)
    csr = (matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data)
    operator = PETSc.Mat().createAIJ(size=matrix.shape, csr=csr)
    del matrix
    vector = PETSc.Vec().createWithArray(right)
    unknown = vector.duplicate()
    unknown.setArray(start)
    for name, value in OPTIONS.items():
        PETSc.Options()[f"pc_hypre_boomeramg_{name}"] = value
    krylov = PETSc.KSP().create()
    krylov.setOperators(operator)
    krylov.setType("cg")
    krylov.setInitialGuessNonzero(True)
    krylov.getPC().setType("hypre")
    krylov.getPC().setHYPREType("boomeramg")
    krylov.setFromOptions()
    krylov.setTolerances(rtol=tolerance, max_it=1000)
    krylov.setNormType(PETSc.KSP.NormType.UNPRECONDITIONED)
    krylov.solve(vector, unknown)
    return effective(unknown.getArray()), krylov.getIterationNumber()


measure(solve, ".".join(map(str, PETSc.Sys.getVersion())))
