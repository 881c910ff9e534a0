"""Settings of the documentation site, which `make site` builds; no page loads anything from a network."""

import os
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE / "_ext"), os.environ.get("PYTHONPATH", "")])  # for the notebooks

warnings.filterwarnings("ignore", message="Unknown section Example")  # `house_docstrings` gives it the known name

project = "closo"
copyright = "the closo developers"
author = "The closo developers"

extensions = [
    "sphinx.ext.autodoc",
    "numpydoc",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "house_docstrings",
]
exclude_patterns = ["figures", "_ext", "gallery/*.ipynb", "gallery/*.py", "gallery/*.json", "jupyter_execute"]
default_role = "code"

html_theme = "pydata_sphinx_theme"
html_title = "closo"
html_static_path = ["_static"]
html_css_files = ["closo.css"]
html_show_sourcelink = False
html_sidebars = {"*": []}  # pages without pages below them
html_math_renderer = "mathml"
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "show_nav_level": 2,
    "show_toc_level": 2,
    "header_links_before_dropdown": 7,
    "footer_start": ["copyright"],
    "footer_end": [],
}

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "auto"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True

autodoc_typehints = "none"  # the docstrings say what an argument is
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": ["figures"],
    "gallery_dirs": ["gallery"],
    "image_scrapers": ("scraper",),
    "within_subsection_order": "FileNameSortKey",
    "show_memory": False,
    "write_computation_times": False,
    "min_reported_time": 1e6,
    "download_all_examples": False,
}
