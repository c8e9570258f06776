"""``dfcan-bmz page``: a site that runs bundles in the visitor's browser."""

from pathlib import Path

from dfcan_bmz.bundle.named import find_bundle
from dfcan_bmz.page.write import Runtime, write_page


def run(bundles: list[Path], out: Path, runtime: Runtime, overwrite: bool) -> None:
    bundles = [find_bundle(bundle, print) for bundle in bundles]
    write_page(bundles, out, runtime, overwrite)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: a page for {', '.join(path.stem for path in bundles)}, {size / 1e6:.0f} MB in all")
    print(f"look at it with: python -m http.server --directory {out}, then http://localhost:8000 in a browser")
