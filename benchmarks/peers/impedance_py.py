"""impedance.py on the spectra of `benchmarks.impedance`; run by the Python of its own environment."""

import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
import impedance  # noqa: E402
from impedance.models.circuits import CustomCircuit  # noqa: E402
from impedance.validation import linKK  # noqa: E402

data = np.load(sys.argv[1])
f, spectra = data["f"], data["z"]
start = [3.0e4, 2.0e-10, 0.95, 1.5e-6, 0.95]
found = []
begin = time.process_time()
for z in spectra:
    circuit = CustomCircuit("p(R1,CPE1)-CPE2", initial_guess=start)
    circuit.fit(f, z, weight_by_modulus=True)
    found.append(circuit.parameters_[0])
fit = 1e3 * (time.process_time() - begin) / len(spectra)
begin = time.process_time()
for z in spectra[:20]:
    linKK(f, z, c=0.85, max_M=50, fit_type="complex", add_cap=True)
kk = 1e3 * (time.process_time() - begin) / 20
error = np.array(found) / 2.0e4 - 1
print(
    json.dumps(
        {
            "version": impedance.__version__,
            "fit_cpu_ms": fit,
            "kk_cpu_ms": kk,
            "wrong": int(np.sum(np.abs(error) > 0.05)),
            "of": len(spectra),
            "R_rms_percent": float(100 * np.sqrt(np.mean(error**2))),
        }
    )
)
