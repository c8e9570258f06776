"""``dfcan-bmz config``: every setting of a training, with default, range and meaning."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dfcan_bmz.config_keys import as_file, default_of, fields, range_of, shown


def run(as_yaml: bool) -> None:
    if as_yaml:
        print(as_file(), end="")
        return
    table = Table("key", "default", "range", "meaning", title="--set KEY=VALUE, or a YAML file with --config FILE")
    for key, field in fields():
        table.add_row(key, escape(shown(default_of(key))), range_of(field), escape(field.description or ""))
    Console().print(table)
