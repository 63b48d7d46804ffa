"""Where the files that travel with the program stand: beside the packages, in a checkout and in a wheel alike."""

from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent

POLICIES = _ROOT / "data" / "policies"
SOURCES = _ROOT / "data" / "sources"
FLOW = _ROOT / "data" / "flows" / "estimate.yaml"
FINDER = _ROOT / "data" / "finder.yaml"
SAMPLES = _ROOT / "data" / "samples" / "households.yaml"
VOCABULARY = _ROOT / "data" / "vocabulary" / "zh.yaml"
TRADITIONAL = _ROOT / "data" / "vocabulary" / "traditional.txt"
SYLLABLES = _ROOT / "data" / "vocabulary" / "syllables.txt"
LOCALES = _ROOT / "locales"
STATIC = Path(__file__).resolve().parent / "web" / "static"
TABLE_WORDS = _ROOT / "data" / "vocabulary" / "tables.yaml"
