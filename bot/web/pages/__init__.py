"""The pages a browser shows without scripts, and the templates they are made from."""
