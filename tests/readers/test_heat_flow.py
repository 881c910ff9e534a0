"""Tables of heat flow as calorimeters' programs write them."""

import numpy as np
import pytest

from closo.errors import ReadError
from closo.readers import read, sniff

UP = [(50.0 + k, 0.2 + 0.01 * k) for k in range(0, 40, 2)]
DOWN = [(88.0 - k, -0.3 - 0.01 * k) for k in range(2, 40, 2)]


def written(tmp_path, head, rows=UP, pattern="{t:.2f};{m:.3f};{q:.4f}"):
    file = tmp_path / "run.txt"
    lines = [pattern.format(t=t, m=0.2 * k, q=q) for k, (t, q) in enumerate(rows)]
    file.write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("head", "pattern", "factor"),
    [
        ("#EXO:-1\n##Temp./°C;Time/min;DSC/(mW/mg)", "{t:.2f};{m:.3f};{q:.4f}", 1e3),
        ("#SAMPLE MASS /mg:5.0\n#EXO:1\n##Temp./°C;Time/min;DSC/mW", "{t:.2f};{m:.3f};{q:.4f}", -200.0),
        (
            "Sample Mass\t5.0 mg\nExotherm Up\nTime\tTemperature\tHeat Flow\nmin\t°C\tmW",
            "{m:.3f}\t{t:.2f}\t{q:.4f}",
            -200.0,
        ),
        ("Time (s),Temperature (°C),Heat Flow (exo down) (W/g)", "{m:.3f},{t:.2f},{q:.4f}", 1e3),
        ("temperature [degC],heat_flow [W/kg]", "{t:.2f},{q:.4f}", 1.0),
    ],
)
def test_units_mass_and_sign(tmp_path, head, pattern, factor):
    file = written(tmp_path, head, pattern=pattern)
    assert sniff(file).name == "heat_flow"
    (data,) = read(file)
    np.testing.assert_allclose(data["temperature"].values, [t + 273.15 for t, _ in UP], rtol=1e-9)
    np.testing.assert_allclose(data["heat_flow"].values, [factor * q for _, q in UP], rtol=1e-9)
    said = any("exo is up or down" in warning for warning in data.attrs["warnings"])
    assert said is ("heat_flow" in head)
    assert data.attrs["metadata"].get("exo") == (None if said else "up" if factor < 0 else "down")
    if "time" in data:
        assert data["time"].values[1] == pytest.approx(0.2 if "(s)" in head else 12.0)


def test_runs_up_and_down_are_measurements_of_their_own(tmp_path):
    up, down = read(written(tmp_path, "Temp./°C;Time/min;DSC/(mW/mg)", UP + DOWN))
    assert (up.sizes["point"], down.sizes["point"]) == (20, 20)
    assert (up.attrs["title"], down.attrs["title"]) == ("heating 50 to 88 degC", "cooling 88 to 50 degC")
    assert down["time"].values[0] == 0.0


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("Temp./°C;Time/min;DSC/mW", "in mw, and no sample mass stands above it"),
        ("Temp./°C;Time/min;DSC/(uV/mg)", "no line names temperature and heat flow"),
        ("Temp.;Time/min;DSC/(mW/mg)", "no line names temperature and heat flow"),
    ],
)
def test_what_has_no_unit_is_refused(tmp_path, head, says):
    with pytest.raises(ReadError, match=says):
        read(written(tmp_path, head), reader="heat_flow")


def test_the_heat_flow_is_read_and_not_what_is_derived_of_it(tmp_path):
    """A reversing part, a baseline or a derivative that stands first was taken for the heat flow."""
    rows = [f"{40 + k};{0.1 * k};{0.001 * k};{0.2 + 0.01 * k}" for k in range(60)]
    path = tmp_path / "a.txt"
    for first in ("Rev Heat Flow/(W/g)", "Non-Reversing Heat Flow (W/g)", "Heat Flow Baseline (W/g)", "DDSC/(mW/mg)"):
        path.write_text("\n".join([f"Temp./°C;Time/min;{first};Heat Flow/(W/g)", *rows, ""]), encoding="utf-8")
        (data,) = read(path)
        assert float(data["heat_flow"].values[0]) == pytest.approx(200.0)


@pytest.mark.parametrize(("line", "turned"), [("Exo ↑", True), ("endothermic down", True), ("Endo ↑", False)])
def test_arrows_say_which_way_heat_points(tmp_path, line, turned):
    rows = [f"{40 + k};{0.1 * k};{0.2 + 0.01 * k}" for k in range(60)]
    path = tmp_path / "a.txt"
    path.write_text("\n".join([line, "Temp./°C;Time/min;DSC/(mW/mg)", *rows, ""]), encoding="utf-8")
    (data,) = read(path)
    assert float(data["heat_flow"].values[0]) == pytest.approx(-200.0 if turned else 200.0)
    assert data.attrs["metadata"]["exo"] == ("up" if turned else "down")


def test_a_mass_that_fits_in_no_pan_is_refused(tmp_path):
    """Grams for milligrams made every heat a thousandth."""
    rows = [f"{40 + k};{0.1 * k};{0.2 + 0.01 * k}" for k in range(60)]
    path = tmp_path / "a.txt"
    path.write_text("\n".join(["Sample Mass: 6.2 g", "Temp./°C;Time/min;DSC/mW", *rows, ""]), encoding="utf-8")
    with pytest.raises(ReadError, match="6200 mg fits in no pan"):
        read(path)
