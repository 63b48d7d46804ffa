"""明白纸, the sheet a person takes home: an estimate as a PDF, on one A4 page in large print or on the slip of a pocket printer. And the
reminders of what households pay to be enrolled, several to a page, to be cut apart.

The words are those of the voice; typst and segno (extra `[print]`) are loaded with the first sheet.
"""

from bot.paper.errors import PrintMissingError
from bot.paper.lines import sheet_lines
from bot.paper.press import Back, Form, Galley, is_small, sheet_pdf, sheets_galley, sheets_pdf
from bot.paper.reminders import reminder_lines, reminders_galley, reminders_pdf

__all__ = [
    "Back",
    "Form",
    "Galley",
    "PrintMissingError",
    "is_small",
    "reminder_lines",
    "reminders_galley",
    "reminders_pdf",
    "sheet_lines",
    "sheet_pdf",
    "sheets_galley",
    "sheets_pdf",
]
