"""Fits, Kramers-Kronig and DRT of synthetic spectra: closo, impedance.py and pyimpspec on the same files in one run.

Spectrum: (R 20 kohm || CPE 3e-10, 0.88) + CPE 1e-6, 0.85; 1 MHz-1 Hz, 61 points, 0.3 % of |Z| Gaussian noise on Re and
Im. closo finds its own start values; the peers, which need some, are given values 1.5 times off (their better case). A fit
is wrong when R is off by more than 5 %. Times are CPU seconds of the process per spectrum, one thread, set-up of the data
included, imports excluded; but one figure is of `closo run impedance` with 100 files as a whole process: start, reading,
choice of circuit, Kramers-Kronig, and distribution of relaxation times with bands, once as the user has it and once with
one thread (more threads only cost time on matrices of this size).

The peers live in virtual environments of their own (`make bench` makes them); one that is missing is reported as such.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
VENVS = HERE.parent / "build"
PEERS = {"impedance.py": ("bench-impedance", "impedance_py.py"), "pyimpspec": ("bench-pyimpspec", "pyimpspec_fit.py")}
TRUTH = {"R": 2.0e4, "Q": 3.0e-10, "n": 0.88, "Q2": 1.0e-6, "n2": 0.85}
SPECTRA = 100


def spectra() -> tuple[np.ndarray, np.ndarray]:
    """Return frequency (61,) [Hz] and noisy impedance (100, 61) [ohm]."""
    f = np.logspace(6, 0, 61)
    jw = 2j * np.pi * f
    z = 1 / (1 / TRUTH["R"] + TRUTH["Q"] * jw ** TRUTH["n"]) + 1 / (TRUTH["Q2"] * jw ** TRUTH["n2"])
    noisy = []
    for seed in range(SPECTRA):
        random = np.random.default_rng(seed)
        noise = random.standard_normal(61) + 1j * random.standard_normal(61)
        noisy.append(z + 0.003 * np.abs(z) * noise)
    return f, np.array(noisy)


def exact_area() -> float:
    """Exact integral of gamma over 1e-7..3e-5 s [ohm]."""
    tau = np.geomspace(1e-7, 3e-5, 20001)
    n = TRUTH["n"]
    x = n * np.log(tau / (TRUTH["R"] * TRUTH["Q"]) ** (1 / n))
    gamma = TRUTH["R"] / (2 * np.pi) * np.sin((1 - n) * np.pi) / (np.cosh(x) - np.cos((1 - n) * np.pi))
    return float(np.trapezoid(gamma, np.log(tau)))


def closo_figures(f: np.ndarray, z: np.ndarray) -> dict[str, Any]:
    """Time closo's fit (circuit given), choice of circuit, Kramers-Kronig and DRT."""
    from closo.techniques.impedance.circuit import parse
    from closo.techniques.impedance.drt import relaxation_times
    from closo.techniques.impedance.fitting import fit_circuit
    from closo.techniques.impedance.kramers_kronig import kramers_kronig
    from closo.techniques.impedance.selection import choose

    kramers_kronig(f, z[0])  # first call: lazy parts of numpy and scipy
    relaxation_times(f, z[0], noise=0.003, blocking_exponent=0.85)
    start, wall = time.process_time(), time.perf_counter()
    fits = []
    for spectrum in z:
        fits.append(fit_circuit(parse("(R|Q)-Q"), f, spectrum, sd=0.01 * np.abs(spectrum)))  # modulus weights
    fit_cpu, fit_wall = time.process_time() - start, time.perf_counter() - wall
    log_r = np.array([fit.theta[0] for fit in fits])
    u = np.array([np.sqrt(fit.covariance[0, 0]) for fit in fits])
    kk_cpu = _per_call(lambda s: kramers_kronig(f, s), z)
    choice_cpu = _per_call(lambda s: choose(f, s, sd=0.003 * np.abs(s)), z[:30])
    areas = []

    def drt(spectrum: np.ndarray) -> None:
        found = relaxation_times(f, spectrum, noise=0.003, blocking_exponent=0.85)
        inside = (found.tau >= 1e-7) & (found.tau <= 3e-5)
        areas.append(found.gamma[inside].sum() * np.log(found.tau[1] / found.tau[0]))

    drt_cpu = _per_call(drt, z[:30])
    return {
        "fit_cpu_ms": 1e3 * fit_cpu / len(z),
        "fit_100_wall_s": fit_wall * 100 / len(z),
        "wrong": int(np.sum(np.abs(np.exp(log_r) / TRUTH["R"] - 1) > 0.05)),
        "of": len(z),
        "R_rms_percent": float(100 * np.sqrt(np.mean((np.exp(log_r) / TRUTH["R"] - 1) ** 2))),
        "R_pull_sd": float(np.std((log_r - np.log(TRUTH["R"])) / u)),
        "choice_of_circuit_cpu_ms": choice_cpu,
        "kramers_kronig_cpu_ms": kk_cpu,
        "drt_cpu_ms": drt_cpu,
        "drt_area_error_percent": float(100 * (np.mean(areas) / exact_area() - 1)),
    }


def _per_call(function: Any, spectra: np.ndarray) -> float:
    start = time.process_time()
    for spectrum in spectra:
        function(spectrum)
    return 1e3 * (time.process_time() - start) / len(spectra)


def process_figures(f: np.ndarray, spectra: np.ndarray) -> dict[str, Any]:
    """CPU seconds of one `closo run impedance` with all spectra, as a whole process."""
    found: dict[str, Any] = {"process_files": len(spectra)}
    with tempfile.TemporaryDirectory() as folder:
        for k, z in enumerate(spectra):
            table = np.column_stack([f, z.real, z.imag])
            np.savetxt(
                Path(folder) / f"{k:03d}.csv", table, delimiter=",", header="freq/Hz,Re(Z)/Ohm,Im(Z)/Ohm", comments=""
            )
        names = [f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")]
        free = {key: value for key, value in os.environ.items() if key not in names}
        for name, environment in (("process", free), ("process_one_thread", free | dict.fromkeys(names, "1"))):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(
                [sys.executable, "-m", "closo.cli", "run", "impedance", folder, "--json"],
                capture_output=True,
                text=True,
                timeout=1800,
                check=False,
                env=environment,
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            found[f"{name}_cpu_s"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            found[f"{name}_results"] = sum("quantities" in each for each in json.loads(done.stdout or "[]"))
    return found


def peer_figures(name: str, data: Path) -> dict[str, Any]:
    """Run a peer's script in its own environment on the same spectra."""
    venv, script = PEERS[name]
    python = VENVS / venv / "bin" / "python"
    if not python.exists():
        return {"missing": f"no environment {python.parent.parent}; `make bench` makes it"}
    done = subprocess.run(
        [str(python), str(HERE / "peers" / script), str(data)],
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    if done.returncode != 0:
        return {"missing": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "failed"}
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def run() -> dict[str, Any]:
    """Return closo's figures, each peer's, and the ratios peer / closo of CPU time."""
    import numpy
    import scipy

    f, z = spectra()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "spectra.npz"
        np.savez(data, f=f, z=z)
        peers = {name: peer_figures(name, data) for name in PEERS}
    closo = closo_figures(f, z) | process_figures(f, z)
    ratios = {}
    for name, figures in peers.items():
        for key, own in (
            ("fit_cpu_ms", "fit_cpu_ms"),
            ("kk_cpu_ms", "kramers_kronig_cpu_ms"),
            ("drt_cpu_ms", "drt_cpu_ms"),
        ):
            if key in figures:
                ratios[f"{name} {key.removesuffix('_cpu_ms')}"] = figures[key] / closo[own]
    versions = {"python": platform.python_version(), "numpy": numpy.__version__, "scipy": scipy.__version__}
    return {
        "benchmark": "impedance",
        "closo": closo,
        "peers": peers,
        "cpu_ratio_peer_over_closo": ratios,
        "versions": versions,
    }


def show(result: dict[str, Any]) -> None:
    """Print the figures as a table."""
    closo = result["closo"]
    print(
        f"{'':14} {'fit CPU ms':>11} {'wrong':>9} {'R rms %':>9} {'KK CPU ms':>10} {'DRT CPU ms':>11} {'area err %':>10}"
    )
    rows = {"closo": closo | {"kk_cpu_ms": closo["kramers_kronig_cpu_ms"]}} | result["peers"]
    for name, row in rows.items():
        if "missing" in row:
            print(f"{name:14} {row['missing']}")
            continue
        wrong = f"{row['wrong']}/{row['of']}"
        cells = [
            row.get(k, float("nan")) for k in ("R_rms_percent", "kk_cpu_ms", "drt_cpu_ms", "drt_area_error_percent")
        ]
        print(f"{name:14} {row['fit_cpu_ms']:11.2f} {wrong:>9} " + " ".join(f"{c:10.2f}" for c in cells))
    print(
        f"{closo['process_files']} files by `closo run impedance`, whole process: {closo['process_cpu_s']:.1f} CPU s"
        f" (one thread: {closo['process_one_thread_cpu_s']:.1f}), {closo['process_results']} results"
    )
    print("CPU ratios, peer / closo:", {k: round(v, 1) for k, v in result["cpu_ratio_peer_over_closo"].items()})
