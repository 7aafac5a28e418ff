"""A report page from sections of text, tables and figures: one self-contained HTML file."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import matplotlib
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Fact:
    """A number of the headline: what it is, its value as text, what to hold it against."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure with what it shows in words, for those who do not see it."""

    figure: Figure
    alternative: str
    caption: str = ""

    @property
    def source(self) -> str:
        """The figure as a data URI: SVG, the same bytes for the same figure."""
        stream = io.BytesIO()
        with matplotlib.rc_context({"svg.hashsalt": "payrisk", "svg.fonttype": "none"}):
            self.figure.savefig(stream, format="svg", metadata={"Date": None})
        return f"data:image/svg+xml;base64,{base64.b64encode(stream.getvalue()).decode()}"


@dataclass(frozen=True)
class Table:
    """A frame with its caption; floats as the formats of their columns say.

    Parameters
    ----------
    frame : DataFrame
    caption : str
    formats : mapping of str to str
        Of columns, as in ``format``; by default ``.4g``. What is missing is left empty.
    marked : str
        Rows whose first column has this text are set in bold.
    """

    frame: pd.DataFrame
    caption: str
    formats: Mapping[str, str] = field(default_factory=dict)
    marked: str = ""

    @property
    def numeric(self) -> list[bool]:
        """Whether each column holds numbers."""
        return [pd.api.types.is_numeric_dtype(kind) for kind in self.frame.dtypes]

    @property
    def rows(self) -> list[list[str]]:
        """The cells as text."""
        return [
            [self._text(name, value) for name, value in zip(self.frame.columns, row, strict=True)]
            for row in self.frame.itertuples(index=False)
        ]

    def _text(self, column: str, value: object) -> str:
        if value is None or value != value:
            return ""
        if isinstance(value, float):
            return format(value, self.formats.get(column, ".4g"))
        if isinstance(value, int) and not isinstance(value, bool):
            return format(value, self.formats.get(column, ",d"))
        return str(value)


@dataclass(frozen=True)
class Section:
    """A heading with paragraphs, pictures and tables, in that order."""

    title: str
    text: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()


def render_page(
    title: str, subtitle: str, facts: Sequence[Fact], sections: Sequence[Section]
) -> str:
    """Return a report as HTML that loads nothing from elsewhere.

    Parameters
    ----------
    title, subtitle : str
    facts : sequence of Fact
        The headline.
    sections : sequence of Section

    Examples
    --------
    >>> page = render_page("A model", "today", [Fact("AUC", ".95")], [Section("How", ["<x>"])])
    >>> "<h1>A model</h1>" in page, "&lt;x&gt;" in page
    (True, True)
    """
    return _template().render(title=title, subtitle=subtitle, facts=facts, sections=sections)


@cache
def _template() -> Template:
    loader = PackageLoader("models.reports", ".")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template("page.html")
