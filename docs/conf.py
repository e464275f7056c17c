"""Sphinx, MyST and furo: ``.venv/bin/sphinx-build -W docs docs/_build``."""

from __future__ import annotations

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

from clientportal import __version__

project = "clientportal"
author = "The clientportal authors"
copyright = "The clientportal authors; MIT licence"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"clientportal {__version__}"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": True}
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True


def setup(app: Sphinx) -> None:
    """``output`` is what the code block before it printed: plain text, compared by the tests."""
    app.add_lexer("output", TextLexer)
