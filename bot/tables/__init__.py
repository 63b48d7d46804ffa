"""Tables of bills: read from a file, settled through the plan of a single question, written beside what they held.

Nothing here is imported before a table is asked for; what it needs beyond the program is the extra `[bulk]`.
"""
