"""pyimpspec on the spectra of `benchmarks.impedance`; run by the Python of its own environment.

The method with which it is right on average (least_squares, modulus weights); its Kramers-Kronig test and its fastest
regularised DRT (TR-NNLS).
"""

import importlib.metadata
import json
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
from pyimpspec import DataSet, calculate_drt, fit_circuit, parse_cdc, perform_kramers_kronig_test  # noqa: E402

data = np.load(sys.argv[1])
f, spectra = data["f"], data["z"]
CDC = "(R{R=3e4}Q{Y=2e-10,n=0.95})Q{Y=1.5e-6,n=0.95}"
found, coefficient = [], []
begin = time.process_time()
for z in spectra:
    result = fit_circuit(
        parse_cdc(CDC), DataSet(frequencies=f, impedances=z), method="least_squares", weight="modulus", num_procs=1
    )
    found.append(result.parameters["R_1"]["R"].value)
    coefficient.append(result.parameters["Q_1"]["Y"].value)
fit = 1e3 * (time.process_time() - begin) / len(spectra)
begin = time.process_time()
for z in spectra[:2]:
    perform_kramers_kronig_test(DataSet(frequencies=f, impedances=z), num_procs=1)
kk = 1e3 * (time.process_time() - begin) / 2
begin = time.process_time()
areas = []
for z in spectra[:5]:
    drt = calculate_drt(DataSet(frequencies=f, impedances=z), method="tr-nnls", num_procs=1)
    tau, gamma = (np.asarray(a) for a in drt.get_drt_data()[:2])
    order = np.argsort(tau)
    tau, gamma = tau[order], gamma[order]
    inside = (tau > 1e-7) & (tau < 3e-5)
    areas.append(float(np.trapezoid(gamma[inside], np.log(tau[inside]))))
drt_time = 1e3 * (time.process_time() - begin) / 5
tau = np.geomspace(1e-7, 3e-5, 20001)
x = 0.88 * np.log(tau / (2e4 * 3e-10) ** (1 / 0.88))
exact = np.trapezoid(2e4 / (2 * np.pi) * np.sin(0.12 * np.pi) / (np.cosh(x) - np.cos(0.12 * np.pi)), np.log(tau))
error = np.array(found) / 2.0e4 - 1
print(
    json.dumps(
        {
            "version": importlib.metadata.version("pyimpspec"),
            "fit_cpu_ms": fit,
            "kk_cpu_ms": kk,
            "drt_cpu_ms": drt_time,
            "drt_area_error_percent": float(100 * (np.mean(areas) / exact - 1)),
            "wrong": int(np.sum(np.abs(error) > 0.05)),
            "of": len(spectra),
            "R_rms_percent": float(100 * np.sqrt(np.mean(error**2))),
            "Q_bias_percent": float(100 * np.mean(np.array(coefficient) / 3e-10 - 1)),
        }
    )
)
