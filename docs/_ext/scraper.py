"""The picture of a gallery page: the figure of the axes that the script made."""

from typing import Any


def _get_sg_image_scraper() -> Any:
    return _scrape


def _scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the figure behind `axes` and return the markup that shows it."""
    from sphinx_gallery.scrapers import figure_rst

    axes = block_vars["example_globals"].pop("axes", None)
    if axes is None:
        return ""
    first = axes[0] if isinstance(axes, list) else axes
    path = next(block_vars["image_path_iterator"])
    first.figure.savefig(path, dpi=200)
    return str(figure_rst([path], gallery_conf["src_dir"]))
