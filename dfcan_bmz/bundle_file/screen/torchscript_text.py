"""The text of TorchScript code as a syntax tree, where Python and libtorch are sure to read the same.

What `torch.jit.save` writes is Python without most of Python. Comments, tabs, continued lines, other letters than ASCII
and the like never occur in it, and could be read differently by the two; text that holds them is refused.
"""

import ast
import io
import re
import tokenize
import warnings

from dfcan_bmz.bundle_file.screen.refusal import UnlistedError

PRINTABLE = re.compile(rb"[\x20-\x7e\n]*")
NUMBER = re.compile(r"[0-9.]+([eE][+-]?[0-9]+)?j?")
SIGNS = {"(", ")", "[", "]", "{", "}", ",", ".", ":", "=", "-", "->"}
LAYOUT = {tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.NAME}
NODES = (
    ast.Module,
    ast.ClassDef,
    ast.FunctionDef,
    ast.arguments,
    ast.arg,
    ast.Assign,
    ast.AnnAssign,
    ast.Expr,
    ast.If,
    ast.For,
    ast.Return,
    ast.Pass,
    ast.Name,
    ast.Attribute,
    ast.Subscript,
    ast.Call,
    ast.keyword,
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.UnaryOp,
    ast.USub,
    ast.Load,
    ast.Store,
)


def parse(text: bytes) -> ast.Module:
    """Parse a file of code.

    Raises
    ------
    UnlistedError
        If it is written otherwise than `torch.jit.save` writes.
    """
    if not PRINTABLE.fullmatch(text):
        raise UnlistedError("code with characters that TorchScript does not write")
    source = text.decode("ascii")
    try:
        backslashes = sum(_backslashes(token) for token in tokenize.generate_tokens(io.StringIO(source).readline))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, tokenize.TokenError, IndentationError) as error:
        raise UnlistedError(f"code that is not TorchScript ({error.args[0]})") from error
    if backslashes != source.count("\\"):
        raise UnlistedError("code with continued lines")
    for node in ast.walk(tree):
        if not isinstance(node, NODES):
            raise UnlistedError(f"statements or expressions that are not listed ({type(node).__name__})")
    return tree


def dotted(node: ast.expr | None) -> str | None:
    """A name with dots, as it stands in the code; None for any other expression."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def names_tuple(node: ast.expr) -> bool:
    """Whether a type is a tuple, or has one in it."""
    return any(isinstance(part, ast.Name) and part.id == "Tuple" for part in ast.walk(node))


def _backslashes(token: tokenize.TokenInfo) -> int:
    """Backslashes in a token, all of which stand in strings."""
    kind, text = token.type, token.string
    plain = kind == tokenize.STRING and text[0] in "'\"" and not text.startswith(('"""', "'''"))
    known = kind in LAYOUT or (kind == tokenize.OP and text in SIGNS)
    if not (plain or known or (kind == tokenize.NUMBER and NUMBER.fullmatch(text))):
        raise UnlistedError(f"code that TorchScript does not write ({text[:20]!r})")
    return text.count("\\")
