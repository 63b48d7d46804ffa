"""What the founding documents leave to coordinators is there to be done at the desk."""

from typing import get_args

from engine.clauses import Feature
from tests.desk.conftest import Person

PAGES = {
    "registers": "/desk/registers",
    "enrolment": "/desk/enrolment",
    "early_warning": "/desk/warnings",
    "case_ledger": "/desk/cases",
    "bill_check": "/desk/bills",
}


def test_each_part_that_clauses_name_has_its_page(person: Person) -> None:
    """Led to from the desk's first page."""
    assert PAGES.keys() == set(get_args(Feature))
    first = person.get("/desk")
    for page in PAGES.values():
        assert f'href="{page}' in first
        assert person.ask("GET", page)[0] in (200, 303)
