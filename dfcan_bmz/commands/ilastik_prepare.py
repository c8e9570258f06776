"""``dfcan-bmz ilastik prepare``: images to what ilastik is given."""

from pathlib import Path

from dfcan_bmz import files, flaws, images, staging
from dfcan_bmz.console import screen
from dfcan_bmz.errors import DfcanError, refuse_left_out
from dfcan_bmz.ilastik.prepare import prepare, prepared_as, record_path
from dfcan_bmz.images.selection import find_sources, outputs_of
from dfcan_bmz.model.loading import of_companion


def run(bundle: Path, inputs: list[Path], out: Path, file_format: str, overwrite: bool) -> None:
    companion = of_companion(bundle)
    sources = find_sources(inputs)
    targets = outputs_of(sources, out, f".{file_format}")
    staging.refuse_existing([*targets.values(), *map(record_path, targets.values())], overwrite)
    files.refuse_input_as_output(sources, targets.values())
    problems: list[str] = []
    for path in screen.each(sources, "preparing"):
        try:
            image = images.open_planes(path)
            scalings = flaws.scalings_of(image)
            flaws.refuse_flawed(path, scalings)
            prepare(image, prepared_as(companion, image, scalings, targets[path]), targets[path])
            for line in flaws.told(path, scalings, "blank"):
                screen.note(line)
            screen.notes_of((path, note) for note in image.notes)
        except DfcanError as error:
            problems.append(str(error))
    done = len(sources) - len(problems)
    if not done:
        raise DfcanError(problems[0])
    print(f"{out}: {done} images; give them to ilastik with {bundle.name}, then `dfcan-bmz ilastik restore {out}`")
    refuse_left_out(problems, len(sources))
