"""Every header that is read, and every proposal in a refusal that is pasted, gives the right numbers."""

import re

import numpy as np

from closo.errors import ReadError
from closo.readers import read

SEEDS = 500
W = 2 * np.pi * np.logspace(6, 0, 13)
Z = 100 + 1 / (1 / 400 + 1j * W * 1e-8) + 1 / (1j * W * 1e-5)
T = np.arange(40.0) * 30
U = 3.0 + 0.5 * np.sin(T / 200)
I = 1e-3 * np.where(T < 600, 1.0, -1.0)  # noqa: E741

# what is measured -> (true values [SI], names, {unit: factor}, whether the negative is written at times)
FREQUENCY = (
    W / 2 / np.pi,
    ["Frequency", "freq", "f", "Freq.", "Test Frequency", "Messfrequenz"],
    {"Hz": 1, "kHz": 1e3, "MHz": 1e6},
)
OHM = {"Ohm": 1, "kOhm": 1e3, "Ω": 1, "kΩ": 1e3, "mOhm": 1e-3, "ohms": 1, "MΩ": 1e6, "kiloohm": 1e3}
SECONDS = {"s": 1, "h": 3600, "hours": 3600, "min": 60, "minutes": 60, "days": 86400, "ms": 1e-3, "sec": 1, "hrs": 3600}
VOLTS = {"V": 1, "mV": 1e-3, "Volts": 1, "V vs. Na+/Na": 1, "mV vs Li/Li+": 1e-3}
AMPS = {"A": 1, "mA": 1e-3, "µA": 1e-6, "uA": 1e-6, "Amps": 1, "nA": 1e-9, "milliamps": 1e-3, "pA": 1e-12}
DEG = {"deg": np.pi / 180, "°": np.pi / 180, "rad": 1.0, "degrees": np.pi / 180}
FARAD = {"F": 1, "nF": 1e-9, "µF": 1e-6, "pF": 1e-12, "mF": 1e-3}
CP, RP = (1 / Z).imag / W, 1 / (1 / Z).real
SPECTRA = (
    {
        "real": (Z.real, ["Z'", "Re(Z)", "Re{Z}", "Z Real", "Zreal", "Real Impedance", "Rs", "Resistance", "Wirk"], OHM),
        "imag": (Z.imag, ["Z''", "Im(Z)", "Im{Z}", "Z Imag", "Zimaginary", "Xs", "Reactance", "Blind"], OHM),
    },
    {
        "modulus": (np.abs(Z), ["|Z|", "Z", "Zmod", "Impedance", "Z Mag", "Modulus", "Scheinwiderstand"], OHM),
        "phase": (np.angle(Z), ["Phase", "Phase(Z)", "theta", "Z Phase", "Phase angle", "Winkel"], DEG),
    },
    {"cp": (CP, ["Cp", "Parallel capacitance"], FARAD), "rp": (RP, ["Rp", "Parallel resistance"], OHM)},
    {"cp": (CP, ["Cp"], FARAD), "d": (1 / (W * RP * CP), ["D", "Dissipation", "tan(delta)"], {"": 1})},
)  # fmt: skip
RECORD = {
    "time": (T, ["Time", "t", "Elapsed Time", "Total Time", "Test_Time", "Zeit"], SECONDS),
    "voltage": (U, ["Voltage", "U", "Ecell", "Cell Voltage", "Terminal voltage", "E", "Potential", "Spannung"], VOLTS),
    "current": (I, ["Current", "I", "<I>", "Cell current", "Strom"], AMPS),
}  # fmt: skip
OTHER = ["Status", "No", "Range", "Kanal", "Cyc#", "Aux (V/m)", "Capacity (mAh/g)", "Comment (x)"]
FORMS = ("{n} ({u})", "{n} [{u}]", "{n}/{u}", "{n} / {u}", "{n} in {u}", "{n}#{u}")


def table(seed):
    """Return the text of a table with a random header, and the true values."""
    rng = np.random.default_rng(seed)
    pick = lambda values: values[rng.integers(len(values))]  # noqa: E731
    if rng.random() < 0.6:
        columns = {"frequency": FREQUENCY} | pick(SPECTRA)
    else:
        columns = dict(RECORD)
    separator = pick([",", ";", "\t"])
    header, cells, units_below = [], [], rng.random() < 0.2
    below = []
    for what in rng.permutation(list(columns)):
        values, names, units = columns[what]
        name, unit = pick(names), pick(list(units))
        negative = what in ("imag", "phase", "current") and rng.random() < 0.3
        form = pick(FORMS) if unit else "{n}"
        header.append(("-" if negative else "") + (name if units_below else form.format(n=name, u=unit)))
        below.append(unit)
        cells.append([f"{v / units[unit] * (-1 if negative else 1):.9e}" for v in values])
    for _ in range(rng.integers(0, 3)):
        at = rng.integers(0, len(header) + 1)
        header.insert(at, pick(OTHER))
        below.insert(at, "")
        cells.insert(at, [str(k) for k in rng.integers(1, 9, len(cells[0]))])
    lines = [separator.join(header)] + ([separator.join(below)] if units_below else [])
    lines += [separator.join(row) for row in zip(*cells, strict=True)]
    return "\n".join(lines) + "\n", "frequency" in columns


def right(data, spectrum):
    if spectrum:
        return data.attrs["kind"] == "impedance" and bool(np.allclose(data["impedance"], Z, rtol=1e-6))
    present = {"voltage" if n == "potential" else n: data[n].values for n in data.data_vars if n != "cycle"}
    missing = {"voltage", "current"} - present.keys()
    told = [w for w in data.attrs["warnings"] if w.startswith("No ") and "not used: " in w]
    truth = {"time": T, "voltage": U, "current": I}
    return len(told) == bool(missing) and all(
        np.allclose(v, truth[n], rtol=1e-6, atol=1e-12) for n, v in present.items()
    )


def test_headers_and_proposals_give_the_right_numbers(tmp_path):
    path = tmp_path / "a.txt"
    count = {"read": 0, "proposed": 0, "refused": 0}
    wrong = []
    for seed in range(SEEDS):
        content, spectrum = table(seed)
        path.write_text(content, encoding="utf-8")
        try:
            parts = read(path)
            count["read"] += 1
        except ReadError as error:
            proposals = re.findall(r"--columns (\S+)$", str(error))
            if not proposals:
                count["refused"] += 1
                continue
            parts = read(path, columns=proposals[0])
            count["proposed"] += 1
        if len(parts) != 1 or not right(parts[0], spectrum):
            wrong.append((seed, content.splitlines()[0]))
    assert wrong == []
    assert count["proposed"] > 25
    assert count["refused"] < 0.35 * SEEDS
