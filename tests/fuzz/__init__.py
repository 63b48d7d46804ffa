"""Random packs and cases, and what must hold for every one of them."""
