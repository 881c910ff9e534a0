"""Real voltammograms: a closo-borate with carbon up to 5.5 V, and some that show no oxidation."""

import pytest

from closo.errors import DataError
from closo.readers import read
from closo.techniques.voltammetry import analyse


def test_closo_borate_with_carbon(shared_data):
    (data,) = read(shared_data / "cycling" / "closo_borate" / "na_b12h12_cv.mpt")
    assert data.attrs["kind"] == "voltammetry"
    result = analyse(data, reference="Na+/Na", threshold="1e-6, 1e-5")
    onset = {k.split(":")[1]: q.value for k, q in result.quantities.items() if ":" in k}
    # read off the table of the file: 1.069 uA at 3.515 V, 0.861 uA at 3.395 V; 9.98 uA at 5.24 V
    assert onset["threshold"] == pytest.approx(3.48, abs=0.02)
    assert onset["threshold 1e-05 A"] == pytest.approx(5.24, abs=0.02)
    assert 2.8 < onset["noise"] < 3.2
    assert onset["noise"] < onset["threshold"] < onset["tangent"]
    assert result.quantities["scan_rate"].value == pytest.approx(1e-4, rel=1e-3)  # the header says 0.100 mV/s
    jump = next(c for c in result.checks if c.name == "no jump of the current")
    assert not jump.passed  # a dendrite at 5.45 V, a thousand times the current before it
    assert "5.4" in jump.detail
    low, high = result.quantities["onset_potential"].interval()
    assert high - low > 2.0  # the definitions disagree by volts, and the interval says so


def test_reduction_is_refused_by_name(shared_data):
    (data,) = read(shared_data / "eis" / "yadg" / "lsv.mpt")
    with pytest.raises(DataError, match="rising sweep") as caught:
        analyse(data)
    assert "-4.001 V" in str(caught.value)


def test_aqueous_voltammogram_has_one_onset_by_all_definitions(shared_data):
    path = shared_data / "eis" / "elchempy" / "N2_HPRR_DW28_0.1MHClO4+10mMH2O2_disk_298.par"
    data = next(d for d in read(path) if d.attrs["kind"] == "voltammetry")
    result = analyse(data)
    onset = [result.quantities[f"onset_potential:{k}"].value for k in ("tangent", "threshold", "noise")]
    assert max(onset) - min(onset) < 0.05
    assert next(c for c in result.checks if c.name == "agreement of the definitions").passed
    assert result.quantities["scan_rate"].value == pytest.approx(0.010, rel=1e-3)
