"""The claims of the reference study on recipes and conditions of its cells: as printed, for claims.toml.

Hehn et al., J. Mater. Chem. A 2026, 10.1039/d5ta09128d (CC BY 3.0), in short sentences, each with its place. Most of them
are held against what the study states, which is what that text prints: their verdicts say so, and that nothing was
measured. The rest before cycling is measured.
"""

from __future__ import annotations

__all__ = ["RECIPE_CLAIMS"]

_WARM, _ROOM = "warm-cell", "room-cell"
_WHERE = "Experimental"
_MIX = ["active_fraction", "electrolyte_fraction", "carbon_fraction"]

RECIPE_CLAIMS: tuple[dict[str, str | list[str]], ...] = (
    {
        "id": "C050",
        "text": "Prussian white, electrolyte and carbon are mixed 6:3:1 by mass for the cell at room temperature.",
        "where": _WHERE,
        "kind": "proportions",
        "quantity": "mass_fraction",
        "parts": _MIX,
        "of": _ROOM,
        "value": "6:3:1",
    },
    {
        "id": "C051",
        "text": "They are mixed 7:2.5:0.5 by mass for the cell at 40 degC.",
        "where": _WHERE,
        "kind": "proportions",
        "quantity": "mass_fraction",
        "parts": _MIX,
        "of": _WARM,
        "value": "7:2.5:0.5",
    },
    {
        "id": "C052",
        "text": "The cathode of the cell at room temperature weighs 1.5 mg.",
        "where": _WHERE,
        "kind": "value",
        "quantity": "mass:cathode_mass",
        "of": _ROOM,
        "value": "1.5 mg",
        "note": "of the whole composite; only so does it fit the areal capacity",
    },
    {
        "id": "C052b",
        "text": "The areal capacity of the cell at room temperature is that of a cathode of 1.5 mg.",
        "where": _WHERE,
        "kind": "value",
        "quantity": "mass:areal_capacity",
        "of": _ROOM,
        "value": "1.5 mg",
    },
    {
        "id": "C054",
        "text": "The cathode of the cell at 40 degC weighs 1.2 mg.",
        "where": _WHERE,
        "kind": "value",
        "quantity": "mass:cathode_mass",
        "of": _WARM,
        "value": "1.2 mg",
    },
    {
        "id": "C054b",
        "text": "The areal capacity of the cell at 40 degC is that of a cathode of 1.2 mg.",
        "where": _WHERE,
        "kind": "value",
        "quantity": "mass:areal_capacity",
        "of": _WARM,
        "value": "1.2 mg",
    },
    {
        "id": "C056",
        "text": "The cathode is pressed with 347 MPa.",
        "where": _WHERE,
        "kind": "value",
        "quantity": "pressure:pressure",
        "of": "presses/cathode die",
        "value": "347 MPa",
    },
    {
        "id": "C057",
        "text": "The electrolyte of the cell at room temperature weighs 35 mg.",
        "where": _WHERE,
        "kind": "value",
        "quantity": "mass:separator_mass",
        "of": _ROOM,
        "value": "35 mg",
    },
    {
        "id": "C057b",
        "text": "The electrolyte of the cell at 40 degC weighs 45 mg.",
        "where": _WHERE,
        "kind": "value",
        "quantity": "mass:separator_mass",
        "of": _WARM,
        "value": "45 mg",
    },
    {
        "id": "C060",
        "text": "TiS2 and electrolyte are mixed 7:3 by mass.",
        "where": _WHERE,
        "kind": "proportions",
        "quantity": "mass_fraction",
        "parts": _MIX[:2],
        "of": "TiS2",
        "value": "7:3",
    },
    {
        "id": "C061",
        "text": "TiS2 and Na have a purity of 99.9 %.",
        "where": _WHERE,
        "kind": "value",
        "quantity": "mass_fraction",
        "of": "TiS2",
        "value": "99.9 wt%",
        "no_data": "the study states no purity, and no file of it holds an analysis of impurities",
    },
    {
        "id": "C063",
        "text": "The screws of the cell are tightened with 1.2 N m.",
        "where": _WHERE,
        "kind": "value",
        "quantity": "torque:torque",
        "of": "presses/cell frame",
        "value": "1.2 N m",
    },
    {
        "id": "C065",
        "text": "The cell at 40 degC rests for at least 3 h before it is cycled.",
        "where": _WHERE,
        "kind": "value",
        "quantity": "duration:first_rest",
        "of": _WARM,
        "relation": ">",
        "value": "3 h",
    },
    {
        "id": "C065b",
        "text": "The cell at room temperature rests for at least 3 h before it is cycled.",
        "where": _WHERE,
        "kind": "value",
        "quantity": "duration:first_rest",
        "of": _ROOM,
        "relation": ">",
        "value": "3 h",
        "tolerance": "1 min",
        "note": "a rest that is programmed to 3 h is one of at least 3 h, whatever the second",
    },
)
