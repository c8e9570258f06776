"""The code of a TorchScript archive: what it declares, and whether it calls anything but that and listed operations."""

import ast
import re
from typing import NamedTuple

from dfcan_bmz.bundle_file.screen.refusal import UnlistedError, named, refuse_endless
from dfcan_bmz.bundle_file.screen.torchscript_body import Body
from dfcan_bmz.bundle_file.screen.torchscript_loops import Bounds
from dfcan_bmz.bundle_file.screen.torchscript_pickle import Form
from dfcan_bmz.bundle_file.screen.torchscript_text import dotted, names_tuple, parse

ROOT = "__torch__"
OWN_CLASSES = f"{ROOT}.torch.classes"  # classes of PyTorch in C++, whatever the archive declares under that name
NOTES = {"__parameters__", "__buffers__", "__annotations__", "__constants__"}
_TYPES = "Tensor int float bool str complex number Scalar Device Layout ScalarType NoneType Any"
TYPES = set(_TYPES.split())
GENERICS = {"List", "Optional", "Tuple", "Dict", "Final"}
IMPLICIT = re.compile(r"__\w+__")  # methods that are called without being named
HARMLESS = {"__len__", "__contains__"}  # which hold no call


class Class(NamedTuple):
    """Types of the attributes, and the methods, by name."""

    attributes: dict[str, ast.expr]
    methods: dict[str, ast.FunctionDef]


class Program:
    """Everything that the code of an archive declares.

    Parameters
    ----------
    sources : dict
        Texts by the name of their module, ``__torch__.torch.nn.functional``.

    Raises
    ------
    UnlistedError
        If a text is not what `torch.jit.save` writes.
    """

    def __init__(self, sources: dict[str, bytes]) -> None:
        self.classes: dict[str, Class] = {}
        self.functions: dict[str, ast.FunctionDef] = {}
        for module, text in sources.items():
            if f"{module}.".startswith(f"{OWN_CLASSES}."):
                raise UnlistedError("classes of PyTorch itself")
            for node in parse(text).body:
                self._declare(module, node)

    def _declare(self, module: str, node: ast.stmt) -> None:
        name = f"{module}.{getattr(node, 'name', '')}"
        if name in self.classes or name in self.functions or f"{name}.".startswith(f"{OWN_CLASSES}."):
            raise UnlistedError(f"two declarations of one name ({named([name])})")
        if isinstance(node, ast.FunctionDef):
            self.functions[name] = node
        elif isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == ["Module"]:
            self.classes[name] = _class(node)
        else:
            raise UnlistedError(f"declarations that are not listed ({named([ast.unparse(node)[:40]])})")

    def class_of(self, annotation: ast.expr | None) -> str | None:
        """Name of the class that a type stands for; None for every other type."""
        name = dotted(annotation)
        return name if name in self.classes else None

    def forms_in(self, name: str) -> dict[str, Form]:
        """For every attribute of a class, the form of what a pickle has to hold for it."""
        return {key: self._form(annotation) for key, annotation in self.classes[name].attributes.items()}

    def _form(self, annotation: ast.expr) -> Form:
        generic, parts = _generic(annotation)
        if generic == "Final":  # written out in the code
            return None
        if any(names_tuple(part) for part in (parts if generic == "Tuple" else [annotation])):
            raise UnlistedError(f"types that are not listed ({named([ast.unparse(annotation)])})")
        return len(parts) if generic == "Tuple" else self.class_of(annotation)

    def refuse_unlisted(self) -> None:
        """Raise UnlistedError if a function does more than compute."""
        found: dict[str, ast.FunctionDef] = dict(self.functions)
        for name, declared in self.classes.items():
            for annotation in declared.attributes.values():
                self.refuse_type(annotation)
            found |= {f"{name}.{method}": node for method, node in declared.methods.items()}
        bodies = {name: Body(self, node) for name, node in found.items()}
        for body in bodies.values():
            body.refuse_unlisted()
        for name, body in bodies.items():
            if IMPLICIT.fullmatch(method := name.rpartition(".")[2]) and (method not in HARMLESS or body.work):
                raise UnlistedError(f"methods that are called unseen ({named([method])})")
        bounds = Bounds(bodies)
        calls = {
            name: [(call.function, bounds.turns(body, call.loops)) for call in body.calls]
            for name, body in bodies.items()
        }
        own = {name: 1 + sum(bounds.turns(body, loops) for loops in body.work) for name, body in bodies.items()}
        refuse_endless(calls, own)

    def refuse_type(self, node: ast.expr | None) -> None:
        """Raise UnlistedError if a type is not one that networks need."""
        generic, parts = _generic(node)
        if generic in GENERICS and not any(map(self.class_of, parts)):  # of lists of objects, no pickle is sure
            for part in parts:
                self.refuse_type(part)
        elif not (isinstance(node, ast.Name) and node.id in TYPES) and self.class_of(node) is None:
            raise UnlistedError(f"types that are not listed ({named([ast.unparse(node) if node else 'none'])})")


def _generic(node: ast.expr | None) -> tuple[str, list[ast.expr]]:
    """Name and parts of a type such as ``List[int]``; no name for any other."""
    match node:
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Tuple(elts=parts)):
            return name, parts
        case ast.Subscript(value=ast.Name(id=name), slice=part):
            return name, [part]
    return "", []


def _class(node: ast.ClassDef) -> Class:
    attributes: dict[str, ast.expr] = {}
    methods: dict[str, ast.FunctionDef] = {}
    if node.keywords or node.decorator_list:
        raise UnlistedError("classes with settings")
    for part in node.body:
        value: ast.expr | ast.FunctionDef
        if isinstance(part, ast.FunctionDef):
            name, value = part.name, part
        elif isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name) and _is_plain(part.value):
            name, value = part.target.id, part.annotation
        elif isinstance(part, ast.Assign) and (key := _annotated(part.targets)) is not None:
            name, value = key, part.value
        elif isinstance(part, ast.Pass) or (isinstance(part, ast.Assign) and _is_note(part)):
            continue
        else:
            raise UnlistedError(f"parts of a class that are not listed ({named([ast.unparse(part)[:40]])})")
        if name in attributes or name in methods:
            raise UnlistedError(f"two parts of a class of one name ({named([name])})")
        if isinstance(value, ast.FunctionDef):
            methods[name] = value
        else:
            attributes[name] = value
    return Class(attributes, methods)


def _is_note(part: ast.Assign) -> bool:
    return all(isinstance(target, ast.Name) and target.id in NOTES for target in part.targets) and _is_plain(part.value)


def _annotated(targets: list[ast.expr]) -> str | None:
    """The key of ``__annotations__["key"]``, as attributes are declared whose names are no names for Python."""
    match targets:
        case [ast.Subscript(value=ast.Name(id="__annotations__"), slice=ast.Constant(value=str(key)))]:
            return key
    return None


def _is_plain(value: ast.expr | None) -> bool:
    """Whether a value is written out: no name, no call."""
    return value is None or not any(isinstance(node, ast.Name | ast.Call | ast.Attribute) for node in ast.walk(value))
