"""The `nengbao` command. Exit status 0 done, 2 the request is wrong, 1 anything else; imports stay lazy."""

import click

from bot.cli import doors, questions
from bot.cli.batch import batch
from bot.cli.desk import desk
from bot.cli.policies import policies
from bot.cli.reports import reports
from bot.cli.store import store


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="nengbao")
def main() -> None:
    """能报多少: what resident medical insurance pays, told in a conversation."""


for command in (
    *(doors.serve, doors.talk, questions.estimate, questions.compare, questions.changed, questions.year, questions.check_bill),
    *(questions.before, questions.category, questions.premium, questions.guidance, questions.understand, policies),
    batch,
    desk,
    reports,
    store,
):
    main.add_command(command)
