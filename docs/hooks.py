"""What makes the pages a site: the reference from docstrings, links that lead out of ``docs/``, and formulas."""

import ast
import os
import posixpath
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Link, Navigation
from mkdocs.structure.pages import Page

import dfcan_bmz
from dfcan_bmz.bundle.catalogue import Entry, Figure, catalogue
from dfcan_bmz.config_keys import rows

REPOSITORY = Path(__file__).parent.parent
PACKAGE = REPOSITORY / "dfcan_bmz"
README = "reference/readme.md"
MODELS, SETTINGS = "models.md", "settings.md"
LINK = re.compile(r"(\]\()(?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?(\))")

# browsers draw MathML themselves: no script is fetched; what is code is not looked into
FORMULA = re.compile(
    r"(?P<code>^```.*?^```|^    .*?$|`[^`\n]+`)|\$\$(?P<block>.+?)\$\$|(?<![\w$])\$(?P<inline>[^$\n]+?)\$(?!\w)",
    flags=re.MULTILINE | re.DOTALL,
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add models, reference and files outside ``docs/`` that pages link to; drop from the nav what is not there."""
    for name, blocks in ((MODELS, map(_model, catalogue())), (SETTINGS, [_settings()])):
        page = files.get_file_from_path(name)
        files.remove(page)
        files.append(File.generated(config, name, content="\n\n".join([page.content_string, *blocks])))
    reference = {f"reference/{name}.md": text for name, text in _reference().items()}
    for path, text in reference.items():
        files.append(File.generated(config, path, content=text))
    for outside in sorted({path for file in files.documentation_pages() for path in _outside(file)}):
        if not outside.is_relative_to("dfcan_bmz") and (REPOSITORY / outside).is_file():
            files.append(File.generated(config, f"files/{_asset(outside)}", abs_src_path=str(REPOSITORY / outside)))
    config.nav = _existing(config.nav, files, list(reference))
    (guides,) = [entry["Guides"] for entry in config.nav if "Guides" in entry]
    named = set(_leaves(config.nav))
    guides += sorted(page.src_uri for page in files.documentation_pages() if page.src_uri not in named)
    return files


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the version into the header, and the repository, whose address the workflow that builds the site knows."""
    config.site_name = f"{config.site_name} {dfcan_bmz.__version__}"
    if address := os.environ.get("DFCAN_REPOSITORY"):
        config.repo_url, config.repo_name = address, posixpath.basename(address)
    return config


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Link the page that runs the models in a browser, where `make site` puts one beside the documentation."""
    if page := os.environ.get("DFCAN_TRY"):
        nav.items.insert(1, Link("Try it", page))
    return nav


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Keep source code out of the search."""
    return html.replace(
        '<details class="mkdocstrings-source">', '<details class="mkdocstrings-source" data-search-exclude>'
    )


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn formulas into MathML, and links as the repository has them into those of the site."""
    here = PurePosixPath(page.file.src_uri).parent

    def site_link(match: re.Match) -> str:
        target = _target(page.file, match)
        if target.is_relative_to("docs"):
            goal = target.relative_to("docs")
        elif target == PurePosixPath("README.md"):
            goal = README
        elif target.is_relative_to("dfcan_bmz"):
            goal = f"reference/{_room(target)}.md"
        else:
            goal = f"files/{_asset(target)}"
        return f"{match[1]}{posixpath.relpath(goal, here)}{match[3] or ''}{match[4]}"

    return LINK.sub(site_link, FORMULA.sub(_mathml, markdown))


def _mathml(match: re.Match) -> str:
    if match["code"]:
        return match["code"]
    return convert(match["block"] or match["inline"], display="block" if match["block"] else "inline")


def _settings() -> str:
    """The table of `dfcan-bmz config`."""
    every = [[f"`{key}`", f"`{default}`", extent, meaning] for key, default, extent, meaning in rows()]
    table = [["key", "default", "range", "meaning"], ["---"] * 4, *every]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in table)


def _model(entry: Entry) -> str:
    """A published model in Markdown: what for, figures, and the pictures of its evaluations."""
    folder = f"../{entry.run.relative_to(REPOSITORY).as_posix()}"
    size = f"x{entry.scale}, {entry.parameters:,} parameters, {entry.size / 1e6:.1f} MB"
    known = f"version {entry.version}, nickname `{entry.nickname}`; [its card]({folder}/README.md)"
    facts = f"{entry.description} {size}; {known}."
    rows = ["| images | | PSNR (dB) | SSIM |", "|---|---|---|---|", *map(_rows, entry.figures)]
    caption = "Low resolution, every method, and the target; of each set the image with the lowest PSNR"
    pictures = [
        f"![{entry.name}: {caption}]({folder}/{path.relative_to(entry.run).as_posix()})" for path in entry.pictures
    ]
    return "\n\n".join([f"## {entry.name}", facts, "\n".join(rows), *pictures[1:], f"*{caption}.*"])


def _rows(figure: Figure) -> str:
    """The model's row, and that of the best baseline, in a table of figures."""
    count = f"n = {figure.images} of {figure.fields} field{'s' * (figure.fields != 1)} of view"
    cells = [f"{row.method} | {row.psnr.mean:.2f} | {row.ssim.mean:.3f} |" for row in (figure.model, figure.baseline)]
    return f"| {figure.title} ({count}) | {cells[0]}\n| *the best baseline there* | {cells[1]}"


def _target(file: File, match: re.Match) -> PurePosixPath:
    """Path in the repository to which a link of a page leads."""
    folder = "." if file.src_uri == README else f"docs/{PurePosixPath(file.src_uri).parent}"
    return PurePosixPath(posixpath.normpath(f"{folder}/{match[2]}"))


def _outside(file: File) -> set[PurePosixPath]:
    """Files of the repository outside ``docs/`` to which a page links."""
    targets = {_target(file, match) for match in LINK.finditer(file.content_string)}
    return {target for target in targets if not target.is_relative_to("docs") and target != PurePosixPath("README.md")}


def _asset(path: PurePosixPath) -> str:
    # a page is what ends in .md: a copy of one is text
    return f"{path}.txt" if path.suffix == ".md" else str(path)


def _room(path: PurePosixPath) -> str:
    parts = path.with_suffix("").parts
    room = parts[1] if len(parts) > 1 else "config"
    return "command-line" if room == "cli" else room


def _reference() -> dict[str, str]:
    """Pages of the reference by name: README, command line, the public functions, one for each module or subpackage."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    pages = {"readme": f"---\ntitle: README\n---\n\n{readme}"}
    # each of them is at home on the page of its module, where links lead
    elsewhere = "\n    options:\n      skip_local_inventory: true"
    offered = "\n\n".join(f"::: dfcan_bmz.{module}.{name}{elsewhere}" for name, module in dfcan_bmz._MODULES.items())
    pages |= {"command-line": _command_line(), "python": f"# From Python\n\n{offered}\n"}
    for entry in sorted(PACKAGE.iterdir()):
        if entry.suffix == ".py" and not entry.stem.startswith("_") and entry.stem != "cli":
            pages[entry.stem] = _page(f"dfcan_bmz.{entry.stem}", [entry])
        elif (entry / "__init__.py").is_file():
            pages[entry.name] = _page(f"dfcan_bmz.{entry.name}", sorted(entry.glob("*.py")))
    return pages


def _page(title: str, modules: list[Path]) -> str:
    blocks = [f"# {title}"]
    for module in modules:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        name = ".".join(module.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
        # an __init__ that only says what the folder is for needs no heading of its own
        if name == title and module.name == "__init__.py" and len(tree.body) == 1:
            blocks.append(ast.get_docstring(tree) or "")
        else:
            blocks.append(f"::: {name}")
    return "\n\n".join(blocks) + "\n"


def _command_line() -> str:
    command = [sys.executable, "-m", "typer", "dfcan_bmz.cli", "utils", "docs", "--name", "dfcan-bmz"]
    text = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    told = dict(re.findall(r"^##+ `dfcan-bmz (.+?)`\n\n(.+)$", text, flags=re.MULTILINE))
    # the lists of commands are cut off at the width of a terminal
    first = {name.split()[-1]: sentence for name, sentence in told.items()}
    return re.sub(r"^\* `([\w-]+)`: .*\.\.\.$", lambda cut: f"* `{cut[1]}`: {first[cut[1]]}", text, flags=re.MULTILINE)


def _existing(nav: list, files: Files, reference: list[str]) -> list:
    kept = []
    for entry in nav:
        if isinstance(entry, dict):
            ((title, target),) = entry.items()
            if title == "Reference":
                target = reference
            elif isinstance(target, list):
                target = _existing(target, files, reference)
            elif files.get_file_from_path(target) is None:
                continue
            if target:
                kept.append({title: target})
        elif files.get_file_from_path(entry) is not None:
            kept.append(entry)
    return kept


def _leaves(nav: list | dict | str) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    return [leaf for entry in (nav.values() if isinstance(nav, dict) else nav) for leaf in _leaves(entry)]
