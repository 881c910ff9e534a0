"""How closo's figures look: colours, marks, sizes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closo.errors import StudyError, did_you_mean

CM = 1 / 2.54  # inch
SINGLE_COLUMN, DOUBLE_COLUMN = 8.3 * CM, 17.1 * CM  # widths of a figure in RSC journals
WIDTHS = {"rsc": (SINGLE_COLUMN, DOUBLE_COLUMN), "acs": (3.25, 7.0)}  # journals: one column, two columns [inch]
FORMATS = ("svg", "pdf", "png")

# Okabe & Ito's palette for all kinds of colour vision, without its yellow (too pale for lines); grey last, for spans.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#777777")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "h", "<", ">", "p", "*")
# Lines that have no markers beside them differ by these; plain dashes are kept for traces that ask for them.
DASHES: tuple[Any, ...] = ("-", (0, (6, 1.5, 1, 1.5)), (0, (1, 1.2)), (0, (8, 1.5, 1, 1.5, 1, 1.5)), (0, (2, 1)))
VALUE_MAP = "viridis"  # grows evenly in lightness: it can be read in grey and with any colour vision
PREFIXED = ("Ω", "Ω cm²", "Hz", "F", "V", "A", "H", "S cm⁻¹")  # units that take k, M, m ... on an axis
SMALL_FROM = 4  # columns; from here on panels are small multiples
SMALL_MARKER = 1.8  # size of theirs [pt]
EQUAL_SHAPE = 0.8  # height / width of a panel with equal axes
MISSING = "#dddddd"  # a cell of an image that has no number

RC: Any = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same figure on every machine
    "font.size": 7,
    "axes.labelsize": 7.5,
    "axes.titlesize": 7.5,
    "axes.titlepad": 4,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.prop_cycle": f"cycler('color', {list(COLORS)})",
    "axes.labelpad": 2.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.size": 1.6,
    "ytick.minor.size": 1.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.linewidth": 1.0,
    "lines.markeredgewidth": 0.7,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "legend.labelspacing": 0.3,
    "legend.borderpad": 0.3,
    "legend.borderaxespad": 0.4,
    "figure.facecolor": "white",
    "text.parse_math": False,  # names are drawn as they are written, '$' included
    "axes.formatter.use_mathtext": False,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "closo",  # the same figure gives the same bytes
    "pdf.fonttype": 42,  # TrueType, embedded
    "ps.fonttype": 42,
}
_OURS = ("text.parse_math", "text.usetex", "svg.fonttype", "svg.hashsalt")  # a style does not decide these


@dataclass(frozen=True)
class Look:
    """What a user wants of figures that are written to files.

    Raises
    ------
    StudyError  when the journal is not known, or the style is none.

    Example
    -------
    >>> Look(journal="acs").width(1)
    3.25
    """

    style: Path | None = None  # a style file of matplotlib (.mplstyle), laid over closo's own look
    journal: str = "rsc"  # of WIDTHS, whose columns the figures fill

    def __post_init__(self) -> None:
        if self.journal not in WIDTHS:
            raise StudyError(f"'{self.journal}' is not a journal.", hint=did_you_mean(self.journal, WIDTHS))

    def width(self, columns: int) -> float:
        """Return the width [inch] of a figure of so many panels side by side."""
        return WIDTHS[self.journal][columns > 1]

    def rc(self) -> Any:
        """Return the parameters of matplotlib."""
        if self.style is None:
            return RC
        from matplotlib import rc_params_from_file

        try:
            own = rc_params_from_file(self.style, fail_on_error=True, use_default_template=False)
        except (OSError, KeyError, ValueError) as error:
            raise StudyError(f"this is not a matplotlib style file ({error}).", file=self.style) from None
        return {**RC, **{key: value for key, value in own.items() if key not in _OURS}}


@dataclass(frozen=True)
class SmallGrid:
    """Where small multiples stand [pt]: on a fixed grid, which is much faster than measuring every label."""

    width: float  # of the figure
    columns: int
    left: float = 32.4  # room around the panels and between them, for their labels
    right: float = 4.32
    top: float = 21.6
    bottom: float = 25.92
    gap: float = 25.92

    @property
    def across(self) -> float:
        """Width of a panel."""
        return (self.width - self.left - self.right + self.gap) / self.columns - self.gap

    @property
    def up(self) -> float:
        """Height of a panel."""
        return self.across * EQUAL_SHAPE

    def height(self, rows: int) -> float:
        """Return the height of a figure of so many rows."""
        return self.top + rows * (self.up + self.gap) - self.gap + self.bottom
