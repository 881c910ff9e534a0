"""A study of 200 spectra answers at once."""

from __future__ import annotations

import numpy as np
import pytest

from closo import pipeline
from closo.web.workplace import Workplace


@pytest.fixture(scope="module")
def large(tmp_path_factory, spectrum_text):
    """Return an analysed study of 20 pellets with 10 spectra each, with one circuit for all."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "raw").mkdir()
    lines = ['title = "200"', "[settings.impedance]", 'circuit = "(R|C)-C"', "drt = false", "[samples.s]"]
    for k in range(20):
        lines += [f"[specimens.p{k}]", 'sample = "s"', 'area = "1 ± 0.01 cm2"', 'thickness = "1 ± 0.01 mm"']
    for k in range(200):
        (folder / "raw" / f"s{k}.csv").write_text(
            spectrum_text(500.0 * np.exp(-0.2 * (k % 10)) * (1 + 0.01 * (k // 10)))
        )
        lines += ["[[measurements]]", f'of = "p{k // 10}"', 'technique = "impedance"', f'file = "raw/s{k}.csv"']
        lines += [f'temperature = "{20 + 5 * (k % 10)} ± 0.5 degC"']
    (folder / "study.toml").write_text("\n".join(lines), encoding="utf-8")
    assert pipeline.analyse(folder).failures == ()
    return folder


@pytest.mark.slow
def test_each_page_is_there_at_once(large, tmp_path, serve_page, at_once):
    with serve_page(Workplace(large, tmp_path)) as served:
        rows = served.json("/study")["measurements"]
        keys = [row["key"] for row in rows][:10]
        some = "&".join(f"key={key.replace('#', '%23')}" for key in keys)
        for address in (
            "/study",
            "/study?q=p7",
            "/study?at=3",
            f"/measurement?{some.split('&')[0]}",
            f"/compare?{some}",
            "/claims",
        ):
            assert served.get(address).status_code == 200  # what is imported and read once
            at_once(lambda address=address: served.get(address), 0.3)  # 0.002 to 0.084 s when nothing else runs
