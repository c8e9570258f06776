"""``dfcan-bmz install-fiji``: a bundle into a Fiji, and out of it."""

from pathlib import Path

from dfcan_bmz.bundle.named import find_bundle
from dfcan_bmz.bundle_file.named import as_zip
from dfcan_bmz.bundle_file.raw import raw_description, refuse_other_files
from dfcan_bmz.errors import DfcanError
from dfcan_bmz.fiji.install import install, uninstall
from dfcan_bmz.fiji.mend import mend
from dfcan_bmz.fiji.places import find_fiji, open_fiji
from dfcan_bmz.fiji.weights import expectation


def run(bundle: Path, fiji: Path | None, remove: bool, overwrite: bool) -> None:
    target = open_fiji(fiji or find_fiji())
    if remove:
        bundle = as_zip(bundle)
        nickname = _nickname(bundle) if bundle.is_file() else str(bundle)
        left = uninstall(nickname, target)
        print(f"{target.folder}: {nickname} and its macros are removed")
        if left:
            print(f"left in place, because this command did not install them: {', '.join(map(str, left))}")
        return
    installed = install(find_bundle(bundle, print), target, overwrite)
    print(f"{installed.model}: restart Fiji, open an image, then {' or '.join(installed.entries)}")
    print(f"{expectation(installed.engine, target)}; the first run downloads the engine")
    for line in mend(target):
        print(line)
    if target.deepimagej is None:
        print(
            f"{target.folder} has no deepImageJ yet: in Fiji, Help > Update... > Manage Update Sites, tick DeepImageJ, "
            "Apply and Close, restart"
        )
    elif int(target.deepimagej.split(".")[0]) < 3:
        print(f"deepImageJ {target.deepimagej} reads older bundles only: update it, Help > Update... in Fiji")


def _nickname(bundle: Path) -> str:
    refuse_other_files(bundle)
    content, _ = raw_description(bundle)
    try:
        return str(content["config"]["bioimageio"]["nickname"])
    except (KeyError, TypeError) as error:
        raise DfcanError(f"{bundle} has no nickname: give the name of the folder under models/ instead") from error
