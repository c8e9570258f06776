"""A TorchScript archive: members of known names, listed code, and pickles that hold listed things.

libtorch reads the zip with another library than Python does, and finds names whatever their case. What the two could
read differently is therefore refused first.
"""

import pickletools
import re
import zipfile
from pathlib import Path

from dfcan_bmz.bundle.screen.refusal import UnlistedError, named
from dfcan_bmz.bundle.screen.torchscript_code import Program
from dfcan_bmz.bundle.screen.zip_layout import refuse_ambiguous

NAME = r"[A-Za-z_][A-Za-z0-9_]*"
MEMBER = re.compile(
    rf"(?P<code>code/__torch__(/{NAME})*\.py)"
    r"|(?P<pickle>(data|constants|traced_inputs)\.pkl|code/[A-Za-z0-9_/]+\.py\.debug_pkl)"
    r"|(data|constants|traced_inputs)/\d+|version|byteorder|\.data/version|\.data/serialization_id|\.format_version"
    r"|\.storage_alignment"
)
CLASS = re.compile(rf"__torch__(\.{NAME})*\.({NAME}) ({NAME})|__torch__ ({NAME})")
MOST_CODE, MOST_PICKLE = 4 * 2**20, 64 * 2**20  # bytes
_STORAGES = "Float Double Half BFloat16 Long Int Short Char Byte Bool"
GLOBALS = {
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
    "torch.jit._pickle build_boollist",
    "torch.jit._pickle build_doublelist",
    "torch.jit._pickle build_intlist",
    "torch.jit._pickle build_tensorlist",
    "torch.jit._pickle restore_type_tag",
    *(f"torch {kind}Storage" for kind in _STORAGES.split()),
}
_OPCODES = """
    APPEND APPENDS BINFLOAT BINGET BININT BININT1 BININT2 BINPERSID BINPUT BINSTRING BINUNICODE BUILD EMPTY_DICT
    EMPTY_LIST EMPTY_TUPLE GLOBAL LONG1 LONG_BINGET LONG_BINPUT MARK NEWFALSE NEWOBJ NEWTRUE NONE PROTO REDUCE SETITEM
    SETITEMS SHORT_BINSTRING STOP TUPLE TUPLE1 TUPLE2 TUPLE3
"""
OPCODES = set(_OPCODES.split())


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
        kinds = {name: MEMBER.fullmatch(name).lastgroup for name in members}
        pickles = [name for name, kind in kinds.items() if kind == "pickle"]
        code = [name for name, kind in kinds.items() if kind == "code"]
        for group, most in ((code, MOST_CODE), (pickles, MOST_PICKLE)):
            if sum(archive.getinfo(members[name]).file_size for name in group) > most:
                raise UnlistedError(f"more than {most // 2**20} MB of code or structure")
        program = Program({_module(name): archive.read(members[name]) for name in code})
        for name in pickles:
            _refuse_pickle(archive.read(members[name]), program if name in ("data.pkl", "constants.pkl") else None)
        program.refuse_unlisted()


def _module(member: str) -> str:
    return member.removeprefix("code/").removesuffix(".py").replace("/", ".")


def _refuse_pickle(data: bytes, program: Program | None) -> None:
    """Look through the instructions of a pickle; the classes that it makes have to be those of the code."""
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name not in OPCODES:
            raise UnlistedError(f"instructions in a pickle that are not listed ({opcode.name})")
        if opcode.name == "GLOBAL" and argument not in GLOBALS:
            name = str(argument).replace(" ", ".")
            if not (program and CLASS.fullmatch(argument) and name in program.classes):
                raise UnlistedError(f"objects in a pickle that are not listed ({named([name])})")
