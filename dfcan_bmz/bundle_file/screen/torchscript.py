"""A TorchScript archive: members of known names, listed code, and pickles that hold listed things.

libtorch reads the zip with another library than Python does, and finds names whatever their case. What the two could
read differently is therefore refused first.
"""

import re
import zipfile
from pathlib import Path

from dfcan_bmz.bundle_file.screen.refusal import UnlistedError, named
from dfcan_bmz.bundle_file.screen.torchscript_code import Program
from dfcan_bmz.bundle_file.screen.torchscript_pickle import refuse_pickle
from dfcan_bmz.bundle_file.screen.zip_layout import refuse_ambiguous

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
MEMBER = re.compile(
    rf"(?P<code>code/__torch__(/{NAME})*\.py)"
    r"|(?P<pickle>(data|constants|traced_inputs)\.pkl|code/[A-Za-z0-9_/]+\.py\.debug_pkl)"
    r"|(data|constants|traced_inputs)/\d+|version|byteorder|\.data/version|\.data/serialization_id|\.format_version"
    r"|\.storage_alignment"
)
MOST_CODE, MOST_PICKLE = 4 * 2**20, 64 * 2**20  # bytes


def refuse_unlisted(path: Path) -> None:
    """Raise UnlistedError, or an error of a damaged file, if a TorchScript archive holds what is not listed."""
    refuse_ambiguous(path)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        folder = names[0].partition("/")[0] if names else ""
        members = {name.removeprefix(f"{folder}/"): name for name in names if name.startswith(f"{folder}/")}
        if others := [name for name in names if not MEMBER.fullmatch(name.removeprefix(f"{folder}/"))]:
            raise UnlistedError(f"members that are not listed ({named(others)})")
        if len(members) < len(names) or not {"data.pkl", "constants.pkl"} <= members.keys():
            raise UnlistedError("members beside its one folder, or none of the network")
        kinds = {name: found.lastgroup for name in members if (found := MEMBER.fullmatch(name))}
        pickles = [name for name, kind in kinds.items() if kind == "pickle"]
        code = [name for name, kind in kinds.items() if kind == "code"]
        for group, most in ((code, MOST_CODE), (pickles, MOST_PICKLE)):
            if sum(archive.getinfo(members[name]).file_size for name in group) > most:
                raise UnlistedError(f"more than {most // 2**20} MB of code or structure")
        modules = {name: name.removeprefix("code/").removesuffix(".py").replace("/", ".") for name in code}
        program = Program({module: archive.read(members[name]) for name, module in modules.items()})
        classes = {name: program.forms_in(name) for name in program.classes}
        for name in pickles:
            inside = name.removesuffix(".pkl")  # tensors of data.pkl lie in data/
            sizes = {
                key: archive.getinfo(member).file_size
                for path, member in members.items()
                if (key := path.removeprefix(f"{inside}/")) != path
            }
            # libtorch reads the inputs of a trace only if it is asked for them, and stores none of their numbers
            refuse_pickle(archive.read(members[name]), classes, None if inside == "traced_inputs" else sizes)
        program.refuse_unlisted()
