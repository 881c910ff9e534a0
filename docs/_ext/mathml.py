"""Formulas as MathML, which browsers draw themselves: no script, no font, no network. Docutils turns LaTeX into it."""

from __future__ import annotations

from typing import Any


def _mathml(latex: str, *, block: bool) -> str:
    """Return a formula as a <math> element.

    Raises
    ------
    ExtensionError  when it is no formula that docutils understands.
    """
    from docutils.utils.math import MathError, wrap_math_code
    from docutils.utils.math.latex2mathml import tex2mathml
    from sphinx.errors import ExtensionError

    try:
        return str(tex2mathml(wrap_math_code(latex, as_block=block), as_block=block))
    except MathError as error:
        raise ExtensionError(f"'{latex}' is not a formula: {error}") from error


def _inline(translator: Any, node: Any) -> None:
    from docutils import nodes

    translator.body.append(_mathml(node.astext(), block=False))
    raise nodes.SkipNode


def _block(translator: Any, node: Any) -> None:
    from docutils import nodes

    translator.body.append(f'<div class="math">{_mathml(node.astext(), block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Make 'mathml' a renderer of formulas."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
