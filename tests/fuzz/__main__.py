"""`make fuzz`: random packs with many random rows each, settled in columns by every engine and one by one, until the first difference."""

import random
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from os import cpu_count
from time import monotonic

import click

from tests.fuzz.columns import amount_frames, differences, frame_of
from tests.fuzz.packs import random_case, random_edition, shelf_of

_BLOCK = 5_000
_SHOWN = 5


def held(seed: int, cases: int) -> list[str]:
    """The first differences of one pack."""
    generator = random.Random(seed)
    edition = random_edition(generator)
    shelf = shelf_of(edition)
    for begun in range(0, cases, _BLOCK):
        rows = [random_case(generator, edition) for _ in range(min(_BLOCK, cases - begun))]
        found = list(differences(amount_frames(generator, frame_of(rows)), shelf))
        if found:
            return [f"seed {seed}: {line}" for line in found[:_SHOWN]]
    return []


@click.command()
@click.option("--packs", default=100, show_default=True, help="How many random packs.")
@click.option("--cases", default=10_000, show_default=True, help="How many rows each.")
@click.option("--seed", default=1_000, show_default=True, help="The first pack's seed.")
def main(packs: int, cases: int, seed: int) -> None:
    """Hold columns against single questions."""
    begun, wrong = monotonic(), []
    with ProcessPoolExecutor(cpu_count()) as pool:
        waiting = [pool.submit(held, number, cases) for number in range(seed, seed + packs)]
        with click.progressbar(as_completed(waiting), length=packs, label="Packs", file=sys.stderr) as done:
            for each in done:
                wrong += each.result()
                if wrong:
                    pool.shutdown(wait=False, cancel_futures=True)
                    break
    if wrong:
        click.echo("\n".join(wrong), err=True)
        sys.exit(1)
    click.echo(f"{packs} packs, {packs * cases:,} rows, two engines: no difference of a fen, in {monotonic() - begun:,.0f} s")


if __name__ == "__main__":
    main()
