"""A small study of text files and a quick technique."""

import math
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """Install the fake technique; return a function that counts its calls."""
    import fake_technique

    import closo.techniques
    from closo.pipeline import combining, explained, jobs, plan, recalling

    for module in (combining, explained, jobs, plan, recalling):
        monkeypatch.setattr(module, "code_version", lambda *_: "0.0.0+test")
    monkeypatch.setattr(closo.techniques, "TECHNIQUES", (*closo.techniques.TECHNIQUES, fake_technique.ROW))
    calls = tmp_path / "calls.txt"
    calls.touch()
    monkeypatch.setenv("FAKE_CALLS", str(calls))
    return lambda: len(calls.read_text().splitlines())


def spectrum(resistance: float) -> str:
    """Return a delimited text file of one spectrum."""
    lines = ["frequency impedance_real impedance_imag"]
    for k in range(12):
        f = 10.0 ** (6 - k / 2)
        lines.append(f"{f:.6g} {resistance * (1 + 0.001 * math.sin(k)):.8g} {-1e9 / f / resistance:.8g}")
    return "\n".join(lines) + "\n"


def resistance_at(celsius: float, ea: float = 0.4, r30: float = 1000.0) -> float:
    t = celsius + 273.15
    return r30 * t / 303.15 * math.exp(ea / 8.617333e-5 * (1 / t - 1 / 303.15))


@pytest.fixture
def make_study(tmp_path):
    """Return a function that writes a study of `pellets` pellets, each at five temperatures, one file each."""

    def make(pellets: int = 2, *, delay: float = 0.0, folder: Path | None = None) -> Path:
        root = folder or tmp_path / "study"
        (root / "raw").mkdir(parents=True, exist_ok=True)
        lines = [
            'title = "A small study"',
            "synthetic = true",
            f"[settings.fake]\ndelay = {delay}",
            '[chambers.oven]\ntemperature_offset = "0 ± 0.5 K"',
            '[samples.S]\nnote = "a powder"',
        ]
        for p in range(1, pellets + 1):
            lines.append(f'[specimens.p{p}]\nsample = "S"\narea = "0.785 ± 0.005 cm2"\nthickness = "{300 + p} ± 5 um"')
        for p in range(1, pellets + 1):
            for k, celsius in enumerate([30, 50, 70, 50, 30]):
                file = f"p{p}_{k}_{celsius}C.txt"
                (root / "raw" / file).write_text(spectrum(resistance_at(celsius, r30=900 + 100 * p)))
                lines.append(
                    f'[[measurements]]\nspecimen = "p{p}"\ntechnique = "fake"\nfile = "raw/{file}"\n'
                    f'temperature = "{celsius} ± 0.3 degC"\nchamber = "oven"'
                )
        (root / "study.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return root

    return make
