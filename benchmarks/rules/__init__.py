"""The same rule written several ways: Bozhou 2022, inpatient; basic insurance, critical illness insurance and medical aid.

Each way is a function of (category, facility, registered, total, self_funded), amounts in fen, that gives (basic, critical_illness,
medical_aid, own cost). Each bill stands alone: the first of its year, insured, no first share, no emergency. Caps known as a range are
taken at the lower end, and aid of which no figure is known is 0, both as the engine's amount has them. `check.py` holds all equal.
"""
