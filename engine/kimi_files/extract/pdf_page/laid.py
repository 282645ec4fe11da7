"""A page of a PDF as liteparse laid it out."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from kimi_files.extract.pdf_page.styles import Styles
from kimi_files.extract.pdf_page.words import PageWords


class LaidPage:
    """One of liteparse's pages, its parts copied once: liteparse copies them each time that it is asked for them."""

    def __init__(self, page: Any) -> None:
        self.markdown: str = page.markdown
        self.width: float = page.width
        self.height: float = page.height
        self.items: list[Any] = page.text_items
        self.blocks: list[Any] = page.blocks or []
        self.vectors = page.vector_graphics
        self.annotations: list[Any] = page.annotations or []
        self.fields: list[Any] = page.form_fields or []

    @cached_property
    def words(self) -> PageWords:
        return PageWords(self.items)

    @cached_property
    def styles(self) -> Styles:
        return Styles(self.items)
