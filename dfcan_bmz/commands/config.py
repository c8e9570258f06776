"""``dfcan-bmz config``: every setting of a training, with default, range and meaning."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dfcan_bmz.config_keys import as_file, rows


def run(as_yaml: bool) -> None:
    if as_yaml:
        print(as_file(), end="")
        return
    table = Table("key", "default", "range", "meaning", title="--set KEY=VALUE, or a YAML file with --config FILE")
    for key, default, extent, meaning in rows():
        table.add_row(key, escape(default), extent, escape(meaning))
    Console().print(table)
