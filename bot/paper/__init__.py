"""明白纸, the sheet a person takes home: an estimate as a PDF, on one A4 page in large print or on the slip of a pocket printer.

The words are those of the voice; typst and segno (extra `[print]`) are loaded with the first sheet.
"""

from bot.paper.errors import PrintMissingError
from bot.paper.lines import sheet_lines
from bot.paper.press import Back, Form, sheet_pdf, sheets_pdf

__all__ = ["Back", "Form", "PrintMissingError", "sheet_lines", "sheet_pdf", "sheets_pdf"]
