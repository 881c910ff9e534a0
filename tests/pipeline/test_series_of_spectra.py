"""What the study asks of the spectra of a pellet is asked of their common fit."""

import numpy as np
import pytest

from closo.pipeline import analyse, check

FREQUENCY = np.logspace(6, 0, 49)
CELSIUS = (30, 40, 50, 60)


def spectrum(resistance, exponent, seed):
    """Return a text file: one arc of 30 pF, a blocking electrode whose coefficient changes with temperature."""
    random = np.random.default_rng(seed)
    jw = 2j * np.pi * FREQUENCY
    z = 1 / (1 / resistance + 3e-11 * jw) + 1 / (1e-6 * jw**exponent)
    z = z * (1 + 0.002 * (random.standard_normal(z.size) + 1j * random.standard_normal(z.size)))
    rows = "\n".join(f"{f:.8g} {v.real:.8g} {v.imag:.8g}" for f, v in zip(FREQUENCY, z, strict=True))
    return f"frequency/Hz impedance_real/ohm impedance_imag/ohm\n{rows}\n"


@pytest.fixture
def study(tmp_path):
    """Return a function that writes and analyses a study of four spectra, with lines for some of its tables."""

    def make(whole="", of_each=("", "", "", "")):
        (tmp_path / "raw").mkdir(exist_ok=True)
        text = 'title = "t"\n[samples.S]\n[specimens.p]\nsample = "S"\n'
        text += 'area = "0.785 ± 0.005 cm2"\nthickness = "310 ± 5 um"\n' + whole
        for k, (celsius, more) in enumerate(zip(CELSIUS, of_each, strict=True)):
            (tmp_path / "raw" / f"{celsius}.txt").write_text(spectrum(2e4 / 2.5**k, 0.9, k))
            text += f'\n[[measurements]]\nof = "p"\ntechnique = "impedance"\nfile = "raw/{celsius}.txt"\n'
            text += f'temperature = "{celsius} ± 0.5 degC"\n{more}\n'
        (tmp_path / "study.toml").write_text(text)
        return tmp_path

    return make


def series(folder):
    return analyse(folder).results.get("p/impedance series")


def test_what_the_temperatures_share_is_the_users_choice(study):
    folder = study()
    assert series(folder).findings["mode"] == "common parameters"
    free = series(study('[settings.impedance_series]\nshared = "none"\n'))
    assert free.findings["mode"] == "one circuit"
    assert "shared" not in free.findings
    wrong = [p.text for p in check(study('[settings.impedance_series]\nshared = "nothing"\n'))]
    assert any("'nothing' is not possible. It must be auto or all" in text for text in wrong)


def test_a_circuit_of_every_spectrum_is_that_of_the_series(study):
    each = 'settings = { circuit = "(R|Q)-Q", hold = "n1=1" }'
    fitted = series(study(of_each=[each] * 4))
    assert set(fitted.findings["circuits"]) == {"(R1|Q1)-Q2"}
    assert fitted.findings["mode"] == "one circuit"


def test_spectra_that_were_asked_different_things_are_left_alone(study):
    each = 'settings = { circuit = "(R|C)-Q" }'
    assert series(study(of_each=[each, each, "", ""])) is None
