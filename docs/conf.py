"""Sphinx configuration; `make docs` builds with warnings as errors and without a network."""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version as version_of
from pathlib import Path

import bajas

# `bajas.bias` is the module bajas.model.bias under its public name; autodoc imports by name.
sys.modules["bajas.bias"] = bajas.bias

project = "bajas"
author = "The bajas developers"
copyright = "2026, The bajas developers"
release = version_of("bajas")
version = release

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx-mathjax-offline",  # equations without a network
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
nitpicky = False  # types of third parties would need their inventories, hence a network

# Reference pages: one for each public name, drawn from its docstring.
autosummary_generate = True
autosummary_imported_members = False
autodoc_typehints = "none"  # numpydoc shows the types in the Parameters section
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # the templates list them
numpydoc_class_members_toctree = False
numpydoc_validation_checks = {
    "GL01",  # text starts on the line of the quotes or the next
    "GL06",  # an unknown section
    "GL07",  # sections out of order
    "GL08",  # no docstring
    "SS01",  # no summary
    "SS02",  # summary doesn't start with a capital
    "SS03",  # summary doesn't end with a full stop
    "SS04",  # summary is indented
    "PR02",  # a documented parameter doesn't exist
    "PR03",  # parameters out of order
    "PR10",  # "name: type" without the space before the colon
    "RT03",  # description of a return value starts with a capital
    "YD01",  # a generator without Yields
}
numpydoc_validation_exclude = {
    r"\.from_dict$",  # the inverse of as_dict
    r"\.__\w+__$",
}

# Pages are Markdown; tutorials are notebooks in Markdown that are run when the docs are built.
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = str(Path(__file__).parent / "_build" / ".jupyter_cache")
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True

html_theme = "pydata_sphinx_theme"
html_title = "bajas"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_depth": 2,
    "show_prev_next": False,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
}

# A section may be without pages yet. Sphinx gives this warning no type, so that suppress_warnings
# can't name it.
logging.getLogger("sphinx.sphinx.directives.other").addFilter(
    lambda record: getattr(record, "subtype", "") != "empty_glob"
)
